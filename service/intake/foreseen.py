"""What a delivery would do to the latest plan of its chain, before it is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ontology.columns import Snapshot
from ontology.errors import EvenkeelError
from ontology.promise_ends import open_promises
from service.decision import PlanRequest
from service.difference import lines_apart
from service.house import House
from service.planning import draft_plan, with_reserved
from service.recalled import inputs_of


@dataclass(frozen=True, slots=True)
class LineForeseen:
    """A line that would have other units; it has 0 before where it is new, 0 after where gone."""

    line: Mapping[str, Any]
    units_before: int
    units_after: int


@dataclass(frozen=True, slots=True)
class PlanForeseen:
    """The latest plan and what would be different if it were asked again after the delivery.

    `compared_with` is `plan`, or `present` where facts changed since it was made: then the lines
    are those of a plan made now, without the delivery. `refused` says why none could be made.
    Costs are in hundredths of the plan's currency.
    """

    plan: str
    compared_with: str
    currency: str
    cost_cents: tuple[int, int] | None
    lines: tuple[LineForeseen, ...]
    refused: str = ""


def foreseen(house: House, chain: str, present: Snapshot, after: Snapshot) -> PlanForeseen | None:
    """The latest plan of a chain asked again on the facts as they would be; None without a plan.

    Its own request, the rules in force. Nothing is saved.
    """
    latest = house.catalog.plans(chain, first=1).rows
    if not latest:
        return None
    document = house.store.get_document(latest[0].artifact)
    decision, asked = document["decision"], inputs_of(house.store, document)[2]
    request = with_reserved(house, asked)
    release = house.release_for(chain)
    same = decision["snapshot"] == present.digest and decision["release"] == release.digest
    same = same and _open_in(request, present) == _open_in(asked, present)
    name = "plan" if same else "present"
    digest, currency = document["plan_digest"], decision["currency"]
    try:
        before = decision if same else draft_plan(present, release, request).decision
        now = draft_plan(after, release, request).decision
    except EvenkeelError as error:
        return PlanForeseen(digest, name, currency, None, (), f"{error} [{error.code}]")
    lines = tuple(LineForeseen(*line) for line in lines_apart(before, now))
    costs = (_cost(before), _cost(now))
    return PlanForeseen(digest, name, currency, costs, lines)


def _open_in(request: PlanRequest, facts: Snapshot) -> PlanRequest:
    """The request without promises that are over on facts, as a decision states it."""
    if request.starts_on is None:
        return request
    opened = open_promises(facts, request.reserved, request.starts_on)
    return replace(request, reserved=tuple(each.promise for each in opened))


def _cost(decision: Mapping[str, Any]) -> int:
    return int(decision["comparison"]["plan"]["cost_cents"])
