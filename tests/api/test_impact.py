"""What depends on a failure, on the command line and over GraphQL."""

import re
from pathlib import Path
from typing import Any

import pytest

from api.command_line import main
from api.output import console
from api.screen.impact_tables import show_critical, show_impact
from graph.login import Connection
from ontology.failures import Subject
from service.house import House
from service.impact.failure import impact
from service.impact.single_points import joint_failures
from tests.api.conftest import CHAIN, Ask, Client
from tests.service.small_chains import MONDAY, snapshot_of
from tests.service.test_impact import hospital
from tests.service.test_single_points import two_ways

GUIDE = Path(__file__).parents[2] / "docs" / "analysts.md"
SECTION = GUIDE.read_text("utf-8").partition("## What depends on it?")[2].partition("\n## ")[0]
REPORT = """
query($kind: SubjectKind!, $key: String!, $after: String) {
  impact(chain: "two_hubs", failures: [{kind: $kind, key: $key}]) {
    failures startsOn currency totals { state pairs perDayMillionths valuePerDayMicros }
    affected(first: 1, after: $after) {
      edges { node { itemId locationId state daysUntilShort upstreamUnits
                     routes { costMicros } derivedFrom { uri source { file row } } } }
      pageInfo { hasNextPage endCursor }
    }
    substitutes { replacementId }
  }
}"""


@pytest.fixture
def run(
    house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:  # fmt: skip
    """Runs a command on the shared service at 80 columns; gives exit status and both outputs."""
    for name, value in (
        ("EVENKEEL_HOME", str(house.settings.data_folder)), ("NEO4J_URI", connection.uri),
        ("NEO4J_USER", connection.user), ("NEO4J_PASSWORD", connection.password),
        ("COLUMNS", "80"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["impact", *arguments])
        return (status, *capsys.readouterr())

    return command


def test_the_report_ends_with_the_rows_it_rests_on(run: Any) -> None:
    """Totals, what is bare, and each fact with its file and row."""
    status, shown, _ = run("supplier:acme", "--chain", CHAIN)
    assert 0 == status
    assert "If supplier:acme goes down on 2026-03-02" in shown
    assert re.search(r"weakened +1 +1 +1 +1 +5\.00 +now", shown)
    assert re.search(r"gadget at north +1 +0 +1 +6 +now", shown)
    last = shown.partition("Rests on 8 facts; 4 offers, links, parts and lanes depend on it")[2]
    assert "Offer/acme/gadget/north  offers.csv, row 2" in last
    assert "Shipment/S-1  shipments.csv, row 2" in last
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_two_at_once_as_json(run: Any) -> None:
    """The document has all that the report has; the graph's facts come with their addresses."""
    import json

    status, shown, _ = run("supplier:acme", "lane:truck-sn", "--chain", CHAIN, "--json")
    found = json.loads(shown)
    assert (0, ["supplier:acme", "lane:truck-sn"]) == (status, found["failures"])
    assert ["cut off", "weakened", "still served"] == [row["state"] for row in found["totals"]]
    pair = next(row for row in found["affected"] if row["item"] == "gadget")
    assert (0, 1, 1_000_000) == (
        pair["upstream_units"], pair["arriving_units"], pair["mean_per_day_millionths"]
    )  # fmt: skip
    assert {"uri", "event_sequence", "event_row", "file", "row"} == set(found["depends"][0])


def test_single_points_and_pairs(run: Any) -> None:
    """Acme is the only single point of two_hubs; no two strike only together."""
    status, shown, _ = run("--single-points", "--chain", CHAIN)
    assert (0, True) == (status, bool(re.search(r"supplier:acme +1 +1 +1 +5\.00 +now", shown)))
    status, shown, _ = run("--pairs", "--chain", CHAIN)
    said = "0 would leave demand without any source; 21 of 21 possible"
    assert (0, True) == (status, said in shown)


def test_an_unknown_subject_is_one_line_with_a_hint(run: Any) -> None:
    """Exit 2, the code, and what may have been meant; a mistaken kind is seen, too."""
    status, shown, said = run("supplier:acne", "--chain", CHAIN)
    assert (2, "", "error: there is no supplier `acne`") == (status, shown, said.splitlines()[0])
    assert "supplier:acme" in said.splitlines()[1]
    assert "[SUBJECT_UNKNOWN]" in said
    assert "region:valley" in run("hub:valley", "--chain", CHAIN)[2]
    assert "[SUBJECT_UNKNOWN]" in run("acme", "--chain", CHAIN)[2]


@pytest.mark.parametrize("given", [[], ["--pairs", "--single-points"], ["lane:x", "--pairs"]])
def test_one_question_at_a_time(run: Any, given: list[str]) -> None:
    """Subjects, single points or pairs: just one of them."""
    assert (2, True) == (run(*given)[0], "USAGE" in run(*given)[2])


@pytest.mark.parametrize("columns", ["80", "160"])
def test_it_reads_well_at_any_width(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every part of a report fits, says what it means, and needs no colour."""
    monkeypatch.setenv("COLUMNS", columns)
    snapshot = snapshot_of(hospital())
    failures = [Subject("supplier", "steel"), Subject("supplier", "plasto")]
    show_impact(console(), impact(snapshot, failures, MONDAY), 10)
    show_critical(console(), joint_failures(snapshot_of(two_ways()), MONDAY), 1)
    shown = capsys.readouterr().out
    assert all(len(line) <= int(columns) for line in shown.splitlines())
    for expected in (
        r"tube at store +0\.5 +1 of 2 +\+3\.20 +\+2 +2 days",
        r"dear: hub-2 > store +5\.30 +4",
        r"kit at store +spare-kit +1:1 +2 +no +ada",
        r"Suppliers stopped further up: medi \(1 item\)",
        r"lane:a-store \+",
        r"\.\.\. and 3 more: --rows 4 shows all",
        "4 would leave demand without any source; 15 of 15 possible failures were tried",
    ):
        assert re.search(expected, shown), expected
    assert "\x1b" not in shown


def test_the_report_over_graphql(ask: Ask) -> None:
    """Totals, a page of pairs with their facts and rows, and the next page."""
    found = ask(REPORT, kind="LOCATION", key="north")["impact"]
    assert (["location:north"], "2026-03-02", "EUR") == (
        found["failures"], found["startsOn"], found["currency"]
    )  # fmt: skip
    page = found["affected"]
    (edge,) = page["edges"]
    assert ("cut off", 0) == (edge["node"]["state"], edge["node"]["daysUntilShort"])
    assert {"file": "locations.csv", "row": 2} in [f["source"] for f in edge["node"]["derivedFrom"]]
    seen, pairs = (
        [(edge["node"]["itemId"], edge["node"]["locationId"])],
        sum(total["pairs"] for total in found["totals"]),
    )
    while page["pageInfo"]["hasNextPage"]:
        after = page["pageInfo"]["endCursor"]
        page = ask(REPORT, kind="LOCATION", key="north", after=after)["impact"]["affected"]
        seen += [(e["node"]["itemId"], e["node"]["locationId"]) for e in page["edges"]]
    assert pairs == len(seen) == len(set(seen))


def test_single_points_over_graphql(ask: Ask) -> None:
    """The same subject as on the command line."""
    query = """{ singlePointsOfFailure(chain: "two_hubs") {
        edges { node { subject pairs daysUntilShort } } pageInfo { hasNextPage } } }"""
    found = ask(query)["singlePointsOfFailure"]
    assert [{"subject": "supplier:acme", "pairs": 1, "daysUntilShort": 0}] == [
        edge["node"] for edge in found["edges"]
    ]


@pytest.mark.parametrize(
    ("failures", "code"),
    [('[{kind: LANE, key: "x"}]', "SUBJECT_UNKNOWN"), ("[]", "FAILURES"),
     ('[{kind: PLANET, key: "x"}]', "QUERY_INVALID")],
)  # fmt: skip
def test_refusals_over_graphql(client: Client, failures: str, code: str) -> None:
    """The caller's fault, with the code of every surface."""
    query = f'{{ impact(chain: "two_hubs", failures: {failures}) {{ currency }} }}'
    (error,) = client.post("/graphql", json={"query": query}).json()["errors"]
    assert (code, "input") == (error["extensions"]["code"], error["extensions"]["fault"])


def test_the_guide_is_answered(ask: Ask, run: Any) -> None:
    """The GraphQL of the guide's section finds something, and its commands exist."""
    (document,) = re.findall(r"^~~~graphql\n(.*?)^~~~", SECTION, re.MULTILINE | re.DOTALL)
    found = ask(document)
    assert found["impact"]["affected"]["edges"]
    assert found["singlePointsOfFailure"]["edges"]
    for line in re.findall(r"^evenkeel impact ([^#\n]*)", SECTION, re.MULTILINE):
        assert 0 == run(*line.split())[0]
