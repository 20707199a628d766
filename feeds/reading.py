"""Reading a feed: files through a mapping into facts, with every row accounted for once."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from feeds.assembly import Content, loaded_rows, merged, tables_of
from feeds.circles import refuse_circles
from feeds.conflicts import refuse_conflicts
from feeds.derivations import with_derived
from feeds.epcis.capture import Capture, capture
from feeds.files import find_files, read_bytes
from feeds.formats.sheet import Sheet, check_header, read_sheet, with_absent
from feeds.inherited import inherit, refuse_mismatched
from feeds.ledger import Ledger
from feeds.limits import Limits
from feeds.mapping import CONSTANTS, EPCIS, FileRule, Mapping, RecordRule
from feeds.mapping_text import for_header
from feeds.references import refuse_unknown
from feeds.result import FeedResult, FileCounts
from feeds.rows import constant_row, read_rows, rounded_cells
from feeds.stock_units import in_own_units, refuse_mixed_units, units_of
from feeds.wide import unpivoted
from ontology.canonical import digest, digest_of
from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError, Place
from ontology.governance import QuarantinedRow

NO_LIMITS_STATED = Limits()


def read(
    paths: Sequence[Path],
    mapping: Mapping,
    *,
    present: Snapshot | None = None,
    limits: Limits = NO_LIMITS_STATED,
    read_on: date | None = None,
) -> FeedResult:
    """The facts in a feed's files. `paths`: the files, or one folder that holds them.

    Every data row is loaded, a merged duplicate or quarantined; a file that cannot be used as
    a whole raises InputError. The tables do not depend on the order of rows. `present` holds
    the chain's facts so far: identifiers there count as known. Opens the files given, each
    once, and nothing else. What was observed or counted may lie no later than the mapping's
    `as_of`, else than the day after `read_on`; without either, on any day.
    """
    with _no_collection():
        return _read(paths, mapping, present, _with_last_day(limits, mapping, read_on))


def _with_last_day(limits: Limits, mapping: Mapping, read_on: date | None) -> Limits:
    """The mapping's own day; else the day of reading and one more, which some place has by now."""
    if mapping.as_of is None and read_on is None:
        return limits
    last = mapping.as_of or (read_on and read_on + timedelta(days=1))
    return replace(limits, last_day=last)


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage meanwhile: rows make no circles, and walking them costs a third."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(
    paths: Sequence[Path], mapping: Mapping, present: Snapshot | None, limits: Limits
) -> FeedResult:
    ledger = Ledger([constant_row(rule) for rule in mapping.constants])
    ledger.classes |= {rule.name for rule in mapping.constants}
    pile = _Pile(ledger, limits)
    left = limits.feed_bytes
    for file in find_files(paths, mapping, limits):
        data = read_bytes(file.path, min(limits.file_bytes, left), file.folders)
        left -= len(data)
        if file.rule.format == EPCIS:
            pile.add_events(capture(data, file.rule.file, present, limits), data)
        else:
            pile.add(*unpivoted(read_sheet(data, file.rule, limits), file.rule, limits),
                     file.rule, digest(data))  # fmt: skip
    counts = pile.counts
    _set_aside(ledger, mapping, present)
    units = units_of(ledger, present)
    records = merged(ledger)
    counts += inherit(records, iter(pile.principals), present)

    def finish(name: str, content: Content) -> Content:
        return in_own_units(content, units) if name == "StockPosition" else content

    tables, sources = tables_of(records, present, finish)
    read_files = _counts(ledger, pile.begun)
    files, derived = with_derived(mapping, tables, sources, read_files)
    return FeedResult(
        chain=mapping.chain,
        source=mapping.source,
        mapping=mapping.name,
        mapping_digest=mapping.digest,
        digest=digest_of([mapping.digest, [[f.file, f.digest] for f in read_files]]),
        tables=tables,
        sources=sources,
        files=files,
        quarantined=_quarantined(ledger, mapping, pile.sheets),
        counts=counts + derived,
        ended=pile.ended,
    )


@dataclass
class _Pile:
    """Sheets as they are read: their rows in the ledger, and what is told of each."""

    ledger: Ledger
    limits: Limits
    sheets: list[Sheet] = field(default_factory=list)
    begun: list[FileCounts] = field(default_factory=list)
    principals: list[RecordRule] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ended: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, sheet: Sheet, nothing: int, file_rule: FileRule, digested: str) -> None:
        """The rows of a sheet by the rule of its file; `nothing` cells of it state nothing."""
        rule = for_header(file_rule, sheet.header)
        sheet, absent = with_absent(sheet, rule)
        left = rule.wide.leave if rule.wide else ()
        unread = (*check_header(sheet, rule), *left)
        self.ledger.classes |= {record.name for record in rule.records}
        self.principals.append(file_rule.principal)
        self.counts[f"{sheet.file}: columns that no line names"] += len(absent)
        self.counts[f"{sheet.file}: cells that state nothing"] += nothing
        self.counts[f"{sheet.file}: cells rounded"] += rounded_cells(sheet, rule)
        for row, refusal in read_rows(sheet, rule, len(self.sheets), self.limits):
            if refusal is not None:
                place = len(self.ledger.rows)
                self.ledger.refuse(place, refusal.code, refusal.reason, refusal.column)
            self.ledger.rows.append(row)
        self.sheets.append(sheet)
        self.begun.append(FileCounts(sheet.file, digested, unread_columns=unread))

    def add_events(self, captured: Capture, data: bytes) -> None:
        """The sheets of a document of events, a class each, and what became of its events."""
        for sheet in captured.sheets:
            name = sheet.file.rpartition("#")[2]
            rule = FileRule(sheet.file, RecordRule(name, (), by_header=True))
            self.add(sheet, 0, rule, digest(data))
        for outcome, events in sorted(captured.account.tally.items()):
            self.counts[f"events with the outcome `{outcome}`"] += events
        for name, keys in captured.closes.items():
            self.ended[name] = (*self.ended.get(name, ()), *keys)


def _set_aside(ledger: Ledger, mapping: Mapping, present: Snapshot | None) -> None:
    """Refuse what contradicts, circles or points nowhere, until the rest is sound."""
    refuse_conflicts(ledger)
    refuse_circles(ledger)
    refuse_mismatched(ledger)
    refuse_unknown(ledger, mapping.known, present)
    while refuse_mixed_units(ledger, present):
        refuse_unknown(ledger, mapping.known, present)


def _counts(ledger: Ledger, begun: list[FileCounts]) -> tuple[FileCounts, ...]:
    loaded, repeated = loaded_rows(ledger)
    tally = [[0, 0, 0] for _ in begun]
    for position, row in enumerate(ledger.rows):
        if row.file != CONSTANTS:
            kind = 0 if position in loaded else 1 if position in repeated else 2
            tally[row.file][kind] += 1
    return tuple(
        replace(counts, rows=sum(kinds), loaded=kinds[0], duplicates=kinds[1], quarantined=kinds[2])
        for counts, kinds in zip(begun, tally, strict=True)
    )


def _quarantined(ledger: Ledger, mapping: Mapping, sheets: list[Sheet]) -> Table:
    """The refused rows. A refused constant is a fault of the mapping and raises."""
    rows_of = [{number: row for row, number in enumerate(sheet.numbers)} for sheet in sheets]
    found = []
    for position, refusal in sorted(ledger.refusals.items()):
        row = ledger.rows[position]
        if row.file == CONSTANTS:
            raise InputError(
                refusal.reason, code=refusal.code, place=Place(mapping.name, row.number),
                hint="correct the constant in the mapping",
            )  # fmt: skip
        sheet = sheets[row.file]
        said = sheet.text(rows_of[row.file][row.number])
        found.append(QuarantinedRow(sheet.file, row.number, refusal.column, refusal.code,
                                    refusal.reason, said))  # fmt: skip
    return table_of(found, "QuarantinedRow")
