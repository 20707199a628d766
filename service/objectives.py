"""What a plan weighs, as its decision states it, and the stages that it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.objectives import (
    ALL_PERCENT,
    CARBON,
    OBJECTIVES,
    PLAIN,
    Weights,
    known,
    refuse_unsound,
)
from solver.explain.objectives import parts_of, worst_stated
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.model.stages import Stage, alone, held
from solver.network.columns import IntArray, Network
from solver.proof.claims import Claims

Asked = dict[str, Any]


def refuse_wrong(weights: Weights, first: Sequence[str]) -> None:
    """Raises InputError as `refuse_unsound`, `OBJECTIVE_UNKNOWN`, `OBJECTIVE_TWICE`.

    Weights of nothing at all are a `BAD_WEIGHT`: every plan would be as good as any other.
    """
    refuse_unsound(weights)
    if not any(weights.of(name) for name in OBJECTIVES):
        raise InputError("no objective is weighed", code="BAD_WEIGHT",
                         hint=f"give one of {', '.join(OBJECTIVES)} a weight above 0")  # fmt: skip
    for name in first:
        refuse_unsound(alone(weights, known(name)))
    if len(set(first)) < len(first):
        raise InputError(f"`{', '.join(first)}` names an objective twice", code="OBJECTIVE_TWICE",
                         hint="once it is held at its best it stays there")  # fmt: skip


def counted(weights: Weights, first: Sequence[str]) -> Weights:
    """The weights without a price of carbon that nothing is weighed by: a plan states what counts.

    Else a price under the seal could be any number, and the plan the same.
    """
    if weights.carbon_per_mille or CARBON in first:
        return weights
    return replace(weights, carbon_price_cents_per_tonne=0)


def asked_in(decision: Mapping[str, Any]) -> Asked:
    """What was asked of the objectives when a decision was made, as fields of a request."""
    stated = decision.get("objectives")
    if stated is None:
        return {}
    weights = {name: stated[name] for name in asdict(PLAIN)}
    return {"weights": Weights(**weights), "first": tuple(stated["first"])}


def held_at(
    problem: Problem, stages: Sequence[Stage], posed: Callable[[Weights], Problem],
    weights: Weights,
) -> Problem:  # fmt: skip
    """The problem with every stage at its best; see `stages.held`."""
    return held(problem, stages, partial(_network, posed, weights))


def _network(posed: Callable[[Weights], Problem], weights: Weights, objective: str) -> Network:
    return posed(alone(weights, objective)).network


def objectives_in(
    problem: Problem, facts: Snapshot, flow: IntArray, weights: Weights, first: Sequence[str]
) -> dict[str, Any]:
    """`objectives` of a decision: weights and what they came to, by part, at plain rates.

    Nothing where the plan is the plain one and the facts know no carbon. Where only the worst
    outcomes count, or one did, what is short in them.
    """
    labels = problem.labels
    if not isinstance(labels, CarryLabels):
        return {}
    if weights == PLAIN and not first and not len(facts.table("ModeEmission")):
        return {}
    found: Asked = {**asdict(weights), "first": list(first),
                    "parts": parts_of(problem, labels, facts, flow).stated()}  # fmt: skip
    if weights.worst_percent < ALL_PERCENT:
        found["worst"] = worst_stated(problem, labels, flow, weights.worst_percent)
    return {"objectives": found}


def stages_in(stages: Sequence[Stage], claims: Sequence[Claims]) -> dict[str, Any]:
    """`stages` of a decision: what each objective came to in turn, and what it is proved by."""
    if not stages:
        return {}
    return {"stages": [
        {"objective": stage.objective, **asdict(claim), "flow": stage.flow.tolist(),
         "potentials": stage.potentials.tolist()}
        for stage, claim in zip(stages, claims, strict=True)
    ]}  # fmt: skip


def stages_of(decision: Mapping[str, Any]) -> tuple[Stage, ...]:
    """The stages that a decision states. Raises TypeError, KeyError for what is none."""
    return tuple(
        Stage(row["objective"], *(_whole(row[name]) for name in ("flow", "potentials")))
        for row in decision.get("stages", ())
    )


def _whole(values: Any) -> IntArray:
    if any(type(value) is not int for value in values):
        raise TypeError("a stage holds what is no whole number")
    return np.array(values, np.int64)
