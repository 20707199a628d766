"""A process that rebuilds a data folder's database and kills itself at a given point on the way."""

import os
import signal
import sys
from pathlib import Path

from neo4j import ManagedTransaction

from graph.settings import Settings
from service.recovery import rebuild
from tests.graph.crash_child import Fuse


def main(home: str, deadly: int) -> None:
    """Prints the number of points, if it lives to do so."""
    fuse = Fuse(deadly)
    fuse.around(ManagedTransaction, "_commit", after=True)
    fuse.around(os, "fsync", after=False)
    fuse.around(Path, "replace", after=True)
    rebuild(Settings(home=Path(home)))
    print(fuse.passed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    main(sys.argv[1], int(sys.argv[2]))
