"""Rules on a finished plan: by severity, by view and row, and beside the rules on movements."""

import numpy as np
import pytest

from ontology.columns import Snapshot, empty_table, table_of
from ontology.errors import InputError
from ontology.movement import CountryHolding, LaneLoad, LocationLoad, Movement, PlannedLine
from rules.decide import decide
from rules.decide_plan import PLAN_VIEWS, decide_plan
from rules.release import Release, default_release
from tests.rules.worlds import MONDAY, PREFIXES

RULE = "https://w3id.org/evenkeel/rule/"
NOTHING = Snapshot(1, {})
VIEWS = {
    "PlannedLine": table_of(
        [PlannedLine(n, "transfer", "soap", 1, MONDAY, MONDAY, value_cents=value)
         for n, value in enumerate((1, 2_000_000, None))],
        "PlannedLine",
    ),
    "LaneLoad": table_of(
        [LaneLoad("a", MONDAY, 1, ("flammable", "oxidiser")), LaneLoad("b", MONDAY, 1)], "LaneLoad"
    ),
    "LocationLoad": table_of(
        [LocationLoad("n", 1, 0, 0), LocationLoad("s", 1, 1, 0), LocationLoad("t", 1, 0, 1)],
        "LocationLoad",
    ),
    "CountryHolding": table_of([CountryHolding("soap", "LU", 9, 1)], "CountryHolding"),
}  # fmt: skip


def release_of(body: str, *targets: str) -> Release:
    named = " , ".join(f"inv:{target}" for target in targets)
    return Release("t", "1", {"a.ttl": f"{PREFIXES}rule:one sh:targetClass {named} ; {body} ."}, {})


def test_the_shipped_rules_name_view_and_rows() -> None:
    """Broken lanes, places and countries block; a line of high value goes to a person."""
    verdict = decide_plan(default_release(), NOTHING, VIEWS)
    broken = {
        (iri.removeprefix(RULE), name): rows.tolist()
        for iri, by_view in verdict.broken.items()
        for name, rows in by_view.items()
    }
    expected = {
        ("hazard-segregation", "LaneLoad"): [0],
        ("location-limits", "LocationLoad"): [1, 2],
        ("possession-limit", "CountryHolding"): [0],
    }
    assert expected == broken
    assert [1] == verdict.warned[RULE + "second-approver"]["PlannedLine"].tolist()
    assert ({}, False) == (dict(verdict.recorded), verdict.holds)


def test_a_plan_without_rows_holds_and_counts_what_was_looked_at() -> None:
    """Law 7: the number of focus nodes is recorded, also where it is none."""
    verdict = decide_plan(default_release(), NOTHING, {})
    assert verdict.holds
    assert {0} == set(verdict.focus_counts.values())
    assert 3 == decide_plan(default_release(), NOTHING, VIEWS).focus_counts[
        RULE + "location-limits"
    ]  # fmt: skip


def test_editing_only_the_text_of_a_shape_changes_the_verdict() -> None:
    """The value above which a second person is asked stands in the file alone."""
    shapes = dict(default_release().shapes)
    shapes["second-approver.ttl"] = shapes["second-approver.ttl"].replace(
        "maxInclusive 1000000", "maxInclusive 0"
    )
    edited = decide_plan(Release("x", "1", shapes, {}), NOTHING, VIEWS)
    assert [0, 1] == edited.warned[RULE + "second-approver"]["PlannedLine"].tolist()


def test_one_rule_may_look_at_several_views() -> None:
    """Rows are kept apart by the class of the view, and counts are added."""
    release = release_of(
        "sh:severity sh:Info ; sh:path inv:quantityUnits ; sh:maxInclusive 1",
        "LaneLoad", "CountryHolding",
    )  # fmt: skip
    verdict = decide_plan(release, NOTHING, VIEWS)
    assert {"CountryHolding": [0]} == {
        name: rows.tolist() for name, rows in verdict.recorded[RULE + "one"].items()
    }
    assert {RULE + "one": 3} == dict(verdict.focus_counts)


def test_movements_and_plans_are_judged_apart() -> None:
    """`decide` passes over rules on plans, `decide_plan` over rules on movements and facts."""
    moved = table_of([Movement("transfer", "soap", MONDAY, MONDAY, "monday", "monday")], "Movement")
    stock = empty_table("StockAfterMoves")
    on_plan = release_of("sh:path inv:item ; sh:maxCount 0", "PlannedLine")
    on_moves = release_of("sh:path inv:item ; sh:maxCount 0", "Movement")
    assert ({}, {}) == (
        dict(decide(on_plan, NOTHING, moved, stock).closed),
        dict(decide(on_plan, NOTHING, moved, stock).focus_counts),
    )
    verdict = decide_plan(on_moves, NOTHING, VIEWS)
    assert ({}, {}) == (dict(verdict.broken), dict(verdict.focus_counts))
    assert [0, 1, 2] == decide_plan(on_plan, NOTHING, VIEWS).broken[RULE + "one"][
        "PlannedLine"
    ].tolist()  # fmt: skip


def test_a_rule_that_cannot_be_evaluated_blocks_the_plan() -> None:
    """Law 7: also where the bad rule speaks of something else."""
    with pytest.raises(InputError) as refusal:
        decide_plan(release_of("sh:path inv:colour ; sh:minCount 1", "Lane"), NOTHING, VIEWS)
    assert "RULE_NOT_EVALUATED" == refusal.value.code


def test_other_tables_are_no_views() -> None:
    """A table under another name is a mistake of the caller, not silently looked past."""
    with pytest.raises(ValueError, match="Movement"):
        decide_plan(default_release(), NOTHING, {"Movement": empty_table("Movement")})
    assert ("PlannedLine", "LaneLoad", "LocationLoad", "CountryHolding") == PLAN_VIEWS


def test_the_order_of_rows_is_no_input() -> None:
    """Law 8: turned round, the same rows are broken."""
    turned = {name: table.take(np.arange(len(table))[::-1].copy()) for name, table in VIEWS.items()}
    first = decide_plan(default_release(), NOTHING, VIEWS).broken[RULE + "location-limits"]
    second = decide_plan(default_release(), NOTHING, turned).broken[RULE + "location-limits"]
    assert ([1, 2], [0, 1]) == (first["LocationLoad"].tolist(), second["LocationLoad"].tolist())
