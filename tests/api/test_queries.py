"""What analysts ask of two_hubs gets the answers that its files state."""

from typing import Any

from tests.api.conftest import CHAIN, Ask


def nodes(connection: dict[str, Any]) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def test_facts_are_those_of_the_files(ask: Ask) -> None:
    """Lists give the rows of the files, with references that can be followed."""
    got = ask("""{ stock(chain: "two_hubs") { edges { node {
        onHandUnits itemId lotId item { handlingClass } location { id } source { file } } } }
        chains { name feeds } suppliers(chain: "two_hubs") { edges { node { key status } } }
        orders(chain: "two_hubs") { edges { cursor } pageInfo { hasNextPage endCursor } } }""")
    widget = [row for row in nodes(got["stock"]) if row["itemId"] == "widget"]
    assert [(8, "two_hubs/Location/north"), (2, "two_hubs/Location/south")] == [
        (row["onHandUnits"], row["location"]["id"]) for row in widget
    ]
    assert {"stock_positions.csv"} == {row["source"]["file"] for row in nodes(got["stock"])}
    assert [{"name": CHAIN, "feeds": 1}] == got["chains"]
    assert ("acme", "approved") in {
        (row["key"].lower(), row["status"]) for row in nodes(got["suppliers"])
    }
    assert {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}} == got["orders"]


def test_references_lead_back(ask: Ask) -> None:
    """From a location to its lanes and stock, and back to it."""
    got = ask("""{ locations(chain: "two_hubs") { edges { node { key
        lanesOut { edges { node { key destination { key } } } }
        lanesIn { edges { node { origin { key } } } }
        stock { edges { node { item { offers { edges { node { supplier { key } } } } } } } }
        } } } }""")
    north = nodes(got["locations"])[0]
    assert ["reefer-ns", "truck-ns"] == [lane["key"] for lane in nodes(north["lanesOut"])]
    assert {"south"} == {lane["destination"]["key"] for lane in nodes(north["lanesOut"])}
    assert [{"origin": {"key": "south"}}] == nodes(north["lanesIn"])


def test_a_plan_shows_its_lines_and_its_proof(ask: Ask, digest: str) -> None:
    """The plan that README works out: three widgets go on Monday, with a certificate of gap 0."""
    got = ask("""query($digest: String!) { plan(digest: $digest) { label gapScaled costScaled
        costScale certificate { cost bound gap gapPercent doNothing }
        ruleResults { rule title lookedAt closed } comparison
        lines { edges { node { __typename number itemId quantityUnits
            ... on Transfer { laneId origin { key } destination { key } lane { mode } } } } }
        shortfalls { edges { node { kind reason itemId derivedFrom { uri } } } } } }""",
        digest=digest)["plan"]  # fmt: skip
    lines = {(line["__typename"], line["itemId"]): line for line in nodes(got["lines"])}
    widget = lines["Transfer", "widget"]
    assert (3, "truck-ns") == (widget["quantityUnits"], widget["laneId"])
    assert ("north", "south") == (widget["origin"]["key"], widget["destination"]["key"])
    proof = got["certificate"]
    assert ("optimal", 0, 0.0) == (got["label"], proof["gap"], proof["gapPercent"])
    assert got["costScaled"] == proof["cost"] == proof["bound"] < proof["doNothing"]
    assert any(rule["closed"] and rule["title"] != rule["rule"] for rule in got["ruleResults"])


def test_provenance_leads_down_to_a_row_and_up_again(ask: Ask, digest: str) -> None:
    """A line rests on facts of named rows; each of those facts leads up to the line."""
    line = ask("""query($digest: String!) { plan(digest: $digest) { lines(first: 1) { edges { node {
        id number derivedFrom { uri __typename source { file row eventSequence } } } } } } }""",
        digest=digest)["plan"]["lines"]["edges"][0]["node"]  # fmt: skip
    assert line["derivedFrom"]
    for fact in line["derivedFrom"]:
        assert (True, True) == (fact["source"]["file"].endswith(".csv"), fact["source"]["row"] > 1)
        up = ask("""query($uri: String!) { decidedFrom(uri: $uri) { edges { node {
            id plan { digest } } } } }""", uri=fact["uri"])["decidedFrom"]  # fmt: skip
        assert {"id": line["id"], "plan": {"digest": digest}} in nodes(up)
    down = ask("""query($plan: String!, $line: Int!) { trace(plan: $plan, line: $line) {
        root nodes { id kind details } edges { source relation target } } }""",
        plan=digest, line=line["number"])["trace"]  # fmt: skip
    kinds = {node["kind"] for node in down["nodes"]}
    assert {"line", "fact", "row", "file", "event", "release", "snapshot", "agent"} <= kinds
    assert down["root"] == f"line:{digest}/{line['number']}"


def test_going_up_can_be_paged(ask: Ask, digest: str) -> None:
    """Pages of what rests on a fact give each line and shortfall once, in the same order."""
    query = """query($uri: String!, $first: Int!, $after: String) {
        decidedFrom(uri: $uri, first: $first, after: $after) {
        edges { node { id } } pageInfo { hasNextPage endCursor } } }"""
    line = ask("""query($id: ID!) { node(id: $id) { ... on Decided { derivedFrom { uri } } } }""",
               id=f"plan/{digest}/line/1")["node"]  # fmt: skip
    pages = {
        fact["uri"]: [
            row["id"] for row in nodes(ask(query, uri=fact["uri"], first=100)["decidedFrom"])
        ]
        for fact in line["derivedFrom"]
    }
    uri, whole = max(pages.items(), key=lambda found: len(found[1]))
    seen, after, more = [], None, []
    for _ in whole:
        page = ask(query, uri=uri, first=1, after=after)["decidedFrom"]
        seen += [row["id"] for row in nodes(page)]
        after = page["pageInfo"]["endCursor"]
        more.append(page["pageInfo"]["hasNextPage"])
    assert len(whole) > 1
    assert whole == seen
    assert [True] * (len(whole) - 1) + [False] == more


def test_everything_with_an_id_is_found_by_it(ask: Ask, digest: str) -> None:
    """`node` finds facts, chains, events, plans, lines and shortfalls; others are null."""
    known = {
        "two_hubs/Item/widget": "Item", "two_hubs/Calendar/weekdays": None,
        "chain/two_hubs": "Chain", "event/1": "Event", f"plan/{digest}": "Plan",
        f"plan/{digest}/line/1": None, f"plan/{digest}/shortfall/1": "Shortfall",
    }  # fmt: skip
    query = "query($id: ID!) { node(id: $id) { id __typename } }"
    for name, kind in known.items():
        found = ask(query, id=name)["node"]
        if kind is not None:
            assert {"id": name, "__typename": kind} == found
    strange = ["", "/", "plan/x", "event/0", "event/x", "chain/none", "two_hubs/Plan/1", "a/b/c/d",
               f"plan/{'0' * 64}", f"plan/{digest}/line/999999999"]  # fmt: skip
    assert [None] * len(strange) == [ask(query, id=name)["node"] for name in strange]


def test_other_classes_show_their_fields(ask: Ask) -> None:
    """A fact without a type of its own still says all that it states."""
    uri = "two_hubs/StockingPolicy/widget/north"
    got = ask("""query($id: ID!) { node(id: $id) { ... on OtherFact { className fields } } }""",
              id=uri)["node"]  # fmt: skip
    assert ("StockingPolicy", 5) == (got["className"], got["fields"]["safety_stock_units"])


def test_the_log_is_shown_without_its_seeds(ask: Ask) -> None:
    """Events come in order, with what they name, and never the seed of their salts."""
    got = ask("""{ head { projected sequence root } events { edges { node {
        sequence kind agent artifact payload leaf } } } }""")
    events = nodes(got["events"])
    assert list(range(1, got["head"]["sequence"] + 1)) == [event["sequence"] for event in events]
    assert {"release.activated", "feed.loaded", "plan.made"} == {e["kind"] for e in events}
    assert not any("seed" in event["payload"] for event in events)


def test_making_a_plan_again_gives_the_first(ask: Ask, digest: str) -> None:
    """The mutation gives the plan; nothing is done twice."""
    query = """mutation($input: PlanInput!) { makePlan(input: $input) { __typename
        ... on PlanMade { replayed plan { digest madeAt } } } }"""
    made = ask(query, input={"chain": CHAIN})["makePlan"]
    assert (True, digest) == (made["replayed"], made["plan"]["digest"])


def test_a_refused_plan_is_a_value(ask: Ask) -> None:
    """A plan that cannot be made is an answer with code and hint, not an error."""
    query = """mutation($input: PlanInput!) { makePlan(input: $input) { __typename
        ... on Refused { code message hint } } }"""
    refused = ask(query, input={"chain": "nowhere"})["makePlan"]
    assert ("Refused", "CHAIN_UNKNOWN") == (refused["__typename"], refused["code"])
    assert "`nowhere`" in refused["message"]
