"""Derived facts: right by hand, told apart from loaded ones, and never beside them."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.facts.derived import BASIS, derive
from feeds.mapping import DeriveRule
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.columns import Table, record_at, table_of
from ontology.deliveries import DeliveryLine
from ontology.errors import InputError
from ontology.stock import StockMovement

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: wms
version: 1
known: []
files:
  - {file: moves.csv, principal: {class: StockMovement, fields: by_header}}
  - {file: stock.csv, optional: true, principal: {class: StockPosition, fields: by_header}}
derive:
  - stock: {of: StockMovement}
"""
MOVES = """id,item,location,kind,quantity_units,effective_on
b,tea,hub,receipt,4,2026-01-02
c,tea,hub,issue,-1,2026-01-03
a,tea,hub,issue,-3,2026-01-01
d,tea,hub,issue,-3,2026-01-02
"""
FIRST = date(2026, 1, 1)


def records(table: Table) -> list[object]:
    """The records of a table."""
    return [record_at(table, row) for row in range(len(table))]


def test_opening_stock_is_the_least_that_lasts(tmp_path: Path) -> None:
    """Law: no day ends below zero, some day ends at zero, and movements add up to the position."""
    (tmp_path / "moves.csv").write_text(MOVES)
    result = read([tmp_path], parse_mapping(MAPPING.encode(), "m.yaml"))
    moves = result.tables["StockMovement"]
    assert ["a", "b", "c", "d", "opening/tea/hub"] == moves["id"].tolist()
    opening = record_at(moves, 4)
    assert ("opening", 3, FIRST) == (opening.kind, opening.quantity_units, opening.effective_on)
    [position] = records(result.tables["StockPosition"])
    found = position.on_hand_units, position.total_units, position.counted_on, position.basis
    assert (0, 0, date(2026, 1, 3), BASIS) == found
    source = "stock derived from moves.csv"
    assert (source, 0) == (
        result.source_of("StockMovement", 4).file, result.source_of("StockMovement", 4).row,
    )  # fmt: skip
    assert source == str(result.source_of("StockPosition", 0))
    assert "moves.csv, row 4" == str(result.source_of("StockMovement", 0))
    assert (4, 0) == (sum(f.rows for f in result.files), result.files[-1].rows)


def test_what_is_stated_is_not_also_derived(tmp_path: Path) -> None:
    """Law: counted stock is never mixed with derived stock of the same place."""
    (tmp_path / "moves.csv").write_text(MOVES)
    (tmp_path / "stock.csv").write_text("item,location,on_hand_units\ntea,hub,5\n")
    with pytest.raises(InputError) as caught:
        read([tmp_path], parse_mapping(MAPPING.encode(), "m.yaml"))
    assert caught.value.code == "DERIVED_TWICE"
    assert "StockPosition `tea/hub/`" in caught.value.what


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9)), min_size=1, max_size=12))
def test_stock_is_conserved_whatever_the_flows(flows: list[tuple[int, int]]) -> None:
    """Law 1: opening plus flows is the position, no day is below zero, one less would be."""
    moves = [StockMovement(str(n), "tea", "hub", "x", units, FIRST + timedelta(day))
             for n, (day, units) in enumerate(flows)]  # fmt: skip
    made = derive(DeriveRule("stock", "StockMovement"), table_of(moves, "StockMovement"))
    opening = int(made.tables["StockMovement"]["quantity_units"].sum())
    [left] = made.tables["StockPosition"]["on_hand_units"].tolist()
    assert opening + sum(units for _, units in flows) == left
    ends = [opening + sum(u for d, u in flows if d <= day) for day, _ in flows]
    assert (0 if opening else min(ends)) == min(ends)
    assert min(ends) >= 0


def test_two_places_never_share_an_opening() -> None:
    """Law: an opening's id names one item, location and lot, whatever signs their names hold."""
    places: list[tuple[str, str, str | None]] = [
        ("a/b", "c", None), ("a", "b/c", None), ("a", "b", "c"), ("a", "b", ""), ("a", "b", None),
        ("a/b/c", "", None), ("a%2Fb", "c", None), ("tea", "hub", None),
    ]  # fmt: skip
    moves = [StockMovement(str(n), item, location, "issue", -1, FIRST, lot)
             for n, (item, location, lot) in enumerate(places)]  # fmt: skip
    made = derive(DeriveRule("stock", "StockMovement"), table_of(moves, "StockMovement"))
    ids = made.tables["StockMovement"]["id"].tolist()
    assert len(places) == len(set(ids))
    assert "opening/tea/hub" in ids


def line(number: int, start: date | None, status: str, end: date, mode: str) -> DeliveryLine:
    """A delivery line with its days."""
    return DeliveryLine(str(number), "pill", "ACME", "KE", 1, mode=mode, ordered_on=start,
                        ordered_status=status, delivered_on=end)  # fmt: skip


def test_lead_times_count_what_they_leave_out() -> None:
    """Law: weights are rows, a sample is their sum, and a gap or slip is counted by its reason."""
    ends = [FIRST + timedelta(days) for days in (5, 5, 9, -1)]
    lines = [line(n, FIRST, "stated", end, "air") for n, end in enumerate(ends)]
    lines += [line(7, None, "not captured", FIRST, "air"), line(8, FIRST, "stated", ends[0], "")]
    table = table_of(lines, "DeliveryLine")
    rule = DeriveRule("lead_times", "DeliveryLine", "ordered_on", "delivered_on",
                      ("supplier", "mode"), "ordered_status")  # fmt: skip
    made = derive(rule, table)
    found = [(r.subject, r.lead_time_days, r.weight, r.sample_size)
             for r in records(made.tables["LeadTimeOutcome"])]  # fmt: skip
    assert found == [("mode/air", 5, 2, 3), ("mode/air", 9, 1, 3),
                     ("supplier/ACME", 5, 3, 4), ("supplier/ACME", 9, 1, 4)]  # fmt: skip
    assert dict(made.counts) == {
        "LeadTimeOutcome: rows used": 4,
        "LeadTimeOutcome: left out by mode, not stated": 1,
        "LeadTimeOutcome: left out, delivered_on before ordered_on": 1,
        "LeadTimeOutcome: left out, ordered_on not captured": 1,
    }
    late = derive(DeriveRule("lateness", "DeliveryLine", "ordered_on", "delivered_on",
                             ("supplier",)), table)  # fmt: skip
    assert [-1, 5, 9] == late.tables["LatenessOutcome"]["days_late"].tolist()


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("stock: {of: StockMovement}\n  - stock: {of: StockMovement}", "`stock` stands twice"),
        ("stock: {of: Item}", "`Item` is not possible"),
        ("turns: {of: StockMovement}", "one kind of derivation"),
        ("lead_times: {of: SalesOrder, from: ordered_on, to: due, by: []}", "`due` is not"),
        ("lead_times: {of: SalesOrder, from: ordered_on, to: due_on, by: [x]}", "`x` is not"),
    ],
)
def test_a_derivation_that_means_nothing_is_refused(new: str, says: str) -> None:
    """Law: a derivation names a kind, a class and fields that exist."""
    with pytest.raises(InputError, match=says):
        parse_mapping(MAPPING.replace("stock: {of: StockMovement}", new).encode(), "m.yaml")
