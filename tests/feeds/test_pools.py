"""Codes stand for values: equal where the values are, and in the order of keys where it counts."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.facts.pools import NOT_STATED, Pool, combinations, distinct, mixed
from ontology.terms import join_key
from tests.feeds.small_feed import read_small

CODES = st.lists(st.integers(NOT_STATED, 3), min_size=1, max_size=12)
NAMES = st.text("ab-.+/ é%'", min_size=1, max_size=3).map(str.strip).filter(bool)


@given(st.lists(st.text(max_size=2), max_size=20))
def test_a_code_is_the_place_of_its_value(texts: list[str]) -> None:
    """Law: a value has one code, whichever of its equals was first, and is found again by it."""
    pool = Pool()
    codes = pool.codes(texts)
    assert texts == [pool.values[code] for code in codes]
    assert (len(set(texts)), codes.tolist()) == (len(pool), [pool.code(text) for text in texts])
    assert [pool.code(text) for text in texts] == pool.known([*texts, "other"]).tolist()


@given(CODES)
def test_distinct_codes_are_found_again(codes: list[int]) -> None:
    """Law: the distinct codes are ascending, and each row's is where it is said to be."""
    few, where = distinct(np.array(codes, np.int32), 4)
    assert (sorted(set(codes)), codes) == (few.tolist(), few[where].tolist())


@given(st.data(), st.integers(1, 5), st.sampled_from([4, 2**30, 2**31 - 3]))
def test_combinations_are_those_of_the_rows(data: st.DataObject, rows: int, size: int) -> None:
    """Law: rows are one combination where all their columns are equal, however wide the codes."""
    column = st.lists(st.integers(-2, 3), min_size=rows, max_size=rows)
    columns = data.draw(st.lists(column, min_size=1, max_size=4))
    found = [np.array(one, np.int32) for one in columns]
    first, which = combinations(found, [size] * len(found))
    said = list(zip(*columns, strict=True))
    assert said == [said[first[one]] for one in which.tolist()]
    assert len(set(said)) == len(first) == len(set(mixed(found, [size] * len(found)).tolist()))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8, unique=True))
def test_tables_are_in_the_order_of_whole_keys(
    pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Law: a table is in the order of its natural keys, though parts of them are prefixes."""
    rows = "".join(f'"{item}","{other}",1\n' for item, other in pairs)
    mentioned = {name for pair in pairs for name in pair}
    items = "id\nwidget\n" + "".join(f'"{name}"\n' for name in mentioned)
    places = "id\n" + "".join(f'"{name}"\n' for name in mentioned)
    result = read_small(tmp_path, {
        "items.csv": items, "locations.csv": places,
        "stock.csv": "item,location,on_hand_units\n" + rows,
    })  # fmt: skip
    formulas = {pair for pair in pairs if {name[0] for name in pair} & set("-+")}
    expected = sorted(join_key((*pair, None)) for pair in set(pairs) - formulas)
    table = result.tables.get("StockPosition")
    assert expected == ([] if table is None else table.keys.tolist())
