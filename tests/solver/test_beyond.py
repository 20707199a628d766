"""Lanes that a forecast is too short for: named with the cure, and only those."""

from typing import Any

import pytest

from ontology.columns import Snapshot, record_at, table_of
from ontology.places import Calendar, Location
from ontology.transport import Lane
from rules.release import default_release
from service.decision import PlanRequest
from service.planning import draft_plan
from solver.model.beyond import lanes_beyond, remarks
from solver.model.movements import Window, candidates, window_of
from tests.solver.forecasts import LOCAL, random_forecast
from tests.solver.planning import MONDAY


def with_records(snapshot: Snapshot, *records: Any) -> Snapshot:
    """The snapshot with some facts more, or other facts of the same key."""
    tables = dict(snapshot.tables)
    for record in records:
        name = type(record).__name__
        table = snapshot.table(name) if name not in tables else tables[name]
        rows = [record_at(table, row) for row in range(len(table))]
        kept = [row for row in rows if getattr(row, "id", None) != record.id]
        tables[name] = table_of([*kept, record], name).sorted()
    return Snapshot(1, tables)


def slow(days: int, **more: Any) -> Lane:
    return Lane("ship", "hub", "south", lead_time_days=days, **more)


def beyond(snapshot: Snapshot) -> dict[str, int]:
    return lanes_beyond(snapshot, window_of(snapshot))


@pytest.mark.parametrize(("days", "late"), [(LOCAL - 1, {}), (LOCAL, {"ship": LOCAL})])
def test_a_lane_is_named_where_no_movement_goes_over_it(days: int, late: dict[str, int]) -> None:
    """A lane is beyond the forecast exactly where no first movement of any lot goes over it."""
    used = set()
    for seed in range(6):
        snapshot = with_records(random_forecast(seed), slow(days))
        assert late == beyond(snapshot)
        used.update(candidates(snapshot, window_of(snapshot))["lane"].tolist())
    assert ("ship" in used) == (not late)


def test_the_day_on_which_a_place_receives_counts() -> None:
    """A quick lane to a place that works on Sundays alone is beyond a forecast of four days."""
    snapshot = with_records(random_forecast(3), slow(1), Calendar("sundays", ("sunday",)),
                            Location("south", country="XX", calendar="sundays"))  # fmt: skip
    assert "ship" not in beyond(with_records(random_forecast(3), slow(1)))
    found = beyond(snapshot)
    assert 6 == found["ship"]
    assert {"hub-south", "north-south", "ship"} == found.keys()


@pytest.mark.parametrize(
    "lane",
    [
        slow(30, status="closed"),
        Lane("ship", "hub", "nowhere", lead_time_days=30),
        Lane("ship", "nowhere", "hub", lead_time_days=30),
    ],
)
def test_a_lane_of_no_use_is_not_named(lane: Lane) -> None:
    """A closed lane, and one whose ends deal in nothing alike, is no loss to the plan."""
    assert {} == beyond(with_records(random_forecast(3), lane))


def test_a_lane_that_is_never_received_is_not_named() -> None:
    """No forecast is long enough for a place that never works: there is no such cure."""
    never = with_records(random_forecast(3), slow(1), Calendar("never"),
                         Location("south", country="XX", calendar="never"))  # fmt: skip
    assert {} == beyond(never)


def test_stated_demand_has_the_days_that_it_states() -> None:
    """Where demand is stated day by day no forecast is made, and none is asked for."""
    snapshot = with_records(random_forecast(3), slow(30))
    assert [] == remarks(snapshot, Window("risk", MONDAY, LOCAL))


def test_the_remark_says_what_and_how_to_cure_it() -> None:
    """The plan says how many lanes it could not use, and a forecast of the days named is enough."""
    snapshot = with_records(random_forecast(3), slow(9))
    decision = draft_plan(snapshot, default_release(), PlanRequest("random")).decision
    assert [{
        "code": "LANES_BEYOND_FORECAST", "lanes": 1, "days": 12,
        "what": "1 lane takes longer than the 4 days that demand is forecast for at a place: "
                "nothing can be sent that way",
        "hint": "run `evenkeel forecast --days 12`, then plan again",
    }] == decision["remarks"]  # fmt: skip
    longer = Window("risk", window_of(snapshot).starts_on, 12, 3)
    assert [] == remarks(snapshot, longer)
    assert "ship" in candidates(snapshot, longer)["lane"].tolist()


def test_a_plan_that_can_use_every_lane_has_no_remark() -> None:
    """What has nothing to remark states nothing, as before there were remarks."""
    draft = draft_plan(random_forecast(3), default_release(), PlanRequest("random"))
    assert "remarks" not in draft.decision
