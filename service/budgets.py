"""What one caller may take of the service: requests, work and exports a minute, and at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic_ns

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import read_environment
from ontology.errors import InputError
from service.doors.inbox import BUSY_SECONDS, NANOSECONDS, TryLaterError

MOST_CALLERS = 1_024
"""So many callers have a budget of their own at a time; those beyond share one."""
_MINUTE = 60 * NANOSECONDS
_SHARED = ""


class CallerBounds(BaseSettings):
    """Bounds of each caller, from the environment; every one has a default.

    `caller_requests_per_minute` requests, of which `caller_at_once` are under way; queries of
    `caller_cost_per_minute` fields that they may be answered with at the most; exports of
    `caller_cells_per_minute` cells, `caller_exports` of them at once. A minute's worth may come
    in one moment.
    """

    model_config = SettingsConfigDict(
        env_prefix="EVENKEEL_", populate_by_name=True, env_ignore_empty=True, extra="ignore",
        frozen=True,
    )  # fmt: skip

    caller_requests_per_minute: int = Field(default=3_000, ge=1)
    caller_at_once: int = Field(default=128, ge=1)
    caller_cost_per_minute: int = Field(default=2_000_000, ge=1)
    caller_cells_per_minute: int = Field(default=100_000_000, ge=1)
    caller_exports: int = Field(default=3, ge=1)


def caller_bounds_from_environment() -> CallerBounds:
    """The bounds of this process; raises InputError `BAD_SETTING` naming the variable."""
    return read_environment(CallerBounds)


@dataclass
class _Meter:
    """The generic cell rate algorithm (ITU-T I.371) with a minute's worth as its burst."""

    due_ns: int = 0
    """When all that was taken so far is paid for."""

    def early_ns(self, cost_ns: int, now: int) -> int:
        """How long until so much may be taken; 0 if now."""
        return max(0, max(self.due_ns, now) + cost_ns - now - _MINUTE)

    def take(self, cost_ns: int, now: int) -> None:
        self.due_ns = max(self.due_ns, now) + cost_ns


@dataclass
class _Account:
    """What one caller has taken and not paid for, and what is under way."""

    requests: _Meter = field(default_factory=_Meter)
    cost: _Meter = field(default_factory=_Meter)
    cells: _Meter = field(default_factory=_Meter)
    at_once: int = 0
    exports: int = 0

    def is_idle(self, now: int) -> bool:
        """Whether it is as if the caller had never come."""
        meters = (self.requests, self.cost, self.cells)
        return not (self.at_once or self.exports) and all(one.due_ns <= now for one in meters)


class Budgets:
    """Keeps the budgets of all callers; whatever their number, memory is bounded.

    A caller is known by a key. Beyond MOST_CALLERS that are not idle, further ones share one
    budget: nobody gains by having many keys, and nobody who has a budget loses it. Any number of
    threads may ask.
    """

    def __init__(self, bounds: CallerBounds, clock: Callable[[], int] = monotonic_ns) -> None:
        self.bounds = bounds
        self._clock = clock
        self._lock = Lock()
        self._accounts: dict[str, _Account] = {}

    def __len__(self) -> int:
        """How many callers it remembers."""
        return len(self._accounts)

    @contextmanager
    def request(self, caller: str, *, stays: bool = False) -> Iterator[None]:
        """The place of one request until the block ends; a stream that `stays` holds none.

        Raises TryLaterError `RATE_LIMITED`.
        """
        with self._lock:
            account = self._account(caller)
            most = self.bounds.caller_requests_per_minute
            self._take(account.requests, 1, most, "RATE_LIMITED", f"{most} requests a minute")
            if not stays and account.at_once >= self.bounds.caller_at_once:
                raise _later(f"{account.at_once} requests are under way", "RATE_LIMITED", 1)
            account.at_once += not stays
        try:
            yield
        finally:
            with self._lock:
                account.at_once -= not stays

    def spend(self, caller: str, cost: int) -> None:
        """Take the cost of a query before it runs.

        Raises InputError `QUERY_COST` where it never fits into a minute, else TryLaterError
        `COST_LIMITED`.
        """
        most = self.bounds.caller_cost_per_minute
        if cost > most:
            raise InputError(
                f"the query may be answered with {cost:,} fields, more than {most:,}",
                code="QUERY_COST", hint="ask for smaller pages or fewer levels",
            )  # fmt: skip
        with self._lock:
            self._take(self._account(caller).cost, cost, most, "COST_LIMITED",
                       f"queries of {most:,} fields a minute")  # fmt: skip

    @contextmanager
    def export(self, caller: str) -> Iterator[Callable[[int], None]]:
        """The place of one export until the block ends, and what counts its cells.

        One that is larger than a minute's worth may go out, and is paid for afterwards. Raises
        TryLaterError `COST_LIMITED` or `EXPORTS_FULL`.
        """
        most = self.bounds.caller_cells_per_minute
        with self._lock:
            account = self._account(caller)
            if account.exports >= self.bounds.caller_exports:
                raise _later(f"{account.exports} of your exports go out already", "EXPORTS_FULL",
                             BUSY_SECONDS)  # fmt: skip
            self._take(
                account.cells, 0, most, "COST_LIMITED", f"exports of {most:,} cells a minute"
            )
            account.exports += 1

        def count(cells: int) -> None:
            with self._lock:
                account.cells.take(cells * _MINUTE // most, self._clock())

        try:
            yield count
        finally:
            with self._lock:
                account.exports -= 1

    def _take(self, meter: _Meter, amount: int, most: int, code: str, what: str) -> None:
        now, cost_ns = self._clock(), amount * _MINUTE // most
        early = meter.early_ns(cost_ns, now)
        if early > 0:
            raise _later(f"a caller has {what}", code, -(-early // NANOSECONDS))
        meter.take(cost_ns, now)

    def _account(self, caller: str) -> _Account:
        found = self._accounts.get(caller)
        if found is not None:
            return found
        if len(self._accounts) >= MOST_CALLERS:
            self._forget_idle()
        key = caller if len(self._accounts) < MOST_CALLERS else _SHARED
        return self._accounts.setdefault(key, _Account())

    def _forget_idle(self) -> None:
        now = self._clock()
        self._accounts = {
            key: one for key, one in self._accounts.items() if not one.is_idle(now)
        }  # fmt: skip


def _later(what: str, code: str, seconds: int) -> TryLaterError:
    return TryLaterError(what, code=code, retry_after_seconds=seconds)
