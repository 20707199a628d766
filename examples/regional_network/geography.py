"""Where the story plays: cities, countries and their holidays. The figures are real."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371


@dataclass(frozen=True, slots=True)
class City:
    """A place of ours: `size` is its demand against an ordinary one, `serves` its customers."""

    name: str
    kind: str
    region: str
    country: str
    latitude: float
    longitude: float
    size: float = 1.0
    serves: str = ""

    @property
    def id(self) -> str:
        """The location's identifier, such as `store-rome`."""
        short = "dc" if self.kind == "distribution centre" else self.kind
        return f"{short}-{self.name.lower()}"

    def distance_km(self, other: "City") -> float:
        """The way along the great circle (haversine formula)."""
        north, south = radians(self.latitude), radians(other.latitude)
        rise = sin((north - south) / 2) ** 2
        turn = sin(radians(self.longitude - other.longitude) / 2) ** 2
        return 2 * EARTH_RADIUS_KM * asin(sqrt(rise + cos(north) * cos(south) * turn))


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its zone, residency zone, weekly day of rest, season and days off.

    A day off is `MM-DD`, `E+n` or `O+n` (days after western or orthodox Easter), or `Mn/MM` (the
    n-th Monday of a month, -1 the last). `season` names the weekly profile of its demand.
    """

    code: str
    time_zone: str
    season: str
    days_off: str
    closed_on_sunday: bool = False
    residency_zone: str = "EU"


REGIONS = ("north", "west", "south", "east")
_DC = "distribution centre"
CITIES = (
    City("Hamburg", "hub", "north", "DE", 53.5511, 9.9937),
    City("Rotterdam", "hub", "west", "NL", 51.9244, 4.4777),
    City("Milan", "hub", "south", "IT", 45.4642, 9.1900),
    City("Warsaw", "hub", "east", "PL", 52.2297, 21.0122),
    City("Copenhagen", _DC, "north", "DK", 55.6761, 12.5683, 1.5, "hospital"),
    City("Birmingham", _DC, "west", "GB", 52.4862, -1.8904, 1.6, "hospital"),
    City("Lyon", _DC, "west", "FR", 45.7640, 4.8357, 1.4, "pharmacy"),
    City("Barcelona", _DC, "south", "ES", 41.3874, 2.1686, 1.5, "pharmacy"),
    City("Vienna", _DC, "east", "AT", 48.2082, 16.3738, 1.4, "hospital"),
    City("Berlin", "store", "north", "DE", 52.5200, 13.4050, 1.3, "pharmacy"),
    City("Stockholm", "store", "north", "SE", 59.3293, 18.0686, 1.1, "pharmacy"),
    City("Gothenburg", "store", "north", "SE", 57.7089, 11.9746, 0.7, "retail"),
    City("Oslo", "store", "north", "NO", 59.9139, 10.7522, 0.8, "retail"),
    City("Helsinki", "store", "north", "FI", 60.1699, 24.9384, 0.8, "hospital"),
    City("London", "store", "west", "GB", 51.5072, -0.1276, 1.7, "pharmacy"),
    City("Manchester", "store", "west", "GB", 53.4808, -2.2426, 0.9, "retail"),
    City("Dublin", "store", "west", "IE", 53.3498, -6.2603, 0.8, "pharmacy"),
    City("Paris", "store", "west", "FR", 48.8566, 2.3522, 1.6, "hospital"),
    City("Brussels", "store", "west", "BE", 50.8503, 4.3517, 0.9, "pharmacy"),
    City("Lille", "store", "west", "FR", 50.6292, 3.0573, 0.6, "retail"),
    City("Zurich", "store", "south", "CH", 47.3769, 8.5417, 0.9, "hospital"),
    City("Geneva", "store", "south", "CH", 46.2044, 6.1432, 0.6, "pharmacy"),
    City("Rome", "store", "south", "IT", 41.9028, 12.4964, 1.3, "pharmacy"),
    City("Madrid", "store", "south", "ES", 40.4168, -3.7038, 1.4, "hospital"),
    City("Lisbon", "store", "south", "PT", 38.7223, -9.1393, 0.8, "retail"),
    City("Krakow", "store", "east", "PL", 50.0647, 19.9450, 0.7, "retail"),
    City("Prague", "store", "east", "CZ", 50.0755, 14.4378, 0.9, "pharmacy"),
    City("Budapest", "store", "east", "HU", 47.4979, 19.0402, 0.9, "pharmacy"),
    City("Bucharest", "store", "east", "RO", 44.4268, 26.1025, 0.9, "retail"),
    City("Sofia", "store", "east", "BG", 42.6977, 23.3219, 0.6, "retail"),
)
_NORTH, _LATIN, _SLAV = "early week", "saturday", "friday"
COUNTRIES = {
    country.code: country for country in (
        Country("DE", "Europe/Berlin", _NORTH,
                "01-01 E-2 E+1 05-01 E+39 E+50 10-03 12-25 12-26", closed_on_sunday=True),
        Country("NL", "Europe/Amsterdam", _NORTH,
                "01-01 E+1 04-27 E+39 E+50 12-25 12-26"),
        Country("IT", "Europe/Rome", _LATIN,
                "01-01 01-06 E+1 04-25 05-01 06-02 08-15 11-01 12-08 12-25 12-26"),
        Country("PL", "Europe/Warsaw", _SLAV,
                "01-01 01-06 E+1 05-01 05-03 E+60 08-15 11-01 11-11 12-25 12-26",
                closed_on_sunday=True),
        Country("DK", "Europe/Copenhagen", _NORTH,
                "01-01 E-3 E-2 E+1 E+39 E+50 12-25 12-26"),
        Country("GB", "Europe/London", _SLAV,
                "01-01 E-2 E+1 M1/05 M-1/05 M-1/08 12-25 12-26", residency_zone="UK"),
        Country("FR", "Europe/Paris", _LATIN,
                "01-01 E+1 05-01 05-08 E+39 E+50 07-14 08-15 11-01 11-11 12-25",
                closed_on_sunday=True),
        Country("ES", "Europe/Madrid", _LATIN,
                "01-01 01-06 E-2 05-01 08-15 10-12 11-01 12-06 12-08 12-25"),
        Country("AT", "Europe/Vienna", _NORTH,
                "01-01 01-06 E+1 05-01 E+39 E+50 E+60 08-15 10-26 11-01 12-08 12-25 12-26",
                closed_on_sunday=True),
        Country("SE", "Europe/Stockholm", _NORTH,
                "01-01 01-06 E-2 E+1 05-01 E+39 06-06 12-25 12-26"),
        Country("NO", "Europe/Oslo", _NORTH,
                "01-01 E-3 E-2 E+1 05-01 05-17 E+39 E+50 12-25 12-26",
                closed_on_sunday=True, residency_zone="NO"),
        Country("FI", "Europe/Helsinki", _NORTH,
                "01-01 01-06 E-2 E+1 05-01 E+39 12-06 12-25 12-26"),
        Country("IE", "Europe/Dublin", _SLAV,
                "01-01 M1/02 03-17 E+1 M1/05 M1/06 M1/08 M-1/10 12-25 12-26"),
        Country("BE", "Europe/Brussels", _NORTH,
                "01-01 E+1 05-01 E+39 E+50 07-21 08-15 11-01 11-11 12-25",
                closed_on_sunday=True),
        Country("CH", "Europe/Zurich", _NORTH, "01-01 E-2 E+1 E+39 E+50 08-01 12-25 12-26",
                closed_on_sunday=True, residency_zone="CH"),
        Country("PT", "Europe/Lisbon", _LATIN,
                "01-01 E-2 04-25 05-01 E+60 06-10 08-15 10-05 11-01 12-01 12-08 12-25"),
        Country("CZ", "Europe/Prague", _SLAV,
                "01-01 E-2 E+1 05-01 05-08 07-05 07-06 09-28 10-28 11-17 12-24 12-25 12-26"),
        Country("HU", "Europe/Budapest", _SLAV,
                "01-01 03-15 E-2 E+1 05-01 E+50 08-20 10-23 11-01 12-25 12-26"),
        Country("RO", "Europe/Bucharest", _SLAV,
                "01-01 01-02 01-24 O-2 O+1 05-01 06-01 O+50 08-15 11-30 12-01 12-25 12-26"),
        Country("BG", "Europe/Sofia", _SLAV,
                "01-01 03-03 O-2 O+1 05-01 05-06 05-24 09-06 09-22 12-24 12-25 12-26"),
    )
}  # fmt: skip


def easter(year: int) -> date:
    """Western Easter Sunday (the anonymous Gregorian algorithm, Nature 1876)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leap, spare = divmod(century, 4)
    shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap - shift + 15) % 30
    week = (32 + 2 * spare + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def orthodox_easter(year: int) -> date:
    """Orthodox Easter Sunday (Meeus's Julian algorithm; 13 days to our calendar until 2099)."""
    moon = (19 * (year % 19) + 15) % 30
    week = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
    month, day = divmod(moon + week + 114, 31)
    return date(year, month, day + 1) + timedelta(days=13)


def days_off(country: Country, years: range) -> list[date]:
    """The public holidays of a country in some years, in order, each once."""
    found = {_day_off(word, year) for year in years for word in country.days_off.split()}
    return sorted(found)


def _day_off(word: str, year: int) -> date:
    if word[0] in "EO":
        sunday = easter(year) if word[0] == "E" else orthodox_easter(year)
        return sunday + timedelta(days=int(word[1:]))
    if word[0] == "M":
        number, month = (int(part) for part in word[1:].split("/"))
        return _monday(year, month, number)
    month, day = (int(part) for part in word.split("-"))
    return date(year, month, day)


def _monday(year: int, month: int, number: int) -> date:
    if number < 0:
        after = date(year + month // 12, month % 12 + 1, 1)
        return after - timedelta(days=after.weekday() or 7)
    first = date(year, month, 1)
    return first + timedelta(days=(-first.weekday()) % 7 + 7 * (number - 1))
