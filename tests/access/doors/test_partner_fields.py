"""A partner sees what it sells, and nothing of what that is worth or costs to whom it sells."""

import json
from dataclasses import replace
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from ontology.goods import Item
from ontology.partners import Offer, Supplier
from ontology.places import Location
from ontology.stock import StockingPolicy
from ontology.transport import Lane
from ontology.vocabulary import RECORDS
from service.access import Caller
from service.doors.outbound import Position, Wanted
from service.house import House
from service.permits.partner_fields import OWN_CLASSES, OWN_FIELDS, TRADE
from tests.access.doors.asking import follow, person
from tests.access.guarded_chain import load
from tests.api.conftest import Client

CHAIN, WORTH = "partnered", 66_510_001
"""Every number that is the owner's own is this one."""
SOLD = Item("sold", "Sold", value_cents=WORTH, currency="EUR", family="tools")
FACTS_OF_CHAIN = [
    SOLD, Location("north", "North"), Location("south", "South"),
    Supplier("acme", "Acme", reliability_percent=97), Supplier("other", "Other"),
    Offer("acme", "sold", "north", 1_250_000, "EUR"), Offer("other", "sold", "north", WORTH, "EUR"),
    Lane("ns", "north", "south", "road", None, 1, WORTH, currency="EUR"),
    StockingPolicy("sold", "north", None, 0, None, None, None, WORTH, WORTH, "EUR"),
]  # fmt: skip
LIMITS: dict[str, dict[str, Any]] = {
    "of a supplier": {"suppliers": ("acme",)}, "of a place": {"regions": ("north",)},
    "of a family": {"families": ("tools",)}, "of all": {},
    "of a cleared all": {"classes": ("*",), "zones": ("*",)},
}  # fmt: skip
TABLE = """query($of: RowsInput!) { rows(of: $of) { edges { node { cells } } } }"""


@pytest.fixture(scope="module", autouse=True)
def _loaded(house: House) -> None:
    load(house, CHAIN, FACTS_OF_CHAIN, "all")


def tokens(house: House, name: str) -> tuple[str, str]:
    """The token and the pseudonym of a partner with some limits."""
    return person(house, f"partner {name}", "partner", **{"chain": CHAIN, **LIMITS[name]})


@pytest.mark.parametrize("name", LIMITS)
def test_no_class_tells_a_partner_what_is_the_owners(
    house: House, app: Any, portal: BlockingPortal, name: str
) -> None:
    """Tables of every class, lists, conditions, orders and sums; plans not at all."""
    client = Client(portal, app, tokens(house, name)[0])
    for class_name in sorted({*OWN_CLASSES, *TRADE, *OWN_FIELDS}):
        of = {"facts": {"chain": CHAIN, "className": class_name}}
        answer = client.post("/graphql", json={"query": TABLE, "variables": {"of": of}})
        assert str(WORTH) not in answer.text, class_name
        if class_name in OWN_CLASSES | (set() if "suppliers" in LIMITS[name] else TRADE):
            assert [] == answer.json()["data"]["rows"]["edges"], class_name
    items = f'{{ items(chain: "{CHAIN}") {{ edges {{ node {{ key valueCents }} }} }} }}'
    told = client.post("/graphql", json={"query": items}).json()["data"]["items"]["edges"]
    assert [{"key": "sold", "valueCents": None}] == [edge["node"] for edge in told]
    where = {"column": "valueCents", "is": "MORE", "values": ["0"]}
    of = {"facts": {"chain": CHAIN, "className": "Item"}, "where": where}
    asked = client.post("/graphql", json={"query": TABLE, "variables": {"of": of}}).json()
    assert [] == asked["data"]["rows"]["edges"]
    del of["where"]
    assert str(WORTH) not in client.post("/exports/csv", json=of).text
    plans = client.post(
        "/graphql", json={"query": f'{{ plans(chain: "{CHAIN}") {{ __typename }} }}'}
    )
    assert "ACCESS_DENIED" in plans.text


def test_a_grant_beside_it_shows_what_it_shows(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """Who is an analyst of a part, too, sees of that part all fields."""
    secret, who = tokens(house, "of a supplier")
    other, _ = person(house, "both", "partner", chain=CHAIN, suppliers=("acme",))
    person(house, "both", "analyst", chain=CHAIN, families=("tools",))
    items = f'{{ items(chain: "{CHAIN}") {{ edges {{ node {{ valueCents }} }} }} }}'
    found = [Client(portal, app, each).post("/graphql", json={"query": items}).json()
             for each in (secret, other)]  # fmt: skip
    assert [None, WORTH] == [
        one["data"]["items"]["edges"][0]["node"]["valueCents"] for one in found]  # fmt: skip
    assert who


def test_changes_tell_a_partner_nothing_of_them(house: House) -> None:
    """Neither the value, nor that it is another than before."""
    _, who = tokens(house, "of a supplier")
    begin = house.projection.log.head().sequence
    load(house, CHAIN, [replace(SOLD, value_cents=WORTH + 1)], "worth more", day=2)
    load(house, CHAIN, [replace(SOLD, name="Renamed", value_cents=WORTH)], "renamed", day=3)
    found = [one.told for one in follow(house, Caller(who), Wanted(CHAIN)) if one.kind]
    assert str(WORTH) not in json.dumps(found, default=str)
    late = [one for one in found if Position(begin).sequence < one["event"]]
    assert [("Renamed", "changed")] == [(one["fields"]["name"], one["outcome"]) for one in late]


def test_what_is_left_out_may_be_left_out() -> None:
    """A field without which there is no record cannot be left out: its class is hidden instead."""
    for name, fields in OWN_FIELDS.items():
        for field in fields:
            assert RECORDS[name].__dataclass_fields__[field].default is None
