"""The argument `asOf` and what it reads: facts as they were true and known at two times."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.bigint import BigInt
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError
from ontology.time_zones import FIRST_YEAR, LAST_YEAR
from service.house import AsOf


@strawberry.input(name="AsOf", description="Which facts: now and all that is known, if not given.")
class AsOfInput:
    """Facts true at `effective`, as they were known at `recorded`, or after `recordedEvent`."""

    effective: datetime | None = None
    recorded: datetime | None = None
    recorded_event: BigInt | None = None

    def asked(self) -> AsOf:
        """The same for the service. Raises InputError `BAD_TIME`."""
        for when in (self.effective, self.recorded):
            if when is not None and (
                when.tzinfo is None or not FIRST_YEAR <= when.year <= LAST_YEAR
            ):
                raise InputError(f"`{when}` is no time with an offset from UTC", code="BAD_TIME",
                                 hint="write it like 2026-03-01T06:00:00Z, in the years "
                                 f"{FIRST_YEAR} to {LAST_YEAR}")  # fmt: skip
        if self.recorded is not None and self.recorded_event is not None:
            raise InputError("`recorded` and `recordedEvent` say the same in two ways",
                             code="BAD_TIME", hint="state one of them")  # fmt: skip
        if self.recorded_event is not None and not 0 <= int(self.recorded_event) <= LARGEST_INTEGER:
            raise InputError("`recordedEvent` is no event of a log", code="BAD_TIME",
                             hint="write the number of an event")  # fmt: skip
        known = self.recorded if self.recorded_event is None else int(self.recorded_event)
        return AsOf(self.effective, known)


When = Annotated[AsOfInput | None, strawberry.argument(description="facts of other times than now")]
