"""What people decide about plans, and the service in part: events, or a refusal with a code."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from governance.approvals import Approvals, stated_until
from governance.ledger import Governed
from governance.matrix import Demand, Features, Matrix, demanded
from governance.plan_case_events import DEPARTED_ON
from governance.plan_cases import (
    APPROVED,
    CARRIED_OUT,
    NOWHERE,
    WAITING,
    Placed,
    PlanCase,
    Verdict,
    next_case_status,
    unmet,
)
from governance.reach import reach_in
from governance.reasons import kept_text, reasoned
from governance.releasing import Actor
from governance.reservations import Standing, refuse_twice
from governance.scopes import Scope
from ontology.errors import AccessError, InputError, StateError
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
    NewEvent,
    micros_of,
)
from ontology.pseudonyms import MACHINES

Payload = Mapping[str, Any]
LONGEST_DELEGATION = timedelta(days=366)
MOST_COMMENTS = 200
"""So many comments of one case are kept: all of them are shown, and come with every look at it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A plan as it is submitted: what it is, who had a hand in it, and what the matrix looks at.

    `authors` are the named makers of the plan and of those that it was edited from.
    """

    plan: str
    chain: str
    maker: str
    authors: frozenset[str]
    unnamed: int
    features: Features
    reason: str = ""


NO_POWERS: Mapping[str, frozenset[str]] = {}
GOVERNED = Demand("to end it", 1, ("governor",))
"""A governor may always end an approval."""


class OutdatedError(Exception):
    """Reservations or releases changed after a plan's standing was found out: look again."""


def submit(
    state: Governed, now: datetime, who: Actor, asked: Submission, matrix: Matrix
) -> NewEvent | None:
    """Submit a plan for approval; None where it waits or is approved already.

    Submitted again after it was returned, void or expired, it begins anew: nobody has approved it,
    and whoever had a hand in it before still may not. Who submits it unnamed counts as an unnamed
    maker.
    Raises StateError `APPROVAL_STATUS` for a plan that was declined or carried out, `STOPPED`.
    """
    before = state.approvals.cases.get(asked.plan)
    if before is not None:
        if before.is_open:
            return None
        next_case_status(before, PLAN_SUBMITTED)
    features = with_novelty(state.approvals, asked, matrix)
    state.stops.refuse(reach_in(asked.chain, features.places, features.families))
    authors = asked.authors | ({who.id} if who.is_person else frozenset())
    unnamed = max(asked.unnamed, int(who.is_person and who.id in MACHINES))
    if before is not None:  # INVARIANT: a further round makes nobody a stranger to the plan
        authors, unnamed = authors | before.authors, max(unnamed, before.unnamed)
    unnamed = max(unnamed, int(not authors.isdisjoint(state.erased)))
    payload = {
        "plan": asked.plan, "chain": asked.chain, "maker": asked.maker,
        "authors": sorted(authors), "unnamed": unnamed, "reason": kept_text(asked.reason),
        "demands": [each.stated() for each in demanded(matrix, features)],
        "places": None if features.places is None else [list(one) for one in features.places],
        "families": None if features.families is None else list(features.families),
        "ways": list(features.ways or ()), "gap_per_million": features.gap_per_million or 0,
        "deadline_micros": micros_of(now + timedelta(hours=matrix.deadline_hours)),
        "deadline_hours": matrix.deadline_hours, "escalates_to": list(matrix.escalates_to),
        **stated_until(now + timedelta(hours=matrix.waits_hours)),
    }  # fmt: skip
    return _event(state, now, who, PLAN_SUBMITTED, asked.plan, payload)


def with_novelty(approvals: Approvals, asked: Submission, matrix: Matrix) -> Features:
    """The features, with the ways that the last approved plans of the chain did not use."""
    features = asked.features
    if features.ways is None or not matrix.novelty_plans:
        return features
    return replace(features, novel=approvals.new_ways(asked.chain, features.ways,
                                                      matrix.novelty_plans))  # fmt: skip


def approve(
    state: Governed, now: datetime, who: Actor, plan: str, reason: str,
    powers: Mapping[str, frozenset[str]], standing: Standing, *, seen: int | None = None,
    mandate: str = "",
) -> NewEvent | None:  # fmt: skip
    """Approve a plan; the last approval that is demanded reserves what it moves.

    `powers` are the roles that this person, each who has handed power over, and each who approved
    before, hold for the plan by grants at this moment; who lost a role does not count for it,
    however early they approved. `seen` is the submission that the person saw. None where the person
    has approved it already, by a power that they still have. What was approved by power that was
    taken back since, or is over, counts no more. The service itself approves by a `mandate` alone.

    Raises StateError `APPROVAL_UNASKED`, `APPROVAL_STATUS`, `APPROVAL_STALE`, `OWN_PLAN`,
    `UNITS_PROMISED`, `UNITS_GONE`, `PLAN_BROKEN`, `STOPPED`;
    AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`,
    `ROLE_WANTED`; InputError `REASON_MISSING`. Raises OutdatedError where the standing is of
    another state.
    """
    case = _waiting(state, now, plan, APPROVAL_GIVEN, seen).placed_also(standing.placed)
    reasoned(reason)
    state.stops.refuse_case(reach_in(case.chain, case.places, case.families), case.submission)
    counted = tuple(still_held(state, now, case, powers))
    if any(verdict.person == who.id and counts(verdict) for verdict in counted):
        return None
    demands = tuple(dict.fromkeys((*case.demands, *standing.demands)))
    mandate = "" if who.is_person else mandate
    roles: tuple[str, ...] = ()
    by: dict[str, tuple[str, ...]] = {}
    if not mandate:
        roles, by = _powers(state, now, who, case, powers, demands)
    if not standing.is_of(state, case.chain, case.plan, now):
        raise OutdatedError
    refuse_twice(state.approvals, case, standing)  # INVARIANT: no unit is promised twice
    if standing.broken:
        raise StateError(f"the plan does not hold on the present facts: {standing.broken}",
                         code="PLAN_BROKEN", hint="plan again")  # fmt: skip
    verdict = Verdict(who.id, roles, by, now, reason, mandate)
    open_demands = unmet(case, demands, (*counted, verdict))
    payload = {
        "plan": plan, "chain": case.chain, "submission": case.submission,
        "reason": kept_text(reason),
        "roles": list(roles), "by": {giver: list(held) for giver, held in sorted(by.items())},
        "completes": not open_demands, "status": WAITING if open_demands else APPROVED,
        **({"mandate": mandate} if mandate else {}),
    }  # fmt: skip
    if not open_demands:
        payload |= _reserving(case, standing, now)
    return _event(state, now, who, APPROVAL_GIVEN, plan, payload)


def decline(
    state: Governed, now: datetime, who: Actor, plan: str, reason: str,
    powers: Mapping[str, frozenset[str]], *, seen: int | None = None, placed: Placed = NOWHERE,
) -> NewEvent:  # fmt: skip
    """Decline a plan for good, as it is `placed` now, by somebody who could approve it there.

    Raises as `approve` does, but for what only approval needs.
    """
    case = _waiting(state, now, plan, APPROVAL_DECLINED, seen).placed_also(placed)
    reasoned(reason)
    _powers(state, now, who, case, powers, case.demands)
    return _of_case(state, now, who, APPROVAL_DECLINED, case, {"reason": kept_text(reason)})


def return_for_change(
    state: Governed, now: datetime, who: Actor, plan: str, reason: str,
    powers: Mapping[str, frozenset[str]], *, seen: int | None = None, placed: Placed = NOWHERE,
) -> NewEvent:  # fmt: skip
    """Ask for a change: the changed plan is another one, and is submitted for itself.

    Who may decline it may do this.
    """
    case = _waiting(state, now, plan, APPROVAL_RETURNED, seen).placed_also(placed)
    reasoned(reason)
    _powers(state, now, who, case, powers, case.demands)
    return _of_case(state, now, who, APPROVAL_RETURNED, case, {"reason": kept_text(reason)})


def comment(state: Governed, now: datetime, who: Actor, plan: str, text: str) -> NewEvent:
    """Say something about a submitted plan, whatever has become of it.

    Raises StateError `COMMENTS_FULL` for one more than MOST_COMMENTS, over all rounds.
    """
    case = state.approvals.case(plan)
    reasoned(text)
    if sum(each.kind == APPROVAL_COMMENTED for each in case.remarks) >= MOST_COMMENTS:
        raise StateError(
            f"plan `{plan[:12]}` has {MOST_COMMENTS} comments, and takes no more",
            code="COMMENTS_FULL", hint="decide on it: the reason of a decision is always kept",
        )  # fmt: skip
    return _of_case(state, now, who, APPROVAL_COMMENTED, case, {"reason": kept_text(text)})


def void(
    state: Governed, now: datetime, who: Actor, plan: str, reason: str,
    powers: Mapping[str, frozenset[str]] = NO_POWERS, *, submission: int | None = None,
    code: str = "", placed: Placed = NOWHERE,
) -> NewEvent | None:  # fmt: skip
    """Make void what waits or is approved: what it reserved is free again.

    Its authors may, whoever could approve it as it is `placed` now, and governors, each for a
    reason; and the service
    where the plan no longer holds. None where the round that was meant (`submission`) is over
    already. Raises StateError `APPROVAL_STATUS`; AccessError `ROLE_WANTED`.
    """
    case = state.approvals.case(plan).placed_also(placed)
    if submission is not None and (case.submission != submission or not case.is_open):
        return None
    next_case_status(case, APPROVAL_VOIDED)
    reasoned(reason)
    if who.is_person and who.id not in case.authors:
        _powers(state, now, who, case, powers, (*case.demands, GOVERNED))
    told = {"reason": kept_text(reason), **({"code": code} if code else {})}
    return _of_case(state, now, who, APPROVAL_VOIDED, case, told)


def carried_out(
    state: Governed, now: datetime, who: Actor, plan: str, reason: str = "",
    on: date | None = None,
) -> NewEvent | None:  # fmt: skip
    """A person or a feed says that an approved plan was carried out; None if so already.

    `on` is the day (UTC) on which it left, where it is told: the event is effective as of that
    day, which stands in the place of the planned one. Else it is effective now, and left as
    planned.

    Of one that has become void or has expired since, and maybe was submitted again, a person alone
    says so: it is a fact of the world, whatever was decided. What it promised ends as the facts
    tell (`ontology.promise_ends`).
    Raises StateError `APPROVAL_STATUS` for what was never approved, AccessError `PERSONS_ONLY`,
    InputError `BAD_DAY` for a day ahead of now or before the approval.
    """
    case = state.approvals.case(plan)
    if case.status == CARRIED_OUT:
        return None
    next_case_status(case, PLAN_CARRIED_OUT)
    is_over = case.status != APPROVED or now >= case.until  # also where nobody has logged that
    if is_over and not who.is_person:
        raise AccessError("no approval stands: only a person may say that it was done",
                          code="PERSONS_ONLY", hint="`evenkeel approvals done`")  # fmt: skip
    told: dict[str, Any] = {"reason": kept_text(reason)}
    if on is None:
        return _of_case(state, now, who, PLAN_CARRIED_OUT, case, told)
    held = case.held
    assert held is not None  # noqa: S101 - the table has refused what was never approved
    approved_on, today = held.at.astimezone(UTC).date(), now.astimezone(UTC).date()
    if not approved_on <= on <= today:
        raise InputError(
            f"the plan was approved on {approved_on}, and today is {today}: not on {on}",
            code="BAD_DAY", hint="give the day of departure, between these two",
        )  # fmt: skip
    said = _of_case(state, now, who, PLAN_CARRIED_OUT, case, told | {DEPARTED_ON: str(on)})
    return replace(said, effective_at=min(now, datetime.combine(on, time.max, UTC)))


def expire(state: Governed, now: datetime, who: Actor, plan: str) -> NewEvent | None:
    """End a case whose time is over, by the service; None where it is not, or it ended already."""
    case = state.approvals.case(plan)
    if not case.is_open or now < case.until:
        return None
    why = "nobody decided in time" if case.status == WAITING else "its approval ran out"
    return _of_case(state, now, who, APPROVAL_EXPIRED, case, {"reason": why})


def escalate(state: Governed, now: datetime, who: Actor, plan: str) -> NewEvent | None:
    """Name the next role where the deadline is past, by the service; None if nothing is due."""
    case = state.approvals.case(plan)
    left = case.escalates_to[len(case.escalated) :]
    if case.status != WAITING or now < case.deadline or now >= case.until or not left:
        return None
    further = case.deadline
    while further <= now:
        further += timedelta(hours=case.deadline_hours)
    told = {"role": left[0], "deadline_micros": micros_of(further),
            "reason": f"nobody decided in time: {left[0]} may, too"}  # fmt: skip
    return _of_case(state, now, who, APPROVAL_ESCALATED, case, told)


def delegate(
    state: Governed, now: datetime, who: Actor, taker: str, scope: Scope, until: datetime,
    reason: str, since: datetime | None = None,
) -> NewEvent:  # fmt: skip
    """Hand the power to approve to another person, for a scope and a time.

    What is handed over is what the giver holds by grants when it is used; it cannot be handed on,
    and gives no power over plans of the giver's or the taker's own. Raises InputError
    `DELEGATION_INVALID`, `REASON_MISSING`; AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`.
    """
    _named(state, who)
    reasoned(reason)
    begins = max(now, since or now)
    problem = ""
    if taker == who.id:
        problem = "nobody hands power to themselves"
    elif not taker or taker in MACHINES:
        problem = "power is handed to a person"
    elif not timedelta(0) < until - begins <= LONGEST_DELEGATION:
        problem = f"it ends after it begins, and within {LONGEST_DELEGATION.days} days"
    if problem:
        raise InputError(f"this is no delegation: {problem}", code="DELEGATION_INVALID",
                         hint="name another person and a time")  # fmt: skip
    payload = {"taker": taker, "scope": scope.stated(), "since_micros": micros_of(begins),
               "reason": kept_text(reason), **stated_until(until)}  # fmt: skip
    return _event(state, now, who, POWER_DELEGATED, taker[-12:], payload)


def take_back(state: Governed, now: datetime, who: Actor, delegation: int) -> NewEvent | None:
    """End a delegation, by giver or taker; None where it has ended.

    Raises InputError `DELEGATION_UNKNOWN` for any other's.
    """
    mine = [each for each in state.approvals.delegations
            if each.id == delegation and who.id in (each.giver, each.taker)]  # fmt: skip
    if not mine:
        raise InputError(f"there is no delegation {delegation} of yours", hint="see `inbox`",
                         code="DELEGATION_UNKNOWN")  # fmt: skip
    if mine[0].ended:
        return None
    return _event(state, now, who, POWER_TAKEN_BACK, str(delegation), {"delegation": delegation})


def _waiting(
    state: Governed, now: datetime, plan: str, kind: str, seen: int | None
) -> PlanCase:  # fmt: skip
    """The case that a person decides on, in the round that they saw, while its time lasts."""
    case = state.approvals.case(plan)
    next_case_status(case, kind)
    if seen is not None and seen != case.submission:
        raise StateError(
            f"the plan was submitted anew by event {case.submission} after what you saw",
            code="APPROVAL_STALE", hint="look again, and decide on that",
        )  # fmt: skip
    if now >= case.until:  # INVARIANT: also where nobody has yet logged that it expired
        raise StateError("the time to decide on this plan is over", code="APPROVAL_EXPIRED",
                         hint="submit it again, or plan again")  # fmt: skip
    return case


def _powers(
    state: Governed, now: datetime, who: Actor, case: PlanCase,
    powers: Mapping[str, frozenset[str]], demands: Iterable[Demand],
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:  # fmt: skip
    """The roles of a person that count for a case: their own, and those of who handed them over."""
    _named(state, who)
    if who.id in case.authors:  # INVARIANT: nobody approves their own, under any login
        raise StateError("nobody decides on a plan that they made, edited or submitted",
                         code="OWN_PLAN", hint="ask another person")  # fmt: skip
    wanted = {role for demand in demands for role in demand.roles} | set(case.escalated)
    own = tuple(sorted(wanted & powers.get(who.id, frozenset())))
    givers = state.approvals.powers_for(who.id, case, now)
    by = {giver: tuple(sorted(wanted & powers.get(giver, frozenset()))) for giver in givers}
    by = {giver: roles for giver, roles in by.items() if roles}
    if not own and not by:
        raise AccessError(
            f"this plan takes the approval of: {', '.join(sorted(wanted))}", code="ROLE_WANTED",
            hint="ask one of them, or who grants it: `evenkeel access grant`",
        )  # fmt: skip
    return own, by


def still_held(
    state: Governed, now: datetime, case: PlanCase, powers: Mapping[str, frozenset[str]]
) -> Iterator[Verdict]:
    """Earlier verdicts, with those of their roles that are still held by grants.

    `powers` are the roles that each who approved, and each whose power they used, hold now. A
    verdict of which nothing is left is among them; `counts` tells it apart.

    INVARIANT: what was given by handed-over power counts only while that is handed over.
    """
    for each in case.verdicts:
        own = tuple(role for role in each.roles if role in powers.get(each.person, frozenset()))
        givers = state.approvals.powers_for(each.person, case, now)
        by = {giver: held for giver, roles in each.by.items() if giver in givers
              and (held := tuple(role for role in roles
                                 if role in powers.get(giver, frozenset())))}  # fmt: skip
        yield replace(each, roles=own, by=by)


def counts(verdict: Verdict) -> bool:
    """Whether it rests on any power that its person still has; a mandate is no power of theirs."""
    return bool(verdict.roles or verdict.by or verdict.mandate)


def _reserving(case: PlanCase, standing: Standing, now: datetime) -> dict[str, Any]:
    return {
        "promises": [each.stated() for each in standing.promises],
        **(
            {"purchases": [each.stated() for each in standing.purchases]}
            if standing.purchases
            else {}
        ),
        "band_per_million": max(standing.band_per_million, case.gap_per_million),
        **stated_until(now + timedelta(hours=standing.approved_hours)),
    }


def _of_case(
    state: Governed, now: datetime, who: Actor, kind: str, case: PlanCase, told: Payload
) -> NewEvent:
    status = case.status if kind == APPROVAL_COMMENTED else next_case_status(case, kind)
    payload = {"plan": case.plan, "chain": case.chain, "submission": case.submission,
               "status": status, **told}  # fmt: skip
    return _event(state, now, who, kind, case.plan, payload)


def _event(
    state: Governed, now: datetime, who: Actor, kind: str, about: str, payload: Payload
) -> NewEvent:
    return NewEvent(kind, f"{kind}/{about}/{state.sequence}", who.id, now, "", payload)


def _named(state: Governed, who: Actor) -> None:
    if not who.is_person:
        raise AccessError("only a person may decide this", code="PERSONS_ONLY",
                          hint="the service voids and lets expire, never approves")  # fmt: skip
    if not state.is_named(who.id):
        raise AccessError("who decides has to be named", code="PERSON_UNNAMED",
                          hint="set EVENKEEL_PERSON, or log in")  # fmt: skip
