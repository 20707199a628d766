"""The demo: every section of the story, told from the real thing, at any width."""

from pathlib import Path

import pytest
from rich.console import Console

from api.demo import plan as demo
from api.demo import sources
from api.screen.amounts import count, millionths, money, moneys, share, total
from api.screen.reasons import rule_name
from graph.progress import silent
from graph.settings import settings_from_environment
from service.house import open_house
from tests.api.test_command_line import home

__all__ = ["home"]
SECTIONS = ("What was loaded", "The plan", "Its certificate", "explained", "Shortfall",
            "What the rule `cold-chain` costs", "Where that line comes from",
            "before it is loaded", "Its place in the log", "one of the leaf",
            "DENY -> ALLOW", "1 of approver")  # fmt: skip


@pytest.fixture(scope="module")
def chapter(home: Path) -> demo.Chapter:
    """The chapter of two_hubs, lived once."""
    with open_house(settings_from_environment()) as house:
        return demo.live(house, "two_hubs", silent)


@pytest.mark.parametrize("width", [80, 160])
def test_the_story_is_whole_and_fits(chapter: demo.Chapter, width: int) -> None:
    """Every section is told with the figures of the worked example, and no line is too wide."""
    screen = Console(width=width, record=True, markup=False, highlight=False, quiet=True)
    with screen.capture():
        demo.tell(screen, chapter)
    screen.quiet = False
    with screen.capture() as capture:
        demo.tell(screen, chapter)
    told = capture.get()
    assert [] == [section for section in SECTIONS if section not in told]
    flat = " ".join(told.split())
    for figure in ("15.31 EUR", "8.97 EUR less than doing nothing", "91.2 %", "4.04 EUR less",
                   "optimal", "derivation accepted", "lanes.csv, row 2"):  # fmt: skip
        assert figure in flat
    assert width >= max(map(len, told.splitlines()))
    assert "\x1b" not in told


def test_every_rule_has_the_price_of_the_worked_example(chapter: demo.Chapter) -> None:
    """The prices are those that the README of two_hubs works out on paper."""
    prices = {rule_name(p.rule): p.difference_scaled // 10_000 for p in chapter.prices}
    expected = {"cold-chain": 404, "open-lane": 136, "approved-supplier": 100, "safety-floor": 23,
                "fresh-lot": 0, "hub-share": 0, "single-source-cover": 0}  # fmt: skip
    assert expected == prices


def test_a_chapter_is_a_document(chapter: demo.Chapter) -> None:
    """`demo --json` says the same in plain data."""
    found = demo.document_of(chapter)
    assert ("two_hubs", 3, 7) == (found["example"], found["lines"], found["shortfalls"])
    assert {"arithmetic", "seal", "derivation"} == set(found["verify"])


@pytest.mark.parametrize(
    ("expected", "scaled", "scale"),
    [
        ("0.00", 0, 1), ("-23.89", -23_890_000, 10_000), ("0.025", 25_000, 10_000),
        ("1,531.00", 153_100, 1), ("-0.05", -5, 1), ("0.000001", 1, 10_000),
    ],
)  # fmt: skip
def test_money_is_exact(expected: str, scaled: int, scale: int) -> None:
    """An amount is shown to the last digit that it has, and to cents at least."""
    assert expected == money(scaled, scale)


@pytest.mark.parametrize(
    ("expected", "scaled", "scale"),
    [("145.19", 145_186_020, 10_000), ("-0.03", -25_000, 10_000), ("0.00", -1, 10_000),
     ("4,848,115.20", 4_848_115_197_146, 10_000), ("12.00", 1_200, 1)],
)  # fmt: skip
def test_totals_are_to_the_cent(expected: str, scaled: int, scale: int) -> None:
    """A sum has two decimals, rounded once, a half away from zero, and no minus of nothing."""
    assert expected == total(scaled, scale)


def test_a_column_of_prices_is_aligned() -> None:
    """Each price of a unit has as many decimals as one of them needs, two at least."""
    assert ["0.4376", "0.4800"] == moneys([437_600, 480_000], 10_000)
    assert ["1.50"] == moneys([150], 1)
    assert [] == moneys([])


def test_amounts_read_well() -> None:
    """Units, shares and counts have no more digits than they need."""
    assert "15.5" == millionths(15_500_000)
    assert "17" == millionths(17_000_000)
    assert "91.2 %" == share(911_765)
    assert ("1 line", "2 lines") == (count(1, "line"), count(2, "line"))


def test_sources_that_err_end_where_they_should(home: Path) -> None:
    """Lived twice with one answer: a row mended, the past changed, two words told apart."""
    with open_house(settings_from_environment()) as house:
        lived, again = (sources.live(house, silent) for _ in range(2))
    found = sources.document_of(lived)
    assert found | {"feed": None} == sources.document_of(again) | {"feed": None}
    assert [1200, None, 900] == list(found["bolts"].values())
    assert ["unit", "unknown"] == sorted(one["cause"] for one in found["differences"])
    assert "FEED_CHANGED" in found["refused"]
    screen = Console(width=80, record=True, markup=False, highlight=False)
    with screen.capture() as capture:
        sources.tell(screen, lived)
    assert max(map(len, capture.get().splitlines())) <= 80
    assert "12 times as much" in " ".join(capture.get().split())
