"""What was solved before is answered again, and only where nothing that counts has changed."""

from dataclasses import replace

import numpy as np

from service.decision import ask, pose
from service.planning import answer
from solver.engine.shared import Proved
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.optimum import proved_flow
from solver.remembered import Answers
from tests.service.regimes import coupled, whole

CALLS: list[Problem] = []


def counted(
    problem: Problem, start: IntArray | None, *, target_per_million: int, work_limit: int
) -> Proved:
    """`proved_flow`, with a note of every call."""
    CALLS.append(problem)
    return proved_flow(problem, start, target_per_million=target_per_million,
                       work_limit=work_limit)  # fmt: skip


def test_only_the_same_problem_is_the_same() -> None:
    """Another cost, capacity, price to start from, target or limit is another problem."""
    asked = coupled(1)
    problem = pose(ask(asked.snapshot, asked.release, asked.request))
    network, shared = problem.network, problem.shared
    assert shared is not None
    assert problem.resources is not None
    roomier = replace(problem.resources, shared=replace(shared, capacity=shared.capacity + 1))
    others = [
        replace(problem, network=replace(network, cost=network.cost * 2)),
        replace(problem, resources=roomier),
        replace(problem, arc_hash=problem.arc_hash + np.uint64(1)),
    ]
    answers = Answers()
    CALLS.clear()
    solve = answers.of(counted, 1_000, 20_000)
    first = solve(problem)
    assert first is solve(pose(ask(asked.snapshot, asked.release, asked.request)))
    assert 1 == len(CALLS)
    for other in others:
        solve(other)
    solve(problem, np.ones_like(shared.capacity))
    answers.of(counted, 999, 20_000)(problem)
    answers.of(counted, 1_000, 19_999)(problem)
    assert 7 == len(CALLS)


def test_what_is_known_changes_no_plan() -> None:
    """Plans of facts with whole loads are the same with and without what was solved before."""
    answers = Answers()
    for seed in (0, 3, 0, 1, 3):
        asked = whole(seed)
        question = ask(asked.snapshot, asked.release, asked.request)
        assert answer(question).decision == answer(question, answers=answers).decision
