"""Figures of waste, in units and money: what lies there expired, and what a plan expects to."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from service.kpis.money import Pricing, item_values
from service.kpis.value import Figure, Lacking, Rows, Used, counted
from solver.network.names import ABSENT, codes_of

MILLION = 10**6
OF_A_PLAN = "it is a figure of a plan: name one"
OF_STOCK = "a plan of orders moves no stock"
NO_LOT = "no Lot states its expires_on"
NO_DAY = "no StockPosition states its counted_on, so nobody knows of which day it speaks"
NO_VALUE = "no Item states a value"
Row = Mapping[str, Any]


def expired_units(snapshot: Snapshot, on: date | None = None) -> Figure:
    """Units at hand and free, of lots that were good until before a day: the latest count's."""
    found = _expired(snapshot, on)
    if isinstance(found, Lacking):
        return found
    units = sum(snapshot.table("StockPosition")["on_hand_units"][found].tolist())
    return counted(units, 1, *_lots_behind(snapshot, found), nothing="")


def expired_value(snapshot: Snapshot, pricing: Pricing, on: date | None = None) -> Figure:
    """What these are worth, and what it costs to be rid of them."""
    found, worth = _expired(snapshot, on), _worths(snapshot, pricing)
    if isinstance(found, Lacking):
        return found
    if not worth:
        return Lacking(NO_VALUE)
    table = snapshot.table("StockPosition")
    known = np.array([item in worth for item in table["item"][found]], np.bool_)
    kept = found[known]
    rows = zip(table["item"][kept], table["on_hand_units"][kept].tolist(), strict=True)
    total = sum((worth[item] * units for item, units in rows), Fraction(0))
    return counted(
        total, 1, *_lots_behind(snapshot, kept), *_priced(snapshot, set(table["item"][kept])),
        *pricing.used(), left_out=int((~known).sum()), nothing="", currency=pricing.currency,
    )  # fmt: skip


def expected_units(decision: Row, before: Snapshot) -> Figure:
    """Units that a plan expects to expire within its days, by its rows of waste."""
    if decision["regime"] == "orders":
        return Lacking(OF_STOCK)
    rows = decision.get("waste", ())
    lost = sum(int(row["expected_waste_millionths"]) for row in rows)
    return counted(Fraction(lost, MILLION), 1, *_facts_behind(before, rows), nothing="")


def expected_value(decision: Row, before: Snapshot, pricing: Pricing) -> Figure:
    """What these are worth, and what it costs to be rid of them."""
    if decision["regime"] == "orders":
        return Lacking(OF_STOCK)
    worth = _worths(before, pricing)
    if not worth:
        return Lacking(NO_VALUE)
    stated = decision.get("waste", ())
    rows = [row for row in stated if row["item"] in worth]
    total = sum((worth[row["item"]] * Fraction(int(row["expected_waste_millionths"]), MILLION)
                 for row in rows), Fraction(0))  # fmt: skip
    return counted(total, 1, *_facts_behind(before, rows), *pricing.used(),
                   left_out=len(stated) - len(rows), nothing="",
                   currency=pricing.currency)  # fmt: skip


def _expired(snapshot: Snapshot, on: date | None) -> Rows | Lacking:
    """The rows of positions whose lot's last day is before the day."""
    table, lots = snapshot.table("StockPosition"), snapshot.table("Lot")
    if not len(lots) or np.isnat(lots["expires_on"]).all():
        return Lacking(NO_LOT)
    days = table["counted_on"][~np.isnat(table["counted_on"])]
    if on is None and not len(days):
        return Lacking(NO_DAY)
    day = np.datetime64(on, "D") if on is not None else days.max()
    row = codes_of(table["lot"], lots["id"].tolist())
    ends = np.append(lots["expires_on"], np.datetime64("NaT", "D"))[row]  # ABSENT is the last
    expired: Rows = np.flatnonzero((row != ABSENT) & (ends < day) & (table["on_hand_units"] > 0))
    return expired


def _lots_behind(snapshot: Snapshot, positions: Rows) -> tuple[Used, ...]:
    table, lots = snapshot.table("StockPosition"), snapshot.table("Lot")
    rows = np.unique(codes_of(table["lot"][positions], lots["id"].tolist()))
    return Used("StockPosition", positions, table), Used("Lot", rows, lots)


def _worths(snapshot: Snapshot, pricing: Pricing) -> dict[str, Fraction]:
    """Money that a lost unit costs, of the items that state a value."""
    table = snapshot.table("DisposalCost")
    costs = pricing.micros(table["cost_per_unit_micros"], table["currency"])
    paid = dict(zip(table["item"], costs, strict=True))
    values = item_values(snapshot, pricing)
    return {item: value + paid.get(item, 0) for item, value in values.items()}


def _priced(snapshot: Snapshot, items: set[str]) -> tuple[Used, ...]:
    return tuple(
        Used(name, np.flatnonzero([item in items for item in table[column]]), table)
        for name, column in (("Item", "id"), ("DisposalCost", "item"))
        for table in (snapshot.table(name),)
    )


def _facts_behind(snapshot: Snapshot, rows: Sequence[Row]) -> tuple[Used, ...]:
    """The facts that rows of a plan name, class by class."""
    keys: dict[str, set[str]] = {}
    for row in rows:
        for name in row["because"]:
            of_class, _, key = name.partition("/")
            keys.setdefault(of_class, set()).add(key)
    found = []
    for name, named in sorted(keys.items()):
        table = snapshot.table(name)
        known = sorted(table.row_of[key] for key in named if key in table.row_of)
        found.append(Used(name, np.array(known, np.int64), table))
    return tuple(found)
