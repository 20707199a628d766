"""The least change: of all plans within a band of the best one that nearest to the one before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isqrt
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.errors import InputError
from ontology.steadiness import LineBefore, LineKey, Steady, lines_of
from rules.release import Release
from service.decision import PlanRequest, Question, claims_for
from service.house import House
from service.recalled import recall
from service.rounds import Settled, Solve, joined, look_at
from solver.explain.filters import KNOB
from solver.explain.lines import moved_units
from solver.model.movements import RISK, window_of
from solver.model.steady import (
    STABILITY_KNOBS,
    Ways,
    carry_labels,
    most_price,
    no_lines_to_keep,
    priced,
    ways_of,
    with_fixed,
)
from solver.network.columns import IntArray
from solver.proof.claims import Claims

BAND, FROZEN = STABILITY_KNOBS["band_per_million"], STABILITY_KNOBS["frozen_days"]
PROBES = 8
"""So many prices are tried between none and the most: each is a plan of its own."""

MILLION = 10**6


@dataclass(frozen=True)
class Candidate:
    """A plan that could stand: its flow, its claims, and how much it changes."""

    settled: Settled
    claims: Claims
    lines: int
    units: int

    def meets(self, asked: Steady) -> bool:
        """Whether it changes at most as much as was asked for."""
        return (asked.most_lines is None or self.lines <= asked.most_lines) and (
            asked.most_units is None or self.units <= asked.most_units
        )


def steadied(question: Question, best: Settled, solve: Solve) -> Settled:
    """The least change against the lines of the plan before, within the band; `best` if none.

    Every unit of change is given a price. The price is raised, from none to one at which nothing
    changes that need not, as long as the plan's true cost stays within the band (8 probes at
    most, each a whole plan, on a scale of powers): the higher it is the fewer units change. Of
    what was found within the band the fewest changed units count, then the cost. Lines of the
    plan before that only a filter closed are open again, at their cost per line. A budget of
    changes goes before the band: then the cheapest plan found that keeps it.

    Raises InputError `STEADY_REGIME`, and `CHANGE_BUDGET` where no plan keeps the budget.
    """
    asked = question.request.steady
    if asked is None:
        return best
    labels = carry_labels(best.problem)
    found = _Search(question, best, solve, asked,
                    ways_of(best.problem, labels, asked.lines, asked.frozen_days))  # fmt: skip
    found.run()
    return found.chosen().settled


class _Search:
    """The candidates between the best plan and the one that changes least."""

    def __init__(
        self, question: Question, best: Settled, solve: Solve, asked: Steady, ways: Ways
    ) -> None:
        self._question, self._best, self._solve, self._asked = question, best, solve, asked
        self._reopened = _reopened(best, ways)
        self._ways = with_fixed(ways, best.problem, question.facts, self._reopened)
        self._most = most_price(best.problem)
        self._found: list[Candidate] = []
        self._limit = 0

    def run(self) -> None:
        """Tries prices, from both ends on."""
        frozen = self._asked.frozen_days and self._at(0)
        start = frozen or self._measured(self._best)
        if start is None:
            raise AssertionError("a settled plan stands by itself")
        allowed = abs(start.claims.cost) * self._asked.band_per_million // MILLION
        self._limit = start.claims.cost + allowed
        self._found.append(start)
        if not start.units or self._goes_higher(self._at(self._most)):
            return
        low, high = 0, self._most
        for _ in range(PROBES):
            middle = isqrt(max(1, low) * high)
            if middle in (low, high):
                return
            if self._goes_higher(self._at(middle)):
                low = middle
            else:
                high = middle

    def chosen(self) -> Candidate:
        """The candidate that stands."""
        kept = [each for each in self._found if each.meets(self._asked)]
        if not kept:
            fewest = min(self._found, key=lambda each: (each.lines, each.units))
            raise InputError(
                "no plan was found that changes as little as was asked for: the least is "
                f"{fewest.lines} lines and {fewest.units} units", code="CHANGE_BUDGET",
                hint="what is gone cannot be kept; ask for a greater number",
            )  # fmt: skip
        within = [each for each in kept if each.claims.cost <= self._limit]
        if within:
            return min(within, key=lambda each: (each.units, each.lines, each.claims.cost))
        return min(kept, key=lambda each: (each.claims.cost, each.units))

    def _goes_higher(self, found: Candidate | None) -> bool:
        if found is None:
            return False
        self._found.append(found)
        return found.claims.cost <= self._limit or not found.meets(self._asked)

    def _at(self, price: int) -> Candidate | None:
        """The plan at a price of change; None where its lines cannot all stand."""
        best, question = self._best, self._question
        closed = {name: np.setdiff1d(rows, self._reopened) for name, rows in best.closed.items()}
        for _ in range(int(question.release.knobs["rounds"]) + 1):
            narrow = best.problem.narrowed({n: rows for n, rows in closed.items() if len(rows)})
            ways = with_fixed(
                ways_of(narrow, carry_labels(narrow), self._asked.lines, self._asked.frozen_days),
                narrow, question.facts, self._reopened,
            )  # fmt: skip
            flow = self._solve(priced(narrow, ways, price, self._most), best.prices).flow
            settled = replace(best, flow=flow[: narrow.network.arc_count], closed={
                name: rows for name, rows in closed.items() if len(rows)})  # fmt: skip
            review = look_at(narrow, question.facts, question.release, settled.flow,
                             question.without, filters=False)  # fmt: skip
            if not review.close:
                return self._measured(settled)
            closed = joined(closed, review.close)
        return None

    def _measured(self, settled: Settled) -> Candidate | None:
        question, problem = self._question, settled.problem
        narrow = problem.narrowed(settled.closed)
        review = look_at(narrow, question.facts, question.release, settled.flow,
                         question.without, filters=False)  # fmt: skip
        claims = claims_for(problem, settled, review.line_cost)
        if claims.do_nothing is not None and claims.cost > claims.do_nothing:
            return None
        return Candidate(settled, claims, *self._ways.changed(settled.flow))


def _reopened(best: Settled, ways: Ways) -> IntArray:
    """The rows of lines of the plan before that a filter closed."""
    by_filter = [rows for name, rows in best.closed.items() if name.startswith(KNOB)]
    if not by_filter:
        return np.zeros(0, np.int64)
    before = best.problem.network.reference[ways.arcs[ways.units[ways.way] > 0]]
    found: IntArray = np.intersect1d(np.concatenate(by_filter), before)
    return found


def steady_since(
    store: ArtifactStore, document: Mapping[str, Any], release: Release, first: date,
    most_lines: int | None = None, most_units: int | None = None,
) -> Steady:  # fmt: skip
    """The wish to change little against a saved plan, for a plan from `first` on.

    Band and frozen days are the release's. The lines are what the plan sends on the days that
    count: those of its first day stand in the document, later ones in its flow, for which the
    plan is opened again. Raises as reading its artifacts does.
    """
    frozen = int(release.knobs.get(FROZEN, 0))
    last = first + timedelta(days=max(1, frozen) - 1)
    decision = document["decision"]
    lines = iter(lines_of(decision))
    if last > date.fromisoformat(decision["starts_on"]):
        lines = _planned(store, document)
    kept = [line for line in lines if str(first) <= line.departs_on <= str(last)]
    return Steady(tuple(sorted(kept)), int(release.knobs.get(BAND, 0)), frozen,
                  most_lines, most_units)  # fmt: skip


def _planned(store: ArtifactStore, document: Mapping[str, Any]) -> Iterator[LineBefore]:
    plan = recall(store, document)
    units = moved_units(plan.problem, plan.flow)
    rows = np.flatnonzero((units > 0) & (plan.problem.movements["kind"] != "substitution"))
    taken = plan.problem.movements.take(rows)
    names = ("item", "lane", "supplier", "destination", "departs_on")
    found: dict[LineKey, int] = {}
    columns = (["" if part is None else str(part) for part in taken[name]] for name in names)
    for way, count in zip(zip(*columns, strict=True), units[rows].tolist(), strict=True):
        found[way] = found.get(way, 0) + count
    yield from (LineBefore(*way, count) for way, count in found.items())
    if plan.problem.window.is_forecast:  # given to the flow, so not in it
        yield from (line for line in lines_of(document["decision"]) if not line.lane)


def steady_request(
    house: House, request: PlanRequest, document: Mapping[str, Any],
    most_lines: int | None = None, most_units: int | None = None,
) -> PlanRequest:  # fmt: skip
    """The request with the wish to change little against a saved plan of the chain.

    Raises InputError `PLANS_APART` for a plan of another chain, `STEADY_REGIME` for orders.
    """
    decision = document["decision"]
    if decision["chain"] != request.chain:
        raise InputError(
            f"the plan before is of `{decision['chain']}`, not of `{request.chain}`",
            code="PLANS_APART", hint="give a plan of the chain",
        )  # fmt: skip
    window = window_of(house.facts(request.chain), request.starts_on)
    if window.regime != RISK:
        raise no_lines_to_keep()
    steady = steady_since(
        house.store,
        document,
        house.release_for(request.chain),
        window.starts_on,
        most_lines,
        most_units,
    )
    return replace(request, previous=document["plan_digest"], steady=steady)


def previous_artifact(house: House, request: PlanRequest) -> dict[str, str]:
    """Where the document of the plan before lies, if the request keeps to its lines."""
    if request.steady is None or request.previous is None:
        return {}
    found = house.catalog.plans_by_digest([request.previous])
    return {"previous": found[request.previous].artifact} if found else {}
