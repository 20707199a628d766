"""Tables: whatever the width, dates and numbers stay whole and nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from api.screen.tables import Table, wrapped

ROWS = [
    ("217", "1,504", "disinfectants-017 (!)", "hub-rotterdam", "store-birmingham",
     "road-rotterdam-birmingham", "2026-03-09", "44,792.00"),
    ("8", "2", "aspirin-1", "hub-milan", "dc-lyon", "air-milan-lyon", "2026-03-10", "0.50"),
]  # fmt: skip
TITLES = ("no", "units", "item", "from", "to", "by", "arrives", "paid")
NUMBERS = ("no", "units", "paid")


def drawn(table: Table, width: int) -> list[str]:
    """The lines of a table on a monochrome screen."""
    screen = Console(width=width, color_system=None, markup=False)
    with screen.capture() as captured:
        screen.print(table)
    return captured.get().splitlines()


def lines_of(width: int, *spare: str) -> list[str]:
    """The lines of a plan as a table."""
    made = Table(TITLES, NUMBERS, spare)
    for row in ROWS:
        made.add(row)
    return drawn(made, width)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_dates_and_numbers_are_whole_and_ids_break_at_hyphens(width: int) -> None:
    """At 80 columns and beyond every line fits, and no word, date or number is cut."""
    found = lines_of(width, "by")
    assert width >= max(map(len, found))
    shown = " ".join(found).split()
    for whole in ("2026-03-09", "2026-03-10", "44,792.00", "1,504", "birmingham", "disinfectants"):
        assert any(re.fullmatch(rf"(\S*-)?{re.escape(whole)}(-\S*)?", word) for word in shown)


def test_roomy_where_all_fits() -> None:
    """On a wide screen each row is one line; numbers and dates stand under each other."""
    _, head, rule, first, second, _ = lines_of(160)
    assert len(rule.rstrip()) == len(first) == len(head)
    assert first.index("2026-03-09") == second.index("2026-03-10")
    assert first.endswith("44,792.00")
    assert second.endswith("     0.50")


def test_a_spare_column_goes_first_and_is_named() -> None:
    """Where words would have to be cut, the spare column is left out, which is said."""
    assert any("left out for want of room: by" in line for line in lines_of(72, "by"))
    assert not any("left out" in line for line in lines_of(160, "by"))
    assert not any("road-" in line for line in lines_of(72, "by"))


@given(
    st.lists(st.lists(st.text("ab-/_ 12.,€東", max_size=20), min_size=3, max_size=3), max_size=4),
    st.integers(8, 60),
)
def test_nothing_is_lost(rows: list[list[str]], width: int) -> None:
    """Whatever the cells and the width, no line is too wide and no letter is lost."""
    made = Table(("a", "b", "c"), ("b",))
    for row in rows:
        made.add(row)
    found = drawn(made, width)
    assert width >= max(map(len, found))
    letters = [letter for letter in "".join("".join(row) for row in rows) if letter != " "]
    shown = [letter for line in found[3:] for letter in line if letter != " "]
    assert sorted(letters) == sorted(shown)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("analgesics-002", 11, ["analgesics-", "002"]),
        ("on 2026-03-02 or so", 10, ["on", "2026-03-02", "or so"]),
        ("at 2026-03-02T08", 13, ["at", "2026-03-02T08"]),
        ("  of it", 10, ["  of it"]),
        ("-1.50 +2", 4, ["-1.5", "0 +2"]),
        ("", 5, [""]),
    ],
)  # fmt: skip
def test_where_text_breaks(text: str, width: int, lines: list[str]) -> None:
    """At spaces, behind hyphens of ids, never inside a date or number that fits."""
    assert lines == wrapped(text, width)
