"""Rows that were set aside on a screen: folded where a terminal is narrow, else as they are."""

import io

import pytest
from rich.console import Console

from api.screen.quarantine_rows import show_rows
from ontology.governance import QuarantinedRow
from service.stewardship.set_aside import Delivery

REASON = "`a value` is not one of the words that this column may have, such as `received` or `sent`"


@pytest.mark.parametrize("width", [10, 40, 72, 500])
def test_a_long_line_is_folded_to_the_terminal(width: int) -> None:
    """No line is wider where there is room, no word is lost, and a file gets whole lines."""
    rows = [(3, QuarantinedRow("orders.csv", 12, "status", "NOT_IN_LIST", REASON, ""))]
    shown = []
    for is_terminal in (True, False):
        screen = Console(file=io.StringIO(), width=width, force_terminal=is_terminal,
                         color_system=None, markup=False)  # fmt: skip
        show_rows(screen, Delivery(7, "small", "monday", 1), rows)
        shown.append(screen.file.getvalue().splitlines())  # type: ignore[attr-defined]
    folded, whole = ([line for line in lines if line.startswith("  ")] for lines in shown)
    assert 2 == len(whole)
    assert "".join(whole).split() == " ".join(folded).split()
    assert width < 40 or max(map(len, folded)) <= width
