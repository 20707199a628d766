"""Merkle tree of the log: RFC 6962 hashing, compact ranges, proofs, salted field commitments."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ontology.canonical import canonical

LEAF_VERSION = 1
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without leaves (RFC 6962 section 2.1)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf's data (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the two children's hashes (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """A tree of `size` leaves by its peaks: one hash per 1 bit of the size, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "CompactRange":
        """The tree with one more leaf hash, in logarithmic time."""
        peaks, carry, rest = list(self.peaks), leaf, self.size
        while rest & 1:
            carry, rest = node_hash(peaks.pop(), carry), rest >> 1
        return CompactRange(self.size + 1, (*peaks, carry))

    @property
    def root(self) -> bytes:
        """The Merkle tree hash of all leaves."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def fold(leaves: Iterable[bytes], start: CompactRange | None = None) -> CompactRange:
    """The tree over leaf hashes in order, continuing `start` where one is given."""
    tree = start or CompactRange()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of one leaf, from the leaf up (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return (*inclusion_proof(left, index), fold(right).root)
    return (*inclusion_proof(right, index - split), fold(left).root)


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from a leaf hash to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, top = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            top = node_hash(sibling, top)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            top = node_hash(top, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(top, root)


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """That the first `old_size` leaves are a beginning of all (RFC 9162 section 2.1.4.1)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"no beginning of {old_size} in a tree of {len(leaves)}")
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> tuple[bytes, ...]:
    if old_size == len(leaves):
        return () if whole else (fold(leaves).root,)
    split = _split(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if old_size <= split:
        return (*_subproof(left, old_size, whole=whole), fold(right).root)
    return (*_subproof(right, old_size - split, whole=False), fold(left).root)


def is_consistent(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> bool:
    """Whether the proof shows that a tree only grew (RFC 9162 section 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and hmac.compare_digest(old_root, root)
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_top = top = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_top, top = node_hash(sibling, old_top), node_hash(sibling, top)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            top = node_hash(top, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old_top, old_root) and hmac.compare_digest(top, root)


def salt(seed: bytes, name: str) -> bytes:
    """The 32 bytes that hide one named value: HMAC-SHA256 of the name under the event's seed."""
    return hmac.digest(seed, name.encode(), "sha256")


def commitment(field_salt: bytes, name: str, value: Any) -> str:
    """SHA-256 over salt and canonical JSON of [name, value], in hexadecimal.

    Whoever is shown salt, name and value can check it; without the salt it tells nothing.
    """
    return hashlib.sha256(field_salt + canonical([name, value])).hexdigest()


def leaf_document(
    seed: bytes, sequence: int, kind: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """What the leaf of an event says: version, sequence and kind bare, every field committed."""
    committed = {name: commitment(salt(seed, name), name, fields[name]) for name in fields}
    return {"v": LEAF_VERSION, "sequence": sequence, "kind": kind, "fields": committed}


def event_leaf(seed: bytes, sequence: int, kind: str, fields: Mapping[str, Any]) -> bytes:
    """The leaf hash of an event, as docs/decisions/0003-log-leaf.md fixes it."""
    return leaf_hash(canonical(leaf_document(seed, sequence, kind, fields)))


def line_leaf(seed: bytes, number: int, line: Any) -> bytes:
    """The leaf hash of one plan line: its commitment named `line/<number>`."""
    name = f"line/{number}"
    return leaf_hash(bytes.fromhex(commitment(salt(seed, name), name, line)))


def lines_root(seed: bytes, lines: Iterable[Mapping[str, Any]]) -> str:
    """Root over the salted commitments of a plan's lines, in their order, in hexadecimal."""
    return fold(line_leaf(seed, line["number"], line) for line in lines).root.hex()


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
