"""Names that no fact knows: what is said of a misspelt place holds for nothing.

Most are told, for the facts may come; what counts only what is there already is refused.
"""

from collections.abc import Iterator, Mapping, Sequence

from governance.scopes import Scope
from ontology.access import ANY
from ontology.errors import InputError
from service.house import House

_BEARERS = (("region", "Location", ("id", "part_of", "region")), ("family", "Item", ("family",)),
            ("item", "Item", ("id",)), ("supplier", "Supplier", ("id",)))  # fmt: skip


def unknown_names(
    house: House, scope: Scope, items: Sequence[str] = (), suppliers: Sequence[str] = ()
) -> list[str]:
    """What of a scope, and of items and suppliers in it, no chain has loaded so far, in words."""
    asked = {"region": scope.regions, "family": scope.families, "item": items,
             "supplier": suppliers}  # fmt: skip
    return unknown_of(house, scope.chain, asked)


def unknown_of(house: House, chain: str, asked: Mapping[str, Sequence[str]]) -> list[str]:
    """As `unknown_names`, of a chain and names by kind: region, family, item, supplier."""
    chains = house.projection.log.chains()
    mine = chains if chain == ANY else [each for each in chains if each == chain]
    if chain != ANY and not mine:
        return [f"no facts know the chain `{chain}`"]
    if not any(asked.values()):
        return []
    known: dict[str, set[str]] = {kind: set() for kind in asked}
    for each in mine:
        for kind, name in _names(house, each):
            known.setdefault(kind, set()).add(name)
    return [f"no facts know the {kind} `{name}`"
            for kind, names in asked.items() for name in names if name not in known[kind]
            ]  # fmt: skip


def refuse_unknown(house: House, scope: Scope) -> None:
    """Raises InputError `NAME_UNKNOWN` for a scope of which a name is not known."""
    if unknown := unknown_names(house, scope):
        raise InputError(f"this would hold for nothing: {', '.join(unknown[:5])}",
                         code="NAME_UNKNOWN",
                         hint="`evenkeel facts` shows what is loaded")  # fmt: skip


def _names(house: House, chain: str) -> Iterator[tuple[str, str]]:
    facts = house.facts(chain)
    for kind, class_name, columns in _BEARERS:
        table = facts.table(class_name)
        for column in columns:
            yield from ((kind, name) for name in set(table[column].tolist()) if name)
