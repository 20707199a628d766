"""Whatever a delivery holds that a table can hold, the gates give a judgement."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.gates.findings import HINTS, NO_ROW
from feeds.gates.holding import marks_of, marks_to_close
from feeds.gates.judging import judge
from feeds.gates.past import Delivery, Past
from ontology.columns import Snapshot, Table, empty_table, table_of
from ontology.deliveries import DeliveryLine
from ontology.demand import DemandObservation, SalesOrder
from ontology.goods import Lot, UnitConversion
from ontology.stock import StockMovement, StockPosition

SOME_DAY = st.dates(date(1900, 1, 1), date(2199, 12, 31))
DAYS = st.none() | SOME_DAY
NAMES = st.sampled_from(["a", "b", "", "ä/'"])
UNITS = st.integers(-(2**53), 2**53) | st.integers(-3, 3)
RECORDS = {
    "DemandObservation": st.builds(DemandObservation, NAMES, NAMES, SOME_DAY, UNITS),
    "StockMovement": st.builds(
        StockMovement, NAMES, NAMES, NAMES, st.sampled_from(["scrap", "opening", "issue", ""]),
        UNITS, SOME_DAY, st.none() | NAMES,
    ),
    "StockPosition": st.builds(
        StockPosition, NAMES, NAMES, st.none() | NAMES, UNITS, counted_on=DAYS
    ),
    "SalesOrder": st.builds(SalesOrder, NAMES, NAMES, NAMES, UNITS, SOME_DAY, due_on=DAYS),
    "DeliveryLine": st.builds(
        DeliveryLine, NAMES, NAMES, NAMES, NAMES, UNITS, pack_price_cents=st.none() | UNITS,
        ordered_on=DAYS, delivered_on=DAYS, recorded_on=DAYS,
    ),
    "Lot": st.builds(Lot, NAMES, NAMES, DAYS, DAYS),
    "UnitConversion": st.builds(UnitConversion, NAMES, NAMES, UNITS, UNITS),
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Table]:
    """Some classes with a few rows each, repeated so that a past has enough of them."""
    names = draw(st.lists(st.sampled_from(sorted(RECORDS)), unique=True))
    times = draw(st.sampled_from([1, 30]))
    return {name: table_of(draw(st.lists(RECORDS[name], max_size=4)) * times, name)
            for name in names}  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), tables(), tables(), st.booleans())
def test_any_tables_are_judged(
    arriving: dict[str, Table], known: dict[str, Table], told: dict[str, Table], is_full: bool
) -> None:
    """Law: every row has a verdict, every finding a row that is there, a hint and one line."""
    past = Past(Snapshot(1, known), (Delivery(told, 3),) * 12)
    judgement = judge(arriving, past, source="erp", sequence=9, is_full=is_full)
    for name, table in arriving.items():
        assert len(table) == len(judgement.verdicts[name])
    for finding in judgement.findings:
        assert finding.code in HINTS
        assert "\n" not in finding.message
        if finding.row != NO_ROW:
            table = arriving[finding.class_name]
            assert table.keys[finding.row] == finding.key
    marks = marks_of(judgement, "erp")
    assert len(marks) == len(set(marks.keys.tolist()))
    assert 0 == len(marks_to_close(Snapshot(1, {"Mark": marks}), arriving, marks))


def test_empty_tables_are_judged() -> None:
    """Law: a delivery without a row, and one after nothing, have nothing to tell."""
    empty = {name: empty_table(name) for name in RECORDS}
    assert () == judge(empty, Past()).findings
    assert () == judge({}, Past(Snapshot(1, empty), (Delivery(empty),) * 12)).findings
    assert () == judge(empty, Past(Snapshot(1, empty), (Delivery(empty),) * 12)).findings
