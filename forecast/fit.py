"""One history fitted: weekday profile, level, kind of demand, and from them the quantiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from forecast.history import SHORTEST_DAYS, Floats, History, weekdays
from forecast.level import PROMOTION_CLIP, Bools, Levels, chosen_levels
from forecast.season import weekday_factors
from forecast.spread import inflation, past_ratios, ratio_quantiles, tilted_quantiles

LEAST_SELLING_SHARE = 0.76
"""Below this share of days with demand (1 / 1.32, Syntetos and Boylan 2005): intermittent."""
_JUDGED_DAYS = 91
_CLOSED = 0.1
NEW_ERROR_PER_MILLION = 160_000
"""The mean of a series with fewer own days than SHORTEST_DAYS may be off by 40 %."""
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
        """The weekday factor of every observed day, 0 before a series begins: as the history."""
        own = np.arange(self.history.day_count) >= self.history.begins[:, None]
        return self.factors[:, self.history.weekdays()] * own

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
        often, begins = ~self.is_intermittent, self.history.begins
        series, days = self.history.units.shape
        shape = (series, days + 1)
        found = Levels(np.empty(shape), np.empty(shape), np.empty(shape), np.empty((series, 1)))
        for kind, clip in ((~often, np.inf), (often, PROMOTION_CLIP)):
            part = chosen_levels(
                self.history.units[kind], self.weights[kind], begins[kind], span, clip
            )
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
        ahead = self.ahead(starts_on, span_days)
        for known, _, rows in self._groups(span_days):
            often = rows & ~self.is_intermittent
            ahead[often] *= np.nanmean(self._ratios(often, known), axis=1)
        return ahead

    def quantiles(
        self, starts_on: date, span_days: int, probabilities: Sequence[float], errors: Errors
    ) -> Floats:
        """Quantiles of demand over the `span_days` from `starts_on`: (series, probabilities).

        A span longer than a third of a series' own days takes its shape from the longest that
        is not. `errors` is not for series too new to be tested: see NEW_ERROR_PER_MILLION.
        """
        wanted = np.asarray(probabilities, np.float64)
        ahead = self.ahead(starts_on, span_days)
        found = np.zeros((len(ahead), len(wanted)))
        for known, is_new, rows in self._groups(span_days):
            rare, often = rows & self.is_intermittent, rows & ~self.is_intermittent
            used = Errors(NEW_ERROR_PER_MILLION, NEW_ERROR_PER_MILLION) if is_new else errors
            stretch = span_days / known
            found[rare] = stretch * tilted_quantiles(
                self.history.units[rare], self.history.begins[rare], ahead[rare] / stretch,
                known, inflation(used.intermittent), wanted,
            )  # fmt: skip
            found[often] = ratio_quantiles(
                self._ratios(often, known), ahead[often], inflation(used.regular), wanted
            )
        return found

    def _groups(self, span_days: int) -> Iterator[tuple[int, bool, Bools]]:
        """The series alike in the span that stands for the given one, and in whether new."""
        own_days = self.history.own_days
        known = np.minimum(span_days, np.maximum(own_days // 3, 1))
        is_new = (own_days < SHORTEST_DAYS) & (self.history.begins > 0)
        for span, new in sorted(set(zip(known.tolist(), is_new.tolist(), strict=True))):
            yield span, new, (known == span) & (is_new == new)

    def _ratios(self, rows: Bools, span_days: int) -> Floats:
        return past_ratios(
            self.history.units[rows], self.weights[rows], self.history.begins[rows],
            self.levels.rows(rows), span_days,
        )  # fmt: skip
