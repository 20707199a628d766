"""Approvals as people use them: the commands, and the inbox over GraphQL."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from api.app import create_app
from api.command_line import main
from graph.login import Connection
from service.governing import approving
from service.house import House
from tests.api.conftest import TOKEN, Client
from tests.approvals.conftest import CHAIN, granted, pallet_plan, status, submitted

BAD = "BAD_DAY"
Said = pytest.CaptureFixture[str]
INBOX = """query($after: String, $mine: Boolean!) { approvals(chain: "two_hubs", first: 1,
  status: WAITING, after: $after, waitingForMe: $mine) {
  edges { node { plan status submission demands { name people isMet } verdicts { person }
    reserved { units } } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def here(house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> House:
    """Commands reach the same service; Ann is an approver by her name."""
    monkeypatch.setenv("EVENKEEL_HOME", str(house.settings.home))
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    granted(house, house.persons.pseudonym_of("Ann"), "approver")
    return house


def told(capsys: Said, *words: str) -> dict[str, Any]:
    """What a command prints as a document."""
    assert main(["approvals", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


LEFT = """query($p: String!) { approval(plan: $p) { reserved { item location lot units departsOn }
  expected { item location units arrivesOn } } }"""


def both_tell(client: Client, capsys: Said, plan: str) -> list[int]:
    """Units that are reserved: GraphQL tells what `approvals show` does, and so what is to come."""
    case = asked(client, LEFT, p=plan)["approval"]
    found = told(capsys, "show", plan[:12])["left"]
    kept = [{"item": each["promise"]["item"], "location": each["promise"]["place"],
             "lot": each["promise"]["lot"], "units": each["committed"],
             "departsOn": each["promise"]["day"]}
            for each in found if each["committed"]]  # fmt: skip
    comes = [{"item": each["promise"]["item"], "location": each["promise"]["destination"],
              "units": each["expected"], "arrivesOn": each["promise"]["arrives_on"]}
             for each in found if each["expected"]]  # fmt: skip
    assert {"reserved": kept, "expected": comes} == case
    return [each["units"] for each in kept]


def test_a_plan_from_submission_to_its_end(here: House, client: Client, capsys: Said) -> None:
    """Submitted by Pia, approved by Ann, shown, and carried out: reserved until it is counted."""
    plan = pallet_plan(here, here.persons.pseudonym_of("Pia"))
    assert told(capsys, "submit", plan[:12], "--by", "Pia")["status"] == "waiting"
    assert [one["plan"] for one in told(capsys, "inbox", "--mine", "--by", "Ann")["approvals"]
            ] == [plan]  # fmt: skip
    assert main(["approvals", "approve", plan[:12], "--reason", "mine", "--by", "Pia"]) == 1
    assert "OWN_PLAN" in capsys.readouterr().err
    assert main(["approvals", "approve", plan[:12], "--reason", "mine", "--by", "pia"]) == 2
    assert "`pia` is known here as `Pia`" in capsys.readouterr().err
    assert main(["approvals", "approve", plan[:12], "--reason", "unnamed"]) == 2
    assert "PERSON_UNNAMED" in capsys.readouterr().err
    assert told(capsys, "comment", plan[:12], "has it been counted?", "--by", "Ben")["event"]
    assert main(["approvals", "approve", plan[:12], "--reason", "fine", "--by", "Ann"]) == 0
    assert "units reserved" in capsys.readouterr().out
    assert main(["approvals", "show", plan[:12]]) == 0
    shown = capsys.readouterr().out
    for text in ("is approved", "every plan", "Ann", "fine", "has it been counted?", "reserved: 5"):
        assert text in shown
    assert main(["approvals", "revalidate"]) == 0
    assert "every approved plan holds" in capsys.readouterr().out
    assert 5 in (before := both_tell(client, capsys, plan))
    assert told(capsys, "done", plan[:12], "--by", "Pia")["status"] == "carried out"
    assert before == both_tell(client, capsys, plan)
    assert main(["approvals", "void", plan[:12], "--reason", "too late", "--by", "Ann"]) == 1
    assert main(["approvals", "inbox", "--all"]) == 0


def test_power_is_handed_over_by_command(here: House, capsys: Said) -> None:
    """Dora approves by Ann's power until it is taken back."""
    plan, other = submitted(here), submitted(here, units=1)
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = told(capsys, "delegate", "Dora", "--until", until, "--reason", "on leave", "--by", "Ann")
    (verdict,) = told(capsys, "approve", plan[:12], "--reason", "for Ann", "--by", "Dora"
                      )["verdicts"]  # fmt: skip
    assert list(verdict["by"]) == [here.persons.pseudonym_of("Ann")]
    told(capsys, "take-back", str(made["delegation"]), "--by", "Ann")
    assert main(["approvals", "approve", other[:12], "--reason", "again", "--by", "Dora"]) == 2
    assert "ROLE_WANTED" in capsys.readouterr().err
    told(capsys, "return", other[:12], "--reason", "less, please", "--by", "Ann")
    assert status(here, other) == "returned"
    third = submitted(here, units=2)
    told(capsys, "decline", third[:12], "--reason", "no", "--by", "Ann")
    assert status(here, third) == "declined"


@pytest.fixture
def client(here: House) -> Iterator[Client]:
    """The service, its owner named Ann."""
    from dataclasses import replace

    named = replace(here, settings=here.settings.model_copy(update={"person": "Ann"}))
    with start_blocking_portal() as portal:
        yield Client(portal, create_app(named, TOKEN))


def asked(client: Client, query: str, **variables: Any) -> dict[str, Any]:
    """The data of an answer without errors."""
    sent = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in sent, sent["errors"]
    found: dict[str, Any] = sent["data"]
    return found


def test_the_inbox_is_paged_and_shows_what_waits_for_me(here: House, client: Client) -> None:
    mine = here.persons.pseudonym_of("Ann")
    plans = [submitted(here), submitted(here, mine, units=1), submitted(here, units=2)]
    found, after = [], None
    while True:
        page = asked(client, INBOX, after=after, mine=True)["approvals"]
        found += [edge["node"]["plan"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [plans[2], plans[0]]
    every = asked(client, INBOX, mine=False)["approvals"]["edges"][0]["node"]
    assert (every["plan"], every["reserved"]) == (plans[2], [])
    assert [one["isMet"] for one in every["demands"]] == [False]


def test_what_others_overtook_is_a_conflict(here: House, client: Client) -> None:
    """A round that is over, and a pallet that another plan has."""
    first, second = submitted(here), submitted(here)
    seen = here.ledger.state().approvals.case(first).submission
    decide = """mutation($input: DecideInput!) { approvePlan(input: $input) { __typename
      ... on ApprovalRecorded { status } ... on Conflict { code message } } }"""
    approving.void(here, first, "again", "pia")
    approving.submit(here, first, "pia")
    given = {"plan": first, "reason": "fine", "seen": seen}
    assert asked(client, decide, input=given)["approvePlan"]["code"] == "APPROVAL_STALE"
    del given["seen"]
    assert asked(client, decide, input=given)["approvePlan"]["status"] == "approved"
    told = asked(client, decide, input={**given, "plan": second})["approvePlan"]
    assert told["code"] == "UNITS_PROMISED"
    assert first[:12] in told["message"]
    case = asked(client, """query($p: String!) { approval(plan: $p) { chain reserved { item units
      location lot } remarks { kind person } } }""", p=first)["approval"]  # fmt: skip
    assert case["chain"] == CHAIN
    assert {"item": "widget", "units": 5, "location": "north", "lot": "W1"} in case["reserved"]
    assert case["remarks"][-1] == {"kind": "approval.given", "person": "Ann"}


def test_what_no_fact_knows_is_told_to_who_hands_power_over(here: House, client: Client) -> None:
    """As the command line warns."""
    here.persons.pseudonym_of("Dora")
    hand = """mutation($input: DelegateInput!) { delegateApproval(input: $input) {
      ... on ApprovalRecorded { unknown delegation } } }"""
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    given = {"chain": CHAIN, "to": "Dora", "reason": "leave", "regions": ["atlantis", "north"],
             "until": until}  # fmt: skip
    made = asked(client, hand, input=given)["delegateApproval"]
    assert made["unknown"] == ["no facts know the region `atlantis`"]
    approving.take_back(here, made["delegation"], here.persons.pseudonym_of("Ann"))


def test_a_day_of_departure_ahead_of_today_is_refused_on_both_surfaces(
    here: House, client: Client, capsys: Said
) -> None:
    plan = submitted(here)
    approving.approve(here, plan, "fine", "ben")
    today = datetime.now(UTC).date()
    done = """mutation($input: CarriedOutInput!) { reportCarriedOut(input: $input) {
      ... on Refused { code } ... on ApprovalRecorded { status } } }"""
    for day, what in ((today, {"status": "carried out"}), (today + timedelta(1), {"code": BAD})):
        given = {"plan": plan, "departedOn": str(day), "dryRun": True}
        assert asked(client, done, input=given)["reportCarriedOut"] == what
    assert main(["approvals", "done", plan[:12], "--on", str(today + timedelta(1))]) == 2
    assert main(["approvals", "done", plan[:12], "--on", "tomorrow"]) == 2
    assert capsys.readouterr().err.count(BAD) == 2
