"""What a mapping file says: which columns of which files become which facts, and how."""

from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import PurePath
from typing import Any

from feeds.facts.cells import Converter, Value
from feeds.formats.blocks import RDF_OF_ENDING, Form
from feeds.row_links import Link
from ontology.canonical import digest_of
from ontology.vocabulary import FACTS

FORMAT = "evenkeel-mapping/1"
FED = FACTS - {
    "Activity", "Agent", "Approval", "Feed", "IdentityLink", "PolicyRelease", "QuarantinedRow",
}  # fmt: skip
"""The classes that a feed may fill: what people decide and what the product records is not fed."""
EPCIS = "epcis"
"""The format of documents of events (EPCIS 2.0), which become sheets of several classes."""
EVENTS_STATE = "StockMovement"
"""What such a document states above all."""
RDF = "rdf"
"""The format of documents in the words of the vocabulary, which become a sheet per class."""
NODES_STATE = "Item"
"""What such a document states above all."""
BY_KIND = "by_kind"
"""The word of a mapping whose source writes movements without signs."""
CONSTANTS = -1
"""The file index of facts that the mapping itself states; their row is its line there."""


@dataclass(frozen=True)
class FieldRule:
    """How one field of a record is found in a row.

    Exactly one of `constant`, `template` and a single column says where the value comes from.
    `missing` lists texts that mean blank; `blank` is `refuse`, `missing` (not stated) or
    `default` (the ontology's default value). `link` says which cells refer to another row.
    `by_kind`: the source writes no signs, and the kind of the movement says whether units leave.
    """

    field: str
    columns: tuple[str, ...] = ()
    template: str = ""
    constant: Value | None = None
    convert: Converter | None = None
    trim: bool = True
    blank: str = "refuse"
    missing: tuple[str, ...] = ()
    link: Link | None = None
    by_kind: bool = False

    def document(self) -> dict[str, Any]:
        """The rule as plain data, the converter under its name."""
        plain = {
            "field": self.field, "columns": list(self.columns), "template": self.template,
            "constant": _plain(self.constant), "trim": self.trim, "blank": self.blank,
            "missing": list(self.missing), "convert": None,
        }  # fmt: skip
        if self.convert is not None:
            plain["convert"] = {type(self.convert).__name__: _plain(asdict(self.convert))}
        if self.link is not None:
            plain["link"] = self.link.document()
        return plain | ({"sign": BY_KIND} if self.by_kind else {})


@dataclass(frozen=True, eq=False)
class RecordRule:
    """One record that each row states: its class and how its fields are found, in field order.

    `when` names a column: a row where it is blank, or holds a text in `unless`, does not state
    this record. `by_header` stands for one rule per column of the file, named like its field.
    """

    name: str
    fields: tuple[FieldRule, ...]
    when: str = ""
    unless: tuple[str, ...] = ()
    by_header: bool = False
    line: int = 0

    def columns(self) -> list[str]:
        """The columns that the rule reads, in field order."""
        read = [column for rule in self.fields for column in rule.columns]
        return [*read, self.when] if self.when else read

    def document(self) -> dict[str, Any]:
        """The rule as plain data, without its line."""
        plain: dict[str, Any] = {
            "class": self.name, "when": self.when, "by_header": self.by_header,
            "fields": [rule.document() for rule in self.fields],
        }  # fmt: skip
        return plain | ({"unless": list(self.unless)} if self.unless else {})


@dataclass(frozen=True)
class Wide:
    """A table with a column per thing, read as a row per cell.

    Columns in `keep` stand on every row; each other one gives its name in a column `name` and
    its cell in a column `value`. Columns in `leave` are left out, cells in `nothing` too.
    """

    keep: tuple[str, ...]
    name: str
    value: str
    leave: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeriveRule:
    """Facts that follow from the loaded ones: `lead_times`, `lateness` or `stock`.

    Of the records `of`, the days from the field `start` to the field `end`, by each field in
    `by`; `status` is the field that says why there is no start.
    """

    kind: str
    of: str
    start: str = ""
    end: str = ""
    by: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True)
class FileRule:
    """One file by its name below the feed's folder: how it is written, what each row states.

    `sheet` is the sheet of a workbook that is read; empty where it has only one.
    `effective` is the field, a day, since when the principal record is true; without it that is
    the delivery's own time. `full`: the file holds all that its source has of the class, so that
    what it leaves out is no more. The cells of the columns in `pseudonyms` name persons.
    """

    file: str
    principal: RecordRule
    derived: tuple[RecordRule, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    optional: bool = False
    wide: Wide | None = None
    format: str = "csv"
    sheet: str = ""
    effective: str = ""
    full: bool = False
    pseudonyms: tuple[str, ...] = ()

    @property
    def form(self) -> Form:
        """How the file is written, for the reader of its format."""
        written = self.format
        if written == RDF:
            written = RDF_OF_ENDING.get(PurePath(self.file).suffix.lower(), "turtle")
        return Form(self.file, written, self.encoding, self.delimiter, self.sheet)

    @property
    def records(self) -> tuple[RecordRule, ...]:
        """The principal rule, then the derived ones."""
        return (self.principal, *self.derived)

    def document(self) -> dict[str, Any]:
        """The rule as plain data."""
        plain: dict[str, Any] = {
            "file": self.file, "encoding": self.encoding, "delimiter": self.delimiter,
            "optional": self.optional,
            "records": [record.document() for record in self.records],
        }  # fmt: skip
        plain |= {"format": self.format} if self.format != "csv" else {}
        plain |= {"sheet": self.sheet} if self.sheet else {}
        plain |= {} if self.wide is None else {"wide": _plain(asdict(self.wide))}
        plain |= {"effective": self.effective} if self.effective else {}
        plain |= {"pseudonyms": list(self.pseudonyms)} if self.pseudonyms else {}
        return plain | ({"mode": "full"} if self.full else {})


@dataclass(frozen=True)
class Mapping:
    """A parsed mapping file. `known` lists the classes that a reference must resolve in.

    `by_class`: each class of the vocabulary has a file named after it, and no other file counts.
    `as_of`: the day that the files speak from; None is the day on which they are read.
    """

    name: str
    chain: str
    source: str
    version: int
    known: tuple[str, ...]
    constants: tuple[RecordRule, ...]
    files: tuple[FileRule, ...]
    derive: tuple[DeriveRule, ...] = ()
    by_class: bool = False
    as_of: date | None = None

    def document(self) -> dict[str, Any]:
        """The mapping's meaning as plain data: no comments, no layout, no file name."""
        files = "by_class" if self.by_class else [rule.document() for rule in self.files]
        plain: dict[str, Any] = {
            "format": FORMAT, "chain": self.chain, "source": self.source, "version": self.version,
            "known": list(self.known),
            "constants": [record.document() for record in self.constants],
            "files": files,
        }  # fmt: skip
        derive = [_plain(asdict(rule)) for rule in self.derive]
        plain |= {"derive": derive} if derive else {}
        return plain if self.as_of is None else plain | {"as_of": self.as_of.isoformat()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical document: equal for mappings that mean the same."""
        return digest_of(self.document())


def columns_otherwise_named(rule: FileRule) -> dict[tuple[str, str], str]:
    """By class and field, the column that a field is read from, where its name is another.

    Of a wide table only columns that stand on every row; of several columns the first.
    """
    of_file = None if rule.wide is None else set(rule.wide.keep)
    return {
        (record.name, part.field): part.columns[0]
        for record in rule.records
        for part in record.fields
        if part.columns and part.columns[0] != part.field
        and (of_file is None or part.columns[0] in of_file)
    }  # fmt: skip


def is_name_below(name: str) -> bool:
    """Whether a name stands for a file in a folder or in folders below it, and nothing else."""
    return all(_is_plain_name(part) for part in name.split("/"))


def _is_plain_name(name: str) -> bool:
    plain = bool(name) and PurePath(name).name == name and name not in {".", ".."}
    return plain and not any(c in "/\\\0:" or not c.isprintable() for c in name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | str) else value.isoformat()
