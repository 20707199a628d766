"""Other costs on a solved network: pivots from its tree end where a cold solve ends."""

from dataclasses import replace

import numpy as np
import pytest

from solver.engine.basis import Basis
from solver.engine.engines import flow_by
from solver.engine.flow import solution_of, solve
from solver.engine.parts import components, lowered
from solver.engine.pivots import IN_TREE, LOWER, UPPER
from solver.engine.potentials import canonical_potentials
from solver.engine.raising import raised
from solver.engine.resolve import Warm
from solver.engine.ties import canonical_flow
from solver.network.columns import IntArray, Network, bare_network
from solver.network.names import hash_names
from solver.network.ranges import EngineColumns, Found, cost_limit, engine_columns
from tests.solver.random_networks import random_network

NETWORKS = 600


def started(network: Network) -> tuple[EngineColumns, Basis] | None:
    """The columns of a network and a basis of its cheapest flow; None where there is none."""
    columns = engine_columns(network)
    found = flow_by("network_simplex", columns)
    return None if found is None or not len(columns.cost) else (columns, Basis(columns, found))


def assert_proved(network: Network, columns: EngineColumns, found: Found) -> None:
    """The flow is feasible, costs what a cold solve costs, and the potentials prove it."""
    assert found.potentials is not None
    first = components(network.node_count, columns.tail, columns.head)
    known = lowered(first, found.potentials)
    again = solution_of(network, engine_columns(network), found.flow, known)
    assert solve(network, "cost_scaling").objective == again.objective
    assert raised(network, again.flow, known) is not None


def assert_a_tree(basis: Basis) -> None:
    """Parents, preorder, depths, levels and states belong together, and flows to their bounds."""
    arcs, tree = basis._arcs, basis._tree
    root = len(tree.parent) - 1
    node, seen, path = int(tree.after[root]), 0, [root]
    while node != root:
        path = path[: tree.depth[node]]
        assert path[-1] == tree.parent[node]
        path.append(node)
        arc, above = tree.pred[node], tree.parent[node]
        ends = (node, above) if tree.up[node] else (above, node)
        assert ends == (arcs.tail[arc], arcs.head[arc])
        assert arcs.cost[arc] + tree.level[ends[0]] == tree.level[ends[1]]
        assert arcs.state[arc] == IN_TREE
        room = arcs.span[arc] - arcs.flow[arc] if tree.up[node] else arcs.flow[arc]
        assert room > 0, "a unit more could go towards the root"
        assert tree.before[tree.after[node]] == node
        node, seen = int(tree.after[node]), seen + 1
    assert root == seen
    count = len(arcs.tail) - root
    assert not arcs.flow[count:].any()
    assert not arcs.flow[:count][arcs.state[:count] == LOWER].any()
    full = arcs.state[:count] == UPPER
    assert np.array_equal(arcs.span[:count][full], arcs.flow[:count][full])


def with_other_costs(draw: np.random.Generator, network: Network) -> Network:
    """Some costs, or all of them, changed by little or much, to either sign."""
    share, spread = draw.choice([0.02, 0.3, 1.0]), int(draw.choice([1, 40, 10_000]))
    changes = draw.integers(-spread, spread + 1, network.arc_count)
    return replace(network, cost=network.cost + changes * (draw.random(len(changes)) < share))


def test_hundreds_of_networks_through_changes_of_costs() -> None:
    """Law 8: several changes in a row, each with the optimum, and a proof, of a cold solve."""
    draw, without_tree, solved = np.random.default_rng(20261121), 0, 0
    for _ in range(NETWORKS):
        network = random_network(draw, int(draw.integers(2, 90)), feasible=1.0)
        start = started(network)
        if start is None:
            continue
        _, basis = start
        without_tree += not basis._sound
        for _ in range(4 if basis._sound else 0):
            network = with_other_costs(draw, network)
            columns = engine_columns(network)
            found = basis.at(columns)
            if found is None:  # a new sign of a cost bears on how far spans are cut down
                break
            assert_proved(network, columns, found)
            assert_a_tree(basis)
            solved += 1
    print(f"{solved} changes of costs; {without_tree} flows without a tree")
    assert solved > 3 * NETWORKS
    assert without_tree == 0, "network simplex ends with a tree"


def settled(network: Network, flow: IntArray, known: IntArray | None) -> tuple[IntArray, IntArray]:
    """Canonical flow and potentials."""
    level = canonical_potentials(network, flow, known)
    return canonical_flow(network, flow, level, hash_names(range(network.arc_count))), level


def test_hundreds_of_networks_through_changes_of_all_kinds() -> None:
    """Law 8: costs, capacities and supplies in any order give a cold solve's canonical answer."""
    draw, solved = np.random.default_rng(7), 0
    for _ in range(NETWORKS):
        network = random_network(draw, int(draw.integers(2, 40)), feasible=0.9)
        warm = Warm()
        for kind in draw.choice(["cost", "cost", "capacity", "supply"], 6):
            if kind == "cost":
                network = with_other_costs(draw, network)
            elif kind == "capacity":
                some = draw.integers(-2, 3, network.arc_count)
                network = replace(
                    network, capacity=np.maximum(network.lower, network.capacity + some)
                )
            else:
                supply = network.supply.copy()
                supply[draw.integers(network.node_count)] += 1
                supply[draw.integers(network.node_count)] -= 1
                network = replace(network, supply=supply)
            expected, found = solve(network, "cost_scaling"), warm.solve(network)
            assert (expected.status, expected.objective) == (found.status, found.objective)
            if expected.status == "optimal":
                cold = settled(network, expected.flow, None)
                again = settled(network, found.flow, found.potentials)
                assert all(np.array_equal(*pair) for pair in zip(cold, again, strict=True))
                solved += 1
    assert solved > 2 * NETWORKS


def test_costs_on_paper() -> None:
    """Law: three units go the cheap way, and the other way when that becomes the cheap one."""
    network = bare_network([0, 0, 1, 2], [1, 2, 3, 3], [5, 2, 5, 9], [1, 2, 1, 2], [3, 0, 0, -3])
    start = started(network)
    assert start is not None
    columns, basis = start
    dearer = replace(columns, cost=np.array([4, 2, 1, 2]))
    flows = [basis.at(each) for each in (columns, dearer, columns)]
    expected = [[3, 0, 3, 0], [1, 2, 1, 2], [3, 0, 3, 0]]
    assert expected == [each.flow.tolist() for each in flows if each is not None]


def test_more_than_costs_is_not_for_the_basis() -> None:
    """Law: other supplies, spans or ends are told from other costs, whatever their number."""
    network = bare_network([0, 1], [1, 2], [9, 9], [1, 2], [3, 0, -3])
    start = started(network)
    assert start is not None
    columns, basis = start
    assert basis.at(columns) is not None
    others = (
        {"supply": np.array([2, 1, -3])}, {"span": np.array([3, 2])}, {"tail": np.array([1, 1])},
        {"head": np.array([1, 1])}, {"tail": columns.tail[:1], "head": columns.head[:1]},
    )  # fmt: skip
    for other in others:
        assert basis.at(replace(columns, **other)) is None


def test_a_flow_without_a_tree_is_left_to_the_engine() -> None:
    """Law: half full arcs in a circle are no basis; no pivot starts from them."""
    network = bare_network([0, 0], [1, 1], [4, 4], [3, 3], [4, -4])
    columns = engine_columns(network)
    half = Found(np.array([2, 2]), np.array([-3, 0]))
    assert Basis(columns, half).at(columns) is None
    whole = Found(np.array([4, 0]), np.array([-3, 0]))
    assert Basis(columns, whole).at(columns) is not None


def test_potentials_that_prove_nothing_do_no_harm() -> None:
    """Law: from wrong potentials the tree is a worse start, and the end is the same."""
    draw = np.random.default_rng(3)
    for _ in range(100):
        network = random_network(draw, 30, feasible=1.0)
        columns = engine_columns(network)
        found = flow_by("network_simplex", columns)
        if found is None or not len(columns.cost):
            continue
        wrong = replace(found, potentials=draw.integers(-9, 1, network.node_count))
        again = Basis(columns, wrong).at(columns)
        assert again is not None
        assert_proved(network, columns, again)


@pytest.mark.parametrize("sign", [1, -1])
def test_costs_at_the_limit_do_not_wrap(sign: int) -> None:
    """Law: exact where every node of a path adds the largest cost, and nodes lie apart."""
    nodes = 300
    limit, path = cost_limit("network_simplex", nodes), np.arange(nodes - 2)
    supply = np.zeros(nodes, np.int64)
    supply[0], supply[nodes - 2] = 3, -3
    cheap = bare_network(path, path + 1, np.full(nodes - 2, 5), 0 * path, supply)
    dear = replace(cheap, cost=np.full(nodes - 2, sign * limit))
    warm = Warm()
    assert warm.solve(cheap).objective == 0
    assert 3 * sign * limit * (nodes - 2) == warm.solve(dear).objective
    assert warm.solve(cheap).objective == 0
