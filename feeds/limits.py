"""How much a feed may hold: every reading stops at a stated size."""

from dataclasses import dataclass
from datetime import date

from ontology.errors import InputError, Place


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one reading accepts; anything larger is refused before it is used.

    `last_day`: what has been (an observation, a count) was no later than this day; None: any day.
    What is packed may unpack to `unpacked_bytes` of XML, and as text, with a mark behind each
    cell, to `file_bytes`. A document speaks of so many events and things together, each thing of
    each event, as are `traced`: they are in memory until they are facts. A process that decodes
    has `decoder_bytes` of memory above what it starts with, and `decoder_seconds` of its processor;
    JSON-LD, which is read whole, takes 20 to 25 times its bytes. `nesting` is the depth of an
    object or a column.
    """

    files: int = 200
    file_bytes: int = 256 * 2**20
    feed_bytes: int = 2**30
    rows_per_file: int = 1_000_000
    traced: int = 320_000
    linked_json_bytes: int = 20 * 2**20
    line_characters: int = 2**20
    cell_characters: int = 10_000
    columns: int = 1_000
    unpacked_bytes: int = 2**31
    decoder_bytes: int = 2**30
    decoder_seconds: int = 300
    nesting: int = 32
    last_day: date | None = None

    def check_rows(self, file: str, rows: int, line: int) -> None:
        """Raises InputError `TOO_MANY_ROWS` at the line where a file has more rows than allowed."""
        if rows > self.rows_per_file:
            raise InputError(
                f"more than {self.rows_per_file} rows of data", code="TOO_MANY_ROWS",
                hint="split the file", place=Place(file, line),
            )  # fmt: skip

    def check_traced(self, file: str, events_and_things: int) -> None:
        """Raises InputError `TOO_MANY_EVENTS` where a document speaks of more than allowed."""
        if events_and_things > self.traced:
            raise InputError(
                f"more than {self.traced} events and things of events", code="TOO_MANY_EVENTS",
                hint="split the document: its parts, in any order, give the same stock",
                place=Place(file),
            )  # fmt: skip


MAPPING_BYTES = 128 * 2**10
MAPPING_DEPTH = 12
MAPPING_NODES = 20_000
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
"""Days outside these years are taken for a slip or a stand-in for `no date`."""
