"""GraphQL: facts of any two times, and deliveries with their dry run."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from api.app import create_app
from ontology.columns import record_at
from service.decision import PlanRequest
from service.house import AsOf, House
from service.kpis.figures import chain_kpis
from service.planning import draft_plan
from tests.service.doors.served import CHAIN, TOKEN, posted, rows

EVERYTHING = """query($asOf: AsOf) {
  stock(chain: "two_hubs", asOf: $asOf) { edges { node { uri onHandUnits
    item { key offers { edges { node { supplier { key name } } } } }
    location { key partOf { key } lanesOut { edges { node { key destination { key } } } } }
    source { file row eventSequence } } } }
  lanes(chain: "two_hubs", asOf: $asOf) { edges { node { key origin { stock { edges { node {
    uri } } } } } } }
  facts(chain: "two_hubs", className: "StockingPolicy", asOf: $asOf) { edges { node { uri key
    ... on OtherFact { fields } } } }
  kpis(chain: "two_hubs", asOf: $asOf) { id value reason rowCount }
}"""
STOCK = """query($asOf: AsOf, $after: String, $first: Int! = 50) {
  stock(chain: "two_hubs", asOf: $asOf, after: $after, first: $first) {
    edges { node { key onHandUnits item { stock { edges { node { key onHandUnits } } } } } }
    pageInfo { hasNextPage endCursor } } }"""
SYNC = """mutation($input: SyncFeedInput!) { syncFeed(input: $input) {
  ... on FeedSynced { feed event replayed dryRun quarantinedRows quarantined { code }
    outcomes { className added changed same late } differences { what outcome fields {
    name before after } } plan { plan comparedWith costCentsBefore costCentsAfter
    lines { unitsBefore unitsAfter line } } }
  ... on Refused { code message hint } ... on Conflict { code message hint } } }"""
Ask = Callable[..., Any]


@pytest.fixture
def answer(house: House) -> Ask:
    """Asks a service in this process; gives the whole answer."""
    application = create_app(house, TOKEN)

    def asked(query: str, **variables: Any) -> Any:
        return posted(application, "/graphql", {"query": query, "variables": variables}).json()

    return asked


@pytest.fixture
def deliver(answer: Ask) -> Ask:
    """Delivers counts of the lot W1 at north for the source `wms`."""

    def delivered(units: int, **more: Any) -> Any:
        told = {"source": "wms", "text": rows(units).decode()} | more
        return answer(SYNC, input=told)["data"]["syncFeed"]

    return delivered


def units(page: Any) -> dict[str, int]:
    return {edge["node"]["key"]: edge["node"]["onHandUnits"] for edge in page["edges"]}


def plan_cost_cents(house: House) -> int:
    """What a plan on the present facts costs."""
    decision = draft_plan(house.facts(CHAIN), house.shipped, PlanRequest(chain=CHAIN)).decision
    return int(decision["comparison"]["plan"]["cost_cents"])


def test_the_graph_and_the_columns_give_one_answer(answer: Ask, deliver: Ask) -> None:
    """As of now, read from columns, is what the graph says of the present, to the row."""
    deliver(41, id="one answer")
    now = answer(EVERYTHING)
    assert "errors" not in now
    then = answer(EVERYTHING, asOf={"recorded": datetime.now(UTC).isoformat()})
    assert now == then
    assert 5 == len(now["data"]["stock"]["edges"])


def test_a_read_of_then_is_of_then_throughout(house: House, answer: Ask, deliver: Ask) -> None:
    """Facts, and what is reached from them, are those of the asked times; later ones change none.

    The expected rows are those of the service's own fold.
    """
    events = [deliver(number, id=f"then {number}")["event"] for number in (51, 52, 53)]
    for number, event in zip((51, 52, 53), events, strict=True):
        page = answer(STOCK, asOf={"recordedEvent": event})["data"]["stock"]
        table = house.facts(CHAIN, AsOf(recorded=event)).table("StockPosition")
        records = [record_at(table, row) for row in range(len(table))]
        expected = {key: record.on_hand_units
                    for key, record in zip(table.keys, records, strict=True)}  # fmt: skip
        assert expected == units(page)
        assert number == expected["widget/north/W1"]
        (widget,) = [edge["node"] for edge in page["edges"]
                     if edge["node"]["key"] == "widget/north/W1"]  # fmt: skip
        assert {key: count for key, count in expected.items() if key.startswith("widget/")} == (
            units(widget["item"]["stock"])
        )
    before = answer(STOCK, asOf={"effective": "2026-02-28T23:00:00Z"})["data"]["stock"]
    effective = datetime.fromisoformat("2026-02-28T23:00:00+00:00")
    then = house.facts(CHAIN, AsOf(effective)).table("StockPosition")
    assert dict(zip(then.keys, then["on_hand_units"].tolist(), strict=True)) == units(before)


def test_pages_of_one_moment(answer: Ask, deliver: Ask) -> None:
    """Pages join to the whole, and a cursor holds for its own times alone."""
    event = deliver(61, id="pages")["event"]
    whole, after, got = answer(STOCK, asOf={"recordedEvent": event})["data"]["stock"], None, {}
    deliver(62, id="pages, later")
    while True:
        page = answer(STOCK, asOf={"recordedEvent": event}, after=after, first=2)["data"]["stock"]
        got |= units(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert units(whole) == got
    other = answer(STOCK, asOf={"recordedEvent": event - 1}, after=after)
    assert "BAD_CURSOR" == other["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("wrong", [
    {"effective": "2026-03-01T06:00:00"}, {"effective": "1800-03-01T06:00:00Z"},
    {"recorded": "2026-03-01T06:00:00Z", "recordedEvent": 2},
])  # fmt: skip
def test_a_time_that_is_none_is_refused(answer: Ask, wrong: Any) -> None:
    """A time without its offset could be any of 26: it is refused, never guessed."""
    found = answer(STOCK, asOf=wrong)
    assert "BAD_TIME" == found["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("field", [
    'stock(chain: "two_hubs", asOf: $asOf) { edges { cursor } }',
    'kpis(chain: "two_hubs", asOf: $asOf) { id }',
    'fact(uri: "two_hubs/Item/widget", asOf: $asOf) { uri }',
    'stockDays(chain: "two_hubs", item: "widget", asOf: $asOf) { __typename }',
    'rows(of: {facts: {chain: "two_hubs", className: "Item", asOf: $asOf}}) { edges { cursor } }',
    """groups(of: {facts: {chain: "two_hubs", className: "Item", asOf: $asOf},
         measures: [{name: "n", told: ROWS}]}) { edges { cursor } }""",
])  # fmt: skip
def test_what_may_still_be_recorded_is_not_answered(answer: Ask, field: str) -> None:
    """Lists, tables, facts by URI and key figures alike: tomorrow the answer would be another."""
    later = {"effective": "2026-03-01T06:00:00Z", "recordedEvent": 999_999}
    for ahead in ({"recorded": "2199-01-01T00:00:00Z"}, {"recordedEvent": 999_999}, later):
        found = answer(f"query($asOf: AsOf) {{ {field} }}", asOf=ahead)
        assert ["AS_OF_AHEAD"] == [one["extensions"]["code"] for one in found["errors"]]


def test_facts_of_a_time_to_come_are_answered(answer: Ask) -> None:
    """What will be true later, as far as it is known, is a question of planning: no refusal."""
    found = answer(STOCK, asOf={"effective": "2199-01-01T00:00:00Z"})
    assert 5 == len(found["data"]["stock"]["edges"])


def test_key_figures_of_then(house: House, answer: Ask, deliver: Ask) -> None:
    """Key figures of other times are those that the service counts; a plan has its own facts."""
    event = deliver(71, id="figures")["event"]
    asked = 'query($e: BigInt!) { kpis(chain: "two_hubs", asOf: {recordedEvent: $e}) { value } }'
    found = [kpi["value"] for kpi in answer(asked, e=event)["data"]["kpis"]]
    assert [kpi.text or None for kpi in chain_kpis(house, CHAIN, AsOf(recorded=event))] == found
    both = answer(EVERYTHING.replace("kpis(chain:", 'kpis(plan: "x", chain:'),
                  asOf={"recordedEvent": event})  # fmt: skip
    assert "AS_OF_PLAN" == both["errors"][0]["extensions"]["code"]


def test_a_dry_run_tells_what_the_delivery_then_does(
    house: House, answer: Ask, deliver: Ask
) -> None:
    """Nothing is written by a dry run; its outcomes are those of the real one, its plan a plan."""
    sequence = deliver(72, id="before dry")["event"]
    told = deliver(0, id="dry", dryRun=True, sequence=9, confidencePercent=80)
    assert (sequence, None, True) == (house.projection.log.head().sequence, told["event"],
                                      told["dryRun"])  # fmt: skip
    (difference,) = told["differences"]
    assert ("StockPosition/widget/north/W1", "changed", ["on_hand_units", "total_units"]) == (
        difference["what"], difference["outcome"],
        sorted(field["name"] for field in difference["fields"]),
    )  # fmt: skip
    costs = [plan_cost_cents(house)]
    assert any(line["unitsBefore"] != line["unitsAfter"] for line in told["plan"]["lines"])
    real = deliver(0, id="dry", sequence=9, confidencePercent=80)
    assert (sequence + 1, told["outcomes"]) == (real["event"], real["outcomes"])
    assert deliver(7, id="dry")["hint"].endswith('add `supersedes: "dry"`')
    costs.append(plan_cost_cents(house))
    assert costs == [told["plan"]["costCentsBefore"], told["plan"]["costCentsAfter"]]
    assert (real["event"], True) == (deliver(0, id="dry", sequence=9, confidencePercent=80)[
        "event"], True)  # fmt: skip
    found = answer(
        "query($id: ID!) { node(id: $id) { ... on Event { agent envelope { source id "
        "sequence confidencePercent correlationId } } } }",
        id=f"event/{real['event']}",
    )
    assert {"agent": "graphql", "envelope": {
        "source": "wms", "id": "dry", "sequence": 9, "confidencePercent": 80, "correlationId": "",
    }} == found["data"]["node"]  # fmt: skip


def test_rows_are_the_file_that_they_stand_for(house: House, deliver: Ask, answer: Ask) -> None:
    """A delivery of rows is the same one as that of its text, and gets the first answer."""
    row = {"item": "widget", "location": "north", "lot": "W1", "units": 77}
    first = deliver(77, id="as rows", text=None, rows=[row])
    again = deliver(77, id="as rows")
    assert (first["event"], False, True) == (again["event"], first["replayed"], again["replayed"])
    asked = {"source": "wms", "id": "as rows", "rows": [row]}
    told = answer(SYNC.replace("feed event", "account"), input=asked)["data"]["syncFeed"]["account"]
    assert [{"file": "stock.csv", "rows": 1}] == [
        {name: file[name] for name in ("file", "rows")} for file in told["files"]
    ]


@pytest.mark.parametrize(("more", "code"), [
    ({"text": None}, "ROWS_INVALID"), ({"rows": [{"item": "widget"}]}, "ROWS_INVALID"),
    ({"text": None, "rows": []}, "ROWS_INVALID"),
    ({"text": None, "rows": [{"item": 1.5}]}, "ROWS_INVALID"),
    ({"text": None, "rows": [{"item": ["a"]}]}, "ROWS_INVALID"),
    ({"text": None, "rows": ["widget"]}, "ROWS_INVALID"),
    ({"source": "nobody"}, "SOURCE_UNKNOWN"), ({"file": "other.csv"}, "FILE_NOT_MAPPED"),
    ({"text": "a,b\n1,2\n"}, "HEADER_MISSING"), ({"confidencePercent": 101}, "ENVELOPE_INVALID"),
    ({"id": "a\nb"}, "ENVELOPE_INVALID"),
])  # fmt: skip
def test_a_wrong_delivery_is_refused_with_its_code(
    house: House, deliver: Ask, more: Any, code: str
) -> None:
    """As at every other door; nothing of it is logged."""
    sequence = house.projection.log.head().sequence
    assert code == deliver(1, **more)["code"]
    assert sequence == house.projection.log.head().sequence
