"""The one composition root: everything that a verb needs, opened once, closed by who opened it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

from neo4j import ManagedTransaction

from governance.releases import Governing
from governance.releasing import Actor, ship
from graph.artifacts import ArtifactStore
from graph.catalog import Catalog
from graph.governance_events import governance_events_in
from graph.idempotency import Request
from graph.lease import Lease
from graph.log import Log, Write
from graph.login import Driver
from graph.persons import Persons
from graph.progress import Progress, silent
from graph.projection import Projection, bring_due, open_graph
from graph.recovery.checkpoints import Checkpoints
from graph.recovery.segments import Segments
from graph.server import open_database
from graph.settings import Settings
from graph.snapshot import SnapshotReader
from graph.state import State
from ontology.canonical import LARGEST_INTEGER, canonical
from ontology.columns import Snapshot
from ontology.errors import InputError, StateError
from ontology.events import Event, moment_of
from ontology.governance import PolicyRelease
from ontology.promises import Promise, merged_promises
from ontology.time_zones import FIRST_YEAR, LAST_YEAR
from rules.parts import Part
from rules.release import Release, composed, default_release, from_document
from service.governing.ledger import Ledger
from service.returned_memory import return_large_columns

SERVICE_AGENT = "evenkeel"
REBUILD = b"rebuild"
"""What the mark of a rebuild in place holds; that of a restore names its backup."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """What is asked for: facts true at `effective`, as they were known at `recorded`.

    `recorded` is a time or the sequence of an event. Where only that is said, facts are those
    that were true when the last feed by then was recorded.
    """

    effective: datetime | None = None
    recorded: datetime | int | None = None

    def __post_init__(self) -> None:
        """Raises InputError `BAD_TIME` for what no log has and no fact may state."""
        for when in (self.effective, self.recorded):
            if isinstance(when, datetime):
                check_time(when)
        if isinstance(self.recorded, int) and not 0 <= self.recorded <= LARGEST_INTEGER:
            raise InputError(f"{self.recorded} is no event of a log", code="BAD_TIME",
                             hint="write the number of an event")  # fmt: skip


def check_time(when: datetime) -> datetime:
    """The time, with an offset and in a year that facts may state. Raises InputError `BAD_TIME`."""
    if when.tzinfo is None or not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise InputError(f"`{when}` is no time with an offset from UTC", code="BAD_TIME",
                         hint="write it like 2026-03-01T06:00:00Z, in the years "
                         f"{FIRST_YEAR} to {LAST_YEAR}")  # fmt: skip
    return when


@dataclass(frozen=True, slots=True)
class House:
    """An open service: the graph, the artifacts, and what governs it.

    The `shipped` release came with the code. It is in force until people put another in force.
    """

    settings: Settings
    driver: Driver
    projection: Projection
    store: ArtifactStore
    reader: SnapshotReader
    catalog: Catalog
    shipped: Release
    ledger: Ledger

    def answering(self, request: Request | None) -> "House":
        """The same service for one request: what its verb logs is the answer, and there is one."""
        log = self.projection.log.answering(request)
        return self._on(log)

    def held(self, may_append: Callable[[], None]) -> "House":
        """The same service, which asks `may_append` before it logs anything that a verb does."""
        return replace(self, projection=self.projection.on(self.projection.log.held(may_append)))

    def rehearsing(self) -> "House":
        """The same service, in which a verb does all that it does and nothing of it stays."""
        return self._on(self.projection.log.rehearsing())

    def fenced(self, lease: Lease) -> "House":
        """The same service, in which nothing is logged once somebody else has the lease."""
        return self._on(self.projection.log.fenced(lease.fence))

    def plainly(self) -> "House":
        """The same service, answering nobody: what it logs beside what a request asked for."""
        return self._on(self.projection.log.plainly())

    def _on(self, log: Log) -> "House":
        projection = self.projection.on(log)
        return replace(self, projection=projection, ledger=self.ledger.on(projection))

    def release_for(self, chain: str) -> Release:
        """The release that governs a chain now; of no chain (empty), the one for all others."""
        state, now = self.ledger.present()
        return self.release_of(state.governing(chain, now, self.shipped.digest))

    def release_of(self, governing: Governing) -> Release:
        """What governs, as one release. Raises OutsideError `ARTIFACT_MISSING`."""
        if not governing.parts:
            return self.release_at(governing.whole)
        return _together(self.store, governing)

    def release_at(self, digest: str) -> Release:
        """The release of a digest, from its document. Raises OutsideError `ARTIFACT_MISSING`."""
        return self.shipped if digest == self.shipped.digest else _read(self.store, digest)

    def reserved(self, chain: str, without: str = "") -> tuple[Promise, ...]:
        """What plans have promised on a chain, all but one plan: an input of planning.

        Those that are approved, and those that were carried out; the facts tell what is left of it.
        """
        return merged_promises(self.ledger.state().approvals.promised(chain, without))

    def still_governs(
        self, release: Release, chain: str, reserved: tuple[Promise, ...] | None = None
    ) -> Write:
        """Refuses in the transaction what was decided under another release.

        And on other reservations than there are, where they are told. Raises StateError
        `RELEASE_SUPERSEDED`, `STALE_PLAN`.
        """
        state = self.ledger.state()

        def guard(tx: ManagedTransaction, event: Event) -> None:
            newest = state.after_all(governance_events_in(tx, state.sequence))
            found = newest.governing(chain, newest.now(event.recorded_at), self.shipped.digest)
            if found.named != release.named:
                raise StateError(
                    f"release `{release.digest[:12]}` no longer governs `{chain}`",
                    code="RELEASE_SUPERSEDED", hint="plan again: another release is in force",
                )  # fmt: skip
            held = merged_promises(newest.approvals.promised(chain))
            if reserved is not None and held != reserved:  # INVARIANT: what is promised is not free
                raise StateError(f"what is reserved on `{chain}` changed meanwhile",
                                 code="STALE_PLAN", hint="plan again")  # fmt: skip

        return guard

    def state(self, chain: str, now: datetime | None = None) -> State:
        """The state of a chain, facts that have come due since its last event in force."""
        return bring_due(self.projection, chain, now or datetime.now(UTC), SERVICE_AGENT)

    @property
    def persons(self) -> Persons:
        """Who the pseudonyms of this data folder stand for."""
        return Persons(self.settings.data_folder)

    def known(self, as_of: AsOf) -> int | None:
        """The last event that is known as of some times; None where that is all there are.

        INVARIANT: the same question has the same answer tomorrow, so what may still be recorded by
        then is waited for by nobody, and refused. Raises InputError `AS_OF_AHEAD`.
        """
        log, recorded = self.projection.log, as_of.recorded
        if isinstance(recorded, datetime):
            if not log.is_over(recorded):
                raise _ahead(f"`{recorded.isoformat()}` is not over yet by the service's clock",
                             "name a time that is over")  # fmt: skip
            return log.sequence_at(recorded)
        if recorded is not None and recorded > (last := log.head().sequence):
            raise _ahead(f"the log has no event {recorded} yet: its last is {last}",
                         "name an event that there is")  # fmt: skip
        return recorded

    def facts(self, chain: str, as_of: AsOf | None = None) -> Snapshot:
        """All facts of a chain, true and known as of some times: now, where none is said.

        Raises InputError `CHAIN_UNKNOWN`, `AS_OF_AHEAD` as `known` says.
        """
        if as_of is None or as_of == AsOf():
            self.state(chain)
            return self.reader.read(chain)
        return self.reader.read(chain, self.known(as_of), effective=as_of.effective)


def _ahead(why: str, instead: str) -> InputError:
    return InputError(why, code="AS_OF_AHEAD",
                      hint=f"{instead}, or none at all for what is known now")  # fmt: skip


@contextmanager
def open_house(
    settings: Settings, progress: Progress = silent, release: Release | None = None,
    agent: str = SERVICE_AGENT,
) -> Iterator[House]:  # fmt: skip
    """Start or reach the database, bring it up to date, and put the release in force.

    `release` is the shipped one unless given; `agent` is who puts it in force, where it is not
    yet. Everything here may be done again, or by several
    processes at once. Raises OutsideError or StateError as the graph does.
    """
    refuse_half_restored(settings)  # before a server is started in a folder that is being made
    driver = open_database(settings, progress)
    try:
        yield house_on(driver, settings, release, agent)
    finally:
        driver.close()


def house_on(
    driver: Driver, settings: Settings, release: Release | None = None, agent: str = SERVICE_AGENT
) -> House:
    """The service on an open driver, which stays the caller's to close."""
    return_large_columns()
    projection = projection_on(driver, settings)
    store = projection.store
    shipped, ledger = release or default_release(), Ledger(projection)
    _put_in_force(ledger, shipped, agent)
    catalog = Catalog(driver, Persons(settings.data_folder).told)
    return House(settings, driver, projection, store, projection.reader, catalog, shipped, ledger)


def projection_on(driver: Driver, settings: Settings) -> Projection:
    """The log and the graph of a data folder, in step with each other.

    Raises StateError `RESTORE_UNFINISHED`, and what `open_graph` raises.
    """
    refuse_half_restored(settings)
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    artifacts_folder(settings).mkdir(mode=0o700, exist_ok=True)  # plans are nobody else's to read
    store = ArtifactStore(artifacts_folder(settings))
    store.sweep()
    checkpoints = Checkpoints(settings.data_folder / "checkpoints", store)
    return open_graph(driver, store, Segments(log_folder(settings)), checkpoints)


def now_after(state: State) -> datetime:
    """The time of what is delivered now: after all that is in force.

    INVARIANT: what is delivered later is true later, whatever the clocks of machines say.
    """
    return max(datetime.now(UTC), moment_of(max(state.effective, 0) + 1))


def log_folder(settings: Settings) -> Path:
    """Where the segments of the log are."""
    return settings.data_folder / "log"


def transparency_folder(settings: Settings) -> Path:
    """Where the log's key and its signed checkpoints are."""
    return settings.data_folder / "transparency"


def restoring_mark(settings: Settings) -> Path:
    """The file that is there while a restore, or a rebuild in place, is not finished."""
    return settings.data_folder / "restoring"


def is_half_rebuilt(settings: Settings) -> bool:
    """Whether the mark is that of a rebuild."""
    try:
        return restoring_mark(settings).read_bytes() == REBUILD
    except FileNotFoundError:
        return False


def refuse_half_restored(settings: Settings) -> None:
    """Nothing is read or written before a restore, or a rebuild in place, is done.

    Raises StateError `RESTORE_UNFINISHED`, `REBUILD_UNFINISHED`.
    """
    if is_half_rebuilt(settings):
        raise StateError(
            f"a rebuild of the database in `{settings.data_folder}` was not finished",
            code="REBUILD_UNFINISHED", hint="give `evenkeel rebuild` again: it begins anew",
        )  # fmt: skip
    if restoring_mark(settings).exists():
        raise StateError(
            f"a restore into `{settings.data_folder}` was not finished", code="RESTORE_UNFINISHED",
            hint="give the same `evenkeel restore` again: it goes on where it stopped",
        )  # fmt: skip


def artifacts_folder(settings: Settings) -> Path:
    """Where this service keeps its artifacts."""
    return settings.data_folder / "artifacts"


@lru_cache(maxsize=16)
def _together(store: ArtifactStore, governing: Governing) -> Release:
    """One release, so that what was parsed and compiled once stays so."""
    return composed(_read(store, governing.whole), (
        Part(_read(store, each.release), each.regions, each.families, each.share_percent,
             each.salt, each.is_canary)
        for each in governing.parts
    ))  # fmt: skip


@lru_cache(maxsize=16)
def _read(store: ArtifactStore, digest: str) -> Release:
    """A release is known by its digest, which is also its document's name in the store."""
    return from_document(store.get_document(digest))


def _put_in_force(ledger: Ledger, shipped: Release, agent: str) -> None:
    """The shipped release is in force where it came last, and people have not put another there."""
    _ = shipped.compiled  # INVARIANT: a release with a rule that cannot be evaluated never acts
    record = PolicyRelease(shipped.digest, shipped.name, shipped.version, len(shipped.rules))
    ledger.projection.store.put(canonical(shipped.to_document()))
    ledger.append(partial(ship, agent=Actor(agent, is_person=False), record=asdict(record)))
