"""What an approved plan has promised: units reserved where they stand, expected where they go."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.stock_now import with_movements
from ontology.terms import join_key

Key = tuple[str, str, str, str]
"""Item, place, lot and order; lot and order are empty where there is none."""


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """So many units of an item at a place (of a lot, where one is named) leave on a day.

    Where an `order` is named they are units of that order instead: no order is served twice. Where
    a `destination` is named they are expected there on the day `arrives_on`; units bought of a
    `supplier` come from no place. `since` is the event that approved the plan, 0 where that was
    not stated yet (plans made before promises had an end); `carried_out` says that people said so.
    """

    item: str
    place: str
    lot: str = ""
    order: str = ""
    units: int = 0
    day: str = ""
    destination: str = ""
    arrives_on: str = ""
    supplier: str = ""
    since: int = 0
    carried_out: bool = False

    @property
    def key(self) -> Key:
        """What it takes units of; an order is the same wherever it is served from."""
        return (self.item, "" if self.order else self.place, self.lot, self.order)

    @property
    def takes(self) -> bool:
        """Whether it takes units of anything that is there; a purchase does not."""
        return bool(self.place or self.order)

    def stated(self) -> list[str | int]:
        """As an event or a decision states it, without what is left open at the end of the row."""
        row = list(astuple(self))
        while len(row) > _LEAST and row[-1] in ("", 0):
            row.pop()
        return row


_LEAST = 6
"""So many cells every stated promise has."""


def promise_of(stated: Iterable[Any]) -> Promise:
    """The promise that an event or a decision states. Raises InputError `BAD_PLAN`."""
    found = Promise(*stated)
    if found.units < 1:
        raise InputError("a promise is of one unit or more", code="BAD_PLAN",
                         hint="give a plan.json that `evenkeel plan` wrote")  # fmt: skip
    return found


def promises_in(decision: Mapping[str, Any]) -> tuple[Promise, ...]:
    """What the lines of a plan take from stock and orders, sorted, summed by what and where to.

    Purchases take nothing that is there (`purchases_in`).
    """
    return _summed_up(_taken(line) for line in decision["lines"] if line["kind"] != "purchase")


def purchases_in(decision: Mapping[str, Any]) -> tuple[Promise, ...]:
    """What the lines of a plan buy, sorted: expected where it is delivered, taken from nowhere."""
    return _summed_up(
        Promise(line["item"], "", "", "", line["quantity_units"], str(line["departs_on"]),
                line["destination"], str(line["arrives_on"]), line["supplier"])
        for line in decision["lines"] if line["kind"] == "purchase"
    )  # fmt: skip


def _taken(line: Mapping[str, Any]) -> Promise:
    order = line.get("order") or ""
    bare = Promise(line["item"], line["origin"], "" if order else line.get("lot") or "", order,
                   line["quantity_units"], str(line["departs_on"]))  # fmt: skip
    if line["kind"] != "transfer":  # an order is served, a substitute set aside where it stands
        return bare
    return replace(bare, destination=line["destination"], arrives_on=str(line["arrives_on"]))


def summed(promises: Iterable[Promise]) -> dict[Key, int]:
    """Units by what they are taken of; purchases are taken of nothing."""
    found: dict[Key, int] = {}
    for each in promises:
        if each.takes:
            found[each.key] = found.get(each.key, 0) + each.units
    return found


def merged_promises(promises: Iterable[Promise]) -> tuple[Promise, ...]:
    """The promises as an input of a decision: sorted, and one of each kind."""
    return _summed_up(promises)


def _summed_up(promises: Iterable[Promise]) -> tuple[Promise, ...]:
    found: dict[Promise, int] = {}
    for each in promises:
        bare = replace(each, units=0)
        found[bare] = found.get(bare, 0) + each.units
    return tuple(sorted(replace(bare, units=units) for bare, units in found.items()))


def free_units(snapshot: Snapshot) -> dict[Key, int]:
    """What may be promised: on hand after movements, by lot; and the units of each order."""
    found: dict[Key, int] = {}
    stock = with_movements(snapshot).table("StockPosition")
    names = ("item", "location", "lot", "on_hand_units")
    for item, place, lot, units in zip(*(stock[name].tolist() for name in names), strict=True):
        key = (item, place, lot or "", "")
        found[key] = found.get(key, 0) + units
    orders = snapshot.table("SalesOrder")
    asked = (orders[name].tolist() for name in ("item", "id", "quantity_units"))
    for item, order, units in zip(*asked, strict=True):
        found[item, "", "", order] = units
    return found


def less_promised(facts: Snapshot, promises: Iterable[Promise]) -> Snapshot:
    """The same facts with promised units reserved instead of on hand, and orders without theirs.

    Every bucket keeps its place in the total, so no unit appears or vanishes. Where fewer are on
    hand than were promised, all of them are reserved: none is free. An order that is promised
    whole asks for nothing more. Rows keep their order; addresses and clocks stay theirs.
    """
    wanted = summed(promises)
    if not wanted:
        return facts
    tables = dict(facts.tables)
    if any(not key[3] for key in wanted):
        tables["StockPosition"] = _reserved(facts.table("StockPosition"), wanted)
    if any(key[3] for key in wanted):
        tables["SalesOrder"] = _without_served(facts.table("SalesOrder"), wanted)
    return replace(facts, tables=tables)


def _reserved(stock: Table, wanted: Mapping[Key, int]) -> Table:
    columns = dict(stock.columns)
    free, held = columns["on_hand_units"].copy(), columns["reserved_units"].copy()
    for (item, place, lot, order), units in sorted(wanted.items()):
        row = None if order else stock.row_of.get(join_key((item, place, lot or None)))
        if row is not None:
            taken = min(units, int(free[row]))
            free[row] -= taken
            held[row] += taken
    return Table("StockPosition", {**columns, "on_hand_units": free, "reserved_units": held})


def _without_served(orders: Table, wanted: Mapping[Key, int]) -> Table:
    taken = {key[3]: units for key, units in wanted.items() if key[3]}
    left = orders["quantity_units"].copy()
    for order, units in taken.items():
        row = orders.row_of.get(join_key((order,)))
        if row is not None:
            left[row] = max(0, int(left[row]) - units)
    kept = np.flatnonzero((left > 0) | (orders["quantity_units"] == 0))
    return Table("SalesOrder", {**orders.columns, "quantity_units": left}).take(kept)
