"""Rows that a caller states as objects, as the text of the file that a mapping reads."""

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from feeds.mapping import FileRule
from ontology.errors import InputError, Place

MOST_ROWS = 5_000
_FORMATS = ("csv", "jsonl")


def text_of_rows(rows: Sequence[Any], rule: FileRule) -> str:
    """The rows in the file's own format: a column for each name, in the order of its first row.

    A cell is a text, a whole number, true, false or null, which is blank. Raises InputError
    `ROWS_INVALID` for anything else, and `MEDIA_TYPE` where the file is no table of text.
    """
    if rule.format not in _FORMATS:
        raise InputError(f"a file of the format `{rule.format}` has no plain rows",
                         code="MEDIA_TYPE", place=Place(rule.file),
                         hint="send it to POST /feeds/{source}")  # fmt: skip
    if not 0 < len(rows) <= MOST_ROWS:
        raise _invalid(0, f"there are {len(rows):,}, and 1 to {MOST_ROWS:,} are taken at once",
                       "send more as a file to POST /feeds/{source}")  # fmt: skip
    cells = [_cells(row, number) for number, row in enumerate(rows, 1)]
    if rule.format == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in cells)
    names = list(dict.fromkeys(name for row in cells for name in row))
    text = StringIO()
    writer = csv.writer(text, delimiter=rule.delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_told(row.get(name)) for name in names] for row in cells)
    return text.getvalue()


def _cells(row: Any, number: int) -> Mapping[str, Any]:
    if not isinstance(row, Mapping) or not row:
        raise _invalid(number, "it is no object", "write a row as {column: value, ...}")
    for name, value in row.items():
        if isinstance(value, float):
            raise _invalid(number, f"`{name}` is a number with a fraction, which is not exact here",
                           'write it as a text: "1.5"')  # fmt: skip
        if not isinstance(value, str | int | None):
            raise _invalid(
                number, f"`{name}` is neither text, number, truth nor null",
                "write a list or an object as the text that the mapping reads",
            )  # fmt: skip
    return row


def _told(value: str | int | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _invalid(number: int, what: str, hint: str) -> InputError:
    return InputError(what, code="ROWS_INVALID", hint=hint, place=Place("input rows", number))
