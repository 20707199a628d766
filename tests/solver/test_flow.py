"""The flow is the cheapest feasible one, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.network.columns import Network, bare_network
from solver.proof.certificate import check, measure
from tests.solver.random_networks import networkx_flow, random_network, shuffled

NETWORKS = 2_000


def two_ways(cost: tuple[int, int] = (2, 5)) -> Network:
    """Five units from node 0 to node 1, of which three fit on the first of two arcs."""
    return bare_network([0, 0], [1, 1], [3, 9], cost, [5, -5])


def objective_of(network: Network) -> int:
    """The objective of a network that has one."""
    objective = solve(network).objective
    assert objective is not None
    return objective


def test_two_thousand_random_networks_agree_with_networkx() -> None:
    """Law: status and objective are networkx's, and every optimum is proved by its certificate."""
    draw = np.random.default_rng(20260101)
    infeasible = ties = 0
    for number in range(NETWORKS):
        largest = 300 if number % 4 == 0 else 30
        network = random_network(draw, int(draw.integers(1, largest + 1)))
        expected, found = networkx_flow(network), solve(network)
        if expected is None:
            infeasible += 1
            assert found.status == "infeasible", number
            assert found.objective is None
            continue
        assert found.status == "optimal", number
        assert int(network.cost @ expected) == found.objective, number
        ties += not np.array_equal(expected, found.flow)
        potentials = canonical_potentials(network, found.flow)
        verdict = check(network, found.flow, potentials, measure(network, found.flow, potentials))
        assert verdict.accepted, (number, verdict.refusals)
        assert verdict.proved is not None
        assert (verdict.proved.label, verdict.canonical) == ("optimal", True), number
    share = infeasible / NETWORKS
    assert 0.15 <= share <= 0.60, f"{share:.0%} of the networks are infeasible"
    assert ties > NETWORKS // 20, "too few networks with a choice between cheapest flows"


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_network_has_the_answer_that_arithmetic_says(seed: int) -> None:
    """Laws: costs scale; names, rows, a split arc and a lone node change nothing."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, int(draw.integers(2, 40)), feasible=1.0)
    expected = objective_of(network)
    assert 7 * expected == objective_of(replace(network, cost=7 * network.cost))
    rows, names = draw.permutation(network.arc_count), draw.permutation(network.node_count)
    assert expected == objective_of(shuffled(network, rows, names))
    lone = replace(network, supply=np.append(network.supply, 0))
    assert expected == objective_of(lone)
    if network.arc_count == 0:
        return
    arc = int(draw.integers(network.arc_count))
    middle = network.node_count
    split = bare_network(
        np.append(network.tail, middle),
        np.append(np.where(np.arange(network.arc_count) == arc, middle, network.head),
                  network.head[arc]),
        np.append(network.capacity, network.capacity[arc]),
        np.append(network.cost, 0),
        lone.supply,
        np.append(network.lower, 0),
    )  # fmt: skip
    assert expected == objective_of(split)


def test_the_cheap_arc_fills_first() -> None:
    """Law: three units at 2 and two units at 5 cost 16."""
    found = solve(two_ways())
    assert (found.status, found.objective, found.flow.tolist()) == ("optimal", 16, [3, 2])


def test_a_loop_of_negative_cost_is_full_and_any_other_at_its_lower_bound() -> None:
    """Law: loops meet no balance, so each is settled by its own cost."""
    network = bare_network([0, 0, 0], [0, 0, 0], [7, 8, 9], [-2, 3, 0], [0], [0, 1, 0])
    assert (solve(network).flow.tolist(), solve(network).objective) == ([7, 1, 0], -11)


def test_a_cycle_of_negative_cost_runs_without_supply() -> None:
    """Law: units circulate where that earns something, as far as the tightest arc lets them."""
    network = bare_network([0, 1], [1, 0], [4, 6], [-3, 1], [0, 0])
    assert solve(network).flow.tolist() == [4, 4]


@pytest.mark.parametrize(
    ("supply", "expected"),
    [([], "optimal"), ([0, 0], "optimal"), ([1, -1], "infeasible"), ([1, 1], "unbalanced")],
)
def test_networks_without_arcs(supply: list[int], expected: str) -> None:
    """Law: without arcs only a network without supplies has a flow."""
    found = solve(bare_network([], [], [], [], supply))
    assert expected == found.status
    assert (0 if expected == "optimal" else None) == found.objective


def test_supplies_whose_sum_wraps_to_zero_are_unbalanced() -> None:
    """Law: supplies are added up exactly, never modulo 2^64."""
    network = bare_network([0], [1], [1], [1], [2**62, 2**62, 2**62, 2**62])
    assert solve(network).status == "unbalanced"


def test_a_lower_bound_above_the_capacity_is_infeasible() -> None:
    """Law: no flow meets bounds that cross."""
    assert solve(bare_network([0], [1], [1], [1], [0, 0], [2])).status == "infeasible"


def test_the_infeasible_answer_leaves_the_process_alive() -> None:
    """Law: no flow is read from an engine that has none."""
    found = solve(bare_network([0], [1], [1], [1], [2, -2]))
    assert (found.status, len(found.flow), found.objective) == ("infeasible", 0, None)


def test_unlimited_capacities_are_clamped_without_harm() -> None:
    """Law: capacities at the end of int64 give the same flow as those of the supply's size."""
    endless = 2**63 - 1
    network = bare_network([0, 1, 0, 2], [1, 2, 2, 1], [endless] * 4, [1, 1, 3, 0], [5, 0, -5])
    assert objective_of(network) == 10


def test_a_clamped_network_keeps_the_units_of_its_negative_cycles() -> None:
    """Law: the clamp counts units that circulate, not only those that are supplied."""
    network = bare_network(
        [0, 1, 2, 0, 1], [1, 2, 0, 1, 0], [60, 2**60, 70, 10, 2**61], [-5, 1, 1, -9, 1],
        [1, -1, 0],
    )  # fmt: skip
    expected = networkx_flow(network)
    assert expected is not None
    assert int(network.cost @ expected) == objective_of(network)


@pytest.mark.parametrize(
    ("network", "code"),
    [
        (two_ways((2**62, 5)), "COST_RANGE"),
        (two_ways((-(2**63), 5)), "COST_RANGE"),
        (bare_network([0], [1], [2**62], [0], [2**61, -(2**61)]), "FLOW_RANGE"),
        (bare_network([0, 1], [1, 0], [2**62] * 2, [-1, 0], [0, 0]), "FLOW_RANGE"),
        (bare_network([0], [1], [2**62], [0], [0, 0], [2**61]), "FLOW_RANGE"),
        (bare_network([0], [2], [1], [0], [0, 0]), "NETWORK_MALFORMED"),
        (bare_network([-1], [1], [1], [0], [0, 0]), "NETWORK_MALFORMED"),
        (bare_network([0], [1, 0], [1], [0], [0, 0]), "NETWORK_MALFORMED"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(network: Network, code: str) -> None:
    """Law: out of range is a refusal before the engine is called, never a wrong answer."""
    with pytest.raises(SolverError) as refusal:
        solve(network)
    assert code == refusal.value.code


def test_an_objective_beyond_64_bits_is_exact() -> None:
    """Law: the objective is a whole number of any size, not a saturated one."""
    network = bare_network([0], [1], [2**58], [2**50], [2**58, -(2**58)])
    assert objective_of(network) == 2**108


@pytest.mark.parametrize("kind", [np.float64, np.int32, np.uint64, np.object_])
def test_columns_of_another_kind_are_refused(kind: type) -> None:
    """Law: floats are never cut to integers, and no column is widened in silence."""
    network = two_ways()
    wrong = replace(network, capacity=network.capacity.astype(kind))
    with pytest.raises(SolverError) as refusal:
        solve(wrong)
    assert refusal.value.code == "NETWORK_MALFORMED"


def test_a_bare_network_takes_whole_numbers_only() -> None:
    """Law: building a network rounds nothing and wraps nothing."""
    with pytest.raises(TypeError):
        bare_network([0], [1], [1.5], [1], [0, 0])
    for beyond in (2**63, 2**64):
        with pytest.raises(OverflowError):
            bare_network([0], [1], [beyond], [1], [0, 0])
