"""The service on a socket of loopback, in a thread, for peers that need a real connection."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from fastapi import FastAPI
from uvicorn import Config, Server


@dataclass(frozen=True)
class Served:
    """Where the service is."""

    address: str


@contextmanager
def serving(application: Callable[[Event], FastAPI]) -> Iterator[Served]:
    """Serves until the block ends; a free port is chosen before."""
    ending = Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = Server(Config(application(ending), log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            ending.set()
            server.should_exit = True
            thread.join(timeout=30)
