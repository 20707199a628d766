"""Natural keys of the rows of a table: kept compactly, and found again without a text per row."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.terms import join_key

Column = npt.NDArray[Any]
Rows = npt.NDArray[np.intp]
TEXT = np.dtypes.StringDType()
"""Texts beside each other: half of what an object per text takes. They compare by code point."""
KEYS_AT_ONCE = 2**15
"""So many keys become Python texts at once."""
_SPARSE = 8
_FEW = 8
"""So many keys are looked for one by one."""


def keys_of(columns: Sequence[Column]) -> Column:
    """The natural key of every row of the columns of a key, as texts of numpy."""
    keys = np.empty(len(columns[0]), TEXT)
    known: list[dict[Any, str]] = [{} for _ in columns]
    for start in range(0, len(keys), KEYS_AT_ONCE):
        rows = slice(start, start + KEYS_AT_ONCE)
        parts = [_parts(column[rows], texts) for column, texts in zip(columns, known, strict=True)]
        keys[rows] = list(map("/".join, zip(*parts, strict=True)))
    return keys


def _parts(column: Column, known: dict[Any, str]) -> list[str]:
    """Each value as its part of a key; equal values are quoted once."""
    # days as objects are slow to look up
    values = column.view(np.int64).tolist() if column.dtype.kind in "iM" else column.tolist()
    for value in set(values) - known.keys():
        known[value] = join_key((_plain(value, column.dtype),))
    return list(map(known.__getitem__, values))


def _plain(value: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "M":
        return np.int64(value).view(dtype).item()
    return None if dtype.kind == "i" and value == np.iinfo(np.int64).min else value


def are_ascending(keys: Column) -> bool:
    """Whether each key is greater than the one before it."""
    return bool((keys[1:] > keys[:-1]).all())


class RowOf(Mapping[str, int]):
    """From natural key to row; of two rows with one key, the last.

    Few keys of a table in key order are found by halving, so that nothing is made for each of its
    rows; whoever asks for many gets a dictionary.
    """

    def __init__(self, keys: Column) -> None:
        """`keys` are texts of numpy."""
        self._keys = keys
        self._asked = 0

    def __getitem__(self, key: str) -> int:
        """The row of a key. Raises KeyError."""
        if "_rows" not in self.__dict__ and self._is_cheap():
            row = self._place(key)
            if row < 0:
                raise KeyError(key)
            return row
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        """The keys in the order of their rows."""
        return iter(self._rows)

    def __len__(self) -> int:
        """The number of different keys."""
        return len(self._keys) if self._are_ascending else len(self._rows)

    def find(self, keys: Column) -> Rows:
        """The row of each key, -1 where there is none; takes no more memory for more rows."""
        if not self._are_ascending or "_rows" in self.__dict__:
            return np.array(list(map(self._rows.get, keys.tolist(), repeat(-1))), np.intp)
        if len(keys) <= _FEW:
            return np.array([self._place(key) for key in keys.tolist()], np.intp)
        found = np.full(len(keys), -1, np.intp)
        if not (keys[1:] >= keys[:-1]).all():
            order = np.argsort(keys, kind="stable")
            found[order] = self.find(keys[order])
            return found
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[start : start + KEYS_AT_ONCE]
            low = bisect_left(self._keys, part[0])
            high = bisect_right(self._keys, part[-1], lo=low)
            found[start : start + len(part)] = self._between(part, low, high)
        return found

    def _place(self, key: str) -> int:
        """The row of a key among keys that ascend, -1 where there is none."""
        row = bisect_left(self._keys, key)
        return row if row < len(self._keys) and self._keys[row] == key else -1

    def _between(self, keys: Column, low: int, high: int) -> list[int]:
        if high - low > _SPARSE * len(keys):
            places = [bisect_left(self._keys, key, low, high) for key in keys.tolist()]
            return [row if row < high and self._keys[row] == key else -1
                    for row, key in zip(places, keys.tolist(), strict=True)]  # fmt: skip
        rows = dict(zip(self._keys[low:high].tolist(), range(low, high), strict=True))
        return [rows.get(key, -1) for key in keys.tolist()]

    def _is_cheap(self) -> bool:
        self._asked += 1
        return _SPARSE * self._asked < len(self._keys) and self._are_ascending

    @cached_property
    def _are_ascending(self) -> bool:
        return are_ascending(self._keys)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self._keys.tolist())}
