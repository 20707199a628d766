"""One holder at a time over processes and threads; the system frees a lock whose holder died."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.progress import Progress
from ontology.errors import StateError


@contextmanager
def holding(
    file: Path, longest_wait_seconds: float, progress: Progress, waiting: str
) -> Iterator[None]:
    """Holds the lock while the block runs; waits, saying so, when another holds it.

    The file itself stays and means nothing: a stale one cannot exist. Raises StateError
    `STILL_BUSY` when the wait exceeds its bound.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(handle, longest_wait_seconds, progress, waiting)
        while not os.path.samestat(os.fstat(handle), file.stat()):  # another took its place
            os.close(handle)
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            _acquire(handle, longest_wait_seconds, progress, waiting)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, longest_wait_seconds: float, progress: Progress, waiting: str) -> None:
    ends = time.monotonic() + longest_wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise StateError(
                    f"{waiting}: still not done after {longest_wait_seconds:.0f} s",
                    hint="look at what that process does, then try again",
                    code="STILL_BUSY",
                ) from None
            progress(waiting, 0, 0)
            time.sleep(0.1)
        else:
            return
