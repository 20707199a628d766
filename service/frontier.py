"""What one objective costs in terms of another: certified plans from one end to the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.errors import InputError, SolverError
from ontology.objectives import CARBON, PER_MILLE, Weights, known
from rules.release import Release
from service.decision import Draft, PlanRequest, ask
from service.planning import answer
from solver.engine.resolve import Warm
from solver.explain.objectives import Parts, parts_of, worst_short
from solver.model.carry_labels import CarryLabels
from solver.model.movements import RISK

LEAST_POINTS, MOST_POINTS = 2, 61
DECADES = 3
"""The ends weigh one objective a thousand times the other: both count, and one decides."""


@dataclass(frozen=True)
class Point:
    """One certified plan: its weights, its parts at plain rates, and what proves it.

    `plan` is the digest that the plan has when it is asked for with these weights; cost, bound and
    label are those of the weighted cost, in the plan's cost units.
    """

    weights: Weights
    parts: Parts
    cost_scaled: int
    bound_scaled: int
    label: str
    plan: str
    lines: int


@dataclass(frozen=True)
class Frontier:
    """The plans from one end to the other; none is worse in one objective and better in none.

    `dominated` plans were left out, and `repeated` ones that another stands for.
    """

    between: tuple[str, str]
    points: tuple[Point, ...]
    dominated: int
    repeated: int
    currency: str


@dataclass(frozen=True)
class Robust:
    """The plan for the worst outcomes beside the one for all of them, by the same measures.

    `cost` is the plain expected cost in micros; `short` the units short at the end of the local
    days in the worst outcomes, of `asked`.
    """

    worst_percent: int
    expected: Point
    robust: Point
    expected_short: Fraction
    robust_short: Fraction
    asked: Fraction

    @property
    def price(self) -> Fraction:
        """Micros of expected cost that the robust plan costs more."""
        return self.robust.parts.money - self.expected.parts.money


def frontier(
    snapshot: Snapshot, release: Release, request: PlanRequest, between: Sequence[str],
    points: int = 7, progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Frontier:  # fmt: skip
    """Certified plans from the one objective that counts to the other, in equal ratios.

    All else on the request stands. The networks differ in costs alone, so each is solved from
    where the one before ended; that is no input of a plan. Left out are plans that another one
    beats or equals in both objectives.

    Raises InputError `BETWEEN` for anything but two objectives, `POINTS`, `NO_CARBON_PRICE`,
    `WEIGHTS_REGIME` where orders are planned, and as `planning.draft_plan`.
    """
    if len(between) != 2 or known(between[0]) == known(between[1]):
        raise InputError("a frontier lies between two objectives", code="BETWEEN",
                         hint="name two, as in `service,landed`")  # fmt: skip
    if not LEAST_POINTS <= points <= MOST_POINTS:
        raise InputError(f"`{points}` points cannot be asked for", code="POINTS",
                         hint=f"ask for {LEAST_POINTS} to {MOST_POINTS}")  # fmt: skip
    found, warm, currency = [], Warm(), ""
    for number, pair in enumerate(ratios(points)):
        progress("planning", number, points)
        names = (f"{name}_per_mille" for name in between)
        weights = replace(request.weights, **dict(zip(names, pair, strict=True)))
        draft, point = _made(snapshot, release, replace(request, weights=weights), warm)
        found.append(point)
        currency = draft.decision["currency"]
    if CARBON in between and any(point.parts.carbon is None for point in found):
        raise InputError("the carbon of some moves is not known", code="NO_CARBON",
                         hint="state weights, distances and emissions")  # fmt: skip
    kept, dominated, repeated = undominated(found, between)
    return Frontier((between[0], between[1]), tuple(kept), dominated, repeated, currency)


def ratios(points: int) -> list[tuple[int, int]]:
    """Pairs of weights per mille from 1000 : 1 to 1 : 1000, in equal ratios.

    The roots of ten are floats, rounded once here to a whole weight; equal on every machine for
    the few that are asked for, since the weights themselves are what a plan states.
    """
    found = []
    for number in range(points):
        steps = 2 * DECADES * number - DECADES * (points - 1)
        light = max(1, round(PER_MILLE * 10.0 ** (-abs(steps) / (points - 1))))
        found.append((PER_MILLE, light) if steps <= 0 else (light, PER_MILLE))
    return found


def undominated(points: Sequence[Point], between: Sequence[str]) -> tuple[list[Point], int, int]:
    """The points that no other beats, in their order; how many were beaten, or said again."""
    amounts = [tuple(_amount(point, name) for name in between) for point in points]
    kept: list[Point] = []
    seen: set[tuple[Fraction, ...]] = set()
    dominated = repeated = 0
    for point, mine in zip(points, amounts, strict=True):
        if any(other != mine and all(a <= b for a, b in zip(other, mine, strict=True))
               for other in amounts):  # fmt: skip
            dominated += 1
        elif mine in seen:
            repeated += 1
        else:
            kept.append(point)
            seen.add(mine)
    return kept, dominated, repeated


def robust_price(
    snapshot: Snapshot, release: Release, request: PlanRequest, worst_percent: int
) -> tuple[Robust, str]:
    """What holding service in the worst outcomes costs, and what it buys there.

    Two certified plans: of the request over all outcomes, and over the worst; and the currency.
    Raises as `frontier`.
    """
    warm, drafts, points = Warm(), [], []
    for percent in (100, worst_percent):
        weights = replace(request.weights, worst_percent=percent)
        draft, point = _made(snapshot, release, replace(request, weights=weights), warm)
        drafts.append(draft)
        points.append(point)
    shorts = [worst_short(d.problem, _labels(d), d.flow, worst_percent) for d in drafts]
    (short, asked), (robust_short, _) = shorts
    found = Robust(worst_percent, points[0], points[1], short, robust_short, asked)
    return found, drafts[0].decision["currency"]


def point_of(draft: Draft, facts: Snapshot, weights: Weights) -> Point:
    """A draft as a point; `facts` are the question's, in its currency."""
    claims, decision = draft.claims, draft.decision
    parts = parts_of(draft.problem, _labels(draft), facts, draft.flow)
    return Point(weights, parts, claims.cost, claims.bound, claims.label, digest_of(decision),
                 len(decision["lines"]))  # fmt: skip


def _made(
    snapshot: Snapshot, release: Release, request: PlanRequest, warm: Warm
) -> tuple[Draft, Point]:
    question = ask(snapshot, release, request)
    if question.window.regime != RISK:
        raise InputError("orders are not weighed", code="WEIGHTS_REGIME",
                         hint="weigh plans of stock; orders have cost parts")  # fmt: skip
    draft = answer(question, warm.solve)
    return draft, point_of(draft, question.facts, request.weights)


def _labels(draft: Draft) -> CarryLabels:
    if not isinstance(draft.problem.labels, CarryLabels):
        raise SolverError("only plans of stock have objectives", code="WEIGHTS_REGIME")
    return draft.problem.labels


def _amount(point: Point, objective: str) -> Fraction:
    found = point.parts.of(objective)
    return Fraction(0) if found is None else found
