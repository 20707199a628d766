"""A proxy before the database, and what may go wrong with one of its answers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

Fault = Callable[[], bool]
"""Happens instead of an answer; True where the answer is sent after all."""

PIECE = 65_536
HELD_SECONDS = 0.3
_ENDED = OSError


def lost() -> bool:
    """The answer never comes, nor does another on this connection."""
    return False


def late() -> bool:
    """The answer comes after a while."""
    Event().wait(HELD_SECONDS)
    return True


class Proxy:
    """Forwards bytes to a port of this machine; lets the fault happen that it is armed with.

    An answer is what the database sends in one piece, counted over all connections.
    """

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = Lock()
        self._fault: Fault = lost
        self._left = 0
        self.happened = Event()
        Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listening.getsockname()[1]
        return port

    def arm(self, fault: Fault, at: int) -> None:
        """Let a fault happen to the answer number `at` from now, counted from 1."""
        with self._lock:
            self._fault, self._left = fault, at
            self.happened.clear()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(_ENDED):
            while True:
                client, _ = self._listening.accept()
                try:
                    server = socket.create_connection(self._to)
                except _ENDED:  # the database is down
                    client.close()
                    continue
                for source, sink, answers in ((client, server, False), (server, client, True)):
                    Thread(target=self._forward, args=(source, sink, answers), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(_ENDED):
            while piece := source.recv(PIECE):
                if answers and self._is_next() and not self._happens():
                    break
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(_ENDED):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_next(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0

    def _happens(self) -> bool:
        self.happened.set()
        return self._fault()


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A proxy, closed at the end."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
