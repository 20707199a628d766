"""Canaries at work: each plan beside the same decision without the canary, and the guards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance import releasing
from governance.canaries import Canary, Pair
from governance.ledger import Governed
from governance.releases import CANARY, ReleaseCase
from governance.releasing import Actor
from graph.catalog import PlanEntry
from ontology.canonical import canonical
from ontology.errors import EvenkeelError
from ontology.events import Event, NewEvent
from rules.release import Release, composed
from service.house import SERVICE_AGENT, House
from service.planning import draft_plan
from service.recalled import inputs_of

MACHINE = Actor(SERVICE_AGENT, is_person=False)
MOST_AT_ONCE = 20
"""So many plans of a canary are compared at one call; the others wait for the next."""
PAGE = 50
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Guarded:
    """What was done about a canary: plans compared, those that could not be, and its end.

    `aborted` is the event that ended it; None while it goes on.
    """

    release: str
    compared: int
    not_compared: tuple[str, ...]
    aborted: Event | None


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
    done, failed = 0, list[str]()
    for entry in _waiting(house, case.digest, canary):
        if done + len(failed) == MOST_AT_ONCE:
            break
        try:
            done += _compare(house, case.digest, entry)
        except EvenkeelError as error:  # of one plan: the others are compared all the same
            failed.append(f"{entry.plan.digest}: {error.code}")

    def decide(state: Governed, clock: datetime) -> NewEvent | None:
        return releasing.guard_canary(state, max(clock, now), MACHINE, case.digest)

    return Guarded(case.digest, done, tuple(failed), house.ledger.append(decide).event)


def _waiting(house: House, digest: str, canary: Canary) -> Iterator[PlanEntry]:
    """Plans made under the canary, of snapshots that were not compared yet, the latest first."""
    seen = {pair.snapshot for pair in canary.pairs}
    for chain in house.catalog.chains():
        if not canary.scope.covers(chain.chain):
            continue
        for entry in _plans_since(house, chain.chain, canary.begins):
            release = house.release_at(entry.plan.release)
            if without(release, digest) != release and entry.plan.snapshot not in seen:
                seen.add(entry.plan.snapshot)
                yield entry


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
    parts = [part for part in release.parts
             if not (part.is_canary and part.release.digest == canary)]  # fmt: skip
    if len(parts) == len(release.parts):
        return release
    return composed(release.whole, parts) if parts else release.whole


def _compare(house: House, digest: str, entry: PlanEntry) -> int:
    """Keep what the canary did to a plan; 1, or 0 where somebody else has compared it."""
    document = house.store.get_document(entry.artifact)
    snapshot, release, request = inputs_of(house.store, document)
    draft = draft_plan(snapshot, without(release, digest), request)
    pair = pair_from(entry.plan.digest, document["decision"], draft.decision)
    artifact = house.store.put(canonical(draft.decision))

    def decide(state: Governed, now: datetime) -> NewEvent | None:
        if state.releases.case(digest).status != CANARY:
            return None
        return releasing.compared(state, now, MACHINE, digest, pair, artifact)

    return int(house.ledger.append(decide).event is not None)


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
