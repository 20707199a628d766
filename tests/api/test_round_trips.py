"""How often the database is asked depends on the query's text, never on the rows it finds."""

import pytest

from service.house import House
from tests.api.conftest import Ask

QUERIES = {
    "plans, lines, facts": ("""query($n: Int!) {
        plans(chain: "two_hubs", first: $n) { edges { node {
        lines(first: $n) { edges { node {
        item { name } plan { label }
        derivedFrom { uri } } } } } } } }""", 5),
    "plans, shortfalls, facts": ("""query($n: Int!) {
        plans(chain: "two_hubs", first: $n) { edges { node {
        shortfalls(first: $n) { edges { node {
        location { name } derivedFrom { uri } } } }
        } } } }""", 4),
    "stock with both ends": ("""query($n: Int!) { stock(chain: "two_hubs", first: $n) {
        edges { node { item { name } location { name } } } } }""", 2),
    "lanes with stock at both ends": ("""query($n: Int!) { lanes(chain: "two_hubs", first: $n) {
        edges { node { origin { stock { edges { node {
        key } } } }
        destination { stock { edges { node {
        key } } } } } } } }""", 3),
    "items, stock, locations": ("""query($n: Int!) { items(chain: "two_hubs", first: $n) {
        edges { node { stock { edges { node {
        location { name } } } } } } } }""", 3),
    "two page sizes": ("""query($n: Int!) { items(chain: "two_hubs", first: $n) {
        edges { node { a: stock(first: 1) { edges { cursor } }
        b: stock(first: 2) { edges { cursor } } } } } }""", 3),
    "only the plans": ("""query($n: Int!) {
        plans(chain: "two_hubs", first: $n) { edges { node {
        certificate { gap } ruleResults { rule } comparison } } } }""", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_round_trips_do_not_grow_with_rows(house: House, ask: Ask, name: str) -> None:
    """One row or all of them: the same number of round trips, and that number."""
    query, expected = QUERIES[name]
    for rows in (1, 2, 100):
        before = house.catalog.round_trips
        ask(query, n=rows)
        assert (rows, expected) == (rows, house.catalog.round_trips - before)
