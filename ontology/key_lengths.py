"""How long a natural key may be: the database finds facts by their keys and by what they name."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ontology.columns import Column, Table
from ontology.terms import field_kinds, join_key
from ontology.vocabulary import RECORDS

LONGEST_KEY = 2_000
"""So many characters at most, as it is quoted; an index of Neo4j takes some 8,000 bytes."""

MOST_QUOTED = 12
"""One character is so many when it is quoted, at most."""

Rows = npt.NDArray[np.bool_]


def rows_too_long(table: Table) -> Rows:
    """Per row, whether its key, or the key of anything that it names, is too long to be found by.

    Such a fact must never come into the log: the graph could not show it, nor anything after it.
    """
    made = table.worked_out
    if rows_too_long not in made:
        made[rows_too_long] = _found(table)
    return cast("Rows", made[rows_too_long])


def rows_that_can_be_shown(table: Table) -> npt.NDArray[np.intp]:
    """The rows that are not too long: a log of an older version may hold some that are.

    Those stay in the log, and neither the state nor the graph has them.
    """
    long = np.broadcast_to(rows_too_long(table), len(table))
    return np.flatnonzero(~long)


def _found(table: Table) -> Rows:
    found = np.asarray(np.strings.str_len(table.keys) > LONGEST_KEY, np.bool_)
    record = RECORDS[table.name]
    for kind in field_kinds(record).values():
        if kind.refers_to and kind.name not in record.KEY:
            found |= _too_long(table[kind.name])
    return found


def _too_long(column: Column) -> Rows:
    """Per row, whether a reference, or one of several, is too long; `(1,)` where all are one."""
    told = (column[:1] if not any(column.strides) else column).tolist()
    long = {value for value in set(told) if _is_long(value)}
    return np.array([value in long for value in told] if long else [False], np.bool_)


def _is_long(value: Any) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return any(
        part is not None
        and MOST_QUOTED * len(part) > LONGEST_KEY
        and len(join_key((part,))) > LONGEST_KEY
        for part in parts
    )
