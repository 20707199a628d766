"""Rows of text into rows of statements: the first cell that cannot be used refuses the row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import cast

from feeds.cells import Rounded, Value
from feeds.finders import FAULT, Fault, Finder, faulty
from feeds.formats.sheet import Sheet, shape_refusal
from feeds.ledger import FeedRow, Key, Refusal, Statement, column_of_field
from feeds.limits import Limits
from feeds.mapping import CONSTANTS, FileRule, RecordRule
from feeds.record_fields import field_specs
from feeds.refusals import shown
from ontology.errors import InputError
from ontology.vocabulary import RECORDS

_TWO_ENDS = {
    "Lane": ("origin", "destination", "LANE_TO_ITSELF"),
    "Substitute": ("item", "replacement", "SUBSTITUTE_OF_ITSELF"),
}


@dataclass(frozen=True, slots=True)
class RowReader:
    """How to find a record's fields in the cells of one file's rows."""

    rule: RecordRule
    finders: tuple[Finder, ...]
    key_positions: tuple[int, ...]
    when: int | None

    def states(self, cells: Sequence[str]) -> bool:
        """Whether a row states this record at all."""
        if self.when is None:
            return True
        text = cells[self.when].strip()
        return bool(text) and text not in self.rule.unless

    def read(self, cells: Sequence[str]) -> Statement:
        """The record that a row states. Raises InputError with code and column."""
        values = tuple([finder.find(cells) for finder in self.finders])
        key = tuple([values[at] if at >= 0 else None for at in self.key_positions])
        statement = Statement(self.rule, key, values)
        _check_ends(statement)
        return statement

    def read_all(self, rows: Sequence[Sequence[str]]) -> list[Statement | Fault | None]:
        """What `read` says of many rows; None where a row does not state the record at all.

        FAULT stands where `read` would raise, and wherever only `read` can tell.
        """
        if self.rule.name in _TWO_ENDS or not rows:
            return [FAULT] * len(rows)
        columns = [finder.find_all(rows) for finder in self.finders]
        nothing = [None] * len(rows)
        keys = [columns[at] if at >= 0 else nothing for at in self.key_positions]
        made: list[Statement | Fault | None] = list(map(
            Statement, repeat(self.rule), cast("Iterator[Key]", zip(*keys, strict=True)),
            cast("Iterator[tuple[Value | None, ...]]", zip(*columns, strict=True)),
        ))  # fmt: skip
        if self.when is not None:
            made = [one if self.states(cells) else None
                    for one, cells in zip(made, rows, strict=True)]  # fmt: skip
        for column in columns:
            for at in [at for at, value in enumerate(column) if value is FAULT]:
                made[at] = FAULT if made[at] is not None else None
        return made

    def key(self, cells: Sequence[str]) -> Key | None:
        """The key of the record, None where it cannot be read."""
        try:
            values = [self.finders[p].find(cells) if p >= 0 else None for p in self.key_positions]
        except InputError:
            return None
        return tuple(values)


def row_reader(rule: RecordRule, header: Sequence[str], limits: Limits) -> RowReader:
    """A reader of one record for files with this header (which has every column it needs)."""
    specs = field_specs(rule.name)
    names = [part.field for part in rule.fields]
    positions = tuple(names.index(k) if k in names else -1 for k in RECORDS[rule.name].KEY)
    finders = tuple(
        Finder(part, specs[part.field], tuple(map(header.index, part.columns)), limits)
        for part in rule.fields
    )
    return RowReader(rule, finders, positions, header.index(rule.when) if rule.when else None)


def read_rows(
    sheet: Sheet, rule: FileRule, index: int, limits: Limits
) -> list[tuple[FeedRow, Refusal | None]]:
    """Every data row of a sheet with what it states, or why it is refused."""
    readers = [row_reader(record, sheet.header, limits) for record in rule.records]
    rows = [FeedRow(index, number) for number in sheet.numbers]
    refusals = [
        sheet.refused.get(at) or shape_refusal(cells, len(sheet.header))
        for at, cells in enumerate(sheet.rows)
    ]
    whole = [at for at, refused in enumerate(refusals) if refused is None]
    for at in _fill_by_columns(rows, readers, sheet, whole):
        refused = _fill(rows[at], readers, sheet.rows[at])
        if refused is not None and sheet.origins:
            refused = replace(refused, column=sheet.origins[at])
        refusals[at] = refused
    return list(zip(rows, refusals, strict=True))


def _fill_by_columns(
    rows: list[FeedRow], readers: list[RowReader], sheet: Sheet, whole: list[int]
) -> list[int]:
    """Fill the rows without any fault, each column at once; the others are left, and given back."""
    cells = [sheet.rows[at] for at in whole]
    columns = [reader.read_all(cells) for reader in readers]
    left = []
    for at, *statements in zip(whole, *columns, strict=True):
        if FAULT in statements:
            left.append(at)
            continue
        stated = tuple([one for one in statements if one is not None])
        rows[at].statements = stated
        rows[at].principal = stated[0].identity
    return left


def rounded_cells(sheet: Sheet, rule: FileRule) -> int:
    """How many cells of a sheet a mapping rounds; a cell that two fields read counts once."""
    rules = [part for record in rule.records for part in record.fields]
    by_column = {r.columns[0]: r.convert for r in rules if isinstance(r.convert, Rounded)}
    found = 0
    for column, convert in by_column.items():
        at = sheet.header.index(column)
        texts = Counter(cells[at].strip() for cells in sheet.rows if at < len(cells))
        found += sum(many for text, many in texts.items() if not convert.is_exact(text))
    return found


def constant_row(rule: RecordRule) -> FeedRow:
    """The record that a mapping states by itself, placed at its line there."""
    statement = row_reader(rule, (), Limits()).read(())
    return FeedRow(CONSTANTS, rule.line, (statement,), statement.identity)


def _fill(row: FeedRow, readers: list[RowReader], cells: Sequence[str]) -> Refusal | None:
    try:
        row.statements = tuple(r.read(cells) for r in readers if r.states(cells))
        row.principal = row.statements[0].identity
    except InputError as error:
        key = readers[0].key(cells)
        row.principal = None if key is None else (readers[0].rule.name, key)
        return Refusal(error.code, error.what, error.place.column)
    return None


def _check_ends(statement: Statement) -> None:
    ends = _TWO_ENDS.get(statement.rule.name)
    if ends is None:
        return
    stated = dict(zip((f.field for f in statement.rule.fields), statement.values, strict=True))
    origin, destination, code = stated.get(ends[0]), stated.get(ends[1]), ends[2]
    if origin == destination:
        column = column_of_field(statement.rule, ends[1])
        raise faulty(column, code, f"both ends are {shown(str(origin))}")
