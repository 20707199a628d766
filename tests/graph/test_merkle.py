"""Laws of the Merkle tree: published vectors, compact ranges, proofs and commitments."""

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.merkle import (
    EMPTY_ROOT,
    CompactRange,
    commitment,
    consistency_proof,
    event_leaf,
    fold,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_document,
    leaf_hash,
    line_leaf,
    lines_root,
    node_hash,
    salt,
)
from ontology.canonical import canonical

# The leaves and roots that certificate-transparency implementations test themselves with.
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
SEED = bytes(range(32))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    """RFC 6962 trees of one to eight leaves have the roots that others compute."""
    assert ROOTS[size - 1] == fold(HASHES[:size]).root.hex()


def test_no_leaves_have_the_hash_of_nothing() -> None:
    """The root of an empty tree is SHA-256 of no bytes."""
    assert hashlib.sha256().digest() == EMPTY_ROOT == CompactRange().root


@given(st.integers(1, 70), st.integers(0, 70))
def test_appending_equals_folding(size: int, split: int) -> None:
    """A compact range carried on gives the tree of all leaves, with one peak per 1 bit."""
    leaves = [leaf_hash(bytes([i])) for i in range(size)]
    start = fold(leaves[:split])
    assert fold(leaves) == fold(leaves[split:], start)
    assert size.bit_count() == len(fold(leaves).peaks)


@given(st.integers(1, 40), st.data())
def test_inclusion_is_proved_for_its_place_alone(size: int, data: st.DataObject) -> None:
    """A proof holds for its leaf, index, size and root, and for no other."""
    leaves = [leaf_hash(bytes([i])) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    root, proof = fold(leaves).root, inclusion_proof(leaves, index)
    assert is_included(leaves[index], index, size, proof, root)
    assert not is_included(leaf_hash(b"other"), index, size, proof, root)
    assert not is_included(leaves[index], index, size, (*proof, root), root)
    assert not is_included(leaves[index], size, size, proof, root)
    if size > 1:
        assert not is_included(leaves[index], (index + 1) % size, size, proof, root)
        assert not is_included(leaves[index], index, size, proof[:-1], root)


@given(st.integers(1, 40), st.data())
def test_consistency_is_proved_for_growth_alone(size: int, data: st.DataObject) -> None:
    """A proof holds between a tree and its own beginning, and for no rewritten one."""
    leaves = [leaf_hash(bytes([i])) for i in range(size)]
    old_size = data.draw(st.integers(1, size))
    old_root, root = fold(leaves[:old_size]).root, fold(leaves).root
    proof = consistency_proof(leaves, old_size)
    assert is_consistent(old_size, size, proof, old_root, root)
    assert not is_consistent(old_size, size, proof, leaf_hash(b"other"), root)
    assert not is_consistent(old_size, size, proof, old_root, leaf_hash(b"other"))
    assert not is_consistent(old_size, size, (*proof, root), old_root, root)
    if old_size < size:
        rewritten = [leaf_hash(b"x"), *leaves[1:]]
        assert not is_consistent(old_size, size, proof, old_root, fold(rewritten).root)


def test_a_leaf_is_never_a_node() -> None:
    """The two prefixes keep a forged leaf from passing as an inner node."""
    left, right = HASHES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)


def test_leaf_encoding_is_fixed() -> None:
    """The leaf of an event is what decision 0003 writes down; old leaves must stay provable."""
    fields = {"agent": "ada", "payload.rows": 3}
    hidden = {
        name: hashlib.sha256(
            hmac.digest(SEED, name.encode(), "sha256") + canonical([name, value])
        ).hexdigest()
        for name, value in fields.items()
    }
    document = {"v": 1, "sequence": 7, "kind": "feed.loaded", "fields": hidden}
    expected = hashlib.sha256(b"\x00" + canonical(document)).hexdigest()
    assert expected == event_leaf(SEED, 7, "feed.loaded", fields).hex()
    assert expected == "5ac809d81812b6326b566df34725d474dfa07ce7b2160540559e06d8d14e9ee4"
    assert document == leaf_document(SEED, 7, "feed.loaded", fields)


def test_a_commitment_hides_and_binds() -> None:
    """Equal values under other names or seeds look different; salt, name and value reopen one."""
    one = commitment(salt(SEED, "agent"), "agent", "ada")
    assert one != commitment(salt(SEED, "owner"), "owner", "ada")
    assert one != commitment(salt(SEED[::-1], "agent"), "agent", "ada")
    assert one != commitment(salt(SEED, "agent"), "agent", "bob")
    assert one == commitment(salt(SEED, "agent"), "agent", "ada")


def test_a_line_is_shown_without_the_others() -> None:
    """With its salt and path, one plan line is proved under the plan's lines root alone."""
    lines = [{"number": n, "quantity_units": n * n} for n in range(1, 12)]
    leaves = [line_leaf(SEED, line["number"], line) for line in lines]
    root = lines_root(SEED, lines)
    name, value = "line/5", lines[4]
    shown = leaf_hash(bytes.fromhex(commitment(salt(SEED, name), name, value)))
    assert is_included(shown, 4, len(lines), inclusion_proof(leaves, 4), bytes.fromhex(root))


def test_the_decision_states_the_encoding() -> None:
    """The encoding is written down where later versions must look."""
    text = (Path(__file__).parents[2] / "docs/decisions/0003-log-leaf.md").read_text("utf-8")
    for part in ("HMAC-SHA256", "RFC 6962", "RFC 8785", '"fields"', "lines_root", "payload."):
        assert part in text
