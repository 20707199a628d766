"""Prices over GraphQL and on the command line: rules and limits by name, in one form."""

import json
from typing import Any

import pytest

from api.command_line import main
from api.screen.quarantine_rows import document_of, show_rows
from graph.login import Connection
from ontology.governance import QuarantinedRow
from rules.release import default_release
from service.decision import PlanRequest
from service.house import House
from service.planning import draft_plan
from service.price import named, prices
from service.stewardship.set_aside import Delivery
from tests.api.conftest import CHAIN, Ask, Client
from tests.api.test_explanations import printed

NAMES = ["cold-chain", "lane:truck-ns"]
PRICES = """query($of: [String!]!) { prices(chain: "two_hubs", of: $of) { rule limit facts
    differenceScaled atLeastScaled atMostScaled linesOpened linesDropped costScale currency
    orders { ordersWith } } }"""


@pytest.fixture
def run(
    house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:  # fmt: skip
    """Runs a command on the shared service; gives exit status and standard output."""
    for name, value in (
        ("EVENKEEL_HOME", str(house.settings.data_folder)), ("NEO4J_URI", connection.uri),
        ("NEO4J_USER", connection.user), ("NEO4J_PASSWORD", connection.password),
        ("COLUMNS", "100"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        return main([*arguments, "--chain", CHAIN]), capsys.readouterr().out

    return command


def test_prices_are_the_service_s_answer(ask: Ask, house: House) -> None:
    """A rule and a limit, in the order asked, with the ends of the price and no orders."""
    snapshot, release, request = house.reader.read(CHAIN), default_release(), PlanRequest(CHAIN)
    draft = draft_plan(snapshot, release, request)
    asked = [named(snapshot, release, name) for name in NAMES]
    rule, limit = prices(draft, snapshot, release, asked, request)
    got = ask(PRICES, of=NAMES)["prices"]
    assert [f"https://w3id.org/evenkeel/rule/{NAMES[0]}", None] == [each["rule"] for each in got]
    assert [None, NAMES[1]] == [each["limit"] for each in got]
    assert [[], ["Lane/truck-ns"]] == [each["facts"] for each in got]
    assert [(found.difference_scaled, found.at_least_scaled, found.at_most_scaled)
            for found in (rule, limit)] == [
        (each["differenceScaled"], each["atLeastScaled"], each["atMostScaled"]) for each in got
    ]  # fmt: skip
    assert [("EUR", None)] * 2 == [(each["currency"], each["orders"]) for each in got]


@pytest.mark.parametrize(("of", "code"), [
    ([], "PRICES"), (["cold-chain"] * 6, "PRICES"), (["warm-chain"], "RULE_UNKNOWN"),
    (["budget:none"], "LIMIT_UNKNOWN"),
])  # fmt: skip
def test_what_has_no_price_is_refused_by_code(client: Client, of: list[str], code: str) -> None:
    """None, too many, and names of nothing."""
    sent = client.post("/graphql", json={"query": PRICES, "variables": {"of": of}}).json()
    assert code == sent["errors"][0]["extensions"]["code"]


def test_a_limit_is_priced_on_the_command_line(run: Any) -> None:
    """By its kind and name; what does not act costs nothing, and no limit acts here."""
    status, out = run("price", "lane:truck-sn", "--json")
    (found,) = json.loads(out)["prices"]
    assert (0, 0, "lane:truck-sn") == (status, found["difference_scaled"], found["limit"])
    assert "none acts on this plan" in run("price", "--limits")[1]
    assert 2 == run("price", "cold-chain", "--limits")[0]


def test_no_row_set_aside_is_said(run: Any) -> None:
    """A chain whose feeds were all sound has an empty quarantine."""
    assert (0, "no feed of this chain set a row aside\n") == run("quarantine")
    assert [] == json.loads(run("quarantine", "--json")[1])["rows"]
    assert 2 == run("quarantine", "999")[0]


def test_a_row_set_aside_is_shown_with_its_cure() -> None:
    """Number, place, reason, hint and code; the same as data, with the place to go on from."""
    found = Delivery(7, CHAIN, "monday", 30)
    rows = [(3, QuarantinedRow("a.csv", 9, "item", "UNKNOWN_ID", "`x` is unknown", "x,1"))]
    assert [
        "event 7, feed monday of two_hubs: 30 rows set aside",
        "   3  a.csv, row 9, column `item`: `x` is unknown",
        "      add it to the file that defines it, or correct the identifier [UNKNOWN_ID]",
    ] == printed(show_rows, found, rows).splitlines()
    document = document_of(found, rows, 3)
    assert (7, 30, 3) == (document["event"], document["rows_in_all"], document["next_after"])
    assert ("a.csv", 9, 3) == tuple(document["rows"][0][name] for name in ("file", "row", "number"))
