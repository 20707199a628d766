"""Every record class by name, and the shortcuts that rules may walk."""

from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from inspect import getmembers
from types import ModuleType
from typing import Any

from ontology import (
    deliveries,
    demand,
    emissions,
    goods,
    governance,
    history,
    movement,
    partners,
    perishables,
    places,
    plan,
    regulation,
    stock,
    traces,
    transport,
)
from ontology.errors import InputError

_MODULES: tuple[ModuleType, ...] = (
    goods, places, partners, transport, stock, demand, governance, regulation,
    deliveries, emissions, perishables, traces, plan, movement, history,
)  # fmt: skip


def _records(modules: tuple[ModuleType, ...]) -> dict[str, Any]:
    return {
        name: member
        for module in modules
        for name, member in getmembers(module, is_dataclass)
        if member.__module__ == module.__name__
    }


RECORDS: dict[str, Any] = _records(_MODULES)
"""Record class by its name, which is also the local name of the class in `inventory.ttl`."""

FACTS = frozenset(_records(_MODULES[:12]))
"""The classes whose instances are facts; the others are plans, views and history."""

STANDINGS: dict[str, str] = {
    **dict.fromkeys(_records(_MODULES[:12]), "fact"),
    **dict.fromkeys(_records((plan,)), "plan"),
    **dict.fromkeys(_records((movement,)), "view"),
    **dict.fromkeys(_records((history,)), "history"),
}
"""What the instances of a class are: `fact`, `plan`, `view` (never stored) or `history`."""


MEASUREMENTS = frozenset({
    "DemandObservation", "DemandQuantile", "PooledDemandQuantile", "TraceEvent", "TraceObject",
    "TraceWithdrawal",
})  # fmt: skip
"""Facts of which there are so many that they stay columns: none of them becomes a node."""


def no_class(name: str) -> InputError:
    """The refusal `UNKNOWN_CLASS` of a name that no class of facts has, with the nearest one."""
    classes = {fact.lower(): fact for fact in FACTS}
    near = get_close_matches(name[:100].lower(), classes, 1)
    told = f"; the nearest is `{classes[near[0]]}`" if near else ""
    return InputError(f"there is no class `{name[:100]}`{told}", code="UNKNOWN_CLASS",
                      hint="classes are those of ontology/inventory.ttl, as written there"
                      )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A property that a link class implies: `subject` of the link has it to `object`."""

    link: str
    subject: str
    object: str


SHORTCUTS = {
    "makes": Shortcut("Production", "location", "item"),
    "managesStockFor": Shortcut("VendorManagedLink", "location", "customer"),
    "shipsThrough": Shortcut("PortAccess", "location", "port"),
}
