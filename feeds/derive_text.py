"""The parts of a mapping that spread a wide table, or derive facts from others."""

from datetime import date

from feeds.facts.record_fields import field_specs
from feeds.mapping import FED, DeriveRule, Wide
from feeds.yaml_nodes import Block

_KINDS = ("lead_times", "lateness", "stock")


def wide_rule(block: Block) -> Wide:
    """How a table with a column per thing is read as rows."""
    parts = block.entries(("keep", "name", "value"), ("leave", "nothing"))
    lists = {
        key: tuple(item.text().strip() for item in parts[key].items()) if key in parts else ()
        for key in ("keep", "leave", "nothing")
    }
    name, value = parts["name"].text().strip(), parts["value"].text().strip()
    columns = [*lists["keep"], *lists["leave"], name, value]
    if not all(columns) or len(set(columns)) < len(columns):
        block.refuse("`keep`, `leave`, `name` and `value` are different names of columns")
    return Wide(lists["keep"], name, value, lists["leave"], lists["nothing"])


def derive_rules(block: Block) -> tuple[DeriveRule, ...]:
    """What a mapping derives; each kind stands once."""
    found = tuple(_derive_rule(item) for item in block.items())
    kinds = [rule.kind for rule in found]
    for position, item in enumerate(block.items()):
        if kinds[position] in kinds[:position]:
            item.refuse(f"`{kinds[position]}` stands twice", "merge the two entries")
    return found


def _derive_rule(block: Block) -> DeriveRule:
    pairs = block.pairs()
    if len(pairs) != 1 or pairs[0][0] not in _KINDS:
        block.refuse("one kind of derivation is expected", f"use one of: {', '.join(_KINDS)}")
    kind, rest = pairs[0]
    if kind == "stock":
        of = rest.entries(("of",), ())["of"].choice(("StockMovement",))
        return DeriveRule(kind, of)
    parts = rest.entries(("of", "from", "to", "by"), ("status",))
    of = parts["of"].choice(tuple(sorted(FED)))
    fields = field_specs(of)
    days = [name for name, spec in fields.items() if spec.kind.scalar is date]
    texts = [n for n, spec in fields.items() if spec.kind.scalar is str and not spec.kind.many]
    return DeriveRule(
        kind, of, parts["from"].choice(days), parts["to"].choice(days),
        tuple(item.choice(texts) for item in parts["by"].items()),
        parts["status"].choice(texts) if "status" in parts else "",
    )  # fmt: skip
