"""Two chains that differ in what must stay hidden, planted with values that stand out anywhere."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from graph.manifests import FeedContents
from graph.projection import load_feed
from ontology.access import Grant
from ontology.columns import table_of
from ontology.demand import DemandOutcome, PurchaseOrder
from ontology.goods import Item, Lot, Substitute, UnitConversion
from ontology.partners import Contract, Customer, Offer, Supplier
from ontology.places import Location, SharedResource
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, Shipment
from service.examples import load_example
from service.house import House
from service.permits.grants import grant_access

BASE, FULL, OPEN = "two_hubs", "chain_f", "chain_o"
"""The shipped example; a chain with what must stay hidden, and the same without it."""
DAY = date(2026, 3, 2)
CANARY = "zq9x"
"""Begins every planted text; no other text of the project holds it."""
NUMBERS = (77_310_001, 77_310_002, 77_310_003, 77_310_004, 77_310_005, 77_310_006)
"""Planted numbers: prices, quantities, values, capacities."""
SECRET_SUPPLIER, SECRET_ITEM, ZONE_PLACE = f"{CANARY}-supplier", f"{CANARY}-item", f"{CANARY}-hub"
CLASS, ZONE = f"{CANARY}-class", f"{CANARY}-zone"
PRICE, VALUE, UNITS, CAPACITY, TERMS, ORDERED = NUMBERS


def hidden() -> list[Any]:
    """Facts that take a clearance, and facts that name them."""
    return [
        Supplier(SECRET_SUPPLIER, f"{CANARY} name", 1, f"{CANARY} country", 97,
                 confidentiality_class=CLASS),
        Contract(f"{CANARY}-contract", SECRET_SUPPLIER, committed_units=TERMS,
                 terms=f"{CANARY} terms"),
        Contract(f"{CANARY}-terms", "acme", committed_units=TERMS, confidentiality_class=CLASS),
        Offer(SECRET_SUPPLIER, "gadget", "north", 4_900_000, "EUR", 1, 1, 1, CAPACITY),
        Offer("acme", "gadget", "south", PRICE, "EUR", 1, 1, 1, CAPACITY,
              confidentiality_class=CLASS),
        Offer("acme", "widget", "south", PRICE, "EUR", contract=f"{CANARY}-terms"),
        PurchaseOrder(f"{CANARY}-order", SECRET_SUPPLIER, "gadget", "north", ORDERED, DAY),
        Item(SECRET_ITEM, f"{CANARY} good", family=f"{CANARY} family", value_cents=VALUE,
             currency="EUR", confidentiality_class=CLASS),
        UnitConversion(SECRET_ITEM, "case", UNITS, 1, f"{CANARY}-gtin"),
        Lot(f"{CANARY}-lot", SECRET_ITEM), Lot(f"{CANARY}-bought", "gadget",
                                               supplier=SECRET_SUPPLIER),
        StockPosition(SECRET_ITEM, "north", None, UNITS, 0, 0, 0, 0, UNITS),
        StockingPolicy(SECRET_ITEM, "north", None, 0, None, None, None, VALUE, VALUE, "EUR"),
        DemandOutcome(SECRET_ITEM, "north", DAY, UNITS, 1, "stated"),
        Substitute("gadget", SECRET_ITEM),
        Location(ZONE_PLACE, f"{CANARY} hub", part_of="valley", country=f"{CANARY} land",
                 residency_zone=ZONE),
        Location(f"{CANARY}-shelf", part_of=ZONE_PLACE, kind="shelf"),
        Lane(f"{CANARY}-lane", "north", ZONE_PLACE, "road", None, 1, 180_000, currency="EUR"),
        SharedResource(ZONE_PLACE, "units", CAPACITY),
        StockPosition("widget", f"{CANARY}-shelf", None, UNITS, 0, 0, 0, 0, UNITS),
        StockingPolicy("widget", ZONE_PLACE, None, 0, None, None, None, 100_000, 900_000, "EUR"),
        StockingPolicy("gadget", ZONE_PLACE, None, 0, None, None, None, 100_000, 900_000, "EUR"),
        DemandOutcome("gadget", ZONE_PLACE, DAY, 2, 1, "stated"),
        DemandOutcome("widget", ZONE_PLACE, DAY, 3, 1, "stated"),
        Shipment(f"{CANARY}-shipment", SECRET_ITEM, "north", ORDERED, DAY),
    ]  # fmt: skip


def seen_by_all() -> list[Any]:
    """Facts of both chains beside those of the shipped example."""
    return [Customer("shop", "The shop"), Contract("frame", "acme", committed_units=500)]


def load(house: House, chain: str, records: Iterable[Any], feed: str, day: int = 1) -> None:
    """One delivery of facts to a chain, true since a day of March."""
    by_class: dict[str, list[Any]] = {}
    for record in records:
        by_class.setdefault(type(record).__name__, []).append(record)
    tables = {name: table_of(rows, name) for name, rows in by_class.items()}
    contents = FeedContents(chain, "made", feed, "made", "0" * 64, (), tables)
    since = datetime(2026, 3, day, tzinfo=UTC)
    load_feed(house.projection, contents, agent="local", effective_at=since)


def load_chains(house: House) -> None:
    """The shipped example, and both chains, each of as many deliveries."""
    load_example(house, BASE)
    tables = house.facts(BASE).tables
    for chain in (FULL, OPEN):
        contents = FeedContents(chain, "made", "base", "made", "0" * 64, (), dict(tables))
        load_feed(house.projection, contents, agent="local",
                  effective_at=datetime(2026, 3, 1, tzinfo=UTC))  # fmt: skip
        load(house, chain, seen_by_all() + (hidden() if chain == FULL else []), "more")


PARTIAL = Grant("", "", "analyst", "*", datetime(2026, 1, 1, tzinfo=UTC),
                datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
"""A grant on everything that is cleared for nothing."""


def give(house: House, person: str, role: str, **limits: Any) -> Grant:
    """A grant on all chains, or as `limits` say."""
    return grant_access(house, replace(PARTIAL, person=person, role=role, **limits), "local")


def planted(data: bytes, but: Mapping[str, str] | None = None) -> list[str]:
    """The planted values that stand in an answer, apart from what the question itself said."""
    text = data.decode("utf-8", "replace")
    for said in but or {}:
        text = text.replace(said, "")
    found = [str(number) for number in NUMBERS if str(number) in text]
    return found + ([CANARY] if CANARY in text else [])
