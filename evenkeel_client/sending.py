"""Requests to a service: what is sent again, when, and what becomes of what never came."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from evenkeel_client.errors import EvenkeelError, told, unreadable

TRIES = 5
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 30.0
TIMEOUT = httpx.Timeout(10.0, read=300.0)
"""Seconds to connect and to send; a plan may take minutes until it is answered."""
AGAIN = frozenset({429, 502, 503, 504})
"""The statuses after which the same request may be answered."""
BEFORE_IT_RAN = frozenset({429})
"""Of these, those that say that nothing was done."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent, and how long is waited before it is sent again."""

    tries: int = TRIES
    first_wait_seconds: float = FIRST_WAIT_SECONDS
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS

    def seconds(self, tried: int, stated: str = "") -> float:
        """Before the next try: what the service stated, else twice as long each time, drawn.

        Never longer than the longest wait.
        """
        if stated.isdecimal():
            return min(float(stated[:9]), self.longest_wait_seconds)
        most = min(self.first_wait_seconds * 2 ** min(tried, 60), self.longest_wait_seconds)
        return random.uniform(most / 2, most)  # noqa: S311 - spreads callers, guards nothing


class Connection:
    """Sends requests to one service with its token; any number of threads may use it."""

    def __init__(
        self, address: str, token: str, *, patience: Patience, http: httpx.Client | None = None
    ) -> None:
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._http = http or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self.patience = patience

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def document(
        self, path: str, body: Mapping[str, Any] | bytes, *, is_safe: bool, **more: Any
    ) -> Any:
        """The JSON answer to a POST. `is_safe` says that sending it twice acts once.

        Raises EvenkeelError for whatever is no answer.
        """
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if not isinstance(body, bytes):
            more["headers"] = {"Content-Type": "application/json"} | more.get("headers", {})
        return self.again(lambda: self._document(path, content, **more), is_safe=is_safe)

    def _document(self, path: str, content: bytes, **more: Any) -> Any:
        with self.streamed("POST", path, content=content, **more) as answer:
            answer.read()
            try:
                found = answer.json()
            except ValueError as error:
                raise unreadable("no JSON", answer.status_code) from error
        if fault := told(found, answer.status_code):
            raise fault
        return found

    def again(self, work: Callable[[], Answer], *, is_safe: bool) -> Answer:
        """The answer of some work, tried again where it may be. Raises EvenkeelError."""
        for tried in range(self.patience.tries):
            try:
                return work()
            except _TryAgainError as error:
                if tried + 1 == self.patience.tries or not (is_safe or error.is_untouched):
                    raise error.told from error.__cause__
                time.sleep(self.patience.seconds(tried, error.retry_after))
        raise AssertionError("a request is tried at least once")

    @contextmanager
    def streamed(self, method: str, path: str, **more: Any) -> Iterator[httpx.Response]:
        """An answer as it comes, with a status below 300; within `again` it may be tried again.

        Raises EvenkeelError for any other status, or what `again` takes.
        """
        headers = self._headers | more.pop("headers", {})
        request = self._http.build_request(method, self._address + path, headers=headers, **more)
        try:
            answer = self._http.send(request, stream=True)
        except httpx.TransportError as error:
            untouched = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise _TryAgainError(_unreachable(error), is_untouched=untouched) from error
        try:
            if answer.status_code >= 300:
                raise _refusal(answer)
            yield answer
        except httpx.TransportError as error:
            raise _TryAgainError(_unreachable(error)) from error
        finally:
            answer.close()


class _TryAgainError(Exception):
    """A request that may be sent again; `told` is what is raised where it is not."""

    def __init__(
        self, told: EvenkeelError, *, retry_after: str = "", is_untouched: bool = False
    ) -> None:
        super().__init__(str(told))
        self.told, self.retry_after, self.is_untouched = told, retry_after, is_untouched


CutOffError = _TryAgainError


def _refusal(answer: httpx.Response) -> Exception:
    status = answer.status_code
    try:
        answer.read()
        found = told(answer.json(), status)
    except ValueError:
        found = None
    error = found or unreadable(f"status {status}", status)
    if status in AGAIN:
        return _TryAgainError(error, retry_after=answer.headers.get("retry-after", ""),
                              is_untouched=status in BEFORE_IT_RAN)  # fmt: skip
    return error


def _unreachable(error: httpx.TransportError) -> EvenkeelError:
    why = str(error) or type(error).__name__
    return EvenkeelError(f"the service gave no whole answer: {why}", code="UNREACHABLE",
                         hint="check the address, and whether the service is up")  # fmt: skip
