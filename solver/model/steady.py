"""Change against the plan before, priced: what a unit more or less on a way costs besides."""

import itertools
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.edits import Bounds, Way
from ontology.errors import InputError
from ontology.steadiness import LineBefore, Steady
from solver.model.carry_costs import line_costs
from solver.model.carry_labels import CarryLabels
from solver.model.edited import rows_by_way
from solver.model.movements import Window
from solver.model.problem import Problem
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.names import HashArray, hash_names, mixed
from solver.network.ranges import magnitude

STABILITY_KNOBS = {"band_per_million": "stability_band_per_million", "frozen_days": "frozen_days"}
"""What a release says of stability, by the name of the wish."""

STEADINESS = "https://w3id.org/evenkeel/limit/steadiness"
"""What holds lines at their units because the plan before had them so."""

NO_WAY_BACK = "https://w3id.org/evenkeel/limit/no-way-back"
"""What closes lines that would take an item back to where it is being brought from."""


@dataclass(frozen=True)
class Ways:
    """The ways whose change is priced: movements of the first day and of frozen days.

    `arcs` are those of the movements, `way` numbers the way of each; per way: `units` that the
    plan before sends, `fixed` micros that the flow leaves out and the plan pays, whether it is
    `frozen`, and `names` (64 bits made from what it is). `gone` are units of the plan before that
    no movement can carry any more, `gone_lines` the lines they make.
    """

    arcs: IntArray
    way: IntArray
    units: IntArray
    fixed: IntArray
    frozen: IntArray
    names: HashArray
    gone: int
    gone_lines: int

    @property
    def count(self) -> int:
        """Number of ways."""
        return len(self.units)

    def now(self, flow: IntArray) -> IntArray:
        """Units of each way in a flow."""
        found = np.zeros(self.count, np.int64)
        np.add.at(found, self.way, flow[self.arcs])
        return found

    def changed(self, flow: IntArray) -> tuple[int, int]:
        """Lines and units by which a flow differs from the plan before."""
        change = np.abs(self.now(flow) - self.units)
        return int((change > 0).sum()) + self.gone_lines, int(change.sum()) + self.gone


def ways_of(
    problem: Problem, labels: CarryLabels, lines: Iterable[LineBefore], frozen_days: int
) -> Ways:
    """The ways of a problem beside the lines of the plan before.

    Those of the first day and of `frozen_days` days from it; substitutions and purchases that are
    given to the flow are none.
    """
    network, movements = problem.network, problem.movements
    moves = labels.block("move")
    row = network.reference[moves]
    chosen = (labels.move_day[row] < max(1, frozen_days)) & (
        movements["kind"][row] != "substitution"
    )
    arcs = moves.start + np.flatnonzero(chosen)
    keys = _keys(problem, labels, row[chosen])
    number = {key: place for place, key in enumerate(sorted(set(keys)))}
    units = np.zeros(len(number), np.int64)
    gone = []
    for line in lines:
        day = (date.fromisoformat(line.departs_on) - problem.window.starts_on).days
        if not 0 <= day < max(1, frozen_days):
            continue
        place = number.get((line.way, day))
        if place is not None:
            units[place] += line.units
        elif line.lane or not problem.window.is_forecast:  # else the order-up-to rule decides it
            gone.append(line.units)
    parts = [*zip(*(key[0] for key in number), strict=True)] or [(), (), ()]
    names = mixed(*(hash_names(part) for part in parts), hash_names(str(day) for _, day in number))
    return Ways(
        arcs, np.array([number[key] for key in keys], np.int64), units,
        np.zeros(len(number), np.int64),
        np.array([day < frozen_days for _, day in number], np.int64), names,
        sum(gone), len(gone),
    )  # fmt: skip


def frozen_bounds(
    movements: Table, window: Window, asked: Steady | None
) -> Bounds:  # fmt: skip
    """What is bought on a frozen first day: what the plan before bought, no more and no less.

    Bounds of the purchases that the order-up-to rule would give; none where no day is frozen.
    """
    if asked is None or not asked.frozen_days or not window.is_forecast:
        return {}
    found = {
        way: (0, 0)
        for way, rows in rows_by_way(movements, window).items()
        if movements["kind"][rows[0]] == "purchase"
    }
    for line in asked.lines:
        if line.way in found and line.departs_on == window.starts_on.isoformat():
            found[line.way] = (line.units, line.units)
    return found


def ways_back(snapshot: Snapshot, movements: Table, asked: Steady | None) -> dict[str, IntArray]:
    """The transfers to close so that nothing goes from A to B and back to A, whatever it gains.

    Those of an item from B to A while a shipment or an open transfer brings it from A to B; none
    where no stability is asked for. (A filter makes such lines dearer in any plan.)
    """
    if asked is None:
        return {}
    coming: set[tuple[str, str, str]] = set()
    for name, status in (("Shipment", "under way"), ("TransferOrder", "open")):
        table = snapshot.table(name)
        ends = zip(table["item"], table["destination"], table["origin"], strict=True)
        coming.update(itertools.compress(ends, table["status"] == status))
    ways = zip(movements["item"], movements["origin"], movements["destination"], strict=True)
    back = np.array([way in coming for way in ways], np.bool_)
    return {NO_WAY_BACK: np.flatnonzero(back & (movements["kind"] == "transfer"))}


def stability_of(problem: Problem, flow: IntArray, asked: Steady) -> dict[str, Any]:
    """What was asked, and by how many lines and units a flow differs from the plan before.

    `changed_purchases` counts the given purchases that differ, which no flow decides.
    """
    labels = carry_labels(problem)
    lines, units = ways_of(problem, labels, asked.lines, asked.frozen_days).changed(flow)
    return {
        **asdict(asked), "lines": [asdict(line) for line in sorted(asked.lines)],
        "changed_lines": lines, "changed_units": units,
        "changed_purchases": _changed_purchases(problem, labels, asked.lines),
    }  # fmt: skip


def carry_labels(problem: Problem) -> CarryLabels:
    """The labels of a plan of stock. Raises InputError `STEADY_REGIME` for one of orders."""
    if not isinstance(problem.labels, CarryLabels):
        raise no_lines_to_keep()
    return problem.labels


def no_lines_to_keep() -> InputError:
    """What is wrong with asking for stability where firm orders are planned."""
    return InputError(
        "plans of firm orders have no lines to keep", code="STEADY_REGIME",
        hint="ask without stability, which is for plans of stock",
    )  # fmt: skip


def held_in(problem: Problem, flow: IntArray, asked: Steady | None) -> Problem:
    """`held` where stability is asked for, else the problem itself."""
    if asked is None:
        return problem
    ways = ways_of(problem, carry_labels(problem), asked.lines, asked.frozen_days)
    return held(problem, ways, flow)


def _changed_purchases(
    problem: Problem, labels: CarryLabels, lines: Iterable[LineBefore]
) -> int:  # fmt: skip
    if not problem.window.is_forecast:
        return 0
    first, given = problem.window.starts_on.isoformat(), labels.given
    before = {line.way: line.units for line in lines if not line.lane and line.departs_on == first}
    ways = [way for way, _ in _keys(problem, labels, given.rows)]
    now = dict(zip(ways, given.units.tolist(), strict=True))
    return sum(before.get(way, 0) != now.get(way, 0) for way in before.keys() | now.keys())


def with_fixed(ways: Ways, problem: Problem, snapshot: Snapshot, reopened: IntArray) -> Ways:
    """The ways with the cost per line of those that no flow pays for: `reopened` movement rows."""
    row = problem.network.reference[ways.arcs]
    there = np.flatnonzero(np.isin(row, reopened))
    fixed = np.zeros(ways.count, np.int64)
    fixed[ways.way[there]] = line_costs(snapshot, problem.movements.take(row[there]))
    return replace(ways, fixed=fixed)


def most_price(problem: Problem) -> int:
    """A price per unit at which nothing changes that need not: above what any path could save."""
    days = problem.window.periods + problem.window.far_periods + 3
    return 2 * days * magnitude(problem.network.cost) + 1


def priced(problem: Problem, ways: Ways, price: int, frozen_price: int) -> Problem:
    """The problem in which every unit of change costs `price` besides, that of a frozen way more.

    Each way ends in a node of its own. From there, units up to those of the plan before cost
    `price` less, and all beyond them `price` more: that is `price` x |units - units before|, less
    a constant. Costs per line of a line that is kept are spread over its units. The first arcs
    and nodes are those of the problem, so the first columns of a flow are a flow of it.
    """
    network = problem.network
    inner = network.node_count + np.arange(ways.count)
    ends = np.zeros(ways.count, np.int64)
    ends[ways.way] = network.head[ways.arcs]
    room = np.zeros(ways.count, np.int64)
    np.add.at(room, ways.way, network.capacity[ways.arcs])
    head = network.head.copy()
    head[ways.arcs] = inner[ways.way]
    change = np.where(ways.frozen > 0, frozen_price, price)
    share = -(-ways.fixed // np.maximum(1, ways.units))
    kept = np.minimum(ways.units, room)
    more = Network(
        tail=np.concatenate([inner, inner]), head=np.concatenate([ends, ends]),
        lower=np.zeros(2 * ways.count, np.int64), capacity=np.concatenate([kept, room - kept]),
        cost=np.concatenate([share - change, change]), supply=np.zeros(ways.count, np.int64),
        kind=np.full(2 * ways.count, int(ArcKind.OTHER)),
        reference=np.full(2 * ways.count, -1),
    )  # fmt: skip
    columns = {name: np.concatenate([getattr(network, name), getattr(more, name)])
               for name in network.arrays()}  # fmt: skip
    columns["head"][: network.arc_count] = head
    hashes = [mixed(hash_names([name]), ways.names) for name in ("kept", "changed")]
    return replace(
        problem, network=Network(**columns, cost_scale=network.cost_scale),
        arc_hash=np.concatenate([problem.arc_hash, *hashes]),
    )  # fmt: skip


def held(problem: Problem, ways: Ways, flow: IntArray) -> Problem:
    """The problem with the ways held at the units of a flow, each movement by itself.

    Its flows are flows of the problem, too, so the bound of that one holds for them. A flow of
    `priced` is the cheapest here. The held movements count as closed by STEADINESS.
    """
    network = problem.network
    lower, capacity = network.lower.copy(), network.capacity.copy()
    lower[ways.arcs] = capacity[ways.arcs] = flow[ways.arcs]
    rows = np.unique(network.reference[ways.arcs])
    return replace(
        problem, network=replace(network, lower=lower, capacity=capacity),
        closures=problem.closures.joined({STEADINESS: rows}),
    )  # fmt: skip


def _keys(problem: Problem, labels: CarryLabels, rows: IntArray) -> list[tuple[Way, int]]:
    """Way and day of movement rows."""
    taken = problem.movements.take(rows)
    by_lane = [bool(lane) for lane in taken["lane"]]
    by = np.where(by_lane, taken["lane"], taken["supplier"])
    to = np.where(by_lane, "", taken["destination"])
    ways = zip(taken["item"].tolist(), by.tolist(), to.tolist(), strict=True)
    return list(zip(ways, labels.move_day[rows].tolist(), strict=True))
