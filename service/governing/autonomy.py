"""Stops, protected items and levels of autonomy; and how far a machine may go with a plan."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from governance import approving, autonomous, stopping
from governance.autonomous import Allowed, Features, allowed
from governance.autonomy import LEVELS, OUTCOME, Envelope, Evidence
from governance.evidence import outcome_now
from governance.ledger import Governed
from governance.plan_cases import PlanCase
from governance.reach import Cell, Reach, reach_in
from governance.releasing import Actor
from governance.scopes import Scope
from governance.stops import PAUSE, STOP
from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.events import NewEvent
from service.governing.approval_standing import placed_now
from service.governing.confidence import Confidence, confidence_of, gap_per_million
from service.governing.known_names import refuse_unknown
from service.governing.ledger import Decided
from service.house import SERVICE_AGENT, House
from service.persons import actor
from service.recalled import inputs_of

Row = Mapping[str, Any]
SERVICE = Actor(SERVICE_AGENT, is_person=False)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a machine may do with a plan at a time, and the features that this rests on."""

    allowed: Allowed
    features: Features
    confidence: Confidence


def stop(house: House, scope: Scope, reason: str, agent: str, mode: str = STOP) -> Decided:
    """Stop a scope at once: nothing is submitted, approved or done there until it is lifted.

    In the mode `pause` the approvals that stand there are frozen as well, until they are checked
    again. Raises InputError `REASON_MISSING`, `STOP_MODE`.
    """
    who = actor(agent)
    decided = house.ledger.append(
        lambda state, now: stopping.put(state, now, who, scope, reason, mode)
    )
    if not house.projection.log.rehearses:
        void_paused(house.plainly())
    return decided


def resume(house: House, number: int, reason: str, agent: str) -> Decided:
    """Lift a stop that somebody else put. Raises as `governance.stopping.lift`."""
    who = actor(agent)
    if not house.projection.log.rehearses:
        void_paused(house.plainly())  # before anything acts again, also where who paused was killed
    return house.ledger.append(lambda state, now: stopping.lift(state, now, who, number, reason))


def void_paused(house: House) -> list[str]:
    """Make void the cases that a pause came over after they were submitted; gives their plans.

    Submitted again, each is checked on what is so then. Done again, it finds nothing more.
    """
    found = []
    for case in list(house.ledger.state().approvals.open()):
        number = _paused_by(house, case)
        if number > case.submission:
            house.ledger.append(partial(_voided, case.plan, case.submission, number))
            found.append(case.plan)
    return found


def _paused_by(house: House, case: PlanCase) -> int:
    """The pause that came over a case: where it was when it was submitted, or lies now; else 0.

    Where it lies now is asked only of pauses that stand, so a hub that moves later where one was
    lifted ends nothing.
    """
    stops = house.ledger.state().stops
    number = stops.paused_last(reach_in(case.chain, case.places, case.families))
    later = [each for each in stops.standing if each.mode == PAUSE
             and each.number > case.submission and each.scope.covers(case.chain)]  # fmt: skip
    if number > case.submission or not later:
        return number
    now = case.placed_also(placed_now(house, [case])[case.plan])
    reach = reach_in(now.chain, now.places, now.families)
    return max((each.number for each in later if reach.touched_by(each.scope)), default=0)


def protect(house: House, chain: str, items: Sequence[str], reason: str, agent: str) -> Decided:
    """Let no machine move some items of a chain (`*`: of all); persons may."""
    return house.ledger.append(
        lambda state, now: stopping.protect(state, now, actor(agent), chain, items, reason)
    )


def unprotect(house: House, chain: str, items: Sequence[str], reason: str, agent: str) -> Decided:
    """Let machines move some items again; a person decides it."""
    return house.ledger.append(
        lambda state, now: stopping.release(state, now, actor(agent), chain, items, reason)
    )


def raise_level(
    house: House, scope: Scope, level: int, reason: str, agent: str,
    evidence: Sequence[Evidence], envelope: Envelope | None = None,
) -> Decided:  # fmt: skip
    """Raise a scope by one step, on evidence that is kept in this store.

    An outcome without an artifact is what the ledger says at this moment; it is kept. Raises as
    `governance.autonomous.raise_level`, and InputError `EVIDENCE_UNKNOWN` where an artifact is not
    there, `NAME_UNKNOWN` where no fact knows a name of the scope.
    """
    refuse_unknown(house, scope)
    shown = [_counted(house, scope, each) for each in evidence]
    chains = house.projection.log.chains()
    for each in shown:
        _refuse_unkept(house, each)
    return house.ledger.append(
        lambda state, now: autonomous.raise_level(state, now, actor(agent), scope, level, reason,
                                                  shown,
                                                  envelope, chains=chains)
    )  # fmt: skip


def lower(
    house: House, scope: Scope, level: int, reason: str, agent: str, cause: str = ""
) -> Decided:
    """Leave nothing in a scope above a level; a machine may do so, once for each `cause`."""
    return house.ledger.append(
        lambda state, now: autonomous.lower(state, now, actor(agent), scope, level, reason, cause)
    )


def level_named(name: str) -> int:
    """The level of a name. Raises InputError `AUTONOMY_LEVEL`."""
    if name not in LEVELS:
        raise InputError(f"there is no level `{name[:40]}`", code="AUTONOMY_LEVEL",
                         hint=f"one of {', '.join(LEVELS)}")  # fmt: skip
    return LEVELS.index(name)


def judge(house: House, document: Row, now: datetime | None = None) -> Judged:
    """How far a machine may go with a saved plan now, and why not further."""
    state, when = house.ledger.present(now)
    confidence = confidence_of(house, document, when)
    features = features_of(house, document, confidence)
    return Judged(allowed(state, features, when), features, confidence)


def features_of(house: House, document: Row, confidence: Confidence) -> Features:
    """What autonomy looks at, from the plan's own facts and those of now: the worse of both."""
    decision = document["decision"]
    facts, release, _ = inputs_of(house.store, document)
    worlds = facts, house.facts(decision["chain"])
    return Features(
        _reach_in_all(decision, worlds), release.named, _most_cents(decision["lines"], worlds),
        sum(int(line["quantity_units"]) for line in decision["lines"]), gap_per_million(decision),
        frozenset().union(*(_classes(decision["lines"], each.table("Item")) for each in worlds)),
        confidence.data_age_hours, confidence.per_mille, house.shipped.digest,
        attention_of(decision), str(document["plan_digest"]),
    )  # fmt: skip


def attention_of(decision: Row) -> int | None:
    """How many lines a rule sends to a person; None where the plan does not tell."""
    if "attention" not in decision.get("suppressed", {}):
        return None
    return sum(bool(line.get("attention")) for line in decision["lines"])


def reach_of(decision: Row, facts: Snapshot) -> Reach:
    """Where a plan moves what: a cell for both ends of each line together."""
    items, above = facts.table("Item"), _above(facts.table("Location"))
    families = dict(zip(items["id"].tolist(), items["family"].tolist(), strict=True))
    cells, moved = set(), set()
    for line in decision["lines"]:
        ends = {str(line[end]) for end in ("origin", "destination") if line.get(end)}
        names = [_names(end, above) for end in ends]
        known = names and all(names)  # INVARIANT: where an end is unknown, all of it is
        regions = tuple(sorted(set().union(*names))) if known else ()
        cells.add(Cell(regions, families.get(line["item"])))
        moved |= {str(line["item"])} | ({str(line["replaces"])} if line.get("replaces") else set())
    return Reach(decision["chain"], frozenset(cells), frozenset(moved))


def _reach_in_all(decision: Row, worlds: Iterable[Snapshot]) -> Reach:
    """What a plan reaches by any of these facts: a hub that moved lies in both regions."""
    found = [reach_of(decision, each) for each in worlds]
    return replace(found[0], cells=frozenset().union(*(each.cells for each in found)))


def _classes(lines: Sequence[Row], items: Table) -> frozenset[str]:
    classes = dict(zip(items["id"].tolist(), items["handling_class"].tolist(), strict=True))
    return frozenset(classes.get(line["item"], "unknown") for line in lines)


def _most_cents(lines: Sequence[Row], worlds: Iterable[Snapshot]) -> int | None:
    """The value of what moves, where facts differ the higher; None where one does not tell."""
    found = [_value_cents(each.table("Item"), lines) for each in worlds]
    return None if None in found else max(cents for cents in found if cents is not None)


def _voided(
    plan: str, submission: int, number: int, state: Governed, now: datetime
) -> NewEvent | None:
    return approving.void(state, now, SERVICE, plan, f"the pause {number} came over it",
                          submission=submission, code="PAUSED")  # fmt: skip


def _counted(house: House, scope: Scope, evidence: Evidence) -> Evidence:
    """The same; of an outcome that names no artifact, what the ledger counts now, kept."""
    if evidence != Evidence(OUTCOME, ""):
        return evidence
    found = outcome_now(house.ledger.state(), scope)
    return Evidence(OUTCOME, house.store.put_document(found.stated()))


def _refuse_unkept(house: House, evidence: Evidence) -> None:
    if not _DIGEST.fullmatch(evidence.artifact) or not house.store.has(evidence.artifact):
        raise InputError(f"there is no artifact `{evidence.artifact[:64]}`",
                         code="EVIDENCE_UNKNOWN", hint="give the whole digest of what is kept"
                         )  # fmt: skip


def _value_cents(items: Table, lines: Sequence[Row]) -> int | None:
    """The value of what moves; None where an item has none stated."""
    columns = (items[name].tolist() for name in ("id", "value_cents"))
    known: dict[str, int] = dict(zip(*columns, strict=True))
    values = [(known.get(line["item"], MISSING), int(line["quantity_units"])) for line in lines]
    if any(value == MISSING for value, _ in values):
        return None
    return sum(value * units for value, units in values)


def _above(locations: Table) -> dict[str, tuple[str | None, str]]:
    columns = (locations[name].tolist() for name in ("id", "part_of", "region"))
    return {key: (part_of, region) for key, part_of, region in zip(*columns, strict=True)}


def _names(key: str, above: Mapping[str, tuple[str | None, str]]) -> set[str]:
    """A location, what it is part of, and their regions; empty where one is not known."""
    found: set[str] = set()
    at: str | None = key
    while at is not None and at not in found:
        if at not in above:
            return set()
        part_of, region = above[at]
        found |= {at, region} - {""}
        at = part_of
    return found
