"""A database of its own for a benchmark, so that nothing else is in it or waits for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.login import Connection
from graph.server import ManagedServer
from graph.settings import settings_from_environment


@contextmanager
def database_in(folder: Path) -> Iterator[Connection]:
    """A managed server over a new store in a folder; it ends with the block."""
    server = ManagedServer(folder, settings_from_environment().cache)
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def own_database() -> Iterator[tuple[Path, Connection]]:
    """A folder for whatever there is, and a database of its own; both end with the block."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with database_in(folder / "database") as connection:
            yield folder, connection
