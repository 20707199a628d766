"""What a movement is for: the places and days whose expected shortage is another one without it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from solver.explain.alternatives import same_way
from solver.explain.flips import Margins
from solver.explain.unmet import stock_levels
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.scaling import half_up

MILLION = 10**6


@dataclass(frozen=True, slots=True)
class ShortageChange:
    """Expected units short of an item at the end of a day, in the plan and without a movement.

    In millionths, each rounded once.
    """

    item: str
    location: str
    on: date
    with_millionths: int
    without_millionths: int

    @property
    def fewer_millionths(self) -> int:
        """By how much less is short because of the movement; below zero: more."""
        return self.without_millionths - self.with_millionths


def changes_by(
    problem: Problem, labels: CarryLabels, margins: Margins, arc: int
) -> tuple[tuple[ShortageChange, ...], int]:
    """Where and when the expected shortage is another one without what an arc carries.

    And how many of its units that is about: those that could go elsewhere, all of them unless the
    rest of the network is held or full.

    Without it its units go the cheapest other ways (as `alternatives.worth_of` prices them), other
    lots on the same way and all that is held stay as they are. By item, place and day, of the days
    that are planned place by place.
    """
    other = without_arc(problem, labels, margins, arc)
    found = sorted(
        (*labels.pairs[pair], day, here, there)
        for pair, day, here, there in _local(problem, labels, margins.flow, other)
    )
    first = problem.window.first
    changes = tuple(
        ShortageChange(item, place, (first + day).astype(object), here, there)
        for item, place, day, here, there in found
    )
    return changes, int(margins.flow[arc] - other[arc])


def without_arc(
    problem: Problem, labels: CarryLabels, margins: Margins, arc: int
) -> IntArray:  # fmt: skip
    """The plan's flow with as little as can be on an arc, the units sent the cheapest other ways.

    What can go no other way stays.
    """
    network = problem.network
    arcs, units = [arc, *_junction(problem, labels, arc)], int(margins.flow[arc])
    found, moved = margins.flow_after(
        int(network.tail[arc]), int(network.head[arcs[-1]]), units,
        without=[*same_way(problem, arc), *arcs[1:]],
    )  # fmt: skip
    found[arcs] -= moved
    return found


def _junction(problem: Problem, labels: CarryLabels, arc: int) -> list[int]:
    """The arc that leads on from where all lots of a way come together; none where they do not."""
    if "junction" not in labels.blocks:
        return []
    block = labels.block("junction")
    after = np.flatnonzero(problem.network.tail[block] == problem.network.head[arc])
    return [block.start + int(row) for row in after]


def _local(
    problem: Problem, labels: CarryLabels, flow: IntArray, other: IntArray
) -> list[tuple[int, int, int, int]]:
    """Pair, day and the two expected shortages, where they differ."""
    here, there = (stock_levels(problem, labels, each) for each in (flow, other))
    pairs = np.flatnonzero((here != there).any(axis=1))
    if isinstance(labels.curves, QuantileDemand):
        rows = QuantileDemand(labels.curves.units[pairs], labels.curves.weights)
        short = [_millionths(rows.short(levels[pairs])) for levels in (here, there)]
    else:
        short = [[[half_up(*(curve.expected_short(int(level)) * MILLION).as_integer_ratio())
                   for curve, level in zip(labels.curves[pair], levels[pair], strict=True)]
                  for pair in pairs.tolist()] for levels in (here, there)]  # fmt: skip
    return _differing(pairs, *short)


def _millionths(owed: IntArray) -> list[list[int]]:
    return [[half_up(MILLION * units, TOTAL) for units in row] for row in owed.tolist()]


def _differing(
    rows: IntArray, here: list[list[int]], there: list[list[int]]
) -> list[tuple[int, int, int, int]]:
    return [
        (row, day, *short)
        for row, with_it, without in zip(rows.tolist(), here, there, strict=True)
        for day, short in enumerate(zip(with_it, without, strict=True))
        if short[0] != short[1]
    ]
