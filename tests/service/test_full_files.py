"""Full files by the clocks: what they leave out ends at their own time, in any order."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import InputError
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.quarantine import fix
from tests.counted import BY_DAY, FULL
from tests.service.small_stock import CHAIN, SmallStock, day, event_of

SAID = {
    0: (BY_DAY, {"A": 1, "B": 1, "Z": 1}), 1: (FULL, {"B": 2, "C": 2}), 2: (FULL, {"A": 3}),
    3: (BY_DAY, {"C": 4}),
}  # fmt: skip
"""Deliveries by their day: two of changes, two full."""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A house without a chain."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


@pytest.fixture
def small(house: House, tmp_path: Path) -> SmallStock:
    """A chain with two items and two places."""
    return SmallStock(house, tmp_path).opened()


def model(upto: int) -> dict[str, int]:
    """What is there at the end of a day: each delivery in its turn, full ones instead of all."""
    found: dict[str, int] = {}
    for number in range(upto + 1):
        mode, rows = SAID[number]
        found = dict(rows) if mode == FULL else found | rows
    return found


def by_lot(units: dict[str, int]) -> dict[str, int]:
    """Units by lot."""
    return {key.rpartition("/")[2]: number for key, number in units.items()}


@pytest.mark.parametrize(
    "orders", [range(0, 24, 5), pytest.param(range(24), marks=pytest.mark.slow)]
)
def test_any_order_of_full_files_gives_the_same_facts(small: SmallStock, orders: range) -> None:
    """Today, and as of every day: a dictionary that takes them by their days agrees."""
    every = list(itertools.permutations(SAID))
    for world, number in enumerate(orders):
        source = f"wms{world}"
        for which in every[number]:
            mode, rows = SAID[which]
            lines = [f"widget,south,{source}{lot},{units},{day(which + 10 * world - 300)}"
                     for lot, units in rows.items()]  # fmt: skip
            small.stock(*lines, mode=mode, source=source)
        for which in SAID:
            night = datetime(2026, 3, 2, 23, tzinfo=UTC) + timedelta(which + 10 * world - 300)
            found = by_lot(small.units(night))
            mine = {lot.removeprefix(source): n for lot, n in found.items() if source in lot}
            assert model(which) == mine, (every[number], which)
        now = {lot: n for lot, n in by_lot(small.units()).items() if lot.startswith(source)}
        assert model(3) == {lot.removeprefix(source): n for lot, n in now.items()}
    head = small.house.projection.log.head().sequence
    assert read_back(small.house.driver, CHAIN, head).digest == small.house.facts(CHAIN).digest


ITEMS = """
format: evenkeel-mapping/1
chain: CHAIN
source: plans
version: 1
known: []
files:
  - file: items.csv
    mode: MODE
    principal: {class: Item, fields: {id: id}}
"""
PLANNED = {
    0: ("changes", {"A", "B"}, 1), 1: ("full", (), 2), 2: ("full", {"A", "C"}, 3),
    3: ("full", {"C"}, 4),
}  # fmt: skip
"""Deliveries of what will be true in so many days: one of changes, three full, one empty."""


@pytest.mark.parametrize(
    "orders", [range(0, 24, 5), pytest.param(range(24), marks=pytest.mark.slow)]
)
def test_any_order_of_full_files_to_come_gives_the_same_facts(
    house: House, tmp_path: Path, orders: range
) -> None:
    """What waits for its time ends with the first full file to come that leaves it out."""
    every, now = list(itertools.permutations(PLANNED)), datetime.now(UTC)
    for number in orders:
        chain = f"planned{number}"
        for which in every[number]:
            mode, items, days = PLANNED[which]
            file, mapping = tmp_path / "items.csv", tmp_path / "mapping.yaml"
            file.write_text("\n".join(["id", *sorted(items)]) + "\n")
            mapping.write_text(ITEMS.replace("CHAIN", chain).replace("MODE", mode))
            at = now + timedelta(days)
            sync(house, [file], mapping, Delivery("ann", f"to-come-{which}", at))
        for after, expected in ((1, ["A", "B"]), (2, []), (3, ["A", "C"]), (4, ["C"])):
            facts = house.reader.read(chain, effective=now + timedelta(after, hours=1))
            assert expected == facts.table("Item").keys.tolist(), (every[number], after)


def test_a_file_is_a_slip_only_by_what_it_ends(small: SmallStock) -> None:
    """An old full file ends what was then, not what newer ones state; one of today would."""
    many = [f"widget,north,L{n},1" for n in range(12)]
    for number in (0, 5):
        small.stock(*(f"{line},{day(number)}" for line in many), mode=FULL)
    small.stock(f"widget,north,L0,1,{day(1)}", mode=FULL)
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert (12, ["L0"]) == (len(small.units()), [*by_lot(small.units(noon))])
    with pytest.raises(InputError, match="would end 11 of 12 StockPosition"):
        small.stock(f"widget,north,L0,1,{day(6)}", mode=FULL)


def test_a_dry_run_tells_what_an_earlier_full_file_left_out(small: SmallStock) -> None:
    """Older word of what a later full file does not hold is late, is told, and ends nobody else."""
    small.stock(f"widget,north,A,1,{day(1)}", source="erp")
    small.stock(f"widget,north,B,1,{day(3)}", mode=FULL)
    older = [f"widget,north,A,5,{day(2)}", f"widget,north,C,7,{day(0)}"]
    head = small.house.projection.log.head().sequence
    tried = small.stock(*older, dry_run=True)
    assert head == small.house.projection.log.head().sequence
    real = small.stock(*older)
    assert tried.summary["changes"] == real.summary["changes"]
    (note,) = [text for text in real.summary["notices"] if "already ended" in text]
    assert "2 of StockPosition come in already ended" in note
    assert {"B": 1} == by_lot(small.units())
    again = small.stock(*older)
    assert (real.event, True) == (again.event, again.replayed)


def test_another_source_is_not_ended(small: SmallStock) -> None:
    """What another source says later than the older word of this one stays."""
    small.stock(f"widget,north,B,1,{day(3)}", mode=FULL)
    small.stock(f"widget,north,A,1,{day(2)}", source="erp")
    small.stock(f"widget,north,A,5,{day(1)}")
    assert {"A": 1, "B": 1} == by_lot(small.units())


def test_a_mended_row_that_a_later_file_left_out_is_ended(small: SmallStock) -> None:
    """A fix is true since its own delivery: the full file of a later day knew better."""
    bad = small.stock(f"widget,north,A,many,{day(0)}", f"widget,north,B,1,{day(0)}", mode=FULL)
    small.stock(f"widget,north,B,2,{day(1)}", mode=FULL)
    fix(small.house, event_of(bad), 1, {"units": "4"}, agent="bo")
    assert {"B": 2} == by_lot(small.units())
    evening = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert {"A": 4, "B": 1} == by_lot(small.units(evening))
