"""Cursors hold in their own list only, and pages give every row once."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.connections import Cursors
from ontology.errors import InputError
from tests.api.conftest import Ask, Client

CURSORS = Cursors.under("t" * 43)
LISTS = ["items", "locations", "suppliers", "offers", "lanes", "stock"]


@given(st.text(), st.one_of(st.text(), st.integers(-(2**53), 2**53)))
def test_a_cursor_comes_back(scope: str, place: Any) -> None:
    """What was written is read, in the list that it was written for."""
    assert place == CURSORS.read(scope, CURSORS.write(scope, place))


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "=" * 9, "A" * 200, "\x00"])
def test_what_was_not_written_is_refused(cursor: str) -> None:
    """Any text that is no cursor is refused with one code."""
    with pytest.raises(InputError) as refused:
        CURSORS.read("items", cursor)
    assert "BAD_CURSOR" == refused.value.code


def test_a_cursor_of_another_list_key_or_place_is_refused() -> None:
    """Neither another list nor another service's cursor fits, nor one bent by a byte."""
    cursor = CURSORS.write("items", "widget")
    data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    bent = [
        base64.urlsafe_b64encode(data[:n] + bytes([data[n] ^ 1]) + data[n + 1 :]).decode()
        for n in range(len(data))
    ]
    for scope, told, cursors in [
        ("lanes", cursor, CURSORS), ("item", CURSORS.write("items", 1), CURSORS),
        ("items", cursor, Cursors.under("u" * 43)), *(("items", one, CURSORS) for one in bent),
    ]:  # fmt: skip
        with pytest.raises(InputError, match="cursor"):
            cursors.read(scope, told)


@pytest.mark.parametrize("name", LISTS)
def test_pages_give_every_row_once(ask: Ask, name: str) -> None:
    """Pages of one, joined, are the whole list, in the order of keys."""
    query = f"""query($first: Int!, $after: String) {{ list: {name}(chain: "two_hubs",
        first: $first, after: $after) {{ edges {{ cursor node {{ key }} }}
        pageInfo {{ hasNextPage endCursor }} }} }}"""
    whole = [edge["node"]["key"] for edge in ask(query, first=100)["list"]["edges"]]
    seen: list[str] = []
    after = None
    has_next = True
    while has_next:
        page = ask(query, first=1, after=after)["list"]
        seen += [edge["node"]["key"] for edge in page["edges"]]
        has_next, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert sorted(whole) == whole == seen
    assert len(whole) >= 2


def test_nested_pages_go_on_too(ask: Ask, digest: str) -> None:
    """Lines of a plan, and stock of an item, continue after a cursor."""
    query = """query($digest: String!, $first: Int!, $after: String) { plan(digest: $digest) {
        lines(first: $first, after: $after) { edges { node { number } }
        pageInfo { hasNextPage endCursor } } } }"""
    whole = ask(query, digest=digest, first=100)["plan"]["lines"]["edges"]
    first = ask(query, digest=digest, first=1)["plan"]["lines"]
    after = first["pageInfo"]["endCursor"]
    rest = ask(query, digest=digest, first=100, after=after)["plan"]["lines"]["edges"]
    assert whole == first["edges"] + rest
    stock = """query($first: Int!, $after: String) { node(id: "two_hubs/Item/widget") {
        ... on Item { stock(first: $first, after: $after) { edges { node { key } }
        pageInfo { endCursor } } } } }"""
    both = ask(stock, first=2)["node"]["stock"]["edges"]
    one = ask(stock, first=1)["node"]["stock"]
    then = ask(stock, first=1, after=one["pageInfo"]["endCursor"])["node"]["stock"]["edges"]
    assert both == one["edges"] + then


def test_a_cursor_of_one_chain_is_refused_in_another(client: Client, ask: Ask) -> None:
    """A cursor names its list: chain and class."""
    query = """query($chain: String!, $after: String) {
        items(chain: $chain, after: $after) { edges { cursor } } }"""
    cursor = ask(query, chain="two_hubs")["items"]["edges"][0]["cursor"]
    for chain in ("other", "two_hubs/Item"):
        sent = {"query": query, "variables": {"chain": chain, "after": cursor}}
        answer = client.post("/graphql", json=sent).json()
        assert "BAD_CURSOR" == answer["errors"][0]["extensions"]["code"]
