"""Which single failures, and which pairs that only strike together, leave demand with no source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from ontology.columns import Snapshot
from ontology.failures import KINDS, Subject
from ontology.money import reporting_currency
from service.impact.failure import subjects_of
from service.impact.supply import Supply, supply_of
from service.impact.supply_network import BoolArray, Down, Sources, down_with, sources

MOST_SUBJECTS = 150
"""Pairs are looked for among so many subjects, those with most demand behind them: 11,175 pairs."""


@dataclass(frozen=True, slots=True)
class CriticalFailure:
    """One subject, or two at once, and the demand that they leave without any source.

    Of a location or region only demand elsewhere counts: its own would be lost with any place.
    `days_until_short` is the first shortfall anywhere, from stock on the spot and what arrives.
    """

    subjects: tuple[Subject, ...]
    pairs: int
    items: int
    locations: int
    per_day_millionths: int
    value_per_day_micros: int
    days_until_short: int


@dataclass(frozen=True, slots=True)
class CriticalFailures:
    """The failures found, most value of demand per day first, and how many were tried of how many.

    Nothing is estimated: each was tried by taking it away. Amounts are micros of `currency`.
    """

    starts_on: date
    currency: str
    found: tuple[CriticalFailure, ...]
    tried: int
    possible: int


def single_points(snapshot: Snapshot, starts_on: date | None = None) -> CriticalFailures:
    """Every supplier, contract, lane, location and region whose loss alone cuts something off.

    All are tried. Raises InputError as `supply_of` does.
    """
    supply = supply_of(snapshot, starts_on)
    subjects = _all_subjects(snapshot)
    tried = (_tried(supply, (subject,)) for subject in subjects)
    return _ranked(supply, [found for found in tried if found], len(subjects), len(subjects))


def joint_failures(
    snapshot: Snapshot, starts_on: date | None = None, most_subjects: int = MOST_SUBJECTS
) -> CriticalFailures:
    """Every pair of suppliers, contracts, lanes and locations that cuts off what neither can alone.

    Only what they cut together counts. Where the chain has more than `most_subjects` of them,
    those with most demand behind them are tried: with fewer sources, or fewer living ways in, when
    the subject is down. Raises InputError as `supply_of` does.
    """
    supply = supply_of(snapshot, starts_on)
    subjects = [s for s in _all_subjects(snapshot) if s.kind != "region"]
    alone = {subject: _left_by(supply, (subject,)) for subject in subjects}
    behind = {subject: _behind(supply, *left) for subject, left in alone.items()}
    chosen = sorted(subjects, key=lambda s: (-behind[s][0], -behind[s][1], s))[:most_subjects]
    cut = {subject: _cut(supply, *alone[subject]) for subject in chosen}
    found = []
    for one, other in combinations(sorted(chosen), 2):
        both = _tried(supply, (one, other), cut[one] | cut[other])
        if both is not None:
            found.append(both)
    return _ranked(supply, found, len(chosen) * (len(chosen) - 1) // 2,
                   len(subjects) * (len(subjects) - 1) // 2)  # fmt: skip


def _all_subjects(snapshot: Snapshot) -> list[Subject]:
    return [subject for kind in KINDS for subject in subjects_of(snapshot, kind)]


def _left_by(supply: Supply, failures: tuple[Subject, ...]) -> tuple[Down, Sources]:
    down = down_with(supply.network, supply.snapshot, failures)
    return down, sources(supply.network, down)


def _cut(supply: Supply, down: Down, left: Sources) -> BoolArray:
    """Where demand had a source and has none; at a place that is down nothing counts."""
    found: BoolArray = supply.intact.living & ~left.living & (supply.demand.per_day > 0)
    return found & ~down.places[:, None]


def _behind(supply: Supply, down: Down, left: Sources) -> tuple[int, int]:
    """Value and units per day of the demand that has fewer sources, or fewer living ways in."""
    fewer = left.roots < supply.intact.roots
    network = supply.network
    origin, destination = network.lane_codes
    lost = np.flatnonzero(supply.intact.lanes & ~left.lanes)
    for lane in lost.tolist():
        carried = network.carries[network.kind_of_item, lane]
        fewer[destination[lane]] |= carried & supply.intact.living[origin[lane]]
    counted = fewer & ~down.places[:, None] & (supply.demand.per_day > 0)
    return int(supply.value_micros[counted].sum()), int(supply.demand.per_day[counted].sum())


def _tried(
    supply: Supply, failures: tuple[Subject, ...], known: BoolArray | None = None
) -> CriticalFailure | None:
    down, left = _left_by(supply, failures)
    cut = _cut(supply, down, left)
    if known is not None:
        cut &= ~known
    places, items = np.nonzero(cut)
    if not len(places):
        return None
    pairs = zip(places.tolist(), items.tolist(), strict=True)
    days = [supply.days_at(down, left, place, item) for place, item in pairs]
    return CriticalFailure(
        failures, len(places), len(set(items.tolist())), len(set(places.tolist())),
        int(supply.demand.per_day[cut].sum()), int(supply.value_micros[cut].sum()),
        min(day for day in days if day is not None),
    )  # fmt: skip


def _ranked(
    supply: Supply, found: Sequence[CriticalFailure], tried: int, possible: int
) -> CriticalFailures:
    ranked = sorted(found, key=lambda f: (-f.value_per_day_micros, -f.per_day_millionths,
                                          [str(s) for s in f.subjects]))  # fmt: skip
    currency = reporting_currency(supply.snapshot)
    return CriticalFailures(supply.starts_on, currency, tuple(ranked), tried, possible)
