"""The compiled columns give what pySHACL, the reference, gives on the same facts as RDF."""

from random import Random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.columns import Snapshot, Table
from ontology.findings import SEVERITIES, Report
from ontology.terms import NAMESPACE, RESOURCE
from rules.check import check_facts, check_movements, findings_on
from rules.decide import decide
from rules.decide_plan import PLAN_VIEWS, PlanVerdict, decide_plan
from rules.graph_of import graph_around, graph_of
from rules.release import Release, default_release
from rules.validate import validate
from tests.rules.worlds import (
    RandomShape,
    random_movements,
    random_snapshot,
    random_stock_after,
    random_tables,
    random_views,
)

SEEDS = st.integers(min_value=0, max_value=2**32)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(FEW, max_examples=100)


def rows_of(report: Report) -> set[tuple[str, ...]]:
    return {
        (f.focus_node, f.result_path, f.value, f.component, f.severity, f.source_shape)
        for f in report.findings
    }


def closed_by_reference(
    release: Release, snapshot: Snapshot, movements: Table
) -> dict[str, dict[str, list[int]]]:
    """Per severity and rule, the movements with a result of pySHACL, each asked for alone."""
    closed: dict[str, dict[str, list[int]]] = {severity: {} for severity in SEVERITIES}
    tables = {**snapshot.tables, "Movement": movements}
    for rule in release.rules:
        alone = Release("one", "1", {rule.file: release.shapes[rule.file]}, {})
        if not rule.targets[0].endswith("Movement"):
            continue
        for row in range(len(movements)):
            report = validate(graph_around(tables, "Movement", [row]), alone.graph)
            for severity in {finding.severity for finding in report.findings}:
                closed[severity].setdefault(rule.iri, []).append(row)
    return closed


def plan_by_reference(
    release: Release, snapshot: Snapshot, views: dict[str, Table]
) -> set[tuple[str, str, str, int]]:
    """Severity, rule, view and row of every result of pySHACL, each row asked for alone."""
    found = set()
    tables = {**snapshot.tables, **views}
    for rule in release.rules:
        name = rule.targets[0].removeprefix(NAMESPACE)
        if name not in views:
            continue
        alone = Release("one", "1", {rule.file: release.shapes[rule.file]}, {})
        for row in range(len(views[name])):
            report = validate(graph_around(tables, name, [row]), alone.graph)
            found |= {(f.severity, rule.iri, name, row) for f in report.findings}
    return found


def found_in(verdict: PlanVerdict) -> set[tuple[str, str, str, int]]:
    """The same of a verdict."""
    parts = {"Violation": verdict.broken, "Warning": verdict.warned, "Info": verdict.recorded}
    return {
        (severity, iri, name, row)
        for severity, part in parts.items()
        for iri, by_view in part.items()
        for name, rows in by_view.items()
        for row in rows.tolist()
    }


def as_lists(closed: dict[str, object]) -> dict[str, list[int]]:
    return {iri: rows.tolist() for iri, rows in closed.items() if len(rows)}


@FEW
@given(SEEDS)
def test_the_shipped_rules_close_what_the_reference_rejects(seed: int) -> None:
    """On random facts, a movement is closed exactly if pySHACL has a Violation for it."""
    random = Random(seed)
    snapshot, movements = random_snapshot(random), random_movements(random, 4)
    release = default_release()
    verdict = decide(release, snapshot, movements, random_stock_after(random))
    expected = closed_by_reference(release, snapshot, movements)
    assert expected["Violation"] == as_lists(verdict.closed)
    assert expected["Warning"] == as_lists(verdict.warned)


@FEW
@given(SEEDS)
def test_the_shipped_rules_find_in_a_plan_what_the_reference_finds(seed: int) -> None:
    """On random views of a finished plan, a row is broken exactly if pySHACL says so."""
    random = Random(seed)
    snapshot, views = random_snapshot(random), random_views(random)
    release = default_release()
    verdict = decide_plan(release, snapshot, views)
    assert plan_by_reference(release, snapshot, views) == found_in(verdict)
    assert {"second-approver", "hazard-segregation", "location-limits", "possession-limit"} == {
        iri.rsplit("/", 1)[-1] for iri in verdict.focus_counts
    }


@MANY
@given(SEEDS, st.sampled_from(PLAN_VIEWS))
def test_any_shape_of_the_fragment_judges_a_plan_as_the_reference(seed: int, target: str) -> None:
    """A random shape over a view on a finished plan breaks the same rows as in pySHACL."""
    random = Random(seed)
    snapshot, views = random_snapshot(random), random_views(random)
    text = RandomShape(random).rule("random", target)
    release = Release("random", "1", {"random.ttl": text}, {})
    verdict = decide_plan(release, snapshot, views)
    assert plan_by_reference(release, snapshot, views) == found_in(verdict)


@MANY
@given(SEEDS)
def test_any_shape_of_the_fragment_gives_the_findings_of_the_reference(seed: int) -> None:
    """A random shape over random movements has the same results, and closes the same ones."""
    random = Random(seed)
    snapshot, movements = random_snapshot(random), random_movements(random, 5)
    text = RandomShape(random).rule("random", "Movement")
    release = Release("random", "1", {"random.ttl": text}, {})
    found = check_movements(release, snapshot, movements)
    tables = {**snapshot.tables, "Movement": movements}
    reference = validate(graph_of(tables), release.graph)
    assert rows_of(reference) == rows_of(found)
    verdict = decide(release, snapshot, movements, random_stock_after(random))
    expected = closed_by_reference(release, snapshot, movements)
    assert expected["Violation"] == as_lists(verdict.closed)
    assert expected["Warning"] == as_lists(verdict.warned)
    assert expected["Info"] == as_lists(verdict.recorded)


@FEW
@given(SEEDS)
def test_facts_have_the_findings_of_the_reference(seed: int) -> None:
    """The shipped rules for facts find what pySHACL finds, with the same number of focus nodes."""
    tables = random_tables(Random(seed))
    found = check_facts(default_release(), tables)
    reference = validate(graph_of(tables), default_release().graph)
    assert rows_of(reference) == rows_of(found)
    counts = {iri: n for iri, n in reference.focus_counts if iri in dict(found.focus_counts)}
    assert counts == dict(found.focus_counts)


@MANY
@given(SEEDS, st.sampled_from(["Item", "Lane", "StockPosition", "Calendar", "Location", "Offer"]))
def test_any_shape_of_the_fragment_holds_for_facts_too(seed: int, target: str) -> None:
    """A random shape over a random class of facts has the same results as in the reference."""
    random = Random(seed)
    tables = random_tables(random)
    release = Release("random", "1", {"random.ttl": RandomShape(random).rule("random", target)}, {})
    reference = validate(graph_of(tables), release.graph)
    assert rows_of(reference) == rows_of(check_facts(release, tables))


@MANY
@given(SEEDS, st.sampled_from(["Item", "Location", "Lane", "StockPosition", "Offer", "Calendar"]))
def test_changed_records_are_judged_as_among_all(seed: int, target: str) -> None:
    """What a random shape, or a shipped rule, finds on some records is found without the rest."""
    random = Random(seed)
    tables = random_tables(random)
    changed = {
        name: table.take(np.flatnonzero([random.random() < 0.5 for _ in range(len(table))]))
        for name, table in tables.items()
        if random.random() < 0.5
    }
    ours = {f"{RESOURCE}{name}/{key}" for name, table in changed.items() for key in table.keys}
    text = RandomShape(random).rule("random", target)
    for release in (Release("random", "1", {"random.ttl": text}, {}), default_release()):
        whole = check_facts(release, tables).findings
        expected = [finding for finding in whole if finding.focus_node in ours]
        assert expected == findings_on(release, tables, changed)
