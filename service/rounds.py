"""From a problem to the flow that stands: filters and rules on the finished plan, in rounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ontology.closures import IntArray
from ontology.columns import Snapshot
from rules.decide_plan import PLAN_VIEWS, PlanVerdict, decide_plan
from rules.release import Release
from solver.engine.shared import Proved
from solver.explain.baselines import do_nothing
from solver.explain.closing import rows_to_close
from solver.explain.filters import (
    KNOB,
    NEVER_WORSE,
    first_day_lines,
    unpaid_lines,
    worse_than_nothing,
)
from solver.explain.views import PlanViews, plan_views
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.proof.branches import Branches
from solver.proof.rounded import Rounded

Closed = Mapping[str, IntArray]
Solve = Callable[[Problem, IntArray | None], Proved]


@dataclass(frozen=True)
class Review:
    """What the finished plan of a flow looks like: what its lines cost, and what the rules say.

    `close` are movement rows to close before another round, by rule or knob; `attention` the
    rules of severity Warning per movement row of a line.
    """

    line_cost: int
    close: Closed
    attention: Mapping[int, tuple[str, ...]]
    focus_counts: Mapping[str, int]


@dataclass(frozen=True)
class Settled:
    """The flow that stands, and what bounds the problem before anything was closed.

    `potentials` and `prices` (of `problem.resources`, where there are any) are that bound's;
    `closed` the movement rows that filters and rules on the finished plan closed, by name;
    `branches` what proves the bound where loads or lots come whole and these do not; `rounded` the
    prices of capacities rounded for whole units.
    """

    problem: Problem
    flow: IntArray
    potentials: IntArray
    prices: IntArray | None = None
    closed: Closed = field(default_factory=dict)
    branches: Branches | None = None
    rounded: Rounded | None = None


def settle(
    pose_with: Callable[[Closed], Problem], solve: Solve, snapshot: Snapshot, release: Release,
    without: frozenset[str] = frozenset(),
) -> Settled:  # fmt: skip
    """Solve, look at the finished plan, close what does not pay or breaks a rule, solve again.

    At most `rounds` times (a knob) may lines be closed by measure; what then still breaks a rule
    loses every line that adds to it. A filter never edits a flow: it closes arcs, and the network
    is solved again, from the prices of the flow before. Closing a purchase changes what is given,
    so the problem is posed anew.
    """
    closed: dict[str, IntArray] = {}
    problem = pose_with(closed)
    first = now = solve(problem, None)
    turn = 0
    while True:
        review = look_at(problem.narrowed(closed), snapshot, release, now.flow, without,
                         filters=turn < int(release.knobs["rounds"]))  # fmt: skip
        if not review.close:
            return Settled(
                problem, now.flow, first.potentials, first.prices, closed, first.branches,
                first.rounded,
            )  # fmt: skip
        closed = joined(closed, review.close)
        turn += 1
        if _touches_given(problem, review.close):
            problem = pose_with(closed)
            first = now = solve(problem, None)
        now = solve(problem.narrowed(closed), now.prices)


def look_at(
    problem: Problem, snapshot: Snapshot, release: Release, flow: IntArray,
    without: frozenset[str] = frozenset(), *, filters: bool = True,
) -> Review:  # fmt: skip
    """The review of a flow. `problem` is the one that the flow solves. No solver is used."""
    labels = problem.labels
    if not isinstance(labels, CarryLabels):
        return Review(0, {}, {}, {})
    lines = first_day_lines(problem, labels, snapshot, flow)
    views = plan_views(problem, labels, snapshot, lines)
    verdict = decide_plan(release, snapshot, views.tables)
    close: dict[str, IntArray] = {}
    if filters:
        close = _but_wanted(
            problem, unpaid_lines(problem, labels, snapshot, lines, flow, release.knobs)
        )
    for rule, tables in sorted(verdict.broken.items()):
        if rule in without:
            continue
        parts = [
            rows_to_close(problem, snapshot, views, name, row, all_of=not filters)
            for name, rows in sorted(tables.items())
            for row in rows.tolist()
        ]
        rows = np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))
        if len(rows):
            close = joined(close, {rule: rows})
    if not close:
        idle = do_nothing(problem, labels)
        worse = worse_than_nothing(problem, labels, lines, flow, idle)
        close = _but_wanted(problem, {NEVER_WORSE: worse})
    attention = _attention(problem, views, verdict, lines.rows, without)
    return Review(int(lines.fixed.sum()), close, attention, verdict.focus_counts)


def closers(release: Release) -> frozenset[str]:
    """All that may close a movement after a flow: knobs, limits, and rules on a finished plan."""
    knobs = {KNOB + name for name in release.knobs}
    rules = {c.rule.iri for c in release.compiled if c.target in PLAN_VIEWS}
    return frozenset({*knobs, *rules, NEVER_WORSE})


def joined(some: Closed, more: Closed) -> dict[str, IntArray]:
    """The rows of both by name, ascending."""
    found = dict(some)
    for name, rows in more.items():
        found[name] = np.union1d(found.get(name, rows), rows).astype(np.int64)
    return found


def _but_wanted(problem: Problem, close: Closed) -> dict[str, IntArray]:
    """Without the lines that a person asks for: whether they pay is not a filter's to say."""
    kept = {name: np.setdiff1d(rows, problem.wanted) for name, rows in close.items()}
    return {name: rows for name, rows in kept.items() if len(rows)}


def _touches_given(problem: Problem, close: Closed) -> bool:
    labels = problem.labels
    return isinstance(labels, CarryLabels) and any(
        bool(np.isin(labels.given.rows, rows).any()) for rows in close.values()
    )


def _attention(
    problem: Problem,
    views: PlanViews,
    verdict: PlanVerdict,
    rows: IntArray,
    without: frozenset[str],
) -> dict[int, tuple[str, ...]]:
    labels = problem.labels
    assert isinstance(labels, CarryLabels)  # noqa: S101  # the caller's
    there = {*rows.tolist(), *labels.given.rows.tolist()}
    found: dict[int, set[str]] = {}
    for rule, warned in problem.closures.warned.items():
        for row in there.intersection(warned.tolist()):
            found.setdefault(row, set()).add(rule)
    for rule, tables in verdict.warned.items():
        if rule in without:
            continue
        for name, view_rows in tables.items():
            for row in view_rows.tolist():
                for member in views.members[name][row].tolist():
                    found.setdefault(member, set()).add(rule)
    return {row: tuple(sorted(names)) for row, names in sorted(found.items())}
