"""What a delivery is held against: the chain as it stands, and the source's last deliveries."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from feeds.gates.series import SERIES, Profile, Series, joined, profile_of
from ontology.columns import Snapshot, Table
from ontology.grouping import rows_about

Kept = TypeVar("Kept")


Near = Callable[[str, tuple[str, ...], Table], Table]
"""The rows of a class that stand and agree with any row of a table in some columns."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source said at one time: its tables, and its own number where it counts them."""

    tables: Mapping[str, Table]
    sequence: int | None = None


@dataclass(frozen=True)
class Past:
    """The chain before the delivery, and what the same source sent before, the oldest first.

    What is worked out of it is kept with it, so keep the object for as long as the past stands:
    then a judgement costs what is judged, not what is known. `find` looks up standing rows where
    whoever made this has them in an order of his own.
    """

    present: Snapshot = field(default_factory=lambda: Snapshot(0, {}))
    deliveries: tuple[Delivery, ...] = ()
    find: Near | None = None

    def table(self, name: str) -> Table:
        """The facts of a class that stand."""
        return self.present.table(name)

    def near(self, name: str, by: tuple[str, ...], arriving: Table) -> Table:
        """The facts of a class that stand and are, by some columns, about what arrives."""
        if self.find is not None:
            return self.find(name, by, arriving)
        known = self.table(name)
        return known.take(rows_about(known, by, arriving))

    def told(self, name: str) -> list[Table]:
        """The tables of a class in the deliveries that had any row of it, the oldest first."""
        tables = [delivery.tables.get(name) for delivery in self.deliveries]
        return [table for table in tables if table is not None and len(table)]

    def profile(self, series: Series, arriving: Table) -> Profile | None:
        """The past of those series of a kind that arriving rows belong to; None without any."""
        judged, profile = self._profiles.get(series, (None, None))
        if judged is not arriving:
            profile = self._profile(series, arriving)
            self._profiles[series] = arriving, profile
        return profile

    def keep(self, what: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, worked out when it is first asked for."""
        if what not in self._kept:
            self._kept[what] = make()
        return cast("Kept", self._kept[what])

    @cached_property
    def _kept(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def _profiles(self) -> dict[Series, tuple[Table, Profile | None]]:
        """The last profile of each kind, with the rows that it was asked for."""
        return {}

    def _profile(self, series: Series, arriving: Table) -> Profile | None:
        name = series.class_name
        if not series.is_overwritten:
            table: Table | None = self.near(name, series.by, arriving)
        else:
            told = [each.take(rows_about(each, series.by, arriving)) for each in self.told(name)]
            table = joined(told, name)
        return profile_of(table, series) if table is not None and len(table) else None


def series_of(name: str) -> list[Series]:
    """The kinds of series that the rows of a class belong to."""
    return [series for series in SERIES if series.class_name == name]
