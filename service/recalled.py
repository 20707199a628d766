"""A saved plan opened again: its question, the problem that its flow solves, and its margins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from graph.manifests import read_snapshot
from ontology.columns import Snapshot
from rules.release import Release, from_document
from service.decision import PlanRequest, Question, ask, pose, request_of
from service.objectives import stages_of
from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.engine.shared import used
from solver.explain.flips import Margins
from solver.model.problem import Problem
from solver.model.steady import held_in
from solver.network.columns import ArcKind, IntArray

EXACT, AT_THESE_PRICES = "exact", "at these prices"


@dataclass(frozen=True)
class Recalled:
    """A plan's question and the problem that its flow is the cheapest of.

    That problem has no room where lines were closed after a first flow, and of what items share
    it has what the other items leave.
    """

    question: Question
    problem: Problem
    flow: IntArray
    pure: bool

    @property
    def basis(self) -> str:
        """`exact` where the flow alone decides; else what is closed, given or shared stays so."""
        return EXACT if self.pure else AT_THESE_PRICES

    @cached_property
    def margins(self) -> Margins:
        """The margins of the plan's flow."""
        potentials = canonical_potentials(self.problem.network, self.flow)
        return Margins(self.problem.network, self.flow, potentials)


Opened = Callable[[ArtifactStore, Mapping[str, Any]], Recalled]
"""How a saved plan is opened: `recall`, or one that was opened before."""


def inputs_of(
    store: ArtifactStore, document: Mapping[str, Any]
) -> tuple[Snapshot, Release, PlanRequest]:
    """What a plan was made from. Raises as reading its artifacts does."""
    decision, named = document["decision"], document["about"]["artifacts"]
    request = request_of(decision)
    release = from_document(store.get_document(named["release"]))
    return read_snapshot(store, named["snapshot"]), release, request


def recall(store: ArtifactStore, document: Mapping[str, Any]) -> Recalled:
    """Open a saved plan from its own snapshot and release. Raises as reading the artifacts does."""
    decision = document["decision"]
    question = replace(ask(*inputs_of(store, document)), stages=stages_of(decision))
    closed = {
        name: np.array(rows, np.int64)
        for name, rows in decision["suppressed"]["after_flow"].items()
    }
    proof = decision["certificate"]
    stated = proof["inline"] if "inline" in proof else store.get_document(proof["artifact"])
    flow = np.array(stated["flow"], np.int64)
    steady = question.request.steady
    problem = held_in(pose(question, closed).narrowed(closed), flow, steady)
    fixed = (
        steady is not None
        or bool(question.stages)
        or bool(closed)
        or problem.window.is_forecast
        or bool(proof["line_cost"])
        or problem.comes_whole
    )
    pure = not fixed and proof["gap"] == 0 and _has_slack(problem, flow)
    return Recalled(question, problem if pure else problem.apart(flow), flow, pure)


def _has_slack(problem: Problem, flow: IntArray) -> bool:
    """Whether no item can fill what all share by sending its units of any one line elsewhere.

    Those take no arc for more units than the line has, so what they add to a resource is at most
    that on every arc of the item that draws on it.
    """
    shared, network = problem.shared, problem.network
    if shared is None:
        return True
    most = int(flow[network.kind == ArcKind.MOVE].max(initial=1))
    room = np.minimum(most, network.capacity - flow)[shared.arc]
    part = components(network.node_count, network.tail, network.head)[network.tail[shared.arc]]
    pairs, group = np.unique(np.stack([part, shared.resource]), axis=1, return_inverse=True)
    added = np.zeros(pairs.shape[1], np.int64)
    np.add.at(added, group.reshape(-1), shared.use * room)
    left = shared.capacity - used(shared, flow)
    return bool(np.all(added <= left[pairs[1]]))
