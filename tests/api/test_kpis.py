"""Key figures and stock on the command line and over GraphQL."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.command_line import app
from api.commands.kpi import grouped, shown, sparkline
from graph.login import Connection
from ontology.errors import InputError
from ontology.kpis import DEFINITIONS
from service.house import House
from service.kpis.value import Counted, Kpi
from tests.api.conftest import CHAIN, Ask, Client

IDS = [definition.id for definition in DEFINITIONS]
FIGURES = """
query($chain: String!, $plan: String, $after: String) {
  kpis(chain: $chain, plan: $plan) {
    id version unit value numerator denominator reason rowCount
    rows(first: 2, after: $after) { edges { node { uri } } pageInfo { hasNextPage endCursor } }
  }
}"""


@pytest.fixture
def run(house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the shared service, and gives its standard output."""
    for name, value in (
        ("EVENKEEL_HOME", str(house.settings.data_folder)), ("NEO4J_URI", connection.uri),
        ("NEO4J_USER", connection.user), ("NEO4J_PASSWORD", connection.password),
        ("COLUMNS", "100"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert 0 == done.exit_code
        return done.stdout

    return command


def test_figures_of_facts_and_of_a_plan(run: Any, digest: str) -> None:
    """Every definition has a row, with a value or a reason, of the facts and of the plan."""
    facts = json.loads(run("kpis", "--chain", CHAIN, "--json"))
    plan = json.loads(run("kpis", "--chain", CHAIN, "--plan", digest, "--json"))
    for found in (facts["kpis"], plan["kpis"]):
        assert IDS == [row["id"] for row in found]
        assert all((row["value"] is None) == bool(row["reason"]) for row in found)
    assert {"3.16", "3.50"} == {
        row["value"] for d in (facts, plan) for row in d["kpis"] if row["id"] == "carrying-cost"
    }


def test_a_table_for_people(run: Any) -> None:
    """What cannot be computed says so in the table; nothing is shown as zero instead."""
    shown = run("kpis", "--chain", CHAIN)
    assert all(name in shown for name in IDS)
    assert "not computable: no DemandObservation" in " ".join(shown.split())


def test_the_rows_behind_a_figure(run: Any) -> None:
    """Rows are listed, and pages continue where the one before ended."""
    whole = run("kpis", "--chain", CHAIN, "--behind", "carrying-cost", "--json")
    rows = json.loads(whole)["rows"]
    assert len(rows) == json.loads(whole)["row_count"] == 9
    page = run("kpis", "--chain", CHAIN, "--behind", "carrying-cost", "--after", "3", "--json")
    assert rows[3:] == json.loads(page)["rows"]
    assert "StockPosition/gadget/south/G1" in run("kpis", "--behind", "carrying-cost")


def test_graphql_gives_the_same_figures(ask: Ask, run: Any, digest: str) -> None:
    """The command line and GraphQL agree on every value, reason and count."""
    for plan in (None, digest):
        told = ask(FIGURES, chain=CHAIN, plan=plan)["kpis"]
        printed = json.loads(run("kpis", "--chain", CHAIN, "--plan", plan or "", "--json"))["kpis"]
        for one, other in zip(told, printed, strict=True):
            assert one["rowCount"] == other["row_count"]
            assert all(one[k] == other[k] for k in ("id", "version", "unit", "value", "reason"))


def test_each_row_is_something_that_has_an_id(ask: Ask, digest: str) -> None:
    """The rows of figures are nodes: facts of the chain, and lines or shortfalls of the plan."""
    for plan in (None, digest):
        found = ask(FIGURES, chain=CHAIN, plan=plan)["kpis"]
        uris = {edge["node"]["uri"] for kpi in found for edge in kpi["rows"]["edges"]}
        assert uris
        for uri in uris:
            assert ask("query($id: ID!) { node(id: $id) { id } }", id=uri)["node"], uri


def test_pages_over_graphql(ask: Ask) -> None:
    """Asked for alone, a figure's rows go on behind the cursor, to the end."""
    query = """query($after: String) { kpis(chain: "two_hubs", ids: ["carrying-cost"]) {
      rows(first: 4, after: $after) {
        edges { node { uri } } pageInfo { hasNextPage endCursor } } } }"""
    found, cursor, more = [], None, True
    while more:
        (kpi,) = ask(query, after=cursor)["kpis"]
        found += [edge["node"]["uri"] for edge in kpi["rows"]["edges"]]
        cursor, more = kpi["rows"]["pageInfo"]["endCursor"], kpi["rows"]["pageInfo"]["hasNextPage"]
    assert 9 == len(found) == len(set(found))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(f'plan: "{"0" * 64}"', "PLAN_UNKNOWN"), ('ids: ["no-such"]', "KPI_UNKNOWN")],
)
def test_what_is_unknown_has_a_code(client: Client, arguments: str, code: str) -> None:
    """A plan or a figure that is not there is the caller's fault, with a code."""
    query = f'{{ kpis(chain: "two_hubs", {arguments}) {{ id }} }}'
    (error,) = client.post("/graphql", json={"query": query}).json()["errors"]
    assert (code, "input") == (error["extensions"]["code"], error["extensions"]["fault"])


def test_stock_day_by_day(run: Any, digest: str, tmp_path: Path) -> None:
    """A row a place, a block a day; the same in JSON and as a plot."""
    path = tmp_path / "stock.svg"
    shown = run("stock", "widget", "--plan", digest, "--days", "3", "--plot", str(path))
    assert "north" in shown
    assert "south" in shown
    assert path.read_bytes().startswith(b"<?xml")
    days = json.loads(run("stock", "widget", "--chain", CHAIN, "--days", "3", "--json"))["days"]
    assert ["7.00", "6.00", "5.00"] == [d["stock"] for d in days if d["location"] == "north"]


@pytest.mark.parametrize(("days", "expected"), [(Fraction(1701), "1,701"), (Fraction(3, 2), "1.5")])
def test_whole_days_have_no_decimals(days: Fraction, expected: str) -> None:
    """A count of days is whole for a person; a mean keeps its decimal."""
    definition = next(each for each in DEFINITIONS if each.id == "stockout-days")
    assert expected == shown(Kpi(definition, Counted(days, Fraction(1), ())))


def test_sparkline() -> None:
    """Nothing is the lowest block, the greatest the highest; all nothing is low throughout."""
    assert "▁▅█▁" == sparkline([0, 4, 7, -3])
    assert "▁▁" == sparkline([0, -1])
    assert ["12,345.60", "-1,000", "0.5"] == [grouped(t) for t in ("12345.60", "-1000", "0.5")]


def test_a_map_without_coordinates_is_refused(run: Any, digest: str, tmp_path: Path) -> None:
    """A plan whose locations state no coordinates has no map: said before anything is printed."""
    with pytest.raises(InputError) as refusal:
        run("show", digest, "--plot", str(tmp_path / "map.png"))
    assert "PLOT_NO_COORDINATES" == refusal.value.code
    with pytest.raises(InputError) as refusal:
        run("stock", "widget", "--chain", CHAIN, "--plot", str(tmp_path / "stock.gif"))
    assert "PLOT_FORMAT" == refusal.value.code
    assert [] == list(tmp_path.iterdir())
