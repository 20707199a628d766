"""A process that loads a feed, saves a plan and kills itself at a given point on the way."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from neo4j import ManagedTransaction

from graph.artifacts import ArtifactStore
from graph.log import Log
from graph.login import Connection, open_driver
from graph.plans import activate_release, save_plan
from graph.projection import Projection, load_feed, open_graph
from graph.recovery.checkpoints import Checkpoints
from graph.recovery.segments import Segments
from tests.graph.facts_at_hand import (
    CHAIN,
    NOON,
    RELEASE,
    feed_of,
    plan_document,
    release_document,
    summary_of,
    two_hubs,
)

LINES = 5


class Fuse:
    """Counts the points that are passed and kills the process at the one that was named."""

    def __init__(self, deadly: int) -> None:
        self.passed = 0
        self.deadly = deadly

    def burn(self) -> None:
        self.passed += 1
        if self.passed == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, *, after: bool) -> None:
        """Put a point before (and after) every call of a method."""
        real: Callable[..., Any] = getattr(owner, name)

        @wraps(real)
        def watched(*arguments: Any, **more: Any) -> Any:
            self.burn()
            answer = real(*arguments, **more)
            if after:
                self.burn()
            return answer

        setattr(owner, name, watched)


def segments_of(folder: Path) -> Segments:
    """The segments beside a folder of artifacts, few events to a file."""
    return Segments(folder.with_name("log"), 2)


def checkpoints_of(folder: Path) -> Checkpoints:
    """The checkpoints beside a folder of artifacts, at every step."""
    return Checkpoints(folder.with_name("checkpoints"), ArtifactStore(folder), 1)


def work(projection: Projection) -> str:
    """Everything from an empty log to a saved plan; gives the plan's digest."""
    for north in (9, 10):
        feed = feed_of(two_hubs(north), feed=f"f{north}")
        since = NOON + timedelta(minutes=north)
        load_feed(projection, feed, agent="ada", effective_at=since)
    activate_release(projection, RELEASE, release_document(), agent="gov", effective_at=NOON)
    snapshot = projection.reader.read(CHAIN)
    document = plan_document(snapshot, LINES)
    return save_plan(
        projection, document, plan=summary_of(document), snapshot=snapshot
    ).digest  # fmt: skip


def main(uri: str, user: str, folder: str, deadly: int, limit: int) -> None:
    """Prints the number of points and the plan's digest, if it lives to do so."""
    fuse = Fuse(deadly)
    store = ArtifactStore(folder)
    connection = Connection(uri, user, os.environ["CRASH_CHILD_PASSWORD"])
    with open_driver(connection) as driver:
        segments, checkpoints = segments_of(Path(folder)), checkpoints_of(Path(folder))
        open_graph(driver, store, segments, checkpoints)
        fuse.around(ManagedTransaction, "run", after=False)
        fuse.around(ManagedTransaction, "_commit", after=True)
        fuse.around(os, "fsync", after=False)
        log = Log(driver, segments=segments)
        digest = work(Projection(log, store, limit, 3, checkpoints))
    print(fuse.passed, digest)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
