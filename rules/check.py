"""Findings over columns: what validation of the same facts as RDF would report, and faster."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.findings import Finding, Report
from ontology.vocabulary import FACTS
from rules.columns import Columns
from rules.evaluate import Batch, Focus, results
from rules.release import Release
from rules.shapes import CompiledRule


def check_facts(release: Release, tables: Mapping[str, Table]) -> Report:
    """The findings of every rule that targets a class of facts.

    Focus, path, value, component, severity and source shape are those of `validate` on
    `graph_of(tables)`; equal results are given once. Raises InputError RULE_NOT_EVALUATED.
    """
    chosen = [compiled for compiled in release.compiled if compiled.target in FACTS]
    return check_rules(chosen, tables)


def check_movements(release: Release, snapshot: Snapshot, movements: Table) -> Report:
    """Why movements are closed or flagged: the findings of every rule that targets them.

    Meant for the few movements that a person asks about; `decide` gives the verdict on all.
    """
    chosen = [compiled for compiled in release.compiled if compiled.target == "Movement"]
    return check_rules(chosen, {**snapshot.tables, "Movement": movements})


def check_rules(chosen: Iterable[CompiledRule], tables: Mapping[str, Table]) -> Report:
    """The findings of the given rules on the records of the tables, sorted, none doubled."""
    columns = Columns(tables)
    findings: set[Finding] = set()
    counts: dict[str, int] = {}
    for compiled in chosen:
        codes = columns.instances(compiled.target)
        counts[compiled.rule.iri] = counts.get(compiled.rule.iri, 0) + len(codes)
        focus = Focus(compiled.target, codes, np.arange(len(codes)))
        for batch in results(columns, compiled.shape, focus):
            findings.update(_findings(columns, batch))
    return Report(tuple(sorted(findings)), tuple(sorted(counts.items())))


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
