"""Tables with a column per thing: a row per cell, with its line and its column."""

import io
import json
from pathlib import Path

import pytest

from feeds.facts.wide import unpivoted
from feeds.formats import blocks, delimited
from feeds.formats.blocks import Form
from feeds.limits import Limits
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.errors import InputError
from tests.feeds.formats.written import written

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: pos
version: 1
known: []
files:
  - file: sales.csv
    wide: {keep: [Date], name: Product, value: Units, leave: [Total], nothing: ["", "-"]}
    principal:
      class: DemandObservation
      fields:
        item: Product
        location: {constant: shop}
        on: Date
        quantity_units: {column: Units, as: decimal, factor: 1, round: nearest}
"""
SALES = "Date,tea,milk,Total\n2026-01-01,3,3.5,7\n2026-01-02,,-,0\n2026-01-03,2.5,0,2\n"


def read_sales(folder: Path, text: str = SALES, limits: Limits | None = None) -> FeedResult:
    """The sales read through the mapping above."""
    (folder / "sales.csv").write_text(text)
    mapping = parse_mapping(MAPPING.encode(), "m.yaml")
    return read([folder], mapping, limits=limits or Limits())


def test_each_cell_becomes_a_row_with_its_line(tmp_path: Path) -> None:
    """Law: every cell is loaded, states nothing or is quarantined; halves round to the even."""
    result = read_sales(tmp_path)
    table = result.tables["DemandObservation"]
    days = table["on"].astype(str).tolist()
    found = list(zip(table["item"], days, table["quantity_units"].tolist(), strict=True))
    assert found == [("milk", "2026-01-01", 4), ("milk", "2026-01-03", 0),
                     ("tea", "2026-01-01", 3), ("tea", "2026-01-03", 2)]  # fmt: skip
    assert [2, 4, 2, 4] == [result.source_of(table.name, row).row for row in range(4)]
    [counts] = result.files
    assert (4, 4, ("Total",)) == (counts.rows, counts.loaded, counts.unread_columns)
    told = {"sales.csv: cells rounded": 2, "sales.csv: cells that state nothing": 2}
    assert told == dict(+result.counts)


def test_each_row_says_its_whole_line(tmp_path: Path) -> None:
    """Law: what a row says in the file is its line, whichever of its cells it was made from."""
    rule = parse_mapping(MAPPING.encode(), "m.yaml").files[0]
    assert rule.wide is not None
    sheet, _ = unpivoted(io.BytesIO(SALES.encode()), rule, rule.wide, Limits())
    first = "2026-01-01,3,3.5,7"
    assert [first, first] == [sheet.said(0), sheet.said(1)]


def test_a_bad_cell_is_named_by_its_own_column(tmp_path: Path) -> None:
    """Law: the other cells of a line stand, and a line that cannot be read is one row."""
    text = SALES + "2026-01-04,many,5,5\n2026-01-05,1\n,,,\n"
    result = read_sales(tmp_path, text)
    expected = [
        "sales.csv, row 5, column `tea`: `many` is not a number in the stated form",
        "sales.csv, row 6: the row has 2 cells, the header 4",
        "sales.csv, row 7: the row is blank",
    ]
    assert expected == [line for line, _ in result.lines()]
    assert ["2026-01-04,many,5,5", "2026-01-05,1", ",,,"] == result.quarantined["text"].tolist()
    [counts] = result.files
    assert (8, 5, 3) == (counts.rows, counts.loaded, counts.quarantined)


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("Day,tea,Total\n1,2,3\n", "HEADER_MISSING", "Date"),
        ("Date,tea\n1,2\n", "HEADER_MISSING", "Total"),
        ("Date,tea,tea ,Total\n1,2,3,4\n", "HEADER_DUPLICATE", "tea"),
        (SALES + "2026-01-04,1,1,1\n", "TOO_MANY_ROWS", ""),
    ],
)
def test_a_wide_table_that_is_none_is_refused(
    text: str, code: str, column: str, tmp_path: Path
) -> None:
    """Law: columns that are missing or stand twice refuse the file; cells count as rows."""
    with pytest.raises(InputError) as caught:
        read_sales(tmp_path, text, Limits(rows_per_file=5))
    assert (code, column) == (caught.value.code, caught.value.place.column)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("keep: [Date], ", "", "key `keep` is missing"),
        ("name: Product", "name: Date", "are different names"),
        ("name: Product", "name: ' '", "are different names"),
        ("leave: [Total]", "skip: [Total]", "key `skip` is not known"),
        ("factor: 1,", "factor: 0,", "a factor is not zero"),
        ("round: nearest", "round: up", "`up` is not possible"),
    ],
)
def test_a_wide_table_is_stated_whole(old: str, new: str, says: str) -> None:
    """Law: a slip in the mapping is refused at its line."""
    with pytest.raises(InputError, match=says):
        parse_mapping(MAPPING.replace(old, new).encode(), "m.yaml")


def test_a_field_that_comes_late_was_blank_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: of JSON Lines every line has each column that any of them names, block by block."""
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 1)
    late = [{"Date": "2026-01-01", "tea": 3, "Total": 7}] * 2 + [
        {"Date": "2026-01-02", "tea": 4, "milk": 5, "Total": 9}
    ]
    lines = "".join(json.dumps(line) + "\n" for line in late)
    (tmp_path / "sales.jsonl").write_text(lines)
    mapping = parse_mapping(MAPPING.replace("sales.csv", "sales.jsonl").encode(), "m.yaml")
    result = read([tmp_path], mapping)
    table = result.tables["DemandObservation"]
    assert ["milk", "tea", "tea"] == table["item"].tolist()
    assert 2 == result.counts["sales.jsonl: cells that state nothing"]


def test_a_packed_table_says_its_cells(tmp_path: Path) -> None:
    """Law: where the file is no text, what a quarantined row says are the cells made of it."""
    rows = [("2026-01-01", "3", "x", "7"), ("2026-01-02", "4", "5", "9")]
    data = written("parquet", ("Date", "tea", "milk", "Total"), rows)
    (tmp_path / "sales.parquet").write_bytes(data)
    mapping = parse_mapping(MAPPING.replace("sales.csv", "sales.parquet").encode(), "m.yaml")
    result = read([tmp_path], mapping)
    assert ["2026-01-01,milk,x"] == result.quarantined["text"].tolist()
    assert ["milk"] == result.quarantined["column"].tolist()
    assert 3 == len(result.tables["DemandObservation"])


def test_a_wide_file_is_read_some_lines_at_a_time() -> None:
    """Law: a block has so many cells at most, however many columns there are."""
    line = b",".join([b"1"] * 1_000) + b"\n"
    found = list(delimited.blocks(io.BytesIO(line * 2_001), Form("x"), Limits()))
    assert [1_048, 952] == [len(block.rows) for block in found]
