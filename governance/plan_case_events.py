"""A plan's case after an event of it: submitted, decided on, carried out or over."""

from dataclasses import replace
from datetime import date, timedelta

from governance.matrix import demand_of
from governance.plan_cases import APPROVED, Earlier, PlanCase, Remark, Verdict, next_case_status
from ontology.events import (
    APPROVAL_COMMENTED,
    APPROVAL_ESCALATED,
    APPROVAL_GIVEN,
    PLAN_CARRIED_OUT,
    Event,
    moment_of,
)
from ontology.promises import Promise, promise_of

DEPARTED_ON = "departed_on"
"""The field of an event that says on which day a plan left, where it is told."""


def submitted(event: Event, before: PlanCase | None) -> PlanCase:
    """The case that an event begins, or begins anew: nobody has approved it."""
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


def moved(case: PlanCase, event: Event) -> PlanCase:
    """The case after one more event of it. Raises StateError `APPROVAL_STATUS`."""
    said, kind = event.payload, event.kind
    told = replace(case, remarks=(*case.remarks, Remark(kind, event.agent, event.recorded_at,
                                                       said.get("reason", ""))))  # fmt: skip
    if kind == APPROVAL_COMMENTED:
        return told
    found = replace(told, status=next_case_status(case, kind))
    if kind == APPROVAL_GIVEN:
        return _given(found, event)
    if kind == APPROVAL_ESCALATED:
        return replace(found, escalated=(*case.escalated, said["role"]),
                       deadline=moment_of(said["deadline_micros"]))  # fmt: skip
    if kind == PLAN_CARRIED_OUT and (held := case.held) is not None:
        late = _days_late(held, said.get(DEPARTED_ON, ""))
        found = replace(found, promises=_done(held.promises, late), approval=held.approval,
                        purchases=_done(held.purchases, late))  # fmt: skip
    return replace(found, reason=said.get("reason", ""))


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
