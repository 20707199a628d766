"""Laws of prices: the difference of two certified plans, both at hand, and pairs made of it."""

from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.provenance import trace_down
from graph.rule_cost_nodes import interactions_of, rule_costs_of
from ontology.canonical import digest_of
from ontology.errors import InputError
from ontology.events import RULES_PRICED
from service.audit.replay import NOT_MADE
from service.backtest.counterfactual import read_counterfactual
from service.backtest.priced import price_rules
from service.backtest.rule_costs import acting_rules, interaction, rule_costs
from service.backtest.run import Window
from service.house import House
from service.price import price_of_rule
from service.verify import verify
from solver.proof.plain_check import refusals
from tests.service.audit.recorded import rebuilt
from tests.service.backtest.releases import RELEASE, RULE, with_shapes, without
from tests.service.backtest.test_again import PREFIXES, SMALL_LINES
from tests.service.planned import TWO_HUBS, Planned, planned
from tests.service.regimes import REGIMES, drafted, sealed

ON_PAPER = {"approved-supplier": 100, "cold-chain": 404, "fresh-lot": 0, "hub-share": 0,
            "open-lane": 136, "safety-floor": 23}  # fmt: skip
"""Cents that each rule of the two hubs costs."""
CENT = 10_000


@pytest.fixture(scope="module")
def costs(plan: Planned) -> dict[str, Any]:
    """What the rules of the two hubs cost, with pairs."""
    return rule_costs(ArtifactStore(plan.artifacts), plan.document, pairs=True)


def by_rules(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(r.removeprefix(RULE) for r in row["rules"]): row for row in rows}


def test_the_two_hubs_on_paper(costs: dict[str, Any]) -> None:
    """What each acting rule costs, exactly; the same as the command `price` says."""
    found = by_rules(costs["costs"])
    assert {(name,): cents * CENT for name, cents in ON_PAPER.items()} == {
        rules: row["difference_scaled"] for rules, row in found.items()
    }
    assert all(row["at_least_scaled"] == row["at_most_scaled"] == row["difference_scaled"]
               == CENT * row["difference_cents"] for row in found.values())  # fmt: skip


def test_the_same_as_planning_without_it(plan: Planned, costs: dict[str, Any]) -> None:
    """The other path: `price_of_rule` on the same facts."""
    for row in costs["costs"]:
        other = price_of_rule(plan.draft, plan.snapshot, plan.release, *row["rules"], plan.request)
        assert other.difference_scaled == row["difference_scaled"]
        assert (other.at_least_scaled, other.at_most_scaled) == (
            row["at_least_scaled"], row["at_most_scaled"]
        )  # fmt: skip


def test_pairs_are_those_that_meet(costs: dict[str, Any]) -> None:
    """Both cost something, or both deny the same; the interaction is both less each alone."""
    alone, found = by_rules(costs["costs"]), by_rules(costs["pairs"])
    binds = [rule for (rule,), row in alone.items() if row["difference_scaled"]]
    meet = {("cold-chain", "fresh-lot"), ("hub-share", "safety-floor")}
    assert set(combinations(sorted(binds), 2)) | meet == set(found)
    for (one, other), row in found.items():
        apart = alone[one,]["difference_scaled"] + alone[other,]["difference_scaled"]
        assert row["difference_scaled"] - apart == row["interaction"]["difference_scaled"]
    # without its supplier the open lane serves no more: each alone already saves what both do
    both = found["approved-supplier", "open-lane"]["interaction"]["difference_scaled"]
    assert -100 * CENT == both


@pytest.mark.parametrize("regime", ["coupled", "whole", "forecast", "orders"])
def test_ends_hold_what_lies_between(regime: str, tmp_path: Path) -> None:
    """In every regime the difference lies between its ends, of one rule and of two."""
    plan = sealed(REGIMES[regime](2), tmp_path)
    found = rule_costs(ArtifactStore(tmp_path), plan.document, pairs=True)
    store, proof = ArtifactStore(tmp_path), plan.document["decision"]["certificate"]
    rules = acting_rules(plan.document["decision"], plan.asked.release)
    assert rules == [row["rules"][0] for row in found["costs"]]
    for row in (*found["costs"], *found["pairs"]):
        assert row["at_least_scaled"] <= row["difference_scaled"] <= row["at_most_scaled"]
        other = read_counterfactual(store, row["artifact"])["decision"]["certificate"]
        assert (proof["bound"] - other["cost"], proof["cost"] - other["bound"]) == (
            row["at_least_scaled"], row["at_most_scaled"])  # fmt: skip


ENDS = st.tuples(st.integers(-9, 9), st.integers(0, 9), st.integers(0, 9)).map(
    lambda found: {"at_least_scaled": found[0] - found[1], "difference_scaled": found[0],
                   "at_most_scaled": found[0] + found[2]}
)  # fmt: skip


@given(ENDS, ENDS, ENDS)
def test_an_interaction_lies_between_all_that_may_be(
    both: dict[str, int], one: dict[str, int], other: dict[str, int]
) -> None:
    """Its ends are the least and the most of together less each alone, over all that may be so."""
    words = ("at_least_scaled", "difference_scaled", "at_most_scaled")
    every = [both[a] - one[b] - other[c] for a, b, c in product(words, repeat=3)]
    found = interaction(both, one, other)
    assert (min(every), max(every)) == (found["at_least_scaled"], found["at_most_scaled"])


def test_a_rule_on_the_finished_plan_has_a_price(tmp_path: Path) -> None:
    """Without it nothing is closed after the flow: the plan of the release that lacks it."""
    small = with_shapes("small-lines.ttl", PREFIXES + SMALL_LINES)
    plan = sealed(replace(REGIMES["plain"](3), release=small), tmp_path)
    costs = by_rules(rule_costs(ArtifactStore(tmp_path), plan.document)["costs"])
    other = drafted(replace(plan.asked, release=RELEASE)).claims
    found = costs[("small-lines",)]["difference_scaled"]
    assert plan.draft.claims.cost - other.cost == found > 0


def test_both_plans_are_certified_and_kept(plan: Planned, costs: dict[str, Any]) -> None:
    """The second plan is a document of its own: its certificate checks, and it is no plan."""
    store = ArtifactStore(plan.artifacts)
    for row in costs["costs"]:
        document = read_counterfactual(store, row["artifact"])
        decision = document["decision"]
        assert (plan.document["plan_digest"], row["rules"]) == (
            document["plan"], document["without"]
        )  # fmt: skip
        assert row["counterfactual"] == document["counterfactual_digest"] != plan.document["seal"]
        proof = decision["certificate"]
        assert [] == refusals(decision["network"]["inline"], proof["inline"], proof)
        assert not verify(document, artifacts=store).accepted


def test_a_changed_counterfactual_is_found_out(plan: Planned, costs: dict[str, Any]) -> None:
    """Another cost, plan or rule under the old digest; and a plan is no counterfactual."""
    store = ArtifactStore(plan.artifacts)
    document = read_counterfactual(store, costs["costs"][0]["artifact"])
    changed = [{**document, "plan": "0" * 64}, {**document, "without": []}, plan.document,
               {**document, "decision": {**document["decision"], "starts_on": "2020-01-01"}},
               {**document, "more": 1}]  # fmt: skip
    for each in changed:
        with pytest.raises(InputError) as refused:
            read_counterfactual(store, store.put_document(each))
        assert "BAD_COUNTERFACTUAL" == refused.value.code


def test_what_acts(plan: Planned, tmp_path: Path) -> None:
    """A rule that is gone, or that did nothing, has no price; nor has what cannot be read."""
    other = planned(TWO_HUBS, tmp_path, without("cold-chain.ttl", "single-source-cover.ttl"))
    found = acting_rules(other.document["decision"], other.release)
    assert sorted(set(ON_PAPER) - {"cold-chain"}) == [rule.removeprefix(RULE) for rule in found]
    lost = rule_costs(ArtifactStore(tmp_path / "nowhere"), plan.document)
    assert (NOT_MADE, []) == (lost["own"]["status"], lost["costs"])
    for document in (None, {}, 7, {"decision": {}}):
        assert NOT_MADE == rule_costs(ArtifactStore(tmp_path), document)["own"]["status"]


def test_prices_are_edges(house: House) -> None:
    """Each price is an edge from rule to plan with both digests; asked again nothing is logged."""
    chains = ("plain-2", "forecast-2", "steady-1")
    found = price_rules(house, None, "tester", chains=chains, pairs=True, workers=1)
    last = house.projection.log.head().sequence
    assert [1, 1, 1] == [len([p for p in found.result["plans"] if p["chain"] == c]) for c in chains]
    for plan in found.result["plans"]:
        edges = rule_costs_of(house.driver, plan["plan"])
        assert [(row["rules"][0], row["difference_scaled"], row["counterfactual"])
                for row in plan["costs"]] == [
            (edge.rule, edge.difference_scaled, edge.counterfactual) for edge in edges]  # fmt: skip
        pairs = interactions_of(house.driver, plan["plan"])
        assert [(tuple(row["rules"]), row["interaction"]["at_least_scaled"], row["artifact"])
                for row in plan["pairs"]] == [
            (edge.rules, edge.at_least_scaled, edge.artifact) for edge in pairs]  # fmt: skip
        for edge in (*edges, *pairs):
            assert read_counterfactual(house.store, edge.artifact)["plan"] == plan["plan"]
    again = price_rules(house, None, "other", chains=chains, pairs=True, workers=1)
    assert (found.digest, last) == (again.digest, house.projection.log.head().sequence)
    (event,) = (e for e in house.projection.log.events(0) if e.kind == RULES_PRICED
                and e.payload["chain"] == "plain-2")  # fmt: skip
    assert event.artifact == digest_of(house.store.get_document(event.artifact))


def test_a_trace_shows_what_the_rules_cost(house: House) -> None:
    """A plan was influenced by its rules, each with its price and the digest of the other plan."""
    price_rules(house, None, "tester", chains=("plain-2",), workers=1)
    plan = house.catalog.plans("plain-2").rows[0].plan.digest
    trace = trace_down(house.driver, plan)
    told = {trace.nodes[edge.target].details["rule"]: trace.nodes[edge.target].details
            for edge in trace.edges if edge.relation == "WAS_INFLUENCED_BY"}  # fmt: skip
    edges = rule_costs_of(house.driver, plan)
    assert edges
    assert {edge.rule: edge.difference_scaled for edge in edges} == {
        rule: cost["difference_scaled"] for rule, cost in told.items()
    }


def test_sums_over_a_window(house: House) -> None:
    """A window adds up all its plans, each once; the newest alone without one."""
    both = price_rules(house, Window(("steady-1",)), "tester", workers=1).result
    newest = price_rules(house, None, "tester", chains=("steady-1",), workers=1).result
    assert [2, 1] == [len(both["plans"]), len(newest["plans"])]
    assert newest["plans"] == both["plans"][1:]
    for one in both["rules"]:
        rows = [row for plan in both["plans"] for row in plan["costs"]
                if row["rules"] == one["rules"]]  # fmt: skip
        assert len(rows) == one["plans"]
        assert sum(row["at_most_scaled"] for row in rows) == one["at_most_scaled"]


def test_a_rebuild_has_them(house: House, database: Driver) -> None:
    """Law 4: edges of prices and of pairs are made again from the log alone."""
    plan = price_rules(house, None, "tester", chains=("plain-3",), pairs=True, workers=1)
    digest = plan.result["plans"][0]["plan"]
    before = rule_costs_of(house.driver, digest), interactions_of(house.driver, digest)
    assert before[0]
    rebuilt(database, house.settings)
    assert before == (rule_costs_of(house.driver, digest), interactions_of(house.driver, digest))
