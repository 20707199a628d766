"""Whom a fact or a line of a plan concerns: a region, a partner; one that it names, or nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graph.facts import kinds_of
from graph.fold import Fold
from graph.state import State
from ontology.errors import InputError

PARTNERS = ("Supplier", "Carrier", "Customer")


@dataclass(frozen=True, slots=True)
class Partner:
    """A company that one works with, by its class and its identifier."""

    class_name: str
    name: str

    @staticmethod
    def of(text: str) -> "Partner":
        """Of `Supplier/acme`. Raises InputError `QUERY_PARAMETER`."""
        class_name, _, name = text.partition("/")
        if class_name not in PARTNERS or not name:
            raise InputError(f"`{text[:100]}` is no partner", code="QUERY_PARAMETER",
                             hint=f"write {', '.join(f'{one}/NAME' for one in PARTNERS)}"
                             )  # fmt: skip
        return Partner(class_name, name)


def named(class_name: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Class and identifier of all that a record names, itself among them where it has one."""
    if "id" in values:
        yield class_name, str(values["id"])
    for name, kind in kinds_of(class_name).items():
        value = values.get(name) if kind.refers_to else None
        for one in (value if kind.many else (value,)) or ():
            if one is not None:
                yield kind.refers_to, str(one)


class Regions:
    """In which regions the locations of a chain lie: by `region`, and by what they are part of."""

    def __init__(self, locations: Fold) -> None:
        self.fold = locations
        stands = locations.in_force
        self._above: dict[str, tuple[str | None, str]] = {}
        if stands is not None:
            table = stands.table
            columns = (table[name].tolist() for name in ("id", "part_of", "region"))
            self._above = {key: (above, region)
                           for key, above, region in zip(*columns, strict=True)}  # fmt: skip

    @staticmethod
    def of(state: State, known: "Regions | None") -> "Regions":
        """Those of a state; the known ones where its locations are the same."""
        fold = state.folds.get("Location", Fold())
        return known if known is not None and known.fold is fold else Regions(fold)

    def holds(self, region: str, location: str) -> bool:
        """Whether a location, or a place that it is part of, is the region or lies in it."""
        at: str | None = location
        for _ in range(len(self._above) + 1):
            if at is None or at not in self._above:
                return False
            if at == region or self._above[at][1] == region:
                return True
            at = self._above[at][0]
        return False
