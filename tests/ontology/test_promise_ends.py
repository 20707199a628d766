"""When a promise ends, case by case: what each kind of fact tells, and what it cannot."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ontology.demand import PurchaseOrder, SalesOrder, TransferOrder
from ontology.errors import InputError
from ontology.promise_ends import (
    HELD_DAYS,
    NAMED_DAYS,
    lapsed,
    open_promises,
    with_missing_back,
)
from ontology.promises import Promise, promise_of, promises_in, purchases_in
from ontology.stock import StockMovement
from ontology.transport import Shipment
from tests.ontology.promise_world import FIRST, ITEM, LOT, NORTH, SOUTH, counted, snapshot_of

LAST = FIRST + timedelta(1)
SENT = Promise(ITEM, NORTH, LOT, "", 5, FIRST.isoformat(), SOUTH, LAST.isoformat(), since=10,
               carried_out=True)  # fmt: skip
WAITS = replace(SENT, carried_out=False)
BOUGHT = Promise(ITEM, "", "", "", 4, FIRST.isoformat(), SOUTH, LAST.isoformat(), "acme", 10)
BEFORE = (counted(NORTH, 8, FIRST - timedelta(1)), 1)
Stated = Sequence[tuple[Any, int]]


def left(stated: Stated, *promises: Promise, on: date = FIRST) -> list[tuple[int, int]]:
    """What is committed and expected of each promise that a decision would name."""
    return [(each.committed, each.expected)
            for each in open_promises(snapshot_of(stated), promises or (SENT,), on)]  # fmt: skip


def moved(place: str, units: int, day: date, kind: str = "transfer", name: str = "m") -> Any:
    """Units of the lot that moved."""
    return StockMovement(name, ITEM, place, kind, units, day, LOT)


def shipped(name: str = "s", units: int = 5, on: date = FIRST, lot: str | None = LOT) -> Shipment:
    """Units that the source says are under way."""
    return Shipment(name, ITEM, SOUTH, units, on + timedelta(1), NORTH, lot=lot, shipped_on=on)


@pytest.mark.parametrize(("stated", "expected"), [
    ([], (5, 5)),
    ([(counted(NORTH, 3, FIRST), 11)], (0, 5)),                       # of the day, the end of it
    ([(counted(NORTH, 8, FIRST), 9)], (5, 5)),                        # known when it was approved
    ([(counted(NORTH, 3, FIRST - timedelta(1)), 11)], (5, 5)),        # of the day before
    ([BEFORE, (counted(NORTH, 3, FIRST, "W2"), 11)], (5, 5)),         # of another lot
    ([BEFORE, (counted(SOUTH, 5, LAST), 11)], (5, 0)),
    ([BEFORE, (counted(SOUTH, 5, LAST, None), 11)], (5, 0)),          # where lots are not told
    ([BEFORE, (counted(SOUTH, 5, LAST, "W2"), 11)], (5, 5)),
    ([BEFORE, (counted(SOUTH, 0, FIRST), 11)], (5, 5)),               # before it could be there
    ([BEFORE, (counted(SOUTH, 0, LAST), 9)], (5, 5)),
    ([BEFORE, (moved(NORTH, -5, FIRST), 11)], (0, 5)),
    ([BEFORE, (moved(NORTH, -2, FIRST), 11)], (3, 5)),
    ([BEFORE, (moved(NORTH, -2, FIRST, "sale"), 11)], (5, 5)),        # not sent: sold
    ([BEFORE, (moved(NORTH, -5, FIRST - timedelta(1)), 11)], (5, 5)),
    ([(counted(NORTH, 8, FIRST - timedelta(2)), 1), (moved(NORTH, -5, FIRST - timedelta(1)), 11)],
     (5, 5)),                                                         # before it could leave
    ([BEFORE, (moved(NORTH, -5, FIRST), 9)], (5, 5)),
    ([(counted(NORTH, 8, FIRST), 9), (moved(NORTH, -5, FIRST), 11)], (5, 5)),  # stock is as counted
    ([BEFORE, (moved(SOUTH, 5, LAST, "receipt"), 11)], (5, 0)),
    ([BEFORE, (shipped(), 11)], (5, 0)),                              # expected by that fact
    ([BEFORE, (shipped(lot=None), 11)], (5, 0)),
    ([BEFORE, (shipped(), 9)], (5, 5)),                               # another's
    ([BEFORE, (TransferOrder("t", ITEM, NORTH, SOUTH, 5, FIRST, LAST), 11)], (5, 0)),
    ([BEFORE, (TransferOrder("t", ITEM, NORTH, SOUTH, 5, FIRST, LAST, "shipped"), 11)], (5, 5)),
])  # fmt: skip
def test_what_was_carried_out_ends_as_facts_tell(stated: Stated, expected: tuple[int, int]) -> None:
    assert left(stated) == [expected]


def test_nothing_is_left_of_what_is_counted_at_both_ends() -> None:
    both = [(counted(NORTH, 3, FIRST), 11), (counted(SOUTH, 5, LAST), 12)]
    assert left(both) == []
    assert left(both, WAITS) == [(5, 0)]


def test_an_approved_plan_holds_its_units_until_people_say_what_became_of_it() -> None:
    """No count tells whether they have left or are still to leave."""
    for told in ([(counted(NORTH, 3, FIRST), 11)], [BEFORE, (moved(NORTH, -5, FIRST), 11)]):
        assert left(told, WAITS) == [(5, 5)]


def test_a_count_without_a_day_is_of_the_day_from_which_it_is_true() -> None:
    import numpy as np

    facts = snapshot_of([(counted(NORTH, 3, None), 11)])
    for day, expected in ((FIRST, 0), (FIRST - timedelta(1), 5)):
        since = np.datetime64(day, "us").astype(np.int64)
        clocks = {"StockPosition": np.array([[since, 0, 0]], np.int64)}
        (found,) = open_promises(replace(facts, clocks=clocks), [SENT], FIRST)
        assert expected == found.committed
    (found,) = open_promises(facts, [SENT], FIRST)
    assert found.committed == 5


def test_no_unit_that_moved_ends_two_promises() -> None:
    """Neither within a lot, nor by way of what names none."""
    later = replace(SENT, since=12, day=LAST.isoformat(),
                    arrives_on=(LAST + timedelta(1)).isoformat())  # fmt: skip
    told = [BEFORE, (moved(NORTH, -6, LAST), 13)]
    assert left(told, SENT, later) == [(0, 5), (4, 5)]
    other = replace(SENT, lot="W2")
    stands = [BEFORE, (counted(NORTH, 9, FIRST - timedelta(1), "W2"), 1)]
    assert left([*stands, (shipped(units=7, lot=None), 11)], SENT, other) == [(5, 0), (5, 3)]


def test_what_is_bought_is_expected_until_it_is_ordered_or_counted() -> None:
    order = PurchaseOrder("p", "acme", ITEM, SOUTH, 4, FIRST, LAST)
    assert left([BEFORE], BOUGHT) == [(0, 4)]
    assert left([BEFORE, (order, 11)], BOUGHT) == [(0, 0)]
    assert left([BEFORE, (replace(order, supplier="other"), 11)], BOUGHT) == [(0, 4)]
    assert left([BEFORE, (counted(SOUTH, 4, LAST, "W7"), 11)], BOUGHT) == []


def test_an_order_is_served_once_for_as_long_as_it_is_asked() -> None:
    served = Promise(ITEM, NORTH, "", "O-1", 5, FIRST.isoformat(), since=10, carried_out=True)
    asked = SalesOrder("O-1", ITEM, "carla", 5, FIRST)
    far = FIRST + timedelta(400)
    assert left([BEFORE, (asked, 1)], served, on=far) == [(5, 0)]
    assert left([BEFORE], served, on=far) == []


def test_what_nobody_counts_lapses_and_is_named_for_as_long_again() -> None:
    for days, expected in ((HELD_DAYS, [(5, 5)]), (HELD_DAYS + 1, [(0, 0)]),
                           (NAMED_DAYS, [(0, 0)]), (NAMED_DAYS + 1, [])):  # fmt: skip
        on = LAST + timedelta(days)
        assert expected == left([BEFORE], on=on)
        assert bool(lapsed([SENT], on)) == (days > HELD_DAYS)
        assert left([BEFORE], WAITS, on=on) == [(5, 5)]


def test_promises_of_older_decisions_have_no_end() -> None:
    old = Promise(ITEM, NORTH, LOT, "", 5)
    assert left([(counted(NORTH, 3, LAST), 11)], old) == [(5, 0)]
    assert old.stated() == [ITEM, NORTH, LOT, "", 5, ""]
    assert promise_of(old.stated()) == old
    assert promise_of(SENT.stated()) == SENT
    for units in (0, -5):
        with pytest.raises(InputError):
            promise_of([ITEM, NORTH, LOT, "", units, ""])


def test_units_that_may_have_left_are_put_back_for_the_look_at_a_plan() -> None:
    """As if none had left, and only where something after the departure misses some of them."""

    def there(stated: Stated) -> int:
        facts = snapshot_of(stated)
        found = with_missing_back(facts, [WAITS]).table("StockPosition")
        return int(found["on_hand_units"][0])

    assert there([(counted(NORTH, 3, FIRST), 11)]) == 8
    assert there([(counted(NORTH, 0, FIRST), 11)]) == 5
    assert there([(counted(NORTH, 6, FIRST), 11)]) == 6
    assert there([(counted(NORTH, 3, FIRST - timedelta(1)), 11)]) == 3
    assert there([(counted(NORTH, 3, FIRST), 9)]) == 3
    two = [WAITS, replace(WAITS, destination="east")]
    short = snapshot_of([(counted(NORTH, 1, FIRST), 11)])
    others = [replace(WAITS, units=4, since=8)]
    assert with_missing_back(short, [WAITS], others) is short
    assert with_missing_back(short, two).table("StockPosition")["on_hand_units"].tolist() == [11]


def test_lines_are_promised_where_they_leave_and_where_they_go() -> None:
    line = {"kind": "transfer", "item": ITEM, "origin": NORTH, "destination": SOUTH, "lot": LOT,
            "quantity_units": 5, "departs_on": SENT.day, "arrives_on": SENT.arrives_on}  # fmt: skip
    bought = {"kind": "purchase", "item": ITEM, "supplier": "acme", "destination": SOUTH,
              "quantity_units": 4, "departs_on": SENT.day,
              "arrives_on": SENT.arrives_on}  # fmt: skip
    aside = {**line, "kind": "substitution", "replaces": "other"}
    decision = {"lines": [line, bought, aside]}
    bare = replace(SENT, since=0, carried_out=False)
    assert set(promises_in(decision)) == {bare, replace(bare, destination="", arrives_on="")}
    assert purchases_in(decision) == (replace(BOUGHT, since=0),)
