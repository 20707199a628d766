"""A delivery after the gates: without what they quarantine, and with the marks on what stays."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from feeds.gates.findings import HINTS, NO_ROW, QUARANTINE, GateFinding
from feeds.gates.judging import Judgement
from feeds.gates.past import series_of
from feeds.refusals import LEANS, shown
from feeds.result import FeedResult, in_file_order
from ontology.columns import Column, Snapshot, Table, table_of
from ontology.errors import InputError
from ontology.governance import Mark, QuarantinedRow
from ontology.terms import FieldKind, field_kinds, join_key
from ontology.vocabulary import FACTS, RECORDS

BoolColumn = npt.NDArray[np.bool_]


def hold(result: FeedResult, judgement: Judgement, present: Snapshot) -> FeedResult:
    """The delivery without its quarantined rows, whose reasons join those of reading.

    A fact that refers to a fact which only a quarantined row made known goes with it. Raises
    InputError `GATE_STOPPED` where the judgement stops the feed: then nothing of it is loaded.
    """
    if judgement.stops:
        raise InputError(judgement.line(), hint=HINTS["GATE_STOPPED"], code="GATE_STOPPED")
    reasons = _reasons(judgement)
    gone = {name: np.asarray(verdicts == QUARANTINE) for name, verdicts in
            judgement.verdicts.items()}  # fmt: skip
    leaning = with_leaning(result.tables, gone, present)
    tables, sources = dict(result.tables), dict(result.sources)
    refused: dict[tuple[str, int], QuarantinedRow] = {}
    for name in sorted(gone):
        rows = np.flatnonzero(gone[name])
        for row in rows.tolist():
            found = reasons.get((name, row)) or leaning[name, row]
            place = result.source_of(name, row)
            refused.setdefault((place.file, place.row), _quarantined(result, name, row, found))
        stays = np.flatnonzero(~gone[name])
        if len(rows):
            tables[name], sources[name] = tables[name].take(stays), sources[name][stays]
    return _recounted(replace(result, tables=tables, sources=sources), list(refused.values()))


def with_leaning(
    tables: Mapping[str, Table], gone: dict[str, BoolColumn], present: Snapshot,
    known: Collection[str] = FACTS,
) -> dict[tuple[str, int], GateFinding]:  # fmt: skip
    """Set aside in `gone` what leans on rows that are gone, to the end; why, by class and row.

    `gone` has a truth per row of every class of `tables`. Nothing leans on a row whose fact the
    chain knows already, nor on one of a class that is not among those to be `known`.
    """
    why: dict[tuple[str, int], GateFinding] = {}
    while True:
        lost = {name: _lost(tables[name], gone[name], present) for name in gone.keys() & known}
        before = len(why)
        for name, table in tables.items():
            for kind in field_kinds(RECORDS[name]).values():
                if lost.get(kind.refers_to) and not kind.many:
                    leans = _refer(table[kind.name], lost[kind.refers_to]) & ~gone[name]
                    gone[name] |= leans
                    why |= {(name, row): _leaning(table, kind, row)
                            for row in np.flatnonzero(leans).tolist()}  # fmt: skip
        if len(why) == before:
            return why


def marks_of(judgement: Judgement, source: str) -> Table:
    """The marks that the judgement puts on facts and on what is missing, one per fact and code."""
    best: dict[tuple[str, str, str], Mark] = {}
    for finding in judgement.marked:
        key = finding.class_name, finding.key, finding.code
        best.setdefault(key, Mark(*key, finding.message, source))
    return table_of((best[key] for key in sorted(best)), "Mark")


def marks_to_close(present: Snapshot, tables: Mapping[str, Table], marks: Table) -> Table:
    """The marks that no longer hold: their fact is told anew, and is not marked for it again.

    A mark on what was silent ends when its place reports. `tables` are those that are loaded.
    """
    known = present.table("Mark")
    if not len(known):
        return known
    again = set(marks.keys.tolist())
    told = {name: set(table.keys.tolist()) for name, table in tables.items() if len(table)}
    for name, table in tables.items():
        for series in series_of(name)[:1]:
            if "location" in series.by:
                told.setdefault("Location", set()).update(_keys(table, ("location",)))
                told[name] = told.get(name, set()) | _keys(table, ("item", "location"))
    names = zip(known["class_name"].tolist(), known["fact_key"].tolist(), strict=True)
    ends = [key in told.get(name, ()) for name, key in names]
    gone = [end and mark not in again for end, mark in zip(ends, known.keys.tolist(), strict=True)]
    return known.take(np.flatnonzero(gone))


def _keys(table: Table, by: tuple[str, ...]) -> set[str]:
    cells = zip(*(table[name].tolist() for name in by), strict=True)
    return {join_key(key) for key in dict.fromkeys(cells)}


def _reasons(judgement: Judgement) -> dict[tuple[str, int], GateFinding]:
    """The first violation of each row that is quarantined."""
    first: dict[tuple[str, int], GateFinding] = {}
    for finding in judgement.findings:
        if finding.severity == "Violation" and finding.row != NO_ROW:
            first.setdefault((finding.class_name, finding.row), finding)
    return first


def _lost(table: Table, gone: BoolColumn, present: Snapshot) -> set[str]:
    """The single-field keys of rows that nothing else makes known."""
    key = RECORDS[table.name].KEY
    if len(key) > 1 or not gone.any():
        return set()
    known = set(present.table(table.name)[key[0]].tolist())
    return set(table[key[0]][gone].tolist()) - known


def _refer(column: Column, ids: set[str]) -> BoolColumn:
    return np.fromiter((value in ids for value in column.tolist()), np.bool_, len(column))


def _leaning(table: Table, kind: FieldKind, row: int) -> GateFinding:
    said = f"it refers to {kind.refers_to} {shown(str(table[kind.name][row]))}, {LEANS}"
    return GateFinding(table.name, row, "UNKNOWN_ID", "", kind.name, "Violation", said)


def _quarantined(result: FeedResult, name: str, row: int, found: GateFinding) -> QuarantinedRow:
    place = result.source_of(name, row)
    column = result.tables[name].columns.get(found.column)
    text = "" if column is None else str(column[row])
    named, reason = result.told_of(name, row, found.column, found.message)
    return QuarantinedRow(place.file, place.row, named, found.code, reason, text)


def _recounted(result: FeedResult, refused: list[QuarantinedRow]) -> FeedResult:
    lost: dict[str, int] = defaultdict(int)
    for row in refused:
        lost[row.file] += 1
    files = tuple(
        replace(file, loaded=file.loaded - lost[file.file],
                quarantined=file.quarantined + lost[file.file])
        for file in result.files
    )  # fmt: skip
    more = table_of(refused, "QuarantinedRow")
    columns = {name: np.concatenate([result.quarantined[name], more[name]])
               for name in more.columns}  # fmt: skip
    return replace(result, files=files, quarantined=in_file_order(Table("QuarantinedRow", columns)))
