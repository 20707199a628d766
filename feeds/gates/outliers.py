"""Values far from what their series ever said: a robust z on the logarithm."""

import numpy as np
import numpy.typing as npt

from feeds.gates.findings import GateFinding
from feeds.gates.past import Past, series_of
from feeds.gates.series import Ints, Profile, Series, sizes_of
from feeds.gates.thresholds import Thresholds
from feeds.refusals import shown
from ontology.columns import Table
from ontology.grouping import groups_of

Bools = npt.NDArray[np.bool_]


def outliers(tables: dict[str, Table], past: Past, limits: Thresholds) -> list[GateFinding]:
    """Rows whose value is neither near its series' median nor within what the series said before.

    z = |ln value - median of ln| / spread, as `Thresholds` says (Iglewicz and Hoaglin, "How to
    detect and handle outliers", 1993). Zeros are no outliers: intermittent demand has them.
    Quantities very far away are quarantined, prices only marked.
    """
    found: list[GateFinding] = []
    for name, table in tables.items():
        for series in series_of(name):
            profile = past.profile(series, table)
            if profile is not None:
                found += _of_series(table, series, profile, limits)
    return found


def _of_series(
    table: Table, series: Series, profile: Profile, limits: Thresholds
) -> list[GateFinding]:
    sizes = sizes_of(table[series.value])
    keys, groups = groups_of(table, series.by)
    places = profile.at(keys)[groups]
    known = np.flatnonzero((places >= 0) & (sizes > 0))
    known = known[profile.rows[places[known]] >= limits.history_least_rows]
    at, size = places[known], sizes[known]
    far = np.abs(np.log(size.astype(np.float64)) - profile.centre[at])
    spreads = far / profile.scale(at, limits.spread_floor_percent)
    unheard = (size > profile.most[at]) | (size < profile.least[at])
    out = np.flatnonzero(unheard & (spreads >= limits.outlier_spreads))
    # a price moves no stock by itself, and prices do leap: it is never more than marked
    worst = limits.outlier_far_spreads if series.value.endswith("_units") else np.inf
    return _told(table, series, profile, known[out], at[out], spreads[out] >= worst)


def _told(
    table: Table, series: Series, profile: Profile, rows: Ints, places: Ints, grave: Bools
) -> list[GateFinding]:
    names = table.take(rows).keys.tolist()
    found = []
    for index, (row, place) in enumerate(zip(rows.tolist(), places.tolist(), strict=True)):
        message = (
            f"`{series.value}` of {shown(str(table[series.by[0]][row]))} is "
            f"{int(table[series.value][row])}; {profile.rows[place]} values before it were "
            f"{profile.least[place]} to {profile.most[place]}, their median "
            f"{round(float(np.exp(profile.centre[place])))}"
        )
        severity = "Violation" if grave[index] else "Warning"
        found.append(GateFinding(table.name, row, "OUTLIER", names[index], series.value,
                                 severity, message))  # fmt: skip
    return found
