"""Objectives: plans by weights, by turns and for the worst, against trying every plan."""

import copy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot
from ontology.errors import InputError, SolverError
from ontology.objectives import CARBON, LANDED, OBJECTIVES, PLAIN, SERVICE, TURNOVER, Weights
from rules.release import default_release
from service.decision import Draft, PlanRequest, ask, seal
from service.planning import draft_plan, staged
from service.verify import REFUSED, verify
from solver.explain.objectives import parts_of, worst_short
from solver.model.carry_labels import CarryLabels
from solver.model.stages import Stage, alone, held
from solver.network.ranges import exact_dot
from solver.optimum import proved_flow
from tests.scenarios.scenario import HERE, scenario_at
from tests.service.test_verify_keys import resealed
from tests.solver.forecasts import random_forecast
from tests.solver.objective_worlds import LANES, PLACES, World, random_world, short_in_worst
from tests.solver.planning import random_orders

SEEDS = range(12)
RELEASE = default_release()
PRICE = 20_000
WEIGHTS = (
    PLAIN, Weights(2_000, 1_000, 500), Weights(100, 1_000, 1_000), Weights(1_000, 10, 3_000),
    Weights(1_000, 1_000, 1_000, 1_000, PRICE * 400), Weights(3_000, 500, 0, 2_000, PRICE * 90),
)  # fmt: skip


def drafted(snapshot: Snapshot, weights: Weights = PLAIN, *first: str) -> Draft:
    return draft_plan(snapshot, RELEASE, PlanRequest("world", weights=weights, first=first))


def labels_of(draft: Draft) -> CarryLabels:
    assert isinstance(draft.problem.labels, CarryLabels)
    return draft.problem.labels


def chosen(draft: Draft) -> tuple[int, int, int]:
    """Units by truck, by train, and back."""
    units = dict.fromkeys(LANES, 0)
    for line in draft.decision["lines"]:
        units[line["lane"]] += line["quantity_units"]
    return units["truck"], units["train"], units["back"]


def weighed(parts: tuple[Fraction, ...], weights: Weights) -> Fraction:
    """Micros of a plan by its weights; a tonne is a million grams, a cent 10,000 micros."""
    money = sum(part * weights.of(name) for part, name in zip(parts, OBJECTIVES[:3], strict=False))
    carbon = parts[3] * weights.carbon_price_cents_per_tonne * weights.of(CARBON) / 100
    return (Fraction(money) + carbon) / 1_000


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_no_plan_is_cheaper_by_its_weights(weights: Weights) -> None:
    """Of all plans that there are, the planner's is the cheapest by the weights that it states."""
    for seed in SEEDS:
        world = random_world(seed)
        found = drafted(world.snapshot, weights)
        least = min(weighed(world.parts(plan), weights) for plan in world.plans())
        mine = weighed(world.parts(chosen(found)), weights)
        assert abs(mine - least) <= 50  # micros: each arc's cost is rounded once
        assert "optimal" == found.claims.label


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_are_what_every_outcome_adds_up_to(seed: int) -> None:
    """What a plan states by objective is what trying each outcome gives, whatever the weights."""
    world = random_world(seed)
    for weights in WEIGHTS:
        found = drafted(world.snapshot, weights)
        service, landed, turnover, carbon = world.parts(chosen(found))
        parts = parts_of(found.problem, labels_of(found), world.snapshot, found.flow)
        assert (service, landed, turnover) == (parts.service, parts.landed, parts.turnover)
        assert carbon * 1_000_000 == parts.carbon
        assert carbon == found.decision["objectives"]["parts"]["carbon_grams"]


@pytest.mark.parametrize("percent", [1, 10, 30, 50, 99])
def test_the_robust_plan_is_best_in_the_worst_outcomes(percent: int) -> None:
    """Of all plans none is cheaper where shortage is averaged over the highest outcomes alone."""
    for seed in SEEDS:
        world = random_world(seed)
        found = drafted(world.snapshot, Weights(worst_percent=percent))
        totals = {plan: sum(world.parts(plan, percent)[:3], Fraction(0)) for plan in world.plans()}
        assert abs(totals[chosen(found)] - min(totals.values())) <= 50
        levels = world.levels(chosen(found))
        short = sum(short_in_worst(world.paths(p, 1), levels[p, 1], percent) for p in PLACES)
        asked = sum(short_in_worst(world.paths(p, 1), 0, percent) for p in PLACES)
        measured = worst_short(found.problem, labels_of(found), found.flow, percent)
        assert (short, asked) == measured


@pytest.mark.parametrize("order", [
    (SERVICE, LANDED), (SERVICE, TURNOVER, LANDED), (LANDED, SERVICE), (CARBON, SERVICE, LANDED),
    (TURNOVER, LANDED, SERVICE),
])  # fmt: skip
def test_one_objective_after_another(order: tuple[str, ...]) -> None:
    """The parts in order are the least of all plans', as in a dictionary: no trade between them."""
    for seed in SEEDS:
        world = random_world(seed)
        base = Weights(carbon_price_cents_per_tonne=PRICE)
        found = drafted(world.snapshot, alone(base, order[-1]), *order[:-1])
        ranked = {plan: in_order(world, plan, order) for plan in world.plans()}
        assert min(ranked.values()) == ranked[chosen(found)]
        stages = found.decision["stages"]
        assert list(order[:-1]) == [stage["objective"] for stage in stages]
        assert {"optimal"} == {stage["label"] for stage in stages}


def in_order(world: World, plan: tuple[int, int, int], order: tuple[str, ...]) -> tuple[Any, ...]:
    parts = dict(zip(OBJECTIVES, world.parts(plan), strict=True))
    return tuple(parts[name] for name in order)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_held_objective_costs_what_it_cost_alone(seed: int) -> None:
    """On a forecast, too: the last flow is as cheap for the first objective as any flow can be."""
    snapshot = random_forecast(seed)
    request = PlanRequest("world", weights=alone(PLAIN, LANDED), first=(SERVICE,))
    found = draft_plan(snapshot, RELEASE, request)
    only = drafted(snapshot, alone(PLAIN, SERVICE))
    best = found.decision["stages"][0]["cost"]
    assert only.problem.network.arc_count == found.problem.network.arc_count
    assert best == exact_dot(only.problem.network.cost, found.flow)
    assert only.claims.bound - only.claims.given_cost == best


def test_potentials_that_prove_nothing_hold_nothing() -> None:
    """A stage is refused unless its potentials prove its flow."""
    world = random_world(1)
    question = ask(world.snapshot, RELEASE, PlanRequest("world", first=(SERVICE,)))
    stage = staged(question, proved_flow).stages[0]
    plain = drafted(world.snapshot, Weights(999)).problem
    network = drafted(world.snapshot, alone(PLAIN, SERVICE)).problem.network
    assert len(held(plain, [stage], lambda _: network).proved) == 1
    for wrong in (
        replace(stage, potentials=stage.potentials * 0),
        replace(stage, potentials=stage.potentials[1:]),
        replace(stage, flow=stage.flow * 0),
        Stage(SERVICE, np.roll(stage.flow, 1), stage.potentials),
    ):
        with pytest.raises(SolverError) as caught:
            held(plain, [wrong], lambda _: network)
        assert "STAGE_NOT_PROVED" == caught.value.code


ASKED: dict[str, tuple[Weights, tuple[str, ...]]] = {
    "weights": (Weights(500, 2_000, 1_000), ()),
    "robust": (Weights(worst_percent=10), ()),
    "turns": (alone(PLAIN, LANDED), (SERVICE, TURNOVER)),
    "carbon": (Weights(carbon_per_mille=1_000, carbon_price_cents_per_tonne=PRICE), ()),
}


def sealed(snapshot: Snapshot, name: str, folder: Path) -> dict[str, Any]:
    weights, first = ASKED[name]
    store = ArtifactStore(folder)
    named = {"snapshot": write_snapshot(store, "world", snapshot),
             "release": store.put_document(RELEASE.to_document())}  # fmt: skip
    about = {"sequence": 1, "made_at": "2026-01-05T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return seal(drafted(snapshot, weights, *first).decision, about)


@pytest.mark.parametrize("name", ASKED)
def test_verify_derives_a_weighed_plan_and_refuses_a_changed_one(name: str, tmp_path: Path) -> None:
    """The whole plan follows from facts and weights without a solver; no number of it can move."""
    worlds = [random_world(4).snapshot] + [random_forecast(3)] * (name != "carbon")
    for number, snapshot in enumerate(worlds):
        folder = tmp_path / str(number)
        folder.mkdir()
        document = sealed(snapshot, name, folder)
        assert not [c.refusals for c in verify(document, artifacts=folder).checks if c.refusals]
        for change in changes(document["decision"]):
            forged = copy.deepcopy(document)
            change(forged["decision"])
            verdict = verify(resealed(forged), artifacts=folder)
            assert REFUSED in {check.status for check in verdict.checks}


def changes(decision: dict[str, Any]) -> list[Any]:
    """Ways to forge what a decision says of its objectives."""

    def moved(*path: Any, step: int = 1) -> Any:
        def change(forged: dict[str, Any]) -> None:
            part: Any = forged
            for name in path[:-1]:
                part = part[name]
            part[path[-1]] = (part[path[-1]] or 0) + step

        return change

    stated = decision["objectives"]
    price = "carbon_price_cents_per_tonne"
    numbers = {key for key, value in stated.items() if type(value) is int} - {price}
    found = [moved("objectives", key) for key in sorted(numbers)]
    if stated["carbon_per_mille"]:  # else a price decides nothing; a unit's carbon is 40 grams
        found.append(moved("objectives", price, step=PRICE))
    found += [moved("objectives", "parts", key) for key in stated["parts"]]
    found += [moved("objectives", "worst", key) for key in stated.get("worst", ())]
    found.append(lambda forged: forged.pop("objectives"))
    if "stages" in decision:
        found += [moved("stages", 0, "cost"), moved("stages", 0, "bound"),
                  moved("stages", 0, "flow", 0), moved("stages", 1, "potentials", 0),
                  lambda forged: forged.pop("stages"),
                  lambda forged: forged["stages"].reverse()]  # fmt: skip
    return found


def test_the_plain_plan_says_nothing_of_weights() -> None:
    """Where nothing is weighed and no carbon is known, a plan is what it was before weights."""
    plain = drafted(random_forecast(1)).decision
    assert not {"objectives", "stages"} & plain.keys()
    assert "objectives" in drafted(random_world(1).snapshot).decision


@pytest.mark.parametrize(("code", "weights", "first"), [
    ("BAD_WEIGHT", Weights(-1), ()), ("BAD_WEIGHT", Weights(worst_percent=0), ()),
    ("BAD_WEIGHT", Weights(landed_per_mille=1_000_001), ()),
    ("NO_CARBON_PRICE", Weights(carbon_per_mille=1), ()), ("NO_CARBON_PRICE", PLAIN, (CARBON,)),
    ("OBJECTIVE_UNKNOWN", PLAIN, ("speed",)), ("OBJECTIVE_TWICE", PLAIN, (SERVICE, SERVICE)),
    ("NO_CARBON", Weights(carbon_per_mille=1, carbon_price_cents_per_tonne=1), ()),
])  # fmt: skip
def test_what_cannot_be_weighed_is_named(
    code: str, weights: Weights, first: tuple[str, ...]
) -> None:
    """Bad weights, an unknown objective and carbon that the facts do not know: one clear line."""
    with pytest.raises(InputError) as caught:
        drafted(random_forecast(1), weights, *first)
    assert code == caught.value.code


def test_a_shared_capacity_that_binds_leaves_a_stage_unproved() -> None:
    """Where prices leave a gap nothing is held at its best: one clear line says so."""
    snapshot = scenario_at(HERE / "possession-limit").snapshot
    with pytest.raises(SolverError) as caught:
        drafted(snapshot, alone(PLAIN, LANDED), SERVICE)
    assert "STAGE_NOT_PROVED" == caught.value.code


def test_orders_are_not_weighed() -> None:
    """As many orders as can be are served first, whatever the weights: they are refused."""
    with pytest.raises(InputError) as caught:
        drafted(random_orders(3), Weights(500))
    assert "WEIGHTS_REGIME" == caught.value.code
