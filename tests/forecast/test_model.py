"""Laws of the demand model: monotone, order-free, scaled, and right about simulated demand."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.calibration import CANDIDATES, UNTESTED, calibrated
from forecast.fit import Errors, Fit
from forecast.history import SHORTEST_DAYS, History, history_of
from forecast.model import LEVELS, MODEL, SMOOTHED_FOR_DAYS, ForecastTables, forecast
from forecast.season import weekday_factors
from ontology.columns import Table
from ontology.errors import InputError
from tests.forecast.made import FIRST, day_after, observed

LOCAL, POOLED = 5, 12
Demand = arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(SHORTEST_DAYS, 40)),
                elements=st.integers(0, 30))  # fmt: skip


def made(units: np.ndarray, keys: list[tuple[str, str]] | None = None) -> ForecastTables:
    return forecast(observed(units, keys), day_after(units.shape[1]), LOCAL, POOLED)


def cube(table: Table, days: int) -> np.ndarray:
    """Quantities by series, day and level."""
    return table["quantity_units"].reshape(-1, days, len(LEVELS))


def pairs_of(items: int, places: int) -> list[tuple[str, str]]:
    return [(f"item-{n:03}", f"place-{k}") for n in range(items) for k in range(places)]


@settings(max_examples=60, deadline=None)
@given(Demand)
def test_quantiles_never_fall(units: np.ndarray) -> None:
    """No quantile is below 0, below a lower level, or below the same level a day before."""
    found = made(units)
    for table, days in ((found.quantiles, LOCAL), (found.pooled, POOLED)):
        quantities = cube(table, days)
        assert (quantities >= 0).all()
        assert (np.diff(quantities, axis=1) >= 0).all()
        assert (np.diff(quantities, axis=2) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(Demand, st.randoms(use_true_random=False))
def test_row_order_is_no_input(units: np.ndarray, random: object) -> None:
    """Law 8: shuffled observations, and rows of 0 left out, give the same tables."""
    keys = [(f"item-{n // 2}", f"place-{n % 2}") for n in range(len(units))]
    table = observed(units, keys)
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    ends = {int(np.datetime64(FIRST).astype(np.int64)), int(table["on"].astype(int).max())}
    days = table["on"].astype(int)
    stated = [r for r in order if table["quantity_units"][r] or days[r] in ends]
    starts_on = day_after(units.shape[1])
    one = forecast(table, starts_on, LOCAL, POOLED)
    for rows in (order, stated):
        other = forecast(table.take(np.array(rows, np.intp)), starts_on, LOCAL, POOLED)
        assert one.forecasts.keys.tolist() == other.forecasts.keys.tolist()
        assert one.forecasts.digest == other.forecasts.digest
        assert one.quantiles.digest == other.quantiles.digest
        assert one.pooled.digest == other.pooled.digest


@settings(max_examples=40, deadline=None)
@given(Demand, st.sampled_from([2, 12, 144]))
def test_packs_scale(units: np.ndarray, pack: int) -> None:
    """Demand in packs of n gives n times the quantiles, within what rounding once may do."""
    one, packs = made(units), made(units * pack)
    for name in ("quantiles", "pooled"):
        expected = getattr(one, name)["quantity_units"] * pack
        found = getattr(packs, name)["quantity_units"]
        assert np.abs(expected - found).max() <= (pack + 1) / 2
    assert one.forecasts["is_intermittent"].tolist() == packs.forecasts["is_intermittent"].tolist()


def test_no_demand_gives_no_quantile() -> None:
    """A pair that nobody asked for has quantiles of 0, a mean of 0, and is not uncertain."""
    units = np.zeros((2, 60), np.int64)
    units[1] = 4
    found = made(units, [("quiet", "north"), ("sold", "north")])
    assert not cube(found.quantiles, LOCAL)[0].any()
    assert not cube(found.pooled, POOLED)[0].any()
    assert [0, 4_000_000] == found.forecasts["mean_per_day_millionths"].tolist()
    assert 0 == found.forecasts["uncertainty_percent"][0]


def test_given_pairs_are_forecast_and_no_others() -> None:
    """A pair without rows gets zeros; the pooled forecast still counts every location."""
    units = np.full((2, 42), 5, np.int64)
    table = observed(units, [("a", "north"), ("a", "south")])
    starts_on = day_after(42)
    found = forecast(table, starts_on, LOCAL, POOLED, [("a", "north"), ("b", "south")])
    assert ["a/north", "b/south"] == found.forecasts.keys.tolist()
    assert not cube(found.quantiles, LOCAL)[1].any()
    whole = forecast(table, starts_on, LOCAL, POOLED)
    expected = cube(whole.pooled, POOLED)[0].tolist()
    assert expected == cube(found.pooled, POOLED)[0].tolist()
    assert not len(forecast(table, starts_on, LOCAL, POOLED, []).quantiles)


def test_what_came_later_is_not_known() -> None:
    """Observations from the first day on change nothing: a back-test sees what was known."""
    random = np.random.default_rng(3)
    units = random.poisson(4.0, (3, 80)).astype(np.int64)
    starts_on = day_after(60)
    expected = forecast(observed(units[:, :60]), starts_on, LOCAL, POOLED)
    found = forecast(observed(units), starts_on, LOCAL, POOLED)
    assert expected.quantiles.digest == found.quantiles.digest
    assert expected.forecasts.digest == found.forecasts.digest


def test_columns_say_which_days_and_model() -> None:
    """`on` is the last day of the span, and every row names the model and the fitted days."""
    found = made(np.full((1, 30), 3, np.int64))
    starts_on = day_after(30)
    days = [starts_on + timedelta(days=n) for n in range(LOCAL) for _ in LEVELS]
    assert days == found.quantiles["on"].tolist()
    assert {MODEL} == set(found.forecasts["model"]) == set(found.quantiles["model"])
    assert [FIRST] == found.forecasts["fitted_from"].tolist()
    assert [day_after(29)] == found.forecasts["fitted_to"].tolist()


def test_steady_demand_is_known() -> None:
    """Five a day, always: the middle of n days' demand is 5n, and nothing is intermittent."""
    found = made(np.full((40, 90), 5, np.int64))
    middle = cube(found.quantiles, LOCAL)[:, :, 5]
    assert (np.abs(middle - 5 * np.arange(1, LOCAL + 1)) <= 1).all()
    assert not found.forecasts["is_intermittent"].any()


@pytest.mark.parametrize("mean", [0.15, 0.8, 6.0, 40.0])
def test_poisson_demand_is_covered(mean: float) -> None:
    """The next days of 1,200 Poisson series lie below the quantiles as often as these say."""
    random = np.random.default_rng(11)
    units = random.poisson(mean, (1_200, 204)).astype(np.int64)
    check_coverage(units)


@pytest.mark.parametrize("mean", [0.6, 8.0])
def test_negative_binomial_demand_is_covered(mean: float) -> None:
    """The same for demand whose variance is three times its mean."""
    random = np.random.default_rng(12)
    units = random.negative_binomial(mean / 2, 1 / 3, (1_200, 204)).astype(np.int64)
    check_coverage(units)


def check_coverage(units: np.ndarray) -> None:
    """Each level lies between the shares below and at most its quantile, within noise.

    Four deviations of a binomial, and 2 points: inflation is chosen from a few steps.
    """
    past = units.shape[1] - LOCAL + 1
    quantities = cube(made(units[:, :past]).quantiles, LOCAL)
    for days in (1, LOCAL - 1):
        came = units[:, past : past + days].sum(axis=1)[:, None]
        for place, level in enumerate(LEVELS):
            nominal = level / 1e6
            slack = 4 * np.sqrt(nominal * (1 - nominal) / len(units)) + 0.02
            assert (came[:, 0] < quantities[:, days - 1, place]).mean() <= nominal + slack
            assert (came[:, 0] <= quantities[:, days - 1, place]).mean() >= nominal - slack


@pytest.mark.parametrize("mean", [0.05, 0.3])
def test_slow_movers_keep_their_mean(mean: float) -> None:
    """What 400 slow series sell together is forecast, though most of their days are 0."""
    random = np.random.default_rng(5)
    units = random.poisson(mean, (400, 365)).astype(np.int64)
    found = made(units)
    assert found.forecasts["is_intermittent"].all()
    forecast_mean = found.forecasts["mean_per_day_millionths"].sum() / 400 / 1e6
    assert mean == pytest.approx(forecast_mean, rel=0.1)
    at_most = cube(found.quantiles, LOCAL)[:, -1]
    steps = np.diff([level / 1e6 for level in LEVELS])
    middles = (at_most[:, 1:] + at_most[:, :-1]) / 2
    stepped = (middles * steps).sum() / 400  # the mean that a planner of segments sees
    assert mean * LOCAL == pytest.approx(stepped, rel=0.25)


def deviation(table: Table, days: int, day: int) -> np.ndarray:
    """Half the distance from the 15 % to the 85 % level of each series, after so many days."""
    quantities = cube(table, days)[:, day - 1]
    return (quantities[:, 8] - quantities[:, 1]) / 2


def test_independent_places_pool() -> None:
    """Four independent places: the chain's spread is near half the sum of theirs, well below it."""
    random = np.random.default_rng(9)
    units = random.poisson(20.0, (200, 200)).astype(np.int64)
    found = made(units, pairs_of(50, 4))
    local = deviation(found.quantiles, LOCAL, 4).reshape(50, 4).sum(axis=1).mean()
    assert deviation(found.pooled, POOLED, 4).mean() < 0.75 * local


def test_places_in_step_do_not_pool() -> None:
    """Four places that always ask for the same: the chain's spread is the sum of theirs."""
    random = np.random.default_rng(10)
    units = np.repeat(random.poisson(20.0, (50, 200)), 4, axis=0).astype(np.int64)
    found = made(units, pairs_of(50, 4))
    local = deviation(found.quantiles, LOCAL, 4).reshape(50, 4).sum(axis=1).mean()
    assert local == pytest.approx(deviation(found.pooled, POOLED, 4).mean(), rel=0.15)


@pytest.mark.parametrize("in_step", [False, True])
def test_the_chain_needs_no_more_than_its_places(in_step: bool) -> None:
    """At high levels the pooled quantiles of all items are at most the sum of the local ones."""
    random = np.random.default_rng(13)
    own = random.negative_binomial(3.0, 1 / 3, (80, 150)).astype(np.int64)
    units = np.repeat(own[:20], 4, axis=0) if in_step else own
    found = made(units, pairs_of(20, 4))
    high = [place for place, level in enumerate(LEVELS) if level >= 850_000]
    local = cube(found.quantiles, LOCAL)[:, 3][:, high].sum()
    assert cube(found.pooled, POOLED)[:, 3][:, high].sum() <= local * 1.02


def test_the_weekday_profile_is_found() -> None:
    """A week of 0 on Sundays and twice the mean on Saturdays is read from noisy demand."""
    random = np.random.default_rng(4)
    true = np.array([1.0, 0.8, 0.9, 1.0, 1.3, 2.0, 0.0])
    history = History((("a", "x"), ("b", "x")), FIRST,
                      random.poisson(30 * np.tile(true, (2, 40))).astype(float))  # fmt: skip
    assert 0 == FIRST.weekday()
    assert np.abs(true - weekday_factors(history)).max() < 0.08


def test_weekdays_decide_the_days_ahead() -> None:
    """After a week that ends on a Friday, two closed days are forecast as none."""
    week = np.array([6, 6, 6, 6, 6, 0, 0], np.int64)
    units = np.tile(week, 20)[:-2][None, :]
    quantities = cube(made(units).quantiles, LOCAL)[0]
    assert not quantities[:2].any()
    assert 5 <= quantities[2, 5] <= 7


def test_noise_is_no_season() -> None:
    """Without a weekly season the profile is close to flat, also where days are mostly 0."""
    random = np.random.default_rng(6)
    history = History(tuple((f"i{n:02}", "x") for n in range(30)), FIRST,
                      random.poisson(0.4, (30, 210)).astype(float))  # fmt: skip
    assert np.abs(weekday_factors(history) - 1).mean() < 0.1


def test_a_new_level_is_followed() -> None:
    """Demand that doubled for good six weeks ago is forecast nearer to the new level."""
    random = np.random.default_rng(8)
    units = np.hstack([random.poisson(10, (60, 120)), random.poisson(20, (60, 42))])
    mean = made(units.astype(np.int64)).forecasts["mean_per_day_millionths"].mean() / 1e6
    assert 17 < mean < 22


def test_a_promotion_is_not_a_new_level() -> None:
    """Three days at five times the mean, just before the forecast, move the mean by little."""
    random = np.random.default_rng(8)
    units = random.poisson(20, (60, 150)).astype(np.int64)
    units[:, -3:] *= 5
    mean = made(units).forecasts["mean_per_day_millionths"].mean() / 1e6
    assert 19 < mean < 27


def test_the_error_of_a_mean_widens_more_the_longer_the_span() -> None:
    """Inflation adds e m^2 t^2 to a variance that grows like t: it shows on long spans."""
    random = np.random.default_rng(2)
    units = random.poisson(10, (50, 200)).astype(float)
    history = History(tuple((f"i{n:02}", "x") for n in range(50)), FIRST, units)
    fit, starts_on = Fit(history, SMOOTHED_FOR_DAYS), day_after(200)
    ratios = []
    for span in (1, 20):
        spread = [
            np.ptp(fit.quantiles(starts_on, span, (0.15, 0.85), Errors(e, e)), axis=1).mean()
            for e in (0, 40_000)
        ]
        ratios.append(spread[1] / spread[0])
    assert 1 < ratios[0] < 1.5 < 2 * ratios[0] < ratios[1]


def test_calibration_tells_steady_from_restless_chains() -> None:
    """Levels that wander need a larger error than those that stay."""
    random = np.random.default_rng(1)
    steady = np.full((100, 1), 20.0) * np.ones((1, 140))
    walk = 20 * np.exp(np.cumsum(random.normal(0, 0.35, (100, 20)), axis=1)).repeat(7, axis=1)
    chosen = [
        calibrated(history_of(observed(random.poisson(mean).astype(np.int64))), 7).regular
        for mean in (steady, walk)
    ]
    assert chosen[0] <= CANDIDATES[3] < chosen[1]
    short = history_of(observed(np.full((3, SHORTEST_DAYS), 4, np.int64)))
    assert UNTESTED == calibrated(short, 7)


def test_a_history_can_be_too_short() -> None:
    """Thirteen days are refused, no rows at all are, and so are days before the first."""
    with pytest.raises(InputError) as short:
        made(np.ones((1, SHORTEST_DAYS - 1), np.int64))
    assert "HISTORY_SHORT" == short.value.code
    for table in (observed(np.ones((1, 0), np.int64)), observed(np.ones((1, 40), np.int64))):
        with pytest.raises(InputError) as none:
            forecast(table, date(2020, 1, 1), LOCAL, POOLED)
        assert "NO_HISTORY" == none.value.code
