"""The regional example is a whole, consistent world: references, codes, places, stock, ways."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from zoneinfo import available_timezones

import networkx as nx
import numpy as np
import pytest

from examples.regional_network import generate
from examples.regional_network.geography import COUNTRIES, days_off, easter, orthodox_easter
from ontology.columns import MISSING, Table
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

Tables = Mapping[str, Table]
FIRST_DAY = np.datetime64("2026-03-02", "D")
BOXES = {  # south, north, west, east of each country's mainland, in whole degrees, outwards
    "AT": (46, 50, 9, 18), "BE": (49, 52, 2, 7), "BG": (41, 45, 22, 29), "CH": (45, 48, 5, 11),
    "CZ": (48, 52, 12, 19), "DE": (47, 56, 5, 16), "DK": (54, 58, 8, 13), "ES": (36, 44, -10, 4),
    "FI": (59, 71, 20, 32), "FR": (42, 52, -5, 9), "GB": (49, 61, -9, 2), "HU": (45, 49, 16, 23),
    "IE": (51, 56, -11, -5), "IT": (36, 48, 6, 19), "NL": (50, 54, 3, 8), "NO": (57, 72, 4, 32),
    "PL": (49, 55, 14, 25), "PT": (36, 43, -10, -6), "RO": (43, 49, 20, 30), "SE": (55, 70, 11, 25),
}  # fmt: skip


def test_every_reference_resolves(tables: Tables) -> None:
    """Whatever a fact refers to is a fact of the same example."""
    known = {name: set(table.row_of) for name, table in tables.items()}
    lost = {
        (name, field, value)
        for name, table in tables.items()
        for field, kind in field_kinds(RECORDS[name]).items()
        if kind.refers_to
        for value in set(table[field].tolist()) - {None}
        if value not in known[kind.refers_to]
    }
    assert set() == lost


def test_every_key_is_unique(tables: Tables) -> None:
    """No two facts of a class have one key."""
    assert {} == {n: len(t) - len(t.row_of) for n, t in tables.items() if len(t) > len(t.row_of)}


def test_the_counts_that_are_promised(shipped: Tables) -> None:
    """The shipped size has the places, items, suppliers, lanes and pairs of its story."""
    kinds = Counter(shipped["Location"]["kind"].tolist())
    assert {"region": 4, "hub": 4, "distribution centre": 5, "store": 21} == dict(kinds)
    assert (300, 40, 200) == tuple(len(shipped[n]) for n in ("Item", "Supplier", "Lane"))
    assert {"road", "rail", "air"} == set(shipped["Lane"]["mode"])
    assert {1: 24, 2: 10, 3: 6} == dict(Counter(shipped["Supplier"]["tier"].tolist()))
    assert 10 == len(set(shipped["Item"]["family"]))
    assert 1_500 == len(selling_pairs(shipped))
    assert 300_000 <= len(shipped["DemandObservation"]) < 400_000


def test_twice_the_items_are_twice_the_rest() -> None:
    """What belongs to items grows with them, within a tenth; places and lanes stay."""
    one, two = (generate(items=items, days=28) for items in (300, 600))
    grown = ("Item", "UnitConversion", "Supplier", "Lot", "Offer", "StockPosition",
             "StockingPolicy", "PurchaseOrder", "DemandObservation")  # fmt: skip
    assert [2.0] * len(grown) == [
        pytest.approx(len(two[name]) / len(one[name]), rel=0.1) for name in grown
    ]
    for name in ("Location", "Lane", "Calendar"):
        assert one[name].keys.tolist() == two[name].keys.tolist()


def test_check_digits_are_right(tables: Tables) -> None:
    """Weighted 3 and 1 from the right, the digits of a GTIN or GLN add up to a multiple of 10."""
    gtins = tables["UnitConversion"]["gtin"].tolist()
    glns = [code for code in tables["Location"]["gln"].tolist() if code]
    assert ({14}, {13}) == ({len(code) for code in gtins}, {len(code) for code in glns})
    assert len(gtins + glns) == len(set(gtins + glns))
    for code in gtins + glns:
        assert 0 == sum(int(c) * (3 if n % 2 else 1) for n, c in enumerate(code[::-1])) % 10


def test_places_stand_in_their_country_and_zone(shipped: Tables) -> None:
    """Coordinates lie within the country's box, and every zone is one of the tz database."""
    places = shipped["Location"]
    rows = np.flatnonzero(places["kind"] != "region")
    for row in rows:
        south, north, west, east = BOXES[places["country"][row]]
        latitude, longitude = (
            places[name][row] / 1_000_000
            for name in ("latitude_microdegrees", "longitude_microdegrees")
        )
        assert (True, True) == (south <= latitude <= north, west <= longitude <= east)
    assert set(places["time_zone"][rows]) <= available_timezones()
    assert {"north", "west", "south", "east"} == set(places["part_of"][rows])


@pytest.mark.parametrize(
    ("year", "western", "orthodox"),
    [
        (2019, date(2019, 4, 21), date(2019, 4, 28)),
        (2024, date(2024, 3, 31), date(2024, 5, 5)),
        (2025, date(2025, 4, 20), date(2025, 4, 20)),
        (2026, date(2026, 4, 5), date(2026, 4, 12)),
        (2038, date(2038, 4, 25), date(2038, 4, 25)),
    ],
)
def test_easter(year: int, western: date, orthodox: date) -> None:
    """Easter falls on the Sundays of the church's tables."""
    assert (western, orthodox) == (easter(year), orthodox_easter(year))


@pytest.mark.parametrize(
    ("country", "day"),
    [
        ("GB", date(2025, 5, 5)), ("GB", date(2025, 5, 26)), ("GB", date(2025, 8, 25)),
        ("IE", date(2025, 10, 27)), ("IE", date(2026, 3, 17)), ("BG", date(2026, 3, 3)),
        ("DE", date(2025, 6, 9)), ("RO", date(2026, 4, 10)), ("PL", date(2026, 6, 4)),
    ],
)  # fmt: skip
def test_holidays_fall_on_known_days(country: str, day: date) -> None:
    """Fixed days, days after either Easter and n-th Mondays are public holidays as published."""
    assert day in days_off(COUNTRIES[country], range(day.year, day.year + 1))


def test_buckets_are_disjoint_and_sum(tables: Tables) -> None:
    """Every stock position's buckets are not negative and add up to its total."""
    stock = tables["StockPosition"]
    names = ("on_hand_units", "allocated_units", "reserved_units", "on_hold_units",
             "in_transit_units")  # fmt: skip
    assert all((stock[name] >= 0).all() for name in names)
    assert stock["total_units"].tolist() == sum(stock[name] for name in names).tolist()
    unit = dict(zip(tables["Item"]["id"], tables["Item"]["base_unit"], strict=True))
    assert [unit[item] for item in stock["item"]] == stock["unit"].tolist()


def test_what_is_under_way_is_booked_where_it_goes(tables: Tables) -> None:
    """In transit equals the shipments by lot and destination, allocated the transfer orders."""
    stock, sent, moved = (tables[n] for n in ("StockPosition", "Shipment", "TransferOrder"))
    transit = Counter({key: units for key, units in zip(
        zip(stock["item"], stock["location"], stock["lot"], strict=True),
        stock["in_transit_units"].tolist(), strict=True) if units})  # fmt: skip
    shipped: Counter[tuple[str, ...]] = Counter()
    for item, to, lot, units in zip(*(sent[n] for n in (
            "item", "destination", "lot", "quantity_units")), strict=True):  # fmt: skip
        shipped[item, to, lot] += int(units)
    assert shipped == transit
    assert moved["quantity_units"].sum() == stock["allocated_units"].sum()
    assert (sent["arrives_on"] >= FIRST_DAY).all()
    assert (tables["PurchaseOrder"]["due_on"] >= FIRST_DAY).all()


def test_every_selling_pair_is_reached_from_an_offer(tables: Tables) -> None:
    """From an approved supplier's offer, open lanes that keep the goods lead to every place."""
    lanes, items, offers = tables["Lane"], tables["Item"], tables["Offer"]
    kept = pairs_by_item(tables["StockingPolicy"])
    approved = dict(zip(tables["Supplier"]["id"], tables["Supplier"]["status"], strict=True))
    fed: dict[str, set[str]] = {}
    columns = (offers[name] for name in ("supplier", "item", "location"))
    for supplier, item, place in zip(*columns, strict=True):
        if approved[supplier] == "approved":
            fed.setdefault(item, set()).add(place)
    lost = []
    for item, handling in zip(items["id"], items["handling_class"], strict=True):
        ways = nx.DiGraph([("source", place) for place in fed[item]])
        for row in np.flatnonzero(lanes["status"] == "open"):
            ends = lanes["origin"][row], lanes["destination"][row]
            if set(ends) <= kept[item] and handling in lanes["allowed_handling_classes"][row]:
                ways.add_edge(*ends)
        lost += sorted(kept[item] - nx.descendants(ways, "source"))
    assert [] == lost
    assert selling_pairs(tables) <= {(item, place) for item in kept for place in kept[item]}


def test_the_stock_tells_the_story(shipped: Tables) -> None:
    """The north sits on the promoted families; the south is nearly out of the delayed ones."""
    cover = median_cover(shipped)
    for family in ("analgesics", "wound-care", "nutrition"):
        assert cover["north", family] > 20
    for family in ("wound-care", "nutrition"):
        assert cover["south", family] < 2
        assert 4 < cover["east", family] < 20
    late = shipped["PurchaseOrder"]
    waiting = late.take(np.flatnonzero(late["due_on"] - late["ordered_on"] > 40))
    assert {"hub-milan"} == set(waiting["location"])
    assert {"S-09"} == set(waiting["supplier"])


BITES: dict[str, Callable[[Tables], bool]] = {
    "blocked supplier": lambda t: "blocked" in t["Supplier"]["status"],
    "closed lane": lambda t: "closed" in t["Lane"]["status"],
    "quarantined lot": lambda t: on_hand_with(t, "quarantined") > 0,
    "blocked lot": lambda t: "blocked" in t["Lot"]["status"],
    "lot of 3 to 15 days": lambda t: bool(
        ((t["Lot"]["expires_on"] - FIRST_DAY).astype(int) < 16).any()),
    "protected item": lambda t: bool(t["Item"]["is_protected"].any()),
    "confidential item": lambda t: "trial" in t["Item"]["confidentiality_class"],
    "supplier cleared, others not": lambda t: {"", "trial"} == set(
        t["Supplier"]["confidentiality_class"]),
    "hazard classes": lambda t: {"", "flammable", "oxidiser", "corrosive", "toxic"} == set(
        t["Item"]["hazard_class"]),
    "residency zones": lambda t: {"", "EU", "UK", "CH", "NO"} == set(
        t["Location"]["residency_zone"]),
    "restricted class in stock": lambda t: set(t["TradeRestriction"]["customs_class"]) <= set(
        t["Item"]["customs_class"]),
    "possession limit": lambda t: len(t["PossessionLimit"]) > 0,
    "stale count": lambda t: age_share(t, 30) > 0.01,
    "most counts are fresh": lambda t: age_share(t, 1) < 0.15,
    "received lately": lambda t: bool((FIRST_DAY - t["StockPosition"]["received_on"]
                                       < np.timedelta64(3, "D")).any()),
    "single source": lambda t: 0.05 < single_sources(t) < 0.3,
    "contract not met": lambda t: bool(
        (t["Contract"]["committed_units"] > t["Contract"]["ordered_units"]).any()),
    "contract met": lambda t: bool(
        (t["Contract"]["committed_units"] < t["Contract"]["ordered_units"]).any()),
    "stand-in not approved": lambda t: None in t["Substitute"]["approved_by"],
    "stand-in approved": lambda t: any(t["Substitute"]["approved_by"]),
    "lane capacity": lambda t: 0 < (t["Lane"]["capacity_units_per_day"] != MISSING).sum() < 10,
    "three currencies": lambda t: {"EUR", "GBP", "CHF"} == set(t["Offer"]["currency"])
        & set(t["Lane"]["currency"]),
    "customer classes": lambda t: {"hospital", "pharmacy", "retail", None} == set(
        t["Location"]["serves_class"]),
    "lots of many": lambda t: bool((t["Offer"]["lot_multiple_units"] > 1).any()),
    "kits": lambda t: len(t["Component"]) > 0,
    "tiers": lambda t: len(t["UpstreamSupply"]) > 0,
}  # fmt: skip


@pytest.mark.parametrize("what", BITES)
def test_every_rule_has_something_to_bite_on(shipped: Tables, what: str) -> None:
    """The shipped example holds facts that each rule of a rule book speaks of."""
    assert BITES[what](shipped)


def selling_pairs(tables: Tables) -> set[tuple[str, str]]:
    asked = tables["DemandObservation"]
    return set(zip(asked["item"].tolist(), asked["location"].tolist(), strict=True))


def pairs_by_item(table: Table) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item, place in zip(table["item"], table["location"], strict=True):
        found.setdefault(item, set()).add(place)
    return found


def median_cover(tables: Tables) -> dict[tuple[str, str], float]:
    """Days of cover of the last four weeks' demand: the median by region and family."""
    asked, stock = tables["DemandObservation"], tables["StockPosition"]
    lately = asked["on"] >= FIRST_DAY - np.timedelta64(28, "D")
    daily: Counter[tuple[str, str]] = Counter()
    for item, place, units in zip(*(asked[n][lately] for n in (
            "item", "location", "quantity_units")), strict=True):  # fmt: skip
        daily[item, place] += int(units)
    there: Counter[tuple[str, str]] = Counter()
    for item, place, units in zip(*(stock[n] for n in (
            "item", "location", "on_hand_units")), strict=True):  # fmt: skip
        there[item, place] += int(units)
    family = dict(zip(tables["Item"]["id"], tables["Item"]["family"], strict=True))
    region = dict(zip(tables["Location"]["id"], tables["Location"]["region"], strict=True))
    days: dict[tuple[str, str], list[float]] = {}
    for (item, place), units in daily.items():
        days.setdefault((region[place], family[item]), []).append(there[item, place] * 28 / units)
    return {key: float(np.median(found)) for key, found in days.items()}


def on_hand_with(tables: Tables, status: str) -> int:
    of = dict(zip(tables["Lot"]["id"], tables["Lot"]["status"], strict=True))
    stock = tables["StockPosition"]
    rows = [row for row, lot in enumerate(stock["lot"]) if of[lot] == status]
    return int(stock["on_hand_units"][rows].sum())


def age_share(tables: Tables, days: int) -> float:
    age = FIRST_DAY - tables["StockPosition"]["counted_on"]
    return float((age > np.timedelta64(days, "D")).mean())


def single_sources(tables: Tables) -> float:
    offers = tables["Offer"]
    suppliers: dict[str, set[str]] = {}
    for item, supplier in zip(offers["item"], offers["supplier"], strict=True):
        suppliers.setdefault(item, set()).add(supplier)
    return sum(len(found) == 1 for found in suppliers.values()) / len(suppliers)
