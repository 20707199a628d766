"""The printed schema is kept as a golden file."""

import subprocess
import sys
from pathlib import Path

import pytest
from strawberry.printer import print_schema

from api.graphql.schema import build_schema

GOLDEN = Path(__file__).parents[2] / "api" / "graphql" / "schema.graphql"


@pytest.mark.parametrize("development", [False, True])
def test_the_schema_is_the_golden_one(development: bool) -> None:
    """A change of the schema shows as a change of the file, in development and outside."""
    assert GOLDEN.read_text("utf-8") == print_schema(build_schema(development=development)) + "\n"


def test_the_module_prints_the_schema() -> None:
    """`python -m api.graphql.schema` prints what the golden file holds."""
    command = [sys.executable, "-m", "api.graphql.schema"]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=GOLDEN.parents[2])
    assert GOLDEN.read_bytes() == printed.stdout
