"""Recall: every decision that read a wrong fact, what it would have been, what can be undone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from graph.fact_readers import (
    Chosen,
    Held,
    Reading,
    Version,
    named_fact,
    plans_looked_at,
    plans_resting_on,
    recorded_times,
    versions_of,
)
from graph.observed import OBSERVATION, learnt_upto
from graph.statements import OPEN_END
from ontology.errors import EvenkeelError, InputError
from service.audit.otherwise import Otherwise, otherwise
from service.audit.undoing import Undo, Undoing
from service.house import House

DECISIVE, TOUCHED = "decisive", "touched"
PLANS_LIMIT = 50
"""So many plans at most stand on a page."""

LOOKED_AT = 200
"""So many plans of a chain are looked at for a page, whether they held the fact or not."""

LIMITS = tuple(
    """\
plans that another service made of an exported copy are not known here
touched says that the fact was there to be read: whether it counted, only deciding again tells
a measurement (observation, quantile) is decisive for no line: its forecast is, recall that, too
later plans stand as they are: what they read of what earlier plans moved is not undone
shipments and orders do not name the plan: one that agrees in item, ends and day is taken for it
""".splitlines()
)
"""What an answer does not say."""

Cursor = tuple[str, int]
FIRST_PAGE: Cursor = (DECISIVE, OPEN_END)


@dataclass(frozen=True, slots=True)
class LineRead:
    """A line that rests on the fact, and whether it can still be undone."""

    number: int
    line: Mapping[str, Any]
    undo: Undo


@dataclass(frozen=True, slots=True)
class PlanRecalled:
    """A plan that read the fact: `standing` is `decisive` or `touched`, `event` stated it.

    `lines` are the first of `line_count` that rest on the fact, `shortfalls` the numbers of the
    first of `shortfall_count`. `otherwise` is None where it was not asked for, or could not be
    begun: then `why_not` says why.
    """

    plan: str
    chain: str
    event_sequence: int
    made_at: datetime
    agent: str
    standing: str
    event: int
    event_row: int
    line_count: int
    shortfall_count: int
    lines: tuple[LineRead, ...]
    shortfalls: tuple[int, ...]
    otherwise: Otherwise | None = None
    why_not: str = ""

    @property
    def place(self) -> "Cursor":
        """Its place among all that read the fact."""
        return self.standing, self.event_sequence


@dataclass(frozen=True, slots=True)
class Learnt:
    """A version of a forecast, by its URI and the event that stated it: recall it, too."""

    uri: str
    event: int


@dataclass(frozen=True, slots=True)
class Recall:
    """A page of plans, decisive ones first, each part the latest first.

    `versions` are those of the fact that were asked for, the latest first, at most 50.
    `looked_at` plans were opened to find those that merely held it. `next_after` continues, None
    where all is told. `learnt` names, for an observation of demand, the versions of the forecast
    that were learnt when it was known: what rests on it rests on those.
    """

    fact: str
    now: datetime
    versions: tuple[Version, ...]
    plans: tuple[PlanRecalled, ...]
    looked_at: int
    next_after: Cursor | None
    learnt: tuple[Learnt, ...] = ()
    limits: tuple[str, ...] = LIMITS


def recall_fact(
    house: House, fact: str, chosen: Chosen | None = None, *, after: Cursor = FIRST_PAGE,
    first: int = 10, decide_again: bool = False, instead: str = "", now: datetime | None = None,
) -> Recall:  # fmt: skip
    """A page of the plans that read a fact (chain/Class/key), or the chosen versions of it.

    With `decide_again` each plan of the page is made again with something else in the fact's place
    (`service.audit.otherwise`), which takes as long as planning does. Raises InputError
    `FACT_UNKNOWN`, `PAGE_SIZE`, `INSTEAD_UNKNOWN`.
    """
    if not 1 <= first <= PLANS_LIMIT:
        raise InputError(f"a page of {first} is not between 1 and {PLANS_LIMIT}", code="PAGE_SIZE",
                         hint="ask for a smaller page")  # fmt: skip
    chosen = chosen or Chosen()
    chain, name, key = named_fact(fact)
    versions = versions_of(house.driver, fact, chosen)
    found, after_these, looked_at = _page(house, fact, chosen, after, first)
    judge = Undoing(house.facts(chain), now or datetime.now(UTC))
    plans = [_told(house, reading, judge) for reading in found]
    if decide_again:
        plans = [
            _decided_again(house, plan, reading, (name, key, instead), judge)
            for plan, reading in zip(plans, found, strict=True)
        ]
    return Recall(fact, now or datetime.now(UTC), tuple(versions), tuple(plans), looked_at,
                  after_these, _learnt(house, fact, chosen))  # fmt: skip


def _learnt(house: House, fact: str, chosen: Chosen) -> tuple[Learnt, ...]:
    """The versions of the forecast that an observation, as chosen, may have been learnt for."""
    chain, name, key = named_fact(fact)
    parts = key.split("/")
    if name != OBSERVATION or len(parts) < 2:
        return ()
    uri = f"{chain}/DemandForecast/{parts[0]}/{parts[1]}"
    try:
        versions = versions_of(house.driver, uri, Chosen())
    except InputError:  # nothing was learnt yet
        return ()
    return tuple(
        Learnt(uri, version.event)
        for version in versions
        if (upto := learnt_upto(version.file)) is not None and upto >= chosen.event
    )


def _page(
    house: House, fact: str, chosen: Chosen, after: Cursor, first: int
) -> tuple[list[Reading], Cursor | None, int]:
    """Readings of a page, where the next begins, and how many plans were looked at."""
    part, before = after
    found: list[Reading] = []
    if part == DECISIVE:
        found = plans_resting_on(house.driver, fact, chosen, before=before, first=first + 1)
        if len(found) > first:
            return found[:first], (DECISIVE, found[first - 1].event_sequence), 0
        before = OPEN_END
    looked = plans_looked_at(house.driver, fact, chosen, before=before, first=LOOKED_AT + 1)
    more: list[Reading] = []
    for reading in _touched(house, fact, chosen, looked[:LOOKED_AT]):
        if len(found) + len(more) == first:
            last = more[-1].event_sequence if more else before
            return found + more, (TOUCHED, last), len(looked)
        more.append(reading)
    last = looked[LOOKED_AT - 1][0].event_sequence if len(looked) > LOOKED_AT else 0
    return found + more, (TOUCHED, last) if last else None, min(len(looked), LOOKED_AT)


def _touched(
    house: House, fact: str, chosen: Chosen, looked: Iterable[tuple[Reading, bool]]
) -> Iterator[Reading]:
    """Those plans whose snapshot held a chosen version, and of which no line rests on it."""
    _, name, key = named_fact(fact)
    held = Held(house.store, name, key)
    versions = [(reading, held.version(reading.snapshot))
                for reading, is_decisive in looked if not is_decisive]  # fmt: skip
    times = recorded_times(house.driver, {version[0] for _, version in versions if version})
    for reading, version in versions:
        if version is not None and version[0] in times and chosen.holds(
            version[0], times[version[0]]
        ):  # fmt: skip
            yield replace(reading, version=version)


def _told(house: House, reading: Reading, judge: Undoing) -> PlanRecalled:
    lines = tuple(LineRead(line["number"], line, judge.of(line)) for line in reading.lines)
    return PlanRecalled(
        reading.plan, reading.chain, reading.event_sequence, reading.made_at,
        house.persons.told(reading.agent),
        DECISIVE if reading.is_decisive else TOUCHED, *reading.version,
        reading.line_count, reading.shortfall_count, lines, reading.shortfalls,
    )  # fmt: skip


def _decided_again(
    house: House, plan: PlanRecalled, reading: Reading, asked: tuple[str, str, str], judge: Undoing
) -> PlanRecalled:
    name, key, instead = asked
    try:
        document = house.store.get_document(reading.artifact)
        return replace(plan, otherwise=otherwise(
            house, document, name, key, reading.made_at, instead, judge
        ))  # fmt: skip
    except EvenkeelError as error:
        if error.code == "INSTEAD_UNKNOWN":
            raise
        return replace(plan, why_not=f"{error} [{error.code}]")
