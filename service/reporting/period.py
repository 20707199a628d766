"""The days that a report is about."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ontology.errors import InputError
from ontology.time_zones import FIRST_YEAR, LAST_YEAR


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included: days of UTC, by when an event was recorded.

    Raises InputError `BAD_PERIOD` where it ends before it begins, or in a year of no fact.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        """Refuse what is no period."""
        years = (self.since.year, self.until.year)
        if self.until < self.since or not all(FIRST_YEAR <= one < LAST_YEAR for one in years):
            raise InputError(f"there is no period from {self.since} to {self.until}",
                             code="BAD_PERIOD", hint="give its first day, then its last",
                             )  # fmt: skip

    @property
    def starts(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.since, datetime.min.time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.until, datetime.min.time(), UTC) + timedelta(days=1)


def day_of(text: str) -> date:
    """A day from its text. Raises InputError `BAD_PERIOD`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"`{text[:40]}` is no day", code="BAD_PERIOD",
                         hint="write it like 2026-03-01") from error  # fmt: skip
