"""Among equally cheap flows one is meant, whoever found it and however the rows stand."""

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine import ties
from solver.engine.choices import movable
from solver.engine.flow import solve, unmet
from solver.engine.potentials import canonical_potentials
from solver.engine.ties import canonical_flow, canonical_rows
from solver.network.columns import IntArray, Network, bare_network
from solver.network.names import hash_names, mixed
from tests.solver.random_networks import networkx_flow, random_network, shuffled


def named(network: Network) -> ties.Hashes:
    """A key per arc that has nothing to do with where the arc stands later."""
    return hash_names(f"arc {number}" for number in range(network.arc_count))


def settle(network: Network, flow: IntArray, keys: ties.Hashes) -> IntArray:
    """The canonical flow from any optimal flow."""
    return canonical_flow(network, flow, canonical_potentials(network, flow), keys)


def tied_network(draw: np.random.Generator, nodes: int) -> Network:
    """A feasible random network in which most arcs cost the same."""
    network = random_network(draw, nodes, feasible=1.0)
    cost = draw.integers(0, 2, network.arc_count)
    return replace(network, cost=np.where(draw.random(network.arc_count) < 0.02, -cost, cost))


def test_rows_names_and_engine_do_not_choose_the_flow() -> None:
    """Law 8: shuffled arcs, relabelled nodes and networkx's optimum give the same flow per key."""
    draw = np.random.default_rng(8)
    with_choice = 0
    for number in range(300):
        network = tied_network(draw, int(draw.integers(4, 60 if number % 10 == 0 else 20)))
        keys = named(network)
        expected = settle(network, solve(network).flow, keys)
        other = networkx_flow(network)
        assert other is not None
        with_choice += not np.array_equal(other, expected)
        assert np.array_equal(expected, settle(network, other, keys)), number
        rows = draw.permutation(network.arc_count)
        turned = shuffled(network, rows, draw.permutation(network.node_count))
        found = settle(turned, solve(turned).flow, keys[rows])
        assert np.array_equal(expected[rows], found), number
    assert with_choice > 60


def cheapest_flows(network: Network) -> list[IntArray]:
    """All cheapest flows, by trying every flow within the bounds."""
    ranges = [range(a, b + 1) for a, b in zip(network.lower, network.capacity, strict=True)]
    feasible = [
        flow
        for flow in (np.array(units, np.int64) for units in product(*ranges))
        if not unmet(network, flow).any()
    ]
    least = min(int(network.cost @ flow) for flow in feasible)
    return [flow for flow in feasible if int(network.cost @ flow) == least]


@pytest.mark.parametrize("seed", range(40))
def test_the_written_order_is_what_the_docstring_says(seed: int) -> None:
    """Law: of all cheapest flows, the one of least tie cost; movable arcs are those that differ."""
    draw = np.random.default_rng(seed)
    nodes, arcs = int(draw.integers(2, 5)), int(draw.integers(3, 8))
    capacity = draw.integers(0, 3, arcs)
    still = bare_network(
        draw.integers(0, nodes, arcs), draw.integers(0, nodes, arcs), capacity,
        draw.integers(-1, 2, arcs), [0] * nodes, draw.integers(0, capacity + 1) // 2,
    )  # fmt: skip
    network = replace(still, supply=-unmet(still, draw.integers(still.lower, capacity + 1)))
    flows, keys, found = cheapest_flows(network), named(network), solve(network).flow
    differ = np.flatnonzero(np.ptp(np.array(flows), axis=0))
    rows = movable(network, found, canonical_potentials(network, found))
    assert differ.tolist() == rows.tolist()
    if len(rows):
        costs = ties._tie_costs(keys[rows], 0, len(rows))
        expected = min(flows, key=lambda flow: int(costs @ flow[rows]))
        assert np.array_equal(expected, settle(network, found, keys))


@pytest.mark.parametrize(("rounds", "bits"), [(0, 32), (1, 1), (8, 1), (3, 2)])
def test_collisions_are_settled_all_the_same(
    monkeypatch: pytest.MonkeyPatch, rounds: int, bits: int
) -> None:
    """Law: with so few bits that hashes often agree, there is still one flow per key."""
    monkeypatch.setattr(ties, "HASHED_ROUNDS", rounds)
    monkeypatch.setattr(ties, "TIE_BITS", bits)
    draw = np.random.default_rng(rounds + bits)
    for number in range(60):
        network = tied_network(draw, int(draw.integers(2, 15)))
        keys = named(network)
        expected = settle(network, solve(network).flow, keys)
        rows = draw.permutation(network.arc_count)
        turned = shuffled(network, rows, draw.permutation(network.node_count))
        found = settle(turned, solve(turned).flow, keys[rows])
        assert np.array_equal(expected[rows], found), number


def test_arcs_of_one_key_are_told_apart_by_their_numbers() -> None:
    """Law: equal hashes fall back on cost, lower bound and capacity, not on the row."""
    network = bare_network([0, 0, 0], [1, 1, 1], [3, 4, 5], [1, 1, 1], [6, -6])
    keys = np.zeros(3, np.uint64)
    expected = settle(network, solve(network).flow, keys)
    for order in ([0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]):
        rows = np.array(order)
        turned = shuffled(network, rows, np.arange(2))
        assert np.array_equal(expected[rows], settle(turned, solve(turned).flow, keys))


def test_nothing_circulates_for_nothing() -> None:
    """Law: a cycle of cost 0 carries no flow in the canonical flow, nor does a loop."""
    network = bare_network([0, 1, 2], [1, 0, 2], [5, 5, 5], [2, -2, 0], [0, 0, 0])
    flow = settle(network, np.array([4, 4, 3]), named(network))
    assert flow.tolist() == [0, 0, 0]


def test_a_flow_without_choice_stays() -> None:
    """Law: where one flow is the cheapest, it is the canonical one."""
    network = bare_network([0, 0], [1, 1], [3, 9], [2, 5], [5, -5])
    assert settle(network, solve(network).flow, named(network)).tolist() == [3, 2]
    empty = bare_network([], [], [], [], [0])
    assert settle(empty, solve(empty).flow, named(empty)).tolist() == []


def test_a_flow_that_is_not_the_cheapest_is_refused() -> None:
    """Law: ties are broken between proved optima only."""
    network = bare_network([0, 0], [1, 1], [3, 9], [2, 5], [5, -5])
    with pytest.raises(SolverError) as refusal:
        canonical_flow(network, np.array([0, 5]), np.array([0, 0]), named(network))
    assert refusal.value.code == "FLOW_NOT_OPTIMAL"


def test_keys_do_not_depend_on_the_process() -> None:
    """Law: another PYTHONHASHSEED gives the same hashes."""
    code = (
        "from solver.network.names import hash_names; "
        "print(hash_names(['a', 'b', 'widget/north'])[2])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": s}
        ).stdout
        for s in ("1", "2")
    }
    assert {f"{hash_names(['widget/north'])[0]}\n".encode()} == seen


def test_combined_keys_depend_on_order_and_on_every_part() -> None:
    """Law: (a, b) and (b, a), or one part changed, give other keys; negative numbers are fine."""
    left, right = (np.array(x).astype(np.uint64) for x in ([1, 2, -3], [2, 1, -3]))
    keys = [*mixed(left, right)[:2], *mixed(left), *mixed(left, left), mixed(right)[0]]
    assert len(set(keys)) == len(keys) - 1  # mixed(right)[0] is mixed(left)[1]


def test_the_written_order_of_rows_follows_the_keys() -> None:
    """Law: arcs in any order are written down in one order."""
    keys = named(bare_network([0] * 9, [0] * 9, [1] * 9, [0] * 9, [0]))
    rows = np.random.default_rng(1).permutation(9)
    turned = keys[rows]
    assert np.array_equal(keys[canonical_rows(keys)], turned[canonical_rows(turned)])


def test_the_tie_costs_never_change() -> None:
    """Law: stored plans rest on these numbers: 1 + the upper half of the mixed hash and turn."""
    keys = hash_names(["a", "b"])
    assert keys.tolist() == [3405396810240292928, 8453121595177857668]
    assert ties._tie_costs(keys, 0, 2).tolist() == [817299799, 1714194453]
    assert ties._tie_costs(keys, 1, 2).tolist() == [3166015124, 330584379]
    assert ties._tie_costs(keys, 8, 2).tolist() == [1, 0]
