"""The service on a socket until a signal ends it: readers are let go, deliveries are finished."""

import gc
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

from fastapi import FastAPI
from uvicorn import Config, Server

from api.graphql.limits import BODY_BYTES
from service.returned_memory import give_back

LONGEST_END_SECONDS = 10
"""So long requests under way may go on when the service is stopped; then they are cut off."""
KEPT_ALIVE_SECONDS = 75
"""Longer than people think: a connection that ends as a request comes loses that request."""
TAKES_NOTHING_SECONDS = 120
COLLECTED_AFTER = (10_000, 10, 10)
"""So many new objects, and so many times that, before the collector looks (by default 700, 10, 10):
a look at all of them takes 20 to 30 ms, in the middle of every hundredth delivery or so."""
GIVEN_BACK_EVERY_SECONDS = 30


def serve_until_ended(application: FastAPI, ending: Event, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; both end it alike, and the caller goes on.

    `ending` is set by the first signal, so that streams without an end stop by themselves. A
    second SIGINT waits for no request. The signals' handlers are those of before afterwards.
    """
    config = Config(application, host=host, port=port, log_level="warning",
                    timeout_graceful_shutdown=LONGEST_END_SECONDS, ws_max_size=BODY_BYTES,
                    timeout_keep_alive=KEPT_ALIVE_SECONDS, ws_per_message_deflate=False
                    )  # fmt: skip
    server = _Server(config, ending)
    lives_as_long()
    Thread(target=_give_back, args=(ending,), name="gives memory back", daemon=True).start()
    with suppress(KeyboardInterrupt), _ended_by_sigterm(server):
        server.run(sockets=[listening(config)])


def lives_as_long() -> None:
    """What stands now stays until the process ends: the collector need not walk it again.

    A walk over all that is imported takes 50 to 70 ms, in the middle of some delivery. It comes
    seldom over the rest.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def _give_back(ending: Event) -> None:
    """Give memory that is free back to the system now and then, until the end."""
    while not ending.wait(GIVEN_BACK_EVERY_SECONDS):
        give_back()


class _Server(Server):
    """Tells streams of the first signal as it comes: they would go on for ever."""

    def __init__(self, config: Config, ending: Event) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal; the server's own loop ends the rest."""
        self._ending.set()
        super().handle_exit(sig, frame)


@contextmanager
def _ended_by_sigterm(server: Server) -> Iterator[None]:
    """SIGTERM ends the server where it came too early or too late for the server's own handler.

    The server raises each signal again when it has ended, which would kill the process before
    the database connection is closed.
    """

    def end(*_: object) -> None:
        server.should_exit = True

    if current_thread() is not main_thread():  # only there can signals be listened to
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listening(config: Config) -> socket.socket:
    """A socket that listens; the system ends a connection whose other side takes nothing.

    Who calls before the server has begun waits for it instead of being refused. A response that
    is given up leaves bytes behind that nobody would wait for. What is written is sent at once:
    else the body of an answer waits 40 ms until the other side has acknowledged its head. asyncio
    sees to that only where a socket names its protocol, and this one does not.
    """
    found = config.bind_socket()
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux has it (RFC 5482)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKES_NOTHING_SECONDS * 1000)
    found.listen(config.backlog)
    return found
