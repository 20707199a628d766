"""Series of an item, and what a series' past says: where its values lie, and when it reports."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Column, Table
from ontology.grouping import groups_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CONSISTENT = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one field of a class, one series per value of `by`, in the order of `on`.

    Where the key holds no day a fact is overwritten, and its past is in the deliveries alone.
    """

    class_name: str
    by: tuple[str, ...]
    on: str
    value: str
    is_overwritten: bool = False


SERIES = (
    Series("DemandObservation", ("item", "location"), "on", "quantity_units"),
    Series("StockMovement", ("item", "location", "kind"), "effective_on", "quantity_units"),
    Series(
        "StockPosition",
        ("item", "location", "lot"),
        "counted_on",
        "on_hand_units",
        is_overwritten=True,
    ),
    Series("SalesOrder", ("item",), "ordered_on", "quantity_units"),
    Series("DeliveryLine", ("item",), "delivered_on", "quantity_units"),
    Series("DeliveryLine", ("item",), "delivered_on", "pack_price_cents"),
)
"""What is held against its own past. The first field of `by` is the item."""


def medians(values: Floats, groups: Ints, count: int) -> Floats:
    """The median of each group's values, NaN where a group has none; O(n log n)."""
    order = np.lexsort((values, groups))
    ordered = values[order]
    sizes = np.bincount(groups, minlength=count)
    starts = np.cumsum(sizes) - sizes
    result = np.full(count, np.nan)
    some = np.flatnonzero(sizes)
    low = starts[some] + (sizes[some] - 1) // 2
    result[some] = (ordered[low] + ordered[starts[some] + sizes[some] // 2]) / 2
    return result


def sizes_of(column: Column) -> Ints:
    """How large each value is without its sign; 0 for what is not stated."""
    return np.abs(np.where(column == MISSING, 0, column))


@dataclass(frozen=True)
class Profile:
    """The past of all series of a kind, one place per series.

    Of values other than zero, without sign: how many, the median and the spread of their natural
    logarithms, the least and the most. The logarithm makes factors of twelve and a twelfth equally
    far, and without the zeros an intermittent series shows how large its demands are.
    """

    place: Mapping[tuple[Hashable, ...], int]
    rows: Ints
    centre: Floats
    spread: Floats
    least: Ints
    most: Ints

    def at(self, keys: Sequence[tuple[Hashable, ...]]) -> Ints:
        """The places of series by their keys, -1 for one without a past."""
        return np.fromiter((self.place.get(key, -1) for key in keys), np.int64, len(keys))

    @cached_property
    def noise(self) -> Floats:
        """What counting alone spreads a logarithm by: 1 / sqrt(median) (Poisson)."""
        return np.exp(-self.centre / 2)

    def scale(self, places: Ints, floor_percent: int) -> Floats:
        """Spreads that are neither below the floor nor below the noise of counting."""
        least = np.maximum(self.noise[places], floor_percent / 100)
        return np.maximum(self.spread[places], least)


def profile_of(table: Table, series: Series) -> Profile:
    """What the rows of a past say of each series; passes over them a fixed number of times."""
    sizes = sizes_of(table[series.value])
    stated = np.flatnonzero(sizes)
    table, sizes = table.take(stated), sizes[stated]
    keys, groups = groups_of(table, series.by)
    count = len(keys)
    logs = np.log(sizes.astype(np.float64))
    centre = medians(logs, groups, count)
    spread = CONSISTENT * medians(np.abs(logs - centre[groups]), groups, count)
    least = np.full(count, np.iinfo(np.int64).max)
    most = np.zeros(count, np.int64)
    np.minimum.at(least, groups, sizes)
    np.maximum.at(most, groups, sizes)
    place = {key: index for index, key in enumerate(keys)}
    return Profile(place, np.bincount(groups, minlength=count), centre, spread, least, most)


def joined(tables: Sequence[Table], name: str) -> Table | None:
    """The rows of several tables of one class one after the other; None for no table."""
    if not tables:
        return None
    columns = {c: np.concatenate([table[c] for table in tables]) for c in tables[0].columns}
    return Table(name, columns)


def day(number: int) -> str:
    """A day since 1970 as a date."""
    return str(np.datetime64(number, "D"))
