"""Who attacks what governs: other chains' releases and stops, forged documents, others' keys."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from governance.reasons import LONGEST_TEXT
from governance.scopes import Scope
from rules.differences import differences
from rules.implies import implies
from rules.lint import lint
from rules.release import Release, default_release
from service.governing import releasing
from service.house import House
from tests.access.doors.asking import person
from tests.access.guarded_chain import CANARY, FULL, OPEN, ZONE_PLACE
from tests.api.conftest import TOKEN, Client

SHIPPED = default_release()
WHOLE: dict[str, Any] = {"regions": (), "suppliers": (), "families": (), "classes": ("*",),
                         "zones": ("*",)}  # fmt: skip
LOOSER = replace(SHIPPED, version="looser", knobs={**SHIPPED.knobs, "rounds": 7}, shapes={
    name: text for name, text in SHIPPED.shapes.items() if name != "open-lane.ttl"})  # fmt: skip
WORDS = """query($new: String!, $old: String!) {
  policyDifference(new: $new, old: $old) { subject kind told effect }
  policyImplies(new: $new, old: $old) { verdict notDecided { rule why }
    counterexamples { rule className record facts flaws } }
  policyFindings(release: $new) { rule code what file row hint } }"""
RELEASES = """{ policyReleases { digest status reason scope { chain regions families }
  canary { scope { chain regions families } } } }"""
PROPOSE = """mutation($input: ProposeReleaseInput!) { result: proposeRelease(input: $input) {
  __typename ... on ReleaseDecided { event replayed } ... on Refused { code message } } }"""
STOP = """mutation($input: StopInput!) { result: stop(input: $input) {
  __typename ... on AutonomyDecided { event replayed } ... on Refused { code message } } }"""


@pytest.fixture(scope="module")
def someone(house: House, app: Any, portal: BlockingPortal) -> Callable[..., Client]:
    """A client of a person of their own with a role; without limits, cleared for everything."""

    def made(name: str, role: str, **limits: Any) -> Client:
        secret, _ = person(house, f"{name} who governs", role, **(limits or WHOLE))
        return Client(portal, app, secret)

    return made


@pytest.fixture(scope="module")
def owner(app: Any, portal: BlockingPortal) -> Client:
    return Client(portal, app, TOKEN)


@pytest.fixture(scope="module")
def proposed(house: House) -> dict[str, Release]:
    """Releases for both chains, for a part that names what is hidden, and for all."""
    scopes = {"hidden": Scope(FULL), "part": Scope(FULL, (ZONE_PLACE,)), "mine": Scope(OPEN),
              "all": Scope()}  # fmt: skip
    found = {name: replace(SHIPPED, version=f"seen {name}") for name in scopes}
    for name, scope in scopes.items():
        releasing.propose(house, found[name], f"{CANARY} of {name}", "ada", scope)
    releasing.propose(house, LOOSER, "less", "ada")
    return {**found, "looser": LOOSER}


def told(answer: Any) -> list[tuple[str, str]]:
    """What errors say, wherever: which field is refused first is nobody's to say."""
    return [(error["message"], error["extensions"]["code"]) for error in answer["errors"]]


def ask(client: Client, query: str, **variables: Any) -> dict[str, Any]:
    """The whole answer."""
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = client.post("/graphql", json=body).json()
    assert "INTERNAL" not in json.dumps(answer), answer
    return answer


def code(answer: dict[str, Any]) -> str:
    """The code of a refusal, as an error or as an outcome; empty where there is none."""
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    result = answer["data"].get("result") or {}
    return str(result.get("code", ""))


def test_what_releases_say_is_told_as_by_the_commands(
    owner: Client, proposed: dict[str, Release]
) -> None:
    """The difference in words, what is newly permitted by example, and what lint finds."""
    told = ask(owner, WORDS, new=LOOSER.digest, old=SHIPPED.digest)["data"]
    assert [one.told for one in differences(SHIPPED, LOOSER)] == [
        one["told"] for one in told["policyDifference"]]  # fmt: skip
    assert {"rule removed", "knob set"} <= {one["kind"] for one in told["policyDifference"]}
    found = implies(LOOSER, SHIPPED)
    assert "permits more" == found.verdict == told["policyImplies"]["verdict"]
    documents = [one.to_document() for one in found.counterexamples]
    assert [(one["rule"], one["class"], one["record"], one["facts"]) for one in documents] == [
        (one["rule"], one["className"], one["record"], one["facts"])
        for one in told["policyImplies"]["counterexamples"]
    ]  # fmt: skip
    assert [one.code for one in lint(LOOSER)] == [one["code"] for one in told["policyFindings"]]
    same = ask(owner, WORDS, new="", old="")["data"]
    assert ([], "permits nothing new") == (same["policyDifference"],
                                           same["policyImplies"]["verdict"])  # fmt: skip
    assert "RELEASE_UNKNOWN" == code(ask(owner, WORDS, new="0" * 64, old=""))


def test_a_knob_is_told_with_what_it_means(owner: Client) -> None:
    fields = "name value title unit default least most range"
    found = ask(owner, f"{{ release {{ knobs {{ {fields} }} }} }}")["data"]["release"]["knobs"]
    assert [
        {"name": name, "value": str(SHIPPED.knobs[name]), "title": knob.title, "unit": knob.unit,
         "default": str(knob.default), "least": knob.least, "most": knob.most, "range": knob.range}
        for name, knob in SHIPPED.definitions.items()
    ] == [
        {**one, "least": _number(one["least"]), "most": _number(one["most"])} for one in found
    ]  # fmt: skip


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def test_releases_of_other_chains_and_hidden_parts_are_told_to_nobody_else(
    someone: Callable[..., Client], proposed: dict[str, Release]
) -> None:
    """Neither in lists nor by digest or beginning, with the same words as of what never was."""
    cleared = someone("cleared", "governor")
    every = {one["digest"] for one in ask(cleared, RELEASES)["data"]["policyReleases"]}
    assert {one.digest for one in proposed.values()} <= every
    readers = {
        "of another chain": (someone("other", "governor", chain=OPEN, **WHOLE), {"mine", "all"}),
        "not cleared": (someone("uncleared", "analyst", regions=("north",)),
                        {"hidden", "mine", "all"}),
    }  # fmt: skip
    for name, (client, expected) in readers.items():
        answer = ask(client, RELEASES)
        seen = {one["digest"] for one in answer["data"]["policyReleases"]}
        assert {name for name, one in proposed.items() if one.digest in seen} == {
            *expected, "looser"}, name  # fmt: skip
        assert ZONE_PLACE not in json.dumps(answer)
        for hidden in set(proposed) - expected - {"looser"}:
            digest = proposed[hidden].digest
            one = "query($d: String!) { policyRelease(digest: $d) { digest } }"
            assert ask(client, one, d=digest) == ask(client, one, d="0" * 64)
            words = [ask(client, WORDS, new=each, old="") for each in (digest, "0" * 64)]
            assert told(words[0]) == told(words[1])
            assert "ACCESS_DENIED" == code(words[0])
    other = readers["of another chain"][0]
    for chain in (FULL, "nowhere"):
        asked = f"(chain: {json.dumps(chain)})"
        for root in ("release% { digest }", "policyInForce% { whole }", "policyFindings% { rule }"):
            assert "ACCESS_DENIED" == code(ask(other, "{ " + root.replace("%", asked) + " }"))
    partner = someone("a partner", "partner", suppliers=("acme",))
    for query in (RELEASES, "{ policyFindings { rule } }", "{ schedule { name } }"):
        assert "ACCESS_DENIED" == code(ask(partner, query))


def test_what_is_hidden_does_not_count_among_those_that_begin_so(
    house: House, someone: Callable[..., Client], proposed: dict[str, Release]
) -> None:
    """Neither that there are several, nor that there is one, is told by what is decided."""
    governor = someone("counting", "governor", chain=OPEN, **WHOLE)
    withdraw = """mutation($input: EndReleaseInput!) { result: endRelease(input: $input) {
      __typename ... on ReleaseDecided { release } ... on Refused { code message } } }"""
    end = {"how": "WITHDRAW", "reason": "no more", "dryRun": True}
    told = {code(ask(governor, withdraw, input={**end, "release": name})) for name in (
        "evenkeel seen hidden", "evenkeel seen part", "evenkeel never was",
        proposed["hidden"].digest, "0" * 64)}  # fmt: skip
    assert {"ACCESS_DENIED"} == told
    done = ask(governor, withdraw, input={**end, "release": "evenkeel seen mine"})
    assert proposed["mine"].digest == done["data"]["result"]["release"]
    document = json.dumps(proposed["hidden"].to_document())
    again = ask(governor, PROPOSE, input={
        "document": document, "reason": "mine", "scope": {"chain": OPEN}})  # fmt: skip
    assert "RELEASE_KNOWN" == code(again)
    assert FULL not in json.dumps(again)


def test_ready_tells_no_other_chain_and_no_part(
    house: House, someone: Callable[..., Client], owner: Client, proposed: dict[str, Release]
) -> None:
    """What is in force by scope, of what the caller sees; parts to the machine's owner alone."""
    state = house.ledger.state()
    assert proposed["part"].digest in state.releases.cases
    told = owner.send("GET", "/ready").json()["serves"]["in_force"]
    other = someone("ready", "analyst", chain=OPEN, **WHOLE).send("GET", "/ready").json()
    assert {"everywhere"} <= set(told)
    assert set(other["serves"]["in_force"]) <= {"everywhere", OPEN}


def forged() -> dict[str, str]:
    """Documents that are no release, or one that nobody could read or judge."""
    plain = SHIPPED.to_document()
    deep = "[" * 5_000
    turtle = plain["shapes"]["open-lane.ttl"]
    found: dict[str, Any] = {
        "empty": {}, "a list": [plain], "another format": {**plain, "format": "evenkeel-release/9"},
        "one name more": {**plain, "digest": SHIPPED.digest},
        "a number as a shape": {**plain, "shapes": {"a.ttl": 1}},
        "no turtle": {**plain, "shapes": {"a.ttl": "this is no turtle ("}},
        "deep turtle": {**plain, "shapes": {"a.ttl": f"{turtle}\n<x:a> <x:b> " + "[ <x:b> " * 999}},
        "deep policy": {**plain, "policies": {"a.toml": f"a = {deep}"}},
        "a knob out of range": {**plain, "knobs": {**plain["knobs"], "rounds": 10**6}},
        "a knob too large": {**plain, "knobs": {**plain["knobs"], "rounds": 2**63}},
        "a fraction": {**plain, "knobs": {**plain["knobs"], "rounds": 1.5}},
        "a long name": {**plain, "name": "n" * 1_000},
        "a name that moves the cursor": {**plain, "version": "1\x1b[2J"},
        "no name": {**plain, "version": ""},
        "a query that reaches out": {**plain, "shapes": {"a.ttl": turtle.replace(
            "sh:severity", 'sh:sparql [ sh:select "SELECT $this { SERVICE <http://x/> {} }" ] ; '
            "sh:severity", 1)}},
    }  # fmt: skip
    texts = {name: json.dumps(document) for name, document in found.items()}
    return texts | {"no JSON": "{", "deep JSON": deep, "half a pair": '{"format": "\\ud800"}'}


@pytest.mark.parametrize("name", sorted(forged()))
def test_a_forged_document_is_refused_by_a_code(
    house: House, someone: Callable[..., Client], name: str
) -> None:
    """Never by an error of the service's own; nothing is logged, and nothing kept."""
    governor = someone("forging", "governor")
    before = house.ledger.state()
    answer = ask(governor, PROPOSE, input={"document": forged()[name], "reason": "look"})
    assert code(answer) in {"RELEASE_BAD", "RDF_SYNTAX", "RDF_DEPTH", "RDF_REMOTE", "NUMBER_RANGE",
                            "RULE_NOT_EVALUATED", "NOT_JSON"}, answer  # fmt: skip
    assert before == house.ledger.state()


def test_a_rehearsal_keeps_nothing(house: House, someone: Callable[..., Client]) -> None:
    """Of a dry run there is neither an event nor an artifact, and its key stays free."""
    governor = someone("rehearsing", "governor")
    release = replace(SHIPPED, version="rehearsed")
    given = {"document": json.dumps(release.to_document()), "reason": "to see",
             "idempotencyKey": "a key of mine"}  # fmt: skip
    before = house.ledger.state()
    told = ask(governor, PROPOSE, input={**given, "dryRun": True})["data"]["result"]
    assert {"__typename": "ReleaseDecided", "event": None, "replayed": False} == told
    assert (before, False) == (house.ledger.state(), house.store.has(release.digest))
    done = ask(governor, PROPOSE, input=given)["data"]["result"]
    assert done["event"]
    assert house.store.has(release.digest)


def test_a_text_too_long_is_kept_nowhere(house: House, someone: Callable[..., Client]) -> None:
    """It would stand in every refusal that it gives a reason for."""
    governor, long = someone("long-winded", "governor"), "x" * (LONGEST_TEXT + 1)
    release = replace(SHIPPED, version="talkative")
    document = json.dumps(release.to_document())
    before = house.ledger.state()
    for query, given in ((PROPOSE, {"document": document}), (STOP, {"scope": {"chain": OPEN}})):
        assert "TEXT_TOO_LONG" == code(ask(governor, query, input={**given, "reason": long}))
    assert before == house.ledger.state()
    assert not house.store.has(release.digest)


LIMITED = [
    ({"regions": ("north",)}, {"regions": ["north"]}, True),
    ({"regions": ("north",)}, {}, False),
    ({"regions": ("north",)}, {"regions": ["north", "south"]}, False),
    ({"regions": ("north",)}, {"families": ["hardware"]}, False),
    ({"families": ("hardware",)}, {"families": ["hardware"], "regions": ["south"]}, True),
    ({"suppliers": ("acme",)}, {"regions": ["north"]}, False),
    ({"chain": FULL}, {}, False),
]


@pytest.mark.parametrize("number", range(len(LIMITED)))
def test_a_limited_grant_stops_what_lies_in_it_alone(
    house: House, someone: Callable[..., Client], number: int
) -> None:
    """A stop voids approvals and lowers levels: no more than the grant reaches, of no other chain.

    The same for who lowers a level.
    """
    limits, scope, may = LIMITED[number]
    planner = someone(f"limited {number}", "planner", **{"chain": OPEN, **limits})
    given = {"scope": {"chain": OPEN, **scope}, "reason": "a test", "dryRun": True}
    lower = """mutation($input: AutonomyInput!) { result: lowerAutonomy(input: $input) {
      __typename ... on Refused { code } } }"""
    for answer in (ask(planner, STOP, input=given),
                   ask(planner, lower, input={**given, "level": "OBSERVE"})):  # fmt: skip
        assert ("" if may else "ACCESS_DENIED") == code(answer), answer
    everything = {**given, "scope": {"chain": "*", **scope}}
    assert "ACCESS_DENIED" == code(ask(planner, STOP, input=everything))


def test_a_key_of_somebody_else_is_another_key(
    house: House, someone: Callable[..., Client]
) -> None:
    """Nobody is told another's answer, and none is used up for them."""
    given = {"scope": {"chain": OPEN, "regions": ["north"]}, "reason": "scales",
             "idempotencyKey": "one that is easily guessed"}  # fmt: skip
    first, second = someone("Ann", "planner"), someone("Ben", "planner")
    mine = ask(first, STOP, input=given)["data"]["result"]
    assert (True, False) == (mine["event"] is not None, mine["replayed"])
    theirs = ask(second, STOP, input=given)["data"]["result"]
    assert theirs["event"] != mine["event"]
    again = ask(first, STOP, input=given)["data"]["result"]
    assert (mine["event"], True) == (again["event"], again["replayed"])
    stop = house.ledger.state().stops.stop(int(mine["event"]))
    assert 1 == sum(each.scope == stop.scope for each in house.ledger.state().stops.standing)
    resume = "mutation($input: ResumeInput!) { result: resume(input: $input) { __typename } }"
    ask(someone("Carl", "governor"), resume, input={"stop": stop.number, "reason": "new scales"})


def test_no_stop_plan_or_delegation_of_another_chain(
    house: House, someone: Callable[..., Client]
) -> None:
    """By number, by digest, or by saying that it is of one's own chain: as if there were none."""
    hidden = ask(someone("elsewhere", "planner", chain=FULL, **WHOLE), STOP, input={
        "scope": {"chain": FULL}, "reason": "hidden"})["data"]["result"]["event"]  # fmt: skip
    mine = someone("here", "governor", chain=OPEN, **WHOLE)
    resume = "mutation($input: ResumeInput!) { result: resume(input: $input) { __typename } }"
    plans = [house.catalog.plans(FULL).rows[0].plan.digest, "0" * 64]
    asked = [(resume, {"stop": int(number), "reason": "mine now"}) for number in (hidden, 9_999)]
    for name, kind in (("submitPlan", "PlanReasonInput"), ("approvePlan", "DecideInput"),
                       ("voidApproval", "PlanReasonInput"), ("commentPlan", "PlanReasonInput"),
                       ("reportCarriedOut", "CarriedOutInput")):  # fmt: skip
        mutation = f"mutation($input: {kind}!) {{ result: {name}(input: $input) {{ __typename }} }}"
        asked += [(mutation, {"plan": plan, "reason": "mine now"}) for plan in plans]
    before = house.projection.log.head()
    told = [ask(mine, mutation, input=given) for mutation, given in asked]
    assert {"ACCESS_DENIED"} == {code(one) for one in told}
    assert 1 == len({json.dumps(one["errors"][0]["message"]) for one in told})
    for query in ("approval(plan: %s) { status }", "planAutonomy(plan: %s) { level }"):
        texts = [ask(mine, "{ " + query % json.dumps(plan) + " }") for plan in plans]
        assert {"ACCESS_DENIED"} == {code(one) for one in texts}
    for root in ("approvals(chain: %s) { edges { node { plan } } }", "autonomy(chain: %s) { by }",
                 "halted(chain: %s) { stops { reason } }"):  # fmt: skip
        texts = [ask(mine, "{ " + root % json.dumps(chain) + " }") for chain in (FULL, "nowhere")]
        assert {"ACCESS_DENIED"} == {code(one) for one in texts}
    assert before == house.projection.log.head()


def test_a_time_without_an_offset_is_refused(house: House, someone: Callable[..., Client]) -> None:
    """As a refusal with a code, and no power is handed over."""
    approver = someone("Dora", "approver")
    house.persons.pseudonym_of("Emil")
    given = {"chain": OPEN, "to": "Emil", "reason": "on leave"}
    delegate = """mutation($input: DelegateInput!) { result: delegateApproval(input: $input) {
      __typename ... on Refused { code } } }"""
    for until in ("2030-01-01T00:00:00", "0001-01-01T00:00:00Z"):
        answer = ask(approver, delegate, input={**given, "until": until})
        assert code(answer) in {"BAD_TIME", "DELEGATION_INVALID"}, answer
    assert () == house.ledger.state().approvals.delegations
