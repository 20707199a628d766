"""Forecast demand in columns: quantiles as one discrete distribution per place and day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ontology.columns import Column, Snapshot, Table
from ontology.errors import InputError
from ontology.terms import join_key
from solver.model.movements import Window
from solver.model.risk import Curve, owed_before
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_of
from solver.network.scaling import SAFE_TOTAL, exact_products, half_up_columns, largest

MOST_UNITS = 10**12
"""So many units times TOTAL still fit 64 bits."""

TOTAL = 2_000_000
"""Weights count half millionths: the mass between two levels is split at their mean."""


@dataclass(frozen=True)
class QuantileDemand:
    """Cumulative demand D of every row (a pair, or an item's pool) and day.

    P(D = units[r, t, j]) = weights[j] / TOTAL; units are int64 of shape (rows, days, levels + 1),
    ascending along the last axis. Between two neighbouring quantiles P(D >= k) is one minus the
    mean of their probabilities; nothing is above the last one. Below 100, `worst_percent` is the
    share of outcomes, from the highest down, that shortage is priced by.
    """

    units: IntArray
    weights: IntArray
    _curves: dict[int, list[Curve]] = field(default_factory=dict, compare=False)
    worst_percent: int = 100

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.units)

    def __iter__(self) -> Iterator[list[Curve]]:
        """The distributions of every row."""
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, row: int) -> list[Curve]:
        """The distributions of one row, day by day."""
        if row < 0 or row >= len(self):
            raise IndexError(row)
        if row not in self._curves:
            self._curves[row] = [self._curve(day) for day in self.units[row]]
        return self._curves[row]

    def short(self, levels: IntArray) -> IntArray:
        """E[(D - S)+] x TOTAL for stock S of shape (rows, days)."""
        above = np.maximum(0, self.units - levels[:, :, None])
        found: IntArray = above @ self.weights
        return found

    def expected(self) -> IntArray:
        """E[D] x TOTAL of shape (rows, days)."""
        found: IntArray = self.units @ self.weights
        return found

    def exceeds(self, levels: IntArray) -> IntArray:
        """P(D > S) x TOTAL for stock S of shape (rows, days)."""
        found: IntArray = (self.units > levels[:, :, None]) @ self.weights
        return found

    def carry_rows(self, holding: IntArray, shortage: IntArray) -> IntArray:
        """Row, day, first unit, last unit (-1: no end) and cost of every carry arc, in that order.

        The cost of the k-th unit kept is holding - (holding + shortage) P(D >= k), in micros,
        rounded once, half up; holding and shortage are per row, and a unit and day. For the worst
        x % it is holding - holding P(D >= k) - shortage min(1, P(D >= k) 100 / x).
        """
        rows, days, _ = self.units.shape
        tails = TOTAL - np.concatenate([[0], np.cumsum(self.weights)])
        kept, short = holding[:, None], (holding + shortage)[:, None]
        if largest(short) * TOTAL >= SAFE_TOTAL // 2:  # then in Python integers
            kept, short = kept.astype(object), short.astype(object)
        cost = half_up_columns(kept * TOTAL - short * tails[None, :], TOTAL)
        if self.worst_percent < 100:
            cost = self._worst_costs(tails, holding, shortage)
        first = np.concatenate([np.zeros((rows, days, 1), np.int64), self.units], axis=2) + 1
        last = np.concatenate([self.units, np.full((rows, days, 1), -1)], axis=2)
        there = (last >= first) | (last == -1)
        row, day, part = np.nonzero(there)
        return np.stack([row, day, first[there], last[there], cost[row, part]], axis=1)

    def _worst_costs(self, tails: IntArray, holding: IntArray, shortage: IntArray) -> IntArray:
        worst = self.worst_percent * (TOTAL // 100)
        missed = np.minimum(tails, worst)[None, :].astype(object) * shortage[:, None] * 100
        kept = (TOTAL - tails)[None, :].astype(object) * holding[:, None] * self.worst_percent
        return half_up_columns(kept - missed, TOTAL * self.worst_percent)

    @property
    def worst_weights(self) -> IntArray:
        """The mass of each value among the worst outcomes: it sums to worst_percent of TOTAL."""
        left = self.worst_percent * (TOTAL // 100)
        above = np.cumsum(self.weights[::-1])[::-1] - self.weights
        found: IntArray = np.clip(left - above, 0, self.weights)
        return found

    def quantile(self, row: int, day: int, percent: int) -> int:
        """The least stated units that demand stays at or below with that probability or more."""
        upto = np.cumsum(self.weights)
        place = int(np.searchsorted(upto, min(TOTAL, TOTAL // 100 * percent)))
        return int(self.units[row, day, min(place, len(upto) - 1)])

    def _curve(self, units: IntArray) -> Curve:
        values, place = np.unique(units, return_inverse=True)
        weights = np.bincount(place, weights=self.weights).astype(np.int64)
        return Curve(tuple(values.tolist()), tuple(weights.tolist()), TOTAL)


def local_demand(
    snapshot: Snapshot, window: Window, pairs: Sequence[tuple[str, str]]
) -> QuantileDemand:
    """Forecast demand of each pair on each local day, what is owed included.

    A pair without forecast asks for no more than it is owed. Raises InputError `BAD_FORECAST`.
    """
    table = snapshot.table("DemandQuantile")
    table = table.take(np.flatnonzero(table["starts_on"] == window.first))
    place = {pair: row for row, pair in enumerate(pairs)}
    keys = zip(table["item"], table["location"], strict=True)
    row = np.array([place.get(key, ABSENT) for key in keys], np.int64)
    found = _dense(table, row, window, len(pairs), np.arange(window.periods))
    owed = owed_before(snapshot, pairs)
    return QuantileDemand(found.units + owed[:, None, None], found.weights)


def pooled_demand(snapshot: Snapshot, window: Window, items: Sequence[str]) -> QuantileDemand:
    """Forecast demand of the whole chain for each item, on every day of the window and beyond.

    What is owed anywhere is included. Raises InputError `BAD_FORECAST`.
    """
    table = snapshot.table("PooledDemandQuantile")
    table = table.take(np.flatnonzero(table["starts_on"] == window.first))
    days = np.arange(window.periods + window.far_periods)
    found = _dense(table, codes_of(table["item"], items), window, len(items), days)
    backlog = snapshot.table("Backlog")
    owed = np.zeros(len(items), np.int64)
    at = codes_of(backlog["item"], items)
    np.add.at(owed, at[at != ABSENT], np.maximum(0, backlog["quantity_units"][at != ABSENT]))
    return QuantileDemand(found.units + owed[:, None, None], found.weights)


def with_imbalance(
    pooled: QuantileDemand, local: QuantileDemand, item_of_row: IntArray, reach_days: int
) -> QuantileDemand:
    """Pooled demand, spread as far as stock must be that sits in the wrong place for a while.

    The chain acts as one stock only as far as moves can even it out, which takes `reach_days`.
    Eppen and Schrage (1981): variance(t) = variance of the chain's demand up to t - reach + (sum
    of the places' deviations over the reach) squared. Deviations are read off the span between
    the levels next to 15 and 85 %, whose factor cancels; quantiles move away from the middle one
    in proportion, and never nearer to it. The root is rounded down, and so are the quantiles.
    """
    low, middle, high = _marks(pooled.weights)
    reach = min(reach_days, local.units.shape[1])
    if reach < 1:
        return pooled
    spread = local.units[:, reach - 1, high] - local.units[:, reach - 1, low]
    apart = np.zeros(len(pooled), np.int64)
    np.add.at(apart, item_of_row, spread)
    span = pooled.units[:, :, high] - pooled.units[:, :, low]
    before = np.concatenate([np.zeros((len(pooled), reach), np.int64), span], axis=1)
    wanted = np.hypot(before[:, : span.shape[1]].astype(np.float64), apart[:, None])
    wider = np.maximum(span, np.floor(wanted).astype(np.int64))[:, :, None]
    centre = pooled.units[:, :, middle][:, :, None]
    shifted = exact_products(pooled.units - centre, wider) // np.maximum(1, span)[:, :, None]
    moved = shifted.astype(np.int64)
    units = np.where(span[:, :, None] > 0, np.maximum(0, centre + moved), pooled.units)
    units[:, :, 0] = pooled.units[:, :, 0]
    return QuantileDemand(np.maximum.accumulate(units, axis=2), pooled.weights)


def _marks(weights: IntArray) -> tuple[int, int, int]:
    """Where the levels next to 15, 50 and 85 % stand among the units."""
    levels = [0]
    for both in np.cumsum(weights)[:-1].tolist():  # two neighbouring levels, per million each
        levels.append(both - levels[-1])
    place = {p: min(range(1, len(levels)), key=lambda j: abs(levels[j] - p * 10_000))
             for p in (15, 50, 85)}  # fmt: skip
    return place[15], place[50], place[85]


def _dense(
    table: Table, row: IntArray, window: Window, rows: int, days: IntArray
) -> QuantileDemand:
    levels = np.unique(table["probability_per_million"])
    if not len(levels) or levels[0] <= 0 or levels[-1] >= 1_000_000:
        raise _bad_forecast("it has a probability that is not between 0 and 1,000,000 per million")
    day, level = window.day_of(table["on"]), np.searchsorted(
        levels, table["probability_per_million"]
    )  # fmt: skip
    if len(table) and int(table["quantity_units"].max()) > MOST_UNITS:
        raise InputError(f"a forecast says more than {MOST_UNITS:,} units", code="DEMAND_SIZE",
                         hint="count the item in a coarser unit")  # fmt: skip
    if np.any(row == ABSENT):
        raise _bad_forecast(_named(table, int(np.argmin(row))) + " has no DemandForecast row")
    inside = (day >= 0) & (day < len(days))
    units = np.full((rows, len(days), len(levels) + 1), -1, np.int64)
    units[:, :, 0] = 0
    units[row[inside], day[inside], level[inside] + 1] = table["quantity_units"][inside]
    stated = (units[:, :, 1:] >= 0).any(axis=(1, 2))
    units[~stated] = 0
    if np.any(units < 0) or np.any(np.diff(units, axis=2) < 0):
        bad = int(np.flatnonzero((units < 0).any((1, 2)) | (np.diff(units) < 0).any((1, 2)))[0])
        where = np.flatnonzero(row == bad)
        raise _bad_forecast(
            _named(table, int(where[0])) + " lacks a day or a level, or falls from level to level"
        )
    return QuantileDemand(units, _weights(levels))


def _weights(levels: Column) -> IntArray:
    """Mass of 0 and of each quantile: tail j is 2 - p(j-1) - p(j), nothing beyond the last."""
    before = np.concatenate([[0], levels[:-1]])
    tails = np.concatenate([[TOTAL], TOTAL - before - levels, [0]])
    weights: IntArray = tails[:-1] - tails[1:]
    return weights


def _named(table: Table, row: int) -> str:
    names = [table[name][row] for name in ("item", "location") if name in table.columns]
    return f"the forecast of `{join_key(names)}`"


def _bad_forecast(what: str) -> InputError:
    return InputError(what, hint="make the forecast anew: `evenkeel forecast`",
                      code="BAD_FORECAST")  # fmt: skip


def as_units(amount: int) -> Fraction:
    """A number of half millionths as units."""
    return Fraction(amount, TOTAL)
