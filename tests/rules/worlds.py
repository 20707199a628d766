"""Random small supply chains and random shapes of the fragment, drawn from a seeded source."""

from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any

from ontology.columns import Snapshot, Table, record_at, table_of
from ontology.demand import DemandForecast
from ontology.goods import Item, Lot, Production, Substitute, UnitConversion
from ontology.movement import (
    CountryHolding,
    LaneLoad,
    LocationLoad,
    Movement,
    PlannedLine,
    StockAfterMoves,
)
from ontology.partners import (
    Contract,
    Customer,
    CustomerClass,
    Offer,
    Supplier,
    VendorManagedLink,
)
from ontology.places import Calendar, CalendarException, Location, SharedResource
from ontology.regulation import ResidencyPermission, TradeRestriction
from ontology.stock import StockPosition
from ontology.terms import NAMESPACE, RESOURCE, key_of, local_name
from ontology.transport import Lane
from rules.movement_laws import MOVEMENT_LAWS
from rules.properties import is_class, properties_of

MONDAY = date(2026, 3, 2)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ITEMS = ("widget", "ice cream", "a/b", "vaccine")
PLACES = ("north", "south", "café", "plant 1")
LANES = ("N-S", "S-N", "cold 1")
SUPPLIERS = ("acme", "blocked & co")
CUSTOMERS = ("c1", "c2")
CALENDARS = ("week", "never")
LOTS = ("L1", "L2", "L3")
CLASSES = ("", "ambient", "chilled", "frozen")
ZONES = ("", "alps", "coast")
COUNTRIES = ("", "LU", "CH")
SECRECY = ("", "internal", "secret")
FAMILIES = ("", "care", "food")
CONTRACTS = ("k1", "k2")
HAZARDS = ("flammable", "oxidiser", "toxic", "corrosive", "explosive")
GHOST = "ghost"
NAMES = {
    "Item": ITEMS, "Location": PLACES, "Lane": LANES, "Supplier": SUPPLIERS,
    "Customer": CUSTOMERS, "Calendar": CALENDARS, "Lot": LOTS, "SalesOrder": ("o1", "o2"),
}  # fmt: skip


def some(random: Random, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A random subset, in a random order."""
    return tuple(random.sample(values, random.randint(0, len(values))))


def random_tables(random: Random) -> dict[str, Table]:
    """Facts with missing values, references without a record, and wrong numbers."""
    pick = random.choice
    number = lambda: pick((None, -1, 0, 1, 3, 7))  # noqa: E731
    day = lambda: MONDAY + timedelta(random.randint(0, 6))  # noqa: E731
    records = {
        "Item": [
            Item(i, base_unit=pick(("each", "kilogram", "ea", "")), handling_class=pick(CLASSES),
                 family=pick(FAMILIES), customs_class=pick(("", "3401")),
                 confidentiality_class=pick(SECRECY), is_protected=pick((True, False, False)),
                 minimum_remaining_life_days=number()) for i in some(random, ITEMS)
        ],
        "Lot": [Lot(x, pick(ITEMS), expires_on=pick((None, day())),
                    status=pick(("released", "released", "quarantined", "")))
                for x in some(random, LOTS)],
        "Location": [
            Location(x, kind=pick(("hub", "plant")), country=pick(COUNTRIES),
                     residency_zone=pick(ZONES), serves_class=pick((None, GHOST, "fresh")),
                     part_of=pick((None, GHOST, *PLACES)))
            for x in some(random, PLACES)
        ],
        "Lane": [
            Lane(x, pick(PLACES), pick(PLACES), status=pick(("open", "closed")),
                 calendar=pick((None, GHOST, *CALENDARS)), capacity_units_per_day=number(),
                 allowed_handling_classes=some(random, CLASSES[1:]))
            for x in some(random, LANES)
        ],
        "Calendar": [Calendar(x, some(random, WEEKDAYS)) for x in some(random, CALENDARS)],
        "CalendarException": [
            CalendarException(c, MONDAY + timedelta(d), is_open=pick((True, False)))
            for c, d in some(random, tuple(product(CALENDARS, range(3))))
        ],
        "Supplier": [Supplier(x, status=pick(("approved", "blocked", "")), country=pick(COUNTRIES),
                              confidentiality_class=pick(SECRECY))
                     for x in some(random, SUPPLIERS)],
        "Production": [Production(*x) for x in some(random, tuple(product(PLACES, ITEMS)))],
        "VendorManagedLink": [VendorManagedLink(*x)
                              for x in some(random, tuple(product(PLACES[:2], CUSTOMERS)))],
        "UnitConversion": [UnitConversion(i, u, 2)
                           for i, u in some(random, tuple(product(ITEMS[:2], ("box", "case"))))],
        "StockPosition": [
            StockPosition(i, p, pick((None, *LOTS)), *(random.randint(-1, 3) for _ in range(5)),
                          total_units=random.randint(0, 9), unit=pick(("each", "box", "ea")))
            for i, p in some(random, tuple(product(ITEMS, PLACES)))
        ],
        "SharedResource": [SharedResource(p, "orders", random.randint(-2, 2))
                           for p in some(random, PLACES)],
        "Offer": [Offer(s, i, p, 100, capacity_units=number(),
                        contract=pick((None, GHOST, *CONTRACTS)))
                  for s, i, p in some(random, tuple(product(SUPPLIERS, ITEMS[:2], PLACES[:2])))],
        **_regulation(random),
    }  # fmt: skip
    return {name: table_of(rows, name).sorted() for name, rows in records.items()}


def _regulation(random: Random) -> dict[str, list[Any]]:
    """Permissions, restrictions, commitments and forecasts, some with fields left empty."""
    pick = random.choice
    day = lambda: pick((None, MONDAY + timedelta(random.randint(0, 6))))  # noqa: E731
    return {
        "Customer": [Customer(c, country=pick(COUNTRIES)) for c in some(random, CUSTOMERS)],
        "CustomerClass": [CustomerClass("fresh", "", pick((None, 2, 5)))],
        "ResidencyPermission": [
            ResidencyPermission(*row)
            for row in some(random, tuple(product(ZONES, ZONES[1:], FAMILIES)))[:2]
        ],
        "TradeRestriction": [
            TradeRestriction(*row)
            for row in some(random, tuple(product(COUNTRIES, COUNTRIES[1:], ("", "3401"))))[:2]
        ],
        "Contract": [Contract(k, pick(SUPPLIERS), day(), day(), pick((None, 5, 9)), pick((None, 7)))
                     for k in some(random, CONTRACTS)],
        "Substitute": [Substitute(*pair, approved_by=pick((None, "ann")))
                       for pair in some(random, tuple(product(ITEMS[:2], ITEMS)))],
        "DemandForecast": [
            DemandForecast(i, p, "m/1", MONDAY, MONDAY, MONDAY, 10**6, random.randint(90, 110))
            for i, p in some(random, tuple(product(ITEMS, PLACES)))
        ],
    }  # fmt: skip


def random_views(random: Random) -> dict[str, Table]:
    """Views on a finished plan, on both sides of every limit."""
    pick = random.choice
    lines = [
        PlannedLine(n, pick(("transfer", "purchase")), pick(ITEMS), n, MONDAY, MONDAY,
                    pick((None, *PLACES)), pick(PLACES), pick((None, *LANES)),
                    pick((None, *SUPPLIERS)), None, pick((None, 999_999, 1_000_000, 1_000_001)))
        for n in range(1, 5)
    ]  # fmt: skip
    records = {
        "PlannedLine": lines,
        "LaneLoad": [LaneLoad(x, MONDAY, 3, some(random, HAZARDS)) for x in some(random, LANES)],
        "LocationLoad": [LocationLoad(p, 3, pick((0, 1)), pick((0, 1)))
                         for p in some(random, PLACES)],
        "CountryHolding": [CountryHolding(i, c, 3, pick((0, 1)))
                           for i, c in some(random, tuple(product(ITEMS, COUNTRIES[1:])))],
    }  # fmt: skip
    return {name: table_of(rows, name) for name, rows in records.items()}


def random_snapshot(random: Random) -> Snapshot:
    """The same as a snapshot."""
    return Snapshot(1, random_tables(random))


def random_movements(random: Random, count: int) -> Table:
    """Movements of all kinds, also such as no plan would propose."""
    maybe = lambda values: random.choice((None, GHOST, *values, *values))  # noqa: E731
    found = {}
    for _ in range(count):
        leaves, days = random.randint(0, 6), random.randint(0, 3)
        movement = Movement(
            kind=random.choice(("transfer", "purchase", "assignment", "substitution")),
            item=random.choice((GHOST, *ITEMS, *ITEMS)),
            departs_on=MONDAY + timedelta(leaves),
            arrives_on=MONDAY + timedelta(leaves + days),
            departs_weekday=WEEKDAYS[leaves],
            arrives_weekday=WEEKDAYS[(leaves + days) % 7],
            lane=maybe(LANES),
            supplier=maybe(SUPPLIERS),
            order=maybe(("o1", "o2")),
            customer=maybe(CUSTOMERS),
            origin=maybe(PLACES),
            destination=maybe(PLACES),
            lot=maybe(LOTS),
            remaining_life_days=random.choice((None, -2, 0, 1, 3, 5, 8)),
            replaces=maybe(ITEMS),
            days_since_received=random.choice((None, 0, 2, 3)),
            stock_age_days=random.choice((None, 0, 30, 31)),
        )
        found[tuple(getattr(movement, name) for name in Movement.KEY)] = movement
    return table_of(found.values(), "Movement")


def lawful(movement: Movement) -> Movement | None:
    """The movement without what one of its kind never says; None where that leaves too little."""
    stated, possible = MOVEMENT_LAWS[movement.kind]
    free = {"kind", "item", "departsOn", "arrivesOn", "departsWeekday", "arrivesWeekday"}
    gone = {
        part.name: None
        for part in fields(movement)
        if local_name(part.name) not in free | {*stated, *possible}
    }
    kept = replace(movement, **gone)  # type: ignore[arg-type]
    if kept.lot is None:
        kept = replace(kept, remaining_life_days=None)
    if kept.kind == "substitution":
        kept = replace(kept, destination=kept.origin)
    is_whole = all(getattr(kept, p.name) is not None for p in fields(kept)
                   if local_name(p.name) in stated)  # fmt: skip
    stays = kept.kind == "transfer" and kept.origin == kept.destination
    return kept if is_whole and not stays else None


def lawful_movements(random: Random, count: int) -> Table:
    """Movements of all kinds, each as one of its kind may be."""
    table = random_movements(random, count)
    rows = (lawful(record_at(table, row)) for row in range(len(table)))
    kept = [movement for movement in rows if movement is not None]
    return table_of({key_of(m): m for m in kept}.values(), "Movement")


def random_stock_after(random: Random) -> Table:
    """Stock after moves with safety stocks, quantities not yet chosen."""
    pairs = some(random, tuple(product(ITEMS, PLACES)))
    return table_of([StockAfterMoves(i, p, random.randint(0, 9)) for i, p in pairs],
                    "StockAfterMoves")  # fmt: skip


PREFIXES = f"""
@prefix inv: <{NAMESPACE}> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


class RandomShape:
    """Turtle of a random shape of the fragment whose focus nodes are of one class."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def rule(self, name: str, target: str) -> str:
        """A rule with a target, a severity now and then, and one to three constraints."""
        body = self._body(target, 2)
        return f"{PREFIXES}rule:{name} sh:targetClass inv:{target} ;\n{body} ."

    def _body(self, space: str, depth: int) -> str:
        severity = self._random.choice(
            ("", "", "sh:severity sh:Warning ; ", "sh:severity sh:Info ; ")
        )
        if is_class(space) and self._random.random() < 0.6:
            return severity + self._property(space, depth)
        return severity + " ; ".join(self._several(space, space, depth, own=True))

    def _property(self, space: str, depth: int) -> str:
        path, values = self._path(space)
        parts = self._several(space, values, depth, own=False)
        return " ; ".join([f"sh:path {path}", *parts])

    def _several(self, space: str, values: str, depth: int, *, own: bool) -> list[str]:
        by_word = {}
        for _ in range(self._random.randint(1, 2)):
            part = self._on_values(space, values, depth, own=own)
            by_word[part.split()[0]] = part
        return list(by_word.values())

    def _path(self, space: str) -> tuple[str, str]:
        steps = []
        for _ in range(self._random.randint(1, 3)):
            known = properties_of(space) if is_class(space) else {}
            if not known:
                break
            step = known[self._random.choice(sorted(known))]
            steps.append(f"inv:{step.name}")
            space = step.space
        return (steps[0] if len(steps) == 1 else f"( {' '.join(steps)} )"), space

    def _on_values(self, space: str, values: str, depth: int, *, own: bool) -> str:
        pick = self._random.choice
        words = ["hasValue", "in", "datatype", "class", "nodeKind", "pattern"]
        if own and is_class(space):
            words = []
        if not own:
            words += [
                "minCount",
                "maxCount",
                "minCount",
                "maxCount",
                *self._pairings(space, values),
            ]
        if values in {"integer", "date"}:
            words += ["minInclusive", "maxExclusive", "maxInclusive", "minExclusive"]
        if depth:
            words += ["not", "or", "and", "xone", "node"]
            words += ["property", "property"] if is_class(values) else []
        word = pick(words or ["nodeKind"])
        return f"sh:{word} {self._parameter(word, space, values, depth)}"

    def _pairings(self, space: str, values: str) -> list[str]:
        if not self._others(space, values):
            return []
        ordered = ["lessThan", "lessThanOrEquals"] if values in {"integer", "date"} else []
        return ["equals", "disjoint", *ordered]

    def _others(self, space: str, values: str) -> list[str]:
        return sorted(p.name for p in properties_of(space).values() if p.space == values)

    def _parameter(self, word: str, space: str, values: str, depth: int) -> str:
        pick = self._random.choice
        if word in {"minCount", "maxCount"}:
            return str(self._random.randint(0, 2))
        if word in {"equals", "disjoint", "lessThan", "lessThanOrEquals"}:
            return "inv:" + pick(self._others(space, values))
        if word in {"not", "node", "property"}:
            if word == "node":
                return f"[ {' ; '.join(self._several(values, values, depth - 1, own=True))} ]"
            inner = self._property if word == "property" else self._body
            return f"[ {inner(values, depth - 1)} ]"
        if word in {"or", "and", "xone"}:
            members = (f"[ {self._body(values, depth - 1)} ]" for _ in range(2))
            return f"( {' '.join(members)} )"
        if word == "in":
            return f"( {' '.join(self._constant(values) for _ in range(2))} )"
        fixed = {
            "datatype": ("xsd:string", "xsd:integer", "xsd:date"),
            "class": ("inv:Item", "inv:Lane", "inv:Location", "inv:Party", "inv:SoleSourcedItem"),
            "nodeKind": ("sh:IRI", "sh:Literal", "sh:BlankNodeOrIRI"),
            "pattern": ('"a"', '"^[a-m]"', '"1|N"'),
        }
        return pick(fixed[word]) if word in fixed else self._constant(values)

    def _constant(self, space: str) -> str:
        pick = self._random.choice
        if is_class(space):
            return f"<{RESOURCE}{space}/{pick(('x', 'N-S', 'north', 'acme', 'widget'))}>"
        if space == "integer":
            return str(self._random.randint(-1, 8))
        if space == "date":
            return f'"{MONDAY + timedelta(self._random.randint(0, 8))}"^^xsd:date'
        if space == "boolean":
            return pick(("true", "false"))
        if space == "dateTime":
            return '"2026-03-02T00:00:00Z"^^xsd:dateTime'
        return pick(('"open"', '"approved"', '"monday"', '"chilled"', '"each"', '"transfer"'))
