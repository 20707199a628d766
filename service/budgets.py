"""What one caller may take of the service: requests, work and exports a minute, and at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
_UNDER_WAY, _EXPORTS = "requests", "exports"


class CallerBounds(BaseSettings):
    """Bounds of each caller, from the environment; every one has a default.

    `caller_requests_per_minute` requests, of which `caller_at_once` are under way; queries of
    `caller_cost_per_minute` fields that they may be answered with at the most; exports of
    `caller_cells_per_minute` cells, `caller_exports` of them at once. A minute's worth may come
    in one moment. Of the places that a door has for streams and sockets a caller holds at most
    `caller_share_percent`, and one at the least.
    """

    model_config = SettingsConfigDict(
        env_prefix="EVENKEEL_", populate_by_name=True, env_ignore_empty=True, extra="ignore",
        frozen=True,
    )  # fmt: skip

    caller_requests_per_minute: int = Field(default=3_000, ge=1)
    caller_at_once: int = Field(default=128, ge=1)
    caller_cost_per_minute: int = Field(default=2_000_000, ge=1)
    caller_cells_per_minute: int = Field(default=100_000_000, ge=1)
    caller_exports: int = Field(default=2, ge=1)
    caller_share_percent: int = Field(default=50, ge=1, le=100)


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
    held: Counter[str] = field(default_factory=Counter)
    """How many places of each kind: requests that are under way, exports, streams, sockets."""

    def is_idle(self, now: int) -> bool:
        """Whether it is as if the caller had never come."""
        meters = (self.requests, self.cost, self.cells)
        return not self.held.total() and all(one.due_ns <= now for one in meters)


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
    def request(self, caller: str) -> Iterator[Callable[[], None]]:
        """The place of one request until the block ends, or until what is given is called.

        That is for streams, once they have a place of their own. Raises TryLaterError
        `RATE_LIMITED`.
        """
        with self._lock:
            account = self._account(caller)
            most = self.bounds.caller_requests_per_minute
            self._take(account.requests, 1, most, "RATE_LIMITED", f"{most} requests a minute")
            if account.held[_UNDER_WAY] >= self.bounds.caller_at_once:
                raise _later(f"{account.held[_UNDER_WAY]} requests are under way",
                             "RATE_LIMITED", 1)  # fmt: skip
            account.held[_UNDER_WAY] += 1
        with ExitStack() as place:
            place.callback(self._give_back, account, _UNDER_WAY)
            yield place.close

    @contextmanager
    def place(self, caller: str, kind: str, places: int, code: str) -> Iterator[None]:
        """One of the `places` of a kind until the block ends, within the share of one caller.

        Raises TryLaterError of that code.
        """
        most = max(1, places * self.bounds.caller_share_percent // 100)
        with self._lock:
            account = self._account(caller)
            if account.held[kind] >= most:
                raise _later(f"you hold {most} of the {places} places for {kind}", code,
                             BUSY_SECONDS)  # fmt: skip
            account.held[kind] += 1
        try:
            yield
        finally:
            self._give_back(account, kind)

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
            if account.held[_EXPORTS] >= self.bounds.caller_exports:
                raise _later(f"{account.held[_EXPORTS]} of your exports go out already",
                             "EXPORTS_FULL", BUSY_SECONDS)  # fmt: skip
            self._take(
                account.cells, 0, most, "COST_LIMITED", f"exports of {most:,} cells a minute"
            )
            account.held[_EXPORTS] += 1

        def count(cells: int) -> None:
            with self._lock:
                account.cells.take(cells * _MINUTE // most, self._clock())

        try:
            yield count
        finally:
            self._give_back(account, _EXPORTS)

    def _give_back(self, account: _Account, kind: str) -> None:
        with self._lock:
            account.held[kind] -= 1

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
