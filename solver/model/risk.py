"""Uncertain demand: exact cumulative distributions and the cost curve of one more unit kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.terms import join_key
from solver.model.movements import Window
from solver.network.scaling import half_up

MOST_SUPPORT = 20_000
"""Most distinct values that one cumulative distribution may take."""


@dataclass(frozen=True)
class Curve:
    """The distribution of cumulative demand: P(D = units[j]) = weights[j] / total, exactly.

    `units` ascends strictly. Integers of any size: no probability is ever rounded.
    """

    units: tuple[int, ...]
    weights: tuple[int, ...]
    total: int

    def at_least(self, units: int) -> Fraction:
        """P(D >= units)."""
        pairs = zip(self.units, self.weights, strict=True)
        return Fraction(sum(weight for value, weight in pairs if value >= units), self.total)

    def expected(self) -> Fraction:
        """E[D] in units."""
        pairs = zip(self.units, self.weights, strict=True)
        return Fraction(sum(value * weight for value, weight in pairs), self.total)

    def expected_short(self, stock: int) -> Fraction:
        """E[(D - stock)+] in units."""
        pairs = zip(self.units, self.weights, strict=True)
        return Fraction(sum(max(0, value - stock) * weight for value, weight in pairs), self.total)


@dataclass(frozen=True)
class Segment:
    """Units `first` .. `first + width - 1` (for ever where width is None) kept for one day.

    `cost` is that of each, in micros.
    """

    first: int
    width: int | None
    cost: int


def cumulative(days: Sequence[dict[int, int]], owed: int = 0) -> list[Curve]:
    """Demand of days 0..t for each t, by exact convolution of the days' integer weights.

    The days are independent; `owed` units from before the first day belong to every value.
    """
    curves = []
    running, total = {owed: 1}, 1
    for day in days:
        following: dict[int, int] = {}
        for before, weight in running.items():
            for units, share in day.items():
                following[before + units] = following.get(before + units, 0) + weight * share
        running, total = following, total * sum(day.values())
        if len(running) > MOST_SUPPORT:
            raise InputError(
                f"a cumulative demand takes more than {MOST_SUPPORT} values",
                hint="state fewer values per day or a shorter window",
                code="DEMAND_SIZE",
            )
        support = tuple(sorted(running))
        curves.append(Curve(support, tuple(running[value] for value in support), total))
    return curves


def segments(
    curve: Curve, holding: int, shortage: int, *, worst_percent: int = 100, apart: bool = False
) -> list[Segment]:
    """The cost of the k-th unit kept on a day: holding - (holding + shortage) P(D >= k).

    In micros, rounded once, half up. P falls in k, rounding is monotone, so the costs never
    fall: parallel arcs filled cheapest first give the convex sum. That sum over k <= S is
    holding E[(S - D)+] + shortage E[(D - S)+] less the constant shortage E[D].
    Neighbouring values of equal cost share one segment, unless kept `apart`; the last one has no
    end. Below 100, `worst_percent` x averages shortage over the highest x % of demand alone: the
    conditional value at risk (Rockafellar and Uryasev 2000), holding - holding P(D >= k) -
    shortage min(1, P(D >= k) 100 / x), which never falls either.
    """
    found: list[Segment] = []
    tail = curve.total
    for before, (units, weight) in pairwise(_steps(curve)):
        cost = _cost(curve, tail, holding, shortage, worst_percent)
        _append(found, before[0] + 1, units - before[0], cost, apart=apart)
        tail -= weight
    _append(found, curve.units[-1] + 1, None, holding, apart=apart)
    # INVARIANT: the k-th unit never costs less than the one before it.
    if any(one.cost > next_one.cost for one, next_one in pairwise(found)):
        raise AssertionError("a carry curve falls")
    return found


def _steps(curve: Curve) -> list[tuple[int, int]]:
    return [(0, 0), *zip(curve.units, curve.weights, strict=True)]


def _cost(curve: Curve, tail: int, holding: int, shortage: int, worst_percent: int) -> int:
    whole = worst_percent * curve.total
    missed = shortage * min(100 * tail, whole)
    return half_up(holding * (curve.total - tail) * worst_percent - missed, whole)


def _append(found: list[Segment], first: int, width: int | None, cost: int, *, apart: bool) -> None:
    if width == 0:
        return
    if not apart and found and found[-1].cost == cost and found[-1].width is not None:
        last = found.pop()
        joined = None if width is None or last.width is None else last.width + width
        found.append(Segment(last.first, joined, cost))
    else:
        found.append(Segment(first, width, cost))


def stated_curves(
    snapshot: Snapshot, window: Window, pairs: Sequence[tuple[str, str]]
) -> list[list[Curve]]:
    """Per pair and day of the window, the cumulative demand that the facts state.

    Raises as `stated_days`.
    """
    owed = owed_before(snapshot, pairs).tolist()
    days = stated_days(snapshot, window, pairs)
    return [cumulative(own, units) for own, units in zip(days, owed, strict=True)]


def stated_days(
    snapshot: Snapshot, window: Window, pairs: Sequence[tuple[str, str]]
) -> list[list[dict[int, int]]]:
    """Per pair and day of the window, the weight of every demand that the facts state.

    A day without stated outcomes asks for nothing. Raises InputError `BAD_DEMAND` for negative
    units or weights and for a day whose weights sum to zero.
    """
    table = snapshot.table("DemandOutcome")
    days: dict[tuple[str, str], list[dict[int, int]]] = {
        pair: [{} for _ in range(window.periods)] for pair in pairs
    }
    rows = zip(
        table["item"], table["location"], window.day_of(table["on"]).tolist(),
        table["quantity_units"].tolist(), table["weight"].tolist(), strict=True,
    )  # fmt: skip
    for item, location, day, units, weight in rows:
        if units < 0 or weight < 0:
            raise _bad_demand(item, location, "has a negative quantity or weight")
        if 0 <= day < window.periods:
            days[item, location][day][units] = weight
    return [_checked(pair, days[pair]) for pair in pairs]


def owed_before(snapshot: Snapshot, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.int64]:
    """Per pair, the units owed to customers since before the first day: demand for certain."""
    table = snapshot.table("Backlog")
    keys = zip(table["item"], table["location"], strict=True)
    owed = dict(zip(keys, table["quantity_units"].tolist(), strict=True))
    return np.array([max(0, owed.get(pair, 0)) for pair in pairs], np.int64)


def _checked(pair: tuple[str, str], days: list[dict[int, int]]) -> list[dict[int, int]]:
    positive = [{units: w for units, w in day.items() if w} for day in days]
    if any(day and not kept for day, kept in zip(days, positive, strict=True)):
        raise _bad_demand(*pair, "has a day whose weights sum to zero")
    return [day or {0: 1} for day in positive]


def _bad_demand(item: str, location: str, what: str) -> InputError:
    return InputError(
        f"the stated demand of `{join_key((item, location))}` {what}",
        hint="state quantities and weights of zero or more, and one weight above zero per day",
        code="BAD_DEMAND",
    )
