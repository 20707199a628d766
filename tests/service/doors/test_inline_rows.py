"""Rows as objects: whatever stands in a cell, the file that is made of them says it again."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.mapping import FileRule
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.columns import record_at
from ontology.errors import InputError
from service.doors.inline_rows import MOST_ROWS, text_of_rows

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: wms
version: 1
known: []
files:
  - file: FILE
    FORM
    principal: {class: Item, fields: {id: id, name: name, shelf_life_days: life}}
"""
FORMS = {"items.csv": 'delimiter: ";"', "items.jsonl": "optional: false"}
CELLS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=5)
ROWS = st.lists(st.fixed_dictionaries({"name": CELLS, "life": st.integers(0, 99) | st.none()}),
                min_size=1, max_size=5)  # fmt: skip


def rule(file: str) -> FileRule:
    """The rule of a file of items."""
    return parse_mapping(text(file), "m.yaml").files[0]


def text(file: str) -> bytes:
    """The mapping of a file of items."""
    return MAPPING.replace("FILE", file).replace("FORM", FORMS[file]).encode()


@pytest.mark.parametrize("file", FORMS)
@given(rows=ROWS)
def test_what_is_stated_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, file: str, rows: list[dict[str, str | int | None]]
) -> None:
    """Law: delimiters, quotes and line breaks in a cell stay in it; null is not stated."""
    named = [{"id": f"i{at}", **row} for at, row in enumerate(rows)]
    folder: Path = tmp_path_factory.mktemp("rows")
    (folder / file).write_text(text_of_rows(named, rule(file)), encoding="utf-8", newline="")
    found = read([folder / file], parse_mapping(text(file), "m.yaml"))
    stated = {row["id"]: (str(row["name"]).strip(), row["life"]) for row in named}
    table = found.tables.get("Item")
    read_back = [] if table is None else [record_at(table, row) for row in range(len(table))]
    refused = len(found.quarantined)
    assert len(named) == len(read_back) + refused
    for item in read_back:
        assert stated[item.id] == (item.name, item.shelf_life_days)
    assert refused == sum(str(row["name"]).strip()[:1] in tuple("=+-@＝＋－＠") for row in named
                          if str(row["name"]).strip())  # fmt: skip


def test_a_cell_is_what_the_same_table_would_say() -> None:
    """Law: truths are `true` and `false`, null is blank, and a column that a row lacks, too."""
    rows = [{"id": "a", "is": True, "n": 7}, {"id": "b;", "is": False, "x": None}]
    assert 'id;is;n;x\na;true;7;\n"b;";false;;\n' == text_of_rows(rows, rule("items.csv"))


@pytest.mark.parametrize("rows", [[], [{}], [1], [{"id": 0.5}], [{"id": {}}],
                                  [{"id": 1}] * (MOST_ROWS + 1)])  # fmt: skip
def test_what_is_no_row_is_refused(rows: list[object]) -> None:
    """Law: a cell that would not stay what it is is named, and nothing is taken."""
    with pytest.raises(InputError) as refused:
        text_of_rows(rows, rule("items.csv"))
    assert "ROWS_INVALID" == refused.value.code


@pytest.mark.parametrize("form", ["parquet", "arrow", "xlsx", "epcis", "rdf"])
def test_other_formats_come_by_their_own_door(form: str) -> None:
    """Law: what is no table of text has no plain rows."""
    with pytest.raises(InputError) as refused:
        text_of_rows([{"id": "a"}], replace(rule("items.csv"), format=form))
    assert "MEDIA_TYPE" == refused.value.code
