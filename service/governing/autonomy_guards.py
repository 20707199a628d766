"""Guards: what lowers a level of autonomy without a person, one step for each cause."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from governance.autonomy import LEVELS, SUGGEST, Standing
from governance.ledger import Governed
from governance.plan_cases import CARRIED_OUT, PlanCase
from governance.reach import reach_in
from ontology.canonical import canonical
from ontology.events import APPROVAL_VOIDED, micros_of
from service.governing.autonomy import lower
from service.governing.confidence import gap_per_million
from service.house import SERVICE_AGENT, House
from service.scheduling.scheduler import over_chains
from service.stewardship.freshness import freshness

VOIDS_BORNE, WITHIN = 2, timedelta(days=7)
"""So many plans of a scope may become void within this time; one more takes a step."""
WATCHED = frozenset({"StockPosition", "DemandForecast", "DemandQuantile", "DemandOutcome"})
"""A machine that acts needs these to be fresh."""
WIDEST_GAP = 10_000
"""Millionths: a newest plan whose gap is wider takes a step."""

Cause = tuple[str, str]


def guard_autonomy(house: House, now: datetime) -> str:
    """Lower by one step each scope above SUGGEST that a guard speaks against; no lower than that.

    A cause lowers a scope once, however often it is seen; stops, rollbacks and aborted canaries
    lower it in the fold itself. Raises as reading the chains does, after all were looked at.
    """
    return over_chains(house, lambda chain: _guard(house, chain, now)) or "no guard speaks"


def _guard(house: House, chain: str, now: datetime) -> str:
    state, told = house.ledger.state(), []
    for standing in state.autonomy.at(chain).values():
        if standing.level <= SUGGEST:
            continue
        for cause, reason in _causes(house, state, chain, standing, now):
            to = max(SUGGEST, standing.level - 1)
            once = f"{cause}/{canonical(standing.scope.stated()).decode()}"
            if lower(house, standing.scope, to, reason, SERVICE_AGENT, once).event is not None:
                told.append(f"{chain}: {LEVELS[to]}, since {reason}")
                break  # one step at a look: the next is taken from where it then stands
    return "; ".join(told)


def _causes(
    house: House, state: Governed, chain: str, standing: Standing, now: datetime
) -> Iterator[Cause]:
    yield from _voids(state, standing, now)
    yield from _gap(house, chain, standing)
    for each in freshness(house, chain, now)[1]:
        if each.stale and each.class_name in WATCHED:
            heard = 0 if each.heard_at is None else micros_of(each.heard_at)
            yield (f"stale/{chain}/{each.source}/{each.class_name}/{heard}",
                   f"{each.class_name} by {each.source} is stale")  # fmt: skip


def _voids(state: Governed, standing: Standing, now: datetime) -> Iterator[Cause]:
    times = sorted(
        remark.at for case in state.approvals.cases.values()
        if _is_of(case, standing) and case.status != CARRIED_OUT  # it did hold, as the world says
        for remark in case.remarks
        if remark.kind == APPROVAL_VOIDED and remark.person == SERVICE_AGENT
        and remark.at >= max(standing.since, now - WITHIN)
    )  # fmt: skip
    if len(times) > VOIDS_BORNE:
        yield f"voids/{micros_of(times[-1])}", f"{len(times)} plans became void within a week"


def _is_of(case: PlanCase, standing: Standing) -> bool:
    return reach_in(case.chain, case.places, case.families).touched_by(standing.scope)


def _gap(house: House, chain: str, standing: Standing) -> Iterator[Cause]:
    rows = house.catalog.plans(chain, first=1).rows
    if not rows or rows[0].made_at < standing.since:
        return
    document = house.store.get_document(rows[0].artifact)
    if gap_per_million(document["decision"]) > WIDEST_GAP:
        plan = rows[0].plan.digest
        yield f"gap/{plan}", f"the gap of plan {plan[:12]} is wider than 1 %"
