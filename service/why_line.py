"""Why a line is in a plan: what it saves, what would take its place, and what would flip it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, record_at
from ontology.errors import InputError
from ontology.objectives import PER_MILLE
from service.recalled import Opened, Recalled, recall
from solver.engine.shared import WHOLE_LOTS
from solver.explain.alternatives import (
    Worth,
    arc_of,
    more_stock,
    one_more_place,
    price_range,
    row_of,
    worth_of,
)
from solver.explain.waiting import ShortageChange, changes_by
from solver.model.carry_labels import CarryLabels
from solver.model.echelon import OrderSize, order_sizes
from solver.model.problem import Problem
from solver.network.facts import fact as fact_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flip:
    """Which values of one field of a fact leave the decision as it is, all else equal.

    From `holds_from` to `holds_to`, both included; None where there is no such end. Where a unit
    more or less is what counts, `one_more_scaled` and `one_less_scaled` are what the plan would
    cost more (below zero: less), and `changes_line` whether a cheapest plan then has another
    quantity on the line.
    """

    field: str
    now: int | None = None
    holds_from: int | None = None
    holds_to: int | None = None
    one_more_scaled: int | None = None
    one_less_scaled: int | None = None
    changes_line: bool | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """A fact that a line rests on, with its fields as the plan saw them.

    `flip` is what would flip the line; None where that was not computed.
    """

    fact: str
    fields: Row
    flip: Flip | None


@dataclass(frozen=True, slots=True)
class WhyLine:
    """A line, why this one, and what it rests on.

    `in_lots`: it goes in whole lots, which are held as they are, so nothing of it has a price.
    `worth` speaks of lines that the flow chose; `size` of purchases that the echelon rule fixed
    before it. `changes` is where and when the expected shortage is another one without the line,
    that is without `changed_units` of it, the most that could go elsewhere; None where the flow did
    not choose it, or serves firm orders.
    """

    line: Row
    basis: str
    worth: Worth | None
    size: OrderSize | None
    behind: tuple[Behind, ...]
    in_lots: bool = False
    changes: tuple[ShortageChange, ...] | None = None
    changed_units: int = 0


def why_line(store: ArtifactStore, document: Row, number: int, opened: Opened = recall) -> WhyLine:
    """Why a line is in a saved plan, from its own snapshot and release.

    Raises InputError `LINE_UNKNOWN`, and as reading the artifacts does.
    """
    line = next((each for each in document["decision"]["lines"] if each["number"] == number), None)
    if line is None:
        raise InputError(f"the plan has no line `{number}`", code="LINE_UNKNOWN",
                         hint="give a line's number, or an item and a location")  # fmt: skip
    return line_explained(opened(store, document), line)


def line_explained(found: Recalled, line: Row) -> WhyLine:
    """Why a line is in a plan that was opened again."""
    row = row_of(found.problem, dict(line))
    arc = None if row is None else arc_of(found.problem, row)
    in_lots = arc is not None and _in_lots(found.problem, line)
    worth = None if arc is None or in_lots else worth_of(found.problem, found.margins, arc)
    size = None if row is None or arc is not None else _size(found, row)
    behind = tuple(
        Behind(name, fields_of(found.question.snapshot, name), _flip(found, name, row, worth, size))
        for name in line["because"]
    )
    labels, changes, units = found.problem.labels, None, 0
    if arc is not None and isinstance(labels, CarryLabels):
        changes, units = changes_by(found.problem, labels, found.margins, arc)
    return WhyLine(line, found.basis, worth, size, behind, in_lots, changes, units)


def _in_lots(problem: Problem, line: Row) -> bool:
    """Whether a line goes in whole lots, held as the plan has them."""
    if any(name.startswith("DemandLine/") for name in line["because"]):
        return True  # it serves demand lines whole
    by = line.get("lane") or line.get("supplier")
    names = () if problem.resources is None else problem.resources.names
    return any(
        name.limit == WHOLE_LOTS
        and name.day == 0
        and (name.item, name.subject) == (line["item"], by)
        for name in names
    )


def fields_of(snapshot: Snapshot, fact: str) -> Row:
    """The stated fields of a fact, by its class and key; empty where the snapshot has none."""
    name, _, key = fact.partition("/")
    table = snapshot.table(name)
    rows = [number for number, found in enumerate(table.keys) if found == key]
    if not rows:
        return {}
    record = record_at(table, rows[0])
    stated = {field: getattr(record, field) for field in type(record).__slots__}
    return {field: value for field, value in stated.items() if value not in (None, "", ())}


def _size(found: Recalled, row: int) -> OrderSize | None:
    problem, labels = found.problem, found.problem.labels
    if not isinstance(labels, CarryLabels) or labels.pooled is None or labels.plain is None:
        return None
    sizes = order_sizes(
        found.question.facts, problem.window, problem.movements, problem.closures, labels.pairs,
        labels.pooled, labels.plain.plain_cost,
    )  # fmt: skip
    return next((size for size in sizes if size.row == row), None)


def _flip(
    found: Recalled, fact: str, row: int | None, worth: Worth | None, size: OrderSize | None
) -> Flip | None:
    kind = fact.partition("/")[0]
    if size is not None:
        low, high = size.same_order_units
        return Flip("position_units", size.position_units, low, high) if kind == "Offer" else None
    if row is None or worth is None:
        return None
    labels = found.problem.labels
    if not isinstance(labels, CarryLabels):
        return _order_flip(found, kind, row, worth)
    if kind == "StockPosition":
        return _stock_flip(found, labels, fact, row)
    if labels.weights.landed_per_mille != PER_MILLE:
        return None  # a stated price counts by its weight: its range is not the cost's
    if kind == "Lane":
        return _price_flip(found, fact, row, "cost_per_unit_micros", ("item", "lane"))
    valued = fields_of(found.question.facts, fact_of("Item", found.problem.movements["item"][row]))
    if kind == "Offer" and "value_cents" in valued:  # else the price moves the value, too
        return _price_flip(found, fact, row, "price_micros", ("item", "supplier", "destination"))
    return None


def _price_flip(
    found: Recalled, fact: str, row: int, field: str, names: tuple[str, ...]
) -> Flip:  # fmt: skip
    now = int(fields_of(found.question.facts, fact)[field])
    down, up = price_range(found.problem, found.margins, row, names)
    low = None if down is None or now - down < 0 else now - down
    return Flip(field, now, low, None if up is None else now + up)


def _stock_flip(found: Recalled, labels: CarryLabels, fact: str, row: int) -> Flip:
    now = fields_of(found.question.facts, fact).get("on_hand_units", 0)
    more, less = more_stock(found.problem, labels, found.margins, row)
    here = {name: found.problem.movements[name][row] for name in ("lane", "origin", "lot")}
    changes = any(
        all(change.get(name) == value for name, value in here.items())
        for way in (more, less) if way is not None for change in way.changes
    )  # fmt: skip
    one_more, one_less = (None if way is None else way.dearer_scaled for way in (more, less))
    return Flip("on_hand_units", now, one_more_scaled=one_more, one_less_scaled=one_less,
                changes_line=changes)  # fmt: skip


def _order_flip(found: Recalled, kind: str, row: int, worth: Worth) -> Flip | None:
    if kind == "SharedResource":
        places = len(found.problem.labels.locations)  # type: ignore[union-attr]
        more = one_more_place(found.problem, found.margins, row % places)
        return Flip("capacity", one_more_scaled=more.cost)
    if kind in {"HandlingRate", "FreightRate"}:
        return Flip("service_cost_of_this_order_cents", worth.unit_cost_scaled,
                    worth.more_below_scaled, worth.stays_to_scaled)  # fmt: skip
    return None
