"""Persons in facts: every list of GraphQL tells the same names, and every file the pseudonyms."""

from pathlib import Path

import pytest

from ontology.pseudonyms import PSEUDONYM
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from tests.api.conftest import Ask, Client
from tests.api.test_asking_tables import GROUPS, ROWS, cells, facts

NAME = "Zephyrine Quill"
MAPPING = """
format: evenkeel-mapping/1
chain: replaced
source: buyers
version: 1
known: []
files:
  - file: items.csv
    principal: {class: Item, fields: {id: id}}
  - file: substitutes.csv
    pseudonyms: [by]
    principal:
      class: Substitute
      fields: {item: item, replacement: other, approved_by: by}
"""


@pytest.fixture
def substituted(house: House, tmp_path: Path) -> None:
    """A substitution that a person approved."""
    (tmp_path / "items.csv").write_text("id\na\nb\n")
    (tmp_path / "substitutes.csv").write_text(f"item,other,by\na,b,{NAME}\n")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    files = [tmp_path / "items.csv", tmp_path / "substitutes.csv"]
    sync(house, files, tmp_path / "mapping.yaml", Delivery("buyers"))


@pytest.mark.usefixtures("substituted")
def test_rows_and_lists_tell_the_same_name(ask: Ask, client: Client) -> None:
    """Lists of facts, rows and groups; an export keeps the pseudonym."""
    typed = ask("""{ facts(chain: "replaced", className: "Substitute") {
        edges { node { ... on OtherFact { fields } } } } }""")
    (edge,) = typed["facts"]["edges"]
    assert NAME == edge["node"]["fields"]["approved_by"]
    of = facts("Substitute", "replaced")
    (row,) = cells(ask(ROWS, of=of))
    assert NAME == row["approvedBy"]
    of |= {"by": [{"column": "approvedBy"}], "measures": [{"name": "n", "told": "ROWS"}]}
    assert [{"approvedBy": NAME, "n": 1}] == cells(ask(GROUPS, of=of), "groups")
    taken_away = client.post("/exports/csv", json=facts("Substitute", "replaced")).text
    assert NAME not in taken_away
    assert PSEUDONYM.search(taken_away)
