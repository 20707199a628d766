"""What shows that a level of autonomy can be reached: of what governs now, and not used before."""

from collections.abc import Collection, Sequence
from datetime import datetime

from governance.autonomy import (
    BACKTEST,
    CANARY,
    EVIDENCE,
    LEVELS,
    NEEDED,
    OUTCOME,
    Evidence,
)
from governance.chains_shown import chains_shown
from governance.ledger import Governed
from governance.outcomes import Outcome, outcome_of
from governance.reach import overlap
from governance.release_cases import CANARY as IN_CANARY
from governance.release_cases import ReleaseCase
from governance.scopes import Scope
from ontology.access import ANY
from ontology.errors import InputError, StateError

BACKTEST_AGAIN = "`evenkeel policy backtest` it over decisions that were made since"


def refuse_unshown(
    state: Governed, now: datetime, scope: Scope, level: int, evidence: Sequence[Evidence],
    chains: Collection[str] = (),
) -> None:  # fmt: skip
    """Refuse evidence that does not show that a scope can be raised to a level.

    A back-test is the newest ledgered one of a release that decides in the scope now, over
    decisions of its chain; where several decide there, each is shown. A canary is named by the
    release that decides now and went through it. An outcome is what the ledger itself counts.
    Each holds something newer than the last raise that it was used for, and than the last fall, in
    all scopes that overlap. Of a scope of all chains it shows something of each of
    `chains`. Raises InputError `EVIDENCE_MISSING`, `EVIDENCE_UNKNOWN`; StateError
    `EVIDENCE_ELSEWHERE`, `EVIDENCE_WEAK`, `EVIDENCE_SPENT`.
    """
    _refuse_misnamed(level, evidence)
    deciding = state.releases.deciding_in(scope, now)
    shown = set[str]()
    for each in evidence:
        if each.artifact in state.autonomy.spent(scope):
            raise _spent(each.artifact)
        if each.kind == BACKTEST:
            shown.add(_backtested(state, scope, deciding, each.artifact))
        elif each.kind == CANARY:
            _refuse_no_canary(state, scope, deciding, each.artifact)
        else:
            _refuse_other_outcome(state, scope, each.artifact)
    _refuse_uncovered(level, evidence, set(deciding) - shown)
    if scope.chain == ANY:
        _refuse_unseen(state, scope, evidence, set(chains))


def outcome_now(state: Governed, scope: Scope) -> Outcome:
    """What came of a scope's approved plans since an outcome raised it, or it fell."""
    return outcome_of(state, scope, state.autonomy.counted(scope, OUTCOME))


def _refuse_misnamed(level: int, evidence: Sequence[Evidence]) -> None:
    """Refuse unknown kinds, one thing shown twice, and too few kinds."""
    kinds, artifacts = {each.kind for each in evidence}, [each.artifact for each in evidence]
    for wanted in NEEDED[level]:
        if kinds.isdisjoint(wanted):
            raise InputError(
                f"`{LEVELS[level]}` is reached on evidence: {' or '.join(sorted(wanted))}",
                code="EVIDENCE_MISSING", hint="name it with --evidence KIND=DIGEST",
            )  # fmt: skip
    for each in evidence:
        if each.kind not in EVIDENCE or not each.artifact:
            raise InputError(f"`{each.kind[:20]}` is no kind of evidence", code="EVIDENCE_UNKNOWN",
                             hint=f"one of {', '.join(EVIDENCE)}, and an artifact")  # fmt: skip
    if len(set(artifacts)) < len(artifacts):
        raise InputError("one artifact is named twice", code="EVIDENCE_UNKNOWN",
                         hint="each piece of evidence is one of its own")  # fmt: skip


def _backtested(state: Governed, scope: Scope, deciding: Sequence[str], artifact: str) -> str:
    """The release of which this is the newest back-test, where it shows enough."""
    found = [case for case in state.releases.cases.values() if case.backtest == artifact]
    if not found:
        raise InputError(
            f"`{artifact[:12]}` is no release's newest back-test", code="EVIDENCE_UNKNOWN",
            hint="`policy backtest` prints it after `kept as`; the release must be proposed",
        )  # fmt: skip
    mine = [case for case in found if case.digest in deciding]
    if not mine:
        raise _elsewhere(found[0], deciding)
    case = mine[0]
    held = case.shown
    if case.untested or held.decisions == 0:
        raise _weak(case.untested or "it holds no decision, or does not tell how many",
                    BACKTEST_AGAIN)  # fmt: skip
    if scope.chain not in (ANY, *held.chains):
        raise _weak(f"it holds no decision of `{scope.chain}`", BACKTEST_AGAIN)
    if held.newest <= state.autonomy.counted(scope, BACKTEST):
        raise _spent(artifact)
    return case.digest


def _refuse_no_canary(state: Governed, scope: Scope, deciding: Sequence[str], release: str) -> None:
    case = state.releases.cases.get(release)
    if case is None or case.canary is None:
        raise InputError(f"no release `{release[:12]}` was tried as a canary",
                         code="EVIDENCE_UNKNOWN",
                         hint="name the digest of the release that was tried")  # fmt: skip
    if case.status == IN_CANARY:
        raise _weak("the canary still goes on", "`evenkeel policy activate` ends it with a verdict")
    if case.digest not in deciding:
        raise _elsewhere(case, deciding)
    if not overlap(case.canary.scope, scope):
        raise StateError(f"the canary decided for {case.canary.scope.words}",
                         code="EVIDENCE_ELSEWHERE",
                         hint="it shows nothing of a scope that it did not decide in")  # fmt: skip
    case.canary.refuse_undecided()
    if state.releases.first_in_force(release) <= state.autonomy.counted(scope, CANARY):
        raise _spent(release)


def _refuse_other_outcome(state: Governed, scope: Scope, artifact: str) -> None:
    found = outcome_now(state, scope)
    if found.digest != artifact:
        raise InputError(
            f"`{artifact[:12]}` is not what came of the approved plans of {scope.words}",
            code="EVIDENCE_UNKNOWN", hint="leave out the digest: the ledger counts it itself",
        )  # fmt: skip
    if found.lacks:
        raise _weak(found.lacks, "have more plans approved, carried out and said to be `done`")


def _refuse_uncovered(level: int, evidence: Sequence[Evidence], unshown: set[str]) -> None:
    """Where only a back-test meets a demand, each release that decides there was back-tested."""
    others = {each.kind for each in evidence} - {BACKTEST}
    if unshown and any(others.isdisjoint(wanted) for wanted in NEEDED[level]):
        raise InputError(
            f"release `{min(unshown)[:12]}` decides there, too, and no back-test of it is shown",
            code="EVIDENCE_MISSING", hint="`evenkeel policy in-force` tells what decides",
        )  # fmt: skip


def _refuse_unseen(
    state: Governed, scope: Scope, evidence: Sequence[Evidence], chains: set[str]
) -> None:  # fmt: skip
    """Refuse what would raise all chains on what was seen of some, by any kind of evidence."""
    for kind in sorted({each.kind for each in evidence}):
        shown = {each.artifact for each in evidence if each.kind == kind}
        seen = chains_shown(state, scope, kind, shown)
        if unseen := sorted(chains - (chains if seen is None else seen)):
            raise _weak(f"the {kind} holds nothing of `{unseen[0]}`",
                        "raise chain by chain, or show something of each")  # fmt: skip


def _elsewhere(case: ReleaseCase, deciding: Sequence[str]) -> StateError:
    return StateError(
        f"release `{case.digest[:12]}` is {case.status}, and does not decide there now",
        code="EVIDENCE_ELSEWHERE",
        hint="show what decides there: " + (", ".join(one[:12] for one in deciding) or "nothing"),
    )  # fmt: skip


def _weak(why: str, hint: str) -> StateError:
    return StateError(f"this shows too little: {why}", code="EVIDENCE_WEAK", hint=hint)


def _spent(artifact: str) -> StateError:
    return StateError(
        f"`{artifact[:12]}` shows nothing since the level was raised on it, or lowered",
        code="EVIDENCE_SPENT", hint="show what came to be since",
    )  # fmt: skip
