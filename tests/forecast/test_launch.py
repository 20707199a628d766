"""Items that come to market late: the days before say nothing, a slow mover's first days do."""

from datetime import timedelta
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.fit import Errors, Fit
from forecast.history import LATE_CHANCE, Floats, History
from forecast.level import smooth
from forecast.model import LEVELS, SMOOTHED_FOR_DAYS, forecast
from forecast.spread import past_ratios, ratio_quantiles
from tests.forecast.made import FIRST, day_after, observed

SPAN = 21
SHARES = [level / 1e6 for level in LEVELS]


class EvenWeek(Fit):
    """A fit without weekday factors: these are the chain's, whose days before a launch count."""

    @property
    def factors(self) -> Floats:
        """Every weekday alike."""
        return np.ones((len(self.history.keys), 7))


def history(units: np.ndarray) -> History:
    keys = tuple((f"item-{n:03}", "north") for n in range(len(units)))
    return History(keys, FIRST, units.astype(float))


def launched(units: np.ndarray, days_before: int) -> History:
    """The same demand after so many days without any."""
    return history(np.hstack([np.zeros((len(units), days_before)), units]))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0.6, 0.9, 3.0, 25.0]), st.integers(35, 90), st.integers(60, 200),
    st.integers(0, 999),
)  # fmt: skip
def test_days_before_a_launch_say_nothing(
    mean: float, own_days: int, days_before: int, seed: int
) -> None:
    """A series after k days without demand has the quantiles and the mean that it has alone."""
    units = np.random.default_rng(seed).poisson(mean, (3, own_days))
    units[:, 0] = 1
    alone, after = history(units), launched(units, days_before)
    assert [days_before] * 3 == after.begins.tolist()
    expected, found = EvenWeek(alone, SMOOTHED_FOR_DAYS), EvenWeek(after, SMOOTHED_FOR_DAYS)
    assert expected.is_intermittent.tolist() == found.is_intermittent.tolist()
    starts_on, errors = day_after(own_days), Errors(20_000, 20_000)
    for span in (1, SPAN):
        assert expected.mean(starts_on, span) == pytest.approx(found.mean(starts_on, span))
        want = expected.quantiles(starts_on, span, SHARES, errors)
        assert want == pytest.approx(found.quantiles(starts_on, span, SHARES, errors))


@pytest.mark.parametrize("mean", [0.5, 8.0])
def test_a_launch_needs_no_more_stock_than_what_was_always_sold(mean: float) -> None:
    """Five of forty items begin half a year late: their high quantiles are those of the rest."""
    units = np.random.default_rng(51).poisson(mean, (40, 360)).astype(np.int64)
    units[::8, :200] = 0
    pooled = forecast(observed(units), day_after(360), 4, SPAN).pooled
    high = pooled["quantity_units"].reshape(40, SPAN, len(LEVELS))[:, -1, LEVELS.index(950_000)]
    assert high[1::8].mean() == pytest.approx(high[::8].mean(), rel=0.2)


def test_a_launch_does_not_move_its_chain() -> None:
    """The errors of the means are found on past launches too, and stay as small as without."""
    units = np.random.default_rng(52).poisson(6, (60, 240)).astype(np.int64)
    late = units.copy()
    late[::6, :130] = 0
    one, other = (forecast(observed(u), day_after(240), 4, 14).quantiles for u in (units, late))
    kept = np.repeat(np.arange(60) % 6 > 0, 4 * len(LEVELS))
    gap = np.abs(one["quantity_units"] - other["quantity_units"])[kept]
    assert gap.max() <= 2


@pytest.mark.parametrize(("asked", "late"), [(3, False), (9, False), (10, True), (14, True)])
def test_a_slow_movers_first_days_count(asked: int, late: bool) -> None:
    """On paper: `asked` days of 28, all in the last 14, by a chance below the limit or not."""
    assert late == (comb(14, asked) / comb(28, asked) < LATE_CHANCE)
    units = np.zeros((1, 28))
    units[0, 14 : 14 + asked] = 3
    assert [14 if late else 0] == history(units).begins.tolist()


def test_slow_movers_keep_their_mean_without_a_launch() -> None:
    """One order a month, half of the series quiet at first: together they sell what they sold."""
    units = np.random.default_rng(53).poisson(1 / 30, (400, 150)).astype(np.int64)
    found = forecast(observed(units), day_after(150), 4, 14).forecasts
    mean = found["mean_per_day_millionths"].sum() / 400 / 1e6
    assert units.mean() == pytest.approx(mean, rel=0.05)


def test_a_new_item_is_followed_and_uncertain() -> None:
    """Five days at 8 a day: so many are forecast, by errors of 40 %; a lone order is no launch."""
    units = np.zeros((3, 100))
    units[0, -5:], units[1, 97], units[2, 60:] = 8, 5, 8
    assert [95, 0, 60] == history(units).begins.tolist()
    assert [0] == history(np.zeros((1, 100))).begins.tolist()
    fit = Fit(history(units), SMOOTHED_FOR_DAYS)
    new, lone, known = fit.quantiles(day_after(100), 10, (0.05, 0.5, 0.95), Errors())
    assert 80 == pytest.approx(fit.ahead(day_after(100), 10)[0], rel=0.15)
    assert new[0] < 0.65 * 80 < new[1] < 1.5 * 80 < new[2]
    assert 1 > fit.ahead(day_after(100), 10)[1] > 0
    assert not lone[1]
    assert [80] * 3 == pytest.approx(known.tolist(), rel=0.05)


def test_the_fitted_days_are_those_of_the_series() -> None:
    """`fitted_from` is the first day of each series' own history."""
    units = np.full((2, 90), 6, np.int64)
    units[1, :40] = 0
    found = forecast(observed(units), day_after(90), 4, 8).forecasts
    assert [FIRST, FIRST + timedelta(days=40)] == found["fitted_from"].tolist()


def test_a_level_starts_with_its_own_weeks() -> None:
    """The level stands at the mean of the first four own weeks until they begin."""
    units, begins = np.zeros((1, 160)), np.array([60])
    units[0, 60:88], units[0, 88:] = 10, 20
    weights = (np.arange(160) >= 60).astype(float)[None, :]
    level = smooth(units, weights, begins, 0.1, 0.0, 1.0)
    assert [10.0] * 61 == pytest.approx(level.level[0, :61].tolist())
    assert [10.0] * 89 == pytest.approx(level.mean[0, :89].tolist())
    assert (28 * 10 + 72 * 20) / 100 == pytest.approx(level.mean[0, -1])


def test_ratios_begin_after_the_first_weeks() -> None:
    """No ratio looks from a day before the series' own first four weeks are over."""
    units, begins = np.zeros((2, 160)), np.array([60, 0])
    units[0, 60:], units[1] = 5, 5
    weights = np.ones((2, 160))
    weights[0, :60] = 0
    levels = smooth(units, weights, begins, 0.1, 0.0, 1.0)
    ratios = past_ratios(units, weights, begins, levels, 10)
    assert [160 - 60 - 28 - 10 + 1, 160 - 28 - 10 + 1] == (~np.isnan(ratios)).sum(axis=1).tolist()
    assert 1.0 == pytest.approx(np.nanmin(ratios)) == pytest.approx(np.nanmax(ratios))


def test_missing_ratios_are_left_out() -> None:
    """Quantiles of a row with gaps are those of what is there: nothing is counted twice."""
    values = np.array([0.5, 0.9, 1.1, 1.2, 2.0])
    gaps = np.insert(values, [0, 0, 2, 5], np.nan)[None, :]
    expected = 7 * np.quantile(values, SHARES)
    found = ratio_quantiles(gaps, np.array([7.0]), np.ones(1), np.array(SHARES))
    assert expected == pytest.approx(found[0])
