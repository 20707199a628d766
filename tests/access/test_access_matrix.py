"""The access matrix: every role, verb and field over a chain planted with what must stay hidden."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type
from neo4j import Driver

from api.app import create_app
from api.graphql.field_verbs import NESTED, ROOTS
from api.graphql.guarding import _permit, guard
from graph.settings import Settings
from ontology.access import ROLES
from ontology.errors import AccessError
from ontology.vocabulary import FACTS
from service.access import Access, Caller
from service.asking.files import MEDIA_TYPES
from service.decision import PlanRequest
from service.house import House, house_on
from service.permits.verbs import VERBS, may
from service.planning import make_plan
from tests.access.documents import Documents
from tests.access.guarded_chain import (
    CANARY,
    CLASS,
    DAY,
    FULL,
    OPEN,
    SECRET_ITEM,
    SECRET_SUPPLIER,
    ZONE,
    ZONE_PLACE,
    give,
    load_chains,
    planted,
)
from tests.access.planted_releases import ELSEWHERE, KNOB, plant_releases
from tests.api.conftest import TOKEN, Client
from tests.graph.conftest import empty_the_graph

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""graphql-core drops resolvers that have not begun when one beside them refuses."""
GOLDEN = Path(__file__).parents[2] / "api" / "graphql" / "schema.graphql"
SCHEMA = build_schema(GOLDEN.read_text("utf-8"))
FACT_ROOTS = frozenset({"items", "locations", "suppliers", "offers", "lanes", "stock", "orders",
                        "facts", "fact", "rows", "groups", "node"})  # fmt: skip
LIMITED: dict[str, dict[str, Any]] = {
    "region": {"regions": ("north",)}, "family": {"families": ("hardware",)},
    "supplier": {"suppliers": ("acme",)}, "place": {"regions": ("valley",), "zones": ("LU",)},
}  # fmt: skip
OF_OPEN = ("analyst", "approver", "governor", "auditor")
"""Roles that are also given on the chain OPEN alone, with everything of it seen."""
DECOY = "zq7k"
"""Takes the place of CANARY in a question about what never was."""


RARE = frozenset({name for name, root in ROOTS.items() if VERBS[root.verb].needs_whole}
                 | {name for name, taken in NESTED.items() if taken.verb}
                 | {f"Query.policy{word}" for word in ("Difference", "Implies", "Findings")}
                 )  # fmt: skip


class World:
    """The chains, a client of each caller, and the plans."""

    def __init__(self, house: House, portal: BlockingPortal) -> None:
        self.house, self._portal = house, portal
        app = create_app(house, TOKEN, knows=(self._known,))
        self.clients = {name: Client(portal, app, name) for name in (*ROLES, *LIMITED, "nobody")}
        self.cleared = Client(portal, app, "cleared")
        self.owner = Client(portal, app, TOKEN)
        self.plans = {
            chain: make_plan(house, PlanRequest(chain)).saved.digest for chain in (FULL, OPEN)
        }
        for role in ROLES:
            give(house, f"person:{role}", role)
        self.releases = plant_releases(house)
        for role in OF_OPEN:
            self.clients[f"{role} of one"] = Client(portal, app, f"{role} of one")
            give(house, f"person:{role} of one", role, chain=OPEN, classes=("*",), zones=("*",))
        for name, limits in LIMITED.items():
            give(house, f"person:{name}", "analyst", **limits)
            give(house, f"person:{name}", "partner", **limits)
        give(house, "person:cleared", "auditor", classes=(CLASS,), zones=("nowhere", ZONE))

    @staticmethod
    def _known(bearer: str) -> Caller | None:
        known = {*ROLES, *LIMITED, "nobody", "cleared", *(f"{role} of one" for role in OF_OPEN)}
        return Caller(f"person:{bearer}") if bearer in known else None

    def ask(self, who: Client, query: str) -> bytes:
        """The bytes of an answer; no question ends in an error of the service's own."""
        answer = who.post("/graphql", json={"query": query})
        assert answer.status_code < 500, (query, answer.text)
        assert "INTERNAL" not in answer.text, query
        return answer.content


@pytest.fixture(scope="module")
def world(
    database: Driver, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    empty_the_graph(database)
    house = house_on(database, Settings(home=tmp_path_factory.mktemp("guarded")))
    load_chains(house)
    made = World(house, portal)
    yield made
    made.ask(made.owner, "{ __typename }")  # what refused questions left behind has ended


def pools(world: World) -> dict[str, Callable[[Random], Any]]:
    """Values of arguments, what is hidden among them; nothing else of a document is hidden."""
    probes = {"Supplier": SECRET_SUPPLIER, "Item": SECRET_ITEM, "Location": ZONE_PLACE,
              "Lane": f"{CANARY}-lane", "Contract": f"{CANARY}-contract"}  # fmt: skip
    uris = [f"{FULL}/{name}/{key}" for name, key in probes.items()]
    uris += [f"{FULL}/Item/widget", f"{FULL}/Location/north", f"{FULL}/Supplier/acme",
             f"{FULL}/StockPosition/widget/{ZONE_PLACE}/", f"{FULL}/Offer/acme/gadget/south",
             f"{FULL}/Offer/acme/gadget/north", "elsewhere/Item/widget"]  # fmt: skip
    digests = [*world.plans.values(), "0" * 64]
    releases = [*astuple(world.releases), "0" * 64]
    ids = [*uris, *(f"plan/{one}" for one in digests), f"chain/{FULL}", "event/3", "event/999",
           *(f"plan/{world.plans[FULL]}/{word}/{number}" for word in ("line", "shortfall")
             for number in range(1, 9))]  # fmt: skip
    columns = ["key", "id", "name", "item", "location", "supplier", "priceMicros", "onHandUnits",
               "confidentialityClass", "residencyZone", "terms", "family", "nothing"]  # fmt: skip
    values = ["77310001", "0", "acme", "north", CANARY, SECRET_ITEM, "2026-03-02"]

    def among(some: list[Any]) -> Callable[[Random], Any]:
        return lambda random: random.choice(some)

    return {
        "chain": lambda random: FULL if random.random() < 0.9 else random.choice([OPEN, "none"]),
        "className": among([*sorted(FACTS), "Supplier", "Offer", "Item", "StockPosition",
                            "Contract", "Location", "Nothing"]),
        "id": among(ids), "uri": among(uris), "fact": among(uris), "plan": among(digests),
        "digest": among([*digests, *releases]), "before": among(digests), "lines": among(digests),
        "line": lambda random: random.randint(1, 9), "event": lambda random: random.randint(1, 9),
        "first": lambda random: random.choice([1, 2, 5, 50, 100, 0]),
        "after": among(["", "AAAA", "bm90aGluZw"]), "column": among(columns),
        "columns": among(columns), "values": among(values), "item": among(["widget", SECRET_ITEM]),
        "location": among(["north", ZONE_PLACE]), "key": among(list(probes.values())),
        "of": among(["cold-chain", f"lane:{CANARY}-lane"]), "name": among(["n", "total"]),
        "new": among(["", *releases]), "old": among(["", *releases]),
        "release": among(["", *releases]),
        "AsOf": lambda random: random.choice(
            ["{}", '{effective: "2026-03-01T12:00:00Z"}', '{effective: "2020-01-01T00:00:00Z"}']),
        "Date": lambda _: DAY.isoformat(), "DateTime": lambda _: "2026-03-02T00:00:00Z",
        "String": among(["x", ""]), "Int": lambda random: random.randint(0, 9),
        "BigInt": lambda random: random.randint(0, 9), "ID": among(ids),
        "Boolean": lambda random: random.random() < 0.5,
        "RowsInput": lambda random: _table(random, digests),
    }  # fmt: skip


def _table(random: Random, digests: list[str]) -> str:
    """A question about a table, most of them with columns that it has."""
    if random.random() < 0.2:
        return '{lines: "' + random.choice(digests) + '"}'
    name = random.choice(["Offer", "Supplier", "Item", "StockPosition", "Location", "Contract"])
    order = ', orderBy: [{column: "key", descending: true}]' if random.random() < 0.5 else ""
    where = random.choice([
        "", ', where: {column: "key", is: STARTS_WITH, values: ["' + CANARY + '"]}',
        ', where: {none: [{column: "key", is: CONTAINS, values: ["a"]}]}',
    ])  # fmt: skip
    return '{facts: {chain: "' + FULL + '", className: "' + name + '"}' + where + order + "}"


def documents(world: World, seed: int, roots: frozenset[str]) -> Documents:
    return Documents(SCHEMA, pools(world), Random(seed), roots, RARE)


EVERY_ROOT = frozenset(name.split(".")[1] for name in ROOTS if name.startswith("Query."))


def no_leak(world: World, seed: int, count: int) -> Counter[str]:
    """Random documents by random callers: nothing planted is in any byte of any answer."""
    made, found, random = documents(world, seed, EVERY_ROOT), Counter[str](), Random(seed + 1)
    for _ in range(count):
        who, query = random.choice(sorted(world.clients)), made.document()
        asked = datetime.now(UTC).isoformat()
        answer = world.ask(world.clients[who], query)
        assert [] == planted(answer, dict.fromkeys(_said(query), "")), (who, query, answer)
        assert [] == _elsewhere(who, answer), (who, query, answer)
        hidden = [one for one in _hidden_releases(world, who) if one in query]
        for digest in hidden:  # what is hidden is told of as what never was
            other = world.ask(world.clients[who], query.replace(digest, "e" * 64))
            assert_same(_timeless(answer.decode().replace(digest, "e" * 64), asked),
                        _timeless(other.decode(), asked), query)  # fmt: skip
        told = json.loads(answer)
        found["with data" if told.get("data") and any(told["data"].values()) else "refused"] += 1
        if CANARY in query:  # what is hidden and what never was are told in the same words
            other = world.ask(world.clients[who], query.replace(CANARY, DECOY))
            one = answer.decode().replace(CANARY, DECOY)
            assert_same(_timeless(one, asked), _timeless(other.decode(), asked), query)
    return found


def _elsewhere(who: str, answer: bytes) -> list[str]:
    """What is planted in the release of a chain on which a caller has no grant."""
    if not who.endswith(" of one"):
        return []
    return [one for one in (ELSEWHERE, str(KNOB)) if one in answer.decode("utf-8", "replace")]


def _hidden_releases(world: World, who: str) -> list[str]:
    """The releases that nobody is told of who sees a chain in part, or another alone."""
    found = [world.releases.part, world.releases.tried]
    return [*found, world.releases.chain] if who.endswith(" of one") else found


def _said(query: str) -> list[str]:
    """The planted texts that a question itself holds, the longest first; numbers, too."""
    return sorted(set(re.findall(rf"{CANARY}[a-z-]*|7731000[0-9]", query)), key=len, reverse=True)


def _bare(text: str) -> str:
    """An answer without its cursors."""
    return re.sub(r'"(cursor|endCursor|a\d+)":"[A-Za-z0-9_-]{20,}"', r'"\1":""', text)


def _timeless(text: str, since: str) -> str:
    """An answer without the times since then: what is so now is answered with when that is."""

    def seen(found: re.Match[str]) -> str:
        return "now" if found[0] >= since else found[0]

    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", seen, text)


def same_as_without(world: World, seed: int, count: int) -> int:
    """Partial callers on the full chain, and the owner on the chain without: one answer."""
    made, different = documents(world, seed, FACT_ROOTS), 0
    for _ in range(count):
        query = made.document()
        apart = ("source", "event/", "chain/", "0" * 64, *world.plans.values())
        if any(word in query for word in apart):  # refused in part, or computed over everything
            continue
        seen = world.ask(world.clients["analyst"], query).decode()
        without = world.ask(world.owner, query.replace(FULL, OPEN)).decode()
        assert_same(seen.replace(FULL, OPEN), without.replace(FULL, OPEN), query)
        different += '"data":{' in seen
    return different


def assert_same(one: str, other: str, query: str) -> None:
    """The same data and words of refusal; where a refusal takes all, which is first is chance."""
    (data, errors), (known, expected) = _plain(one), _plain(other)
    assert data == known, query
    if data is not None:
        assert errors == expected, query


def _plain(text: str) -> tuple[Any, set[tuple[str, str]]]:
    told = json.loads(_bare(text))
    return told.get("data"), {(one["message"], one["extensions"]["code"])
                              for one in told.get("errors", ())}  # fmt: skip


def test_no_byte_of_any_answer_holds_what_is_hidden(world: World) -> None:
    """Law: 0 leaks over random documents of all roots; enough of them have answers."""
    found = no_leak(world, 1, 300)
    assert found["with data"] > 100, found


def test_partial_answers_are_those_of_the_chain_without_what_is_hidden(world: World) -> None:
    """Counts, order, groups and words of refusal: as if the hidden facts had never been."""
    assert same_as_without(world, 2, 300) > 80


def test_who_is_cleared_for_all_sees_what_the_owner_sees(world: World) -> None:
    """From columns, with every fact noted, the same answers as from the graph."""
    made, answered = documents(world, 5, FACT_ROOTS | {"plans", "plan", "kpis"}), 0
    for _ in range(60):
        query = made.document()
        mine = world.ask(world.cleared, query).decode()
        if "event/" not in query and "ACCESS_DENIED" not in mine:
            assert_same(mine, world.ask(world.owner, query).decode(), query)
            answered += '"data":{' in mine
    assert answered > 20


@pytest.mark.parametrize("place", sorted(ROOTS))
def test_every_root_field_asks_before_it_resolves(world: World, place: str) -> None:
    """Queries and mutations: who is not cleared comes to none that needs the whole, by any role."""
    root, access = ROOTS[place], Access(world.house)
    subjects = {"chain": FULL, "plan": world.plans[FULL], "uri": f"{FULL}/Item/widget",
                "event": 3, "source": "wms"}  # fmt: skip
    asked: dict[str, Any] = {}
    for kind, path in root.subjects:
        *outer, last = path.split(".")
        inner = asked
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = subjects[kind]
    for role in ROLES:
        sight = access.sight(Caller(f"person:{role}"))
        context = SimpleNamespace(sight=sight, house=world.house)
        needs_whole = VERBS[root.verb].needs_whole or root.everything
        if may(role, root.verb) and not needs_whole:
            _permit(context, root, asked)  # type: ignore[arg-type]
            continue
        with pytest.raises(AccessError):
            _permit(context, root, asked)  # type: ignore[arg-type]
    assert not VERBS[root.verb].needs_whole or root.subjects or root.everything


RELEASE = "digest name version knobs { name value } rules { rule title file } shapes { name text }"
CASE = """digest name version reason author approvers decisions { agent reason rule }
  scope { chain regions families } canary { salt }"""
WORDS = "kind told effect subject"
OF_RELEASES = {
    "release": f"release(chain: $c) {{ {RELEASE} }}",
    "in force": "policyInForce(chain: $c) { whole parts { release regions families } }",
    "listed": f"policyReleases {{ {CASE} }}",
    "one": f"policyRelease(digest: $d) {{ {CASE} }}",
    "difference": f"policyDifference(chain: $c, new: $d, old: $s) {{ {WORDS} }}",
    "difference of now": f'policyDifference(chain: $c, new: "", old: $s) {{ {WORDS} }}',
    "implies": """policyImplies(chain: $c, new: "", old: $s) {
        notDecided { rule why } counterexamples { rule record facts } }""",
    "findings": "policyFindings(chain: $c, release: $d) { rule file what }",
    "findings of now": "policyFindings(chain: $c) { rule file what }",
    "plans": "plans(chain: $c) { edges { node { release } } }",
    "node": "node(id: $d) { __typename }",
}


RELEASE_READERS = (
    "analyst",
    "integrator",
    "governor",
    "region",
    "governor of one",
    "auditor of one",
)


@pytest.mark.parametrize("name", OF_RELEASES)
def test_no_role_is_told_what_a_hidden_release_says(world: World, name: str) -> None:
    """Reason, author, knob, rule and text of releases of hidden parts and of other chains."""
    used = [word for word in "cds" if f"${word}" in OF_RELEASES[name]]
    types = ", ".join(f"${word}: {'ID' if name == 'node' else 'String'}!" for word in used)
    asked = f"query{f'({types})' if used else ''} {{ {OF_RELEASES[name]} __typename }}"
    for who in RELEASE_READERS:
        hidden, chains = _hidden_releases(world, who), (FULL, OPEN)
        told = {"c": chains, "d": hidden, "s": (world.house.shipped.digest,)}
        for given in product(*(told[word] for word in used)):
            variables = dict(zip(used, given, strict=True))
            body = {"query": asked, "variables": variables}
            answer = world.clients[who].post("/graphql", json=body).content
            assert [] == planted(answer) + _elsewhere(who, answer), (who, answer)
            if "d" in used:  # in the words of what never was
                body["variables"] = {**variables, "d": "e" * 64}
                never = world.clients[who].post("/graphql", json=body)
                assert never.content == answer, who


def test_ready_says_nothing_of_hidden_releases(world: World) -> None:
    """Neither names, nor that there is one: parts are told to the machine's owner alone."""
    for who, client in sorted(world.clients.items()):
        answer = client.send("GET", "/ready").content
        assert [] == planted(answer) + _elsewhere(who, answer), (who, answer)
        assert not any(one in answer.decode() for one in _hidden_releases(world, who)), who
    assert world.releases.part in world.owner.send("GET", "/ready").text


@pytest.mark.slow
def test_ten_thousand_documents(world: World) -> None:
    """0 leaks over 10,000 random documents."""
    found = no_leak(world, 3, 10_000)
    assert found["with data"] > 2_500, found


@pytest.mark.slow
def test_three_thousand_documents_on_two_chains(world: World) -> None:
    """The same answers as on the chain without what is hidden, of 3,000 random documents."""
    assert same_as_without(world, 4, 3_000) > 1_000


def _root_documents(world: World) -> dict[str, str]:
    """A question of each root field, whatever is drawn about the chain of which much is hidden."""
    query, made = SCHEMA.query_type, documents(world, 6, EVERY_ROOT)
    assert query is not None
    log = world.house.projection.log
    event = next(one.sequence for one in log.events(0) if one.payload.get("chain") == FULL)
    found = {}
    for name, field in query.fields.items():
        inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        told = made._arguments(field.args).replace(world.plans[OPEN], world.plans[FULL])
        told = told.replace(f'"{OPEN}"', f'"{FULL}"').replace('"none"', f'"{FULL}"')
        if name.startswith("policy"):  # what governs now, and no release of hidden parts
            told = re.sub(r'"[0-9a-f]{64}"', '""', told)
        told = re.sub(r", lines: \[[^]]*\]", "", told)  # numbers there, and digests elsewhere
        told = re.sub(r"\bevent: \d+", f"event: {event}", told.replace('"elsewhere/', f'"{FULL}/'))
        found[f"Query.{name}"] = f"{{ {name}{told}{inner} }}"
    return found


def _code(answer: bytes) -> str:
    errors = json.loads(answer).get("errors") or [{"extensions": {"code": ""}}]
    return str(errors[0]["extensions"]["code"])


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_every_role_and_verb(world: World, role: str) -> None:
    """A root field answers who may, and whom nothing is hidden from where it needs the whole."""
    found = {}
    for place, query in _root_documents(world).items():
        verb = ROOTS[place].verb
        expected = may(role, verb) and not VERBS[verb].needs_whole
        code = _code(world.ask(world.clients[role], query))
        found[place] = (expected, code != "ACCESS_DENIED")
    assert {} == {place: pair for place, pair in found.items() if pair[0] != pair[1]}


def test_what_is_computed_over_all_is_refused_in_the_same_words(world: World) -> None:
    """Whole documents, of a plan that is there and of one that is not: one refusal."""
    answers = set()
    for digest in (world.plans[FULL], "0" * 64):
        query = f'{{ whyLine(plan: "{digest}", line: 1) {{ __typename }} }}'
        told = json.loads(world.ask(world.clients["planner"], query))
        answers.add(json.dumps(told["errors"][0]["extensions"]) + told["errors"][0]["message"])
    assert 1 == len(answers)
    make = f'mutation {{ makePlan(input: {{chain: "{FULL}"}}) {{ __typename }} }}'
    assert "ACCESS_DENIED" == _code(world.ask(world.clients["planner"], make))
    for name in ("label", "costScaled", "lineCount", "certificate { gap }", "comparison"):
        query = f'{{ plan(digest: "{world.plans[FULL]}") {{ {name} }} }}'
        assert "ACCESS_DENIED" == _code(world.ask(world.clients["planner"], query))


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_exports_are_those_of_the_chain_without(world: World, form: str) -> None:
    """A file of a partial caller holds nothing planted, and is that of the other chain."""
    for name in sorted(FACTS):
        asked = {"facts": {"chain": FULL, "className": name}}
        mine = world.clients["analyst"].post(f"/exports/{form}", json=asked)
        asked = {"facts": {"chain": OPEN, "className": name}}
        without = world.owner.post(f"/exports/{form}", json=asked)
        assert (200, without.headers["Evenkeel-Rows"]) == (
            mine.status_code, mine.headers["Evenkeel-Rows"])  # fmt: skip
        assert [] == planted(mine.content)
        if form != "xlsx":
            assert without.content == mine.content
    lines = {"lines": world.plans[FULL]}
    assert [] == planted(world.clients["analyst"].post(f"/exports/{form}", json=lines).content)


@pytest.mark.parametrize(
    "field",
    [
        "type Query { items: Int }",
        "type Query { other: Int }",
        "type Query { chains: Plan } type Plan { secret: Int }",
        "type Query { chains: Int } type Mutation { act: Int }",
        "type Query { chains: Int } type Subscription { f: Int }",
    ],
)
def test_a_field_that_no_table_names_makes_no_schema(field: str) -> None:
    """Fail closed: a new field of a root, or of a type that is seen in part, is refused at once."""
    with pytest.raises(TypeError):
        guard(build_schema(field))


def test_every_type_of_fact_has_fields_that_a_table_names() -> None:
    """The documents reach every type that the schema has facts in."""
    facts = [one for one in SCHEMA.type_map.values() if isinstance(one, GraphQLObjectType)
             and any(of.name == "Fact" for of in one.interfaces)]  # fmt: skip
    assert len(facts) >= 8


def test_the_clock_of_grants_is_read(world: World) -> None:
    """A grant that has not begun lets nobody in."""
    give(world.house, "person:nobody", "analyst", begins=datetime(2999, 1, 1, tzinfo=UTC))
    query = f'{{ items(chain: "{FULL}") {{ __typename }} }}'
    assert "ACCESS_DENIED" == _code(world.ask(world.clients["nobody"], query))
