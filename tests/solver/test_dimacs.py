"""A DIMACS file is read strictly, and answered with a proof or one clear line."""

from pathlib import Path

import numpy as np
import pytest

from ontology.errors import InputError
from solver.engine import dimacs
from solver.engine.dimacs import SolveResult, read_dimacs, solve_file
from solver.engine.flow import solve
from solver.network.columns import Network
from tests.solver.random_networks import random_network

ON_PAPER = """c five units from 1 to 3
p min 3 3
n 1 5
n 3 -5
a 1 2 0 4 3
a 2 3 0 9 1
a 1 3 0 9 6
"""


def file_of(folder: Path, text: str | bytes) -> Path:
    """A file with this content."""
    path = folder / "net.min"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def dimacs_text(network: Network) -> str:
    """A network in the format, nodes from 1."""
    lines = [f"p min {network.node_count} {network.arc_count}"]
    lines += [f"n {v + 1} {network.supply[v]}" for v in np.flatnonzero(network.supply)]
    columns = (network.tail + 1, network.head + 1, network.lower, network.capacity, network.cost)
    lines += [" ".join(map(str, ("a", *arc))) for arc in zip(*columns, strict=True)]
    return "\n".join(lines)


def test_the_example_on_paper(tmp_path: Path) -> None:
    """Law: objective and bound are the same whole number, proved."""
    expected = SolveResult("optimal", 22, 22, arcs=3, nodes=3)
    assert expected == solve_file(file_of(tmp_path, ON_PAPER))
    assert expected.exit_status == 0


@pytest.mark.parametrize(
    "text",
    [
        ON_PAPER.rstrip("\n"),
        ON_PAPER.replace("\n", "\r\n"),
        ON_PAPER.replace(" ", "\t  "),
        ON_PAPER.replace("\n", "  \n\n"),
        ON_PAPER.replace("five", "fünf"),
        ON_PAPER.replace("a 1 2", " a 01 002"),
        ON_PAPER.replace("n 1 5\nn 3 -5\n", "") + "n 1 5\nn 3 -5\nc end\n",
        ON_PAPER.replace("a 1 2 0 4 3", "a 1 2 " + "0" * 60 + "0 4 3"),
    ],
)
def test_what_the_format_leaves_free_does_not_count(tmp_path: Path, text: str) -> None:
    """Law: line ends, blanks, blank lines, comments and leading zeros change nothing."""
    assert solve_file(file_of(tmp_path, text)).objective == 22


def test_random_networks_come_back_as_they_were(tmp_path: Path) -> None:
    """Law: reading gives the columns that were written, and the same answer."""
    draw = np.random.default_rng(4)
    seen = set()
    for _ in range(80):
        network = random_network(draw, int(draw.integers(1, 20)))
        path = file_of(tmp_path, dimacs_text(network))
        assert network.digest == read_dimacs(path).digest
        expected, found = solve(network), solve_file(path)
        assert (expected.status, expected.objective) == (found.status, found.objective)
        assert found.bound == found.objective
        assert (network.arc_count, network.node_count) == (found.arcs, found.nodes)
        seen.add(found.exit_status)
    assert seen == {0, 1}


@pytest.mark.parametrize(
    ("text", "status", "exit_status"),
    [
        (ON_PAPER.replace("n 3 -5", "n 3 -4"), "unbalanced", 1),
        (ON_PAPER.replace(" 9 ", " 0 "), "infeasible", 1),
        (ON_PAPER.replace("9 6", f"9 {2**62}"), "refused", 2),
        (ON_PAPER.replace("-5", f"-{2**61}").replace("n 1 5", f"n 1 {2**61}"), "refused", 2),
        ("p min 0 0\n", "optimal", 0),
        ("p min 2 0\nn 1 1\nn 2 -1\n", "infeasible", 1),
        ("p min 1 1\na 1 1 0 5 -2\n", "optimal", 0),
    ],
)
def test_every_answer_has_its_status(
    tmp_path: Path, text: str, status: str, exit_status: int
) -> None:
    """Law: numbers stand in an answer only where it is optimal; a refusal says its code."""
    found = solve_file(file_of(tmp_path, text))
    assert (status, exit_status) == (found.status, found.exit_status)
    assert (status == "optimal") == (found.objective is not None)
    assert found.bound == found.objective
    assert (status == "refused") == bool(found.refusal and found.code.endswith("_RANGE"))


def broken(old: str, new: str) -> str:
    """The example with one thing wrong."""
    assert old in ON_PAPER
    return ON_PAPER.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("", "EMPTY", 0),
        ("c nothing\n", "EMPTY", 1),
        ("n 1 5\n" + ON_PAPER, "PROBLEM_LINE", 1),
        ("a 1 2 0 4 3\n" + ON_PAPER, "PROBLEM_LINE", 1),
        (ON_PAPER + "p min 3 3\n", "PROBLEM_LINE", 8),
        (broken("p min 3 3", "p min -3 3"), "PROBLEM_LINE", 2),
        (broken("p min 3 3", "p max 3 3"), "LINE", 2),
        (broken("p min 3 3", "p min 3"), "LINE", 2),
        (broken("p min 3 3", "p min 3 2"), "ARC_COUNT", 7),
        (broken("p min 3 3", "p min 3 4"), "ARC_COUNT", 7),
        (broken("p min 3 3", "p min 3 99999999999"), "TOO_LARGE", 2),
        (broken("p min 3 3", "p min 99999999999 3"), "TOO_LARGE", 2),
        (broken("n 3 -5", "n 4 -5"), "NODE_RANGE", 4),
        (broken("n 3 -5", "n 0 -5"), "NODE_RANGE", 4),
        (broken("n 3 -5", "n 1 5"), "NODE_TWICE", 4),
        (broken("n 3 -5", "n 3 -5.0"), "LINE", 4),
        (broken("n 3 -5", "n 3 nan"), "LINE", 4),
        (broken("n 3 -5", "n 3"), "LINE", 4),
        (broken("n 3 -5", f"n 3 {2**63}"), "NUMBER_RANGE", 4),
        (broken("a 1 2 0", "a 1 4 0"), "NODE_RANGE", 5),
        (broken("a 1 2 0", "a -1 2 0"), "NODE_RANGE", 5),
        (broken("a 1 2 0", "a " + "9" * 50 + " 2 0"), "NODE_RANGE", 5),
        (broken("a 1 2 0 4", "a 1 2 5 4"), "BOUNDS", 5),
        (broken("a 1 2 0 4", "a 1 2 0 -4"), "BOUNDS", 5),
        (broken("a 1 2 0 4", "a 1 2 0 1e3"), "LINE", 5),
        (broken("a 1 2 0 4", "a 1 2 0 1_000"), "LINE", 5),
        (broken("a 1 2 0 4", "a 1 2 0 inf"), "LINE", 5),
        (broken("a 1 2 0 4", "a 1 2 0 0x4"), "LINE", 5),
        (broken("a 1 2 0 4", f"a 1 2 0 {2**63}"), "NUMBER_RANGE", 5),
        (broken("a 1 2 0 4", f"a 1 2 {-(2**63) - 1} 4"), "NUMBER_RANGE", 5),
        (broken("a 1 2 0 4 3", "a 1 2 0 4"), "LINE", 5),
        (broken("a 1 2 0 4 3", "a 1 2 0 4 3 1"), "LINE", 5),
        (broken("a 1 2 0 4 3", "a 1 2 0 4 " + "9" * 4000), "NUMBER_RANGE", 5),
        (broken("a 1 2 0 4 3", "x 1 2"), "LINE", 5),
        (broken("a 1 2 0 4 3", "a 1 2 0 4 ٣"), "ENCODING", 5),
        (broken("a 1 2 0 4 3", "a 1 2 0 4 3\0"), "ENCODING", 5),
        (ON_PAPER.encode("utf-16"), "ENCODING", 1),
        (ON_PAPER.encode("utf-8-sig"), "ENCODING", 1),
        (b"p min 3 3 " + b" " * 10_000, "LINE_TOO_LONG", 1),
        (b"c " + b"x" * 10_000, "LINE_TOO_LONG", 1),
        (ON_PAPER.replace("\n", "\r"), "EMPTY", 1),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, code: str, row: int
) -> None:
    """Law: bad input ends in one line with file, row and code, never in a traceback."""
    with pytest.raises(InputError) as refusal:
        solve_file(file_of(tmp_path, text))
    error = refusal.value
    assert (f"DIMACS_{code}", row, "net.min") == (error.code, error.place.row, error.place.file)
    assert "\n" not in str(error)
    assert len(str(error)) < 200
    assert error.exit_status == 2


def test_missing_files_and_folders_are_unreadable(tmp_path: Path) -> None:
    """Law: what cannot be opened is the caller's to mend."""
    for path in (tmp_path / "none.min", tmp_path):
        with pytest.raises(InputError) as refusal:
            read_dimacs(path)
        assert refusal.value.code == "DIMACS_UNREADABLE"


def test_an_endless_file_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Law: bytes are limited however short the lines are, and an endless line is not read."""
    monkeypatch.setattr(dimacs, "BYTE_LIMIT", 1000)
    with pytest.raises(InputError) as refusal:
        read_dimacs(file_of(tmp_path, "c\n" * 501))
    assert refusal.value.code == "DIMACS_TOO_LARGE"
    with pytest.raises(InputError) as endless:
        read_dimacs(Path("/dev/zero"))
    assert endless.value.code == "DIMACS_ENCODING"
