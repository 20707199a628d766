"""Stock that movements take below nothing, and lots that move on after they were scrapped."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from feeds.gates.findings import GateFinding
from feeds.gates.past import Past
from feeds.gates.series import Ints, day, joined
from feeds.refusals import shown
from ontology.columns import MISSING, Table
from ontology.grouping import groups_of

Rows = npt.NDArray[np.intp]
PLACE = ("item", "location", "lot")
STARTS = frozenset({"opening", "receipt", "production"})
"""Kinds with which the life of a lot at a location begins: before them there was none of it."""

FREE_UNITS = ("on_hand_units", "allocated_units", "reserved_units", "on_hold_units")
"""The buckets that lie at the location."""


@dataclass(frozen=True)
class Account:
    """Movements of all places in the order of place and day, and the stock after each.

    `origin` is the row in the delivery, or -1 for a movement that was known. On one day receipts
    come first, so that the order in which a source writes a day down is no finding.
    """

    places: list[tuple[Hashable, ...]]
    place: Ints
    days: Ints
    kinds: npt.NDArray[np.object_]
    after: Ints
    origin: Ints

    @cached_property
    def takes_below(self) -> npt.NDArray[np.bool_]:
        """The movements that take the stock of a place below nothing, or further below."""
        before = np.concatenate([[0], self.after])[: len(self.after)]
        before[first_rows(self.place)] = 0
        return np.asarray((self.after < 0) & ((before >= 0) | (self.after < before)), np.bool_)


def impossible_balances(tables: dict[str, Table], past: Past) -> list[GateFinding]:
    """Movements of the delivery after which a place would hold less than nothing.

    A place is judged where its stock was counted (from the day after the count on), or where its
    first movement is an opening, or a lot's first receipt. Stock below nothing is marked, not
    quarantined: as a rule a receipt is missing, and leaving out a true issue would promise what
    is gone. A lot that goes below nothing after it was scrapped is quarantined.
    """
    arriving = tables.get("StockMovement")
    if arriving is None or not len(arriving):
        return []
    account = _account(arriving, tables, past)
    low = np.flatnonzero(account.takes_below & (account.origin >= 0))
    if not len(low):
        return []
    keys = arriving.take(account.origin[low]).keys.tolist()
    scrapped = _scrapped_before(account)
    found = []
    for at, key in zip(low.tolist(), keys, strict=True):
        item, location, lot = account.places[account.place[at]]
        where = f"{shown(str(item))} at {shown(str(location))}"
        where += f", lot {shown(str(lot))}," if lot is not None else ""
        message = f"{where} would hold {account.after[at]} units after {day(int(account.days[at]))}"
        code, severity = "STOCK_NEGATIVE", "Warning"
        if lot is not None and scrapped[at]:
            code, severity = "LOT_AFTER_SCRAP", "Violation"
            message += ": it was scrapped before"
        found.append(GateFinding("StockMovement", int(account.origin[at]), code, key,
                                 "quantity_units", severity, message))  # fmt: skip
    return found


def _account(arriving: Table, tables: dict[str, Table], past: Past) -> Account:
    known = _others(past.near("StockMovement", PLACE, arriving), arriving)
    both = joined([known, arriving], "StockMovement")
    origin = np.concatenate([np.full(len(known), -1), np.arange(len(arriving))])
    assert both is not None  # noqa: S101  two tables were joined
    places, place = groups_of(both, PLACE)
    units, days = both["quantity_units"], both["effective_on"].view(np.int64)
    counted, start = _counts(places, arriving, tables, past)
    order = np.lexsort((origin, -np.sign(units), days, place))
    order = order[days[order] > counted[place[order]]]
    place, days, origin = place[order], days[order], origin[order]
    kinds, units = both["kind"][order], units[order]
    first = first_rows(place)
    begins = np.array([kind in STARTS for kind in kinds[first]], np.bool_) & (units[first] > 0)
    is_lot = np.array([places[p][2] is not None for p in place[first]], np.bool_)
    opens = np.asarray(kinds[first] == "opening", np.bool_)
    sound = (counted[place[first]] != MISSING) | opens | (is_lot & begins)
    keep = np.repeat(sound, np.diff(np.append(first, len(place))))
    place, days, origin, kinds, units = (c[keep] for c in (place, days, origin, kinds, units))
    return Account(places, place, days, kinds, _running(place, units, start), origin)


def _others(known: Table, arriving: Table) -> Table:
    """What was known without what the delivery says anew."""
    if not len(known):
        return known
    again = set(arriving["id"].tolist())
    return known.take(np.flatnonzero([key not in again for key in known["id"].tolist()]))


def _counts(
    places: list[tuple[Hashable, ...]], arriving: Table, tables: dict[str, Table], past: Past
) -> tuple[Ints, Ints]:
    """Per place the day of its last count (MISSING for none) and the units that it found."""
    days = np.full(len(places), MISSING)
    units = np.zeros(len(places), np.int64)
    index = {place: at for at, place in enumerate(places)}
    for table in (past.near("StockPosition", PLACE, arriving), tables.get("StockPosition")):
        if table is None or not len(table):
            continue
        keys, groups = groups_of(table, PLACE)
        at = np.fromiter((index.get(key, -1) for key in keys), np.int64, len(keys))[groups]
        on = table["counted_on"].view(np.int64)
        counted = np.array([basis == "counted" for basis in table["basis"]], np.bool_)
        rows = np.flatnonzero((at >= 0) & (on != MISSING) & counted)
        days[at[rows]] = on[rows]
        units[at[rows]] = sum(table[name][rows] for name in FREE_UNITS)
    return days, units


def first_rows(place: Ints) -> npt.NDArray[np.intp]:
    """The first row of each run of equal places."""
    return np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]])[: len(place)])


def _running(place: Ints, units: Ints, start: Ints) -> Ints:
    """The stock after each movement: sums that begin anew at every place."""
    total = np.cumsum(units)
    first = first_rows(place)
    lengths = np.diff(np.append(first, len(place)))
    before = np.repeat(total[first] - units[first], lengths)
    stock: Ints = total - before + start[place]
    return stock


def _scrapped_before(account: Account) -> npt.NDArray[np.bool_]:
    """Whether an earlier movement of the same place was a scrap."""
    scraps = np.cumsum(account.kinds == "scrap")
    first = first_rows(account.place)
    lengths = np.diff(np.append(first, len(account.place)))
    own = (account.kinds == "scrap").astype(np.int64)
    before = np.repeat(scraps[first] - own[first], lengths)
    return np.asarray(scraps - own - before > 0, np.bool_)
