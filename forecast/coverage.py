"""Rolling-origin back-test: what the quantiles covered, and their pinball loss against peers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

import numpy as np

from forecast.calibration import calibrated
from forecast.fit import CLASSES, Fit
from forecast.history import SHORTEST_DAYS, Floats, History, history_of, pooled
from forecast.level import window_sums
from forecast.model import LEVELS, SMOOTHED_FOR_DAYS
from forecast.spread import whole_units
from ontology.columns import Table

_RECENT_DAYS = 56


@dataclass(frozen=True)
class Coverage:
    """Outcomes of one horizon and kind of demand, over all origins.

    `at_most` and `below` are, per level, the share of outcomes that were at most the quantile,
    and that were less: a level is kept where it lies between the two (whole units tie).
    `loss_ratio` is our pinball loss over that of each peer, each series in units of its mean.
    """

    span_days: int
    kind: str
    outcomes: int
    at_most: tuple[float, ...]
    below: tuple[float, ...]
    loss_ratio: Mapping[str, float]


@dataclass(frozen=True)
class _Trial:
    is_intermittent: np.ndarray[tuple[int], np.dtype[np.bool_]]
    at_most: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    below: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    losses: Mapping[str, Floats]


def backtest(
    observations: Table, spans: Sequence[int], origins: int = 8, *, whole_chain: bool = False
) -> tuple[Coverage, ...]:
    """Forecast from past days by what was known then, and compare with what came.

    The origins stand evenly in the last half of the history, where every span still fits; pairs
    are forecast, or with `whole_chain` the items of the chain. One result per span and kind that
    occurs. Raises InputError `NO_HISTORY`, `HISTORY_SHORT`.
    """
    history = history_of(observations)
    if whole_chain:
        history = pooled(history)
    first = max(SHORTEST_DAYS, history.day_count // 2)
    last = history.day_count - max(spans)
    cuts = sorted(set(np.linspace(first, max(first, last), origins).astype(int).tolist()))
    trials: dict[int, list[_Trial]] = {span: [] for span in spans}
    for cut in cuts:
        past = History(history.keys, history.first, history.units[:, :cut])
        fit, errors = Fit(past, SMOOTHED_FOR_DAYS), calibrated(past, SMOOTHED_FOR_DAYS)
        for span in spans:
            if cut + span <= history.day_count:
                starts_on = history.first + timedelta(days=cut)
                ours = fit.quantiles(starts_on, span, [p / 1e6 for p in LEVELS], errors)
                came = history.units[:, cut : cut + span].sum(axis=1)
                trials[span].append(_trial(fit, ours, came, span))
    found = [_summary(span, trials[span], kind) for span in spans for kind in CLASSES]
    return tuple(coverage for coverage in found if coverage.outcomes)


def plain_quantiles(units: Floats, span_days: int) -> Floats:
    """A peer: the quantiles of all windows of the history as they were."""
    known = min(span_days, max(units.shape[1] // 3, 1))
    windows = window_sums(units, known) * (span_days / known)
    levels = np.array(LEVELS) / 1e6
    return np.asarray(np.quantile(windows, levels, axis=1, method="inverted_cdf").T, np.float64)


def normal_quantiles(units: Floats, span_days: int) -> Floats:
    """A peer: a normal with the mean and variance of the last eight weeks' days, not below 0."""
    recent = units[:, -_RECENT_DAYS:]
    mean = recent.mean(axis=1, keepdims=True) * span_days
    deviation = np.sqrt(recent.var(axis=1, keepdims=True) * span_days)
    points = np.array([NormalDist().inv_cdf(level / 1e6) for level in LEVELS])
    return np.asarray(np.maximum(mean + deviation * points, 0), np.float64)


PEERS: Mapping[str, Callable[[Floats, int], Floats]] = {
    "plain windows": plain_quantiles,
    "normal": normal_quantiles,
}


def _trial(fit: Fit, ours: Floats, came: Floats, span: int) -> _Trial:
    units = fit.history.units
    level = np.maximum(units.mean(axis=1) * span, 1e-9)
    counts = units.any(axis=1)  # what was never asked for has no mean to measure a loss by
    rival = {name: peer(units, span) for name, peer in PEERS.items()}
    losses = {
        name: np.where(counts, _pinball(whole_units(found), came) / level, 0)
        for name, found in {"": ours, **rival}.items()
    }
    quantiles = whole_units(ours)
    return _Trial(
        fit.is_intermittent, came[:, None] <= quantiles, came[:, None] < quantiles, losses
    )


def _pinball(quantiles: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", came: Floats) -> Floats:
    """The mean over all levels of each series' pinball loss (Koenker and Bassett 1978)."""
    levels, missed = np.array(LEVELS) / 1e6, came[:, None] - quantiles
    return np.asarray(np.maximum(levels * missed, (levels - 1) * missed).mean(axis=1), np.float64)


def _summary(span: int, trials: Sequence[_Trial], kind: str) -> Coverage:
    wanted = kind == "intermittent"
    rows = [trial.is_intermittent == wanted for trial in trials]
    outcomes = sum(int(chosen.sum()) for chosen in rows)
    if not outcomes:
        return Coverage(span, kind, 0, (), (), {})
    pairs = list(zip(trials, rows, strict=True))
    losses = {
        name: sum(float(trial.losses[name][chosen].sum()) for trial, chosen in pairs)
        for name in ("", *PEERS)
    }
    return Coverage(
        span, kind, outcomes,
        _shares([trial.at_most[chosen] for trial, chosen in pairs]),
        _shares([trial.below[chosen] for trial, chosen in pairs]),
        {name: losses[""] / losses[name] for name in PEERS if losses[name] > 0},
    )  # fmt: skip


def _shares(
    parts: Sequence["np.ndarray[tuple[int, int], np.dtype[np.bool_]]"],
) -> tuple[float, ...]:
    return tuple(np.concatenate(parts).mean(axis=0).tolist())
