"""Who may see and do what: roles, and the grants that give one person one of them."""

from dataclasses import dataclass
from datetime import datetime

ROLES = ("analyst", "integrator", "planner", "approver", "governor", "auditor", "partner",
         "operator")  # fmt: skip
ANY = "*"
"""Stands for every chain, and among clearances for every class or zone there is or will be."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a person on a chain (ANY: on all), for facts of some attributes.

    Empty `regions`, `suppliers` and `families` do not limit; empty `classes` (of confidentiality)
    and `zones` (of residency) clear for none. It is true from `begins` until before `until` (None:
    until it is ended); it was known from `recorded` on. `ended` is from when an end that was known
    from `ended_recorded` on takes it away.
    """

    id: str
    person: str
    role: str
    chain: str
    begins: datetime
    recorded: datetime
    regions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    until: datetime | None = None
    ended: datetime | None = None
    ended_recorded: datetime | None = None

    def covers(self, chain: str) -> bool:
        """Whether it is of this chain."""
        return self.chain in (chain, ANY)

    @property
    def is_limited(self) -> bool:
        """Whether it leaves out facts by region, supplier or family."""
        return bool(self.regions or self.suppliers or self.families)

    def holds(self, when: datetime, known: datetime) -> bool:
        """Whether it is true at a time, as far as was known at another."""
        return self.recorded <= known and self.begins <= when and not self._is_over(when, known)

    def held_within(self, begin: datetime, end: datetime) -> bool:
        """Whether it let anybody in at any moment of [begin, end): true then, and known then."""
        starts = max(self.begins, self.recorded)
        stops = [time for time in (self.until, self._taken_away) if time is not None]
        return starts < end and all(time > max(begin, starts) for time in stops)

    @property
    def _taken_away(self) -> datetime | None:
        if self.ended is None or self.ended_recorded is None:
            return None
        return max(self.ended, self.ended_recorded)

    def _is_over(self, when: datetime, known: datetime) -> bool:
        if self.until is not None and when >= self.until:
            return True
        if self.ended is None or self.ended_recorded is None:
            return False
        return self.ended_recorded <= known and when >= self.ended
