"""Sheets into pages of the ledger: the first cell that cannot be used refuses its row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feeds.facts.cells import Rounded, Value
from feeds.facts.encoded import Encoded
from feeds.facts.finders import field_value
from feeds.facts.ledger import Key, Ledger, Page, Refusal, Stated, column_of_field
from feeds.facts.pools import NOT_STATED, BoolArray, Codes, Pools, combinations
from feeds.facts.record_fields import field_specs
from feeds.limits import Limits
from feeds.mapping import CONSTANTS, FieldRule, FileRule, RecordRule
from feeds.refusals import shown
from ontology.errors import InputError
from ontology.movement_kinds import EITHER, MOVEMENT_KINDS
from ontology.vocabulary import RECORDS

FAULT = -2
"""The code of a field whose cells cannot be used."""
_TWO_ENDS = {
    "Lane": ("origin", "destination", "LANE_TO_ITSELF"),
    "Substitute": ("item", "replacement", "SUBSTITUTE_OF_ITSELF"),
}


@dataclass(slots=True)
class _Column:
    """The codes of a field by row, or FAULT; which texts stand in its cells, and their faults."""

    codes: Codes
    cells: Codes
    faults: dict[int, Refusal]


@dataclass(slots=True)
class _Record:
    """What a sheet's rows say by one rule: which state the record, and whose two ends are one."""

    rule: RecordRule
    states: BoolArray
    columns: dict[str, _Column]
    meets: BoolArray

    def faulty(self) -> BoolArray:
        """The rows that state the record, and cannot."""
        found = self.meets.copy()
        for column in self.columns.values():
            if column.faults:
                found |= column.codes == FAULT
        return found & self.states

    def refusal(self, row: int, pools: Pools) -> Refusal | None:
        """Why a row cannot state the record: its first field that cannot be used, if any."""
        if not self.states[row]:
            return None
        for column in self.columns.values():
            if column.codes[row] == FAULT:
                return column.faults[int(column.cells[row])]
        if not self.meets[row]:
            return None
        first, second, code = _TWO_ENDS[self.rule.name]
        end = pools.of(self.rule.name, first).values[self.columns[first].codes[row]]
        what = f"both ends are {shown(str(end))}"
        return Refusal(code, what, column_of_field(self.rule, second))


def add_page(ledger: Ledger, sheet: Encoded, rule: FileRule, file: int, limits: Limits) -> None:
    """Put all rows of a sheet into the ledger with what they state, or why they are refused.

    Each distinct text is converted once. The sheet must have every column that the rule reads.
    """
    records = [_record(record, sheet, ledger.pools, limits) for record in rule.records]
    refused = np.zeros(len(sheet), np.bool_)
    shapeless = list(sheet.refused)
    refused[shapeless] = True
    faulty = np.logical_or.reduce([record.faulty() for record in records]) & ~refused
    for row, why in sheet.refused.items():
        ledger.refuse(ledger.rows + row, why.code, why.reason, why.column)
    for row in np.flatnonzero(faulty).tolist():
        found = (record.refusal(row, ledger.pools) for record in records)
        why = next(refusal for refusal in found if refusal is not None)
        column = sheet.origins[row] if sheet.origins else why.column
        ledger.refuse(ledger.rows + row, why.code, why.reason, column)
    nameless = refused
    principal = records[0]
    named = tuple(_codes(principal, key, len(sheet)) for key in RECORDS[principal.rule.name].KEY)
    for codes in named:
        nameless = nameless | (codes == FAULT)
    every = np.arange(ledger.rows, ledger.rows + len(sheet), dtype=np.int32)
    stated = tuple(
        _stated(record, position, ~refused & ~faulty & record.states, every)
        for position, record in enumerate(records)
    )
    page = Page(file, ledger.rows, sheet.numbers, principal.rule.name, stated, named, nameless)
    ledger.pages.append(page)
    ledger.rows += len(sheet)


def add_constant(ledger: Ledger, rule: RecordRule) -> None:
    """The record that a mapping states by itself, placed at its line there."""
    sheet = Encoded("", (), np.array([rule.line], np.int32))
    add_page(ledger, sheet, FileRule("", rule), CONSTANTS, Limits())
    ledger.classes.add(rule.name)


def row_key(
    rule: RecordRule, header: Sequence[str], cells: Sequence[str], limits: Limits
) -> Key | None:
    """The key of the record that one row states, None where it cannot be read."""
    specs, by_field = field_specs(rule.name), {part.field: part for part in rule.fields}
    key: list[Value | None] = []
    for name in RECORDS[rule.name].KEY:
        part = by_field.get(name)
        if part is None or part.constant is not None:
            key.append(None if part is None else part.constant)
            continue
        texts = tuple(cells[header.index(column)] for column in part.columns)
        try:
            key.append(field_value(texts, part, specs[name], limits))
        except InputError:
            return None
    return tuple(key)


def rounded_cells(sheet: Encoded, rule: FileRule) -> int:
    """How many cells of a sheet a mapping rounds; a cell that two fields read counts once."""
    rules = [part for record in rule.records for part in record.fields]
    by_column = {r.columns[0]: r.convert for r in rules if isinstance(r.convert, Rounded)}
    found = 0
    for name, convert in by_column.items():
        column = sheet.columns[name]
        times = np.bincount(column.codes, minlength=len(column.texts)).tolist()
        for text, many in zip(column.texts, times, strict=True):
            found += 0 if convert.is_exact(text.strip()) else many
    return found


def _record(rule: RecordRule, sheet: Encoded, pools: Pools, limits: Limits) -> _Record:
    columns = {part.field: _column(part, rule.name, sheet, pools, limits) for part in rule.fields}
    for part in rule.fields:
        if part.by_kind:
            columns[part.field] = _by_kind(columns[part.field], columns["kind"], part, pools)
    states = meets = np.zeros(len(sheet), np.bool_)
    if rule.when:
        when = sheet.columns[rule.when]
        texts = [text.strip() for text in when.texts]
        states = np.array([bool(t) and t not in rule.unless for t in texts], np.bool_)[when.codes]
    else:
        states = ~states
    if rule.name in _TWO_ENDS:
        first, second, _ = _TWO_ENDS[rule.name]
        meets = columns[first].codes == columns[second].codes
    return _Record(rule, states, columns, meets)


def _column(rule: FieldRule, name: str, sheet: Encoded, pools: Pools, limits: Limits) -> _Column:
    pool = pools.of(name, rule.field)
    if rule.constant is not None:
        codes = np.full(len(sheet), pool.code(rule.constant), np.int32)
        return _Column(codes, codes, {})
    cells, distinct = sheet.distinct(rule.columns)
    spec = field_specs(name)[rule.field]
    found, faults = np.empty(len(distinct), np.int32), {}
    for at, texts in enumerate(distinct):
        try:
            value = field_value(texts, rule, spec, limits)
            found[at] = NOT_STATED if value is None else pool.code(value)
        except InputError as error:
            found[at] = FAULT
            faults[at] = Refusal(error.code, error.what, error.place.column)
    return _Column(found[cells], cells, faults)


def _by_kind(units: _Column, kind: _Column, rule: FieldRule, pools: Pools) -> _Column:
    """The column with the signs that the kinds say; units that state one themselves are faults."""
    pool, kinds = pools.of("StockMovement", rule.field), pools.of("StockMovement", "kind").values
    values = pool.values
    sizes = [len(kinds), len(values), int(units.cells.max(initial=0)) + 1]
    first, where = combinations([kind.codes, units.codes, units.cells], sizes)
    found, faults = units.codes[first], {}
    for at, row in enumerate(first.tolist()):
        if found[at] == FAULT:
            faults[at] = units.faults[int(units.cells[row])]
        elif kind.codes[row] >= 0:
            value = values[found[at]]
            direction = MOVEMENT_KINDS[kinds[kind.codes[row]]].direction
            if direction != EITHER and value < 0:
                what = f"`{value}` has a sign, and the mapping says that the kind states it"
                faults[at] = Refusal("NEGATIVE_QUANTITY", what, rule.columns[0])
            found[at] = FAULT if at in faults else pool.code(value * (direction or 1))
    return _Column(found[where], where, faults)


def _codes(record: _Record, key: str, rows: int) -> Codes:
    if key in record.columns:
        return record.columns[key].codes
    return np.full(rows, NOT_STATED, np.int32)


def _stated(record: _Record, position: int, chosen: BoolArray, every: Codes) -> Stated:
    columns = {name: column.codes for name, column in record.columns.items()}
    if chosen.all():
        return Stated(record.rule, position, every, columns)
    columns = {name: codes[chosen] for name, codes in columns.items()}
    return Stated(record.rule, position, every[chosen], columns)
