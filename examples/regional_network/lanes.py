"""Two hundred lanes by road, rail and air: what they cost, when they run and what they carry."""

from dataclasses import dataclass
from itertools import permutations

from examples.regional_network.families import FAMILIES
from examples.regional_network.geography import CITIES, COUNTRIES
from examples.regional_network.places import (
    EVERY_DAY,
    HUBS,
    RAIL_EVEN,
    RAIL_ODD,
    SELLING,
    truck_days,
)
from ontology.partners import Carrier
from ontology.transport import Lane

LANES = 200
CARRIERS = (
    Carrier("c-baltic", "Baltic Road", "road"),
    Carrier("c-ponente", "Ponente Trasporti", "road"),
    Carrier("c-kestrel", "Kestrel Haulage", "road"),
    Carrier("c-intermodal", "Intermodal Express", "rail"),
    Carrier("c-skybridge", "Skybridge Cargo", "air"),
)
_CARRIER = {"north": "c-baltic", "east": "c-baltic", "south": "c-ponente", "west": "c-kestrel"}
EVERYTHING = tuple(sorted({family.handling_class for family in FAMILIES}))
FAR_BY_AIR = ("Oslo", "Helsinki", "Dublin", "Lisbon", "Madrid", "Bucharest", "Sofia", "Zurich")
"""Stores that are also served by air from their hub."""
ON_STRIKE = "rail-rotterdam-milan"
SCARCE = {"air-hamburg-helsinki": 400, "air-milan-madrid": 400, "air-warsaw-sofia": 300}
"""Lanes with a capacity of their own, in units of 300 items together a day."""
_DAYS_BY_ROAD = ((450, 1), (1_100, 2))
_LONGEST_DAYS = 3
_CUSTOMS_DUTY_PERCENT = 2


@dataclass(frozen=True, slots=True)
class Way:
    """A lane to be: the rows of its ends in CITIES, its mode, and whether it is a main way."""

    origin: int
    destination: int
    mode: str = "road"
    is_main: bool = True

    @property
    def distance_km(self) -> float:
        """How far apart the ends are."""
        return CITIES[self.origin].distance_km(CITIES[self.destination])


def lanes(items: int) -> list[Lane]:
    """The lanes: hubs among themselves, each hub with its region, and neighbours.

    What scarce ones carry grows with the items, as the room and the hands of places do.
    """
    return [_lane(way, items) for way in ways()]


def ways() -> list[Way]:
    """Trunks by road, rail and air, each hub's ways out and back, then the nearest neighbours."""
    hubs = list(HUBS.values())
    found = [
        Way(origin, destination, mode)
        for origin, destination in permutations(hubs, 2)
        for mode in ("road", "rail", "air")
    ]
    for place in SELLING:
        hub = HUBS[CITIES[place].region]
        found += [Way(hub, place), Way(place, hub, is_main=False)]
        if CITIES[place].name in FAR_BY_AIR:
            found.append(Way(hub, place, "air"))
    return found + _neighbours(LANES - len(found))


def _neighbours(count: int) -> list[Way]:
    """The shortest ways between places that sell, both ways, those of one region first."""
    found = [Way(a, b, is_main=False) for a, b in permutations(SELLING, 2)]
    found.sort(key=lambda way: (
        CITIES[way.origin].region != CITIES[way.destination].region,
        way.distance_km, way.origin, way.destination,
    ))  # fmt: skip
    within = [way for way in found if _is_within(way)]
    across = found[len(within) :]
    return (within[: count - count // 5] + across)[:count]


def _is_within(way: Way) -> bool:
    return CITIES[way.origin].region == CITIES[way.destination].region


def _lane(way: Way, items: int) -> Lane:
    origin, destination = CITIES[way.origin], CITIES[way.destination]
    name = f"{way.mode}-{origin.name}-{destination.name}".lower()
    carrier = {"rail": "c-intermodal", "air": "c-skybridge"}.get(way.mode)
    customs = COUNTRIES[origin.country].residency_zone, COUNTRIES[destination.country]
    return Lane(
        id=name, origin=origin.id, destination=destination.id, mode=way.mode,
        carrier=carrier or _CARRIER[origin.region], lead_time_days=_lead_time(way),
        cost_per_unit_micros=_cost_per_unit(way),
        cost_per_kilogram_micros=900_000 if way.mode == "air" else 0,
        cost_per_line_cents={"road": 180, "rail": 120, "air": 450}[way.mode],
        duty_percent=_CUSTOMS_DUTY_PERCENT if customs[0] != customs[1].residency_zone else 0,
        currency=_currency(way),
        capacity_units_per_day=SCARCE[name] * items // 300 if name in SCARCE else None,
        calendar=_calendar(way), allowed_handling_classes=_allowed(way),
        status="closed" if name == ON_STRIKE else "open",
    )  # fmt: skip


def _lead_time(way: Way) -> int:
    if way.mode == "air":
        return 1
    by_road = next((days for most, days in _DAYS_BY_ROAD if way.distance_km <= most), _LONGEST_DAYS)
    return min(_LONGEST_DAYS, by_road + (way.mode == "rail"))


def _cost_per_unit(way: Way) -> int:
    """Micros of the lane's currency, in steps of a tenth of a cent."""
    start, per_km = {"road": (50, 0.35), "rail": (40, 0.2), "air": (700, 0.6)}[way.mode]
    return round(start + per_km * way.distance_km) * 1_000


def _currency(way: Way) -> str:
    """What the haulier asks to be paid in: its own money where both ends are at home."""
    home = {"GB": "GBP", "CH": "CHF"}
    ends = {CITIES[way.origin].country, CITIES[way.destination].country}
    return home.get(next(iter(ends)), "EUR") if len(ends) == 1 else "EUR"


def _calendar(way: Way) -> str:
    if way.mode == "air":
        return EVERY_DAY
    if way.mode == "rail":
        return RAIL_ODD if way.origin < way.destination else RAIL_EVEN
    return truck_days(CITIES[way.origin])


def _allowed(way: Way) -> tuple[str, ...]:
    """Main roads carry everything; nothing dangerous flies; vans of neighbours keep little cold."""
    if way.mode == "rail":
        return ("ambient", "hazardous")
    if way.mode == "air":
        return ("ambient", "chilled")
    if way.is_main:
        return EVERYTHING
    return ("ambient", "chilled") if way.distance_km < 300 else ("ambient",)
