"""Reading a feed: files through a mapping into facts, with every row accounted for once."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from feeds.digested import DigestedFile
from feeds.epcis.capture import Capture, capture
from feeds.facts.assembly import Columns, Merged, merged_all, table_of_merged
from feeds.facts.circles import refuse_circles
from feeds.facts.conflicts import refuse_conflicts
from feeds.facts.derivations import with_derived
from feeds.facts.encoded import Encoded, encoded, encoded_sheet, with_blank
from feeds.facts.identities import name_identities
from feeds.facts.inherited import inherit, refuse_mismatched
from feeds.facts.ledger import Ledger
from feeds.facts.references import refuse_unknown
from feeds.facts.rows import add_constant, add_page, rounded_cells
from feeds.facts.stock_units import finished_stock, refuse_mixed_units, units_of
from feeds.facts.wide import unpivoted
from feeds.files import find_files, open_file
from feeds.formats.sheet import absent_columns, blocks_of, check_header
from feeds.identity.naming import names_of_ours
from feeds.limits import Limits
from feeds.mapping import (
    CONSTANTS,
    EPCIS,
    RDF,
    FileRule,
    Mapping,
    RecordRule,
    columns_otherwise_named,
)
from feeds.mapping_text import for_header
from feeds.pseudonyms import Pseudonyms, unheard_of, without_names
from feeds.rdf.reading import RdfDocument, read_document
from feeds.result import ColumnOf, FeedResult, FileCounts
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError, Place
from ontology.governance import QuarantinedRow

Said = tuple[str, Callable[[int], str]]
"""The name of a sheet, and what it says in a row."""
NO_LIMITS_STATED = Limits()


def read(
    paths: Sequence[Path],
    mapping: Mapping,
    *,
    present: Snapshot | None = None,
    limits: Limits = NO_LIMITS_STATED,
    read_on: date | None = None,
    pseudonyms: Pseudonyms = unheard_of,
) -> FeedResult:
    """The facts in a feed's files. `paths`: the files, or one folder that holds them.

    Every data row is loaded, a merged duplicate or quarantined; a file that cannot be used as
    a whole raises InputError. The tables do not depend on the order of rows. `present` holds
    the chain's facts so far: identifiers there count as known. Opens the files given, each
    once, and nothing else. What was observed or counted may lie no later than the mapping's
    `as_of`, else than the day after `read_on`; without either, on any day. Persons are named by
    what `pseudonyms` gives.
    """
    with _no_collection():
        limits = _with_last_day(limits, mapping, read_on)
        return _read(paths, mapping, present, limits, pseudonyms)


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
    paths: Sequence[Path], mapping: Mapping, present: Snapshot | None, limits: Limits,
    pseudonyms: Pseudonyms,
) -> FeedResult:  # fmt: skip
    pile = _Pile(Ledger(), limits, pseudonyms)
    for rule in mapping.constants:
        add_constant(pile.ledger, rule)
    left = limits.feed_bytes
    for file in find_files(paths, mapping, limits):
        with open_file(file.path, min(limits.file_bytes, left), file.folders) as stream:
            left -= _add_file(pile, stream, file.rule, mapping, present)
    name_identities(pile.ledger)
    _set_aside(pile.ledger, mapping, present)
    return _result(mapping, pile, present)


def _add_file(
    pile: "_Pile", stream: DigestedFile, rule: FileRule, mapping: Mapping, present: Snapshot | None
) -> int:
    """Put the rows of a file on the pile; the number of its bytes."""
    limits = pile.limits
    if rule.format == EPCIS:
        ours = names_of_ours(present, mapping.source)
        pile.add_events(capture(stream, rule.file, present, limits, ours), stream.finish()[0])
    elif rule.format == RDF:
        pile.add_nodes(read_document(stream, rule, mapping.chain, limits), stream.finish()[0])
    elif rule.wide is not None:
        rows, nothing = unpivoted(stream, rule, rule.wide, limits)
        pile.add(rows, nothing, rule, stream.finish()[0])
    else:
        blocks = without_names(blocks_of(stream, rule.form, limits), rule, pile.pseudonyms)
        sheet = encoded(blocks, rule, limits)
        pile.add(sheet, 0, rule, stream.finish()[0])
    return stream.finish()[1]


def _result(mapping: Mapping, pile: "_Pile", present: Snapshot | None) -> FeedResult:
    ledger, counts = pile.ledger, pile.counts
    units = units_of(ledger, present)
    records = merged_all(ledger)
    counts += inherit(ledger, records, pile.principals, present)
    read_files = _counts(ledger, records.values(), pile.begun)

    def finish(found: Merged, columns: Columns) -> Columns:
        if found.name != "StockPosition":
            return columns
        return finished_stock(ledger, found, columns, units)

    tables, sources = {}, {}
    for name in list(records):
        found = table_of_merged(ledger, records.pop(name), present, finish)
        tables[name], sources[name] = found
        ledger.pools.keep(records)
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
        read_from=pile.read_from,
    )


@dataclass
class _Pile:
    """Sheets as they are read: their rows in the ledger, and what is told of each."""

    ledger: Ledger
    limits: Limits
    pseudonyms: Pseudonyms
    sheets: list[Said] = field(default_factory=list)
    begun: list[FileCounts] = field(default_factory=list)
    principals: list[RecordRule] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ended: dict[str, tuple[str, ...]] = field(default_factory=dict)
    read_from: dict[str, ColumnOf] = field(default_factory=dict)

    def add(self, sheet: Encoded, nothing: int, file_rule: FileRule, digested: str) -> None:
        """The rows of a sheet by the rule of its file; `nothing` cells of it state nothing."""
        rule = for_header(file_rule, sheet.header)
        columns = sheet.header
        absent = absent_columns(columns, rule)
        sheet = with_blank(sheet, absent)
        left = rule.wide.leave if rule.wide else ()
        unread = (*check_header(sheet, rule), *left)
        self.ledger.classes |= {record.name for record in rule.records}
        self.principals.append(file_rule.principal)
        self.counts[f"{sheet.file}: columns that no line names"] += len(absent)
        self.counts[f"{sheet.file}: cells that state nothing"] += nothing
        self.counts[f"{sheet.file}: cells rounded"] += rounded_cells(sheet, rule)
        add_page(self.ledger, sheet, rule, len(self.sheets), self.limits)
        self.sheets.append((sheet.file, sheet.said))
        self.read_from[sheet.file] = columns_otherwise_named(rule)
        self.begun.append(FileCounts(sheet.file, digested, unread_columns=unread,
                                     columns=columns))  # fmt: skip

    def add_nodes(self, document: RdfDocument, digested: str) -> None:
        """The sheets of a document of RDF, a class each, and what no field of theirs reads."""
        for sheet, rule in document.sheets:
            self.add(encoded_sheet(sheet, rule), 0, rule, digested)
        self.counts.update(document.counts)

    def add_events(self, captured: Capture, digested: str) -> None:
        """The sheets of a document of events, a class each, and what became of its events."""
        tally, closes, sheets = captured.account.tally, captured.closes, captured.sheets
        del captured  # each sheet lets go of what the following ones do not need
        for sheet in sheets:
            name = sheet.file.rpartition("#")[2]
            rule = FileRule(sheet.file, RecordRule(name, (), by_header=True))
            self.add(encoded_sheet(sheet, rule), 0, rule, digested)
            del sheet  # the next one is made before this name is bound again
        for outcome, events in sorted(tally.items()):
            self.counts[f"events with the outcome `{outcome}`"] += events
        for name, keys in closes.items():
            self.ended[name] = (*self.ended.get(name, ()), *keys)


def _set_aside(ledger: Ledger, mapping: Mapping, present: Snapshot | None) -> None:
    """Refuse what contradicts, circles or points nowhere, until the rest is sound."""
    refuse_conflicts(ledger)
    refuse_circles(ledger)
    refuse_mismatched(ledger)
    refuse_unknown(ledger, mapping.known, present)
    while refuse_mixed_units(ledger, present):
        refuse_unknown(ledger, mapping.known, present)


def _counts(
    ledger: Ledger, records: Iterable[Merged], begun: list[FileCounts]
) -> tuple[FileCounts, ...]:
    """The account of each file: a row that brings no record in says the same again."""
    brings = np.zeros(ledger.rows, np.bool_)
    for each in records:
        brings[each.own[each.own >= 0]] = True
    found = []
    for page in ledger.pages:
        if page.file == CONSTANTS:
            continue
        rows = slice(page.start, page.start + len(page.ids))
        loaded = int(np.count_nonzero(brings[rows]))
        stands = int(np.count_nonzero(ledger.stands[rows]))
        counts = begun[page.file]
        found.append(replace(counts, rows=len(page.ids), loaded=loaded, duplicates=stands - loaded,
                             quarantined=len(page.ids) - stands))  # fmt: skip
    return tuple(found)


def _quarantined(ledger: Ledger, mapping: Mapping, sheets: list[Said]) -> Table:
    """The refused rows. A refused constant is a fault of the mapping and raises."""
    found = []
    for row, refusal in sorted(ledger.refusals.items()):
        page = ledger.page_of(row)
        number = int(page.numbers[row - page.start])
        if page.file == CONSTANTS:
            raise InputError(
                refusal.reason, code=refusal.code, place=Place(mapping.name, number),
                hint="correct the constant in the mapping",
            )  # fmt: skip
        file, said = sheets[page.file]
        found.append(QuarantinedRow(file, number, refusal.column, refusal.code, refusal.reason,
                                    said(row - page.start)))  # fmt: skip
    return table_of(found, "QuarantinedRow")
