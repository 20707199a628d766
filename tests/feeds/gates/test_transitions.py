"""Impossible transitions: each pair of days, and lots after their end."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest

from feeds.gates.balances import impossible_balances
from feeds.gates.findings import ACCEPT, QUARANTINE
from feeds.gates.judging import judge
from feeds.gates.past import Past
from feeds.gates.transitions import (
    DAY_ORDERS,
    expired_lots,
    moments_off_their_day,
    wrong_days,
    wrong_signs,
)
from ontology.columns import Table, empty_table, record_at
from ontology.deliveries import DeliveryLine
from ontology.demand import PurchaseOrder, SalesOrder, TransferOrder
from ontology.goods import Lot
from ontology.movement_kinds import EITHER, IN, MOVEMENT_KINDS, OUT
from ontology.stock import StockMovement, StockPosition
from ontology.transport import Shipment
from ontology.vocabulary import RECORDS
from tests.feeds.gates.small_past import day, move, past, tables, told

EARLY, LATE = date(2024, 1, 1), date(2024, 1, 2)
RECORDS_OF_DAYS = {
    "DELIVERED_BEFORE_ORDERED": lambda one, two: DeliveryLine(
        "L", "pill", "ACME", "KE", 1, ordered_on=one, delivered_on=two),
    "RECORDED_BEFORE_DELIVERED": lambda one, two: DeliveryLine(
        "L", "pill", "ACME", "KE", 1, delivered_on=one, recorded_on=two),
    "RECEIVED_BEFORE_SHIPPED": lambda one, two: Shipment(
        "S", "pill", "north", 1, two, shipped_on=one),
    "EXPIRED_BEFORE_PRODUCED": lambda one, two: Lot("B", "pill", two, one),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(RECORDS_OF_DAYS))
def test_days_in_the_wrong_order(code: str) -> None:
    """Law: later before earlier is found; equal days and days not stated are sound."""
    make = RECORDS_OF_DAYS[code]
    (finding,) = wrong_days(tables(make(LATE, EARLY)))
    assert (0, code) == (finding.row, finding.code)
    assert "is 2024-01-01, before" in finding.message
    assert [] == wrong_days(tables(make(EARLY, EARLY), make(EARLY, LATE)))
    assert [] == wrong_days(tables(make(None, EARLY)))


def test_an_order_is_not_due_before_it_is_made() -> None:
    """Law: all three kinds of order are held to it."""
    orders = (
        SalesOrder("S", "pill", "ACME", 1, LATE, due_on=EARLY),
        PurchaseOrder("P", "ACME", "pill", "north", 1, LATE, EARLY),
        TransferOrder("T", "pill", "north", "south", 1, LATE, EARLY),
    )
    assert [(0, "DUE_BEFORE_ORDERED", "Warning")] * 3 == told(wrong_days(tables(*orders)))


def test_the_pairs_are_fields_of_days() -> None:
    """Law: no pair names a field that is not there, or holds no day."""
    for order in DAY_ORDERS:
        table = empty_table(order.class_name)
        assert {"M"} == {table[order.earlier].dtype.kind, table[order.later].dtype.kind}
        assert order.class_name in RECORDS


def test_stock_of_an_expired_lot_is_marked() -> None:
    """Law: free stock counted after the lot's last day is marked; on that day it is sound."""
    lot = Lot("B", "widget", day(10))
    cases = (("north", 5, 11), ("south", 5, 10), ("west", 0, 11))
    rows = [StockPosition("widget", place, "B", units, counted_on=day(on))
            for place, units, on in cases]  # fmt: skip
    assert [(0, "STOCK_EXPIRED", "Warning")] == told(expired_lots(tables(*rows), past(lot)))


def test_an_expired_lot_serves_nobody() -> None:
    """Law: an issue of a lot after its last day is quarantined; scrap and receipt are not."""
    moves = [move("1", "issue", -3, 11, "B"), move("2", "scrap", -3, 11, "B"),
             move("3", "receipt", 3, 11, "B"), move("4", "issue", -3, 10, "B"),
             move("5", "issue", -3, 11)]  # fmt: skip
    lot = Lot("B", "widget", day(10))
    assert [(0, "LOT_AFTER_EXPIRY", "Violation")] == told(expired_lots(tables(*moves), past(lot)))
    assert [(0, "LOT_AFTER_EXPIRY", "Violation")] == told(
        expired_lots(tables(*moves, lot), past(Lot("B", "widget", day(99))))
    )


@pytest.mark.parametrize("kind", MOVEMENT_KINDS)
def test_units_go_the_way_of_their_kind(kind: str) -> None:
    """Law: units of the other sign than their kind has are quarantined, whatever the kind."""
    moves = [move("up", kind, 3, 0), move("none", kind, 0, 0), move("down", kind, -3, 0)]
    wrong = {IN: [(2, "SIGN_AGAINST_KIND", "Violation")],
             OUT: [(0, "SIGN_AGAINST_KIND", "Violation")], EITHER: []}  # fmt: skip
    assert wrong[MOVEMENT_KINDS[kind].direction] == told(wrong_signs(tables(*moves)))


def test_a_sign_that_a_person_stands_by_is_loaded() -> None:
    """Law: the gates quarantine such a row, unless a person has settled the doubt."""
    arriving = tables(move("1", "issue", 3, 0), move("2", "issue", -3, 0))
    assert [QUARANTINE, ACCEPT] == judge(arriving, past()).verdicts["StockMovement"].tolist()
    settled = judge(arriving, past(), severities={"SIGN_AGAINST_KIND": "Info"})
    assert [ACCEPT, ACCEPT] == settled.verdicts["StockMovement"].tolist()


def test_events_may_be_made_up_for_under_their_own_kind() -> None:
    """Law: the movement of an EPCIS event is not judged by its sign, any other name is."""
    digest = "0a" * 32
    moves = [move(f"{digest}.1", "receipt", -3, 0), move(f"{digest}.x", "receipt", -3, 0)]
    (finding,) = wrong_signs(tables(*moves))
    assert (1, f"{digest}.x") == (finding.row, finding.key)
    assert "-3 units by `receipt`, which brings units in and is above zero" == finding.message
    assert "`sign: by_kind`" in finding.hint


def balances(arriving: dict[str, Table], history: Past) -> list[tuple[int, str, str]]:
    return told(impossible_balances(arriving, history))


def test_stock_below_nothing_is_marked() -> None:
    """Law: the issue that takes a count below nothing is marked, with what it leaves."""
    history = past(StockPosition("widget", "north", None, 10, counted_on=day(0)),
                   move("a", "issue", -4, 1))  # fmt: skip
    arriving = tables(move("b", "issue", -5, 2), move("c", "issue", -2, 3))
    (finding,) = impossible_balances(arriving, history)
    assert (1, "STOCK_NEGATIVE", "Warning") == (finding.row, finding.code, finding.severity)
    assert "`widget` at `north` would hold -1 units after 2024-01-04" == finding.message


def test_a_count_outranks_what_came_before_it() -> None:
    """Law: movements up to the day of the count are in it, so a late one is no finding."""
    history = past(StockPosition("widget", "north", None, 10, counted_on=day(5)))
    assert [] == balances(tables(move("b", "issue", -50, 5)), history)
    assert [(0, "STOCK_NEGATIVE", "Warning")] == balances(
        tables(move("b", "issue", -50, 6)), history
    )


def test_what_is_not_known_from_the_start_is_not_judged() -> None:
    """Law: without a count, an opening or a lot's first receipt no balance is known."""
    assert [] == balances(tables(move("b", "issue", -50, 6)), past())
    assert [] == balances(tables(move("a", "receipt", 5, 1), move("b", "issue", -50, 6)), past())
    derived = StockPosition("widget", "north", None, 10, counted_on=day(0), basis="derived")
    assert [] == balances(tables(move("b", "issue", -50, 6)), past(derived))
    opened = past(move("o", "opening", 20, 0))
    assert [(0, "STOCK_NEGATIVE", "Warning")] == balances(
        tables(move("b", "issue", -50, 6)), opened
    )


def test_a_receipt_of_the_same_day_comes_first() -> None:
    """Law: the order in which a source writes down one day is no finding."""
    arriving = tables(move("1", "issue", -5, 2), move("2", "receipt", 5, 2))
    assert [] == balances(arriving, past(move("o", "opening", 0, 0), move("p", "receipt", 1, 1)))


def test_a_lot_is_not_used_after_it_was_scrapped() -> None:
    """Law: a lot that is gone by scrap gives nothing; what is left after part of it does."""
    history = past(move("a", "receipt", 10, 0, "B"), move("b", "scrap", -6, 1, "B"))
    assert [] == balances(tables(move("c", "issue", -4, 2, "B")), history)
    (finding,) = impossible_balances(tables(move("c", "issue", -5, 2, "B")), history)
    assert ("LOT_AFTER_SCRAP", "Violation") == (finding.code, finding.severity)
    assert finding.message.endswith("would hold -1 units after 2024-01-03: it was scrapped before")


def test_a_lot_that_nobody_scrapped_is_short() -> None:
    """Law: a lot below nothing without a scrap is marked as any stock is."""
    history = past(move("a", "receipt", 10, 0, "B"))
    assert [(0, "STOCK_NEGATIVE", "Warning")] == balances(
        tables(move("c", "issue", -11, 2, "B")), history
    )


def test_a_movement_told_again_counts_once() -> None:
    """Law: a delivery that repeats what is known takes nothing away twice."""
    history = past(move("a", "opening", 10, 0), move("b", "issue", -6, 1))
    assert [] == balances(tables(move("b", "issue", -6, 1)), history)


def test_balances_agree_with_a_plain_count() -> None:
    """Law: the columns find what a loop over movements in order finds."""
    rng = Random(4)
    for _ in range(60):
        rows = [move(f"o{item}", "opening", rng.randrange(20), 0, item=item) for item in "xyz"]
        rows += [
            move(
                str(at),
                rng.choice(["issue", "receipt"]),
                0,
                rng.randrange(1, 9),
                item="xyz"[at % 3],
            )
            for at in range(30)
        ]
        rows = [_signed(row, rng) for row in rows]
        known, arriving = rows[:15], rows[15:]
        expected = _plainly(known, arriving)
        found = {r for r, _, _ in balances(tables(*arriving), past(*known))}
        assert expected == found


def _signed(row: StockMovement, rng: Random) -> StockMovement:
    if row.kind == "opening":
        return row
    size = rng.randrange(1, 9)
    return move(row.id, row.kind, size if row.kind == "receipt" else -size,
                (row.effective_on - day(0)).days, item=row.item)  # fmt: skip


def _plainly(known: list[StockMovement], arriving: list[StockMovement]) -> set[int]:
    numbered = [(row, -1) for row in known] + [(row, at) for at, row in enumerate(arriving)]
    numbered.sort(key=lambda pair: (pair[0].effective_on, pair[0].quantity_units <= 0, pair[1]))
    stock: dict[str, int] = {}
    found = set()
    for row, at in numbered:
        before = stock.get(row.item, 0)
        stock[row.item] = before + row.quantity_units
        if row.quantity_units < 0 and stock[row.item] < 0 and at >= 0:
            found.add(at)
    return found


def test_tables_hold_the_records() -> None:
    """Law: what the tests build is what the gates read."""
    row = move("1", "issue", -3, 11, "B")
    assert row == record_at(tables(row)["StockMovement"], 0)


DAY_MICROS, EPOCH = 86_400 * 10**6, date(1970, 1, 1)


@pytest.mark.parametrize(
    ("days", "expected"), [(0, []), (-0.99, []), (1.99, []), (-1.01, [0]), (2, [0])]
)
def test_a_moment_is_near_the_day_of_its_movement(days: float, expected: list[int]) -> None:
    """Law: within a day of it in UTC, which every zone and night shift is; else set aside."""
    begins = (day(40) - EPOCH).days * DAY_MICROS
    moment = begins + round(days * DAY_MICROS)
    found = moments_off_their_day(
        tables(replace(move("M", "receipt", 5, 40), effective_at_microseconds=moment))
    )
    assert expected == [finding.row for finding in found]
    assert all(("MOMENT_OFF_DAY", "Violation") == (one.code, one.severity) for one in found)


def test_seconds_are_no_microseconds() -> None:
    """Law: a moment in seconds or milliseconds is set aside; one that is not stated is sound."""
    seconds = (day(40) - EPOCH).days * 86_400
    of_each = [
        replace(move(f"M{at}", "receipt", 5, 40), effective_at_microseconds=moment)
        for at, moment in enumerate([None, seconds * 10**6, seconds * 1_000, seconds])
    ]
    judged = judge(tables(*of_each), past())
    assert [ACCEPT, ACCEPT, QUARANTINE, QUARANTINE] == judged.verdicts["StockMovement"].tolist()
