"""Goods under way, or bought, that expire in the window: when they land, and how long they last."""

from dataclasses import dataclass

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from solver.model.carry_layout import Layout
from solver.model.echelon import Purchases
from solver.model.movements import Window, arriving
from solver.network.columns import IntArray
from solver.network.facts import fact
from solver.network.names import ABSENT, codes_of


@dataclass(frozen=True, order=True)
class Coming:
    """Units that land at a pair on a local day, may be sold up to `last`, and the fact behind."""

    pair: int
    lands: int
    last: int
    fact: str
    units: int
    lot: str = ""


@dataclass(frozen=True)
class ComingLoss:
    """What is expected to be lost of goods that come: millionths of a unit, micros as weighed.

    `plain` are the micros at plain rates.
    """

    coming: Coming
    lost_millionths: int
    cost: int
    plain: int


def coming_of(
    snapshot: Snapshot, layout: Layout, movements: Table, given: Purchases
) -> list[Coming]:
    """All goods under way and given purchases that land on a local day and expire in the window.

    A shipment of a lot that is known lasts as long as the lot. What else comes is fresh where it
    lands, and lasts for its item's shelf life; without one it never expires. Sorted.
    """
    window, found = layout.window, []
    for table, pair, day, units in arriving(snapshot, window, layout.pairs):
        lots = table["lot"] if "lot" in table.columns else np.full(len(table), None)
        ends = _ends(snapshot, window, table["item"], lots, day)
        rows = zip(pair.tolist(), day.tolist(), ends.tolist(), units.tolist(), table.keys, lots,
                   strict=True)  # fmt: skip
        found += [Coming(at, lands, last, f"{table.name}/{key}", count, lot or "")
                  for at, lands, last, count, key, lot in rows
                  if _counts(window, lands, last) and count > 0]  # fmt: skip
    return sorted(found + _bought(snapshot, layout, movements, given))


def _bought(snapshot: Snapshot, layout: Layout, movements: Table, given: Purchases) -> list[Coming]:
    bought, window = movements.take(given.rows), layout.window
    pair = layout.pair_rows(bought["item"], bought["destination"])
    day = window.day_of(bought["arrives_on"])
    ends = _ends(snapshot, window, bought["item"], np.full(len(bought), None), day)
    names = zip(bought["supplier"], bought["item"], bought["destination"], strict=True)
    rows = zip(pair.tolist(), day.tolist(), ends.tolist(), given.units.tolist(), names, strict=True)
    return [Coming(at, lands, last, fact("Offer", *name), units)
            for at, lands, last, units, name in rows
            if _counts(window, lands, last) and units > 0]  # fmt: skip


def _counts(window: Window, lands: int, last: int) -> bool:
    inside = last != ABSENT and last < window.periods + window.far_periods
    return inside and lands < window.periods


def _ends(
    snapshot: Snapshot, window: Window, names: IntArray, lots: IntArray, day: IntArray
) -> IntArray:
    """The last day of each, never before the day before the first; ABSENT: it does not expire."""
    items, known = snapshot.table("Item"), snapshot.table("Lot")
    life = np.append(items["shelf_life_days"], MISSING)[codes_of(names, items["id"].tolist())]
    last = np.where(life == MISSING, ABSENT, day + np.maximum(0, life))
    row = codes_of(lots, known["id"].tolist())
    stated = row != ABSENT
    ends = known["expires_on"][row[stated]]
    last[stated] = np.where(np.isnat(ends), ABSENT, np.maximum(0, window.day_of(ends)))
    found: IntArray = last.astype(np.int64)
    return found
