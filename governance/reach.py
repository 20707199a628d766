"""What a plan reaches: where it moves what, as far as scopes of regions and families ask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from governance.scopes import Scope


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a plan moves something: a family, and all regions that either end lies in.

    A region is a location, what it is part of, or the text that one of these names as its own.
    Empty `regions`: of an end nothing is known. `family` is empty for an item of none, and None
    where nothing is known of the item.
    """

    regions: tuple[str, ...]
    family: str | None

    @property
    def is_known(self) -> bool:
        """Whether both ends and the item are known."""
        return bool(self.regions) and self.family is not None

    def lies_in(self, scope: Scope) -> bool:
        """Whether it is known to lie in a scope of its chain."""
        return (not scope.regions or not set(scope.regions).isdisjoint(self.regions)) and (
            not scope.families or self.family in scope.families
        )

    def may_lie_in(self, scope: Scope) -> bool:
        """Whether it lies in a scope of its chain, or nobody knows that it does not."""
        return (
            not scope.regions or not self.regions or not set(scope.regions).isdisjoint(self.regions)
        ) and (not scope.families or self.family is None or self.family in scope.families)


@dataclass(frozen=True, slots=True)
class Reach:
    """All cells and items of a chain that a plan's lines move something in."""

    chain: str
    cells: frozenset[Cell] = frozenset()
    items: frozenset[str] = frozenset()

    def touched_by(self, scope: Scope) -> bool:
        """Whether it lies in a scope in any part; where that is not known, it does."""
        return scope.covers(self.chain) and (
            not scope.is_partial or any(cell.may_lie_in(scope) for cell in self.cells)
        )


def reach_in(
    chain: str, places: Iterable[Iterable[str]] | None, families: Iterable[str] | None
) -> Reach:
    """What a plan reaches, as far as its places (each by all of its names) and families tell.

    Each family may be moved at each place. None: nobody can tell.
    """
    regions = [()] if places is None else [tuple(sorted(names)) for names in places]
    known = [None] if families is None else [*families, ""]
    return Reach(chain, frozenset(Cell(names, family) for names in regions for family in known))


def within(inner: Scope, outer: Scope) -> bool:
    """Whether one scope lies in another, as far as their names say."""
    return outer.covers(inner.chain) and all(
        not wide or (narrow and set(narrow) <= set(wide))
        for narrow, wide in ((inner.regions, outer.regions), (inner.families, outer.families))
    )


def overlap(one: Scope, other: Scope) -> bool:
    """Whether something lies in both, as far as their names say; regions that differ do not."""
    if not (one.covers(other.chain) or other.covers(one.chain)):
        return False
    return all(
        not a or not b or not set(a).isdisjoint(b)
        for a, b in ((one.regions, other.regions), (one.families, other.families))
    )


def narrowest(scopes: Iterator[Scope]) -> list[Scope]:
    """The scopes in which none of the others lies."""
    found = list(scopes)
    return [each for each in found
            if not any(other != each and within(other, each) for other in found)]  # fmt: skip
