"""Explanations over GraphQL and on the command line: the same numbers, in one form."""

import json
from typing import Any

import pytest
from rich.console import Console

from api.commands.diff import change_text, document, line_text, show_difference, signed
from api.commands.why import show_line, show_why
from api.screen.explained import Amounts, flip_text, size_texts, way_text
from api.screen.explained import change_text as moved_text
from service.difference import Change, Difference, Group, LineChange
from service.house import House
from service.why import Way, why
from service.why_line import Flip, why_line
from solver.explain.alternatives import STANDINGS
from solver.model.echelon import OrderSize
from tests.api.conftest import CHAIN, Ask

AMOUNTS = Amounts(10_000, "EUR")


def plan_document(house: House, digest: str) -> dict[str, Any]:
    entry = house.catalog.plans_by_digest([digest])[digest]
    found: dict[str, Any] = house.store.get_document(entry.artifact)
    return found


def printed(show: Any, *arguments: Any) -> str:
    screen = Console(width=200, markup=False, emoji=False, highlight=False)
    with screen.capture() as captured:
        show(screen, *arguments)
    return captured.get()


def test_why_line_is_the_service_s_answer(ask: Ask, house: House, digest: str) -> None:
    """GraphQL gives what the service says of a line, with flips of its facts."""
    got = ask("""query($plan: String!) { whyLine(plan: $plan, line: 1) { basis unitCostScaled
        savesScaled staysToScaled runnerUp orderSize because { fact fields flip } } }""",
        plan=digest)["whyLine"]  # fmt: skip
    found = why_line(house.store, plan_document(house, digest), 1)
    assert found.worth is not None
    assert (found.basis, found.worth.saves_scaled) == (got["basis"], got["savesScaled"])
    assert found.worth.stays_to_scaled == got["staysToScaled"]
    assert [behind.fact for behind in found.behind] == [each["fact"] for each in got["because"]]
    assert any(each["flip"] for each in got["because"])


def test_why_place_gives_every_way(ask: Ask, house: House, digest: str) -> None:
    """GraphQL gives each way in with how it stands, as the service does."""
    got = ask("""query($plan: String!) { whyPlace(plan: $plan, item: "widget", location: "south") {
        basis lines shortfall nextUnit taken
        ways { start by lot standing units usedBelowScaled closedBy } } }""",
        plan=digest)["whyPlace"]  # fmt: skip
    found = why(house.store, plan_document(house, digest), "widget", "south")
    assert [line["number"] for line in found.lines] == got["lines"]
    assert [(way.standing, way.units, way.used_below_scaled) for way in found.ways] == [
        (way["standing"], way["units"], way["usedBelowScaled"]) for way in got["ways"]
    ]


def test_the_difference_of_two_plans_sums(ask: Ask, house: House, digest: str) -> None:
    """Two plans that were asked for other cost parts: the request is the only group."""
    digests = [row.plan.digest for row in house.catalog.plans(CHAIN).rows]
    got = ask("""query($before: String!, $after: String!) {
        planDifference(before: $before, after: $after) { costCentsBefore costCentsAfter
        groups { name costCents count changes } lines { unitsBefore unitsAfter by restsOn } } }""",
        before=digests[-1], after=digest)["planDifference"]  # fmt: skip
    total = got["costCentsAfter"] - got["costCentsBefore"]
    assert total == sum(group["costCents"] for group in got["groups"])
    assert {"request"} >= {group["name"] for group in got["groups"]}


def test_what_is_unknown_is_an_input_error(client: Any, digest: str) -> None:
    """An unknown plan, line or place is the caller's fault, with a code."""
    asked = {
        "PLAN_UNKNOWN": '{ whyLine(plan: "00", line: 1) { number } }',
        "LINE_UNKNOWN": f'{{ whyLine(plan: "{digest}", line: 99) {{ number }} }}',
        "PLACE_UNKNOWN": f'{{ whyPlace(plan: "{digest}", item: "x", location: "y") {{ basis }} }}',
    }
    for code, query in asked.items():
        sent = client.post("/graphql", json={"query": query}).json()
        assert code == sent["errors"][0]["extensions"]["code"]


def test_a_line_is_told_with_values(house: House, digest: str) -> None:
    """Every fact of a line is printed with its telling fields, and what would flip it."""
    found = plan_document(house, digest)
    text = printed(show_line, why_line(house.store, found, 1), found["decision"])
    assert text.count("because ") == len(found["decision"]["lines"][0]["because"])
    assert "without it the plan would cost" in text
    assert "decisive: holds while" in text
    assert "on_hand_units" not in text


def test_a_place_is_told_with_why_not(house: House, digest: str) -> None:
    """The table of ways says of each why it is used or not."""
    found = plan_document(house, digest)
    text = printed(show_why, why(house.store, found, "widget", "south"), found["decision"])
    assert "used below" in text
    assert "carries 3 units" in text


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ("used", "carries 7 units"), ("no units", "no units left there: all go elsewhere"),
        ("floor", "the 4 units left there, safety-floor holds them"),
        ("too late", "arrives after 2026-03-03"),
        ("dominated", "4 units left there, worth more there"),
        ("given", "the order-up-to rule buys 7 units"), ("unfit", "its lot serves nobody any more"),
        ("closed", "closed by cold-chain"),
        ("full", "what it needs is full or held: a lane, a place, a budget, loads or lots"),
    ],
)  # fmt: skip
def test_every_standing_has_its_words(standing: str, expected: str) -> None:
    """Each way that a movement can stand is said in words of its own."""
    assert standing in STANDINGS
    rule = "https://w3id.org/evenkeel/rule/"
    way = Way("transfer", "a", "l", "", None, 5, (rule + "cold-chain",), standing, 7, 3, 4,
              rule + "safety-floor")  # type: ignore[arg-type]  # the day plays no part  # fmt: skip
    assert expected == way_text(way, "2026-03-03")


def test_sizes_and_flips_are_told_in_full() -> None:
    """A purchase's numbers and both kinds of flip, as a planner reads them."""
    size = OrderSize(0, 40, 100, 95, 11, 7, 1, 3, 24, 24, None, 60, 72)
    assert [
        "wanted 60, bought 72, in lots of 24, at least 24",
        "the same order at a position of 28 to 51, none from 100 on",
    ] == size_texts(size)[2:]
    lane = Flip("cost_per_unit_micros", 300_000, None, 520_000)
    assert "decisive: holds while the cost per unit is at most 0.52 (now 0.30)" == flip_text(
        lane, AMOUNTS)  # fmt: skip
    stock = Flip("on_hand_units", 8, one_more_scaled=-210_000, one_less_scaled=300_000,
                 changes_line=False)  # fmt: skip
    assert "touched: one more would save 0.21, one less would cost 0.30, and leave this line" == (
        flip_text(stock, AMOUNTS))  # fmt: skip


def test_changes_are_told_as_what_happens() -> None:
    """A unit more, a unit less, an order that moves and one that stays open."""
    moved = {"kind": "transfer", "lane": "l", "origin": "a", "destination": "b",
             "departs_on": "2026-03-02", "lot": "L1", "units": -1}  # fmt: skip
    assert "one less of lot L1 from a to b by l on 2026-03-02" == moved_text(moved)
    assert "order 7 goes to P" == moved_text({"kind": "assignment", "order": "7", "origin": "P",
                                              "units": 1})  # fmt: skip
    assert "order 7 stays open" == moved_text({"kind": "unserved", "order": "7", "units": 1})


def test_a_difference_is_told_with_its_sum() -> None:
    """Groups with their shares, facts with both values, lines with who changed them."""
    change = Change("Lane/l", "changed", {"cost_per_unit_micros": (1, 2)})
    line = LineChange({"kind": "transfer", "item": "i", "lane": "l", "origin": "a",
                       "destination": "b"}, 3, 0, {"Lane": -3}, ("Lane/l",))  # fmt: skip
    found = Difference("a" * 64, "b" * 64, (100, 250), (100, 250),
                       (Group("Lane", 150, 150, 1, (change,)),), (line,))  # fmt: skip
    text = printed(show_difference, found, "EUR", 20)
    assert "+1.50 EUR" in text
    assert "Lane/l: cost_per_unit_micros 1 -> 2" == change_text(change)
    assert "i from a to b (l): 3 -> 0 units by Lane -3; rests on Lane/l" == line_text(line)
    assert (1.5, "+0.00") == (document(found)["groups"][0]["cost_cents"] / 100, signed(0, ""))
    assert json.dumps(document(found))


def test_what_a_line_waits_for_is_the_service_s_answer(
    ask: Ask, house: House, digest: str
) -> None:  # fmt: skip
    """GraphQL and the command line name places and days with both expected shortages."""
    document = plan_document(house, digest)
    for line in document["decision"]["lines"]:
        found = why_line(house.store, document, line["number"])
        got = ask("""query($plan: String!, $line: Int!) { whyLine(plan: $plan, line: $line) {
            changes { item location on withMillionths withoutMillionths } } }""",
            plan=digest, line=line["number"])["whyLine"]["changes"]  # fmt: skip
        assert found.changes
        assert [(each.item, each.location, each.on.isoformat(), each.with_millionths,
                 each.without_millionths) for each in found.changes] == [
            tuple(each.values()) for each in got
        ]  # fmt: skip
        assert f"waits for {found.changes[0].location}" in printed(
            show_line, found, document["decision"]
        )
