"""Rows and groups over GraphQL: pages of one moment, answers that agree, and what is refused."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from tests.api.conftest import CHAIN, Ask, Client
from tests.api.test_limits import JSON, code_of
from tests.counted import BY_DAY, mapping_text, write_counts

ROWS = """query($of: RowsInput!, $first: Int! = 100, $after: String) {
  rows(of: $of, first: $first, after: $after) {
    edges { cursor node { cells } } pageInfo { hasNextPage endCursor } } }"""
GROUPS = ROWS.replace("RowsInput", "GroupsInput").replace("rows(", "groups(")
PEOPLED = "counted"
DERIVED = """
    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""


def facts(class_name: str, chain: str = CHAIN, **more: Any) -> dict[str, Any]:
    return {"facts": {"chain": chain, "className": class_name}} | more


def known_by(as_of: dict[str, Any]) -> dict[str, Any]:
    return {"facts": {"chain": CHAIN, "className": "Item", "asOf": as_of}}


def cells(answer: dict[str, Any], name: str = "rows") -> list[dict[str, Any]]:
    return [edge["node"]["cells"] for edge in answer[name]["edges"]]


def test_rows_are_the_facts(ask: Ask) -> None:
    """All columns of all facts, as the typed list tells them."""
    typed = ask("""{stock(chain: "two_hubs", first: 100) {edges {node {key onHandUnits}}}}""")
    expected = {(row["node"]["key"], row["node"]["onHandUnits"]) for row in typed["stock"]["edges"]}
    found = cells(ask(ROWS, of=facts("StockPosition")))
    assert expected == {(row["key"], row["onHandUnits"]) for row in found}
    assert {"item", "location", "totalUnits"} <= set(found[0])


def test_lines_add_up_to_their_groups(ask: Ask, digest: str) -> None:
    """The sum of each kind, made from all rows, is that of its group."""
    rows = cells(ask(ROWS, of={"lines": digest, "columns": ["kind", "quantityUnits"]}))
    expected: Counter[str] = Counter()
    for row in rows:
        expected[row["kind"]] += row["quantityUnits"]
    measures = [{"name": "units", "told": "SUM", "column": "quantityUnits"}]
    groups = cells(ask(GROUPS, of={"lines": digest, "by": [{"column": "kind"}],
                                   "measures": measures}), "groups")  # fmt: skip
    assert dict(expected) == {row["kind"]: row["units"] for row in groups}
    assert rows


def test_groups_are_chosen_by_their_measures(ask: Ask) -> None:
    """`having` sees measures, `orderBy` sorts by them, and a day is written as a day."""
    asked = facts(
        "StockPosition", by=[{"column": "location"}], measures=[{"name": "rows", "told": "ROWS"}],
        orderBy=[{"column": "rows", "descending": True}],
    )  # fmt: skip
    every = cells(ask(GROUPS, of=asked), "groups")
    most = every[0]["rows"]
    asked["having"] = {"column": "rows", "is": "AT_LEAST", "values": [str(most)]}
    assert [row for row in every if row["rows"] == most] == cells(ask(GROUPS, of=asked), "groups")


@pytest.fixture
def counted(house: House, tmp_path: Path) -> "Counted":
    return Counted(house, tmp_path)


class Counted:
    """A chain of counts, in which a source goes on counting."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house, self._folder, self._sent = house, folder, 0
        self.units: dict[str, int] = {}

    def send(self, units: dict[str, int]) -> None:
        """Count some items anew."""
        self._sent += 1
        day = f"2026-03-{self._sent:02}"
        lines = [f"{item},north,,{count},{day}" for item, count in units.items()]
        mapping = mapping_text(PEOPLED, mode=BY_DAY, derived=DERIVED)
        files, path = write_counts(self._folder / str(self._sent), lines, mapping)
        sync(self._house, files, path, Delivery("counter", f"{self._folder.name}-{self._sent}"))
        self.units |= units


def test_pages_show_what_the_first_one_saw(ask: Ask, counted: Counted) -> None:
    """While a source goes on, no row of the first moment is skipped, repeated or changed."""
    chance = random.Random(7)
    counted.send({f"item{number:02}": chance.randrange(100) for number in range(30)})
    expected = sorted(counted.units.items(), key=lambda one: (-one[1], one[0]))
    of = facts("StockPosition", PEOPLED, columns=["item", "onHandUnits"],
               orderBy=[{"column": "onHandUnits", "descending": True}])  # fmt: skip
    seen, after = [], None
    while True:
        page = ask(ROWS, of=of, first=7, after=after)
        seen += [(row["item"], row["onHandUnits"]) for row in cells(page)]
        if not page["rows"]["pageInfo"]["hasNextPage"]:
            break
        after = page["rows"]["pageInfo"]["endCursor"]
        changed = chance.sample(sorted(counted.units), 3)
        counted.send({item: chance.randrange(100) for item in [*changed, f"new{len(seen):02}"]})
    assert expected == seen
    assert sorted(counted.units.items()) == sorted(
        (row["item"], row["onHandUnits"])
        for row in cells(ask(ROWS, of=facts("StockPosition", PEOPLED)))
    )


def test_equal_groups_have_an_order(ask: Ask) -> None:
    """Also where a measure has the name of the column that no two rows have in common."""
    found = cells(ask(GROUPS, of=facts("Lane", by=[{"column": "origin"}], measures=[
        {"name": "key", "told": "ROWS"}], orderBy=[{"column": "key"}])), "groups")  # fmt: skip
    assert sorted(found, key=lambda row: (row["key"], row["origin"])) == found


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no table": (ROWS, {}, "TABLE_UNKNOWN"),
    "an event to come": (ROWS, known_by({"recordedEvent": 10**15}), "AS_OF_AHEAD"),
    "a time to come": (ROWS, known_by({"recorded": "2199-01-01T00:00Z"}), "AS_OF_AHEAD"),
    "two tables": (ROWS, facts("Item", lines="0" * 64), "TABLE_UNKNOWN"),
    "no such chain": (ROWS, facts("Item", "nowhere"), "CHAIN_UNKNOWN"),
    "no such class": (ROWS, facts("Dragon"), "UNKNOWN_CLASS"),
    "no such plan": (ROWS, {"lines": "x"}, "PLAN_UNKNOWN"),
    "no such column": (ROWS, facts("Item", columns=["colour"]), "COLUMN_UNKNOWN"),
    "a column twice": (ROWS, facts("Item", columns=["key", "key"]), "COLUMN_UNKNOWN"),
    "no measure": (GROUPS, facts("Item"), "GROUP_INVALID"),
    "a column of rows where groups are": (
        GROUPS, facts("Item", measures=[{"name": "n", "told": "ROWS"}], columns=["name"]),
        "COLUMN_UNKNOWN"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_has_its_code(client: Client, name: str) -> None:
    """Each refusal is the caller's fault, with one code."""
    query, of, code = REFUSED[name]
    answer = client.post("/graphql", json={"query": query, "variables": {"of": of}})
    assert (code, "input") == (code_of(answer), answer.json()["errors"][0]["extensions"]["fault"])


@pytest.mark.parametrize("depth", [5, 100, 400, 2_000])
def test_deep_conditions_are_refused(client: Client, depth: int) -> None:
    """As many levels as a body can hold are the caller's fault, like six."""
    where = '{"all": [' * depth + "{}" + "]}" * depth
    of = '{"facts": {"chain": "two_hubs", "className": "Item"}, "where": ' + where + "}"
    body = '{"query": "' + " ".join(ROWS.split()) + '", "variables": {"of": ' + of + "}}"
    answer = client.post("/graphql", content=body.encode(), headers=JSON)
    assert "input" == answer.json()["errors"][0]["extensions"]["fault"]


def test_a_cursor_is_of_one_question(client: Client, ask: Ask) -> None:
    """Another filter, order or table is another list."""
    page = ask(ROWS, of=facts("Item"), first=1)["rows"]["pageInfo"]["endCursor"]
    for other in (facts("Location"), facts("Item", orderBy=[{"column": "name"}])):
        answer = client.post("/graphql", json={"query": ROWS, "variables": {
            "of": other, "after": page}})  # fmt: skip
        assert "BAD_CURSOR" == code_of(answer)
