"""Blocks are independent: settled together, one by one or only where touched, the same."""

from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine import blocks as together
from solver.engine import parts
from solver.engine.blocks import Settled, blocks_of, cut, groups_of, settle, settle_many
from solver.engine.ties import Hashes
from solver.network.columns import Network, bare_network
from solver.network.names import hash_names
from tests.solver.random_networks import random_network


def side_by_side(seed: int, count: int) -> Network:
    """Feasible networks with many ties, one after the other."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        network = random_network(draw, int(draw.integers(1, 25)), feasible=1.0)
        found.append(replace(network, cost=network.cost % 3))
    starts = np.cumsum([0, *(network.node_count for network in found[:-1])])
    names = ("tail", "head", "capacity", "cost", "supply", "lower")
    columns = {n: np.concatenate([getattr(each, n) for each in found]) for n in names}
    shift = np.repeat(starts, [network.arc_count for network in found])
    columns |= {end: columns[end] + shift for end in ("tail", "head")}
    rows = np.argsort(columns["tail"], kind="stable")  # so do the arcs of islands stand together
    return bare_network(**{n: columns[n] if n == "supply" else columns[n][rows] for n in names})


def keys_of(network: Network, distinct: int) -> Hashes:
    """Keys for the arcs, of which only so many differ."""
    return hash_names(np.arange(network.arc_count) % distinct)


def one_by_one(network: Network, keys: Hashes, step: int) -> Settled:
    """Settled so many blocks at a time."""
    blocks = blocks_of(network)
    assert blocks.count > 10
    found = [
        settle(cut(network, blocks, place, last), keys[blocks.arcs(place, last)])
        for place in range(0, blocks.count, step)
        for last in (min(place + step, blocks.count),)
    ]
    return Settled(
        np.concatenate([each.flow for each in found]),
        np.concatenate([each.potentials for each in found]),
    )


@pytest.mark.parametrize("distinct", [10**6, 40, 1])
@pytest.mark.parametrize("seed", range(8))
def test_together_one_by_one_and_in_batches(
    seed: int, distinct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 8: what stands beside a block is no input, be the keys of its arcs distinct or not."""
    network = side_by_side(seed, 12)
    keys = keys_of(network, distinct)
    expected = settle(network, keys)
    monkeypatch.setattr(parts, "MOST_NODES", 30)
    again = settle(network, keys)
    assert np.array_equal(expected.flow, again.flow)
    assert np.array_equal(expected.potentials, again.potentials)
    monkeypatch.setattr(together, "GROUP_ARCS", 60)
    several = settle_many(network, keys, blocks_of(network))
    assert np.array_equal(expected.flow, several.flow)
    assert np.array_equal(expected.potentials, several.potentials)
    for step in (1, 5):
        found = one_by_one(network, keys, step)
        assert np.array_equal(expected.flow, found.flow)
        assert np.array_equal(expected.potentials, found.potentials)


@pytest.mark.parametrize("seed", range(6))
def test_an_event_changes_only_what_it_touches(seed: int) -> None:
    """Law 8: settling the touched block again gives what settling everything gives."""
    draw = np.random.default_rng(seed)
    network = side_by_side(100 + seed, 20)
    blocks = blocks_of(network)
    assert blocks.count > 10
    keys = keys_of(network, 10**6)
    before = settle(network, keys)
    block = int(np.argmax(np.diff(blocks.arc_start)))
    nodes, arcs = blocks.nodes(block, block + 1), blocks.arcs(block, block + 1)
    cost = network.cost.copy()
    cost[arcs] = draw.integers(0, 9, arcs.stop - arcs.start)
    after = replace(network, cost=cost)
    expected = settle(after, keys)
    part = settle(cut(after, blocks, block, block + 1), keys[arcs])
    flow, level = before.flow.copy(), before.potentials.copy()
    flow[arcs], level[nodes] = part.flow, part.potentials
    assert np.array_equal(expected.flow, flow)
    assert np.array_equal(expected.potentials, level)


def test_blocks_on_paper() -> None:
    """A lone node is a block; nodes that stand between each other are one."""
    network = bare_network([0, 3, 4], [2, 5, 6], [1] * 3, [1] * 3, [0] * 8)
    blocks = blocks_of(network)
    assert blocks.node_start.tolist() == [0, 3, 7, 8]
    assert blocks.arc_start.tolist() == [0, 1, 3, 3]
    assert (blocks.count, blocks.nodes(1, 2), blocks.arcs(1, 3)) == (3, slice(3, 7), slice(1, 3))
    own = cut(network, blocks, 1, 3)
    assert (own.tail.tolist(), own.head.tolist(), own.node_count) == ([0, 1], [2, 3], 5)


def test_groups_hold_every_block_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: groups follow one another, from the first block to the last."""
    network = side_by_side(3, 30)
    blocks = blocks_of(network)
    for most in (1, 50, 10**9):
        monkeypatch.setattr(together, "GROUP_ARCS", most)
        groups = groups_of(blocks)
        assert list(range(blocks.count)) == [b for group in groups for b in range(*group)]


def test_arcs_that_do_not_stand_together_are_refused() -> None:
    """Law: a block is cut out whole or not at all."""
    with pytest.raises(SolverError) as refusal:
        blocks_of(bare_network([0, 2, 0], [1, 3, 1], [1] * 3, [1] * 3, [0] * 4))
    assert refusal.value.code == "NETWORK_MALFORMED"


def test_a_block_without_a_flow_is_told() -> None:
    """Law: no flow, no plan."""
    with pytest.raises(SolverError) as refusal:
        settle(bare_network([0], [1], [1], [1], [2, -2]), np.zeros(1, np.uint64))
    assert refusal.value.code == "NO_PLAN"
