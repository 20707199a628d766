"""Laws of columns that name persons: a pseudonym stands in every cell, and no name anywhere."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from feeds.kept_rows import kept_rows
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.errors import InputError
from ontology.pseudonyms import is_pseudonym
from tests.feeds.formats.written import written

MAPPING = """
format: evenkeel-mapping/1
chain: c
source: crm
version: 1
known: []
files:
  - file: FILE
    pseudonyms: [buyer, phone]
    principal:
      class: Customer
      fields: {id: {column: buyer, missing: [n/a]}, name: label, country: country}
"""
HEADER = ["buyer", "label", "country", "phone"]
ROWS = [
    ["Ann Arbour", "first", "DE", "+49 1"], ["Bo Barge", "second", "NL", "+31 2"],
    [" Ann Arbour ", "first", "DE", ""], ["Cy Canal", "third", "US", "+00 3"],
    ["Cy Canal", "otherwise", "US", ""], ["n/a", "fourth", "FR", ""], ["", "fifth", "FR", ""],
]  # fmt: skip
NAMES = ["Ann Arbour", "Bo Barge", "Cy Canal", "+49 1", "+31 2", "+00 3"]


def given(names: Iterable[str]) -> dict[str, str]:
    """A pseudonym per name, the same every time."""
    return {name: f"person:{sum(name.encode()):032x}" for name in names}


def said(result: FeedResult) -> str:
    """All that a reading holds, as text."""
    tables = [*result.tables.values(), result.quarantined]
    return repr([[column.tolist() for column in table.columns.values()] for table in tables])


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "parquet", "arrow"])
def test_no_name_comes_out_of_any_format(tmp_path: Path, form: str) -> None:
    """In facts, rows set aside, their texts and kept cells: pseudonyms; blank cells stay blank."""
    path = tmp_path / f"buyers.{form}"
    path.write_bytes(written(form, HEADER, ROWS))
    mapping = parse_mapping(MAPPING.replace("FILE", path.name).encode(), "mapping.yaml")
    result = read([path], mapping, pseudonyms=given)
    found = result.tables["Customer"]
    expected = sorted(given(["Ann Arbour", "Bo Barge"]).values())
    assert (expected, ["DE", "NL"]) == (
        found["id"].tolist(), sorted(found["country"].tolist()))  # fmt: skip
    codes = ["BLANK_CELL", "BLANK_CELL", *["DUPLICATE_KEY_CONFLICT"] * 2]
    assert codes == sorted(result.quarantined["code"].tolist())
    kept = kept_rows(result.quarantined, result.files, [path], mapping, pseudonyms=given)
    cells = [list(row) for row in kept.quarantined["cells"]]
    assert given(["Cy Canal"])["Cy Canal"] in [row[0] for row in cells]
    assert {"n/a", ""} < {row[0] for row in cells}
    everything = said(result) + repr(cells) + repr(kept.quarantined["text"].tolist())
    assert [] == [name for name in NAMES if name in everything]


def test_a_ragged_row_says_nothing(tmp_path: Path) -> None:
    """Where a cell too many stands, any cell may be the name: none is shown or kept."""
    path = tmp_path / "buyers.csv"
    path.write_text("buyer,label,country,phone\nx,Ann,Arbour,DE,+49 1\nBo,l,NL,\n")
    mapping = parse_mapping(MAPPING.replace("FILE", path.name).encode(), "mapping.yaml")
    result = read([path], mapping, pseudonyms=given)
    assert ["?,?,?,?,?"] == result.quarantined["text"].tolist()
    kept = kept_rows(result.quarantined, result.files, [path], mapping, pseudonyms=given)
    assert [("?",) * 5] == kept.quarantined["cells"].tolist()


def test_an_object_in_place_of_a_name_says_nothing(tmp_path: Path) -> None:
    """Where one line of many writes a person as an object, its fields name the person, too."""
    path = tmp_path / "buyers.jsonl"
    path.write_text(
        '{"buyer": "Bo Barge", "label": "a", "country": "NL", "phone": ""}\n'
        '{"buyer": {"name": "Ann Arbour", "also": {"call": ["+49 1"]}}, "label": "b"}\n'
        '{"buyer": [{"name": "Cy Canal"}], "label": "c", "country": "no land"}\n'
    )
    mapping = parse_mapping(MAPPING.replace("FILE", path.name).encode(), "mapping.yaml")
    result = read([path], mapping, pseudonyms=given)
    assert 1 <= len(result.quarantined)
    kept = kept_rows(result.quarantined, result.files, [path], mapping, pseudonyms=given)
    everything = said(result) + repr(
        [column.tolist() for column in kept.quarantined.columns.values()]
    )
    assert [] == [name for name in NAMES if name in everything]


def test_without_a_lookup_nobody_is_named(tmp_path: Path) -> None:
    """A reading that is given no pseudonyms makes new ones; a pseudonym stands for itself."""
    path = tmp_path / "buyers.csv"
    one = given(["Dee"])["Dee"]
    path.write_text(f"buyer,label,country,phone\nAnn,l,DE,\n{one},m,DE,\n")
    mapping = parse_mapping(MAPPING.replace("FILE", path.name).encode(), "mapping.yaml")
    found = [read([path], mapping).tables["Customer"]["id"].tolist() for _ in range(2)]
    assert all(map(is_pseudonym, [*found[0], *found[1]]))
    assert {one} == set(found[0]) & set(found[1])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("[buyer, phone]", "[buyer, fone]"), "HEADER_MISSING"),
        (("[buyer, phone]", "buyer"), "MAPPING_VALUE"),
        (("pseudonyms:", "wide: {keep: [label], name: n, value: v}\n    pseudonyms:"),
         "MAPPING_VALUE"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_no_small_thing(
    tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    """A name that the mapping misspells would stay in clear: the file is refused."""
    path = tmp_path / "buyers.csv"
    path.write_text("buyer,label,country,phone\nAnn,l,DE,1\n")
    text = MAPPING.replace("FILE", path.name).replace(*change).encode()
    with pytest.raises(InputError) as refused:
        read([path], parse_mapping(text, "mapping.yaml"), pseudonyms=given)
    assert code == refused.value.code


def test_a_mapping_that_names_persons_means_something_else() -> None:
    """Its digest is another, so nothing that was read without pseudonyms counts as the same."""
    whole = parse_mapping(MAPPING.encode(), "m.yaml")
    without = parse_mapping(MAPPING.replace("    pseudonyms: [buyer, phone]\n", "").encode(), "m")
    assert whole.digest != without.digest
