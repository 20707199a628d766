"""Is the plan worth it: the plan beside doing nothing and beside tuned rules of thumb."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ontology.columns import Snapshot
from ontology.errors import SolverError
from rules.release import Release
from service.decision import Draft, PlanRequest, Question, ask
from service.house import House
from service.planning import draft_plan, with_reserved
from service.rounds import Review, look_at
from solver.explain.baselines import cost_parts, do_nothing, service_misses, window_demand
from solver.explain.closing import overdrawn
from solver.explain.filters import KNOB, first_day_lines
from solver.model.carry_labels import CarryLabels
from solver.network.columns import IntArray
from solver.network.scaling import half_up
from solver.proof.certificate import certify, measure
from solver.proof.claims import Claims
from solver.rivals.heuristics import RIVALS, act, levels_of, outlook, rival_flow, ways_in
from solver.rivals.tuning import Tuned, tuned

MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Method:
    """What one way to act is expected to cost, on the plan's own network and days.

    Cents are rounded once each from exact amounts; `cost_scaled` and `gap_scaled` are exact:
    micros by the network's account, which leaves out the shortage that nobody can change. The gap
    is to the certificate's bound: `gap_per_million` is the certificate's own measure, of the cost
    by the network's account, `above_bound_per_million` is of the bound on the expected cost. Then
    `gained_per_million` the share of what lies between doing nothing and the bound (None
    where nothing does; below 0 where doing nothing costs less). A line here is what pays a fixed
    cost: an item over a lane, or in place of another, on the first day, its lots together, and a
    purchase unless it is given for every method. `rule_breaks` counts those that rules on the
    finished plan would close.
    """

    name: str
    cost_cents: int
    holding_cents: int
    shortage_cents: int
    transport_cents: int
    lines_cents: int
    purchases_cents: int
    far_cents: int
    waste_cents: int
    loads_cents: int
    cost_scaled: int
    gap_scaled: int
    gap_cents: int
    gap_per_million: int
    above_bound_per_million: int
    gained_per_million: int | None
    fill_per_million: int
    expected_short_millionths: int
    service_misses: int
    first_day_lines: int
    first_day_units: int
    rule_breaks: int


@dataclass(frozen=True, slots=True)
class OrdersMethod:
    """What one way to serve firm orders costs; None where nobody stated or proved it."""

    name: str
    cost_cents: int
    warehouse_cents: int
    freight_cents: int
    orders: int
    orders_served: int
    orders_over_capacity: int | None = None
    orders_without_rate: int | None = None
    gap_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All methods in their fixed order, and how the rules of thumb were tuned.

    `best` names the methods of least cost, `best_rival` the cheapest one besides the plan; the
    plan saves `saved_cents` against it (below 0: it costs more). Firm orders have neither: what
    serves other orders is not the same thing for less. `plan_lines` counts the plan's own lines
    by kind: each lot is one, and each purchase.
    """

    chain: str
    regime: str
    starts_on: str
    currency: str
    label: str
    methods: Sequence[Method | OrdersMethod]
    bound_cents: int | None = None
    tuned: Sequence[Tuned] = ()
    best: Sequence[str] = ()
    best_rival: str | None = None
    saved_cents: int | None = None
    saved_per_million: int | None = None
    plan_lines: Mapping[str, int] = field(default_factory=dict)


def compare(house: House, request: PlanRequest) -> Comparison:
    """The comparison on a chain's present facts, with a plan made for it and not saved."""
    asked = with_reserved(house, request)
    return compare_on(house.facts(request.chain), house.release_for(request.chain), asked)


def compare_on(snapshot: Snapshot, release: Release, request: PlanRequest) -> Comparison:
    """The comparison on a snapshot. Pure; errors are those of planning.

    Rivals act on the plan's own network, with the purchases that were given to the plan, and
    never on a movement that a rule closes. Lines of theirs that break a rule on the finished plan
    are closed to them, and they act again: `rounds` times by measure, as the plan is, then as
    often with every line that adds to the breach closed. What breaks a rule even so is counted.
    """
    draft = draft_plan(snapshot, release, request)
    question = ask(snapshot, release, request)
    if isinstance(draft.problem.labels, CarryLabels):
        return _risk(question, draft, draft.problem.labels)
    return _orders(question, draft)


def _risk(question: Question, draft: Draft, labels: CarryLabels) -> Comparison:
    problem, facts = draft.problem, question.facts
    settings = [tuned(problem, labels, facts, rival) for rival in RIVALS]
    flows = {"do_nothing": do_nothing(problem, labels)}
    flows |= {one.rival: _rival_flow(question, draft, labels, one) for one in settings}
    flows["plan"] = draft.flow
    methods = [_method(question, draft, labels, name, flow) for name, flow in flows.items()]
    *rivals, plan = methods
    least = min(method.cost_scaled for method in methods)
    rival = min(rivals, key=lambda method: method.cost_scaled)  # the first where several are
    saved, scale = rival.cost_scaled - plan.cost_scaled, problem.network.cost_scale
    return replace(
        _about(question, draft, methods),
        bound_cents=plan.cost_cents - plan.gap_cents,
        tuned=settings,
        best=[each.name for each in methods if each.cost_scaled == least],
        best_rival=rival.name,
        saved_cents=half_up(saved, scale),
        saved_per_million=half_up(MILLION * saved, max(1, abs(rival.cost_cents) * scale)),
    )


def _about(
    question: Question, draft: Draft, methods: Sequence[Method | OrdersMethod]
) -> Comparison:
    return Comparison(
        chain=question.request.chain, regime=draft.problem.regime,
        starts_on=draft.problem.window.starts_on.isoformat(),
        currency=question.conversion.currency, label=draft.claims.label, methods=methods,
        plan_lines=dict(sorted(Counter(line["kind"] for line in draft.decision["lines"]).items())),
    )  # fmt: skip


def _rival_flow(question: Question, draft: Draft, labels: CarryLabels, how: Tuned) -> IntArray:
    """What a rival does, after it acted again without the lines that broke a rule."""
    problem, facts = draft.problem, question.facts
    ways, known = ways_in(problem, labels, facts), outlook(problem, labels, facts)
    levels = levels_of(problem, labels, facts, how.rival, how.chosen)
    shut: set[int] = set()
    rounds = int(question.release.knobs["rounds"])
    for turn in range(2 * rounds + 1):
        acts = act(ways, levels, known, problem.window.periods, problem.network.supply, shut)
        flow = rival_flow(problem, labels, acts)
        broken = _broken(labels, _look(question, draft, flow, by_measure=turn < rounds))
        broken |= overdrawn(problem, flow)
        if not broken:
            break
        shut |= broken
    return flow


def _look(question: Question, draft: Draft, flow: IntArray, *, by_measure: bool) -> Review:
    return look_at(draft.problem, question.facts, question.release, flow, question.without,
                   filters=by_measure)  # fmt: skip


def _broken(labels: CarryLabels, review: Review) -> set[int]:
    """Movement rows that rules on the finished plan would close; what is given is nobody's."""
    rows = {row for name, found in review.close.items() if not name.startswith(KNOB)
            for row in found.tolist()}  # fmt: skip
    return rows - set(labels.given.rows.tolist())


def _method(
    question: Question, draft: Draft, labels: CarryLabels, name: str, flow: IntArray
) -> Method:
    problem, scale = draft.problem, draft.problem.network.cost_scale
    lines = first_day_lines(problem, labels, question.facts, flow)
    line_cost = int(lines.fixed.sum())
    claims = _measured(draft, labels, name, flow, line_cost)
    parts = cost_parts(problem, labels, flow, line_cost)
    short, asked = window_demand(problem, labels, flow)
    idle, percent = claims.do_nothing or 0, question.release.knobs["shortfall_service_percent"]
    room = idle - claims.bound
    return Method(
        name=name,
        cost_cents=_cents(parts.total, scale),
        holding_cents=_cents(parts.holding, scale),
        shortage_cents=_cents(parts.shortage, scale),
        transport_cents=half_up(parts.transport, scale),
        lines_cents=half_up(parts.lines, scale),
        purchases_cents=half_up(parts.purchases, scale),
        far_cents=_cents(parts.far, scale),
        waste_cents=half_up(parts.waste, scale),
        loads_cents=half_up(parts.loads, scale),
        cost_scaled=claims.cost,
        gap_scaled=claims.gap,
        gap_cents=half_up(claims.gap, scale),
        gap_per_million=-(-MILLION * claims.gap // max(1, abs(claims.cost))),
        above_bound_per_million=_above_bound(parts.total, claims.gap),
        gained_per_million=half_up(MILLION * (idle - claims.cost), room) if room > 0 else None,
        fill_per_million=_cents(MILLION * (asked - short) / asked, 1) if asked else MILLION,
        expected_short_millionths=_cents(MILLION * short, 1),
        service_misses=service_misses(problem, labels, flow, int(percent)),
        first_day_lines=len(lines.fixed),
        first_day_units=int(lines.units.sum()),
        rule_breaks=len(_broken(labels, _look(question, draft, flow, by_measure=True))),
    )


def _above_bound(total: Fraction, gap: int) -> int:
    """The gap in millionths of the least that the total could be, rounded up."""
    part = MILLION * gap / max(Fraction(1), abs(total - gap))
    return -int(-part // 1)


def _measured(
    draft: Draft, labels: CarryLabels, name: str, flow: IntArray, line_cost: int
) -> Claims:
    """What potentials and prices prove of a method, which must be a flow of the network."""
    network, nothing = draft.problem.network, do_nothing(draft.problem, labels)
    fixed = (labels.given_cost, line_cost)
    verdict = certify(network, flow, draft.potentials, do_nothing=nothing)
    if not verdict.accepted:  # INVARIANT: nothing is compared that the network does not allow
        raise SolverError(f"the method `{name}` is no flow: {verdict.refusals[0]}",
                          code="METHOD_REFUSED")  # fmt: skip
    return measure(
        network, flow, draft.potentials, draft.prices, draft.problem.shared, nothing, fixed,
        draft.branches, rounded=draft.rounded,
    )  # fmt: skip


def _cents(amount: Fraction, scale: int) -> int:
    """A fraction of so many parts to the cent, rounded once."""
    return half_up(amount.numerator, amount.denominator * scale)


def _orders(question: Question, draft: Draft) -> Comparison:
    scale, found = draft.problem.network.cost_scale, draft.decision["comparison"]
    names = [name for name in ("do_nothing", "as_done", "plan") if name in found]
    methods = [
        OrdersMethod(
            name=name,
            cost_cents=found[name]["cost_cents"],
            warehouse_cents=found[name]["warehouse_cents"],
            freight_cents=found[name]["freight_cents"],
            orders=found[name]["orders"],
            orders_served=found[name]["orders_served"],
            orders_over_capacity=found[name].get("orders_over_capacity"),
            orders_without_rate=found[name].get("orders_without_rate"),
            gap_cents=half_up(draft.claims.gap, scale) if name == "plan" else None,
        )
        for name in names
    ]
    return _about(question, draft, methods)
