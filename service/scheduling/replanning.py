"""Plans that no longer hold: found on events, made anew as far as the level of autonomy lets."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from governance.autonomous import refuse_machine
from governance.autonomy import LEVELS, SUGGEST
from governance.ledger import Governed
from governance.plan_cases import WAITING
from graph.catalog import PlanEntry
from graph.lease import LeaseLostError
from ontology.errors import AccessError, EvenkeelError, InputError, StateError
from service.decision import PlanRequest
from service.drift import drift
from service.governing import approving
from service.governing.autonomy import Judged, features_of, judge
from service.house import SERVICE_AGENT, House
from service.planning import make_plan
from service.scheduling.scheduler import over_chains

QUIET = timedelta(minutes=1)
"""So long no delivery may have come before a plan is looked at again."""
LONGEST_WAIT = timedelta(minutes=15)
"""After so long it is looked at even while deliveries go on."""


@dataclass
class Replanning:
    """Looks at the newest plan of each chain; `_looked` only saves looking twice at the same."""

    _looked: dict[tuple[str, str, int, str], str] = field(default_factory=dict)

    def look(self, house: House, now: datetime) -> str:
        """Make a plan anew where the newest no longer holds and the chain's level allows it.

        What is to be done follows from log and graph alone. Killed, the next look does the rest:
        a plan made on the present facts holds.
        """
        return over_chains(house, lambda chain: self._told(house, chain, now)) or (
            "every newest plan holds"
        )

    def _told(self, house: House, chain: str, now: datetime) -> str:
        rows = house.catalog.plans(chain, first=1).rows
        if not rows:
            return ""
        why = self._fails(house, chain, rows[0], now)
        if why:
            told = f"{chain}: plan {rows[0].plan.digest[:12]} {why}; {_anew(house, chain)}"
            rows = house.catalog.plans(chain, first=1).rows
            return "; ".join(each for each in (told, self._acted(house, rows[0], now)) if each)
        return self._acted(house, rows[0], now)

    def _acted(self, house: House, entry: PlanEntry, now: datetime) -> str:
        """What a machine did with its own newest plan: nothing, unless something moved since."""
        state = house.ledger.state()
        if entry.agent != SERVICE_AGENT or state.autonomy.highest(entry.plan.chain) <= SUGGEST:
            return ""
        case = state.approvals.cases.get(entry.plan.digest)
        if case is not None and case.status != WAITING:
            return ""
        seen = (entry.plan.digest, "", state.sequence, now.strftime("%Y-%m-%d %H"))
        if seen in self._looked:
            return ""
        told = act(house, house.store.get_document(entry.artifact), now)
        self._looked[(entry.plan.digest, "", house.ledger.state().sequence, seen[3])] = told
        return told

    def _fails(self, house: House, chain: str, entry: PlanEntry, now: datetime) -> str:
        """Why a plan no longer holds; empty where it does, or deliveries are still coming in."""
        release = house.release_for(chain)
        state = house.state(chain, now)
        document = house.store.get_document(entry.artifact)
        planned = int(document["about"]["sequence"])
        if state.sequence <= planned and release.digest == entry.plan.release:
            return ""
        if not _is_quiet(house, chain, planned, now):
            return ""
        known = (chain, entry.plan.digest, state.sequence, release.digest)
        if known not in self._looked:
            self._looked.clear() if len(self._looked) > 1_000 else None
            self._looked[known] = _drifted(house, chain, document)
        return self._looked[known]


def _is_quiet(house: House, chain: str, after: int, now: datetime) -> bool:
    steps = house.projection.log.steps(chain, after=after)
    if not steps:
        return True
    first, last = steps[0].recorded_at, steps[-1].recorded_at
    return now - last >= QUIET or now - first >= LONGEST_WAIT


def _drifted(house: House, chain: str, document: dict[str, Any]) -> str:
    try:
        found = drift(
            house.store,
            document,
            house.facts(chain),
            house.release_for(chain),
            house.reserved(chain, document["plan_digest"]),
        )
    except InputError as error:
        return f"cannot be held against the present facts: {error} [{error.code}]"
    if found.holds:
        return ""
    return f"no longer holds for {len(found.affected)} of {found.group_count} groups of items"


def _anew(house: House, chain: str) -> str:
    """Plan anew on the present facts, where a machine may; tells what was done.

    Nothing is taken over from the newest plan, which may be a person's what-if: plain weights, no
    edits. None is made while an approved plan of the chain stands: it is for the same need.
    """
    state = house.ledger.state()
    level = state.autonomy.highest(chain)
    if level < SUGGEST:
        return f"no plan is made: the level is `{LEVELS[level]}`"
    for case in state.approvals.standing(chain):  # its own band tells when it no longer holds
        return f"no plan is made: the approved plan `{case.plan[:12]}` stands"
    try:
        made = make_plan(house, PlanRequest(chain, agent=SERVICE_AGENT))
    except StateError as error:
        if error.code not in {"STALE_PLAN", "RELEASE_SUPERSEDED"}:
            raise
        return "facts or rules moved while it was made anew"
    except EvenkeelError as error:
        return f"no plan can be made: {error} [{error.code}]"
    return f"made anew: {made.saved.digest[:12]}"


def act(house: House, document: dict[str, Any], now: datetime) -> str:
    """Submit a plan of the service's own, and approve it, as far as a machine may; tells how far.

    What a person has to decide waits for one. Done again, it does nothing more.
    """
    plan, judged = str(document["plan_digest"]), judge(house, document, now)
    if not judged.allowed.may_submit:
        return f"plan {plan[:12]} is a suggestion: {judged.allowed.why[0].says}"
    try:
        approving.submit(house, plan, SERVICE_AGENT, "made anew by the service")
        if not judged.allowed.may_approve:
            return f"plan {plan[:12]} waits for persons: {judged.allowed.why[0].says}"
        approving.approve(
            house, plan, f"within the envelope, confidence {judged.confidence.per_mille} per mille",
            SERVICE_AGENT, mandate=_mandate(house, judged),
            also=partial(_refuse_beyond, house, document, judged),
        )  # fmt: skip
    except (StateError, AccessError) as refusal:
        if refusal.code == LeaseLostError.code:
            raise
        return f"plan {plan[:12]} waits: {refusal} [{refusal.code}]"
    return f"plan {plan[:12]} is approved, within the envelope"


def _refuse_beyond(
    house: House, document: dict[str, Any], judged: Judged, state: Governed, now: datetime
) -> None:
    """On the newest state and facts: a stop, a fall or a release that came meanwhile refuses."""
    refuse_machine(state, features_of(house, document, judged.confidence), now)


def _mandate(house: House, judged: Judged) -> str:
    """By which events people let a machine go so far."""
    reach, autonomy = judged.features.reach, house.ledger.state().autonomy
    events = {each.event for cell in reach.cells for each in autonomy.governing(reach.chain, cell)}
    return "autonomy by event " + ", ".join(map(str, sorted(events)))
