"""The hashes of the log's tree in one flat file, so that a proof reads a logarithmic number."""

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from graph.merkle import EMPTY_ROOT, CompactRange, node_hash

HASH_BYTES = 32
_AT_ONCE = 4_096
_log = logging.getLogger("evenkeel.transparency")


class HashesShort(Exception):  # noqa: N818 - a state that the log mends
    """The file holds too little for what was asked."""


class TreeHashes:
    """The hash of every perfect subtree, in the order in which appending completes them.

    So appending only ever writes at the end, and the place of a subtree follows from its level and
    number. The file is derived: it may be short, torn or of another log, and is never believed.
    Whoever takes a proof from it checks that against a root that is known otherwise. It is written
    by who holds the segments of the log, and without waiting for the disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """How many leaves have all their hashes in the file."""
        try:
            return leaves_in(self.path.stat().st_size // HASH_BYTES)
        except OSError:
            return 0

    def tree(self, size: int) -> CompactRange:
        """The tree of the first `size` leaves, by its peaks. Raises HashesShort."""
        with _Reading(self.path) as read:
            return CompactRange(size, tuple(read.of(peak) for peak in _peaks(0, size)))

    def inclusion(self, place: int, size: int) -> tuple[bytes, ...]:
        """The audit path of the leaf at a place (from 0) in the tree of the first `size` leaves.

        From the leaf up (RFC 6962 section 2.1.1). Raises IndexError, HashesShort.
        """
        return self._roots(_beside(place, size))

    def consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        """That the first `old` leaves begin the first `size` (RFC 6962 section 2.1.2).

        Raises IndexError, HashesShort.
        """
        if not 0 < old <= size:
            raise IndexError(f"no beginning of {old} in a tree of {size}")
        beside, begin, end = [], 0, size
        while old < end:
            middle = begin + _split(end - begin)
            beside.append((middle, end) if old <= middle else (begin, middle))
            begin, end = (begin, middle) if old <= middle else (middle, end)
        return self._roots([*([(begin, end)] if begin else []), *reversed(beside)])

    def extend(self, before: CompactRange, leaves: Iterable[bytes]) -> None:
        """Add leaves after the tree that is there; where another one is there, nothing is done.

        A disk that refuses is told, and no error: what is missing is added by the next proof.
        """
        try:
            if before.size == 0 or self._ends_in(before):
                self._write(before, leaves)
        except FileNotFoundError:
            return  # a log from before there were stored hashes: the first proof makes them
        except OSError as error:
            _log.warning("the hashes of the log's tree are not kept: %s", error)

    def extend_or_raise(self, before: CompactRange, leaves: Iterable[bytes]) -> CompactRange:
        """Add leaves after the tree `before`, over whatever is behind it. Raises OSError."""
        return self._write(before, leaves)

    def _ends_in(self, tree: CompactRange) -> bool:
        with self.path.open("rb") as file:
            held = os.fstat(file.fileno()).st_size
            if held != hashes_for(tree.size) * HASH_BYTES:
                return False
            last = list(_peaks(0, tree.size))[-1]
            return os.pread(file.fileno(), HASH_BYTES, _offset(*last)) == tree.peaks[-1]

    def _write(self, tree: CompactRange, leaves: Iterable[bytes]) -> CompactRange:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            place = hashes_for(tree.size) * HASH_BYTES
            if os.fstat(handle).st_size != place:
                os.ftruncate(handle, place)
            piece: list[bytes] = []
            for leaf in leaves:
                tree = _appended(tree, leaf, piece)
                if len(piece) >= _AT_ONCE:
                    place += _put(handle, b"".join(piece), place)
                    piece.clear()
            _put(handle, b"".join(piece), place)
        finally:
            os.close(handle)
        return tree

    def _roots(self, ranges: Iterable[tuple[int, int]]) -> tuple[bytes, ...]:
        with _Reading(self.path) as read:
            return tuple(_root(read.of, begin, end) for begin, end in ranges)


class _Reading:
    """Reads hashes from the file while it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> "_Reading":
        try:
            self._handle = os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise HashesShort from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def of(self, subtree: tuple[int, int]) -> bytes:
        found = os.pread(self._handle, HASH_BYTES, _offset(*subtree))
        if len(found) < HASH_BYTES:
            raise HashesShort
        return found


def paths_of(leaves: Sequence[bytes], places: Iterable[int]) -> list[tuple[bytes, ...]]:
    """The audit paths of some leaves of a tree in memory, each in logarithmic time.

    As `TreeHashes.inclusion` gives them. Raises IndexError.
    """
    kept: list[bytes] = []
    tree = CompactRange()
    for leaf in leaves:
        tree = _appended(tree, leaf, kept)

    def of(subtree: tuple[int, int]) -> bytes:
        return kept[_offset(*subtree) // HASH_BYTES]

    return [
        tuple(_root(of, begin, end) for begin, end in _beside(place, len(leaves)))
        for place in places
    ]


def _beside(place: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the audit path of a leaf, from the leaf up."""
    if not 0 <= place < size:
        raise IndexError(f"no leaf {place} in a tree of {size}")
    beside, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        beside.append((middle, end) if place < middle else (begin, middle))
        begin, end = (begin, middle) if place < middle else (middle, end)
    return beside[::-1]


def _root(of: Callable[[tuple[int, int]], bytes], begin: int, end: int) -> bytes:
    """The root over the leaves of a range that begins where a subtree of its length does."""
    root = None
    for peak in reversed(list(_peaks(begin, end))):
        root = of(peak) if root is None else node_hash(of(peak), root)
    return EMPTY_ROOT if root is None else root


def _put(handle: int, data: bytes, place: int) -> int:
    if os.pwrite(handle, data, place) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return len(data)


def hashes_for(leaves: int) -> int:
    """How many perfect subtrees a tree of so many leaves holds."""
    return 2 * leaves - leaves.bit_count()


def leaves_in(hashes: int) -> int:
    """The most leaves whose subtrees are no more than so many."""
    leaves = hashes // 2
    while hashes_for(leaves + 1) <= hashes:
        leaves += 1
    return leaves


def _offset(level: int, number: int) -> int:
    """Where the hash of the subtree stands that is this one of its level, both from 0."""
    last = ((number + 1) << level) - 1
    return (hashes_for(last) + level) * HASH_BYTES


def _peaks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees of a range, from the left, as (level, number)."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _appended(tree: CompactRange, leaf: bytes, completed: list[bytes]) -> CompactRange:
    """The tree with one more leaf; what that completes is added to the list, from the leaf up."""
    peaks, hashed, rest = list(tree.peaks), leaf, tree.size
    completed.append(hashed)
    while rest & 1:
        hashed, rest = node_hash(peaks.pop(), hashed), rest >> 1
        completed.append(hashed)
    return CompactRange(tree.size + 1, (*peaks, hashed))


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
