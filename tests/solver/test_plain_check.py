"""The two-page checker against the one of columns: the same verdict on true and forged proofs."""

import ast
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from service.decision import columns_named
from service.verify import Verdict, verify
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.proof import plain_check
from solver.proof.certificate import measure
from solver.proof.plain_check import refusals
from tests.service.regimes import REGIMES, sealed
from tests.service.test_tampered_regimes import picked, tampered
from tests.solver.test_certificate import on_paper
from tests.solver.test_forged_branches import cut_short, forged_branches, spoiled
from tests.solver.whole_chains import WholeChain, whole_chain

PAGES, LINES_OF_A_PAGE = 2, 82
PARTS = ("network", "certificate")
FORM = ("a leaf splits something", "a leaf states a change of nothing", "are not in",
        "at a number that its arc may not carry", "beyond 62 bits", "of no leaf", "of no node",
        "of nothing")  # fmt: skip
"""What only the checker of columns refuses: form that no bound rests on."""


def plainly(document: dict[str, Any]) -> list[str]:
    """What the two pages say of a plan; a proof whose columns do not fit is refused, too."""
    decision = document["decision"]
    network, proof = (decision[part]["inline"] for part in PARTS)
    try:
        return refusals(network, proof, decision["certificate"])
    except (ValueError, LookupError, TypeError, ZeroDivisionError) as error:
        return [str(error) or type(error).__name__]


def arithmetic(document: dict[str, Any]) -> tuple[str, ...]:
    """What the checker of columns refuses of the same proof."""
    found: Verdict = verify(document)
    return found.checks[0].refusals


def test_it_fits_on_two_pages_and_needs_nothing_else() -> None:
    """What is to be read and trusted stays short, and imports nothing but the standard library."""
    text = Path(plain_check.__file__).read_text()
    assert PAGES * LINES_OF_A_PAGE >= len(text.splitlines())
    nodes = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    modules = {getattr(node, "module", None) or node.names[0].name for node in nodes}
    assert modules <= {"collections.abc", "hashlib", "json", "pathlib", "sys", "typing"}


@pytest.mark.parametrize("regime", REGIMES)
def test_both_checkers_agree(regime: str, tmp_path: Path) -> None:
    """Plans of every regime hold; a number of network or proof moved is refused by both or none."""
    draw = np.random.default_rng(7)
    for number in range(3):
        document = sealed(REGIMES[regime](number), tmp_path).document
        assert [] == plainly(document)
        for place in picked(document, draw, 150):
            if place[1] == "certificate" or place[1:3] == ("network", "inline"):
                forged = tampered(document, place, int(draw.choice([-3, -1, 1, 2, 10**6])))
                theirs, ours = arithmetic(forged), plainly(forged)
                assert theirs or not ours, place
                assert ours or all(any(f in one for f in FORM) for one in theirs), place


def columns_of(chain: WholeChain) -> dict[str, list[int]]:
    """A network of loads and lots as a plan states it."""
    columns = {name: column.tolist() for name, column in chain.network.arrays().items()}
    columns |= listed("whole", chain.whole)
    return columns | {
        f"shared_{name}": getattr(chain.shared, name).tolist()
        for name in ("arc", "resource", "use", "capacity")
    }


@pytest.mark.parametrize("block", range(3))
def test_no_forged_proof_is_above_the_best_plan(block: int) -> None:
    """Law 2: random trees, prices and potentials on known optima."""
    draw, accepted = np.random.default_rng(1_000 + block), 0
    for seed in range(40 * block, 40 * block + 40):
        chain = whole_chain(seed)
        best, network = chain.optimum(), columns_of(chain)
        for _ in range(15):
            prices = draw.integers(-1, 15, len(chain.shared.capacity))
            branches = forged_branches(chain, np.maximum(prices, 0), draw)
            if draw.random() < 0.5:
                branches = spoiled(branches, draw)
            level = draw.integers(-20, 20, chain.network.node_count)
            proof = {"prices": prices.tolist(), "potentials": level.tolist()}
            proof |= listed("branch", branches)
            short = listed("branch", cut_short(branches, draw))
            assert proved(network, proof | short) is None, seed
            bound = proved(network, proof)
            assert bound is None or bound <= best, seed
            accepted += bound is not None
    assert accepted > 100


def listed(prefix: str, record: Any) -> dict[str, list[int]]:
    """The columns of a record as a document has them: Python's own numbers, which never wrap."""
    return {name: column.tolist() for name, column in columns_named(prefix, record).items()}


def proved(network: dict[str, list[int]], proof: dict[str, list[int]]) -> int | None:
    """What the leaves prove, whatever they state; None where the proof is no proof."""
    try:
        return min(
            plain_check._bound(network, *leaf) for leaf in plain_check._leaves(network, proof)
        )
    except (ValueError, LookupError, ZeroDivisionError):
        return None


@pytest.mark.parametrize("label", ["within 8.33 %", "within 0.01 %", "optimal", "", None, 1])
def test_a_label_says_what_is_proved(label: Any) -> None:
    """A plan that is far from proved is not called closer, however well its numbers add up."""
    network = on_paper()
    columns = {name: column.tolist() for name, column in network.arrays().items()}
    level = canonical_potentials(network, solve(network).flow)
    flow = np.array([3, 3, 2])
    stated = asdict(measure(network, flow, level))
    proof = {"flow": flow.tolist(), "potentials": level.tolist()}
    assert "within 8.34 %" == stated["label"]
    assert [] == refusals(columns, proof, stated)
    (refusal,) = refusals(columns, proof, stated | {"label": label})
    assert refusal == f"label: stated {label!a}, but it is within 8.34 %"


@pytest.mark.parametrize("text", [
    b"", b"[]", b"{}", b'{"decision":1}', b"[" * 100_000, b"\xff", b"1" * 5_000,
    b'{"decision":{"certificate":{"inline":{}},"network":{"inline":{}}}}',
    b'{"decision":{"certificate":{"artifact":7},"network":{"artifact":"../plan.json"}}}',
    b'{"decision":{"certificate":{},"network":{"artifact":"\\u001b[2J/../../dev/zero"}}}',
])  # fmt: skip
def test_what_is_no_plan_is_refused_in_one_line(text: bytes, tmp_path: Path) -> None:
    """Whatever the file holds: one line without control characters, exit status 1."""
    (tmp_path / "plan.json").write_bytes(text)
    command = [sys.executable, "-I", "-S", plain_check.__file__, str(tmp_path / "plan.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (1, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("refused: ")
    assert done.stdout.removesuffix("\n").isprintable()


@pytest.mark.parametrize("regime", ["plain", "altogether"])
def test_it_runs_by_itself(regime: str, tmp_path: Path) -> None:
    """Copied beside a plan and run with no package in reach, it says what holds, and what not."""
    document = sealed(REGIMES[regime](0), tmp_path).document
    script = tmp_path / "check.py"
    script.write_bytes(Path(plain_check.__file__).read_bytes())
    for by, status in ((0, 0), (1, 1)):
        document["decision"]["certificate"]["bound"] += by
        (tmp_path / "plan.json").write_bytes(orjson.dumps(document))
        command = [sys.executable, "-I", "-S", str(script), str(tmp_path / "plan.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert status == done.returncode, done.stderr
        assert ("it holds: " in done.stdout) == (by == 0)
