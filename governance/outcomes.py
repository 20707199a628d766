"""What came of approved plans in a scope: carried out, or void or expired after all."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from governance.plan_cases import CARRIED_OUT, Ended, PlanCase
from governance.reach import reach_in
from governance.scopes import Scope
from ontology.canonical import digest_of

if TYPE_CHECKING:
    from governance.ledger import Governed

FORMAT = "evenkeel-outcome/1"
LEAST_CARRIED_OUT = 5
"""So many approved plans were carried out before an outcome says anything."""
ONE_IN = 10
"""At most one in so many of the approved plans that ended may have become void or expired."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each approval of a scope that has ended since an event, in the order of the log.

    It is computed from the ledger alone: the same ledger and scope give the same digest.
    """

    scope: Scope
    after: int
    ended: tuple[Ended, ...]

    @property
    def carried_out(self) -> int:
        """How many approved plans were carried out."""
        return sum(each.status == CARRIED_OUT for each in self.ended)

    @property
    def broken(self) -> int:
        """How many approved plans became void or expired."""
        return len(self.ended) - self.carried_out

    @property
    def lacks(self) -> str:
        """Why it shows too little, in words; empty where it shows enough."""
        counted = f"{self.carried_out} approved plans were carried out since event {self.after}"
        if self.carried_out < LEAST_CARRIED_OUT:
            return f"{counted}, and {LEAST_CARRIED_OUT} are needed"
        if self.broken * ONE_IN > len(self.ended):
            return f"{counted}, and {self.broken} became void or expired: more than 1 in {ONE_IN}"
        return ""

    def stated(self) -> dict[str, Any]:
        """The document that is kept."""
        return {
            "format": FORMAT, "scope": self.scope.stated(), "after": self.after,
            "carried_out": self.carried_out, "broken": self.broken,
            "ended": [asdict(each) for each in self.ended],
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """The address of the document."""
        return digest_of(self.stated())


def outcome_of(state: "Governed", scope: Scope, after: int) -> Outcome:
    """What came of the approved plans of a scope after an event.

    A plan that was carried out counts where it is known to move something in the scope, one that
    was not also where that is not known.
    """
    cases = state.approvals.cases
    return Outcome(scope, after, tuple(
        each for each in state.approvals.ended
        if each.event > after and _counts(cases[each.plan], each, scope)
    ))  # fmt: skip


def _counts(case: PlanCase, ended: Ended, scope: Scope) -> bool:
    if not scope.covers(case.chain):
        return False
    reach = reach_in(case.chain, case.places, case.families)
    if ended.status != CARRIED_OUT:  # INVARIANT: what is not known speaks against a machine
        return reach.touched_by(scope)
    return any(cell.lies_in(scope) for cell in reach.cells)
