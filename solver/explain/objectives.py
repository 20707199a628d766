"""What a flow costs by objective, as the facts state it, whatever weights found it."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot
from ontology.objectives import CARBON, LANDED, SERVICE, TURNOVER
from solver.explain.baselines import cost_parts, plain_load_cost
from solver.explain.filters import first_day_lines
from solver.explain.lines import moved_units
from solver.explain.unmet import MILLION, far_cost, stock_levels
from solver.model.carry_costs import line_costs
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.pool import SALE_STEPS, STEP_DAYS, mean_rates, mean_transfer
from solver.model.problem import Problem
from solver.model.risk import Curve
from solver.model.weighing import MICROGRAMS_PER_GRAM, Weighed
from solver.network.columns import IntArray
from solver.network.ranges import exact_dot
from solver.network.scaling import half_up


@dataclass(frozen=True, slots=True)
class Parts:
    """Expected cost by objective in micros, exactly; carbon in micrograms, None where unknown.

    `service` is the cost of demand that waits, `turnover` that of stock that lies or travels,
    `landed` all that is paid for moving and buying, and for what expires: price less value, lines,
    the far days' ways, lost lots.
    """

    service: Fraction
    landed: Fraction
    turnover: Fraction
    carbon: Fraction | None

    def of(self, objective: str) -> Fraction | None:
        """The amount of one objective."""
        found: Fraction | None = getattr(self, objective)
        return found

    @property
    def money(self) -> Fraction:
        """The plain expected cost: all but carbon."""
        return self.service + self.landed + self.turnover

    def stated(self) -> dict[str, int | None]:
        """The amounts as a plan states them, each rounded once, half up."""
        micros = {f"{name}_micros": _rounded(getattr(self, name))
                  for name in (SERVICE, LANDED, TURNOVER)}  # fmt: skip
        grams = None if self.carbon is None else _rounded(self.carbon / MICROGRAMS_PER_GRAM)
        return {**micros, f"{CARBON}_grams": grams}


def parts_of(problem: Problem, labels: CarryLabels, snapshot: Snapshot, flow: IntArray) -> Parts:
    """The parts of a flow's expected cost, at plain rates and over all outcomes of demand.

    The whole horizon counts, the far days included; there the mean of an item's transfers stands
    for what a move costs and gives off.
    """
    plain = _plain(labels)
    bare = replace(labels, holding=plain.holding, shortage=plain.shortage, move_cost=plain.landed)
    if labels.ages is not None:
        coming = tuple(replace(loss, cost=loss.plain) for loss in labels.ages.coming)
        ages = replace(labels.ages, cost=labels.ages.plain, coming=coming)
        bare = replace(bare, ages=ages)
    near = cost_parts(problem, bare, flow, _lines(problem, labels, snapshot, flow))
    units = moved_units(problem, flow)
    none = np.zeros_like(plain.holding)
    return Parts(
        near.shortage + far_cost(problem, replace(bare, holding=none), flow),
        Fraction(near.transport + near.lines + near.purchases + near.waste)
        + plain_load_cost(problem, flow) + _far_ways(problem, labels, flow, plain.landed),
        near.holding + far_cost(problem, replace(bare, shortage=none), flow)
        + _selling(problem, bare, flow) + exact_dot(units, plain.held)
        + _given(labels, plain.held) + _far_ways(problem, labels, flow, plain.held),
        _carbon(problem, labels, flow, units, plain.carbon),
    )  # fmt: skip


def worst_short(
    problem: Problem, labels: CarryLabels, flow: IntArray, worst_percent: int
) -> tuple[Fraction, Fraction]:
    """Units short at the end of the local days, and asked for, in the worst outcomes.

    The mean over the highest `worst_percent` of every place's demand, places added: what the chain
    owes where they have their worst days together. Where they do not it owes less (the conditional
    value at risk of a sum is never above the sum of theirs).
    """
    last = stock_levels(problem, labels, flow)[:, -1]
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        weights = replace(demand, worst_percent=worst_percent).worst_weights
        mass, units = worst_percent * (TOTAL // 100), demand.units[:, -1]
        owed = np.maximum(0, units - last[:, None]) @ weights
        asked = units @ weights
        return Fraction(sum(owed.tolist()), mass), Fraction(sum(asked.tolist()), mass)
    ends = [days[-1] for days in demand]
    levels = zip(ends, last.tolist(), strict=True)
    return (sum((_worst(curve, level, worst_percent) for curve, level in levels), Fraction(0)),
            sum((_worst(curve, 0, worst_percent) for curve in ends), Fraction(0)))  # fmt: skip


def _worst(curve: Curve, stock: int, worst_percent: int) -> Fraction:
    """E[(D - stock)+] over the highest outcomes of D, the last of them as far as it belongs."""
    whole = left = Fraction(curve.total * worst_percent, 100)
    found = Fraction(0)
    for units, weight in zip(reversed(curve.units), reversed(curve.weights), strict=True):
        taken = min(left, Fraction(weight))
        found += taken * max(0, units - stock)
        left -= taken
    return found / whole


def worst_stated(
    problem: Problem, labels: CarryLabels, flow: IntArray, worst_percent: int
) -> dict[str, Any]:
    """`worst_short` as a plan states it."""
    short, asked = worst_short(problem, labels, flow, worst_percent)
    fill = MILLION * (asked - short) / asked if asked else Fraction(MILLION)
    return {
        "worst_percent": worst_percent,
        "short_millionths": _rounded(short * MILLION),
        "asked_millionths": _rounded(asked * MILLION),
        "fill_per_million": _rounded(fill),
    }


def _plain(labels: CarryLabels) -> Weighed:
    assert labels.plain is not None  # noqa: S101  # every network of risk has them
    return labels.plain


def _lines(problem: Problem, labels: CarryLabels, snapshot: Snapshot, flow: IntArray) -> int:
    """Plain micros of the fixed costs of the first day's lines."""
    lines = first_day_lines(problem, labels, snapshot, flow)
    first = np.unique(lines.line, return_index=True)[1]
    return int(line_costs(snapshot, problem.movements.take(lines.rows[first])).sum())


def _given(labels: CarryLabels, column: IntArray) -> int:
    return exact_dot(labels.given.units, column[labels.given.rows])


def _far_ways(problem: Problem, labels: CarryLabels, flow: IntArray, column: IntArray) -> int:
    """What the ways into the far pool come to, where an item's mean transfer stands for each."""
    if "far" not in labels.blocks:
        return 0
    mean = mean_transfer(labels.items, problem.movements, column)
    return exact_dot(flow[labels.block("far")], mean[labels.item_of_pair])


def _selling(problem: Problem, bare: CarryLabels, flow: IntArray) -> int:
    """Plain holding of what is left after the far days, until it sells."""
    if "leave" not in bare.blocks:
        return 0
    rows = bare.block("leave")
    item, step = np.divmod(np.arange(rows.stop - rows.start), SALE_STEPS + 1)
    return exact_dot(flow[rows], mean_rates(bare)[0][item] * STEP_DAYS * step)


def _carbon(
    problem: Problem, labels: CarryLabels, flow: IntArray, units: IntArray, carbon: IntArray
) -> Fraction | None:
    used = units > 0
    unknown = carbon == MISSING
    far = flow[labels.block("far")] if "far" in labels.blocks else np.zeros(0, np.int64)
    if (unknown & used).any() or (unknown.any() and far.any()):
        return None
    known = np.where(unknown, 0, carbon)
    return Fraction(exact_dot(units, known) + _far_ways(problem, labels, flow, known))


def _rounded(amount: Fraction) -> int:
    return half_up(*amount.as_integer_ratio())
