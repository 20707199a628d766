"""Where a delivery lies while it comes in: its owner's alone, and gone afterwards."""

import io
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from feeds.mapping_text import load_mapping, parse_mapping
from ontology.errors import InputError
from service.doors.spool import clear_left, discard, receive, rule_meant, spool
from tests.service.planned import TWO_HUBS

TWO_FILES = b"""
format: evenkeel-mapping/1
chain: c
source: s
version: 1
known: []
files:
  - file: a.csv
    principal: {class: Item, fields: by_header}
  - file: b.jsonl
    optional: true
    principal: {class: Item, fields: by_header}
"""
LEAVES_ONE = """
import os, sys
from pathlib import Path
from service.doors.spool import spool
with spool(Path(sys.argv[1])) as folder:
    (folder / "left").write_text("left")
    print(folder, flush=True)
    os._exit(9)
"""


def test_what_comes_in_is_private_and_goes(tmp_path: Path) -> None:
    """The file has the name that the mapping knows; folder and file are gone after the block."""
    with spool(tmp_path) as folder:
        path = receive(io.BytesIO(b"id\nA\n"), folder, "2023/items.csv")
        assert b"id\nA\n" == path.read_bytes()
        assert path.as_posix().endswith("/2023/items.csv")
        assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
        other = receive(io.BytesIO(b""), folder, "2023/items.csv")
        discard(folder, other)
        assert (True, False) == (path.exists(), other.parent.parent.exists())
    assert ["lock"] == [entry.name for entry in (tmp_path / "spool").iterdir()]


def test_an_interrupted_one_leaves_nothing(tmp_path: Path) -> None:
    """An interrupt on the way in leaves no file behind."""

    class Interrupts(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), spool(tmp_path) as folder:
        receive(Interrupts(), folder, "items.csv")  # type: ignore[arg-type]
    assert ["lock"] == [entry.name for entry in (tmp_path / "spool").iterdir()]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """The next one deletes what nobody holds any more, and leaves what somebody holds."""
    given = [sys.executable, "-c", LEAVES_ONE, str(tmp_path)]
    with spool(tmp_path) as mine:
        killed = subprocess.run(given, capture_output=True, text=True, check=False)
        left = Path(killed.stdout.strip())
        assert (9, True) == (killed.returncode, (left / "left").exists())
        with spool(tmp_path):
            assert (True, False) == (mine.exists(), left.exists())


def test_it_is_cleared_without_anything_coming_in(tmp_path: Path) -> None:
    """Where nothing was ever received nothing is made; what is being received stays."""
    clear_left(tmp_path)
    assert [] == list(tmp_path.iterdir())
    given = [sys.executable, "-c", LEAVES_ONE, str(tmp_path)]
    with spool(tmp_path) as mine:
        left = Path(
            subprocess.run(given, capture_output=True, text=True, check=False).stdout.strip()
        )
        assert left.exists()
        clear_left(tmp_path)
        assert (True, False) == (mine.exists(), left.exists())


def test_no_more_is_read_than_a_file_may_hold(tmp_path: Path) -> None:
    """An endless stream is given up one chunk behind the limit."""
    with spool(tmp_path) as folder:
        assert 10 == receive(io.BytesIO(b"x" * 10), folder, "a.csv", 10).stat().st_size
        with pytest.raises(InputError) as refused, Path("/dev/zero").open("rb") as endless:
            receive(endless, folder, "a.csv", 10)
    assert ("FILE_TOO_LARGE", "a.csv") == (refused.value.code, refused.value.place.file)


def test_which_file_a_delivery_is() -> None:
    """By its name; without one it is the only file, or the only one of its format."""
    two = parse_mapping(TWO_FILES, "m.yaml")
    assert ["a.csv", "b.jsonl", "a.csv", "b.jsonl"] == [
        rule_meant(two, *said).file
        for said in [("a.csv",), ("b.jsonl",), ("", ("csv",)), ("", ("jsonl", "epcis"))]
    ]  # fmt: skip
    for name, forms, code in [("", (), "FILE_NAME_MISSING"), ("c.csv", (), "FILE_NOT_MAPPED"),
                              ("a.csv", ("jsonl",), "FILE_NOT_MAPPED"),
                              ("", ("xlsx",), "FILE_NAME_MISSING"),
                              ("../a.csv", (), "FILE_NOT_MAPPED")]:  # fmt: skip
        with pytest.raises(InputError) as refused:
            rule_meant(two, name, forms)
        assert code == refused.value.code
    by_class = load_mapping(TWO_HUBS / "mapping.yaml")
    assert "items.parquet" == rule_meant(by_class, "items.parquet", ("parquet",)).file
