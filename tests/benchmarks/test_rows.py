"""The table of aims: what is met, missed and not measured."""

from benchmarks.rows import Row, shown, skipped, table_of


def test_an_aim_is_a_most() -> None:
    """Law: what is no greater than its aim meets it; without a number nothing is claimed."""
    verdicts = [Row("", "", "", 0.3, measured).verdict for measured in (0.29, 0.3, 0.31, None)]
    assert ["met", "met", "missed", "not measured"] == verdicts


def test_every_row_is_printed_with_its_size_and_peer() -> None:
    """Law: the table has all rows in order, each with size, peer, aim and verdict."""
    rows = [Row("flip", "240k arcs", "re-solve", 1 / 50, 1 / 100), *skipped("coupled", "no data")]
    head, first, second = table_of(rows).splitlines()
    assert ["work", "size", "against", "aim", "measured", "verdict"] == head.split()
    assert ["flip", "240k", "arcs", "re-solve", "1/50.0", "1/100.0", "met"] == first.split()
    assert ["coupled", "no", "data", "not", "measured"] == second.split()


def test_units_are_shown() -> None:
    """Law: a small ratio is one part in so many, a share of the cost and memory have a unit."""
    assert ["1/8.0", "0.67x", "0.100 %", "3.9 GB"] == [
        shown(value, unit) for value, unit in ((1 / 8, "x"), (2 / 3, "x"), (0.1, "%"), (3.9, "GB"))
    ]  # fmt: skip
