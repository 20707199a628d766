"""What the stock of a line waits for, in words: places, days, units short with and without it."""

from datetime import date

import pytest

from api.screen.waits import PLACES_SHOWN, waits_texts
from solver.explain.waiting import ShortageChange

LINE = {"item": "milk", "quantity_units": 4}
ON = [date(2026, 3, day) for day in (2, 3, 4)]


def change(place: str, day: int, here: int, there: int, item: str = "milk") -> ShortageChange:
    """A change in whole units."""
    return ShortageChange(item, place, ON[day], here * 10**6, there * 10**6)


def test_the_days_of_a_place_are_one_sentence() -> None:
    """From the first to the last day, with the numbers of the day on which most is gained."""
    changes = [change("store", 0, 0, 1), change("store", 1, 1, 4), change("store", 2, 3, 5)]
    expected = ("waits for store, 2026-03-02 to 2026-03-04, most on 2026-03-03: 1 expected short "
                "instead of 4")  # fmt: skip
    assert [expected] == waits_texts(changes, LINE, 4)


def test_the_place_that_gains_most_stands_first() -> None:
    """Places by what they gain; what is short in return is said after them."""
    changes = [change("a", 1, 2, 0), change("b", 1, 0, 2), change("c", 1, 0, 3)]
    assert ["waits for c", "waits for b", "in return at a"] == [
        text.partition(",")[0] for text in waits_texts(changes, LINE, 4)
    ]


def test_another_item_is_named() -> None:
    """What stands in for another item serves that one."""
    (text,) = waits_texts([change("a", 0, 0, 2, "cream")], LINE, 4)
    assert "waits for a, 2026-03-02: 0 of cream expected short instead of 2" == text


def test_many_places_are_counted() -> None:
    """So many are named, the others counted."""
    changes = [change(f"p{n}", 0, 0, 9 - n) for n in range(PLACES_SHOWN + 2)]
    assert "and for 2 more places: --json has all" == waits_texts(changes, LINE, 4)[-1]


def test_units_that_could_go_nowhere_else_are_told() -> None:
    """Where only some of the units could go elsewhere it speaks of those."""
    (text,) = waits_texts([change("a", 0, 0, 2)], LINE, 2)
    assert text.startswith("waits (2 of its units, the others could go nowhere else) for a, 2026")


@pytest.mark.parametrize(("changes", "units", "said"), [((), 4, 1), (None, 4, 0), ((), 0, 0)])
def test_nothing_is_made_up(
    changes: tuple[ShortageChange, ...] | None, units: int, said: int
) -> None:  # fmt: skip
    """Where nothing is less short that is said; where nobody knows, nothing is."""
    assert said == len(waits_texts(changes, LINE, units))
