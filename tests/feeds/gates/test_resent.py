"""Duplicates across ids: the same content under another id."""

from dataclasses import replace

import pytest

from feeds.gates import resent
from feeds.gates.past import Past
from feeds.gates.resent import content_hashes, likely_resends
from feeds.gates.thresholds import DEFAULTS
from ontology.demand import SalesOrder
from tests.feeds.gates.small_past import START, demand, past, tables, told


def orders(count: int, first: int = 0) -> list[SalesOrder]:
    return [SalesOrder(f"O{first + at}", "widget", "ACME", first + at + 1, START)
            for at in range(count)]  # fmt: skip


def found(arriving: list[SalesOrder], history: Past) -> list[tuple[int, str, str]]:
    return told(likely_resends(tables(*arriving), history, DEFAULTS))


def test_one_is_marked_with_the_id_of_the_first() -> None:
    """Law: one equal order is marked: a customer may order the same twice."""
    again = replace(orders(5)[3], id="X")
    (finding,) = likely_resends(tables(*orders(5), again), past(*orders(5)), DEFAULTS)
    expected = (5, "LIKELY_RESEND", "Warning", "says what `O3` said before")
    assert expected == (finding.row, finding.code, finding.severity, finding.message)


def test_a_delivery_sent_again_is_quarantined() -> None:
    """Law: from half of the new rows and ten on, the rows are a resend; unknown rows stay."""
    again = [replace(order, id=f"X{order.id}") for order in orders(12)]
    history = past(*orders(12))
    assert [(at, "LIKELY_RESEND", "Violation") for at in range(12)] == found(
        [*again, *orders(12, first=50)], history
    )
    assert {"Warning"} == {s for _, _, s in found([*again, *orders(13, first=50)], history)}
    assert {"Warning"} == {s for _, _, s in found(again[:9], history)}


def test_the_same_id_is_no_other() -> None:
    """Law: what is repeated under its own id is no resend."""
    assert [] == found(orders(12), past(*orders(12)))


def test_a_changed_cell_is_another_row() -> None:
    """Law: rows that differ in one cell are not taken for each other."""
    other = [replace(order, id=f"X{order.id}", due_on=START) for order in orders(12)]
    assert [] == found(other, past(*orders(12)))


def test_classes_whose_key_says_what_they_are() -> None:
    """Law: a fact known by what it is about cannot come under another id."""
    assert [] == likely_resends(tables(*demand(1, 2)), past(*demand(1, 2)), DEFAULTS)


def test_equal_hashes_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: rows whose hashes collide are still told apart, cell by cell."""
    monkeypatch.setattr(resent, "content_hashes", lambda table: content_hashes(table) * 0)
    assert [] == found([replace(orders(1)[0], id="X", quantity_units=9)], past(*orders(1)))
