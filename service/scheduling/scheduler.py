"""The one scheduler: of all processes one leads, and does what is due by the clock or an event."""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from graph.lease import Lease, LeaseLostError, give_up, holder, note_run, take_lease, task_runs
from ontology.canonical import digest_of
from ontology.errors import EvenkeelError, StateError
from ontology.events import TASK_FAILED, NewEvent, micros_of, moment_of
from service.house import SERVICE_AGENT, House

LEASE = "scheduler"
LEASE_MILLIS = 30_000
"""So long after it was heard of last, another process takes over."""
LOOK_SECONDS, RENEW_SECONDS = 2.0, 10.0
LONGEST_END_SECONDS = 5.0
"""So long a task under way may go on when the service ends; it is done again by who leads next."""
LONGEST_TOLD = 400

Work = Callable[[House, datetime], str]
Row = dict[str, Any]
_log = logging.getLogger("evenkeel.scheduler")


@dataclass(frozen=True, slots=True)
class Task:
    """What is done again and again: its name, how often, and the work, which tells what it did.

    Work may be killed at any point and done again: nothing of it acts twice. What is `long` is
    done beside the others.
    """

    name: str
    every: timedelta
    work: Work
    says: str
    long: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What a task did last: when, what it says, and what failed (a code, and how often in turn)."""

    name: str
    began: datetime
    ended: datetime
    next: datetime
    told: str
    code: str = ""
    failures: int = 0

    def stated(self) -> Row:
        """As the graph keeps it; `run_of` reads it back."""
        times = {name: micros_of(getattr(self, name)) for name in ("began", "ended", "next")}
        return {"name": self.name, **times, "told": self.told, "code": self.code,
                "failures": self.failures}  # fmt: skip

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come, or the clock was set back since it ran."""
        return now >= self.next or now < self.began


def run_of(row: Row) -> Run:
    """The run that a row of the graph states."""
    times = {name: moment_of(row[name]) for name in ("began", "ended", "next")}
    return Run(row["name"], **times, told=row["told"], code=row["code"],
               failures=row["failures"])  # fmt: skip


@dataclass
class Scheduler:
    """Does tasks under a lease: of several schedulers over one graph, one at a time.

    `tick` is all of it: what it does is a function of the graph and of the time that it is given.
    `clock_millis` stands for the database's clock in tests.
    """

    house: House
    tasks: Sequence[Task]
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    clock_millis: Callable[[], int | None] = lambda: None
    leads: bool = False
    failing: frozenset[str] = frozenset()
    _lock: Lock = field(default_factory=Lock, repr=False)

    def tick(self, now: datetime, *, long: bool | None = None) -> tuple[Run, ...]:
        """Do what is due, if this scheduler leads; gives what was done.

        A task that fails is noted and holds up no other. `long` asks for those tasks alone, or for
        all others. Raises OutsideError where the database fails.
        """
        lease = self.hold()
        if lease is None:
            return ()
        runs, done = known_runs(self.house), []
        try:
            for task in self.tasks:
                last = runs.get(task.name)
                is_asked = long is None or task.long is long
                if is_asked and (last is None or last.is_due(now)):
                    done.append(self._do(task, lease, now, last))
        except LeaseLostError:
            self.leads = False
        return tuple(done)

    def hold(self) -> Lease | None:
        """Take or renew the lease; None where another scheduler leads."""
        lease = take_lease(self.house.driver, LEASE, self.owner, LEASE_MILLIS, self.clock_millis())
        self.leads = lease is not None
        return lease

    def end(self) -> None:
        """Let another scheduler lead at once."""
        lease = holder(self.house.driver, LEASE)
        if lease is not None and lease.owner == self.owner:
            give_up(self.house.driver, lease)
        self.leads = False

    def health(self) -> Row:
        """Whether this process leads, and which tasks fail; reads nothing."""
        return {"leads": self.leads, "failing": sorted(self.failing)}

    def _do(self, task: Task, lease: Lease, now: datetime, last: Run | None) -> Run:
        house, began, code = self.house.fenced(lease), datetime.now(UTC), ""
        try:
            told = task.work(house, now)
        except LeaseLostError:
            raise
        except EvenkeelError as error:
            told, code = str(error), error.code
        except Exception as error:  # noqa: BLE001 - a task that fails holds up no other
            told, code = f"{type(error).__name__}: {error}", "INTERNAL"
            _log.exception("the task `%s` failed", task.name)
        took = datetime.now(UTC) - began
        failures = (0 if last is None else last.failures) + 1 if code else 0
        done = Run(
            task.name, now, now + took, now + task.every, told[:LONGEST_TOLD], code, failures
        )
        if failures == 1:
            _tell_failure(house, done, last)
        note_run(house.driver, lease, done.stated())
        with self._lock:
            self.failing = (self.failing | {task.name}) if code else (self.failing - {task.name})
        return done


def known_runs(house: House) -> dict[str, Run]:
    """What each task did last, by name."""
    return {name: run_of(row) for name, row in task_runs(house.driver).items()}


def over_chains(house: House, work: Callable[[str], str]) -> str:
    """What `work` tells of each chain; one that fails holds up no other, and is raised at the end.

    Raises the first of the errors, with the name of its chain.
    """
    told, failed = [], []
    for chain in house.projection.log.chains():
        try:
            told.append(work(chain))
        except LeaseLostError:
            raise
        except EvenkeelError as error:
            failed.append(StateError(f"{chain}: {error}", code=error.code, hint=error.hint))
    if failed:
        raise failed[0]
    return "; ".join(each for each in told if each)


def _tell_failure(house: House, done: Run, before: Run | None) -> None:
    """In the log of the service and in that of events, once until it goes well again."""
    _log.warning("the task `%s` fails: %s [%s]", done.name, done.told, done.code)
    since = 0 if before is None else micros_of(before.began)  # killed and done again: the same
    key = f"{TASK_FAILED}/{done.name}/{since}"
    payload = {"task": done.name, "code": done.code}  # the words may hold data, and stay out
    new = NewEvent(TASK_FAILED, key, SERVICE_AGENT, done.began, "", payload)
    house.projection.append(new, body=digest_of([key]))


@contextmanager
def scheduling(scheduler: Scheduler, ending: Event) -> Iterator[Scheduler]:
    """Let a scheduler run beside what the caller does, until `ending` is set or the caller goes on.

    A task under way is given LONGEST_END_SECONDS then, and another scheduler may lead.
    """
    threads = [
        Thread(target=_renew, args=(scheduler, ending), name="lease", daemon=True),
        *(Thread(target=_go_on, args=(scheduler, ending, long), name=f"scheduler-{long}",
                 daemon=True) for long in (False, True)),
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    try:
        yield scheduler
    finally:
        ending.set()
        for thread in threads:
            thread.join(LONGEST_END_SECONDS / len(threads))
        with suppress(EvenkeelError):
            scheduler.end()


def _go_on(scheduler: Scheduler, ending: Event, long: bool) -> None:
    while not ending.wait(LOOK_SECONDS):
        try:
            if scheduler.leads:
                scheduler.tick(datetime.now(UTC), long=long)
        except EvenkeelError as error:
            _log.warning("the scheduler waits: %s [%s]", error, error.code)
            ending.wait(RENEW_SECONDS)


def _renew(scheduler: Scheduler, ending: Event) -> None:
    """A task may take longer than the lease: it is renewed beside it."""
    while not ending.is_set():
        try:
            scheduler.hold()
        except EvenkeelError as error:
            _log.warning("the scheduler cannot reach its lease: %s [%s]", error, error.code)
        ending.wait(RENEW_SECONDS)
