"""A mapping whose versions share what they have in common: what a fold over a long log keeps."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
Block = tuple[tuple[K, V], ...]
BLOCK = 64
"""So many entries are copied where one of them changes."""


class Growing(Mapping[K, V]):
    """Never changes: `put` gives another version, with entries in the order in which keys came.

    A version of n entries costs its block and a pointer to each other block, not n entries. The
    places of keys are shared by all versions, and may hold keys of versions that went another way:
    an entry is there only where its block says so. Any number of threads may read, and `put`.
    """

    __slots__ = ("_blocks", "_count", "_places")

    def __init__(self, entries: Iterable[tuple[K, V]] = ()) -> None:
        """The entries in their order, the last of a key at the place of its first."""
        stated = tuple(dict(entries).items())
        self._places: dict[K, int] = {key: place for place, (key, _) in enumerate(stated)}
        self._blocks: tuple[Block[K, V], ...] = tuple(
            stated[begin : begin + BLOCK] for begin in range(0, len(stated), BLOCK)
        )
        self._count = len(stated)

    def put(self, key: K, value: V) -> "Growing[K, V]":
        """The mapping with another value of a key, or with one more key at its end."""
        found: Growing[K, V] = Growing.__new__(type(self))
        place = self._place(key)
        found._places, found._count = self._places, max(self._count, place + 1)
        if place == self._count and self._places.setdefault(key, place) != place:
            found._places = {each: at for at, each in enumerate((*self, key))}
        number, at = divmod(place, BLOCK)
        block = self._blocks[number] if number < len(self._blocks) else ()
        changed = (*block[:at], (key, value), *block[at + 1 :])
        found._blocks = (*self._blocks[:number], changed, *self._blocks[number + 1 :])
        return found

    def __getitem__(self, key: K) -> V:
        """The value of a key."""
        place = self._place(key)
        if place == self._count:
            raise KeyError(key)
        return self._blocks[place // BLOCK][place % BLOCK][1]

    def __iter__(self) -> Iterator[K]:
        """The keys in the order in which they came."""
        return (key for block in self._blocks for key, _ in block)

    def __len__(self) -> int:
        """How many keys there are."""
        return self._count

    def __repr__(self) -> str:
        """As a dict."""
        return f"Growing({dict(self)!r})"

    def _place(self, key: K) -> int:
        """Where a key is; behind the last one where it is not here."""
        place = self._places.get(key, self._count)
        if place < self._count and self._blocks[place // BLOCK][place % BLOCK][0] == key:
            return place
        return self._count
