"""What was told before: the captured events of the facts so far that a document touches."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from feeds.epcis.events import AMOUNT, Declaration, Event, Line
from feeds.epcis.goods import followed
from ontology.columns import Snapshot, Table

_NOTHING = Snapshot(0, {})


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That the event of a hash, or of a name at a moment, was told in error."""

    digest: str
    name: str
    at_microseconds: int
    declaration: Declaration

    def names(self, event: Event) -> bool:
        """Whether this is about an event."""
        same_name = bool(self.name) and self.name == event.name
        return self.digest == event.digest or (
            same_name and self.at_microseconds == event.at_microseconds
        )


class Memory:
    """Events and withdrawals in the facts so far; events are made only where they are asked for."""

    def __init__(self, present: Snapshot | None) -> None:
        facts = present or _NOTHING
        self._events = facts.table("TraceEvent")
        self._objects = facts.table("TraceObject")
        self._row_of = {key: row for row, key in enumerate(self._events["id"].tolist())}
        names = self._events["name"].tolist()
        self._digest_of = {
            name: digest for digest, name in zip(self._row_of, names, strict=True) if name
        }
        withdrawals = _withdrawals(facts.table("TraceWithdrawal"))
        self._wrong = {one.digest for one in withdrawals}
        self._wrong_names = {(one.name, one.at_microseconds) for one in withdrawals if one.name}

    def __contains__(self, digest: str) -> bool:
        """Whether an event of this hash was captured before."""
        return digest in self._row_of

    def digest_of(self, name: str) -> str | None:
        """The hash of the captured event that its sender called so."""
        return self._digest_of.get(name)

    def is_withdrawn(self, event: Event) -> bool:
        """Whether an event was declared an error before."""
        named = (event.name, event.at_microseconds)
        return event.digest in self._wrong or named in self._wrong_names

    def events(self, digests: Iterable[str]) -> list[Event]:
        """The captured events of these hashes, in the order of their hashes."""
        wanted = {digest for digest in digests if digest in self}
        lines: dict[str, list[Line]] = defaultdict(list)
        table = self._objects
        for row in _rows_in(table["event"], wanted):
            thing = str(table["thing"][row])
            role = str(table["role"][row])
            line = Line(
                role.removesuffix(AMOUNT), thing, str(table["stated_quantity"][row]),
                str(table["unit"][row]), is_amount=role.endswith(AMOUNT),
            )  # fmt: skip
            lines[str(table["event"][row])].append(line)
        return [self._event(digest, lines[digest]) for digest in sorted(wanted)]

    def about(self, things: set[str]) -> set[str]:
        """The hashes of the captured events that speak of one of these things."""
        table = self._objects
        found = {str(table["event"][row]) for row in _rows_in(table["thing"], things)}
        rows = _rows_in(self._events["parent"], things)
        return found | {str(self._events["id"][row]) for row in rows}

    def connected(self, digests: set[str], things: set[str]) -> list[Event]:
        """The captured events of these hashes, and all that share a thing with them or each other.

        These are the events whose effect may change where one of them is told late.
        """
        known: dict[str, Event] = {}
        wanted, asked = {digest for digest in digests if digest in self}, set(things)
        wanted |= self.about(asked)
        while wanted - known.keys():
            new = self.events(wanted - known.keys())
            known |= {event.digest: event for event in new}
            fresh = {t for event in new for t in followed(event.lines, event.parent)} - asked
            asked |= fresh
            wanted = self.about(fresh) if fresh else set()
        return [known[digest] for digest in sorted(known)]

    def _event(self, digest: str, lines: list[Line]) -> Event:
        table, row = self._events, self._row_of[digest]
        return Event(
            digest=digest, index=0, kind=str(table["kind"][row]),
            at_microseconds=int(table["occurred_at_microseconds"][row]),
            on=table["occurred_on"][row].astype(object),
            action=str(table["action"][row]), step=str(table["step"][row]),
            disposition=str(table["disposition"][row]), read_point=str(table["read_point"][row]),
            business_location=str(table["business_location"][row]),
            parent=str(table["parent"][row]), name=str(table["name"][row]),
            lines=tuple(sorted(lines)),
        )  # fmt: skip


def _withdrawals(table: Table) -> list[Withdrawal]:
    return [
        Withdrawal(
            str(table["event"][row]), str(table["event_name"][row]),
            int(table["occurred_at_microseconds"][row]),
            Declaration(int(table["declared_at_microseconds"][row]), str(table["reason"][row]),
                        table["corrected_by"][row]),
        )
        for row in range(len(table))
    ]  # fmt: skip


def _rows_in(column: np.ndarray[tuple[int], np.dtype[np.object_]], wanted: set[str]) -> list[int]:
    return [row for row, value in enumerate(column.tolist()) if value in wanted]
