"""The level follows, clips a promotion, damps a trend and returns to the long mean."""

import numpy as np
import pytest

from forecast.level import DAMPING, GRID, PROMOTION_CLIP, Levels, chosen_levels, smooth, window_sums
from forecast.spread import inflation, tilted_quantiles


def noisy(days: int) -> np.ndarray:
    return np.random.default_rng(41).poisson(20, (50, days)).astype(float)


def always(units: np.ndarray) -> np.ndarray:
    """Every series begins on the first day."""
    return np.zeros(len(units), np.intp)


def test_a_clipped_level_shrugs_off_a_promotion() -> None:
    """Two days at ten times the mean lift a fast level far; clipped they lift it by little."""
    units = noisy(100)
    units[:, -2:] *= 10
    weights = np.ones_like(units)
    free, clipped = (
        smooth(units, weights, always(units), 0.2, 0.0, 1.0, clip).level[:, -1].mean()
        for clip in (np.inf, PROMOTION_CLIP)
    )
    assert free > 70
    assert clipped < 35


def test_a_level_knows_the_past_alone() -> None:
    """The level after o days is the same whatever follows them (the start apart)."""
    units = noisy(120)
    other = units.copy()
    other[:, 80:] = 500
    one, two = (smooth(u, np.ones_like(u), always(u), 0.1, 0.003, 0.9) for u in (units, other))
    for name in ("level", "trend", "mean"):
        assert np.array_equal(getattr(one, name)[:, :81], getattr(two, name)[:, :81])
        assert not np.array_equal(getattr(one, name), getattr(two, name))


def test_a_closed_day_says_nothing() -> None:
    """A day with a factor of 0 leaves the level where it was."""
    units = noisy(60)
    weights = np.ones_like(units)
    units[:, 40], weights[:, 40] = 0, 0
    level = smooth(units, weights, always(units), 0.2, 0.0, 1.0).level
    assert np.array_equal(level[:, 40], level[:, 41])


def test_the_days_ahead_on_paper() -> None:
    """Level 8, trend 1, long mean 4, half of the distance kept: worked out by hand."""
    cells = [np.array([[x]]) for x in (8.0, 1.0, 4.0, 0.5)]
    levels = Levels(*cells)
    first = 4 + 0.5 * (8 + DAMPING - 4)
    second = 4 + 0.25 * (8 + DAMPING + DAMPING**2 - 4)
    assert [first, second] == pytest.approx(levels.coming_days(2)[0].tolist())
    assert (first + second) / 2 == pytest.approx(levels.mean_day(2)[0, 0])


def test_the_smoothing_is_chosen_by_what_came() -> None:
    """Steady demand takes a slow memory, demand in long steps a fast one."""
    steady = noisy(200)
    steps = np.repeat(np.random.default_rng(42).uniform(5, 60, (50, 5)), 40, axis=1)
    weights = np.ones_like(steady)
    for units, expected in ((steady, GRID[0][0]), (steps, 0.2)):
        begins = always(units)
        found = chosen_levels(units, weights, begins, 7)
        fixed = smooth(units, weights, begins, expected, 0.0, 1.0)
        assert np.abs(found.level - fixed.level).mean() < 1.5


def test_window_sums_on_paper() -> None:
    """Column o holds the sum of the days from o on."""
    assert [[3, 5, 7]] == window_sums(np.array([[1.0, 2.0, 3.0, 4.0]]), 2).tolist()


def test_inflation_keeps_the_mean() -> None:
    """The five factors have mean 1 and about the variance that they are asked for."""
    for error in (0, 10_000, 80_000):
        factors = inflation(error)
        assert 1 == pytest.approx(factors.mean())
        assert error / 1e6 == pytest.approx(factors.var(), rel=0.05)


def test_tilted_windows_have_the_mean_that_was_asked_for() -> None:
    """Poisson windows tilted to twice their mean are Poisson with twice the mean."""
    random = np.random.default_rng(43)
    units = random.poisson(2.0, (1, 40_000)).astype(float)
    points = (np.arange(2_000) + 0.5) / 2_000
    found = tilted_quantiles(units, always(units), np.array([4.0]), 1, np.ones(1), points)[0]
    assert 4.0 == pytest.approx(found.mean(), rel=0.02)
    assert 4.0 == pytest.approx(found.var(), rel=0.1)


def test_inflation_widens_tilted_windows_both_ways() -> None:
    """With an uncertain mean the low quantiles fall, the high ones rise, the mean stays."""
    random = np.random.default_rng(44)
    units = random.poisson(0.7, (1, 4_000)).astype(float)
    points = (np.arange(500) + 0.5) / 500
    sharp, wide = (
        tilted_quantiles(units, always(units), np.array([14.0]), 20, factors, points)[0]
        for factors in (np.ones(1), inflation(160_000))
    )
    assert sharp.mean() == pytest.approx(wide.mean(), rel=0.03)
    assert wide[25] < sharp[25] - 1
    assert wide[475] > sharp[475] + 1


def test_what_no_window_has_shown_has_a_chance() -> None:
    """Ten orders of 6 in 49 days: with chance 1 in 50, two of them come on one day."""
    units = np.zeros((1, 49))
    units[0, 2:42:4] = 6
    points = np.array([0.7, 0.9, 0.97, 0.985])
    found = tilted_quantiles(units, always(units), np.array([60 / 49]), 1, np.ones(1), points)
    assert [0, 6, 6, 12] == found[0].tolist()
