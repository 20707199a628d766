"""Each key figure of facts, worked on paper."""

from datetime import date
from fractions import Fraction

from ontology.deliveries import DeliveryLine
from ontology.demand import (
    DemandForecast,
    DemandOutcome,
    OrderFulfilment,
    PurchaseOrder,
    SalesOrder,
    TransferOrder,
)
from ontology.goods import Item
from ontology.governance import ExchangeRate
from ontology.partners import Offer
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, Shipment, TruckLoad
from service.kpis.demand import mean_demand
from service.kpis.figures import kpis_of_facts
from service.kpis.value import Kpi, decimal, rows_of
from tests.service.kpi_worlds import DAY, asked, named, on, parts, world


def figure(name: str, *records: object) -> Kpi:
    return named(kpis_of_facts(world(*records)), name)


def test_fill_rate() -> None:
    """8 of 12 units asked for were served; a day with nothing known of is left out."""
    kpi = figure("fill-rate", asked("a", "n", 0, 5, 5), asked("a", "s", 0, 7, 3),
                 asked("a", "n", 1, 9))  # fmt: skip
    assert (8, 12) == parts(kpi.figure)
    assert ("66.7", "%", 2, 1) == (kpi.text, kpi.unit, kpi.row_count, kpi.figure.left_out)
    assert ["DemandObservation/a/n/2026-03-02", "DemandObservation/a/s/2026-03-02"] == rows_of(kpi)


def test_serving_more_than_asked_does_not_fill_another_day() -> None:
    """What was served beyond a day's demand makes no day full."""
    kpi = figure("fill-rate", asked("a", "n", 0, 4, 2), asked("a", "n", 1, 4, 6))
    assert (6, 8) == parts(kpi.figure)


def test_cycle_service_level() -> None:
    """Reviews of 2 days over 5 days: two whole cycles, one of them short; the fifth day is out."""
    policy = StockingPolicy("a", "n", review_period_days=2)
    served = (3, 3, 2, 3, 0)
    kpi = figure("cycle-service-level", policy,
                 *(asked("a", "n", day, 3, units) for day, units in enumerate(served)))  # fmt: skip
    assert (1, 2) == parts(kpi.figure)
    assert ("50.0", 4) == (kpi.text, kpi.row_count)


def test_a_week_is_the_cycle_where_no_review_is_stated() -> None:
    """Six days are no whole cycle, seven are."""
    days = [asked("a", "n", day, 1, 1) for day in range(7)]
    short = figure("cycle-service-level", *days[:6])
    assert (None, "no DemandObservation spans a whole review cycle") == (short.value, short.reason)
    assert "100.0" == figure("cycle-service-level", *days).text


def test_stockout_days() -> None:
    """Two of four days at two places left something unserved; their rows are behind it."""
    kpi = figure("stockout-days", asked("a", "n", 0, 2, 1), asked("a", "n", 1, 2, 2),
                 asked("a", "s", 0, 1, 0), asked("b", "s", 0, 0, 0))  # fmt: skip
    assert ("2.0", 2) == (kpi.text, kpi.row_count)
    assert "0.0" == figure("stockout-days", asked("a", "n", 0, 2, 2)).text


def line(number: int, scheduled: int | None, delivered: int | None, **more: object) -> DeliveryLine:
    days = [None if day is None else on(day) for day in (scheduled, delivered)]
    return DeliveryLine(str(number), "a", "acme", "LU", 10, scheduled_on=days[0],
                        delivered_on=days[1], **more)  # fmt: skip


def test_on_time_in_full() -> None:
    """Two of three dated lines and one of two orders are on time; three rows cannot say."""
    kpi = figure(
        "on-time-in-full", line(1, 5, 5), line(2, 5, 3), line(3, 5, 6), line(4, None, 6),
        SalesOrder("o1", "a", "c", 1, DAY, days_late=0),
        SalesOrder("o2", "a", "c", 1, DAY, days_late=2),
        SalesOrder("o3", "a", "c", 1, DAY), SalesOrder("o4", "a", "c", 1, DAY),
        OrderFulfilment("o1", "n"), OrderFulfilment("o2", "n"), OrderFulfilment("o3", "n"),
    )  # fmt: skip
    assert (3, 5) == parts(kpi.figure)
    assert (7, 3) == (kpi.row_count, kpi.figure.left_out)


def test_an_order_that_nobody_fulfilled_is_not_in_full() -> None:
    """Days late of zero do not make up for a fulfilment that is not there."""
    orders = [SalesOrder(name, "a", "c", 1, DAY, days_late=0) for name in ("o1", "o2")]
    assert (1, 2) == parts(figure("on-time-in-full", *orders, OrderFulfilment("o1", "n")).figure)


def test_turns() -> None:
    """10 units of 2.00 served in 5 days make 1,460 a year; 8 units at hand are 16: 91.25 turns."""
    stock = StockPosition("a", "n", None, 5, 1, 1, 1, 100)
    kpi = figure("turns", Item("a", value_cents=200), Item("b"), stock, StockPosition("b", "n"),
                 asked("a", "n", 0, 6, 6), asked("a", "n", 4, 4, 4),
                 asked("b", "n", 4, 4, 4))  # fmt: skip
    assert ("91.25", 3, 2) == (kpi.text, kpi.row_count, kpi.figure.left_out)


def test_days_of_cover() -> None:
    """12 free units over a mean of 3.5 a day; stock where nothing is asked for is left out."""
    means = [DemandForecast("a", place, "m", DAY, DAY, DAY, mean, 0)
             for place, mean in (("n", 2_000_000), ("s", 1_500_000))]  # fmt: skip
    held = [StockPosition("a", "n", lot, 6, 9) for lot in ("L1", "L2")]
    kpi = figure("days-of-cover", *means, *held, StockPosition("a", "x", None, 50))
    assert (12, Fraction(7, 2)) == parts(kpi.figure)
    assert ("3.4", 4, 1) == (kpi.text, kpi.row_count, kpi.figure.left_out)


def test_mean_demand_of_outcomes_and_of_days() -> None:
    """Outcomes 0 or 4 at 1 : 3, on one of two stated days: 1.5 a day; 9 units in 3 days: 3."""
    outcomes = [DemandOutcome("a", "n", on(0), 0, 1), DemandOutcome("a", "n", on(0), 4, 3),
                DemandOutcome("b", "n", on(1), 2, 1)]  # fmt: skip
    stated = mean_demand(world(*outcomes))
    assert stated is not None
    assert Fraction(3, 2) == stated.per_day["a", "n"]
    observed = mean_demand(world(asked("a", "n", 0, 9), asked("b", "n", 2, 1)))
    assert observed is not None
    assert {("a", "n"): 3, ("b", "n"): Fraction(1, 3)} == observed.per_day


def test_carrying_cost_in_one_currency() -> None:
    """8 units at 0.50 EUR and 2 at 1.10 USD, a dollar being 10/11 EUR: 4.00 + 2.00 a day."""
    kpi = figure(
        "carrying-cost", StockPosition("a", "n", None, 5, 1, 1, 1, 100),
        StockPosition("a", "s", None, 2), StockPosition("a", "x", None, 2),
        StockingPolicy("a", "n", holding_cost_per_day_micros=500_000, currency="EUR"),
        StockingPolicy("a", "z", holding_cost_per_day_micros=500_000, currency="EUR"),
        StockingPolicy("a", "s", holding_cost_per_day_micros=1_100_000, currency="USD"),
        ExchangeRate("USD", "EUR", DAY, 10, 11),
    )  # fmt: skip
    assert ("6.00", "EUR a day", 1) == (kpi.text, kpi.unit, kpi.figure.left_out)
    assert ["StockPosition/a/n/", "StockPosition/a/s/", "StockingPolicy/a/n", "StockingPolicy/a/s",
            "ExchangeRate/USD/EUR/2026-03-02"] == rows_of(kpi)  # fmt: skip


def test_a_currency_without_a_rate_is_no_figure() -> None:
    """Amounts that cannot be brought together are not computable, and the pair is named."""
    policies = [StockingPolicy("a", place, holding_cost_per_day_micros=1, currency=currency)
                for place, currency in (("n", "EUR"), ("s", "USD"))]  # fmt: skip
    kpi = figure("carrying-cost", StockPosition("a", "n"), StockPosition("a", "s"), *policies)
    assert kpi.value is None
    assert "`USD` to `EUR`" in kpi.reason


LANE = Lane("l", "n", "s", cost_per_unit_micros=1_000_000, cost_per_kilogram_micros=500_000,
            cost_per_line_cents=700, duty_percent=10)  # fmt: skip
HEAVY = Item("a", weight_micrograms=4 * 10**9, value_cents=2_000)


def test_landed_cost() -> None:
    """3 bought at 5.00 and 7 brought at 20 + 1 + 2 + 2, and 7.00 for the line: 197 for 10 units."""
    shipped = [Shipment(number, "a", "s", units, on(1), "n", "l", None, on(0))
               for number, units in (("1", 3), ("2", 4))]  # fmt: skip
    kpi = figure("landed-cost", HEAVY, LANE, *shipped, Offer("acme", "a", "n", 5_000_000),
                 PurchaseOrder("p", "acme", "a", "n", 3, DAY),
                 PurchaseOrder("q", "none", "a", "n", 3, DAY),
                 PurchaseOrder("r", "acme", "a", "n", 9, DAY, status="cancelled"))  # fmt: skip
    assert (197, 10) == parts(kpi.figure)
    assert ("19.7000", 3, 1) == (kpi.text, kpi.row_count, kpi.figure.left_out)


def test_what_goes_together_shares_loads_and_shipments() -> None:
    """7 units of 2 grams fill 4 loads of 4 grams on one day, 1 on the next; a shipment each day.

    9 units at 1.00, 5 loads at 3.00 and 2 shipments at 5.00 are 34; a lane that nobody takes and
    a load that nothing begins cost nothing.
    """
    lanes = [Lane(name, "n", "s", cost_per_shipment_cents=500) for name in ("l", "m")]
    item = Item("a", weight_micrograms=1_500_000, value_cents=100)
    moves = (("1", 3, 0), ("2", 4, 0), ("3", 2, 1), ("4", 0, 2))
    shipped = [Shipment(number, "a", "s", units, on(4), "n", "l", None, on(day))
               for number, units, day in moves]  # fmt: skip
    trucks = [TruckLoad(lane, "grams", 4, 300) for lane in ("l", "m")]
    kpi = figure("landed-cost", *lanes, item, *trucks, *shipped)
    assert (34, 9) == parts(kpi.figure)
    assert ["TruckLoad/l", "Lane/l"] == rows_of(kpi)[-2:]


def test_goods_of_unknown_size_are_left_out_of_loads() -> None:
    """Where loads count grams, what states no weight has no landed cost."""
    kpi = figure("landed-cost", Lane("l", "n", "s"), Item("a", value_cents=100),
                 TruckLoad("l", "grams", 4, 300),
                 Shipment("1", "a", "s", 2, on(1), "n", "l", None, on(0)))  # fmt: skip
    assert kpi.reason


def test_landed_cost_of_delivery_lines() -> None:
    """100 + 12 + 1 and 50 for 20 packs; a line whose freight is invoiced elsewhere is left out."""
    kpi = figure(
        "landed-cost",
        line(1, 1, 1, line_value_cents=10_000, freight_cents=1_200, insurance_cents=100,
             currency="USD"),
        line(2, 1, 1, line_value_cents=5_000, freight_basis="included in commodity cost"),
        line(3, 1, 1, line_value_cents=5_000, freight_basis="invoiced separately"),
        line(4, 1, 1, line_value_cents=5_000),
    )  # fmt: skip
    assert (163, 20) == parts(kpi.figure)
    assert ("USD a unit", 2) == (kpi.unit, kpi.figure.left_out)


def test_transfers_and_their_latency() -> None:
    """5 units take 2 days and 3 take 6: 8 units, 3.5 days; a supplier's shipment is none."""
    facts = (Shipment("1", "a", "s", 5, on(2), "n", None, None, on(0)),
             Shipment("2", "a", "s", 9, on(2)),
             Shipment("3", "a", "s", 9, on(2), "n", None, None, on(0), "cancelled"),
             TransferOrder("t", "a", "n", "s", 3, on(0), on(6)),
             TransferOrder("u", "a", "n", "s", 2, on(0)))  # fmt: skip
    assert ("10", 3) == (figure("transfers", *facts).text, figure("transfers", *facts).row_count)
    latency = figure("transfer-latency", *facts)
    assert (28, 8) == parts(latency.figure)
    assert ("3.5", 1) == (latency.text, latency.figure.left_out)


def test_what_has_no_facts_is_not_computable() -> None:
    """In an empty chain every figure has a reason and none is a zero."""
    assert [(None, "", True)] * 15 == [
        (kpi.value, kpi.text, bool(kpi.reason)) for kpi in kpis_of_facts(world())
    ]


def test_identifiers_are_found_whatever_they_hold() -> None:
    """Names with blanks and slashes are matched as they stand."""
    lane, item = Lane("l / 1", "n", "s"), Item("a b/c", value_cents=100)
    moved = Shipment("1", "a b/c", "s", 2, on(1), "n", "l / 1", None, on(0))
    assert (2, 2) == parts(figure("landed-cost", lane, item, moved).figure)


def test_rows_come_in_pages() -> None:
    """Pages of any size put together are the whole list, over all classes."""
    kpi = figure("days-of-cover", *(asked("a", "n", day, 1) for day in range(5)),
                 *(StockPosition("a", "n", f"L{lot}", 1) for lot in range(4)))  # fmt: skip
    whole = rows_of(kpi)
    assert 9 == len(whole) == kpi.row_count
    for size in (1, 2, 4, 9):
        pages = [rows_of(kpi, after, size) for after in range(0, 9, size)]
        assert whole == [row for page in pages for row in page]
    assert [] == rows_of(kpi, 9)


def test_decimals_are_rounded_once() -> None:
    """A half goes away from zero, and nothing below a half is a negative zero."""
    expected = ["0.13", "-0.13", "0", "1", "0.0", "12.00"]
    given = [(Fraction(1, 8), 2), (Fraction(-1, 8), 2), (Fraction(-1, 3), 0), (Fraction(1, 2), 0),
             (Fraction(-1, 100), 1), (Fraction(12), 2)]  # fmt: skip
    assert expected == [decimal(value, places) for value, places in given]
    assert date(2026, 3, 2) == DAY
