"""Memory that large columns took goes back to the system when they are let go."""

import ctypes
import sys

LARGE_BYTES = 2**18
_MMAP_THRESHOLD = -3
"""The name of the limit in malloc.h of the GNU C library."""


def return_large_columns() -> None:
    """From now on each large array of this process is mapped by itself, and unmapped at its end.

    Otherwise the C library raises its limit to the largest array that it has seen let go, and what
    lies between the arrays of one delivery stays with the process (mallopt(3), M_MMAP_THRESHOLD).
    Where there is no such library this does nothing.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
