"""GraphQL over HTTP: media types and statuses, what a GET may, headers, trusted documents."""

import json
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.graphql.over_http import GRAPHQL_RESPONSE, JSON, media_type_of
from api.graphql.schema import build_schema
from api.graphql.trusted import id_of, trusted_documents
from ontology.errors import InputError
from service.house import House
from tests.api.conftest import CHAIN, TOKEN, Client
from tests.api.test_limits import code_of

ACCEPTED = {
    "": JSON, "*/*": JSON, "application/*": JSON, "application/json": JSON,
    GRAPHQL_RESPONSE: GRAPHQL_RESPONSE, f"{JSON}, {GRAPHQL_RESPONSE}": GRAPHQL_RESPONSE,
    f"{GRAPHQL_RESPONSE};q=0.5, {JSON}": JSON, f"{GRAPHQL_RESPONSE};q=0.5, */*;q=0.1":
    GRAPHQL_RESPONSE, "text/html, */*;q=0.8": JSON, f"{JSON};q=0, */*": JSON,
    "APPLICATION/GraphQL-Response+JSON ; Q=1": GRAPHQL_RESPONSE, ",, ,": JSON,
}  # fmt: skip


@pytest.mark.parametrize("accept", sorted(ACCEPTED))
def test_the_most_welcome_media_type_is_chosen(accept: str) -> None:
    """By weight, then by how exactly it is named; plain JSON where nothing is said."""
    assert ACCEPTED[accept] == media_type_of(accept)


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", "application/xml;q=x", "a"])
def test_nothing_is_forced_on_a_caller(client: Client, accept: str) -> None:
    """Who takes neither gets 406, with the code in plain JSON."""
    with pytest.raises(InputError):
        media_type_of(accept)
    answer = client.post("/graphql", json={"query": "{__typename}"}, headers={"Accept": accept})
    assert (406, "NOT_ACCEPTABLE") == (answer.status_code, code_of(answer))


@pytest.mark.parametrize("query", ["{", "{itemz}", "query($d:String!){plan(digest:$d){id}}"])
def test_a_status_tells_as_much_as_its_media_type_may(client: Client, query: str) -> None:
    """What never ran is 200 as plain JSON, and 400 where the media type says whose answer it is."""
    for accept, status in ((JSON, 200), (GRAPHQL_RESPONSE, 400)):
        answer = client.post("/graphql", json={"query": query}, headers={"Accept": accept})
        assert (status, f"{accept}; charset=utf-8") == (
            answer.status_code, answer.headers["content-type"])  # fmt: skip
        assert {"errors"} == set(answer.json())


def get(client: Client, **parameters: str):
    return client.send("GET", "/graphql", params=parameters,
                       headers={"Accept": GRAPHQL_RESPONSE})  # fmt: skip


def test_a_get_asks_the_same(client: Client) -> None:
    """Variables in the address are JSON."""
    query = "query($chain: String!) {items(chain: $chain) {edges {node {id}}}}"
    asked = {"query": query, "variables": {"chain": CHAIN}}
    got = get(client, query=query, variables=json.dumps(asked["variables"]))
    assert got.json()["data"]["items"]["edges"]
    assert client.post("/graphql", json=asked).json() == got.json()


MAKES = 'mutation {makePlan(input: {chain: "two_hubs"}) {__typename}}'
REFUSED_GETS = {
    "a mutation": ({"query": MAKES}, 405, "METHOD_NOT_ALLOWED"),
    "a mutation beside a query": (
        {"query": f"query a {{__typename}} {MAKES[:8]} b {MAKES[9:]}", "operationName": "b"},
        405, "METHOD_NOT_ALLOWED"),
    "nothing": ({}, 400, "BAD_REQUEST"),
    "variables that are no JSON": ({"query": "{__typename}", "variables": "{"}, 400, "NOT_JSON"),
    "variables that are no object": (
        {"query": "{__typename}", "variables": "[]"}, 400, "BAD_REQUEST"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_GETS)
def test_a_get_changes_nothing(client: Client, house: House, name: str) -> None:
    """No link and no picture makes a plan, whichever operation of the document it names."""
    parameters, status, code = REFUSED_GETS[name]
    before = house.projection.log.head().sequence
    answer = get(client, **parameters)
    assert (status, code) == (answer.status_code, code_of(answer))
    assert before == house.projection.log.head().sequence
    twice = client.send("GET", "/graphql?query={__typename}&query={__typename}")
    assert (400, "BAD_REQUEST") == (twice.status_code, code_of(twice))


@pytest.mark.parametrize("path", ["/graphql", "/health", "/none", "/changes?after=x"])
def test_every_answer_guards_itself(client: Client, path: str) -> None:
    """Also a refusal: no browser guesses its type, frames, keeps or hands on anything."""
    headers = client.send("GET", path).headers
    assert "nosniff" == headers["x-content-type-options"]
    assert "no-store" == headers["cache-control"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


def test_only_trusted_documents_run(
    house: House, portal: BlockingPortal, tmp_path: Path, client: Client
) -> None:
    """By id, or as the very same text; one space more is another document."""
    text = "query Chains { chains { name } }\n"
    (tmp_path / "chains.graphql").write_text(text)
    closed = Client(portal, create_app(house, TOKEN, documents=tmp_path))
    expected = client.post("/graphql", json={"query": text}).json()
    for asked in ({"documentId": id_of(text)}, {"query": text}):
        assert expected == closed.post("/graphql", json=asked).json()
    for asked, code in (
        ({"query": text + " "}, "QUERY_NOT_TRUSTED"), ({"query": MAKES}, "QUERY_NOT_TRUSTED"),
        ({"query": "{"}, "QUERY_NOT_TRUSTED"), ({"documentId": "x"}, "QUERY_DOCUMENT_UNKNOWN"),
    ):  # fmt: skip
        assert code == code_of(closed.post("/graphql", json=asked))


@pytest.mark.parametrize("content", [b"{", b"{nothing}", b"\xff", b" " * 300_000, None])
def test_a_document_that_cannot_run_is_told_at_the_start(
    tmp_path: Path, content: bytes | None
) -> None:
    """So a change of the schema that breaks one is seen before a caller meets it."""
    if content is not None:
        (tmp_path / "one.graphql").write_bytes(content)
    with pytest.raises(InputError) as refused:
        trusted_documents(tmp_path, build_schema(development=True).as_str())
    assert ("NO_DOCUMENTS" if content is None else "DOCUMENT_INVALID") == refused.value.code
