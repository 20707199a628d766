"""The text of every cell of an Arrow column, exact: what delimited text would say in its place."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute

from feeds.formats.json_lines import Literal, plain_text
from feeds.formats.numbers import number_text

pa: Any = pyarrow  # its stubs do not name what it exports
_STAMP = re.compile(r"(?P<day>\d+-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)(?P<part>\.\d+)?Z?")


def flat(name: str, column: Any, deeper: int) -> list[tuple[str, Any]]:
    """A column as columns: fields of a field are `outer.inner`, blank where the outer is null.

    Raises RecursionError below so many levels.
    """
    if isinstance(column.type, pa.BaseExtensionType):
        return flat(name, column.storage, deeper)
    if not pa.types.is_struct(column.type):
        return [(name.strip(), column)]
    if not deeper:
        raise RecursionError
    names = [column.type.field(at).name for at in range(column.type.num_fields)]
    return [
        one
        for inner, part in zip(names, column.flatten(), strict=True)
        for one in flat(f"{name.strip()}.{inner.strip()}", part, deeper - 1)
    ]


def texts(column: Any, nesting: int) -> list[str]:
    """The text of each cell, null being blank.

    Numbers are their shortest plain digits, days `yyyy-mm-dd`, times of a day `hh:mm:ss`, instants
    `yyyy-mm-ddThh:mm:ss`, with `Z` where the column has a zone; an instant without one at 0:00
    is its day. Bytes that are not UTF-8 are `0x` and hexadecimal digits.
    """
    for is_such, texts_of in _BY_KIND:
        if is_such(column.type):
            return texts_of(column, nesting)
    return _blanked(column.cast(pa.string()))


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_bytes(kind: Any) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind)
    )  # fmt: skip


def _blanked(column: Any, _nesting: int = 0) -> list[str]:
    cells = column.to_pylist()
    return ["" if cell is None else cell for cell in cells] if column.null_count else cells


def _looked_up(column: Any, nesting: int) -> list[str]:
    words = texts(column.dictionary, nesting)
    return ["" if at is None else words[at] for at in column.indices.to_pylist()]


def _halves(column: Any, _: int) -> list[str]:
    cells = [None if cell is None else str(np.float16(cell)) for cell in column.to_pylist()]
    return ["" if cell is None else number_text(cell.removesuffix(".0")) for cell in cells]


def _numbers(column: Any, _: int) -> list[str]:
    cells = _blanked(column.cast(pa.string()))
    return [cell if cell.isdigit() else number_text(cell) for cell in cells]


def _instants(column: Any, _: int) -> list[str]:
    kind = column.type
    zone = "" if kind.tz is None else "Z"
    found = _blanked(column.cast(pa.timestamp(kind.unit)).cast(pa.string()))
    return [_instant(text, zone) for text in found]


def _instant(text: str, zone: str) -> str:
    found = _STAMP.fullmatch(text)
    if not found:
        return text
    time = _short(found["time"] + (found["part"] or ""))
    if time == "00:00:00" and not zone:
        return found["day"]
    return f"{found['day']}T{time}{zone}"


def _short(time: str) -> str:
    return time.rstrip("0").rstrip(".") if "." in time else time


def _times(column: Any, _: int) -> list[str]:
    return [_short(text) for text in _blanked(column.cast(pa.string()))]


def _of_bytes(cell: bytes | None) -> str:
    if cell is None:
        return ""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return f"0x{cell.hex()}"


def _plain(value: Any) -> Any:
    """A value of a nested column as JSON has it, its numbers and days as written in a cell."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return _of_bytes(value)
    if isinstance(value, int | float | Decimal):
        return Literal(number_text(str(value).removesuffix(".0")))
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(str(value))


_BY_KIND: tuple[tuple[Callable[[Any], bool], Callable[[Any, int], list[str]]], ...] = (
    (pa.types.is_dictionary, _looked_up),
    (pa.types.is_run_end_encoded, lambda c, deep: texts(pa.compute.run_end_decode(c), deep)),
    (pa.types.is_timestamp, _instants),
    (pa.types.is_float16, _halves),
    (pa.types.is_floating, _numbers),
    (pa.types.is_decimal, _numbers),
    (pa.types.is_time, _times),
    (pa.types.is_duration, lambda c, _: _blanked(c.cast(pa.int64()).cast(pa.string()))),
    (_is_text, _blanked),
    (_is_bytes, lambda c, _: [_of_bytes(cell) for cell in c.to_pylist()]),
    (pa.types.is_null, lambda c, _: [""] * len(c)),
    (pa.types.is_nested, lambda c, deep: [plain_text(_plain(v), deep) for v in c.to_pylist()]),
)
"""How a column of each kind is put into texts; the first that fits."""
