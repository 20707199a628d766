"""The weekday profile: item towards chain, location towards item, each only as far as it shows."""

import numpy as np
import numpy.typing as npt

from forecast.history import Floats, History

DAYS = 7


def weekday_factors(history: History) -> Floats:
    """What share of a mean day each series asks for on each weekday, shape (series, 7), mean 1.

    A profile is estimated for the chain, then for each item on top of the chain's, then for each
    series on top of its item's. Every step is shrunk to what its F statistic supports (James and
    Stein's positive part), so noise gives a flat profile and a closed day a factor of 0.
    """
    days = history.weekdays()
    units = history.units
    level = units.mean(axis=1, keepdims=True)
    scaled = np.divide(units, level, out=np.zeros_like(units), where=level > 0)
    asked = level[:, 0] > 0
    if not asked.any():
        return np.ones((len(units), DAYS))
    chain = _profile(scaled[asked].mean(axis=0, keepdims=True), np.ones((1, DAYS)), days)
    numbers = _item_numbers(history)
    items = np.zeros((numbers.max() + 1, history.day_count))
    np.add.at(items, numbers, units)
    by_item = _profile(items, np.repeat(chain, len(items), axis=0), days)
    return by_item[numbers] if len(items) == len(units) else _profile(units, by_item[numbers], days)


def _item_numbers(history: History) -> npt.NDArray[np.intp]:
    items = sorted({key[0] for key in history.keys})
    number = {item: row for row, item in enumerate(items)}
    return np.array([number[key[0]] for key in history.keys], np.intp)


def _profile(units: Floats, prior: Floats, days: npt.NDArray[np.intp]) -> Floats:
    """Weekday factors of each row: the prior plus the part of the deviation that is no noise."""
    level = units.mean(axis=1, keepdims=True)
    deviation = units - _around(units) * prior[:, days]
    counts = np.bincount(days, minlength=DAYS).astype(np.float64)
    sums = np.stack([deviation[:, days == day].sum(axis=1) for day in range(DAYS)], axis=1)
    means = sums / np.maximum(counts, 1)
    within = deviation - means[:, days]
    freedom = max(units.shape[1] - DAYS, 1)
    noise = (within**2).sum(axis=1, keepdims=True) / freedom
    signal = (counts * means**2).sum(axis=1, keepdims=True) / (DAYS - 1)
    ratio = np.divide(noise, signal, out=np.ones_like(noise), where=signal > 0)
    kept = np.clip(1 - ratio * freedom / max(freedom - 2, 1), 0, 1)
    shift = np.divide(kept * means, level, out=np.zeros_like(means), where=level > 0)
    factors = np.maximum(prior + shift, 0)
    centre = factors.mean(axis=1, keepdims=True)
    return np.asarray(
        np.divide(factors, centre, out=np.ones_like(factors), where=centre > 0), np.float64
    )


def _around(units: Floats) -> Floats:
    """The mean of the seven days around each day; near an end, of the nearest whole week."""
    total = np.concatenate([np.zeros((len(units), 1)), units.cumsum(axis=1)], axis=1)
    start = np.clip(np.arange(units.shape[1]) - DAYS // 2, 0, units.shape[1] - DAYS)
    return np.asarray((total[:, start + DAYS] - total[:, start]) / DAYS, np.float64)
