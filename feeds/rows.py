"""Rows of text into rows of statements: the first cell that cannot be used refuses the row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from feeds.cells import Value
from feeds.delimited import Sheet
from feeds.field_text import TEMPLATE_COLUMN
from feeds.ledger import FeedRow, Key, Refusal, Statement, column_of_field
from feeds.limits import Limits
from feeds.mapping import CONSTANTS, FieldRule, FileRule, RecordRule
from feeds.record_fields import FieldSpec, field_specs
from feeds.refusals import refusal, shown
from ontology.errors import InputError, Place
from ontology.vocabulary import RECORDS

Find = Callable[[Sequence[str]], Value | None]
_TWO_ENDS = {
    "Lane": ("origin", "destination", "LANE_TO_ITSELF"),
    "Substitute": ("item", "replacement", "SUBSTITUTE_OF_ITSELF"),
}


@dataclass(frozen=True, slots=True)
class RowReader:
    """How to find a record's fields in the cells of one file's rows."""

    rule: RecordRule
    finds: tuple[Find, ...]
    key_positions: tuple[int, ...]
    when: int | None

    def states(self, cells: Sequence[str]) -> bool:
        """Whether a row states this record at all."""
        return self.when is None or bool(cells[self.when].strip())

    def read(self, cells: Sequence[str]) -> Statement:
        """The record that a row states. Raises InputError with code and column."""
        values = tuple(find(cells) for find in self.finds)
        statement = Statement(self.rule, self._key(values), values)
        _check_ends(statement)
        return statement

    def key(self, cells: Sequence[str]) -> Key | None:
        """The key of the record, None where it cannot be read."""
        try:
            values = [self.finds[p](cells) if p >= 0 else None for p in self.key_positions]
        except InputError:
            return None
        return tuple(values)

    def _key(self, values: tuple[Value | None, ...]) -> Key:
        return tuple(values[p] if p >= 0 else None for p in self.key_positions)


def row_reader(rule: RecordRule, header: Sequence[str], limits: Limits) -> RowReader:
    """A reader of one record for files with this header (which has every column it needs)."""
    specs = field_specs(rule.name)
    names = [part.field for part in rule.fields]
    positions = tuple(names.index(k) if k in names else -1 for k in RECORDS[rule.name].KEY)
    finds = tuple(_find(part, specs[part.field], header, limits) for part in rule.fields)
    return RowReader(rule, finds, positions, header.index(rule.when) if rule.when else None)


def read_rows(
    sheet: Sheet, rule: FileRule, index: int, limits: Limits
) -> list[tuple[FeedRow, Refusal | None]]:
    """Every data row of a sheet with what it states, or why it is refused."""
    readers = [row_reader(record, sheet.header, limits) for record in rule.records]
    found = []
    for number, cells in zip(sheet.numbers, sheet.rows, strict=True):
        row = FeedRow(index, number)
        refused = _shape_refusal(cells, len(sheet.header))
        if refused is None:
            refused = _fill(row, readers, cells)
        found.append((row, refused))
    return found


def constant_row(rule: RecordRule) -> FeedRow:
    """The record that a mapping states by itself, placed at its line there."""
    statement = row_reader(rule, (), Limits()).read(())
    return FeedRow(CONSTANTS, rule.line, (statement,), statement.identity)


def _shape_refusal(cells: Sequence[str], width: int) -> Refusal | None:
    if not any(cell.strip() for cell in cells):
        return Refusal("BLANK_ROW", "the row is blank")
    if len(cells) != width:
        return Refusal("RAGGED_ROW", f"the row has {len(cells)} cells, the header {width}")
    return None


def _fill(row: FeedRow, readers: list[RowReader], cells: Sequence[str]) -> Refusal | None:
    try:
        row.statements = tuple(r.read(cells) for r in readers if r.states(cells))
        row.principal = row.statements[0].identity
    except InputError as error:
        key = readers[0].key(cells)
        row.principal = None if key is None else (readers[0].rule.name, key)
        return Refusal(error.code, error.what, error.place.column)
    return None


def _find(rule: FieldRule, spec: FieldSpec, header: Sequence[str], limits: Limits) -> Find:
    if rule.constant is not None:
        constant = rule.constant
        return lambda _cells: constant
    positions = [header.index(column) for column in rule.columns]
    take = itemgetter(*positions)
    many = len(positions) > 1
    seen: dict[tuple[str, ...], Value | None] = {}

    def find(cells: Sequence[str]) -> Value | None:
        texts: tuple[str, ...] = take(cells) if many else (take(cells),)
        if texts not in seen:
            try:
                seen[texts] = _value(texts, rule, spec, limits)
            except InputError as error:
                error.place = Place(column=error.place.column or rule.columns[0])
                raise
        return seen[texts]

    return find


def _value(
    texts: tuple[str, ...], rule: FieldRule, spec: FieldSpec, limits: Limits
) -> Value | None:
    trimmed = [text.strip() for text in texts]
    for column, text in zip(rule.columns, texts, strict=True):
        if len(text) > limits.cell_characters:
            raise _at(column, "CELL_TOO_LONG", f"the cell has {len(text)} characters, "
                      f"more than {limits.cell_characters}")  # fmt: skip
    for column, text in zip(rule.columns, trimmed, strict=True):
        if not text or text in rule.missing:
            return _blank(column, rule, spec)
    text = _filled(rule, trimmed) if rule.template else (trimmed if rule.trim else texts)[0]
    if rule.convert is None:
        raise ValueError(f"field `{rule.field}` has neither constant nor converter")
    value = rule.convert(text)
    if spec.least is not None and isinstance(value, int) and value < spec.least:
        code = "NOT_POSITIVE" if spec.least else "NEGATIVE_QUANTITY"
        raise refusal(code, f"{shown(text)} is less than {spec.least}")
    return value


def _blank(column: str, rule: FieldRule, spec: FieldSpec) -> Value | None:
    if rule.blank == "refuse":
        raise _at(column, "BLANK_CELL", "the cell is blank")
    default: Value | None = spec.default if rule.blank == "default" else None
    return default


def _filled(rule: FieldRule, texts: Sequence[str]) -> str:
    # A part that holds the separator could make one name of two different pairs.
    between = {part for part in TEMPLATE_COLUMN.split(rule.template)[2:-1:2] if part}
    for column, text in zip(rule.columns, texts, strict=True):
        for part in between:
            if part in text:
                raise _at(column, "AMBIGUOUS_TEMPLATE", f"{shown(text)} holds the "
                          f"template's separator {shown(part)}")  # fmt: skip
    parts = iter(texts)
    return TEMPLATE_COLUMN.sub(lambda _match: next(parts), rule.template)


def _check_ends(statement: Statement) -> None:
    ends = _TWO_ENDS.get(statement.rule.name)
    if ends is None:
        return
    stated = dict(zip((f.field for f in statement.rule.fields), statement.values, strict=True))
    origin, destination, code = stated.get(ends[0]), stated.get(ends[1]), ends[2]
    if origin == destination:
        column = column_of_field(statement.rule, ends[1])
        raise _at(column, code, f"both ends are {shown(str(origin))}")


def _at(column: str, code: str, what: str) -> InputError:
    error = refusal(code, what)
    error.place = Place(column=column)
    return error
