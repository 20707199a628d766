"""Capacities rounded for whole units: rows that no whole flow breaks, and proofs with them."""

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

import solver.proof.certificate
import solver.proof.rounded
from service.decision import certificate_of, columns_named
from solver.coupled.items import items_of, used_of
from solver.coupled.rounding import exceeded, with_rows
from solver.coupled.solve import CoupledPlan, solve_coupled
from solver.engine.flow import solve, unmet
from solver.network.columns import IntArray, bare_network
from solver.proof.certificate import check, measure
from solver.proof.claims import Claims, SharedResources
from solver.proof.plain_check import refusals
from solver.proof.rounded import Rounded, rounding, with_rounded, worth_of_one_more
from tests.solver.coupled_chains import Chain, lanes, least_cost, tiny

NONE = np.zeros(0, np.int64)


def column(*numbers: int) -> IntArray:
    return np.array(numbers, np.int64)


def random_rows(draw: np.random.Generator, resources: int) -> Rounded:
    """Rows of some resources with some divisors, at small and at large prices."""
    pairs = [pair for pair in product(range(resources), range(1, 8)) if draw.random() < 0.3]
    resource, divisor = np.array(pairs or [(0, 2)], np.int64).T.copy()
    price = draw.integers(0, int(draw.choice([3, 40, 2**30])), len(resource))
    return Rounded(resource, divisor, price)


def plainly(chain: Chain, proof: dict[str, IntArray], claims: Claims) -> list[str]:
    """What the two pages refuse; columns that do not fit are refused, too."""
    network = {name: each.tolist() for name, each in chain.network.arrays().items()}
    for name in ("arc", "resource", "use", "capacity"):
        network[f"shared_{name}"] = getattr(chain.shared, name).tolist()
    try:
        return refusals(network, {name: each.tolist() for name, each in proof.items()},
                        certificate_of(claims))  # fmt: skip
    except (ValueError, LookupError, TypeError, ZeroDivisionError) as error:
        return [repr(error)]


def proof_of(plan: CoupledPlan) -> dict[str, IntArray]:
    found = {"flow": plan.flow, "potentials": plan.potentials, "prices": plan.prices}
    return found | columns_named("rounded", plan.rounded)


def claims_of(chain: Chain, plan: CoupledPlan) -> Claims:
    return measure(chain.network, plan.flow, plan.potentials, plan.prices, chain.shared,
                   rounded=plan.rounded)  # fmt: skip


def refused(chain: Chain, plan: CoupledPlan, claims: Claims) -> tuple[str, ...]:
    """What the checker of columns refuses."""
    return check(chain.network, plan.flow, plan.potentials, claims, plan.prices, chain.shared,
                 rounded=plan.rounded).refusals  # fmt: skip


def on_paper() -> Chain:
    """Three units of size 3, over a lane with room for 7 at 1 each or past it at 11 each."""
    network = bare_network(*(column(*numbers) for numbers in (
        [0, 0], [1, 1], [3, 3], [1, 11], [3, -3])))  # fmt: skip
    shared = SharedResources(column(0), column(0), column(3), column(7))
    return Chain(network, column(0, 0), shared)


def test_on_paper() -> None:
    """Law: two whole units fit, so 2 + 11 is least; without the rounded row it is not proved."""
    chain = on_paper()
    for round_rows, bound in ((False, 9), (True, 13)):
        plan = solve_coupled(chain.network, chain.block_of_node, chain.shared,
                             target_per_million=0, round_rows=round_rows)  # fmt: skip
        assert 13 == plan.cost
        assert bound == plan.bound
    assert plan.rounded is not None
    assert ([0], [3]) == (plan.rounded.resource.tolist(), plan.rounded.divisor.tolist())
    claims = claims_of(chain, plan)
    assert not refused(chain, plan, claims)
    assert not plainly(chain, proof_of(plan), claims)


def test_rounding_is_superadditive() -> None:
    """Law: 0 <= F(u) <= u, F never falls, and F(u) + F(v) <= F(u + v), below 0 as well."""
    for divisor in range(1, 9):
        for rest in range(divisor):
            found = rounding(np.arange(-40, 41), divisor, rest)
            of = dict(zip(range(-40, 41), found.tolist(), strict=True))
            assert all(0 <= of[u] <= u for u in range(41))
            assert np.all(np.diff(found) >= 0)
            assert all(of[u] + of[v] <= of[u + v] for u, v in product(range(-20, 21), repeat=2))


def test_what_one_more_is_worth() -> None:
    """Law: F(C + 1) = F(C) + 1 for g = C mod d, so one more is worth all prices of a resource."""
    for divisor, most in product(range(1, 9), range(40)):
        more = rounding(column(most, most + 1), divisor, most % divisor)
        assert 1 == more[1] - more[0]
    rows = Rounded(column(0, 0, 2), column(2, 3, 2), column(5, 7, 1))
    assert [13, 4, 1] == worth_of_one_more(column(1, 4, 0), rows).tolist()


def test_no_rounded_row_cuts_a_whole_flow_off() -> None:
    """Law: any flow keeps every rounded row of the capacities that it keeps, lower bounds or not.

    Capacities are what the flow takes, and up to three more.
    """
    draw = np.random.default_rng(3)
    for _ in range(300):
        chain = tiny(draw)
        flow = draw.integers(chain.network.lower, chain.network.capacity + 1)
        room = used_of(chain.shared, flow) + draw.integers(0, 4, len(chain.shared.capacity))
        rows = random_rows(draw, len(room))
        shared = replace(chain.shared, capacity=room)
        wider, prices = with_rounded(chain.network, shared, np.zeros_like(room), rows)
        assert len(prices) == len(wider.capacity) == len(room) + len(rows.price)
        assert np.all(used_of(wider, flow) <= wider.capacity)


def test_no_prices_of_rounded_rows_prove_more_than_any_plan_costs() -> None:
    """Law: random prices, rows and potentials stay below every plan, and both checkers agree."""
    draw = np.random.default_rng(9)
    for _ in range(150):
        chain = tiny(draw)
        flow = draw.integers(chain.network.lower, chain.network.capacity + 1)
        network = replace(chain.network, supply=chain.network.supply - unmet(chain.network, flow))
        shared = replace(chain.shared, capacity=used_of(chain.shared, flow))
        prices = draw.integers(0, int(draw.choice([2, 50, 2**40])), len(shared.capacity))
        rows = random_rows(draw, len(prices))
        potentials = draw.integers(-60, 60, network.node_count)
        claims = measure(network, flow, potentials, prices, shared, rounded=rows)
        assert claims.gap >= 0
        assert check(network, flow, potentials, claims, prices, shared, rounded=rows).accepted
        proof = {"flow": flow, "potentials": potentials, "prices": prices}
        proof |= columns_named("rounded", rows)
        assert not plainly(Chain(network, chain.block_of_node, shared), proof, claims)


def test_tiny_chains_against_all_plans() -> None:
    """Law: bound <= least cost of all whole plans <= cost, and rounding closes more of them."""
    draw = np.random.default_rng(11)
    closed = {True: 0, False: 0}
    rows = 0
    for _ in range(150):
        chain = tiny(draw)
        least = least_cost(chain)
        for round_rows in closed:
            plan = solve_coupled(chain.network, chain.block_of_node, chain.shared,
                                 target_per_million=0, work_limit=600,
                                 round_rows=round_rows)  # fmt: skip
            if least is None:
                assert plan.stop in {"infeasible", "no_plan"}
                continue
            assert plan.bound <= least
            if plan.cost is not None:
                assert least <= plan.cost
                assert not refused(chain, plan, claims_of(chain, plan))
            closed[round_rows] += plan.bound == least
            rows += plan.rounded is not None
    assert closed[True] > closed[False]
    assert rows > 5


def sized(seed: int = 2) -> tuple[Chain, CoupledPlan]:
    """Items of sizes 1-5 on tight lanes, planned."""
    chain = lanes(8, seed, tight=0.4, sizes=5)
    plan = solve_coupled(chain.network, chain.block_of_node, chain.shared,
                         target_per_million=1_000, work_limit=2_000)  # fmt: skip
    assert plan.rounded is not None
    return chain, plan


def test_rounding_proves_more() -> None:
    """Law: bound and gap are better than without, and the plan's proof holds on the two pages."""
    chain, plan = sized()
    without = solve_coupled(chain.network, chain.block_of_node, chain.shared,
                            target_per_million=1_000, work_limit=2_000,
                            round_rows=False)  # fmt: skip
    assert without.rounded is None
    assert plan.gap is not None
    assert without.gap is not None
    assert plan.bound > without.bound
    assert plan.gap < without.gap
    claims = claims_of(chain, plan)
    assert not refused(chain, plan, claims)
    assert not plainly(chain, proof_of(plan), claims)


@pytest.mark.parametrize("step", [-1, 1, 5])
def test_every_changed_number_is_refused(step: int) -> None:
    """Law 2: a resource, divisor or price of a rounded row moved is refused by both checkers.

    Unless it proves the same bound.
    """
    chain, plan = sized()
    claims, rows = claims_of(chain, plan), plan.rounded
    assert rows is not None
    for field in fields(Rounded):
        for place in range(0, len(rows.price), 3):
            moved = getattr(rows, field.name).copy()
            moved[place] += step
            forged = replace(plan, rounded=replace(rows, **{field.name: moved}))
            theirs, ours = refused(chain, forged, claims), plainly(chain, proof_of(forged), claims)
            if theirs and not ours:  # of what no bound rests on
                assert any("not in order" in one for one in theirs)
            if not theirs:
                assert not ours
                assert claims_of(chain, forged).bound == claims.bound


@pytest.mark.parametrize(
    ("name", "number"), [("divisor", 0), ("divisor", -2), ("price", -1), ("resource", 10**6)]
)
def test_what_is_no_row_is_refused(name: str, number: int) -> None:
    """Law 2: no divisor below 1, no price below 0, no row of no resource, in either checker."""
    chain, plan = sized()
    rows = plan.rounded
    assert rows is not None
    moved = getattr(rows, name).copy()
    moved[-1] = number
    forged = replace(plan, rounded=replace(rows, **{name: moved}))
    claims = claims_of(chain, plan)
    assert refused(chain, forged, claims)
    assert plainly(chain, proof_of(forged), claims)


def test_columns_that_do_not_fit_are_refused() -> None:
    """Law 2: columns of other lengths, rows without capacities, and sums beyond 62 bits."""
    chain, plan = sized()
    rows, claims = plan.rounded, claims_of(chain, plan)
    assert rows is not None
    short = replace(plan, rounded=replace(rows, price=rows.price[1:]))
    wide = replace(plan, rounded=replace(rows, divisor=rows.divisor + 2**60))
    for forged in (short, wide):
        assert refused(chain, forged, claims)
    found = check(chain.network, plan.flow, plan.potentials, claims, None, None, rounded=rows)
    assert any("no capacity" in one for one in found.refusals)
    twice = Rounded(*(np.repeat(getattr(rows, f.name)[:1], 2) for f in fields(Rounded)))
    assert any("order" in one for one in refused(chain, replace(plan, rounded=twice), claims))


def test_a_row_that_is_rounded_too_far_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: capacity rounded down once more proves too much; the two pages see it."""

    def too_far(numbers: IntArray, divisor: Any, remainder: Any) -> IntArray:
        return rounding(numbers, divisor, remainder) - (numbers > 6)

    chain = on_paper()
    monkeypatch.setattr(solver.proof.rounded, "rounding", too_far)
    rows = Rounded(column(0), column(3), column(9))
    flow, potentials, prices = column(2, 1), column(0, 10), column(0)
    claims = measure(chain.network, flow, potentials, prices, chain.shared, rounded=rows)
    proof = {"flow": flow, "potentials": potentials, "prices": prices}
    assert plainly(chain, proof | columns_named("rounded", rows), claims)


def test_rows_in_the_search_are_those_of_the_proof() -> None:
    """Law: what the items gain draws and allows what the checker derives, above lower bounds."""
    chain = lanes(6, 5, tight=0.4, sizes=5)
    lower = np.zeros(chain.network.arc_count, np.int64)
    lower[chain.shared.arc[:40:3]] = 1
    network = replace(chain.network, lower=lower)
    resource, divisor = column(3, 5, 9, 60), column(3, 4, 2, 5)
    items = with_rows(items_of(network, chain.block_of_node, chain.shared), resource, divisor)
    rows = Rounded(resource, divisor, np.ones(4, np.int64))
    derived, _ = with_rounded(network, chain.shared, np.zeros_like(chain.shared.capacity), rows)
    again = items_of(network, chain.block_of_node, derived)
    assert np.array_equal(again.capacity, items.capacity)
    units = np.random.default_rng(0).integers(0, 9, len(items.cost))
    for item in range(items.count):
        taken = []
        for some in (items, again):
            structure, own = some.structure(item), units[some.of_arcs(item)]
            found = np.zeros(len(some.capacity), np.int64)
            use = some.use[some.of_rows(item)] * own[structure.row_arc]
            np.add.at(found, structure.row_resource, use)
            taken.append(found)
        assert np.array_equal(taken[0], taken[1])


def test_only_what_a_fractional_flow_exceeds_is_rounded() -> None:
    """On paper: 7 of 7 taken by units of 3 exceeds two of them; two, or room for 9, do not."""
    chain = on_paper()
    items, every = items_of(chain.network, chain.block_of_node, chain.shared), np.zeros(1, np.int64)
    for units, room, divisor in ((7 / 3, 7, 3), (2.0, 7, 0), (3.0, 9, 0), (1.0, 7, 0)):
        flow = np.where(items.cost == 1, units, 0.0)
        assert [divisor] == exceeded(items, every, flow, column(room)).tolist()


def test_where_a_unit_takes_one_nothing_is_rounded() -> None:
    """Law: whole units of size 1 fill any capacity: the plan is the same bytes either way."""
    chain = lanes(10, 2, tight=0.4)
    plans = [solve_coupled(chain.network, chain.block_of_node, chain.shared, work_limit=1_000,
                           round_rows=rows) for rows in (False, True)]  # fmt: skip
    assert plans[1].rounded is None
    assert plans[0].flow.tobytes() == plans[1].flow.tobytes()
    assert plans[0].prices.tobytes() == plans[1].prices.tobytes()


def test_rounding_twice_and_in_threads_is_the_same_bytes() -> None:
    """Law 8: flow, prices and rounded rows are the same in one thread and in three."""
    chain = lanes(12, 1, tight=0.25, sizes=5, hubs=5, days=5)
    found = []
    for threads in (1, 1, 3):
        plan = solve_coupled(chain.network, chain.block_of_node, chain.shared, work_limit=1_400,
                             target_per_million=100, threads=threads)  # fmt: skip
        assert plan.rounded is not None
        columns = (plan.flow, plan.prices, plan.potentials,
                   *(getattr(plan.rounded, f.name) for f in fields(Rounded)))  # fmt: skip
        found.append(tuple(each.tobytes() for each in columns))
    assert found[0] == found[1] == found[2]


def test_the_free_flow_needs_no_row() -> None:
    """Law: where every item can have its cheapest flow, nothing is rounded or paid."""
    chain = lanes(4, 1, tight=50.0, sizes=5)
    plan = solve_coupled(chain.network, chain.block_of_node, chain.shared)
    assert ("free", None) == (plan.stop, plan.rounded)
    assert np.array_equal(solve(chain.network).flow, plan.flow)
