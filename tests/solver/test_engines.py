"""Two engines, one answer: the same optimum, and from it the same canonical flow and potentials."""

from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine import engines
from solver.engine.engines import ENGINES, Engine, chosen
from solver.engine.flow import Solution, solve
from solver.engine.potentials import canonical_potentials
from solver.engine.ties import canonical_flow
from solver.network.columns import IntArray, Network, bare_network
from solver.network.names import hash_names
from solver.network.ranges import ARC_LIMIT, cost_limit, engine_columns
from solver.proof.certificate import check, measure
from tests.solver.random_networks import networkx_flow, random_network, shuffled

NETWORKS = 800
MANY = 5_000


def settled(network: Network, solution: Solution) -> tuple[IntArray, IntArray]:
    """Canonical flow and potentials from what an engine found."""
    potentials = canonical_potentials(network, solution.flow, solution.potentials)
    keys = hash_names(range(network.arc_count))
    return canonical_flow(network, solution.flow, potentials, keys), potentials


def compare_engines(seed: int, count: int) -> tuple[int, int]:
    """Both engines and networkx on random networks; how many have a flow, and how many a choice."""
    draw = np.random.default_rng(seed)
    feasible = differ = 0
    for number in range(count):
        largest = 200 if number % 10 == 0 else 30
        network = random_network(draw, int(draw.integers(1, largest + 1)))
        expected = networkx_flow(network)
        found = [solve(network, engine) for engine in ENGINES]
        if expected is None:
            assert [solution.status for solution in found] == ["infeasible"] * 2, number
            continue
        feasible += 1
        optimum = int(network.cost @ expected)
        assert [solution.objective for solution in found] == [optimum] * 2, number
        differ += not np.array_equal(found[0].flow, found[1].flow)
        (flow, level), (other_flow, other_level) = (settled(network, each) for each in found)
        assert np.array_equal(flow, other_flow), number
        assert np.array_equal(level, other_level), number
        verdict = check(network, flow, level, measure(network, flow, level))
        assert (verdict.accepted, verdict.canonical) == (True, True), number
    return feasible, differ


def test_both_engines_agree_with_networkx_and_settle_on_one_flow() -> None:
    """Law 8: which engine found a flow is no input; status and optimum are networkx's."""
    feasible, differ = compare_engines(20260512, NETWORKS)
    print(f"{NETWORKS} networks, {feasible} with a flow, {differ} where the engines' flows differ")
    assert feasible > NETWORKS // 3
    assert differ > NETWORKS // 40


@pytest.mark.slow
def test_five_thousand_networks_for_each_engine() -> None:
    """Law 8, as above, on many more networks."""
    feasible, differ = compare_engines(5, MANY)
    print(f"{MANY} networks, {feasible} with a flow, {differ} where the engines' flows differ")
    assert feasible > MANY // 3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(20))
def test_a_changed_network_has_the_answer_that_arithmetic_says(engine: Engine, seed: int) -> None:
    """Laws, for each engine: costs scale; names and rows change nothing; supplies may double."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, int(draw.integers(2, 40)), feasible=1.0)
    expected = solve(network, engine).objective
    assert expected is not None
    assert 7 * expected == solve(replace(network, cost=7 * network.cost), engine).objective
    rows, names = draw.permutation(network.arc_count), draw.permutation(network.node_count)
    assert expected == solve(shuffled(network, rows, names), engine).objective
    twice = {name: 2 * getattr(network, name) for name in ("lower", "capacity", "supply")}
    assert 2 * expected == solve(replace(network, **twice), engine).objective


@pytest.mark.parametrize("engine", ENGINES)
def test_costs_up_to_the_limit_are_exact(engine: Engine) -> None:
    """Law: the largest cost that is let in gives the exact objective, the next one is refused."""
    limit = cost_limit(engine, 4)
    ends = ([0, 1, 2, 0], [1, 2, 3, 3], [9, 9, 9, 4])
    network = bare_network(*ends, [limit, -limit, limit, limit - 1], [9, 0, 0, -9])
    found = solve(network, engine)
    assert 5 * limit + 4 * (limit - 1) == found.objective
    flow, level = settled(network, found)
    assert measure(network, flow, level).label == "optimal"
    with pytest.raises(SolverError, match="too large") as refusal:
        solve(bare_network(*ends, [limit + 1, 0, 0, 0], [9, 0, 0, -9]), engine)
    assert refusal.value.code == "COST_RANGE"


@pytest.mark.parametrize("sign", [1, -1])
def test_costs_at_the_limit_on_a_long_path_do_not_wrap(sign: int) -> None:
    """Law: network simplex is exact where every node of a path adds the largest cost."""
    nodes = 400
    limit = cost_limit("network_simplex", nodes)
    path = np.arange(nodes - 1)
    network = bare_network(
        path, path + 1, np.full(nodes - 1, 5), np.full(nodes - 1, sign * limit),
        [3, *[0] * (nodes - 2), -3],
    )  # fmt: skip
    assert 3 * sign * limit * (nodes - 1) == solve(network, "network_simplex").objective


def test_units_beyond_network_simplex_go_to_the_other_engine() -> None:
    """Law: arcs of negative cost may bring fewer than 2^61 units into network simplex."""
    for units in (2**57, 2**58):
        pairs = np.arange(8)
        network = bare_network(pairs, pairs ^ 1, [units] * 8, [-3, 1] * 4, [0] * 8)
        assert -8 * units == solve(network).objective
        if units == 2**57:
            assert -8 * units == solve(network, "network_simplex").objective
            continue
        assert chosen(engine_columns(network)) == "cost_scaling"
        with pytest.raises(SolverError) as refusal:
            solve(network, "network_simplex")
        assert refusal.value.code == "FLOW_RANGE"


def bare(nodes: int, ends: int, cost: int) -> Network:
    """A path of so many nodes, of which so many have supply or demand."""
    supply = np.zeros(nodes, np.int64)
    supply[: ends // 2], supply[nodes - ends // 2 :] = 1, -1
    path = np.arange(nodes - 1)
    return bare_network(path, path + 1, path * 0 + nodes, path * 0 + cost, supply)


@pytest.mark.parametrize(
    ("nodes", "ends", "cost", "expected"),
    [
        (50_000, 2, 9, "network_simplex"),
        (50_001, 2, 9, "cost_scaling"),
        (50_001, 12_502, 9, "network_simplex"),
        (50_001, 2, 2**40, "network_simplex"),
    ],
)
def test_the_rule_for_the_engine_is_the_written_one(
    nodes: int, ends: int, cost: int, expected: str
) -> None:
    """Law: up to 50,000 nodes, or with many ends, or with costs beyond the other: simplex."""
    assert expected == chosen(engine_columns(bare(nodes, ends, cost)))


def test_costs_beyond_both_engines_are_refused() -> None:
    """Law: what no engine can hold is refused before one is called."""
    with pytest.raises(SolverError) as refusal:
        solve(bare(10, 2, cost_limit("network_simplex", 10) + 1))
    assert refusal.value.code == "COST_RANGE"


def test_what_is_too_large_is_refused_before_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: size is limited for what is given to an engine at once, not for all parts together."""
    assert ARC_LIMIT == 40_000_000
    monkeypatch.setattr(engines, "ARC_LIMIT", 3 * 900)
    whole = bare(901, 2, 1)
    with pytest.raises(SolverError) as refusal:
        solve(whole)
    assert refusal.value.code == "NETWORK_TOO_LARGE"
    apart = np.ones(900, np.bool_)
    apart[450] = False
    columns = {n: getattr(whole, n)[apart] for n in ("tail", "head", "lower", "capacity", "cost")}
    supply = whole.supply.copy()
    supply[450], supply[451] = -1, 1
    two = replace(whole, supply=supply, **columns)
    monkeypatch.setattr("solver.engine.parts.MOST_NODES", 500)
    assert solve(two).objective == 899


def test_supplies_that_do_not_balance_are_found_although_the_engine_would_not() -> None:
    """Law: network simplex takes unbalanced supplies in silence; it never sees them."""
    assert solve(bare_network([0], [1], [9], [1], [5, -4]), "network_simplex").status == (
        "unbalanced"
    )
    apart = bare_network([0, 2], [1, 3], [9, 9], [1, 1], [1, 0, 0, -1])
    assert solve(apart, "network_simplex").status == "infeasible"
