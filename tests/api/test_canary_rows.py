"""What is said of a canary: where and since when it decides, and what was no sample."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api.commands.release_decisions import told
from api.commands.releases import _show
from api.graphql.canaries import CanaryLeftOut, PolicyCanary
from api.screen.canary_rows import guard_lines, time_in_words, where_in_words, why_in_line
from governance import releasing
from governance.canaries import EDITED, ELSEWHERE
from governance.release_cases import ReleaseCase
from governance.scopes import Scope
from ontology.events import RELEASE_ABORTED, RELEASE_ACTIVATED, RELEASE_CANARY_STARTED
from tests.governance.test_canaries import pair, terms, tried
from tests.governance.test_releases import ADA, MACHINE, NOON, Board

NORTH = Scope("regional", ("north",))


def began(*, ended: str = "", after: int = 0) -> list[dict[str, Any]]:
    """The events of a canary that began at noon, and may have ended days after."""
    said: list[dict[str, Any]] = [{"kind": RELEASE_CANARY_STARTED, "at": NOON}]
    return said + ([{"kind": ended, "at": NOON + timedelta(days=after)}] if ended else [])


def case_of(board: Board) -> ReleaseCase:
    """The release that is tried."""
    return board.state.releases.case("ours")


def times(board: Board, now: datetime, **end: Any) -> str:
    """The one line on when it decides."""
    (line,) = time_in_words(case_of(board), began(**end), now)
    return line


def test_a_canary_is_told_by_its_own_part_and_since_when() -> None:
    """Though its release was proposed for all, and has never been in force."""
    board = Board()
    tried(board, terms(scope=NORTH, share_percent=10, salt="s"))
    assert where_in_words(case_of(board)) == "regional: region north, 10% of items and places"
    line = times(board, NOON)
    assert line.startswith("governs as a canary regional: region north, 10% of items and places")
    assert line.endswith(f"from {NOON:%Y-%m-%d %H:%M} "
                         f"at most until {NOON + timedelta(days=14):%Y-%m-%d %H:%M}")  # fmt: skip
    over = NOON + timedelta(days=14)
    assert times(board, over).startswith("governed as a canary")
    board.does(releasing.abort, ADA, "ours", "enough")
    assert where_in_words(case_of(board)) == "everywhere"
    assert times(board, over, ended=RELEASE_ABORTED, after=2).endswith(
        f"until {NOON + timedelta(days=2):%Y-%m-%d %H:%M}")  # fmt: skip


def test_show_says_what_a_canary_governs(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither everywhere nor never: its own part, since when, its guards and what is no sample."""
    board = Board()
    tried(board, terms(scope=NORTH))
    board.does(releasing.leave_out, MACHINE, "ours", "plan 1", EDITED)
    case = case_of(board)
    happened = [each | {"agent": "ben"} for each in began()]
    _show(case, happened, time_in_words(case, happened, NOON), "")
    shown = capsys.readouterr().out
    assert "status       canary, regional: region north\n" in shown
    assert "in force     governs as a canary regional: region north from" in shown
    assert "no sample    1 plan: 1 edited by a person\n" in shown
    assert "never governed" not in shown
    assert "everywhere" not in shown
    assert told(case)["canary"]["left_out"] == {EDITED: 1}
    assert case.canary is not None
    assert PolicyCanary.of(case.canary).left_out == [CanaryLeftOut(why=EDITED, plans=1)]


def test_what_never_was_a_canary_has_no_such_time() -> None:
    board = Board()
    board.approved("ours")
    assert time_in_words(case_of(board), [], NOON) == []


def test_one_that_was_put_in_force_was_a_canary_until_then() -> None:
    board = Board()
    tried(board)
    for number in range(8):
        board.does(releasing.compared, MACHINE, "ours", pair(number))
    board.does(releasing.activate, ADA, "ours", "shipped")
    assert times(board, NOON + timedelta(days=9), ended=RELEASE_ACTIVATED, after=3).endswith(
        f"until {NOON + timedelta(days=3):%Y-%m-%d %H:%M}")  # fmt: skip


def test_what_is_no_sample_is_counted_in_words() -> None:
    board = Board()
    tried(board)
    canary = case_of(board).canary
    assert canary is not None
    assert not any(line.startswith("no sample") for line in guard_lines(canary))
    for number, why in enumerate((EDITED, ELSEWHERE, ELSEWHERE, "ARTIFACT_MISSING")):
        canary = canary.without_plan(f"plan {number}", why)
    assert list(guard_lines(canary))[-1] == (
        "no sample    4 plans: 1 not to be compared (ARTIFACT_MISSING); 1 edited by a person; "
        "2 with nothing in its part"
    )


@pytest.mark.parametrize(("said", "words"), [
    ({}, ""), ({"reason": "worse"}, ": worse"),
    ({"left_out": {"plan": "0123456789abcdef", "why": EDITED}},
     ": plan 0123456789ab is no sample, edited by a person"),
])  # fmt: skip
def test_each_step_is_told_with_its_reason(said: dict[str, Any], words: str) -> None:
    assert words == why_in_line(said)
