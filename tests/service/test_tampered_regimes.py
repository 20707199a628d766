"""Law 2 in every regime: a number of a plan changed and sealed again is refused, with no solver."""

import copy
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from service.examples import PROJECT
from service.verify import Verdict, verify
from tests.service.regimes import REGIMES, Sealed, sealed
from tests.service.test_verify import numbers, resealed

FEW, MANY = 2, 1_000
TRIES_OF_FEW, TRIES_OF_MANY = 8, 2
MOST_GROWTH_KILOBYTES = 300_000
SOLVERS = {"ortools", "pylmcf", "highspy", "scipy", "networkx", "numba", "pandas"}
PROOF = "potentials or prices that still prove the bound"
CLOSED = "movements closed after the flow, which verify says it takes as stated"
QUESTION = "another question of which the facts make the very same network"
LET_IN = {
    ("certificate", "inline", "potentials"): PROOF, ("certificate", "inline", "prices"): PROOF,
    **{("certificate", "inline", f"branch_{name}"): PROOF
       for name in ("price_change", "price_resource", "node_change", "node")},
    ("stages", "potentials"): PROOF, ("suppressed", "after_flow"): CLOSED,
    ("edits", "units"): QUESTION, ("objectives",): QUESTION,
}  # fmt: skip
"""All that can be changed in some plan and still be accepted, and what it is."""

Place = tuple[Any, ...]


def parts_of(document: dict[str, Any]) -> dict[tuple[str, ...], list[Place]]:
    """The places of all numbers of a decision, by the part or column that they stand in."""
    found: dict[tuple[str, ...], list[Place]] = {}
    for place in numbers(document["decision"], ("decision",)):
        name = tuple(key for key in place if isinstance(key, str))
        found.setdefault(name, []).append(place)
    return found


def picked(document: dict[str, Any], draw: np.random.Generator, tries: int) -> Iterator[Place]:
    """Random numbers: a part first, so that long columns do not drown the others."""
    parts = parts_of(document)
    names = sorted(parts)
    for _ in range(tries):
        places = parts[names[int(draw.integers(len(names)))]]
        yield places[int(draw.integers(len(places)))]


def tampered(document: dict[str, Any], place: Place, by: int) -> dict[str, Any]:
    """The document with one number moved, and every digest made right again."""
    forged = copy.deepcopy(document)
    part: Any = forged
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] += by
    return resealed(forged)


def let_in(place: Place, found: Verdict) -> str:
    """What it is that was accepted. Fails for anything that is not one of the known exceptions."""
    words = tuple(key for key in place[1:] if isinstance(key, str))
    name = next((what for prefix, what in LET_IN.items() if words[: len(prefix)] == prefix), None)
    assert name is not None, place
    assert "parts" not in words
    assert "worst" not in words
    if name == CLOSED:
        assert any("taken as stated" in note for check in found.checks for note in check.notes)
    return name


def tamper(plan: Sealed, folder: Path, draw: np.random.Generator, tries: int) -> Counter[str]:
    """How often a changed plan was refused, and what was let in otherwise."""
    found: Counter[str] = Counter()
    standing = verify(plan.document, artifacts=folder)
    assert [] == [line for check in standing.checks for line in check.refusals]
    for place in picked(plan.document, draw, tries):
        by = (1, -1)[int(draw.integers(2))]
        verdict = verify(tampered(plan.document, place, by), artifacts=folder)
        found[let_in(place, verdict) if verdict.accepted else "refused"] += 1
    return found


def all_regimes(plans: int, tries: int, folder: Path) -> tuple[Counter[str], int]:
    """So many plans of each regime, all in this process; by how many kilobytes it grew."""
    draw, found, most = np.random.default_rng(20261121), Counter[str](), 0
    for number in range(plans):
        for regime in REGIMES.values():
            found += tamper(sealed(regime(number), folder), folder, draw, tries)
        if number == min(plans - 1, 20):  # all is loaded and compiled by now
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most


def test_a_changed_number_is_refused_in_every_regime(tmp_path: Path) -> None:
    """Law 2: moved by one and sealed again, no number stands but for the named exceptions."""
    found, _ = all_regimes(FEW, TRIES_OF_FEW, tmp_path)
    assert FEW * TRIES_OF_FEW * len(REGIMES) == found.total()
    assert found["refused"] > 0.9 * found.total()


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_a_thousand_plans_of_every_regime_in_one_process(tmp_path: Path) -> None:
    """Law 2, as above, on 1,000 plans of each regime; memory does not grow with their number."""
    started = time.process_time()
    found, grown = all_regimes(MANY, TRIES_OF_MANY, tmp_path)
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = time.process_time() - started
    print(f"{MANY:,} plans of {len(REGIMES)} regimes: {seconds:,.0f} s of processor time")
    print(f"{whole // 1024} MB at most, {grown // 1024} MB more than after the first plans")
    print(dict(found))
    assert found["refused"] > 0.97 * found.total()
    assert grown < MOST_GROWTH_KILOBYTES


@pytest.mark.parametrize("regime", REGIMES)
def test_any_flow_whatever_gets_a_verdict(regime: str, tmp_path: Path) -> None:
    """Units below 0, loads of nothing: a flow that no network has is refused, and no crash."""
    draw = np.random.default_rng(5)
    for number in range(3):
        plan = sealed(REGIMES[regime](number), tmp_path).document
        for _ in range(6):
            forged = copy.deepcopy(plan)
            proof = forged["decision"]["certificate"]["inline"]
            proof["flow"] = draw.integers(-2, 3, len(proof["flow"])).tolist()
            assert not verify(resealed(forged), artifacts=tmp_path).accepted


@pytest.mark.parametrize("regime", REGIMES)
def test_no_solver_is_loaded_to_check_a_plan(regime: str, tmp_path: Path) -> None:
    """Whatever the regime, a process that verifies its plan has imported no engine."""
    path = tmp_path / "plan.json"
    path.write_bytes(orjson.dumps(sealed(REGIMES[regime](1), tmp_path / "artifacts").document))
    code = (
        "import sys; from pathlib import Path; from service.verify import read_plan, verify\n"
        "found = verify(read_plan(Path(sys.argv[1])), artifacts=Path(sys.argv[2]))\n"
        "assert [check.status for check in found.checks] == ['accepted'] * 3, found\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "artifacts")],
        capture_output=True, text=True, check=False, cwd=PROJECT,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert set() == SOLVERS & set(done.stdout.split())
