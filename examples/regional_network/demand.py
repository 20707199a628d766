"""A year of daily demand: weeks, seasons, trends, promotions, launches and slow movers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from examples.regional_network.families import DELAYED, FAMILIES, PROMOTED
from examples.regional_network.geography import CITIES, COUNTRIES, REGIONS, days_off
from examples.regional_network.goods import Goods
from examples.regional_network.selling import FloatArray, IntArray, Selling
from examples.regional_network.sizes import FIRST_DAY, Size
from ontology.columns import Column, Table

WEEKLY = {
    "early week": (1.25, 1.1, 1.0, 1.0, 1.15, 0.95, 0.55),
    "saturday": (0.85, 0.85, 0.9, 0.95, 1.15, 1.5, 0.8),
    "friday": (1.0, 0.9, 0.95, 1.05, 1.4, 1.1, 0.6),
    "hospital": (1.4, 1.2, 1.15, 1.1, 1.1, 0.6, 0.45),
}
"""Weekly profiles, Monday first: of the countries' seasons, and of hospitals everywhere."""
PAIRS_AT_ONCE = 5_000
_SPREAD = 9.0
"""Of the negative binomial: the variance of a day is mean + mean^2 / spread."""
_DELAY_IS_FELT_DAYS = 16
_SWING = 0.2
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Days:
    """The days of history: dates, weekdays, and per family and region what multiplies demand."""

    dates: Column
    weekdays: IntArray
    swing: FloatArray


def observations(size: Size, stock: Goods, sold: Selling) -> Table:
    """The DemandObservation table, by item, place and day; days without demand have no row.

    `served_units` is less than what was asked for where a place ran out.
    """
    draws = size.draws("demand")
    dates = np.datetime64(size.history_starts_on, "D") + np.arange(size.days)
    weekdays = (dates.astype(np.int64) + 3) % 7  # day 0 of the calendar was a Thursday
    days = _Days(dates, weekdays, _swing(size, dates))
    parts = []
    for start in range(0, len(sold), PAIRS_AT_ONCE):
        rows = np.arange(start, min(start + PAIRS_AT_ONCE, len(sold)))
        mean = _mean(draws, sold, rows, days, size)
        asked = _asked(draws, mean, sold.is_slow[rows])
        row, day = np.nonzero(asked)
        units = asked[row, day]
        parts.append((rows[row], day, units, _served(draws, sold, rows, asked)[row, day]))
    pair, day, units, served = (np.concatenate(column) for column in zip(*parts, strict=True))
    places = _texts([city.id for city in CITIES])
    return Table("DemandObservation", {
        "item": _texts(stock.ids)[sold.items[pair]], "location": places[sold.places[pair]],
        "on": dates[day], "quantity_units": units, "served_units": served,
    })  # fmt: skip


def _texts(values: list[str]) -> Column:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _swing(size: Size, dates: Column) -> FloatArray:
    """Per family, region and day: the season of the year, promotions, and weather for all."""
    draws = size.draws("seasons")
    shape = len(FAMILIES), len(REGIONS), len(dates)
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    swing = np.ones(shape)
    for number, family in enumerate(FAMILIES):
        if family.peak_month:
            angle = 2 * np.pi * (day_of_year / 365.25 - (family.peak_month - 0.5) / 12)
            swing[number] *= 1 + _SWING * np.cos(angle)
    swing *= np.exp(_slow_noise(draws, shape, 0.08))
    for number in range(len(FAMILIES)):
        for region in range(len(REGIONS)):
            _promote(draws, swing[number, region], _quiet_days(number, region))
    return swing


def _slow_noise(draws: np.random.Generator, shape: tuple[int, ...], sigma: float) -> FloatArray:
    """Noise that remembers half of the day before, of the given standard deviation."""
    steps = draws.normal(0, sigma * np.sqrt(0.75), shape)
    for day in range(1, shape[-1]):
        steps[..., day] += 0.5 * steps[..., day - 1]
    return steps


def _quiet_days(family: int, region: int) -> int:
    """For how long before today no promotion worked: the north's, of February, did not."""
    return 40 if family in PROMOTED and REGIONS[region] == "north" else 0


def _promote(draws: np.random.Generator, swing: FloatArray, quiet_days: int) -> None:
    """About one promotion in three months: up to two weeks of up to 2.3 times the demand."""
    last = len(swing) - quiet_days
    for _ in range(draws.poisson(len(swing) / 91)):
        start, length = int(draws.integers(0, len(swing))), int(draws.integers(6, 15))
        swing[start : min(start + length, max(last, start))] *= draws.uniform(1.4, 2.3)


def _mean(
    draws: np.random.Generator, sold: Selling, rows: IntArray, days: _Days, size: Size
) -> FloatArray:
    """Mean demand of each pair on each day."""
    cities = [CITIES[place] for place in range(len(CITIES))]
    region = np.array([REGIONS.index(city.region) for city in cities])[sold.places[rows]]
    family = sold.items[rows] % len(FAMILIES)
    ago = np.arange(len(days.dates))[::-1] / 365
    trend = np.exp(-np.outer(draws.normal(0.05, 0.15, len(rows)), ago))
    mean = sold.daily[rows, None] * trend * days.swing[family, region]
    mean *= _weeks(size, days)[sold.places[rows]]
    return np.where(_launched(sold.items[rows], days), mean, 0.0)


def _weeks(size: Size, days: _Days) -> FloatArray:
    """Per place and day: the weekday's share, none where the place is closed."""
    years = range(size.history_starts_on.year, FIRST_DAY.year + 1)
    found = np.zeros((len(CITIES), len(days.dates)))
    for row, city in enumerate(CITIES):
        country = COUNTRIES[city.country]
        profile = np.array(WEEKLY["hospital" if city.serves == "hospital" else country.season])
        if country.closed_on_sunday:
            profile[6] = 0.0
        found[row] = (profile * 7 / profile.sum())[days.weekdays]
        found[row, np.isin(days.dates, np.array(days_off(country, years), "datetime64[D]"))] = 0.0
    return found


def _launched(items: IntArray, days: _Days) -> Flags:
    """One item in twenty-five came to market during the year."""
    is_new = items // len(FAMILIES) % 25 == 12
    launch = np.where(is_new, len(days.dates) * (20 + items % 50) // 100, 0)
    return np.asarray(np.arange(len(days.dates)) >= launch[:, None])


def _asked(draws: np.random.Generator, mean: FloatArray, is_slow: Flags) -> IntArray:
    """Units asked for: negative binomial; slow movers by few orders of several units."""
    asked = draws.negative_binomial(_SPREAD, _SPREAD / (_SPREAD + mean))
    slow = mean[is_slow]
    order_size = 1 + 0.5 * np.sqrt(slow)
    comes = draws.random(slow.shape) < slow / order_size
    asked[is_slow] = np.where(comes, 1 + draws.poisson(order_size - 1), 0)
    return np.asarray(asked, np.int64)


def _served(draws: np.random.Generator, sold: Selling, rows: IntArray, asked: IntArray) -> IntArray:
    """Units served: a pair in four ran out for some days; the south still feels the delay."""
    count, days = asked.shape
    share = np.ones(asked.shape)
    ran_out = draws.random(count) < 0.25
    starts = np.asarray(draws.integers(0, days, count))
    lengths = np.asarray(draws.integers(2, 7, count))
    for row in np.flatnonzero(ran_out).tolist():
        share[row, starts[row] : starts[row] + lengths[row]] = 0.3
    south = np.array([city.region == "south" for city in CITIES])[sold.places[rows]]
    late = south & np.isin(sold.items[rows] % len(FAMILIES), DELAYED)
    share[late, max(0, days - _DELAY_IS_FELT_DAYS) :] *= draws.uniform(0.5, 0.9)
    return np.asarray(np.floor(asked * share), np.int64)
