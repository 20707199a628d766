"""Laws of typed questions: what they give is what the service holds, page by page, or one error."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx
import pytest

from evenkeel_client.answers.actions import SYNC_FEED, FeedSynced
from evenkeel_client.answers.inputs import (
    As,
    AsOf,
    EditInput,
    EditKind,
    FactsInput,
    Failure,
    GroupBy,
    GroupsInput,
    Is,
    MeasureInput,
    OrderBy,
    PlanInput,
    RowsInput,
    SubjectKind,
    SyncFeedInput,
    Where,
)
from evenkeel_client.answers.lines import PlanLine, PlanLineTransfer
from evenkeel_client.asking import as_json
from evenkeel_client.client import Client
from evenkeel_client.errors import EvenkeelError
from ontology.events import FEED_LOADED, PLAN_MADE
from service.house import House
from tests.api.served import Served
from tests.evenkeel_client.conftest import SOURCE
from tests.faults.proxy import Proxy, lost
from tests.service.doors.served import CHAIN, TOKEN

STOCK = RowsInput(facts=FactsInput(chain=CHAIN, class_name="StockPosition"))
Ask = Callable[[Client, str], Any]
QUESTIONS: dict[str, Ask] = {
    "chains": lambda client, _: client.chains(),
    "plan": lambda client, plan: client.plan(plan),
    "shortfalls": lambda client, plan: list(client.shortfalls(plan)),
    "why a line": lambda client, plan: client.why_line(plan, 1),
    "why a place": lambda client, plan: client.why_place(plan, "widget", "south"),
    "trace": lambda client, plan: client.trace(plan, 1),
    "drift": lambda client, plan: client.plan_drift(plan),
    "difference": lambda client, plan: client.plan_difference(plan, plan),
    "prices": lambda client, _: client.prices(CHAIN, ["lane:truck-ns"]),
    "stock": lambda client, _: list(client.stock(CHAIN, page_rows=2)),
    "stock as of": lambda client, _: list(client.stock(CHAIN, as_of=AsOf(recorded_event=2))),
    "items": lambda client, _: list(client.items(CHAIN)),
    "locations": lambda client, _: list(client.locations(CHAIN)),
    "lanes": lambda client, _: list(client.lanes(CHAIN)),
    "offers": lambda client, _: list(client.offers(CHAIN)),
    "decided from": lambda client, _: list(client.decided_from(f"{CHAIN}/Lane/truck-ns")),
    "kpis": lambda client, _: client.kpis(CHAIN, ids=["carrying-cost"]),
    "impact": lambda client, _: client.impact(
        CHAIN, [Failure(kind=SubjectKind.SUPPLIER, key="acme")]),
    "single points": lambda client, _: list(client.single_points(CHAIN)),
    "events": lambda client, _: list(client.events(page_rows=2)),
    "head": lambda client, _: client.head(),
    "inclusion": lambda client, _: client.inclusion_proof(1, at_size=2),
    "consistency": lambda client, _: client.consistency_proof(1, to=2),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_an_answer(client: Client, digest: str, name: str) -> None:
    """Of its own type, without an error, and not nothing."""
    assert QUESTIONS[name](client, digest)


def test_plans_and_lines_are_those_of_the_graph(client: Client, house: House, digest: str) -> None:
    """In their order, with whole numbers, days and times as such, each line of its own kind."""
    expected = house.catalog.plans(CHAIN).rows
    assert [row.plan.digest for row in expected] == [one.digest for one in client.plans(CHAIN)]
    plan = client.plan(digest)
    assert plan is not None
    assert (expected[0].made_at, expected[0].plan.cost_scaled) == (plan.made_at, plan.cost_scaled)
    lines = list(client.plan_lines(digest, page_rows=1))
    assert list(range(1, plan.line_count + 1)) == [line.number for line in lines]
    assert all(isinstance(line, PlanLine) and line.derived_from for line in lines)
    moved = [line for line in lines if isinstance(line, PlanLineTransfer)]
    assert moved
    assert all(line.arrives_on > line.departs_on for line in moved)


def test_pages_of_any_size_hold_the_same(client: Client) -> None:
    """And a page is asked for when it is needed."""
    whole = list(client.rows(STOCK))
    for size in range(1, len(whole) + 1):
        assert whole == list(client.rows(STOCK, page_rows=size))
    assert whole[:1] == list(islice(client.rows(STOCK, page_rows=1), 1))


def test_rows_and_groups_take_typed_words(client: Client) -> None:
    """Conditions, order, groups, measures."""
    facts = FactsInput(chain=CHAIN, class_name="StockPosition")
    where = Where(any=[Where(column="lot", is_=Is.STATED),
                       Where(column="onHandUnits", is_=Is.MORE, values=["3"])])  # fmt: skip
    rows = list(client.rows(RowsInput(
        facts=facts, where=where, columns=["item", "onHandUnits", "lot"],
        order_by=[OrderBy(column="onHandUnits", descending=True)])))  # fmt: skip
    units = [row["onHandUnits"] for row in rows]
    assert rows
    assert sorted(units, reverse=True) == units
    assert all(row["lot"] or row["onHandUnits"] > 3 for row in rows)
    groups = list(client.groups(GroupsInput(
        facts=facts, by=[GroupBy(column="item")],
        measures=[MeasureInput(name="units", told=As.SUM, column="onHandUnits")])))  # fmt: skip
    assert {group["item"]: group["units"] for group in groups} == {
        item: sum(row["onHandUnits"] for row in client.rows(STOCK) if row["item"] == item)
        for item in {row["item"] for row in client.rows(STOCK)}
    }


def test_a_plan_is_made_once(client: Client, house: House) -> None:
    """The same question is answered by the plan that stands."""
    first = client.make_plan(PlanInput(chain=CHAIN))
    before = count_of(house, PLAN_MADE)
    made = client.make_plan(PlanInput(chain=CHAIN))
    assert (True, first.plan.digest) == (made.replayed, made.plan.digest)
    assert before == count_of(house, PLAN_MADE)


def test_a_draft_saves_nothing(client: Client, house: House) -> None:
    """It is what the plan would be, whatever the input says; a dry run makes no plan."""
    before = count_of(house, PLAN_MADE)
    asked = PlanInput(chain=CHAIN, dry_run=True)
    assert client.make_plan(PlanInput(chain=CHAIN)).plan.digest == client.draft_plan(asked).digest
    wish = EditInput(kind=EditKind.FORBID, item="gadget", supplier="acme", destination="north")
    unlike = PlanInput(chain=CHAIN, edits=[wish])
    assert not client.draft_plan(unlike).replayed
    with pytest.raises(EvenkeelError, match="a dry run makes no plan"):
        client.make_plan(asked)
    assert before == count_of(house, PLAN_MADE)


def count_of(house: House, kind: str) -> int:
    """How many events of a kind the log holds."""
    return sum(event.kind == kind for event in house.projection.log.events())


ERRORS: dict[str, tuple[Ask, str, str]] = {
    "an unknown chain": (lambda client, _: list(client.stock("nowhere")), "", ""),
    "an unknown column": (
        lambda client, _: list(client.rows(RowsInput(
            facts=FactsInput(chain=CHAIN, class_name="Item"), columns=["colour"]))),
        "COLUMN_UNKNOWN", "input"),
    "lines of no plan": (lambda client, _: list(client.plan_lines("0" * 64)), "NOT_FOUND", "input"),
    "why of no plan": (lambda client, _: client.why_line("0" * 64, 1), "PLAN_UNKNOWN", "input"),
    "a page too large": (lambda client, _: list(client.items(CHAIN, page_rows=101)), "PAGE_SIZE",
                         "input"),
    "a plan that is refused": (
        lambda client, _: client.make_plan(PlanInput(chain="nowhere")), "CHAIN_UNKNOWN", "input"),
    "an unknown source": (lambda client, _: client.deliver("nobody", b"x"), "SOURCE_UNKNOWN",
                          "input"),
    "an unknown class": (lambda client, _: client.table(RowsInput(
        facts=FactsInput(chain=CHAIN, class_name="Dragon"))), "UNKNOWN_CLASS", "input"),
    "an unknown format": (lambda client, _: client.save(STOCK, "never.pdf", "pdf"),
                          "UNKNOWN_FORMAT", "input"),
    "a file without a form": (lambda client, _: client.save(STOCK, "never"),
                              "UNKNOWN_FORMAT", "input"),
    "a bad position": (lambda client, _: next(client.follow("x")), "POSITION_INVALID", "input"),
    "no query": (lambda client, _: client.query("{"), "QUERY_SYNTAX", "input"),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ERRORS if ERRORS[name][1]])
def test_every_refusal_is_one_error(client: Client, digest: str, name: str) -> None:
    """With the code that every surface shares, one line, a hint, and by whose fault."""
    ask, code, fault = ERRORS[name]
    with pytest.raises(EvenkeelError) as caught:
        ask(client, digest)
    error = caught.value
    assert (code, fault) == (error.code, error.fault)
    assert str(error).splitlines() == [str(error)]
    assert error.hint


def test_who_carries_no_token_is_told(served: Served) -> None:
    """And the token is in no error."""
    with Client(served.address, "x" * 43) as client, pytest.raises(EvenkeelError) as caught:
        client.chains()
    assert ("ACCESS_DENIED", "access", 401) == (
        caught.value.code, caught.value.fault, caught.value.status)  # fmt: skip
    assert "xxx" not in str(caught.value) + caught.value.hint


def test_who_is_no_service_is_told(client: Client) -> None:
    """Nobody there, and somebody else."""
    with Client("http://127.0.0.1:9", TOKEN) as nobody, pytest.raises(EvenkeelError) as caught:
        nobody.query("{ chains { name } }")
    assert "UNREACHABLE" == caught.value.code
    other = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="<p>")))
    with Client("http://x", TOKEN, http=other) as page, pytest.raises(EvenkeelError) as caught:
        page.chains()
    assert "ANSWER_UNREADABLE" == caught.value.code


def test_a_question_whose_answer_was_lost_is_asked_again(served: Served, proxy: Proxy) -> None:
    """As often as the client has patience; then it is told."""
    with Client(f"http://127.0.0.1:{proxy.port}", TOKEN) as client:
        proxy.arm(lost, 1)
        assert CHAIN in [chain.name for chain in client.chains()]
        assert proxy.happened.is_set()


def test_a_mutation_whose_answer_was_lost_acts_once(house: House, proxy: Proxy) -> None:
    """It is sent again under the key that each call has of its own."""
    rows = [{"item": "widget", "location": "north", "lot": "", "units": "9"}]
    before = count_of(house, FEED_LOADED)
    with Client(f"http://127.0.0.1:{proxy.port}", TOKEN) as client:
        proxy.arm(lost, 1)
        done = client.sync_feed(SyncFeedInput(source=SOURCE, rows=rows))
        assert proxy.happened.is_set()
    assert done.replayed
    assert before + 1 == count_of(house, FEED_LOADED)


def test_a_mutation_without_a_key_is_not_sent_again(
    house: House, proxy: Proxy
) -> None:  # fmt: skip
    """It acted once, and who asked is told that nobody knows; under its own name it may be."""
    rows = [{"item": "widget", "location": "north", "lot": "", "units": "8"}]
    wished = SyncFeedInput(source=SOURCE, rows=rows, id="lost once")
    before = count_of(house, FEED_LOADED)
    with Client(f"http://127.0.0.1:{proxy.port}", TOKEN) as client:
        proxy.arm(lost, 1)
        with pytest.raises(EvenkeelError) as caught:
            client.done(SYNC_FEED, {"input": as_json(wished)}, ("syncFeed",), FeedSynced.of)
        assert "UNREACHABLE" == caught.value.code
        assert client.sync_feed(wished).replayed
    assert before + 1 == count_of(house, FEED_LOADED)


def test_a_delivery_whose_answer_was_lost_acts_once(house: House, proxy: Proxy) -> None:
    """It is sent again by itself, and known by its content."""
    body = b"item,location,lot,units\nwidget,north,,7\nwidget,nowhere,,1\n"
    before = house.projection.log.head().sequence
    with Client(f"http://127.0.0.1:{proxy.port}", TOKEN) as client:
        foreseen = client.deliver(SOURCE, body, dry_run=True)
        assert before == house.projection.log.head().sequence
        proxy.arm(lost, 1)
        account = client.deliver(SOURCE, body)
        assert proxy.happened.is_set()
    assert before + 1 == house.projection.log.head().sequence == account["event"]
    assert (1, 1) == (account["quarantined_rows"], foreseen["quarantined_rows"])
