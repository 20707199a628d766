"""What the stock of a line waits for, as text: places and days that it makes less short."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen.amounts import count, millionths

if TYPE_CHECKING:
    from solver.explain.waiting import ShortageChange

PLACES_SHOWN = 5


def waits_texts(
    changes: "Sequence[ShortageChange] | None", line: Mapping[str, Any], units: int
) -> list[str]:
    """A sentence for each place that is less short because of the line, the most first; then more.

    `units` are those that could go elsewhere. Nothing where nobody knows what would be without.
    """
    if changes is None or not units:
        return []
    gains = [run for run in _runs(changes) if _most(run).fewer_millionths > 0]
    gains.sort(key=lambda run: -_most(run).fewer_millionths)
    losses = [run for run in _runs(changes) if _most(run).fewer_millionths < 0]
    of = "" if units == line["quantity_units"] else (
        f" ({units:,} of its units, the others could go nowhere else)")  # fmt: skip
    found = [f"waits{of} for {_text(run, line)}" for run in gains[:PLACES_SHOWN]]
    more = len(gains) - PLACES_SHOWN
    if more > 0:
        found.append(f"and for {count(more, 'more place', 'more places')}: --json has all")
    if not gains:
        found.append("no shortage that is expected at a place is less because of it")
    return [*found, *(f"in return at {_text(run, line)}" for run in losses[:PLACES_SHOWN])]


def _runs(changes: "Sequence[ShortageChange]") -> "Iterator[list[ShortageChange]]":
    """The changes of an item at a place that go the same way, day by day."""
    for _, found in groupby(changes, key=lambda c: (c.item, c.location, c.fewer_millionths > 0)):
        yield list(found)


def _most(run: "Sequence[ShortageChange]") -> "ShortageChange":
    return max(run, key=lambda change: abs(change.fewer_millionths))


def _text(run: "Sequence[ShortageChange]", line: Mapping[str, Any]) -> str:
    most = _most(run)
    item = "" if most.item == line["item"] else f" of {plain(most.item)}"
    days = f"{run[0].on}" if len(run) == 1 else f"{run[0].on} to {run[-1].on}"
    at_most = "" if len(run) == 1 else f", most on {most.on}"
    return (
        f"{plain(most.location)}, {days}{at_most}: {millionths(most.with_millionths)}"
        f"{item} expected short instead of {millionths(most.without_millionths)}"
    )
