"""Every position on which two sources differ, with what the difference comes from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from feeds.reconciliation.causes import CAUSES, UNIT, USUAL_FACTORS, Cause, Pack, Pair, cause_of
from feeds.reconciliation.said import Place, Said
from ontology.columns import Table
from ontology.terms import join_key

Group = dict[Place, list[Place]]
ONE = Fraction(1)
ALIKE_LEAST = 2
ALIKE_UNITS = 10
"""Positions of an item, or units of the smaller word, before a usual factor is taken for one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sources' words on one position, in the order in which the sources were named.

    `units` are what each says, `counts` the addresses (event and row) of the counts behind it.
    `is_safe` tells that a rule settles it: a pack that is stated for the item; timing needs
    nothing. Without a lot it may be that of all lots of an item at a location.
    """

    place: Place
    units: tuple[int, int]
    cause: Cause
    counts: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    by_lots: bool

    @property
    def key(self) -> str:
        """The natural key of the position."""
        return join_key(self.place)

    @property
    def difference(self) -> int:
        """By how many units the first source says more."""
        return self.units[0] - self.units[1]

    @property
    def is_safe(self) -> bool:
        """Whether a stated rule settles it."""
        return self.cause.name == UNIT and bool(self.cause.pack and self.cause.pack.unit)


@dataclass(frozen=True)
class Reconciled:
    """How two sources compare: positions that both know, those of one alone, and what differs."""

    compared: int
    only: tuple[int, int]
    differences: tuple[Difference, ...]

    def totals(self) -> dict[str, tuple[int, int]]:
        """Per cause that there is: how many positions differ by it, and units in all."""
        found = {}
        for cause in CAUSES:
            units = [abs(d.difference) for d in self.differences if d.cause.name == cause]
            if units:
                found[cause] = (len(units), sum(units))
        return found


def reconciled(one: Said, other: Said, conversions: Table, start: int, at: int) -> Reconciled:
    """Compare what two sources say at an instant, position by position.

    A window of time begins at `start` (microseconds since 1970). Where one tells lots and the other
    does not, all lots of the item at the location are compared together. `conversions` are the
    UnitConversion facts. Positions that agree cost next to nothing; those that differ some 50
    microseconds each. Row order is no input.
    """
    coarse = _mixed(one, other)
    mine, theirs = (_grouped(said, coarse) for said in (one, other))
    both = sorted(mine.keys() & theirs.keys(), key=_ordered)
    sums = {place: (_sum(one, mine[place]), _sum(other, theirs[place])) for place in both}
    apart = [place for place in both if sums[place][0] != sums[place][1]]
    packs, alike = _packs(conversions), _alike(sums)
    found = []
    for place in apart:
        pair = Pair(one, other, tuple(mine[place]), tuple(theirs[place]), sums[place], start, at)
        cause = cause_of(pair, packs.get(place[0], ()), alike.get(place[0], ()))
        counts = (_addresses(one, mine[place]), _addresses(other, theirs[place]))
        found.append(Difference(place, sums[place], cause, counts, place[:2] in coarse))
    return Reconciled(len(both), (len(mine) - len(both), len(theirs) - len(both)), tuple(found))


def _ordered(place: Place) -> tuple[str, str, str]:
    return place[0], place[1], place[2] or ""


def _mixed(one: Said, other: Said) -> set[tuple[str, str]]:
    """The items at locations that one source tells by lots and the other does not."""
    lots = [{place[:2] for place in said.places if place[2] is not None} for said in (one, other)]
    known = [{place[:2] for place in said.places} for said in (one, other)]
    return {pair for pair in lots[0] ^ lots[1] if pair in known[0] and pair in known[1]}


def _grouped(said: Said, coarse: set[tuple[str, str]]) -> Group:
    found: Group = defaultdict(list)
    for place in said.places:
        item, location, lot = place
        found[item, location, None if (item, location) in coarse else lot].append(place)
    return found


def _sum(said: Said, places: Iterable[Place]) -> int:
    return sum(map(said.units.__getitem__, places))


def _addresses(said: Said, places: Sequence[Place]) -> tuple[tuple[int, int], ...]:
    rows = [said.counted[place] for place in places if place in said.counted]
    return tuple((int(event), int(row)) for event, row in said.addresses[rows].tolist())


def _packs(conversions: Table) -> dict[str, list[Pack]]:
    """The packs stated for each item, by name."""
    found: dict[str, list[Pack]] = defaultdict(list)
    columns = (conversions[n].tolist() for n in ("item", "unit", "numerator", "denominator"))
    for item, unit, above, below in sorted(zip(*columns, strict=True)):
        if above > 0 and below > 0 and above != below:
            found[item].append(Pack(Fraction(above, below), unit))
    return found


def _alike(sums: Mapping[Place, tuple[int, int]]) -> dict[str, tuple[Fraction, ...]]:
    """Per item the usual factor by which most of its positions differ, the same way round.

    That of more than half of those that are not empty, and of more than one of them, or of one of
    so many units that it is hardly chance.
    """
    votes: dict[str, Counter[Fraction]] = defaultdict(Counter)
    units: Counter[tuple[str, Fraction]] = Counter()
    for (item, _, _), (here, there) in sums.items():
        if here and there:
            ratio = ONE if here == there else Fraction(here, there)
            votes[item][ratio] += 1
            units[item, ratio] += min(abs(here), abs(there))
    found: dict[str, tuple[Fraction, ...]] = {}
    for item, count in votes.items():
        ratio, number = count.most_common(1)[0]
        factor = max(ratio, 1 / ratio)
        many = number >= ALIKE_LEAST or units[item, ratio] >= ALIKE_UNITS
        if factor in USUAL_FACTORS and many and 2 * number > count.total():
            found[item] = (factor,)
    return found
