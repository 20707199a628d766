"""Tables and matrices of many rows: kept and read some rows at a time, under the same laws."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graph.arrow import ROWS_AT_ONCE, arrow_bytes, table_from
from graph.artifacts import ArtifactStore
from ontology.columns import Table, table_of
from ontology.errors import OutsideError
from tests.graph.facts_at_hand import sha256, stock

ROWS = ROWS_AT_ONCE + 3


def many() -> Table:
    """One row more than is written at once, and a few: texts, numbers, and columns of one value."""
    one = table_of([stock("w", "n", 1)], "StockPosition")
    columns = {name: np.repeat(column, ROWS) for name, column in one.columns.items()}
    items = np.array([f"i{number}" for number in range(1_000)], object)
    units = np.arange(ROWS)
    return Table("StockPosition", columns | {
        "item": items[units % 1_000], "location": items[units // 1_000], "on_hand_units": units,
    })  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_a_large_table_comes_back(store: ArtifactStore, tmp_path: Path) -> None:
    """It lies under the SHA-256 of its bytes, alone, and is read back as what it was."""
    digest, name = many().digest, store.put_table(many())
    assert [tmp_path / "artifacts" / name[:2] / name[2:]] == [
        path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()
    ]
    again = store.get_table(name)
    assert (name, digest) == (sha256(arrow_bytes(again)), again.digest)
    assert name == sha256(store.get(name)) == store.put_table(many())
    assert {key: column.dtype for key, column in many().columns.items()} == {
        key: column.dtype for key, column in again.columns.items()
    }
    assert {"lot", "allocated_units", "unit"} <= {
        key for key, column in again.columns.items() if column.strides == (0,)
    }


def test_a_large_matrix_comes_back(store: ArtifactStore) -> None:
    """Row by row, whatever the batches are."""
    matrix = np.arange(3 * ROWS).reshape(ROWS, 3)
    assert np.array_equal(matrix, store.get_matrix(store.put_matrix(matrix, ("a", "b", "c"))))


def test_what_somebody_has_is_not_made_again_and_still_checked(
    store: ArtifactStore, tmp_path: Path
) -> None:
    """Whoever reads a table that is in memory gets that one, if its file is what it was."""
    table = many()
    name = store.put_table(table)
    assert store.get_table(name) is table
    path = tmp_path / "artifacts" / name[:2] / name[2:]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(OutsideError, match=name) as refused:
        store.get_table(name)
    assert "ARTIFACT_CORRUPT" == refused.value.code
    path.unlink()
    with pytest.raises(OutsideError) as refused:
        store.get_table(name)
    assert "ARTIFACT_MISSING" == refused.value.code


def test_one_value_for_all_rows_only_where_it_is_one(store: ArtifactStore) -> None:
    """A column that changes in its last row is read with that row's value."""
    table = many()
    totals = np.zeros(ROWS, np.int64)
    totals[-1] = 9
    other = Table("StockPosition", {**table.columns, "total_units": totals})
    assert [0, 9] == store.get_table(store.put_table(other))["total_units"][-2:].tolist()
    assert [0, 9] == table_from(arrow_bytes(other))["total_units"][-2:].tolist()


def test_a_full_disk_leaves_nothing_of_a_large_table(tmp_path: Path) -> None:
    """Where the file system takes only a part, the error is DISK_FULL and no file stays."""
    code = (
        "import signal, sys, resource\n"
        "from graph.artifacts import ArtifactStore\n"
        "from ontology.errors import OutsideError\n"
        "from tests.graph.test_large_artifacts import many\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "store = ArtifactStore(sys.argv[1])\n"
        "try:\n    store.put_table(many())\n"
        "except OutsideError as error:\n    print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "full")],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert "DISK_FULL\n" == done.stdout
    assert [] == [path for path in (tmp_path / "full").rglob("*") if path.is_file()]


def test_no_data_frames_are_loaded_and_none_are_forbidden() -> None:
    """The driver and Arrow do without pandas, which took half of an idle process's memory."""
    code = (
        "import sys, numpy, graph.log, graph.arrow, pyarrow\n"
        "pyarrow.array(numpy.arange(3))\n"
        "print('pandas' in sys.modules)\n"
        "import pandas\n"
        "print(len(pandas.Series([1, 2])))\n"
    )
    pytest.importorskip("pandas")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "False\n2\n" == done.stdout
