"""The real data sets written in other formats: the shipped mappings bring the same facts."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from feeds.mapping import Mapping
from feeds.mapping_text import load_mapping, parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from tests.feeds.formats.written import jsonl_bytes, letters, sheet, workbook, xml

pa: Any = pyarrow
ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
BRUNEL = SHARED / "data" / "brunel_logistics"
GRAPH = SHARED / "data" / "supplygraph" / "raw" / "Homogenoeus"
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
FORMS = ("jsonl", "parquet", "arrow", "xlsx")


def is_number(text: str) -> bool:
    """Whether a text is what a 64-bit float is written as, in up to 15 digits."""
    return bool(NUMBER.fullmatch(text)) and len(text.strip("-").replace(".", "")) <= 15


def columns_of(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header of a CSV file and its rows."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def typed(cells: tuple[str, ...]) -> Any:
    """A column of numbers where all its cells are such, blank ones null; else of texts."""
    stated = [cell for cell in cells if cell.strip()]
    if all(cell.isdecimal() and is_number(cell) for cell in stated):
        return pa.array([int(cell) if cell.strip() else None for cell in cells], pa.int64())
    if all(is_number(cell) and repr(float(cell)) == cell for cell in stated):
        return pa.array([float(cell) if cell.strip() else None for cell in cells], pa.float64())
    return pa.array(cells)


def converted(header: list[str], rows: list[list[str]], form: str, path: Path) -> None:
    """The rows in another format, numbers as numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "jsonl":
        path.write_bytes(jsonl_bytes(header, rows))
        return
    if form == "xlsx":
        lines = (
            "".join(
                f'<c r="{letters(at)}{n}"><v>{cell}</v></c>' if is_number(cell) else
                f'<c r="{letters(at)}{n}" t="inlineStr"><is><t>{xml(cell)}</t></is></c>'
                for at, cell in enumerate(row)
            )
            for n, row in enumerate([header, *rows], 1)
        )  # fmt: skip
        path.write_bytes(workbook(sheet("".join(f"<row>{line}</row>" for line in lines))))
        return
    table = pa.table([typed(cells) for cells in zip(*rows, strict=True)], names=header)
    if form == "parquet":
        pa.parquet.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)


def in_form(folder: Path, data: Path, name: str, form: str) -> FeedResult:
    """A data set written below a folder in another format, read through its shipped mapping."""
    shipped = load_mapping(ROOT / "feeds/mappings" / name)
    text = (ROOT / "feeds/mappings" / name).read_text().replace(".csv", f".{form}")
    mapping: Mapping = parse_mapping(text.encode(), name)
    for path in data.rglob("*.csv"):
        at = path.relative_to(data)
        if any(at.with_suffix("").as_posix().strip() in rule.file for rule in shipped.files):
            header, rows = columns_of(path)
            converted(header, rows, form, folder / at.with_suffix(f".{form}"))
    return read([folder], mapping)


def facts(result: FeedResult) -> dict[str, str]:
    """The digest of each table."""
    return {name: table.digest for name, table in result.tables.items()}


@pytest.mark.skipif(not BRUNEL.is_dir(), reason="no Brunel data; set EVENKEEL_SHARED")
@pytest.mark.parametrize("form", FORMS)
def test_brunel_in_every_format(form: str, tmp_path: Path) -> None:
    """Law: the same facts, and the same rows set aside but for a blank last one of a sheet."""
    expected = read([BRUNEL], load_mapping(ROOT / "feeds/mappings/brunel.yaml"))
    found = in_form(tmp_path, BRUNEL, "brunel.yaml", form)
    assert facts(expected) == facts(found)
    codes = ["UNKNOWN_ID"] if form == "xlsx" else ["BLANK_ROW", "UNKNOWN_ID"]
    assert codes == found.quarantined["code"].tolist()


@pytest.mark.skipif(not GRAPH.is_dir(), reason="no SupplyGraph data; set EVENKEEL_SHARED")
@pytest.mark.parametrize("form", FORMS)
def test_supplygraph_in_every_format(form: str, tmp_path: Path) -> None:
    """Law: wide tables, derived stock and cells that are rounded are the same, too."""
    expected = read([GRAPH], load_mapping(ROOT / "feeds/mappings/supplygraph.yaml"))
    found = in_form(tmp_path, GRAPH, "supplygraph.yaml", form)
    assert facts(expected) == facts(found)
    counts = {name.replace(".csv", f".{form}"): n for name, n in expected.counts.items()}
    assert counts == found.counts
