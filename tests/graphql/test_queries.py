"""What the command line can ask can be asked here: each answer is the service's own."""

from datetime import date, datetime

import pytest
from neo4j import Driver

from graph.settings import Settings
from graph.transparency import log_verifier
from ontology.columns import record_at
from service.backtest.ledgered import record, review
from service.backtest.priced import price_rules
from service.backtest.run import Window, backtest
from service.doors.registered import registered
from service.edits import prices_of_edits
from service.governing import releasing
from service.house import AsOf, house_on
from service.kpis.stock_path import first_day, stock_path
from service.planning import draft_plan
from service.recalled import inputs_of
from service.stewardship.freshness import freshness
from service.stewardship.proposals import proposals
from service.stewardship.reconcile import compare_sources
from service.transparency import checkpoint, keys_of
from tests.graph.conftest import empty_the_graph
from tests.graphql.conftest import Ask
from tests.graphql.world import CHAIN, World, build
from tests.service.backtest.releases import RULE, without


@pytest.fixture(scope="module")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The chain with all that is to be settled, signed."""
    empty_the_graph(database)
    folder = tmp_path_factory.mktemp("world")
    found = build(house_on(database, Settings(home=folder / "home")), folder)
    checkpoint(found.house, "ann")
    return found


def test_the_release_is_told_whole(world: World, ask: Ask) -> None:
    """Rules, knobs, and the texts of the shapes, as they are in force."""
    release = world.house.shipped
    found = ask("""{ release { digest name version rules { rule title file }
        knobs { name value } shapes { name text } } }""")["release"]
    assert (release.digest, release.name, release.version) == (
        found["digest"], found["name"], found["version"])  # fmt: skip
    assert [(rule.iri, rule.title, rule.file) for rule in release.rules] == [
        (rule["rule"], rule["title"], rule["file"]) for rule in found["rules"]
    ]
    assert dict(release.shapes) == {each["name"]: each["text"] for each in found["shapes"]}
    assert {name: str(value) for name, value in release.knobs.items()} == {
        each["name"]: each["value"] for each in found["knobs"]
    }
    one = ask('{ release { shapes(files: ["cold-chain.ttl"]) { name } } }')["release"]
    assert ["cold-chain.ttl"] == [each["name"] for each in one["shapes"]]


def test_what_came_in(world: World, ask: Ask) -> None:
    """Deliveries, sources with their mappings, and ages, as the service has them."""
    log, home = world.house.projection.log, world.house.settings.data_folder
    feeds = ask("""{ feeds(chain: "two_hubs", first: 100) { edges { node { event source name facts
        setAside files agent } } } }""")["feeds"]["edges"]
    assert [(event.sequence, event.payload["source"], event.payload["quarantined"])
            for event in log.feeds(CHAIN)] == [
        (one["node"]["event"], one["node"]["source"], one["node"]["setAside"]) for one in feeds
    ]  # fmt: skip
    erp = ask('{ feeds(chain: "two_hubs", source: "erp") { edges { node { source } } } }')
    assert [{"node": {"source": "erp"}}] == erp["feeds"]["edges"]
    sources = ask("{ sources { source chain mappingDigest files } }")["sources"]
    assert [(one.source, one.chain, one.digest) for one in registered(home)] == [
        (one["source"], one["chain"], one["mappingDigest"]) for one in sources
    ]
    at = "2026-03-20T00:00:00Z"
    found = ask('query($at: DateTime) { freshness(chain: "two_hubs", at: $at) { source className '
                "facts oldestHours stale } }", at=at)["freshness"]  # fmt: skip
    expected = freshness(world.house, CHAIN, datetime.fromisoformat(at))[1]
    assert [(one.source, one.class_name, one.facts, one.oldest_hours, one.stale)
            for one in expected] == [tuple(row.values()) for row in found]  # fmt: skip


def test_identity_and_reconciliation(world: World, ask: Ask) -> None:
    """Candidates with their evidence, and where two sources differ."""
    found = proposals(world.house, CHAIN, "wms", "Item")
    told = ask("""{ identityCandidates(chain: "two_hubs", source: "wms", className: "Item") {
        edges { node { externalId ownId points evidence { kind points said } cautions } } } }""")
    assert [(one.external_id, one.own_id, one.points, len(one.evidence))
            for one in found.candidates] == [
        (each["node"]["externalId"], each["node"]["ownId"], each["node"]["points"],
         len(each["node"]["evidence"])) for each in told["identityCandidates"]["edges"]
    ]  # fmt: skip
    compared = compare_sources(world.house, CHAIN, ("wms", "erp"))
    told = ask("""{ reconciliation(sources: {chain: "two_hubs", one: "wms", other: "erp"}) {
        compared onlyOne onlyOther totals { cause positions units }
        differences { edges { node { position units otherUnits cause } } } } }""")
    found_there = told["reconciliation"]
    assert (compared.found.compared, *compared.found.only) == (
        found_there["compared"], found_there["onlyOne"], found_there["onlyOther"])  # fmt: skip
    assert [(one.key, *one.units, one.cause.name) for one in compared.found.differences] == [
        tuple(edge["node"].values()) for edge in found_there["differences"]["edges"]
    ]


def test_rows_set_aside_of_all_deliveries(world: World, ask: Ask) -> None:
    """Those of one state, source, class and code; a word that is no state is refused."""
    rows = ask("""{ rowsSetAside(chain: "two_hubs", code: "NOT_AN_INTEGER") {
        edges { node { delivery number code state className } } } }""")["rowsSetAside"]["edges"]
    delivery = world.events["rows"]
    assert [(delivery, number, "NOT_AN_INTEGER", "open", "StockPosition")
            for number in (1, 2, 3)] == [tuple(row["node"].values()) for row in rows]  # fmt: skip


def test_plans_compared_checked_and_made_again(world: World, ask: Ask) -> None:
    """A replay gives the same bytes, the checks accept, and the methods are the comparison's."""
    digest = world.digest()
    told = ask("query($p: String!) { replay(plan: $p) { status digest reasons } "
               "verifyPlan(plan: $p) { accepted checks { name status } } }", p=digest)  # fmt: skip
    assert ("the same bytes", digest) == (told["replay"]["status"], told["replay"]["digest"])
    assert (True, ["arithmetic", "seal", "derivation"]) == (
        told["verifyPlan"]["accepted"], [one["name"] for one in told["verifyPlan"]["checks"]],
    )  # fmt: skip
    methods = ask('{ comparison(chain: "two_hubs") { label best methods { name costCents figures } '
                  "} }")["comparison"]["methods"]  # fmt: skip
    assert {"do_nothing", "plan"} <= {one["name"] for one in methods}
    assert all(one["costCents"] == one["figures"]["cost_cents"] for one in methods)


def test_back_tests_and_what_rules_cost(world: World, ask: Ask) -> None:
    """The newest back-test of a proposal with what waits for a person; costs with both plans."""
    asked = """query($r: String!) { backtest(release: $r) { digest release sameBytes decisionsCount
        waiting opened { kind rules plans count used units } totals { costCentsBefore
        costCentsAfter } decisions(changed: true, first: 3) { plan linesChanged } } }"""
    tried = without("cold-chain.ttl", "open-lane.ttl")
    assert {"backtest": None} == ask(asked, r=tried.digest)
    releasing.propose(world.house, tried, "tried", "person:0")
    kept = backtest(world.house, tried, Window((CHAIN,)), workers=1)
    record(world.house, kept, "ann")
    review(world.house, kept, "person:1", "looked", ["cold-chain"])
    found = ask(asked, r=tried.digest)["backtest"]
    assert (kept.digest, tried.digest, [RULE + "open-lane"]) == (
        found["digest"], found["release"], found["waiting"])  # fmt: skip
    assert found["sameBytes"] == found["decisionsCount"] == len(kept.result["decisions"])
    assert kept.result["opened"] == found["opened"]
    assert [one["difference"]["cost_cents"] for one in kept.result["totals"]] == [
        one["costCentsAfter"] - one["costCentsBefore"] for one in found["totals"]
    ]
    assert [one["lines_changed"] for one in kept.result["decisions"] if one["opened"]][:3] == [
        one["linesChanged"] for one in found["decisions"]
    ]


def test_what_rules_cost_in_a_plan(world: World, ask: Ask) -> None:
    """Nothing before they were priced; then as the service has them, with the other plan's name."""
    plan = world.house.catalog.plans(CHAIN, first=1).rows[0].plan.digest
    asked = """query($p: String!) { ruleCosts(plan: $p) { rule differenceScaled counterfactual }
        ruleInteractions(plan: $p) { rules atMostScaled artifact } }"""
    assert {"ruleCosts": [], "ruleInteractions": []} == ask(asked, p=plan)
    (priced,) = price_rules(world.house, None, "ann", chains=(CHAIN,), pairs=True,
                            workers=1).result["plans"]  # fmt: skip
    found = ask(asked, p=plan)
    assert [(one["rules"][0], one["difference_scaled"], one["counterfactual"])
            for one in priced["costs"]] == [tuple(one.values()) for one in found["ruleCosts"]
                                            ]  # fmt: skip
    assert [(one["rules"], one["interaction"]["at_most_scaled"], one["artifact"])
            for one in priced["pairs"]] == [
        tuple(one.values()) for one in found["ruleInteractions"]]  # fmt: skip


def test_wishes_have_prices(world: World, ask: Ask) -> None:
    """A plan with a wish, by `editPlan`, and what the wish costs on the facts of that plan."""
    wish = {"kind": "CAP", "item": "widget", "lane": "truck-ns", "units": 1}
    asked = {"plan": world.digest(), "edits": [wish]}
    made = ask(
        """mutation($i: EditPlanInput!) { editPlan(input: $i) { ... on PlanMade {
        plan { digest previous edits { kind lane units } } } } }""",
        i=asked,
    )["editPlan"]["plan"]
    assert (world.digest(), [{"kind": "CAP", "lane": "truck-ns", "units": 1}]) == (
        made["previous"], made["edits"])  # fmt: skip
    prices = ask("query($p: String!) { editPrices(plan: $p) { differenceScaled edit { units } } }",
                 p=made["digest"])["editPrices"]  # fmt: skip
    entry = world.house.catalog.plans_by_digest([made["digest"]])[made["digest"]]
    inputs = inputs_of(world.house.store, world.house.store.get_document(entry.artifact))
    expected, _ = prices_of_edits(draft_plan(*inputs), *inputs)
    assert [one.difference_scaled for one in expected] == [
        one["differenceScaled"] for one in prices
    ]


def test_plans_by_weights_order_and_steadiness(world: World, ask: Ask) -> None:
    """Each is the plan that the service makes of the same request."""
    drafts = """mutation($i: PlanInput!) { makePlan(input: $i) { ... on PlanDrafted { digest }
        ... on Refused { code } } }"""
    for more in ({"weights": {"turnoverPerMille": 500}}, {"order": ["SERVICE", "LANDED"]},
                 {"steady": {"plan": world.digest(), "mostLines": 1}}):  # fmt: skip
        asked = {"chain": CHAIN, "dryRun": True} | more
        digest = ask(drafts, i=asked)["makePlan"].get("digest")
        made = ask("mutation($i: PlanInput!) { makePlan(input: $i) { ... on PlanMade { plan { "
                   "digest } } } }", i=asked | {"dryRun": False})["makePlan"]  # fmt: skip
        assert digest == made["plan"]["digest"]
        assert digest != world.digest()
    for wrong, code in (({"order": ["SERVICE", "SERVICE"]}, "OBJECTIVES_BOTH"),
                        ({"steady": {"plan": "none"}}, "PLAN_UNKNOWN"),
                        ({"order": ["SERVICE"], "weights": {}}, "OBJECTIVES_BOTH")):  # fmt: skip
        assert code == ask(drafts, i={"chain": CHAIN} | wrong)["makePlan"]["code"]


def test_facts_and_stock_of_other_times(world: World, ask: Ask) -> None:
    """A fact by its URI as of two times, and the days of an item's stock."""
    uri, event = f"{CHAIN}/StockPosition/widget/north/W1", world.events["rows"]
    query = """query($u: String!, $e: BigInt!) { fact(uri: $u) { ... on StockPosition { onHandUnits
        } } then: fact(uri: $u, asOf: {recordedEvent: $e}) { ... on StockPosition { onHandUnits } }
        before: fact(uri: $u, asOf: {recordedEvent: 1}) { uri } }"""
    told = ask(query, u=uri, e=event)
    for name, as_of in (("fact", None), ("then", AsOf(recorded=event))):
        table = world.house.facts(CHAIN, as_of).table("StockPosition")
        record = record_at(table, table.row_of["widget/north/W1"])
        assert record.on_hand_units == told[name]["onHandUnits"]
    assert told["before"] is None
    snapshot = world.house.facts(CHAIN)
    expected = stock_path(snapshot, "widget", first_day(snapshot), 5)
    days = ask('{ stockDays(chain: "two_hubs", item: "widget", days: 5) { location on '
               "arrivingUnits leavingUnits } }")["stockDays"]  # fmt: skip
    assert [(one.location, one.on, one.arriving_units, one.leaving_units) for one in expected] == [
        (one["location"], date.fromisoformat(one["on"]), one["arrivingUnits"],
         one["leavingUnits"]) for one in days
    ]  # fmt: skip


def test_a_proof_is_accepted_by_the_verifier(world: World, ask: Ask) -> None:
    """What `eventProof` gives proves the event to whoever holds the log's key; none is made up."""
    event = world.house.projection.log.find(f"plan/{world.digest()}")
    assert event is not None
    keys = ask("{ logKeys { key event } }")["logKeys"]
    assert [text for _, _, text in keys_of(world.house, "ann")[1]] == [one["key"] for one in keys]
    proof = ask("query($e: Int!) { eventProof(event: $e, lines: [1]) }", e=event.sequence)
    found = log_verifier.verify(proof["eventProof"].encode(), [keys[-1]["key"]])
    assert (event.sequence, "event") == (found["event"], found["proves"])
    assert 1 == len(found["lines"])


TRIPS = {
    "{ release { rules { rule } } }": 0, "{ sources { source } }": 0,
    '{ rowsSetAside(chain: "two_hubs", first: N) { edges { node { number } } } }': 1,
    'query { plans(chain: "two_hubs", first: N) { edges { node { edits { units } } } } }': 1,
    '{ a: fact(uri: "two_hubs/Item/widget") { uri } b: fact(uri: "two_hubs/Item/gadget") { uri } }':
    1,
}  # fmt: skip


@pytest.mark.parametrize("query", TRIPS)
def test_round_trips_do_not_grow_with_rows(world: World, ask: Ask, query: str) -> None:
    """One row or all of them: the same number of round trips to the graph, and that number."""
    for rows in (1, 2, 100):
        before = world.house.catalog.round_trips
        ask(query.replace("N)", f"{rows})"))
        assert (rows, TRIPS[query]) == (rows, world.house.catalog.round_trips - before)
