"""Sets of (owner, code) pairs: what a path leads to, as two sorted arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A set of (owner, code) pairs in ascending order; codes belong to one space."""

    space: str
    owner: IntArray
    code: IntArray

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.owner)

    def take(self, chosen: npt.NDArray[Any]) -> "Pairs":
        """The chosen pairs, by mask or ascending index."""
        return Pairs(self.space, self.owner[chosen], self.code[chosen])


def distinct(pairs: Pairs) -> Pairs:
    """The same pairs in ascending order, each once."""
    owner, code = pairs.owner, pairs.code
    if len(owner) < 2:
        return pairs
    later = (owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (code[1:] > code[:-1]))
    if later.all():
        return pairs
    order = np.lexsort((code, owner))
    owner, code = owner[order], code[order]
    new = np.concatenate([[True], (owner[1:] != owner[:-1]) | (code[1:] != code[:-1])])
    return Pairs(pairs.space, owner[new], code[new])


def within(some: Pairs, others: Pairs) -> npt.NDArray[np.bool_]:
    """Per pair of `some`, whether `others`, ascending and in the same space, has it, too."""
    if not len(some) or not len(others):
        return np.zeros(len(some), np.bool_)
    keys, other_keys = _keys(some, others)
    at = np.minimum(np.searchsorted(other_keys, keys), len(other_keys) - 1)
    found: npt.NDArray[np.bool_] = other_keys[at] == keys
    return found


def places(starts: IntArray, counts: IntArray) -> IntArray:
    """The positions of runs that lie one after the other: from each start, as many as counted."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places: IntArray = np.arange(total) + np.repeat(starts - (ends - counts), counts)
    return places


def _keys(some: Pairs, others: Pairs) -> tuple[IntArray, IntArray]:
    low = min(int(some.code.min()), int(others.code.min()))
    span = max(int(some.code.max()), int(others.code.max())) - low + 1
    owners = max(int(some.owner.max()), int(others.owner[-1])) + 1
    if span * owners < 2**62:
        return some.owner * span + (some.code - low), others.owner * span + (others.code - low)
    # Far-apart integers: their ranks keep the order and fit.
    values, rank = np.unique(np.concatenate([some.code, others.code]), return_inverse=True)
    keys = np.concatenate([some.owner, others.owner]) * len(values) + rank
    return keys[: len(some)], keys[len(some) :]
