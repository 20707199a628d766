"""Old certificates on new facts: sound bounds, gaps that add up, and parts solved again alone."""

from dataclasses import replace

import numpy as np
import pytest

from ontology.columns import Snapshot, Table
from solver.engine.blocks import blocks_of, settle
from solver.engine.flow import solve, unmet
from solver.engine.potentials import canonical_potentials
from solver.engine.ties import Hashes
from solver.explain.drift import (
    Carried,
    carried,
    drifted,
    matched,
    reachable,
    resettled,
    weighed,
    with_old_penalties,
)
from solver.network.columns import ArcKind, Network, bare_network
from solver.network.names import mixed
from solver.network.ranges import exact_dot
from solver.proof.claims import SharedResources
from tests.solver.forecasts import random_forecast
from tests.solver.planning import random_orders, random_risk, solved
from tests.solver.random_networks import random_network

SEEDS = range(60)


def drifts_of(network: Network, seed: int) -> list[Network]:
    """Networks with other costs, other capacities, and both, of the same arcs."""
    draw = np.random.default_rng(seed)
    count = network.arc_count
    cost = network.cost + draw.integers(-3, 4, count)
    capacity = np.maximum(network.lower, network.capacity + draw.integers(-2, 3, count))
    return [replace(network, cost=cost), replace(network, capacity=capacity),
            replace(network, cost=cost, capacity=capacity)]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_no_flow_costs_less_than_the_bound(seed: int) -> None:
    """Whatever drifts, the old potentials bound the new optimum, and the parts sum to the gap."""
    network = random_network(np.random.default_rng(seed), 3 + seed % 9)
    solution = solve(network)
    if solution.status != "optimal":
        return
    potentials = canonical_potentials(network, solution.flow)
    same = drifted(network, solution.flow, potentials)
    assert same.gap == 0 == same.part_gap.sum()
    assert same.feasible
    for new in drifts_of(network, seed):
        found = drifted(new, solution.flow, potentials)
        now = solve(new)
        if now.objective is not None:
            assert found.bound <= now.objective
            better = weighed(new, solution.flow, potentials)
            assert found.bound <= better.bound <= now.objective
        assert found.cost == exact_dot(new.cost, solution.flow)
        assert found.gap == found.part_gap.sum()
        within = np.all((solution.flow <= new.capacity) & (solution.flow >= new.lower))
        assert found.feasible == within


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_more_than_what_is_reachable_flows(seed: int) -> None:
    """In networks without circles every feasible flow, whatever its costs, is within reach."""
    network = random_network(np.random.default_rng(seed), 3 + seed % 9)
    onward = network.tail < network.head
    columns = (c[onward] for c in (network.tail, network.head, network.capacity, network.cost))
    tail, head, capacity, _ = columns
    for draw in range(3):
        rng = np.random.default_rng([seed, draw])
        cost = rng.integers(-9, 10, len(tail))
        supply = np.zeros(network.node_count, np.int64)
        supply[0] += 3
        supply[-1] -= 3
        found = bare_network(tail, head, np.maximum(capacity, 1), cost, supply)
        solution = solve(found)
        reach = reachable(found)
        assert np.all(reach <= 3)
        if solution.status == "optimal":
            assert np.all(solution.flow <= reach)


def test_room_that_nothing_can_use_does_not_spoil_the_bound() -> None:
    """A lane for a million units whose cost falls by 1 loosens the bound by the 5 there are."""
    tail, head, supply = [0, 0], [1, 1], [5, -5]
    old = bare_network(tail, head, [10**6, 10**6], [3, 4], supply)
    solution = solve(old)
    new = replace(old, cost=np.array([3, 2]))
    found = drifted(new, solution.flow, canonical_potentials(old, solution.flow))
    assert (15, 10) == (found.cost, found.bound)


def test_potentials_are_mended_behind_an_arc_with_much_room() -> None:
    """An idle arc in a circle, with room for a million units, is cheaper now: by hand."""
    room = [9, 9, 10**6, 10**6, 10**6]
    old = bare_network([0, 1, 0, 3, 2], [1, 2, 3, 2, 3], room, [3, 3, 4, 4, 50], [9, 0, -9, 0])
    flow = solve(old).flow
    potentials = canonical_potentials(old, flow)
    new = replace(old, cost=np.array([3, 3, 4, 1, 50]))
    assert 45 == solve(new).objective
    assert (54, 54 - 10**6) == (drifted(new, flow, potentials).cost,
                                drifted(new, flow, potentials).bound)  # fmt: skip
    assert 45 == weighed(new, flow, potentials).bound


def test_what_a_price_says_of_unused_capacity_is_part_of_the_gap() -> None:
    """One resource of 4 that both arcs use once a unit, at a price of 2, and 3 units flow."""
    network = bare_network([0, 0], [1, 1], [9, 9], [1, 5], [3, -3])
    shared = SharedResources(*(np.array(c, np.int64) for c in ([0, 1], [0, 0], [1, 1], [4])))
    flow, prices = np.array([3, 0]), np.array([2])
    found = drifted(network, flow, np.array([0, 3]), prices, shared)
    assert 2 == found.gap == found.part_gap.sum() + 2 * (4 - 3)
    tight = replace(shared, capacity=np.array([2]))
    assert [0] == drifted(network, flow, np.array([0, 3]), prices, tight).crowded.tolist()


def test_arcs_are_matched_by_what_they_are() -> None:
    """Arcs gained, lost, doubled and in another order."""
    old = np.array([7, 3, 3, 9], np.uint64)
    new = np.array([3, 5, 7, 3, 3, 2**64 - 1], np.uint64)
    assert [1, -1, 0, 2, -1, -1] == matched(new, old).tolist()
    assert [-1] * 6 == matched(new, old[:0]).tolist()


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_carried_to_the_same_facts_is_itself(seed: int) -> None:
    """Flow, potentials and gap 0 are found again from names and movements alone."""
    for snapshot in (random_risk(seed), random_forecast(seed)):
        plan = solved(snapshot)
        found = carried(plan.problem, plan.problem, plan.flow, plan.potentials)
        assert not len(found.lost)
        assert np.array_equal(plan.potentials, found.potentials)
        network = plan.problem.network
        assert exact_dot(network.cost, plan.flow) == exact_dot(network.cost, found.flow)
        assert drifted(network, found.flow, found.potentials).gap == 0


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_carried_to_other_facts_is_bounded(seed: int) -> None:
    """With a lane less, dearer lanes and other stock: sound bounds, and what is lost is named."""
    snapshot = random_forecast(seed)
    plan = solved(snapshot)
    lanes, stock = snapshot.table("Lane"), snapshot.table("StockPosition")
    dearer = Table("Lane", {**lanes.columns, "cost_per_unit_micros":
                            lanes["cost_per_unit_micros"] * 11 // 10})  # fmt: skip
    fewer = Table("StockPosition", {**stock.columns, "on_hand_units":
                                    np.maximum(0, stock["on_hand_units"] - 2)})  # fmt: skip
    for name, table in (("Lane", lanes.take(np.arange(2))), ("Lane", dearer),
                        ("StockPosition", fewer)):  # fmt: skip
        after = solved(Snapshot(1, {**snapshot.tables, name: table}))
        found = carried(after.problem, plan.problem, plan.flow, plan.potentials)
        worth = drifted(after.problem.network, found.flow, found.potentials)
        assert worth.bound <= after.objective
        if worth.feasible and not len(found.lost):
            assert worth.cost >= after.objective
        moved = plan.problem.network.reference[found.lost]
        gone = set(plan.problem.movements["lane"][moved].tolist())
        assert gone <= set(lanes["id"].tolist()) - set(table["id"]) if name == "Lane" else True


def test_only_what_is_rejected_is_solved_again() -> None:
    """Of ten items three drift: those are rejected, and solving them again gives the whole."""
    parts = [_item(seed) for seed in range(10)]
    network, keys = _side_by_side(parts)
    settled = settle(network, keys)
    cost = network.cost.copy()
    blocks = blocks_of(network)
    for block in (2, 5, 9):
        arcs = blocks.arcs(block, block + 1)
        cost[arcs] = cost[arcs][::-1]
    new = replace(network, cost=cost)
    found = drifted(new, settled.flow, settled.potentials)
    rejected = found.rejected(0)
    assert {2, 5, 9} >= set((np.searchsorted(blocks.node_start, rejected, "right") - 1).tolist())
    assert len(rejected)
    old = Carried(settled.flow, settled.potentials, np.arange(network.arc_count), rejected[:0])
    flow, potentials = resettled(new, keys, blocks, old, rejected)
    again = drifted(new, flow, potentials)
    assert again.gap == 0
    assert again.within(0)
    assert exact_dot(new.cost, settle(new, keys).flow) == again.cost


def _item(seed: int) -> Network:
    """Three places, a depot, and enough for all."""
    draw = np.random.default_rng(seed)
    cost = draw.integers(1, 30, 6)
    return bare_network([0, 0, 0, 1, 2, 1], [1, 2, 3, 2, 3, 3], [9] * 6, cost, [9, -2, -3, -4])


def _side_by_side(parts: list[Network]) -> tuple[Network, Hashes]:
    columns = [
        (part.tail + 4 * row, part.head + 4 * row, part.capacity, part.cost)
        for row, part in enumerate(parts)
    ]
    tail, head, capacity, cost = (np.concatenate(column) for column in zip(*columns, strict=True))
    supply = np.concatenate([part.supply for part in parts])
    network = bare_network(tail, head, capacity, cost, supply)
    return network, mixed(np.arange(network.arc_count).astype(np.uint64))


def test_a_drifting_penalty_is_held() -> None:
    """The penalty of open orders is the plan's own; else the old proof fails where one is open."""
    for seed in range(6):
        plan = solved(random_orders(seed))
        network = plan.problem.network
        cost = network.cost * np.where(network.kind == ArcKind.SHORTFALL, 2, 1)
        new = replace(plan.problem, network=replace(network, cost=cost))
        found = carried(new, plan.problem, plan.flow, plan.potentials)
        assert np.array_equal(plan.flow, found.flow)
        held = with_old_penalties(new, plan.problem, found.match)
        assert drifted(held.network, found.flow, found.potentials).gap == 0
        is_open = bool(plan.flow[network.kind == ArcKind.SHORTFALL].any())
        assert is_open == (drifted(new.network, found.flow, found.potentials).gap > 0)


def test_a_flow_that_leaves_units_behind_is_broken() -> None:
    """A unit less at one end of a component breaks that component alone."""
    network, keys = _side_by_side([_item(0), _item(1)])
    settled = settle(network, keys)
    supply = network.supply.copy()
    supply[4] += 1
    new = replace(network, supply=supply)
    assert np.any(unmet(new, settled.flow))
    found = drifted(new, settled.flow, settled.potentials)
    assert [4] == np.flatnonzero(found.broken).tolist()
    assert [4] == found.rejected(10**6).tolist()
    assert not found.within(10**6)
