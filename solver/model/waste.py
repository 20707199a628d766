"""How much of a lot is lost when it expires: unit by unit, first expired first out."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from solver.model.risk import Curve
from solver.network.scaling import half_up

MILLION = 10**6
Steps = list[tuple[int | None, Fraction]]
"""Up to which unit (None: for ever) each one is lost with which chance; both ascend."""


@dataclass(frozen=True)
class Outlet:
    """Where units of a lot may be sold: with which chance each is lost there, and the way there.

    `name` is the next place on the way, `place` the one where they are sold from day `lands` on.
    `way` and `plain_way` are micros per unit, weighed and as the facts state them; outlets of one
    `name` have the same ways.
    """

    name: int
    steps: Steps
    way: int = 0
    plain_way: int = 0
    place: int = -1
    lands: int = 0

    @property
    def ends(self) -> tuple[int, int]:
        """The next place, and the one where units are sold."""
        return self.name, self.place


@dataclass(frozen=True)
class Part:
    """Units of a lot in a row for one outlet: how many, and with which chance each is lost."""

    width: int
    chance: Fraction
    outlet: Outlet

    @property
    def chance_per_million(self) -> int:
        """The chance, rounded once, half up."""
        return half_up(self.chance.numerator * MILLION, self.chance.denominator)

    def loss(self, worth: int) -> int:
        """Micros of a unit: its chance to be lost x what that costs, rounded once, half up."""
        return half_up(self.chance.numerator * worth, self.chance.denominator)


def lost(demand: Curve, ahead: int) -> Steps:
    """P(D < ahead + k) for the k-th unit: it is lost where demand never reaches it.

    D is all demand until the units expire, `ahead` units are sold before them. The sum over
    k <= A is E[(ahead + A - D)+] - E[(ahead - D)+], exactly.
    """
    found: Steps = []
    below = 0
    for units, weight in zip(demand.units, demand.weights, strict=True):
        if units > ahead:
            found.append((units - ahead, Fraction(below, demand.total)))
        below += weight
    return [*found, (None, Fraction(1))]


def lengthened(demand: Curve, days: int, longer: int) -> Curve:
    """Demand of `longer` days from that of `days`: the mean grows with time, spread with its root.

    As where days are independent and alike. Values are rounded down and never fall below those of
    the fewer days. An approximation: no forecast of a single place reaches so far.
    """
    mean = demand.expected()
    moved = mean * longer / days
    root = Fraction(isqrt(MILLION**2 * longer // days), MILLION)
    values: dict[int, int] = {}
    for units, weight in zip(demand.units, demand.weights, strict=True):
        value = max(units, (moved + (units - mean) * root).__floor__())
        values[value] = values.get(value, 0) + weight
    support = sorted(values)
    return Curve(tuple(support), tuple(values[value] for value in support), demand.total)


def spread(outlets: Iterable[Outlet], worth: int) -> list[Part]:
    """How units are best shared out among outlets, where a lost unit costs `worth` micros.

    The cheapest units of all outlets in turn: the least that can be lost of any number (the infimal
    convolution of convex curves). Units that are lost for sure are in no part. Weights of the
    objectives do not bear on the order.
    """
    return cheapest_first((part for outlet in outlets for part in _parts(outlet)), worth)


def cheapest_first(parts: Iterable[Part], worth: int) -> list[Part]:
    """Parts in the order of what a unit costs, neighbours that cost the same as one."""
    return _joined(sorted(
        parts, key=lambda part: (part.chance * worth + part.outlet.plain_way, part.chance)
    ))  # fmt: skip


def first_units(parts: Iterable[Part], most: int) -> list[Part]:
    """The first `most` units of the parts, in their order."""
    found = []
    for part in parts:
        width = min(part.width, most)
        most -= width
        if width:
            found.append(Part(width, part.chance, part.outlet))
    return found


def _parts(outlet: Outlet) -> list[Part]:
    before, found = 0, []
    for upto, chance in outlet.steps:
        if upto is not None and chance < 1:
            found.append(Part(upto - before, chance, outlet))
            before = upto
    return found


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbours that cost the same whatever the weights as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if last and last.chance == part.chance and last.outlet.ends == part.outlet.ends:
            found[-1] = Part(last.width + part.width, part.chance, last.outlet)
        else:
            found.append(part)
    return found
