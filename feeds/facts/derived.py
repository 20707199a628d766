"""Facts that follow from loaded ones: how long deliveries took, and stock from its flows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from feeds.mapping import DeriveRule
from ontology.columns import Table, table_of
from ontology.deliveries import LatenessOutcome
from ontology.stock import StockMovement, StockPosition
from ontology.terms import join_key
from ontology.transport import LeadTimeOutcome

BASIS = "derived from flows"
"""What a stock position says of itself where nobody counted it."""


@dataclass(slots=True)
class Derived:
    """New rows by class, and counts that say what they rest on and what was left out."""

    tables: dict[str, Table] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def derive(rule: DeriveRule, table: Table) -> Derived:
    """What a rule makes of a table of the class `rule.of`."""
    if rule.kind == "stock":
        return _stock(table)
    return _durations(rule, table)


def _durations(rule: DeriveRule, table: Table) -> Derived:
    """Distributions of the days from `start` to `end`, per value of each field in `by`.

    A row without one of the days is left out; so is a lead time below zero, which is a slip. A
    row counts in every subject that it states.
    """
    made = Derived()
    name = "LatenessOutcome" if rule.kind == "lateness" else "LeadTimeOutcome"
    tally: dict[str, Counter[int]] = defaultdict(Counter)
    for row, days in _days(rule, table, name, made.counts):
        made.counts[f"{name}: rows used"] += 1
        for by in rule.by:
            value = table[by][row]
            if value:
                tally[f"{by}/{value}"][days] += 1
            else:
                made.counts[f"{name}: left out by {by}, not stated"] += 1
    records = [
        _outcome(name, subject, days, weight, values.total())
        for subject, values in tally.items()
        for days, weight in values.items()
    ]
    made.tables[name] = table_of(records, name).sorted()
    return made


def _days(
    rule: DeriveRule, table: Table, name: str, counts: Counter[str]
) -> Iterator[tuple[int, int]]:
    starts, ends = table[rule.start], table[rule.end]
    missing = np.isnat(starts) | np.isnat(ends)
    days = (ends - starts).astype(np.int64)
    for row in range(len(table)):
        if missing[row]:
            gap = rule.start if np.isnat(starts[row]) else rule.end
            why = table[rule.status][row] if rule.status and gap == rule.start else "not stated"
            counts[f"{name}: left out, {gap} {why}"] += 1
        elif rule.kind == "lead_times" and days[row] < 0:
            counts[f"{name}: left out, {rule.end} before {rule.start}"] += 1
        else:
            yield row, int(days[row])


def _outcome(name: str, subject: str, days: int, weight: int, size: int) -> Any:
    made = LatenessOutcome if name == "LatenessOutcome" else LeadTimeOutcome
    return made(subject, days, weight, size)


def _stock(table: Table) -> Derived:
    """Opening stock and what is left, per item, location and lot, from all movements.

    The opening stock is the least that keeps stock from ending any day below zero; it becomes
    a movement of the kind `opening`, so that movements add up to the position.
    """
    flows: dict[tuple[str, str, str | None], Counter[date]] = defaultdict(Counter)
    days = table["effective_on"].tolist()
    rows = zip(table["item"], table["location"], table["lot"], days, table["quantity_units"],
               strict=True)  # fmt: skip
    for item, location, lot, day, units in rows:
        flows[item, location, lot][day] += int(units)
    openings, positions = [], []
    for (item, location, lot), by_day in flows.items():
        opening, left = _levels(by_day)
        parts = (item, location) if lot is None else (item, location, lot)
        name = f"opening/{join_key(parts)}"
        if opening:
            openings.append(StockMovement(name, item, location, "opening", opening, min(days), lot))
        positions.append(StockPosition(
            item, location, lot, on_hand_units=left, total_units=left, counted_on=max(days),
            basis=BASIS,
        ))  # fmt: skip
    made = Derived({
        "StockMovement": table_of(openings, "StockMovement").sorted(),
        "StockPosition": table_of(positions, "StockPosition").sorted(),
    })  # fmt: skip
    made.counts["StockPosition: derived from flows"] = len(positions)
    made.counts["StockMovement: opening stock, units"] = sum(o.quantity_units for o in openings)
    return made


def _levels(by_day: Mapping[date, int]) -> tuple[int, int]:
    """The least opening stock under which no day ends below zero, and what is left at the end."""
    level = lowest = 0
    for day in sorted(by_day):
        level += by_day[day]
        lowest = min(lowest, level)
    return -lowest, level - lowest
