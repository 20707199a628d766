"""Capturing a document: its events become rows of facts, and each is accounted for once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from feeds.epcis.documents import Document, read_document
from feeds.epcis.events import Event, Refused
from feeds.epcis.goods import Catalogue, Ours, as_named, followed
from feeds.epcis.memory import Memory, Withdrawal
from feeds.epcis.resolving import Resolved, resolved
from feeds.epcis.rows import Work, latest_counts, sheets
from feeds.epcis.spooled import spooled
from feeds.epcis.yard import Told, Yard
from feeds.formats.sheet import Sheet
from feeds.limits import Limits
from feeds.refusals import shown
from ontology.columns import Snapshot

SPOOLED_EVENTS = 10_000
"""The rows of more events than these are written to disk first, and the events let go of."""
OUTCOMES = (
    "movement", "count", "containment", "place", "no effect", "withdrawal", "withdrawn",
    "repeated", "refused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the event at a place of the document: one of OUTCOMES, and why.

    `place`: where things are is known better, and no stock moved. `withdrawal`: a declaration
    that another event was told in error; `withdrawn`: the event that it is about. `digest` is
    the event's hash, empty where it was refused; `code` that of the refusal.
    """

    index: int
    outcome: str
    reason: str
    digest: str = ""
    code: str = ""


@dataclass(frozen=True)
class Account:
    """Every event of a document: `told` tells what became of the one at a place, from 1."""

    events: int
    told: Callable[[int], Outcome]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each event, in the order of the document."""
        return tuple(self._each())

    @property
    def tally(self) -> dict[str, int]:
        """How many events had each outcome; all of them add up to the document's events."""
        return dict(Counter(one.outcome for one in self._each()))

    def _each(self) -> Iterator[Outcome]:
        return map(self.told, range(1, self.events + 1))


@dataclass(frozen=True)
class Capture:
    """The rows that a document adds to the facts, by class, and the account of its events.

    `closes`: keys of stock positions that no longer hold, as their count was withdrawn.
    """

    work: Work
    account: Account
    closes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def sheets(self) -> Iterator[Sheet]:
        """One sheet per class, each made when it is asked for; those of many events are on disk.

        Raises what `spooled` raises.
        """
        found = sheets(self.work)
        return spooled(found) if self.account.events > SPOOLED_EVENTS else found


def capture(
    source: bytes | BinaryIO, name: str, present: Snapshot | None, limits: Limits,
    ours: Ours = as_named,
) -> Capture:  # fmt: skip
    """What a document's events mean beside the facts so far.

    The stock in the end depends on the set of events alone, not on how they were batched or in
    which order they came: events in `present` that share a thing with new ones are told again,
    and where their effect differs now, movements at their own time make up for it. Nothing that
    was stated is changed. The facts present have the names that are `ours` where a person linked
    those of the source to them. Raises InputError for a document that cannot be used; see
    `documents.read_document`.
    """
    document = read_document(source, name, limits)
    session = _Session(document, present, ours)
    session.sort_out()
    session.tell()
    work = session.work(name, document.said, present or Snapshot(0, {}))
    return Capture(work, Account(document.count, session.outcome), session.closes(work))


class _Session:
    """One capture: what is new, what it is connected with, and what all of it did."""

    def __init__(self, document: Document, present: Snapshot | None, ours: Ours) -> None:
        self.memory = Memory(present)
        self.ours = ours
        self.catalogue = Catalogue(present, ours)
        self.yard = Yard()
        self.before = Yard()
        self.refused = {one.index: one for one in document.refused}
        self.given = [one for one in document.events if one.declaration is None]
        self.withdrawals = {
            one.index: Withdrawal(one.digest, one.name, one.at_microseconds, one.declaration)
            for one in document.events if one.declaration is not None
        }  # fmt: skip
        self.declared = [one for one in document.events if one.declaration is not None]
        self.wrong = {one.digest for one in self.withdrawals.values()}
        self.wrong_names = {
            (one.name, one.at_microseconds) for one in self.withdrawals.values() if one.name
        }
        self.repeated: dict[int, tuple[str, str]] = {}
        self.events: list[Event] = []
        self.told: dict[str, Told] = {}
        self.stands: dict[str, Resolved] = {}
        self.by_index: list[Resolved | None] = [None] * (document.count + 1)

    def sort_out(self) -> None:
        """Set aside what was heard before, and what says something else under a known name."""
        named: dict[str, set[str]] = defaultdict(set)
        for event in self.given:
            if event.name:
                named[event.name].add(event.digest)
        seen: dict[str, int] = {}
        for event in self.given:
            before = self.memory.digest_of(event.name)
            is_changed = event.name and (
                before not in (None, event.digest) or len(named[event.name]) > 1
            )
            if event.digest in self.memory:
                self.repeated[event.index] = (event.digest, "it was captured before")
            elif event.digest in seen:
                first = f"event {seen[event.digest]} of the document says the same"
                self.repeated[event.index] = (event.digest, first)
            elif is_changed:
                said = f"`eventID`: {shown(event.name)} stands for another event, too"
                self.refused[event.index] = Refused(event.index, "EVENT_CHANGED", said)
            else:
                seen[event.digest] = event.index
                self.events.append(event)

    def tell(self) -> None:
        """Fold the new events and all that they are connected with, in the order of time."""
        for event in sorted(self.events, key=lambda one: (one.at_microseconds, one.digest)):
            self._resolve(event)
        self.events = [event for event in self.events if event.digest in self.stands]
        for event in self._connected():
            self._resolve(event)
        for found in sorted(self.stands.values(), key=lambda one: one.order):
            if found.event.index == 0 and not self.memory.is_withdrawn(found.event):
                self.before.tell(found)
            if self._is_withdrawn(found.event):
                self.yard.note(found)
                self.told[found.event.digest] = Told()
            else:
                self.told[found.event.digest] = self.yard.tell(found)

    def _resolve(self, event: Event) -> None:
        found = resolved(event, self.catalogue)
        if isinstance(found, Resolved):
            self.stands[event.digest] = found
            if event.index:
                self.by_index[event.index] = found
        elif event.index:  # an older event that the facts no longer bear out moves nothing
            self.refused[event.index] = found

    def _connected(self) -> list[Event]:
        """The events so far that may be told otherwise now."""
        named = {self.memory.digest_of(one.name) for one in self.declared}
        digests = {one.digest for one in self.declared} | {one for one in named if one}
        about = [*self.events, *self.declared]
        things = {thing for one in about for thing in followed(one.lines, one.parent)}
        return self.memory.connected(digests, things)

    def _is_withdrawn(self, event: Event) -> bool:
        named = (event.name, event.at_microseconds)
        is_new = event.digest in self.wrong or named in self.wrong_names
        return is_new or self.memory.is_withdrawn(event)

    def work(self, name: str, said: Callable[[int], str], present: Snapshot) -> Work:
        """All that there is to write down."""
        return Work(
            name, said, tuple(self.refused.values()), tuple(self.events),
            tuple(self.withdrawals.items()), self.catalogue, self.yard, self.before,
            self.told, self.stands, present, self.ours,
        )  # fmt: skip

    def closes(self, work: Work) -> dict[str, tuple[str, ...]]:
        """Stock positions of the facts so far whose count was withdrawn, with no other told."""
        lost = set[str]()
        for found in self.stands.values():
            if found.event.index == 0 and self._is_withdrawn(found.event):
                told = Yard().tell(found)
                lost |= {work.position(stock, told.count_place) for stock in told.counted}
        lost -= {work.position(*counted) for counted in latest_counts(work)}
        return {"StockPosition": tuple(sorted(lost))} if lost else {}

    def outcome(self, index: int) -> Outcome:
        """What became of the event at a place of the document."""
        if index in self.refused:
            refused = self.refused[index]
            return Outcome(index, "refused", refused.reason, "", refused.code)
        if index in self.repeated:
            digest, reason = self.repeated[index]
            return Outcome(index, "repeated", reason, digest)
        if index in self.withdrawals:
            one = self.withdrawals[index]
            known = any(one.names(found.event) for found in self.stands.values())
            reason = "the event that it is about is closed" if known else "no such event so far"
            return Outcome(index, "withdrawal", reason, one.digest)
        found = self.by_index[index]
        assert found is not None  # noqa: S101  every other event was told
        if self._is_withdrawn(found.event):
            return Outcome(index, "withdrawn", "it was declared an error", found.event.digest)
        return _outcome(index, found, self.told[found.event.digest])


def _outcome(index: int, found: Resolved, told: Told) -> Outcome:
    """The weightiest of what an event did."""
    digest, why = found.event.digest, found.means.why
    if found.event.kind == "transformation":
        why = "inputs are used up, outputs come to be"
    total = sum(abs(units) for _, units in told.movements)
    if total:
        return Outcome(index, "movement", f"{total} units: {why}", digest)
    if told.counted:
        return Outcome(index, "count", f"{len(told.counted)} positions: {why}", digest)
    if told.links:
        return Outcome(index, "containment", "what is in what has changed", digest)
    if told.shifts:
        return Outcome(index, "place", f"no stock hangs on it: {why}", digest)
    return Outcome(index, "no effect", why, digest)
