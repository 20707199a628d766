"""What facts say about the ends of promises: counts, movements, what sources state as coming."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ontology.columns import Snapshot
from ontology.promises import Promise
from ontology.stock_now import moves_since_count
from ontology.terms import join_key

LEFT = frozenset({"shipment", "transfer", "relocation", "issue"})
CAME = frozenset({"receipt", "transfer", "relocation"})
"""The kinds of movements by which units that are sent leave and come."""
NO_DAY = "9999-12-31"


@dataclass
class _Told:
    """Units that a fact tells of: on which day, stated by which event; `units` are those left."""

    day: str
    event: int
    row: int
    units: int


@dataclass
class Evidence:
    """The facts, and what of them has ended a promise already: no unit ends two.

    So promises are asked after in one order, that of their sorting.
    """

    facts: Snapshot
    _told: dict[tuple[str, int], _Told] = field(default_factory=dict)
    _moves: Mapping[str, list[int]] | None = None
    _rows: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = field(default_factory=dict)

    def committed(self, promise: Promise) -> tuple[int, bool]:
        """Units still committed where they stood, and whether movements ended some."""
        if not promise.takes:
            return 0, False
        if promise.order:
            asked = self.facts.table("SalesOrder").row_of.get(join_key((promise.order,)))
            return (0 if asked is None else promise.units), False
        if not promise.carried_out:
            return promise.units, False
        row = self.row_of(promise.item, promise.place, promise.lot)
        if row is not None and self._is_counted(row, promise, promise.day):
            return 0, False
        left = _drawn(self._moved_out(promise), promise, promise.units)
        return promise.units - left, left > 0

    def expected(self, promise: Promise) -> tuple[int, bool]:
        """Units still expected where they go, and whether something that was stated ended some."""
        if not promise.destination:
            return 0, False
        if any(self._is_counted(row, promise, promise.arrives_on)
               for row in self._rows_there(promise)):  # fmt: skip
            return 0, False
        left = promise.units - _drawn(self._stated(promise), promise, promise.units)
        left -= _drawn(self._moved_in(promise), promise, left)
        return left, left < promise.units

    def tells_of(self, promise: Promise) -> bool:
        """Whether a count or a movement says how the origin stands from the departure on."""
        row = self.row_of(promise.item, promise.place, promise.lot)
        if row is not None and self._is_counted(row, promise, promise.day):
            return True
        return any(_is_of(each, promise) for each in self._moved_out(promise))

    def row_of(self, item: str, place: str, lot: str) -> int | None:
        """The row of a stock position; None where there is none."""
        found = self.facts.table("StockPosition").row_of.get(join_key((item, place, lot or None)))
        return None if found is None else int(found)

    def _rows_there(self, promise: Promise) -> Iterator[int]:
        """The positions whose count tells of what arrives: of its lot, or of no lot; else all."""
        if promise.lot:
            rows = (self.row_of(promise.item, promise.destination, lot)
                    for lot in (promise.lot, ""))  # fmt: skip
            yield from (row for row in rows if row is not None)
            return
        ends = {"item": promise.item, "location": promise.destination}
        yield from self._rows_of("StockPosition", ends)

    def _is_counted(self, row: int, promise: Promise, day: str) -> bool:
        """Whether a position was counted on a day or later, and that was said after the approval.

        One that states no day counts on the day from which it is true.
        """
        if self._event("StockPosition", row) <= promise.since:
            return False
        on = self.facts.table("StockPosition")["counted_on"][row]
        if np.isnat(on):
            clocks = self.facts.clocks.get("StockPosition")
            if clocks is None or row >= len(clocks):
                return False
            on = np.datetime64(int(clocks[row, 0]), "us").astype("datetime64[D]")
        return bool(on >= np.datetime64(day, "D"))

    def _event(self, name: str, row: int) -> int:
        """The event that stated a fact; 0 where that is not known."""
        addresses = self.facts.addresses.get(name)
        return 0 if addresses is None or row >= len(addresses) else int(addresses[row, 0])

    def _moved_out(self, promise: Promise) -> list[_Told]:
        """Units that left a key on top of its count: those that its stock is now without."""
        if self._moves is None:
            self._moves = moves_since_count(self.facts)
        kinds = self.facts.table("StockMovement")["kind"]
        rows = self._moves.get(join_key((promise.item, promise.place, promise.lot or None)), ())
        return self._told_in("StockMovement", (row for row in rows if kinds[row] in LEFT),
                             "effective_on", -1)  # fmt: skip

    def _moved_in(self, promise: Promise) -> list[_Told]:
        """Units that came to a place, of the lot or of none, in its count or on top of it."""
        moved = self.facts.table("StockMovement")
        ends = {"item": promise.item, "location": promise.destination}
        rows = (row for row in self._rows_of("StockMovement", ends, promise.lot)
                if moved["kind"][row] in CAME)  # fmt: skip
        return self._told_in("StockMovement", rows, "effective_on")

    def _stated(self, promise: Promise) -> list[_Told]:
        """Units that a source itself states as under way, or on order, on the same way."""
        if not promise.takes:
            ends = {"item": promise.item, "location": promise.destination,
                    "supplier": promise.supplier}  # fmt: skip
            rows = self._rows_of("PurchaseOrder", ends)
            return self._told_in("PurchaseOrder", rows, "due_on")
        ends = {"item": promise.item, "origin": promise.place, "destination": promise.destination}
        status = self.facts.table("TransferOrder")["status"]
        known = (row for row in self._rows_of("TransferOrder", ends) if status[row] == "open")
        sent = self._rows_of("Shipment", ends, promise.lot)
        return [*self._told_in("Shipment", sent, "arrives_on"),
                *self._told_in("TransferOrder", known, "due_on")]  # fmt: skip

    def _rows_of(self, name: str, ends: Mapping[str, str], lot: str = "") -> list[int]:
        """The rows of a class with these cells; where a lot is named, of that lot or of none."""
        table, key = self.facts.table(name), (name, *ends)
        if key not in self._rows:
            index: dict[tuple[str, ...], list[int]] = {}
            for row, cells in enumerate(zip(*(table[each].tolist() for each in ends), strict=True)):
                index.setdefault(cells, []).append(row)
            self._rows[key] = index
        rows = self._rows[key].get(tuple(ends.values()), [])
        return [row for row in rows if not lot or table["lot"][row] in (lot, None)]

    def _told_in(self, name: str, rows: Iterable[int], day: str, sign: int = 1) -> list[_Told]:
        """What rows tell of, by day, event and row; what states no day is of any."""
        table, found = self.facts.table(name), []
        for row in rows:
            if (name, row) not in self._told:
                on = table[day][row]
                self._told[name, row] = _Told(
                    NO_DAY if np.isnat(on) else str(on), self._event(name, row), row,
                    abs(int(table["quantity_units"][row])),
                )  # fmt: skip
            if sign * int(table["quantity_units"][row]) > 0:
                found.append(self._told[name, row])
        return sorted(found, key=lambda each: (each.day, each.event, each.row))


def _is_of(told: _Told, promise: Promise) -> bool:
    """Whether it is of the day of departure or later, and was said after the approval."""
    return told.day >= promise.day and told.event > promise.since


def _drawn(pool: Iterable[_Told], promise: Promise, wanted: int) -> int:
    """Units of these that end a promise, no more than are wanted: they end no other."""
    taken = 0
    for each in pool:
        if _is_of(each, promise):
            here = min(each.units, wanted - taken)
            each.units -= here
            taken += here
    return taken
