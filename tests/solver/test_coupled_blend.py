"""Plans are blended circle by circle: what comes out is a plan, and dearer than neither."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import solver.coupled.blend
import solver.coupled.core
import solver.coupled.search
from solver.coupled.blend import blend
from solver.coupled.circles import effects, peeled
from solver.coupled.core import core_of
from solver.coupled.engines import ItemEngines
from solver.coupled.items import Items, items_of, total_cost, used_of
from solver.coupled.plans import Draft
from solver.coupled.solve import CoupledPlan, solve_coupled
from solver.engine.flow import unmet
from solver.network.columns import IntArray, bare_network
from solver.proof.claims import SharedResources
from tests.solver.coupled_chains import Chain, lanes


def items_in(chain: Chain) -> Items:
    return items_of(chain.network, chain.block_of_node, chain.shared)


def some_plan(items: Items, draw: np.random.Generator) -> Draft:
    """A plan within capacity, at prices drawn by chance."""
    draft = Draft(items, ItemEngines(items), np.zeros_like(items.cost), items.capacity)
    prices = draw.uniform(0, 60, len(items.capacity))
    draft.round(np.arange(items.count), draw.uniform(0, 3, len(items.cost)), prices)
    draft.descend(draw.permutation(items.count), prices, 0.5)
    assert draft.overdraft() == 0
    return draft


@pytest.mark.parametrize("seed", range(6))
def test_circles_add_up_to_the_difference(seed: int) -> None:
    """Law: a difference of flows is peeled into circles whole, with its costs and its uses."""
    items, draw = items_in(lanes(3, seed, sizes=3)), np.random.default_rng(seed)
    one, other = some_plan(items, draw).flow, some_plan(items, draw).flow
    for item in range(items.count):
        structure, own, use = items.structure(item), items.of_arcs(item), items.of_rows(item)
        rest = other[own] - one[own]
        start, ways, units = peeled(structure.tail, structure.head, rest, *structure.ways)
        assert not rest.any()
        found, sign = np.zeros_like(rest), 1 - 2 * (ways & 1)
        np.add.at(found, ways >> 1, sign * np.repeat(units, np.diff(start)))
        assert np.array_equal(other[own] - one[own], found)
        for first, last in pairwise(start.tolist()):
            arc, back = ways[first:last] >> 1, ways[first:last] & 1 == 1
            leaves = np.where(back, structure.head[arc], structure.tail[arc])
            enters = np.where(back, structure.tail[arc], structure.head[arc])
            assert np.array_equal(np.roll(leaves, -1), enters)
            assert len(np.unique(leaves)) == len(leaves)
        assert np.all(sign * (other[own] - one[own])[ways >> 1] > 0)
        costs, rows, drawn, taken = effects(
            start, ways, units, items.cost[own], structure.first_row, structure.row_resource,
            items.use[use], np.zeros(len(items.capacity), np.int64),
        )  # fmt: skip
        assert int(items.cost[own] @ found) == costs.sum()
        wanted, got = (np.zeros_like(items.capacity) for _ in range(2))
        np.add.at(wanted, structure.row_resource, items.use[use] * found[structure.row_arc])
        np.add.at(got, drawn, taken)
        assert np.array_equal(wanted, got)
        assert len(drawn) == rows[-1]


@pytest.mark.parametrize("seed", range(12))
def test_a_blend_is_a_plan_dearer_than_neither(seed: int) -> None:
    """Law 1: balance, room and capacity hold in it, what is left is true, and it costs no more."""
    chain, draw = lanes(8, seed, tight=0.4, sizes=4, odd=seed % 2 == 1), np.random.default_rng(seed)
    items = items_in(chain)
    one, other = some_plan(items, draw), some_plan(items, draw)
    before = min(total_cost(items, one.flow), total_cost(items, other.flow))
    blended, left = blend(items, one.flow, other.flow, one.left), one.left
    assert total_cost(items, blended) <= before
    flow = np.zeros_like(chain.network.cost)
    flow[items.arcs] = blended
    assert not np.any(unmet(chain.network, flow))
    assert np.all((flow >= 0) & (flow <= chain.network.capacity))
    assert np.array_equal(chain.shared.capacity - used_of(chain.shared, flow), left)
    assert left.min() >= 0


def crossing(capacities: tuple[int, int]) -> tuple[Items, IntArray, IntArray]:
    """Two items, each with a lane (of its own cost) and a dear way; and their two plans.

    Item k sends 2 units over lane k for 1 each or past it for 10 and 30; the lanes' capacities are
    given. The plans send one item each over its lane.
    """
    column = [np.array(numbers, np.int64) for numbers in (
        [0, 0, 2, 2], [1, 1, 3, 3], [2, 2, 2, 2], [1, 10, 1, 30], [2, -2, 2, -2])]  # fmt: skip
    network = bare_network(*column)
    shared = SharedResources(*(np.array(numbers, np.int64) for numbers in (
        [0, 2], [0, 1], [1, 1], capacities)))  # fmt: skip
    items = items_of(network, np.array([0, 0, 1, 1]), shared)
    return items, np.array([2, 0, 0, 2]), np.array([0, 2, 2, 0])


def test_what_is_apart_is_chosen_apart() -> None:
    """On paper: with a lane for each, the blend takes the better half of both plans: 2 + 2."""
    items, one, other = crossing((2, 2))
    assert [2 + 60, 20 + 2] == [total_cost(items, plan) for plan in (one, other)]
    left = np.array([0, 2])
    assert 2 + 2 == total_cost(items, blend(items, one, other, left))
    assert [0, 0] == left.tolist()


def test_units_change_places_on_a_tight_lane() -> None:
    """On paper: one lane for both is one choice; the item that gains more by it gets it."""
    items, one, other = crossing((2, 2))
    rows = replace(items.structures[1], row_resource=np.zeros(1, np.int64))
    items = replace(items, structures=(items.structures[0], rows))
    left = np.array([0, 2])
    assert 20 + 2 == total_cost(items, blend(items, one, other, left))
    assert [0, 2] == left.tolist()


def test_sets_that_do_not_pay_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """On paper: nothing of a dearer plan is taken where it is one choice, not even at first."""
    monkeypatch.setattr(solver.coupled.blend, "DEPTH", 0)
    items, one, other = crossing((2, 2))
    rows = replace(items.structures[1], row_resource=np.zeros(1, np.int64))
    items = replace(items, structures=(items.structures[0], rows))
    assert other.tolist() == blend(items, other, one, np.array([0, 2])).tolist()


def test_a_core_keeps_what_a_plan_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the core has the plan's arcs and their rows, and is smaller than the items."""
    monkeypatch.setattr(solver.coupled.core, "ARCS_PER_NODE", 1)
    items, draw = items_in(lanes(8, 3, tight=0.4, sizes=4)), np.random.default_rng(1)
    draft = some_plan(items, draw)
    prices, active = draw.integers(0, 40, len(items.capacity)), np.array([1, 2, 6])
    core = core_of(items, ItemEngines(items), active, prices, draft.flow, items.capacity)
    assert 3 == core.count
    assert len(core.cost) < sum(len(items.cost[items.of_arcs(item)]) for item in active.tolist())
    for place, item in enumerate(active.tolist()):
        own = items.of_arcs(item)
        part = core.arcs[core.of_arcs(place)]
        assert np.all((own.start <= part) & (part < own.stop))
        assert draft.flow[own].sum() == draft.flow[part].sum()
        small, structure = core.structure(place), items.structure(item)
        assert np.array_equal(structure.tail[part - own.start], small.tail)
        uses = small.row_resource[small.row_arc == 0], core.use[core.of_rows(place)]
        whole = structure.row_arc == part[0] - own.start
        assert np.array_equal(structure.row_resource[whole], uses[0])
        assert np.array_equal(items.use[items.of_rows(item)][whole], uses[1][: len(uses[0])])


def shaken(chain: Chain, threads: int) -> CoupledPlan:
    return solve_coupled(
        chain.network, chain.block_of_node, chain.shared, target_per_million=1, threads=threads,
        work_limit=6_000,
    )  # fmt: skip


def test_shaking_gains_and_is_the_same_in_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Law 8: a plan shaken and blended has the same bytes; and it is cheaper than one that is not.

    The engines of cores mend their bases with no limit in seconds.
    """
    chain = lanes(20, 1, hubs=5, days=5, tight=0.5, sizes=5)
    first, again = shaken(chain, 1), shaken(chain, 3)
    assert "stalled" == first.stop
    assert first.flow.tobytes() == again.flow.tobytes()
    assert first.prices.tobytes() == again.prices.tobytes()
    for name in ("SHAKES", "FEWEST_SHAKES", "MOST_SHAKES"):
        monkeypatch.setattr(solver.coupled.search, name, 0)
    still = shaken(chain, 1)
    assert first.cost is not None
    assert still.cost is not None
    assert first.cost < still.cost


def test_shaking_goes_on_while_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the fewest shakes a plan is shaken on, and is cheaper for it, as long as that pays."""
    chain = lanes(60, 1, hubs=5, days=5, tight=0.5, sizes=5)
    for name, count in (("SHAKES", 0), ("FEWEST_SHAKES", 1), ("MOST_SHAKES", 1)):
        monkeypatch.setattr(solver.coupled.search, name, count)
    once = shaken(chain, 1)
    monkeypatch.setattr(solver.coupled.search, "MOST_SHAKES", 100)
    while_it_pays = shaken(chain, 1)
    monkeypatch.setattr(solver.coupled.search, "FEWEST_SHAKES", 100)
    always = shaken(chain, 1)
    assert once.cost is not None
    assert while_it_pays.cost is not None
    assert once.cost > while_it_pays.cost
    assert always.solves >= while_it_pays.solves > once.solves
