"""What goes out by the other doors, what is logged of it, and that no secret is in any log."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from api.doors.changes import Followed
from graph.recovery.digests import digests
from graph.recovery.traces import files_that_say
from ontology.errors import AccessError
from ontology.goods import Item
from service.access import OWNER, Access, Caller
from service.doors.outbound import Change, Position, Wanted
from service.doors.registered import register
from service.house import House
from service.permits.exposures import every_exposure, exposed_keys
from service.permits.grants import end_grant, listed, who_could_see
from service.permits.service_tokens import ServiceTokens, revoke
from tests.access.doors.asking import CLEARED, EPOCH, follow, person, told
from tests.access.guarded_chain import (
    CLASS,
    FULL,
    OPEN,
    SECRET_SUPPLIER,
    give,
    load,
    planted,
)
from tests.api.conftest import TOKEN, Client
from tests.api.issuing import IssuerAtWork
from tests.service.doors.served import MAPPING

SUPPLIERS = '{ suppliers(chain: "chain_f") { edges { node { name country } } } }'


def test_changes_are_those_of_the_chain_without(house: House) -> None:
    """Who is not cleared is told of no hidden fact, and of the others as if these were not."""
    _, who = person(house, "follower", "analyst")
    mine = follow(house, Caller(who), Wanted(FULL, frozenset({"fact"})))
    without = follow(house, OWNER, Wanted(OPEN, frozenset({"fact"})))
    whole = follow(house, OWNER, Wanted(FULL))
    assert [] == planted(json.dumps([one.told for one in mine], default=str).encode())
    assert [] != planted(json.dumps([one.told for one in whole], default=str).encode())

    def plain(found: list[Change]) -> list[tuple[Any, ...]]:
        return [(one.told["outcome"], one.told["class"], one.told["key"], one.told["fields"],
                 one.at.row) for one in found if one.kind]  # fmt: skip

    assert plain(without) == plain(mine)
    lines = follow(house, Caller(who), Wanted(FULL, frozenset({"plan", "line", "shortfall"})))
    assert {"line", "shortfall"} == {one.kind for one in lines if one.kind}
    assert not [one for one in lines if "reason" in one.told.get("fields", ())]
    assert [] == planted(json.dumps([one.told for one in lines], default=str).encode())


@pytest.mark.parametrize("what", ["grant", "token", "login", "person"])
def test_a_follower_whose_grant_ends_is_told_no_more(
    house: House, known: tuple[Any, ...], at_work: IssuerAtWork, what: str
) -> None:
    """The stream ends with the grant, the token and the login, and once the person is erased."""
    secret, who = person(house, f"short {what}", "analyst")
    if what in ("login", "person"):
        house.persons.add_login(who, at_work.address, f"short {what}")
        secret = at_work.token(sub=f"short {what}")
    caller = next(filter(None, (knows(secret) for knows in known)))
    followed = Followed(Access(house).sight(caller), house, Position(0), Wanted(FULL), "/changes")
    assert followed.take(1)
    if what == "grant":
        end_grant(house, listed(house, who)[0].id, "over", "local")
    elif what == "token":
        revoke(house, caller.login.removeprefix("token "), "local")
    elif what == "login":
        house.persons.drop_login(at_work.address, "short login")
    else:
        house.persons.erase(who)
    with pytest.raises(AccessError):
        followed.take(1)


def test_deliveries_and_plans_name_who_asked(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """Law 3: the agent is the caller's pseudonym; who may not deliver is refused in one way."""
    path = house.settings.data_folder / "mapping.yaml"
    path.write_text(MAPPING.replace("SOURCE", "wms").replace("two_hubs", OPEN))
    register(house.settings.data_folder, path)
    secret, who = person(house, "deliverer", "integrator")
    body, media = b"item,location,lot,units\nwidget,north,N1,4\n", {"Content-Type": "text/csv"}
    sent = Client(portal, app, secret).post("/feeds/wms", content=body, headers=media)
    assert 200 == sent.status_code, sent.text
    (event,) = house.projection.log.read(after=sent.json()["event"] - 1, limit=1)
    assert who == event.agent
    other, _ = person(house, "reader", "analyst")
    refused = [Client(portal, app, other).post(f"/feeds/{name}", content=body, headers=media)
               for name in ("wms", "nowhere")]  # fmt: skip
    assert [403, 403] == [one.status_code for one in refused]
    assert refused[0].json() == refused[1].json()
    planner, pseudonym = person(house, "plan maker", "planner")
    query = ('mutation { makePlan(input: {chain: "chain_o", startsOn: "2026-03-03"}) '
             "{ ... on PlanMade { plan { agent digest } } } }")  # fmt: skip
    plan = told(Client(portal, app, planner), query)["data"]["makePlan"]["plan"]
    assert "plan maker" == plan["agent"]
    assert pseudonym == house.projection.log.read(after=house.projection.log.head().sequence - 1)[
        0].agent  # fmt: skip


@pytest.mark.parametrize(
    ("more", "count", "fields"),
    [
        ('columns: ["key"], where: {column: "priceMicros", is: MORE, values: ["1"]}', 3,
         ["key", "priceMicros"]),
        ('columns: ["key"], where: {none: [{column: "priceMicros", is: MORE, values: ["1"]}]}', 1,
         ["key", "priceMicros"]),
        ('columns: ["key"], where: {column: "key", is: EQUAL, values: ["nothing"]}', 0, []),
        ('columns: ["key"], orderBy: [{column: "priceMicros"}]', 3, ["key", "priceMicros"]),
        ('by: [{column: "item"}], measures: [{name: "n", told: MOST, column: "priceMicros"}]', 3,
         ["item", "priceMicros"]),
    ],
)  # fmt: skip
def test_a_table_is_logged_with_all_that_a_question_looks_at(
    house: House, app: Any, portal: BlockingPortal, more: str, count: int, fields: list[str]
) -> None:
    """A price is told by a condition, an order, a sum and an empty answer, as by itself."""
    secret, who = person(house, f"asks with {more[:40]}{count}", "auditor", **CLEARED)
    root = "groups" if "measures" in more else "rows"
    table = f'{{facts: {{chain: "{FULL}", className: "Offer"}}, {more}}}'
    query = f"{{ {root}(of: {table}) {{ edges {{ node {{ cells }} }} }} }}"
    assert "errors" not in told(Client(portal, app, secret), query)
    shown = [one for event in every_exposure(house, EPOCH) if event.agent == who
             for one in event.payload["shown"]]  # fmt: skip
    expected = [{"chain": FULL, "class": "Offer", "count": count, "fields": fields}]
    assert (expected if count else []) == shown


def test_what_takes_a_clearance_is_logged_before_it_is_shown(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """One event per answer: who, which classes and fields, how many, which facts; of no other."""
    secret, who = person(house, "cleared", "auditor", **CLEARED)
    client, before = Client(portal, app, secret), house.projection.log.head().sequence
    told(client, '{ suppliers(chain: "chain_o") { edges { node { name } } } }')
    told(client, '{ lanes(chain: "chain_f", first: 1) { edges { node { mode } } } }')
    told(Client(portal, app, TOKEN), SUPPLIERS)
    assert before == house.projection.log.head().sequence
    answer = told(client, SUPPLIERS)
    assert SECRET_SUPPLIER.split("-")[0] in json.dumps(answer)
    asked = {"facts": {"chain": FULL, "className": "Offer"}, "columns": ["priceMicros"]}
    assert 200 == client.post("/exports/csv", json=asked).status_code
    last = list(every_exposure(house, EPOCH))[-2:]
    assert [who, who] == [event.agent for event in last]
    shown = [event.payload for event in last]
    assert [{"chain": FULL, "class": "Supplier", "count": 1, "fields": ["country", "name"]}] == (
        shown[0]["shown"])  # fmt: skip
    assert ("/graphql", "/exports") == (shown[0]["door"], shown[1]["door"])
    assert (3, ["priceMicros"]) == (shown[1]["shown"][0]["count"], shown[1]["shown"][0]["fields"])
    keys = [{"chain": FULL, "class": "Supplier", "keys": [SECRET_SUPPLIER]}]
    assert keys == exposed_keys(house, last[0])
    query = '{ exposures(since: "2026-01-01T00:00:00Z") { edges { node { person door } } } }'
    rows = told(client, query)["data"]["exposures"]["edges"]
    assert "cleared" in {row["node"]["person"] for row in rows}
    kpis = '{ kpis(chain: "chain_f", ids: ["stock-units"]) { __typename } }'
    told(client, kpis)
    assert "*" == list(every_exposure(house, EPOCH))[-1].payload["shown"][0]["class"]


def test_who_could_see_on_a_day(house: House, app: Any, portal: BlockingPortal) -> None:
    """By what was known then, or later; over GraphQL, who governs; from the grants alone."""
    secret, governor = person(house, "governor", "governor", **CLEARED)
    _, plain = person(house, "plain", "analyst")
    late = give(house, plain, "analyst", begins=EPOCH, **CLEARED)
    today = datetime.now(UTC).date()
    hidden, open_ = f"{FULL}/Supplier/{SECRET_SUPPLIER}", f"{FULL}/Supplier/acme"

    def seeing(uri: str, on: date, known: datetime | None = None) -> set[str]:
        return {one.person for one in who_could_see(house, uri, on, known)}

    assert {governor, plain} <= seeing(hidden, today)
    assert {governor, plain} <= seeing(open_, today)
    before = date(2026, 3, 2)
    assert set() == seeing(hidden, before)
    end_grant(house, late.id, "a mistake", "local")
    assert plain in seeing(hidden, today)  # it could, earlier on this day
    now = datetime.now(UTC)
    assert plain not in seeing(hidden, today + timedelta(days=2), now)
    assert set() == seeing(f"{FULL}/Supplier/nobody", today)
    query = f'{{ whoCouldSee(uri: "{hidden}", on: "{today}") {{ person role }} }}'
    found = told(Client(portal, app, secret), query)["data"]["whoCouldSee"]
    assert {"person": "governor", "role": "governor"} in found


def test_grants_are_rebuilt_from_the_log(house: House) -> None:
    """Law 4: the relations in the graph are those of the events; feeds cannot touch them."""
    before = listed(house)
    with house.driver.session() as session:
        session.run("MATCH (n) WHERE n:Grant OR n:GrantScope DETACH DELETE n").consume()
    assert [] == listed(house)
    log = house.projection.log
    for event in log.events():
        nodes = house.projection._nodes(event.kind, event.artifact, event.payload)
        if event.kind.startswith("access."):
            with house.driver.session() as session:
                for step in nodes.steps(event, 100):
                    for _ in range(2):  # each step may be repeated
                        session.execute_write(step)
    assert before == listed(house)
    assert digests(house.projection).agree


def test_no_secret_is_in_any_log(
    house: House, app: Any, portal: BlockingPortal, at_work: IssuerAtWork,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Tokens of each kind, right and wrong ones, are used: not a byte of them stays."""
    secret, _ = person(house, "machine", "analyst")
    house.persons.add_login(house.persons.pseudonym_of("Ann"), at_work.address, "ann")
    give(house, house.persons.pseudonym_of("Ann"), "analyst")
    right, expired = at_work.token(), at_work.token(exp=1)
    for token in (secret, right):
        assert "data" in told(Client(portal, app, token), SUPPLIERS)
    for token in (secret + "x", expired, TOKEN + "x", "evk_", "a.b.c"):
        answer = Client(portal, app, token).post("/graphql", json={"query": SUPPLIERS})
        assert 401 == answer.status_code
    told(Client(portal, app, secret), "{ nonsense }")
    said = capfd.readouterr()
    for token in (secret, right, expired, TOKEN, right.split(".")[2]):
        assert [] == list(files_that_say(house.settings.data_folder, token))
        assert token not in said.out + said.err + caplog.text


def test_a_label_that_comes_later_hides_what_was_seen(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """From the moment that it is stated: the present, the past, tables, lines of old plans."""
    secret, _ = person(house, "early", "analyst")
    client = Client(portal, app, secret)
    digest = house.catalog.plans(FULL).rows[0].plan.digest
    past = '{ items(chain: "chain_f", asOf: {effective: "2026-03-01T12:00:00Z"})'
    questions = [
        '{ items(chain: "chain_f") { edges { node { key } } } }',
        '{ node(id: "chain_f/Item/vaccine") { id } }',
        f'{{ plan(digest: "{digest}") {{ lines {{ edges {{ node {{ itemId }} }} }} }} }}',
        f'{{ rows(of: {{lines: "{digest}"}}) {{ edges {{ node {{ cells }} }} }} }}',
        '{ rows(of: {facts: {chain: "chain_f", className: "Lot"}}) { edges { node { cells } } } }',
        past + " { edges { node { key } } } }",
    ]
    before = [json.dumps(told(client, query)) for query in questions]
    assert all("vaccine" in answer for answer in before), before
    load(house, FULL, [Item("vaccine", "Vaccine", family="medical", confidentiality_class=CLASS)],
         "later", day=2)  # fmt: skip
    after = [json.dumps(told(client, query)) for query in questions]
    assert not [answer for answer in after if "vaccine" in answer]


def test_what_was_whole_is_looked_at_again_before_it_is_sent(house: House) -> None:
    """Law: an answer that was begun before a label was stated, or a grant ended, is not given."""
    _, who = person(house, "hasty", "analyst")
    sight = Access(house).sight(Caller(who))
    sight.whole(OPEN, "kpis.read")
    sight.hold()
    load(house, OPEN, [Item("gadget", "Gadget", confidentiality_class="new")], "label", day=3)
    with pytest.raises(AccessError):
        sight.hold()
    other = Access(house).sight(Caller(who))
    with pytest.raises(AccessError):
        other.whole(OPEN, "kpis.read")
    other.view(OPEN, "facts.read")
    other.hold()
    end_grant(house, listed(house, who)[0].id, "over", "local")
    with pytest.raises(AccessError):
        other.hold()


def test_what_is_wrong_inside_is_told_to_nobody_outside(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """A file of tokens that others may touch: refused, and its place is not named."""
    secret, _ = person(house, "exposed", "analyst")
    path = ServiceTokens(house.settings.data_folder).path
    path.chmod(0o644)
    answer = Client(portal, app, secret).post("/graphql", json={"query": SUPPLIERS})
    path.chmod(0o600)
    assert (503, "INTERNAL") == (answer.status_code,
                                 answer.json()["errors"][0]["extensions"]["code"])  # fmt: skip
    assert str(house.settings.data_folder) not in answer.text
    assert "data" in told(Client(portal, app, secret), SUPPLIERS)
