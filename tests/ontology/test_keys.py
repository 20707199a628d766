"""Keys and rows: found again as a dictionary would, and columns of one value stay such columns."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ontology import columns as columns_module
from ontology import keys as keys_module
from ontology.columns import COPIED, MISSING, Table, joined, table_of
from ontology.keys import TEXT, RowOf, are_ascending, keys_of
from ontology.stock import StockPosition
from tests.ontology.record_values import records_of

TEXTS = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)


@given(st.lists(TEXTS, max_size=12), st.lists(TEXTS, max_size=12), st.sampled_from(("sorted", "")))
@example(["a", "b", "c", "d", "e"], ["", "a", "b", "bb", "e", "f"], "sorted")
@example(["b", "a", "b"], ["b", "a", "c"], "")
def test_rows_are_found_as_a_dictionary_finds_them(
    known: list[str], asked: list[str], order: str
) -> None:
    """One by one and together, in order or not: the row of a dictionary, of equal keys the last."""
    if order:
        known, asked = sorted(set(known)), sorted(set(asked))
    expected = {key: row for row, key in enumerate(known)}
    for at_once in (1, 3, keys_module.KEYS_AT_ONCE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keys_module, "KEYS_AT_ONCE", at_once)
            rows = RowOf(np.array(known, TEXT))
            found = rows.find(np.array(asked, TEXT)).tolist()
        assert [expected.get(key, -1) for key in asked] == found
    assert [expected.get(key) for key in asked] == [rows.get(key) for key in asked]
    assert (expected, len(expected)) == (dict(rows), len(rows))


def test_few_keys_among_many_are_found_without_a_dictionary() -> None:
    """Beside the keys themselves nothing is made for each row of a table in key order."""
    rows = RowOf(np.array([f"{number:06}" for number in range(10_000)], TEXT))
    assert [0, 4_711, 9_999] == [rows[key] for key in ("000000", "004711", "009999")]
    assert rows.get("x") is None
    assert [4_711, -1] == rows.find(np.array(["004711", "x"], TEXT)).tolist()
    assert "_rows" not in vars(rows)


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_keys_made_some_at_a_time_are_the_same(values: list[str]) -> None:
    """However many rows are worked on at once, and whatever stands in the cells."""
    column = np.empty(len(values), object)
    column[:] = [None if value == "a" else value for value in values]
    numbers = np.array([MISSING, *range(len(values) - 1)])
    days = np.array([None, *range(len(values) - 1)], "datetime64[D]")
    whole = keys_of([column, numbers, days]).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys_module, "KEYS_AT_ONCE", 1)
        assert whole == keys_of([column, numbers, days]).tolist()


@given(st.lists(records_of("StockPosition"), min_size=1, max_size=6), st.integers(1, 3))
def test_the_digest_knows_no_batches_and_no_shared_values(
    records: list[StockPosition], at_once: int
) -> None:
    """One value that stands for all rows is those rows; a digest is the same in any batches."""
    dense = table_of([records[0]] * len(records), "StockPosition")
    shared = Table("StockPosition", {
        name: np.broadcast_to(column[:1], len(column)) for name, column in dense.columns.items()
    })  # fmt: skip
    whole = table_of(records, "StockPosition")
    expected = dense.digest, whole.digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns_module, "CELLS_AT_ONCE", at_once)
        again = table_of(records, "StockPosition")
        assert expected == (shared.digest, again.digest)


def test_all_rows_in_their_order_are_the_table_itself() -> None:
    """Nothing is copied where nothing is left out; a choice keeps what one value stands for."""
    rows = [StockPosition(f"i{number}", "n") for number in range(4)]
    one = table_of(rows, "StockPosition")
    shared = np.broadcast_to(one["location"][:1], 4)
    table = Table("StockPosition", {**one.columns, "location": shared})
    assert table.take(np.arange(4)) is table
    assert are_ascending(table.keys)
    some = table.take(np.array([2, 0]))
    assert ["i2/n/", "i0/n/"] == some.keys.tolist()
    assert (0,) == some["location"].strides
    assert ["n", "n"] == some["location"].tolist()


def test_joined_columns_share_a_value_only_where_all_of_them_do() -> None:
    """One value for all rows of each column, and the same one: else every row has its own."""
    many = COPIED
    ones, twos = (np.broadcast_to(np.array([number]), many) for number in (1, 2))
    nothing = np.broadcast_to(np.array([7]), 0)
    same = joined([ones, nothing, ones])
    assert ((0,), [1] * 2 * many) == (same.strides, same.tolist())
    assert [1] * many + [2] * many == joined([ones, twos]).tolist()
    assert [1] * many + [5] == joined([ones, np.array([5])]).tolist()
    assert (0,) == joined([np.ones(2, int), ones]).strides
    sets = np.empty(many, object)
    sets[:] = [("a", "b")] * many
    assert [("a", "b")] * (many + 1) == joined([np.broadcast_to(sets[:1], 1), sets]).tolist()
    assert [] == joined([nothing, nothing]).tolist()
    never = np.broadcast_to(np.array(["NaT"], "datetime64[D]"), many)
    assert (0,) == joined([never, never]).strides


def test_few_joined_cells_have_a_value_each() -> None:
    """They are copied, which is quicker than to look whether they are all the same."""
    one = np.broadcast_to(np.array([1]), COPIED // 2)
    assert ([1] * COPIED, (8,)) == ((found := joined([one, one])).tolist(), found.strides)
