"""Laws that hold for every chain, and the columns against plain loops over records."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from ontology.demand import DemandForecast, DemandObservation, PurchaseOrder, TransferOrder
from ontology.goods import Item
from ontology.partners import Offer
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, Shipment
from service.kpis.figures import kpis_of_facts
from service.kpis.value import Counted, Figure, rows_of
from tests.service.kpi_worlds import DAY, on, random_records, world

SEEDS = range(60)
MOVES = [
    Lane("l", "p0", "p1", cost_per_unit_micros=120_000, cost_per_line_cents=5, currency="EUR"),
    Offer("acme", "i0", "p0", 900_000, "EUR"),
    PurchaseOrder("b", "acme", "i0", "p0", 6, DAY),
    Shipment("s", "i1", "p1", 8, on(3), "p0", "l", None, on(1)),
    TransferOrder("t", "i2", "p0", "p2", 5, on(0), on(4)),
]
Value = Fraction | None
OF_A_HISTORY = ("cycle-service-level", "turns")
"""Figures that also take the first and last day of a history, whatever its rows state."""


def values(records: Sequence[Any]) -> dict[str, Value]:
    return {kpi.definition.id: kpi.value for kpi in kpis_of_facts(world(*records))}


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_agree_with_plain_loops(seed: int) -> None:
    """Every figure of demand and stock equals a loop over the records, written on its own."""
    records = random_records(seed)
    found = values(records)
    naive = {"fill-rate": loop_fill(records), "stockout-days": loop_stockouts(records),
             "cycle-service-level": loop_cycles(records), "turns": loop_turns(records),
             "days-of-cover": loop_cover(records),
             "carrying-cost": loop_carrying(records)}  # fmt: skip
    assert naive == {name: found[name] for name in naive}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_row_in_two_parts_changes_nothing(seed: int) -> None:
    """The same units in two rows give the same figures, whatever they are counted in."""
    records = [*random_records(seed), *MOVES]
    random = Random(seed)
    parted = [part for record in records for part in in_two(record, random)]
    assert values(records) == values(parted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_is_no_input(seed: int) -> None:
    """Shuffled rows give the same figures, and each figure the same rows behind it."""
    records = [*random_records(seed), *MOVES]
    shuffled = list(records)
    Random(seed).shuffle(shuffled)
    first, second = (kpis_of_facts(world(*rows)) for rows in (records, shuffled))
    for one, other in zip(first, second, strict=True):
        assert (one.value, one.row_count) == (other.value, other.row_count)
        assert sorted(rows_of(one, 0, 10**6)) == sorted(rows_of(other, 0, 10**6))


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_keep_within_their_bounds(seed: int) -> None:
    """Shares are within 0 and 100 %, nothing is below zero, and rows are facts of the chain."""
    snapshot = world(*random_records(seed), *MOVES)
    known = {f"{name}/{key}" for name, table in snapshot.tables.items() for key in table.keys}
    for kpi in kpis_of_facts(snapshot):
        rows = rows_of(kpi, 0, 10**6)
        assert (kpi.row_count, True) == (len(rows), set(rows) <= known)
        assert kpi.value is None or 0 <= kpi.value <= (100 if kpi.unit == "%" else 10**9)
        assert (kpi.value is None) == bool(kpi.reason) == (kpi.text == "")


@pytest.mark.parametrize("seed", SEEDS)
def test_left_out_rows_do_not_count(seed: int) -> None:
    """The rows behind a figure alone give the same figure: what was left out had no part in it."""
    snapshot = world(*random_records(seed), *MOVES)
    for kpi in kpis_of_facts(snapshot):
        if kpi.value is None or kpi.definition.id in OF_A_HISTORY:
            continue
        names = set(rows_of(kpi, 0, 10**6))
        kept = {part.name for part in kpi.used}
        tables = {
            name: table if name not in kept else table.take(np.flatnonzero(
                [f"{name}/{key}" in names for key in table.keys]))
            for name, table in snapshot.tables.items()
        }  # fmt: skip
        again = {k.definition.id: k for k in kpis_of_facts(replace(snapshot, tables=tables))}
        assert kpi.value == again[kpi.definition.id].value, kpi.definition.id


@pytest.mark.parametrize("seed", SEEDS)
def test_packs_of_ten_change_only_what_is_counted_in_units(seed: int) -> None:
    """Ten times the units everywhere: shares, days and turns stay, money and transfers grow."""
    records = [*random_records(seed), *MOVES]
    one, ten = values(records), values([by_ten(record) for record in records])
    for name, value in one.items():
        factor = 10 if name in ("carrying-cost", "transfers") else 1
        if name != "landed-cost":  # its cost a line does not grow with the units
            assert (None if value is None else factor * value) == ten[name], name


def test_large_numbers_are_exact() -> None:
    """Sums of units beyond int64 lose nothing."""
    most = 2**62
    records = [DemandObservation("a", f"p{n}", DAY, most, most - 1) for n in range(8)]
    figure: Figure = kpis_of_facts(world(*records))[0].figure
    assert isinstance(figure, Counted)
    assert (8 * (most - 1), 8 * most) == (figure.numerator, figure.denominator)


def in_two(record: Any, random: Random) -> list[Any]:
    """A record as two that say the same together."""
    if isinstance(record, DemandObservation):
        units, served = record.quantity_units, record.served_units
        cut = random.randrange(units + 1)
        cut_served = None if served is None else random.randrange(served + 1)
        rest = None if served is None else served - (cut_served or 0)
        return [replace(record, quantity_units=cut, served_units=cut_served),
                replace(record, quantity_units=units - cut, served_units=rest)]  # fmt: skip
    if isinstance(record, StockPosition):
        cut = random.randrange(record.on_hand_units + 1)
        empty = StockPosition(record.item, record.location, "L", cut)
        return [replace(record, on_hand_units=record.on_hand_units - cut), empty]
    if isinstance(record, PurchaseOrder | Shipment | TransferOrder):
        cut = random.randrange(record.quantity_units + 1)
        rest = replace(record, id="other", quantity_units=record.quantity_units - cut)
        return [replace(record, quantity_units=cut), rest]
    return [record]


def by_ten(record: Any) -> Any:
    """A record with ten times the units."""
    names = ("quantity_units", "served_units", "on_hand_units", "allocated_units",
             "reserved_units", "on_hold_units", "in_transit_units",
             "mean_per_day_millionths")  # fmt: skip
    known = {name: getattr(record, name, None) for name in names}
    return replace(record, **{name: 10 * n for name, n in known.items() if n is not None})


def days_of(records: Sequence[Any]) -> list[DemandObservation]:
    return [r for r in records if isinstance(r, DemandObservation) and r.served_units is not None]


def loop_fill(records: Sequence[Any]) -> Value:
    served = total = 0
    for day in days_of(records):
        served += min(day.served_units or 0, day.quantity_units)
        total += day.quantity_units
    return Fraction(100 * served, total) if total else None


def loop_stockouts(records: Sequence[Any]) -> Value:
    days = days_of(records)
    short = [day for day in days if (day.served_units or 0) < day.quantity_units]
    return Fraction(len(short)) if days else None


def loop_cycles(records: Sequence[Any]) -> Value:
    reviews = {(r.item, r.location): r.review_period_days or 7
               for r in records if isinstance(r, StockingPolicy)}  # fmt: skip
    by_pair = defaultdict(dict)
    for day in days_of(records):
        by_pair[day.item, day.location][day.on] = (day.served_units or 0) < day.quantity_units
    good = total = 0
    for pair, days in by_pair.items():
        review, first, last = reviews.get(pair, 7), min(days), max(days)
        start = 0
        while start + review <= (last - first).days + 1:
            inside = [short for on, short in days.items()
                      if start <= (on - first).days < start + review]  # fmt: skip
            good, total, start = good + (not any(inside)), total + 1, start + review
    return Fraction(100 * good, total) if total else None


def at_hand(r: StockPosition) -> int:
    return r.on_hand_units + r.allocated_units + r.reserved_units + r.on_hold_units


def loop_turns(records: Sequence[Any]) -> Value:
    value = {r.id: r.value_cents for r in records if isinstance(r, Item) and r.value_cents}
    days = days_of(records)
    held = sum(value.get(r.item, 0) * at_hand(r) for r in records if isinstance(r, StockPosition))
    if not days or not held:
        return None
    span = (max(d.on for d in days) - min(d.on for d in days)).days + 1
    served = sum(value.get(d.item, 0) * (d.served_units or 0) for d in days)
    return Fraction(365 * served, span * held)


def loop_cover(records: Sequence[Any]) -> Value:
    forecasts = [r for r in records if isinstance(r, DemandForecast)]
    observed = [r for r in records if isinstance(r, DemandObservation)]
    mean: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for r in forecasts:
        mean[r.item, r.location] += Fraction(r.mean_per_day_millionths, 10**6)
    if not forecasts and observed:
        span = (max(d.on for d in observed) - min(d.on for d in observed)).days + 1
        for d in observed:
            mean[d.item, d.location] += Fraction(d.quantity_units, span)
    positions = [r for r in records if isinstance(r, StockPosition)]
    free = sum(r.on_hand_units for r in positions if (r.item, r.location) in mean)
    return free / sum(mean.values()) if positions and sum(mean.values()) else None


def loop_carrying(records: Sequence[Any]) -> Value:
    cost = {(r.item, r.location): r.holding_cost_per_day_micros
            for r in records if isinstance(r, StockingPolicy)}  # fmt: skip
    positions = [r for r in records if isinstance(r, StockPosition)]
    kept = [r for r in positions if (r.item, r.location) in cost]
    micros = sum(cost[r.item, r.location] * at_hand(r) for r in kept)
    return Fraction(micros, 10**6) if kept else None
