"""Quantiles of cumulative demand from the windows of a history: ratios, or tilted counts."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from forecast.history import Floats, Ints
from forecast.level import Levels, origins, window_sums

INFLATION_POINTS = np.array([-1.2815516, -0.5244005, 0.0, 0.5244005, 1.2815516]) * 1.1415
"""Five equally likely points with mean 0 and variance 1, at the middles of a normal's fifths."""
_CHUNK_CELLS = 200_000
_LEAST_RATIO = 0.25
_CLOSED = 0.1
_REACH = 0.95
"""A tilted mean goes up to this share of the largest window: no tilt reaches further."""
_NO_WINDOW = -1.0
_UNSEEN_SHARE = 0.25
_NEWTON_STEPS = 40
_STEEPEST = 1e3
_FLAT = 1e-12
_CLOSE = 1e-9


def whole_units(quantities: Floats) -> npt.NDArray[np.int64]:
    """Quantities as whole units, half up: the one place where a forecast is rounded."""
    return np.floor(quantities + 0.5).astype(np.int64)


def inflation(error_per_million: int) -> Floats:
    """Equally likely factors of mean 1 and the given variance: how wrong a mean may be."""
    points = np.exp(np.sqrt(error_per_million / 1e6) * INFLATION_POINTS)
    return np.asarray(points / points.mean(), np.float64)


def past_ratios(
    units: Floats, weights: Floats, begins: Ints, levels: Levels, span_days: int
) -> Floats:
    """What came over what was forecast: [series, past day], for the `span_days` after each day.

    Only what was known on a day is in its forecast, so the error of the level is in the ratios,
    as it was. A past forecast counts as at least a quarter of the series' mean. NaN where a
    series gives no ratio: before it begins and in its first weeks, and over closed days.
    """
    from_days = origins(units.shape[1], begins, span_days)
    asked, opened = window_sums(units, span_days), window_sums(weights, span_days)
    mean = units.sum(axis=1) / (units.shape[1] - begins)
    forecast = levels.mean_day(span_days)[:, : asked.shape[1]] * opened
    forecast = np.maximum(forecast, _LEAST_RATIO * mean[:, None] * opened)
    counts = from_days & (opened > _CLOSED) & (forecast > 0)
    ratios = np.divide(asked, forecast, out=np.full_like(asked, np.nan), where=counts)
    ratios[~counts.any(axis=1), -1] = 1.0
    return np.asarray(ratios[:, counts.any(axis=0).argmax() :], np.float64)


def ratio_quantiles(
    ratios: Floats, ahead: Floats, factors: Floats, probabilities: Floats
) -> Floats:
    """Quantiles for series that sell on most days, shape (series, probabilities).

    The ratios of `past_ratios`, spread by the factors, times the forecast `ahead`: empirical
    prediction intervals (Lee and Scholtes 2014).
    """
    found = np.zeros((len(ratios), len(probabilities)))
    for part in _chunks(len(ratios), ratios.shape[1] * len(factors)):
        mixed = (ratios[part, :, None] * factors).reshape(len(ratios[part]), -1)
        found[part] = _quantiles(mixed, probabilities)
    return found * ahead[:, None]


def _quantiles(values: Floats, probabilities: Floats) -> Floats:
    """Quantiles of each row without its NaN, linear between two values; every row has one."""
    values = np.sort(values, axis=1)  # NaN comes last
    count = (~np.isnan(values)).sum(axis=1, keepdims=True)
    place = (count - 1) * probabilities
    low = np.floor(place).astype(np.intp)
    below = np.take_along_axis(values, low, axis=1)
    above = np.take_along_axis(values, np.minimum(low + 1, count - 1), axis=1)
    return np.asarray(below + (place - low) * (above - below), np.float64)


def tilted_quantiles(
    units: Floats, begins: Ints, ahead: Floats, span_days: int, factors: Floats,
    probabilities: Floats,
) -> Floats:  # fmt: skip
    """Quantiles for series with many days of no demand, shape (series, probabilities).

    The windows of each series' own history are given exponential weights such that their mean is
    the forecast: the least change of the distribution with that mean, which turns Poisson into
    Poisson and keeps the sizes of orders as they are. Each factor is a mean of its own. What no
    window has shown yet (the largest and one more of the largest days) has the chance that one
    more span has to be the largest so far, but no more than a quarter of the mean.
    """
    windows = window_sums(units, span_days)
    windows[np.arange(windows.shape[1]) < begins[:, None]] = _NO_WINDOW
    windows = np.sort(windows, axis=1)
    unseen = windows[:, -1:] + units.max(axis=1, keepdims=True)
    chance = 1 / ((units.shape[1] - begins) / span_days + 1)
    found = np.zeros((len(units), len(probabilities)))
    for part in _chunks(len(units), windows.shape[1]):
        values = np.concatenate([windows[part], unseen[part]], axis=1)
        found[part] = _tilted(values, chance[part], ahead[part], factors, probabilities)
    return found


def _tilted(
    values: Floats, chance: Floats, ahead: Floats, factors: Floats, probabilities: Floats
) -> Floats:
    """Quantiles of windows (sorted) and, in the last column, of what none has shown."""
    top = values[:, -2]
    scale = np.where(top > 0, top, 1.0)
    unit, unseen = values[:, :-1] / scale[:, None], values[:, -1] / scale
    beyond = np.minimum(chance, _UNSEEN_SHARE * ahead / scale / np.maximum(unseen, 1))
    mass, slope = np.zeros_like(values), np.zeros(len(values))
    for factor in factors:
        target = (ahead * factor / scale - beyond * unseen) / (1 - beyond)
        tilted, slope = _tilt(unit, np.minimum(target, _REACH), slope)
        mass[:, :-1] += tilted * (1 - beyond)[:, None]
    mass[:, -1] = beyond * len(factors)
    share = mass.cumsum(axis=1)
    share /= share[:, -1:]
    place = np.stack([(share < p - 1e-12).sum(axis=1) for p in probabilities], axis=1)
    return np.asarray(np.take_along_axis(values, place, axis=1) * (top > 0)[:, None], np.float64)


def _tilt(unit: Floats, target: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Weights over each row of values in 0..1 whose mean is the row's target, and their slope.

    Newton's method from the given slope, kept within a bracket; where no tilt has that mean
    (nothing but zeros), the weights stay even. What is no window has none.
    """
    even = (unit >= 0).astype(np.float64)
    unit = np.maximum(unit, 0)
    low, high = np.full(len(unit), -_STEEPEST), np.full(len(unit), _STEEPEST)
    weights = even
    for _ in range(_NEWTON_STEPS):
        weights = even * np.exp(slope[:, None] * (unit - (slope > 0)[:, None]))
        weights /= weights.sum(axis=1, keepdims=True)
        tilted = weights * unit
        mean = tilted.sum(axis=1)
        variance = (tilted * unit).sum(axis=1) - mean**2
        missed = np.where(variance > _FLAT, target - mean, 0)
        if np.abs(missed).max(initial=0) < _CLOSE:
            break
        low, high = np.where(missed > 0, slope, low), np.where(missed < 0, slope, high)
        newton = slope + missed / np.maximum(variance, _FLAT)
        slope = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    return weights, slope


def _chunks(rows: int, width: int) -> Iterator[slice]:
    step = max(_CHUNK_CELLS // max(width, 1), 1)
    return (slice(start, start + step) for start in range(0, rows, step))
