"""The same content in every format: the same cells, the same facts, the same refusals."""

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.formats import delimited, json_lines
from feeds.formats.blocks import Block, Form
from feeds.formats.tables import arrow_blocks, parquet_blocks
from feeds.formats.worksheet import xlsx_blocks
from feeds.limits import Limits
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from tests.feeds.formats.written import FORMATS, Cell, arrow_bytes, plain, written

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: [Item]
files:
  - file: orders.{ending}
    principal:
      class: SalesOrder
      fields:
        id: Order
        item: Product
        customer: Customer
        quantity_units: Quantity
        ordered_on: Day
        due_on: {{column: Due, missing: [never]}}
        weight_micrograms: {{column: Weight, as: decimal, factor: 1000000000}}
        service: {{column: Fast, as: enum, values: {{"true": fast, "false": slow}}}}
    derived:
      - class: Item
        when: Product
        fields: {{id: Product}}
"""
HEADER = ("Order", "Product", "Customer", "Quantity", "Day", "Due", "Weight", "Fast")
SOUND = ("last", "tea", "ACME", 1, date(2026, 3, 1), None, Decimal("14.3000"), True)
TEXTS = st.one_of(
    st.sampled_from(["tea", " tea ", "O1", "O2", "=1+1", "-", "@x", 'q"q', "a,b", "1e3", "007",
                     "line\nend", "tab\tend", "_x0041_", "x\r", "Ünïcødé ✓ 𝄞", "null"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)  # fmt: skip
DECIMALS = st.decimals(-(10**9), 10**9, places=4, allow_nan=False, allow_infinity=False)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS,
        st.none() | st.integers(-5, 2**53), st.none() | st.dates(), st.none() | st.dates(),
        st.none() | DECIMALS, st.none() | st.booleans(),
    ),
    max_size=20,
)  # fmt: skip
READERS = {
    "csv": delimited.blocks, "jsonl": json_lines.blocks, "parquet": parquet_blocks,
    "arrow": arrow_blocks, "xlsx": xlsx_blocks,
}  # fmt: skip
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY = settings(max_examples=60, deadline=None)


def blocks(form: str, data: bytes) -> Iterator[Block]:
    """The blocks of a file, decoded in this process."""
    stream: BinaryIO = io.BytesIO(data)
    return READERS[form](stream, Form(f"x.{form}", form), Limits())


def cells(form: str, data: bytes) -> list[list[str]]:
    """All rows in the order of HEADER, a blank row as no cells."""
    found = [
        dict(zip(block.header, row, strict=True)) if any(row) else {}
        for block in blocks(form, data)
        for row in block.rows
    ]
    return [[row.get(name, "") for name in HEADER] if row else [] for row in found]


def read_as(folder: Path, form: str, rows: list[tuple[Cell, ...]]) -> FeedResult:
    """The rows and a sound one, written in a format and read through the mapping."""
    path = folder / f"orders.{form}"
    path.write_bytes(written(form, HEADER, [*rows, SOUND]))
    return read([path], parse_mapping(MAPPING.format(ending=form).encode(), "m.yaml"))


@MANY
@given(rows=ROWS)
def test_cells_are_the_same_in_every_format(rows: list[tuple[Cell, ...]]) -> None:
    """Law: texts, numbers and days of any kind become the cells that a CSV file would have."""
    whole = [*rows, SOUND]
    expected = [[plain(cell) for cell in row] for row in whole]
    expected = [row if any(row) else [] for row in expected]
    for form in ("csv", "jsonl", "parquet", "arrow"):
        assert expected == cells(form, written(form, HEADER, whole)), form
    assert expected == cells("arrow", arrow_bytes(HEADER, whole, as_stream=True))
    short = [[*row[:6], _short(row[6]), *row[7:]] if row else row for row in expected]
    assert short == cells("xlsx", written("xlsx", HEADER, whole))


def _short(text: str) -> str:
    """A decimal as a workbook has it, which keeps no zeros behind the mark."""
    return (text.rstrip("0").rstrip(".") if text.strip("-0.") else "0") if text else ""


@FEW
@given(rows=ROWS)
def test_facts_are_the_same_in_every_format(rows: list[tuple[Cell, ...]], tmp_path: Path) -> None:
    """Law: tables of one digest, and rows refused for the same reasons, whatever the format."""
    results = {form: read_as(tmp_path, form, rows) for form in FORMATS}
    digests = {k: t.digest for k, t in results["csv"].tables.items()}
    refused = _refused(results["csv"])
    for form, result in results.items():
        assert digests == {k: t.digest for k, t in result.tables.items()}, form
        assert refused == _refused(result), form


def _refused(result: FeedResult) -> list[tuple[str, str]]:
    table = result.quarantined
    return list(zip(table["code"].tolist(), table["column"].tolist(), strict=True))


@pytest.mark.parametrize(("form", "row"), [("csv", 4), ("jsonl", 3), ("parquet", 3), ("arrow", 3),
                                           ("xlsx", 4)])  # fmt: skip
def test_a_refused_row_has_the_number_that_a_person_looks_up(
    form: str, row: int, tmp_path: Path
) -> None:
    """Law: the line of text, the row of a sheet, the row of a table from 1; and what it says."""
    bad = ("O2", "tea", "A,B", -3, date(2026, 3, 1), None, None, None)
    first = ("O1", *SOUND[1:])
    result = read_as(tmp_path, form, [first, SOUND, bad])
    [line] = [line for line, _ in result.lines()]
    assert line.startswith(f"orders.{form}, row {row}, column `Quantity`: ")
    assert "A,B" in result.quarantined["text"][0]
