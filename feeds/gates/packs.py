"""A delivery that counts an item in other packs than before: the factor, and the pack it fits."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from feeds.gates.findings import GateFinding
from feeds.gates.past import Past, series_of
from feeds.gates.series import Floats, Ints, Profile, Series, medians, sizes_of
from feeds.gates.thresholds import Thresholds
from feeds.refusals import shown
from ontology.columns import Table
from ontology.grouping import groups_of

USUAL = tuple(map(Fraction, (10, 12, 20, 24, 36, 48, 50, 60, 72, 96, 100, 144, 1000, 10**6)))
"""Factors of packs and of metric units that no UnitConversion need state."""


def unit_mismatches(tables: dict[str, Table], past: Past, limits: Thresholds) -> list[GateFinding]:
    """Rows of items of which a delivery says about one pack factor times as much as ever before.

    Each row is compared with the median of its own series; an item's factor is the median over
    its rows. Where a UnitConversion of the item fits, it is named and the rows are quarantined;
    where only a usual factor does, they are marked.
    """
    found: list[GateFinding] = []
    for name, table in tables.items():
        for series in series_of(name):
            profile = past.profile(series, table)
            if profile is not None and series.value.endswith("_units"):
                packs = partial(_packs, tables, past)
                found += _of_series(table, series, profile, packs, limits)
    return found


@dataclass(frozen=True, slots=True)
class Fit:
    """What explains a factor, in words, and how grave that makes it."""

    said: str
    severity: str


Packs = dict[str, dict[Fraction, str]]


def _packs(tables: dict[str, Table], past: Past) -> Packs:
    packs: Packs = defaultdict(dict)
    for table in (past.table("UnitConversion"), tables.get("UnitConversion")):
        if table is None:
            continue
        rows = (table[name].tolist() for name in ("item", "unit", "numerator", "denominator"))
        for item, unit, numerator, denominator in zip(*rows, strict=True):
            if numerator > 0 and denominator > 0:
                packs[item][Fraction(numerator, denominator)] = unit
    return packs


def _of_series(
    table: Table, series: Series, profile: Profile, packs: Callable[[], Packs], limits: Thresholds
) -> list[GateFinding]:
    sizes = sizes_of(table[series.value])
    keys, groups = groups_of(table, series.by)
    places = profile.at(keys)[groups]
    rows = np.flatnonzero((places >= 0) & (sizes > 0))
    rows = rows[profile.rows[places[rows]] >= limits.history_least_rows]
    if not len(rows):
        return []
    judged = table.take(rows)
    items, item_of = groups_of(judged, series.by[:1])
    logs = np.log(sizes[rows].astype(np.float64)) - profile.centre[places[rows]]
    shift = medians(logs, item_of, len(items))
    at = places[rows]
    unheard = (sizes[rows] > profile.most[at]) | (sizes[rows] < profile.least[at])
    news = np.bincount(item_of[unheard], minlength=len(items))
    counts = np.bincount(item_of, minlength=len(items))
    noise = _noise(profile, places[rows], item_of, counts, limits)
    suspect = np.flatnonzero(
        (counts >= limits.unit_least_rows)
        & (2 * news > counts)
        & (np.abs(shift) >= np.log(limits.unit_least_factor))
        & (np.abs(shift) >= limits.unit_spreads * noise)
    )
    found = []
    known = packs() if len(suspect) else {}
    for index in suspect.tolist():
        item = str(items[index][0])
        fit = _fit(float(shift[index]), float(noise[index]), known.get(item, {}), limits)
        if fit is not None:
            mine = rows[item_of == index]
            found += _told(table, series, mine, item, float(np.exp(shift[index])), fit)
    return found


def _noise(
    profile: Profile, places: Ints, item_of: Ints, counts: Ints, limits: Thresholds
) -> Floats:
    """By how much the median over an item's rows varies: 1.2533 spreads / sqrt(rows)."""
    widest = np.zeros(len(counts))
    np.maximum.at(widest, item_of, profile.scale(places, limits.spread_floor_percent))
    rows = np.minimum(counts, limits.unit_independent_rows)
    noise: Floats = 1.2533 * widest / np.sqrt(rows)
    return noise


def _fit(shift: float, noise: float, packs: dict[Fraction, str], limits: Thresholds) -> Fit | None:
    """What explains a factor: the nearest stated pack, else the nearest usual factor."""
    width = max(float(np.log1p(limits.unit_tolerance_percent / 100)), 2 * noise)
    for known in (packs, dict.fromkeys(USUAL, "")):
        near = sorted((abs(abs(shift) - float(np.log(float(factor)))), factor)
                      for factor in known if factor >= limits.unit_least_factor)  # fmt: skip
        if near and near[0][0] <= width:
            unit, factor = known[near[0][1]], near[0][1]
            if unit:
                return Fit(f"a {shown(unit)} of it holds {factor}", "Violation")
            return Fit(f"near a factor of {factor}", "Warning")
    return None


def _told(
    table: Table, series: Series, rows: Ints, item: str, factor: float, fit: Fit
) -> list[GateFinding]:
    times = f"{factor:.1f} times" if factor > 1 else f"1/{1 / factor:.1f} of"
    message = (
        f"`{series.value}` of {shown(item)} is about {times} its median in {len(rows)} "
        f"row{'s' if len(rows) > 1 else ''}: {fit.said}"
    )
    keys = table.take(rows).keys.tolist()
    return [
        GateFinding(table.name, row, "UNIT_MISMATCH", key, series.value, fit.severity, message)
        for row, key in zip(rows.tolist(), keys, strict=True)
    ]
