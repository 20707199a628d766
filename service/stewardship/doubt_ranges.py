"""How far a doubtful number may be from what was said before the line that stands on it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.errors import SolverError
from service.decision import ask, pose
from service.house import House
from service.recalled import AT_THESE_PRICES, EXACT, Recalled, recall
from service.stewardship.doubts import Doubt, LineInDoubt, lines_in_doubt, name_of
from service.why_line import Flip, fields_of, line_explained
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.engine.shared import used
from solver.explain.alternatives import arc_of, row_of
from solver.explain.flips import Margins
from solver.explain.stock_ranges import stock_reach
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import Network

Row = Mapping[str, Any]
MOST_ARCS = 20_000
"""Networks up to this size are solved again at the ends of a range, which makes them exact."""


@dataclass(frozen=True, slots=True)
class Room:
    """The values of a fact's number with which some cheapest plan has the line as it is.

    All else equal, from `holds_from` to `holds_to`; None where there is no such end. `basis` is
    `exact` where the flow alone decides and the problem was solved again at both ends and just
    beyond; else `at these prices`. Not `followed` to its end, the range may be wider.
    """

    fact: str
    field: str
    now: int
    holds_from: int | None
    holds_to: int | None
    basis: str
    followed: bool = True


def rooms_of(found: Recalled, line: Row, doubts: Iterable[Doubt]) -> tuple[Room, ...]:
    """The room of each doubtful fact of a line; those whose number has none that is known are left.

    Of stock counts that the line takes from, by the cheapest ways of every unit more or less; of
    prices of lanes and offers, by the margins that `why` tells.
    """
    rooms = []
    for doubt in doubts:
        room = _of_stock(found, line, doubt.fact) if name_of(doubt.fact) == "StockPosition" else (
            _of_price(found, line, doubt.fact))  # fmt: skip
        rooms += [] if room is None else [room]
    return tuple(rooms)


def explained(
    house: House, document: Row, *, most: int | None = None
) -> tuple[tuple[LineInDoubt, tuple[Room, ...]], ...]:
    """The lines of a saved plan in doubt, the first so many of them, each with its rooms.

    Raises as reading the plan's artifacts does.
    """
    doubted = lines_in_doubt(house, document)[:most]
    if not doubted:
        return ()
    found = recall(house.store, document)
    lines = {line["number"]: line for line in document["decision"]["lines"]}
    return tuple((one, rooms_of(found, lines[one.number], one.doubts)) for one in doubted)


def doubts_of_line(
    house: House, document: Row, number: int
) -> tuple[tuple[Doubt, ...], tuple[Room, ...]]:
    """What of a line's facts is stale or marked, and how far that may be wrong."""
    one = next((each for each in lines_in_doubt(house, document) if each.number == number), None)
    if one is None:
        return (), ()
    line = next(row for row in document["decision"]["lines"] if row["number"] == number)
    return one.doubts, rooms_of(recall(house.store, document), line, one.doubts)


def _of_price(found: Recalled, line: Row, fact: str) -> Room | None:
    flips = {behind.fact: behind.flip for behind in line_explained(found, line).behind}
    flip = flips.get(fact)
    if not isinstance(flip, Flip) or flip.now is None or not flip.field.endswith("_micros"):
        return None
    return Room(fact, flip.field, flip.now, flip.holds_from, flip.holds_to, found.basis)


def _of_stock(found: Recalled, line: Row, fact: str) -> Room | None:
    problem, labels = found.problem, found.problem.labels
    row = row_of(problem, dict(line))
    arc = None if row is None else arc_of(problem, row)
    if row is None or arc is None or not isinstance(labels, CarryLabels):
        return None
    now = int(fields_of(found.question.facts, fact).get("on_hand_units", 0))
    less, more = stock_reach(problem, labels, found.margins, row, arc)
    low = None if less.units >= now else now - less.units
    # a network has room for the units that there are: beyond them its ways say too little
    room = Room(fact, "on_hand_units", now, low, now + more.units, AT_THESE_PRICES, followed=False)
    return _exact(found, line, room) or room if found.pure else room


def _exact(found: Recalled, line: Row, room: Room) -> Room | None:
    """The room in a network with ways for many more units, if plans at its ends agree."""
    if found.problem.network.arc_count > MOST_ARCS:
        return None
    further = 4 * int(found.question.facts.table("StockPosition")["on_hand_units"].sum())
    problem, labels = found.problem, found.problem.labels
    row = row_of(problem, dict(line))
    arc = None if row is None else arc_of(problem, row)
    wide = _widened(problem.network, _posed(found, room, room.now + further).network)
    if row is None or arc is None or wide is None or not isinstance(labels, CarryLabels):
        return None
    try:
        margins = Margins(wide, found.flow, canonical_potentials(wide, found.flow))
    except SolverError:  # with more ways another plan is cheaper: they are not of this one
        return None
    _, more = stock_reach(problem, labels, margins, row, arc)
    high = None if more.ends == "no way" else room.now + more.units
    whole = replace(room, holds_to=high, basis=EXACT, followed=more.units < further)
    return whole if _is_exact(found, line, whole) else None


def _widened(network: Network, other: Network) -> Network | None:
    """A network with the room that arcs have in another of its kind; None where that is none."""
    names = ("tail", "head", "cost", "kind", "reference")
    if any(not np.array_equal(getattr(network, n), getattr(other, n)) for n in names):
        return None
    return replace(network, capacity=np.maximum(network.capacity, other.capacity))


def _is_exact(found: Recalled, line: Row, room: Room) -> bool:
    """Whether plans on other counts hold the line at both ends, and change it just beyond."""
    low, high = room.holds_from, room.holds_to
    inside = [low if low is not None else 0, *([high] if high is not None else [])]
    beyond = [*([low - 1] if low else []),
              *([high + 1] if high is not None and room.followed else [])]  # fmt: skip
    return all(_holds(found, line, room, units) for units in inside) and all(
        _holds(found, line, room, units) is False for units in beyond
    )


def _holds(found: Recalled, line: Row, room: Room, units: int) -> bool | None:
    """Whether a cheapest plan on facts with another count has the same units on the line.

    None where that is not known: what items share may then be too little.
    """
    problem = _posed(found, room, units)
    row = row_of(problem, dict(line))
    arc = None if row is None else arc_of(problem, row)
    if arc is None:
        return False
    network, quantity = problem.network, int(line["quantity_units"])
    free, fits = _least(problem, network)
    if not network.lower[arc] <= quantity <= network.capacity[arc]:
        return False if fits else None
    held, held_fits = _least(problem, _held(network, arc, quantity))
    if free is None:
        return None
    if held == free:
        return True if held_fits else None
    return False if fits else None


def _posed(found: Recalled, room: Room, units: int) -> Problem:
    """The problem that is posed on facts with another count."""
    question = found.question
    other = _counted(question.snapshot, room, units)
    return pose(ask(other, question.release, question.request))


def _counted(snapshot: Snapshot, room: Room, units: int) -> Snapshot:
    """The facts with so many units on hand more or less than was said; the total moves alike."""
    name, _, key = room.fact.partition("/")
    table = snapshot.table(name)
    at, columns = table.row_of[key], dict(table.columns)
    for field in ("on_hand_units", "total_units"):
        columns[field] = columns[field].copy()
        columns[field][at] += units - room.now
    return replace(snapshot, tables={**snapshot.tables, name: Table(name, columns)})


def _held(network: Network, arc: int, quantity: int) -> Network:
    lower, capacity = network.lower.copy(), network.capacity.copy()
    lower[arc] = capacity[arc] = np.int64(quantity)
    return replace(network, lower=lower, capacity=capacity)


def _least(problem: Problem, network: Network) -> tuple[int | None, bool]:
    """The least cost of a flow, and whether that flow keeps to what items share."""
    try:
        found = solve(network)
    except SolverError:
        return None, False
    shared = problem.shared
    if found.objective is None or shared is None:
        return found.objective, found.objective is not None
    return found.objective, bool(np.all(used(shared, found.flow) <= shared.capacity))
