"""One history fitted: weekday profile, level, kind of demand, and from them the quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forecast.history import Floats, History, weekdays
from forecast.level import PROMOTION_CLIP, Levels, chosen_levels
from forecast.season import weekday_factors
from forecast.spread import inflation, past_ratios, ratio_quantiles, tilted_quantiles

Bools = npt.NDArray[np.bool_]
LEAST_SELLING_SHARE = 0.76
"""Below this share of days with demand (1 / 1.32, Syntetos and Boylan 2005): intermittent."""
_JUDGED_DAYS = 91
_CLOSED = 0.1
CLASSES = ("regular", "intermittent")


@dataclass(frozen=True)
class Errors:
    """Relative variance of a forecast mean, per million, of regular and intermittent series."""

    regular: int = 0
    intermittent: int = 0


@dataclass(frozen=True)
class Fit:
    """What a history says, with the span that its smoothing was chosen for."""

    history: History
    span_days: int

    @cached_property
    def factors(self) -> Floats:
        """Weekday factors, shape (series, 7)."""
        return weekday_factors(self.history)

    @cached_property
    def weights(self) -> Floats:
        """The weekday factor of every observed day, shape of the history."""
        return self.factors[:, self.history.weekdays()]

    @cached_property
    def is_intermittent(self) -> Bools:
        """Whether a series had demand on too few of the last days on which it could have."""
        units = self.history.units[:, -_JUDGED_DAYS:]
        opened = self.weights[:, -_JUDGED_DAYS:] > _CLOSED
        sold = ((units > 0) & opened).sum(axis=1)
        return np.asarray(sold < LEAST_SELLING_SHARE * opened.sum(axis=1), np.bool_)

    @cached_property
    def levels(self) -> Levels:
        """Levels with the smoothing that suits each kind of demand best."""
        span = min(self.span_days, self.history.day_count // 3)
        often = ~self.is_intermittent
        series, days = self.history.units.shape
        shape = (series, days + 1)
        found = Levels(np.empty(shape), np.empty(shape), np.empty(shape), np.empty((series, 1)))
        for kind, clip in ((~often, np.inf), (often, PROMOTION_CLIP)):
            part = chosen_levels(self.history.units[kind], self.weights[kind], span, clip)
            for name in ("level", "trend", "mean", "staying"):
                getattr(found, name)[kind] = getattr(part, name)
        return found

    def ahead(self, starts_on: date, span_days: int) -> Floats:
        """The mean of demand over the `span_days` from `starts_on`, per series."""
        factors = self.factors[:, weekdays(starts_on, span_days)]
        daily = self.levels.coming_days(span_days) * factors
        return np.asarray(daily.sum(axis=1), np.float64)

    def mean(self, starts_on: date, span_days: int) -> Floats:
        """The mean of the distribution that `quantiles` describes, without inflation."""
        ahead, often = self.ahead(starts_on, span_days), ~self.is_intermittent
        ahead[often] *= self._ratios(self._known(span_days)).mean(axis=1)
        return ahead

    def quantiles(
        self, starts_on: date, span_days: int, probabilities: Sequence[float], errors: Errors
    ) -> Floats:
        """Quantiles of demand over the `span_days` from `starts_on`: (series, probabilities).

        A span longer than a third of the history takes its shape from the longest that is not.
        """
        known, rare = self._known(span_days), self.is_intermittent
        stretch = span_days / known
        wanted = np.asarray(probabilities, np.float64)
        ahead = self.ahead(starts_on, span_days)
        found = np.zeros((len(ahead), len(wanted)))
        found[rare] = stretch * tilted_quantiles(
            self.history.units[rare], ahead[rare] / stretch, known,
            inflation(errors.intermittent), wanted,
        )  # fmt: skip
        found[~rare] = ratio_quantiles(
            self._ratios(known), ahead[~rare], inflation(errors.regular), wanted
        )
        return found

    def _known(self, span_days: int) -> int:
        return min(span_days, max(self.history.day_count // 3, 1))

    def _ratios(self, span_days: int) -> Floats:
        often = ~self.is_intermittent
        return past_ratios(
            self.history.units[often], self.weights[often], self.levels.rows(often), span_days
        )
