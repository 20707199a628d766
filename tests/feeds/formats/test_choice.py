"""Which format a file is read as: by its ending, or as the mapping states."""

from pathlib import Path

import pytest

from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.errors import InputError
from tests.feeds.formats.written import FORMATS, sheet, workbook, written

FILE = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: []
files:
  - file: {file}
    principal: {{class: Item, fields: by_header}}
"""
BY_CLASS = FILE[: FILE.index("files:")] + "files: by_class\n"
ITEMS = (("id", "base_unit"), [("tea", "each"), ("milk", "litre")])


def mapping_of(file: str, **stated: str) -> str:
    """The text of a mapping of one file of items."""
    lines = "".join(f"    {key}: {value}\n" for key, value in stated.items())
    return FILE.format(file=file) + lines


@pytest.mark.parametrize(
    ("file", "stated", "expected"),
    [
        ("a.csv", {}, "csv"), ("a.txt", {}, "csv"), ("a", {}, "csv"), ("a.JSONL", {}, "jsonl"),
        ("a.ndjson", {}, "jsonl"), ("a.parquet", {}, "parquet"), ("a.feather", {}, "arrow"),
        ("a.arrows", {}, "arrow"), ("b.c/a.xlsx", {"sheet": "Stock"}, "xlsx"),
        ("a.txt", {"format": "jsonl"}, "jsonl"), ("a.xls", {"format": "xlsx"}, "xlsx"),
        ("a.xlsx", {"format": "csv", "delimiter": ";"}, "csv"),
    ],
)  # fmt: skip
def test_the_ending_says_the_format_unless_one_is_stated(
    file: str, stated: dict[str, str], expected: str
) -> None:
    """Law: the ending counts, in any letters, until the mapping says otherwise."""
    [rule] = parse_mapping(mapping_of(file, **stated).encode(), "m.yaml").files
    assert (expected, stated.get("sheet", "")) == (rule.format, rule.sheet)


@pytest.mark.parametrize(
    ("file", "stated", "says"),
    [
        ("a.xls", {}, "`.xls` files are not read"),
        ("a.ods", {}, "`.ods` files are not read"),
        ("a.csv", {"format": "xml"}, "`xml` is not possible here"),
        ("a.csv", {"sheet": "Stock"}, "`sheet` is for xlsx, and this file is csv"),
        ("a.xlsx", {"delimiter": ";"}, "`delimiter` is for csv, and this file is xlsx"),
        ("a.jsonl", {"encoding": "latin-1"}, "`encoding` is for csv, and this file is jsonl"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_format_is_refused(
    file: str, stated: dict[str, str], says: str
) -> None:
    """Law: a key that would do nothing is a fault of the mapping, with a hint."""
    with pytest.raises(InputError) as caught:
        parse_mapping(mapping_of(file, **stated).encode(), "m.yaml")
    assert (says, True) == (caught.value.what, bool(caught.value.hint and caught.value.place.row))


def test_a_mapping_of_csv_keeps_its_digest() -> None:
    """Law: what says nothing new does not change a mapping; another format or sheet does."""
    texts = [
        mapping_of("a.txt"), mapping_of("a.txt", format="csv"), mapping_of("a.txt", format="jsonl"),
        mapping_of("a.txt", format="xlsx"), mapping_of("a.txt", format="xlsx", sheet="S"),
    ]  # fmt: skip
    digests = [parse_mapping(text.encode(), "m.yaml").digest for text in texts]
    assert digests[0] == digests[1]
    assert 4 == len(set(digests))
    rule = parse_mapping(texts[0].encode(), "m.yaml").files[0]
    assert {"file", "encoding", "delimiter", "optional", "records"} == set(rule.document())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("as_folder", [True, False])
def test_a_file_per_class_in_any_format(form: str, as_folder: bool, tmp_path: Path) -> None:
    """Law: `by_class` knows a class by its file's name, whatever its ending."""
    path = tmp_path / f"items.{form}"
    path.write_bytes(written(form, *ITEMS))
    result = read([tmp_path if as_folder else path], parse_mapping(BY_CLASS.encode(), "m.yaml"))
    assert ["milk", "tea"] == result.tables["Item"]["id"].tolist()
    assert f"items.{form}" == str(result.source_of("Item", 0).file)


@pytest.mark.parametrize(("name", "code"), [
    ("items.csv", "FILE_TWICE"), ("itemz.parquet", "FILE_NOT_MAPPED"), ("x.xls", "FILE_NOT_MAPPED"),
])  # fmt: skip
def test_no_table_of_a_folder_is_left_unread(name: str, code: str, tmp_path: Path) -> None:
    """Law: two formats of one class, or a table that no class is named like, refuse the feed."""
    (tmp_path / "items.jsonl").write_bytes(written("jsonl", *ITEMS))
    (tmp_path / name).write_bytes(b"id\n")
    with pytest.raises(InputError) as caught:
        read([tmp_path], parse_mapping(BY_CLASS.encode(), "m.yaml"))
    assert code == caught.value.code


def test_a_named_sheet_is_read(tmp_path: Path) -> None:
    """Law: the mapping says which sheet of a workbook is meant, and a missing column is its own."""
    row = '<row r="4"><c r="A4" t="inlineStr"><is><t>{}</t></is></c></row>'
    sheets = [sheet(row.format(name)) for name in ("id", "ID")]
    (tmp_path / "items.xlsx").write_bytes(workbook(*sheets))
    read([tmp_path], parse_mapping(mapping_of("items.xlsx", sheet="Stock").encode(), "m.yaml"))
    with pytest.raises(InputError, match=r"^items.xlsx, row 4, column `id`: the file has no such"):
        read([tmp_path], parse_mapping(mapping_of("items.xlsx", sheet="Notes").encode(), "m.yaml"))
