"""Facts of every class that a feed may fill, and documents of them, for the tests of RDF."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from feeds.by_class import file_of
from feeds.facts.record_fields import FieldSpec, field_specs
from feeds.mapping import FED, Mapping
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.time_zones import zone_names

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: graph
version: 1
known: []
files: by_class
"""
INV = "@prefix inv: <https://w3id.org/evenkeel/inventory#> .\n"
BASE = "https://w3id.org/evenkeel/id/small/"
LETTERS = "aZ09é\"'\\<>{}#%/.,;:~@ß\U0001f4e6 "
IDS = st.text(LETTERS + "_", min_size=1, max_size=5) | st.sampled_from([".", "..", "a/b", "''"])
TEXTS = st.text(LETTERS + "\n\t|", min_size=1, max_size=8)
MOST = 2**53 - 1
RULED = {
    "WEEKDAY_UNKNOWN": st.sampled_from(["monday", "friday"]),
    "CURRENCY_UNKNOWN": st.sampled_from(["EUR", "USD"]),
    "ZONE_UNKNOWN": st.sampled_from(sorted(zone_names())[:20]),
}

PLAIN = {"WEEKDAY_UNKNOWN": "monday", "CURRENCY_UNKNOWN": "EUR", "ZONE_UNKNOWN": "UTC"}


def small(text: str = MAPPING) -> Mapping:
    """The mapping above."""
    return parse_mapping(text.encode(), "small.yaml")


def read_text(folder: Path, name: str, text: str | bytes, mapping: str = MAPPING) -> FeedResult:
    """A document read through the mapping."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read([folder / name], small(mapping))


def digests(result: FeedResult) -> dict[str, str]:
    """The digest of each table."""
    return {name: table.digest for name, table in result.tables.items()}


def codes(result: FeedResult) -> dict[str, str]:
    """Code by `file:row` of the rows that were set aside."""
    table = result.quarantined
    rows = zip(table["file"], table["row"].tolist(), table["code"], strict=True)
    return {f"{file}:{row}": code for file, row, code in rows}


def _texts(spec: FieldSpec) -> st.SearchStrategy[str]:
    rule = spec.words
    if rule is not None and rule.code in RULED:
        return RULED[rule.code]
    if rule is not None:
        return st.sampled_from(sorted(getattr(rule.allows, "__self__")))  # noqa: B009
    return IDS if spec.identity or spec.kind.many else TEXTS


def _cells(spec: FieldSpec) -> st.SearchStrategy[str]:
    """Cells of delimited text for a field."""
    kind = spec.kind
    if kind.many:
        return st.lists(_texts(spec), min_size=1, max_size=3).map("|".join)
    made: st.SearchStrategy[Any]
    if kind.scalar is int:
        least = -MOST if spec.range.least is None else spec.range.least
        most = MOST if spec.range.most is None else spec.range.most
        made = st.integers(least, min(most, least + 10**9)).map(str)
    elif kind.scalar is bool:
        made = st.sampled_from(["true", "false"])
    elif kind.scalar is date:
        made = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(str)
    else:
        made = _texts(spec)
    is_open = not spec.required and spec.default in {None, "", ()}
    return made | st.just("") if is_open else made


def rows_of(name: str) -> st.SearchStrategy[list[dict[str, str]]]:
    """Rows of delimited text for a class."""
    cells = {field: _cells(spec) for field, spec in field_specs(name).items()}
    return st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=3)


WORLDS = st.fixed_dictionaries({name: rows_of(name) for name in sorted(FED)})


def plain_world() -> dict[str, list[dict[str, str]]]:
    """A row of every class that no rule has anything against: no two fields name the same thing."""
    return {name: [{field: _plain(field, spec) for field, spec in field_specs(name).items()}]
            for name in sorted(FED)}  # fmt: skip


def _plain(field: str, spec: FieldSpec) -> str:
    """A cell that a field takes: where it is text, the name of the field itself."""
    kind, rule = spec.kind, spec.words
    if rule is not None:
        return PLAIN.get(rule.code) or min(getattr(rule.allows, "__self__"))  # noqa: B009
    if kind.scalar is int:
        return str(max(1, spec.range.least or 0))
    return {bool: "true", date: "2026-03-02"}.get(kind.scalar, field)


def write_tables(folder: Path, world: dict[str, list[dict[str, str]]]) -> None:
    """A file of delimited text for each class."""
    for name, rows in world.items():
        sink = io.StringIO()
        writer = csv.DictWriter(sink, list(field_specs(name)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (folder / file_of(name)).write_bytes(sink.getvalue().encode())
