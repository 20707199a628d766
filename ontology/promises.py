"""Units that an approved plan has promised: reserved where they stand, no longer free to move."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.stock_now import with_movements
from ontology.terms import join_key

Key = tuple[str, str, str, str]
"""Item, place, lot and order; lot and order are empty where there is none."""


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """So many units of an item at a place (of a lot, where one is named) leave on a day.

    Where an `order` is named they are units of that order instead: no order is served twice.
    """

    item: str
    place: str
    lot: str = ""
    order: str = ""
    units: int = 0
    day: str = ""

    @property
    def key(self) -> Key:
        """What it takes units of; an order is the same wherever it is served from."""
        return (self.item, "" if self.order else self.place, self.lot, self.order)

    def stated(self) -> list[str | int]:
        """As an event states it; `promise_of` reads it back."""
        return [self.item, self.place, self.lot, self.order, self.units, self.day]


def promise_of(stated: Iterable[Any]) -> Promise:
    """The promise that an event or a decision states."""
    return Promise(*stated)


def promises_in(decision: Mapping[str, Any]) -> tuple[Promise, ...]:
    """What the lines of a plan take from stock and orders, sorted, summed by what they take.

    Purchases take nothing that is there.
    """
    taken: dict[tuple[Key, str, str], int] = {}
    for line in decision["lines"]:
        if line["kind"] == "purchase":
            continue
        order = line.get("order") or ""
        lot = "" if order else line.get("lot") or ""
        key: Key = (line["item"], "" if order else line["origin"], lot, order)
        what = key, line["origin"], str(line["departs_on"])
        taken[what] = taken.get(what, 0) + line["quantity_units"]
    return tuple(sorted(Promise(key[0], origin, key[2], key[3], units, day)
                        for (key, origin, day), units in taken.items()))  # fmt: skip


def summed(promises: Iterable[Promise]) -> dict[Key, int]:
    """Units by what they are taken of."""
    found: dict[Key, int] = {}
    for each in promises:
        found[each.key] = found.get(each.key, 0) + each.units
    return found


def merged_promises(promises: Iterable[Promise]) -> tuple[Promise, ...]:
    """The promises as an input of a decision: one per item, place, lot and order, without days."""
    found: dict[Promise, int] = {}
    for each in promises:
        bare = replace(each, units=0, day="")
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
