"""What each row of a file says, kept packed: a person sees it only of the rows set aside."""

import zlib
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SHOWN_CHARACTERS = 1_000
_QUICK = 1


class RowTexts:
    """The texts of rows, block after block; the block read last is kept open."""

    __slots__ = ("_ends", "_open", "_packed", "_starts")

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._ends: list[npt.NDArray[np.int32]] = []
        self._starts: list[int] = [0]
        self._open: tuple[int, str] = (-1, "")

    def add(self, texts: Sequence[str]) -> None:
        """Keep the texts of the next rows."""
        if not texts:
            return
        whole = "".join(texts).encode("utf-8", "surrogatepass")
        self._packed.append(zlib.compress(whole, _QUICK))
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._ends.append(np.cumsum(lengths, dtype=np.int32))
        self._starts.append(self._starts[-1] + len(texts))

    def __call__(self, row: int) -> str:
        """The text of a row without its line end, at most 1,000 characters."""
        block = bisect_right(self._starts, row) - 1
        if self._open[0] != block:
            whole = zlib.decompress(self._packed[block]).decode("utf-8", "surrogatepass")
            self._open = block, whole
        at, ends = row - self._starts[block], self._ends[block]
        said = self._open[1][ends[at - 1] if at else 0 : ends[at]]
        return said.rstrip("\r\n")[:SHOWN_CHARACTERS]
