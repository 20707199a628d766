"""Rounds: what stands after filters and rules on the finished plan, and that it can be redone."""

from typing import Any

import numpy as np
import pytest

from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError, SolverError
from ontology.partners import Offer
from rules.release import default_release
from service.decision import PlanRequest, ask, assemble, pose
from service.planning import draft_plan
from service.rounds import Settled, closers
from service.verify import _refuse_false_closures
from solver.explain.filters import KNOB, NEVER_WORSE
from solver.model.carry_labels import CarryLabels
from tests.service.whole_and_ageing import whole_facts
from tests.solver.forecasts import random_forecast
from tests.solver.planning import shuffled

REQUEST = PlanRequest("random")
SEEDS = range(16)


def drafted(snapshot: Snapshot) -> Any:
    return draft_plan(snapshot, default_release(), REQUEST)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_is_worse_than_doing_nothing(seed: int) -> None:
    """With fixed costs of lines and all: the plan costs at most what nothing costs, bound below."""
    proof = drafted(random_forecast(seed)).decision["certificate"]
    assert proof["bound"] <= proof["cost"] <= proof["do_nothing"]


def test_a_load_that_eats_up_what_a_line_gains_is_not_begun() -> None:
    """A line gains more than its own cost, and less than that and its load: nothing is done."""
    snapshot = whole_facts(random_forecast(106), 106)
    decision = drafted(snapshot).decision
    assert [] == decision["lines"]
    assert NEVER_WORSE in decision["suppressed"]["after_flow"]
    assert decision["certificate"]["do_nothing"] == decision["certificate"]["cost"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decision_can_be_redone_from_what_it_states(seed: int) -> None:
    """Facts, flow, potentials and the closed rows give the same bytes, with no solver."""
    snapshot, release = random_forecast(seed), default_release()
    draft = drafted(snapshot)
    question = ask(snapshot, release, REQUEST)
    closed = {
        name: np.array(rows, np.int64)
        for name, rows in draft.decision["suppressed"]["after_flow"].items()
    }
    problem = pose(question, closed)
    again = assemble(question, Settled(problem, draft.flow, draft.potentials, draft.prices, closed))
    assert draft.decision == again.decision


@pytest.mark.parametrize("seed", SEEDS)
def test_no_decision_is_made_of_what_is_not_proved(seed: int) -> None:
    """Law 2: a flow that breaks balance or bounds makes no plan, whoever found it."""
    draft = drafted(random_forecast(seed))
    question = ask(random_forecast(seed), default_release(), REQUEST)
    flow = draft.flow.copy()
    flow[np.random.default_rng(seed).integers(len(flow))] += 1
    settled = Settled(draft.problem, flow, draft.potentials, draft.prices, {})
    with pytest.raises(SolverError) as refused:
        assemble(question, settled)
    assert "CERTIFICATE_REFUSED" == refused.value.code


@pytest.mark.parametrize("seed", SEEDS)
def test_rounds_do_not_depend_on_row_order(seed: int) -> None:
    """Shuffled facts take the same rounds to the same decision."""
    snapshot = random_forecast(seed)
    assert drafted(snapshot).decision == drafted(shuffled(snapshot, seed)).decision


def test_lines_close_because_they_would_lose_money() -> None:
    """Over some chains, filters and the comparison with nothing both close lines."""
    names = {
        name
        for seed in range(40)
        for name in drafted(random_forecast(seed)).decision["suppressed"]["after_flow"]
    }
    assert {f"{KNOB}line_days_between_shipments", NEVER_WORSE} <= names


def test_only_limits_and_plan_rules_close_after_a_flow() -> None:
    """A closure in another name, or of a purchase by a knob, is refused."""
    snapshot, release = random_forecast(1), default_release()
    problem = pose(ask(snapshot, release, REQUEST))
    bought = np.flatnonzero(problem.movements["kind"] == "purchase")[:1]
    trade = "https://w3id.org/evenkeel/rule/trade-restriction"
    assert trade not in closers(release)
    for name, rows in ((trade, bought), (f"{KNOB}line_days_between_shipments", bought)):
        with pytest.raises(InputError) as caught:
            _refuse_false_closures(problem, {name: rows}, release)
        assert caught.value.code == "BAD_PLAN"


def test_a_dearer_offer_brings_only_the_rest() -> None:
    """What the cheap offer brings is not bought again, however slow the dear one is."""
    for seed in SEEDS:
        snapshot = random_forecast(seed)
        cheap = snapshot.table("Offer")
        dear = table_of(
            [Offer("dear", item, "hub", 900_000_000, lead_time_days=7)
             for item in cheap["item"].tolist()], "Offer",
        )  # fmt: skip
        both = {name: np.concatenate([cheap[name], dear[name]]) for name in cheap.columns}
        tables = {**snapshot.tables, "Offer": Table("Offer", both).sorted()}
        problem = pose(ask(Snapshot(1, tables), default_release(), REQUEST))
        assert isinstance(problem.labels, CarryLabels)
        sellers = set(problem.movements["supplier"][problem.labels.given.rows])
        assert "dear" not in sellers
