"""Which locations a grant reaches: by region, by what they are part of, by residency zone."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from ontology.columns import Table


class Reached(NamedTuple):
    """Locations that facts may name, and those that are shown: also what they are part of."""

    within: frozenset[str]
    shown: frozenset[str]


def reached(
    locations: Table, regions: Collection[str], is_cleared: Callable[[str, str], bool],
    only: Collection[str] | None = None,
) -> Reached:  # fmt: skip
    """The locations within `regions` (all, where none is given) whose zones are all cleared.

    A region is a location, or the text that locations name as theirs. `is_cleared` says it of a
    location and the zone that it states; a place whose whole is not cleared is not, either. Of
    `only` some, where they are given. A circle of parts is followed once.
    """
    columns = (locations[name].tolist() for name in ("id", "part_of", "region", "residency_zone"))
    above: dict[str, tuple[str | None, str, str]] = {
        key: (part_of, region, zone) for key, part_of, region, zone in zip(*columns, strict=True)
    }
    clear = {key for key in above if _is_clear(key, above, is_cleared)}
    named = {key for key in clear if only is None or key in only}
    within = {
        key for key in named
        if not regions or any(_lies_in(one, above, regions) for one in _upwards(key, above))
    }  # fmt: skip
    shown = {one for key in within for one in _upwards(key, above)} & clear
    return Reached(frozenset(within), frozenset(shown))


Above = dict[str, tuple[str | None, str, str]]


def _upwards(key: str, above: Above) -> list[str]:
    """A location and what it is part of, up to the last that is named, each once."""
    found: dict[str, None] = {}
    at: str | None = key
    while at is not None and at not in found:
        found[at] = None
        at = above[at][0] if at in above else None
    return list(found)


def _is_clear(key: str, above: Above, is_cleared: Callable[[str, str], bool]) -> bool:
    return all(is_cleared(one, above[one][2] if one in above else "")
               for one in _upwards(key, above))  # fmt: skip


def _lies_in(key: str, above: Above, regions: Collection[str]) -> bool:
    return key in regions or (key in above and above[key][1] in regions)
