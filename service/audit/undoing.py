"""What can still be undone of a plan's lines, and on what basis that is said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ontology.columns import Snapshot, record_at
from ontology.terms import join_key
from ontology.time_zones import UNSTATED, local_day, zone_names

AHEAD, ORDERED, UNDER_WAY, UNKNOWN = "ahead", "ordered", "under way", "not known"
_OPEN = frozenset({"open", ""})

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undo:
    """Whether a line can still be undone.

    `state`: `ahead` (its day has not come), `ordered` (an order of it is open and nothing has
    left), `under way` (a shipment of it has left), `not known` (its day is here or past, and
    nothing at hand speaks of it). `basis` is what that rests on, in words.
    """

    state: str
    basis: str

    @property
    def can(self) -> bool | None:
        """True where it can be undone, False where it cannot, None where nobody can say."""
        return {AHEAD: True, ORDERED: True, UNDER_WAY: False}.get(self.state)


class Undoing:
    """Judges lines by the facts at hand and a time.

    A shipment or an order is taken for a line's where item and ends agree and its day is not
    before the line's: facts do not name the plan that they carry out, so another order of the same
    way may be taken for it.
    """

    def __init__(self, facts: Snapshot, now: datetime) -> None:
        self._facts = facts
        self._now = now
        self._about: dict[str, dict[str, list[int]]] = {}

    def of(self, line: Row) -> Undo:
        """Whether a line can still be undone; `line` has the fields of its class."""
        departs_on = date.fromisoformat(str(line["departs_on"]))
        today, zone = self._today(line)
        if today < departs_on:
            return Undo(AHEAD, f"it leaves on {departs_on}, and it is {today} ({zone})")
        for name, row in self._shipments(line, departs_on):
            return Undo(UNDER_WAY, f"`{name}` is {row.status}")
        for name, row in self._orders(line, departs_on):
            return Undo(ORDERED, f"`{name}` is {row.status}, and no shipment of it is at hand")
        return Undo(UNKNOWN, f"it was to leave on {departs_on}; no order and no shipment of it is "
                    "at hand")  # fmt: skip

    def _today(self, line: Row) -> tuple[date, str]:
        """The day where the line begins, in its own time where that is stated."""
        place = line.get("origin") or line.get("destination") or ""
        table = self._facts.table("Location")
        row = table.row_of.get(join_key((place,)))
        zone = str(table["time_zone"][row] or "") if row is not None else ""
        zone = zone if zone in zone_names() else UNSTATED
        return local_day(zone, self._now), zone

    def _shipments(self, line: Row, since: date) -> Iterator[tuple[str, Any]]:
        for name, row in self._rows("Shipment", line["item"]):
            left = row.shipped_on or row.arrives_on
            same_end = row.destination == line.get("destination")
            same_start = not row.origin or not line.get("origin") or row.origin == line["origin"]
            if same_end and same_start and left >= since:
                yield name, row

    def _orders(self, line: Row, since: date) -> Iterator[tuple[str, Any]]:
        ends = {"transfer": ("TransferOrder", ("origin", "destination"), ("origin", "destination")),
                "purchase": ("PurchaseOrder", ("supplier", "location"),
                             ("supplier", "destination"))}  # fmt: skip
        if line["kind"] not in ends:
            return
        table, theirs, ours = ends[line["kind"]]
        for name, row in self._rows(table, line["item"]):
            same = all(getattr(row, a) == line.get(b) for a, b in zip(theirs, ours, strict=True))
            if same and row.status in _OPEN and row.ordered_on >= since:
                yield name, row

    def _rows(self, class_name: str, item: str) -> Iterator[tuple[str, Any]]:
        """The facts of a class about an item, by name in order of key."""
        table = self._facts.table(class_name)
        if class_name not in self._about:
            about = self._about.setdefault(class_name, {})
            for row, stated in enumerate(table["item"].tolist()):
                about.setdefault(stated, []).append(row)
        for row in self._about[class_name].get(item, ()):
            yield f"{class_name}/{table.keys[row]}", record_at(table, row)
