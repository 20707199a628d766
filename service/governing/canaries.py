"""Canaries at work: each plan beside the same decision without the canary, and the guards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance import releasing
from governance.canaries import EDITED, ELSEWHERE, NEVER_SAMPLES, WHAT_IF, Canary, Pair
from governance.ledger import Governed
from governance.release_cases import CANARY, ReleaseCase
from governance.releasing import Actor
from graph.catalog import PlanEntry
from ontology.canonical import canonical
from ontology.columns import Snapshot
from ontology.errors import EvenkeelError
from ontology.events import Event, NewEvent
from rules.parts import Part, belongs
from rules.release import Release, composed
from service.decision import PlanRequest
from service.house import SERVICE_AGENT, House
from service.planning import draft_plan
from service.recalled import inputs_of
from solver.model.movements import window_of

MACHINE = Actor(SERVICE_AGENT, is_person=False)
MOST_AT_ONCE = 20
"""So many plans of a canary are compared at one call; the others wait for the next."""
MOST_LOOKED_AT = 200
"""So many are looked at for that: those that are no sample are passed over."""
PAGE = 50
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Guarded:
    """What was done about a canary: plans compared, those that could not be, and its end.

    `left_out` counts by reason the plans of all calls that are no sample. `aborted` is the event
    that ended it; None while it goes on.
    """

    release: str
    compared: int
    not_compared: tuple[str, ...]
    left_out: Mapping[str, int]
    aborted: Event | None


@dataclass(frozen=True, slots=True)
class Beside:
    """A plan beside the same decision without the canary, which is kept as an artifact."""

    pair: Pair
    artifact: str


def guard_canaries(house: House, now: datetime | None = None) -> list[Guarded]:
    """Compare what was planned under each canary, and end those that are worse or out of time.

    May be killed and called again, by any number of processes: each snapshot is compared once,
    and an end is one event.
    """
    when = now or datetime.now(UTC)
    cases = house.ledger.state().releases.cases.values()
    return [_guard(house, each, each.canary, when) for each in cases
            if each.status == CANARY and each.canary is not None]  # fmt: skip


def _guard(house: House, case: ReleaseCase, canary: Canary, now: datetime) -> Guarded:
    seen = {pair.snapshot for pair in canary.pairs}
    done, looked, failed = 0, 0, list[str]()
    for entry in _waiting(house, canary):
        if done == MOST_AT_ONCE or looked == MOST_LOOKED_AT:
            break
        if entry.plan.snapshot in seen:
            continue
        try:
            found = _looked_at(house, case.digest, entry)
        except EvenkeelError as error:  # of one plan: the others are compared all the same
            found = error.code
            failed.append(f"{entry.plan.digest}: {error.code}")
        looked += found is not None
        if isinstance(found, Beside):
            seen.add(entry.plan.snapshot)
            done += _keep(house, case.digest, found)
        elif found is not None:
            _leave_out(house, case.digest, entry.plan.digest, found)

    def decide(state: Governed, clock: datetime) -> NewEvent | None:
        return releasing.guard_canary(state, max(clock, now), MACHINE, case.digest)

    ended = house.ledger.append(decide)
    after = ended.state.releases.case(case.digest).canary
    left_out = after.left_out_by_reason() if after is not None else {}
    return Guarded(case.digest, done, tuple(failed), left_out, ended.event)


def _waiting(house: House, canary: Canary) -> list[PlanEntry]:
    """Plans since the canary began, of snapshots that were not compared yet, the latest first.

    Of those that could not be compared before, MOST_AT_ONCE come last; what is no sample for good
    is not among them.
    """
    seen = {pair.snapshot for pair in canary.pairs}
    chains = [each.chain for each in house.catalog.chains() if canary.scope.covers(each.chain)]
    found = [entry for chain in chains for entry in _plans_since(house, chain, canary.begins)
             if entry.plan.snapshot not in seen]  # fmt: skip
    said = [canary.left_out.get(entry.plan.digest) for entry in found]
    first = [entry for entry, why in zip(found, said, strict=True) if why is None]
    again = [entry for entry, why in zip(found, said, strict=True)
             if why is not None and why not in NEVER_SAMPLES]  # fmt: skip
    return first + again[:MOST_AT_ONCE]


def _plans_since(house: House, chain: str, begins: datetime) -> Iterator[PlanEntry]:
    page = house.catalog.plans(chain, first=PAGE)
    while page.rows:
        for entry in page.rows:
            if entry.made_at < begins:
                return
            yield entry
        if not page.has_more:
            return
        page = house.catalog.plans(chain, before=page.rows[-1].event_sequence, first=PAGE)


def without(release: Release, canary: str) -> Release:
    """The release as it is where a canary does not decide."""
    parts = [part for part in release.parts if not _is_of(part, canary)]
    if len(parts) == len(release.parts):
        return release
    return composed(release.whole, parts) if parts else release.whole


def _is_of(part: Part, canary: str) -> bool:
    return part.is_canary and part.release.digest == canary


def _looked_at(house: House, digest: str, entry: PlanEntry) -> Beside | str | None:
    """What the canary did to a plan, or why that is no sample; None of a plan without it."""
    release = house.release_at(entry.plan.release)
    mine = [part for part in release.parts if _is_of(part, digest)]
    if not mine:
        return None
    document = house.store.get_document(entry.artifact)
    snapshot, release, request = inputs_of(house.store, document)
    if not is_plain(request, snapshot):  # INVARIANT: what a caller shaped shows what they wanted
        return EDITED if request.edits else WHAT_IF
    draft = draft_plan(snapshot, without(release, digest), request)
    both = (document["decision"], draft.decision)
    pair = pair_from(entry.plan.digest, *both)
    if not pair.is_sample(lies_there=any(_lies_in(part, snapshot, both) for part in mine)):
        return ELSEWHERE
    return Beside(pair, house.store.put(canonical(draft.decision)))


def is_plain(request: PlanRequest, snapshot: Snapshot) -> bool:
    """Whether a plan was asked for with nothing but its chain, so that facts and rules decide.

    Neither who asked, nor what was promised, nor the plan that was looked at says anything of what
    they want: a request that names a first day, weights, cost parts, edits or a plan to keep close
    to does, unless it names what would have been taken anyway.
    """
    first = window_of(snapshot).starts_on
    return request == PlanRequest(request.chain, starts_on=first, agent=request.agent,
                                  previous=request.previous, reserved=request.reserved
                                  )  # fmt: skip


def _lies_in(part: Part, snapshot: Snapshot, decisions: tuple[Mapping[str, Any], ...]) -> bool:
    """Whether a line of the decisions, or the stock that it takes, is the part's to judge."""
    lines = [line for decision in decisions for line in decision["lines"]]
    places = {(line["item"], line.get("destination") or line.get("origin")) for line in lines}
    places |= {(line["item"], line.get("origin")) for line in lines}
    return belongs(part, snapshot, {(item, place) for item, place in places if place})


def _keep(house: House, digest: str, found: Beside) -> int:
    """Keep what the canary did to a plan; 1, or 0 where somebody else has compared it."""

    def decide(state: Governed, now: datetime) -> NewEvent | None:
        if state.releases.case(digest).status != CANARY:
            return None
        return releasing.compared(state, now, MACHINE, digest, found.pair, found.artifact)

    return int(house.ledger.append(decide).event is not None)


def _leave_out(house: House, digest: str, plan: str, why: str) -> None:
    """Keep why a plan is no sample, once."""

    def decide(state: Governed, now: datetime) -> NewEvent | None:
        if state.releases.case(digest).status != CANARY:
            return None
        return releasing.leave_out(state, now, MACHINE, digest, plan, why)

    house.ledger.append(decide)


def pair_from(plan: str, canary: Mapping[str, Any], active: Mapping[str, Any]) -> Pair:
    """The metrics of two decisions on one snapshot, money of both in the same unit."""
    scales = [each["network"]["cost_scale"] for each in (canary, active)]
    factors = (1, 1) if scales[0] == scales[1] else (scales[1], scales[0])
    return Pair(plan, canary["snapshot"], _metrics(canary, factors[0]), _metrics(active, factors[1])
                )  # fmt: skip


def _metrics(decision: Mapping[str, Any], factor: int) -> dict[str, int]:
    proof = decision["certificate"]
    short = sum(row.get("expected_short_millionths") or row["quantity_units"] * _MILLION
                for row in decision["shortfalls"])  # fmt: skip
    return {
        "cost": proof["cost"] * factor, "gap": proof["gap"] * factor, "shortfall": short,
        "exceptions": sum(decision["suppressed"]["attention"].values()),
    }  # fmt: skip
