"""The checker proves what is stated from the network alone and refuses every changed number."""

import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from solver.engine.flow import solve, unmet
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network, bare_network
from solver.proof.certificate import certify, check, measure
from solver.proof.claims import Claims, SharedResources
from tests.solver.random_networks import random_network


def certified(network: Network) -> tuple[IntArray, IntArray, Claims]:
    """An optimal flow, its canonical potentials, and what they prove."""
    flow = solve(network).flow
    potentials = canonical_potentials(network, flow)
    return flow, potentials, measure(network, flow, potentials)


def on_paper() -> Network:
    """Five units from 0 to 2: four over the cheap arc at 3 + 1, one on the direct arc at 6."""
    return bare_network([0, 1, 0], [1, 2, 2], [4, 9, 9], [3, 1, 6], [5, 0, -5])


def test_the_bound_on_paper() -> None:
    """Law: 22 = 6 x 5 - 2 x 4 (the cheap arc is worth 2 more per unit than it costs)."""
    flow, potentials, claims = certified(on_paper())
    verdict = check(on_paper(), flow, potentials, claims)
    assert verdict.accepted
    assert (claims.cost, claims.bound, claims.gap, claims.label) == (22, 22, 0, "optimal")
    assert (verdict.canonical, verdict.notes) == (True, ())


def test_the_checker_loads_no_solver() -> None:
    """Law 2: a checker without any solver (`ortools`, `numba`, `networkx` stay unloaded)."""
    code = (
        "import sys, numpy as np; from solver.proof.certificate import check, measure;"
        "from solver.network.columns import bare_network;"
        "net = bare_network([0], [1], [5], [2], [3, -3]);"
        "flow, potentials = np.array([3]), np.array([-2, 0]);"
        "verdict = check(net, flow, potentials, measure(net, flow, potentials));"
        "assert verdict.accepted and verdict.canonical, verdict;"
        "loaded = {name.split('.')[0] for name in sys.modules};"
        "print(sorted(loaded & {'ortools', 'numba', 'networkx', 'scipy', 'pylmcf'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"[]\n", b"")


def small_change(column: IntArray, place: int, step: int) -> IntArray:
    """The column with one number changed."""
    changed = column.copy()
    changed[place] += step
    return changed


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("seed", range(12))
def test_every_changed_number_is_refused(seed: int, step: int) -> None:
    """Law 2: flow, bounds, costs, supplies, ends and claims, each by one, are refused by name."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, 6, feasible=1.0)
    network = replace(network, cost=network.cost + 5)  # loops of cost 0 would hide a unit
    keep = network.tail != network.head
    network = replace(network, **{
        name: getattr(network, name)[keep] for name in ("tail", "head", "lower", "capacity", "cost")
    })  # fmt: skip
    network = replace(network, supply=network.supply)
    flow, potentials, claims = certified(network)
    for arc in range(network.arc_count):
        assert not check(network, small_change(flow, arc, step), potentials, claims).accepted
    for name in ("tail", "head", "lower", "capacity", "cost", "supply"):
        column = getattr(network, name)
        for place in range(len(column)):
            other = replace(network, **{name: small_change(column, place, step)})
            verdict = check(other, flow, potentials, claims)
            assert not verdict.accepted, (name, place)
            assert verdict.refusals[0]
    for name in ("cost", "bound", "gap", "gap_percent", "do_nothing", "gap_of_gain"):
        wrong = replace(claims, **{name: (getattr(claims, name) or 0) + step})
        verdict = check(network, flow, potentials, wrong, do_nothing=None)
        if name == "do_nothing":
            assert "taken as stated" in verdict.notes[0]
        else:
            assert any(text.startswith(f"{name}:") for text in verdict.refusals), name
    assert not check(network, flow, potentials, replace(claims, label="within 1.00 %")).accepted
    assert not check(network, flow, potentials, replace(claims, network="0" * 64)).accepted


@pytest.mark.parametrize("step", [-1, 1])
def test_a_changed_potential_is_refused_unless_it_still_proves_the_bound(step: int) -> None:
    """Law 2: another proof of the same bound is accepted and said to be another."""
    draw = np.random.default_rng(77)
    refused = accepted = 0
    for _ in range(60):
        network = random_network(draw, 6, feasible=1.0)
        flow, potentials, claims = certified(network)
        for node in range(network.node_count):
            verdict = check(network, flow, small_change(potentials, node, step), claims)
            if verdict.accepted:
                accepted += 1
                assert verdict.proved is not None
                assert claims.bound == verdict.proved.bound
                assert verdict.canonical is False
                assert "not the canonical ones" in verdict.notes[0]
            else:
                refused += 1
                assert any(text.startswith("bound:") for text in verdict.refusals)
    assert min(refused, accepted) > 20


def test_the_refusal_says_what_and_where() -> None:
    """Law: a person finds the number that is wrong from the one line."""
    flow, potentials, claims = certified(on_paper())
    over = check(on_paper(), np.array([5, 5, 0]), potentials, claims).refusals
    assert over[0] == "arc 0: the flow is above the capacity"
    lost = check(on_paper(), np.array([4, 4, 0]), potentials, claims).refusals
    assert lost[0] == "node 0: the flow is out of balance (and 1 more)"
    stated = check(on_paper(), flow, potentials, replace(claims, bound=23, gap=-1)).refusals
    assert stated == ("bound: stated 23, but it is 22", "gap: stated -1, but it is 0")


def test_columns_that_do_not_fit_are_refused() -> None:
    """Law: wrong lengths, kinds and ends are refusals, never tracebacks."""
    network = on_paper()
    flow, potentials, claims = certified(network)
    assert check(network, flow[:2], potentials, claims).refusals == (
        "flow: 3 whole numbers wanted",
    )
    floats = flow.astype(np.float64)
    assert not check(network, floats, potentials, claims).accepted  # type: ignore[arg-type]
    outside = replace(network, head=np.array([1, 2, 3]))
    assert check(outside, flow, potentials, claims).refusals == ("arc 2: its head is not a node",)


def test_random_potentials_never_prove_too_much() -> None:
    """Law: weak duality: no potentials give a bound above the cost of any feasible flow."""
    draw = np.random.default_rng(3)
    for _ in range(300):
        still = random_network(draw, int(draw.integers(1, 12)))
        flow = draw.integers(still.lower, still.capacity + 1)
        network = replace(still, supply=still.supply - unmet(still, flow))
        reach = int(draw.choice([1, 100, 2**40, 2**63 - 1]))
        potentials = draw.integers(-reach, reach, network.node_count, endpoint=True)
        found = measure(network, flow, potentials)
        assert found.gap >= 0
        verdict = check(network, flow, potentials, found)
        assert verdict.accepted
        assert (found.gap == 0) == (found.label == "optimal")


def exact_bound(network: Network, potentials: IntArray) -> int:
    """The formula of the docstring, one arc at a time, in Python integers."""
    level, total = potentials.tolist(), 0
    columns = (network.tail, network.head, network.lower, network.capacity, network.cost)
    for tail, head, lower, capacity, cost in zip(*(c.tolist() for c in columns), strict=True):
        reduced = cost + level[tail] - level[head]
        total += min(reduced * lower, reduced * capacity)
    return total - sum(p * s for p, s in zip(level, network.supply.tolist(), strict=True))


@pytest.mark.parametrize("bits", [4, 31, 40, 62, 63])
def test_no_number_wraps_whatever_its_size(bits: int) -> None:
    """Law: columns up to the ends of int64 give the bound and cost of unlimited integers."""
    draw = np.random.default_rng(bits)
    top = 2**bits - 1
    for _ in range(40):
        nodes, arcs = 4, 6
        network = bare_network(
            draw.integers(0, nodes, arcs), draw.integers(0, nodes, arcs),
            draw.integers(0, top, arcs, endpoint=True),
            draw.integers(-top - 1, top, arcs, endpoint=True),
            draw.integers(-top - 1, top, nodes, endpoint=True),
        )  # fmt: skip
        flow = draw.integers(-top - 1, top, arcs, endpoint=True)
        potentials = draw.integers(-top - 1, top, nodes, endpoint=True)
        found = measure(network, flow, potentials)
        assert exact_bound(network, potentials) == found.bound
        assert sum(
            c * f for c, f in zip(network.cost.tolist(), flow.tolist(), strict=True)
        ) == found.cost  # fmt: skip
        assert not check(network, flow, potentials, found).accepted


def test_an_open_gap_is_stated_rounded_up() -> None:
    """Law 2: what is not proved optimal is within a percentage that is never too small."""
    network = on_paper()
    flow = np.array([3, 3, 2])
    claims = measure(network, flow, canonical_potentials(network, solve(network).flow))
    assert (claims.cost, claims.bound, claims.gap) == (24, 22, 2)
    assert (claims.gap_percent, claims.label) == (100 * 2 / 24, "within 8.34 %")
    verdict = check(network, flow, canonical_potentials(network, solve(network).flow), claims)
    assert (verdict.accepted, verdict.canonical) == (True, None)


def test_the_gap_of_the_gain_is_measured_from_doing_nothing() -> None:
    """Law 2: gap / (cost of doing nothing - bound), where doing nothing is checked as a flow."""
    network = on_paper()
    flow, idle = np.array([3, 3, 2]), np.array([0, 0, 5])
    potentials = canonical_potentials(network, solve(network).flow)
    claims = measure(network, flow, potentials, do_nothing=idle)
    assert (claims.do_nothing, claims.gap_of_gain) == (30, 2 / 8)
    assert check(network, flow, potentials, claims, do_nothing=idle).accepted
    moved = check(network, flow, potentials, claims, do_nothing=np.array([0, 0, 4]))
    assert moved.refusals[0].startswith("node 0: the flow of doing nothing is out of balance")
    assert not check(
        network, flow, potentials, replace(claims, gap_of_gain=0.2), do_nothing=idle
    ).accepted
    assert measure(network, flow, potentials, do_nothing=np.array([4, 4, 1])).gap_of_gain is None


def shared_example() -> tuple[Network, SharedResources, IntArray]:
    """Two items, each one unit by a cheap arc (1) or a dear one (5); cheap arcs share one."""
    network = bare_network([0, 0, 2, 2], [1, 1, 3, 3], [1] * 4, [1, 5, 1, 5], [1, -1, 1, -1])
    shared = SharedResources(*(np.array(column) for column in ([0, 2], [0, 0], [1, 1], [1])))
    return network, shared, np.array([1, 0, 0, 1])


def test_prices_on_shared_capacity_prove_what_potentials_alone_cannot() -> None:
    """Law 2: at a price of 4 for the shared unit, the bound meets the cost of 6."""
    network, shared, flow = shared_example()
    potentials = np.array([-5, 0, -5, 0])
    prices = np.array([4])
    claims = measure(network, flow, potentials, prices, shared)
    assert (claims.cost, claims.bound, claims.label) == (6, 6, "optimal")
    assert check(network, flow, potentials, claims, prices, shared).accepted
    free = measure(network, flow, np.array([-1, 0, -1, 0]), np.array([0]), shared)
    assert (free.bound, free.gap) == (2, 4)


def test_shared_capacity_and_prices_are_checked() -> None:
    """Law 2: a resource that is overdrawn, a negative price and a negative use are refused."""
    network, shared, flow = shared_example()
    potentials, prices = np.array([-5, 0, -5, 0]), np.array([4])
    claims = measure(network, flow, potentials, prices, shared)
    both = check(network, np.array([1, 0, 1, 0]), potentials, claims, prices, shared)
    assert both.refusals[0] == "resource 0: the flow takes too much"
    below = check(network, flow, potentials, claims, np.array([-1]), shared)
    assert below.refusals == ("resource 0: its price is negative",)
    gives = replace(shared, use=np.array([1, -1]))
    assert check(network, flow, potentials, claims, prices, gives).refusals == (
        "row 1: its use is negative",
    )
    for name, none in (("resource", 1), ("resource", -1), ("arc", 4), ("arc", -1)):
        nowhere = replace(shared, **{name: np.array([0, none])})
        assert check(network, flow, potentials, claims, prices, nowhere).refusals == (
            f"row 1: its {name} is none",
        )
    assert not check(network, flow, potentials, claims, prices).accepted
    assert not check(network, flow, potentials, claims, None, shared).accepted
    for step in (-1, 1):
        tighter = replace(shared, capacity=shared.capacity + step)
        assert not check(network, flow, potentials, claims, prices, tighter).accepted
        assert not check(network, flow, potentials, claims, prices + step, shared).accepted


@pytest.mark.parametrize("bits", [4, 31, 40, 62, 63])
def test_no_price_wraps_whatever_its_size(bits: int) -> None:
    """Law: several rows per arc, prices and uses up to the ends of int64: the exact bound."""
    draw = np.random.default_rng(bits)
    top = 2**bits - 1
    for _ in range(40):
        network = bare_network([0, 1, 0], [1, 2, 2], [7, 7, 7], draw.integers(0, 9, 3), [0, 0, 0])
        shared = SharedResources(
            draw.integers(0, 3, 6), draw.integers(0, 2, 6),
            draw.integers(0, top, 6, endpoint=True), draw.integers(0, top, 2, endpoint=True),
        )  # fmt: skip
        prices = draw.integers(0, top, 2, endpoint=True)
        flow, potentials = np.full(3, 7), draw.integers(-9, 9, 3)
        rows = list(zip(shared.arc.tolist(), shared.resource.tolist(), shared.use.tolist(),
                        strict=True))  # fmt: skip
        paid = [sum(u * int(prices[r]) for a, r, u in rows if a == arc) for arc in range(3)]
        bound = -sum(p * c for p, c in zip(prices.tolist(), shared.capacity.tolist(), strict=True))
        for arc in range(3):
            tail, head = int(network.tail[arc]), int(network.head[arc])
            reduced = int(network.cost[arc]) + paid[arc]
            bound += min(0, 7 * (reduced + int(potentials[tail]) - int(potentials[head])))
        claims = measure(network, flow, potentials, prices, shared)
        assert bound == claims.bound
        taken = [sum(7 * u for _, r, u in rows if r == resource) for resource in range(2)]
        over = any(t > c for t, c in zip(taken, shared.capacity.tolist(), strict=True))
        verdict = check(network, flow, potentials, claims, prices, shared)
        assert over == any("takes too much" in text for text in verdict.refusals)


def test_every_claim_is_compared() -> None:
    """Law: a claim added later is not forgotten by the checker."""
    flow, potentials, claims = certified(on_paper())
    for field in fields(Claims):
        wrong = replace(claims, **{field.name: -1})
        assert not check(on_paper(), flow, potentials, wrong, do_nothing=flow).accepted


def test_what_is_certified_is_what_a_stated_claim_is_held_to() -> None:
    """Law 2: for any flow and potentials, claims are accepted if and only if they are certified."""
    draw = np.random.default_rng(11)
    kept = broken = 0
    for _ in range(200):
        network = random_network(draw, 6, feasible=1.0)
        flow, potentials, claims = certified(network)
        fixed = (int(draw.integers(-3, 9)), int(draw.integers(-1, 4)))
        flow = flow + (draw.random(len(flow)) < 0.1) * draw.integers(-2, 3, len(flow))
        found = certify(network, flow, potentials, do_nothing=flow, fixed=fixed)
        claims = measure(network, flow, potentials, do_nothing=flow, fixed=fixed)
        verdict = check(network, flow, potentials, claims, do_nothing=flow, form=False)
        assert claims == found.proved
        assert verdict == found
        kept, broken = kept + found.accepted, broken + (not found.accepted)
    assert min(kept, broken) > 50


def test_a_fixed_cost_below_none_is_never_certified() -> None:
    """Law 2: lines that pay for themselves would put any cost below any bound."""
    flow, potentials, _ = certified(on_paper())
    found = certify(on_paper(), flow, potentials, fixed=(0, -1))
    assert ("the fixed cost of the lines is negative",) == found.refusals
