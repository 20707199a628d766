"""Prices and plans on shared capacity are the same bytes whatever runs them, and how."""

from dataclasses import replace

import numpy as np
import pytest

import solver.coupled.panels
import solver.coupled.plans
from solver.coupled.engines import ItemEngines
from solver.coupled.items import items_of
from solver.coupled.panels import panels_of
from solver.coupled.plans import Draft
from solver.coupled.prices import FirstOrder, Start
from solver.coupled.solve import CoupledPlan, solve_coupled
from solver.engine.flow import solve
from tests.solver.coupled_chains import Chain, lanes


def bytes_of(plan: CoupledPlan) -> tuple[bytes, bytes, bytes, int]:
    """All columns of a plan, and its bound."""
    return plan.flow.tobytes(), plan.prices.tobytes(), plan.potentials.tobytes(), plan.bound


def planned(chain: Chain, threads: int) -> CoupledPlan:
    return solve_coupled(
        chain.network, chain.block_of_node, chain.shared, target_per_million=3_000,
        work_limit=800, threads=threads,
    )  # fmt: skip


def test_runs_and_threads_are_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: twice, and with one, two and five threads over several panels, the same bytes."""
    monkeypatch.setattr(solver.coupled.panels, "FULL", 2_000)
    chain = lanes(40, 5, tight=0.5, sizes=3)
    first = bytes_of(planned(chain, 1))
    assert first == bytes_of(planned(chain, 1))
    assert first == bytes_of(planned(chain, 2))
    assert first == bytes_of(planned(chain, 5))


def start_of(chain: Chain, threads: int = 1) -> tuple[FirstOrder, Start]:
    """The first-order method at rest on a chain, with all its items."""
    items = items_of(chain.network, chain.block_of_node, chain.shared)
    start = Start(
        np.zeros(len(items.capacity), np.int64), solve(chain.network).flow[items.arcs],
        np.zeros(len(items.supply), np.int64),
    )  # fmt: skip
    return FirstOrder(items, np.arange(items.count), items.capacity, start, threads), start


def test_panels_in_threads_add_up_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: every step of four panels gives the same prices and flows in one and three threads."""
    monkeypatch.setattr(solver.coupled.panels, "FULL", 2_000)
    chain = lanes(120, 5, tight=0.3, sizes=3)
    found = []
    for threads in (1, 3):
        method, start = start_of(chain, threads)
        items = items_of(chain.network, chain.block_of_node, chain.shared)
        assert len(panels_of(items, np.arange(120), start.flow, np.float32).panels) == 4
        method.run(60)
        found.append((method.prices.tobytes(), method.flow().tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("rows", ["one", "two"])
def test_panels_of_any_width_take_the_same_steps(
    monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    """Law: side by side or one by one, the loops for one row and for several: the same prices."""
    chain = lanes(8, 3, tight=0.4, sizes=3)
    if rows == "one":
        half = len(chain.shared.arc) // 2
        columns = {n: getattr(chain.shared, n)[:half] for n in ("arc", "resource", "use")}
        chain = replace(chain, shared=replace(chain.shared, **columns))
    wide, start = start_of(chain)
    items = items_of(chain.network, chain.block_of_node, chain.shared)
    shape = panels_of(items, np.arange(8), start.flow, np.float32).panels[0].cost.shape
    assert shape[1] == solver.coupled.panels.WIDTH
    monkeypatch.setattr(solver.coupled.panels, "FEWEST", 33)
    single, _ = start_of(chain)
    shape = panels_of(items, np.arange(8), start.flow, np.float32).panels[0].cost.shape
    assert shape[1] == 1
    for method in (wide, single):
        method.run(30)
    assert wide.prices.max() > 0
    assert np.allclose(wide.prices, single.prices, rtol=1e-3, atol=1e-3)
    assert np.allclose(wide.flow(), single.flow(), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("deals", [0, 4])
def test_a_draft_never_overdraws_going_downhill(
    monkeypatch: pytest.MonkeyPatch, deals: int
) -> None:
    """Law: from a plan within capacity every pass stays within it; at true cost it never rises."""
    monkeypatch.setattr(solver.coupled.plans, "DEALS", deals)
    chain = lanes(10, 7, tight=0.4, sizes=5, odd=True)
    items = items_of(chain.network, chain.block_of_node, chain.shared)
    every, draw = np.arange(items.count), np.random.default_rng(1)
    fraction = solve(chain.network).flow[items.arcs] * 0.7
    draft = Draft(items, ItemEngines(items), np.zeros_like(items.cost), items.capacity)
    prices = draw.uniform(0, 40, len(items.capacity))
    draft.round(every, fraction, prices)
    assert draft.overdraft() == 0
    for share in (1.0, 0.4, 0.0, 1.2, 0.0, 0.0):
        before = int(items.cost @ draft.flow)
        draft.descend(draw.permutation(every), prices * draw.uniform(0, 2, len(prices)), share)
        taken = np.zeros_like(items.capacity)
        for item in every.tolist():
            structure, units = items.structure(item), draft.flow[items.of_arcs(item)]
            use = items.use[items.of_rows(item)]
            np.add.at(taken, structure.row_resource, use * units[structure.row_arc])
        assert np.array_equal(items.capacity - taken, draft.left)
        assert draft.overdraft() == 0
        if share == 0:
            assert int(items.cost @ draft.flow) <= before


def test_prices_beyond_all_bounds_stay_within_the_engine() -> None:
    """A first-order method may overshoot: no price leaves the range that was proved for it."""
    chain = lanes(10, 7, tight=0.4, sizes=5, odd=True)
    items = items_of(chain.network, chain.block_of_node, chain.shared)
    every = np.arange(items.count)
    draft = Draft(items, ItemEngines(items), np.zeros_like(items.cost), items.capacity)
    draft.round(every, np.zeros(len(items.cost)), np.full(len(items.capacity), 1e30))
    draft.descend(every, np.full(len(items.capacity), 1e30), 1.0)
    assert draft.overdraft() == 0
