"""JSON Lines: an object per line, its numbers kept as they are written, never through a float."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from feeds.formats.blocks import (
    BLOCK_CELLS,
    Block,
    Form,
    check_columns,
    empty,
    fault,
    refuse_packed,
    rows_at_once,
)
from feeds.limits import Limits
from ontology.errors import InputError

_BYTES_PER_CHARACTER = 4
_LIST_MARK = "|"


class Literal(str):
    """A number as the file writes it."""

    __slots__ = ()


class _TwiceError(ValueError):
    """An object that names a field twice."""


def blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The objects of a file, a row's number being its line; a field of a field is `outer.inner`.

    The header grows with each field that is new; what a line does not name, and null, is blank.
    A list of plain values is joined by `|`; any other list is its JSON text.
    Raises InputError `FILE_EMPTY`, `WRONG_ENCODING`, `LINE_TOO_LONG`, `TOO_MANY_COLUMNS`,
    `JSON_BROKEN` or `JSON_TOO_DEEP`, at the first line that has a fault.
    """
    header: dict[str, int] = {}
    rows: list[list[str]] = []
    numbers: list[int] = []
    texts: list[str] = []
    for number, line in _lines(stream, form, limits):
        before = len(header)
        cells = _cells(line, number, header, form, limits)
        if len(header) > before and len(rows) * len(header) > BLOCK_CELLS:
            # A line of many new fields must not widen all rows before it at once.
            yield _block(tuple(header)[:before], rows, numbers, texts)
            rows, numbers, texts = [], [], []
        rows.append(cells)
        numbers.append(number)
        texts.append(line)
        if len(rows) >= rows_at_once(len(header)):
            yield _block(tuple(header), rows, numbers, texts)
            rows, numbers, texts = [], [], []
    if not header:
        raise empty(form)
    yield _block(tuple(header), rows, numbers, texts)


def _block(
    header: tuple[str, ...], rows: list[list[str]], numbers: list[int], texts: list[str]
) -> Block:
    width = len(header)
    for row in rows:
        if row and len(row) < width:
            row.extend([""] * (width - len(row)))
    return Block(header, rows, numbers, texts)


def _lines(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[tuple[int, str]]:
    most = limits.line_characters
    number = 0
    while data := stream.readline(most * _BYTES_PER_CHARACTER + 1):
        number += 1
        if number == 1:
            refuse_packed(data, form)
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            if len(data) <= most * _BYTES_PER_CHARACTER:
                raise fault(
                    form, number, "WRONG_ENCODING",
                    f"byte {error.start} of the line (0x{data[error.start]:02x}) is not utf-8",
                    "save the file as UTF-8",
                ) from error  # fmt: skip
            line = "?" * (most + 1)
        if len(line) > most:
            raise fault(
                form, number, "LINE_TOO_LONG", f"the line is longer than {most} characters",
                "write one object per line",
            )  # fmt: skip
        yield number, line


def _cells(line: str, number: int, header: dict[str, int], form: Form, limits: Limits) -> list[str]:
    """The cells of a line in the order of the header, which gains the fields that are new."""
    if not line.strip():
        return []
    row = [""] * len(header)
    for name, text in _fields(line, number, form, limits).items():
        at = header.setdefault(name, len(header))
        if at == len(row):
            check_columns(form, limits, len(header), number)
            row.append("")
        row[at] = text
    return row


def _fields(line: str, number: int, form: Form, limits: Limits) -> dict[str, str]:
    try:
        value = _DECODE(line)
        found: dict[str, str] = {}
        if not isinstance(value, dict):
            raise _broken(form, number, "the line is no JSON object")
        _flatten(value, "", found, limits.nesting)
    except RecursionError as error:
        raise fault(form, number, "JSON_TOO_DEEP", f"more than {limits.nesting} levels deep",
                    "write flat objects") from error  # fmt: skip
    except _TwiceError as error:
        raise _broken(form, number, f"a field stands twice: `{str(error)[:60]}`") from error
    except ValueError as error:
        raise _broken(form, number, f"the line is not JSON: {_reason(error)}") from error
    if "\\u" in line:
        _check_letters(found, number, form)
    return found


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.colno}"
    return "it cannot be read"


def _broken(form: Form, number: int, what: str) -> InputError:
    return fault(form, number, "JSON_BROKEN", what, "write one JSON object per line")


def _check_letters(found: dict[str, str], number: int, form: Form) -> None:
    try:
        "".join((*found, *found.values())).encode()
    except UnicodeEncodeError as error:
        raise _broken(form, number, "half of a character: a lone surrogate") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        times = Counter(name for name, _ in pairs)
        raise _TwiceError(next(name for name in times if times[name] > 1))
    return made


_DECODE = json.JSONDecoder(
    parse_float=Literal, parse_int=Literal, parse_constant=Literal, object_pairs_hook=_once
).decode


def _flatten(value: dict[str, Any], before: str, found: dict[str, str], deeper: int) -> None:
    if not deeper:
        raise RecursionError
    for key, inner in value.items():
        name = before + key.strip()
        if isinstance(inner, dict):
            _flatten(inner, name + ".", found, deeper - 1)
            continue
        if name in found:
            raise _TwiceError(name)
        found[name] = plain_text(inner, deeper - 1)


def plain_text(value: Any, deeper: int) -> str:
    """The cell for a value of JSON: blank for null, a list of plain values joined by `|`.

    Any other list is its JSON text. Raises RecursionError below so many levels.
    """
    if type(value) is str:
        return value
    if isinstance(value, Literal):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(part, list | dict) for part in value):
        parts = [plain_text(part, deeper) for part in value]
        if not any(_LIST_MARK in part for part in parts):
            return _LIST_MARK.join(parts)
    return json_text(value, deeper)


def json_text(value: Any, deeper: int) -> str:
    """The JSON text of a value, numbers as written; RecursionError below so many levels."""
    if not deeper:
        raise RecursionError
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(json_text(part, deeper - 1) for part in value)}]"
    if isinstance(value, dict):
        parts = (
            f"{json.dumps(k, ensure_ascii=False)}:{json_text(v, deeper - 1)}"
            for k, v in value.items()
        )
        return f"{{{','.join(parts)}}}"
    return json.dumps(value, ensure_ascii=False)
