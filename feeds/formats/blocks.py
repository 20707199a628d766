"""What every format gives: blocks of rows of text that know where they stand in their file."""

from dataclasses import dataclass, field

from feeds.limits import Limits
from ontology.errors import InputError, Place

FORMAT_OF_ENDING = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".xlsx": "xlsx",
}  # fmt: skip
"""The format by how a file's name ends; any other ending is delimited text."""
FORMATS = tuple(dict.fromkeys(FORMAT_OF_ENDING.values()))
RDF_OF_ENDING = {".ttl": "turtle", ".nt": "turtle", ".jsonld": "jsonld", ".json": "jsonld"}
"""How a document of RDF is written, by how its name ends."""
OTHER_WORKBOOKS = (".xls", ".xlsb", ".xlsm", ".ods")
BLOCK_ROWS = 65_536
BLOCK_CELLS = 2**20
_PACKED_MARKS = {
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\xfd7zX": "xz",
}  # fmt: skip
"""How a packed file begins, and no text does."""
LONGEST_CELL = 131_072
"""Characters; csv.field_size_limit() of delimited text, and the same for every other format."""


@dataclass(frozen=True, slots=True)
class Form:
    """A file's name for messages, its format, and what that format needs to know.

    `base` is what the relative names of a document of RDF are relative to.
    """

    file: str
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows in file order. Each block's header begins with the header of the one before.

    `numbers[i]` is where a person finds row i: the line of text, the row of a sheet, the row of
    a table from 1. `texts[i]` is what the file says there; no texts where the cells say it all.
    A row has a cell per column of this header, unless the file itself is ragged or blank there.
    `header_row` is where the header stands, 0 where it stands in no row.
    """

    header: tuple[str, ...]
    rows: list[list[str]]
    numbers: list[int]
    texts: list[str] = field(default_factory=list)
    header_row: int = 0


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns make a block: 65,536, fewer of a wide table."""
    return max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(1, columns)))


def fault(
    form: Form, row: int, code: str, what: str, hint: str = "", column: str = ""
) -> InputError:
    """An error that refuses a file at a row of it."""
    return InputError(what, code=code, hint=hint, place=Place(form.file, row, column))


def empty(form: Form) -> InputError:
    """The error for a file that says nothing."""
    return fault(form, 0, "FILE_EMPTY", "the file is empty", "give a file with a header row")


def damaged(form: Form, what: str, row: int = 0) -> InputError:
    """The error for a file that is cut off, or that lies about itself."""
    return fault(form, row, "FILE_DAMAGED", what, "export the file again, or transfer it again")


def too_large(form: Form, what: str, row: int = 0) -> InputError:
    """The error for a file that holds much more than its size says."""
    return fault(form, row, "UNPACKED_TOO_LARGE", what, "split the file")


def refuse_packed(start: bytes, form: Form) -> None:
    """Raises InputError `WRONG_FORMAT` where a file of text begins as one that was packed."""
    for mark, name in _PACKED_MARKS.items():
        if start.startswith(mark):
            raise fault(form, 0, "WRONG_FORMAT", f"the file is packed ({name}), and read as text",
                        "unpack it, or state its `format` in the mapping")  # fmt: skip


def check_columns(form: Form, limits: Limits, columns: int, row: int) -> None:
    """Raises InputError `TOO_MANY_COLUMNS` where a header is wider than allowed."""
    if columns > limits.columns:
        hint = "check the delimiter" if form.format == "csv" else "leave columns out"
        raise fault(form, row, "TOO_MANY_COLUMNS",
                    f"{columns} columns are more than {limits.columns}", hint)  # fmt: skip
