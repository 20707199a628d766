"""Which plans read a fact: those with lines that rest on it, and those whose snapshot held it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.log import moment, timestamp
from graph.statements import OPEN_END, Row, read
from ontology.errors import InputError
from ontology.vocabulary import FACTS, MEASUREMENTS

LINES_NAMED = 20
"""So many lines of a plan that rest on a fact are given; all are counted."""

VERSIONS_NAMED = 50
_ALWAYS, _NEVER = "", "~"  # before and after every time that the log writes


@dataclass(frozen=True, slots=True)
class Chosen:
    """Versions of a fact: all, those of one event, or those recorded from `since` until `until`."""

    event: int = 0
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Raises InputError `TIMES_REVERSED` where the end is not after the beginning."""
        if self.since and self.until and self.until <= self.since:
            raise InputError(f"`{self.until.isoformat()}` is not after `{self.since.isoformat()}`",
                             code="TIMES_REVERSED", hint="name the earlier time first")  # fmt: skip

    @property
    def parameters(self) -> dict[str, Any]:
        """As the queries take it."""
        return {
            "event": self.event,
            "since": timestamp(self.since) if self.since else _ALWAYS,
            "until": timestamp(self.until) if self.until else _NEVER,
        }

    def holds(self, event: int, recorded_at: datetime) -> bool:
        """Whether a version of an event is one of them."""
        after = self.since is None or recorded_at >= self.since
        before = self.until is None or recorded_at < self.until
        return self.event in (0, event) and after and before


@dataclass(frozen=True, slots=True)
class Version:
    """What was stated of a fact, by an event and a row of it, and from where in which file.

    In force from event `from_event` on, and until `until_event` (None: still).
    """

    event: int
    row: int
    recorded_at: datetime
    agent: str
    file: str
    file_row: int
    from_event: int
    until_event: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan that read a version (event, row) of a fact, with the lines that rest on it.

    `lines` are the first of `line_count`, as the graph keeps them; `shortfalls` numbers of the
    first of `shortfall_count`. Both are empty where the fact was merely touched.
    """

    plan: str
    chain: str
    event_sequence: int
    artifact: str
    snapshot: str
    made_at: datetime
    agent: str
    version: tuple[int, int] = (0, 0)
    line_count: int = 0
    shortfall_count: int = 0
    lines: tuple[Mapping[str, Any], ...] = ()
    shortfalls: tuple[int, ...] = ()

    @property
    def is_decisive(self) -> bool:
        """Whether any line or shortfall of the plan rests on the fact."""
        return bool(self.line_count or self.shortfall_count)


def named_fact(uri: str) -> tuple[str, str, str]:
    """Chain, class and key of a fact's URI. Raises InputError `FACT_UNKNOWN`."""
    parts = uri.split("/", 2)
    if len(parts) < 3 or parts[1] not in FACTS:
        raise _unknown(uri)
    return parts[0], parts[1], parts[2]


def versions_of(driver: Driver, uri: str, chosen: Chosen) -> list[Version]:
    """The chosen versions of a fact, the latest first, at most 50; none of a measurement.

    One round trip. Raises InputError `FACT_UNKNOWN` where nothing was ever stated of it.
    """
    _, name, _ = named_fact(uri)
    rows = read(driver, "readers_versions",
                {"uri": uri, "limit": VERSIONS_NAMED, **chosen.parameters})  # fmt: skip
    if not rows and name not in MEASUREMENTS:
        raise _unknown(uri)
    return [_version(row) for row in rows]


def plans_resting_on(
    driver: Driver, uri: str, chosen: Chosen, *, before: int = OPEN_END, first: int
) -> list[Reading]:
    """Plans with lines or shortfalls that rest on the fact, the latest first; one round trip."""
    rows = read(driver, "readers_decisive", {
        "uri": uri, "before": before, "limit": first, "most": LINES_NAMED, **chosen.parameters,
    })  # fmt: skip
    return [_reading(row) for row in rows]


def plans_looked_at(
    driver: Driver, uri: str, chosen: Chosen, *, before: int = OPEN_END, first: int
) -> list[tuple[Reading, bool]]:
    """Plans of the fact's chain, the latest first, and whether each rests on it; one round trip."""
    chain, _, _ = named_fact(uri)
    rows = read(driver, "readers_plans", {
        "uri": uri, "chain": chain, "before": before, "limit": first, **chosen.parameters,
    })  # fmt: skip
    return [(_reading(row), row["is_decisive"]) for row in rows]


def recorded_times(driver: Driver, sequences: Iterable[int]) -> dict[int, datetime]:
    """When events were recorded; one round trip."""
    rows = read(driver, "readers_events", {"sequences": sorted(set(sequences))})
    return {row["sequence"]: moment(row["recorded_at"]) for row in rows}


class Held:
    """Which version of a fact a kept snapshot holds; tables that were read once are kept."""

    def __init__(self, store: ArtifactStore, name: str, key: str) -> None:
        self._store = store
        self._name = name
        self._key = key
        self._known: dict[tuple[str, str], tuple[int, int] | None] = {}

    def version(self, snapshot: str) -> tuple[int, int] | None:
        """Event and row of the version in a snapshot, None where it holds none.

        Reads the one table of the fact's class. Raises OutsideError as the artifacts do.
        """
        entry = self._store.get_document(snapshot)["tables"].get(self._name)
        if entry is None or "addresses" not in entry:
            return None
        place = (entry["artifact"], entry["addresses"])
        if place not in self._known:
            row = self._store.get_table(place[0]).row_of.get(self._key)
            found = None
            if row is not None:
                event, event_row = self._store.get_matrix(place[1])[row].tolist()
                found = (event, event_row)
            self._known[place] = found
        return self._known[place]


def _version(row: Row) -> Version:
    version = row["version"]
    until = version["until_sequence"]
    return Version(
        version["event_sequence"], version["event_row"], moment(row["recorded_at"]), row["agent"],
        version["source_file"], version["source_row"], version["from_sequence"],
        None if until == OPEN_END else until,
    )  # fmt: skip


def _reading(row: Row) -> Reading:
    plan = row["plan"]
    return Reading(
        plan["digest"], plan["chain"], plan["event_sequence"], plan["artifact"], row["snapshot"],
        moment(row["made_at"]), row["agent"], (row.get("event", 0), row.get("row", 0)),
        row.get("line_count", 0), row.get("shortfall_count", 0), tuple(row.get("lines", ())),
        tuple(row.get("shortfalls", ())),
    )  # fmt: skip


def _unknown(uri: str) -> InputError:
    return InputError(
        f"there is no fact `{uri}`, or none of it that was asked for", code="FACT_UNKNOWN",
        hint="name it chain/Class/key: two_hubs/Lane/truck-ns",
    )  # fmt: skip
