"""What leaves: plans, their lines, and what each event changed of the facts, from any position."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice, zip_longest
from typing import Any

from graph.facts import kinds_of, uri_of
from graph.fold import Statements
from graph.plan_nodes import LINE_CLASSES
from graph.state import State
from graph.stated import stated_by
from ontology.errors import InputError
from ontology.events import FACTS_DUE, FEED_LOADED, PLAN_MADE, Event, micros_of, moment_of
from service.access import OWNER, Access, Sight, denied
from service.doors.concerns import Partner, Regions, named
from service.fact_flow import FactStep, fact_steps
from service.house import House
from service.intake.changes import CHANGED, CLOSED
from service.permits.row_rules import EXPLAINED
from service.permits.views import Judge, View

FOLLOW, PLANS, EXPLAIN = "changes.follow", "plans.read", "plans.explain"
KINDS = ("plan", "line", "shortfall", "fact")
_STEPS = (FEED_LOADED, FACTS_DUE)
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log: after event `sequence`, or after the change `row` of it where not 0."""

    sequence: int
    row: int = 0

    @staticmethod
    def of(text: str) -> "Position":
        """Of `12` or `12.3`. Raises InputError `POSITION_INVALID`."""
        parts = text.split(".")
        if len(parts) > 2 or not all(
            part.isascii() and part.isdecimal() and len(part) <= _MOST_DIGITS for part in parts
        ):
            raise InputError(f"`{text[:100]}` is no position in the log", code="POSITION_INVALID",
                             hint="give the id of the last change that you have, or 0")  # fmt: skip
        return Position(*map(int, parts))

    def __str__(self) -> str:
        """The text that `of` reads."""
        return f"{self.sequence}.{self.row}" if self.row else str(self.sequence)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are asked for. What names no place is in no region; so for partners."""

    chain: str = ""
    kinds: frozenset[str] = frozenset(KINDS)
    region: str = ""
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change, known by its position; without a kind it only says that all before was told."""

    at: Position
    kind: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


def worth_telling(changes: Sequence[Change]) -> Iterator[Change]:
    """Changes without the positions that the next change says better."""
    for change, after in zip_longest(changes, changes[1:]):
        if change.kind or after is None or after.kind:
            yield change


class Outbound:
    """The changes after a position, in the order of the log, as far as readers see it.

    A change has the same position and the same content for every reader who sees the same, at any
    time, whatever else is asked for; so what was cut off goes on from the last position, and
    repeats are known by theirs. Raises InputError `CHAIN_UNKNOWN`, and `POSITION_AHEAD` for a place
    that the log has not reached. One reader at a time.
    """

    def __init__(
        self, house: House, after: Position, wanted: Wanted, sight: Sight | None = None
    ) -> None:
        self._house, self._wanted = house, wanted
        self._sight = sight or Access(house).sight(OWNER)
        self.at = after
        """All up to here is told, once what `take` gave is."""
        self._states: dict[str, State] = {}
        self._regions: Regions | None = None
        self._rest: Iterator[Change] = iter(())
        if wanted.chain and self._view(wanted.chain, FOLLOW) is None:
            raise denied()
        if wanted.chain and wanted.chain not in house.projection.log.chains():
            raise InputError(f"there is no supply chain `{wanted.chain[:100]}`",
                             code="CHAIN_UNKNOWN", hint="load a feed for it first")  # fmt: skip
        head = house.catalog.watermark().projected
        if after.sequence > head:
            raise InputError(f"the log stands at {head}, before `{after}`", code="POSITION_AHEAD",
                             hint="the log was restored from an older time: begin again from 0"
                             )  # fmt: skip

    def take(self, most: int) -> list[Change]:
        """The next changes, at most so many; none where all is told by now.

        Raises OutsideError as the database does, AccessError where a grant has ended.
        """
        found = list(islice(self._rest, most))
        if not found:
            self._rest = self._upto(self._house.catalog.watermark().projected)
            found = list(islice(self._rest, most))
        return found

    def _upto(self, last: int) -> Iterator[Change]:
        had = self.at
        for event in self._house.projection.log.events(had.sequence - bool(had.row), upto=last):
            passed = had.row if event.sequence == had.sequence else 0
            about = {"event": event.sequence, "chain": event.payload.get("chain", ""),
                     "recorded_at": event.recorded_at.isoformat()}  # fmt: skip
            for row, (kind, told) in enumerate(self._seen(event), 1):
                if kind and row > passed:
                    at = Position(event.sequence, row)
                    yield Change(at, kind, {"id": str(at), "kind": kind, **about, **told})
            self.at = Position(event.sequence)
            yield Change(self.at)

    def _seen(self, event: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every change of an event that the reader sees; what is hidden has no number, either."""
        chain, wanted = str(event.payload.get("chain", "")), self._wanted
        if not chain or (wanted.chain and chain != wanted.chain):
            return
        is_plan = event.kind == PLAN_MADE
        if (wanted.kinds == {"fact"}) if is_plan else ("fact" not in wanted.kinds):
            return
        view = self._view(chain, PLANS if is_plan else FOLLOW)
        if view is not None and is_plan:
            yield from self._seen_plan(event, view)
        elif view is not None and event.kind in _STEPS:
            yield from self._seen_facts(event, view)

    def _seen_facts(self, event: Event, view: View) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every fact that an event changed, brought into sight, or took from it."""
        before, after, stated = self._step(event)
        was, now = view.judge(before), view.judge(after)
        for step in fact_steps(before, after, stated):
            name = step.class_name
            had = bool(step.before) and was.shows(name, step.before)
            has = step.outcome != CLOSED and now.shows(name, step.fields)
            seen = step.seen(was=had, is_now=has)
            if seen is None:
                continue
            seen = _without_own(seen, was, now)
            if seen is None:
                continue
            is_closed = seen.outcome == CLOSED
            is_told = self._concerns(name, seen.fields, before if is_closed else after)
            bears = (had and was.bears_label(name, step.before)) or (
                has and now.bears_label(name, step.fields))  # fmt: skip
            if is_told and bears:
                self._sight.note_fact(view.chain, name, seen.key)
            yield "fact" if is_told else "", _told(view.chain, seen)

    def _seen_plan(self, event: Event, view: View) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """A plan's record is computed over all facts, and so are the reasons of its rows."""
        chain, sight, judge = view.chain, self._sight, view.judge()
        is_explained = self._view(chain, EXPLAIN) is not None
        for kind, told in self._plan(event):
            if "class" not in told:
                if is_explained:
                    if kind:
                        sight.whole(chain, EXPLAIN)
                    yield kind, told
            elif judge.shows(told["class"], told["fields"]):
                if kind and judge.bears_label(told["class"], told["fields"]):
                    number = told["fields"]["number"]
                    sight.note_fact(chain, told["class"], f"{told['plan']}/{number}")
                yield kind, told if is_explained else _unexplained(told)

    def _view(self, chain: str, verb: str) -> View | None:
        """What the reader sees of a chain by a verb; None where that is nothing, or not enough."""
        return self._sight.view(chain, verb) if self._sight.sees(chain, verb) else None

    def _step(self, event: Event) -> tuple[State, State, Mapping[str, Statements]]:
        """The state of a chain before and after an event, and what that stated."""
        chain, reader = str(event.payload["chain"]), self._house.reader
        before = self._states.get(chain) or reader.state(chain, event.sequence - 1)
        stated = stated_by(self._house.store, event)
        after = before.after(event.sequence, micros_of(event.recorded_at), stated)
        self._states[chain] = after
        return before, after, stated

    def _plan(self, event: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """A plan and its rows, those that are not asked for without a kind."""
        chain, record = str(event.payload["chain"]), event.payload["record"]
        wanted, decision = self._wanted, self._house.store.get_document(event.artifact)["decision"]
        is_whole = not wanted.region and wanted.partner is None
        told = {"plan": record["digest"], "fields": record}
        yield "plan" if is_whole and "plan" in wanted.kinds else "", told
        state = State() if is_whole else self._house.reader.state(chain, event.sequence)
        for kind, rows in (("line", "lines"), ("shortfall", "shortfalls")):
            for row in decision[rows]:
                class_name = LINE_CLASSES[row["kind"]] if kind == "line" else "Shortfall"
                values = {name: row[name] for name in kinds_of(class_name) if name in row}
                concerned = kind in wanted.kinds and self._concerns(class_name, values, state)
                told = {"plan": record["digest"], "class": class_name, "fields": values}
                yield kind if concerned else "", told

    def _concerns(self, class_name: str, values: Mapping[str, Any], state: State) -> bool:
        wanted = self._wanted
        if not wanted.region and wanted.partner is None:
            return True
        names = set(named(class_name, values))
        partner = wanted.partner
        if partner is not None and (partner.class_name, partner.name) not in names:
            return False
        if not wanted.region:
            return True
        self._regions = Regions.of(state, self._regions)
        places = (name for what, name in names if what == "Location")
        return any(self._regions.holds(wanted.region, place) for place in places)


def _without_own(step: FactStep, was: Judge, now: Judge) -> FactStep | None:
    """A step without the fields that are not seen; None where only these are not as before."""
    judge, name = was if step.outcome == CLOSED else now, step.class_name
    had, told = was.told(name, step.before), judge.told(name, step.fields)
    if step.outcome == CHANGED and had == told and judge.left_out(name, step.fields):
        return None
    return replace(step, before=had if step.before else {}, fields=told)


def _unexplained(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of a plan for who may not see how all of the chain comes into it."""
    hidden = EXPLAINED.get(told["class"], ())
    stated = {name: value for name, value in told["fields"].items() if name not in hidden}
    return {**told, "fields": stated}


def _told(chain: str, step: FactStep) -> dict[str, Any]:
    return {
        "outcome": step.outcome, "class": step.class_name, "key": step.key,
        "uri": uri_of(chain, step.class_name, step.key),
        "since": moment_of(step.since_microseconds).isoformat(), "fields": step.fields,
        "references": [asdict(one) for one in step.references],
    }  # fmt: skip
