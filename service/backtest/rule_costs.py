"""What each rule costs in a recorded plan: that plan beside a certified one without the rule."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.closures import IntArray
from ontology.columns import Snapshot
from ontology.errors import EvenkeelError, OutsideError
from rules.release import Release
from service.audit.replay import NOT_MADE, asked_under, error_line
from service.backtest.again import figures
from service.backtest.counterfactual import counterfactual, keep
from service.decision import PlanRequest, ask, pose
from service.recalled import inputs_of
from solver.remembered import Answers

FORMAT = "evenkeel-rule-costs/1"
TAKEN = "taken as saved"
MOST_PAIRS = 100
"""So many pairs of rules of a plan are priced at most, each with a plan of its own."""

Row = Mapping[str, Any]
Cost = dict[str, Any]
Inputs = tuple[Snapshot, Release, PlanRequest]
_UNUSABLE = (LookupError, TypeError, ValueError, AttributeError)


def rule_costs(store: ArtifactStore, document: Any, *, pairs: bool = False) -> dict[str, Any]:
    """The costs of a saved plan's rules, as a document; every second plan is kept in the store.

    Every rule that closed, kept back or limited something is priced. With `pairs` so are pairs of
    rules that both cost something, or that share a movement, a position or a limit: what both come
    to together, and the `interaction`, that less the sum of each alone. Nothing is raised: what
    cannot be read or decided is told in `own`.
    """
    try:
        return _priced(store, document, pairs=pairs)
    except OutsideError as error:
        why = error_line(error)
    except EvenkeelError as error:
        why = f"no plan without a rule: {error_line(error)}"
    except _UNUSABLE as error:
        why = f"this is no plan: {error_line(error)}"
    return {"format": FORMAT, "own": {"status": NOT_MADE, "digest": "", "reasons": [why]},
            "costs": [], "pairs": [], "pairs_left_out": 0}  # fmt: skip


def acting_rules(decision: Row, release: Release) -> list[str]:
    """The rules that closed, kept back or limited something in a decision, ascending."""
    suppressed = decision["suppressed"]
    floors = {rule for rule, units in suppressed["floors"].items() if units}
    closed = {rule for rule, rows in suppressed["by_rule"].items() if rows}
    acted = {*closed, *floors, *suppressed["limited"], *suppressed["after_flow"]}
    return sorted(acted & {rule.iri for rule in release.rules})


def interaction(both: Row, first: Row, second: Row) -> dict[str, int]:
    """What two rules cost together less what each costs alone, with the ends between which it lies.

    Above zero where each hides the other: either alone is free, both are not. Below zero where
    either alone already costs what both do.
    """
    found = {"difference_scaled": both["difference_scaled"] - first["difference_scaled"]
             - second["difference_scaled"]}  # fmt: skip
    found["at_least_scaled"] = (
        both["at_least_scaled"] - first["at_most_scaled"] - second["at_most_scaled"]
    )
    found["at_most_scaled"] = (
        both["at_most_scaled"] - first["at_least_scaled"] - second["at_least_scaled"]
    )
    return found


def _priced(store: ArtifactStore, document: Any, *, pairs: bool) -> dict[str, Any]:
    snapshot, release, _ = inputs_of(store, document)
    request, notes = asked_under(store, document, release)
    inputs, answers = (snapshot, release, request), Answers()
    decision = document["decision"]
    costs = [_cost(store, document, inputs, [rule], answers)
             for rule in acting_rules(decision, release)]  # fmt: skip
    found = {
        "format": FORMAT, "plan": document["plan_digest"], "chain": decision["chain"],
        "release": decision["release"], "currency": decision["currency"],
        "own": {"status": TAKEN, "digest": document["plan_digest"], "reasons": list(notes)},
        "cost_scale": decision["network"]["cost_scale"], "costs": costs,
        "pairs": [], "pairs_left_out": 0,
    }  # fmt: skip
    if not pairs:
        return found
    asked = list(_pairs(inputs, document, costs))
    found["pairs_left_out"] = max(0, len(asked) - MOST_PAIRS)
    by_rule = {cost["rules"][0]: cost for cost in costs}
    for one, other in asked[:MOST_PAIRS]:
        both = _cost(store, document, inputs, [one, other], answers)
        both["interaction"] = interaction(both, by_rule[one], by_rule[other])
        found["pairs"].append(both)
    return found


def _cost(
    store: ArtifactStore, document: Row, inputs: Inputs, rules: Sequence[str], answers: Answers
) -> Cost:
    """The difference of two certified plans, by digest, exact or between two ends.

    Each plan's bound is at most what any plan of its network costs, so the best plans differ by
    `at_least_scaled` to `at_most_scaled`. `served_millionths` are units that more are served
    without the rules.
    """
    decision = document["decision"]
    other = counterfactual(document, inputs, rules, answers)
    proofs = decision["certificate"], other.draft.decision["certificate"]
    before, after = figures(decision), figures(other.draft.decision)
    return {
        "rules": list(rules), "counterfactual": other.digest, "artifact": keep(store, other),
        "difference_scaled": proofs[0]["cost"] - proofs[1]["cost"],
        "at_least_scaled": proofs[0]["bound"] - proofs[1]["cost"],
        "at_most_scaled": proofs[0]["cost"] - proofs[1]["bound"],
        "difference_cents": before["cost_cents"] - after["cost_cents"],
        "served_millionths": before["short_millionths"] - after["short_millionths"],
        **_acts(decision, rules),
    }  # fmt: skip


def _acts(decision: Row, rules: Sequence[str]) -> dict[str, int]:
    suppressed = decision["suppressed"]
    return {
        "closed": sum(suppressed["by_rule"].get(rule, 0) for rule in rules),
        "floor_units": sum(suppressed["floors"].get(rule, 0) for rule in rules),
        "limited": sum(suppressed["limited"].get(rule, 0) for rule in rules),
    }


def _pairs(inputs: Inputs, document: Row, costs: Sequence[Cost]) -> Iterator[tuple[str, str]]:
    """Pairs that both cost something, or that share what they close, keep back or limit."""
    closures = pose(ask(*inputs)).closures
    after = document["decision"]["suppressed"]["after_flow"]
    touches = {}
    for cost in costs:
        (rule,) = cost["rules"]
        rows = [closures.closed.get(rule, _NONE), np.array(after.get(rule, ()), np.int64)]
        floor = np.flatnonzero(closures.floors.get(rule, _NONE))
        touches[rule] = (
            {("movement", row) for row in np.concatenate(rows).tolist()}
            | {("position", row) for row in floor.tolist()}
            | {("limit", name) for name in closures.limits.get(rule, ())}
        )
    binds = {cost["rules"][0]: cost["at_most_scaled"] > 0 for cost in costs}
    for one, other in combinations(sorted(touches), 2):
        if (binds[one] and binds[other]) or touches[one] & touches[other]:
            yield one, other


_NONE: IntArray = np.zeros(0, np.int64)
