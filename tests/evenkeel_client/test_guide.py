"""The client's guide holds examples that work, and the client stands alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from evenkeel_client.client import Client
from tests.api.served import Served
from tests.service.doors.served import TOKEN

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "client.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_every_example_runs(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """One after the other, as they stand but for the address; each prints something."""
    monkeypatch.chdir(tmp_path)
    Path("api-token").write_text(f"{TOKEN}\n")
    Path("stock.csv").write_text("item,location,lot,units\nwidget,north,,8\n")
    names: dict[str, object] = {}
    for example in EXAMPLES:
        code = compile(example.replace("http://127.0.0.1:8000", served.address), "guide", "exec")
        exec(code, names)  # noqa: S102 - our own examples
        if "print" in example:
            assert capsys.readouterr().out
    assert Path("stock.parquet").exists()
    assert isinstance(names["client"], Client)
    names["client"].close()


def test_every_method_is_in_the_guide() -> None:
    """The table of methods names what the documents ask, all of it."""
    table = {name for line in GUIDE.splitlines() if line.startswith("| ")
             for name in re.findall(r"`([a-z_]+)`", line)}  # fmt: skip
    asked = {
        name for name in dir(Client)
        if not name.startswith("_") and name not in dir(Client.__mro__[-2])
        and name not in ("table_rows", "table_groups")
    }  # fmt: skip
    assert set() == asked - table - set(re.findall(r"client\.([a-z_]+)\(", GUIDE))


def test_it_stands_alone() -> None:
    """It loads nothing of the house, no Arrow and no generator until they are asked for."""
    code = "import sys, evenkeel_client.client; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    houses = {
        "api",
        "examples",
        "feeds",
        "forecast",
        "graph",
        "ontology",
        "rules",
        "service",
        "solver",
    }
    assert set() == loaded & (houses | {"pyarrow", "pandas", "polars", "graphql", "numpy"})
    assert "httpx" in loaded
