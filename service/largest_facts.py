"""Which facts carry the largest cost and most units, where numbers leave their exact range."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from graph.catalog import Catalog
from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import EvenkeelError, Place
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS
from solver.network.scaling import MICROS_PER_CENT

RANGES = ("COST_RANGE", "FLOW_RANGE", "NUMBER_RANGE")
MANY_UNITS = 10**9
"""From so many units of one fact on they are named beside the largest cost."""


@dataclass(frozen=True, slots=True)
class Largest:
    """A number of a fact, `Class/natural key`."""

    fact: str
    field: str
    value: int

    def __str__(self) -> str:
        """As a sentence names it: `price_micros` of Offer `acme/widget/north`, 90."""
        name, _, key = self.fact.partition("/")
        return f"`{self.field}` of {name} `{key}`, {self.value}"


def largest_cost(snapshot: Snapshot) -> Largest | None:
    """The greatest amount of money that a fact states, whatever its currency; first by name."""
    return _largest(snapshot, lambda field: {"micros": 1, "cents": MICROS_PER_CENT}.get(field, 0))


def most_units(snapshot: Snapshot) -> Largest | None:
    """The greatest number of units that a fact states; first by name."""
    return _largest(snapshot, lambda field: int(field == "units"))


@contextmanager
def blaming(
    snapshot: Snapshot, catalog: Catalog | None = None, chain: str = ""
) -> Iterator[None]:  # fmt: skip
    """Meanwhile an error about the range of numbers names the facts that carry the largest.

    With a catalog it stands at the file and the row of the fact with the largest cost.
    """
    try:
        yield
    except EvenkeelError as error:
        found = _named(error, snapshot)
        if not found:
            raise
        more = "".join(f"; the most units are {units}" for units in found[1:])
        raise type(error)(
            f"{error.what}: the largest cost is {found[0]}{more}", code=error.code, hint=_HINT,
            place=None if catalog is None else _place(catalog, f"{chain}/{found[0].fact}"),
        ) from error  # fmt: skip


def _place(catalog: Catalog, uri: str) -> Place | None:
    stated = catalog.by_uri([uri]).get(uri)
    return None if stated is None else Place(stated.source_file, stated.source_row)


_HINT = "correct the number, or state costs in coarser units; `evenkeel trace --fact` says who did"


def _named(error: EvenkeelError, snapshot: Snapshot) -> list[Largest]:
    if error.code not in RANGES:
        return []
    cost, units = largest_cost(snapshot), most_units(snapshot)
    many = [] if units is None or units.value < MANY_UNITS else [units]
    return [] if cost is None else [cost, *many]


def _largest(snapshot: Snapshot, weight: Callable[[str], int]) -> Largest | None:
    """The number that weighs most; a field weighs by the last word of its name."""
    best: tuple[int, Largest] | None = None
    for table, field in _numbers(snapshot):
        one = weight(field.rpartition("_")[2])
        column = np.where(table[field] == MISSING, 0, table[field])
        if not one or not column.size:
            continue
        value = int(column.max())
        if value > 0 and (best is None or value * one > best[0]):
            key = min(str(table.keys[row]) for row in np.flatnonzero(column == value).tolist())
            best = value * one, Largest(f"{table.name}/{key}", field, value)
    return None if best is None else best[1]


def _numbers(snapshot: Snapshot) -> Iterator[tuple[Table, str]]:
    for name in sorted(snapshot.tables.keys() & FACTS):
        for kind in field_kinds(RECORDS[name]).values():
            if kind.scalar is int:
                yield snapshot.tables[name], kind.name
