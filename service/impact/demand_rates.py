"""How much is asked for per day: forecast where one is stated, else the outcomes, else history."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.money import rounded
from service.impact.supply_network import IntArray
from solver.network.names import codes_of

MILLIONTHS = 1_000_000
HISTORY_DAYS = 28
"""So many days up to the last observation before the first day make the mean of history."""
BASES = ("", "DemandForecast", "DemandOutcome", "DemandObservation")


@dataclass(frozen=True)
class DemandRates:
    """Mean demand per day in millionths of a unit by place (row) and item (column).

    `basis` is the place in BASES of the class that states it; 0 where nothing does.
    """

    per_day: IntArray
    basis: IntArray


def first_day_of(snapshot: Snapshot) -> date:
    """The day that questions are about unless one is given: the first that demand is stated for.

    The latest forecast's, else the first with outcomes, else the one after the last observation.
    Raises InputError `DEMAND_UNKNOWN` where no demand is stated.
    """
    forecasts, outcomes = snapshot.table("DemandForecast"), snapshot.table("DemandOutcome")
    history = snapshot.table("DemandObservation")
    if len(forecasts):
        found: date = forecasts["starts_on"].max().astype(object)
    elif len(outcomes):
        found = outcomes["on"].min().astype(object)
    elif len(history):
        found = history["on"].max().astype(object) + timedelta(days=1)
    else:
        raise InputError(
            "the supply chain states no demand per item and location",
            hint="load DemandForecast, DemandOutcome or DemandObservation rows",
            code="DEMAND_UNKNOWN",
        )
    return found


def demand_rates(snapshot: Snapshot, places: list[str], items: list[str], on: date) -> DemandRates:
    """The mean demand per day of every place and item, rounded once to the millionth, half up.

    Outcomes: those from the day on, summed and shared among all days with any outcome. History:
    the 28 days up to the last observation before the day, or as many as there are.
    """
    per_day, basis = (np.zeros((len(places), len(items)), np.int64) for _ in range(2))
    for code, table in (
        (3, snapshot.table("DemandObservation")), (2, snapshot.table("DemandOutcome")),
        (1, snapshot.table("DemandForecast")),
    ):  # fmt: skip
        at, item = codes_of(table["location"], places), codes_of(table["item"], items)
        if code == 3:
            at, item, mean = _of_history(table, at, item, on)
        elif code == 2:
            at, item, mean = _of_outcomes(table, at, item, on)
        else:
            mean = table["mean_per_day_millionths"]
        per_day[at, item] = np.maximum(0, mean)
        basis[at, item] = code
    return DemandRates(per_day, basis)


def _of_history(
    table: Table, at: IntArray, item: IntArray, on: date
) -> tuple[IntArray, IntArray, IntArray]:
    past = np.flatnonzero(table["on"] < np.datetime64(on, "D"))
    if not len(past):
        return (np.zeros(0, np.int64),) * 3
    last, first = table["on"][past].max(), table["on"][past].min()
    days = min(HISTORY_DAYS, int((last - first).astype(np.int64)) + 1)
    recent = past[table["on"][past] > last - days]
    pairs, row = np.unique(np.column_stack([at, item])[recent], axis=0, return_inverse=True)
    units = np.zeros(len(pairs), np.int64)
    np.add.at(units, row.reshape(-1), table["quantity_units"][recent])
    mean = (2 * units * MILLIONTHS + days) // (2 * days)
    return pairs[:, 0], pairs[:, 1], mean


def _of_outcomes(
    table: Table, at: IntArray, item: IntArray, on: date
) -> tuple[IntArray, IntArray, IntArray]:
    days: dict[tuple[int, int], dict[date, tuple[int, int]]] = {}
    rows = zip(at.tolist(), item.tolist(), table["on"].tolist(),
               table["quantity_units"].tolist(), table["weight"].tolist(), strict=True)  # fmt: skip
    for place, good, day, units, weight in rows:
        if day >= on:
            of_pair = days.setdefault((place, good), {})
            total, weights = of_pair.get(day, (0, 0))
            of_pair[day] = (total + units * weight, weights + weight)
    length = len({day for of_pair in days.values() for day in of_pair})
    mean = [
        rounded(sum((Fraction(total, weights) for total, weights in of_pair.values() if weights),
                    Fraction(0)) * MILLIONTHS / length)
        for of_pair in days.values()
    ]  # fmt: skip
    keys = np.array(list(days), np.int64).reshape(-1, 2)
    return keys[:, 0], keys[:, 1], np.array(mean, np.int64)
