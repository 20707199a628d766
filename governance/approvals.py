"""The approval of plans: each plan's case by its digest, what is promised, and whose power."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from governance.growing import Growing
from governance.plan_case_events import moved, submitted
from governance.plan_cases import APPROVED, WAITING, Ended, PlanCase, next_case_status
from governance.scopes import Scope, scope_of
from ontology.errors import StateError
from ontology.events import (
    APPROVAL_GIVEN,
    PLAN_SUBMITTED,
    POWER_DELEGATED,
    POWER_TAKEN_BACK,
    Event,
    micros_of,
    moment_of,
)
from ontology.promises import Key, Promise


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
            return self.with_case(submitted(event, before))
        before = self.case(said["plan"])
        case = moved(before, event)
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


def _delegation(event: Event) -> Delegation:
    said = event.payload
    return Delegation(event.sequence, event.agent, said["taker"], scope_of(said["scope"]),
                      moment_of(said["since_micros"]), moment_of(said["until_micros"]),
                      said["reason"])  # fmt: skip


def stated_until(until: datetime) -> dict[str, int]:
    """The field of a payload that says until when something stands."""
    return {"until_micros": micros_of(until)}
