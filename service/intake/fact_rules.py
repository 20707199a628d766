"""The gate of facts: a fact that breaks a rule of severity Violation is quarantined by name."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from feeds.gates.holding import with_leaning
from feeds.refusals import shown
from feeds.result import FeedResult, FileCounts, in_file_order
from graph.manifests import FeedContents
from graph.snapshot import apply_feed
from ontology.columns import Snapshot, Table, table_of
from ontology.findings import Finding
from ontology.governance import QuarantinedRow
from ontology.key_lengths import LONGEST_KEY, rows_too_long
from ontology.terms import RESOURCE
from rules.check import findings_on
from rules.delta import findings_near
from rules.lookups import About, about_with
from rules.release import Release

CODE = "RULE_VIOLATION"
NEAR_ROWS = 10_000
"""Up to so many facts are judged from their neighbourhood; more are judged in bulk."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a fact is set aside: a code of `feeds.refusals`, the sentence, the column, the value."""

    code: str
    text: str
    column: str = ""
    value: str = ""


def hold_to_rules(
    release: Release, result: FeedResult, present: Snapshot, known: Collection[str] = (),
    about: About | None = None,
) -> FeedResult:  # fmt: skip
    """The feed without the facts that break a rule and what leans on them: quarantined rows.

    Facts are judged as they would stand in the chain, so what a feed does not repeat counts. What
    leans on them refers to one that nothing else makes known, and is of a class that must be
    `known`. `about` finds present facts without joining their classes (`graph.state.State.about`).
    """
    broken = [
        finding
        for finding in _findings(release, result.tables, present, about)
        if finding.severity == "Violation" and _row_of(result, finding) is not None
    ]
    first: dict[tuple[str, int], Finding] = {}
    for finding in broken:
        place = _row_of(result, finding)
        if place is not None:
            first.setdefault(place, finding)
    broken_by = {
        place: Reason(CODE, _sentence(release, finding), _column(finding), finding.value)
        for place, finding in first.items()
    }
    return set_aside(result, _leaning_on(broken_by, result, present, known) | broken_by)


def _findings(
    release: Release, tables: Mapping[str, Table], present: Snapshot, about: About | None
) -> list[Finding]:
    """What the rules find on the facts of a feed as they would stand."""
    if about is not None and sum(map(len, tables.values())) <= NEAR_ROWS:
        return findings_near(release.watch, about_with(about, tables), tables)
    whole = apply_feed(present, present.sequence + 1, tables)
    return findings_on(release, whole.tables, tables)


def _leaning_on(
    broken: Mapping[tuple[str, int], Reason],
    result: FeedResult,
    present: Snapshot,
    known: Collection[str],
) -> dict[tuple[str, int], Reason]:
    """Why facts go that refer to a broken one, to the end."""
    if not broken or not known:
        return {}
    gone = {name: np.zeros(len(table), np.bool_) for name, table in result.tables.items()}
    for name, row in broken:
        gone[name][row] = True
    leaning = with_leaning(result.tables, gone, present, known)
    return {
        (name, row): Reason(
            why.code, why.message, why.column, str(result.tables[name][why.column][row])
        )
        for (name, row), why in leaning.items()
    }


def hold_to_key_lengths(result: FeedResult) -> FeedResult:
    """The feed without the facts whose key, or the key of what they name, is too long to be found.

    Each of them is a quarantined row. What names a fact by such a key goes with it.
    """
    what = f"of more than {LONGEST_KEY:,} characters, quoted as in an IRI"
    refused = {
        (name, row): Reason("KEY_TOO_LONG", f"{name} has a key, or names one, {what}")
        for name, table in result.tables.items()
        for row in np.flatnonzero(rows_too_long(table)).tolist()
    }
    return set_aside(result, refused)


def _row_of(result: FeedResult, finding: Finding) -> tuple[str, int] | None:
    name, _, key = finding.focus_node.removeprefix(RESOURCE).partition("/")
    table = result.tables.get(name)
    row = None if table is None else table.row_of.get(key)
    return None if row is None else (name, row)


def set_aside(result: FeedResult, refused: Mapping[tuple[str, int], Reason]) -> FeedResult:
    """The feed without some facts (class, row of its table); each becomes a quarantined row."""
    if not refused:
        return result
    tables, sources = dict(result.tables), dict(result.sources)
    for name in {name for name, _ in refused}:
        gone = [row for other, row in refused if other == name]
        stays = np.setdiff1d(np.arange(len(tables[name])), gone)
        tables[name], sources[name] = tables[name].take(stays), sources[name][stays]
    rows: dict[tuple[str, int], QuarantinedRow] = {}
    for (name, row), why in refused.items():
        place = result.source_of(name, row)
        column, reason = result.told_of(name, row, why.column, why.text)
        rows.setdefault((place.file, place.row), QuarantinedRow(
            place.file, place.row, column, why.code, reason, why.value,
        ))  # fmt: skip
    return replace(
        result, tables=tables, sources=sources, files=_recounted(result, rows),
        quarantined=_joined(result.quarantined, list(rows.values())),
    )  # fmt: skip


def as_logged(result: FeedResult, contents: FeedContents) -> FeedResult:
    """A feed that is read again, as it was when it was logged: after rules, gates and clocks."""
    held = Counter(contents.quarantine["file"])
    files = tuple(
        replace(file, quarantined=held[file.file],
                loaded=file.loaded + file.quarantined - held[file.file])
        for file in result.files
    )  # fmt: skip
    return replace(result, tables=contents.tables, sources=contents.origins, files=files,
                   quarantined=contents.quarantine)  # fmt: skip


def _recounted(
    result: FeedResult, refused: dict[tuple[str, int], QuarantinedRow]
) -> tuple[FileCounts, ...]:
    lost = {file.file: 0 for file in result.files}
    for name, _ in refused:
        lost[name] = lost.get(name, 0) + 1
    return tuple(
        replace(
            file, loaded=file.loaded - lost[file.file],
            quarantined=file.quarantined + lost[file.file],
        )
        for file in result.files
    )  # fmt: skip


def _joined(table: Table, rows: list[QuarantinedRow]) -> Table:
    more = table_of(rows, "QuarantinedRow")
    columns = {name: np.concatenate([table[name], more[name]]) for name in table.columns}
    return in_file_order(Table("QuarantinedRow", columns))


def _sentence(release: Release, finding: Finding) -> str:
    """What the rule says, of which value where it has one, which rule it is, and whose."""
    owners = {rule.iri: rule.owner for rule in release.rules}
    owner = owners.get(finding.source_shape, "")
    named = f"rule `{finding.source_shape.rpartition('/')[2]}`" + (f" of {owner}" if owner else "")
    is_own = finding.value and not finding.value.startswith(RESOURCE)
    return f"{finding.message}" + (f": {shown(finding.value)}" if is_own else "") + f" ({named})"


def _column(finding: Finding) -> str:
    return finding.result_path.rpartition("#")[2].strip("<>")
