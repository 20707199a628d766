"""What a plan says of itself against planning again: flips, lines, rules, wishes, differences."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, Table
from ontology.edits import FORBID, PIN, Edit
from rules.release import Release
from service.decision import ask, pose
from service.difference import Difference, difference
from service.edits import prices_of_edits
from service.price import price_of_rule, rules_that_act
from service.recalled import EXACT, recall
from service.why_line import WhyLine, why_line
from solver.engine.flow import solve
from solver.engine.parts import components
from solver.explain.alternatives import arc_of, row_of
from solver.explain.flips import Steps
from solver.network.columns import IntArray, Network
from solver.network.ranges import exact_dot
from tests.service.regimes import (
    REGIMES,
    RELEASE,
    Asked,
    Sealed,
    coupled,
    drafted,
    forecast,
    plain,
    sealed,
    shared_chain,
)

SEEDS, MANY = range(4), 150
STEPS = 3
DEACTIVATED = "\n<{}> <http://www.w3.org/ns/shacl#deactivated> true .\n"


def units_at(network: Network, arc: int, cost: int) -> int:
    """The units on an arc of a cheapest flow, solved anew at another cost of that arc."""
    costs = network.cost.copy()
    costs[arc] = cost
    return int(solve(replace(network, cost=costs)).flow[arc])


def is_cheapest(network: Network, flow: IntArray, arc: int, cost: int) -> bool:
    """Whether a flow is a cheapest one at another cost of one arc."""
    costs = network.cost.copy()
    costs[arc] = cost
    return exact_dot(costs, flow) == solve(replace(network, cost=costs)).objective


def flips_of(plan: Sealed, folder: Path, draw: np.random.Generator, arcs: int) -> int:
    """First and further flips of random arcs of a plan, as it is opened again; how many."""
    found = recall(ArtifactStore(folder), plan.document)
    network, margins, seen = found.problem.network, found.margins, 0
    for arc in draw.integers(0, network.arc_count, arcs).tolist():
        flip = margins.flip(arc)
        if flip.more_below is not None:
            assert units_at(network, arc, flip.more_below - 1) > flip.units
            assert is_cheapest(network, found.flow, arc, flip.more_below)
        if flip.less_above is not None:
            assert units_at(network, arc, flip.less_above + 1) < flip.units
            assert is_cheapest(network, found.flow, arc, flip.less_above)
        for curve, sign in ((margins.rising(arc, STEPS), 1), (margins.falling(arc, STEPS), -1)):
            seen += follow(network, arc, flip.units, curve, sign)
    return seen


def follow(network: Network, arc: int, units: int, curve: Steps, sign: int) -> int:
    """Just above each step of a curve, and just below the next, an arc has the stated units."""
    for number, step in enumerate(curve.steps):
        units -= sign * step.units
        if not (curve.ended or number + 1 < len(curve.steps)):
            break
        ahead = [later.cost for later in curve.steps[number + 1 : number + 2]]
        if not ahead or ahead[0] > step.cost + 1:
            assert units == units_at(network, arc, sign * (step.cost + 1))
        if ahead and ahead[0] > step.cost + 1:
            assert units == units_at(network, arc, sign * (ahead[0] - 1))
    return len(curve.steps)


@pytest.mark.parametrize("regime", REGIMES)
def test_flips_of_a_plan_are_those_of_solving_again(regime: str, tmp_path: Path) -> None:
    """Every regime: first and further flips of random arcs, just below and just above each."""
    draw = np.random.default_rng(7)
    plans = [sealed(REGIMES[regime](seed), tmp_path) for seed in SEEDS]
    assert sum(flips_of(plan, tmp_path, draw, 8) for plan in plans) > 0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("regime", REGIMES)
def test_flips_of_many_plans(regime: str, tmp_path: Path) -> None:
    """The same on many plans of each regime."""
    draw = np.random.default_rng(8)
    seen = sum(flips_of(sealed(REGIMES[regime](seed), tmp_path), tmp_path, draw, 6)
               for seed in range(MANY))  # fmt: skip
    print(f"{regime}: {seen:,} flips of {MANY} plans")


def roomy(seed: int) -> Asked:
    """Shared capacities that no plan fills, though a line sent elsewhere might."""
    return Asked(shared_chain(seed, tight=9))


def transfers_of(plan: Sealed, folder: Path) -> Iterator[tuple[dict[str, Any], WhyLine]]:
    """The transfers that are alone on their way, and why they are there."""
    lines = [line for line in plan.document["decision"]["lines"] if line["kind"] == "transfer"]
    lots = Counter((line["item"], line["lane"]) for line in lines)
    for line in lines:
        if lots[line["item"], line["lane"]] == 1:
            yield line, why_line(ArtifactStore(folder), plan.document, line["number"])


def said_of_lines(asked: Asked, folder: Path) -> int:
    """What exact plans say of lines, against whole plans with wishes; how many lines there were."""
    plan, seen = sealed(asked, folder), 0
    for line, told in transfers_of(plan, folder):
        worth = told.worth
        if told.basis != EXACT or worth is None:
            continue
        without = wished(asked, Edit(line["item"], line["lane"], kind=FORBID))
        assert worth.saves_scaled == without - plan.draft.claims.cost
        if worth.runner_up is not None:
            less = Edit(line["item"], line["lane"], kind=PIN, units=line["quantity_units"] - 1)
            assert worth.runner_up.dearer_scaled == wished(asked, less) - plan.draft.claims.cost
        seen += 1
    return seen


def wished(asked: Asked, edit: Edit) -> int:
    """What the whole plan with one wish costs."""
    request = replace(asked.request, edits=(edit,))
    draft = drafted(replace(asked, request=request))
    (price,), together = prices_of_edits(draft, asked.snapshot, asked.release, request)
    assert price.difference_scaled == together == draft.claims.cost - drafted(asked).claims.cost
    return draft.claims.cost


def test_an_exact_line_saves_what_planning_without_it_costs(tmp_path: Path) -> None:
    """Where `exact` is said: a line forbidden, or one unit less, costs just that in a new plan."""
    seen = [said_of_lines(make(seed), tmp_path) for make in (plain, roomy) for seed in range(4)]
    assert sum(seen) > 4


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_exact_lines_save_what_planning_without_them_costs(tmp_path: Path) -> None:
    """The same on many chains, among them those whose shared capacity would not take the line."""
    for make in (plain, roomy, coupled):
        seen = sum(said_of_lines(make(seed), tmp_path) for seed in range(MANY))
        print(f"{make.__name__}: {seen} exact lines of {MANY} plans")


def test_no_answer_is_exact_where_a_line_sent_elsewhere_would_not_fit(tmp_path: Path) -> None:
    """Four units of this plan's line have room for three elsewhere: `at these prices` is said."""
    plan = sealed(roomy(59), tmp_path)
    assert plan.draft.prices is not None
    assert not plan.draft.prices.any()
    assert EXACT != recall(ArtifactStore(tmp_path), plan.document).basis


def test_a_lane_price_holds_the_item_just_so_far(tmp_path: Path) -> None:
    """On facts with another price the item's own flow is the cheapest up to the end, not beyond."""
    seen = 0
    for seed in range(8):
        asked = plain(seed)
        plan = sealed(asked, tmp_path)
        for line, told in transfers_of(plan, tmp_path):
            flips = [b.flip for b in told.behind if b.fact == f"Lane/{line['lane']}"]
            if told.basis != EXACT or not flips or flips[0] is None:
                continue
            for end, step in ((flips[0].holds_from, -1), (flips[0].holds_to, 1)):
                for cost, holds in ((end, True), (end and end + step, False)):
                    if cost is not None and cost >= 0:
                        own, least = item_cost(plan, line, cost)
                        assert holds == (own == least)
                        seen += 1
    assert seen > 10


def item_cost(plan: Sealed, line: dict[str, Any], price: int) -> tuple[int, int]:
    """What the line's item costs at another price of the lane: as planned, and planned anew."""
    asked, table = plan.asked, plan.asked.snapshot.table("Lane")
    column = table["cost_per_unit_micros"].copy()
    column[table["id"] == line["lane"]] = price
    lanes = Table("Lane", {**table.columns, "cost_per_unit_micros": column})
    snapshot = Snapshot(1, {**asked.snapshot.tables, "Lane": lanes})
    network = pose(ask(snapshot, asked.release, asked.request)).network
    part = components(network.node_count, network.tail, network.head)[network.tail]
    row = row_of(plan.draft.problem, line)
    assert row is not None
    mine = part == part[arc_of(plan.draft.problem, row)]
    other: IntArray = drafted(replace(asked, snapshot=snapshot)).flow
    own, least = (exact_dot(network.cost[mine], flow[mine]) for flow in (plan.draft.flow, other))
    return own, least


def test_the_price_of_a_rule_is_that_of_a_release_without_it() -> None:
    """A rule's price is the difference to the plan of a release whose text switches it off."""
    seen = 0
    for make, seed in ((forecast, 0), (forecast, 1), (plain, 2), (coupled, 3)):
        asked = make(seed)
        draft = drafted(asked)
        for name in rules_that_act(draft, RELEASE)[:3]:
            rule = RELEASE.rule(name)
            shapes = {**RELEASE.shapes}
            shapes[rule.file] += DEACTIVATED.format(name)
            other = Release(RELEASE.name, "without", shapes, RELEASE.knobs)
            price = price_of_rule(draft, asked.snapshot, RELEASE, name, asked.request)
            assert drafted(replace(asked, release=other)).claims.cost == price.cost_scaled_without
            assert draft.claims.cost - price.cost_scaled_without == price.difference_scaled
            seen += 1
    assert seen > 4


@pytest.mark.parametrize("regime", ["plain", "forecast", "coupled", "weighed", "robust", "orders"])
def test_what_changed_sums_to_the_difference_in_every_regime(regime: str, tmp_path: Path) -> None:
    """Facts and request of another plan: groups' costs and lines' units sum to the difference."""
    for seed in range(3):
        first, second = (sealed(REGIMES[regime](number), tmp_path) for number in (seed, seed + 6))
        sums(first.document, second.document, tmp_path)


def test_the_wish_to_change_little_is_a_difference(tmp_path: Path) -> None:
    """Two plans of the same facts, one of them steady: what the wish costs is the request's."""
    seen = 0
    for seed in range(6):
        steady = REGIMES["steady"](seed)
        free = replace(steady, request=replace(steady.request, steady=None, previous=None))
        first, second = sealed(free, tmp_path), sealed(steady, tmp_path)
        found = sums(first.document, second.document, tmp_path)
        assert ["request"] == [group.name for group in found.groups]
        seen += first.draft.claims.cost != second.draft.claims.cost
    assert seen > 0


def sums(before: dict[str, Any], after: dict[str, Any], folder: Path) -> Difference:
    """The difference of two plans, its sums checked."""
    found = difference(ArtifactStore(folder), before, after)
    decisions = [each["decision"] for each in (before, after)]
    costs = [each["certificate"]["cost"] for each in decisions]
    assert costs[1] - costs[0] == sum(group.cost_scaled for group in found.groups)
    cents = [each["comparison"]["plan"]["cost_cents"] for each in decisions]
    assert cents[1] - cents[0] == sum(group.cost_cents for group in found.groups)
    for line in found.lines:
        assert line.units_after - line.units_before == sum(line.by.values()) != 0
    units = [sum(row["quantity_units"] for row in each["lines"]) for each in decisions]
    changes = [line.units_after - line.units_before for line in found.lines]
    assert units[1] - units[0] == sum(changes)
    return found
