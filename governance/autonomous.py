"""What raises and lowers autonomy, and what a machine may do with one plan: and if not, why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.autonomy import (
    LEVELS,
    LOW,
    OBSERVE,
    SUGGEST,
    WITH_APPROVAL,
    WITHIN_ENVELOPE,
    Envelope,
    Evidence,
)
from governance.evidence import refuse_unshown
from governance.ledger import Governed
from governance.reach import Reach
from governance.reasons import reasoned
from governance.releasing import Actor
from governance.scopes import Scope
from governance.stops import stopped
from ontology.access import ANY
from ontology.errors import AccessError, InputError, StateError
from ontology.events import AUTONOMY_LOWERED, AUTONOMY_RAISED, NewEvent


@dataclass(frozen=True, slots=True)
class Features:
    """What a machine has to know of a plan to act on it; None: nobody can say.

    `value_cents` and `units` are of all that its lines move on their first day,
    `data_age_hours` of the oldest fact that a line stands on. `confidence_per_mille` is defined in
    `service.governing.confidence`. `release` names what it was made under, as `Governing.named`;
    `shipped` governs where people have put nothing in force. `attention` counts the lines that a
    rule of severity Warning sends to a person; `plan` is its digest.
    """

    reach: Reach
    release: tuple[Any, ...]
    value_cents: int | None
    units: int
    gap_per_million: int
    handling_classes: frozenset[str]
    data_age_hours: int | None
    confidence_per_mille: int
    shipped: str = ""
    attention: int | None = None
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why a machine may not go further: a code and its words."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """How far a machine may go with a plan by itself, and all that keeps it from going further."""

    level: int
    why: tuple[Why, ...] = ()

    @property
    def may_approve(self) -> bool:
        """Whether it may approve the plan without a person."""
        return self.level == WITHIN_ENVELOPE

    @property
    def may_submit(self) -> bool:
        """Whether it may ask persons to approve the plan."""
        return self.level >= WITH_APPROVAL


def allowed(state: Governed, plan: Features, now: datetime) -> Allowed:
    """How far a machine may go with a plan: by the level of all that it reaches, and by limits.

    What cannot be evaluated counts as outside. A stop leaves SUGGEST, and so do a release that no
    longer governs and another plan of the chain that is approved and stands. Lines that a rule
    sends to a person, a protected item and what lies outside an envelope leave it to persons.
    """
    level, why = state.autonomy.level(plan.reach), []
    if level < WITHIN_ENVELOPE:
        why.append(Why("LEVEL", f"the level here is `{LEVELS[level]}`"))
    outside = [*_for_persons(plan), *_protected(state, plan), *_outside(state, plan)]
    if outside:
        level = min(level, WITH_APPROVAL)
    halted = [*_stopped(state, plan), *_superseded(state, plan, now), *_second(state, plan)]
    if halted:
        level = min(level, SUGGEST)
    return Allowed(level, (*halted, *why, *outside))


def refuse_machine(state: Governed, plan: Features, now: datetime) -> None:
    """Raises AccessError `PERSONS_ONLY` unless a machine may approve a plan by itself."""
    found = allowed(state, plan, now)
    if not found.may_approve:  # INVARIANT: no machine acts beyond its level and envelope
        raise AccessError(f"a person decides this: {found.why[0].says}", code="PERSONS_ONLY",
                          hint="`evenkeel autonomy show` tells the level and its envelope"
                          )  # fmt: skip


def raise_level(
    state: Governed, now: datetime, who: Actor, scope: Scope, level: int, reason: str,
    evidence: Sequence[Evidence], envelope: Envelope | None = None, *,
    chains: Collection[str] = (),
) -> NewEvent:  # fmt: skip
    """Raise a scope by one step, on evidence of its own; persons only.

    `chains` are all that there are: a scope of all is raised on something of each, for these and
    for no chain that comes later. It stands where the lowest of them does; those that stand higher
    stay there.

    Raises AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`; InputError `REASON_MISSING`,
    `AUTONOMY_LEVEL`, `ENVELOPE_MISSING`; StateError `AUTONOMY_STEP`, `STOPPED`; and as
    `governance.evidence.refuse_unshown`.
    """
    if not who.is_person:  # INVARIANT: a level never rises by a machine
        raise AccessError("only a person may decide this", code="PERSONS_ONLY",
                          hint="a machine may lower a level, never raise it")  # fmt: skip
    if not state.is_named(who.id):  # INVARIANT: who lets a machine act answers for it by name
        raise AccessError("who raises a level has to be named", code="PERSON_UNNAMED",
                          hint="set EVENKEEL_PERSON, or log in")  # fmt: skip
    reasoned(reason)
    named(level)
    _refuse_jump(state, scope, level, chains)
    if halted := state.stops.over(scope):
        raise stopped(halted[0])
    # INVARIANT: trust is built on what was seen
    refuse_unshown(state, now, scope, level, evidence, chains)
    if (envelope is not None) != (level == WITHIN_ENVELOPE):
        raise InputError(
            f"`{LEVELS[WITHIN_ENVELOPE]}`, and no other level, has an envelope",
            code="ENVELOPE_MISSING", hint="say how much, how many, which classes, how old",
        )  # fmt: skip
    payload = {
        "scope": scope.stated(), "level": level, "reason": reason,
        "evidence": [{"kind": each.kind, "artifact": each.artifact} for each in evidence],
        "envelope": envelope.stated() if envelope else None,
        **({"chains": sorted(chains)} if scope.chain == ANY else {}),
    }  # fmt: skip
    return NewEvent(AUTONOMY_RAISED, f"{AUTONOMY_RAISED}/{state.sequence}", who.id, now, "",
                    payload)  # fmt: skip


def _refuse_jump(state: Governed, scope: Scope, level: int, chains: Collection[str]) -> None:
    standing = state.autonomy.level_of(scope, chains)
    if level == standing + 1:  # INVARIANT: one step at a time
        return
    lowest = [chain for chain in sorted(chains) if scope.chain == ANY
              and state.autonomy.level_of(scope, (chain,)) == standing]  # fmt: skip
    of = f" (that of `{lowest[0]}`)" if 0 < len(lowest) < len(chains) else ""
    raise StateError(
        f"the level here is `{LEVELS[standing]}`{of}: `{LEVELS[level]}` is not the next",
        code="AUTONOMY_STEP",
        hint="raise it one step at a time, or other chains one by one"
        if of else "raise it one step at a time",
    )  # fmt: skip


def lower(
    state: Governed, now: datetime, who: Actor, scope: Scope, level: int, reason: str,
    cause: str = "",
) -> NewEvent | None:  # fmt: skip
    """Leave nothing in a scope above a level; None where nothing is, or for a `cause` that did.

    A machine may do this, too. Raises InputError `REASON_MISSING`, `AUTONOMY_LEVEL`.
    """
    reasoned(reason)
    named(level)
    autonomy = state.autonomy
    if cause and cause in autonomy.causes:
        return None
    own = autonomy.standings.get(scope)
    if not autonomy.stands_above(scope, level) or (
        own is not None and own.level <= level and not autonomy.inner_above(scope, level)
    ):
        return None
    payload = {"scope": scope.stated(), "level": level, "reason": reason, "cause": cause}
    return NewEvent(AUTONOMY_LOWERED, f"{AUTONOMY_LOWERED}/{state.sequence}", who.id, now, "",
                    payload)  # fmt: skip


def named(level: int) -> str:
    """What a level is called. Raises InputError `AUTONOMY_LEVEL`."""
    if not OBSERVE <= level < len(LEVELS):
        raise InputError("there is no such level", code="AUTONOMY_LEVEL",
                         hint=f"one of {', '.join(LEVELS)}")  # fmt: skip
    return LEVELS[level]


def _stopped(state: Governed, plan: Features) -> list[Why]:
    return [Why("STOPPED", str(stopped(each))) for each in state.stops.against(plan.reach)]


def _superseded(state: Governed, plan: Features, now: datetime) -> list[Why]:
    governs = state.governing(plan.reach.chain, now, plan.shipped)
    if governs.named == plan.release:
        return []
    return [Why("RELEASE_SUPERSEDED", "it was made under a release that no longer governs")]


def _second(state: Governed, plan: Features) -> list[Why]:
    """An approved plan answers the chain's need until it is carried out, void or expired."""
    chain = plan.reach.chain
    others = [case.plan for case in state.approvals.standing(chain) if case.plan != plan.plan]
    return (
        [Why("APPROVED_STANDS", f"the approved plan `{others[0][:12]}` stands")] if others else []
    )


def _for_persons(plan: Features) -> list[Why]:
    if plan.attention == 0:
        return []
    counted = "nobody knows how many" if plan.attention is None else f"{plan.attention:,}"
    return [Why("ATTENTION", f"lines that a rule sends to a person: {counted}")]


def _protected(state: Governed, plan: Features) -> list[Why]:
    found = state.stops.protected(plan.reach)
    return [Why("PROTECTED", f"it moves `{found[0]}`, which no machine moves")] if found else []


def _outside(state: Governed, plan: Features) -> list[Why]:
    found = state.autonomy.envelopes(plan.reach)
    return [why for envelope in found for why in _breaches(envelope, plan)]


def _breaches(envelope: Envelope, plan: Features) -> list[Why]:
    """All limits that a plan does not keep, as far as anybody can say that it keeps them."""
    most = (
        ("VALUE", "goods of cents", plan.value_cents, envelope.most_value_cents),
        ("UNITS", "units", plan.units, envelope.most_units),
        ("GAP", "millionths of gap", plan.gap_per_million, envelope.most_gap_per_million),
        ("DATA_AGE", "hours of age", plan.data_age_hours, envelope.most_data_age_hours),
    )
    found = [
        Why(code, f"{what}: {'unknown' if value is None else f'{value:,}'}, and {limit:,} at most")
        for code, what, value, limit in most
        if value is None or value > limit
    ]
    least = max(LOW, envelope.least_confidence_per_mille)  # INVARIANT: low goes to a person
    if plan.confidence_per_mille < least:
        found.append(Why("CONFIDENCE", f"confidence {plan.confidence_per_mille} per mille, and "
                         f"{least} at least"))  # fmt: skip
    strange = sorted(plan.handling_classes - set(envelope.handling_classes))
    if strange:
        found.append(Why("HANDLING", f"the handling class `{strange[0]}` is not in the envelope"))
    return found
