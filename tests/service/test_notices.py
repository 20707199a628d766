"""What a person is told beside a feed and a plan: slips that are sound, gaps, and what is next."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from forecast.history import SHORTEST_DAYS
from graph.settings import Settings
from ontology.columns import Snapshot, Table
from ontology.demand import (
    DemandObservation,
    DemandOutcome,
    DemandQuantile,
    PurchaseOrder,
    SalesOrder,
)
from ontology.goods import Item
from ontology.partners import Supplier
from ontology.places import PortAccess, SharedResource
from ontology.stock import StockingPolicy
from ontology.transport import FreightRate, Lane
from rules.release import default_release
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.next_step import next_step
from service.intake.notices import notices_of_feed
from service.intake.sync import sync
from service.plan_notices import notices_of_plan
from service.planning import PlanRequest, make_plan
from tests.graph.facts_at_hand import tables_of
from tests.service.planned import TWO_HUBS

EMPTY = Snapshot(0, {})
DAY = date(2026, 3, 2)


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An open service on an empty database with a data folder of its own."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def told(*records: Any, before: Snapshot = EMPTY) -> tuple[str, ...]:
    return notices_of_feed(default_release(), before, tables_of(records))


@pytest.mark.parametrize(
    ("known", "new"), [("W-9", "w-9"), ("B 7", "b7"), ("caf\u00e9", "cafe\u0301"), ("A1", "Ａ1")]
)
def test_a_new_name_that_looks_like_another_is_named(known: str, new: str) -> None:
    """One that stands, or another of the delivery; what stood already is not told again."""
    expected = f"`{known}` and `{new}` look alike and are two Item facts"
    (line,) = told(Item(new), before=Snapshot(1, tables_of([Item(known)])))
    assert line.startswith(expected)
    assert told(Item(known), Item(new)) == told(Item(new), Item(known)) != ()
    both = Snapshot(1, tables_of([Item(known), Item(new)]))
    assert () == told(Item(known), Item(new), before=both)
    assert () == told(Item("W-10"), before=both)


def test_a_word_that_nothing_else_knows_is_named() -> None:
    """Handling classes that items and lanes do not share, statuses that mean nothing here."""
    lane = Lane("n-s", "n", "s", allowed_handling_classes=("ambient", "cold"))
    expected = (
        "`kold` is the handling class of 1 item, and no lane allows it",
        "`cold` is allowed on 1 lane, and no item has this handling class",
    )
    assert expected == told(Item("milk", handling_class="kold"), lane)
    assert () == told(Item("milk", handling_class="cold"), lane)
    orders = [PurchaseOrder(f"P{n}", "acme", "milk", "n", 1, DAY, status=word)
              for n, word in enumerate(["open", "opn", "opn", "received"])]  # fmt: skip
    assert (("`opn` is the status of 2 PurchaseOrder, which no rule and no plan knows: it counts "
            "as not open"),) == told(*orders)  # fmt: skip
    assert "`aproved`" in told(Supplier("acme", status="aproved"))[0]


def test_what_the_chain_already_knows_counts() -> None:
    """A lane of an earlier feed knows the class of an item that comes now; nothing is repeated."""
    lane = Lane("n-s", "n", "s", allowed_handling_classes=("cold",))
    before = Snapshot(1, tables_of([lane, Supplier("acme", status="aproved")]))
    assert () == told(Item("milk", handling_class="cold"), before=before)
    assert 2 == len(told(Item("milk", handling_class="kold"), before=before))


def test_costs_of_nothing_and_far_years_are_named() -> None:
    """A policy without holding cost, none with a shortage cost, and one sale in another century."""
    free = StockingPolicy("milk", "n", shortage_cost_per_day_micros=9)
    paid = StockingPolicy("milk", "s", holding_cost_per_day_micros=1)
    assert (("1 of 2 StockingPolicy rows state no holding cost: keeping stock costs nothing "
            "there"),) == told(free, paid)  # fmt: skip
    assert ("no StockingPolicy row states a shortage cost: no demand is worth serving",) == (
        told(paid)
    )
    sales = [DemandObservation("milk", "n", DAY + timedelta(n), 1) for n in range(60)]
    assert () == told(*sales)
    assert "1926-03-02" in told(*sales, DemandObservation("milk", "n", date(1926, 3, 2), 1))[0]


POLICY = StockingPolicy("milk", "n", holding_cost_per_day_micros=1)
OUTCOME = DemandOutcome("milk", "n", DAY, 3, 1)
QUANTILE = DemandQuantile("milk", "n", DAY, DAY, 500_000, 3, "m")
ORDER = SalesOrder("O1", "milk", "ann", 1, DAY)
RATE = FreightRate("van", "p", "q", "door", "road", 0, 1, 1, 1)
SOLD = [DemandObservation("milk", "n", DAY + timedelta(n), 1) for n in range(SHORTEST_DAYS)]
STEPS: list[tuple[Sequence[Any], str]] = [
    ([Item("milk")], "nothing to plan yet: chain `c` has neither demand nor orders"),
    ([OUTCOME, POLICY], "plan with `evenkeel plan --chain c`"),
    ([OUTCOME], "no plan yet: load StockingPolicy rows first"),
    ([ORDER, SharedResource("n", "orders", 1), PortAccess("n", "p"), RATE], "plan with `evenk"),
    ([ORDER, RATE], "no plan yet: load SharedResource and PortAccess rows first"),
    ([ORDER, OUTCOME, POLICY], "no plan yet: a chain has either DemandOutcome or SalesOrder"),
    ([*SOLD, POLICY], "forecast demand with `evenkeel forecast --chain c`, then plan"),
    (SOLD, "forecast demand with `evenkeel forecast --chain c`, then load StockingPolicy rows"),
    ([*SOLD[:5], POLICY], f"no forecast yet: the demand history spans 5 of the {SHORTEST_DAYS}"),
    ([QUANTILE, *SOLD, POLICY], "forecast demand with"),
    ([QUANTILE, POLICY], "plan with `evenkeel plan --chain c`"),
]


@pytest.mark.parametrize(("records", "expected"), STEPS)
def test_the_next_step_is_one_that_works(records: Sequence[Any], expected: str) -> None:
    """The command that is named does not refuse for want of facts, or what lacks is named."""
    tables: dict[str, Table] = tables_of(records)
    assert next_step("c", EMPTY, tables).startswith(expected)
    again = next_step("c", Snapshot(1, tables), tables)
    assert again.startswith(expected) or "of the" in expected


def spoilt(tmp_path: Path, name: str, file: str, text: str) -> Path:
    folder = tmp_path / name
    shutil.copytree(TWO_HUBS, folder)
    (folder / file).write_text(text)
    return folder


def test_a_plan_tells_what_was_set_aside_until_it_comes(house: House, tmp_path: Path) -> None:
    """Missing stock is never zero in silence: rows set aside and a chain without stock are named.

    A later delivery of the file takes the note away; a saved plan keeps its own.
    """
    header, *rows = (TWO_HUBS / "stock_positions.csv").read_text().splitlines()
    broken = "\n".join([header, *(f"{row}x" for row in rows)]) + "\n"
    first = sync(house, [spoilt(tmp_path, "one", "stock_positions.csv", broken)],
                 TWO_HUBS / "mapping.yaml", Delivery("ann"))  # fmt: skip
    assert len(rows) == first.summary["quarantined_rows"]
    assert "plan with `evenkeel plan --chain two_hubs`" == first.summary["next"]
    request = PlanRequest("two_hubs")
    blind = make_plan(house, request).document
    expected = (
        (
            f"{len(rows)} rows of StockPosition in stock_positions.csv were set aside, so they are "
            "not in this plan"
        ),
        "there is no StockPosition row: every place counts as empty",
    )
    assert expected == notices_of_plan(house, blind)
    sync(house, [TWO_HUBS], TWO_HUBS / "mapping.yaml", Delivery("ann"))
    assert () == notices_of_plan(house, make_plan(house, request).document)
    later = (
        "facts of two_hubs came after those that this plan was made from: `evenkeel drift "
        f"{blind['plan_digest'][:12]}` tells whether it holds"
    )
    assert sorted((*expected, later)) == sorted(notices_of_plan(house, blind))
