"""A world of two places, trucks and people who count, beside which promises are folded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from ontology.columns import Snapshot, table_of
from ontology.promise_ends import OpenPromise, committed, open_promises, with_expected
from ontology.promises import Promise, less_promised
from ontology.stock import StockMovement, StockPosition
from ontology.stock_now import with_movements

FIRST = date(2026, 3, 2)
NORTH, SOUTH, ITEM, LOT = "north", "south", "widget", "W1"
APPROVED, CARRIED_OUT, VOID = "approved", "carried out", "void"


def snapshot_of(stated: Sequence[tuple[Any, int]]) -> Snapshot:
    """Facts from records, each with the event that stated it."""
    tables, addresses = {}, {}
    for name in sorted({type(record).__name__ for record, _ in stated}):
        rows = [(record, event) for record, event in stated if type(record).__name__ == name]
        table = table_of([record for record, _ in rows], name)
        order = np.argsort(table.keys, kind="stable")
        tables[name] = table.take(order)
        addresses[name] = np.array([[rows[at][1], at] for at in order.tolist()], np.int64)
    return Snapshot(max((event for _, event in stated), default=0), tables, addresses)


def counted(place: str, units: int, on: date | None, lot: str | None = LOT) -> StockPosition:
    """A count of the one item."""
    return StockPosition(ITEM, place, lot, on_hand_units=units, total_units=units, counted_on=on)


def position(facts: Snapshot, opened: Sequence[OpenPromise]) -> int:
    """What the order-up-to rule sees: free units, and all that is expected."""
    seen = with_expected(less_promised(with_movements(facts), committed(opened)), opened)
    free = seen.table("StockPosition")["on_hand_units"].sum()
    return int(free + seen.table("Shipment")["quantity_units"].sum())


@dataclass
class Truck:
    """A plan that sends units south: they leave at the end of a day, and come at that of the next.

    `leaves` says whether it ever does; `has_left` that it did.
    """

    units: int
    day: int
    since: int
    leaves: bool
    status: str = APPROVED
    has_left: bool = False

    @property
    def promise(self) -> Promise:
        """What its plan promised."""
        return Promise(ITEM, NORTH, LOT, "", self.units, _iso(self.day), SOUTH, _iso(self.day + 1),
                       since=self.since, carried_out=self.status == CARRIED_OUT)  # fmt: skip


@dataclass
class World:
    """What is really there, what people have said of it, and when: `event` counts what is said.

    `stood` is what was there at the end of each day: what a count of that day finds.
    """

    there: dict[str, int]
    day: int = 0
    event: int = 1
    trucks: list[Truck] = field(default_factory=list)
    stood: list[dict[str, int]] = field(default_factory=list)
    counts: dict[str, tuple[StockPosition, int]] = field(default_factory=dict)
    moves: list[tuple[StockMovement, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """All was counted the day before."""
        for place, units in self.there.items():
            self.counts.setdefault(place, (counted(place, units, FIRST - timedelta(1)), 1))

    def says(self) -> int:
        """The next event."""
        self.event += 1
        return self.event

    def night(self) -> None:
        """Trucks leave and arrive; then the day is over."""
        for truck in self.trucks:
            if truck.has_left and truck.day + 1 == self.day:
                self.there[SOUTH] += truck.units
            if truck.leaves and truck.status == APPROVED and truck.day == self.day:
                self.there[NORTH] -= truck.units
                truck.has_left = True
        self.stood.append(dict(self.there))
        self.day += 1

    def count(self, place: str, day: int) -> None:
        """What was there at the end of a day is told; an older count changes nothing."""
        on = FIRST + timedelta(day)
        known = self.counts[place][0].counted_on
        if known is None or on > known:
            self.counts[place] = counted(place, self.stood[day][place], on), self.says()

    def move(self, truck: Truck, place: str) -> None:
        """A system tells that a truck left or came, once."""
        name = f"{truck.since} {place}"
        gone = place == NORTH
        over = truck.has_left and (gone or self.day > truck.day + 1)
        if over and all(move.id != name for move, _ in self.moves):
            on = FIRST + timedelta(truck.day + (not gone))
            told = StockMovement(name, ITEM, place, "shipment" if gone else "receipt",
                                 -truck.units if gone else truck.units, on, LOT)  # fmt: skip
            self.moves.append((told, self.says()))

    @property
    def facts(self) -> Snapshot:
        """What was said, as a plan would read it."""
        return snapshot_of([*self.counts.values(), *self.moves])

    @property
    def promises(self) -> list[Promise]:
        """What the ledger knows."""
        return [truck.promise for truck in self.trucks if truck.status != VOID]

    def opened(self) -> tuple[OpenPromise, ...]:
        """What is left of it, today."""
        return open_promises(self.facts, self.promises, self.today)

    @property
    def today(self) -> date:
        """The day that is not over."""
        return FIRST + timedelta(self.day)

    def free(self) -> int:
        """What may be promised in the north."""
        held = sum(each.units for each in committed(self.opened()))
        return _on_hand(self.facts) - held

    def really_free(self) -> int:
        """What is there in the north, less what is promised and still there."""
        waits = [truck.units for truck in self.trucks
                 if truck.status == APPROVED and not truck.has_left]  # fmt: skip
        return self.there[NORTH] - sum(waits)


def _on_hand(facts: Snapshot) -> int:
    stock = with_movements(facts).table("StockPosition")
    return int(stock["on_hand_units"][stock["location"] == NORTH].sum())


def _iso(day: int) -> str:
    return (FIRST + timedelta(day)).isoformat()
