"""Whole loads and lots: the best plan is found and proved, and every number of the proof counts."""

import subprocess
import sys
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.potentials import canonical_potentials
from solver.integral.proof import drawn
from solver.integral.search import solve_whole
from solver.network.columns import IntArray, Network, bare_network
from solver.proof.branches import Branches, lot_first, lot_floor, lot_next
from solver.proof.certificate import check, measure
from solver.proof.claims import CertificateCheck, Claims, SharedResources, Whole
from tests.solver.whole_chains import WholeChain, whole_chain


@dataclass(frozen=True)
class Proof:
    """A plan of a chain and all that is stated of it."""

    chain: WholeChain
    flow: IntArray
    potentials: IntArray
    prices: IntArray
    branches: Branches | None
    claims: Claims

    def checked(self) -> CertificateCheck:
        """What the checker says of it."""
        chain = self.chain
        return check(chain.network, self.flow, self.potentials, self.claims, self.prices,
                     chain.shared, branches=self.branches)  # fmt: skip


def proof_of(chain: WholeChain, work_limit: int = 5_000) -> Proof:
    free, idle = chain.free(), chain.flow(np.zeros(len(chain.lanes), np.int64))
    level = canonical_potentials(chain.network, free)
    search, found = solve_whole(chain.network, chain.shared, free, idle, work_limit=work_limit)
    potentials, branches = drawn(search, found.root, found.bound, level)
    prices = found.root.prices
    claims = measure(chain.network, found.flow, potentials, prices, chain.shared,
                     branches=branches)  # fmt: skip
    return Proof(chain, found.flow, potentials, prices, branches, claims)


def branched() -> Proof:
    """A plan whose proof needs several branches."""
    proofs = (proof_of(whole_chain(seed)) for seed in range(200))
    return next(p for p in proofs if p.branches is not None and len(p.branches.leaf_bound) > 4)


@pytest.mark.parametrize("block", range(10))
def test_the_best_of_all_plans_is_found_and_proved(block: int) -> None:
    """Law 2, by brute force on 320 chains: cost = bound = the least of all plans enumerated."""
    for seed in range(32 * block, 32 * block + 32):
        chain = whole_chain(1_000 + seed)
        proof = proof_of(chain)
        assert (chain.optimum(),) * 2 == (proof.claims.cost, proof.claims.bound), seed
        assert chain.cost(proof.flow) == proof.claims.cost
        assert proof.checked().accepted


@pytest.mark.parametrize(("loads", "lots"), [(True, False), (False, True), (False, False)])
def test_loads_and_lots_by_themselves(loads: bool, lots: bool) -> None:
    """Each of the two alone, and neither, is solved to the optimum, too."""
    for seed in range(40):
        chain = whole_chain(seed, loads=loads, lots=lots)
        assert chain.optimum() == proof_of(chain).claims.cost, seed


def test_any_potentials_and_prices_bound_every_plan() -> None:
    """Weak duality: whatever prices >= 0 and potentials are stated, no plan is below the bound."""
    rng = np.random.default_rng(5)
    for seed in range(60):
        chain = whole_chain(seed)
        best = chain.optimum()
        idle = chain.flow(np.zeros(len(chain.lanes), np.int64))
        for _ in range(10):
            potentials = rng.integers(-50, 50, chain.network.node_count)
            prices = rng.integers(0, 30, len(chain.shared.capacity))
            assert measure(chain.network, idle, potentials, prices, chain.shared).bound <= best


def test_costs_times_seven_are_the_plan_times_seven() -> None:
    """A change of the unit of money changes nothing else."""
    for seed in range(30):
        chain = whole_chain(seed)
        dearer = replace(
            chain, network=replace(chain.network, cost=7 * chain.network.cost),
            shared=replace(chain.shared, whole=replace(
                chain.whole, step_cost=7 * chain.whole.step_cost)),
        )  # fmt: skip
        assert 7 * proof_of(chain).claims.cost == proof_of(dearer).claims.cost


def test_another_item_that_shares_nothing_adds_its_own_cost() -> None:
    """Two chains side by side cost what they cost apart, and the bound, too."""
    for seed in range(20):
        one, other = whole_chain(seed), whole_chain(seed + 500)
        both, apart = proof_of(beside(one, other)), (proof_of(one), proof_of(other))
        assert sum(proof.claims.cost for proof in apart) == both.claims.cost
        assert sum(proof.claims.bound for proof in apart) == both.claims.bound


def beside(one: WholeChain, other: WholeChain) -> WholeChain:
    """Two chains as one, the lanes of each its own; only network, rows and lanes are right."""
    nodes, arcs = one.network.node_count, one.network.arc_count
    a, b = one.network, other.network
    network = Network(
        *(np.concatenate([getattr(a, n), getattr(b, n) + nodes]) for n in ("tail", "head")),
        *(np.concatenate([getattr(a, n), getattr(b, n)])
          for n in ("lower", "capacity", "cost", "supply")),
    )  # fmt: skip
    first = len(one.shared.capacity)
    x, y = one.whole, other.whole
    y = replace(y, lot_arc=y.lot_arc + arcs)
    whole = Whole(*(np.concatenate([getattr(each, f.name) for each in (x, y)])
                    for f in fields(Whole)))  # fmt: skip
    shared = SharedResources(
        np.concatenate([one.shared.arc, other.shared.arc + arcs]),
        np.concatenate([one.shared.resource, other.shared.resource + first]),
        np.concatenate([one.shared.use, other.shared.use]),
        np.concatenate([one.shared.capacity, other.shared.capacity]), whole,
    )  # fmt: skip

    class Both(WholeChain):
        """What does nothing is the flow of neither moving."""

        def flow(self, units: IntArray) -> IntArray:
            return np.concatenate([chain.flow(np.zeros(len(chain.lanes), np.int64))
                                   for chain in (one, other)])  # fmt: skip

    lanes = np.concatenate([one.lanes, other.lanes + arcs])
    return Both(network, shared, lanes, one.item_of_lane, one.gains, one.supply)


def test_a_work_limit_leaves_a_plan_and_a_bound_that_hold() -> None:
    """However little work there is, cost and bound enclose the optimum, and the gap is stated."""
    labels = set()
    for seed in range(60):
        chain = whole_chain(seed)
        proof = proof_of(chain, work_limit=3)
        assert proof.claims.bound <= chain.optimum() <= proof.claims.cost
        assert proof.checked().accepted
        labels.add(proof.claims.label == "optimal")
    assert {True, False} == labels


def test_equal_input_gives_equal_bytes() -> None:
    """Law 8: a search from the start ends at the same flow, prices and branches."""
    for seed in range(20):
        one, other = (proof_of(whole_chain(seed)) for _ in range(2))
        assert np.array_equal(one.flow, other.flow)
        assert np.array_equal(one.prices, other.prices)
        assert (one.branches is None) == (other.branches is None)
        if one.branches is not None and other.branches is not None:
            for field in fields(Branches):
                assert np.array_equal(
                    *(getattr(b, field.name) for b in (one.branches, other.branches))
                )


def test_no_plan_is_said_where_there_is_none() -> None:
    """A line that must carry three where lots are of two has no plan."""
    network = bare_network([0, 0], [1, 1], [3, 3], [0, 1], [3, -3], [3, 0])
    whole = Whole(*(np.zeros(0, np.int64),) * 3, *(np.array([n]) for n in (0, 0, 2)))
    none = np.zeros(0, np.int64)
    with pytest.raises(SolverError) as refused:
        solve_whole(network, SharedResources(none, none, none, none, whole), np.array([3, 0]), None)
    assert "NO_PLAN" == refused.value.code


def test_every_number_of_the_branches_counts() -> None:
    """Tampering: a split, a subject, a place or a bound changed by one is refused."""
    proof = branched()
    assert proof.branches is not None
    survivors = []
    for field in fields(Branches):
        column = getattr(proof.branches, field.name)
        for row in range(len(column)):
            for by in (1, -1):
                other = column.copy()
                other[row] += by
                forged = replace(proof, branches=replace(proof.branches, **{field.name: other}))
                if forged.checked().accepted:
                    survivors.append(field.name)
    # prices and potentials that still prove the bound of their leaf are the one exception
    assert set(survivors) <= {"node_change", "node", "price_change"}
    tried = 2 * sum(len(getattr(proof.branches, field.name)) for field in fields(Branches))
    assert len(survivors) < tried / 10


def test_half_a_tree_is_no_proof() -> None:
    """Leaving out a leaf, or the whole tree, is refused."""
    proof = branched()
    branches = proof.branches
    assert branches is not None
    last = len(branches.leaf_bound) - 1
    columns = [getattr(branches, field.name) for field in fields(Branches)][4:]
    keep = [branches.price_leaf < last, branches.node_leaf < last]
    fewer = Branches(
        branches.split[:-1], branches.subject[:-1], branches.at[:-1], branches.leaf_bound[:-1],
        *(c[keep[0]] for c in columns[:3]), *(c[keep[1]] for c in columns[3:]),
    )  # fmt: skip
    assert ("the branches are not one whole tree",) == replace(
        proof, branches=fewer
    ).checked().refusals
    assert not replace(proof, branches=None).checked().accepted


def test_a_leaf_with_a_negative_price_is_refused() -> None:
    """Such a price would pay for what nobody takes, and prove any bound."""
    proof = branched()
    branches = proof.branches
    assert branches is not None
    forged = replace(
        branches, price_leaf=np.array([0]), price_resource=np.array([0]),
        price_change=np.array([-1 - proof.prices[0]]),
    )  # fmt: skip
    refusals = replace(proof, branches=forged).checked().refusals
    assert ("a price of a leaf is negative",) == refusals


def test_a_flow_that_splits_a_lot_is_refused() -> None:
    """So is one that takes more loads than there are, or pays for fewer than it takes."""
    network = bare_network([0, 0], [1, 1], [4, 4], [5, 0], [4, -4])
    whole = Whole(*(np.array([n]) for n in (10, 0, 1, 0, 0, 2)))
    shared = SharedResources(*(np.array([n]) for n in (0, 0, 1, 3)), whole)
    level, prices = np.zeros(2, np.int64), np.zeros(1, np.int64)

    def refusals(units: int) -> tuple[str, ...]:
        flow = np.array([units, 4 - units])
        claims = measure(network, flow, level, prices, shared)
        return check(network, flow, level, claims, prices, shared).refusals

    assert () == refusals(2)
    assert ("arc 0: the flow splits its lot",) == refusals(1)
    assert ("resource 0: the flow takes too much",) == refusals(4)
    claims = measure(network, np.array([2, 2]), level, prices, shared)
    assert 2 * 5 + 10 == claims.cost


def test_sizes_of_lots() -> None:
    """Nothing, or multiples from the least on: what is next below and above."""
    sizes = (np.array([5]), np.array([3]))
    allowed = [0, 6, 9, 12]
    assert [6] == lot_first(*sizes).tolist()
    for units in range(12):
        row = np.array([units])
        assert [max(a for a in allowed if a <= units)] == lot_floor(*sizes, row).tolist()
        assert [min(a for a in allowed if a > units)] == lot_next(*sizes, row).tolist()


def test_branches_are_checked_without_a_solver() -> None:
    """The module that walks the branches loads no engine and compiles nothing."""
    code = ("import sys, solver.proof.branches, solver.proof.certificate; "
            "print([m for m in ('ortools', 'pylmcf', 'numba') if m in sys.modules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
