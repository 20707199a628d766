"""Pages of facts of then: the same rows as one look at all, and work that no place changes."""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from ontology.columns import Snapshot, table_of
from ontology.goods import Item
from service.house import AsOf
from service.moment import Moment
from service.permits.views import Shown


def items(count: int) -> Snapshot:
    """A snapshot of so many items."""
    table = table_of([Item(f"i{number:06}") for number in range(count)], "Item")
    addresses = {"Item": np.tile(np.array([[1, 0]]), (count, 1))}
    return Snapshot(1, {"Item": table}, addresses, {"Item": np.zeros((count, 2), np.int64)})


def moment_of(count: int) -> Moment:
    """Items as a caller sees them who sees a part: nothing is read from the log."""
    shown = Shown(items(count), is_partial=True)
    return Moment(None, "c", AsOf(), lambda: shown, lambda *_: None)


def calls(asked: Callable[[], Any]) -> int:
    """How many functions were called meanwhile, those of C included."""
    found = [0]

    def count(_frame: FrameType, event: str, _what: Any) -> None:
        found[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        asked()
    finally:
        sys.setprofile(None)
    return found[0]


def test_pages_put_together_are_all_facts() -> None:
    """No fact is skipped or repeated, whatever the size of a page."""
    for size in (1, 7, 50):
        moment, more = moment_of(101), True
        keys: list[str] = []
        while more:
            page = moment.facts("Item", after=keys[-1] if keys else "", first=size)
            keys += [fact.key for fact in page.rows]
            more = page.has_more
        assert [f"i{number:06}" for number in range(101)] == keys


def test_page_1000_takes_the_work_of_page_1() -> None:
    """Counted in calls, and comparisons of keys in columns ten times as long."""
    counted = []
    for count in (2_000, 20_000):
        moment = moment_of(count)
        moment.facts("Item", after="", first=20)  # keys and shapes are worked out once
        for page in (1, 50, 99, 999):
            if page * 20 < count:
                ask = partial(moment.facts, "Item", after=f"i{page * 20 - 1:06}", first=20)
                counted.append(calls(ask))
    assert max(counted) <= 1.05 * min(counted), counted
    keys = Counted(items(20_000).table("Item").keys)
    moment = moment_of(20_000)
    moment.snapshot.table("Item").__dict__["keys"] = keys
    moment.facts("Item", after="i019979", first=20)
    assert keys.looked_at < 100


class Counted:
    """Keys that count how often one is looked at."""

    def __init__(self, keys: Any) -> None:
        self.keys, self.looked_at = keys, 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self.keys)

    def __getitem__(self, row: int) -> Any:
        """One key."""
        self.looked_at += 1
        return self.keys[row]

    def tolist(self) -> list[str]:
        self.looked_at += len(self)
        found: list[str] = self.keys.tolist()
        return found
