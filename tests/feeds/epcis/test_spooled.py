"""Rows of documents on disk: the same rows, and nothing of them stays, however it ends."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.epcis import capture as capturing
from feeds.epcis import spooled as spooling
from feeds.epcis.capture import capture
from feeds.epcis.spooled import spooled
from feeds.formats.sheet import Sheet
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.columns import Snapshot
from ontology.errors import OutsideError
from tests.feeds.epcis.telling import LIMITS, PLANT, added, document, event
from tests.feeds.epcis.test_order import declared, events
from tests.feeds.epcis.test_published import EXAMPLES, REFUSED_FILE

NEVER = 10**9
WRONG = event("Object", 1, "receiving", PLANT, epcList=["box \ud834"])
MAPPING = b"""format: evenkeel-mapping/1
chain: traced
source: partner
version: 1
known: all
files:
  - {file: events.json, format: epcis}
"""


def told(data: bytes, present: Snapshot | None, spooled_events: int) -> list[Any]:
    """All that the sheets of a document say, those of more events than given from disk."""
    before, capturing.SPOOLED_EVENTS = capturing.SPOOLED_EVENTS, spooled_events
    try:
        found = []
        for sheet in capture(data, "d", present, LIMITS).sheets:
            rows = list(sheet.rows)
            found.append((sheet.file, sheet.header, rows, dict(sheet.refused),
                          [sheet.said(number) for number, _ in rows]))  # fmt: skip
        return found
    finally:
        capturing.SPOOLED_EVENTS = before


@settings(max_examples=60, deadline=None)
@given(st.lists(events(), max_size=8), st.lists(events(), max_size=4), st.integers(1, 4))
def test_rows_on_disk_are_the_rows(
    first: Sequence[Any], second: Sequence[Any], at_once: int
) -> None:
    """Law: whatever was told before, sheets, rows, refusals and texts are the same from disk."""
    before, spooling._ROWS_AT_ONCE = spooling._ROWS_AT_ONCE, at_once
    try:
        present = added(None, capture(document(first), "d", None, LIMITS))
        data = document([*second, WRONG, *map(declared, second[:1])])
        assert told(data, present, NEVER) == told(data, present, 0)
    finally:
        spooling._ROWS_AT_ONCE = before


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"no published examples at {EXAMPLES}")
def test_published_examples_are_the_same_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: each published example gives the same facts, places, refusals and counts."""
    mapping, path, whole = parse_mapping(MAPPING, "m.yaml"), tmp_path / "events.json", 0
    for example in sorted(EXAMPLES.rglob("*.jsonld")):
        if example.name == REFUSED_FILE:
            continue
        path.write_bytes(example.read_bytes())
        found = []
        for most in (NEVER, 0):
            monkeypatch.setattr(capturing, "SPOOLED_EVENTS", most)
            result = read([path], mapping)
            found.append((
                {name: table.digest for name, table in result.tables.items()}, result.files,
                {name: places.tolist() for name, places in result.sources.items()},
                result.quarantined.digest, dict(result.counts), dict(result.ended),
            ))  # fmt: skip
        assert found[0] == found[1]
        whole += 1
    assert 46 == whole


def sheets(count: int = 3) -> list[Sheet]:
    """Sheets of some rows each."""
    rows = [(n, [f"{n:064d}", "x" * 500]) for n in range(5_000)]
    return [Sheet(f"s{n}", ("id", "text"), iter(rows), str) for n in range(count)]


def descriptors() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
def test_the_file_is_closed_however_it_ends() -> None:
    """Law: read to the end, given up, or ended by an error of who makes the rows: it is gone."""
    before = descriptors()
    assert 15_000 == sum(1 for sheet in spooled(sheets()) for _ in sheet.rows)
    assert before == descriptors()
    given_up = spooled(sheets())
    next(iter(next(given_up).rows))
    assert before + 1 == descriptors()
    given_up.close()
    assert before == descriptors()
    with pytest.raises(ZeroDivisionError):
        next(spooled(Sheet("s", ("id",), ((n, [str(1 // n)]) for n in (1, 0)), str) for _ in "x"))
    assert before == descriptors()


def test_a_full_disk_is_told_and_leaves_nothing() -> None:
    """Law: where there is no more room the delivery fails with one plain error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        with pytest.raises(OutsideError) as caught:
            next(spooled(sheets()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "DISK_FULL" == caught.value.code
    assert caught.value.hint


def test_no_folder_for_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Law: a folder for temporary files that is not there is one plain error, too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(OutsideError) as caught:
        next(spooled(sheets()))
    assert "SPOOL_UNWRITABLE" == caught.value.code


KILLED = """
import sys
from feeds.epcis.spooled import spooled
from tests.feeds.epcis.test_spooled import sheets
found = spooled(sheets())
next(iter(next(found).rows))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_kill_leaves_no_file(tmp_path: Path) -> None:
    """Law: while it is used and after a kill there is no file of it in any folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        assert b"ready\n" == child.stdout.readline()
        assert [] == list(tmp_path.iterdir())
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        child.stdin.close()
    assert [] == list(tmp_path.iterdir())
