"""A report through its doors: the command with its two files, and GraphQL."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from api.app import create_app
from api.command_line import main
from graph.login import Connection
from graph.transparency.report_verifier import verify
from service.house import House
from service.reporting.period import Period
from service.reporting.proofs import proofs_of, report_proofs
from service.reporting.report import make_report
from service.transparency import keys_of
from tests.api.conftest import TOKEN, Client
from tests.service.reporting.conftest import HOSTILE

DAYS = ("--since", "2020-01-01", "--until", "2099-12-31")
REPORT = """query($chain: String) { report(since: "2020-01-01", until: "2099-12-31", chain: $chain)
  { digest pageDigest document page event proofs } }"""
MAKE = """mutation { makeReport(input: {since: "2020-01-01", until: "2099-12-31"}) {
  ... on ReportMade { event report page replayed } ... on Refused { code } } }"""


@pytest.fixture
def at_home(house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house, which the environment names."""
    monkeypatch.setenv("EVENKEEL_HOME", str(house.settings.data_folder))
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    return house


def test_the_command_writes_what_log_verify_accepts(
    at_home: House, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Page and proofs; a changed page is refused; nothing is written over."""
    assert 0 == main(["report", *DAYS, "--no-prices", "--out", str(out)])
    proofs = out.with_name("report.html.proofs.json")
    key = keys_of(at_home, "local")[0].text
    check = ["log", "verify", str(proofs), "--artifact", str(out), "--key", key]
    assert 0 == main(check)
    assert "report       2020-01-01 to 2099-12-31" in capsys.readouterr().out
    assert 2 == main(["report", *DAYS, "--out", str(out)])
    out.write_text(out.read_text("utf-8").replace("1 row discarded", "0 rows discarded"), "utf-8")
    assert 1 == main(check)
    assert 2 == main(["report", "--since", "2026-02-30", "--until", "2026-03-01"])


def test_graphql_gives_the_same_report(house: House) -> None:
    """Document, page and, once it is logged and signed, its proofs."""
    with start_blocking_portal() as portal:
        client = Client(portal, create_app(house, TOKEN))

        def ask(query: str, **variables: Any) -> dict[str, Any]:
            answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
            assert "errors" not in answer, answer
            found: dict[str, Any] = answer["data"]
            return found

        before = ask(REPORT, chain="other")["report"]
        assert (None, None) == (before["event"], before["proofs"])
        assert HOSTILE in json.dumps(before["document"], ensure_ascii=False).replace('\\"', '"')
        made = ask(MAKE)["makeReport"]
        assert not made["replayed"]
        assert made["event"] is not None
    event = house.projection.log.read(after=int(made["event"]) - 1, limit=1)[0]
    assert (made["report"], made["page"]) == (event.payload["report"], event.payload["page"])


def test_proofs_are_told_once_a_checkpoint_holds_the_report(house: House) -> None:
    """Before that there are none; nothing is signed by asking."""
    made = make_report(house, Period(date(2020, 1, 1), date(2099, 12, 31)), "local", "other")
    assert (made.event, None) == (proofs_of(house, made)[0].event, proofs_of(house, made)[1])
    proofs = report_proofs(house, made, "local")
    assert proofs.decode() == proofs_of(house, made)[1]
    verify(proofs, [keys_of(house, "local")[0].text], artifact=made.page.encode())
