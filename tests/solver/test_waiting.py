"""What a line waits for: the shortage that the plan expects, and what it would be without it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, table_of
from ontology.demand import DemandOutcome
from ontology.goods import Item, Lot
from ontology.places import Location
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, TransferLot
from service.decision import PlanRequest
from service.recalled import Recalled, recall
from service.why_line import why_line
from solver.explain.alternatives import arc_of, row_of, worth_of
from solver.explain.waiting import changes_by, without_arc
from solver.model.carry_labels import CarryLabels
from solver.model.demand import QuantileDemand
from tests.service import regimes
from tests.solver import two_hubs
from tests.solver.planning import MONDAY, snapshot_of

MICROS = 1_000_000
SEEDS = range(8)
NAMES = ("plain", "forecast", "coupled", "whole", "ageing")


def lines_of(found: Recalled, decision: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
    """The lines of a plan that its flow chose, with their arcs."""
    for line in decision["lines"]:
        row = row_of(found.problem, line)
        arc = None if row is None else arc_of(found.problem, row)
        if arc is not None:
            yield line, arc


def recalled(name: str, seed: int, folder: Path) -> tuple[Recalled, dict[str, Any], CarryLabels]:
    """A plan of a regime as `why` opens it again."""
    sealed = regimes.sealed(regimes.REGIMES[name](seed), folder)
    found = recall(ArtifactStore(folder), sealed.document)
    labels = found.problem.labels
    assert isinstance(labels, CarryLabels)
    return found, sealed.document["decision"], labels


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_line_its_units_go_elsewhere_at_the_price_that_is_told(
    name: str, seed: int, tmp_path: Path
) -> None:
    """The other flow keeps every balance and bound, and costs more by what the line saves."""
    found, decision, labels = recalled(name, seed, tmp_path)
    network = found.problem.network
    for line, arc in lines_of(found, decision):
        other = without_arc(found.problem, labels, found.margins, arc)
        out = np.bincount(network.tail, other, network.node_count)
        into = np.bincount(network.head, other, network.node_count)
        assert (network.supply == out - into).all()
        beside = np.ones(network.arc_count, np.bool_)
        beside[other < found.flow] = False  # what is taken off a line may have been held there
        assert (network.lower <= other)[beside].all()
        assert (other <= network.capacity).all()
        moved = int(found.flow[arc] - other[arc])
        worth = worth_of(found.problem, found.margins, arc)
        if worth.elsewhere_units == moved == line["quantity_units"]:
            assert worth.saves_scaled == int(network.cost @ (other - found.flow)) >= 0


@pytest.mark.parametrize("name", ["plain", "coupled"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_shortage_with_a_line_is_the_plan_s_own(name: str, seed: int, tmp_path: Path) -> None:
    """What is told of a place and day is what the plan's own shortfalls say there."""
    found, decision, labels = recalled(name, seed, tmp_path)
    assert not isinstance(labels.curves, QuantileDemand)
    short = {(row["item"], row["location"], row["on"]): row["expected_short_millionths"]
             for row in decision["shortfalls"]}  # fmt: skip
    for _, arc in lines_of(found, decision):
        for change in changes_by(found.problem, labels, found.margins, arc)[0]:
            key = change.item, change.location, change.on.isoformat()
            assert short.get(key, 0) == change.with_millionths != change.without_millionths


def downstream() -> list[Any]:
    """Stock at a plant, nothing asked for at the hub, 4 units at the store two days later."""
    item, lot = Item("item", value_cents=500), Lot("lot", "item")
    places = [Location(name, country="XX") for name in ("plant", "hub", "store")]
    policies = [
        StockingPolicy("item", place, holding_cost_per_day_micros=MICROS // 10,
                       shortage_cost_per_day_micros=9 * MICROS)
        for place in ("plant", "hub", "store")
    ]  # fmt: skip
    lanes = [Lane(f"{here}-{there}", here, there, lead_time_days=1, cost_per_unit_micros=MICROS)
             for here, there in (("plant", "hub"), ("hub", "store"))]  # fmt: skip
    asked = [DemandOutcome("item", "store", MONDAY + timedelta(day), 4 * (day == 2), 1)
             for day in range(4)]  # fmt: skip
    stock = StockPosition("item", "plant", "lot", 6, total_units=6)
    return [item, lot, *places, *policies, *lanes, *asked, stock]


def test_stock_for_a_hub_names_the_store_behind_it(tmp_path: Path) -> None:
    """Nothing is asked for at the hub: the line waits for 4 units at the store on the third day.

    On the fourth they could be there, too, had they left a day later.
    """
    asked = regimes.Asked(snapshot_of(*downstream()), PlanRequest("random"))
    sealed = regimes.sealed(asked, tmp_path)
    (line,) = sealed.document["decision"]["lines"]
    assert ("plant", "hub", 4) == (line["origin"], line["destination"], line["quantity_units"])
    changes = why_line(ArtifactStore(tmp_path), sealed.document, 1).changes
    assert changes is not None
    expected = ("item", "store", MONDAY + timedelta(2), 0, 4 * MICROS)
    assert [expected] == [
        (each.item, each.location, each.on, each.with_millionths, each.without_millionths)
        for each in changes
    ]


def test_a_line_in_whole_lots_waits_as_others_do(tmp_path: Path) -> None:
    """Three widgets in any number, or in lots of three, wait for the south on the day they land.

    In any number they could follow a day later; lots are held, so without them two go by the dearer
    lane, and one is missing on the next day, too.
    """
    facts = two_hubs.snapshot()
    lots = table_of([TransferLot("widget", "truck-ns", 3)], "TransferLot")
    found = []
    for number, more in enumerate(({}, {"TransferLot": lots})):
        asked = regimes.Asked(Snapshot(1, {**facts.tables, **more}), PlanRequest("two_hubs"))
        folder = tmp_path / str(number)
        sealed = regimes.sealed(asked, folder)
        line = next(each for each in sealed.document["decision"]["lines"]
                    if each.get("lane") == "truck-ns")  # fmt: skip
        assert 3 == line["quantity_units"]
        found.append(why_line(ArtifactStore(folder), sealed.document, line["number"]))
    assert [(False, 3), (True, 3)] == [(each.in_lots, each.changed_units) for each in found]
    gains = [{(c.location, c.on.day) for c in each.changes or () if c.fewer_millionths > 0}
             for each in found]  # fmt: skip
    assert [{("south", 3)}, {("south", 3), ("south", 4)}] == gains
