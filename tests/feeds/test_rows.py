"""Rows are read a column at a time; reading them one by one is the other way to the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.finders import FAULT, Fault
from feeds.ledger import Statement
from feeds.limits import Limits
from feeds.rows import RowReader, row_reader
from ontology.errors import InputError
from tests.feeds.small_feed import HEADER, ORDER, small_mapping

NAMES = HEADER.strip().split(",")
CELLS = [
    st.sampled_from([good, good, good, " ", "=1", "x" * 12, "-3", "never", "1/1/9999", "\x07"])
    for good in ORDER.strip().split(",")
]


def one_by_one(reader: RowReader, cells: list[str]) -> Statement | Fault | None:
    """What reading a row by itself says, in the words of reading many."""
    if not reader.states(cells):
        return None
    try:
        return reader.read(cells)
    except InputError:
        return FAULT


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(*CELLS).map(list), max_size=6))
def test_both_ways_of_reading_agree(rows: list[list[str]]) -> None:
    """Law: a column at a time or a row at a time, the same is stated, faulty or not stated."""
    rule = next(rule for rule in small_mapping().files if rule.file == "orders.csv")
    for record in rule.records:
        reader = row_reader(record, NAMES, Limits(cell_characters=10))
        assert [one_by_one(reader, cells) for cells in rows] == reader.read_all(rows)
