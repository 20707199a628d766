"""From a flow to the decision that a plan seals: pure, no solver, so that verify can redo it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from ontology.canonical import digest, digest_of
from ontology.canonical_columns import canonical_columns
from ontology.closures import Closures
from ontology.columns import Snapshot
from ontology.edits import Edit, bounds_of
from ontology.errors import SolverError
from ontology.objectives import PLAIN, Weights
from ontology.promise_ends import committed, open_promises, with_expected
from ontology.promises import Promise, less_promised, promise_of
from ontology.ranges import refuse_out_of_range
from ontology.steadiness import LineBefore, Steady
from ontology.stock_now import with_movements
from ontology.terms import local_name
from rules.decide import decide
from rules.release import Release
from service.objectives import (
    asked_in,
    counted,
    held_at,
    objectives_in,
    refuse_wrong,
    stages_in,
)
from service.rounds import Closed, Review, Settled, look_at
from solver.engine.shared import WHOLE_LOADS, used
from solver.engine.uncompiled import shortest_distances
from solver.explain.baselines import compare, do_nothing
from solver.explain.lines import decode
from solver.explain.shortfalls import shortfalls
from solver.model.assignment_network import AssignmentLabels
from solver.model.beyond import remarks
from solver.model.carry_labels import CarryLabels
from solver.model.currency import Conversion, conversion_of
from solver.model.edited import forbidden, wanted
from solver.model.expiring import expected_waste, merged
from solver.model.known_stock import FIELDS, with_known_stock
from solver.model.lots import with_whole_bounds
from solver.model.movements import RISK, Window, candidates, stock_after, window_of
from solver.model.problem import BOTH_PARTS, Problem, build
from solver.model.resources import resources_of
from solver.model.stages import Stage
from solver.model.steady import frozen_bounds, held_in, stability_of, ways_back
from solver.network.columns import ArcKind, IntArray
from solver.network.facts import fact
from solver.proof.branches import Branches, steps_of
from solver.proof.certificate import certify
from solver.proof.claims import Claims, Whole
from solver.proof.rounded import Rounded, worth_of_one_more

FORMAT = "evenkeel-plan/1"
SHARED_COLUMNS = ("arc", "resource", "use", "capacity")
RESERVED, PROMISED = "reserved", "promised"
"""The fields of a decision that state what other plans had promised; only where they had.

`promised` states where to, from which event on, and whether it was carried out, so that its end
is derived; `reserved` is how older decisions state it, without any end.
"""
INLINE_ARCS = 10_000
"""Up to so many arcs, network and certificate stand in the plan itself."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a caller asks for: a chain, the cost parts to minimise, and the first day.

    `edits` are a person's wishes for lines of the first day; `previous` is the digest of the plan
    that they were made on. `steady` asks for few changes against the lines of that plan.
    `weights` say how much each part of the cost counts; the objectives that come `first` are held
    at their best, one after the other. `reserved` are the units that plans have promised: as far
    as they did not end, they count as reserved where they stand, and as coming where they go.
    """

    chain: str
    cost_parts: frozenset[str] = BOTH_PARTS
    starts_on: date | None = None
    agent: str = "local"
    edits: tuple[Edit, ...] = ()
    previous: str | None = None
    steady: Steady | None = None
    weights: Weights = PLAIN
    first: tuple[str, ...] = ()
    reserved: tuple[Promise, ...] = ()


def request_of(decision: Mapping[str, Any], agent: str = "local") -> PlanRequest:
    """What was asked when a decision was made."""
    return PlanRequest(
        decision["chain"], frozenset(decision["cost_parts"]),
        date.fromisoformat(decision["starts_on"]), agent,
        tuple(Edit(**edit) for edit in decision.get("edits", ())), decision.get("previous"),
        _steady_of(decision.get("stability")), **asked_in(decision),
        reserved=tuple(promise_of(stated) for name in (RESERVED, PROMISED)
                       for stated in decision.get(name, ())),
    )  # fmt: skip


def _steady_of(stated: Mapping[str, Any] | None) -> Steady | None:
    if stated is None:
        return None
    asked = {field.name: stated[field.name] for field in fields(Steady)}
    return Steady(**asked | {"lines": tuple(LineBefore(**line) for line in stated["lines"])})


@dataclass(frozen=True)
class Draft:
    """A decided plan, not yet sealed or saved.

    `attachments` are the canonical bytes of network and certificate where they are too large to
    stand in the decision, which then names their SHA-256.
    """

    problem: Problem
    flow: IntArray
    potentials: IntArray
    prices: IntArray | None
    claims: Claims
    decision: dict[str, Any]
    attachments: Mapping[str, bytes]
    branches: Branches | None = None
    rounded: Rounded | None = None


@dataclass(frozen=True)
class Question:
    """What is to be decided: a snapshot under a release, as a request asks it.

    `facts` are those of the snapshot with every amount in `conversion.currency` and stock after the
    movements since its count, less what is reserved and with what is expected of it: all but the
    names and the digest of the facts is read from there. The request names no promise that is over.
    `without` asks what would be decided if those rules were not there.
    """

    snapshot: Snapshot
    release: Release
    request: PlanRequest
    window: Window
    conversion: Conversion
    facts: Snapshot
    without: frozenset[str] = frozenset()
    stages: tuple[Stage, ...] = ()


def ask(
    snapshot: Snapshot, release: Release, request: PlanRequest, without_rule: str = "",
    *, without: Iterable[str] = (),
) -> Question:  # fmt: skip
    """The question with its days and its currency; without one rule, or several.

    Raises InputError as both of them do, and `OUT_OF_RANGE` for a number that cannot be one.
    """
    refuse_out_of_range(snapshot)
    refuse_wrong(request.weights, request.first)
    request = replace(request, weights=counted(request.weights, request.first))
    window = window_of(snapshot, request.starts_on)
    if window.regime == RISK:  # where all parts of the cost count, a plan cannot say otherwise
        request = replace(request, cost_parts=BOTH_PARTS)
    conversion = conversion_of(snapshot, window.starts_on)
    opened = open_promises(snapshot, request.reserved, window.starts_on)
    request = replace(request, reserved=tuple(each.promise for each in opened))
    free = less_promised(with_movements(snapshot), committed(opened))
    facts = conversion.applied(with_expected(free, opened))
    gone = frozenset(without) | ({without_rule} if without_rule else set())
    return Question(snapshot, release, request, window, conversion, facts, gone)


def pose(question: Question, closed: Closed = MappingProxyType({})) -> Problem:
    """The problem that facts, rules and request pose.

    Of the rows that were `closed` after a first flow only purchases matter here: where they are
    given, the problem is another without them.
    """
    facts, window = question.facts, question.window
    movements = candidates(facts, window)
    if any(question.release.names(local_name(field)) for field in FIELDS):
        movements = with_known_stock(movements, facts, window)
    closures: Closures = decide(question.release, facts, movements, stock_after(facts, window))
    closures = closures.joined(ways_back(facts, movements, question.request.steady))
    for rule in sorted(question.without):
        closures = closures.without(rule)
    bought = movements["kind"] == "purchase"
    if window.is_forecast and closed:
        closures = closures.joined({name: rows[bought[rows]] for name, rows in closed.items()})
    edits = question.request.edits
    bounds = {**frozen_bounds(movements, window, question.request.steady), **bounds_of(edits)}
    closures = closures.joined(forbidden(movements, window, edits))
    posed = partial(build, facts, window, movements, closures, question.request.cost_parts, bounds)
    problem = posed(question.request.weights)
    problem = replace(
        problem, resources=resources_of(problem, facts), wanted=wanted(movements, window, edits)
    )
    problem = with_whole_bounds(problem)
    return held_at(problem, question.stages, posed, question.request.weights)


def assemble(question: Question, settled: Settled) -> Draft:
    """The decision of a settled flow. Equal arguments give equal bytes.

    Raises SolverError `CERTIFICATE_REFUSED` where the flow is none of the network,
    `FLOW_NOT_OPTIMAL` where it is not the cheapest of what was left open, `RULE_BROKEN` where a
    rule on the finished plan would still close a line.
    """
    problem, flow, potentials = settled.problem, settled.flow, settled.potentials
    facts, release, narrow = question.facts, question.release, problem.narrowed(settled.closed)
    review = look_at(narrow, facts, release, flow, question.without, filters=False)
    if review.close:  # INVARIANT: no plan breaks a rule that closing its lines could keep
        raise SolverError(f"the plan breaks the rule `{min(review.close)}`", code="RULE_BROKEN")
    claims = claims_for(problem, settled, review.line_cost)
    kept = question.request.steady
    apart = problem
    paid = settled.prices is not None and (settled.prices.any() or settled.rounded is not None)
    if settled.closed or kept is not None or paid or problem.comes_whole:
        apart = held_in(narrow, flow, kept).apart(flow)
    own = potentials if apart is problem else shortest_distances(apart.network, flow)
    network, network_bytes = _inline_or_named(problem, columns_of(problem))
    proof, proof_bytes = _inline_or_named(problem, proof_of(settled))
    resources = prices_in(settled)
    attachments = {"network": network_bytes, "certificate": proof_bytes}
    decision = {
        "chain": question.request.chain,
        "snapshot": question.snapshot.digest,
        "release": release.digest,
        "previous": question.request.previous,
        "edits": [asdict(edit) for edit in sorted(question.request.edits)],
        "work_limit": release.knobs["work_limit"],
        "regime": problem.regime,
        "starts_on": problem.window.starts_on.isoformat(),
        "cost_parts": sorted(problem.cost_parts),
        "currency": question.conversion.currency,
        "demand_model": demand_model(facts, problem.window),
        "network": {
            "digest": problem.network.digest,
            "arcs": problem.network.arc_count,
            "nodes": problem.network.node_count,
            "cost_scale": problem.network.cost_scale,
            **network,
        },
        "certificate": {
            **certificate_of(claims),
            "given": given_in(problem),
            "resources": resources,
            **loads_in(settled),
            **proof,
        },
        "lines": _with_rates(question, decode(narrow, facts, flow, review.attention)),
        "shortfalls": shortfalls(apart, flow, own, int(release.knobs["shortfall_service_percent"])),
        "suppressed": suppressed(narrow, settled.closed, review, resources),
        "comparison": compare(narrow, facts, flow, review.line_cost),
    }
    if found := remarks(facts, problem.window) + merged(problem, facts):
        decision["remarks"] = found
    if wasted := expected_waste(narrow, facts, flow):
        decision["waste"] = wasted
    decision |= promised_in(question.request.reserved)
    if kept is not None:
        decision["stability"] = stability_of(narrow, flow, kept)
    request, stages = question.request, question.stages
    decision |= objectives_in(narrow, facts, flow, request.weights, request.first)
    decision |= stages_in(stages, problem.proved)
    large = {name: data for name, data in attachments.items() if data}
    return Draft(problem, flow, potentials, settled.prices, claims, decision, large,
                 settled.branches, settled.rounded)  # fmt: skip


def promised_in(promises: Iterable[Promise]) -> dict[str, Any]:
    """The fields that state promises, as they were stated; none without any, so digests stay."""
    found: dict[str, list[Any]] = {}
    for promise in promises:
        found.setdefault(PROMISED if promise.since else RESERVED, []).append(promise.stated())
    return found


def demand_model(facts: Snapshot, window: Window) -> str | None:
    """The version of the model that forecast the demand; None where demand is stated or ordered."""
    if not window.is_forecast:
        return None
    table = facts.table("DemandQuantile")
    return str(min(table["model"][table["starts_on"] == window.first]))


def _with_rates(question: Question, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with the exchange rates that their amounts were converted by."""
    for line in lines:
        behind = [*line["because"], fact("Item", line["item"])]
        line["because"] += question.conversion.rates_behind(behind)
    return lines


def claims_for(problem: Problem, settled: Settled, line_cost: int) -> Claims:
    """What the flow, its potentials and prices prove, beside the cost of doing nothing.

    Raises SolverError `CERTIFICATE_REFUSED` where it is no flow of the network.
    """
    given = problem.labels.given_cost if isinstance(problem.labels, CarryLabels) else 0
    verdict = certify(problem.network, settled.flow, settled.potentials, settled.prices,
                      problem.shared, idle_flow(problem), (given, line_cost),
                      settled.branches, rounded=settled.rounded)  # fmt: skip
    if verdict.refusals or verdict.proved is None:  # INVARIANT: no plan is without its proof
        raise SolverError(
            f"the plan's certificate does not check: {verdict.refusals[0]}",
            hint="please report this with the snapshot",
            code="CERTIFICATE_REFUSED",
        )
    return verdict.proved


def proof_of(settled: Settled) -> dict[str, IntArray]:
    """The columns of the certificate: flow and potentials, and a price per shared resource.

    Of capacities rounded for whole units only those that have a price are stated.
    """
    columns = {"flow": settled.flow, "potentials": settled.potentials}
    if settled.prices is not None:
        columns["prices"] = settled.prices
    columns |= columns_named("branch", settled.branches)
    return columns | columns_named("rounded", settled.rounded)


def prices_in(settled: Settled) -> list[dict[str, Any]]:
    """The shared resources that are full or have a price: what they stand for, and how much."""
    resources, prices = settled.problem.resources, settled.prices
    if resources is None or prices is None:
        return []
    prices = worth_of_one_more(prices, settled.rounded)
    first, most = settled.problem.window.first, resources.shared.capacity
    taken = used(resources.shared, settled.flow)
    simple = np.array([name.limit != WHOLE_LOADS for name in resources.names], np.bool_)
    rows = np.flatnonzero(simple & ((prices > 0) | ((taken == most) & (most > 0))))
    return [
        {
            **resources.names[row].stated(first),
            "capacity": int(most[row]),
            "used": int(taken[row]),
            "price_scaled": int(prices[row]),
        }
        for row in rows.tolist()
    ]


def loads_in(settled: Settled) -> dict[str, Any]:
    """`loads` of a certificate, where anything comes in loads: those that the flow begins.

    `capacity` is what one takes, `used` what all of them carry, `cost_scaled` what they cost.
    """
    problem = settled.problem
    if problem.resources is None or problem.resources.shared.whole is None:
        return {}
    shared, whole = problem.resources.shared, problem.resources.shared.whole
    taken = used(shared, settled.flow)
    counts = steps_of(shared, taken)
    return {"loads": [
        {**name.stated(problem.window.first), "loads": counts[row],
         "capacity": int(shared.capacity[row]), "used": int(taken[row]),
         "cost_scaled": counts[row] * int(whole.step_cost[row])}
        for row, name in enumerate(problem.resources.names)
        if name.limit == WHOLE_LOADS and counts[row]
    ]}  # fmt: skip


def given_in(problem: Problem) -> list[dict[str, Any]]:
    """What was fixed before the flow: the purchases of the echelon rule."""
    labels = problem.labels
    if not isinstance(labels, CarryLabels):
        return []
    rows = labels.given.rows
    names = ("item", "supplier", "destination")
    columns = (problem.movements[name][rows].tolist() for name in names)
    return [
        {"kind": "purchase", **dict(zip(names, key, strict=True)), "quantity_units": units,
         "cost_scaled": units * micros}
        for *key, units, micros in zip(
            *columns, labels.given.units.tolist(), labels.move_cost[rows].tolist(), strict=True
        )
    ]  # fmt: skip


def idle_flow(problem: Problem) -> IntArray | None:
    """The flow of doing nothing: stock stays where it is, or no order is served.

    None where a person asks for lines: then nothing cannot be done.
    """
    if len(problem.wanted):
        return None
    if isinstance(problem.labels, AssignmentLabels):
        unserved: IntArray = (problem.network.kind == ArcKind.SHORTFALL).astype(np.int64)
        return unserved
    return do_nothing(problem, problem.labels)


def certificate_of(claims: Claims) -> dict[str, Any]:
    """The numbers of a certificate as a document, in cost units."""
    found = asdict(claims)
    del found["network"]  # the network states its digest itself
    return found


def columns_of(problem: Problem) -> dict[str, IntArray]:
    """The columns of the network, and of what its arcs share."""
    columns = dict(problem.network.arrays())
    shared = problem.shared
    if shared is not None:
        columns |= {f"shared_{name}": getattr(shared, name) for name in SHARED_COLUMNS}
        columns |= columns_named("whole", shared.whole)
    return columns


def columns_named(prefix: str, record: Whole | Branches | Rounded | None) -> dict[str, IntArray]:
    """The columns of a record by prefixed names; none where there is no record."""
    if record is None:
        return {}
    return {f"{prefix}_{f.name}": getattr(record, f.name) for f in fields(record)}


def suppressed(
    problem: Problem, closed: Closed, review: Review, resources: list[dict[str, Any]]
) -> dict[str, Any]:
    """How many movements each rule looked at, closed, or hands to a person.

    `limited` counts the shared capacities of each rule or limit that are full or have a price.
    `attention` counts the lines that a rule sends to a person. `after_flow` names the rows of the
    Movement table that filters and rules on the finished plan closed: with them the plan can be
    derived again.
    """
    closures = problem.closures
    return {
        "by_rule": dict(problem.suppressed),
        "floors": {rule: int(rows.sum()) for rule, rows in sorted(closures.floors.items())},
        "limited": dict(sorted(Counter(row["limit"] for row in resources).items())),
        "focus_counts": dict(sorted({**closures.focus_counts, **review.focus_counts}.items())),
        "after_flow": {name: rows.tolist() for name, rows in sorted(closed.items()) if len(rows)},
        "warned": {rule: len(rows) for rule, rows in sorted(closures.warned.items())},
        "attention": dict(
            sorted(Counter(rule for rules in review.attention.values() for rule in rules).items())
        ),
        "recorded": {rule: len(rows) for rule, rows in sorted(closures.recorded.items())},
    }


def seal(decision: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """The sealed document: the plan's digest covers the decision, the seal covers the rest, too."""
    document = {
        "format": FORMAT,
        "decision": dict(decision),
        "plan_digest": digest_of(decision),
        "about": dict(about),
    }
    return document | {"seal": digest_of(document)}


def _inline_or_named(
    problem: Problem, columns: dict[str, IntArray]
) -> tuple[dict[str, Any], bytes]:
    if problem.network.arc_count <= INLINE_ARCS:
        return {"inline": {name: column.tolist() for name, column in columns.items()}}, b""
    data = canonical_columns(columns)
    return {"artifact": digest(data)}, data
