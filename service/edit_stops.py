"""What stands in the way of an edit, fact by fact, and the nearest quantities that can be had."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from ontology.edits import CAP, FORCE, PIN, Edit
from ontology.errors import EvenkeelError
from rules.release import Release
from service.decision import PlanRequest, Question, ask, pose
from service.limits import BUDGETED, limits_of, without_limit
from service.rounds import settle
from solver.model.carry_labels import CarryLabels
from solver.model.edited import rows_of
from solver.optimum import proved_flow

ANY_GAP = 10**6


@dataclass(frozen=True, slots=True)
class Lift:
    """Facts that could be in the way, by name, and how the others stand without them."""

    what: str
    apply: Callable[[Snapshot], Snapshot]


@dataclass(frozen=True, slots=True)
class Nearby:
    """The allowed quantities next to the one asked for, below and above, and what stops that one.

    `stops` are facts, and perhaps a rule: without all of them there is a plan, without fewer none.
    Where it takes more than that (units that are not there, several rules), they are in the way of
    one unit more than `below`, and `of_more` is true. Empty where nobody stops that.
    """

    below: int | None
    above: int | None
    stops: tuple[str, ...]
    of_more: bool = False

    def __str__(self) -> str:
        """As the refusal goes on: what is in the way, then the nearest quantities."""
        near = " or ".join(str(q) for q in (self.below, self.above) if q is not None)
        of = f" of more than {self.below}" if self.of_more else ""
        parts = [
            f"in the way{of}: {' and '.join(self.stops)}" if self.stops else "",
            f"nearest: {near} units" if near else "",
        ]
        return "; ".join(part for part in parts if part)


def nearby(question: Question, edits: Sequence[Edit]) -> Nearby | None:
    """For the first of edits that cannot be met: the nearest that can, and what is in its way.

    The others stay as asked. Only the items that the edits speak of are planned, the others do
    nothing. None where that leaves no answer.
    """
    edit = next((each for each in edits if each.kind in {FORCE, PIN, CAP}), None)
    if edit is None:
        return None
    search = _Search(question, edit, tuple(other for other in edits if other != edit))
    try:
        return search.nearby()
    except EvenkeelError:  # what is asked for has a fault of another kind, which is told elsewhere
        return None


class _Search:
    """Plans of the edits' own items for other quantities of one edit, with or without a fact."""

    def __init__(self, question: Question, edit: Edit, others: tuple[Edit, ...]) -> None:
        asked, self._release = question.request, question.release
        items = {edit.item, *(other.item for other in others)}
        steady = asked.steady
        if steady is not None:
            kept = tuple(line for line in steady.lines if line.item in items)
            steady = replace(steady, lines=kept)
        self._request = PlanRequest(asked.chain, asked.cost_parts, question.window.starts_on,
                                    previous=asked.previous, steady=steady,
                                    reserved=asked.reserved)  # fmt: skip
        self._snapshot = _of_items(question.snapshot, items)
        self._edit, self._others = edit, others
        self._top = self._most_there(question)

    def nearby(self) -> Nearby:
        """The answer, every quantity of it tried."""
        kind, units = self._edit.kind, self._edit.units
        above = below = None
        if kind != CAP:
            below = self._below(min(units, self._top), units if kind == PIN else None)
        if kind != FORCE:
            above = self._above(units, units if kind == PIN else 0)
        stops = self._stops(*_bounds(self._edit))
        if stops or below is None:
            return Nearby(below, above, stops)
        return Nearby(below, above, self._stops(below + 1, None), of_more=True)

    def _below(self, high: int, most: int | None) -> int | None:
        """The greatest number that, as the least, leaves a plan."""
        low = 0
        if not self._exists(low, most):
            return None
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._exists(middle, most) else (low, middle - 1)
        return low

    def _above(self, low: int, least: int) -> int | None:
        """The smallest number that, as the most, leaves a plan."""
        high = self._top
        if high <= low or not self._exists(least, high):
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._exists(least, middle) else (middle + 1, high)
        return low

    def _stops(self, least: int, most: int | None) -> tuple[str, ...]:
        """A smallest set of facts and at most one rule without which there is a plan."""
        lifts, bounds = list(self._lifts()), (least, most)
        rules = [("", ""), *self._rules()]
        enough = next((rule for rule in rules if self._exists(*bounds, lifts, rule[0])), None)
        if enough is None:
            return ()
        for lift in list(lifts):
            rest = [other for other in lifts if other is not lift]
            if self._exists(*bounds, rest, enough[0]):
                lifts = rest
        return (*(lift.what for lift in lifts), *([enough[1]] if enough[1] else []))

    def _exists(
        self, least: int, most: int | None, lifts: Sequence[Lift] = (), rule: str = ""
    ) -> bool:  # fmt: skip
        edits = [replace(self._edit, kind=FORCE, units=least)]
        if most is not None:
            edits.append(replace(self._edit, kind=CAP, units=most))
        request = replace(self._request, edits=tuple(sorted((*edits, *self._others))))
        snapshot = self._snapshot
        for lift in lifts:
            snapshot = lift.apply(snapshot)
        return exists(snapshot, self._release, request, rule)

    def _most_there(self, question: Question) -> int:
        """No more can go than there is on hand of the item in the chain, or is offered."""
        table = question.facts.table("StockPosition")
        there = int(table["on_hand_units"][table["item"] == self._edit.item].sum())
        if self._edit.lane:
            return there
        offers = question.facts.table("Offer")
        lots = offers["lot_multiple_units"] + np.maximum(1, offers["minimum_order_units"])
        return int(lots[offers["item"] == self._edit.item].max(initial=1)) + self._edit.units

    def _lifts(self) -> Iterator[Lift]:
        """The facts that might be in the way."""
        edit, lanes = self._edit, self._snapshot.table("Lane")
        yield from _sizes(self._snapshot, edit)
        near = {edit.lane, edit.destination} | {
            str(lanes[name][row]) for row in np.flatnonzero(lanes["id"] == edit.lane).tolist()
            for name in ("origin", "destination", "carrier")
        }  # fmt: skip
        for limit in limits_of(self._snapshot):
            if limit.subject in near or limit.kind == BUDGETED:
                for name in limit.facts:
                    alone = replace(limit, facts=(name,))
                    yield Lift(name, partial(without_limit, limit=alone))

    def _rules(self) -> Iterator[tuple[str, str]]:
        """The rules that close the way, keep stock back or limit a plan, and how they are named."""
        problem = pose(ask(self._snapshot, self._release, self._request))
        (rows,) = rows_of(problem.movements, problem.window, [self._edit]).values()
        floors, known = problem.closures.floors, {rule.iri for rule in self._release.rules}
        origin = str(problem.movements["origin"][rows[0]])
        labels, pair = problem.labels, (self._edit.item, origin)
        pairs = labels.pairs if isinstance(labels, CarryLabels) else []
        closing = {rule for row in rows.tolist() for rule in problem.closures.rules_of(row)}
        for rule in sorted({*closing, *floors, *problem.closures.limits} & known):
            name = f"the rule {rule.rpartition('/')[2]}"
            kept = int(floors[rule][pairs.index(pair)]) if rule in floors and pair in pairs else 0
            yield rule, f"{name} ({kept} {self._edit.item} stay at {origin})" if kept else name


def exists(
    snapshot: Snapshot, release: Release, request: PlanRequest, without_rule: str = ""
) -> bool:  # fmt: skip
    """Whether there is a plan at all, however dear."""
    question = ask(snapshot, release, request, without_rule)
    try:
        settle(partial(pose, question), partial(proved_flow, target_per_million=ANY_GAP),
               question.facts, release, question.without)  # fmt: skip
    except EvenkeelError as error:
        if error.code in {"NO_PLAN", "EDITS_CONFLICT"}:
            return False
        raise
    return True


def _bounds(edit: Edit) -> tuple[int, int | None]:
    least = edit.units if edit.kind in {FORCE, PIN} else 0
    return least, None if edit.kind == FORCE else edit.units


def _of_items(snapshot: Snapshot, items: set[str]) -> Snapshot:
    """The facts of some items: rows that speak of others are left out."""
    rows = {
        name: np.flatnonzero(np.isin(table["item"], sorted(items)))
        for name, table in snapshot.tables.items() if "item" in table.columns
    }  # fmt: skip
    tables = {name: table.take(rows[name]) if name in rows else table
              for name, table in snapshot.tables.items()}  # fmt: skip
    addresses, clocks = (
        {name: matrix[rows[name]] if name in rows else matrix for name, matrix in known.items()}
        for known in (snapshot.addresses, snapshot.clocks)
    )
    return Snapshot(snapshot.sequence, tables, addresses, clocks)


def _sizes(snapshot: Snapshot, edit: Edit) -> Iterator[Lift]:
    """The lots in which a way goes, or the sizes and the capacity of an offer."""
    lots, offers = snapshot.table("TransferLot"), snapshot.table("Offer")
    if edit.lane:
        for row in np.flatnonzero(lots["item"] == edit.item).tolist():
            if lots["lane"][row] in (edit.lane, None):
                key = lots.keys[row]
                yield Lift(f"TransferLot/{key}", partial(_without_row, name="TransferLot", key=key))
        return
    mine = (offers["supplier"] == edit.supplier) & (offers["item"] == edit.item)
    for key in offers.keys[mine & (offers["location"] == edit.destination)]:
        for field in _FREE:
            yield Lift(f"`{field}` of Offer/{key}", partial(_with_free, key=key, field=field))


_FREE = {"lot_multiple_units": 1, "minimum_order_units": 0, "capacity_units": MISSING}


def _without_row(snapshot: Snapshot, name: str, key: str) -> Snapshot:
    table = snapshot.table(name)
    return _with(snapshot, table.take(np.flatnonzero(table.keys != key)))


def _with_free(snapshot: Snapshot, key: str, field: str) -> Snapshot:
    table = snapshot.table("Offer")
    column = np.where(table.keys == key, _FREE[field], table[field])
    return _with(snapshot, Table("Offer", {**table.columns, field: column}))


def _with(snapshot: Snapshot, table: Table) -> Snapshot:
    return replace(snapshot, tables={**snapshot.tables, table.name: table})
