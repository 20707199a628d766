"""`evenkeel sync -`: standard input is a file like any other, and nothing of it stays behind."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.command_line import main
from graph.log import Log
from graph.login import Connection
from tests.service.doors.served import rows

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def environment(
    home: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """The commands speak of the service of these tests."""
    monkeypatch.setenv("EVENKEEL_HOME", str(home))
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    return monkeypatch


@pytest.fixture
def run(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process with some bytes as its standard input."""

    def command(data: bytes, *arguments: Any) -> tuple[int, Any]:
        environment.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        capsys.readouterr()
        status = main([*map(str, arguments), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return command


def left(home: Path) -> set[str]:
    """What lies in the spool beside its locks."""
    found = {path.name for path in (home / "spool").rglob("*") if path.is_file()}
    return found - {"lock"}


def test_a_piped_file_is_that_file(run: Run, home: Path, log: Log) -> None:
    """Named or not, the same bytes as a file and as a pipe are one delivery, with its envelope."""
    mapping = home / "mappings" / "wms.yaml"
    said = ["--feed", "piped", "--correlation", "t1", "--schema-version", "2", "--confidence", "70"]
    status, first = run(rows(91), "sync", "-", "--name", "stock.csv", "--mapping", mapping, *said)
    assert (0, False) == (status, first["replayed"])
    (event,) = log.read(after=first["event"] - 1, limit=1)
    assert {"correlation_id": "t1", "schema_version": "2", "confidence_percent": 70} == {
        name: event.payload[name]
        for name in ("correlation_id", "schema_version", "confidence_percent")
    }
    said[3] = "t2"  # a trace has another name when it is sent again, the delivery has not
    again = run(rows(91), "sync", "-", "--mapping", mapping, *said)[1]
    assert (first["event"], True) == (again["event"], again["replayed"])
    said[-1] = "71"
    assert "FEED_CHANGED" == run(rows(91), "sync", "-", "--mapping", mapping, *said)[1]["error"][
        "code"]  # fmt: skip
    assert set() == left(home)


@pytest.mark.parametrize(("arguments", "code"), [
    (["-", "--name", "other.csv"], "FILE_NOT_MAPPED"), (["-", "a.csv"], "STDIN_ALONE"),
    (["a.csv", "--name", "stock.csv"], "NAME_UNUSED"), (["-"], "FILE_EMPTY"),
])  # fmt: skip
def test_what_standard_input_cannot_be(
    run: Run, home: Path, log: Log, arguments: list[str], code: str
) -> None:
    """Each slip is one line with its code, and nothing is logged."""
    before = log.head().sequence
    status, told = run(b"", "sync", *arguments, "--mapping", home / "mappings" / "wms.yaml")
    assert (2, code) == (status, told["error"]["code"])
    assert before == log.head().sequence


def test_an_interrupt_loads_nothing(environment: pytest.MonkeyPatch, home: Path, log: Log) -> None:
    """Ctrl-C amid a pipe is exit 130, no event, and no file left behind."""
    before, seen = log.head().sequence, []

    class Interrupted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if seen:
                raise KeyboardInterrupt
            seen.append(size)
            return rows(92)

    environment.setattr(sys, "stdin", SimpleNamespace(buffer=Interrupted()))
    assert 130 == main(["sync", "-", "--mapping", str(home / "mappings" / "wms.yaml")])
    assert (before, set()) == (log.head().sequence, left(home))


def test_sources_are_registered_and_forgotten(run: Run, home: Path, tmp_path: Path) -> None:
    """The operator's copy counts, whatever becomes of the file; a bad mapping is refused."""
    path = tmp_path / "m.yaml"
    path.write_text((home / "mapping.yaml").read_text().replace("slow", "till"))
    assert (0, "till") == (run(b"", "feeds", "register", path)[0],
                           run(b"", "feeds", "register", path)[1]["source"])  # fmt: skip
    path.write_text("format: other\n")
    assert 2 == run(b"", "feeds", "register", path)[0]
    assert "till" in {one["source"] for one in run(b"", "feeds", "list")[1]}
    assert 0 == run(b"", "feeds", "forget", "till")[0]
    for _ in range(2):
        status, told = run(b"", "feeds", "forget", "../../till")
        assert (2, "SOURCE_UNKNOWN") == (status, told["error"]["code"])
