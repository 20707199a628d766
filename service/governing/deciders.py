"""Who may decide on a plan: by roles that reach where it was submitted, and where it lies now."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from governance import approving
from governance.ledger import Governed
from governance.plan_cases import NOWHERE, WAITING, Placed, PlanCase, Verdict
from governance.scopes import Scope
from graph.grant_nodes import grants
from ontology.access import Grant
from service.governing.approval_standing import placed_now
from service.house import House

Powers = dict[str, frozenset[str]]
Granted = Callable[[str], Iterable[Grant]]


def roles_of(
    granted: Granted, case: PlanCase, persons: Iterable[str], now: datetime
) -> Powers:  # fmt: skip
    """The roles that persons hold for a plan, by grants that reach all that it touches."""
    return {
        person: frozenset(grant.role for grant in granted(person)
                          if grant.holds(now, now) and _reaches(grant, case))
        for person in persons
    }  # fmt: skip


def waiting_for(house: House, person: str, chain: str = "") -> list[PlanCase]:
    """The cases that wait for a person: whom a role lets decide, and whose word does not count yet.

    Who approved by power that is lost since has said nothing that counts, and is asked again.

    Of a chain, or of all. The grants of each who counts are read once. Where plans lie now is asked
    of those alone that the person could decide on as they were submitted, by power that is limited.
    """
    state, now = house.ledger.present()
    granted = cache(partial(grants, house.driver))
    mine = [case for case in state.approvals.open(chain)
            if case.status == WAITING and person not in case.authors and now < case.until
            and _may(granted, state, case, person, now)]  # fmt: skip
    here = _placed(house, granted, state, mine, person)
    return [case for case in mine if _waits_for(granted, state, here[case.plan], person, now)]


def counted_verdicts(house: House, case: PlanCase) -> tuple[Verdict, ...]:
    """Who approved a plan, with the roles that they and those whose power they used still hold."""
    state, now = house.ledger.present()
    granted = cache(partial(grants, house.driver))
    (here,) = _placed(house, granted, state, [case], "").values()
    return _counted(granted, state, here, now)


def persons_of(state: Governed, case: PlanCase, person: str) -> set[str]:
    """Who decides, has decided, or has handed power over to one of them: whose grants count."""
    heard = {person, *who_gave(case)} - {""}
    givers = {each.giver for each in state.approvals.delegations if each.taker in heard}
    return heard | givers


def who_gave(case: PlanCase) -> set[str]:
    """Who approved a plan, and whose power they used."""
    return {person for verdict in case.verdicts for person in (verdict.person, *verdict.by)}


def is_limited(granted: Granted, state: Governed, case: PlanCase, persons: Collection[str]) -> bool:
    """Whether a power of these persons over a plan depends on where it lies."""
    return any(
        grant.covers(case.chain) and (grant.regions or grant.families)
        for person in persons for grant in granted(person)
    ) or any(each.scope.covers(case.chain) and each.scope.is_partial and each.taker in persons
             for each in state.approvals.delegations)  # fmt: skip


def _placed(
    house: House, granted: Granted, state: Governed, cases: list[PlanCase], person: str
) -> dict[str, PlanCase]:
    """The cases as they lie now, by plan; as they were submitted where that decides nothing."""
    asked = [case for case in cases
             if is_limited(granted, state, case, persons_of(state, case, person))]  # fmt: skip
    found: dict[str, Placed] = placed_now(house, asked) if asked else {}
    return {case.plan: case.placed_also(found.get(case.plan, NOWHERE)) for case in cases}


def _may(granted: Granted, state: Governed, case: PlanCase, person: str, now: datetime) -> bool:
    """Whether a role, of the person or handed over, lets them decide on a case."""
    givers = state.approvals.powers_for(person, case, now)
    wanted = {role for demand in case.demands for role in demand.roles} | set(case.escalated)
    held = roles_of(granted, case, (person, *givers), now)
    return any(wanted & roles for roles in held.values())


def _waits_for(
    granted: Granted, state: Governed, case: PlanCase, person: str, now: datetime
) -> bool:  # fmt: skip
    mine = replace(case, verdicts=tuple(each for each in case.verdicts if each.person == person))
    if any(map(approving.counts, _counted(granted, state, mine, now))):  # what lapsed is no word
        return False
    return _may(granted, state, case, person, now)


def _counted(
    granted: Granted, state: Governed, case: PlanCase, now: datetime
) -> tuple[Verdict, ...]:  # fmt: skip
    """The verdicts of a case, with the roles by which they count at this moment."""
    powers = roles_of(granted, case, who_gave(case), now)
    return tuple(approving.still_held(state, now, case, powers))


def _reaches(grant: Grant, case: PlanCase) -> bool:
    if grant.suppliers:  # it leaves out what others supply, and a plan is decided on as a whole
        return False
    return case.is_within(Scope(grant.chain, grant.regions, grant.families))
