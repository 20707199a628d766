"""The integrator's guide and the shipped example say what the product does."""

import re
from pathlib import Path

from feeds.mapping_text import load_mapping, parse_mapping
from feeds.reading import read
from feeds.refusals import HINTS
from ontology.columns import record_at

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
    source = "".join((ROOT / "feeds" / name).read_text() for name in ("files.py", "delimited.py"))
    codes = set(re.findall(r'"((?:FILE|TOO|LINE|HEADER|WRONG|NUL|BROKEN)_[A-Z_]+)"', source))
    assert sorted(code for code in codes if f"`{code}`" not in GUIDE) == []


def test_two_hubs_loads_whole() -> None:
    """Law: the example loads without a quarantined row, and no file of it is left unread."""
    mapping = load_mapping(TWO_HUBS / "mapping.yaml")
    result = read([TWO_HUBS], mapping)
    assert result.lines() == []
    assert {path.name for path in TWO_HUBS.glob("*.csv")} == {f.file for f in result.files}
    assert all(counts.rows == counts.loaded for counts in result.files)
