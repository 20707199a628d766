"""No unit is promised twice: what approved plans take together never exceeds what is free."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from governance.approvals import Approvals
from governance.matrix import Demand
from governance.plan_cases import NOWHERE, Placed, PlanCase
from ontology.errors import StateError
from ontology.promises import Key, Promise, summed

if TYPE_CHECKING:
    from governance.ledger import Governed


NAMED = 10
"""So many of the plans that have promised what another wants are named; the others are counted."""


@dataclass(frozen=True)
class Standing:
    """How a plan stands on facts of this moment: what it takes, what is free, who demands what.

    `reserved` is what the other plans had promised when that was found out, and `held` what is
    still committed of it on those facts (None: all of it). `governs` is what was then in force,
    with the `shipped` release where people put none. `broken` says in words why the plan no longer
    holds, empty where it does. `purchases` are what it buys, `placed` what it touches on
    those facts.
    """

    promises: tuple[Promise, ...] = ()
    free: Mapping[Key, int] = field(default_factory=dict)
    reserved: tuple[Promise, ...] = ()
    demands: tuple[Demand, ...] = ()
    broken: str = ""
    band_per_million: int = 0
    approved_hours: int = 48
    governs: tuple[Any, ...] = ()
    shipped: str = ""
    held: tuple[Promise, ...] | None = None
    purchases: tuple[Promise, ...] = ()
    placed: Placed = NOWHERE

    def is_of(self, state: "Governed", chain: str, plan: str, now: datetime) -> bool:
        """Whether it was found out under the reservations and the releases of a state."""
        if state.approvals.promised(chain, plan) != self.reserved:
            return False
        return not self.governs or (
            state.governing(chain, now, self.shipped).named == self.governs
        )  # fmt: skip


def refuse_twice(approvals: Approvals, case: PlanCase, standing: Standing) -> None:
    """Refuse a plan of which a unit is promised to another, or is not there any more.

    The standing is that of the newest state. Raises StateError `UNITS_PROMISED` (item, place,
    units, the other plan) or `UNITS_GONE`.
    """
    left = standing.reserved if standing.held is None else standing.held
    held = summed(left)
    places = {promise.key: promise for promise in standing.promises}
    for key, units in sorted(summed(standing.promises).items()):
        free = max(0, standing.free.get(key, 0) - held.get(key, 0))
        if units <= free:
            continue
        what = _named(places[key])
        holders = approvals.holders_of(case.chain, key, left)
        if holders:
            raise StateError(
                f"{units:,} units of {what} are asked for and {free:,} are free: "
                f"{_promised(approvals, holders)}",
                code="UNITS_PROMISED", hint="plan again on what is free; void "
                + ("the other plan" if len(holders) == 1 else "one of these plans")
                + ", or count what is there after it was carried out",
            )  # fmt: skip
        raise StateError(f"{units:,} units of {what} are asked for and {free:,} are there",
                         code="UNITS_GONE", hint="plan again on the present facts")  # fmt: skip


def overdrawn(approvals: Approvals, chain: str, free: Mapping[Key, int]) -> dict[Key, int]:
    """By how many units what approved plans promise exceeds what is free; empty where nowhere."""
    held = summed(each for case in approvals.standing(chain) for each in case.promises)
    over = {key: units - free.get(key, 0) for key, units in held.items()}
    return {key: units for key, units in sorted(over.items()) if units > 0}


def _promised(approvals: Approvals, holders: Mapping[str, int]) -> str:
    """Which approved plans have promised how many units, NAMED of them by digest."""
    if len(holders) == 1:
        ((plan, units),) = holders.items()
        return f"{units:,} are promised to the {approvals.case(plan).status} plan `{plan[:12]}`"
    told = [f"{units:,} to `{plan[:12]}`" for plan, units in list(holders.items())[:NAMED]]
    rest = list(holders.values())[NAMED:]
    if rest:
        told.append(f"{sum(rest):,} to {len(rest):,} more")
    return f"{sum(holders.values()):,} are promised to approved plans: {', '.join(told)}"


def _named(promise: Promise) -> str:
    if promise.order:
        return f"`{promise.item}` of the order `{promise.order}`"
    lot = f", lot `{promise.lot}`" if promise.lot else ""
    return f"`{promise.item}` at `{promise.place}`{lot}"
