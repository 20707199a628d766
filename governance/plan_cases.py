"""A submitted plan on its way: the statuses of its case, who said what, and what it promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from governance.matrix import Demand
from governance.scopes import Scope
from ontology.errors import StateError
from ontology.events import (
    APPROVAL_DECLINED,
    APPROVAL_ESCALATED,
    APPROVAL_EXPIRED,
    APPROVAL_GIVEN,
    APPROVAL_RETURNED,
    APPROVAL_VOIDED,
    PLAN_CARRIED_OUT,
    PLAN_SUBMITTED,
)
from ontology.promises import Promise

WAITING, APPROVED = "waiting", "approved"
DECLINED, RETURNED, VOID, EXPIRED = "declined", "returned", "void", "expired"
CARRIED_OUT = "carried out"
CASE_STATUSES = (WAITING, APPROVED, DECLINED, RETURNED, VOID, EXPIRED, CARRIED_OUT)

CASE_TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType({
    (WAITING, APPROVAL_GIVEN): WAITING,  # APPROVED where it completes what is demanded
    (WAITING, APPROVAL_DECLINED): DECLINED,
    (WAITING, APPROVAL_RETURNED): RETURNED,
    (WAITING, APPROVAL_ESCALATED): WAITING,
    (WAITING, APPROVAL_VOIDED): VOID,
    (WAITING, APPROVAL_EXPIRED): EXPIRED,
    (APPROVED, APPROVAL_VOIDED): VOID,
    (APPROVED, APPROVAL_EXPIRED): EXPIRED,
    (APPROVED, PLAN_CARRIED_OUT): CARRIED_OUT,
    (VOID, PLAN_CARRIED_OUT): CARRIED_OUT,  # where it had been approved: a fact of the world
    (EXPIRED, PLAN_CARRIED_OUT): CARRIED_OUT,
    (WAITING, PLAN_CARRIED_OUT): CARRIED_OUT,  # and was submitted again since
    (RETURNED, PLAN_CARRIED_OUT): CARRIED_OUT,
    (DECLINED, PLAN_CARRIED_OUT): CARRIED_OUT,
    (RETURNED, PLAN_SUBMITTED): WAITING,
    (VOID, PLAN_SUBMITTED): WAITING,
    (EXPIRED, PLAN_SUBMITTED): WAITING,
})  # fmt: skip
"""From a status by an event to the next; what is not named here is refused.

A plan that was returned, void or expired may be submitted again, and then nobody has approved it.
What was declined stays declined: a change is another plan. Comments change no status.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's approval: with which roles, and whose power where it was not their own (`by`).

    A `mandate` says by what the service itself approved, within what people set.
    """

    person: str
    roles: tuple[str, ...]
    by: Mapping[str, tuple[str, ...]]
    at: datetime
    reason: str
    mandate: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What was said or done about a case, by whom and when, in words."""

    kind: str
    person: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    """What a plan touches: its places, each by all of its names, and families. None: not known."""

    places: tuple[tuple[str, ...], ...] | None = ()
    families: tuple[str, ...] | None = ()

    def beside(self, other: "Placed") -> "Placed":
        """What both touch together; what one of them does not know, nobody knows."""
        unknown = None in (self.places, other.places), None in (self.families, other.families)
        return Placed(
            None if unknown[0] else tuple(sorted({*(self.places or ()), *(other.places or ())})),
            None if unknown[1] else tuple(sorted({*(self.families or ()),
                                                  *(other.families or ())})),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a plan promised in a round that is over, since the event that approved it then, `at`."""

    approval: int
    at: datetime
    promises: tuple[Promise, ...]
    purchases: tuple[Promise, ...]


NOWHERE = Placed()
"""Beside it a plan touches what it did."""


@dataclass(frozen=True, slots=True)
class PlanCase:
    """A submitted plan on its way. `submission` is the event that began the present round.

    `authors` made the plan or one that it was edited from, or submitted it: none of them approves.
    So many of those plans were made by `unnamed` hands. `deadline` is when the next of
    `escalates_to` is named; `until`, when it expires. `promises` are what it takes and `purchases`
    what it buys, since the event `approval` approved it (0: none did). `earlier` is what the last
    round promised in which it was approved before this one.
    """

    plan: str
    chain: str
    submission: int
    submitted_by: str
    maker: str
    authors: frozenset[str]
    unnamed: int
    demands: tuple[Demand, ...]
    places: tuple[tuple[str, ...], ...] | None
    families: tuple[str, ...] | None
    ways: tuple[str, ...]
    gap_per_million: int
    deadline: datetime
    deadline_hours: int
    until: datetime
    escalates_to: tuple[str, ...]
    status: str = WAITING
    escalated: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    promises: tuple[Promise, ...] = ()
    purchases: tuple[Promise, ...] = ()
    approval: int = 0
    band_per_million: int = 0
    earlier: Earlier | None = None
    remarks: tuple[Remark, ...] = ()
    reason: str = ""

    @property
    def held(self) -> "Earlier | None":
        """What it promised in the last round in which it was approved; None where none was."""
        if not self.approval:
            return self.earlier
        return Earlier(self.approval, self.verdicts[-1].at, self.promises, self.purchases)

    @property
    def is_open(self) -> bool:
        """Whether it waits, or is approved and stands."""
        return self.status in (WAITING, APPROVED)

    @property
    def orders(self) -> tuple[Promise, ...]:
        """Its transfers and purchases as open orders, of a plan that is approved or carried out.

        When each of them ends is derived from the facts (`ontology.promise_ends`).
        """
        if self.status not in (APPROVED, CARRIED_OUT):
            return ()
        return (*self.promises, *self.purchases)

    def placed_also(self, now: Placed) -> "PlanCase":
        """The case of a plan that touches what it did when it was submitted, and what is said now.

        INVARIANT: who may decide on it may so for both, and a stop in either holds it.
        """
        both = Placed(self.places, self.families).beside(now)
        return replace(self, places=both.places, families=both.families)

    def is_within(self, scope: Scope) -> bool:
        """Whether all that the plan touches lies in a scope; what cannot be told does not."""
        if not scope.covers(self.chain):
            return False
        return _all_in(self.places, scope.regions) and _all_in(
            None if self.families is None else tuple((each,) for each in self.families),
            scope.families,
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a plan's approval: by which event, and the status that the case had then."""

    event: int
    plan: str
    status: str


def next_case_status(case: PlanCase, kind: str) -> str:
    """The status after an event. Raises StateError `APPROVAL_STATUS` where the table has none."""
    found = CASE_TRANSITIONS.get((case.status, kind))
    if found is None or (found == CARRIED_OUT and case.held is None):
        doing = _DOING.get(kind, kind)
        why = f" ({case.reason})" if case.reason and not case.is_open else ""
        raise StateError(
            f"plan `{case.plan[:12]}` is {case.status}{why}: it cannot be {doing}",
            code="APPROVAL_STATUS", hint="`evenkeel approvals show` tells what became of it",
        )  # fmt: skip
    return found


def unmet(case: PlanCase, demands: Iterable[Demand], verdicts: Iterable[Verdict]) -> list[Demand]:
    """The demands that these verdicts do not meet.

    People are counted by whose power they used: who approves by the power of another, and that
    other, are one. What the service approved by a mandate meets all. Where `unnamed` hands made
    the plan, there is always one more person than they could be.
    """
    given = tuple(verdicts)
    if any(verdict.mandate for verdict in given):
        return []
    return [demand for demand in demands
            if people_given(case, demand, given) < people_wanted(case, demand)]  # fmt: skip


def people_wanted(case: PlanCase, demand: Demand) -> int:
    """How many people a demand takes: always one more than the `unnamed` who made the plan."""
    return max(demand.people, case.unnamed + 1)


def people_given(case: PlanCase, demand: Demand, verdicts: tuple[Verdict, ...]) -> int:
    """How many people of a demand's roles, or of those escalated to, have approved.

    Who approves by the power of another, and that other, are one.
    """
    wanted = {*demand.roles, *case.escalated}
    own = {verdict.person for verdict in verdicts if wanted & set(verdict.roles)}
    used = set(own)
    for verdict in verdicts:
        if verdict.person not in own:
            powers = (giver for giver, roles in sorted(verdict.by.items())
                      if wanted & set(roles) and giver not in used)  # fmt: skip
            used.add(next(powers, ""))
    return len(used - {""})


def _all_in(groups: tuple[tuple[str, ...], ...] | None, names: tuple[str, ...]) -> bool:
    if not names:
        return True
    return groups is not None and all(set(group) & set(names) for group in groups)


_DOING: Mapping[str, Any] = {
    PLAN_SUBMITTED: "submitted", APPROVAL_GIVEN: "approved", APPROVAL_DECLINED: "declined",
    APPROVAL_RETURNED: "returned", APPROVAL_ESCALATED: "escalated", APPROVAL_VOIDED: "made void",
    APPROVAL_EXPIRED: "expired", PLAN_CARRIED_OUT: "carried out",
}  # fmt: skip
