"""Why an item is brought to a place: every way in, and how it stands, checked by re-solving."""

from dataclasses import replace

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.errors import InputError
from service.recalled import recall
from service.why import Way, Why, why
from solver.engine.flow import solve
from solver.explain.alternatives import Alternative, arc_of, row_of
from solver.model.carry_labels import CarryLabels
from tests.service.planned import Planned


def told(plan: Planned, item: str, place: str) -> Why:
    return why(ArtifactStore(plan.artifacts), plan.document, item, place)


def pairs(plan: Planned) -> list[tuple[str, str]]:
    labels = plan.draft.problem.labels
    assert isinstance(labels, CarryLabels)
    return labels.pairs


def resolved(plan: Planned, arc: int, cost: int) -> int:
    """Units on an arc of the plan's network, solved anew with the arc at another cost."""
    network = plan.draft.problem.network
    costs = network.cost.copy()
    costs[arc] = cost
    return int(solve(replace(network, cost=costs)).flow[arc])


def test_ways_are_those_that_the_plan_counts(plan: Planned) -> None:
    """Used and open ways stand first, and what a way carries is what its line says."""
    found = {pair: told(plan, *pair) for pair in pairs(plan)}
    for place in found.values():
        open_ways = [way for way in place.ways if not way.closed_by]
        assert open_ways == list(place.ways[: len(open_ways)])
    used = sum(way.units for place in found.values() for way in place.ways)
    lines = plan.document["decision"]["lines"]
    assert sum(line["quantity_units"] for line in lines) == used > 0


def test_a_closed_way_names_its_rule(plan: Planned) -> None:
    """The lane that is not cold enough is a way in, closed by the cold chain."""
    ways = told(plan, "vaccine", "south").ways
    rules = {rule.rpartition("/")[2] for way in ways for rule in way.closed_by}
    assert "cold-chain" in rules
    assert {bool(way.closed_by) for way in ways if way.standing == "closed"} == {True}
    assert not any(way.closed_by for way in ways if way.standing != "closed")


def test_a_way_would_be_used_just_below_its_tipping_price(plan: Planned) -> None:
    """One below the price a re-solve uses the way, one above it does not: every open way."""
    store, seen = ArtifactStore(plan.artifacts), 0
    problem = recall(store, plan.document).problem
    for item, place in pairs(plan):
        for way in told(plan, item, place).ways:
            arc = _arc(plan, way, item, place)
            if arc is None or way.standing == "used":
                continue
            seen += 1
            price = way.used_below_scaled
            assert way.unit_cost_scaled == problem.network.cost[arc]
            if price is None:
                assert resolved(plan, arc, -(10**9)) == 0
            else:
                assert (True, 0) == (resolved(plan, arc, price - 1) > 0,
                                     resolved(plan, arc, price + 1))  # fmt: skip
    assert seen > 0


def _arc(plan: Planned, way: Way, item: str, place: str) -> int | None:
    names = {"kind": way.kind, "lot": way.lot or None, "destination": place}
    if way.kind == "transfer":
        names |= {"item": item, "origin": way.start, "lane": way.by}
    elif way.kind == "purchase":
        names |= {"item": item, "supplier": way.start}
    else:
        names |= {"item": way.start, "replaces": item, "origin": place}
    row = row_of(plan.draft.problem, names)
    assert row is not None
    return arc_of(plan.draft.problem, row)


def test_a_unit_more_comes_at_the_cost_that_the_shortfall_states(plan: Planned) -> None:
    """The way of the next unit costs what the plan says, and names what changes for it."""
    stated = [row for row in plan.document["decision"]["shortfalls"] if "next_unit" in row]
    assert stated
    for row in stated:
        first = told(plan, row["item"], row["location"])
        assert first.shortfall is not None
        if first.shortfall["on"] == row["on"]:
            assert isinstance(first.next_unit, Alternative)
            assert row["next_unit"]["costs_scaled"] == first.next_unit.dearer_scaled


def test_keeping_a_unit_costs_what_a_re_solve_finds(plan: Planned) -> None:
    """One unit less on a line that takes units away costs what the re-solved network says."""
    problem, seen = plan.draft.problem, 0
    network, flow = problem.network, plan.draft.flow
    for pair in pairs(plan):
        for taken in told(plan, *pair).taken:
            line = plan.document["decision"]["lines"][taken.number - 1]
            row = row_of(problem, line)
            assert row is not None
            arc = arc_of(problem, row)
            capacity = network.capacity.copy()
            capacity[arc] = flow[arc] - 1
            other = solve(replace(network, capacity=capacity)).objective
            assert taken.keeping_one is not None
            assert other is not None
            assert other - int(network.cost @ flow) == taken.keeping_one.dearer_scaled
            seen += 1
    assert seen > 0


def test_what_is_not_there_is_said(plan: Planned) -> None:
    """An item or place that the plan does not know is one clear line."""
    with pytest.raises(InputError) as caught:
        told(plan, "unicorn", "south")
    assert caught.value.code == "PLACE_UNKNOWN"


def test_a_plan_of_a_flow_alone_is_exact(plan: Planned) -> None:
    """Nothing was closed after the flow and nothing shared is short: the numbers are exact."""
    assert "exact" == told(plan, *pairs(plan)[0]).basis
    assert np.array_equal(
        plan.draft.flow, recall(ArtifactStore(plan.artifacts), plan.document).flow
    )
