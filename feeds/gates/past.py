"""What a delivery is held against: the chain as it stands, and the source's last deliveries."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from feeds.gates.series import SERIES, Profile, Series, joined, profile_of
from ontology.columns import Snapshot, Table

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source said at one time: its tables, and its own number where it counts them."""

    tables: Mapping[str, Table]
    sequence: int | None = None


@dataclass(frozen=True)
class Past:
    """The chain before the delivery, and what the same source sent before, the oldest first.

    What is worked out of it is kept with it, so keep the object for as long as the past stands:
    then a judgement costs what is judged, not what is known.
    """

    present: Snapshot = field(default_factory=lambda: Snapshot(0, {}))
    deliveries: tuple[Delivery, ...] = ()

    def table(self, name: str) -> Table:
        """The facts of a class that stand."""
        return self.present.table(name)

    def told(self, name: str) -> list[Table]:
        """The tables of a class in the deliveries that had any row of it, the oldest first."""
        tables = [delivery.tables.get(name) for delivery in self.deliveries]
        return [table for table in tables if table is not None and len(table)]

    def profile(self, series: Series) -> Profile | None:
        """The past of a kind of series; None where there is none."""
        return self.keep(series, lambda: self._profile(series))

    def keep(self, what: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, worked out when it is first asked for."""
        if what not in self._kept:
            self._kept[what] = make()
        return cast("Kept", self._kept[what])

    @cached_property
    def _kept(self) -> dict[Hashable, Any]:
        return {}

    def _profile(self, series: Series) -> Profile | None:
        table: Table | None = self.table(series.class_name)
        if series.is_overwritten:
            table = joined(self.told(series.class_name), series.class_name)
        return profile_of(table, series) if table is not None and len(table) else None


def series_of(name: str) -> list[Series]:
    """The kinds of series that the rows of a class belong to."""
    return [series for series in SERIES if series.class_name == name]
