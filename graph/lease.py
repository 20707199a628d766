"""A lease in the graph: one owner at a time, by the database's clock, and a fence for its acts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import DriverError, Neo4jError

from graph.statements import Row, database_error, read, run
from ontology.errors import StateError

T = TypeVar("T")
Fence = Callable[[ManagedTransaction], None]
"""Runs in a transaction before it writes anything, and refuses by raising."""


class LeaseLostError(StateError):
    """Another owner holds the lease now: whoever held it acts no more."""

    code = "LEASE_LOST"


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by an owner until a time (milliseconds since 1970, by the database's clock).

    `number` is another, larger one for each that takes it from somebody else.
    """

    name: str
    owner: str
    number: int
    until_millis: int

    def fence(self, tx: ManagedTransaction) -> None:
        """Raises LeaseLostError unless this lease stands; nobody takes it before `tx` ends."""
        run(tx, "lease_lock", name=self.name)
        found = run(tx, "lease_read", name=self.name)
        holds = found and (found[0]["owner"], found[0]["number"]) == (self.owner, self.number)
        if not holds:  # INVARIANT: two leaders never act at once, whatever their clocks say
            raise LeaseLostError(
                f"another process leads `{self.name}` now", code="LEASE_LOST",
                hint="nothing was done here: it is done there",
            )  # fmt: skip


def take_lease(
    driver: Driver, name: str, owner: str, millis: int, now_millis: int | None = None
) -> Lease | None:
    """Take a lease that is free or run out, or renew one's own; None while another holds it.

    One that lasts longer from now on than it was taken for has run out, too: the database's clock
    was set back, and who holds it no longer renews it.

    `now_millis` stands for the database's clock in tests.
    """

    def take(tx: ManagedTransaction) -> Lease | None:
        run(tx, "lease_lock", name=name)
        found = run(tx, "lease_read", name=name)
        if not found:  # the head of the log is locked, so only one makes it
            run(tx, "log_lock")
            run(tx, "lease_make", name=name)
            run(tx, "lease_lock", name=name)
            found = run(tx, "lease_read", name=name)
        now = found[0]["now"] if now_millis is None else now_millis
        mine = found[0]["owner"] == owner
        if not mine and not _is_over(found[0], now):
            return None
        number = found[0]["number"] + (0 if mine else 1)
        run(tx, "lease_write", name=name, owner=owner, number=number, until=now + millis,
            millis=millis)  # fmt: skip
        return Lease(name, owner, number, now + millis)

    return _write(driver, take)


def give_up(driver: Driver, lease: Lease) -> None:
    """Let others take a lease at once; one that is lost already stays theirs."""

    def give(tx: ManagedTransaction) -> None:
        lease.fence(tx)
        run(tx, "lease_write", name=lease.name, owner="", number=lease.number, until=0, millis=0)

    try:
        _write(driver, give)
    except LeaseLostError:
        return


def holder(driver: Driver, name: str) -> Lease | None:
    """Who holds a lease now; None where nobody does."""
    found = read(driver, "lease_read", {"name": name})
    rows = [row for row in found if not _is_over(row, row["now"])]
    return Lease(name, rows[0]["owner"], rows[0]["number"], rows[0]["until"]) if rows else None


def task_runs(driver: Driver) -> dict[str, Row]:
    """What each task of the scheduler did last, by name."""
    return {row["task"]["name"]: row["task"] for row in read(driver, "task_runs", {})}


def note_run(driver: Driver, lease: Lease, run_of: Row) -> None:
    """Note what a task did, under the lease. Raises LeaseLostError."""

    def note(tx: ManagedTransaction) -> None:
        lease.fence(tx)
        run(tx, "task_write", name=run_of["name"], run=run_of)

    _write(driver, note)


def _is_over(lease: Row, now: int) -> bool:
    """Whether a lease has run out; of one from before its length was noted, only the end tells."""
    until, millis = int(lease["until"]), lease["millis"]
    return until <= now or (millis is not None and until > now + int(millis))


def _write(driver: Driver, work: Callable[[ManagedTransaction], T]) -> T:
    try:
        with driver.session() as session:
            return session.execute_write(work)
    except (DriverError, Neo4jError) as error:
        raise database_error(error) from error
