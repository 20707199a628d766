"""Pages while rows come and go: what was there all along is in them once, and nothing is twice."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from tests.api.conftest import CHAIN, Ask
from tests.counted import mapping_text, write_counts

COUNTED = "paged"
ITEMS = 40
QUICK, WHOLE = 30, 1_000
DERIVED = """
    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""
PAGE = "edges { cursor node { %s } } pageInfo { hasNextPage endCursor }"
STOCK = f"""query($first: Int!, $after: String) {{
  page: stock(chain: "{COUNTED}", first: $first, after: $after) {{ {PAGE % "key"} }} }}"""
ROWS = f"""query($of: RowsInput!, $first: Int!, $after: String) {{
  page: rows(of: $of, first: $first, after: $after) {{ {PAGE % "cells"} }} }}"""
GROUPS = ROWS.replace("RowsInput", "GroupsInput").replace("rows(", "groups(")
EVENTS = f"""query($first: Int!, $after: String) {{
  page: events(first: $first, after: $after) {{ {PAGE % "sequence"} }} }}"""
LINES = f"""query($plan: String!, $first: Int!, $after: String) {{ plan(digest: $plan) {{
  page: lines(first: $first, after: $after) {{ {PAGE % "number itemId quantityUnits"} }} }} }}"""


@dataclass
class Counting:
    """A source that goes on stating all of its stock: rows come, change and go."""

    house: House
    folder: Path
    stands: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def state(self, stands: dict[str, int]) -> None:
        """All that there is from now on."""
        number = next(self._numbers)
        lines = [f"{item},north,,{units},2026-03-02" for item, units in sorted(stands.items())]
        mapping = mapping_text(COUNTED, "pager", "mode: full", derived=DERIVED)
        files, path = write_counts(self.folder / str(number), lines, mapping)
        sync(self.house, files, path, Delivery("pager", f"paging-{number}", close_all=True))
        self.stands = stands

    def change(self, chance: random.Random) -> None:
        """Some rows go, some come, some are counted anew."""
        left = {item: units for item, units in self.stands.items() if chance.random() < 0.85}
        come = {f"item{chance.randrange(400):03}": chance.randrange(100) for _ in range(6)}
        self.state(left | come)


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory, house: House) -> Counting:
    """The chain that is paged, beside two_hubs."""
    found = Counting(house, tmp_path_factory.mktemp("paged"))
    found.state({f"item{number:03}": number for number in range(0, 400, 400 // ITEMS)})
    return found


Between = Callable[[], None]


def pages(ask: Ask, query: str, first: int, between: Between, **variables: Any) -> list[Any]:
    """The nodes of all pages; something happens between one and the next."""
    found: list[Any] = []
    after = None
    while True:
        answer = ask(query, first=first, after=after, **variables)
        page = (answer.get("plan") or answer)["page"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
        between()


def facts(**more: Any) -> dict[str, Any]:
    return {"facts": {"chain": COUNTED, "className": "StockPosition"}} | more


def facts_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """Of the present: in order, none twice, and whatever stood from the first page to the last."""
    always, ever = set(paged.stands), set(paged.stands)

    def between() -> None:
        paged.change(chance)
        always.intersection_update(paged.stands)
        ever.update(paged.stands)

    keys = [node["key"] for node in pages(ask, STOCK, chance.randint(3, 15), between)]
    items = [key.split("/")[0] for key in keys]
    assert sorted(set(keys)) == keys
    assert always <= set(items) <= ever


def rows_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """Exactly what stood when the first page was asked for, by units and then by key."""
    stood = sorted(paged.stands.items(), key=lambda one: (-one[1], one[0]))
    of = facts(columns=["item", "onHandUnits"],
               orderBy=[{"column": "onHandUnits", "descending": True}])  # fmt: skip
    found = pages(ask, ROWS, chance.randint(3, 15), lambda: paged.change(chance), of=of)
    cells = [node["cells"] for node in found]
    assert stood == [(cell["item"], cell["onHandUnits"]) for cell in cells]


def groups_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """Groups of that moment, with what they counted then."""
    stood = Counter(paged.stands.values())
    of = facts(by=[{"column": "onHandUnits"}], measures=[{"name": "n", "told": "ROWS"}])
    found = pages(ask, GROUPS, chance.randint(3, 15), lambda: paged.change(chance), of=of)
    assert stood == {node["cells"]["onHandUnits"]: node["cells"]["n"] for node in found}
    assert len(stood) == len(found)


def lines_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """A plan never changes, whatever is delivered meanwhile."""
    plan = paged.house.catalog.plans(CHAIN).rows[0].plan
    found = pages(ask, LINES, 1, lambda: paged.change(chance), plan=plan.digest)
    document = paged.house.store.get_document(
        paged.house.catalog.plans_by_digest([plan.digest])[plan.digest].artifact
    )
    expected = [(line["number"], line["item"]) for line in document["decision"]["lines"]]
    assert expected == [(node["number"], node["itemId"]) for node in found]


def events_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """Every event from the first to whatever is the last by the end, in order."""
    left = iter(range(5))  # later pages are as many as all runs have made events
    found = pages(ask, EVENTS, chance.randint(20, 100),
                  lambda: None if next(left, None) is None else paged.change(chance))  # fmt: skip
    sequences = [node["sequence"] for node in found]
    assert list(range(1, len(sequences) + 1)) == sequences


RUNS = (facts_run, rows_run, groups_run, lines_run, events_run)


@pytest.mark.parametrize("run", RUNS)
def test_pages_between_deliveries(ask: Ask, paged: Counting, run: Callable[..., None]) -> None:
    """A delivery between each page and the next: 30 runs of the five lists together."""
    for seed in range(QUICK // len(RUNS)):
        run(ask, paged, random.Random(f"{run.__name__} {seed}"))


@contextmanager
def going_on(paged: Counting, chance: random.Random) -> Iterator[list[set[str]]]:
    """A thread that delivers as fast as it can; gives all that stood after each delivery."""
    stop, stood = Event(), [set(paged.stands)]

    def deliver() -> None:
        while not stop.is_set():
            paged.change(chance)
            stood.append(set(paged.stands))

    thread = Thread(target=deliver)
    thread.start()
    try:
        yield stood
    finally:
        stop.set()
        thread.join()


def test_pages_beside_deliveries(ask: Ask, paged: Counting) -> None:
    """Deliveries at any moment of a page, not just between two."""
    for seed in range(3):
        beside_run(ask, paged, random.Random(f"beside {seed}"))


def beside_run(ask: Ask, paged: Counting, chance: random.Random) -> None:
    """Facts and rows, each paged while a thread delivers."""
    with going_on(paged, random.Random(chance.random())) as stood:
        keys = [node["key"] for node in pages(ask, STOCK, 5, lambda: None)]
    assert sorted(set(keys)) == keys
    items = {key.split("/")[0] for key in keys}
    assert set.intersection(*stood) <= items <= set.union(*stood)
    with going_on(paged, random.Random(chance.random())) as stood:
        of = facts(columns=["item"])
        found = [node["cells"]["item"] for node in pages(ask, ROWS, 5, lambda: None, of=of)]
    assert sorted(set(found)) == found
    assert set(found) in stood


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_thousand_paging_runs(ask: Ask, paged: Counting) -> None:
    """The five lists in turn, and every tenth run beside a thread that delivers."""
    done: Counter[str] = Counter()
    for seed in range(WHOLE):
        run = beside_run if seed % 10 == 9 else RUNS[seed % len(RUNS)]
        run(ask, paged, random.Random(f"whole {seed}"))
        done[run.__name__] += 1
    print(f"{WHOLE:,} paging runs: {dict(done)}; {paged.house.projection.log.head().sequence:,} "
          "events")  # fmt: skip
