"""Where two decisions part first, in the order in which a decision comes about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from service.stated_plan import clipped

ORDER: dict[str, tuple[str, ...]] = {
    "decision": (
        "chain", "snapshot", "release", "previous", "edits", "work_limit", "regime", "starts_on",
        "cost_parts", "currency", "demand_model", "objectives", "stages", "network", "certificate",
        "suppressed", "lines",
    ),
    "decision.network": ("inline", "artifact"),
    "decision.certificate": ("inline", "artifact"),
    "decision.certificate.inline": ("flow", "prices"),
    "decision.certificate.artifact": ("flow", "prices"),
}  # fmt: skip
"""What is decided first, by the place in the document; all else follows by name."""

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """The first place in which two documents differ, with what stands there in each.

    `place` is a path such as `decision.lines[3].quantity_units`; values are JSON, cut at 400
    letters; `nothing` is where one has no such place.
    """

    place: str
    stated: str
    made: str


def first_difference(stated: Any, made: Any, place: str = "decision") -> FirstDifference | None:
    """The first difference of two JSON documents, None where they are equal.

    Columns may be arrays of int64. Keys are compared in the order of `ORDER`, then by name;
    time grows with the documents.
    """
    if isinstance(stated, np.ndarray) and isinstance(made, np.ndarray):
        return _of_columns(stated, made, place)
    if isinstance(stated, Mapping) and isinstance(made, Mapping):
        pairs: Iterator[tuple[str, Any, Any]] = _of_keys(stated, made, place)
    elif isinstance(stated, list) and isinstance(made, list):
        pairs = _of_rows(stated, made, place)
    elif type(stated) is type(made) and stated == made:
        return None
    else:
        return FirstDifference(place, _told(stated), _told(made))
    found = (first_difference(one, other, where) for where, one, other in pairs)
    return next((each for each in found if each is not None), None)


class _Absent:
    """What stands where there is nothing; equal to itself alone."""


_ABSENT = _Absent()


def _of_keys(
    stated: Mapping[str, Any], made: Mapping[str, Any], place: str
) -> Iterator[tuple[str, Any, Any]]:
    first = ORDER.get(place, ())
    names = {**dict.fromkeys(first), **dict.fromkeys(sorted({*stated, *made}))}
    for name in names:
        if name in stated or name in made:
            yield f"{place}.{name}", stated.get(name, _ABSENT), made.get(name, _ABSENT)


def _of_rows(stated: list[Any], made: list[Any], place: str) -> Iterator[tuple[str, Any, Any]]:
    for row in range(max(len(stated), len(made))):
        one, other = (rows[row] if row < len(rows) else _ABSENT for rows in (stated, made))
        yield f"{place}[{row}]", one, other


def _of_columns(stated: Any, made: Any, place: str) -> FirstDifference | None:
    length = min(len(stated), len(made))
    apart = np.flatnonzero(stated[:length] != made[:length])
    if not len(apart) and len(stated) == len(made):
        return None
    row = int(apart[0]) if len(apart) else length
    one, other = (int(rows[row]) if row < len(rows) else _ABSENT for rows in (stated, made))
    return FirstDifference(f"{place}[{row}]", _told(one), _told(other))


def _told(value: Any) -> str:
    if isinstance(value, _Absent):
        return NOTHING
    if isinstance(value, np.ndarray):
        return f"{len(value):,} numbers"
    return clipped(orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode())
