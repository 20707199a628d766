"""The level of each series by exponential smoothing: damped trend, and return to the long mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from forecast.history import Floats, Ints

Bools = npt.NDArray[np.bool_]
DAMPING = 0.97
"""What is left of a trend after a day (Gardner and McKenzie 1985): half of it after 23 days."""
_MEMORIES = ((0.008, 0.0), (0.02, 0.0), (0.02, 0.001), (0.05, 0.0), (0.05, 0.003), (0.1, 0.0),
             (0.2, 0.0))  # fmt: skip
_STAYING = (1.0, 0.97, 0.9)
GRID = tuple((*memory, staying) for memory, staying in product(_MEMORIES, _STAYING))
"""To choose from: level and trend smoothing (memories of 125 days down to 5), and staying."""
PROMOTION_CLIP = 4.0
"""So many mean absolute deviations are a promotion, which is not a new level."""
_START_DAYS = 28


@dataclass(frozen=True)
class Levels:
    """What the first o days say of series s: arrays `level`, `trend` and `mean`, each [s, o].

    From the level a forecast follows the trend and returns to the mean of all days so far:
    `staying[s, 0]` is what is left of its distance from that mean after a day.
    """

    level: Floats
    trend: Floats
    mean: Floats
    staying: Floats

    def rows(self, chosen: Bools) -> "Levels":
        """The given series alone."""
        return Levels(
            self.level[chosen], self.trend[chosen], self.mean[chosen], self.staying[chosen]
        )

    def mean_day(self, span_days: int) -> Floats:
        """After each number of days, the mean day of the next `span_days`: never below 0."""
        steps = np.arange(1, span_days + 1)
        stay = self.staying**steps
        reach = (stay * np.cumsum(DAMPING**steps)).mean(axis=1, keepdims=True)
        kept = stay.mean(axis=1, keepdims=True)
        mean_day = self.mean + kept * (self.level - self.mean) + reach * self.trend
        return np.asarray(np.maximum(mean_day, 0), np.float64)

    def coming_days(self, span_days: int) -> Floats:
        """After all days, each of the next `span_days`: (series, span_days), never below 0."""
        steps = np.arange(1, span_days + 1)
        level, trend, mean = self.level[:, -1:], self.trend[:, -1:], self.mean[:, -1:]
        far = level + np.cumsum(DAMPING**steps) * trend - mean
        return np.asarray(np.maximum(mean + self.staying**steps * far, 0), np.float64)


def smooth(
    units: Floats, weights: Floats, begins: Ints, level: float, trend: float, staying: float,
    clip: float = np.inf,
) -> Levels:  # fmt: skip
    """Levels after each number of days, from units per day and the weekday factor of each day.

    A day with a factor of 0 says nothing, nor does one before a series `begins`; a day counts as
    at most `clip` mean absolute deviations from its forecast. The start is the mean of the first
    four weeks.
    """
    series, days = units.shape
    now, spread = _start(units, weights, begins)
    slope = np.zeros(series)
    levels, trends = np.empty((series, days + 1)), np.zeros((series, days + 1))
    levels[:, 0] = now
    for day in range(days):
        ahead = now + DAMPING * slope
        error = units[:, day] - weights[:, day] * ahead
        bound = clip * spread if np.isfinite(clip) else np.inf
        clipped = np.clip(error, -bound, bound)
        now = np.maximum(ahead + level * clipped, 0)
        slope = DAMPING * slope + trend * clipped
        spread += np.where(day < begins, 0, 0.05 * (np.abs(error) - spread))
        levels[:, day + 1], trends[:, day + 1] = now, slope
    return Levels(levels, trends, _long_mean(units, weights, begins), np.full((series, 1), staying))


def chosen_levels(
    units: Floats, weights: Floats, begins: Ints, span_days: int, clip: float = np.inf,
    grid: Sequence[tuple[float, float, float]] = GRID,
) -> Levels:  # fmt: skip
    """Levels by the smoothing that forecast the next `span_days` best, all series together.

    Squared errors count in units of each series' own variance; ties go to the slowest.
    """
    best, least = grid[0], np.inf
    own = np.arange(units.shape[1]) >= begins[:, None]
    scale = units.var(axis=1, keepdims=True, where=own)
    judged = origins(units.shape[1], begins, span_days) & (scale > 0)
    if judged.any():
        asked, opened = window_sums(units, span_days), window_sums(weights, span_days)
        scales = np.broadcast_to(scale, judged.shape)[judged]
        for choice in grid:
            ahead = smooth(units, weights, begins, *choice, clip).mean_day(span_days)
            errors = (ahead[:, : asked.shape[1]] * opened - asked)[judged]
            loss = float((errors**2 / scales).mean())
            if loss < least * (1 - 1e-9):
                best, least = choice, loss
    return smooth(units, weights, begins, *best, clip)


def origins(day_count: int, begins: Ints, span_days: int) -> Bools:
    """The past days to forecast the next `span_days` from: [series, day].

    They start after a series' first four weeks, or after a third of what it has.
    """
    own = day_count - begins
    first = begins + np.minimum(np.minimum(_START_DAYS, own // 3), np.maximum(own - span_days, 0))
    return np.asarray(np.arange(day_count - span_days + 1) >= first[:, None], np.bool_)


def window_sums(daily: Floats, span_days: int) -> Floats:
    """Sums over the `span_days` from each day on: column o holds days o .. o + span_days - 1."""
    total = np.concatenate([np.zeros((len(daily), 1)), daily.cumsum(axis=1)], axis=1)
    return np.asarray(total[:, span_days:] - total[:, :-span_days], np.float64)


def _start(units: Floats, weights: Floats, begins: Ints) -> tuple[Floats, Floats]:
    """The mean day of each series' own first weeks, and the mean distance of a day from it."""
    after = np.arange(units.shape[1]) - begins[:, None]
    early = (after >= 0) & (after < _start_days(units, begins)[:, None])
    now = units.sum(axis=1, where=early) / np.maximum(weights.sum(axis=1, where=early), 1e-9)
    spread = np.abs(units - weights * now[:, None]).mean(axis=1, where=early)
    return np.asarray(now, np.float64), np.asarray(spread, np.float64)


def _start_days(units: Floats, begins: Ints) -> Ints:
    """Four weeks, or half of what a series has."""
    days = np.minimum(_START_DAYS, np.maximum((units.shape[1] - begins) // 2, 1))
    return np.asarray(days, np.intp)


def _long_mean(units: Floats, weights: Floats, begins: Ints) -> Floats:
    """The mean day of all days so far; of the first four weeks until these are over."""
    asked, opened = units.cumsum(axis=1), np.maximum(weights.cumsum(axis=1), 1e-9)
    mean = np.concatenate([np.zeros((len(units), 1)), asked / opened], axis=1)
    known = np.maximum(np.arange(mean.shape[1]), (begins + _start_days(units, begins))[:, None])
    return np.asarray(np.take_along_axis(mean, known, axis=1), np.float64)
