"""What did not come: skipped numbers of a source, and places that fell silent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feeds.gates.findings import NO_ROW
from feeds.gates.past import Past
from feeds.gates.silence import gaps_in, sequence_findings, silences
from feeds.gates.thresholds import DEFAULTS
from ontology.stock import StockPosition
from tests.feeds.gates.small_past import demand, past, tables


@given(st.sets(st.integers(-50, 200), min_size=1))
def test_gaps_are_what_is_missing(numbers: set[int]) -> None:
    """Law: the runs hold every number between the least and the most that was not heard."""
    runs = gaps_in(np.array(sorted(numbers), np.int64))
    missing = [n for first, last in runs for n in range(first, last + 1)]
    assert sorted(set(range(min(numbers), max(numbers))) - numbers) == missing


def said(number: int | None, *heard: int) -> list[tuple[str, str, str]]:
    findings = sequence_findings("erp", number, heard)
    return [(f.code, f.severity, f.message) for f in findings]


def test_numbers_of_a_source() -> None:
    """Law: a gap, a repeat and a late delivery are told with the numbers; the next one is not."""
    assert [] == said(8, 5, 7)
    assert [] == said(1)
    assert [] == said(None, 5)
    gap = "source `erp` sends 10 after 7: 8 to 9 did not come"
    assert [("SEQUENCE_GAP", "Warning", gap)] == said(10, 7)
    assert "source `erp` sends 9 after 7: 8 did not come" == said(9, 7)[0][2]
    assert ["SEQUENCE_AGAIN"] == [code for code, _, _ in said(5, 5, 7)]
    assert [("SEQUENCE_LATE", "Info")] == [found[:2] for found in said(6, 5, 7)]


def silent(arriving: list[object], history: Past, *, is_full: bool = True) -> list[tuple[str, str]]:
    found = silences(tables(*arriving), history, DEFAULTS, is_full=is_full)
    assert all(finding.row == NO_ROW for finding in found)
    return [(finding.class_name, finding.key) for finding in found]


def daily(days: int, item: str = "widget", location: str = "north") -> list[object]:
    return list(demand(*[5] * days, item=item, location=location))


def test_an_item_that_reported_daily_is_missed() -> None:
    """Law: missed on the third day without a report, for two days are twice its longest gap."""
    history = past(*daily(30), *daily(30, "gadget"))
    more = demand(5, 5, item="gadget", first=30)
    assert [] == silent([*more[:1]], history)
    assert [] == silent([*more], past(*daily(30), *daily(31, "gadget")))
    later = demand(5, 5, 5, item="gadget", first=30)
    assert [("DemandObservation", "widget/north")] == silent([*later], history)
    findings = silences(tables(*later), history, DEFAULTS)
    expected = (
        "`widget` at `north` reported last on 2024-01-30: silent for 3 days, before it at most 1 "
        "(29 gaps)"
    )
    assert expected == findings[0].message


def test_a_silence_is_told_once() -> None:
    """Law: the delivery that reaches so far tells it; the next one does not."""
    history = past(*daily(30), *daily(33, "gadget"))
    assert [] == silent([*demand(5, item="gadget", first=33)], history)


def test_a_place_is_told_of_once() -> None:
    """Law: where all of a location is silent, its items are not listed besides."""
    history = past(*daily(30), *daily(30, "gadget"), *daily(30, location="south"))
    arriving = demand(5, 5, 5, 5, location="south", first=30)
    assert [("Location", "north")] == silent([*arriving], history)


def test_few_gaps_say_nothing() -> None:
    """Law: with fewer than 20 gaps nobody knows how long a silence may be."""
    later = demand(*[5] * 10, item="gadget", first=20)
    assert [] == silent([*later], past(*daily(20), *daily(20, "gadget")))
    assert [("DemandObservation", "widget/north")] == silent(
        [*demand(*[5] * 10, item="gadget", first=21)], past(*daily(21), *daily(21, "gadget"))
    )


def positions(*items: str, location: str = "north") -> list[StockPosition]:
    return [StockPosition(item, location, None, 5) for item in items]


def test_what_every_delivery_had_is_missed() -> None:
    """Law: overwritten facts are missed where each of the last ten deliveries had them."""
    always = tables(*positions("widget", "gadget"))
    ten = past(deliveries=[always] * 10)
    assert [("StockPosition", "widget/north")] == silent(positions("gadget"), ten)
    assert [] == silent(positions("gadget"), past(deliveries=[always] * 9))
    once = past(deliveries=[always] * 9 + [tables(*positions("gadget"))])
    assert [] == silent(positions("gadget"), once)
    assert [] == silent(positions("gadget"), ten, is_full=False)
