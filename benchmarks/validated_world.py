"""Facts of any number of triples, and core shapes over them, for the benchmark of validation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graph.fold import Fold, Statements
from graph.state import State
from ontology.columns import Table, table_of
from ontology.goods import Item, UnitConversion
from ontology.places import Location
from ontology.stock import StockPosition
from ontology.vocabulary import FACTS, RECORDS
from rules.columns import Columns
from rules.graph_of import NOTHING
from rules.pairs import Pairs
from rules.properties import Field, properties_of
from rules.release import Release

PLACES = 100
PLACES_OF_AN_ITEM = 8
TRIPLES_OF_AN_ITEM = 112
UNITS = ("each", "kilogram", "litre")
WRONG_IN = 200
"""One position in so many breaks a rule."""
PREFIXES = """@prefix inv: <https://w3id.org/evenkeel/inventory#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
HANDLING = "sh:path inv:handlingClass"
_IS_OWN = "[ sh:not [ sh:path ( inv:item inv:{} ) ; sh:disjoint inv:unit ] ]"
BODIES = (
    ("Item", "sh:path inv:baseUnit ; sh:minCount 1 ; sh:maxCount 1"),
    ("Item", 'sh:path inv:baseUnit ; sh:in ( "each" "kilogram" "litre" )'),
    ("Item", "sh:path inv:shelfLifeDays ; sh:minInclusive 1 ; sh:maxInclusive 4000"),
    ("Item", 'sh:path inv:family ; sh:pattern "^[a-z]+$"'),
    ("Item", "sh:path inv:valueCents ; sh:datatype xsd:integer ; sh:minExclusive 0"),
    ("Item", 'sh:path inv:packUnit ; sh:in ( "box" "case" )'),
    ("Item", f"sh:or ( [ {HANDLING} ; sh:maxCount 0 ] [ {HANDLING} ; sh:in ( 'ambient' ) ] )"),
    ("Location", "sh:path inv:country ; sh:minCount 1"),
    ("Location", 'sh:path inv:kind ; sh:in ( "hub" "plant" )'),
    ("Location", "sh:path inv:storageCapacityUnits ; sh:minInclusive 0"),
    ("UnitConversion", "sh:path inv:item ; sh:class inv:Item"),
    ("UnitConversion", "sh:path inv:numerator ; sh:minInclusive 1"),
    ("UnitConversion", "sh:path inv:denominator ; sh:minInclusive 1"),
    ("StockPosition", "sh:path inv:item ; sh:class inv:Item ; sh:minCount 1"),
    ("StockPosition", "sh:path inv:location ; sh:class inv:Location ; sh:nodeKind sh:IRI"),
    ("StockPosition", "sh:path inv:onHandUnits ; sh:minInclusive 0"),
    ("StockPosition", "sh:path inv:allocatedUnits ; sh:minInclusive 0"),
    ("StockPosition", "sh:path inv:reservedUnits ; sh:minInclusive 0"),
    ("StockPosition", "sh:path inv:onHoldUnits ; sh:minInclusive 0"),
    ("StockPosition", "sh:path inv:inTransitUnits ; sh:minInclusive 0"),
    ("StockPosition", "sh:path inv:totalUnits ; sh:equals inv:bucketSumUnits"),
    ("StockPosition", "sh:path inv:onHandUnits ; sh:lessThanOrEquals inv:totalUnits"),
    ("StockPosition", 'sh:path inv:unit ; sh:pattern "^[a-z ]+$" ; sh:maxCount 1'),
    ("StockPosition", "sh:path inv:countedOn ; sh:maxCount 1 ; sh:datatype xsd:date"),
    ("StockPosition", f"sh:or ( {_IS_OWN.format('baseUnit')} {_IS_OWN.format('packUnit')} )"),
    ("StockPosition", 'sh:path ( inv:location inv:kind ) ; sh:hasValue "hub"'),
)  # fmt: skip
"""The 26 core shapes: a target class and what stands in the shape."""


def release_of(bodies: Sequence[tuple[str, str]] = BODIES) -> Release:
    """A release of rules, one file each, with all that a person is told of a rule."""
    texts = {f"rule-{n:03}.ttl": _text(n, *body) for n, body in enumerate(bodies)}
    return Release("bench", "1", texts, {})


def different_bodies(count: int) -> list[tuple[str, str]]:
    """So many rules of which none says what another says: one for each property of facts."""
    found = []
    for name in sorted(FACTS):
        for step in properties_of(name).values():
            if isinstance(step.source, Field) and step.space == "integer":
                found.append((name, f"sh:path inv:{step.name} ; sh:minInclusive 0"))
            elif isinstance(step.source, Field) and step.space == "string":
                found.append((name, f'sh:path inv:{step.name} ; sh:pattern "^[a-z ]"'))
    return found[:count]


def _text(number: int, target: str, body: str) -> str:
    told = f'rdfs:label "Rule {number}" ; rdfs:comment "Why." ; inv:owner "bench"'
    return (f"{PREFIXES}rule:bench-{number:03} {told} ; sh:targetClass inv:{target} ;\n"
            f'    sh:message "it breaks rule {number}" ; {body} .\n')  # fmt: skip


def facts_of(triples: int) -> dict[str, Table]:
    """Items, places, packs and stock of about so many triples, some of it wrong."""
    items = max(1, triples // TRIPLES_OF_AN_ITEM)
    records: dict[str, list[Any]] = {
        "Item": [_item(number) for number in range(items)],
        "Location": [Location(f"p{n}", kind="hub", country="LU", storage_capacity_units=10**6)
                     for n in range(PLACES)],
        "UnitConversion": [UnitConversion(f"i{n}", "box", 12) for n in range(items)],
        "StockPosition": [position(item, number, units=item % 50)
                          for item in range(items) for number in range(PLACES_OF_AN_ITEM)],
    }  # fmt: skip
    return {name: table_of(rows, name).sorted() for name, rows in records.items()}


def _item(number: int, unit: str = "") -> Item:
    return Item(
        f"i{number}", name=f"item {number}", base_unit=unit or UNITS[number % 3], family="care",
        handling_class="ambient", value_cents=100, currency="EUR", shelf_life_days=number % 4100,
    )  # fmt: skip


def position(item: int, number: int, *, units: int, unit: str = "") -> StockPosition:
    """Stock of an item at one of the places that it is kept at."""
    wrong = (item * PLACES_OF_AN_ITEM + number) % WRONG_IN == 0
    return StockPosition(
        f"i{item}", f"p{(item * 7 + number) % PLACES}", None, units, 1, 0, 0, 0,
        total_units=units + 1 + wrong, unit=unit or ("pallet" if wrong else UNITS[item % 3]),
    )  # fmt: skip


def changed_item(number: int, unit: str) -> Item:
    """An item whose base unit is another."""
    return _item(number, unit)


def triples_of(tables: dict[str, Table]) -> int:
    """How many triples `graph_of` makes of tables, without making them."""
    columns = Columns(tables)
    every = [(name, step) for name in RECORDS for step in properties_of(name).values()]
    for name, step in every:
        columns.follow(Pairs(name, NOTHING, NOTHING), step)
    found = sum(len(table) for table in tables.values())
    for name, step in every:
        nodes = columns.nodes(name)
        found += len(columns.follow(Pairs(name, nodes, nodes), step))
    return found


def state_of(tables: dict[str, Table]) -> State:
    """The tables as the state of a chain, as after one delivery."""
    folds = {name: Fold((stated(table, 0),)) for name, table in tables.items()}
    return State(1, 0, folds)


def stated(table: Table, moment: int) -> Statements:
    """What a delivery states, true since a moment."""
    count = len(table)
    clocks = np.tile([moment, 0, 0], (count, 1))
    addresses = np.column_stack([np.full(count, moment + 1), np.arange(count)])
    return Statements(table, clocks, addresses, np.zeros(count, np.bool_))
