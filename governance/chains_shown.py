"""The chains that evidence tells anything of: a level of all chains holds for these alone."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from governance.autonomy import BACKTEST, CANARY, OUTCOME
from governance.outcomes import outcome_of
from governance.plan_cases import CARRIED_OUT
from governance.scopes import Scope, scope_of
from ontology.access import ANY
from ontology.events import AUTONOMY_RAISED, Event

if TYPE_CHECKING:
    from governance.ledger import Governed


def chains_shown(
    state: "Governed", scope: Scope, kind: str, artifacts: Collection[str]
) -> frozenset[str] | None:
    """The chains of which evidence of one kind tells anything; None where it names none.

    A canary of all chains names none, nor does what the ledger does not know.
    """
    if kind == OUTCOME:
        ended = outcome_of(state, scope, state.autonomy.counted(scope, OUTCOME)).ended
        cases = state.approvals.cases
        return frozenset(cases[each.plan].chain for each in ended if each.status == CARRIED_OUT)
    found = set(_named(state, kind, artifacts))
    return None if ANY in found or not found else frozenset(found)


def chains_of_raise(state: "Governed", event: Event) -> frozenset[str] | None:
    """The chains for which an event raised a scope of all; None: it does not tell.

    Earlier events do not state them: then they are those of which all evidence told that was shown,
    as far as it names any.
    """
    said = event.payload
    if event.kind != AUTONOMY_RAISED or said["scope"]["chain"] != ANY:
        return None
    if "chains" in said:
        return frozenset(said["chains"])
    scope, kinds = scope_of(said["scope"]), sorted({each["kind"] for each in said["evidence"]})
    told = [chains_shown(state, scope, kind, [each["artifact"] for each in said["evidence"]])
            for kind in kinds]  # fmt: skip
    named = [chains for chains in told if chains is not None]
    return frozenset.intersection(*named) if named else None


def _named(state: "Governed", kind: str, artifacts: Collection[str]) -> Iterator[str]:
    for case in state.releases.cases.values():
        if kind == BACKTEST and case.backtest in artifacts:
            yield from case.shown.chains
        elif kind == CANARY and case.digest in artifacts and case.canary is not None:
            yield case.canary.scope.chain
