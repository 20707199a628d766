"""How often the quality gates cry wolf on real data, and how much of what is planted they find."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from benchmarks.real_deliveries import Histories, real_histories
from feeds.gates.judging import Judgement, judge
from feeds.gates.packs import unit_mismatches
from feeds.gates.past import Past, series_of
from feeds.gates.resent import likely_resends
from feeds.gates.series import Ints
from feeds.gates.shift import shifts
from feeds.gates.silence import silences
from feeds.gates.thresholds import DEFAULTS, Thresholds
from ontology.columns import MISSING, Snapshot, Table, table_of
from ontology.goods import UnitConversion
from ontology.grouping import groups_of
from ontology.terms import join_key

SEED = 6
PLANTED_SHARE = 0.02
ROW_FACTORS = tuple(map(Fraction, ("10", "100", "1/10", "1/100")))
UNIT_FACTORS = tuple(map(Fraction, ("12", "1/12", "24", "1000", "1/1000")))


def main() -> None:
    """Print both tables of `docs/quality.md`."""
    histories = real_histories()
    print("gate_alarms: the sets are taken as sound, so rates of false alarm are upper limits")
    for line in alarms(histories, DEFAULTS):
        print(line)
    for line in power(histories, DEFAULTS):
        print(line)


def alarms(histories: Histories, limits: Thresholds) -> Iterator[str]:
    """Per set, code and severity: how often it was found in how many rows or deliveries."""
    for name, turns in histories.items():
        found: Counter[tuple[str, str, str]] = Counter()
        rows, compared = 0, 0
        for tables, past in turns:
            judgement = judge(tables, past, limits=limits)
            rows += judgement.rows
            compared += sum(len(table.columns) for table in tables.values())
            found.update((f.code, f.column if f.code == "OUTLIER" else "", f.severity)
                         for f in judgement.findings)  # fmt: skip
        packed = sum(_if_packed(tables, past, limits) for tables, past in turns)
        known = sum(len(_known(t, past, limits)) for ts, past in turns for t in ts.values())
        yield f"{name}: {len(turns)} deliveries, {rows:,} rows ({known:,} with enough of a past)"
        yield f"   {compared} columns compared"
        for (code, column, severity), count in sorted(found.items()):
            of = compared if code == "DISTRIBUTION_SHIFT" else rows
            yield f"   {code:26} {column:18} {severity:10} {count:5} {100 * count / of:7.3f} %"
        share = f"{packed:5} {100 * packed / rows:7.3f} %"
        yield f"   UNIT_MISMATCH, were each item packed by 12     {share}"


def power(histories: Histories, limits: Thresholds) -> Iterator[str]:
    """Per set and factor: the share of planted rows, and of planted items, that is found."""
    for name, turns in histories.items():
        for factor in ROW_FACTORS:
            hit, planted = _rows_found(turns, factor, limits)
            yield f"{name:12} one row x {factor!s:6} OUTLIER {_share(hit, planted)}"
        for factor in UNIT_FACTORS:
            hit, planted = _items_found(turns, factor, limits)
            yield f"{name:12} an item x {factor!s:6} UNIT_MISMATCH {_share(hit, planted)}"

        for label, (hit, planted) in _others_found(turns, limits).items():
            yield f"{name:12} {label:44} {_share(hit, planted)}"


def _if_packed(tables: dict[str, Table], past: Past, limits: Thresholds) -> int:
    """How many rows would be quarantined if every item came in cases of 12, too."""
    items = {item for table in tables.values() for item in table["item"].tolist()}
    packs = table_of((UnitConversion(item, "case", 12) for item in sorted(items)), "UnitConversion")
    found = unit_mismatches(tables | {"UnitConversion": packs}, past, limits)
    return sum(finding.severity == "Violation" for finding in found)


def _others_found(
    turns: list[tuple[dict[str, Table], Past]], limits: Thresholds
) -> dict[str, tuple[int, int]]:
    """What is found of deliveries sent again under new ids, of tripled columns and of silence."""
    found = {"a quarter silent for good: SIGNAL_MISSING": _silences_found(turns, limits)}
    again = tripled = sent = columns = 0
    for tables, past in turns:
        for name, table in tables.items():
            before = past.told(name)[-1]
            if name in ("SalesOrder", "DeliveryLine"):
                spoilt = _new_ids(before)
                again += sum(f.severity == "Violation" for f in
                             likely_resends({name: spoilt}, past, limits))  # fmt: skip
                sent += len(spoilt)
            value = series_of(name)[0].value
            everything = np.arange(len(table))
            shifted = {name: _times(table, value, everything, Fraction(3))}
            tripled += any(f.column == value for f in shifts(shifted, past, limits))
            columns += 1
    found["the delivery before again: LIKELY_RESEND"] = again, sent
    found["all quantities x 3: DISTRIBUTION_SHIFT"] = tripled, columns
    return found


def _new_ids(table: Table) -> Table:
    ids = np.array([f"again-{key}" for key in table["id"].tolist()], object)
    return Table(table.name, dict(table.columns) | {"id": ids})


def _silences_found(
    turns: list[tuple[dict[str, Table], Past]], limits: Thresholds
) -> tuple[int, int]:
    """Of steady items that send nothing from the middle delivery on, how many are missed."""
    middle = len(turns) // 2
    first = turns[middle][1]
    found: set[str] = set()
    planted: set[str] = set()
    for name in turns[middle][0]:
        known = first.table(name)
        if "location" not in series_of(name)[0].by:
            continue
        steady = _steady(known, name, limits)
        gone = {key for at, key in enumerate(sorted(steady)) if at % 4 == 0}
        planted |= {f"{name} {key}" for key in gone}
        for tables, past in turns[middle:]:
            now = {name: _without(tables[name], gone)}
            before = Snapshot(1, {name: _without(past.table(name), gone, since=known)})
            missing = {f.key for f in silences(now, Past(before), limits)}
            found |= {f"{name} {key}" for key in gone if key in missing}
    return len(found), len(planted)


def _steady(known: Table, name: str, limits: Thresholds) -> set[str]:
    """Items at places that have enough gaps to be judged."""
    keys, groups = groups_of(known, ("item", "location"))
    days = known[series_of(name)[0].on].view(np.int64)
    pairs = np.unique(np.stack([groups, days], axis=1), axis=0)
    often = np.bincount(pairs[:, 0], minlength=len(keys)) > limits.silence_least_gaps
    return {join_key(key) for key, steady in zip(keys, often, strict=True) if steady}


def _without(table: Table, gone: set[str], since: Table | None = None) -> Table:
    """The rows of other items at places, and those rows of `since`."""
    cells = zip(table["item"].tolist(), table["location"].tolist(), strict=True)
    stays = np.array([join_key(key) not in gone for key in cells], np.bool_)
    if since is not None:
        stays |= _is_of(table, since)
    return table.take(np.flatnonzero(stays))


def _is_of(table: Table, other: Table) -> npt.NDArray[np.bool_]:
    known = set(other.keys.tolist())
    return np.array([key in known for key in table.keys.tolist()], np.bool_)


def _share(hit: int, planted: int) -> str:
    return f"{hit:6} of {planted:6} = {100 * hit / max(planted, 1):5.1f} %"


def _rows_found(
    turns: list[tuple[dict[str, Table], Past]], factor: Fraction, limits: Thresholds
) -> tuple[int, int]:
    rng = np.random.default_rng(SEED)
    hit = planted = 0
    for tables, past in turns:
        for name, table in tables.items():
            series = series_of(name)[0]
            known = _known(table, past, limits)
            rows = known[rng.random(len(known)) < PLANTED_SHARE]
            spoilt = _times(table, series.value, rows, factor)
            found = judge({name: spoilt}, past, limits=limits)
            planted += len(rows)
            hit += len(set(rows.tolist()) & _flagged(found, name, ("OUTLIER", "UNIT_MISMATCH")))
    return hit, planted


def _items_found(
    turns: list[tuple[dict[str, Table], Past]], factor: Fraction, limits: Thresholds
) -> tuple[int, int]:
    rng = np.random.default_rng(SEED)
    hit = planted = 0
    for tables, past in turns:
        for name, table in tables.items():
            known = _known(table, past, limits)
            if not len(known):
                continue
            items, item_of = groups_of(table.take(known), ("item",))
            many = np.bincount(item_of) >= limits.unit_least_rows
            chosen = np.flatnonzero(many & (rng.random(len(items)) < 0.2))
            rows = known[np.isin(item_of, chosen)]
            spoilt = {name: _times(table, series_of(name)[0].value, rows, factor)}
            found = _flagged(judge(spoilt, past, limits=limits), name, ("UNIT_MISMATCH",))
            planted += len(chosen)
            hit += len({table["item"][row] for row in found & set(rows.tolist())})
    return hit, planted


def _known(table: Table, past: Past, limits: Thresholds) -> Ints:
    """The rows with a value other than zero whose series has enough of a past."""
    series = series_of(table.name)[0]
    profile = past.profile(series, table)
    value = table[series.value]
    if profile is None or not len(table):
        return np.zeros(0, np.int64)
    keys, groups = groups_of(table, series.by)
    places = profile.at(keys)[groups]
    enough = (places >= 0) & (profile.rows[places] >= limits.history_least_rows)
    return np.flatnonzero(enough & (value != 0) & (value != MISSING))


def _times(table: Table, column: str, rows: npt.NDArray[np.intp], factor: Fraction) -> Table:
    values = table[column].copy()
    exact = [Fraction(value) * factor for value in values[rows].tolist()]
    values[rows] = [(1 if v > 0 else -1) * max(1, round(abs(v))) for v in exact]
    return Table(table.name, dict(table.columns) | {column: values})


def _flagged(judgement: Judgement, name: str, codes: tuple[str, ...]) -> set[int]:
    return {f.row for f in judgement.findings if f.class_name == name and f.code in codes}


if __name__ == "__main__":
    main()
