"""How wrong a mean may be: the least inflation under which past forecasts covered what came."""

from datetime import timedelta

import numpy as np

from forecast.fit import Errors, Fit
from forecast.history import SHORTEST_DAYS, History
from forecast.level import Bools

CANDIDATES = (0, 1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000)
"""Relative variances to choose from, per million: a mean off by up to 40 %."""
UNTESTED = Errors(40_000, 40_000)
"""Where the history is too short to test anything: off by 20 %."""
UPPER_LEVELS = (0.85, 0.95, 0.99)
"""Coverage is asked for where a shortage is decided."""
_ORIGINS = 6
_MOST_SERIES = 400


def calibrated(history: History, span_days: int) -> Errors:
    """The errors of a chain's means, from forecasts of its last weeks against what came.

    Up to six origins, one span apart, each fitted on what was known then, on up to 400 series
    spread evenly over the keys; the least candidate whose upper levels cover as much as they
    say, the largest if none does.
    """
    sample = _sample(history)
    span = min(span_days, max(sample.day_count // 6, 1))
    least = max(SHORTEST_DAYS, sample.day_count // 2)
    cuts = [sample.day_count - k * span for k in range(1, _ORIGINS + 1)]
    tested = [_covered(sample, cut, span) for cut in cuts if cut >= least]
    if not tested:
        return UNTESTED
    rare = np.concatenate([kind for kind, _ in tested])
    covered = np.concatenate([share for _, share in tested], axis=1)
    return Errors(_least(covered[:, ~rare], UNTESTED.regular),
                  _least(covered[:, rare], UNTESTED.intermittent))  # fmt: skip


def _sample(history: History) -> History:
    step = -(-len(history.keys) // _MOST_SERIES) or 1
    return History(history.keys[::step], history.first, history.units[::step])


def _covered(history: History, cut: int, span: int) -> tuple[Bools, Bools]:
    """Which series are intermittent, and which are covered: [candidate, series, level]."""
    past = History(history.keys, history.first, history.units[:, :cut])
    fit, starts_on = Fit(past, span), history.first + timedelta(days=cut)
    came = history.units[:, cut : cut + span].sum(axis=1)[:, None]
    found = [  # not rounded: demand in packs must give the same errors
        came <= fit.quantiles(starts_on, span, UPPER_LEVELS, Errors(error, error)) + 1e-9 * came
        for error in CANDIDATES
    ]
    return fit.is_intermittent, np.stack(found)


def _least(covered: Bools, untested: int) -> int:
    """The first candidate whose mean coverage is as stated; `untested` without series."""
    if not covered.shape[1]:
        return untested
    shares = covered.mean(axis=(1, 2))
    enough = np.flatnonzero(shares >= np.mean(UPPER_LEVELS))
    return CANDIDATES[int(enough[0]) if len(enough) else -1]
