"""Laws of stored hashes: what they give is what the naive definitions give, at any size."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.merkle import (
    CompactRange,
    consistency_proof,
    fold,
    inclusion_proof,
    leaf_hash,
)
from graph.transparency.tree_hashes import (
    HashesShort,
    TreeHashes,
    hashes_for,
    leaves_in,
    paths_of,
)
from tests.graph.test_merkle import HASHES, ROOTS

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(300)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TreeHashes:
    found = TreeHashes(tmp_path_factory.mktemp("whole") / "tree.hashes")
    found.extend(CompactRange(), LEAVES)
    return found


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(tmp_path: Path, size: int) -> None:
    """Trees of one to eight leaves have the roots that others compute (RFC 6962)."""
    found = TreeHashes(tmp_path / "tree.hashes")
    found.extend(CompactRange(), HASHES)
    assert ROOTS[size - 1] == found.tree(size).root.hex()


def test_every_small_proof_is_the_naive_one(whole: TreeHashes) -> None:
    """Every path and every consistency proof to 40 leaves equals its recursive definition."""
    for size in range(1, 41):
        leaves = LEAVES[:size]
        assert fold(leaves) == whole.tree(size)
        assert [inclusion_proof(leaves, place) for place in range(size)] == paths_of(
            leaves, range(size)
        )
        for place in range(size):
            assert inclusion_proof(leaves, place) == whole.inclusion(place, size)
            assert consistency_proof(leaves, place + 1) == whole.consistency(place + 1, size)


@given(st.integers(1, 300), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_proof_is_the_naive_one(whole: TreeHashes, size: int, data: st.DataObject) -> None:
    """So does any of a larger tree, at any size that it has had."""
    place = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(LEAVES[:size], place) == whole.inclusion(place, size)
    assert consistency_proof(LEAVES[:size], place + 1) == whole.consistency(place + 1, size)


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_leaves_come_the_file_is_the_same(tmp_path: Path, cuts: list[int]) -> None:
    """One at a time or many, the bytes are those of the leaves alone."""
    together, apart = TreeHashes(tmp_path / "together"), TreeHashes(tmp_path / "apart")
    together.extend(CompactRange(), LEAVES[:60])
    apart.path.unlink(missing_ok=True)
    bounds = sorted({0, *cuts, 60})
    for begin, end in pairwise(bounds):
        apart.extend(fold(LEAVES[:begin]), LEAVES[begin:end])
    assert together.path.read_bytes() == apart.path.read_bytes()
    assert 60 == apart.size()


@given(st.integers(0, 2**40))
def test_the_length_tells_how_many_leaves(leaves: int) -> None:
    """A file holds n leaves from its length for n on, to just below that for n + 1."""
    assert leaves == leaves_in(hashes_for(leaves)) == leaves_in(hashes_for(leaves + 1) - 1)


def test_a_log_from_before_has_none_and_nobody_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where there is no file yet, appending goes on in silence; the first proof makes it."""
    found = TreeHashes(tmp_path / "log" / "tree.hashes")
    found.extend(fold(LEAVES[:5]), LEAVES[5:6])
    assert (0, [], False) == (found.size(), caplog.records, found.path.exists())


def test_another_tree_is_left_alone(tmp_path: Path) -> None:
    """Nothing is added after a tree that is not the one before, nor where some is missing."""
    found = TreeHashes(tmp_path / "tree.hashes")
    found.extend(CompactRange(), LEAVES[:6])
    kept = found.path.read_bytes()
    found.extend(fold(LEAVES[1:7]), LEAVES[7:8])
    found.extend(fold(LEAVES[:7]), LEAVES[7:8])
    found.extend(fold(LEAVES[:5]), LEAVES[5:8])
    assert kept == found.path.read_bytes()


def test_what_is_not_there_is_said(tmp_path: Path, whole: TreeHashes) -> None:
    """Short and missing files, and places outside the tree, are told apart from proofs."""
    with pytest.raises(HashesShort):
        TreeHashes(tmp_path / "none").inclusion(0, 2)
    with pytest.raises(HashesShort):
        whole.tree(301)
    for place, size in ((-1, 4), (4, 4), (0, 0)):
        with pytest.raises(IndexError):
            whole.inclusion(place, size)
    for old, size in ((0, 4), (5, 4)):
        with pytest.raises(IndexError):
            whole.consistency(old, size)
