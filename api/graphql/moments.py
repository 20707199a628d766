"""The argument `asOf` and what it reads: facts as they were true and known at two times."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.bigint import BigInt
from ontology.errors import InputError
from service.house import AsOf


@strawberry.input(name="AsOf", description="Which facts: now and all that is known, if not given.")
class AsOfInput:
    """Facts true at `effective`, as they were known at `recorded`, or after `recordedEvent`."""

    effective: datetime | None = None
    recorded: datetime | None = None
    recorded_event: BigInt | None = None

    def asked(self) -> AsOf:
        """The same for the service. Raises InputError `BAD_TIME`."""
        if self.recorded is not None and self.recorded_event is not None:
            raise InputError("`recorded` and `recordedEvent` say the same in two ways",
                             code="BAD_TIME", hint="state one of them")  # fmt: skip
        known = self.recorded if self.recorded_event is None else int(self.recorded_event)
        return AsOf(self.effective, known)


When = Annotated[AsOfInput | None, strawberry.argument(description="facts of other times than now")]
