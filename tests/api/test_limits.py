"""Whatever is sent, the answer has the right code, and never is a failure of the service."""

from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.graphql.limits import ALIASES, BODY_BYTES, DEPTH, DIRECTIVES, TOKENS
from ontology.errors import StateError
from service.house import House
from tests.api.conftest import TOKEN, Ask, Client

JSON = {"Content-Type": "application/json"}
TELLS = {"Accept": "application/graphql-response+json"}
"""Takes answers whose status tells whether a query ran at all."""


def nested(depth: int) -> str:
    """A query whose deepest field stands at a depth."""
    return '{plans(chain:"x"){edges{node' + part(depth - 3) + "}}}"


def part(depth: int) -> str:
    """Fields of a plan, `depth` of them within each other."""
    if depth == 1:
        return "{id}"
    steps = ["lines", "edges", "node", "plan"]
    opened = [steps[level % 4] for level in range(depth - 1)]
    return "{" + "{".join(opened) + "{__typename}" + "}" * (depth - 1)


def code_of(answer: httpx.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


def aliases(count: int) -> str:
    return "{" + " ".join(f"a{n}: __typename" for n in range(count)) + "}"


def tokens(count: int) -> str:
    """A query of so many tokens."""
    return "{" + "__typename " * (count - 2) + "}"


def directives(count: int) -> str:
    return "{ __typename " + "@include(if: true) " * count + "}"


LIMITS = {
    "depth": (nested, DEPTH, "QUERY_DEPTH"),
    "aliases": (aliases, ALIASES, "QUERY_ALIASES"),
    "tokens": (tokens, TOKENS, "QUERY_TOKENS"),
    "directives": (directives, DIRECTIVES, "QUERY_DIRECTIVES"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_met_and_not_passed(client: Client, name: str) -> None:
    """One less than too much is looked at; one more is refused with the limit's own code."""
    write, limit, code = LIMITS[name]
    within = client.post("/graphql", json={"query": write(limit)}, headers=TELLS)
    assert code not in within.text
    beyond = client.post("/graphql", json={"query": write(limit + 1)}, headers=TELLS)
    assert (400, code) == (beyond.status_code, code_of(beyond))


def fragments(spread: str, count: int) -> str:
    chain = " ".join(f"fragment f{n} on Query {{ {spread.format(n + 1)} }}" for n in range(count))
    return f"{{ ...f0 }} {chain} fragment f{count} on Query {{ a: __typename }}"


DOCUMENTS: dict[str, tuple[str, int, str]] = {
    "deep nesting": ("{a" * 150 + "}" * 150, 400, "QUERY_DEPTH"),
    "deeper than the parser goes": ("{a" * 30_000, 400, "JSON_PARTS"),
    "deep list": ("{node(id:" + "[" * 480 + "]" * 480 + "){id}}", 400, "QUERY_SYNTAX"),
    "cyclic fragments": (
        "{...a} fragment a on Query{...b} fragment b on Query{...a}", 400, "QUERY_CYCLE"),
    "a fragment of itself": ("{...a} fragment a on Query{...a}", 400, "QUERY_CYCLE"),
    "a cycle that nobody uses": (
        "{__typename} fragment a on Query{...a}", 400, "QUERY_CYCLE"),
    "5000 aliases": (aliases(5_000), 400, "QUERY_LENGTH"),
    "doubling fragments": (fragments("...f{0} ...f{0}", 60), 400, "QUERY_ALIASES"),
    "aliases in a fragment": (fragments("b: __typename ...f{0}", 20), 400, "QUERY_ALIASES"),
    "huge comment": ("#" + "x" * 60_000 + "\n{__typename}", 200, ""),
    "duplicate fields": (tokens(150), 200, ""),
    "too many duplicate fields": (tokens(900), 400, "QUERY_OVERLAP"),
    "half a surrogate": ('{node(id:"\\ud800"){id}}', 400, "QUERY_SYNTAX"),
    "a zero byte": ('{node(id:"\\u0000"){id}}', 200, ""),
    "empty": ("", 400, "QUERY_SYNTAX"),
    "no operation": ("fragment a on Query{__typename}", 400, "QUERY_INVALID"),
    "two operations": ("query a{__typename} query b{__typename}", 400, "QUERY_INVALID"),
    "subscription": ("subscription{a}", 400, "QUERY_STREAMS"),
    "unknown field": ("{itemz}", 400, "QUERY_INVALID"),
    "unknown fragment": ("{...nothing}", 400, "QUERY_INVALID"),
    "a type definition": ("type Query{a:Int} {__typename}", 400, "QUERY_INVALID"),
    "missing variable": ("query($d:String!){plan(digest:$d){id}}", 400, "QUERY_INVALID"),
    "a number out of range": (
        '{items(chain:"x",first:99999999999){edges{cursor}}}', 400, "QUERY_INVALID"),
    "page of none": ('{items(chain:"x",first:0){edges{cursor}}}', 200, "PAGE_SIZE"),
    "page of too many": ('{items(chain:"x",first:101){edges{cursor}}}', 200, "PAGE_SIZE"),
    "negative page": ('{items(chain:"x",first:-1){edges{cursor}}}', 200, "PAGE_SIZE"),
    "huge event": ("{quarantine(event:2147483647){edges{cursor}}}", 200, ""),
    "unknown plan": ('{trace(plan:"x",line:1){root}}', 200, "PLAN_UNKNOWN"),
    "bad cursor": ('{items(chain:"two_hubs",after:"é"){edges{cursor}}}', 200, "BAD_CURSOR"),
    "injection": ('{items(chain:"x\' OR 1=1 //"){edges{cursor}}}', 200, ""),
    "introspection": ("{__schema{types{name}}}", 400, "QUERY_INVALID"),
    "introspection of a type": ('{__type(name:"Plan"){name}}', 400, "QUERY_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document(client: Client, name: str) -> None:
    """Every document of the table gets its code, and none a failure of the service."""
    query, status, code = DOCUMENTS[name]
    answer = client.post("/graphql", json={"query": query}, headers=TELLS)
    assert (status, code) == (answer.status_code, code_of(answer) if code else "")
    assert code or "errors" not in answer.json()


BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "not JSON": ({"content": b"{query", "headers": JSON}, 400, "NOT_JSON"),
    "malformed UTF-8": (
        {"content": b'{"query":"{__typename}\xff"}', "headers": JSON}, 400, "NOT_JSON"),
    "a lone surrogate": (
        {"content": b'{"query":"\\ud800"}', "headers": JSON}, 400, "NOT_JSON"),
    "deep JSON": ({"content": b"[" * 10_000, "headers": JSON}, 400, "NOT_JSON"),
    "nothing": ({"content": b"", "headers": JSON}, 400, "NOT_JSON"),
    "no object": ({"json": 7}, 400, "BAD_REQUEST"),
    "no query": ({"json": {}}, 400, "BAD_REQUEST"),
    "a query that is no text": ({"json": {"query": 7}}, 400, "BAD_REQUEST"),
    "variables that are no object": (
        {"json": {"query": "{__typename}", "variables": []}}, 400, "BAD_REQUEST"),
    "a batch": ({"json": [{"query": "{__typename}"}] * 2}, 400, "BATCH_OFF"),
    "an unknown operation": (
        {"json": {"query": "query a{__typename}", "operationName": "b"}}, 400, "QUERY_INVALID"),
    "extensions that are no object": (
        {"json": {"query": "{__typename}", "extensions": []}}, 400, "BAD_REQUEST"),
    "a query and an id": (
        {"json": {"query": "{__typename}", "documentId": "sha256:0"}}, 400, "BAD_REQUEST"),
    "an unknown id": ({"json": {"documentId": "sha256:0"}}, 400, "QUERY_DOCUMENT_UNKNOWN"),
    "another encoding": (
        {"content": b"{}", "headers": {"Content-Type": "application/json; charset=utf-16"}},
        415, "MEDIA_TYPE"),
    "compressed": ({"content": b"{}", "headers": JSON | {"Content-Encoding": "gzip"}},
                   415, "MEDIA_TYPE"),
    "a form": ({"data": {"query": "{__typename}"}}, 415, "MEDIA_TYPE"),
    "no media type": ({"content": b'{"query":"{__typename}"}'}, 415, "MEDIA_TYPE"),
    "a wrong variable": (
        {"json": {"query": "query($d:String!){plan(digest:$d){id}}", "variables": {"d": [1]}}},
        400, "QUERY_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body(client: Client, name: str) -> None:
    """A body that is no GraphQL request is the caller's fault, and says which."""
    more, status, code = BODIES[name]
    answer = client.post("/graphql", **{**more, "headers": TELLS | more.get("headers", {})})
    assert (status, code) == (answer.status_code, code_of(answer))


def test_a_body_is_read_no_further_than_its_limit(client: Client) -> None:
    """The largest body is read; one byte more is refused before it is parsed."""
    shell = b'{"query":"{__typename}","x":""}'
    full = shell[:-2] + b"y" * (BODY_BYTES - len(shell)) + shell[-2:]
    assert 200 == client.post("/graphql", content=full, headers=JSON).status_code
    beyond = client.post("/graphql", content=b"[" * (BODY_BYTES + 1), headers=JSON)
    assert (413, "BODY_TOO_LARGE") == (beyond.status_code, code_of(beyond))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    """GraphQL is asked by GET and POST alone."""
    assert 405 == client.send(method, "/graphql?query={__typename}").status_code


def test_suggestions_and_introspection_are_for_development(
    house: House, portal: BlockingPortal, client: Client
) -> None:
    """Outside development nothing about the schema is told, not even by a typing error."""
    open_client = Client(portal, create_app(house, TOKEN, development=True))
    for query in ("{itemz}", "{items(chian:1){edges{cursor}}}"):
        assert "Did you mean" in open_client.post("/graphql", json={"query": query}).text
        assert "Did you mean" not in client.post("/graphql", json={"query": query}).text
    asked = {"query": "{__schema{queryType{name}}}"}
    assert "Query" == open_client.post("/graphql", json=asked).json()["data"]["__schema"][
        "queryType"]["name"]  # fmt: skip


def test_rows_have_a_budget(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages within pages end at the budget, not at the product of their sizes."""
    monkeypatch.setattr("api.graphql.loaders.RESULT_ROWS", 10)
    query = """{items(chain:"two_hubs"){edges{node{stock{edges{node{location{stock{edges{node{
        id}}}}}}}}}}}"""
    answer = client.post("/graphql", json={"query": query})
    assert (200, "QUERY_COST") == (answer.status_code, code_of(answer))


def test_a_fault_of_ours_is_told_by_reference_alone(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected error shows a reference; its text and traceback stay in the log."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("password of the database")

    monkeypatch.setattr(type(house.catalog), "watermark", broken)
    answer = client.post("/graphql", json={"query": "{head{root}}"})
    error = answer.json()["errors"][0]
    assert ("INTERNAL", "service") == (error["extensions"]["code"], error["extensions"]["fault"])
    assert "password" not in answer.text
    assert "Traceback" not in answer.text
    assert error["message"].split("`")[1] in caplog.text


def test_a_known_error_keeps_its_code(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code, hint and whose fault it is come through from the layer that knew."""

    def refused(*_: Any, **__: Any) -> Any:
        raise StateError("not now", code="NOT_NOW", hint="later")

    monkeypatch.setattr(type(house.catalog), "watermark", refused)
    answer = client.post("/graphql", json={"query": "{head{root}}"}).json()
    told = {"code": "NOT_NOW", "hint": "later", "fault": "state"}
    assert (told, "not now") == (answer["errors"][0]["extensions"], answer["errors"][0]["message"])


def test_a_large_number_is_exact_or_refused(ask: Ask) -> None:
    """What does not fit a reader's numbers is an error and never rounded."""
    from api.graphql.bigint import _safe
    from ontology.errors import InputError

    assert 2**53 - 1 == _safe(2**53 - 1)
    with pytest.raises(InputError, match="outside"):
        _safe(2**53)
