"""Rules on a finished plan: which lines, lanes, places and countries of it break which rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ontology.closures import IntArray
from ontology.columns import Snapshot, Table, empty_table
from rules.alike import Ranks, broken_rows
from rules.columns import Columns
from rules.release import Release

PLAN_VIEWS = ("PlannedLine", "LaneLoad", "LocationLoad", "CountryHolding")
"""The classes of views on a finished plan that a rule may target."""

Rows = Mapping[str, Mapping[str, IntArray]]


@dataclass(frozen=True)
class PlanVerdict:
    """What the rules say of a finished plan.

    `broken` (severity Violation), `warned` (Warning) and `recorded` (Info): rule IRI -> class of
    the view -> ascending rows of the table that was given; no entry is empty. `focus_counts`:
    rule IRI -> how many rows of all views the rule looked at, 0 included.
    """

    broken: Rows = field(default_factory=dict)
    warned: Rows = field(default_factory=dict)
    recorded: Rows = field(default_factory=dict)
    focus_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether no rule of severity Violation is broken."""
        return not self.broken


def decide_plan(release: Release, snapshot: Snapshot, views: Mapping[str, Table]) -> PlanVerdict:
    """The verdict of every rule that targets a view on a finished plan (PLAN_VIEWS).

    A view that is not given has no rows. The verdict on a row is the one that pySHACL gives on
    the same facts and views as RDF. Raises InputError RULE_NOT_EVALUATED while any rule of the
    release cannot be evaluated, ValueError for another view.
    """
    if set(views) - set(PLAN_VIEWS):
        raise ValueError(f"not views on a finished plan: {sorted(set(views) - set(PLAN_VIEWS))}")
    tables = {name: views.get(name) or empty_table(name) for name in PLAN_VIEWS}
    columns = Columns({**snapshot.tables, **tables})
    ranks = Ranks(columns)
    found: dict[str, dict[str, dict[str, IntArray]]] = {"Violation": {}, "Warning": {}, "Info": {}}
    counts: dict[str, int] = {}
    for compiled in release.compiled:
        if compiled.target not in tables:
            continue
        iri = compiled.rule.iri
        counts[iri] = counts.get(iri, 0) + len(tables[compiled.target])
        for severity, rows in broken_rows(columns, compiled, ranks):
            if len(rows):
                found[severity].setdefault(iri, {})[compiled.target] = rows
    return PlanVerdict(found["Violation"], found["Warning"], found["Info"], counts)
