"""Conversions never pass through a binary fraction."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXACT = (
    "ontology/units.py", "ontology/money.py", "ontology/calendars.py", "ontology/time_zones.py",
    "solver/model/currency.py", "api/screen/restated.py",
)  # fmt: skip
FLOATING = {"float", "floating", "float16", "float32", "float64", "double", "true_divide", "mean"}


def floats_in(source: str) -> list[int]:
    """Lines with a binary fraction, or a name that makes one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        name = getattr(node, "attr", getattr(node, "id", "")) in FLOATING
        if literal or name:
            found.append(node.lineno)  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("path", EXACT)
def test_no_binary_fraction_is_written(path: str) -> None:
    """No literal and no type of floating point in the modules that convert."""
    assert [] == floats_in((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", ["x = 0.1", "y = float(2)", "z = np.float64(1)", "w = 1j"])
def test_a_planted_float_is_seen(source: str) -> None:
    """Each way to write one is found."""
    assert [1] == floats_in(source)
