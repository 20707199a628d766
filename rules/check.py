"""Findings over columns: what validation of the same facts as RDF would report, and faster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.findings import Finding, Report
from ontology.on_demand import OnDemand
from ontology.terms import RESOURCE
from ontology.vocabulary import FACTS
from rules.columns import Columns
from rules.evaluate import Batch, Focus, results
from rules.lookups import about_tables
from rules.reach import judges, reads
from rules.release import Release
from rules.shapes import CompiledRule

ROWS_AT_ONCE = 2**16


def check_facts(release: Release, tables: Mapping[str, Table]) -> Report:
    """The findings of every rule that targets a class of facts.

    Focus, path, value, component, severity and source shape are those of `validate` on
    `graph_of(tables)`; equal results are given once. Raises InputError RULE_NOT_EVALUATED.
    """
    chosen = [compiled for compiled in release.compiled if compiled.target in FACTS]
    report = check_rules(chosen, tables)
    if release.watch.interpreted is None:
        return report
    more, counts = release.watch.interpreted.all(tables)
    findings, focus_counts = {*report.findings, *more}, {**dict(report.focus_counts), **counts}
    return Report(tuple(sorted(findings)), tuple(sorted(focus_counts.items())))


def findings_on(
    release: Release, whole: Mapping[str, Table], changed: Mapping[str, Table]
) -> list[Finding]:
    """What `check_facts` of the whole finds on records that changed, sorted.

    `changed` has those records as they stand in `whole`. A rule that looks at nothing else of its
    class looks at them alone; any other at all of it. Raises InputError RULE_NOT_EVALUATED.
    """
    found: set[Finding] = set()
    chosen = [each for each in release.compiled if judges(each.shape) & changed.keys()]
    for target in sorted({each.target for each in chosen} & FACTS):
        mine = [each for each in chosen if each.target == target]
        alone = [each for each in mine if _looks_at_these_alone(each, changed)]
        if alone:
            found.update(check_rules(alone, _instead(whole, changed, target)).findings)
        rest = [each for each in mine if each not in alone]
        found.update(check_rules(rest, whole).findings if rest else ())
    if release.watch.interpreted is not None:
        found |= release.watch.interpreted.on(about_tables(whole), changed)
    return sorted(finding for finding in found if _is_on(finding, changed))


def _is_on(finding: Finding, changed: Mapping[str, Table]) -> bool:
    name, _, key = finding.focus_node.removeprefix(RESOURCE).partition("/")
    return name in changed and key in changed[name].row_of


def _looks_at_these_alone(rule: CompiledRule, changed: Mapping[str, Table]) -> bool:
    """Whether no result on a changed record depends on others of its class."""
    judged = judges(rule.shape) & changed.keys()
    return judged == {rule.target} and rule.target not in reads(rule.shape) and not rule.only


def _instead(
    whole: Mapping[str, Table], changed: Mapping[str, Table], name: str
) -> Mapping[str, Table]:
    return OnDemand({*whole, name}, lambda each: changed[name] if each == name else whole[each])


def check_movements(release: Release, snapshot: Snapshot, movements: Table) -> Report:
    """Why movements are closed or flagged: the findings of every rule that targets them.

    Meant for the few movements that a person asks about; `decide` gives the verdict on all.
    """
    chosen = [compiled for compiled in release.compiled if compiled.target == "Movement"]
    return check_rules(chosen, {**snapshot.tables, "Movement": movements})


def check_rules(
    chosen: Iterable[CompiledRule], tables: Mapping[str, Table], rows_at_once: int = ROWS_AT_ONCE
) -> Report:  # fmt: skip
    """The findings of the given rules on the records of the tables, sorted, none doubled.

    `rows_at_once` bounds the memory that rules need which look at each record by itself.
    """
    columns = Columns(tables)
    findings: set[Finding] = set()
    counts: dict[str, int] = {}
    for part in _parts(list(chosen), columns, rows_at_once):
        for compiled in part:
            codes = columns.instances(compiled.target)
            if compiled.only:
                codes = codes[np.isin(codes, columns.members(compiled.only, compiled.target))]
            counts[compiled.rule.iri] = counts.get(compiled.rule.iri, 0) + len(codes)
            focus = Focus(compiled.target, codes, np.arange(len(codes)))
            for batch in results(columns, compiled.shape, focus):
                findings.update(_findings(columns, batch))
    return Report(tuple(sorted(findings)), tuple(sorted(counts.items())))


def check_at(
    chosen: Iterable[CompiledRule], tables: Mapping[str, Table], focus: Mapping[str, Table]
) -> set[Finding]:  # fmt: skip
    """The findings of rules that come from some focus nodes: tables with their keys, by class.

    `tables` need hold no more than these nodes' records and what the rules read from there.
    """
    columns = Columns(tables)
    found: set[Finding] = set()
    for compiled in chosen:
        rows = columns.table(compiled.target).row_of.find(focus[compiled.target].keys)
        codes = columns.instances(compiled.target)[rows[rows >= 0]]
        nodes = Focus(compiled.target, codes, np.arange(len(codes)))
        for batch in results(columns, compiled.shape, nodes):
            found.update(_findings(columns, batch))
    return found


def _parts(
    chosen: Sequence[CompiledRule], columns: Columns, rows_at_once: int
) -> Iterator[list[CompiledRule]]:  # fmt: skip
    """The rules that the columns are ready for, until each has seen all records of its class.

    Of a large class, those that look at each record by itself see some records at a time.
    """
    yield [one for one in chosen if not _is_long(one, columns, rows_at_once)]
    some: dict[str, list[CompiledRule]] = {}
    for one in chosen:
        if _is_long(one, columns, rows_at_once):
            some.setdefault(one.target, []).append(one)
    for name, rules in some.items():
        whole = columns.table(name)
        for start in range(0, len(whole), rows_at_once):
            columns.put(whole.take(np.arange(start, min(start + rows_at_once, len(whole)))))
            yield rules
        columns.put(whole)


def _is_long(compiled: CompiledRule, columns: Columns, rows_at_once: int) -> bool:
    """Whether a rule is about many records, of which none counts for what it says of another."""
    target = compiled.target
    is_local = judges(compiled.shape) == {target} and target not in reads(compiled.shape)
    return is_local and not compiled.only and len(columns.table(target)) > rows_at_once


def _findings(columns: Columns, batch: Batch) -> Iterator[Finding]:
    shape = batch.shape
    for entry, focus in enumerate(batch.focus.tolist()):
        value = ""
        if batch.value is not None:
            value = columns.text_of(shape.values, int(batch.value[entry]))
        yield Finding(
            focus_node=columns.text_of(shape.space, focus),
            result_path=shape.path_text,
            value=value,
            component=batch.component,
            severity=shape.severity,
            source_shape=shape.name,
            message=shape.message,
        )
