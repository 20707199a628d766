"""The regional example's history has the shapes that a forecast is meant to find."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from ontology.columns import Column, Table

Tables = Mapping[str, Table]


def test_history_ends_the_day_before_the_first_day(tables: Tables) -> None:
    """Days run up to 1 March 2026; no row says that nothing was asked for, or more was served."""
    asked = tables["DemandObservation"]
    assert np.datetime64("2026-03-01") == asked["on"].max()
    assert asked["quantity_units"].min() >= 1
    assert ((asked["served_units"] >= 0) & (asked["served_units"] <= asked["quantity_units"])).all()
    assert 0.9 < asked["served_units"].sum() / asked["quantity_units"].sum() < 1.0


@pytest.mark.parametrize(
    ("places", "best", "worst"),
    [
        (("dc-vienna", "store-paris", "store-madrid"), 0, 6),  # hospitals: Monday, least on Sunday
        (("store-rome", "dc-barcelona", "store-lisbon"), 5, 6),  # the south shops on Saturday
        (("store-prague", "store-budapest", "store-london"), 4, 6),  # the east on Friday
    ],
)
def test_each_zone_has_its_week(
    shipped: Tables, places: tuple[str, ...], best: int, worst: int
) -> None:
    """Summed over a year, demand peaks on the weekday of the place's season."""
    asked = shipped["DemandObservation"]
    here = np.isin(asked["location"].astype(str), places)
    by_day = np.bincount(weekdays(asked["on"][here]), asked["quantity_units"][here], 7)
    assert (best, worst) == (int(by_day.argmax()), int(by_day.argmin()))
    assert by_day[best] > 1.15 * by_day.mean()


def test_nobody_asks_where_it_is_closed(shipped: Tables) -> None:
    """No demand on Sundays in Germany, nor on the holidays of the place's own calendar."""
    asked, places, off = (
        shipped[n] for n in ("DemandObservation", "Location", "CalendarException")
    )
    calendar = dict(zip(places["id"], places["calendar"], strict=True))
    closed = set(zip(off["calendar"].tolist(), off["on"].tolist(), strict=True))
    rows = zip(asked["location"].tolist(), asked["on"].tolist(), strict=True)
    assert not any((calendar[place], day) in closed for place, day in rows)
    berlin = asked["on"][asked["location"] == "store-berlin"]
    assert {0, 1, 2, 3, 4, 5} == set(weekdays(berlin).tolist())


def test_some_items_sell_intermittently(shipped: Tables) -> None:
    """A tenth to a half of the pairs ask on fewer than half of the days, most on most."""
    days = np.array(list(days_with_demand(shipped).values()))
    assert 0.1 < (days < 180).mean() < 0.5
    assert (days > 250).mean() > 0.4


def test_promotions_lift_demand(shipped: Tables) -> None:
    """In some weeks a family sells half as much again in a region as in its median week."""
    asked = shipped["DemandObservation"]
    chosen = (asked["item"].astype("U5") == "wound") & np.isin(
        asked["location"].astype(str), ["store-rome", "store-madrid", "dc-barcelona"]
    )
    week = (asked["on"][chosen] - np.datetime64("2025-03-03")).astype(int) // 7
    units = np.bincount(week[week >= 0], asked["quantity_units"][chosen][week >= 0])
    assert units.max() > 1.3 * np.median(units)


def test_new_items_begin_late(shipped: Tables) -> None:
    """A few items came to market during the year: their first demand lies weeks after the rest."""
    asked = shipped["DemandObservation"]
    first: dict[str, np.datetime64] = {}
    for item, on in zip(asked["item"].tolist(), asked["on"], strict=True):
        first[item] = min(on, first.get(item, on))
    late = sum(on > np.datetime64("2025-05-01") for on in first.values())
    assert 5 <= late <= 30


def weekdays(days: Column) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = (days.astype(np.int64) + 3) % 7
    return found


def days_with_demand(tables: Tables) -> dict[tuple[str, str], int]:
    asked = tables["DemandObservation"]
    found: dict[tuple[str, str], int] = {}
    for pair in zip(asked["item"].tolist(), asked["location"].tolist(), strict=True):
        found[pair] = found.get(pair, 0) + 1
    return found
