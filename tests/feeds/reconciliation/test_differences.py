"""Differences of two sources: each known cause is found, and nothing else is flagged."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest

from feeds.reconciliation.causes import MISSING_MOVEMENT, TIMING, UNIT, UNKNOWN
from feeds.reconciliation.differences import Difference, reconciled
from feeds.reconciliation.said import Said, timeline
from ontology.columns import Snapshot, Table, empty_table, table_of
from ontology.events import micros_of
from ontology.goods import UnitConversion
from ontology.stock import StockMovement, StockPosition
from ontology.stock_now import with_movements
from tests.feeds.reconciliation.worlds import AT, WINDOW, micros, world

DAY = date(2026, 3, 20)
START, END = micros_of(AT - WINDOW), micros_of(AT)


@pytest.mark.parametrize("mode", ["moves", "counts"])
@pytest.mark.parametrize("seed", range(6))
def test_each_injected_cause_is_found_and_nothing_else(mode: str, seed: int) -> None:
    """Late and dropped movements, dozens and noise are told apart; equal stock is not flagged."""
    found = world(seed, 300, mode=mode).confusion()
    assert {(cause, cause) for cause, _ in found} == set(found), found
    assert {TIMING, MISSING_MOVEMENT, UNIT, UNKNOWN, "none"} == {cause for cause, _ in found}


def test_the_movement_that_is_missing_is_named() -> None:
    """A dropped movement is named with the source that lacks it, as are several at once."""
    moves = [("a", -3, DAY), ("b", -5, DAY), ("c", 40, DAY)]
    one = said("wms", [("w", None, 100)], moves)
    (only,) = compared(one, said("erp", [("w", None, 100)], [("x", -5, DAY), ("y", 40, DAY)]))
    assert (MISSING_MOVEMENT, ("a",), "erp") == cause(only)
    (two,) = compared(one, said("erp", [("w", None, 100)], [("y", 40, DAY)]))
    assert (MISSING_MOVEMENT, ("a", "b"), "erp") == cause(two)
    (crossed,) = compared(one, said("erp", [("w", None, 100)], [("x", -5, DAY), ("y", 40, DAY),
                                                                ("z", 7, DAY)]))  # fmt: skip
    assert (MISSING_MOVEMENT, "") == (crossed.cause.name, crossed.cause.lacks)
    assert {"a", "z"} == set(crossed.cause.movements)
    assert "erp lacks a (-3 on 2026-03-20); wms lacks z (+7 on 2026-03-20)" == (
        crossed.cause.evidence)  # fmt: skip


def test_one_old_movement_among_late_ones_is_missing() -> None:
    """All that a source lacks must be of the window for a difference to be one of timing."""
    today = AT.date()
    erp = said("erp", [("w", None, 100)], [("x", 7, DAY), ("y", 2, today)])
    late = said("wms", [("w", None, 100)], [("x", 7, DAY), ("y", 2, today), ("b", -5, today),
                                            ("c", 1, today)])  # fmt: skip
    (found,) = compared(late, erp)
    assert (TIMING, "erp has not yet b (-5 on 2026-03-31), c (+1 on 2026-03-31)") == (
        found.cause.name, found.cause.evidence)  # fmt: skip
    mixed = said("wms", [("w", None, 100)], [("x", 7, DAY), ("y", 2, today), ("a", -3, DAY),
                                             ("b", -5, today)])  # fmt: skip
    (found,) = compared(mixed, erp)
    assert (MISSING_MOVEMENT, ("a", "b"), "erp") == cause(found)


def test_a_count_knows_of_the_movements_of_its_day() -> None:
    """Only what moved on later days comes on top of it."""
    first = date(2026, 3, 1)
    one = said("wms", [("w", None, 9)], [("a", 2, first), ("b", 1, DAY)])
    assert {("w", "north", None): 10} == one.units
    assert [(START, 10)] == timeline(one, [("w", "north", None)], START, END)


def test_movements_that_net_out_are_no_difference() -> None:
    """The same movement under another name and another day is the same movement."""
    one = said("wms", [("w", None, 100)], [("a", -3, DAY)])
    assert () == compared(one, said("erp", [("w", None, 100)], [("x", -3, date(2026, 3, 25))]))


@pytest.mark.parametrize(("stated", "units", "expected"), [
    (12, (5, 60), UNIT), (7, (5, 35), UNIT), (0, (50, 600), UNIT), (0, (5, 60), UNKNOWN),
    (0, (50, 350), UNKNOWN), (12, (5, 59), UNKNOWN), (12, (0, 12), UNKNOWN),
])  # fmt: skip
def test_a_pack_must_fit_and_be_stated_or_usual(
    stated: int, units: tuple[int, int], expected: str
) -> None:
    """A stated pack always; a usual one where numbers are not small; any other never."""
    packs = [UnitConversion("w", "case", stated)] if stated else []
    one, other = said("wms", [("w", None, units[0])]), said("erp", [("w", None, units[1])])
    (found,) = compared(one, other, packs)
    assert expected == found.cause.name
    if expected == UNIT:
        assert "wms" == found.cause.pack_of
        assert bool(stated) == found.is_safe
        assert found.cause.pack is not None
        assert Fraction(units[1], units[0]) == found.cause.pack.ratio


def test_movements_speak_against_a_pack() -> None:
    """What a missing movement explains is no pack, though the numbers would fit one."""
    packs = [UnitConversion("w", "case", 12)]
    one = said("wms", [("w", None, 12)], [("n", 1, date(2026, 2, 1))])
    other = said("erp", [("w", None, 12)], [("x", -11, DAY)])
    (found,) = compared(one, other, packs)
    assert (MISSING_MOVEMENT, ("x",), "wms") == cause(found)


def test_lots_that_one_source_does_not_tell_are_summed() -> None:
    """All lots of an item at a location are compared together; other items lot by lot."""
    one = said("wms", [("w", "L1", 4), ("w", "L2", 6), ("v", "L3", 1)])
    other = said("erp", [("w", None, 9), ("v", "L3", 2), ("u", None, 5)])
    result = reconciled(one, other, empty_table("UnitConversion"), START, END)
    assert (2, (0, 1)) == (result.compared, result.only)
    lot, whole = result.differences
    assert (("v", "north", "L3"), (1, 2), False) == (lot.place, lot.units, lot.by_lots)
    assert (("w", "north", None), (10, 9), True) == (whole.place, whole.units, whole.by_lots)
    assert 2 == len(whole.counts[0])


@pytest.mark.parametrize("seed", range(3))
def test_stock_is_counted_as_plans_count_it(seed: int) -> None:
    """A source's units are those of a snapshot of its word with its movements."""
    one = world(seed, 60).one
    whole = with_movements(Snapshot(1, {"StockPosition": one.counts, "StockMovement": one.moves}))
    table = whole.table("StockPosition")
    rows = zip(table["item"], table["location"], table["lot"], table["total_units"].tolist(),
               strict=True)  # fmt: skip
    assert {(i, at, lot): units for i, at, lot, units in rows} == one.units


def test_the_order_of_rows_is_no_input() -> None:
    """Shuffled tables give the same differences, word by word."""
    made = world(7, 90)
    shuffled = [_shuffled(said_by, seed) for seed, said_by in enumerate((made.one, made.other))]
    again = reconciled(shuffled[0], shuffled[1], made.conversions, START, END)
    first = made.found()
    assert [d.place for d in first.differences] == [d.place for d in again.differences]
    assert [d.cause for d in first.differences] == [d.cause for d in again.differences]


def test_timing_says_since_when() -> None:
    """A count that came later on one side: the other said the same until then."""
    late, early = micros(AT.date(), 17), micros(date(2026, 3, 30), 1)
    one = replace(said("wms", [("w", None, 8)]), earlier=positions([("w", None, 10),
                  ("w", None, 8)]), earlier_since=np.array([early, late]),
                  earlier_ended=np.zeros(2, np.bool_))  # fmt: skip
    other = said("erp", [("w", None, 10)])
    (found,) = compared(one, other)
    assert (TIMING, "erp") == (found.cause.name, found.cause.lacks)
    assert "wms said 10, too, until 2026-03-31 17:00 UTC" == found.cause.evidence
    (turned,) = compared(other, one)
    assert found.cause == turned.cause
    after = reconciled(one, other, empty_table("UnitConversion"), late, END)
    assert UNKNOWN == after.differences[0].cause.name, "outside of the window it is no timing"


@pytest.mark.parametrize(("counts_at", "expected", "why"), [
    ("end", MISSING_MOVEMENT, "wms is taken to count at the end of the day"),
    ("start", TIMING, "wms is taken to count at the start of the day"),
])  # fmt: skip
def test_the_day_of_a_count_needs_a_word(counts_at: str, expected: str, why: str) -> None:
    """Law: a movement of the day of a count is timing only if the count does not have it."""
    (found,) = told_on_one_day(counts_at)
    assert (expected, "wms") == (found.cause.name, found.cause.lacks)
    assert (why, True) == (found.cause.assumed, found.cause.evidence.endswith(f"; {why}"))


@pytest.mark.parametrize(("hour", "expected", "order"), [
    (9, MISSING_MOVEMENT, "after"), (12, MISSING_MOVEMENT, "after"), (15, TIMING, "before"),
])  # fmt: skip
@pytest.mark.parametrize("counts_at", ["end", "start"])
def test_the_moments_of_both_go_before_the_word(
    hour: int, expected: str, order: str, counts_at: str
) -> None:
    """Law: where count and movement have a moment, what was first is in the other."""
    (found,) = told_on_one_day(counts_at, counted=12, moved=hour)
    assert (expected, "wms") == (found.cause.name, found.cause.lacks)
    assert f"wms counted at 2026-03-31 12:00 UTC, {order} it" == found.cause.assumed


def test_half_a_moment_decides_nothing() -> None:
    """Law: one moment alone leaves it to the word; a count that is true from midnight has none.

    The movement is named, whatever its source says until when.
    """
    for counted, moved in ((12, None), (None, 15), (0, 15)):
        (found,) = told_on_one_day("end", counted=counted, moved=moved)
        assert (MISSING_MOVEMENT, ("x",), "wms") == cause(found)
        assert "wms is taken to count at the end of the day" == found.cause.assumed


def test_a_count_at_the_start_is_one_of_the_day_before() -> None:
    """Law: counting at the start of a day is counting at the end of the day before."""
    days = [DAY + timedelta(days) for days in (-1, 0, 1)]
    one = said("wms", [], [(f"m{at}", 10**at, day) for at, day in enumerate(days)])
    counts = positions([("w", None, 7)], DAY)
    since = np.array([START - 1])
    one = replace(one, counts=counts, earlier=counts, earlier_since=since,
                  earlier_ended=np.zeros(1, np.bool_))  # fmt: skip
    start = replace(one, counts_at="start")
    before = replace(one, counts=a_day_earlier(counts), earlier=a_day_earlier(counts))
    place = ("w", "north", None)
    assert ({place: 107}, {place: 117}) == (one.units, start.units)
    assert before.units == start.units
    assert [(START, 117)] == timeline(start, [place], START, END)
    assert [(START, 107)] == timeline(one, [place], START, END)
    assert [(START, 117)] == timeline(before, [place], START, END)


def a_day_earlier(counts: Table) -> Table:
    """The same counts, each of the day before."""
    days = counts["counted_on"] - np.timedelta64(1, "D")
    return Table("StockPosition", {**counts.columns, "counted_on": days})


def told_on_one_day(
    counts_at: str, *, counted: int | None = None, moved: int | None = None
) -> tuple[Difference, ...]:
    """Wms counted 12 on a day on which erp moved 5 out; the hours are moments of that day."""
    day = AT.date()
    one, other = said("wms", [("w", None, 12)]), said("erp", [("w", None, 12)], [("x", -5, day)])
    counts = positions([("w", None, 12)], day)
    since = None if counted is None else np.array([micros(day, counted)])
    one = replace(one, counts=counts, earlier=counts, counts_at=counts_at, counts_since=since)
    if moved is not None:
        moves = {**other.moves.columns,
                 "effective_at_microseconds": np.array([micros(day, moved)], np.int64)}  # fmt: skip
        other = replace(other, moves=Table("StockMovement", moves))
    return compared(one, replace(other, counts_at=counts_at))


def test_a_timeline_follows_counts_that_end() -> None:
    """Between a count that ended and the next one there is what moved, and each value once."""
    told = positions([("w", None, 9), ("w", None, 9), ("w", None, 5), ("w", None, 5)])
    one = replace(said("wms", [], [("a", 2, DAY)]), earlier=told,
                  earlier_since=np.array([START - 5, START + 10, START + 20, START + 30]),
                  earlier_ended=np.array([False, True, False, False]))  # fmt: skip
    place = ("w", "north", None)
    expected = [(START, 11), (START + 10, 2), (START + 20, 7)]
    assert expected == timeline(one, [place], START, END)
    assert expected[:2] == timeline(one, [place], START, START + 10)


def cause(found: Difference) -> tuple[str, tuple[str, ...], str]:
    return found.cause.name, tuple(sorted(found.cause.movements)), found.cause.lacks


def compared(
    one: Said, other: Said, packs: list[UnitConversion] | None = None
) -> tuple[Difference, ...]:
    table = table_of(packs or [], "UnitConversion")
    return reconciled(one, other, table, START, END).differences


def positions(counts: list[tuple[str, str | None, int]], day: date = date(2026, 3, 1)) -> Table:
    return table_of((StockPosition(item, "north", lot, units, total_units=units, counted_on=day)
                     for item, lot, units in counts), "StockPosition")  # fmt: skip


def said(
    source: str, counts: list[tuple[str, str | None, int]],
    moves: list[tuple[str, int, date]] | None = None,
) -> Said:  # fmt: skip
    """Counts of one day long ago, and movements of one item, each since its own day."""
    told = moves or []
    table = positions(counts)
    since = np.full(len(table), micros(date(2026, 3, 1)))
    moved = table_of((StockMovement(name, "w", "north", "issue", units, day)
                      for name, units, day in told), "StockMovement")  # fmt: skip
    addresses = np.column_stack([np.ones(len(table), np.int64), np.arange(len(table))])
    return Said(source, table, addresses, moved,
                np.array([micros(day) for _, _, day in told], np.int64), table, since,
                np.zeros(len(table), np.bool_))  # fmt: skip


def _shuffled(one: Said, seed: int) -> Said:
    draw = np.random.default_rng(seed)
    counts, moves = draw.permutation(len(one.counts)), draw.permutation(len(one.moves))
    return replace(one, counts=one.counts.take(counts), addresses=one.addresses[counts],
                   moves=one.moves.take(moves), moves_since=one.moves_since[moves])  # fmt: skip
