"""What older versions of the vocabulary wrote reads as the same content sent today."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

from graph.arrow import arrow_bytes, table_from
from graph.artifacts import ArtifactStore
from graph.manifests import FeedContents, read_feed, read_snapshot, write_feed, write_snapshot
from ontology import versions
from ontology.columns import MISSING, Snapshot, Table, table_of
from ontology.errors import OutsideError
from ontology.goods import Item
from ontology.places import Calendar, Location
from ontology.stock import StockMovement, StockPosition
from ontology.versions import ClassRenamed, FieldRenamed, UnitChanged

pa: Any = pyarrow  # its stubs do not name what it exports
GOLDEN = Path(__file__).parents[1] / "golden/vocabulary_1"
TODAY = {
    "Item": [
        Item("tea", "Green tea", "each", "hot drinks", weight_micrograms=250_000_000), Item("é/ü"),
    ],
    "Location": [
        Location("north", kind="hub", country="DE", time_zone="Europe/Berlin",
                 latitude_microdegrees=-1, calendar="c"),
        Location("shelf", part_of="north"),
    ],
    "Calendar": [Calendar("c", ("monday", "friday"))],
    "StockPosition": [
        StockPosition("tea", "north", None, 80, total_units=80, counted_on=date(2026, 3, 1))
    ],
    "StockMovement": [StockMovement("m1", "tea", "north", "opening", -5, date(2026, 3, 1))],
    "QuarantinedRow": [],
}  # fmt: skip
CHANGES = (
    (FieldRenamed("Item", "heft_grams", "weight_grams"), ClassRenamed("Depot", "Location")),
    (
        UnitChanged("Item", "weight_grams", "weight_micrograms", 10**6),
        FieldRenamed("Location", "sort", "kind"),
    ),
)  # fmt: skip
"""Two steps as they might have been, from made-up words to those of today."""


@pytest.mark.parametrize("writer", ["first", "later"])
@pytest.mark.parametrize("name", TODAY)
def test_what_was_written_reads_as_if_sent_today(writer: str, name: str) -> None:
    """Law: a table of an older writer, whose classes had fewer fields, is the same facts."""
    found = table_from((GOLDEN / writer / f"{name}.arrow").read_bytes())
    assert table_of(TODAY[name], name).digest == found.digest


def older(table: Table, name: str, version: int, words: dict[str, tuple[str, int]]) -> bytes:
    """The file of a table as an older version wrote it: other words, and coarser units."""
    content = pa.ipc.open_file(pa.BufferReader(arrow_bytes(table))).read_all()
    columns = {}
    for key in content.column_names:
        old, factor = words.get(key, (key, 1))
        column = content.column(key)
        columns[old] = pa.compute.divide(column, factor) if factor > 1 else column
    told = {"evenkeel_class": name} | ({"evenkeel_vocabulary": str(version)} if version > 1 else {})
    sink = pa.BufferOutputStream()
    made = pa.table(columns).replace_schema_metadata(told)
    with pa.ipc.new_file(sink, made.schema) as writer:
        writer.write_table(made)
    return bytes(sink.getvalue())


WORDS = {
    ("Item", 1): ("Item", {"weight_micrograms": ("heft_grams", 10**6)}),
    ("Item", 2): ("Item", {"weight_micrograms": ("weight_grams", 10**6)}),
    ("Item", 3): ("Item", {}),
    ("Location", 1): ("Depot", {"kind": ("sort", 1)}),
    ("Location", 2): ("Location", {"kind": ("sort", 1)}),
    ("StockMovement", 1): ("StockMovement", {}),
    ("Calendar", 2): ("Calendar", {}),
}


@pytest.mark.parametrize(("name", "version"), WORDS)
def test_each_version_reads_as_today(
    name: str, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: classes and fields that were renamed, and units that changed, are the same facts."""
    monkeypatch.setattr(versions, "STEPS", CHANGES)
    table = table_of(TODAY[name], name)
    called, words = WORDS[name, version]
    data = older(table, called, version, words)
    assert (table.name, table.digest) == (table_from(data).name, table_from(data).digest)


def test_a_class_without_rows_is_read_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a table of no rows says its class, whatever that was called."""
    monkeypatch.setattr(versions, "STEPS", CHANGES)
    data = older(table_of([], "Location"), "Depot", 1, {"kind": ("sort", 1)})
    assert table_of([], "Location").digest == table_from(data).digest


def test_a_later_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Law: what a later program wrote is not misread: neither a table, a feed nor a snapshot."""
    store = ArtifactStore(tmp_path)
    tables = {"Item": table_of(TODAY["Item"], "Item")}
    with monkeypatch.context() as later:
        later.setattr(versions, "STEPS", CHANGES)
        data = arrow_bytes(tables["Item"])
        feed = write_feed(store, FeedContents("c", "s", "f", "m", "0" * 64, (), tables))
        kept = write_snapshot(store, "c", Snapshot(1, tables))
        empty = write_snapshot(store, "c", Snapshot(1, {}))
        assert tables["Item"].digest == table_from(data).digest
        assert tables["Item"].digest == read_feed(store, feed).tables["Item"].digest
        assert Snapshot(1, tables).digest == read_snapshot(store, kept).digest
    for read in (
        lambda: table_from(data), lambda: read_feed(store, feed),
        lambda: read_snapshot(store, kept), lambda: read_snapshot(store, empty),
    ):  # fmt: skip
        with pytest.raises(OutsideError) as caught:
            read()
        assert "VERSION_UNKNOWN" == caught.value.code


def test_a_feed_and_a_snapshot_of_an_older_version_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Law: what was kept before words changed stays under its digest, and reads as today."""
    store = ArtifactStore(tmp_path)
    tables = {"Location": table_of(TODAY["Location"], "Location")}
    old = store.put(older(tables["Location"], "Location", 1, {"kind": ("sort", 1)}))
    feed = write_feed(store, FeedContents("c", "s", "f", "m", "0" * 64, (), tables))
    kept = write_snapshot(store, "c", Snapshot(1, tables))
    made = []
    for name in (feed, kept):
        document = store.get_document(name)
        document["tables"]["Location"]["artifact"] = old
        made.append(store.put_document(document | {"digest": "f" * 64}))  # that of the old words
    feed, kept = made
    before = {name: store.get(name) for name in (feed, kept, old)}
    monkeypatch.setattr(versions, "STEPS", ((FieldRenamed("Location", "sort", "kind"),),))
    assert tables["Location"].digest == read_feed(store, feed).tables["Location"].digest
    assert Snapshot(1, tables).digest == read_snapshot(store, kept).digest
    assert before == {name: store.get(name) for name in before}


def test_a_number_that_does_not_fit_is_refused() -> None:
    """Law: a change of unit is exact or refused, and what is not stated stays so."""
    step = UnitChanged("Item", "kilograms", "grams", 1_000)
    numbers = np.array([5, MISSING, -(2**62) // 1_000], np.int64)
    found = step.apply(versions.Stored("Item", {"kilograms": numbers}))
    assert [5_000, MISSING, numbers[2] * 1_000] == found.columns["grams"].tolist()
    with pytest.raises(OutsideError) as caught:
        step.apply(versions.Stored("Item", {"kilograms": np.array([2**60], np.int64)}))
    assert "ARTIFACT_UNREADABLE" == caught.value.code


def test_the_first_version_says_nothing_of_itself() -> None:
    """Law: no digest of an artifact changed when tables began to tell their version."""
    assert 1 == versions.vocabulary_version()
    content = pa.ipc.open_file(pa.BufferReader(arrow_bytes(table_of([], "Item")))).read_all()
    assert {b"evenkeel_class": b"Item"} == content.schema.metadata
