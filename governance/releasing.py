"""What people, and machines in part, decide about releases: events, or a refusal with a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.alone import Meets, refuse_canaries, refuse_parts
from governance.canaries import LEFT_OUT, Canary, Pair
from governance.ledger import Governed
from governance.reach import overlap
from governance.reasons import kept_text, reasoned
from governance.release_cases import (
    ACTIVE,
    BY_PERSONS_ONLY,
    CANARY,
    GIVEN_UP,
    PROPOSED,
    ReleaseCase,
    next_status,
    stated_since,
)
from governance.scopes import LONGEST_NAME, Scope
from ontology.access import ANY
from ontology.errors import AccessError, InputError, StateError
from ontology.events import (
    RELEASE_ABORTED,
    RELEASE_ACTIVATED,
    RELEASE_APPROVED,
    RELEASE_BACKTESTED,
    RELEASE_CANARY_STARTED,
    RELEASE_COMPARED,
    RELEASE_PROPOSED,
    RELEASE_RETIRED,
    RELEASE_REVIEWED,
    RELEASE_ROLLED_BACK,
    RELEASE_WITHDRAWN,
    NewEvent,
)

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides: a person by pseudonym, or the service itself."""

    id: str
    is_person: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """A release as it is proposed: its record, its document's artifact, why, and for where.

    `findings` are those of lint that stand; `waivers` answer for them, each by a named person.
    """

    record: Payload
    artifact: str
    reason: str
    scope: Scope
    findings: Sequence[Payload] = ()
    waivers: Sequence[Payload] = ()


def ship(state: Governed, now: datetime, agent: Actor, record: Payload) -> NewEvent | None:
    """Put the release that came with the code in force, as long as no person has put another."""
    releases, digest = state.releases, record["digest"]
    if releases.is_governed or releases.in_force(ANY, now) == digest:
        return None
    return NewEvent(RELEASE_ACTIVATED, f"release/{digest}/{state.sequence}", agent.id, now, digest,
                    {"release": dict(record)})  # fmt: skip


def propose(state: Governed, now: datetime, who: Actor, proposal: Proposal) -> NewEvent | None:
    """Propose a release; None where the same one stands proposed already.

    Of waivers those are kept that answer for a finding. Raises InputError `REASON_MISSING`,
    `TEXT_TOO_LONG`, `RELEASE_BAD` for a name or a version that nobody could read in a list;
    StateError `RELEASE_FINDINGS` while lint has found what nobody answers for, `RELEASE_KNOWN`
    where it was proposed for another scope, `RELEASE_STATUS` where it was given up: it is
    proposed anew as another.
    """
    digest = proposal.record["digest"]
    if known := state.releases.cases.get(digest):
        if known.status in GIVEN_UP:
            next_status(known, RELEASE_PROPOSED)
        if known.scope == proposal.scope:
            return None
        raise StateError("it was proposed already, for another scope", code="RELEASE_KNOWN",
                         hint="propose it under another version")  # fmt: skip
    reasoned(proposal.reason)
    _refuse_names(proposal.record["name"], proposal.record["version"])
    asked = {(each["rule"], each["code"]) for each in proposal.findings}
    waivers = [each for each in proposal.waivers if (each["rule"], each["code"]) in asked]
    answered = {(each["rule"], each["code"]) for each in waivers if kept_text(each["reason"])}
    found = [each for each in proposal.findings if (each["rule"], each["code"]) not in answered]
    if found:
        raise StateError(
            f"lint has {len(found)} findings that nobody answers for, the first: "
            f"{found[0]['rule']}: {found[0]['what']}", code="RELEASE_FINDINGS",
            hint="correct the rules, or answer for each with a reason",
        )  # fmt: skip
    payload = {
        "release": dict(proposal.record), "reason": proposal.reason,
        "parent": state.releases.in_force(proposal.scope.chain, now),
        "status": PROPOSED, "scope": proposal.scope.stated(),
        "waivers": [dict(each) for each in waivers],
    }  # fmt: skip
    return _event(state, now, who, RELEASE_PROPOSED, digest, payload, proposal.artifact)


def backtested(
    state: Governed, now: datetime, who: Actor, digest: str, result: str,
    deny_to_allow: Sequence[str], tested: Payload | None = None,
) -> NewEvent:  # fmt: skip
    """State what a back-test showed; `result` is its artifact. Other reviews are needed then.

    What earlier ones opened stays to be answered for. `tested` are its window and counts, as
    `governance.release_cases.untested` reads them.
    """
    payload = {"release": digest, "deny_to_allow": sorted(set(deny_to_allow)),
               **({"tested": dict(tested)} if tested is not None else {})}  # fmt: skip
    return _move(state, now, who, RELEASE_BACKTESTED, digest, payload, result)


def review(
    state: Governed, now: datetime, who: Actor, digest: str, rule: str, reason: str
) -> NewEvent | None:
    """Answer for a rule by which a release permits what was denied; None if somebody did."""
    case = state.releases.case(digest)
    reasoned(reason)
    if rule not in case.deny_to_allow:
        raise InputError(f"the back-test shows nothing that `{rule}` newly permits",
                         code="REVIEW_NEEDLESS", hint="`evenkeel policy show` lists what does"
                         )  # fmt: skip
    if rule in case.reviewed:
        return None
    payload = {"release": digest, "rule": rule, "reason": reason}
    return _move(state, now, who, RELEASE_REVIEWED, digest, payload)


def approve(state: Governed, now: datetime, who: Actor, digest: str, reason: str) -> NewEvent:
    """Approve a release that was back-tested.

    Raises StateError `OWN_RELEASE` for who proposed it, or where nobody was named who did,
    `RELEASE_UNTESTED`, `RELEASE_UNREVIEWED`; AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`.
    """
    case = state.releases.case(digest)
    reasoned(reason)
    _may(state, RELEASE_APPROVED, who)
    if not state.is_named(case.author):  # it may be anybody's, so also that of who approves
        raise StateError("nobody was named when it was proposed", code="OWN_RELEASE",
                         hint="propose it as another version, with a name")  # fmt: skip
    if who.id == case.author:  # INVARIANT: nobody approves their own, under any login
        raise StateError("nobody approves what they proposed themselves", code="OWN_RELEASE",
                         hint="ask another governor")  # fmt: skip
    if case.untested:
        raise StateError(f"release `{digest[:12]}` is not tried: {case.untested}",
                         code="RELEASE_UNTESTED",
                         hint="`evenkeel policy backtest` over recorded decisions")  # fmt: skip
    if case.unreviewed:
        raise StateError(
            f"nobody has answered for what {_some(case.unreviewed)} newly permits",
            code="RELEASE_UNREVIEWED", hint="`evenkeel policy review` does, with a reason",
        )  # fmt: skip
    return _move(state, now, who, RELEASE_APPROVED, digest, {"release": digest, "reason": reason})


def start_canary(
    state: Governed,
    now: datetime,
    who: Actor,
    digest: str,
    canary: Canary,
    reason: str,
    meets: Meets = overlap,
) -> NewEvent:
    """Let an approved release decide for a part beside the one in force, until it ends.

    The part lies within the release's own scope. Raises InputError `CANARY_SCOPE`, `CANARY_TERMS`;
    StateError `CANARY_PART` where a part is in force in what it would judge, as `meets` tells
    of two scopes, `CANARY_ELSE` where another release is tried on the same chain.
    """
    case = state.releases.case(digest)
    reasoned(reason)
    if canary.ends <= now:  # it would be aborted at once, and for good
        raise InputError("a canary takes a day or more", code="CANARY_TERMS",
                         hint="name how many with --days")  # fmt: skip
    if not _within(canary.scope, case.scope):
        raise InputError("the canary is tried where the release was not proposed for",
                         code="CANARY_SCOPE", hint="name a part of its own scope")  # fmt: skip
    for other, theirs in state.releases.canaries(now):
        if ANY in (theirs.scope.chain, canary.scope.chain) or theirs.scope.covers(
            canary.scope.chain
        ):  # what two of them do could not be told apart
            raise StateError(f"release `{other.digest[:12]}` is tried there already",
                             code="CANARY_ELSE", hint="activate or abort that one first"
                             )  # fmt: skip
    refuse_parts(state.releases, case, canary.scope, now, canary.ends, meets)
    payload = {"release": _record(case, CANARY), "reason": reason, "terms": canary.stated()}
    return _move(state, now, who, RELEASE_CANARY_STARTED, digest, payload, case.artifact)


def _within(inner: Scope, outer: Scope) -> bool:
    """Whether what one scope names is among what the other does; naming nothing names all."""
    return outer.covers(inner.chain) and all(
        not theirs or (mine and set(mine) <= set(theirs))
        for mine, theirs in ((inner.regions, outer.regions), (inner.families, outer.families))
    )


def compared(
    state: Governed, now: datetime, who: Actor, digest: str, pair: Pair, artifact: str = ""
) -> NewEvent | None:
    """State what a canary did to one plan; None where its snapshot was compared already."""
    canary = state.releases.case(digest).canary
    if canary is None or canary.knows(pair):
        return None
    stated = {"plan": pair.plan, "snapshot": pair.snapshot, "canary": dict(pair.canary),
              "active": dict(pair.active)}  # fmt: skip
    return _move(state, now, who, RELEASE_COMPARED, digest, {"release": digest, "pair": stated},
                 artifact)  # fmt: skip


def leave_out(
    state: Governed, now: datetime, who: Actor, digest: str, plan: str, why: str
) -> NewEvent | None:
    """State that a plan is no sample of a canary; None where that was said, or it was compared."""
    canary = state.releases.case(digest).canary
    if canary is None or canary.left_out.get(plan) == why:
        return None
    if any(pair.plan == plan for pair in canary.pairs):
        return None
    stated = {"release": digest, LEFT_OUT: {"plan": plan, "why": why}}
    return _move(state, now, who, RELEASE_COMPARED, digest, stated)


def guard_canary(state: Governed, now: datetime, who: Actor, digest: str) -> NewEvent | None:
    """End a canary whose guard was broken, or whose time is over; None while neither is so."""
    case = state.releases.case(digest)
    if case.status != CANARY or case.canary is None:
        return None
    if broken := case.canary.broken():
        worst = broken[0]
        return abort(state, now, who, digest,
                     f"{worst.guard.metric} is worse by more than {worst.guard.most_percent} "
                     f"percent in {worst.worse} of {worst.pairs} plans")  # fmt: skip
    if now >= case.canary.ends:
        return abort(state, now, who, digest, "its time is over, and nobody put it in force")
    return None


def abort(state: Governed, now: datetime, who: Actor, digest: str, reason: str) -> NewEvent:
    """End a canary for good; a machine may do this, too."""
    reasoned(reason)
    return _move(state, now, who, RELEASE_ABORTED, digest, {"release": digest, "reason": reason})


def activate(
    state: Governed, now: datetime, who: Actor, digest: str, replaces: str,
    since: datetime | None = None, meets: Meets = overlap,
) -> NewEvent | None:  # fmt: skip
    """Put an approved release in force in its scope, from now or a time on; None if it is.

    `replaces` is the one that the person saw in force there. Raises StateError `RELEASE_CONFLICT`
    where another was put in force meanwhile, `RELEASE_SCHEDULED` where it has a later time,
    `CANARY_UNDECIDED` or `CANARY_BROKEN` for a canary, `CANARY_PART` for a part in which the canary
    of another scope decides (as `meets` tells);
    InputError `RELEASE_TOO_EARLY` for the past.
    """
    case = state.releases.case(digest)
    begins = now if since is None else max(since, now)
    if case.status == ACTIVE:
        if state.releases.standing(case.scope, begins) == digest:
            return None
        raise StateError("it is to be put in force later than that", code="RELEASE_SCHEDULED",
                         hint="wait, or roll it back and propose another")  # fmt: skip
    if since is not None and (now - since).total_seconds() > MOST_BACK_SECONDS:
        raise InputError("a release cannot be put in force in the past", code="RELEASE_TOO_EARLY",
                         hint="leave out the time, or give a later one")  # fmt: skip
    stands = state.releases.latest(case.scope)
    if stands != replaces:
        raise StateError(
            f"release `{stands[:12]}` is the one in force there, not `{replaces[:12]}`",
            code="RELEASE_CONFLICT", hint="look again, and activate against what is in force",
        )  # fmt: skip
    refuse_canaries(state.releases, case, now, meets)
    payload = {"release": _record(case, ACTIVE), "replaces": replaces, **stated_since(begins)}
    event = _move(state, now, who, RELEASE_ACTIVATED, digest, payload, case.artifact)
    if case.status == CANARY and case.canary is not None:
        case.canary.refuse_undecided()
    return event


def retire(state: Governed, now: datetime, who: Actor, digest: str, reason: str) -> NewEvent:
    """Take a release out of force that governs a part, a chain of its own or a canary's.

    Raises StateError `LAST_RELEASE` for the one that governs everything: replace it.
    """
    case = state.releases.case(digest)
    reasoned(reason)
    if case.scope.chain == ANY and not case.scope.is_partial:
        raise StateError("some release must govern everything", code="LAST_RELEASE",
                         hint="activate another, or roll back")  # fmt: skip
    return _move(state, now, who, RELEASE_RETIRED, digest,
                 {"release": digest, "reason": reason, **stated_since(now)})  # fmt: skip


def roll_back(state: Governed, now: datetime, who: Actor, digest: str, reason: str) -> NewEvent:
    """Put back in force, at once, what a release replaced. Raises StateError `NOTHING_BEFORE`."""
    case = state.releases.case(digest)
    reasoned(reason)
    back = state.releases.before(case)
    if not back and case.scope.chain == ANY and not case.scope.is_partial:
        raise StateError("there is no release before it", code="NOTHING_BEFORE",
                         hint="activate another")  # fmt: skip
    payload = {"release": digest, "reason": reason, "back_to": back, **stated_since(now)}
    return _move(state, now, who, RELEASE_ROLLED_BACK, digest, payload)


def withdraw(state: Governed, now: datetime, who: Actor, digest: str, reason: str) -> NewEvent:
    """Give up a release that is not in force."""
    reasoned(reason)
    return _move(state, now, who, RELEASE_WITHDRAWN, digest, {"release": digest, "reason": reason})


MOST_BACK_SECONDS = 60
"""A time so long past is still `now`: it was typed, or came by a slow network."""


def _move(
    state: Governed, now: datetime, who: Actor, kind: str, digest: str, payload: Payload,
    artifact: str = "",
) -> NewEvent:  # fmt: skip
    status = next_status(state.releases.case(digest), kind)
    return _event(state, now, who, kind, digest, {**payload, "status": status}, artifact)


def _record(case: ReleaseCase, status: str) -> Payload:
    return {"digest": case.digest, "name": case.name, "version": case.version,
            "shape_count": case.shape_count, "status": status}  # fmt: skip


def _event(
    state: Governed, now: datetime, who: Actor, kind: str, digest: str, payload: Payload,
    artifact: str = "",
) -> NewEvent:  # fmt: skip
    _may(state, kind, who)
    return NewEvent(kind, f"{kind}/{digest}/{state.sequence}", who.id, now, artifact, payload)


def _may(state: Governed, kind: str, who: Actor) -> None:
    """Raises AccessError `PERSONS_ONLY` or `PERSON_UNNAMED` for who may not decide this."""
    if kind not in BY_PERSONS_ONLY:
        return
    if not who.is_person:
        raise AccessError("only a person may decide this", code="PERSONS_ONLY",
                          hint="a machine may back-test and abort, never promote")  # fmt: skip
    if not state.is_named(who.id):  # INVARIANT: two who give no name may be one
        raise AccessError("who decides has to be named", code="PERSON_UNNAMED",
                          hint="set EVENKEEL_PERSON, or log in")  # fmt: skip


def _refuse_names(*names: str) -> None:
    for name in names:
        if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
            raise InputError(
                f"name and version of a release are 1 to {LONGEST_NAME} printable letters",
                code="RELEASE_BAD", hint="see docs/adding-a-rule.md",
            )  # fmt: skip


def _some(rules: Sequence[str]) -> str:
    first = f"`{rules[0]}`"
    return first if len(rules) == 1 else f"{first} and {len(rules) - 1} more"
