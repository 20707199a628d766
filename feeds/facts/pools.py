"""Values and their codes: equal values have one code, so that a row is a few whole numbers."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from feeds.facts.record_fields import field_specs
from ontology.terms import join_key
from ontology.vocabulary import RECORDS

Codes = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
NOT_STATED = -1
"""The code of a field that a row leaves open."""
_MOST = 2**62


class _CodeOf(dict[Any, int]):
    """Codes by value; a value that is new gets the next one."""

    def __missing__(self, value: Any) -> int:
        code = self[value] = len(self)
        return code


class Pool:
    """Distinct values in the order in which they came up; the code of one is its place."""

    __slots__ = ("_code_of", "_values")

    def __init__(self) -> None:
        self._code_of = _CodeOf()
        self._values: list[Any] = []

    def __len__(self) -> int:
        """The number of distinct values."""
        return len(self._code_of)

    @property
    def values(self) -> list[Any]:
        """The value of each code; not to be changed."""
        if len(self._values) < len(self._code_of):
            self._values = list(self._code_of)
        return self._values

    def code(self, value: Any) -> int:
        """The code of a value, which is a new one where it has none."""
        return self._code_of[value]

    def codes(self, values: Sequence[Any]) -> Codes:
        """The codes of many values, int32 of their number."""
        return np.fromiter(map(self._code_of.__getitem__, values), np.int32, len(values))

    def known(self, values: Iterable[Any]) -> IntArray:
        """The codes of those of the values that have one."""
        found = [self._code_of.get(value, NOT_STATED) for value in values]
        return np.array([code for code in found if code != NOT_STATED], np.int64)

    def ranks(self, codes: Codes, end: str) -> tuple[Codes, int]:
        """The place of each value among those given, and their number.

        Places are in the order (code points) of the parts of keys that the values become, with
        the `end` that such a part has in its key.
        """
        few, where = distinct(codes, len(self))
        values = self.values
        parts = [join_key((None if c == NOT_STATED else values[c],)) + end for c in few.tolist()]
        rank = np.empty(len(parts), np.int32)
        rank[sorted(range(len(parts)), key=parts.__getitem__)] = np.arange(len(parts))
        return rank[where], len(parts)


def distinct(codes: Codes, size: int) -> tuple[IntArray, Codes]:
    """The distinct codes, all below `size`, ascending; and where each row's is among them."""
    if len(codes) == 1:  # a file of one row asks this dozens of times
        return codes.astype(np.int64), np.zeros(1, np.int32)
    is_used = np.zeros(size + 1, np.bool_)
    is_used[codes + 1] = True
    place = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(is_used) - 1, place[codes + 1]


class Pools:
    """One pool per field; a reference shares that of the identity to which it refers."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def of(self, name: str, field: str) -> Pool:
        """The pool of a field of a class."""
        return self._pools.setdefault(pool_name(name, field), Pool())

    def ids(self, name: str) -> Pool:
        """The pool of the identities of a class whose key is a single field."""
        return self.of(name, RECORDS[name].KEY[0])

    def keep(self, names: Iterable[str]) -> None:
        """Let go of the pools that no field of these classes uses."""
        used = {pool_name(name, field) for name in names for field in field_specs(name)}
        for gone in self._pools.keys() - used:
            del self._pools[gone]


def pool_name(name: str, field: str) -> str:
    """The class whose identities a field holds, else class and field."""
    kind = field_specs(name)[field].kind
    if kind.many:
        return f"{name}.{field}"
    if (field,) == tuple(RECORDS[name].KEY):
        return name
    return kind.refers_to or f"{name}.{field}"


def mixed(columns: Sequence[npt.NDArray[Any]], sizes: Sequence[int]) -> IntArray:
    """One number per row, equal for two rows where all their columns are.

    Column i holds whole numbers of at least -2 and below `sizes[i]`.
    """
    found = columns[0].astype(np.int64)
    found += 2
    range_of = sizes[0] + 2
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        if range_of * (size + 2) > _MOST:
            few, found = np.unique(found, return_inverse=True)
            range_of = len(few)
        found *= size + 2
        found += column
        found += 2
        range_of *= size + 2
    return found


def combinations(
    columns: Sequence[npt.NDArray[Any]], sizes: Sequence[int]
) -> tuple[npt.NDArray[np.intp], Codes]:
    """A row of each distinct combination of codes, and which of them each row has."""
    whole = mixed(columns, sizes)
    order = np.argsort(whole)
    whole = whole[order]
    is_new = np.ones(len(whole), np.bool_)
    is_new[1:] = whole[1:] != whole[:-1]
    del whole
    which = np.empty(len(order), np.int32)
    which[order] = np.cumsum(is_new, dtype=np.int32) - np.int32(1)
    return order[is_new], which
