"""Verification: a plan stands, a tampered one falls even when every digest is sealed again."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ontology.canonical import digest_of
from service.verify import ACCEPTED, ARC_COLUMNS, NOT_RUN, REFUSED, Verdict, differences, verify
from solver.network.columns import Network
from tests.service.planned import Planned


def verdict(plan: Planned, document: Any) -> Verdict:
    return verify(document, artifacts=plan.artifacts)


def resealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every digest made right again, as a forger would."""
    import numpy as np

    decision = document["decision"]
    inline = decision["network"]["inline"]
    columns = {name: np.array(inline[name], np.int64) for name in ARC_COLUMNS}
    network = Network(**columns, cost_scale=decision["network"]["cost_scale"])
    decision["network"]["digest"] = network.digest
    document["plan_digest"] = digest_of(decision)
    document["seal"] = digest_of({k: v for k, v in document.items() if k != "seal"})
    return document


def numbers(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers(value, (*path, key))
    elif isinstance(node, list):
        for key, value in enumerate(node):
            yield from numbers(value, (*path, key))
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path


def changed(document: dict[str, Any], path: tuple[Any, ...], by: int) -> dict[str, Any]:
    forged = copy.deepcopy(document)
    node = forged
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] += by
    return forged


def test_the_plan_stands(plan: Planned) -> None:
    """All three checks accept what the planner made."""
    statuses = [check.status for check in verdict(plan, plan.document).checks]
    assert [ACCEPTED, ACCEPTED, ACCEPTED] == statuses


def test_without_artifacts_derivation_is_not_run(plan: Planned) -> None:
    """A check that could not run is not called accepted."""
    assert [ACCEPTED, ACCEPTED, NOT_RUN] == [c.status for c in verify(plan.document).checks]


def test_a_broken_seal_is_refused(plan: Planned) -> None:
    """A field outside the decision changed without sealing again is seen."""
    forged = copy.deepcopy(plan.document)
    forged["about"]["agent"] = "somebody else"
    assert not verdict(plan, forged).accepted


@pytest.mark.parametrize("by", [1, -1])
def test_no_number_can_be_changed_and_sealed_again(plan: Planned, by: int) -> None:
    """Law 2: every number of the document, changed by one and re-sealed, is refused.

    A potential that still proves the stated bound is the exception, and verify says so.
    """
    survivors = []
    paths = list(numbers(plan.document))
    assert len(paths) > 500
    for path in paths:
        found = verdict(plan, resealed(changed(plan.document, path, by)))
        if found.accepted:
            notes = " ".join(note for check in found.checks for note in check.notes)
            assert "potentials" in path, path
            assert "not the canonical ones" in notes
            survivors.append(path)
    assert len(survivors) < len(plan.document["decision"]["network"]["inline"]["supply"])


@pytest.mark.parametrize("document", [
    None, [], {}, 7, "plan", {"format": "evenkeel-plan/1"},
    {"format": "evenkeel-plan/1", "decision": None},
    {"format": "evenkeel-plan/1", "decision": {"network": {"inline": {}}, "certificate": {}}},
])  # fmt: skip
def test_what_is_not_a_plan_is_refused_not_crashed(plan: Planned, document: Any) -> None:
    """Any JSON whatever gets a verdict."""
    assert REFUSED == verdict(plan, document).checks[0].status


def test_missing_or_wrong_parts_are_refused(plan: Planned) -> None:
    """Taking out or replacing any part of the decision is a refusal, never a traceback."""
    for key in plan.document["decision"]:
        for value in (None, "x", [], {}, 10**30, float("1e300")):
            forged = copy.deepcopy(plan.document)
            forged["decision"][key] = value
            if value != plan.document["decision"][key]:
                assert not verdict(plan, forged).accepted, (key, value)
        forged = copy.deepcopy(plan.document)
        del forged["decision"][key]
        assert not verdict(plan, forged).accepted, key


def test_another_snapshot_is_refused(plan: Planned) -> None:
    """Facts that are not the plan's own do not derive it."""
    forged = copy.deepcopy(plan.document)
    forged["about"]["artifacts"]["snapshot"] = "0" * 64
    assert NOT_RUN == verdict(plan, resealed(forged)).checks[2].status


def test_verify_loads_no_solver(plan: Planned) -> None:
    """The checker can be trusted by who does not trust the solver: it never imports one."""
    code = (
        "import sys, service.verify\n"
        "found = {'ortools', 'numba', 'scipy', 'networkx'} & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr


def test_differences_name_the_place() -> None:
    """A refusal says where two documents differ, and both values."""
    expected = ["decision.lines[0].n: stated 1, but the facts give 2"]
    assert expected == differences({"lines": [{"n": 1}]}, {"lines": [{"n": 2}]})
