"""The level of each series by exponential smoothing: damped trend, and return to the long mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from forecast.history import Floats

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

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "Levels":
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
    units: Floats, weights: Floats, level: float, trend: float, staying: float,
    clip: float = np.inf,
) -> Levels:  # fmt: skip
    """Levels after each number of days, from units per day and the weekday factor of each day.

    A day with a factor of 0 says nothing; a day counts as at most `clip` mean absolute
    deviations from its forecast. The start is the mean of the first four weeks.
    """
    series, days = units.shape
    start = min(_START_DAYS, max(days // 2, 1))
    opened = np.maximum(weights[:, :start].sum(axis=1), 1e-9)
    now = units[:, :start].sum(axis=1) / opened
    slope = np.zeros(series)
    spread = np.abs(units[:, :start] - weights[:, :start] * now[:, None]).mean(axis=1)
    levels, trends = np.empty((series, days + 1)), np.zeros((series, days + 1))
    levels[:, 0] = now
    for day in range(days):
        ahead = now + DAMPING * slope
        error = units[:, day] - weights[:, day] * ahead
        bound = clip * spread if np.isfinite(clip) else np.inf
        clipped = np.clip(error, -bound, bound)
        now = np.maximum(ahead + level * clipped, 0)
        slope = DAMPING * slope + trend * clipped
        spread += 0.05 * (np.abs(error) - spread)
        levels[:, day + 1], trends[:, day + 1] = now, slope
    return Levels(levels, trends, _long_mean(units, weights), np.full((series, 1), staying))


def chosen_levels(
    units: Floats, weights: Floats, span_days: int, clip: float = np.inf,
    grid: Sequence[tuple[float, float, float]] = GRID,
) -> Levels:  # fmt: skip
    """Levels by the smoothing that forecast the next `span_days` best, all series together.

    Squared errors count in units of each series' own variance; ties go to the slowest.
    """
    best, least = grid[0], np.inf
    scale = units.var(axis=1, keepdims=True)
    varied = scale[:, 0] > 0
    if varied.any():
        asked, opened = window_sums(units, span_days), window_sums(weights, span_days)
        first = min(_START_DAYS, units.shape[1] // 3)
        for choice in grid:
            ahead = smooth(units, weights, *choice, clip).mean_day(span_days)
            errors = (ahead[:, : asked.shape[1]] * opened - asked)[varied, first:]
            loss = float((errors**2 / scale[varied]).mean())
            if loss < least * (1 - 1e-9):
                best, least = choice, loss
    return smooth(units, weights, *best, clip)


def window_sums(daily: Floats, span_days: int) -> Floats:
    """Sums over the `span_days` from each day on: column o holds days o .. o + span_days - 1."""
    total = np.concatenate([np.zeros((len(daily), 1)), daily.cumsum(axis=1)], axis=1)
    return np.asarray(total[:, span_days:] - total[:, :-span_days], np.float64)


def _long_mean(units: Floats, weights: Floats) -> Floats:
    """The mean day of all days so far; of the first four weeks until these are over."""
    start = min(_START_DAYS, max(units.shape[1] // 2, 1))
    asked, opened = units.cumsum(axis=1), np.maximum(weights.cumsum(axis=1), 1e-9)
    mean = np.empty((len(units), units.shape[1] + 1))
    mean[:, 1:] = asked / opened
    mean[:, :start] = mean[:, start : start + 1]
    return mean
