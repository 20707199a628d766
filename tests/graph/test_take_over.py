"""Law of the take-over: ended at any point, the home has the old store or the new one, whole."""

import os
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graph.locking import holding
from graph.progress import silent
from graph.server_home import Record, ServerHome


class Killed(BaseException):
    """What nobody catches: the end of a process."""


def home_of(folder: Path, store: str, port: int) -> ServerHome:
    """A home whose store says a word."""
    home = ServerHome(folder)
    home.make()
    home.data.mkdir()
    (home.data / "store").write_text(store)
    home.write_record(Record(7, 7.0, port))
    return home


def ended_at(monkeypatch: pytest.MonkeyPatch, point: int, work: Callable[[], None]) -> bool:
    """Whether the work was ended before its fsync, rename or removal of this number."""
    passed = 0

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            nonlocal passed
            passed += 1
            if passed == point:
                raise Killed
            return real(*arguments, **more)

        return call

    with monkeypatch.context() as patched:
        for owner, name in ((os, "fsync"), (Path, "replace"), (shutil, "rmtree")):
            patched.setattr(owner, name, watched(getattr(owner, name)))
        try:
            work()
        except Killed:
            return True
    return False


def test_ended_at_every_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The next start finds one of them; the take-over can be done again, and then it is the new."""
    seen: list[str] = []
    for point in range(1, 40):
        folder = tmp_path / str(point)
        home, other = home_of(folder, "old", 7001), home_of(folder / "second", "new", 7002)
        ended = ended_at(monkeypatch, point, partial(home.take_over, other))
        found = ServerHome(folder)
        found.make()
        seen.append((found.data / "store").read_text())
        assert found.record().port == 7001
        if not ended:
            break
        if seen[-1] == "old":
            again = home_of(folder / "third", "new", 7003)
            found.take_over(again)
            assert (found.data / "store").read_text() == "new"
    assert point > 6
    assert sorted(seen, reverse=True) == seen  # old up to some point, new from there on
    assert {"old", "new"} == set(seen)
    found.drop_before()
    assert ["neo4j", "second"] == sorted(path.name for path in folder.iterdir())


def test_a_store_that_is_there_is_never_replaced_by_a_rest(tmp_path: Path) -> None:
    """What an ended take-over left beside a store that serves is not taken for it."""
    home = home_of(tmp_path, "old", 7001)
    home_of(tmp_path / "second", "new", 7002).folder.replace(tmp_path / "neo4j.next")
    ServerHome(tmp_path).make()
    assert "old" == (home.data / "store").read_text()


def test_a_lock_that_moved_away_is_no_lock(tmp_path: Path) -> None:
    """Who waited for a file that another one has replaced meanwhile holds the new one."""
    lock = tmp_path / "lock"
    held, entered = threading.Event(), threading.Event()

    def wait() -> None:
        with holding(lock, 30.0, lambda *_: held.set(), "waiting"):
            assert lock.read_text() == "new"
            entered.set()

    with holding(lock, 1.0, silent, "waiting"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert held.wait(30)
        lock.rename(tmp_path / "old")
        lock.write_text("new")
    waiter.join(30)
    assert entered.is_set()
