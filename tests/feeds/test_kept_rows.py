"""Rows that were set aside are found again in their files, whatever the format, and read again."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from feeds.kept_rows import KeptRows, kept_rows
from feeds.mapping import Mapping
from feeds.mapping_text import parse_mapping
from feeds.mended import Delivered, changed, read_again
from feeds.reading import read
from feeds.result import FeedResult
from ontology.columns import Snapshot
from ontology.errors import InputError, Place

HEAD = "format: evenkeel-mapping/1\nchain: c\nsource: s\nversion: 1\nknown: []\nfiles:\n"
PRINCIPAL = """
    principal:
      class: DemandObservation
      fields: {item: item, location: place, on: {column: day, as: date, format: yyyy-mm-dd},
               quantity_units: units}
"""
LONG = HEAD + "  - file: NAME\n    format: FORM" + PRINCIPAL
WIDE = (
    HEAD
    + "  - file: NAME\n    format: FORM\n    wide: {keep: [day, place], name: item, value: units}"
    + PRINCIPAL
)
DAY = date(2026, 3, 2)
NOTE = 'two lines,\nhe "said"'
ROWS = [("a", "x,1", "3"), ("b", 'said "y"', "many"), ("c", "x", "4")]


def written(folder: Path, form: str) -> Path:
    """The rows as a file of a format."""
    path = folder / f"demand.{form}"
    if form == "jsonl":
        names = ("item", "place", "units", "day", "note")
        lines = [json.dumps(dict(zip(names, (*row, str(DAY), NOTE), strict=True))) for row in ROWS]
        path.write_text("\n".join(lines))
        return path
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("item", "place", "units", "day", "note"),
                                    *((*row, DAY, NOTE) for row in ROWS)])  # fmt: skip
    return path


def delivered(path: Path, text: str) -> tuple[Mapping, FeedResult, KeptRows]:
    """A file read by a mapping, and the rows that were set aside, found again."""
    form = path.suffix[1:]
    text = text.replace("NAME", path.name).replace("FORM", form)
    mapping = parse_mapping(text.encode(), "m.yaml")
    result = read([path], mapping)
    return mapping, result, kept_rows(result.quarantined, result.files, [path], mapping)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_row_is_found_and_read_again(tmp_path: Path, form: str) -> None:
    """The cells as they were, also where a cell holds commas, marks and line ends; and mended."""
    mapping, result, kept = delivered(written(tmp_path, form), LONG)
    (cells,) = kept.quarantined["cells"]
    (place,) = zip(kept.quarantined["file"], kept.quarantined["row"].tolist(), strict=True)
    assert ("b", 'said "y"', "many", str(DAY), NOTE) == cells
    assert [f"b/said%20%22y%22/{DAY}"] == kept.quarantined["fact_key"].tolist()
    digests = {file.file: file.digest for file in result.files}
    told = Delivered(mapping, kept.headers, digests)
    again = read_again({place: cells}, told, Snapshot(0, {}), DAY)
    assert result.quarantined["reason"].tolist() == again.quarantined["reason"].tolist()
    assert place == (again.quarantined["file"][0], int(again.quarantined["row"][0]))
    header = kept.headers[place[0]]
    mended = changed(header, cells, {"units": "5"}, Place(*place))
    found = read_again({place: mended}, told, Snapshot(0, {}), DAY)
    (row,) = found.sources["DemandObservation"].tolist()
    assert ([5], [0, place[1]]) == (
        found.tables["DemandObservation"]["quantity_units"].tolist(), row)  # fmt: skip
    assert digests == {file.file: file.digest for file in found.files}


def test_a_line_of_a_wide_table_is_read_again_whole(tmp_path: Path) -> None:
    """One bad cell is one row set aside; mended, the whole line is read again."""
    path = tmp_path / "wide.csv"
    path.write_text(f"day,place,a,b\n{DAY},x,1,2\n{DAY},y,3,many\n")
    mapping, result, kept = delivered(path, WIDE)
    assert [(3, "b")] == list(zip(result.quarantined["row"].tolist(), result.quarantined["column"],
                                  strict=True))  # fmt: skip
    (cells,) = kept.quarantined["cells"]
    mended = changed(kept.headers["wide.csv"], cells, {"b": "4"}, Place("wide.csv", 3))
    told = Delivered(mapping, kept.headers, {})
    found = read_again({("wide.csv", 3): mended}, told, Snapshot(0, {}), DAY)
    assert [3, 4] == found.tables["DemandObservation"]["quantity_units"].tolist()


def test_another_file_of_the_name_gives_no_cells(tmp_path: Path) -> None:
    """Cells are those that were read: a file that changed since gives none."""
    path = written(tmp_path, "csv")
    mapping, result, _ = delivered(path, LONG)
    path.write_text(path.read_text() + "\n")
    kept = kept_rows(result.quarantined, result.files, [path], mapping)
    assert ([()], {}) == (kept.quarantined["cells"].tolist(), kept.headers)


def test_a_ragged_row_wants_every_column() -> None:
    """Which cell is which is not known, so all are stated, or none."""
    place = Place("f.csv", 2)
    assert ("1", "2") == changed(("a", "b"), ("x",), {"a": "1", "b": "2"}, place)
    for changes, code in (({"a": "1"}, "ROW_RAGGED"), ({"c": "1"}, "COLUMN_UNKNOWN")):
        with pytest.raises(InputError) as refused:
            changed(("a", "b"), ("x",), changes, place)
        assert code == refused.value.code
