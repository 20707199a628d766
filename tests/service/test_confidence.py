"""Confidence: each part by its stated formula, and the least of them counts."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, table_of
from ontology.demand import DemandForecast, DemandOutcome, DemandQuantile
from ontology.events import moment_of
from ontology.stock import StockPosition
from service.governing.confidence import (
    HOUR,
    Confidence,
    Part,
    data_age,
    flip_distance,
    gap,
    spread,
)
from service.stewardship.freshness import Clock, Heard
from tests.service.planned import Planned

DAY, FACT = date(2026, 3, 2), "StockPosition/widget/north/W1"
LINE = {"because": [FACT], "item": "widget", "destination": "north", "quantity_units": 3}


def facts(*rows: Any) -> Snapshot:
    """Facts of one class, said by the first event at the beginning of time."""
    name = type(rows[0]).__name__
    addresses = {name: np.array([(1, row) for row in range(len(rows))], np.int64)}
    clocks = {name: np.zeros((len(rows), 3), np.int64)}
    return Snapshot(1, {name: table_of(rows, name)}, addresses, clocks)


def clock(hours: int, budget: int | None, last_heard: int | None = None) -> Clock:
    """So many hours after the facts were true; the budget of the fact, or of a delivery."""
    last = {} if last_heard is None else {"wms": moment_of(last_heard * HOUR)}
    of_class = {} if budget is None or last else {("wms", "StockPosition"): budget}
    of_source = {"wms": budget} if budget is not None and last else {}
    return Clock(moment_of(hours * HOUR), Heard({1: "wms"}, last), of_class, of_source)


@pytest.mark.parametrize(
    ("hours", "budget", "heard", "expected"),
    [
        (0, 10, None, (1000, 0)),
        (5, 10, None, (750, 5)),
        (10, 10, None, (500, 10)),
        (20, 10, None, (0, 20)),
        (99, 10, None, (0, 99)),
        (3, 0, None, (0, 3)),
        (30, 10, 25, (750, 5)),  # held against the newest delivery of its source
        (5, None, None, (0, None)),  # nobody says how old it may be
    ],
)
def test_data_age(
    hours: int, budget: int | None, heard: int | None, expected: tuple[int, int | None]
) -> None:
    found = facts(StockPosition("widget", "north", "W1", 5, total_units=5))
    part, oldest = data_age([LINE], found, clock(hours, budget, heard))
    assert expected == (part.per_mille, oldest)


def forecast(percent: int) -> DemandForecast:
    return DemandForecast("widget", "north", "m", DAY, DAY, DAY, 1, percent)


def quantiles(*units: int) -> list[DemandQuantile]:
    chances = (100_000, 500_000, 900_000)
    return [DemandQuantile("widget", "north", DAY, DAY, chance, count, "m")
            for chance, count in zip(chances, units, strict=True)]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([forecast(0)], 1000),
        ([forecast(25)], 750),
        ([forecast(140)], 0),
        (quantiles(10, 20, 30), 500),
        (quantiles(0, 0, 4), 0),
        ([DemandOutcome("widget", "north", DAY, units, 1) for units in (8, 10, 12)], 800),
    ],
    ids=str,
)
def test_spread(rows: list[Any], expected: int) -> None:
    assert expected == spread({"regime": "risk", "lines": [LINE]}, facts(*rows)).per_mille


def test_firm_orders_have_no_spread_and_what_has_no_forecast_no_confidence() -> None:
    elsewhere = {**LINE, "destination": "south"}
    assert 1000 == spread({"regime": "orders", "lines": [LINE]}, facts(forecast(90))).per_mille
    assert 0 == spread({"regime": "risk", "lines": [elsewhere]}, facts(forecast(0))).per_mille
    assert None is spread({"regime": "risk", "lines": []}, facts(forecast(0))).per_mille


@pytest.mark.parametrize(
    ("open_gap", "cost", "expected"), [(0, -5, 1000), (1, 400, 750), (1, 100, 0), (9, 0, 0)]
)
def test_gap(open_gap: int, cost: int, expected: int) -> None:
    proof: Mapping[str, Any] = {"certificate": {"gap": open_gap, "cost": cost}}
    assert expected == gap(proof).per_mille


def test_flip_distance_is_of_lines_that_costs_chose(plan: Planned) -> None:
    """Three lines of the example; where nothing moves it says nothing."""
    store = ArtifactStore(plan.artifacts)
    found = flip_distance(store, plan.document)
    assert 1000 == found.per_mille
    idle = {**plan.document, "decision": {**plan.document["decision"], "lines": []}}
    assert None is flip_distance(store, idle).per_mille


def test_the_least_part_counts() -> None:
    parts = (Part("a", 900, ""), Part("b", 450, ""), Part("c", None, ""))
    found = Confidence(parts, None)
    assert (450, "low", "b") == (found.per_mille, found.label, found.weakest and found.weakest.name)
    assert ("high", "fair") == (
        Confidence(parts[:1], 0).label, Confidence((Part("a", 500, ""),), 0).label
    )  # fmt: skip
    assert (0, None) == (Confidence(parts[2:], None).per_mille, Confidence((), None).weakest)
