"""Locations, regions, their calendars, the customers served there and the people in charge."""

from examples.regional_network.codes import gln
from examples.regional_network.geography import CITIES, COUNTRIES, REGIONS, City, days_off
from examples.regional_network.sizes import FIRST_DAY, Size
from ontology.partners import CustomerClass, Person
from ontology.places import Calendar, CalendarException, Location

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY, RAIL_ODD, RAIL_EVEN = "every-day", "rail-mon-wed-fri", "rail-tue-thu-sat"
CUSTOMER_CLASSES = (
    CustomerClass("hospital", "Hospitals", 60),
    CustomerClass("pharmacy", "Pharmacies", 30),
    CustomerClass("retail", "Retail", 14),
)
PEOPLE = (
    Person("p-lindqvist", "Anna Lindqvist", ("a.lindqvist",), ("planner",)),
    Person("p-okafor", "Chidi Okafor", ("c.okafor", "okafor.admin"), ("planner", "approver")),
    Person("p-moreau", "Claire Moreau", ("c.moreau",), ("quality",)),
    Person("p-rossi", "Marco Rossi", ("m.rossi",), ("procurement",)),
    Person("p-novak", "Jana Novak", ("j.novak",), ("quality", "approver")),
    Person("p-byrne", "Sean Byrne", ("s.byrne",), ("transport",)),
)
HUBS = {city.region: row for row, city in enumerate(CITIES) if city.kind == "hub"}
"""The row in CITIES of each region's hub."""
SELLING = tuple(row for row, city in enumerate(CITIES) if city.kind != "hub")
"""The rows in CITIES of the places that sell: distribution centres and stores."""


def locations() -> list[Location]:
    """The four regions, then the thirty places."""
    regions = [Location(id=name, name=name.capitalize(), kind="region") for name in REGIONS]
    return regions + [_location(row, city) for row, city in enumerate(CITIES)]


def _location(row: int, city: City) -> Location:
    country = COUNTRIES[city.country]
    return Location(
        id=city.id, name=city.name, kind=city.kind, part_of=city.region, region=city.region,
        country=city.country, time_zone=country.time_zone,
        latitude_microdegrees=round(city.latitude * 1_000_000),
        longitude_microdegrees=round(city.longitude * 1_000_000),
        calendar=open_days(city), gln=gln(row), residency_zone=country.residency_zone,
        serves_class=city.serves or None,
    )  # fmt: skip


def open_days(city: City) -> str:
    """The name of the calendar of a place: that of its country."""
    return f"open-{city.country}"


def truck_days(city: City) -> str:
    """The name of the calendar of the trucks that leave a place."""
    return f"trucks-{city.country}"


def calendars() -> list[Calendar]:
    """When places are open and trucks and trains run; aircraft fly every day."""
    found = [
        Calendar(EVERY_DAY, WEEK),
        Calendar(RAIL_ODD, ("monday", "wednesday", "friday")),
        Calendar(RAIL_EVEN, ("tuesday", "thursday", "saturday")),
    ]
    for country in COUNTRIES.values():
        opens = WEEK[:6] if country.closed_on_sunday else WEEK
        found.append(Calendar(f"open-{country.code}", opens))
        found.append(Calendar(f"trucks-{country.code}", WEEK[:5]))
    return found


def calendar_exceptions(size: Size) -> list[CalendarException]:
    """The public holidays, on which places and trucks rest, from the history's first year on."""
    years = range(size.history_starts_on.year, FIRST_DAY.year + 1)
    return [
        CalendarException(f"{what}-{country.code}", day)
        for country in COUNTRIES.values()
        for day in days_off(country, years)
        for what in ("open", "trucks")
    ]
