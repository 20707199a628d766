"""The approval of plans: each plan's case by its digest, what is promised, and whose power."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

from governance.growing import Growing
from governance.matrix import Demand, demand_of
from governance.outcomes import Ended
from governance.scopes import Scope, scope_of
from ontology.errors import StateError
from ontology.events import (
    APPROVAL_COMMENTED,
    APPROVAL_DECLINED,
    APPROVAL_ESCALATED,
    APPROVAL_EXPIRED,
    APPROVAL_GIVEN,
    APPROVAL_RETURNED,
    APPROVAL_VOIDED,
    PLAN_CARRIED_OUT,
    PLAN_SUBMITTED,
    POWER_DELEGATED,
    POWER_TAKEN_BACK,
    Event,
    micros_of,
    moment_of,
)
from ontology.promises import Key, Promise, promise_of

WAITING, APPROVED = "waiting", "approved"
DECLINED, RETURNED, VOID, EXPIRED = "declined", "returned", "void", "expired"
CARRIED_OUT = "carried out"
CASE_STATUSES = (WAITING, APPROVED, DECLINED, RETURNED, VOID, EXPIRED, CARRIED_OUT)

DEPARTED_ON = "departed_on"
"""The field of an event that says on which day a plan left, where it is told."""

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
class Delegation:
    """A person hands the power to approve to another, for a scope and a time; `id` is its event."""

    id: int
    giver: str
    taker: str
    scope: Scope
    since: datetime
    until: datetime
    reason: str
    ended: bool = False

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at a time."""
        return not self.ended and self.since <= now < self.until


@dataclass(frozen=True)
class Approvals:
    """Every case by the plan's digest, and every delegation, in the order of the log."""

    cases: Mapping[str, PlanCase] = field(default_factory=Growing)
    delegations: tuple[Delegation, ...] = ()
    approved: tuple[str, ...] = ()
    """The plans that were ever approved, in that order."""
    ended: tuple[Ended, ...] = ()
    """Each end of an approval: carried out, void or expired, in the order of the log."""
    opened: tuple[str, ...] | None = None
    """Of `cases` those that wait or are approved, in the order in which they came to; worked out
    where it is not told."""

    def __post_init__(self) -> None:
        """Find what is open where nobody told."""
        if self.opened is None:
            found = tuple(plan for plan, case in self.cases.items() if case.is_open)
            object.__setattr__(self, "opened", found)

    def case(self, plan: str) -> PlanCase:
        """The case of a plan. Raises StateError `APPROVAL_UNASKED`."""
        found = self.cases.get(plan)
        if found is None:
            raise StateError(f"nobody has submitted the plan `{plan[:12]}` for approval",
                             code="APPROVAL_UNASKED",
                             hint="`evenkeel approvals submit` does that")  # fmt: skip
        return found

    def standing(self, chain: str = "") -> Iterator[PlanCase]:
        """The cases that are approved and stand, of a chain or of all."""
        return (case for case in self.open(chain) if case.status == APPROVED)

    def open(self, chain: str = "") -> Iterator[PlanCase]:
        """The cases that wait, or are approved and stand, of a chain or of all."""
        for plan in self.opened or ():
            case = self.cases[plan]
            if chain in ("", case.chain):
                yield case

    def promised(self, chain: str, without: str = "") -> tuple[Promise, ...]:
        """What all plans but one have promised on a chain: those approved, and those carried out.

        As it was promised; what is left of it, the facts tell.
        """
        return tuple(sorted(promise for case in self._of(chain, without)
                            for promise in case.orders))  # fmt: skip

    def holders_of(self, chain: str, key: Key, promises: Iterable[Promise]) -> dict[str, int]:
        """The plans to which these promise units of something, those that hold the most first."""
        held: dict[int, int] = {}
        for each in promises:
            if each.takes and each.key == key:
                held[each.since] = held.get(each.since, 0) + each.units
        found = {case.plan: held[case.approval] for case in self._of(chain, "")
                 if case.approval in held}  # fmt: skip
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def _of(self, chain: str, without: str) -> Iterator[PlanCase]:
        return (case for case in self.cases.values()
                if case.chain == chain and case.plan != without)  # fmt: skip

    def powers_for(self, person: str, case: PlanCase, now: datetime) -> tuple[str, ...]:
        """Who has handed a person the power to approve a plan; never one of its authors."""
        givers = {
            each.giver
            for each in self.delegations
            if each.taker == person and each.holds(now) and case.is_within(each.scope)
        }
        return tuple(sorted(givers - case.authors))  # fmt: skip

    def new_ways(self, chain: str, ways: Iterable[str], plans: int) -> tuple[str, ...]:
        """The ways that none of the last so many approved plans of a chain used."""
        latest = (self.cases[plan] for plan in reversed(self.approved))
        mine = islice((case for case in latest if case.chain == chain), plans)
        known = {way for case in mine for way in case.ways}
        return tuple(sorted(set(ways) - known))

    def without_name(self, person: str) -> "Approvals":
        """The approvals where nobody can tell any more who a person was (law 6).

        What they had a hand in may be anybody's; what they have approved counts no more towards
        what waits, for they may approve it again by another name; the powers that they gave and
        took end. What was approved stays so.
        """
        found = replace(self, delegations=tuple(
            replace(each, ended=each.ended or person in (each.giver, each.taker))
            for each in self.delegations
        ))  # fmt: skip
        for case in self.open():
            if case.status == WAITING:
                heard = tuple(each for each in case.verdicts
                              if person not in (each.person, *each.by))  # fmt: skip
                hands = max(case.unnamed, int(person in case.authors))
                found = found.with_case(replace(case, unnamed=hands, verdicts=heard))
        return found

    def after(self, event: Event) -> "Approvals":
        """The approvals after an event of theirs; one that the table does not allow is refused."""
        said = event.payload
        if event.kind == POWER_DELEGATED:
            return replace(self, delegations=(*self.delegations, _delegation(event)))
        if event.kind == POWER_TAKEN_BACK:
            kept = (replace(each, ended=each.ended or each.id == said["delegation"])
                    for each in self.delegations)  # fmt: skip
            return replace(self, delegations=tuple(kept))
        if event.kind == PLAN_SUBMITTED:
            before = self.cases.get(said["plan"])
            if before is not None:
                next_case_status(before, event.kind)
            return self.with_case(_submitted(event, before))
        before = self.case(said["plan"])
        case = _moved(before, event)
        found = self.with_case(case)
        if before.status == APPROVED and case.status != APPROVED:
            ended = Ended(event.sequence, case.plan, case.status)
            return replace(found, ended=(*self.ended, ended))
        if event.kind == APPROVAL_GIVEN and case.status == APPROVED:
            earlier = self.approved
            if any(remark.kind == APPROVAL_GIVEN for remark in before.remarks):
                earlier = tuple(plan for plan in earlier if plan != case.plan)
            return replace(found, approved=(*earlier, case.plan))
        return found

    def with_case(self, case: PlanCase) -> "Approvals":
        """The approvals with a case as it is now, in the place of what it was."""
        known, plan = self.cases, case.plan
        cases = known if isinstance(known, Growing) else Growing(known.items())
        opened = self.opened or ()
        if case.is_open != (plan in opened):
            others = tuple(each for each in opened if each != plan)
            opened = (*others, plan) if case.is_open else others
        return replace(self, cases=cases.put(plan, case), opened=opened)


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


def _submitted(event: Event, before: PlanCase | None) -> PlanCase:
    said = event.payload
    places = said["places"]
    remarks = before.remarks if before else ()
    said_so = Remark(event.kind, event.agent, event.recorded_at, said["reason"])
    made = PlanCase(
        said["plan"], said["chain"], event.sequence, event.agent, said["maker"],
        frozenset(said["authors"]), said["unnamed"], tuple(map(demand_of, said["demands"])),
        None if places is None else tuple(tuple(group) for group in places),
        None if said["families"] is None else tuple(said["families"]),
        tuple(said["ways"]), said["gap_per_million"], moment_of(said["deadline_micros"]),
        said["deadline_hours"], moment_of(said["until_micros"]), tuple(said["escalates_to"]),
        remarks=(*remarks, said_so),
    )  # fmt: skip
    # INVARIANT: what was approved once may have been done, whatever becomes of a later round
    return made if before is None else replace(made, earlier=before.held)


def _moved(case: PlanCase, event: Event) -> PlanCase:
    said, kind = event.payload, event.kind
    told = replace(case, remarks=(*case.remarks, Remark(kind, event.agent, event.recorded_at,
                                                       said.get("reason", ""))))  # fmt: skip
    if kind == APPROVAL_COMMENTED:
        return told
    moved = replace(told, status=next_case_status(case, kind))
    if kind == APPROVAL_GIVEN:
        return _given(moved, event)
    if kind == APPROVAL_ESCALATED:
        return replace(moved, escalated=(*case.escalated, said["role"]),
                       deadline=moment_of(said["deadline_micros"]))  # fmt: skip
    if kind == PLAN_CARRIED_OUT and (held := case.held) is not None:
        late = _days_late(held, said.get(DEPARTED_ON, ""))
        moved = replace(moved, promises=_done(held.promises, late), approval=held.approval,
                        purchases=_done(held.purchases, late))  # fmt: skip
    return replace(moved, reason=said.get("reason", ""))


def _given(case: PlanCase, event: Event) -> PlanCase:
    said = event.payload
    by = {giver: tuple(roles) for giver, roles in said["by"].items()}
    verdict = Verdict(event.agent, tuple(said["roles"]), by, event.recorded_at, said["reason"],
                      said.get("mandate", ""))  # fmt: skip
    given = replace(case, verdicts=(*case.verdicts, verdict))
    if not said["completes"]:
        return given
    return replace(given, status=APPROVED, until=moment_of(said["until_micros"]),
                   promises=_promised(event, "promises"), approval=event.sequence,
                   purchases=_promised(event, "purchases"),
                   band_per_million=said["band_per_million"])  # fmt: skip


def _promised(event: Event, name: str) -> tuple[Promise, ...]:
    """What an approval states, as promised by that event."""
    stated = event.payload.get(name, ())
    return tuple(replace(promise_of(each), since=event.sequence) for each in stated)


def _done(promises: tuple[Promise, ...], late: timedelta) -> tuple[Promise, ...]:
    """Promises as they were kept: each so much later than its days."""
    return tuple(replace(each, carried_out=True, day=_moved_by(each.day, late),
                         arrives_on=_moved_by(each.arrives_on, late))
                 for each in promises)  # fmt: skip


def _days_late(held: Earlier, departed_on: str) -> timedelta:
    """How much later a plan left than its first day; none where nobody told the day."""
    days = [each.day for each in (*held.promises, *held.purchases)]
    if not departed_on or not days:
        return timedelta()
    return date.fromisoformat(departed_on) - date.fromisoformat(min(days))


def _moved_by(day: str, late: timedelta) -> str:
    return str(date.fromisoformat(day) + late) if day and late else day


def _delegation(event: Event) -> Delegation:
    said = event.payload
    return Delegation(event.sequence, event.agent, said["taker"], scope_of(said["scope"]),
                      moment_of(said["since_micros"]), moment_of(said["until_micros"]),
                      said["reason"])  # fmt: skip


def stated_until(until: datetime) -> dict[str, int]:
    """The field of a payload that says until when something stands."""
    return {"until_micros": micros_of(until)}


_DOING: Mapping[str, Any] = {
    PLAN_SUBMITTED: "submitted", APPROVAL_GIVEN: "approved", APPROVAL_DECLINED: "declined",
    APPROVAL_RETURNED: "returned", APPROVAL_ESCALATED: "escalated", APPROVAL_VOIDED: "made void",
    APPROVAL_EXPIRED: "expired", PLAN_CARRIED_OUT: "carried out",
}  # fmt: skip
