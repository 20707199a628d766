"""DIMACS min-cost-flow files, read strictly and as a stream, and solved with a certificate."""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ontology.errors import InputError, Place, SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network
from solver.proof.certificate import certify

LINE_LIMIT = 4096
"""Most bytes in a line."""

BYTE_LIMIT = 2**31
"""Most bytes in a file."""

ARC_LIMIT = 10_000_000
"""Most arcs that a file may announce (0.4 GB of columns)."""

NODE_LIMIT = 10_000_000
"""Most nodes that a file may announce."""

_GAP = rb"[ \t]+"
_NUMBER = rb"(-?[0-9]+)"
_PROBLEM = re.compile(_GAP.join([rb"[ \t]*p", rb"min", _NUMBER, _NUMBER]) + rb"[ \t]*")
_NODE = re.compile(_GAP.join([rb"[ \t]*n", _NUMBER, _NUMBER]) + rb"[ \t]*")
_ARC = re.compile(_GAP.join([rb"[ \t]*a", *[_NUMBER] * 5]) + rb"[ \t]*")
_NUMBERS_WANTED = {
    b"p": "`p min NODES ARCS`",
    b"n": "`n NODE SUPPLY` in whole numbers",
    b"a": "`a TAIL HEAD LOWER CAPACITY COST` in whole numbers",
}


@dataclass(frozen=True)
class SolveResult:
    """The answer to a file: objective and bound only where the optimum is proved.

    `status`: optimal, infeasible, unbalanced, or refused with its code and reason.
    """

    status: str
    objective: int | None
    bound: int | None
    arcs: int
    nodes: int
    refusal: str = ""
    code: str = ""

    @property
    def exit_status(self) -> int:
        """0 optimal, 1 infeasible or unbalanced, 2 refused."""
        return {"optimal": 0, "refused": 2}.get(self.status, 1)


def solve_file(path: Path) -> SolveResult:
    """Solve a DIMACS file; `optimal` is said only of what the certificate's checker accepted.

    `bound` is the certificate's, from the canonical potentials. A network that does not fit the
    exact integers in use comes back as `refused`. Raises InputError for an unreadable file.
    """
    network = read_dimacs(path)
    arcs, nodes = network.arc_count, network.node_count
    try:
        solution = solve(network)
        if solution.status != "optimal":
            return SolveResult(solution.status, None, None, arcs, nodes)
        potentials = canonical_potentials(network, solution.flow, solution.potentials)
    except SolverError as error:
        return SolveResult("refused", None, None, arcs, nodes, str(error), error.code)
    verdict = certify(network, solution.flow, potentials)
    if not verdict.accepted or verdict.proved is None or verdict.proved.label != "optimal":
        reason = "; ".join(verdict.refusals) or "the bound does not meet the cost"
        return SolveResult("refused", None, None, arcs, nodes, reason, "NOT_PROVED")
    return SolveResult("optimal", verdict.proved.cost, verdict.proved.bound, arcs, nodes)


def read_dimacs(path: Path) -> Network:
    """The network of a file in the format of the first DIMACS challenge (1991), nodes from 0.

    Raises InputError with file and line: `DIMACS_UNREADABLE` (missing, a folder, not allowed),
    `DIMACS_EMPTY`, `DIMACS_TOO_LARGE`, `DIMACS_LINE_TOO_LONG`, `DIMACS_ENCODING`,
    `DIMACS_LINE`, `DIMACS_PROBLEM_LINE`, `DIMACS_NODE_RANGE`, `DIMACS_NODE_TWICE`,
    `DIMACS_NUMBER_RANGE`, `DIMACS_BOUNDS`, `DIMACS_ARC_COUNT`.
    """
    try:
        with path.open("rb") as stream:
            return _read(stream, path.name)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(
            f"cannot read `{path}`: {reason}",
            code="DIMACS_UNREADABLE",
            hint="name an existing file in DIMACS min-cost-flow format",
        ) from error


@dataclass
class _Draft:
    """What has been read so far; arcs as five numbers each."""

    file: str
    nodes: int = -1
    arcs: int = -1
    supply: dict[int, int] = field(default_factory=dict)
    numbers: "array[int]" = field(default_factory=lambda: array("q"))

    def refuse(self, row: int, code: str, what: str, hint: str = "") -> InputError:
        """The error for a line."""
        return InputError(what, code=f"DIMACS_{code}", hint=hint, place=Place(self.file, row))


def _read(stream: BinaryIO, name: str) -> Network:
    draft = _Draft(name)
    row = 0
    for row, line in _lines(stream, draft):
        kind = line.lstrip(b" \t")[:1]
        if kind == b"a" and draft.arcs >= 0:
            _read_arc(line, row, draft)
        elif kind == b"n" and draft.arcs >= 0:
            _read_node(line, row, draft)
        elif kind == b"p":
            _read_problem(line, row, draft)
        elif kind not in (b"", b"c"):
            raise _bad_line(line, kind, row, draft)
    if draft.arcs < 0:
        raise draft.refuse(row, "EMPTY", "no problem line", "start with `p min NODES ARCS`")
    if len(draft.numbers) != 5 * draft.arcs:
        raise draft.refuse(
            row, "ARC_COUNT", f"`{draft.arcs}` arcs announced, `{len(draft.numbers) // 5}` found"
        )
    return _network(draft)


def _lines(stream: BinaryIO, draft: _Draft) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without their ends, within the limits on length and bytes."""
    row = size = 0
    while line := stream.readline(LINE_LIMIT + 1):
        row += 1
        size += len(line)
        if b"\0" in line or line.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
            raise draft.refuse(
                row, "ENCODING", "not plain ASCII text", "save as ASCII, no byte order mark"
            )
        if len(line) > LINE_LIMIT:
            raise draft.refuse(row, "LINE_TOO_LONG", f"a line longer than {LINE_LIMIT} bytes")
        if size > BYTE_LIMIT:
            raise draft.refuse(row, "TOO_LARGE", f"more than {BYTE_LIMIT} bytes")
        yield row, line.rstrip(b"\r\n")


def _read_problem(line: bytes, row: int, draft: _Draft) -> None:
    found = _PROBLEM.fullmatch(line)
    if not found:
        raise _bad_line(line, b"p", row, draft)
    if draft.arcs >= 0:
        raise draft.refuse(row, "PROBLEM_LINE", "a second problem line")
    nodes, arcs = map(_number, found.groups())
    if nodes < 0 or arcs < 0:
        raise draft.refuse(row, "PROBLEM_LINE", "a negative number of nodes or arcs")
    if nodes > NODE_LIMIT or arcs > ARC_LIMIT:
        raise draft.refuse(
            row, "TOO_LARGE", f"more than {NODE_LIMIT} nodes or {ARC_LIMIT} arcs announced"
        )
    draft.nodes, draft.arcs = nodes, arcs


def _read_node(line: bytes, row: int, draft: _Draft) -> None:
    found = _NODE.fullmatch(line)
    if not found:
        raise _bad_line(line, b"n", row, draft)
    node, supply = map(_number, found.groups())
    if not 1 <= node <= draft.nodes:
        raise _no_node(found[1], row, draft)
    if node in draft.supply:
        raise draft.refuse(
            row, "NODE_TWICE", f"node `{node}` has a supply already", "give each node one line"
        )
    if not -(2**63) <= supply < 2**63:
        raise _too_large(row, draft)
    draft.supply[node] = supply


def _read_arc(line: bytes, row: int, draft: _Draft) -> None:
    found = _ARC.fullmatch(line)
    if not found:
        raise _bad_line(line, b"a", row, draft)
    tail, head, lower, capacity, cost = map(_number, found.groups())
    if not 1 <= tail <= draft.nodes:
        raise _no_node(found[1], row, draft)
    if not 1 <= head <= draft.nodes:
        raise _no_node(found[2], row, draft)
    if lower > capacity:
        raise draft.refuse(
            row, "BOUNDS", f"lower bound `{_shown(found[3])}` above capacity `{_shown(found[4])}`"
        )
    if len(draft.numbers) == 5 * draft.arcs:
        raise draft.refuse(row, "ARC_COUNT", f"more than the announced `{draft.arcs}` arcs")
    try:
        draft.numbers.extend((tail, head, lower, capacity, cost))
    except OverflowError as error:
        raise _too_large(row, draft) from error


def _number(text: bytes) -> int:
    """Digits as an integer; LINE_LIMIT keeps them below what Python agrees to read."""
    return int(text)


def _shown(text: bytes) -> str:
    return text[:40].decode("ascii", "replace") + ("..." if len(text) > 40 else "")


def _bad_line(line: bytes, kind: bytes, row: int, draft: _Draft) -> InputError:
    if not line.isascii():
        return draft.refuse(row, "ENCODING", "not plain ASCII text", "save as ASCII")
    if kind in (b"a", b"n") and draft.arcs < 0:
        return draft.refuse(
            row, "PROBLEM_LINE", "no problem line before this", "start with `p min NODES ARCS`"
        )
    wanted = _NUMBERS_WANTED.get(kind, "a line that starts with c, p, n or a")
    return draft.refuse(row, "LINE", f"cannot read `{_shown(line)}`", f"wanted: {wanted}")


def _no_node(text: bytes, row: int, draft: _Draft) -> InputError:
    return draft.refuse(
        row, "NODE_RANGE", f"node `{_shown(text)}` is not one of 1 to {draft.nodes}"
    )


def _too_large(row: int, draft: _Draft) -> InputError:
    return draft.refuse(row, "NUMBER_RANGE", "a number beyond 64 bits", "use coarser units")


def _network(draft: _Draft) -> Network:
    columns = np.frombuffer(draft.numbers, np.int64).reshape(-1, 5)
    tail, head, lower, capacity, cost = (np.ascontiguousarray(columns[:, i]) for i in range(5))
    supply: IntArray = np.zeros(draft.nodes, np.int64)
    for node, units in draft.supply.items():
        supply[node - 1] = units
    return Network(tail - 1, head - 1, lower, capacity, cost, supply)
