"""Approved plans that held, and on what: a plan is not posed again where nothing of it changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.ledger import Governed
from governance.plan_cases import PlanCase
from ontology.events import micros_of
from service.governing.approval_standing import Held
from service.house import House

Basis = tuple[Any, ...]


@dataclass
class Looked:
    """What was found of plans that hold. It only saves work: without it the same is found.

    Whether a plan holds follows from its document, the facts of its chain, what governs there, what
    others reserve, its band, and the time until which no fact that its lines stand on is older than
    its source lets it be. That an artifact was lost meanwhile is found when one of these changes.
    """

    _held: dict[str, tuple[Basis, int | None]] = field(default_factory=dict)

    def holds(self, case: PlanCase, basis: Basis, now: datetime) -> bool:
        """Whether a plan held on this, and no fact of it has become stale since."""
        known, until = self._held.get(case.plan, ((), None))
        return known == basis and (until is None or micros_of(now) <= until)

    def note(self, case: PlanCase, basis: Basis, held: Held) -> None:
        """Keep that a plan was found to hold; that one does not is never kept."""
        if held.code:
            self._held.pop(case.plan, None)
        else:
            self._held[case.plan] = (basis, held.fresh_until_micros)

    def forget_all_but(self, plans: set[str]) -> None:
        """Keep nothing of plans that stand no more."""
        self._held = {plan: found for plan, found in self._held.items() if plan in plans}


def basis_of(house: House, state: Governed, case: PlanCase, sequence: int, now: datetime) -> Basis:
    """All that decides whether a plan holds, but for its document and what becomes stale.

    `sequence` is that of the last event of its chain's facts.
    """
    governs = state.governing(case.chain, now, house.shipped.digest).named
    reserved = state.approvals.promised(case.chain, case.plan)
    return (case.submission, sequence, governs, reserved, case.band_per_million)
