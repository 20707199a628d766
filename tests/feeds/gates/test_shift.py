"""Shift of a distribution: told where a column is farther off than deliveries ever were."""

import numpy as np
import pytest

from feeds.gates.shift import shifts
from feeds.gates.thresholds import DEFAULTS
from ontology.columns import Table
from ontology.demand import SalesOrder
from tests.feeds.gates.small_past import START, past, tables

RNG = np.random.default_rng(3)


def orders(factor: int = 1, service: str = "slow", rows: int = 200) -> dict[str, Table]:
    """Orders of one size, of which nine in ten have the service `slow`."""
    sizes = RNG.integers(50, 150, rows) * factor
    return tables(*[
        SalesOrder(str(at), "widget", f"C{at % 7}", int(size), START,
                   service="fast" if at % 10 == 0 else service)
        for at, size in enumerate(sizes)
    ])  # fmt: skip


def columns(arriving: dict[str, Table], deliveries: list[dict[str, Table]]) -> list[str]:
    return [f.column for f in shifts(arriving, past(deliveries=deliveries), DEFAULTS)]


def test_sound_deliveries_are_alike() -> None:
    """Law: a delivery drawn as the others says nothing, whichever it is of 40."""
    history = [orders() for _ in range(8)]
    assert [] == [name for _ in range(40) for name in columns(orders(), history)]


@pytest.mark.parametrize(
    ("arriving", "column"), [({"factor": 3}, "quantity_units"), ({"service": "sea"}, "service")]
)
def test_a_column_that_changed_is_named(arriving: dict[str, object], column: str) -> None:
    """Law: numbers by Kolmogorov and Smirnov's distance, texts by total variation."""
    history = [orders() for _ in range(8)]
    assert [column] == columns(orders(**arriving), history)  # type: ignore[arg-type]


def test_the_distance_is_stated() -> None:
    """Law: nine of ten rows with another word are 90 % away."""
    history = past(deliveries=[orders() for _ in range(8)])
    (finding,) = shifts(orders(service="sea"), history, DEFAULTS)
    expected = (
        "`service` of 200 rows of SalesOrder is 90 % away from the last 8 deliveries; "
        "they were at most 0 % from each other"
    )
    assert expected == finding.message


def test_deliveries_that_always_differ_are_no_shift() -> None:
    """Law: where sizes leap from one delivery to the next, one more leap is nothing new."""
    history = [orders(factor) for factor in (1, 3, 1, 3, 1, 3, 1, 3)]
    assert [] == columns(orders(3), history)


def test_a_few_rows_of_many_words_are_no_shift() -> None:
    """Law: a hundred rows cannot hold 150 words in their shares; chance allows for that."""

    def drawn(rows: int) -> dict[str, Table]:
        words = RNG.integers(0, 150, rows)
        return tables(*[SalesOrder(str(at), "widget", f"C{word}", 1, START)
                        for at, word in enumerate(words)])  # fmt: skip

    assert [] == columns(drawn(100), [drawn(1_000) for _ in range(6)])


def test_small_deliveries_are_not_compared() -> None:
    """Law: fewer than 50 rows, or than six deliveries before, say nothing of a distribution."""
    assert [] == columns(orders(9, rows=49), [orders() for _ in range(8)])
    assert [] == columns(orders(9), [orders() for _ in range(5)])
    assert [] == columns(orders(9), [orders(rows=49) for _ in range(8)])
