"""Figures of what was asked for and served: fill, cycle service, stockout days, mean demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Column, Snapshot, Table
from service.kpis.value import Figure, Lacking, Rows, Used, counted

WEEK = 7
MILLION = 10**6
NOT_SERVED = "no DemandObservation states its served units"
Pair = tuple[str, ...]
BoolRows = npt.NDArray[np.bool_]


def exact_sum(column: Rows) -> int:
    """The sum of a column of integers, which may pass an int64."""
    return sum(column.tolist())


def codes(*columns: Column) -> tuple[Rows, list[tuple[str, ...]]]:
    """Per row the number of its combination of names, and the combinations in order."""
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    names = sorted(set(rows))
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[row] for row in rows], np.int64), names


@dataclass(frozen=True)
class ObservedDays:
    """One row per item, location and day: asked and served units, and where each stands.

    `pair` are numbers of `pairs`, `on` days since 1970, `day` per row of `rows` its day.
    """

    pairs: list[Pair]
    pair: Rows
    on: Rows
    asked: Rows
    served: Rows
    table: Table
    rows: Rows
    day: Rows
    left_out: int

    @property
    def short(self) -> BoolRows:
        """Which days left something unserved."""
        return self.served < self.asked

    def used(self, days: BoolRows | None = None) -> Used:
        """The rows behind all or some days."""
        rows = self.rows if days is None else self.rows[days[self.day]]
        return Used("DemandObservation", rows, self.table)


def observed_days(snapshot: Snapshot) -> ObservedDays | None:
    """The observed days that state what was served; None where there are none."""
    table = snapshot.table("DemandObservation")
    rows = np.flatnonzero(table["served_units"] != MISSING)
    if not len(rows):
        return None
    of_row, pairs = codes(table["item"][rows], table["location"][rows])
    on = table["on"][rows].astype(np.int64)
    begin, span = int(on.min()), int(on.max() - on.min()) + 1
    keys, day = np.unique(of_row * span + (on - begin), return_inverse=True)
    asked, served = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    np.add.at(asked, day, table["quantity_units"][rows])
    np.add.at(served, day, table["served_units"][rows])
    return ObservedDays(
        pairs, keys // span, begin + keys % span, asked, served, table, rows, day,
        len(table) - len(rows),
    )  # fmt: skip


def fill_rate(snapshot: Snapshot) -> Figure:
    """Units served over units asked for, day by day at most what was asked for."""
    days = observed_days(snapshot)
    if days is None:
        return Lacking(NOT_SERVED)
    served = exact_sum(np.minimum(days.served, days.asked))
    return counted(served, exact_sum(days.asked), days.used(), left_out=days.left_out,
                   nothing="nothing was asked for")  # fmt: skip


def cycle_service_level(snapshot: Snapshot) -> Figure:
    """Whole review cycles without an unserved unit, over all whole cycles."""
    days = observed_days(snapshot)
    if days is None:
        return Lacking(NOT_SERVED)
    review = review_days(snapshot, days.pairs)
    first = np.full(len(days.pairs), np.iinfo(np.int64).max)
    last = np.full(len(days.pairs), np.iinfo(np.int64).min)
    np.minimum.at(first, days.pair, days.on)
    np.maximum.at(last, days.pair, days.on)
    whole = (last - first + 1) // review
    cycle = (days.on - first[days.pair]) // review[days.pair]
    inside = cycle < whole[days.pair]
    bad = days.short & inside
    broken = len(set(zip(days.pair[bad].tolist(), cycle[bad].tolist(), strict=True)))
    total = exact_sum(whole)
    return counted(total - broken, total, days.used(inside), left_out=days.left_out,
                   nothing="no DemandObservation spans a whole review cycle")  # fmt: skip


def review_days(snapshot: Snapshot, pairs: list[Pair]) -> Rows:
    """The review period of each pair, a week where no StockingPolicy states one."""
    policies = snapshot.table("StockingPolicy")
    stated = {
        (item, location): days
        for item, location, days in zip(
            policies["item"], policies["location"], policies["review_period_days"].tolist(),
            strict=True,
        )
        if days > 0
    }  # fmt: skip
    return np.array([stated.get((pair[0], pair[1]), WEEK) for pair in pairs], np.int64)


def stockout_days(snapshot: Snapshot) -> Figure:
    """How many days, per item and location, left something unserved."""
    days = observed_days(snapshot)
    if days is None:
        return Lacking(NOT_SERVED)
    return counted(int(days.short.sum()), 1, days.used(days.short), left_out=days.left_out,
                   nothing="")  # fmt: skip


@dataclass(frozen=True)
class MeanDemand:
    """Mean units asked for a day, per item and location, and the class of facts it comes from."""

    source: str
    per_day: Mapping[Pair, Fraction]


def mean_demand(snapshot: Snapshot) -> MeanDemand | None:
    """Of the forecast, else of stated outcomes, else of all days observed; None without any.

    Outcomes: the sum of the days' means over the stated days of the chain. Observations: the sum
    over the days from the chain's first to its last.
    """
    forecasts = snapshot.table("DemandForecast")
    if len(forecasts):
        pairs = zip(forecasts["item"], forecasts["location"], strict=True)
        millionths = forecasts["mean_per_day_millionths"].tolist()
        return MeanDemand("DemandForecast", {
            pair: Fraction(mean, MILLION) for pair, mean in zip(pairs, millionths, strict=True)
        })  # fmt: skip
    outcomes = snapshot.table("DemandOutcome")
    if len(outcomes):
        return _mean_of(outcomes, _mean_of_days(outcomes))
    observed = snapshot.table("DemandObservation")
    if not len(observed):
        return None
    of_row, pairs_seen = codes(observed["item"], observed["location"])
    units = np.zeros(len(pairs_seen), np.int64)
    np.add.at(units, of_row, observed["quantity_units"])
    totals = dict(zip(pairs_seen, map(Fraction, units.tolist()), strict=True))
    return _mean_of(observed, totals)


def _mean_of(table: Table, totals: Mapping[Pair, Fraction]) -> MeanDemand:
    days = int((table["on"].max() - table["on"].min()).astype(np.int64)) + 1
    return MeanDemand(table.name, {pair: total / days for pair, total in totals.items()})


def _mean_of_days(outcomes: Table) -> dict[Pair, Fraction]:
    """Per pair the sum over its days of the mean of the stated outcomes."""
    weights: dict[tuple[Pair, int], list[int]] = {}
    columns = (outcomes["item"], outcomes["location"], outcomes["on"].astype(np.int64).tolist(),
               outcomes["quantity_units"].tolist(), outcomes["weight"].tolist())  # fmt: skip
    for item, location, on, units, weight in zip(*columns, strict=True):
        sums = weights.setdefault(((item, location), on), [0, 0])
        sums[0] += units * weight
        sums[1] += weight
    totals: dict[Pair, Fraction] = {}
    for (pair, _), (units, weight) in weights.items():
        totals[pair] = totals.get(pair, Fraction(0)) + (Fraction(units, weight) if weight else 0)
    return totals
