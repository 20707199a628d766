"""Names to numbers: row codes by look-up, and 64-bit hashes that do not depend on row order."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.columns import Column

HashArray = npt.NDArray[np.uint64]
CodeArray = npt.NDArray[np.int64]
ABSENT = -1


def codes_of(values: Iterable[Any], names: Sequence[Any]) -> CodeArray:
    """For each value its place among the names, ABSENT where it is not one of them."""
    place = {name: number for number, name in enumerate(names)}
    rows = values.tolist() if isinstance(values, np.ndarray) else values
    return np.fromiter(map(place.get, rows, repeat(ABSENT)), np.int64)


def codes_in(place: Mapping[tuple[Any, ...], int], *columns: Column) -> CodeArray:
    """What each row of the columns, all of one length, stands for; ABSENT where it does not."""
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.fromiter(map(place.get, rows, repeat(ABSENT)), np.int64, len(columns[0]))


def as_column(values: Iterable[Any]) -> Column:
    """An object column of the given values."""
    rows = list(values)
    column = np.empty(len(rows), object)
    column[:] = rows
    return column


def hash_names(values: Iterable[Any]) -> HashArray:
    """BLAKE2b-64 of each value's text; equal values hash once. None and "" differ."""
    rows = list(values)
    known: dict[Any, int] = {}
    for value in set(rows):
        text = b"\xff" if value is None else str(value).encode()
        known[value] = int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
    return np.fromiter(map(known.__getitem__, rows), np.uint64, len(rows))


def hash_numbers(values: CodeArray) -> HashArray:
    """A hash of each integer, by the same mixing as for several columns."""
    return mixed(values.astype(np.uint64))


def mixed(*columns: HashArray) -> HashArray:
    """One hash per row from several columns of hashes; their order counts.

    The mixing step is splitmix64's finaliser (Steele, Lea, Flood 2014).
    """
    shape = np.broadcast_shapes(*(column.shape for column in columns))
    state = np.full(shape, 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        state = (state ^ column) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state
