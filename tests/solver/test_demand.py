"""Forecast quantiles as distributions: the columns say what the exact curves say."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Snapshot, table_of
from ontology.demand import Backlog, DemandQuantile
from ontology.errors import InputError
from solver.model.demand import TOTAL, QuantileDemand, local_demand, pooled_demand, with_imbalance
from solver.model.movements import pairs_of, window_of
from solver.model.risk import segments
from tests.solver.forecasts import FAR, LEVELS, LOCAL, quantiles, random_forecast
from tests.solver.planning import MONDAY, snapshot_of

LEVELS_AND_UNITS = st.lists(
    st.tuples(st.integers(1, 999_999), st.integers(0, 60)), min_size=1, max_size=8,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: (sorted(p for p, _ in pairs), sorted(u for _, u in pairs)))  # fmt: skip


def demand_of(levels: list[int], units: list[int], owed: int = 0) -> QuantileDemand:
    """One pair, one day, from quantiles, by way of facts."""
    facts = quantiles("x", "here", 0)[:1]
    rows = [DemandQuantile("x", "here", MONDAY, MONDAY, p, u, "m")
            for p, u in zip(levels, units, strict=True)]  # fmt: skip
    records = [*facts, *rows, *([Backlog("x", "here", owed)] if owed else [])]
    pooled = random_forecast(1).tables["PooledDemandQuantile"]
    snapshot = snapshot_of(*records)
    tables = {**snapshot.tables, "PooledDemandQuantile": pooled}
    whole = Snapshot(1, tables)
    return local_demand(whole, window_of(whole), [("x", "here")])


@given(LEVELS_AND_UNITS, st.integers(0, 9), st.integers(0, 80))
def test_columns_equal_the_exact_curve(
    quantile: tuple[list[int], list[int]], owed: int, stock: int
) -> None:
    """Mass, expectation, shortage and probability in columns are those of the exact curve."""
    demand = demand_of(*quantile, owed=owed)
    curve, level = demand[0][0], np.array([[stock]])
    assert TOTAL == int(demand.weights.sum())
    assert curve.expected() * TOTAL == int(demand.expected()[0, 0])
    assert curve.expected_short(stock) * TOTAL == int(demand.short(level)[0, 0])
    assert curve.at_least(stock + 1) * TOTAL == int(demand.exceeds(level)[0, 0])


@given(LEVELS_AND_UNITS, st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 10**7))
def test_carry_arcs_equal_the_curve_s_segments(
    quantile: tuple[list[int], list[int]], owed: int, holding: int, shortage: int
) -> None:
    """Unit for unit, the parallel arcs cost what the segments of the exact curve cost."""
    demand = demand_of(*quantile, owed=owed)
    rows = demand.carry_rows(np.array([holding]), np.array([shortage]))
    exact = segments(demand[0][0], holding, shortage)
    for unit in range(1, 90):
        (cost,) = [int(r[4]) for r in rows if r[2] <= unit and (r[3] == -1 or unit <= r[3])]
        last = [part for part in exact if part.first <= unit][-1]
        assert last.cost == cost


def test_probability_between_two_levels_is_split_at_their_mean() -> None:
    """P(D >= k) for k between the quantiles of 20 % and 60 % is 1 - 40 %."""
    curve = demand_of([200_000, 600_000], [3, 7])[0][0]
    assert (60, 100) == (curve.at_least(5) * 100, 100)
    assert (90, 100) == (curve.at_least(2) * 100, 100)


def test_the_last_forecast_counts() -> None:
    """Quantiles of an earlier first day stay facts and are not read."""
    snapshot = random_forecast(3)
    table = snapshot.tables["DemandQuantile"]
    older = {name: column.copy() for name, column in table.columns.items()}
    older["starts_on"] = older["starts_on"] - 7
    older["quantity_units"] = older["quantity_units"] + 1000
    both = {name: np.concatenate([older[name], table[name]]) for name in older}
    tables = {**snapshot.tables, "DemandQuantile": replace(table, columns=both)}
    window = window_of(snapshot)
    pairs = pairs_of(snapshot)
    expected = local_demand(snapshot, window, pairs).units
    found = Snapshot(1, tables)
    assert expected.tolist() == local_demand(found, window_of(found), pairs).units.tolist()


def test_window_is_what_was_forecast() -> None:
    """Local days are those of the quantiles, far days those of the pooled ones beyond."""
    window = window_of(random_forecast(0))
    assert (LOCAL, FAR - LOCAL, True) == (window.periods, window.far_periods, window.is_forecast)
    pooled = pooled_demand(random_forecast(0), window, ["item-0", "item-1"])
    assert (2, FAR, len(LEVELS) + 1) == pooled.units.shape


def test_a_gap_in_a_forecast_is_refused() -> None:
    """A day or level that one place lacks is named, not read as zero."""
    snapshot = random_forecast(2)
    table = snapshot.tables["DemandQuantile"]
    holed = table.take(np.arange(1, len(table)))
    tables = {**snapshot.tables, "DemandQuantile": holed}
    with pytest.raises(InputError, match="lacks a day or a level") as caught:
        local_demand(Snapshot(1, tables), window_of(snapshot), pairs_of(snapshot))
    assert caught.value.code == "BAD_FORECAST"


def test_observed_but_not_forecast_is_said() -> None:
    """Observations alone, or another first day, ask for a forecast by its command."""
    from ontology.demand import DemandObservation

    seen = table_of([DemandObservation("x", "here", MONDAY, 3)], "DemandObservation")
    with pytest.raises(InputError) as caught:
        window_of(Snapshot(1, {"DemandObservation": seen}))
    assert ("FORECAST_WANTED", True) == (
        caught.value.code,
        "evenkeel forecast" in caught.value.hint,
    )
    with pytest.raises(InputError) as caught:
        window_of(random_forecast(0), MONDAY + timedelta(days=1))
    assert caught.value.code == "FORECAST_WANTED"


@given(st.integers(0, 200), st.integers(0, 6))
def test_stock_in_the_wrong_place_only_widens_the_pool(seed: int, reach: int) -> None:
    """The middle stays, no quantile moves nearer to it, order holds; no reach, no change."""
    snapshot = random_forecast(seed % 40)
    window, pairs = window_of(snapshot), pairs_of(snapshot)
    items = sorted({item for item, _ in pairs})
    pooled, local = pooled_demand(snapshot, window, items), local_demand(snapshot, window, pairs)
    of_pair = np.array([items.index(item) for item, _ in pairs])
    wider = with_imbalance(pooled, local, of_pair, reach)
    middle = 2  # of the levels 0, 10, 50, 90, 99 %
    assert pooled.units[:, :, middle].tolist() == wider.units[:, :, middle].tolist()
    assert np.all(wider.units[:, :, 3:] >= pooled.units[:, :, 3:])
    assert np.all(wider.units[:, :, 1] <= pooled.units[:, :, 1])
    assert np.all(np.diff(wider.units, axis=2) >= 0)
    if reach == 0:
        assert pooled.units.tolist() == wider.units.tolist()


def test_the_spread_is_that_of_eppen_and_schrage() -> None:
    """Chain 30 apart at t - 1 and places 24 + 16 apart over a day: 50 = sqrt(30^2 + 40^2)."""
    levels = ([150_000, 500_000, 850_000], [1, 2, 3])
    weights = demand_of(*levels).weights
    pooled = QuantileDemand(np.array([[[0, 35, 50, 65], [0, 80, 100, 120]]]), weights)
    local = QuantileDemand(np.array([[[0, 8, 20, 32]], [[0, 12, 20, 28]]]), weights)
    found = with_imbalance(pooled, local, np.array([0, 0]), 1).units[0, 1].tolist()
    assert [0, 75, 100, 125] == found
