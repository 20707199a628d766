"""Does a plan hold on the facts of this moment, under the rules in force, beside other plans?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from governance.approving import Submission, with_novelty
from governance.ledger import Governed
from governance.matrix import Demand, demanded
from governance.plan_cases import Placed, PlanCase
from governance.reservations import Standing
from graph.catalog import PlanEntry
from ontology.columns import Snapshot
from ontology.errors import EvenkeelError, OutsideError
from ontology.events import micros_of
from ontology.promise_ends import committed, open_promises, with_missing_back
from ontology.promises import (
    Promise,
    free_units,
    merged_promises,
    promises_in,
    purchases_in,
)
from rules.release import Release
from service.drift import PlanDrift, drift
from service.governing.approval_features import (
    features_of,
    hands_in,
    matrix_under,
    per_million,
)
from service.governing.plan_places import Placing, placed_in, touched_in
from service.house import House
from service.recalled import inputs_of
from service.stewardship.freshness import clock_of

Document = Mapping[str, Any]
STALE_FACT, LINES, PURCHASES, GAP, RULES, UNKNOWN = (
    "stale fact", "lines", "purchases", "gap", "rules", "cannot be evaluated")  # fmt: skip
LOST = frozenset(
    {"ARTIFACT_MISSING", "ARTIFACT_CORRUPT", "ARTIFACT_UNREADABLE", "SNAPSHOT_CORRUPT"}
)
"""What is said of an artifact that is not there any more as it was; all else outside may pass."""
UNUSABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError)


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a plan holds: `code` is empty where it does, else `why` says it in words.

    `gap_per_million` is how far it may now be from the best with its own purchases; None where
    that was not looked at. After `fresh_until_micros` a fact that it stands on is stale; None
    where none ever is, or it does not hold.
    """

    code: str = ""
    why: str = ""
    gap_per_million: int | None = None
    fresh_until_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """The facts of a chain, the release in force, what other plans promise, and the time.

    `own` is what the plan itself has promised, where it is approved.
    """

    snapshot: Snapshot
    release: Release
    reserved: tuple[Promise, ...]
    now: datetime
    own: tuple[Promise, ...] = ()


def submission_of(house: House, document: Document, reason: str) -> Submission:
    """A plan as it is submitted, from its sealed document."""
    hands, chain = hands_in(house, document), document["decision"]["chain"]
    features = features_of(house, document, house.facts(chain))
    return Submission(document["plan_digest"], chain, hands.maker, hands.named, hands.unnamed,
                      features, reason)  # fmt: skip


def placed_now(house: House, cases: Iterable[PlanCase]) -> dict[str, Placed]:
    """What plans touch on the facts of this moment, by plan; not known where they cannot be read.

    The facts of a chain are read once, and of a plan's document what it touches is kept.
    """
    asked = list(cases)
    artifacts = house.catalog.plans_by_digest([case.plan for case in asked])
    placing = cache(lambda chain: Placing(house.facts(chain)))
    return {case.plan: _placed(house, placing, artifacts.get(case.plan), case) for case in asked}


def placed_here(house: House, case: PlanCase) -> tuple[Placed, int | None]:
    """As `placed_now`, and the event up to which facts were read; None where they cannot be."""
    try:
        sequence = house.facts(case.chain).sequence
    except (EvenkeelError, *UNUSABLE) as error:
        unevaluated(error)
        return Placed(None, None), None
    return placed_now(house, [case])[case.plan], sequence


def _placed(
    house: House, placing: Callable[[str], Placing], entry: PlanEntry | None, case: PlanCase
) -> Placed:
    try:
        if entry is None:
            return Placed(None, None)
        return placing(case.chain).of(touched_in(house.store, entry.artifact))
    except (EvenkeelError, *UNUSABLE) as error:
        unevaluated(error)
        return Placed(None, None)


def demands_now(house: House, document: Document, state: Governed) -> tuple[Demand, ...]:
    """What the matrix in force demands of a plan, beside what it did when it was submitted."""
    matrix = matrix_under(house.release_for(document["decision"]["chain"]))
    asked = submission_of(house, document, "")
    return demanded(matrix, with_novelty(state.approvals, asked, matrix))


def standing_of(
    house: House, document: Document, state: Governed, now: datetime
) -> tuple[Standing, int]:
    """How a plan stands at this moment, and the event up to which that was looked at.

    What may be approved is decided on it as long as the facts and the reservations are the same.
    """
    decision, plan = document["decision"], document["plan_digest"]
    chain = decision["chain"]
    promised = state.approvals.promised(chain, plan)
    snapshot, release = house.facts(chain), house.release_for(chain)
    matrix = matrix_under(release)
    present = Present(snapshot, release, merged_promises(promised), now)
    band = max(matrix.gap_per_million, gap_of(decision))
    demands = demands_now(house, document, state)
    held = held_on(house, document, present, band)
    # INVARIANT: a plan for later frees nothing today: what lapses by then may be counted before
    first = min(starts_on(decision), now.date())
    opened = open_promises(snapshot, present.reserved, first)
    return Standing(promises_in(decision), free_units(snapshot), promised, demands, held.why,
                    band, matrix.approved_hours, release.named, house.shipped.digest,
                    held=committed(opened), purchases=purchases_in(decision),
                    placed=placed_in(snapshot, decision)), snapshot.sequence  # fmt: skip


def starts_on(decision: Mapping[str, Any]) -> date:
    """The first day of a plan: the day from which it looks at what was promised."""
    return date.fromisoformat(decision["starts_on"])


def held_on(house: House, document: Document, present: Present, band_per_million: int) -> Held:
    """Whether a plan holds: every line can be made, and it is within the band of the best.

    Its own certificate says so, with no solve. Stale facts, purchases that the order-up-to rule
    no longer asks for, and a rule in force that forbids a line break it; so does whatever cannot
    be evaluated (law 7), also because an artifact of its own is lost. Where a count after its
    departure misses no more than it promised, its units may have left: then only its lines are
    looked at, as if they were there. Raises OutsideError where the database is not there.
    """
    try:
        first = min(_stale_after(house, document, present), default=None)
        if first is not None and first[0] < micros_of(present.now):
            return Held(STALE_FACT, f"the fact `{first[1]}` is older than its source lets it be")
        until = None if first is None else first[0]
        if _is_the_same(house, document, present):
            return Held(gap_per_million=gap_of(document["decision"]), fresh_until_micros=until)
        whole = _with_own_back(present, document["decision"])
        drifted = _drift(house, document, whole)
        has_left = whole is not present and all(group.why != LINES for group in drifted.affected)
        found = Held() if has_left else _judged(house, document, whole, drifted, band_per_million)
        return found if found.code else replace(found, fresh_until_micros=until)
    except (EvenkeelError, *UNUSABLE) as error:
        return unevaluated(error)


def unevaluated(error: Exception) -> Held:
    """That a plan cannot be evaluated, and why. Raises what comes from outside and may pass."""
    if isinstance(error, OutsideError) and error.code not in LOST:
        raise error
    said = str(error).splitlines() or [type(error).__name__]
    return Held(UNKNOWN, f"it cannot be evaluated: {said[0][:300]}")


def gap_of(decision: Mapping[str, Any]) -> int:
    """The gap that a plan was certified with, in millionths of its cost, rounded up."""
    proof = decision["certificate"]
    return per_million(proof["gap"], proof["cost"])


def _judged(
    house: House, document: Document, present: Present, found: PlanDrift, band: int
) -> Held:
    broken = {group.why: group for group in reversed(found.affected)}
    for why, words in _BROKEN.items():
        if why in broken:
            items = ", ".join(broken[why].items[:3])
            if why == LINES and _held_before(house, document, present):
                return Held(RULES, f"the release in force forbids lines of {items}")
            return Held(why, f"{words} {items}")
    if found.gap_scaled is None or found.cost_scaled is None:
        return Held(LINES, "its lines cannot be made any more")
    gap = found.gap_scaled
    if found.branches:  # what its branches had proved beyond the root stays out of the gap
        gap = max(0, gap - found.gap_scaled_then) + int(found.gap_by_branches_then or 0)
    now = per_million(gap, found.cost_scaled)
    if now <= band:
        return Held(gap_per_million=now)
    return Held(GAP, f"a plan may exist that is {now / 10_000:.2f} % better, and "
                f"{band / 10_000:.2f} % are allowed", now)  # fmt: skip


_BROKEN = {LINES: "its lines cannot be made any more:",
           PURCHASES: "the order-up-to rule asks for other purchases:"}  # fmt: skip


def _held_before(house: House, document: Document, present: Present) -> bool:
    """Whether the lines could be made under the release that the plan was made under."""
    release = inputs_of(house.store, document)[1]
    if release.digest == present.release.digest:
        return False
    earlier = drift(house.store, document, present.snapshot, release, present.reserved)
    return all(group.why != LINES for group in earlier.affected)


def _with_own_back(present: Present, decision: Mapping[str, Any]) -> Present:
    """What is there with the plan's own units, where they may have left; else the very same."""
    if not present.own:
        return present
    others = committed(open_promises(present.snapshot, present.reserved, starts_on(decision)))
    facts = with_missing_back(present.snapshot, present.own, others)
    return present if facts is present.snapshot else replace(present, snapshot=facts)


def _is_the_same(house: House, document: Document, present: Present) -> bool:
    """Whether the plan would be asked of the same facts, rules and reservations again."""
    decision = document["decision"]
    if decision["snapshot"] != present.snapshot.digest:
        return False
    if decision["release"] != present.release.digest:
        return False
    snapshot, _, request = inputs_of(house.store, document)
    first = starts_on(decision)
    return open_promises(snapshot, request.reserved, first) == open_promises(
        present.snapshot, present.reserved, first
    )


def _drift(house: House, document: Document, present: Present) -> PlanDrift:
    return drift(house.store, document, present.snapshot, present.release, present.reserved)


def _stale_after(
    house: House, document: Document, present: Present
) -> Iterator[tuple[int, str]]:  # fmt: skip
    """When each fact behind lines, as it stands now, becomes older than its source lets it be."""
    facts = present.snapshot
    if not any(len(facts.table(name)) for name in ("FreshnessBudget", "Source")):
        return
    clock = clock_of(house, document["decision"]["chain"], facts, present.now)
    for fact in {each for line in document["decision"]["lines"] for each in line["because"]}:
        name, _, key = fact.partition("/")
        row = facts.table(name).row_of.get(key)
        if row is None or name not in facts.clocks:
            continue
        event, since = int(facts.addresses[name][row, 0]), int(facts.clocks[name][row, 0])
        after = clock.stale_after(name, event, since)
        if after is not None:
            yield after, fact
