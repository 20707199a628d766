"""Demand lines that one item serves whole: what may stand in where, and for which of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ontology.columns import Snapshot, Table

Way = tuple[str, str, str]
"""The item stood in for, the one that stands in, and the location."""


@dataclass(frozen=True, slots=True)
class LineArc:
    """What may stand in for a line: the way (its row), the line, its units, and its joint row.

    A line that several items may serve has a joint, which gives way to one of them; else -1.
    """

    way: int
    line: str
    units: int
    joint: int


@dataclass(frozen=True)
class WholeLines:
    """All ways by which an item stands in where lines are stated, sorted; their arcs by way, line.

    `joints` are the lines that several items may serve, with item, location and units, sorted.
    """

    ways: tuple[Way, ...] = ()
    arcs: tuple[LineArc, ...] = ()
    joints: tuple[tuple[str, str, str, int], ...] = ()

    @cached_property
    def row(self) -> dict[Way, int]:
        """The row of each way."""
        return {way: row for row, way in enumerate(self.ways)}


def whole_lines_of(snapshot: Snapshot, movements: Table) -> WholeLines:
    """The ways and arcs of all substitutions of items that have demand lines where they stand in.

    Rules have no say in it.
    """
    table = snapshot.table("DemandLine").sorted()
    if not len(table):
        return WholeLines()
    stated: dict[tuple[str, str], list[tuple[str, int]]] = {}
    columns = (table["item"], table["location"], table["id"], table["quantity_units"].tolist())
    for item, place, line, units in zip(*columns, strict=True):
        stated.setdefault((item, place), []).append((line, units))
    ways = tuple(sorted(set(_ways(movements, stated))))
    count: dict[tuple[str, str], int] = {}
    for item, _, place in ways:
        count[item, place] = count.get((item, place), 0) + 1
    joints = tuple(sorted(
        (line, item, place, units)
        for (item, place), number in count.items() if number > 1
        for line, units in stated[item, place] if units
    ))  # fmt: skip
    joint = {line: row for row, (line, *_) in enumerate(joints)}
    arcs = tuple(
        LineArc(row, line, units, joint.get(line, -1))
        for row, (item, _, place) in enumerate(ways)
        for line, units in stated[item, place] if units
    )  # fmt: skip
    return WholeLines(ways, arcs, joints)


def _ways(movements: Table, stated: dict[tuple[str, str], list[tuple[str, int]]]) -> Iterator[Way]:
    columns = (movements[name] for name in ("kind", "replaces", "item", "destination"))
    for kind, replaced, item, place in zip(*columns, strict=True):
        if kind == "substitution" and (replaced, place) in stated:
            yield replaced, item, place
