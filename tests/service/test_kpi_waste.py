"""Key figures of waste: expired stock of facts and plans, and what plans expect to lose."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ontology.goods import Item, Lot
from ontology.governance import ExchangeRate
from ontology.perishables import DisposalCost
from ontology.stock import StockPosition
from service.kpis.figures import kpis_of_facts, kpis_of_plan
from service.kpis.value import Kpi, Lacking, rows_of
from tests.scenarios.scenario import HERE, planned, scenario_at
from tests.service.kpi_worlds import DAY, named, world

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


def shelf(*more: Any) -> list[Any]:
    """Seven units that expired before the count, four that did not, three of no lot."""
    return [
        Item("milk", value_cents=250, currency="EUR"), Lot("old", "milk", expires_on=BEFORE),
        Lot("new", "milk", expires_on=DAY),
        StockPosition("milk", "shop", "old", 7, counted_on=DAY),
        StockPosition("milk", "shop", "new", 4, counted_on=BEFORE),
        StockPosition("milk", "shop", None, 3), *more,
    ]  # fmt: skip


def figure(name: str, *records: Any) -> Kpi:
    return named(kpis_of_facts(world(*records)), name)


def of_plan(folder: Path) -> dict[str, Kpi]:
    """The figures of the plan of a scenario."""
    facts, decision = scenario_at(folder).snapshot, planned(folder).decision
    return {kpi.definition.id: kpi for kpi in kpis_of_plan(decision, facts, facts)}


def test_expired_stock_is_counted_on_the_day_of_the_latest_count() -> None:
    """Good until the day itself is not expired; what has no lot never expires."""
    kpi = figure("expired-stock", *shelf())
    assert (7, "7", "units") == (kpi.value, kpi.text, kpi.unit)
    assert ["StockPosition/milk/shop/old", "Lot/old"] == rows_of(kpi)
    later = StockPosition("milk", "other", None, 1, counted_on=AFTER)
    assert 11 == figure("expired-stock", *shelf(later)).value


def test_its_value_is_what_losing_it_costs() -> None:
    """7 x (2.50 + 0.30 to be rid of each), in the currency of the chain; unknown values are out."""
    gone = DisposalCost("milk", 300_000, "EUR")
    kpi = figure("expired-value", *shelf(gone))
    assert (Fraction(196, 10), "19.60", "EUR") == (kpi.value, kpi.text, kpi.unit)
    assert {"StockPosition/milk/shop/old", "Lot/old", "Item/milk", "DisposalCost/milk"} == set(
        rows_of(kpi)
    )
    nameless = [Item("cream"), Lot("c", "cream", expires_on=BEFORE),
                StockPosition("cream", "shop", "c", 5)]  # fmt: skip
    kpi = figure("expired-value", *shelf(*nameless))
    assert (Fraction(175, 10), 1) == (kpi.value, getattr(kpi.figure, "left_out", None))


def test_money_of_another_currency_is_converted_by_a_stated_rate() -> None:
    """The rate is among the rows behind the figure; without one the figure says so."""
    gone = DisposalCost("milk", 300_000, "USD")
    rate = ExchangeRate("USD", "EUR", DAY, 1, 2)
    kpi = figure("expired-value", *shelf(gone, rate))
    assert Fraction(7 * 265, 100) == kpi.value
    assert any(name.startswith("ExchangeRate/") for name in rows_of(kpi))
    assert isinstance(figure("expired-value", *shelf(gone)).figure, Lacking)


def test_what_cannot_be_counted_has_a_reason() -> None:
    """No lot that expires, no day of a count, no value; facts alone expect nothing."""
    assert "no Lot" in figure("expired-stock", StockPosition("milk", "shop", None, 3)).reason
    undated = [Lot("old", "milk", expires_on=BEFORE), StockPosition("milk", "shop", "old", 3)]
    assert "counted_on" in figure("expired-stock", *undated).reason
    dated = [undated[0], StockPosition("milk", "shop", "old", 3, counted_on=DAY)]
    assert "value" in figure("expired-value", *dated).reason
    for name in ("expected-waste", "expected-waste-value"):
        assert "name one" in figure(name, *shelf()).reason


def test_a_plan_expects_waste_in_units_and_money() -> None:
    """Five of lot S1, worth 5.00, 1.00 each to be rid of: 30.00; the lot is behind the figure."""
    found = of_plan(HERE / "first-expired-first-out")
    units, value = found["expected-waste"], found["expected-waste-value"]
    assert (5, 30) == (units.value, value.value)
    assert ("30.00", "EUR") == (value.text, value.unit)
    behind = {"StockPosition/pump/south/S1", "Lot/S1", "Item/pump", "DisposalCost/pump"}
    assert behind == set(rows_of(units)) == set(rows_of(value))
    assert 0 == found["expired-stock"].value  # S1 is good on the first day of the plan


def test_expired_stock_of_a_plan_is_that_before_its_first_day() -> None:
    """The scenario of the expired lot has one; a plan without lots has a reason instead."""
    assert of_plan(HERE / "expired-lot")["expired-stock"].value
    assert "no Lot" in of_plan(HERE / "budget")["expired-stock"].reason
    assert 0 == of_plan(HERE / "budget")["expected-waste"].value


@pytest.mark.parametrize("name", ["expected-waste", "expected-waste-value"])
def test_a_plan_of_orders_wastes_nothing_and_says_why(name: str) -> None:
    """A reason, not a zero."""
    assert "orders" in of_plan(HERE / "firm-orders")[name].reason
