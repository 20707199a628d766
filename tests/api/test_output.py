"""What goes to a screen: control codes where they may be drawn, and which plan is spoken of."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from api.command_line import main
from api.output import styled
from tests.api.test_command_line import home

__all__ = ["home"]
ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, str]]


class Terminal(StringIO):
    """A stream that says that a person watches it."""

    def isatty(self) -> bool:
        """It does."""
        return True


@pytest.mark.parametrize(
    ("no_color", "term", "expected"),
    [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False), ("0", "xterm", False)],
)
def test_control_codes_go_to_willing_terminals_only(
    monkeypatch: pytest.MonkeyPatch, no_color: str, term: str, *, expected: bool
) -> None:
    """NO_COLOR with any text, a dumb terminal, and no terminal at all: none of them."""
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    assert expected == styled(Terminal())
    assert not styled(StringIO())


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_real_terminal_gets_none_where_it_wants_none(
    home: Path, more: dict[str, str], *, expected: bool
) -> None:
    """On a pseudo-terminal, bars and tables together: not one escape, or at least one."""
    code = "import sys; from api.command_line import main; main(sys.argv[1:])"
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", code, "compare", "--chain", "two_hubs"], cwd=ROOT,
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment | more,
    ) as running:  # fmt: skip
        os.close(theirs)
        shown = all_of(ours)
    os.close(ours)
    assert (0, True) == (running.returncode, b"expected cost" in shown)
    assert expected == (b"\x1b" in shown)


def all_of(terminal: int) -> bytes:
    """Everything that is written to a pseudo-terminal until its other end is closed."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end has gone
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the shared service."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(list(arguments)), *capsys.readouterr()

    return command


@pytest.mark.parametrize(
    "command",
    [
        ["show"],
        ["why", "1"],
        ["trace", "latest", "1"],
        ["kpis", "--plan", "latest"],
        ["stock", "widget", "--plan", "latest"],
        ["compare"],
        ["price", "cold-chain"],
    ],
    ids=lambda command: command[0],
)
def test_the_first_line_says_which_chain_is_spoken_of(
    run: Run, digest: str, command: list[str]
) -> None:
    """`latest` may be of any chain: what is shown names it, and its plan if that is a saved one."""
    status, shown, _ = run(*command, "--chain", "two_hubs")
    first = shown.splitlines()[0]
    assert (0, True) == (status, "two_hubs" in first)
    assert command[0] in {"compare", "price"} or f"plan {digest[:12]} of two_hubs" in first


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["stock", "aspirin", "--plan", "latest"], "ITEM_UNKNOWN"),
        (["why", "aspirin", "north"], "PLACE_UNKNOWN"),
        (["why", "999"], "LINE_UNKNOWN"),
        (["trace", "latest", "999"], "LINE_UNKNOWN"),
    ],
)
def test_what_a_plan_does_not_know_names_the_plan(
    run: Run, digest: str, command: list[str], code: str
) -> None:
    """The hint says which plan of which chain was asked, and how to choose another."""
    status, _, error = run(*command)
    assert (2, True) == (status, f"[{code}]" in error)
    assert f"plan {digest[:12]} of two_hubs" in error
    assert "--chain" in error


def test_all_rules_have_a_price_without_naming_one(run: Run) -> None:
    """`price` prices every rule that acts, floors with their units, and explains side effects."""
    status, shown, _ = run("price", "--chain", "two_hubs")
    assert 0 == status
    assert all(rule in shown for rule in ("cold-chain", "safety-floor", "open-lane"))
    (floor,) = [line.split() for line in shown.splitlines() if "safety-floor" in line]
    assert ["safety-floor", "0", "8", "0.23", "EUR"] == floor[:5]
    assert "lines that it never touched may open or go" in " ".join(shown.split())
