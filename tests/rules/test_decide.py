"""The verdict on movements: by rule, by severity, and changed by nothing but facts and shapes."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import Snapshot, Table, empty_table, table_of
from ontology.errors import InputError
from ontology.goods import Production
from ontology.movement import Movement, StockAfterMoves
from ontology.stock import StockingPolicy, StockPosition
from ontology.terms import NAMESPACE, local_name
from ontology.transport import Lane
from rules.check import check_facts, check_movements
from rules.decide import decide
from rules.release import Release, default_release
from tests.rules.worlds import (
    MONDAY,
    PREFIXES,
    random_movements,
    random_snapshot,
    random_stock_after,
    random_tables,
)

RULE = "https://w3id.org/evenkeel/rule/"
SAFETY = "sh:path inv:safetyStockUnits ; sh:lessThanOrEquals inv:quantityAfterMovesUnits"
AT_LEAST_TWO = "sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 2"
NOTHING = empty_table("StockAfterMoves")


def release_of(body: str, target: str = "Movement") -> Release:
    text = f"{PREFIXES}rule:one sh:targetClass inv:{target} ; {body} ."
    return Release("test", "1", {"one.ttl": text}, {})


def transfer(**changes: object) -> Movement:
    movement = Movement(
        "transfer", "widget", MONDAY, MONDAY, "monday", "monday", "N-S",
        origin="north", destination="south",
    )  # fmt: skip
    return replace(movement, **changes)


def verdict_of(release: Release, *movements: Movement, facts: dict | None = None) -> Closures:
    return decide(release, Snapshot(1, facts or {}), table_of(movements, "Movement"), NOTHING)


def test_editing_only_the_text_of_a_shape_changes_what_is_closed() -> None:
    """The rule exists once: another number in the .ttl is another verdict, without any code."""
    movements = [transfer(remaining_life_days=days) for days in (0, 1, 2, 3)]
    before = release_of("sh:path inv:remainingLifeDays ; sh:minInclusive 1")
    edited = before.shapes["one.ttl"].replace("minInclusive 1", "minInclusive 3")
    after = Release("test", "1", {"one.ttl": edited}, {})
    assert [0] == verdict_of(before, *movements).closed[RULE + "one"].tolist()
    assert [0, 1, 2] == verdict_of(after, *movements).closed[RULE + "one"].tolist()


def test_editing_a_shipped_rule_changes_what_is_closed() -> None:
    """The least remaining life of the shipped rule is read from its file alone."""
    release = default_release()
    shapes = dict(release.shapes)
    shapes["fresh-lot.ttl"] = shapes["fresh-lot.ttl"].replace("minInclusive 1", "minInclusive 9")
    random = Random(7)
    snapshot, movements = random_snapshot(random), random_movements(random, 60)
    other = Release("x", "1", shapes, {})
    first = decide(release, snapshot, movements, NOTHING).closed[RULE + "fresh-lot"]
    second = decide(other, snapshot, movements, NOTHING).closed[RULE + "fresh-lot"]
    assert set(first.tolist()) < set(second.tolist())


def test_only_a_violation_closes() -> None:
    """Warning and Info leave the movement open, and say which rows they speak of."""
    body = 'sh:severity sh:{} ; sh:path inv:kind ; sh:in ( "purchase" )'
    warned = verdict_of(release_of(body.format("Warning")), transfer())
    noted = verdict_of(release_of(body.format("Info")), transfer())
    assert ({}, [0]) == (dict(warned.closed), warned.warned[RULE + "one"].tolist())
    assert ({}, [0]) == (dict(noted.closed), noted.recorded[RULE + "one"].tolist())
    assert warned.is_open(1).all()


def test_the_number_of_focus_nodes_is_recorded_even_when_it_is_none() -> None:
    """Law 7: whoever reads a verdict sees that a rule looked at nothing."""
    release = release_of("sh:path inv:kind ; sh:minCount 1")
    assert {RULE + "one": 0} == verdict_of(release).focus_counts
    assert {RULE + "one": 1} == verdict_of(release, transfer()).focus_counts


def test_one_rule_that_cannot_be_evaluated_blocks_every_decision() -> None:
    """Law 7: neither movements nor facts are judged while a rule of the release is unusable."""
    good = "sh:path inv:kind ; sh:minCount 1"
    bad = f"{PREFIXES}rule:two sh:targetClass inv:Lane ; sh:path inv:colour ; sh:minCount 1 ."
    release = Release("x", "1", {**release_of(good).shapes, "two.ttl": bad}, {})
    for question in (
        lambda: verdict_of(release, transfer()),
        lambda: check_facts(release, {}),
        lambda: check_movements(release, Snapshot(1, {}), empty_table("Movement")),
    ):
        with pytest.raises(InputError) as refusal:
            question()
        assert refusal.value.code == "RULE_NOT_EVALUATED"


def test_what_is_not_stated_and_an_empty_text_are_no_value() -> None:
    """Only a stated value counts, be it a text or a reference; an empty key is still a key."""
    movements = [transfer(lane=lane, kind="k" * bool(lane)) for lane in (None, "", "N-S")]
    for path in ("inv:lane", "inv:kind"):
        release = release_of(f"sh:path {path} ; sh:maxCount 0")
        assert [2] == verdict_of(release, *movements).closed[RULE + "one"].tolist()
    nameless = {"Lane": table_of([Lane("", "north", "south")], "Lane")}
    every = release_of("sh:path inv:id ; sh:minCount 1", "Lane")
    found = check_facts(every, nameless).findings
    assert ["https://w3id.org/evenkeel/id/Lane/''"] == [finding.focus_node for finding in found]


def test_a_closed_movement_has_its_reason() -> None:
    """The findings name rule, movement, path and value, with the rule's message."""
    release = release_of('sh:message "not ours" ; sh:path inv:kind ; sh:in ( "purchase" )')
    report = check_movements(release, Snapshot(1, {}), table_of([transfer()], "Movement"))
    found = report.findings[0]
    movement = "transfer/widget/N-S///north/south/2026-03-02//"
    assert f"https://w3id.org/evenkeel/id/Movement/{movement}" == found.focus_node
    assert ("transfer", "not ours", RULE + "one") == (
        found.value,
        found.message,
        found.source_shape,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sh:path inv:safetyStockUnits ; sh:lessThanOrEquals inv:quantityAfterMovesUnits", [4, 0]),
        ("sh:path inv:safetyStockUnits ; sh:lessThan inv:quantityAfterMovesUnits", [5, 1]),
        ("sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 2", [2, 2]),
        ("sh:path inv:quantityAfterMovesUnits ; sh:minExclusive 2", [3, 3]),
        ("sh:path inv:quantityAfterMovesUnits ; sh:minInclusive -5", [0, 0]),
        ("sh:path ( inv:item inv:shelfLifeDays ) ; sh:lessThan inv:quantityAfterMovesUnits",
         [0, 0]),
        (f"sh:property [ {AT_LEAST_TWO} ] , [ {SAFETY} ]", [4, 2]),
    ],
)  # fmt: skip
def test_bounds_on_what_stays_become_floors(body: str, expected: list[int]) -> None:
    """A shape that bounds the stock after moves from below is the least that must stay."""
    stock = table_of(
        [StockAfterMoves("widget", "north", 4), StockAfterMoves("widget", "south", 0)],
        "StockAfterMoves",
    )
    release = release_of(body, "StockAfterMoves")
    verdict = decide(release, Snapshot(1, {}), empty_table("Movement"), stock)
    assert expected == verdict.floors[RULE + "one"].tolist()
    assert {RULE + "one": 2} == verdict.focus_counts


def test_a_floor_that_only_warns_is_no_floor() -> None:
    """Only a Violation binds the plan."""
    body = "sh:severity sh:Warning ; sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 2"
    stock = table_of([StockAfterMoves("widget", "north", 4)], "StockAfterMoves")
    verdict = decide(
        release_of(body, "StockAfterMoves"), Snapshot(1, {}), empty_table("Movement"), stock
    )
    assert {} == dict(verdict.floors)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_rows_is_no_input(seed: int) -> None:
    """Law 8: shuffled facts and movements give the same verdict on each movement."""
    random = Random(seed)
    snapshot, movements = random_snapshot(random), random_movements(random, 30)
    stock = random_stock_after(random)
    order = np.array(random.sample(range(len(movements)), len(movements)), np.intp)
    turned = Snapshot(1, {k: _shuffled(t, random) for k, t in snapshot.tables.items()})
    first = decide(default_release(), snapshot, movements, stock)
    second = decide(default_release(), turned, movements.take(order), stock)
    for rule in first.closed.keys() | second.closed.keys():
        back = sorted(order[second.closed.get(rule, np.zeros(0, np.int64))].tolist())
        assert first.closed.get(rule, np.zeros(0, np.int64)).tolist() == back


def test_the_order_of_rows_is_no_input_for_facts() -> None:
    """Law 8: findings come sorted, each once, whatever the order of the facts."""
    random = Random(3)
    tables = random_tables(random)
    turned = {name: _shuffled(table, random) for name, table in tables.items()}
    assert check_facts(default_release(), tables) == check_facts(default_release(), turned)


def test_a_path_that_fans_out_and_far_apart_numbers_are_exact() -> None:
    """Many values per node, and integers whose distance does not fit into 64 bits."""
    makes = [Production("north", f"i{n}") for n in range(500)]
    facts = {"Production": table_of(makes, "Production")}
    equal = release_of("sh:path ( inv:origin inv:makes ) ; sh:equals inv:item")
    closed = verdict_of(equal, transfer(), transfer(origin="south"), facts=facts).closed
    assert [0, 1] == closed[RULE + "one"].tolist()
    far = [2**62, -(2**62), 0]
    policies = [StockingPolicy("widget", f"p{n}", x, y) for n, (x, y) in
                enumerate((a, b) for a in far for b in far)]  # fmt: skip
    same = release_of(
        "sh:path inv:serviceLevelPercent ; sh:equals inv:safetyStockUnits", "StockingPolicy"
    )
    report = check_facts(same, {"StockingPolicy": table_of(policies, "StockingPolicy")})
    assert 6 == len({finding.focus_node for finding in report.findings})


def test_facts_that_no_rule_minds_have_an_empty_report() -> None:
    """A clean table gives no finding, and still the number of records looked at."""
    lanes = table_of([Lane("a", "north", "south", capacity_units_per_day=0)], "Lane")
    report = check_facts(default_release(), {"Lane": lanes})
    assert () == report.findings
    assert dict(report.focus_counts)[RULE + "lane-capacity"] == 1


@pytest.mark.parametrize(
    "bucket",
    ["on_hand_units", "allocated_units", "reserved_units", "on_hold_units", "in_transit_units"],
)
def test_each_bucket_is_looked_at_by_itself(bucket: str) -> None:
    """Law 1: a negative bucket is found under its own name, also where the sum is right."""
    position = StockPosition("widget", "north", total_units=-1, **{bucket: -1})
    report = check_facts(
        default_release(), {"StockPosition": table_of([position], "StockPosition")}
    )
    found = [(f.result_path, f.value) for f in report.findings if f.result_path]
    assert [(NAMESPACE + local_name(bucket), "-1")] == found


@pytest.mark.parametrize("total", [3, 5])
def test_units_that_are_in_no_bucket_are_found(total: int) -> None:
    """Law 1: a total that is not the sum of the buckets is found, and so is the sum itself."""
    position = StockPosition("widget", "north", on_hand_units=4, total_units=total)
    report = check_facts(
        default_release(), {"StockPosition": table_of([position], "StockPosition")}
    )
    found = [f.value for f in report.findings if f.source_shape.endswith("stock-buckets-sum")]
    assert sorted([str(total), "4"]) == sorted(found)


def _shuffled(table: Table, random: Random) -> Table:
    return table.take(np.array(random.sample(range(len(table)), len(table)), np.intp))
