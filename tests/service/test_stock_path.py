"""Stock day by day, on paper."""

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest

from ontology.demand import DemandForecast, PurchaseOrder, TransferOrder
from ontology.errors import InputError
from ontology.goods import Item, Lot
from ontology.stock import StockPosition
from ontology.transport import Shipment
from service.kpis.stock import stock_after
from service.kpis.stock_path import StockDay, first_day, stock_path
from tests.service.kpi_worlds import DAY, asked, on, world
from tests.service.planned import Planned

FACTS = [
    Item("a"), Item("b"), Lot("old", "a", on(-1)), Lot("new", "a", on(0)),
    StockPosition("a", "n", "new", 10, 5), StockPosition("a", "n", "old", 99),
    StockPosition("b", "n", None, 7), DemandForecast("a", "s", "m", DAY, DAY, DAY, 1_500_000, 9),
    Shipment("1", "a", "s", 2, on(-3)), Shipment("2", "a", "s", 50, on(1), status="arrived"),
    PurchaseOrder("p", "acme", "a", "n", 4, on(-9), on(1)),
    PurchaseOrder("q", "acme", "a", "n", 4, on(-9)),
    TransferOrder("t", "a", "n", "s", 1, DAY, on(2)),
]  # fmt: skip
LINE = {"kind": "transfer", "number": 1, "item": "a", "origin": "n", "destination": "s",
        "quantity_units": 6, "departs_on": str(on(0)), "arrives_on": str(on(1))}  # fmt: skip


def levels(path: list[StockDay]) -> dict[str, list[Fraction]]:
    found: dict[str, list[Fraction]] = {}
    for day in path:
        found.setdefault(day.location, []).append(day.stock)
    return found


def test_stock_as_under_way() -> None:
    """Opening, overdue on the first day, due ones on theirs, less the mean demand of each day."""
    half = Fraction(1, 2)
    expected = {"n": [10, 14, 14], "s": [half, -1, -3 * half]}
    assert expected == levels(stock_path(world(*FACTS), "a", DAY, 3))


def test_stock_with_a_plan() -> None:
    """A transfer leaves on its day and arrives on its day; other items' lines are not seen."""
    half = Fraction(1, 2)
    lines = [LINE, LINE | {"item": "b"}]
    path = stock_path(world(*FACTS), "a", DAY, 3, lines)
    assert {"n": [4, 8, 8], "s": [half, 5, 9 * half]} == levels(path)
    assert [(0, 6), (4, 0), (0, 0)] == [
        (day.arriving_units, day.leaving_units) for day in path if day.location == "n"
    ]


def test_each_day_follows_from_the_one_before(plan: Planned) -> None:
    """Stock is yesterday's, and what arrives, less what leaves and is asked for, at every place."""
    lines = plan.document["decision"]["lines"]
    for item in ("widget", "vaccine", "gadget"):
        path = stock_path(plan.snapshot, item, DAY, 6, lines)
        for before, day in pairwise(path):
            if before.location == day.location:
                change = day.arriving_units - day.leaving_units - day.expected_demand
                assert before.stock + change == day.stock


def test_lines_move_what_the_figures_say(plan: Planned) -> None:
    """With and without the lines, stock differs at the end as the stock of the key figures does."""
    lines = plan.document["decision"]["lines"]
    after = stock_after(plan.snapshot, lines)
    total = sum(after.free) - sum(plan.snapshot.table("StockPosition")["on_hand_units"].tolist())
    differ = Fraction(0)
    for item in ("widget", "vaccine", "gadget"):
        with_lines = levels(stock_path(plan.snapshot, item, DAY, 9, lines))
        without = levels(stock_path(plan.snapshot, item, DAY, 9))
        differ += sum(days[-1] for days in with_lines.values())
        differ -= sum(days[-1] for days in without.values())
    assert total == differ


def test_the_first_day() -> None:
    """A forecast's start, else the day after the last observed one, else the latest count."""
    count = StockPosition("a", "n", None, 1, counted_on=on(-5))
    assert on(-5) == first_day(world(count))
    assert on(3) == first_day(world(count, asked("a", "n", 2, 1), asked("a", "n", 0, 1)))
    assert date(2026, 3, 2) == first_day(world(count, asked("a", "n", 2, 1), *FACTS))


@pytest.mark.parametrize(
    ("item", "days", "code"), [("z", 3, "ITEM_UNKNOWN"), ("a", 0, "HORIZON"), ("a", 401, "HORIZON")]
)
def test_what_is_refused(item: str, days: int, code: str) -> None:
    """An unknown item, and days out of range, are refused with a code."""
    with pytest.raises(InputError) as refusal:
        stock_path(world(*FACTS), item, DAY, days)
    assert code == refusal.value.code


def test_no_day_to_begin_with() -> None:
    """Facts without a day are refused with a code."""
    with pytest.raises(InputError, match="no fact states a day"):
        first_day(world(StockPosition("a", "n")))
