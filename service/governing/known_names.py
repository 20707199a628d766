"""Names of a scope that no fact knows: a stop on a misspelt place stops nothing."""

from collections.abc import Iterator, Sequence

from governance.scopes import Scope
from ontology.access import ANY
from service.house import House


def unknown_names(house: House, scope: Scope, items: Sequence[str] = ()) -> list[str]:
    """What of a scope, and of items in it, no chain has loaded so far, in words."""
    chains = house.projection.log.chains()
    mine = chains if scope.chain == ANY else [each for each in chains if each == scope.chain]
    if not mine:
        return [f"no facts know the chain `{scope.chain}`"] if scope.chain != ANY else []
    known: dict[str, set[str]] = {"region": set(), "family": set(), "item": set()}
    for chain in mine:
        for kind, name in _names(house, chain):
            known[kind].add(name)
    asked = {"region": scope.regions, "family": scope.families, "item": items}
    return [f"no facts know the {kind} `{name}`"
            for kind, names in asked.items() for name in names if name not in known[kind]
            ]  # fmt: skip


def _names(house: House, chain: str) -> Iterator[tuple[str, str]]:
    facts = house.facts(chain)
    for kind, class_name, columns in (("region", "Location", ("id", "region")),
                                      ("family", "Item", ("family",)),
                                      ("item", "Item", ("id",))):  # fmt: skip
        table = facts.table(class_name)
        for column in columns:
            yield from ((kind, name) for name in set(table[column].tolist()) if name)
