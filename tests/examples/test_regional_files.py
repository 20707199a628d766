"""The regional example as files: same size same bytes, made once, and read back whole."""

import os
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from examples.regional_network import Size, make, write
from examples.regional_network.files import ACCOUNT, MAPPING, file_of
from feeds.mapping_text import load_mapping
from feeds.reading import read
from ontology.columns import Table
from ontology.errors import InputError
from service.examples import PROJECT, example_named, examples
from tests.examples.conftest import SMALL

Tables = Mapping[str, Table]
TINY = ("--items", "20", "--days", "28", "--pairs-per-item", "2")


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a folder."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def written(folder: Path, seed: int, hash_seed: str) -> dict[str, str]:
    """The files that a process of its own makes."""
    command = [sys.executable, "-m", "examples.regional_network", str(folder), *TINY]
    done = subprocess.run(
        [*command, "--seed", str(seed)], cwd=PROJECT, check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    assert f"{folder}: made\n" == done.stdout
    return digests(folder)


def test_same_seed_same_bytes_and_another_seed_differs(tmp_path: Path) -> None:
    """Two processes with different hash seeds write equal files; another seed other ones."""
    one = written(tmp_path / "a", 1, "1")
    assert one == written(tmp_path / "b", 1, "2")
    other = written(tmp_path / "c", 2, "1")
    differ = {name for name in one if one[name] != other[name]}
    assert {"demand_observations.csv", "items.csv", "offers.csv", "stock_positions.csv"} <= differ
    assert one["calendars.csv"] == other["calendars.csv"]


def test_made_once(tmp_path: Path) -> None:
    """A whole folder is left alone; one with a changed, lost or unfinished file is made anew."""
    size = Size(items=20, days=28)
    assert make(tmp_path, size)
    first = digests(tmp_path)
    assert not make(tmp_path, size)
    (tmp_path / "items.csv").write_text("id\nsomething else\n")
    assert make(tmp_path, size)
    (tmp_path / "lanes.csv").unlink()
    assert make(tmp_path, size)
    (tmp_path / ACCOUNT).unlink()
    assert make(tmp_path, size)
    assert first == digests(tmp_path)
    assert make(tmp_path, Size(items=20, days=28, seed=1))


@pytest.mark.parametrize("account", ["", "[]", "{}", '{"files": 3}', "\x00", '{"size": []}'])
def test_a_strange_account_is_no_account(tmp_path: Path, account: str) -> None:
    """Whatever stands in the account, the folder is made anew rather than trusted."""
    (tmp_path / ACCOUNT).write_text(account)
    assert make(tmp_path, Size(items=20, days=28))


def test_the_files_are_read_back_whole(small: Tables, tmp_path: Path) -> None:
    """Read through the shipped mapping, no row is set aside and every table has its digest."""
    write(small, tmp_path)
    result = read([tmp_path], load_mapping(MAPPING))
    assert 0 == len(result.quarantined)
    assert {file_of(name): len(table) for name, table in small.items()} == {
        file.file: file.loaded for file in result.files
    }
    expected = {name: table.digest for name, table in small.items()}
    assert expected == {name: result.tables[name].digest for name in small}


def test_files_are_named_after_their_class() -> None:
    """The plural of the class in lower case, words joined by `_`."""
    assert "items.csv" == file_of("Item")
    assert "stocking_policies.csv" == file_of("StockingPolicy")
    assert "customer_classes.csv" == file_of("CustomerClass")
    assert "upstream_supplies.csv" == file_of("UpstreamSupply")


@pytest.mark.parametrize(
    ("name", "value"),
    [("items", 0), ("items", 10**9), ("days", 1), ("seed", -1), ("pairs_per_item", 0)],
)
def test_a_size_that_cannot_be_told_is_refused(name: str, value: int) -> None:
    """A size outside its range is an error of the input that names the argument."""
    with pytest.raises(InputError, match=f"`{name}` is {value}") as refused:
        Size(**{**SMALL, name: value})
    assert "SIZE_RANGE" == refused.value.code


def test_the_command_line_says_what_is_wrong(tmp_path: Path) -> None:
    """One line and exit 2 for a size out of range, and nothing is written."""
    command = [sys.executable, "-m", "examples.regional_network", str(tmp_path / "x")]
    done = subprocess.run([*command, "--items", "1"], cwd=PROJECT, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert (2, "`items` is 1\n") == (done.returncode, done.stderr)
    assert not (tmp_path / "x").exists()


def test_the_service_knows_it_before_it_is_made(tmp_path: Path) -> None:
    """`regional` is listed with its folder below the data folder, which is empty until loaded."""
    example = example_named("regional", tmp_path)
    assert "regional" in examples(tmp_path)
    assert (tmp_path / "examples" / "regional_network", True) == (example.folder, example.is_made)
    assert not example.folder.exists()
    assert load_mapping(example.mapping).chain == example.chain
