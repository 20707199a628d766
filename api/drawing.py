"""Plans, verdicts, feeds and provenance as tables and trees that read well without colour."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from api.amounts import count, in_packs, millionths, money, share
from api.output import plain

if TYPE_CHECKING:
    from api.restated import Restated
    from graph.provenance import Trace
    from ontology.units import Packs
    from service.verify import Verdict

Row = Mapping[str, Any]
RULE_PREFIX = "https://w3id.org/evenkeel/rule/"
KNOB_PREFIX = "https://w3id.org/evenkeel/knob/"
DIGITS = 12
_DIGEST = re.compile("[0-9a-f]{64}")
_RELATIONS = {
    "WAS_DERIVED_FROM": "from", "RECORDED_IN": "recorded in", "IN_FILE": "in file",
    "USED": "using", "WAS_ATTRIBUTED_TO": "by", "NAMES": "kept as", "STATES": "states",
    "WAS_GENERATED_BY": "made by", "HAS_LINE": "in", "HAS_SHORTFALL": "in",
}  # fmt: skip


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in `numbers` are right-aligned and never broken."""
    right = set(numbers)
    made = Table(box=box.SIMPLE, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left",
                        no_wrap=name in right, overflow="fold")  # fmt: skip
    return made


def add(made: Table, *cells: Any) -> None:
    """A row of any values, shown plainly."""
    made.add_row(*(Text(plain(cell)) for cell in cells))


_WHAT_THE_NETWORK_COUNTS = {
    "risk": "(The network leaves out the expected shortage that no plan could change.)",
    "orders": "(The network adds a penalty per open order, so that serving one more comes first.)",
}


def show_plan(
    screen: Console, document: Row, rows: int = 20, currency: str = "",
    packs: "Mapping[str, Packs] | None" = None,
) -> None:  # fmt: skip
    """All of a plan: heading, certificate, comparison, lines, shortfalls, suppressed."""
    decision = document["decision"]
    scale = decision["network"]["cost_scale"]
    screen.print(Text(f"plan {document['plan_digest'][:DIGITS]} of {decision['chain']}, "
                      f"from {decision['starts_on']}", style="bold"))  # fmt: skip
    screen.print(f"under the policy release {decision['release'][:DIGITS]}")
    screen.print(certificate_table(decision["certificate"], scale, currency))
    screen.print(_WHAT_THE_NETWORK_COUNTS[decision["regime"]])
    screen.print(comparison_table(decision["comparison"], currency))
    _section(screen, "line", decision["lines"], rows,
             lambda part: lines_table(part, scale, packs))  # fmt: skip
    _section(screen, "shortfall", decision["shortfalls"], rows,
             lambda part: shortfalls_table(part, scale, packs))  # fmt: skip
    screen.print(suppressed_table(decision["suppressed"]))


def show_restated(screen: Console, shown: "Restated", rows: int = 20) -> None:
    """A plan in the currency and packs that were asked for, and the rate of its amounts."""
    show_plan(screen, shown.document, rows, shown.currency, shown.packs)
    if shown.note:
        screen.print(Text(plain(shown.note)))


def _section(screen: Console, name: str, all_rows: Sequence[Row], most: int, draw: Any) -> None:
    screen.print(Text(count(len(all_rows), name), style="bold"))
    if all_rows:
        screen.print(draw(all_rows[:most]))
    if len(all_rows) > most:
        screen.print(f"... and {len(all_rows) - most:,} more: --rows {len(all_rows)} shows all\n")


def certificate_table(certificate: Row, scale: int, currency: str = "") -> Table:
    """Cost, bound, gap and label; what the plan would be worth against doing nothing."""
    made = table("certificate", "amount", numbers=["amount"])
    add(made, "cost of the network", money(certificate["cost"], scale, currency))
    add(made, "proved lower bound", money(certificate["bound"], scale, currency))
    add(made, "gap", money(certificate["gap"], scale, currency))
    if certificate.get("gap_of_gain"):
        add(made, "  of what the plan gains", share(round(1_000_000 * certificate["gap_of_gain"])))
    if certificate.get("line_cost"):
        lines = money(certificate["line_cost"], scale, currency)
        add(made, "  of it fixed costs of lines", lines)
    add(made, "label", certificate["label"])
    return made


_FIGURES = (
    ("expected cost", "cost_cents", "stock_cost_cents", money),
    ("  of it stock and shortage", "stock_cost_cents", "stock_cost_cents", money),
    ("  of it movements", "movement_cost_cents", "stock_cost_cents", money),
    ("  of it fixed costs of lines", "line_cost_cents", "stock_cost_cents", money),
    ("  of it dearer purchases", "purchase_premium_cents", "stock_cost_cents", money),
    ("  of it the days beyond", "far_cost_cents", "stock_cost_cents", money),
    ("expected demand, units", "expected_demand_millionths", "", millionths),
    ("expected short, units", "expected_short_millionths", "", millionths),
    ("served by the end", "fill_per_million", "", share),
    ("orders", "orders", "", "{:,}".format),
    ("orders served", "orders_served", "", "{:,}".format),
    ("units served", "units_served", "", "{:,}".format),
    ("orders without a rate", "orders_without_rate", "", "{:,}".format),
    ("orders above a day's capacity", "orders_over_capacity", "", "{:,}".format),
    ("cost", "cost_cents", "warehouse_cents", money),
    ("  of warehouses", "warehouse_cents", "warehouse_cents", money),
    ("  of freight", "freight_cents", "freight_cents", money),
)


def comparison_table(comparison: Row, currency: str = "") -> Table:
    """The plan beside doing nothing and, where it is known, what was done."""
    sides = [name for name in ("plan", "do_nothing", "as_done") if name in comparison]
    titles = [name.replace("_", " ") for name in sides]
    heading = f"comparison ({currency})" if currency else "comparison"
    made = table(heading, *titles, numbers=titles)
    for title, key, needed, text in _FIGURES:
        if not any(key in comparison[s] and (needed or key) in comparison[s] for s in sides):
            continue
        cells = [text(comparison[s][key]) if key in comparison[s] else "" for s in sides]
        add(made, title, *cells)
    return made


def lines_table(
    lines: Sequence[Row], scale: int, packs: "Mapping[str, Packs] | None" = None
) -> Table:
    """What moves, from where to where, by what, when and for how much; in packs if asked."""
    day = "arrives" if any("arrives_on" in line for line in lines) else "leaves"
    made = table("no", "units", *(["in packs"] if packs else []), "item", "from", "to", "by", day,
                 "cost", numbers=["no", "units", "cost"])  # fmt: skip
    for line in lines:
        item = ", ".join(str(line[key]) for key in ("item", "lot") if line.get(key))
        item += " (!)" if line.get("attention") else ""
        packed = [in_packs(line["quantity_units"], line["item"], packs)] if packs else []
        add(made, line["number"], f"{line['quantity_units']:,}", *packed, item, start_of(line),
            end_of(line), way_of(line), line.get("arrives_on", line["departs_on"]),
            money(line["cost_scaled"], scale))  # fmt: skip
    return made


def start_of(line: Row) -> str:
    """Where a line begins: a location or a supplier."""
    return str(line.get("origin") or line.get("supplier") or "")


def end_of(line: Row) -> str:
    """Where a line ends: a location, or the order that it serves."""
    if line["kind"] == "substitution":
        return f"instead of {line['replaces']}"
    return str(line.get("destination") or f"order {line.get('order', '')}")


def way_of(line: Row) -> str:
    """The lane, or the carrier from its port, or that it is bought."""
    if line["kind"] == "assignment":
        return " ".join(str(line[k]) for k in ("origin_port", "carrier") if line.get(k))
    return str(line.get("lane") or ("set aside" if line["kind"] == "substitution" else "bought"))


def shortfalls_table(
    rows: Sequence[Row], scale: int, packs: "Mapping[str, Packs] | None" = None
) -> Table:
    """What stays open, of which kind, and why; whole units in packs if asked."""
    made = table("no", "units", *(["in packs"] if packs else []), "of", "where, when", "kind",
                 "why", numbers=["no", "units"])  # fmt: skip
    for row in rows:
        expected = row.get("expected_short_millionths")
        units = f"{row['quantity_units']:,}" if expected is None else millionths(expected)
        what = f"order {row['order']}" if row.get("order") else row["item"]
        where = ", ".join(str(row[k]) for k in ("location", "on") if row.get(k))
        packed = [] if not packs else [
            in_packs(row["quantity_units"], row["item"], packs) if expected is None else ""
        ]  # fmt: skip
        add(made, row["number"], units, *packed, what, where, row["kind"], reason_of(row, scale))
    return made


def reason_of(row: Row, scale: int, currency: str = "") -> str:
    """Why a shortfall stays, in money and units where the plan states the numbers."""
    better, step = row.get("without_rule"), row.get("next_unit")
    if better:
        return (f"without {rule_name(row['rule'])} {count(better['stock_units'], 'unit')} would be "
                f"here and it would cost {money(better['saved_scaled'], scale, currency)} "
                "less")  # fmt: skip
    if row["kind"] == "not worth it" and step:
        return (f"one more unit would save {money(step['avoids_scaled'], scale, currency)} and "
                f"cost {money(step['costs_scaled'], scale, currency)} to bring")  # fmt: skip
    saves = row.get("at_these_prices", {}).get("saves_scaled")
    if saves and row.get("rule"):
        return (f"at these prices one more unit would save {money(saves, scale, currency)}; "
                f"{rule_name(row['rule'])} closes its way")  # fmt: skip
    return str(row["reason"]).replace(RULE_PREFIX, "").replace(KNOB_PREFIX, "the knob ")


def rule_name(iri: str) -> str:
    """A shipped rule or knob by its short name; any other by its IRI."""
    return iri.removeprefix(RULE_PREFIX).removeprefix(KNOB_PREFIX)


def suppressed_table(suppressed: Row) -> Table:
    """How many movements each rule looked at, closed, and sends to a person; floors in units."""
    numbers = ["looked at", "closed", "to a person", "floor, units"]
    made = table("rule", *numbers, numbers=numbers)
    names = ("focus_counts", "by_rule", "attention", "floors")
    columns = [suppressed.get(name, {}) for name in names]
    for rule in sorted({rule for column in columns for rule in column}):
        add(made, rule_name(rule), *(f"{c[rule]:,}" if rule in c else "" for c in columns))
    return made


def show_verdict(screen: Console, verdict: "Verdict") -> None:
    """The three checks, each with what it refuses and notes."""
    for check in verdict.checks:
        screen.print(f"{check.name:<11} {check.status}")
        for text in (*check.refusals, *check.notes):
            screen.print(f"  {plain(text)}", soft_wrap=True)
    screen.print("accepted" if verdict.accepted else "refused", style="bold")


def feed_table(summary: Row) -> Table:
    """What became of every row of every file."""
    numbers = ["rows", "loaded", "duplicates", "quarantined"]
    made = table("file", *numbers, numbers=numbers)
    for file in summary["files"]:
        if file["rows"]:
            add(made, file["file"], *(f"{file[name]:,}" for name in numbers))
    return made


def feed_notes(summary: Row) -> list[str]:
    """What was linked, rounded, derived or left out, and how often."""
    return [f"{plain(words)}: {times:,}" for words, times in summary.get("counts", {}).items()]


def findings_table(results: Sequence[Row], most: int = 50) -> Table:
    """Validation results: where, what and how grave."""
    made = table("severity", "focus node", "path", "value", "what")
    for row in results[:most]:
        severity = str(row["resultSeverity"]).rpartition("#")[2]
        component = str(row["sourceConstraintComponent"]).rpartition("#")[2]
        add(made, severity, row["focusNode"], row["resultPath"], row["value"],
            row["resultMessage"] or component)  # fmt: skip
    return made


def rules_table(rows: Sequence[Row]) -> Table:
    """The rules in force with what each closed in the latest plan."""
    numbers = ["looked at", "closed", "to a person", "floor, units"]
    made = table("rule", "severity", *numbers, numbers=numbers)
    names = ("looked_at", "closed", "to_a_person", "floor_units")
    for row in rows:
        cells = ("" if row[name] is None else f"{row[name]:,}" for name in names)
        add(made, rule_name(row["rule"]), row["severity"], *cells)
    return made


def provenance_tree(found: "Trace", *, upward: bool = False, most: int = 0) -> Tree:
    """The trace from its root, each thing drawn out once; `most` cuts the facts of a line."""
    return _Growth(found, upward=upward, most=most).tree()


class _Growth:
    """A tree while it grows; a thing that was drawn out before is only named."""

    def __init__(self, found: "Trace", *, upward: bool, most: int) -> None:
        self._found = found
        self._upward = upward
        self._most = most
        self._drawn: set[str] = set()

    def tree(self) -> Tree:
        root = Tree(self._label(self._found.root))
        self._grow(root, self._found.root)
        if not self._upward:
            for edge in self._found.above(self._found.root):
                branch = root.add(self._label(edge.source, "in"))
                self._grow(branch, edge.source, skip=("HAS_LINE", "HAS_SHORTFALL"))
        return root

    def _grow(self, branch: Tree, node: str, skip: tuple[str, ...] = ()) -> None:
        if node in self._drawn:
            return
        self._drawn.add(node)
        found = self._found
        edges = found.above(node) if self._upward else found.below(node)
        wanted = [edge for edge in edges if edge.relation not in skip]
        is_root = node == found.root
        shown = wanted[: self._most] if self._most and is_root else wanted
        for edge in shown:
            end = edge.source if self._upward else edge.target
            words = _RELATIONS.get(edge.relation, edge.relation.lower())
            words = "used by" if self._upward else words
            repeated = end in self._drawn and not self._upward and bool(found.below(end))
            label = self._label(end, words)
            self._grow(branch.add(label + Text(" (above)") if repeated else label), end)
        if len(shown) < len(wanted):
            branch.add(Text(f"... and {len(wanted) - len(shown)} more facts"))

    def _label(self, node: str, words: str = "") -> Text:
        thing = self._found.nodes[node]
        label = _DIGEST.sub(lambda found: found[0][:DIGITS], plain(thing.label))
        if thing.kind == "agent":
            label = f"agent {label}"
        fields = thing.details.get("fields") if thing.kind == "fact" else None
        told = fields_text(fields) if fields else ""
        if told:
            label += f" ({told})"
        return Text(f"{words} " if words else "", style="dim") + Text(label, style="not dim")


_TELLING = (
    "quantity_units", "weight", "on_hand_units", "safety_stock_units", "price_micros",
    "cost_per_unit_micros", "lead_time_days", "capacity_units_per_day", "capacity",
    "minimum_charge_cents", "rate_micros_per_kilogram", "status",
)  # fmt: skip
_SUFFIXES = {"_micros": 10_000, "_cents": 1}


def fields_text(fields: Row) -> str:
    """The telling fields of a fact for a person: `on hand units 4`, money as money."""
    stated = [_field_text(name, value) for name, value in fields.items() if _tells(name, value)]
    return plain(", ".join(stated))


def _field_text(name: str, value: Any) -> str:
    for suffix, scale in _SUFFIXES.items():
        if name.endswith(suffix) and isinstance(value, int):
            return f"{name.removesuffix(suffix).replace('_', ' ')} {money(value, scale)}"
    return f"{name.replace('_', ' ')} {value}"


def _tells(name: str, value: Any) -> bool:
    return name in _TELLING and value not in (None, "")
