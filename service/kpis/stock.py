"""Figures of what lies where: turns, days of cover, carrying cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from service.kpis.demand import Pair, mean_demand, observed_days
from service.kpis.money import Pricing, item_values
from service.kpis.value import Figure, Lacking, Used, counted

YEAR_DAYS = 365
NO_STOCK = "there is no StockPosition"
_AT_HAND = ("on_hand_units", "allocated_units", "reserved_units", "on_hold_units")


@dataclass(frozen=True)
class Stock:
    """Rows of units by item and location: free, and at hand in all buckets but in transit.

    The first rows are those of `table`; `lines` are the numbers of the lines behind the others.
    """

    items: list[str]
    locations: list[str]
    free: list[int]
    at_hand: list[int]
    table: Table
    lines: list[int]

    @property
    def pairs(self) -> list[Pair]:
        """Item and location of each row."""
        return list(zip(self.items, self.locations, strict=True))

    def used(self, known: list[bool]) -> tuple[Used, ...]:
        """The positions, and the lines, of the rows that are known."""
        size = len(self.table)
        rows = np.flatnonzero(np.array(known[:size], np.bool_))
        lines = {line for line, is_known in zip(self.lines, known[size:], strict=True) if is_known}
        found = (Used("StockPosition", rows, self.table),)
        return (*found, Used("line", np.array(sorted(lines), np.int64))) if lines else found


def stock_now(snapshot: Snapshot) -> Stock:
    """The stock that the facts state."""
    table = snapshot.table("StockPosition")
    parts = zip(*(table[bucket].tolist() for bucket in _AT_HAND), strict=True)
    return Stock(
        table["item"].tolist(), table["location"].tolist(), table["on_hand_units"].tolist(),
        [sum(row) for row in parts], table, [],
    )  # fmt: skip


def stock_after(snapshot: Snapshot, lines: Sequence[Mapping[str, Any]]) -> Stock:
    """The stock once a plan's transfers and purchases have arrived, before any demand."""
    now = stock_now(snapshot)
    changes: list[tuple[str, str, int, int]] = []
    for line in lines:
        if line["kind"] not in ("transfer", "purchase"):
            continue
        number, item, units = int(line["number"]), line["item"], int(line["quantity_units"])
        changes.append((item, line["destination"], units, number))
        if line.get("origin"):
            changes.append((item, line["origin"], -units, number))
    units_changed = [units for _, _, units, _ in changes]
    return Stock(
        now.items + [item for item, _, _, _ in changes],
        now.locations + [location for _, location, _, _ in changes],
        now.free + units_changed, now.at_hand + units_changed,
        now.table, [number for _, _, _, number in changes],
    )  # fmt: skip


def turns(snapshot: Snapshot, stock: Stock, pricing: Pricing) -> Figure:
    """Value served in a year over value of the stock."""
    days, value = observed_days(snapshot), item_values(snapshot, pricing)
    if days is None:
        return Lacking("no DemandObservation states its served units")
    if not value:
        return Lacking("no Item states a value")
    worths = [value.get(pair[0]) for pair in days.pairs]
    units_served = np.zeros(len(days.pairs), np.int64)
    np.add.at(units_served, days.pair, days.served)
    by_pair = zip(worths, units_served.tolist(), strict=True)
    served = sum(((worth or 0) * units for worth, units in by_pair), Fraction(0))
    span = int(days.on.max() - days.on.min()) + 1
    rows = zip(stock.items, stock.at_hand, strict=True)
    held = sum((value.get(item, 0) * units for item, units in rows), Fraction(0))
    valued = np.array([worth is not None for worth in worths], np.bool_)[days.pair]
    known = [item in value for item in stock.items]
    return counted(
        YEAR_DAYS * served, span * held, *stock.used(known), days.used(valued),
        *pricing.used(),
        left_out=days.left_out + int((~valued).sum()) + known.count(False),
        nothing=NO_STOCK if not stock.items else "no stock of value is at hand",
    )  # fmt: skip


def days_of_cover(snapshot: Snapshot, stock: Stock) -> Figure:
    """Free units over the mean units asked for a day, of pairs that have a mean."""
    mean = mean_demand(snapshot)
    if mean is None:
        return Lacking("there is no DemandForecast, DemandOutcome or DemandObservation")
    if not stock.items:
        return Lacking(NO_STOCK)
    known = [pair in mean.per_day for pair in stock.pairs]
    free = sum(units for units, is_known in zip(stock.free, known, strict=True) if is_known)
    table = snapshot.table(mean.source)
    return counted(
        free, sum(mean.per_day.values(), Fraction(0)), *stock.used(known),
        Used(mean.source, np.arange(len(table)), table),
        left_out=known.count(False), nothing="nothing is asked for on a mean day",
    )  # fmt: skip


def carrying_cost(snapshot: Snapshot, stock: Stock, pricing: Pricing) -> Figure:
    """What the stock at hand costs to hold for a day."""
    policies = snapshot.table("StockingPolicy")
    if not len(policies):
        return Lacking("there is no StockingPolicy, which states the holding cost")
    if not stock.items:
        return Lacking(NO_STOCK)
    pairs: list[Pair] = list(zip(policies["item"], policies["location"], strict=True))
    held = set(stock.pairs)
    rows = np.array([row for row, pair in enumerate(pairs) if pair in held], np.int64)
    if not len(rows):
        return Lacking("no StockPosition has a StockingPolicy, which states the holding cost")
    kept = policies.take(rows)
    costs = pricing.micros(kept["holding_cost_per_day_micros"], kept["currency"])
    cost = dict(zip((pairs[row] for row in rows), costs, strict=True))
    known = [pair in cost for pair in stock.pairs]
    units = zip(stock.pairs, stock.at_hand, strict=True)
    return counted(
        sum((cost.get(pair, 0) * count for pair, count in units), Fraction(0)), 1,
        *stock.used(known), Used("StockingPolicy", rows, policies), *pricing.used(),
        left_out=known.count(False), nothing="", currency=pricing.currency,
    )  # fmt: skip
