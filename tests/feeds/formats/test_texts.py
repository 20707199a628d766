"""JSON Lines and typed columns: numbers as written, fields of fields, and files read in pieces."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.facts.encoded import encoded
from feeds.formats import delimited, json_lines
from feeds.formats.blocks import BLOCK_ROWS, Form
from feeds.formats.cell_texts import texts
from feeds.formats.sheet import blocks_of
from feeds.formats.tables import arrow_blocks, parquet_blocks
from feeds.formats.worksheet import xlsx_blocks
from feeds.limits import Limits
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.columns import record_at
from ontology.errors import InputError
from tests.feeds.formats.test_same_facts import MAPPING
from tests.feeds.formats.written import FORMATS, written

pa: Any = pyarrow


def cells_of(line: str) -> dict[str, str]:
    """The cells of one object."""
    form = Form("x.jsonl", "jsonl")
    [block] = json_lines.blocks(io.BytesIO(line.encode()), form, Limits())
    return dict(zip(block.header, block.rows[0], strict=True))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1e3", "1e3"), ("0.1", "0.1"), ("1.10", "1.10"), ("-0.0", "-0.0"), ("NaN", "NaN"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("true", "true"), ("null", ""), ('"null"', "null"), ('"1e3"', "1e3"), ("[]", ""),
        ('["a", "b"]', "a|b"), ("[1.50, null, true]", "1.50||true"), ('["a|b"]', '["a|b"]'),
        ('[{"n": 1.50, "t": "é\\""}, [1]]', '[{"n":1.50,"t":"é\\""},[1]]'),
    ],
)  # fmt: skip
def test_json_values_are_their_literals(value: str, expected: str) -> None:
    """Law: a number is the text of the file; a list of plain values is joined, others are JSON."""
    assert {"a": expected} == cells_of(f'{{"a": {value}}}')


def test_fields_of_fields_are_dotted_paths() -> None:
    """Law: `outer.inner` names a field of a field, and an object of nothing names none."""
    found = cells_of('{"a": {"b": {"c": 1}, " d ": "x"}, "e": {}, "f": 2}')
    assert {"a.b.c": "1", "a.d": "x", "f": "2"} == found


def test_a_field_may_come_late_and_stay_away() -> None:
    """Law: the header grows, and what a line does not name is blank, as is a blank line."""
    lines = b'{"a": 1}\n\n{"b": 2, "a": 3}\n{"c": null}\n'
    [block] = json_lines.blocks(io.BytesIO(lines), Form("x", "jsonl"), Limits())
    assert ("a", "b", "c") == block.header
    assert [["1", "", ""], [], ["3", "2", ""], ["", "", ""]] == block.rows


def test_a_late_field_widens_no_large_block() -> None:
    """Law: rows that came before a wide line stay as narrow as they were in their block."""
    lines = b'{"a": 1}\n' * 2_000 + b"{" + b",".join(b'"c%d": 1' % n for n in range(999)) + b"}\n"
    found = list(json_lines.blocks(io.BytesIO(lines), Form("x", "jsonl"), Limits()))
    assert [(2_000, 1), (1, 1_000)] == [(len(b.rows), len(b.rows[0])) for b in found]
    rule = parse_mapping(MAPPING.format(ending="jsonl").encode(), "m.yaml").files[0]
    limits = Limits(file_bytes=1_000_000)
    with pytest.raises(InputError, match="1000 columns of 2001 rows are too many") as caught:
        encoded(blocks_of(lines, rule.form, limits), rule, limits)
    assert "UNPACKED_TOO_LARGE" == caught.value.code


def read_orders(folder: Path, lines: str) -> Any:
    """Orders of JSON Lines read through the mapping of the other tests."""
    (folder / "orders.jsonl").write_text(lines)
    mapping = parse_mapping(MAPPING.format(ending="jsonl").encode(), "m.yaml")
    return read([folder], mapping)


def test_what_no_line_names_is_blank_where_it_may_be(tmp_path: Path) -> None:
    """Law: a column that no record needs may be left out of JSON, and the account counts it."""
    result = read_orders(
        tmp_path,
        '{"Order": "O1", "Product": "tea", "Customer": "A", "Day": "2026-03-01", "Quantity": 5}\n',
    )
    order = record_at(result.tables["SalesOrder"], 0)
    assert ("O1", 5, None) == (order.id, order.quantity_units, order.due_on)
    assert 3 == result.counts["orders.jsonl: columns that no line names"]
    with pytest.raises(InputError, match="the file has no such column") as caught:
        read_orders(
            tmp_path, '{"Order": "O1", "Product": "tea", "Customer": "A", "Day": "2026-03-01"}\n'
        )
    assert ("HEADER_MISSING", "Quantity") == (caught.value.code, caught.value.place.column)


NOON = datetime(2026, 3, 1, 12, 0, 0, 500, UTC)
COLUMNS: dict[str, tuple[Any, list[str]]] = {
    "whole numbers": (pa.array([2**63 - 1, None, -1]), ["9223372036854775807", "", "-1"]),
    "large whole numbers": (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    "floats": (pa.array([0.1, 5.0, 1e22, 1e-7, -0.0]),
               ["0.1", "5", "10000000000000000000000", "0.0000001", "0"]),
    "no numbers": (pa.array([float("nan"), float("inf")]), ["nan", "inf"]),
    "short floats": (pa.array([0.1, 5.0], pa.float32()), ["0.1", "5"]),
    "half floats": (pa.array([0.1, 5.0], pa.float16()), ["0.1", "5"]),
    "decimals": (pa.array([Decimal("14.30"), Decimal("-0.00")]), ["14.30", "0.00"]),
    "small decimals": (pa.array([Decimal("1E-12")]), ["0.000000000001"]),
    "days": (pa.array([date(2026, 3, 1), None]), ["2026-03-01", ""]),
    "long days": (pa.array([date(2026, 3, 1)], pa.date64()), ["2026-03-01"]),
    "instants": (pa.array([datetime(2026, 3, 1), datetime(2026, 3, 1, 9, 5)]),  # noqa: DTZ001
                 ["2026-03-01", "2026-03-01T09:05:00"]),
    "instants in a zone": (pa.array([NOON], pa.timestamp("ns", "Europe/Berlin")),
                           ["2026-03-01T12:00:00.0005Z"]),
    "times": (pa.array([3_600_000_000], pa.time64("us")), ["01:00:00"]),
    "truths": (pa.array([True, False, None]), ["true", "false", ""]),
    "words": (pa.array(["a", None, "b"]).dictionary_encode(), ["a", "", "b"]),
    "views": (pa.array(["a", None], pa.string_view()), ["a", ""]),
    "bytes": (pa.array([b"a", b"\xff", None]), ["a", "0xff", ""]),
    "lists": (pa.array([[1, 2], None, [None]]), ["1|2", "", ""]),
    "lists of fields": (pa.array([[{"n": Decimal("1.50")}]]), ['[{"n":1.50}]']),
    "nothing": (pa.nulls(2), ["", ""]),
    "runs": (pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]), ["a", "a", "b"]),
    "spans": (pa.array([90], pa.duration("s")), ["90"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_typed_columns_are_exact_texts(name: str) -> None:
    """Law: what a typed column says is what a CSV file would say, digit by digit."""
    column, expected = COLUMNS[name]
    assert expected == texts(column, 32)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_floats_are_read_back_the_same(numbers: list[float]) -> None:
    """Law: the text of a float is that very float, without an exponent below 40 digits."""
    found = texts(pa.array(numbers, pa.float64()), 32)
    assert numbers == [float(text) for text in found]
    assert all("e" not in text for text, n in zip(found, numbers, strict=True)
               if 1e-30 < abs(n) < 1e30)  # fmt: skip


READERS = {
    "csv": delimited.blocks, "jsonl": json_lines.blocks, "parquet": parquet_blocks,
    "arrow": arrow_blocks, "xlsx": xlsx_blocks,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_files_are_read_a_block_at_a_time(form: str) -> None:
    """Law: the first rows are there before the file is read whole, and no block is larger."""
    rows = [(f"item {n * 7919 % 10**7:07}", n) for n in range(70_000)]
    stream = io.BytesIO(written(form, ("id", "n"), rows))
    found = READERS[form](stream, Form("x", form), Limits())
    blocks = [next(found)]
    while not blocks[-1].rows:
        blocks.append(next(found))
    if form != "parquet":  # the footer of Parquet stands at the end, and is read first
        assert stream.tell() < len(stream.getvalue())
    blocks += list(found)
    assert [list(map(str, row)) for row in rows] == [row for b in blocks for row in b.rows]
    assert max(len(block.rows) for block in blocks) <= BLOCK_ROWS
    assert len([block for block in blocks if block.rows]) > 1
