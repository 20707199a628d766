"""A cost or a quantity that no integer holds is blamed on the fact that states it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.columns import Snapshot, Table, table_of
from ontology.errors import EvenkeelError, InputError, Place, SolverError
from ontology.goods import Item
from ontology.partners import Offer
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from rules.release import default_release
from service.decision import PlanRequest
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.largest_facts import Largest, blaming, largest_cost, most_units
from service.planning import draft_plan, make_plan
from tests.service import regimes
from tests.service.planned import TWO_HUBS

MOST = 2**53 - 1


def snapshot() -> Snapshot:
    """Cents weigh ten thousand times what micros do; what is not stated weighs nothing."""
    tables = [
        table_of([Offer("acme", "widget", "north", 5_000_000), Offer("b", "c", "d", 1)], "Offer"),
        table_of([Item("widget", value_cents=501), Item("gadget")], "Item"),
        table_of([Lane("n-s", "north", "south", cost_per_unit_micros=5_000_000)], "Lane"),
        table_of([StockPosition("widget", "north", "L", 7, total_units=9)], "StockPosition"),
    ]
    return Snapshot(1, {table.name: table for table in tables})


def test_money_is_compared_in_one_unit() -> None:
    """5.01 in cents is more than 5.00 in micros."""
    assert Largest("Item/widget", "value_cents", 501) == largest_cost(snapshot())


def test_units_are_no_money() -> None:
    """The most units are found apart."""
    assert Largest("StockPosition/widget/north/L", "total_units", 9) == most_units(snapshot())


def said(error: EvenkeelError, facts: Snapshot) -> str:
    """What an error says after it was raised beside some facts."""
    with pytest.raises(type(error)) as raised, blaming(facts):
        raise error
    assert error.code == raised.value.code
    return raised.value.what


def test_other_errors_blame_nobody() -> None:
    """An error of another kind, or of facts without a cost, stays as it is."""
    assert "x" == said(SolverError("x", code="COST_RANGE"), Snapshot(1, {}))
    assert "x" == said(SolverError("x", code="NO_PLAN"), snapshot())


def test_units_are_blamed_where_they_are_many() -> None:
    """Seven units are nobody's fault; a number with twelve digits is named beside the cost."""
    about = SolverError("x", code="FLOW_RANGE")
    cost = "x: the largest cost is `value_cents` of Item `widget`, 501"
    assert cost == said(about, snapshot())
    much = table_of([StockPosition("widget", "north", "L", 10**12)], "StockPosition")
    facts = Snapshot(1, {**snapshot().tables, "StockPosition": much})
    units = f"; the most units are `on_hand_units` of StockPosition `widget/north/L`, {10**12}"
    assert cost + units == said(about, facts)


def absurd(records: list[Any]) -> Snapshot:
    """Two items that share a lane, and one number that is as large as a number may be."""
    tables = dict(regimes.shared_chain(1, tight=3).tables)
    for record in records:
        name = type(record).__name__
        table = tables[name]
        kept = table.take(np.flatnonzero(table.keys != table_of([record], name).keys[0]))
        more = table_of([record], name)
        columns = {c: np.concatenate([kept[c], more[c]]) for c in table.columns}
        tables[name] = Table(name, columns).sorted()
    return Snapshot(1, tables)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (Lane("a-b", "a", "b", lead_time_days=1, cost_per_unit_micros=MOST),
         "cost_per_unit_micros"),
        (StockingPolicy("item-0", "b", holding_cost_per_day_micros=MOST),
         "holding_cost_per_day_micros"),
        (StockingPolicy("item-0", "b", shortage_cost_per_day_micros=MOST),
         "shortage_cost_per_day_micros"),
    ],
)  # fmt: skip
def test_the_planner_names_the_fact(record: Any, field: str) -> None:
    """Whichever cost is absurd, the refusal names its class, key, field and value."""
    name, key = type(record).__name__, table_of([record], type(record).__name__).keys[0]
    with pytest.raises(SolverError, match="the largest cost is") as refused:
        draft_plan(absurd([record]), default_release(), PlanRequest("random"))
    assert "COST_RANGE" == refused.value.code
    assert f"`{field}` of {name} `{key}`, {MOST}" in refused.value.what


def test_the_refusal_stands_at_the_row_of_the_file(empty_database: Driver, tmp_path: Path) -> None:
    """A price in a feed that no plan can hold: the file and the row are named."""
    house: House = house_on(empty_database, Settings(home=tmp_path / "home"))
    folder = tmp_path / "feed"
    shutil.copytree(TWO_HUBS, folder)
    path = folder / "stocking_policies.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[5] = f"widget,north,5,100000,{MOST},EUR"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    sync(house, [folder], folder / "mapping.yaml", Delivery("ann"))
    with pytest.raises(InputError) as refused:
        make_plan(house, PlanRequest("two_hubs"))
    assert Place("stocking_policies.csv", 6) == refused.value.place
    assert "NUMBER_RANGE" == refused.value.code
    assert "StockingPolicy `widget/north`" in str(refused.value)
