"""The integrator's guide and the shipped example say what the product does."""

import csv
import re
from dataclasses import fields
from datetime import date
from pathlib import Path

from feeds.epcis.reading import MOST_LINES
from feeds.formats.blocks import FORMAT_OF_ENDING, LONGEST_CELL
from feeds.json_text import DEPTH, LONGEST_PART
from feeds.limits import MAPPING_BYTES, Limits
from feeds.mapping_text import load_mapping, parse_mapping
from feeds.rdf.nodes import MOST_TRIPLES
from feeds.reading import read
from feeds.refusals import HINTS
from ontology.columns import record_at
from ontology.movement_kinds import EITHER, IN, MOVEMENT_KINDS, OUT
from tests.feeds.formats.written import written

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/integrating.md").read_text()
TWO_HUBS = ROOT / "examples/two_hubs"


def block(after: str, mark: str) -> str:
    """The first fenced block behind a passage of the guide."""
    return GUIDE[GUIDE.index(after) :].split(f"```{mark}\n", 1)[1].split("```", 1)[0]


def test_first_steps_work_as_written(tmp_path: Path) -> None:
    """Law: the guide's file and mapping load, and its complaint is the one that is printed."""
    rows = block("**1.", "")
    expected = block("**4.", "").splitlines()
    filler = "".join(f"F{i};SOUTH;1;0;26.05.2013\n" for i in range(3))
    (tmp_path / "stock.csv").write_text(rows + filler + "B;SOUTH;n/a;0;26.05.2013\n")
    mapping = parse_mapping(block("**3.", "yaml").encode(), "mapping.yaml")
    result = read([tmp_path / "stock.csv"], mapping)
    assert [expected[0], expected[1].strip()] == list(result.lines()[0])
    first = record_at(result.tables["StockPosition"], 0)
    found = (first.item, first.location, first.on_hand_units, str(first.counted_on))
    assert found == ("A-100", "NORTH", 1250, "2013-05-26")


def test_every_code_of_a_row_is_explained() -> None:
    """Law: the guide's table holds each code with the hint that the product gives."""
    checked = GUIDE.partition("## What is checked")[2].partition("\n## ")[0]
    found = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", checked, re.MULTILINE))
    assert found == HINTS


def test_every_code_of_a_file_is_listed() -> None:
    """Law: a code that refuses a file is in the guide."""
    paths = [
        *(ROOT / "feeds/formats").glob("*.py"),
        ROOT / "feeds/files.py",
        ROOT / "feeds/digested.py",
        ROOT / "feeds/limits.py",
    ]
    starts = (
        "BROKEN|CELL|COLUMN|DECODING|FILE|FORMULA|HEADER|JSON|LINE|NUL|SHEET|TOO|UNPACKED|WRONG"
    )
    source = "".join(path.read_text() for path in paths)
    codes = set(re.findall(rf'"((?:{starts})_[A-Z_]+)"', source))
    assert {"FILE_TWICE", "TOO_MANY_ROWS", "FORMULA_NO_VALUE", "COLUMN_TOO_DEEP"} < codes
    assert sorted(code for code in codes if f"`{code}`" not in GUIDE) == []


def test_every_kind_of_movement_is_listed() -> None:
    """Law: the guide's table has each kind, the way its units go, and what it says."""
    table = GUIDE[GUIDE.index("| kind | units | what it says |") :].split("\n\n", 1)[0]
    ways = {IN: "in, +", OUT: "out, -", EITHER: "either"}
    expected = [f"| `{name}` | {ways[kind.direction]} | {kind.meaning} |"
                for name, kind in MOVEMENT_KINDS.items()]  # fmt: skip
    assert expected == table.splitlines()[2:]


def test_every_format_is_listed_with_its_endings() -> None:
    """Law: the guide's table has each format with the endings by which it is known."""
    table = GUIDE[GUIDE.index("| format | endings |") :].split("\n\n", 1)[0]
    found = {
        ending: row.split("`")[1]
        for row in table.splitlines()[2:]
        for ending in re.findall(r"`(\.[a-z]+)`", row.split(" | ")[1])
    }
    assert found == FORMAT_OF_ENDING


def test_every_limit_is_told() -> None:
    """Law 9: the guide's table has each limit with the number and the code that the product has."""
    table = GUIDE[GUIDE.index("| limit | most | code |") :].split("\n\n", 1)[0].splitlines()[2:]
    found = [line.strip("| ").split(" | ") for line in table]
    limits = Limits()
    names = [one.name for one in fields(limits) if one.name != "last_day"]
    stated = [getattr(limits, name) for name in names]
    others = [LONGEST_CELL, LONGEST_PART, MOST_LINES, MOST_TRIPLES, DEPTH, MAPPING_BYTES]
    assert LONGEST_CELL == csv.field_size_limit()
    # the bytes of a file bound what is packed a second time, as text
    expected = sorted([*stated, *others, limits.file_bytes])
    assert expected == sorted(int(most.replace(",", "")) for _, most, _ in found)
    source = "".join(path.read_text() for path in (ROOT / "feeds").rglob("*.py"))
    codes = {code for *_, last in found for code in re.findall("`([A-Z_]+)`", last)}
    assert set() == {code for code in codes if f'"{code}"' not in source}


def test_the_excel_example_works_as_written(tmp_path: Path) -> None:
    """Law: the guide's sheet, typed as it says, loads through the guide's mapping."""
    header, *rows = [
        [cell.strip() for cell in line.split("|")]
        for line in block("A sheet `Stock`", "").splitlines()
    ]
    typed = [[a, b, int(c), date.fromisoformat(d)] for a, b, c, d in rows]
    (tmp_path / "stock.xlsx").write_bytes(written("xlsx", header, typed))
    result = read([tmp_path], parse_mapping(block("is read by", "yaml").encode(), "m.yaml"))
    assert result.lines() == []
    first = record_at(result.tables["StockPosition"], 0)
    found = (first.item, first.location, first.on_hand_units, str(first.counted_on))
    assert found == ("A-100", "NORTH", 1250, "2013-05-26")
    assert str(result.source_of("StockPosition", 0)) == "stock.xlsx, row 2"


def test_two_hubs_loads_whole() -> None:
    """Law: the example loads without a quarantined row, and no file of it is left unread."""
    mapping = load_mapping(TWO_HUBS / "mapping.yaml")
    result = read([TWO_HUBS], mapping)
    assert result.lines() == []
    assert {path.name for path in TWO_HUBS.glob("*.csv")} == {f.file for f in result.files}
    assert all(counts.rows == counts.loaded for counts in result.files)
