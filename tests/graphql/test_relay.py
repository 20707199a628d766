"""Relay's rules over every connection of the schema, and `node(id:)` over every type that has one.

https://relay.dev/graphql/connections.htm, https://relay.dev/graphql/objectidentification.htm
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from graphql import GraphQLObjectType, build_schema, get_named_type
from neo4j import Driver

from api.app import create_app
from api.graphql.schema import build_schema as our_schema
from graph.settings import Settings
from service.decision import PlanRequest
from service.house import house_on
from service.permits.exposures import Exposures
from service.planning import make_plan
from service.stewardship.identity import reject
from tests.api.conftest import TOKEN, Client
from tests.graph.conftest import empty_the_graph
from tests.graphql.conftest import BOUNDS
from tests.graphql.world import CHAIN, World, build
from tests.scenarios.scenario import HERE, scenario_at
from tests.service.audit.recorded import fed, recorded

SCHEMA = build_schema(our_schema(development=True).as_str())
HEAD = "query($first: Int!, $after: String) "
PAGE = "(first: $first, after: $after)"
EDGES = "{ edges { cursor node { __typename } } pageInfo { hasNextPage endCursor } }"
Send = Callable[..., dict[str, Any]]


def connections() -> list[str]:
    """Every field of the schema that is a connection."""
    return sorted(
        f"{kind.name}.{name}"
        for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    )  # fmt: skip


@dataclass(frozen=True)
class Reached:
    """How a connection is reached: what stands around it, by names, and what is given to it."""

    before: str
    path: tuple[str, ...]
    more: str = ""

    @property
    def document(self) -> str:
        """The query for a page of it."""
        given = PAGE if not self.more else f"({self.more}, first: $first, after: $after)"
        closing = "}" * (self.before.count("{") - self.before.count("}"))
        name = self.path[-1]
        return f"{HEAD} {{ {self.before} {name}{given} {EDGES} {closing} }}"

    def page(self, data: Any) -> Any:
        """The page in an answer."""
        for name in self.path:
            data = data[name]
        return data


def fact(uri: str, type_name: str, name: str) -> Reached:
    """A connection of a fact."""
    return Reached(f'node(id: "{uri}") {{ ... on {type_name} {{', ("node", name))


def root(name: str, more: str = f'chain: "{CHAIN}"') -> Reached:
    """A connection of the root."""
    return Reached("", (name,), more)


def reached(world: World) -> dict[str, Reached]:
    """Every connection, each with more than one row unless the world has none."""
    digest, of = world.digest(), f'facts: {{chain: "{CHAIN}", className: "StockPosition"}}'
    hub = f"{CHAIN}/Location/north"
    recall = Reached(f'recall(fact: "{CHAIN}/Item/widget"', ("recall", "plans"))
    sources = 'sources: {chain: "two_hubs", one: "wms", other: "erp"}, at: "2026-03-05T00:00:00Z"'
    return {
        "Chain.plans": Reached(f'node(id: "chain/{CHAIN}") {{ ... on Chain {{', ("node", "plans")),
        "Impact.affected": Reached(
            f'impact(chain: "{CHAIN}", failures: [{{kind: LOCATION, key: "north"}}]) {{',
            ("impact", "affected")),
        "Item.offers": fact(f"{CHAIN}/Item/widget", "Item", "offers"),
        "Item.stock": fact(f"{CHAIN}/Item/widget", "Item", "stock"),
        "Kpi.rows": Reached(f'kpis(chain: "{CHAIN}", ids: ["days-of-cover"]) {{', ("kpis", "rows")),
        "Location.lanesIn": fact(hub, "Location", "lanesIn"),
        "Location.lanesOut": fact(hub, "Location", "lanesOut"),
        "Location.stock": fact(hub, "Location", "stock"),
        "Plan.lines": Reached(f'plan(digest: "{digest}") {{', ("plan", "lines")),
        "Plan.shortfalls": Reached(f'plan(digest: "{digest}") {{', ("plan", "shortfalls")),
        "Query.approvals": root("approvals"),
        "Query.decidedFrom": root("decidedFrom", f'uri: "{CHAIN}/Item/widget"'),
        "Query.events": Reached("", ("events",)),
        "Query.exposures": root("exposures", 'since: "2026-01-01T00:00:00Z"'),
        "Query.facts": root("facts", f'chain: "{CHAIN}", className: "StockingPolicy"'),
        "Query.feeds": root("feeds"),
        "Query.groups": root("groups", f'of: {{{of}, by: [{{column: "item"}}], '
                             'measures: [{name: "rows", told: ROWS}]}'),
        "Query.identityCandidates": root("identityCandidates",
                                         f'chain: "{CHAIN}", source: "wms", className: "Item"'),
        "Query.identityLinks": root("identityLinks"),
        "Query.items": root("items"),
        "Query.lanes": root("lanes"),
        "Query.locations": root("locations"),
        "Query.offers": root("offers"),
        "Query.orders": root("orders", 'chain: "orders-0"'),
        "Query.plans": root("plans"),
        "Query.quarantine": root("quarantine", f"event: {world.events['rows']}"),
        "Query.rows": root("rows", f"of: {{{of}}}"),
        "Query.rowsSetAside": root("rowsSetAside"),
        "Query.singlePointsOfFailure": root("singlePointsOfFailure"),
        "Query.stock": root("stock"),
        "Query.suppliers": root("suppliers"),
        "Query.touched": root("touched", f'plan: "{digest}", line: 1'),
        "Recall.plans": Reached(recall.before + ", first: $first, after: $after) {", recall.path),
        "Reconciliation.differences": Reached(
            f"reconciliation({sources}, first: $first, after: $after) {{",
            ("reconciliation", "differences")),
        "Supplier.offers": fact(f"{CHAIN}/Supplier/acme", "Supplier", "offers"),
    }  # fmt: skip


LARGEST = {"Recall.plans": 50}
"""The most rows of a page where it is not 100."""
NO_ARGUMENTS = {"Recall.plans", "Reconciliation.differences"}
"""Their page is asked of the field around them."""
NAMES = connections()


@pytest.fixture(scope="module")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The chain with all that is to be settled, more plans, links, and firm orders."""
    empty_the_graph(database)
    folder: Path = tmp_path_factory.mktemp("relay")
    house = house_on(database, Settings(home=folder / "home"))
    found = build(house, folder)
    make_plan(house, PlanRequest(chain=CHAIN))
    for external in ("X7", "X8"):
        reject(house, CHAIN, "wms", "Item", [external], agent="ann", reason="other things")
    for key in ("widget", "gadget", "gizmo"):
        shown = Exposures()
        shown.note(CHAIN, "Item", [key])
        shown.log(house, "ann", "/graphql")
    for seed in range(3):
        recorded(house, "orders", seed)
    fed(house, "substitutes", scenario_at(HERE / "approved-substitute").snapshot)
    make_plan(house, PlanRequest(chain="substitutes"))
    return found


@pytest.fixture(scope="module")
def send(world: World, portal: BlockingPortal) -> Send:
    """Sends a query; gives the whole answer."""
    client = Client(portal, create_app(world.house, TOKEN, bounds=BOUNDS))

    def sent(query: str, **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.post(
            "/graphql", json={"query": query, "variables": variables}
        ).json()
        return answer

    return sent


def document_of(world: World, name: str) -> tuple[str, Reached]:
    """The query for a page of a connection."""
    found = reached(world)[name]
    text = found.document
    if name in NO_ARGUMENTS:
        text = text.replace(f"{found.path[-1]}{PAGE}", found.path[-1])
    return text, found


def code_of(answer: dict[str, Any]) -> str:
    """The code of the first error."""
    return str(answer["errors"][0]["extensions"]["code"])


def test_none_is_left_out(world: World) -> None:
    """The table has every connection of the schema; each is of the form that Relay asks for."""
    assert sorted(reached(world)) == NAMES
    for name in NAMES:
        owner, field = name.split(".")
        kind: Any = get_named_type(SCHEMA.type_map[owner].fields[field].type)
        assert {"edges", "pageInfo"} == set(kind.fields), name
        edge: Any = get_named_type(kind.fields["edges"].type)
        assert {"node", "cursor"} == set(edge.fields), name


@pytest.mark.parametrize("name", NAMES)
def test_pages_follow_one_another(world: World, send: Send, name: str) -> None:
    """Pages joined are the whole, in one order, with the same cursors; the last one says so."""
    document, found = document_of(world, name)
    answers = [send(document, first=LARGEST.get(name, 100)) for _ in range(2)]
    assert "errors" not in answers[0], answers[0]["errors"]
    whole, again = (found.page(_first(answer["data"])) for answer in answers)
    assert whole == again
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert len(set(cursors)) == len(cursors)
    assert (False, cursors[-1] if cursors else None) == (
        whole["pageInfo"]["hasNextPage"], whole["pageInfo"]["endCursor"])  # fmt: skip
    joined: list[Any] = []
    after = None
    for turn in range(len(cursors) + 1):
        page = found.page(_first(send(document, first=1, after=after)["data"]))
        assert len(page["edges"]) <= 1
        joined += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert turn < len(cursors)
    assert whole["edges"] == joined


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_bounded_and_its_cursors_are_its_own(world: World, send: Send, name: str) -> None:
    """Sizes outside 1 to the most, forged cursors and those of other lists are refused, by code."""
    document, found = document_of(world, name)
    most = 1_000 if name in ("Query.rows", "Query.groups") else 100
    for first in (0, -1, most + 1, 2**31 - 1):
        assert "PAGE_SIZE" == code_of(send(document, first=first))
    foreign = "Query.items" if name != "Query.items" else "Query.locations"
    other, way = document_of(world, foreign)
    theirs = way.page(send(other, first=1)["data"])["edges"][0]["cursor"]
    cursors = [theirs, "", "AAAA", "not a cursor"]
    mine = found.page(_first(send(document, first=1)["data"]))["edges"]
    if mine:
        data = bytearray(base64.urlsafe_b64decode(mine[0]["cursor"] + "=="))
        data[-1] ^= 1
        cursors.append(base64.urlsafe_b64encode(data).decode().rstrip("="))
    for cursor in cursors[:1] + cursors[2:]:
        assert "BAD_CURSOR" == code_of(send(document, first=1, after=cursor)), cursor


def _first(data: Any) -> Any:
    """Of a list of figures the one that was asked for."""
    return {name: value[0] if isinstance(value, list) else value for name, value in data.items()}


NODES = """{ a: chains { id __typename } b: events(first: 1) { edges { node { id __typename } } }
  c: plans(chain: "%s") { edges { node { id __typename
    lines(first: 100) { edges { node { id __typename } } }
    shortfalls { edges { node { id __typename } } } } } }
  items(chain: "%s") { edges { node { id __typename } } }
  locations(chain: "%s") { edges { node { id __typename } } }
  suppliers(chain: "%s") { edges { node { id __typename } } }
  offers(chain: "%s") { edges { node { id __typename } } }
  lanes(chain: "%s") { edges { node { id __typename } } }
  stock(chain: "%s") { edges { node { id __typename } } }
  orders(chain: "%s") { edges { node { id __typename } } }
  facts(chain: "%s", className: "StockingPolicy") { edges { node { id __typename } } } }"""


def test_every_node_is_found_by_its_id(world: World, send: Send) -> None:
    """Each type that has an id, found as what it was; an id of nothing is nothing."""
    found: dict[str, set[str]] = {}
    for chain in [row["name"] for row in send("{ chains { name } }")["data"]["chains"]]:
        answer = send(NODES % ((chain,) * 9))
        assert "errors" not in answer, answer["errors"]
        for kind, key in _ids(answer["data"]):
            found.setdefault(kind, set()).add(key)
    node: Any = SCHEMA.type_map["Node"]
    wanted = {kind.name for kind in SCHEMA.get_possible_types(node)}
    assert wanted == set(found)
    for kind, keys in found.items():
        for key in sorted(keys)[:3]:
            query = "query($id: ID!) { node(id: $id) { id __typename } }"
            assert {"id": key, "__typename": kind} == send(query, id=key)["data"]["node"]
            nothing = send(query, id=f"{key}x")["data"]["node"]
            assert nothing is None


def _ids(data: Any) -> list[tuple[str, str]]:
    """Type and id of everything in an answer that has one."""
    if isinstance(data, list):
        return [pair for part in data for pair in _ids(part)]
    if not isinstance(data, dict):
        return []
    own = [(data["__typename"], data["id"])] if "id" in data else []
    return own + [pair for part in data.values() for pair in _ids(part)]
