"""From a flow to the decision that a plan seals: pure, no solver, so that verify can redo it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from ontology.canonical import canonical, digest, digest_of
from ontology.closures import Closures
from ontology.columns import Snapshot
from rules.decide import decide
from rules.release import Release
from solver.assignment_network import AssignmentLabels
from solver.baselines import compare, do_nothing
from solver.certificate import measure
from solver.claims import Claims
from solver.lines import decode
from solver.movements import candidates, stock_after, window_of
from solver.network import ArcKind, IntArray
from solver.problem import BOTH_PARTS, Problem, build
from solver.shortfalls import shortfalls

FORMAT = "evenkeel-plan/1"
INLINE_ARCS = 10_000
"""Up to so many arcs, network and certificate stand in the plan itself."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a caller asks for: a chain, the cost parts to minimise, and the first day."""

    chain: str
    cost_parts: frozenset[str] = BOTH_PARTS
    starts_on: date | None = None
    agent: str = "local"


@dataclass(frozen=True)
class Draft:
    """A decided plan, not yet sealed or saved.

    `attachments` are the canonical bytes of network and certificate where they are too large to
    stand in the decision, which then names their SHA-256.
    """

    problem: Problem
    flow: IntArray
    potentials: IntArray
    claims: Claims
    decision: dict[str, Any]
    attachments: Mapping[str, bytes]


def pose(
    snapshot: Snapshot, release: Release, request: PlanRequest, *, without_rule: str = ""
) -> Problem:
    """The problem that facts, rules and request pose, or would pose without one rule."""
    window = window_of(snapshot, request.starts_on)
    movements = candidates(snapshot, window)
    closures: Closures = decide(release, snapshot, movements, stock_after(snapshot, window))
    if without_rule:
        closures = closures.without(without_rule)
    return build(snapshot, window, movements, closures, request.cost_parts)


def assemble(
    snapshot: Snapshot,
    release: Release,
    request: PlanRequest,
    problem: Problem,
    flow: IntArray,
    potentials: IntArray,
) -> Draft:
    """The decision of a flow and its potentials. Equal arguments give equal bytes."""
    claims = claims_for(problem, snapshot, flow, potentials)
    network, network_bytes = _inline_or_named(problem, columns_of(problem))
    proof, proof_bytes = _inline_or_named(
        problem, {"flow": flow.tolist(), "potentials": potentials.tolist()}
    )
    attachments = {"network": network_bytes, "certificate": proof_bytes}
    decision = {
        "chain": request.chain,
        "snapshot": snapshot.digest,
        "release": release.digest,
        "previous": None,
        "work_limit": release.knobs["work_limit"],
        "regime": problem.regime,
        "starts_on": problem.window.starts_on.isoformat(),
        "cost_parts": sorted(problem.cost_parts),
        "network": {
            "digest": problem.network.digest,
            "arcs": problem.network.arc_count,
            "nodes": problem.network.node_count,
            "cost_scale": problem.network.cost_scale,
            **network,
        },
        "certificate": {**certificate_of(claims), "given": [], **proof},
        "lines": decode(problem, snapshot, flow),
        "shortfalls": shortfalls(problem, flow, potentials),
        "suppressed": suppressed(problem),
        "comparison": compare(problem, snapshot, flow),
    }
    kept = {name: data for name, data in attachments.items() if data}
    return Draft(problem, flow, potentials, claims, decision, kept)


def claims_for(
    problem: Problem, snapshot: Snapshot, flow: IntArray, potentials: IntArray
) -> Claims:
    """What the flow and its potentials prove, beside the cost of doing nothing."""
    nothing = idle_flow(problem, snapshot)
    return measure(problem.network, flow, potentials, do_nothing=nothing)


def idle_flow(problem: Problem, snapshot: Snapshot) -> IntArray:
    """The flow of doing nothing: stock stays where it is, or no order is served."""
    if isinstance(problem.labels, AssignmentLabels):
        unserved: IntArray = (problem.network.kind == ArcKind.SHORTFALL).astype(np.int64)
        return unserved
    return do_nothing(problem, problem.labels, snapshot)


def certificate_of(claims: Claims) -> dict[str, Any]:
    """The numbers of a certificate as a document, in cost units."""
    found = asdict(claims)
    del found["network"]  # the network states its digest itself
    return found


def columns_of(problem: Problem) -> dict[str, Any]:
    """The network's columns as lists."""
    return {name: column.tolist() for name, column in problem.network.arrays().items()}


def suppressed(problem: Problem) -> dict[str, Any]:
    """How many movements each rule looked at, closed, or hands to a person."""
    closures = problem.closures
    return {
        "by_rule": dict(problem.suppressed),
        "floors": {rule: int(rows.sum()) for rule, rows in sorted(closures.floors.items())},
        "focus_counts": dict(sorted(closures.focus_counts.items())),
        "warned": {rule: len(rows) for rule, rows in sorted(closures.warned.items())},
        "recorded": {rule: len(rows) for rule, rows in sorted(closures.recorded.items())},
    }


def seal(decision: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """The sealed document: the plan's digest covers the decision, the seal covers the rest, too."""
    document = {
        "format": FORMAT,
        "decision": dict(decision),
        "plan_digest": digest_of(decision),
        "about": dict(about),
    }
    return document | {"seal": digest_of(document)}


def _inline_or_named(problem: Problem, columns: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    if problem.network.arc_count <= INLINE_ARCS:
        return {"inline": columns}, b""
    data = canonical(columns)
    return {"artifact": digest(data)}, data
