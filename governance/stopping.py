"""What people, and machines in part, decide about stops: events, or a refusal with a code."""

from collections.abc import Sequence
from datetime import datetime

from governance.ledger import Governed
from governance.reasons import reasoned
from governance.releasing import Actor
from governance.scopes import MOST_NAMES, Scope
from governance.stops import MODES, STOP
from ontology.access import ANY
from ontology.errors import AccessError, InputError, StateError
from ontology.events import ITEMS_PROTECTED, ITEMS_RELEASED, STOP_LIFTED, STOP_PUT, NewEvent
from ontology.pseudonyms import UNNAMED


def put(
    state: Governed, now: datetime, who: Actor, scope: Scope, reason: str, mode: str = STOP
) -> NewEvent | None:
    """Stop a scope, at once; None where exactly that stands already. A machine may do this, too.

    Raises InputError `REASON_MISSING`, `STOP_MODE`.
    """
    reasoned(reason)
    if mode not in MODES:
        raise InputError(f"`{mode[:20]}` is no way to stop", code="STOP_MODE",
                         hint=f"one of {', '.join(MODES)}")  # fmt: skip
    if any((each.scope, each.mode) == (scope, mode) for each in state.stops.standing):
        return None
    payload = {"scope": scope.stated(), "mode": mode, "reason": reason}
    return NewEvent(STOP_PUT, f"{STOP_PUT}/{state.sequence}", who.id, now, "", payload)


def lift(state: Governed, now: datetime, who: Actor, number: int, reason: str) -> NewEvent | None:
    """Lift a stop; None where it is lifted. Another person does it than the one who put it.

    Who is not named may be the one who put it, by whatever entrance, so they lift none; and a stop
    that nobody named has put may be anybody's, so two lift it: the event of the first does not
    complete it. None where the same one has said so before. Raises StateError `STOP_UNKNOWN`,
    `OWN_STOP`; AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`.
    """
    stop = state.stops.stop(number)
    reasoned(reason)
    if stop.is_lifted:
        return None
    _by_a_person(state, who)
    if who.id == stop.by:
        raise StateError("nobody lifts a stop that they put themselves", code="OWN_STOP",
                         hint="another person looks at it, and lifts it")  # fmt: skip
    said = [each.by for each in stop.lifts if state.is_named(each.by)]
    if who.id in said:
        return None
    # INVARIANT: nobody lifts alone what they may have put themselves
    completes = (stop.by not in UNNAMED and stop.by not in state.erased) or bool(said)
    payload = {"stop": number, "reason": reason, "completes": completes}
    return NewEvent(
        STOP_LIFTED, f"{STOP_LIFTED}/{number}/{len(stop.lifts)}", who.id, now, "", payload
    )


def protect(
    state: Governed, now: datetime, who: Actor, chain: str, items: Sequence[str], reason: str
) -> NewEvent | None:
    """Let no machine move some items; None where all are protected. Raises InputError."""
    reasoned(reason)
    new = sorted({item for item in _named(items) if (chain, item) not in state.stops.protections})
    if not new:
        return None
    payload = {"chain": chain, "items": new, "reason": reason}
    return NewEvent(ITEMS_PROTECTED, f"{ITEMS_PROTECTED}/{state.sequence}", who.id, now, "",
                    payload)  # fmt: skip


def release(
    state: Governed, now: datetime, who: Actor, chain: str, items: Sequence[str], reason: str
) -> NewEvent | None:
    """Let machines move some items again; None where none is protected. A person decides it.

    Raises StateError `PROTECTED_ELSEWHERE` where all that is protected is so of another scope.
    """
    reasoned(reason)
    _by_a_person(state, who)
    old = sorted({item for item in _named(items) if (chain, item) in state.stops.protections})
    if not old:
        _refuse_elsewhere(state, chain, items)
        return None
    payload = {"chain": chain, "items": old, "reason": reason}
    return NewEvent(ITEMS_RELEASED, f"{ITEMS_RELEASED}/{state.sequence}", who.id, now, "", payload)


def _refuse_elsewhere(state: Governed, chain: str, items: Sequence[str]) -> None:
    for where, item in sorted(state.stops.protections):
        if item in items and ANY in (where, chain):
            raise StateError(
                f"`{item}` is protected of {'all chains' if where == ANY else f'`{where}`'}",
                code="PROTECTED_ELSEWHERE",
                hint="leave out --chain" if where == ANY else f"add --chain {where}",
            )  # fmt: skip


def _by_a_person(state: Governed, who: Actor) -> None:
    if not who.is_person:
        raise AccessError("only a person may decide this", code="PERSONS_ONLY",
                          hint="a machine may stop and protect, never take that back")  # fmt: skip
    if not state.is_named(who.id):
        raise AccessError("who lets things go on has to be named", code="PERSON_UNNAMED",
                          hint="set EVENKEEL_PERSON, or log in")  # fmt: skip


def _named(items: Sequence[str]) -> Sequence[str]:
    if not 0 < len(items) <= MOST_NAMES or not all(0 < len(item) <= MOST_NAMES for item in items):
        raise InputError(f"name 1 to {MOST_NAMES} items, each of 1 to {MOST_NAMES} letters",
                         code="ITEMS_INVALID", hint="name them by their keys")  # fmt: skip
    return items
