"""Stock after movements, against a dictionary that reads them one by one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Snapshot, record_at, table_of
from ontology.goods import Item
from ontology.stock import StockMovement, StockPosition
from ontology.stock_now import MOVED, ONLY_MOVED, with_movements

DAY = date(2026, 3, 1)
days = st.integers(0, 4).map(lambda number: DAY + timedelta(number))
positions = st.lists(
    st.builds(
        StockPosition, st.just("w"), st.sampled_from(["n", "s"]), st.sampled_from([None, "L"]),
        on_hand_units=st.integers(0, 20), on_hold_units=st.integers(0, 5),
        total_units=st.integers(20, 30), counted_on=st.none() | days,
    ),
    max_size=4, unique_by=lambda one: (one.location, one.lot),
)  # fmt: skip
movements = st.lists(
    st.builds(
        StockMovement, st.uuids().map(str), st.just("w"), st.sampled_from(["n", "s", "e"]),
        st.just("receipt"), st.integers(-15, 15), days, st.sampled_from([None, "L"]),
    ),
    max_size=8,
)  # fmt: skip


@given(positions, movements)
def test_stock_is_the_count_and_what_moved_on_later_days(
    counted: list[StockPosition], moved: list[StockMovement]
) -> None:
    """On hand and total move alike and never below nothing; all else stays as it was counted."""
    expected = {(p.location, p.lot): (p.on_hand_units, p.total_units) for p in counted}
    days_of = {(p.location, p.lot): p.counted_on for p in counted}
    change: dict[tuple[str, str | None], int] = {}
    for move in moved:
        key = (move.location, move.lot)
        day = days_of.get(key, date.min)
        if day is not None and move.effective_on > day:
            change[key] = change.get(key, 0) + move.quantity_units
    tables = {"Item": table_of([Item("w", base_unit="gram")], "Item"),
              "StockPosition": table_of(counted, "StockPosition").sorted(),
              "StockMovement": table_of(moved, "StockMovement").sorted()}  # fmt: skip
    found = with_movements(Snapshot(1, tables)).table("StockPosition")
    assert sorted(found.keys) == found.keys.tolist()
    stands = [record_at(found, row) for row in range(len(found))]
    for key, units in change.items():
        before = expected.get(key, (0, 0))
        expected[key] = (max(0, before[0] + units), max(0, before[1] + units))
    assert expected == {(p.location, p.lot): (p.on_hand_units, p.total_units) for p in stands}
    for one in stands:
        key = (one.location, one.lot)
        basis = "counted" if key not in change else MOVED if key in days_of else ONLY_MOVED
        assert basis == one.basis
        assert one.unit == ("gram" if basis == ONLY_MOVED else "each")
