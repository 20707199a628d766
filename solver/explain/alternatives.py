"""What one unit less here, or one way more there, would do to a plan: margins in words of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.explain.flips import Margins, Route, Steps
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import ArcKind
from solver.network.names import ABSENT

USED, CLOSED, UNFIT, GIVEN = "used", "closed", "unfit", "given"
NO_UNITS, FLOOR, TOO_LATE, DOMINATED = "no units", "floor", "too late", "dominated"
FULL = "full"
STANDINGS = (USED, CLOSED, UNFIT, GIVEN, FULL, NO_UNITS, FLOOR, TOO_LATE, DOMINATED)

_NAMES = ("kind", "item", "lane", "supplier", "order", "origin", "destination", "lot",
          "replaces", "departs_on", "arrives_on")  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a movement stands in a plan.

    `standing` is one of STANDINGS. `used_below_scaled`: below that cost of a unit every cheapest
    plan uses it (more); None where no cost does, or where it has no arc. `kept_units` stay in the
    lot that it would take from; None where it takes from no lot. `rule` holds them (`floor`).
    `full`: what it would need is used up, by other items where they share it.
    """

    standing: str
    units: int = 0
    used_below_scaled: int | None = None
    kept_units: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """What takes a unit's place: what it costs more (>= 0), and the movements that change."""

    dearer_scaled: int
    changes: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Worth:
    """Why a movement carries its units, from the margins of its arc.

    Its units stay while one costs at most `stays_to_scaled` (None: at any cost) and at least
    `more_below_scaled`. Without the movement `elsewhere_units` of its units would go other ways,
    `elsewhere_scaled` for all of them together. `complete` tells that all steps were followed.
    """

    unit_cost_scaled: int
    units: int
    stays_to_scaled: int | None
    more_below_scaled: int | None
    elsewhere_units: int
    elsewhere_scaled: int
    complete: bool
    runner_up: Alternative | None

    @property
    def saves_scaled(self) -> int:
        """What the movement saves against the best plan without it; >= 0."""
        return self.elsewhere_scaled - self.elsewhere_units * self.unit_cost_scaled


def arc_of(problem: Problem, row: int) -> int | None:
    """The arc of a movement row, None where it is closed, given or of an unfit lot."""
    network = problem.network
    found = np.flatnonzero((network.kind == ArcKind.MOVE) & (network.reference == row))
    return int(found[0]) if len(found) else None


def worth_of(problem: Problem, margins: Margins, arc: int) -> Worth:
    """What the units of a used arc cost, what they would cost elsewhere, and until when they stay.

    Elsewhere is not another lot on the same way: those keep what they carry.
    """
    network, flip, same = problem.network, margins.flip(arc), same_way(problem, arc)
    tail, head = int(network.tail[arc]), int(network.head[arc])
    rising = margins.steps(tail, head, without=same, units=flip.units)
    route = margins.route(tail, head, without=same)
    runner_up = None
    if route is not None:
        runner_up = Alternative(route.cost - flip.cost, changes_of(problem, route))
    return Worth(flip.cost, flip.units, flip.less_above, flip.more_below, rising.units,
                 rising.cost, rising.ended, runner_up)  # fmt: skip


def same_way(problem: Problem, arc: int) -> list[int]:
    """The arcs of all lots that move or stand in alike on the same day; else the arc alone."""
    network, movements = problem.network, problem.movements
    row = int(network.reference[arc])
    if movements["kind"][row] not in {"transfer", "substitution"}:
        return [arc]
    same = np.ones(len(movements), np.bool_)
    for name in ("kind", "item", "lane", "origin", "replaces", "departs_on"):
        same &= movements[name] == movements[name][row]
    moving = np.flatnonzero(network.kind == ArcKind.MOVE)
    return [int(found) for found in moving[same[network.reference[moving]]]]


def changes_of(problem: Problem, route: Route) -> tuple[Row, ...]:
    """The movements that a unit on this route adds to (units 1) or takes off (units -1).

    An order that would no longer be served, or be served after all, is of kind `unserved`.
    """
    network, found = problem.network, []
    for arc, sign in zip(route.arcs, route.signs, strict=True):
        if network.kind[arc] == ArcKind.MOVE:
            found.append({**movement_of(problem, int(network.reference[arc])), "units": sign})
        elif network.kind[arc] == ArcKind.SHORTFALL:
            orders = problem.labels.orders  # type: ignore[union-attr]  # only orders go unserved
            order = orders["id"][int(network.reference[arc])]
            found.append({"kind": "unserved", "order": order, "units": sign})
    return tuple(found)


def movement_of(problem: Problem, row: int) -> Row:
    """A movement as a document names it, what is missing left out."""
    found = {name: problem.movements[name][row] for name in _NAMES}
    days = {name: str(found.pop(name)) for name in ("departs_on", "arrives_on")}
    return {name: value for name, value in found.items() if value} | days


def next_unit(
    problem: Problem, labels: CarryLabels, margins: Margins, pair: int, day: int
) -> Alternative | None:
    """The cheapest way to have one unit more at a place on a day, net of what it does later.

    None where no way is left. `dearer_scaled` is its whole cost: what a unit more costs to bring.
    """
    tail = pair * (problem.window.periods + 1) + day
    carry = labels.carry_of(pair, day)
    route = margins.route(tail + 1, tail, without=range(carry.start, carry.stop))
    return None if route is None else Alternative(route.cost, changes_of(problem, route))


def more_stock(
    problem: Problem, labels: CarryLabels, margins: Margins, row: int
) -> tuple[Alternative | None, Alternative | None]:
    """What one unit more, and one less, in the lot of a movement would change the cost by.

    Below zero: cheaper. None where no flow could take the unit, or do without it.
    """
    lot, item = int(labels.move_tail[row]), str(problem.movements["item"][row])
    sink = problem.network.node_count - len(labels.items) + labels.items.index(item)
    found = [margins.route(lot, sink), margins.route(sink, lot)]
    more, less = (None if way is None else Alternative(way.cost, changes_of(problem, way))
                  for way in found)  # fmt: skip
    return more, less


def price_range(
    problem: Problem, margins: Margins, row: int, names: tuple[str, ...]
) -> tuple[int | None, int | None]:
    """By how much the cost of a unit may fall and rise before the plan changes.

    For all movements that agree with `row` in the named columns together, on any day, as they do
    when the price of a lane or an offer changes. None where no such change changes the plan.
    """
    network, movements = problem.network, problem.movements
    mine = np.ones(len(movements), np.bool_)
    for name in names:
        mine &= movements[name] == movements[name][row]
    moving = np.flatnonzero(network.kind == ArcKind.MOVE)
    arcs = moving[mine[network.reference[moving]]]
    return margins.steady(arcs, -1), margins.steady(arcs, 1)


def one_more_place(problem: Problem, margins: Margins, location: int) -> Steps:
    """What one more order a day at a location would change the cost by, penalties included."""
    network = problem.network
    at = (network.kind == ArcKind.CAPACITY) & (network.reference == location)
    return margins.more_capacity(int(np.flatnonzero(at)[0]), 1)


def standing_of(
    problem: Problem, labels: CarryLabels, margins: Margins, row: int, short_on: np.datetime64
) -> Standing:
    """How one movement of the first day stands; `short_on` is the day that is short, or NaT."""
    if problem.closures.rules_of(row):
        return Standing(CLOSED)
    arc = arc_of(problem, row)
    if arc is None:
        bought = problem.window.is_forecast and problem.movements["kind"][row] == "purchase"
        return Standing(GIVEN if bought else UNFIT, _given(labels, row))
    flip, kept, rule = margins.flip(arc), *_kept(problem, labels, margins, row)
    if flip.units > 0:
        standing = USED
    elif problem.movements["arrives_on"][row] > short_on:  # False for NaT
        standing = TOO_LATE
    elif problem.network.capacity[arc] <= 0:
        standing = FULL
    elif kept == 0:
        standing = NO_UNITS
    else:
        standing = FLOOR if rule else DOMINATED
    return Standing(standing, flip.units, flip.more_below, kept, rule if standing == FLOOR else "")


def _given(labels: CarryLabels, row: int) -> int:
    return int(labels.given.units[labels.given.rows == row].sum())


def _kept(
    problem: Problem, labels: CarryLabels, margins: Margins, row: int
) -> tuple[int | None, str]:
    """Units that stay in the lot of a movement, and the rule whose floor holds all of them."""
    arcs, pair = labels.staying(problem.network, int(labels.move_tail[row]))
    if not len(arcs):
        return None, ""
    units = int(margins.flow[arcs].sum())
    carry = labels.carry_of(pair, 0)
    least = int(problem.network.lower[carry].sum())
    if not least or int(margins.flow[carry].sum()) > least:
        return units, ""
    floors = problem.closures.floors
    return units, max(floors, key=lambda rule: (int(floors[rule][pair]), rule))


def pair_of(labels: CarryLabels, item: str, location: str) -> int:
    """The number of an item at a location, ABSENT where the network has no such pair."""
    try:
        return labels.pairs.index((item, location))
    except ValueError:
        return ABSENT


def row_of(problem: Problem, line: Row) -> int | None:
    """The movement row of a line or of a change on the first day, None where there is none."""
    movements = problem.movements
    same = movements["departs_on"] == problem.window.first
    for name in ("kind", "item", "lane", "supplier", "order", "origin", "lot", "replaces"):
        same &= movements[name] == line.get(name)
    if line["kind"] != "assignment" and line.get("destination"):
        same &= movements["destination"] == line["destination"]
    found = np.flatnonzero(same)
    return int(found[0]) if len(found) == 1 else None


def same_movement(one: Row, other: Row) -> bool:
    """Whether two lines or changes are about the same movement, whatever their units."""
    return all(one.get(name) == other.get(name) for name in
               ("kind", "item", "lane", "supplier", "order", "origin", "lot", "replaces",
                "departs_on"))  # fmt: skip
