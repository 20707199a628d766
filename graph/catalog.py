"""What the API reads: pages by key and batches by identity, each in one round trip."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from neo4j import Driver

from graph.facts import StatedFact, fact_from, kinds_of, record_from, relation_of
from graph.log import moment, timestamp
from graph.plan_nodes import LINE_CLASSES
from graph.release_nodes import settled
from graph.settled_rows import ROOM
from graph.statements import OPEN_END, Row, read
from ontology.errors import InputError
from ontology.governance import PolicyRelease, QuarantinedRow
from ontology.plan import Assignment, Plan, Purchase, Shortfall, Substitution, Transfer
from ontology.vocabulary import FACTS, no_class

PAGE_LIMIT = 1_000
"""The most rows of one page, whatever is asked for."""

T = TypeVar("T")
Line = Transfer | Purchase | Assignment | Substitution
LineKey = tuple[str, int]
NOW = OPEN_END


@dataclass(frozen=True)  # with slots, Python 3.11 cannot make a `Page[int]`
class Page(Generic[T]):
    """Rows in order of their key, and whether there are more after the last one."""

    rows: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far readers see: the last projected event and when it was recorded."""

    projected: int
    sequence: int
    root: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """A supply chain with how many feeds filled it and the sequence of the last.

    One without facts has nothing but rows that were set aside and are open.
    """

    chain: str
    feeds: int
    last_feed: int
    has_facts: bool


@dataclass(frozen=True, slots=True)
class TouchedPlan:
    """A plan made while a fact was thought otherwise; `lines` of it rest on such facts."""

    plan: str
    made_at: datetime
    lines: int


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan with its event, artifact and maker."""

    plan: Plan
    event_sequence: int
    artifact: str
    agent: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An event as readers may see it: without the seed of its salts."""

    sequence: int
    kind: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    artifact: str
    payload: Mapping[str, Any]
    leaf: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that a delivery set aside, with its number there (from 1), and what became of it.

    `state` is one of `graph.settled_rows.STATES`; `settled_in` is the event that settled it, 0
    while it is open, `agent` and `settled_at` by whom and when, `why` the reason that was given.
    """

    event: int
    number: int
    chain: str
    source: str
    state: str
    settled_in: int
    agent: str
    settled_at: datetime | None
    why: str
    row: QuarantinedRow


class Catalog:
    """Reads of the projected graph. `at` (a sequence) reads the past; NOW is the watermark.

    Every method is one statement and one round trip; `round_trips` counts them all. `names` gives
    whoever acted as a person is to see it: by default the pseudonym.
    """

    def __init__(self, driver: Driver, names: Callable[[str], str] = str) -> None:
        self._driver = driver
        self._names = names
        self.round_trips = 0

    def watermark(self) -> Watermark:
        """The end of the log and of what is projected of it."""
        row = self._read("catalog_head")[0]
        when = moment(row["recorded_at"]) if row["recorded_at"] else None
        return Watermark(row["projected"], row["sequence"], row["root"], when)

    def chains(self) -> list[ChainEntry]:
        """The supply chains that hold a fact or an open row, in order of name."""
        return [ChainEntry(**row) for row in self._read("catalog_chains")]

    def facts(
        self, chain: str, class_name: str, *, after: str = "", first: int = 50, at: int = NOW
    ) -> Page[StatedFact]:
        """Facts of a class in force, in order of natural key, after the key `after`."""
        prefix = f"{chain}/{_fact_class(class_name)}"
        limit = _limit(first)
        rows = self._read(
            "catalog_facts", after=f"{prefix}/{after}", high=f"{prefix}0", limit=limit + 1, at=at
        )
        return _page([fact_from(row["fact"]) for row in rows], limit)

    def by_uri(self, uris: Sequence[str], *, at: int = NOW) -> dict[str, StatedFact]:
        """The facts in force of many URIs; a URI without one is not in the answer."""
        rows = self._read("catalog_by_uri", uris=sorted(set(uris)), at=at)
        return {row["fact"]["uri"]: fact_from(row["fact"]) for row in rows}

    def referring(
        self,
        uris: Sequence[str],
        class_name: str,
        field: str,
        *,
        after: str = "",
        first: int = 50,
        at: int = NOW,
    ) -> dict[str, Page[StatedFact]]:
        """Per entity, the facts of a class whose reference field names it, in order of URI.

        `after` is a URI and cuts every page. Raises InputError `FIELD_UNKNOWN`.
        """
        kind = kinds_of(_fact_class(class_name)).get(field)
        if kind is None or not kind.refers_to:
            raise InputError(f"`{field}` is no reference of {class_name}", code="FIELD_UNKNOWN",
                             hint="name a field that refers to another class")  # fmt: skip
        limit = _limit(first)
        rows = self._read(
            "catalog_referring", uris=sorted(set(uris)), class_name=class_name,
            relation=relation_of(field), after=after, limit=limit + 1, at=at,
        )  # fmt: skip
        found: dict[str, list[StatedFact]] = {uri: [] for uri in uris}
        for row in rows:
            found[row["uri"]].append(fact_from(row["fact"]))
        return {uri: _page(facts, limit) for uri, facts in found.items()}

    def counts(self, chain: str, *, at: int = NOW) -> dict[str, int]:
        """How many facts of each class are in force."""
        rows = self._read("catalog_counts", low=f"{chain}/", high=f"{chain}0", at=at)
        return {row["class"]: row["facts"] for row in rows}

    def events(self, *, after: int = 0, first: int = 50) -> Page[EventEntry]:
        """Projected events after a sequence, in order."""
        limit = _limit(first)
        rows = self._read("catalog_events", after=after, limit=limit + 1)
        return _page([_event_entry(row["event"], self._names) for row in rows], limit)

    def quarantined(self, event: int, *, after: int = -1, first: int = 50) -> Page[QuarantinedRow]:
        """Rows that a feed set aside, in their order, after the position `after` (from 0)."""
        limit = _limit(first)
        rows = self._read("catalog_quarantined", event=event, after=after, limit=limit + 1)
        return _page([record_from("QuarantinedRow", row["row"]) for row in rows], limit)

    def set_aside_of(
        self, event: int, *, state: str = "", after: int = 0, first: int = 50
    ) -> Page[SetAside]:
        """Rows that a delivery set aside (in one state), after the number `after` (from 1)."""
        limit = _limit(first)
        rows = self._read("catalog_set_aside_of", event=event, state=state, after=after - 1,
                          limit=limit + 1)  # fmt: skip
        return _page([_set_aside(row, self._names) for row in rows], limit)

    def set_aside(
        self, chain: str, state: str, *, source: str = "", class_name: str = "", code: str = "",
        after: tuple[int, int] = (0, 0), first: int = 50,
    ) -> Page[SetAside]:  # fmt: skip
        """Rows of a chain that are in one state, after the (event, number) `after`."""
        limit = _limit(first)
        event, number = after
        rows = self._read("catalog_set_aside", chain=chain, state=state, source=source,
                          class_name=class_name, code=code, limit=limit + 1,
                          after=event * ROOM + number - 1)  # fmt: skip
        return _page([_set_aside(row, self._names) for row in rows], limit)

    def releases(self, *, first: int = 50) -> list[PolicyRelease]:
        """Activated releases, the latest first, with their status of now."""
        rows, now = self._read("catalog_releases", limit=_limit(first)), datetime.now(UTC)
        return [record_from("PolicyRelease", settled(row["release"], now)) for row in rows]

    def plans(self, chain: str, *, before: int = NOW, first: int = 50) -> Page[PlanEntry]:
        """Plans of a chain, the latest first, made before the event sequence `before`."""
        limit = _limit(first)
        rows = self._read("catalog_plans", chain=chain, before=before, limit=limit + 1)
        return _page([_plan_entry(row, self._names) for row in rows], limit)

    def plans_by_digest(self, digests: Sequence[str]) -> dict[str, PlanEntry]:
        """Plans by digest; an unknown one is not in the answer."""
        rows = self._read("catalog_plans_by_digest", plans=sorted(set(digests)))
        return {row["plan"]["digest"]: _plan_entry(row, self._names) for row in rows}

    def plans_since(
        self,
        chain: str,
        since: datetime,
        until: datetime,
        uris: Sequence[str],
        *,
        first: int = 50,
    ) -> list[TouchedPlan]:
        """Plans of a chain recorded between two times, the latest first.

        Each with the lines that rest on any version of the facts of these entities.
        """
        rows = self._read("catalog_touched", chain=chain, since=timestamp(since),
                          until=timestamp(until), uris=list(uris), limit=_limit(first))  # fmt: skip
        return [TouchedPlan(row["plan"], moment(row["made_at"]), row["lines"]) for row in rows]

    def lines(
        self, plans: Sequence[str], *, after: int = 0, first: int = 50
    ) -> dict[str, Page[Line]]:
        """Per plan, its lines in order of number, after the number `after`."""
        return self._of_plans("catalog_lines", plans, after, first)

    def shortfalls(
        self, plans: Sequence[str], *, after: int = 0, first: int = 50
    ) -> dict[str, Page[Shortfall]]:
        """Per plan, its shortfalls in order of number, after the number `after`."""
        return self._of_plans("catalog_shortfalls", plans, after, first)

    def line_facts(self, lines: Sequence[LineKey]) -> dict[LineKey, tuple[StatedFact, ...]]:
        """Per line (plan digest, number), the decisive fact versions that it rests on."""
        return self._facts_of("catalog_line_facts", lines)

    def shortfall_facts(self, lines: Sequence[LineKey]) -> dict[LineKey, tuple[StatedFact, ...]]:
        """Per shortfall (plan digest, number), the decisive fact versions that it rests on."""
        return self._facts_of("catalog_shortfall_facts", lines)

    def _of_plans(
        self, name: str, plans: Sequence[str], after: int, first: int
    ) -> dict[str, Page[Any]]:
        limit = _limit(first)
        rows = self._read(name, plans=sorted(set(plans)), after=after, limit=limit + 1)
        found: dict[str, list[Any]] = {plan: [] for plan in plans}
        for row in rows:
            line = row["line"]
            is_short = name == "catalog_shortfalls"
            class_name = "Shortfall" if is_short else LINE_CLASSES[line["kind"]]
            found[row["plan"]].append(record_from(class_name, line))
        return {plan: _page(lines, limit) for plan, lines in found.items()}

    def _facts_of(
        self, name: str, lines: Sequence[LineKey]
    ) -> dict[LineKey, tuple[StatedFact, ...]]:
        keys = [{"plan": plan, "number": number} for plan, number in sorted(set(lines))]
        found: dict[LineKey, list[StatedFact]] = {line: [] for line in lines}
        for row in self._read(name, lines=keys):
            found[row["plan"], row["number"]].append(fact_from(row["fact"]))
        return {line: tuple(facts) for line, facts in found.items()}

    def _read(self, name: str, **parameters: Any) -> list[Row]:
        self.round_trips += 1
        return read(self._driver, name, parameters)


def _limit(first: int) -> int:
    if not 1 <= first <= PAGE_LIMIT:
        raise InputError(f"a page of {first} rows is not between 1 and {PAGE_LIMIT}",
                         code="PAGE_SIZE", hint="ask for a smaller page")  # fmt: skip
    return first


def _page(rows: list[T], limit: int) -> Page[T]:
    return Page(tuple(rows[:limit]), len(rows) > limit)


def _fact_class(class_name: str) -> str:
    if class_name not in FACTS:
        raise no_class(class_name)
    return class_name


def _set_aside(row: Row, names: Callable[[str], str]) -> SetAside:
    node = row["row"]
    payload = orjson.loads(row["payload"]) if row["payload"] else {}
    return SetAside(
        node["event_sequence"], node["event_row"] + 1, node["chain"], node["source"],
        node["state"], node["settled_in"], names(row["agent"] or ""),
        moment(row["at"]) if row["at"] else None, str(payload.get("reason", "")),
        record_from("QuarantinedRow", node),
    )  # fmt: skip


def _plan_entry(row: Row, names: Callable[[str], str]) -> PlanEntry:
    plan = row["plan"]
    return PlanEntry(record_from("Plan", plan), plan["event_sequence"], plan["artifact"],
                     names(row["agent"]), moment(row["made_at"]))  # fmt: skip


def _event_entry(row: Row, names: Callable[[str], str]) -> EventEntry:
    return EventEntry(
        row["sequence"], row["kind"], names(row["agent"]), moment(row["effective_at"]),
        moment(row["recorded_at"]), row["artifact"], orjson.loads(row["payload"]), row["leaf"],
    )  # fmt: skip
