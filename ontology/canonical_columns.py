"""Columns of whole numbers as canonical JSON and back, with no Python object for each number."""

import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from ontology.canonical import LARGEST_INTEGER, PLAINLY, canonical
from ontology.errors import InputError

_COLUMN = re.compile(rb'"(\w+)":\[([-0-9,]*)\]')


def canonical_columns(columns: Mapping[str, Sequence[int] | npt.NDArray[np.int64]]) -> bytes:
    """`canonical` of an object of lists of whole numbers, or of arrays of int64.

    Keys are plain ASCII words. Raises InputError `NUMBER_RANGE` as `canonical` does.
    """
    arrays = {name: np.ascontiguousarray(column) for name, column in columns.items()}
    if any(len(column) and not _is_safe(column) for column in arrays.values()):
        return canonical({name: column.tolist() for name, column in arrays.items()})
    whole = {name: column.astype(np.int64) for name, column in arrays.items()}
    return orjson.dumps(whole, option=PLAINLY | orjson.OPT_SERIALIZE_NUMPY)


def columns_from(data: bytes) -> dict[str, npt.NDArray[np.int64]]:
    """The columns whose `canonical_columns` are these bytes: exact, no Python object per number.

    Raises InputError `NOT_CANONICAL` for any other bytes, `NUMBER_RANGE` as `canonical` does.
    """
    found = {}
    with suppress(ValueError), warnings.catch_warnings():  # what is not read is missed below
        warnings.simplefilter("ignore")
        for name, numbers in _COLUMN.findall(data):
            found[name.decode()] = np.fromstring(numbers, np.int64, sep=",")
    if canonical_columns(found) != data:
        raise InputError("the columns are not in canonical form", code="NOT_CANONICAL",
                         hint="use the artifact as it was written")  # fmt: skip
    return found


def _is_safe(column: npt.NDArray[Any]) -> bool:
    """Whether all are whole numbers that every reader keeps exactly."""
    if column.dtype.kind != "i":
        return False
    return max(int(column.max()), -int(column.min())) <= LARGEST_INTEGER
