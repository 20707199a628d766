"""Back-tests and reviews in the governance ledger: a proposed release keeps its newest result."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from governance import releasing
from governance.ledger import Governed
from governance.release_cases import ACTIVE, BACKTESTED, PROPOSED
from graph.governance_events import governance_events
from ontology.errors import StateError
from ontology.events import RELEASE_BACKTESTED, RELEASE_REVIEWED, NewEvent
from service.backtest.reviews import Review, reviews_of
from service.backtest.run import Backtested, Window, recorded
from service.house import House
from service.persons import actor


def record(house: House, found: Backtested, agent: str) -> bool:
    """Keep a back-test of a release that is proposed or active as its newest; whether it is now.

    Of a release that nobody proposed, or that waits or is over, nothing is kept. The same result
    again keeps the reviews that it has; another asks for them anew, but of an active release.
    """
    if not _is_open(house.ledger.state(), found):
        return False
    scope = house.ledger.state().releases.cases[_digest(found)].scope
    decisions = found.result["decisions"]
    tested = {
        "newest": max((one["event"] for one in decisions), default=0),
        "chains": sorted({one["chain"] for one in decisions}),
        **{name: found.result["counts"][name] for name in ("decisions", "same_bytes", "undecided")},
        "missing_words": len(found.result["missing"]["words"]), "window": found.result["asked"],
        "has_recorded": any(scope.covers(one.plan.chain) for one in recorded(house, Window())),
    }  # fmt: skip
    house.ledger.append(partial(_backtested, found=found, agent=agent, tested=tested))
    return True


def review(
    house: House, found: Backtested, agent: str, reason: str, rules: Iterable[str] = ()
) -> list[Review]:
    """Answer, as a person, for rules by which the release permits what was denied; none: for all.

    Raises StateError `RELEASE_NOT_OPEN` where this back-test is not the newest of a proposed
    release; InputError `REVIEW_UNKNOWN`, `BAD_REVIEW`; and as the ledger does.
    """
    meant = reviews_of(found.result, agent, reason, rules)
    _refuse_older(house.ledger.state(), found)
    for each in meant:
        house.ledger.append(partial(_reviewed, found=found, each=each))
    return meant


def reviews_kept(house: House, found: Backtested) -> list[Review]:
    """The reviews that stand for a back-test, in the order of the log."""
    digest, kept, is_this = _digest(found), list[Review](), False
    for event in governance_events(house.driver):
        if event.payload.get("release") != digest:
            continue
        if event.kind == RELEASE_BACKTESTED:
            is_this = event.artifact == found.digest
            kept = kept if event.payload.get("status") == ACTIVE else []
        elif event.kind == RELEASE_REVIEWED and is_this:
            said = event.payload
            kept.append(Review(digest, event.agent, said["reason"], said["rule"]))
    return kept


def newest_backtest(house: House, release: str) -> Backtested | None:
    """The newest back-test of a proposed release by its digest; None where it has none.

    Raises OutsideError as reading it does.
    """
    case = house.ledger.state().releases.cases.get(release)
    if case is None or not case.backtest:
        return None
    return Backtested(case.backtest, house.store.get_document(case.backtest))


def opening_rules(found: Backtested) -> list[str]:
    """The rules by which a back-test's release permits what was denied, ascending."""
    return sorted({rule for group in found.result["opened"] for rule in group["rules"]})


def _backtested(
    state: Governed, now: datetime, found: Backtested, agent: str, tested: Mapping[str, Any]
) -> NewEvent | None:
    digest = _digest(found)
    if not _is_open(state, found) or state.releases.cases[digest].backtest == found.digest:
        return None
    rules = opening_rules(found)
    return releasing.backtested(state, now, actor(agent), digest, found.digest, rules, tested)


def _refuse_older(state: Governed, found: Backtested) -> None:
    case = state.releases.cases.get(_digest(found))
    if case is None or case.backtest != found.digest:
        raise StateError("this is not the newest back-test of a proposed release",
                         code="RELEASE_NOT_OPEN",
                         hint="`evenkeel policy propose`, back-test it, then review")  # fmt: skip


def _reviewed(state: Governed, now: datetime, found: Backtested, each: Review) -> NewEvent | None:
    _refuse_older(state, found)  # on the state that the review is appended to
    return releasing.review(state, now, actor(each.person), each.release, each.rule, each.reason)


def _is_open(state: Governed, found: Backtested) -> bool:
    case = state.releases.cases.get(_digest(found))
    return case is not None and case.status in (PROPOSED, BACKTESTED, ACTIVE)


def _digest(found: Backtested) -> str:
    return str(found.result["release"]["digest"])
