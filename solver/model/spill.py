"""Demand that comes through to units behind others: first expired first out, day by day."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from solver.model.risk import MOST_SUPPORT, Curve

ENDLESS = 2**62
"""What others have left where that is not known: nothing is ever owed."""

States = dict[tuple[int, int], int]
"""Units still ahead and units of demand that came through, each with its weight."""


class Ahead(NamedTuple):
    """Units that sell before others at a place: from the day they are there to their last one."""

    lands: int
    last: int
    units: int


def spilled(
    days: Sequence[Mapping[int, int]], ahead: Sequence[Ahead], lands: int, last: int, most: int,
    others: int | None = None,
) -> Curve:  # fmt: skip
    """The demand that units find which land on a day and sell behind what is ahead, to `most`.

    Up to day `last`, on which they expire. Days are independent, each with the integer weights of
    its units. What is ahead and unsold goes when it expires. `others` units at the most serve
    demand, behind what is ahead, before day `lands`; what they do not serve is owed, and waits.
    Where that is not known, nothing does. Never more than first expired first out leaves, and
    exactly that where all is there on the first day: of what lands later and expires earlier than
    what is there, that which is there may be taken to be gone, so that more counts as still ahead.
    """
    states: States = {(0, ENDLESS if others is None else others): 1}
    for day in range(last + 1):
        coming = sum(each.units for each in ahead if each.lands == day)
        if day == lands:  # from now on the second number is what comes through
            states, coming = _landed(states, coming, most), 0
        lasting = sum(each.units for each in ahead if each.lands <= day < each.last)
        step = _through if day >= lands else _before
        states = step(states, days[day], coming, lasting, most)
    weights: dict[int, int] = {}
    for (_, through), weight in states.items():
        weights[through] = weights.get(through, 0) + weight
    support = tuple(sorted(weights))
    return Curve(support, tuple(weights[value] for value in support), sum(weights.values()))


def _before(
    states: States, asked: Mapping[int, int], coming: int, lasting: int, most: int
) -> States:
    """A day on which units have not landed: the second number is what others have left, or owe."""
    found: States = {}
    for (before, left), weight in states.items():
        there = before + coming
        for units, share in asked.items():
            wanted = units + max(0, -left)
            rest = left if left == ENDLESS else max(0, left) - max(0, wanted - there)
            key = min(max(0, there - wanted), lasting), rest
            found[key] = found.get(key, 0) + weight * share
    return found if len(found) <= MOST_SUPPORT else _joined(found)


def _landed(states: States, coming: int, most: int) -> States:
    """Units land: what is owed finds what is still ahead, or lands with them, then them."""
    found: States = {}
    for (before, left), weight in states.items():
        waiting, there = max(0, -left), before + coming
        key = max(0, there - waiting), min(most, max(0, waiting - there))
        found[key] = found.get(key, 0) + weight
    return found


def _through(
    states: States, asked: Mapping[int, int], coming: int, lasting: int, most: int
) -> States:
    """A day later; `lasting` units at most are then still ahead."""
    found: States = {}
    for (before, through), weight in states.items():
        there = before + coming
        for units, share in asked.items():
            more = max(0, units - there)
            key = min(max(0, there - units), lasting), min(most, through + more)
            found[key] = found.get(key, 0) + weight * share
    return found if len(found) <= MOST_SUPPORT else _joined(found)


def _joined(states: States) -> States:
    """Fewer states, none of which lets more demand through: the most that is ahead counts.

    Of each second number, which is what came through, or what others have left.
    """
    most: dict[int, int] = {}
    for there, through in states:
        most[through] = max(there, most.get(through, 0))
    found: States = {}
    for (_, through), weight in states.items():
        key = most[through], through
        found[key] = found.get(key, 0) + weight
    return found
