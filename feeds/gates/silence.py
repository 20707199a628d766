"""What did not come: deliveries that a source's numbers skip, and places that fell silent."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from feeds.gates.findings import NO_ROW, GateFinding
from feeds.gates.past import Past, series_of
from feeds.gates.series import Ints, Series, day
from feeds.gates.thresholds import Thresholds
from feeds.refusals import shown
from ontology.columns import MISSING, Table
from ontology.grouping import groups_of
from ontology.terms import join_key


def gaps_in(numbers: Ints) -> list[tuple[int, int]]:
    """The runs of whole numbers, first and last, that are missing among some."""
    known = np.unique(numbers)
    breaks = np.flatnonzero(np.diff(known) > 1)
    return [(int(known[at]) + 1, int(known[at + 1]) - 1) for at in breaks]


def sequence_findings(source: str, number: int | None, heard: Sequence[int]) -> list[GateFinding]:
    """What a delivery's number says beside those `heard`: a gap before it, a repeat, a late one.

    Gaps that were there before are not told again. Without numbers nothing is said.
    """
    if number is None or not heard:
        return []
    last = max(heard)
    if number in heard:
        text = f"number {number} of source {shown(source)} was used before"
        return [_of_source(source, "SEQUENCE_AGAIN", "Warning", text)]
    if number < last:
        text = f"number {number} of source {shown(source)} comes after {last}"
        return [_of_source(source, "SEQUENCE_LATE", "Info", text)]
    if number == last + 1:
        return []
    missing = str(last + 1) if number == last + 2 else f"{last + 1} to {number - 1}"
    text = f"source {shown(source)} sends {number} after {last}: {missing} did not come"
    return [_of_source(source, "SEQUENCE_GAP", "Warning", text)]


def _of_source(source: str, code: str, severity: str, text: str) -> GateFinding:
    return GateFinding("Source", NO_ROW, code, join_key((source,)), "", severity, text)


Keys = tuple[Hashable, ...]
Silent = list[tuple[Keys, str]]


def silences(
    tables: dict[str, Table], past: Past, limits: Thresholds, *, is_full: bool = True
) -> list[GateFinding]:
    """Locations, and items at a location, that reported steadily and have just fallen silent.

    Where facts have days: no report for longer than `silence_factor_percent` of the longest gap
    of at least `silence_least_gaps`, counted to the delivery's last day; told by the first
    delivery that reaches so far. Where facts are overwritten: absent from a full delivery, and in
    each of the last `silence_deliveries`. What stands at a silent location is not told of besides.
    """
    found: list[GateFinding] = []
    for name, table in sorted(tables.items()):
        for series in series_of(name)[:1]:
            if "location" not in series.by or not len(table):
                continue
            if series.is_overwritten and not is_full:
                continue
            judge = _absent if series.is_overwritten else _overdue
            places = judge(table, series, ("location",), past, limits)
            silent = {key[0] for key, _ in places}
            found += [_missing("Location", key, text) for key, text in places]
            items = judge(table, series, ("item", "location"), past, limits)
            found += [_missing(name, key, text) for key, text in items if key[1] not in silent]
    return found


def _missing(name: str, key: Keys, text: str) -> GateFinding:
    said = " at ".join(shown(str(part)) for part in key)
    return GateFinding(name, NO_ROW, "SIGNAL_MISSING", join_key(key), "", "Warning",
                       f"{said} {text}")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reports:
    """Per key its last day, its longest gap in days and how many gaps it has; the last of all."""

    keys: list[Keys]
    last: Ints
    longest: Ints
    gaps: Ints
    until: int


def _overdue(
    table: Table, series: Series, by: tuple[str, ...], past: Past, limits: Thresholds
) -> Silent:
    until = table.take(np.flatnonzero(table[series.on] == table[series.on].max()))
    if len(past.near(series.class_name, (series.on,), until)):
        return []  # INVARIANT: a day that was reached before makes nobody newly silent
    known = past.table(series.class_name)
    if not len(known):
        return []
    before = past.keep(("reports", series, by), partial(_reports, known, series, by))
    now = _reports(table, series, by)
    heard = dict(zip(now.keys, now.last.tolist(), strict=True))
    allowed = before.longest * limits.silence_factor_percent // 100
    steady = before.gaps >= limits.silence_least_gaps
    news = (now.until - before.last > allowed) & (before.until - before.last <= allowed)
    return [
        (before.keys[at], _silent_since(int(before.last[at]), now.until, int(before.longest[at]),
                                        int(before.gaps[at])))
        for at in np.flatnonzero(steady & news).tolist()
        if now.until - heard.get(before.keys[at], MISSING) > allowed[at]
    ]  # fmt: skip


def _silent_since(heard: int, until: int, longest: int, gaps: int) -> str:
    return (
        f"reported last on {day(heard)}: silent for {until - heard} days, before it at most "
        f"{longest} ({gaps} gaps)"
    )


def _reports(table: Table, series: Series, by: tuple[str, ...]) -> _Reports:
    keys, groups = groups_of(table, by)
    days = table[series.on].view(np.int64)
    stated = days != MISSING
    pairs = np.unique(np.stack([groups[stated], days[stated]], axis=1), axis=0)
    group, on = pairs[:, 0], pairs[:, 1]
    last, longest = np.full(len(keys), MISSING), np.zeros(len(keys), np.int64)
    np.maximum.at(last, group, on)
    same = np.flatnonzero(group[1:] == group[:-1])
    np.maximum.at(longest, group[same], on[same + 1] - on[same])
    gaps = np.bincount(group[same], minlength=len(keys))
    return _Reports(keys, last, longest, gaps, int(days.max()))


def _absent(
    table: Table, series: Series, by: tuple[str, ...], past: Past, limits: Thresholds
) -> Silent:
    told = past.told(series.class_name)[-limits.silence_deliveries :]
    if len(told) < limits.silence_deliveries:
        return []
    always = past.keep(("always", series, by, len(told)), partial(_always, told, by))
    now = set(groups_of(table, by)[0])
    text = f"was in each of {len(told)} deliveries and is not in this one"
    return [(key, text) for key in always if key not in now]


def _always(told: list[Table], by: tuple[str, ...]) -> list[Keys]:
    """What was in every delivery."""
    sets = [set(groups_of(table, by)[0]) for table in told]
    return sorted(set[Keys].intersection(*sets), key=join_key)
