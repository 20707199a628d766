"""Laws of artifacts and manifests: bytes are what their name says, and nothing is half there."""

import os
import resource
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.arrow import arrow_bytes, table_from
from graph.artifacts import ArtifactStore
from graph.identity_links import Linked
from graph.manifests import (
    as_kept,
    chain_of,
    closure,
    read_feed,
    read_snapshot,
    write_feed,
    write_snapshot,
)
from graph.snapshot import apply_feed
from ontology.canonical import canonical
from ontology.columns import Snapshot, Table, empty_table, record_at, table_of
from ontology.errors import InputError, OutsideError
from ontology.governance import Approval, QuarantinedRow
from ontology.places import Location
from ontology.vocabulary import FACTS
from tests.graph.facts_at_hand import feed_of, sha256, stock, tables_of, two_hubs


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_bytes_come_back_under_their_hash(store: ArtifactStore, tmp_path: Path) -> None:
    """An artifact lies in `ab/cdef...` by its SHA-256; keeping it twice changes nothing."""
    name = store.put(b"stock")
    assert sha256(b"stock") == name == store.put(b"stock")
    assert b"stock" == store.get(name)
    files = [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]
    assert [tmp_path / "artifacts" / name[:2] / name[2:]] == files


def test_a_missing_artifact_is_named(store: ArtifactStore) -> None:
    """The error for an artifact that is gone says which."""
    with pytest.raises(OutsideError, match="a" * 64) as refused:
        store.get("a" * 64)
    assert "ARTIFACT_MISSING" == refused.value.code


def test_a_corrupt_artifact_is_refused_by_name(store: ArtifactStore, tmp_path: Path) -> None:
    """One flipped bit is found; putting the right bytes again heals the file."""
    name = store.put(b"stock")
    (tmp_path / "artifacts" / name[:2] / name[2:]).write_bytes(b"stoc\x6a")
    with pytest.raises(OutsideError, match=name) as refused:
        store.get(name)
    assert "ARTIFACT_CORRUPT" == refused.value.code
    store.put(b"stock")
    assert b"stock" == store.get(name)


@pytest.mark.parametrize(("kind", "read"), [
    ("endless", ArtifactStore.get), ("endless", ArtifactStore.get_table),
    ("large", ArtifactStore.get_table),
])  # fmt: skip
def test_what_has_no_end_or_another_digest_is_not_taken_into_memory(
    store: ArtifactStore, tmp_path: Path, kind: str, read: Callable[[ArtifactStore, str], object]
) -> None:
    """A link to a device has no end, and a file with holes takes no room on disk."""
    name = "0" * 64
    path = tmp_path / "artifacts" / name[:2] / name[2:]
    path.parent.mkdir(parents=True)
    if kind == "endless":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 2**27)
    tracemalloc.start()
    try:
        with pytest.raises(OutsideError, match=name) as refused:
            read(store, name)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
    assert "ARTIFACT_CORRUPT" == refused.value.code


@pytest.mark.parametrize("name", ["", "ab", "../" * 20 + "etc/passwd", "A" * 64, "/" * 64])
def test_only_a_digest_is_a_name(store: ArtifactStore, name: str) -> None:
    """Nothing outside the store can be named."""
    with pytest.raises(InputError) as refused:
        store.get(name)
    assert "BAD_DIGEST" == refused.value.code


def test_many_writers_of_one_artifact(store: ArtifactStore, tmp_path: Path) -> None:
    """Writers at once of the same and of other bytes leave whole files and no temporary one."""
    contents = [bytes([i % 7]) * 100_000 for i in range(56)]
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(store.put, contents))
    assert [sha256(data) for data in contents] == names
    assert 7 == sum(path.is_file() for path in (tmp_path / "artifacts").rglob("*"))
    assert contents == [store.get(name) for name in names]


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    """Where the file system takes only a part, the error is DISK_FULL and no file stays."""
    code = (
        "import signal, sys, resource\n"
        "from graph.artifacts import ArtifactStore\n"
        "from ontology.errors import OutsideError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "store = ArtifactStore(sys.argv[1])\n"
        "try:\n    store.put(b'x' * 100_000)\n"
        "except OutsideError as error:\n    print(error.code)\n"
    )
    assert hasattr(resource, "RLIMIT_FSIZE")
    assert hasattr(signal, "SIGXFSZ")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "full")],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert "DISK_FULL\n" == done.stdout
    assert [] == [path for path in (tmp_path / "full").rglob("*") if path.is_file()]


def test_another_file_system_serves_as_well() -> None:
    """Any place that fsspec knows is a store with the same laws."""
    store = ArtifactStore("memory://artifacts-of-a-test")
    name = store.put_document({"b": 1, "a": [2]})
    assert sha256(canonical({"a": [2], "b": 1})) == name
    assert {"a": [2], "b": 1} == store.get_document(name)
    with pytest.raises(OutsideError, match="is missing"):
        store.get("a" * 64)


def test_every_kind_of_column_comes_back(store: ArtifactStore) -> None:
    """A table read back has equal records, dtypes and content digest."""
    when = np.datetime64("2026-01-31T12:00:00.000001", "us").astype(object)
    others = {"Approval": table_of([Approval("p", "ada", "yes", when)], "Approval")}
    for name, table in {**two_hubs(), **others}.items():
        again = store.get_table(store.put_table(table))
        assert table.digest == again.digest
        assert [record_at(table, i) for i in range(len(table))] == [
            record_at(again, i) for i in range(len(again))
        ]
        assert {k: c.dtype for k, c in table.columns.items()} == {
            k: c.dtype for k, c in again.columns.items()
        }, name


@pytest.mark.parametrize("name", sorted(FACTS))
def test_an_empty_table_of_any_class_comes_back(name: str) -> None:
    """No rows are a table, too."""
    assert empty_table(name).digest == table_from(arrow_bytes(empty_table(name))).digest


@given(st.lists(st.tuples(st.text(), st.integers(-(2**62), 2**62)), unique_by=lambda x: x[0]))
def test_any_text_and_integer_comes_back(rows: list[tuple[str, int]]) -> None:
    """Control characters, null characters and large integers survive."""
    table = table_of([stock(text, "n", number) for text, number in rows], "StockPosition")
    assert table.digest == table_from(arrow_bytes(table)).digest


def test_a_field_added_later_has_its_default() -> None:
    """A table kept before a field existed reads with that field's default."""
    data = pa.ipc.open_file(pa.BufferReader(arrow_bytes(two_hubs()["Item"]))).read_all()
    older = data.drop_columns(["family"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, older.schema) as writer:
        writer.write_table(older)
    assert two_hubs()["Item"].digest == table_from(sink.getvalue().to_pybytes()).digest


@pytest.mark.parametrize("data", [b"", b"ARROW1\0\0", b"{}" * 100])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    """Bytes that are not a table of ours give one clear error."""
    with pytest.raises(OutsideError) as refused:
        table_from(data)
    assert "ARTIFACT_UNREADABLE" == refused.value.code


@pytest.mark.parametrize("field", ["id", "value_cents", "is_protected"])
def test_a_column_of_another_type_is_refused(field: str) -> None:
    """Buffers are read as what the class says they hold, so nothing else may lie in them."""
    data = pa.ipc.open_file(pa.BufferReader(arrow_bytes(two_hubs()["Item"]))).read_all()
    place = data.column_names.index(field)
    other = data.set_column(place, field, pa.array([0.5] * len(data)))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, other.schema) as writer:
        writer.write_table(other)
    with pytest.raises(OutsideError) as refused:
        table_from(sink.getvalue().to_pybytes())
    assert "ARTIFACT_UNREADABLE" == refused.value.code


def test_offsets_beyond_a_buffer_are_refused() -> None:
    """A table whose texts are said to lie outside the file is unreadable, and no crash."""
    data = bytearray(arrow_bytes(two_hubs()["Location"]))
    texts = pa.ipc.open_file(pa.BufferReader(bytes(data))).read_all().column("id").chunk(0)
    offsets = texts.buffers()[1].to_pybytes()
    place = data.index(offsets)
    data[place + 4 : place + 8] = (2**31 - 1).to_bytes(4, "little")
    with pytest.raises(OutsideError) as refused:
        table_from(bytes(data))
    assert "ARTIFACT_UNREADABLE" == refused.value.code


def test_a_feed_comes_back_with_its_sources(store: ArtifactStore) -> None:
    """Tables are kept in key order, and each row's origin moves with it."""
    refused = QuarantinedRow("all.csv", 9, "qty", "NOT_A_NUMBER", "not a number", "x,y")
    feed = feed_of(two_hubs(), quarantine=[refused])
    shuffled = replace(
        feed,
        tables={k: table.take(np.arange(len(table))[::-1]) for k, table in feed.tables.items()},
        origins={name: rows[::-1] for name, rows in feed.origins.items()},
    )  # fmt: skip
    name = write_feed(store, feed)
    assert name == write_feed(store, shuffled)
    again = read_feed(store, name)
    assert {k: t.sorted().digest for k, t in feed.tables.items()} == {
        k: t.digest for k, t in again.tables.items()
    }
    assert ["widget/north/L1", "widget/south/"] == again.tables["StockPosition"].keys.tolist()
    assert [[0, 2], [0, 3]] == again.origins["StockPosition"].tolist()
    assert refused == record_at(again.quarantine, 0)
    assert (feed.files, feed.counts, feed.chain) == (again.files, again.counts, again.chain)


def test_a_feed_is_known_as_it_is_kept(store: ArtifactStore) -> None:
    """Who has just written a feed has in memory what the store gives back, row by row."""
    feed = feed_of({**two_hubs(), "Lane": empty_table("Lane")})
    rows = {name: np.arange(len(table))[::-1] for name, table in feed.tables.items()}
    at = rows["StockPosition"]
    linked = Linked(used={"StockPosition": {"item": at - 1}, "Lane": {"id": rows["Lane"]}},
                    ranks={"StockPosition": np.column_stack([at, -at])})  # fmt: skip
    given = replace(
        feed, tables={name: table.take(rows[name]) for name, table in feed.tables.items()},
        since={"StockPosition": at * 7}, closes={"StockPosition": at == 0}, linked=linked,
        standing=3, source_sequence=-7, decides=True,
    )  # fmt: skip
    kept, read = as_kept(given), read_feed(store, write_feed(store, given))
    assert {n: t.digest for n, t in read.tables.items()} == {
        n: t.digest for n, t in kept.tables.items()
    }
    assert [t.keys.tolist() for t in read.tables.values()] == [
        t.keys.tolist() for t in kept.tables.values()
    ]
    for name in ("origins", "since", "closes"):
        found, told = getattr(read, name), getattr(kept, name)
        assert {n: r.tolist() for n, r in found.items()} == {n: r.tolist() for n, r in told.items()}
    assert (
        {"StockPosition": {"item": [-1, 0]}}
        == {
            n: {f: one.tolist() for f, one in fields.items()}
            for n, fields in read.linked.used.items()
        }
        == {
            n: {f: one.tolist() for f, one in fields.items()}
            for n, fields in kept.linked.used.items()
        }
    )
    assert (
        read.linked.ranks["StockPosition"].tolist() == kept.linked.ranks["StockPosition"].tolist()
    )
    assert (read.standing, read.source_sequence, read.decides, read.files, read.counts) == (
        kept.standing, kept.source_sequence, kept.decides, kept.files, kept.counts)  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "chain", "code"),
    [
        (tables_of([stock("w", "n", 1), stock("w", "n", 2)]), "c", "DUPLICATE_KEY"),
        (tables_of([stock("w" * 2_001, "n", 1)]), "c", "KEY_TOO_LONG"),
        (tables_of([Location("n", part_of="w" * 2_001)]), "c", "KEY_TOO_LONG"),
        ({"Movement": empty_table("Movement")}, "c", "UNKNOWN_CLASS"),
        ({"Lane": empty_table("Item")}, "c", "UNKNOWN_CLASS"),
        ({}, "a/b", "BAD_CHAIN"),
        ({}, "", "BAD_CHAIN"),
    ],
)
def test_what_cannot_be_a_feed(
    store: ArtifactStore, tables: dict[str, Table], chain: str, code: str
) -> None:
    """A feed that could not be projected is refused before anything is appended."""
    with pytest.raises(InputError) as refused:
        write_feed(store, feed_of(tables, chain=chain))
    assert code == refused.value.code


def test_a_snapshot_is_read_from_a_folder(store: ArtifactStore, tmp_path: Path) -> None:
    """An exported closure is enough: digest, rows and addresses, by digest or by file."""
    before = apply_feed(Snapshot(0, {}), 3, {k: t.sorted() for k, t in two_hubs().items()})
    name = write_snapshot(store, "two_hubs", before)
    copied = store.export(closure(store, name), tmp_path / "out")
    assert 2 * len(before.tables) + 1 >= copied > len(before.tables)
    (tmp_path / "snapshot.json").write_bytes(store.get(name))
    for manifest in (name, str(tmp_path / "snapshot.json")):
        again = read_snapshot(tmp_path / "out", manifest)
        assert (before.digest, 3) == (again.digest, again.sequence)
        assert {k: a.tolist() for k, a in before.addresses.items()} == {
            k: a.tolist() for k, a in again.addresses.items()
        }
    assert "two_hubs" == chain_of(tmp_path / "out", name)


def test_a_snapshot_must_have_the_digest_that_it_states(store: ArtifactStore) -> None:
    """A manifest with another digest than its tables give is refused."""
    before = apply_feed(Snapshot(0, {}), 3, two_hubs())
    manifest = store.get_document(write_snapshot(store, "two_hubs", before))
    manifest["digest"] = "0" * 64
    with pytest.raises(OutsideError) as refused:
        read_snapshot(store, store.put_document(manifest))
    assert "SNAPSHOT_CORRUPT" == refused.value.code


def test_a_snapshot_is_read_without_a_database() -> None:
    """Reading a snapshot imports no driver, so a checker needs none."""
    code = "import sys, graph.manifests; print('neo4j' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "False\n" == done.stdout
