"""Tables and matrices from bytes that anybody wrote: read as they are, or refused in one line."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from graph.arrow import arrow_bytes, matrix_bytes, matrix_from, table_from
from graph.arrow_bodies import BATCHES, BLOCK, _blocks
from graph.artifacts import ArtifactStore
from graph.manifests import SNAPSHOT_FORMAT
from ontology.columns import table_of
from ontology.errors import OutsideError
from ontology.transport import Lane
from service.verify import REFUSED, verify
from tests.graph.facts_at_hand import two_hubs
from tests.service.regimes import REGIMES, sealed
from tests.service.test_verify import resealed

LANES = table_of([Lane("a-b", "a", "b", allowed_handling_classes=("cold", "dry"))], "Lane")


def file_of(columns: dict[str, Any], name: bytes = b"Lane", *, twice: bool = False) -> bytes:
    """An Arrow file of some columns, each of them once more where that is asked."""
    names = list(columns) * (1 + twice)
    arrays = [columns[column] for column in names]
    fields = [pa.field(column, columns[column].type) for column in names]
    schema = pa.schema(fields, metadata={b"evenkeel_class": name})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return bytes(sink.getvalue())


def lanes_with(**columns: Any) -> dict[str, Any]:
    """The columns of a lane as Arrow has them, some replaced."""
    batch = pa.ipc.open_file(pa.BufferReader(arrow_bytes(LANES))).read_all().combine_chunks()
    found = {name: batch.column(name).combine_chunks() for name in batch.column_names}
    return found | columns


@pytest.mark.parametrize(("read", "data"), [
    (table_from, arrow_bytes(two_hubs()["Item"])),
    (table_from, arrow_bytes(LANES)),
    (matrix_from, matrix_bytes(np.arange(30).reshape(10, 3), ("event", "row", "file"))),
])  # fmt: skip
def test_flipped_bits_are_read_or_refused(read: Callable[[bytes], Any], data: bytes) -> None:
    """Whichever bits flip, there is a table of full worth, or the one error that is stated."""
    draw, refused = np.random.default_rng(3), 0
    for _ in range(1_500):
        other = bytearray(data)
        for place in draw.integers(0, len(data), int(draw.integers(1, 4))):
            other[place] ^= 1 << int(draw.integers(8))
        try:
            found = read(bytes(other[: len(data) - int(draw.integers(2)) * 9]))
        except OutsideError as error:
            assert error.code == "ARTIFACT_UNREADABLE"  # noqa: PT017
            refused += 1
        else:
            assert read is matrix_from or len(found.digest) == 64
    assert refused > 500


@pytest.mark.parametrize("data", [
    file_of(lanes_with(), twice=True),
    file_of(lanes_with(), b"\xff\xfe"),
    file_of(lanes_with(allowed_handling_classes=pa.nulls(1, pa.list_(pa.string())))),
    file_of(lanes_with(allowed_handling_classes=pa.array([["cold", None]]))),
])  # fmt: skip
def test_what_no_table_of_a_class_can_be_is_refused(data: bytes) -> None:
    """A column twice, a class of no name, a set that is not stated: never half read."""
    assert LANES.digest == table_from(file_of(lanes_with())).digest
    with pytest.raises(OutsideError) as caught:
        table_from(data)
    assert "ARTIFACT_UNREADABLE" == caught.value.code


def lanes_file(**options: Any) -> bytes:
    """An Arrow file of 30,000 equal lanes, written by some options of Arrow."""
    batch = pa.ipc.open_file(pa.BufferReader(arrow_bytes(LANES))).read_all()
    many = pa.concat_tables([batch] * 30_000).combine_chunks().to_batches()[0]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, many.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_batch(many)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_compressed_tables_are_refused_unread(codec: str) -> None:
    """A few bytes that are up to a thousand times as many in memory: nothing of them is made."""
    plain, bomb = lanes_file(), lanes_file(compression=codec)
    assert 30_000 == len(table_from(plain))
    assert len(bomb) * 4 < len(plain)
    pa.default_memory_pool().release_unused()
    before = pa.total_allocated_bytes()
    peak = pa.default_memory_pool().max_memory()
    for read in (table_from, matrix_from):
        with pytest.raises(OutsideError) as caught:
            read(bomb)
        assert "ARTIFACT_UNREADABLE" == caught.value.code
        assert "compressed" in str(caught.value.__cause__)
    assert (before, peak) == (pa.total_allocated_bytes(), pa.default_memory_pool().max_memory())


def test_no_batch_is_named_twice() -> None:
    """A footer that names one batch again and again would be as many tables: refused."""
    batch = pa.ipc.open_file(pa.BufferReader(arrow_bytes(LANES))).get_batch(0)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch)
    data = bytes(sink.getvalue())
    (length,) = struct.unpack("<i", data[-10:-6])
    first, second = (BLOCK.pack(*one) for one in _blocks(data[-10 - length : -10], BATCHES))
    forged = data.replace(second, first)
    assert 2 == len(table_from(data))
    assert 2 == pa.ipc.open_file(pa.BufferReader(forged)).read_all().num_rows  # Arrow takes it
    with pytest.raises(OutsideError) as caught:
        table_from(forged)
    assert "share bytes" in str(caught.value.__cause__)


def test_a_matrix_without_columns_is_refused() -> None:
    """An Arrow file of nothing is no matrix."""
    sink = pa.BufferOutputStream()
    table = pa.table({})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(OutsideError):
        matrix_from(bytes(sink.getvalue()))


def test_a_plan_of_broken_tables_is_refused(tmp_path: Path) -> None:
    """Whoever forges a plan and the facts beside it gets a verdict, whatever the bytes are."""
    document = sealed(REGIMES["plain"](0), tmp_path).document
    store = ArtifactStore(tmp_path)
    data = arrow_bytes(LANES)
    broken = store.put(data[:-20] + b"\xff" * 10 + data[-10:])  # an OSError of Arrow
    manifest = {"format": SNAPSHOT_FORMAT, "chain": "random", "sequence": 1, "digest": "0" * 64,
                "tables": {"Lane": {"artifact": broken}}}  # fmt: skip
    document["about"]["artifacts"]["snapshot"] = store.put_document(manifest)
    found = verify(resealed(document), artifacts=tmp_path).checks[2]
    assert REFUSED == found.status
    assert "cannot be read" in found.refusals[0]
