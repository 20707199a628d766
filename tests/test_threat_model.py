"""The threat model names defences and tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
TESTS = sorted(set(re.findall(r"`([\w/.]+\.py)::(test_\w+)`", TEXT)))
FLOORS = "api|feeds|governance|graph|rules|service|solver"
DEFENCES = sorted(set(re.findall(rf"`((?:{FLOORS})/[\w/]+\.py)`", TEXT)))
WHO = ("outsider", "caller with a token", "takes part in governing", "partner", "integrator",
       "insider with the data folder", "operator", "holder of the Bolt password")  # fmt: skip


@cache
def named_in(path: Path) -> frozenset[str]:
    """The names of the tests of a file."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_test_that_it_names_exists(path: str, name: str) -> None:
    """A claim whose test was renamed or taken away is no claim."""
    assert name in named_in(ROOT / "tests" / path)


@pytest.mark.parametrize("path", DEFENCES)
def test_every_defence_that_it_names_exists(path: str) -> None:
    """So that a reader finds it."""
    assert (ROOT / path).is_file()


def test_everybody_is_in_it_and_every_row_has_its_test() -> None:
    """Each attacker has a table, each row a defence and a test; what is left out has a heading."""
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    for who in WHO:
        (section,) = (part for part in sections if who in part.splitlines()[0])
        rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
        assert rows, who
        for row in rows:
            assert 3 == len(row.strip("|").split(" | ")), row
            assert re.search(r"\.py::test_\w+`|in part", row), row
    assert "What is not defended" in sections[-1]
    assert len(TESTS) > 40
