"""Modes of past shipments: sums, rates, and the cheapest choice, against trying all of them."""

from datetime import date
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from ontology.columns import Snapshot, table_of
from ontology.deliveries import DeliveryLine
from ontology.errors import InputError
from service.whatif_modes import ModeWish, Shipments, rates_of, replanned, shipments_of

KILOGRAM = 10**9
CENTRE = "regional distribution centre"


def line(number: str, shipment: str, **stated: Any) -> DeliveryLine:
    """A line of a shipment by air to Chad of 10 kg for 100.00, on its day, unless stated."""
    given: dict[str, Any] = {"country": "Chad", "mode": "air", "weight_micrograms": 10 * KILOGRAM,
             "freight_cents": 10_000, "delivered_on": date(2011, 5, 2)} | stated  # fmt: skip
    return DeliveryLine(
        number, "item", "supplier", quantity_units=1, shipment_number=shipment,
        fulfilled_via=CENTRE, scheduled_on=date(2011, 5, 2), **given,
    )  # fmt: skip


def shipments(*lines: DeliveryLine) -> Shipments:
    return shipments_of(Snapshot(1, {"DeliveryLine": table_of(lines, "DeliveryLine")}), CENTRE)


def test_what_stands_on_another_line_counts_once() -> None:
    """Law: a shipment's weight and freight are those stated; it is late where one line is."""
    on_other = {"weight_basis": "on another line", "freight_basis": "on another line"}
    found = shipments(line("1", "A"), line("2", "A", delivered_on=date(2011, 5, 3), **on_other))
    assert [10 * KILOGRAM] == found.micrograms.tolist()
    assert ([10_000], [True]) == (found.freight_cents.tolist(), found.is_late.tolist())


def test_what_cannot_be_used_is_counted_by_reason() -> None:
    """Law: a shipment without mode, weight, freight or day is left out, and the reason counted."""
    found = shipments(
        line("1", "A"), line("2", "B", mode=""), line("3", "C", weight_micrograms=0),
        line("4", "D", freight_basis="invoiced separately"), line("5", "E", delivered_on=None),
        line("6", "F"), line("7", "F", mode="truck"),
    )  # fmt: skip
    expected = {"countries or modes differ": 1, "no day": 1, "no freight": 1, "no mode": 1,
                "no weight": 1}  # fmt: skip
    assert (["A"], expected) == (found.number.tolist(), dict(found.left_out))


def test_a_band_begins_at_its_edge() -> None:
    """Law: 100 kg is in the second band, a microgram less in the first."""
    found = shipments(line("1", "A", weight_micrograms=100 * KILOGRAM - 1),
                      line("2", "B", weight_micrograms=100 * KILOGRAM))  # fmt: skip
    assert [0, 1] == found.band.tolist()


def drawn(seed: int) -> Shipments:
    """Seven shipments to two countries by two or three modes, some of them late."""
    random = Random(seed)
    return shipments(*(
        line(str(n), f"S{n}", country=random.choice(("Chad", "Mali")),
             mode=random.choice(("air", "truck", "ocean")),
             weight_micrograms=random.randint(1, 90) * KILOGRAM,
             freight_cents=random.randint(1, 90_000),
             delivered_on=date(2011, 5, random.choice((2, 2, 3))))
        for n in range(7)
    ))  # fmt: skip


def tried(found: Shipments, wish: ModeWish) -> int | None:
    """The least cents over all choices of modes that were seen, by fractions of this test's own."""
    rates = rates_of(found)
    choices, done = [], 0
    for country, weight, mode in zip(found.country, found.micrograms, found.mode, strict=True):
        seen = {}
        for m in np.flatnonzero(rates.count[country, 0]).tolist():
            cents, kg = (int(each[country, 0, m]) for each in (rates.cents, rates.micrograms))
            late = 2000 * int(rates.late[country, 0, m]) // int(rates.count[country, 0, m]) + 1
            seen[m] = ((2 * cents * int(weight) + kg) // (2 * kg), late // 2)
        done += seen[int(mode)][1]
        rest = {m for m in seen if found.modes[m] not in wish.without} or {int(mode)}
        choices.append([seen[m] for m in sorted(rest)])
    share = wish.late_per_thousand
    limit = 10**9 if share is None else done * share // 1000
    sums = (tuple(map(sum, zip(*all_of, strict=True))) for all_of in product(*choices))
    return min((cents for cents, late in sums if late <= limit), default=None)


@pytest.mark.parametrize("wish", [
    ModeWish(least_seen=1), ModeWish(late_per_thousand=None, least_seen=1),
    ModeWish(late_per_thousand=700, least_seen=1),
    ModeWish(frozenset({"air"}), None, least_seen=1),
])  # fmt: skip
def test_the_choice_is_as_cheap_as_its_proof_says(wish: ModeWish) -> None:
    """Law: the least cost of all choices lies between bound and cost, and is met without a limit.

    Where no choice keeps the limit, none is given.
    """
    for seed in range(25):
        found = drawn(seed)
        least = tried(found, wish)
        if least is None:
            with pytest.raises(InputError, match="no choice of modes") as raised:
                replanned(found, rates_of(found), wish)
            assert raised.value.code == "NO_MODE_PLAN"
            continue
        plan = replanned(found, rates_of(found), wish)
        assert plan.claims.bound <= least <= plan.freight_cents
        if wish.late_per_thousand is None:
            assert least == plan.freight_cents


def test_the_order_of_rows_is_no_input() -> None:
    """Law: the same lines in another order give the same modes, costs and prices."""
    rows = [line(str(n), f"S{n}", mode=("air", "truck")[n % 2], freight_cents=100 * n + 1,
                 delivered_on=date(2011, 5, 2 + (n % 4 == 0))) for n in range(12)]  # fmt: skip
    one, other = (shipments(*each) for each in (rows, rows[::-1]))
    plans = [replanned(each, rates_of(each), ModeWish(late_per_thousand=800)) for each in
             (one, other)]  # fmt: skip
    assert one.number.tolist() == other.number.tolist()
    assert plans[0].mode.tolist() == plans[1].mode.tolist()
    assert plans[0].claims == plans[1].claims


def test_a_mode_seen_too_rarely_is_not_offered() -> None:
    """Law: a cheap mode seen once is not taken where five are asked for; where one is, it is."""
    rows = [line(str(n), f"S{n}") for n in range(5)] + [line("9", "T", mode="truck",
                                                            freight_cents=1)]  # fmt: skip
    found = shipments(*rows)
    plans = [replanned(found, rates_of(found), ModeWish(least_seen=n)) for n in (5, 1)]
    assert [{"air": 5, "truck": 1}, {"air": 0, "truck": 6}] == [dict(p.by_mode) for p in plans]
    assert [0, 5] == [plan.changed for plan in plans]


def test_rates_that_do_not_cover_what_was_done_are_refused() -> None:
    """Law: a shipment by a mode that the rates never saw cannot be compared."""
    found = shipments(line("1", "A"), line("2", "B", mode="truck"))
    with pytest.raises(InputError, match="no observed rate") as raised:
        replanned(found, rates_of(found.take(np.array([0]))), ModeWish())
    assert raised.value.code == "NO_RATE"


def test_no_shipment_at_all_is_one_clear_line() -> None:
    """Law: a chain without usable shipments is refused with a code."""
    with pytest.raises(InputError) as raised:
        shipments(line("1", "A", mode=""))
    assert raised.value.code == "NO_SHIPMENTS"
