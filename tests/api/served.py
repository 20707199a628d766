"""The service on a socket of loopback, in a thread, for peers that need a real connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from fastapi import FastAPI
from uvicorn import Config, Server

from api.serving import listening


@dataclass(frozen=True)
class Served:
    """Where the service is."""

    address: str


@contextmanager
def serving(application: Callable[[Event], FastAPI]) -> Iterator[Served]:
    """Serves until the block ends; a free port is chosen before, and who calls early waits."""
    ending = Event()
    config = Config(application(ending), port=0, log_level="warning")
    with listening(config) as found:
        server = Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{found.getsockname()[1]}")
        finally:
            ending.set()
            server.should_exit = True
            thread.join(timeout=30)
