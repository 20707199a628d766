"""Evidence as the ledger wants it: of what governs, over decisions and ends that are new."""

from dataclasses import replace

from governance.autonomy import BACKTEST, OUTCOME, WITHIN_ENVELOPE, Evidence
from governance.evidence import outcome_now
from governance.outcomes import LEAST_CARRIED_OUT
from governance.plan_cases import CARRIED_OUT, VOID, Ended, PlanCase
from governance.scopes import Scope
from tests.governance.test_releases import NOON, Board

CHAIN = "regional"


def fresh(
    made: Board, scope: Scope, level: int, chains: tuple[str, ...] = (CHAIN,)
) -> tuple[Evidence, ...]:
    """All that raises a scope to a level: a back-test of each release there, and an outcome."""
    shown = []
    for digest in made.state.releases.deciding_in(scope, made.state.now(made.clock)):
        if digest not in made.state.releases.cases:
            made.proposed(digest)
        shown.append(Evidence(BACKTEST, made.tested(digest, chains=chains)))
    if level < WITHIN_ENVELOPE:
        return tuple(shown)
    for chain in chains:
        ends(made, scope, LEAST_CARRIED_OUT, chain=chain)
    return (*shown, Evidence(OUTCOME, outcome_now(made.state, scope).digest))


def ends(
    made: Board, scope: Scope, count: int, status: str = CARRIED_OUT, chain: str = CHAIN
) -> None:
    """So many approved plans of a scope end, as the fold would tell it."""
    approvals, event = made.state.approvals, made.state.sequence + 1
    names = [f"plan {status} {len(approvals.cases) + number}" for number in range(count)]
    cases = {name: replace(case_in(name, scope, status), chain=chain) for name in names}
    ended = tuple(Ended(event, name, status) for name in names)
    made.state = replace(made.state, approvals=replace(
        approvals, cases={**approvals.cases, **cases}, ended=(*approvals.ended, *ended)
    ))  # fmt: skip


def case_in(plan: str, scope: Scope, status: str = VOID) -> PlanCase:
    """The case of a plan that moves something in a scope."""
    return PlanCase(plan, CHAIN, 1, "ada", "ada", frozenset(), 0, (),
                    (scope.regions or ("somewhere",),), scope.families or ("something",), (), 0,
                    NOON, 1, NOON, (), status)  # fmt: skip
