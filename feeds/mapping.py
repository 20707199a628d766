"""What a mapping file says: which columns of which files become which facts, and how."""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from feeds.cells import Converter, Value
from ontology.canonical import digest_of
from ontology.vocabulary import FACTS

FORMAT = "evenkeel-mapping/1"
FED = FACTS - {
    "Activity", "Agent", "Approval", "Feed", "IdentityLink", "PolicyRelease", "QuarantinedRow",
}  # fmt: skip
"""The classes that a feed may fill: what people decide and what the product records is not fed."""
CONSTANTS = -1
"""The file index of facts that the mapping itself states; their row is its line there."""


@dataclass(frozen=True)
class FieldRule:
    """How one field of a record is found in a row.

    Exactly one of `constant`, `template` and a single column says where the value comes from.
    `missing` lists texts that mean blank; `blank` is `refuse`, `missing` (not stated) or
    `default` (the ontology's default value).
    """

    field: str
    columns: tuple[str, ...] = ()
    template: str = ""
    constant: Value | None = None
    convert: Converter | None = None
    trim: bool = True
    blank: str = "refuse"
    missing: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The rule as plain data, the converter under its name."""
        plain = {
            "field": self.field, "columns": list(self.columns), "template": self.template,
            "constant": _plain(self.constant), "trim": self.trim, "blank": self.blank,
            "missing": list(self.missing), "convert": None,
        }  # fmt: skip
        if self.convert is not None:
            plain["convert"] = {type(self.convert).__name__: _plain(asdict(self.convert))}
        return plain


@dataclass(frozen=True, eq=False)
class RecordRule:
    """One record that each row states: its class and how its fields are found, in field order.

    `when` names a column: a row where it is blank does not state this record. `by_header`
    stands for one rule per column of the file, each named like the field that it fills.
    """

    name: str
    fields: tuple[FieldRule, ...]
    when: str = ""
    by_header: bool = False
    line: int = 0

    def columns(self) -> list[str]:
        """The columns that the rule reads, in field order."""
        read = [column for rule in self.fields for column in rule.columns]
        return [*read, self.when] if self.when else read

    def document(self) -> dict[str, Any]:
        """The rule as plain data, without its line."""
        return {
            "class": self.name, "when": self.when, "by_header": self.by_header,
            "fields": [rule.document() for rule in self.fields],
        }  # fmt: skip


@dataclass(frozen=True)
class FileRule:
    """One file by its plain name: how it is written and what each row of it states."""

    file: str
    principal: RecordRule
    derived: tuple[RecordRule, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    optional: bool = False

    @property
    def records(self) -> tuple[RecordRule, ...]:
        """The principal rule, then the derived ones."""
        return (self.principal, *self.derived)

    def document(self) -> dict[str, Any]:
        """The rule as plain data."""
        return {
            "file": self.file, "encoding": self.encoding, "delimiter": self.delimiter,
            "optional": self.optional,
            "records": [record.document() for record in self.records],
        }  # fmt: skip


@dataclass(frozen=True)
class Mapping:
    """A parsed mapping file. `known` lists the classes that a reference must resolve in."""

    name: str
    chain: str
    source: str
    version: int
    known: tuple[str, ...]
    constants: tuple[RecordRule, ...]
    files: tuple[FileRule, ...]

    def document(self) -> dict[str, Any]:
        """The mapping's meaning as plain data: no comments, no layout, no file name."""
        return {
            "format": FORMAT, "chain": self.chain, "source": self.source, "version": self.version,
            "known": list(self.known),
            "constants": [record.document() for record in self.constants],
            "files": [rule.document() for rule in self.files],
        }  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical document: equal for mappings that mean the same."""
        return digest_of(self.document())


def is_plain_name(name: str) -> bool:
    """Whether a name stands for a file directly in a folder, and for nothing else."""
    plain = bool(name) and PurePath(name).name == name and name not in {".", ".."}
    return plain and not any(c in "/\\\0:" or not c.isprintable() for c in name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | str) else value.isoformat()
