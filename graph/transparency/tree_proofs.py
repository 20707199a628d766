"""Proofs of inclusion and consistency from stored hashes; none leaves that does not check."""

from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from graph.disk import writing
from graph.merkle import CompactRange, is_consistent, is_included
from graph.recovery.segments import Segments
from graph.transparency.tree_hashes import HashesShort
from ontology.errors import InputError, StateError

T = TypeVar("T")
Path = tuple[bytes, ...]
"""Hashes of a proof, in their order."""


class TreeProofs:
    """Proofs of a log in logarithmic time, at any size that it has had.

    The stored hashes are a file that can be short, torn or of another log. Each proof is checked
    against the root that the segments give; where it does not hold, the file is made anew from
    there, and the proof taken again. Any number of threads and processes may ask.
    """

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._known: tuple[CompactRange, CompactRange] | None = None

    def head(self) -> CompactRange:
        """The tree of all acknowledged events."""
        return self._segments.tail().tree

    def tree(self, size: int) -> CompactRange:
        """The tree of the first `size` events, proved to be the beginning of the present one.

        Raises InputError `LOG_SIZE`, StateError `LOG_BROKEN`.
        """
        head = self.head()
        self._hold_size(size, head)
        if size in (0, head.size):
            return head if size else CompactRange()
        if self._known is None or (self._known[0].size, self._known[1]) != (size, head):
            self._known = self._sound(lambda: self._begins(size, head)), head
        return self._known[0]

    def inclusion(self, sequence: int, leaf: bytes, size: int) -> Path:
        """The audit path of an event in the tree of the first `size`, from its leaf hash up.

        Raises InputError `LOG_SIZE`, StateError `LOG_BROKEN`.
        """
        tree, hashes = self.tree(size), self._segments.hashes
        if not 0 < sequence <= size:
            raise _no_size(sequence, size)

        def proved() -> Path | None:
            path = hashes.inclusion(sequence - 1, size)
            return path if is_included(leaf, sequence - 1, size, path, tree.root) else None

        return self._sound(proved)

    def consistency(self, old: int, size: int) -> Path:
        """That the log of `size` events continues that of `old`; empty where one is empty.

        Raises InputError `LOG_SIZE`, StateError `LOG_BROKEN`.
        """
        tree, hashes = self.tree(size), self._segments.hashes
        if not 0 <= old <= size:
            raise _no_size(old, size)
        before = self.tree(old)

        def proved() -> Path | None:
            path = hashes.consistency(old, size)
            return path if is_consistent(old, size, path, before.root, tree.root) else None

        return self._sound(proved) if old else ()

    def _begins(self, size: int, head: CompactRange) -> CompactRange | None:
        hashes = self._segments.hashes
        tree, path = hashes.tree(size), hashes.consistency(size, head.size)
        return tree if is_consistent(size, head.size, path, tree.root, head.root) else None

    def _sound(self, proved: Callable[[], T | None]) -> T:
        """What is proved by the stored hashes, after mending them where it is not."""
        if (found := _tried(proved)) is not None:
            return found
        with self._segments.held():  # so that nobody else mends what is read here
            for mend in (_nothing, self._follow_held, self._make_anew_held):
                mend()
                if (found := _tried(proved)) is not None:
                    return found
        raise StateError("the log does not add up: its files do not give the root at its end",
                         code="LOG_BROKEN", hint="`evenkeel digest` tells what is lost; stop "
                         "writing to it and restore it from a backup")  # fmt: skip

    def _follow_held(self) -> None:
        """Add the hashes that the file lacks, from the last file of the log that it can hold."""
        held, tail = self._segments.hashes.size(), self._segments.tail().sequence
        self._write_held(self._segments.start_before(min(held, tail)))

    def _make_anew_held(self) -> None:
        self._write_held(CompactRange())

    def _write_held(self, start: CompactRange) -> None:
        segments = self._segments
        leaves = islice(segments.leaves(start.size), segments.tail().sequence - start.size)
        hint = "make the data folder writable, then ask again"
        with writing(segments.folder, refused="LOG_NOT_WRITTEN", hint=hint):
            segments.hashes.extend_or_raise(start, leaves)

    def _hold_size(self, size: int, head: CompactRange) -> None:
        if not 0 <= size <= head.size:
            raise _no_size(size, head.size)


def _tried(proved: Callable[[], T | None]) -> T | None:
    try:
        return proved()
    except HashesShort:
        return None


def _nothing() -> None:
    """Somebody else has mended it meanwhile."""


def _no_size(asked: int, size: int) -> InputError:
    return InputError(f"there is no event or size {asked} in a log of {size} events",
                      code="LOG_SIZE", hint="name a size between 1 and the log's own")  # fmt: skip
