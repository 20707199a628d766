"""The walk of docs/provenance.md works as written; trace, recall and replay as commands."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from api.commands.replay import exit_status
from ontology.canonical import digest_of
from service.audit.replay import DIFFERS, NOT_MADE, SAME, Replayed
from service.house import House
from tests.api.conftest import Ask, Client
from tests.api.test_command_line import Run, home, run
from tests.api.test_guide import has_content

__all__ = ["home", "run"]  # the fixtures of the command line

GUIDE = (Path(__file__).parents[2] / "docs" / "provenance.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(graphql)?\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if not kind for line in block.splitlines()]
DOCUMENTS = [block for kind, block in BLOCKS if kind]
COUNT = "two_hubs/StockPosition/widget/north/W1"
FORMS = ("prov-json", "json-ld", "trig")


def test_there_are_commands_for_each_step() -> None:
    """Eight steps, none without a command but the one that opens the file."""
    steps = GUIDE.split("\n## ")[1:]
    assert [f"{n}." for n in range(1, 9)] == [step.split()[0] for step in steps[:8]]
    assert ["3."] == [step.split()[0] for step in steps[:8] if "```\nevenkeel" not in step]
    assert all(command.startswith("evenkeel ") for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_walk_works(home: Path, run: Run, command: str) -> None:
    """Each command of the guide ends well and says something; with `--json`, too."""
    words = shlex.split(command)[1:]
    ran = run(*words)
    assert (0, True) == (ran.status, bool(ran.out.strip())), ran.err
    if "--format" not in words:
        assert run(*words, "--json").document


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_document_of_the_walk_finds_something(ask: Ask, number: int) -> None:
    """Each GraphQL document of the guide is answered without an error, and not with nothing."""
    assert any(has_content(part) for part in ask(DOCUMENTS[number]).values())


def test_the_truck_leads_to_the_cell(home: Path, run: Run) -> None:
    """The path of a line names a row of a file, and that row leads back to the line's plan."""
    found = run("trace", "latest", "1", "--json").document
    decisive = [edge["target"] for edge in found["edges"] if edge["role"] == "decisive"]
    rows = {edge["target"] for edge in found["edges"]
            if edge["source"] in decisive and edge["target"].startswith("row:")}  # fmt: skip
    assert rows
    for row in rows:
        _, file, number = row.split("/")
        back = run("trace", "--row", f"{file}:{number}", "--json").document
        plans = [plan for fact in back["facts"] for plan in fact["read"]["plans"]]
        digest = found["root"].split(":")[1].split("/")[0]
        assert [1] == [line["number"] for plan in plans if plan["plan"] == digest
                       for line in plan["lines"] if line["number"] == 1]  # fmt: skip


def test_recall_tells_the_command_that_goes_on(home: Path, run: Run) -> None:
    """Following what each page says leads over all plans, with the question as it was asked."""
    assert 0 == run("edit", "--chain", "two_hubs", "--pin", "3=2").status
    whole = run("recall", COUNT, "--list", "--first", "50", "--json").document["plans"]
    words, found = ["recall", COUNT, "--list", "--first", "1"], []
    while words:
        told = run(*words)
        found.append(len(re.findall("^(?:decisive|touched): plan", told.out, re.MULTILINE)))
        after = re.search("^more: evenkeel (.*)$", told.err, re.MULTILINE)
        words = shlex.split(after[1]) if after else []
        assert not words or words[:5] == ["recall", COUNT, "--list", "--first", "1"]
    assert [1] * len(whole) == found  # and no page that has nothing
    assert len(found) > 1


@pytest.mark.parametrize("form", FORMS)
def test_a_document_is_written_once(home: Path, run: Run, tmp_path: Path, form: str) -> None:
    """`-o` writes what would be printed, into a new file alone."""
    path = tmp_path / "prov"
    asked = ("trace", "latest", "--chain", "two_hubs", "--format", form)
    assert 0 == run(*asked, "-o", path).status
    assert run(*asked).out == path.read_text("utf-8")
    assert 1 == run(*asked, "-o", path).status


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("trace",), "USAGE"), (("trace", "1", "--fact", COUNT), "USAGE"),
        (("trace", "latest", "--touched"), "USAGE"), (("trace", "latest", "0"), "LINE_UNKNOWN"),
        (("trace", "1", "--format", "turtle"), "UNKNOWN_FORMAT"),
        (("trace", "--fact", "two_hubs/Lane/none"), "FACT_UNKNOWN"),
        (("trace", "--row", "stock.csv"), "USAGE"),
        (("trace", "--row", "none.csv:2"), "FILE_UNKNOWN"),
        (("recall", "two_hubs/Lane/none"), "FACT_UNKNOWN"),
        (("recall", COUNT, "--after", "x"), "USAGE"),
        (("recall", COUNT, "--between", "monday", "today"), "BAD_TIME"),
        (("recall", COUNT, "--instead", "else"), "INSTEAD_UNKNOWN"),
        (("replay", "latest", "--chain", "none"), "PLAN_UNKNOWN"),
        (("replay", "--all", "--chain", "none"), "CHAIN_UNKNOWN"),
        (("replay", "abcd", "--all"), "USAGE"), (("replay", "ffffffff"), "PLAN_UNKNOWN"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_one_line(
    home: Path, run: Run, words: tuple[str, ...], code: str
) -> None:
    """Exit status 2, a code and a cure; no traceback."""
    ran = run(*words, "--json")
    assert (2, code) == (ran.status, ran.document["error"]["code"])
    assert ran.document["error"]["hint"]
    assert run(*words).err.startswith("error: ")


def test_a_bundle_is_made_again_without_a_database(
    home: Path, house: House, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 for the same bytes, 1 with place and values for a change, 2 for what is missing."""
    from service.bundle import export_plan

    entry = house.catalog.plans("two_hubs").rows[0]
    folder = tmp_path / "bundle"
    export_plan(house.store, house.store.get_document(entry.artifact), folder)
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    assert (0, SAME) == (
        run("replay", folder).status,
        run("replay", folder, "--json").document["status"],
    )
    document = json.loads((folder / "plan.json").read_text())
    document["decision"]["lines"][0]["quantity_units"] += 1
    document["plan_digest"] = digest_of(document["decision"])
    (folder / "plan.json").write_text(json.dumps(document))
    ran = run("replay", folder)
    assert (1, True) == (ran.status, "decision.lines[0].quantity_units" in ran.out)
    name = document["about"]["artifacts"]["snapshot"]
    (folder / "artifacts" / name[:2] / name[2:]).unlink()
    ran = run("replay", folder)
    assert (2, True) == (ran.status, name in ran.out)
    shutil.rmtree(folder / "artifacts")
    assert 2 == run("replay", folder, "--json").status


def test_the_exit_status_of_many() -> None:
    """Another decision goes before one that could not be made, and that before all is well."""
    one = {status: Replayed("p", "c", "r", status) for status in (SAME, DIFFERS, NOT_MADE)}
    assert [0, 0, 2, 1] == [exit_status([one[s] for s in statuses]) for statuses in (
        (), (SAME, SAME), (SAME, NOT_MADE), (SAME, NOT_MADE, DIFFERS))]  # fmt: skip


RECALL = """query($fact: String!, $n: Int!, $after: String, $again: Boolean!) {
  recall(fact: $fact, first: $n, after: $after, decideAgain: $again) {
    versions { event } lookedAt
    plans { edges { node { plan standing lineCount lines { number state }
      otherwise { costCentsAfter } } } pageInfo { hasNextPage endCursor } } } }"""
TOUCHED = """query($plan: String!, $n: Int!, $after: String) {
  touched(plan: $plan, line: 1, first: $n, after: $after) {
    edges { node { uri event } } pageInfo { hasNextPage endCursor } } }"""


def paged(ask: Ask, query: str, field: str, inner: str = "", **asked: Any) -> list[Any]:
    """All nodes of a connection, one page after the other."""
    found, after = [], None
    while True:
        part = ask(query, after=after, **asked)[field]
        page = part[inner] if inner else part
        found += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


@pytest.mark.parametrize("fact", [COUNT, "two_hubs/Offer/shady/gadget/north"])
def test_graphql_recalls_what_the_command_does(home: Path, run: Run, ask: Ask, fact: str) -> None:
    """The same plans in the same order, in pages of one or at once."""
    told = run("recall", fact, "--json", "--list", "--first", "50").document["plans"]
    expected = [(plan["plan"], plan["standing"], plan["line_count"]) for plan in told]
    assert expected
    for size in (1, 5):
        found = paged(ask, RECALL, "recall", "plans", fact=fact, n=size, again=False)
        assert expected == [(each["plan"], each["standing"], each["lineCount"]) for each in found]


def test_graphql_touches_what_the_command_does(run: Run, home: Path, ask: Ask, digest: str) -> None:
    """The same facts, in pages of two or at once."""
    told = run("trace", digest, "1", "--touched", "--first", "200", "--json").document["facts"]
    for size in (2, 100):
        found = paged(ask, TOUCHED, "touched", plan=digest, n=size)
        assert [(f["uri"], f["event"]) for f in told] == [(f["uri"], f["event"]) for f in found]


def test_round_trips_of_a_recall_do_not_grow(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One plan or all: the same number of reads of the database, and that number."""
    from graph import statements

    real, counted = statements.read, []

    def counting(driver: Driver, name: str, parameters: Any) -> Any:
        counted.append(name)
        return real(driver, name, parameters)

    monkeypatch.setattr("graph.fact_readers.read", counting)
    for rows in (3, 5):
        counted.clear()
        ask(RECALL, fact=COUNT, n=rows, again=False)
        assert [
            "readers_versions",
            "readers_decisive",
            "readers_plans",
            "readers_events",
        ] == counted
    ask_digest = """{ plans(chain: "two_hubs", first: 1) { edges { node { digest } } } }"""
    plan = ask(ask_digest)["plans"]["edges"][0]["node"]["digest"]
    counted.clear()
    ask(TOUCHED, plan=plan, n=5)
    assert [] == counted


def test_a_recall_decides_at_most_five_again(client: Client) -> None:
    """More at once is refused before anything is made."""
    sent = client.post("/graphql", json={"query": RECALL, "variables": {
        "fact": COUNT, "n": 6, "again": True}}).json()  # fmt: skip
    assert "PAGE_SIZE" == sent["errors"][0]["extensions"]["code"]
