"""Approvals: plans submitted, decided on by people, reserved for, and void where they break."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from neo4j import ManagedTransaction

from governance import approving
from governance.approving import OutdatedError
from governance.ledger import Governed
from governance.plan_cases import NOWHERE, Placed, PlanCase
from governance.releasing import Actor
from governance.scopes import EVERYWHERE, Scope
from graph.governance_events import unended_since
from graph.grant_nodes import grants
from graph.projection import unchanged_since
from ontology.errors import EvenkeelError, OutsideError, StateError
from ontology.events import Event, NewEvent
from ontology.promise_ends import OpenPromise, open_promises
from ontology.promises import merged_promises
from service.decision import promised_in
from service.governing.approval_features import matrix_under, plan_document
from service.governing.approval_standing import (
    LOST,
    UNUSABLE,
    Held,
    Present,
    held_on,
    placed_here,
    standing_of,
    starts_on,
    submission_of,
    unevaluated,
)
from service.governing.deciders import Powers, is_limited, persons_of, roles_of, who_gave
from service.governing.ledger import Decided
from service.governing.looked import Looked, basis_of
from service.house import SERVICE_AGENT, House
from service.persons import actor
from service.recalled import inputs_of

SERVICE = Actor(SERVICE_AGENT, is_person=False)
MOST_LOOKS = 30
"""So often the standing of a plan is found out anew because facts or reservations changed."""

Document = Mapping[str, Any]
Say = Callable[[Governed, datetime, Powers, Placed], NewEvent | None]
Place = Callable[[Governed, PlanCase], tuple[Placed, int | None]]
"""Where a plan lies now, and the event up to which that was looked at; None: it was not."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What the clock or the facts did to a case: the event, and why in words."""

    plan: str
    chain: str
    event: Event
    reason: str


def submit(house: House, plan: str, agent: str, reason: str = "") -> Decided:
    """Submit a saved plan for approval by the matrix in force; what waits already stays so.

    Raises InputError `PLAN_UNKNOWN`, `PLAN_SEAL`, `MATRIX_INVALID`; StateError `APPROVAL_STATUS`.
    """
    document = plan_document(house, plan)
    asked = submission_of(house, document, reason)
    matrix = matrix_under(house.release_for(asked.chain))
    who = actor(agent)
    return house.ledger.append(lambda state, now: approving.submit(state, now, who, asked, matrix))


def approve(
    house: House, plan: str, reason: str, agent: str, seen: int | None = None, *,
    mandate: str = "", also: Callable[[Governed, datetime], None] | None = None,
) -> Decided:  # fmt: skip
    """Approve a plan on the facts of this moment; the last approval demanded reserves its units.

    Facts, reservations and grants are those of the moment of appending, or it is decided anew.
    `seen` is the submission that the person saw. The service approves by a `mandate`; what `also`
    raises on the newest state refuses. Raises as `governance.approving.approve`, and StateError
    `STALE` where facts change faster than this can be decided.
    """
    document = plan_document(house, plan)
    chain, who = document["decision"]["chain"], actor(agent)

    def look() -> Decided:
        before, now = house.ledger.present()
        before.approvals.case(plan)  # nothing is worked out for what nobody asked
        standing, sequence = standing_of(house, document, before, now)

        def say(state: Governed, now: datetime, powers: Powers, _: Placed) -> NewEvent | None:
            if also is not None:
                also(state, now)
            return approving.approve(state, now, who, plan, reason, powers, standing,
                                     seen=seen, mandate=mandate)  # fmt: skip

        return _decided(house, plan, agent, say, lambda *_: (standing.placed, sequence))

    return _on_facts_that_stay(chain, look)


def decline(
    house: House, plan: str, reason: str, agent: str, seen: int | None = None
) -> Decided:  # fmt: skip
    """Decline a plan for good, by somebody who could approve it."""
    return _said(house, plan, agent,
                 lambda state, now, powers, placed: approving.decline(
                     state, now, actor(agent), plan, reason, powers, seen=seen,
                     placed=placed))  # fmt: skip


def return_for_change(
    house: House, plan: str, reason: str, agent: str, seen: int | None = None
) -> Decided:  # fmt: skip
    """Ask for a change, by somebody who could approve the plan."""
    return _said(house, plan, agent,
                 lambda state, now, powers, placed: approving.return_for_change(
                     state, now, actor(agent), plan, reason, powers, seen=seen,
                     placed=placed))  # fmt: skip


def comment(house: House, plan: str, text: str, agent: str) -> Decided:
    """Say something about a submitted plan."""
    return house.ledger.append(
        lambda state, now: approving.comment(state, now, actor(agent), plan, text)
    )


def void(house: House, plan: str, reason: str, agent: str) -> Decided:
    """Make void what waits or is approved, by an author, by who could approve it, or a governor."""
    return _said(house, plan, agent,
                 lambda state, now, powers, placed: approving.void(
                     state, now, actor(agent), plan, reason, powers, placed=placed))  # fmt: skip


def carried_out(
    house: House, plan: str, agent: str, reason: str = "", on: date | None = None
) -> Decided:
    """Say that an approved plan was carried out; what it promised ends as it is counted.

    `on` is the day (UTC) on which it left, where that is told. Of one that is void or expired
    since, a person alone may say so. Raises as `governance.approving.carried_out`.
    """
    return house.ledger.append(
        lambda state, now: approving.carried_out(state, now, actor(agent), plan, reason, on)
    )


def left_of(house: House, plan: str) -> tuple[OpenPromise, ...]:
    """What is left of what a plan promised, on the facts of this moment beside all other plans.

    Nothing of a plan that is neither approved nor carried out. Raises as reading the plan does.
    """
    return left_of_plans(house, [plan])[plan]


def left_of_plans(house: House, plans: Iterable[str]) -> dict[str, tuple[OpenPromise, ...]]:
    """As `left_of`, of several plans; those of one chain that begin on one day are looked at once.

    Raises StateError `APPROVAL_UNASKED`.
    """
    approvals = house.ledger.state().approvals
    opened = cache(lambda chain, first: open_promises(
        house.facts(chain), merged_promises(approvals.promised(chain)), first))  # fmt: skip
    found: dict[str, tuple[OpenPromise, ...]] = {}
    for case in map(approvals.case, plans):
        found[case.plan] = ()
        if case.orders:
            first = starts_on(plan_document(house, case.plan)["decision"])
            found[case.plan] = tuple(
                each for each in opened(case.chain, first)
                if each.promise.since == case.approval and (each.committed or each.expected)
            )  # fmt: skip
    return found


def delegate(
    house: House, taker: str, reason: str, agent: str, until: datetime,
    scope: Scope = EVERYWHERE, since: datetime | None = None,
) -> Decided:  # fmt: skip
    """Hand the power to approve to another person (by pseudonym), for a scope and a time."""
    return house.ledger.append(
        lambda state, now: approving.delegate(
            state, now, actor(agent), taker, scope, until, reason, since)
    )  # fmt: skip


def take_back(house: House, delegation: int, agent: str) -> Decided:
    """End a delegation that one gave or took."""
    return house.ledger.append(
        lambda state, now: approving.take_back(state, now, actor(agent), delegation)
    )


def revalidate(
    house: House, now: datetime | None = None, chain: str = "", looked: Looked | None = None
) -> list[Swept]:
    """Void every approved plan that no longer holds, with the reason; its units are free again.

    Of a chain or of all, in the order in which they were submitted. Done again it finds nothing
    more; any number may do it at once. Called by the clock, with what was `looked` at before.
    Raises OutsideError where the present facts or rules cannot be read, after all other plans were
    seen.
    """
    found: list[Swept] = []
    lost: OutsideError | None = None
    seen = Looked() if looked is None else looked
    for case in list(house.ledger.state().approvals.standing(chain)):
        try:
            held = _looked_at(house, case, now, seen)
        except OutsideError as error:  # an artifact of the present, not the plan's own
            if error.code not in LOST:
                raise
            lost = lost or error
            continue
        if not held.code:
            continue
        why = f"{held.code}: {held.why}"
        void = partial(_voided, house, now, case.plan, why, case.submission, held.code)
        decided = house.ledger.append(void)
        found += _swept(case, decided, held.why)
    if lost is not None:
        raise lost
    return found


def sweep(house: House, now: datetime | None = None) -> list[Swept]:
    """Let expire what is over, and name the next role where a deadline is past.

    Idempotent: each is decided on the newest state, and what is done already is not done again.
    """
    found: list[Swept] = []
    for case in list(house.ledger.state().approvals.open()):
        for decide in (approving.expire, approving.escalate):
            decided = house.ledger.append(partial(_timed, house, decide, now, case.plan))
            found += _swept(case, decided, "")
    return found


def _looked_at(house: House, case: PlanCase, now: datetime | None, looked: Looked) -> Held:
    """As `standing_now`; where a plan held before, and nothing of it changed, it holds."""
    state, when = house.ledger.present(now)
    basis = basis_of(house, state, case, house.state(case.chain).sequence, when)
    if looked.holds(case, basis, when):
        return Held()
    held = standing_now(house, case, now)
    if house.ledger.state().sequence == state.sequence:  # INVARIANT: it is what was looked at
        looked.note(case, basis, held)
    return held


def standing_now(house: House, case: PlanCase, now: datetime | None = None) -> Held:
    """Whether an approved plan holds on the present facts, beside the other approved plans."""
    state, when = house.ledger.present(now)
    try:
        document = plan_document(house, case.plan)
    except (EvenkeelError, *UNUSABLE) as error:
        return unevaluated(error)
    reserved = merged_promises(state.approvals.promised(case.chain, case.plan))
    release = house.release_of(state.governing(case.chain, when, house.shipped.digest))
    present = Present(house.facts(case.chain), release, reserved, when, case.orders)
    return held_on(house, document, present, case.band_per_million)


def promised_at(house: House, document: Document, sequence: int) -> dict[str, Any]:
    """What was promised on a plan's chain at an event, as the plan saved by it has to state it.

    Derived from the events up to there and the plan's own snapshot.
    """
    decision = document["decision"]
    promised = house.ledger.at(sequence).approvals.promised(decision["chain"])
    snapshot = inputs_of(house.store, document)[0]
    opened = open_promises(snapshot, promised, starts_on(decision))
    return promised_in(each.promise for each in opened)


def _said(house: House, plan: str, agent: str, say: Say) -> Decided:
    """Decide on a plan as it lies at the moment of appending, where that says who may."""
    granted = partial(grants, house.driver)

    def place(state: Governed, case: PlanCase) -> tuple[Placed, int | None]:
        if not is_limited(granted, state, case, persons_of(state, case, agent)):
            return NOWHERE, None
        return placed_here(house, case)

    chain = house.ledger.state().approvals.case(plan).chain
    return _on_facts_that_stay(chain, lambda: _decided(house, plan, agent, say, place))


def _on_facts_that_stay(chain: str, look: Callable[[], Decided]) -> Decided:
    """What is decided by looking, again where what was looked at changed meanwhile."""
    for _ in range(MOST_LOOKS):
        try:
            return look()
        except OutdatedError:
            continue
        except StateError as error:
            if error.code != "STALE":
                raise
    raise StateError(f"the facts of `{chain}` change faster than this can be decided",
                     code="STALE", hint="try again")  # fmt: skip


def _decided(house: House, plan: str, agent: str, say: Say, place: Place) -> Decided:
    """Decide with the roles that who decides, has decided or handed power over now holds.

    They hold for what the plan touched when it was submitted, and where it is placed now: by the
    facts of an event that is the last of its chain when the decision is appended.
    """
    upto, seen, looked = house.projection.log.head().projected, set[str](), dict[str, int]()

    def decide(state: Governed, now: datetime) -> NewEvent | None:
        case = state.approvals.case(plan)
        placed, sequence = place(state, case)
        looked.update({} if sequence is None else {case.chain: sequence})
        here = case.placed_also(placed)
        persons = {agent, *state.approvals.powers_for(agent, here, now), *who_gave(case)}
        seen.update(persons)
        return say(state, now, roles_of(partial(grants, house.driver), here, persons, now), placed)

    def guard(tx: ManagedTransaction, event: Event) -> None:
        unended_since(upto, seen)(tx, event)
        for chain, sequence in looked.items():
            unchanged_since(house.reader, chain, sequence)(tx, event)

    return house.ledger.append(decide, guard=guard)


def _voided(
    house: House, clock: datetime | None, plan: str, reason: str, submission: int, code: str,
    state: Governed, now: datetime,
) -> NewEvent | None:  # fmt: skip
    when = now if clock is None else house.ledger.now(state, clock)
    return approving.void(state, when, SERVICE, plan, reason, submission=submission, code=code)


def _timed(
    house: House, decide: Callable[..., NewEvent | None], clock: datetime | None, plan: str,
    state: Governed, now: datetime,
) -> NewEvent | None:  # fmt: skip
    when = now if clock is None else house.ledger.now(state, clock)
    return decide(state, when, SERVICE, plan)


def _swept(case: PlanCase, decided: Decided, why: str) -> Sequence[Swept]:
    event = decided.event
    if event is None:
        return ()
    return (Swept(case.plan, case.chain, event, why or str(event.payload.get("reason", ""))),)
