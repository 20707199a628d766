"""Same facts, same bytes: row order and hash seed are no inputs, and no solver is needed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from ontology.canonical import digest_of
from ontology.closures import Closures
from ontology.columns import Snapshot
from solver.explain.baselines import compare
from solver.explain.lines import decode
from solver.explain.shortfalls import shortfalls
from solver.model.movements import candidates, stock_after, window_of
from solver.model.problem import build
from tests.solver import two_hubs
from tests.solver.planning import random_closures, random_orders, random_risk, shuffled, solved

ROOT = two_hubs.FOLDER.parents[1]


def _bytes(facts: Snapshot, closures: Closures) -> list[str]:
    """Digests of everything that a plan says about a snapshot."""
    plan = solved(facts, closures)
    return [
        plan.problem.network.digest,
        digest_of(plan.problem.arc_hash.astype(str).tolist()),
        digest_of(plan.flow.tolist()),
        digest_of(decode(plan.problem, facts, plan.flow)),
        digest_of(shortfalls(plan.problem, plan.flow, plan.potentials)),
        digest_of(compare(plan.problem, facts, plan.flow)),
    ]


def _two_hubs() -> list[str]:
    facts = two_hubs.snapshot()
    window = window_of(facts)
    closures = two_hubs.closures(candidates(facts, window), stock_after(facts, window))
    return _bytes(facts, closures)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_rows_changes_nothing(seed: int):
    """Shuffled tables give equal movements, networks, flows, lines, shortfalls, comparisons."""
    for facts in (random_risk(seed), random_orders(seed), two_hubs.snapshot()):
        other = shuffled(facts, seed)
        window = window_of(facts)
        movements = candidates(facts, window)
        again = candidates(other, window_of(other))
        for name, column in movements.columns.items():
            assert np.array_equal(column, again[name], equal_nan=column.dtype.kind == "M")
        closures = random_closures(len(movements), seed)
        assert _bytes(facts, closures) == _bytes(other, closures)


def test_arc_hashes_tell_arcs_apart():
    """No two arcs of the example share a hash."""
    plan = solved(two_hubs.snapshot())
    assert len(plan.problem.arc_hash) == len(np.unique(plan.problem.arc_hash))


def test_another_hash_seed_changes_nothing():
    """A process with another PYTHONHASHSEED says the same."""
    code = "from tests.solver.test_same_bytes import _two_hubs; print(*_two_hubs())"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, capture_output=True
    )
    assert _two_hubs() == said.stdout.decode().split()


def test_building_and_decoding_load_no_solver():
    """Whoever verifies a plan rebuilds and decodes it without ortools or numba."""
    plan = solved(two_hubs.snapshot())
    code = (
        "import sys, numpy as np\n"
        "from ontology.closures import Closures\n"
        "from solver.explain.baselines import compare\n"
        "from solver.explain.lines import decode\n"
        "from solver.model.movements import candidates, window_of\n"
        "from solver.model.problem import build\n"
        "from solver.explain.shortfalls import shortfalls\n"
        "from tests.solver import two_hubs\n"
        "facts = two_hubs.snapshot(); window = window_of(facts)\n"
        "problem = build(facts, window, candidates(facts, window), Closures())\n"
        f"flow, potentials = np.array({plan.flow.tolist()}), np.array({plan.potentials.tolist()})\n"
        "decode(problem, facts, flow); shortfalls(problem, flow, potentials)\n"
        "compare(problem, facts, flow)\n"
        "print(problem.network.digest, *sorted({'ortools', 'numba'} & set(sys.modules)))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert [plan.problem.network.digest] == said.stdout.split()


def test_a_problem_is_built_twice_alike():
    """Building is pure."""
    facts = two_hubs.snapshot()
    window = window_of(facts)
    movements = candidates(facts, window)
    one, two = (build(facts, window, movements, Closures()) for _ in range(2))
    assert one.network.digest == two.network.digest
