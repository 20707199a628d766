"""Which arcs of a risk network carry whole lots only: transfers, purchases, demand lines."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ontology.columns import Snapshot
from solver.engine.shared import WHOLE_LINES, WHOLE_LOTS, Resource
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import ArcKind, IntArray
from solver.proof.branches import tightened

Sizes = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class Lots:
    """The arcs that carry lots, ascending; the sizes, and what each stands for."""

    arc: IntArray
    least: IntArray
    multiple: IntArray
    names: tuple[Resource, ...]


def lots_of(problem: Problem, labels: CarryLabels, snapshot: Snapshot) -> Lots:
    """The lots of what leaves by a lane on a day, and of what is bought of an offer on one.

    All units of an item on a lane and day go together: on the first day by their junction. What
    stands in for another item where demand lines are stated serves whole ones.
    """
    rows = [*_transfers(problem, labels, snapshot), *_purchases(problem, labels, snapshot),
            *_lines(problem, labels)]  # fmt: skip
    rows.sort(key=lambda row: row[0])
    arc, least, multiple = (np.array([row[n] for row in rows], np.int64) for n in range(3))
    return Lots(arc, least, multiple, tuple(row[3] for row in rows))


def with_whole_bounds(problem: Problem) -> Problem:
    """The problem with bounds of arcs that carry lots at what they may carry."""
    if problem.resources is None or problem.resources.shared.whole is None:
        return problem
    whole = problem.resources.shared.whole
    return replace(problem, network=tightened(problem.network, whole))


def lot_words(snapshot: Snapshot, item: str, lane: str) -> str:
    """How an item must go by a lane, in words; empty where any number may."""
    sizes = _sizes(snapshot)
    least, multiple = sizes.get((item, lane)) or sizes.get((item, "")) or (0, 1)
    words = [f"in lots of {multiple}"] if multiple > 1 else []
    return " and ".join(words + ([f"{least} at least"] if least > 1 else []))


def _transfers(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot
) -> list[tuple[int, int, int, Resource]]:
    sizes = _sizes(snapshot)
    if not sizes:
        return []
    network, movements = problem.network, problem.movements
    junctions = labels.block("junction")
    within = {int(node): arc for arc, node in zip(
        range(junctions.start, junctions.stop), network.tail[junctions], strict=True)}  # fmt: skip
    found: dict[int, tuple[int, int, int, Resource]] = {}
    moves = labels.block("move")
    for arc in range(moves.start, moves.stop):
        row = int(network.reference[arc])
        item, lane, day = movements["item"][row], movements["lane"][row], int(labels.move_day[row])
        size = sizes.get((item, lane)) or sizes.get((item, ""))
        if movements["kind"][row] == "transfer" and size is not None and max(size) > 1:
            at = within.get(int(network.head[arc]), arc)
            found[at] = (at, *size, Resource(WHOLE_LOTS, "lots", lane, "units", day, item))
    return [found[arc] for arc in sorted(found)]


def _sizes(snapshot: Snapshot) -> Sizes:
    """Least and multiple of the lots of each item and lane; "" is every lane of the item."""
    table = snapshot.table("TransferLot")
    rows = zip(table["item"], table["lane"], table["minimum_units"].tolist(),
               table["lot_multiple_units"].tolist(), strict=True)  # fmt: skip
    return {(item, lane or ""): (least, multiple) for item, lane, least, multiple in rows}


def _purchases(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot
) -> list[tuple[int, int, int, Resource]]:
    offers = snapshot.table("Offer")
    least, multiple = offers["minimum_order_units"], offers["lot_multiple_units"]
    if not np.any((least > 1) | (multiple > 1)):
        return []
    keys = zip(offers["supplier"], offers["item"], offers["location"], strict=True)
    sizes = dict(zip(keys, zip(least.tolist(), multiple.tolist(), strict=True), strict=True))
    network, movements = problem.network, problem.movements
    moves = np.arange(*labels.blocks["move"])
    bought = moves[
        (network.kind[moves] == ArcKind.MOVE)
        & (movements["kind"][network.reference[moves]] == "purchase")
    ]
    found = []
    for arc in bought.tolist():
        row = int(network.reference[arc])
        supplier, item, place = (movements[n][row] for n in ("supplier", "item", "destination"))
        low, step = sizes[supplier, item, place]
        if low > 1 or step > 1:
            day = int(labels.move_day[row])
            name = Resource(WHOLE_LOTS, "lots", supplier, "units", day, item)
            found.append((arc, low, step, name))
    return found


def _lines(problem: Problem, labels: CarryLabels) -> Iterator[tuple[int, int, int, Resource]]:
    """The arcs to demand lines: nothing, or a whole one. Those that nothing leads to are none."""
    if "line" not in labels.blocks:
        return
    network, found = problem.network, labels.whole_lines
    reached = set(network.head[labels.block("move")].tolist())
    start = labels.blocks["line"][0]
    for number, line in enumerate(found.arcs):
        if int(network.tail[start + number]) in reached:
            stands_in = found.ways[line.way][1]
            name = Resource(WHOLE_LINES, "line", line.line, "units", 0, stands_in)
            yield start + number, line.units, line.units, name
