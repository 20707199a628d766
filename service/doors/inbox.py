"""Queues of what comes in, one per source: bounded, paced, and none delays another."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Semaphore
from time import monotonic_ns
from typing import TypeVar

from ontology.errors import StateError
from service.doors.door_bounds import DoorBounds
from service.doors.spool import spool

T = TypeVar("T")
NANOSECONDS = 10**9
BUSY_SECONDS = 5
"""So long a sender is asked to wait where a queue is full: it empties as fast as it empties."""


def service_ending() -> StateError:
    """What is told to who comes as the service is being stopped; nothing was taken."""
    return StateError("the service is being stopped", code="SERVICE_ENDING",
                      hint="send it again when the service is back")  # fmt: skip


class TryLaterError(StateError):
    """A source sends more than is taken from it; what it sent was not taken, and nothing is lost.

    Codes `RATE_LIMITED` and `QUEUE_FULL`.
    """

    def __init__(self, what: str, *, code: str, retry_after_seconds: int) -> None:
        super().__init__(what, code=code, hint=f"send it again after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


@dataclass
class _Queue:
    """What one source has waiting, and the one thread that takes it."""

    worker: ThreadPoolExecutor
    deliveries: int = 0
    size_bytes: int = 0
    next_due_ns: int = 0


@dataclass
class Ticket:
    """The place of one delivery in its source's queue, until `end` or until its work is done."""

    inbox: "Inbox"
    source: str
    size_bytes: int = 0
    is_handed_over: bool = field(default=False, init=False)

    def __enter__(self) -> "Ticket":
        """The ticket; leaving the block gives its place back unless work was handed over."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the place back, unless the work has it now."""
        if not self.is_handed_over:
            self.inbox.end(self)

    def grow(self, more_bytes: int) -> None:
        """So many more bytes have come. Raises TryLaterError `QUEUE_FULL`."""
        self.inbox.grow(self, more_bytes)

    def submit(self, work: Callable[[], T], then: Callable[[], None]) -> "Future[T]":
        """Hand the work over; `then` is called once it is done or dropped."""
        return self.inbox.submit(self, work, then)


class Inbox:
    """Takes deliveries from many sources at once.

    A source has one worker, so its deliveries are taken in the order in which they were handed
    over; `bounds.inbox_workers` sources are worked at a time. What waits is bounded per source in
    number and bytes, and how often a source may begin is paced by the generic cell rate algorithm
    (ITU-T I.371), so that a source that is slow, large or wrong fills its own queue alone.
    """

    def __init__(
        self, home: Path, bounds: DoorBounds, clock: Callable[[], int] = monotonic_ns
    ) -> None:
        self.bounds = bounds
        self._home = home
        self._clock = clock
        self._lock = Lock()
        self._queues: dict[str, _Queue] = {}
        self._turns = Semaphore(bounds.inbox_workers)
        self._open = ExitStack()
        self._folder: Path | None = None
        self._is_closed = False

    @property
    def folder(self) -> Path:
        """The private folder for what comes in; made at the first delivery.

        Raises StateError `SERVICE_ENDING` once the inbox is closed: nobody would delete it then.
        """
        with self._lock:
            if self._is_closed:
                raise service_ending()
            if self._folder is None:
                self._folder = self._open.enter_context(spool(self._home))
            return self._folder

    def admit(self, source: str) -> Ticket:
        """A place for one more delivery. Raises TryLaterError `RATE_LIMITED` or `QUEUE_FULL`."""
        with self._lock:
            queue = self._queue_of(source)
            if queue.deliveries >= self.bounds.queue_deliveries:
                raise TryLaterError(f"{queue.deliveries} deliveries of `{source}` are waiting",
                               code="QUEUE_FULL", retry_after_seconds=BUSY_SECONDS)  # fmt: skip
            self._pace(source, queue)
            queue.deliveries += 1
        return Ticket(self, source)

    def grow(self, ticket: Ticket, more_bytes: int) -> None:
        """Count bytes of a delivery. Raises TryLaterError `QUEUE_FULL`."""
        with self._lock:
            queue = self._queue_of(ticket.source)
            if queue.size_bytes + more_bytes > self.bounds.queue_bytes:
                raise TryLaterError(f"{queue.size_bytes} bytes of `{ticket.source}` are waiting",
                               code="QUEUE_FULL", retry_after_seconds=BUSY_SECONDS)  # fmt: skip
            queue.size_bytes += more_bytes
            ticket.size_bytes += more_bytes

    def submit(
        self, ticket: Ticket, work: Callable[[], T], then: Callable[[], None]
    ) -> "Future[T]":  # fmt: skip
        """Queue the work of a ticket behind the others of its source."""
        found = self._queue_of(ticket.source).worker.submit(self._in_turn, work)
        ticket.is_handed_over = True
        found.add_done_callback(lambda _: self._finished(ticket, then))
        return found

    def end(self, ticket: Ticket) -> None:
        """Give the place of a ticket back."""
        with self._lock:
            queue = self._queue_of(ticket.source)
            queue.deliveries -= 1
            queue.size_bytes -= ticket.size_bytes

    def close(self) -> None:
        """Finish what is being worked, drop what waits (nobody was told that it is kept)."""
        for queue in list(self._queues.values()):
            queue.worker.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            self._is_closed = True
        self._open.close()

    def _in_turn(self, work: Callable[[], T]) -> T:
        with self._turns:
            return work()

    def _finished(self, ticket: Ticket, then: Callable[[], None]) -> None:
        try:
            then()
        finally:
            self.end(ticket)

    def _queue_of(self, source: str) -> _Queue:
        if source not in self._queues:
            worker = ThreadPoolExecutor(1, thread_name_prefix=f"inbox-{source}")
            self._queues[source] = _Queue(worker)
        return self._queues[source]

    def _pace(self, source: str, queue: _Queue) -> None:
        now, bounds = self._clock(), self.bounds
        step = 60 * NANOSECONDS // bounds.rate_per_minute
        due = max(queue.next_due_ns, now) + step
        early = due - now - bounds.burst_deliveries * step
        if early > 0:
            seconds = -(-early // NANOSECONDS)
            raise TryLaterError(
                f"`{source}` delivers more than {bounds.rate_per_minute} times a minute",
                code="RATE_LIMITED", retry_after_seconds=seconds,
            )  # fmt: skip
        queue.next_due_ns = due
