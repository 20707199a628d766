"""Laws of unfinished files: whole or gone, and what a killed writer left is swept, nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from graph import kept_files
from graph.artifacts import ArtifactStore
from graph.disk import write_durably
from graph.unfinished import sweep, unfinished
from ontology.canonical import digest

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from graph.unfinished import unfinished
with unfinished(Path(sys.argv[1])) as (path, file):
    file.write(b"half")
    file.flush()
    print(path.name, flush=True)
    sys.stdin.read()
    path.replace(path.with_name("whole"))
"""


@contextmanager
def writer(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has written half of a file, and the file."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdin=subprocess.PIPE, cwd=ROOT,
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield process, folder / process.stdout.readline().strip()


def test_a_file_that_is_being_written_is_not_swept(tmp_path: Path) -> None:
    """Another process's and our own unfinished files outlive any sweep, and become whole."""
    with writer(tmp_path) as (process, theirs):
        assert b"half" == theirs.read_bytes()
        with unfinished(tmp_path) as (ours, _):
            assert 0 == sweep(tmp_path)
            assert {ours, theirs} == set(tmp_path.iterdir())
        process.communicate("")
    assert ["whole"] == [path.name for path in tmp_path.iterdir()]


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    """The system frees the lock of a killed process, and the next sweep deletes its file."""
    with writer(tmp_path) as (process, theirs):
        process.send_signal(signal.SIGKILL)
    assert theirs.exists()
    assert 1 == sweep(tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["part", ".part", ".a.part", f".{'a' * 17}.part", f".{'g' * 16}.part", "mine.part"]
)
def test_nothing_of_another_name_is_swept(tmp_path: Path, name: str) -> None:
    """Only what `unfinished` can have named goes; a folder of that name, a pipe or a link stays."""
    (tmp_path / name).write_bytes(b"mine")
    (tmp_path / f".{'a' * 16}.part").mkdir()
    (tmp_path / f".{'b' * 16}.part").symlink_to(tmp_path / name)
    assert 0 == sweep(tmp_path)
    assert 3 == len(list(tmp_path.iterdir()))
    assert 0 == sweep(tmp_path / "none")


def test_sweeps_while_artifacts_are_kept(tmp_path: Path) -> None:
    """Whoever sweeps meanwhile, however often, no writer loses a file of his."""
    store, done = ArtifactStore(tmp_path / "artifacts"), Event()

    def keep_sweeping() -> int:
        swept = 0
        while not done.is_set():
            swept += store.sweep()
        return swept

    with ThreadPoolExecutor(3) as pool:
        sweeping = [pool.submit(keep_sweeping) for _ in range(2)]
        try:
            names = []
            for start in range(40):
                parts = {digest(bytes([start, n])): bytes([start, n]) for n in range(16)}
                store.put_all(parts)
                names.extend(parts)
        finally:
            done.set()
        [each.result() for each in sweeping]
    assert sorted(names) == store.names()
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupted_writer_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between writing and renaming deletes what was written."""

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kept_files.os, "fsync", interrupted)
    store = ArtifactStore(tmp_path / "artifacts")
    with pytest.raises(KeyboardInterrupt):
        store.put(b"stock")
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_writers_of_one_file_at_once_all_succeed(tmp_path: Path) -> None:
    """Of several who write one small file each succeeds, and no reader sees half of any."""
    path = tmp_path / "small.json"
    write_durably(path, b"0" * 5_000)

    def write(letter: bytes) -> None:
        for _ in range(20):
            write_durably(path, letter * 5_000)
            assert (1, 5_000) == (len(set(path.read_bytes())), path.stat().st_size)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [b"a", b"b", b"c", b"d"]))
    assert [path] == list(tmp_path.iterdir())
    assert 0o600 == path.stat().st_mode & 0o777


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    """A small file's folder needs no sweep of its own: who writes there next takes it away."""
    with writer(tmp_path) as (process, _):
        process.send_signal(signal.SIGKILL)
    write_durably(tmp_path / "small.json", b"{}")
    assert ["small.json"] == [path.name for path in tmp_path.iterdir()]


def test_what_an_older_version_left_is_swept_after_a_day(tmp_path: Path) -> None:
    """In the folders of a store, where those had no lock; what is younger stays, artifacts too."""
    store = ArtifactStore(tmp_path)
    name = store.put(b"kept")
    old, young = (tmp_path / "ab" / f".{digits * 16}.part" for digits in "01")
    old.parent.mkdir(exist_ok=True)
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert 1 == store.sweep()
    assert (False, True, b"kept") == (old.exists(), young.exists(), store.get(name))
    os.utime(young, (0, 0))
    assert (1, 0) == (store.sweep(), store.sweep())
    assert [name] == store.names()
    old.write_bytes(b"no version of today writes here")
    assert 0 == store.sweep()  # nothing is looked for again
