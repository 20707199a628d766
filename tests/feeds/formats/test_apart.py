"""The process that decodes packed files: what it may do, shown from outside it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from feeds.formats.apart import blocks_apart
from feeds.formats.blocks import Form
from feeds.limits import Limits
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from tests.feeds.formats.test_hostile import WORKBOOKS
from tests.feeds.formats.written import PACKED, sheet, workbook, written
from tests.feeds.test_reading import watching

ROOT = Path(__file__).parents[3]
HEADER, ROWS = ("id",), [("tea",), ("http://127.0.0.1:9/x",), ("file:///etc/hostname",)]
MAPPING = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: []
files:
  - {{file: items.{form}, principal: {{class: Item, fields: by_header}}}}
"""
TRIES = """
import os, socket, sys
from feeds.formats.decoder import confine
confine(2**28, 60)
for name, attempt in (
    ("file", lambda: open("/etc/hostname")),
    ("folder", lambda: os.listdir("/")),
    ("new file", lambda: open(sys.argv[1], "w")),
    ("connection", lambda: socket.socket()),
    ("pipe", os.pipe),
    ("memory", lambda: bytes(2**29)),
):
    try:
        attempt()
        print(name, "was possible")
    except (OSError, MemoryError) as error:
        print(name, type(error).__name__)
"""


def environment() -> dict[str, str]:
    """What a Python process needs to find the product."""
    paths = [str(ROOT), *(path for path in sys.path if path)]
    return {"PYTHONPATH": os.pathsep.join(paths), "ARROW_DEFAULT_MEMORY_POOL": "system"}


def decoding(form: str) -> list[str]:
    """The command that decodes standard input, as the product starts it."""
    stated = f'{{"form": {{"file": "x", "format": "{form}"}}, "limits": {{}}}}'
    return [sys.executable, "-P", "-s", "-S", "-m", "feeds.formats.decoder", stated]


@pytest.mark.parametrize("form", PACKED)
def test_reading_opens_the_given_file_and_starts_one_decoder(form: str, tmp_path: Path) -> None:
    """Law 9: the audit hook sees the file and our own interpreter, and nothing else."""
    path = tmp_path / f"items.{form}"
    path.write_bytes(written(form, HEADER, ROWS))
    mapping = parse_mapping(MAPPING.format(form=form).encode(), "m.yaml")
    read([path], mapping)
    with watching() as seen:
        result = read([path], mapping)
    assert ["file:///etc/hostname", "http://127.0.0.1:9/x", "tea"] == list(
        result.tables["Item"]["id"]
    )
    expected = [("open", str(path)), ("open", os.devnull), ("subprocess.Popen", sys.executable)]
    assert expected == seen


def test_a_confined_process_can_open_nothing(tmp_path: Path) -> None:
    """Law 9: the system itself refuses every file, folder, connection and pipe, and much memory."""
    new = tmp_path / "new"
    done = subprocess.run(
        [sys.executable, "-c", TRIES, str(new)], env=environment(), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    tried = ["file", "folder", "new file", "connection", "pipe"]
    assert [
        *(f"{name} OSError" for name in tried),
        "memory MemoryError",
    ] == done.stdout.splitlines()
    assert not new.exists()


def test_a_confined_process_ends_with_its_time() -> None:
    """Law 9: the system itself ends a decoder that goes on for ever."""
    endless = "from feeds.formats.decoder import confine\nconfine(2**28, 1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", endless], env=environment(), check=False)
    assert done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}


STRACE, UNSHARE = shutil.which("strace"), shutil.which("unshare")
CALLS = re.compile(r"\b(open|openat|openat2|creat|socket|connect|sendto|execve|fork|vfork)\(")


def calls_after_confinement(form: str, data: bytes, folder: Path) -> Iterator[str]:
    """The system calls of the real decoder that open, connect or start anything, once confined."""
    trace, source = folder / "trace", folder / "source"
    source.write_bytes(data)
    with source.open("rb") as stream:
        subprocess.run(
            [str(STRACE), "-f", "-o", str(trace), *decoding(form)], stdin=stream, check=False,
            env=environment() | {"PATH": os.environ["PATH"]}, capture_output=True,
        )  # fmt: skip
    lines = trace.read_text(errors="replace").splitlines()
    [start] = [n for n, line in enumerate(lines) if "RLIMIT_NOFILE, {rlim_cur=3" in line]
    assert any("openat(" in line for line in lines[:start])
    return (line for line in lines[start:] if CALLS.search(line))


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
@pytest.mark.parametrize(
    ("form", "data"),
    [
        *((form, written(form, HEADER, ROWS)) for form in PACKED),
        ("xlsx", WORKBOOKS["an entity that is a file"][0]()),
        ("xlsx", WORKBOOKS["a sheet in another file"][0]()),
        ("parquet", written("parquet", HEADER, ROWS)[:-9] + b"\xff" * 5 + b"PAR1"),
        ("arrow", written("arrow", HEADER, ROWS)[:-70]),
    ],
    ids=[*PACKED, "entity", "other sheet", "footer", "cut off"],
)
def test_the_decoder_asks_for_nothing(form: str, data: bytes, tmp_path: Path) -> None:
    """Law 9: watched call by call, the decoder does not even try to open a file or connection."""
    assert [] == list(calls_after_confinement(form, data, tmp_path))


def _no_network() -> list[str]:
    """The command in front of another that takes its network away, where that is permitted."""
    for flag in ("-n", "-rn") if UNSHARE else ():
        command = [str(UNSHARE), flag]
        if not subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            return command
    return []


@pytest.mark.parametrize("form", PACKED)
def test_the_decoder_needs_no_network(form: str, tmp_path: Path) -> None:
    """Law 9: without a network, not even a loopback, it says the same."""
    command = _no_network()
    if not command:
        pytest.skip("unshare is not permitted here")
    (tmp_path / "source").write_bytes(written(form, HEADER, ROWS))
    said = []
    for before in ([], command):
        with (tmp_path / "source").open("rb") as stream:
            done = subprocess.run([*before, *decoding(form)], stdin=stream, capture_output=True,
                                  env=environment(), check=True)  # fmt: skip
        said.append(done.stdout)
    assert said[0] == said[1] != b""


def test_a_reader_that_stops_leaves_no_process() -> None:
    """Law: a decoder does not outlive its reader, wherever that stops."""
    rows = "".join(f"<row><c><v>{n}</v></c></row>" for n in range(200_000))
    before = _children()  # such as the database of other tests
    found = blocks_apart(workbook(sheet(rows)), Form("x.xlsx", "xlsx"), Limits())
    assert "0" == next(found).header[0]
    (child,) = _children() - before
    found.close()
    assert set() == _children() - before
    assert not psutil.pid_exists(child)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}
