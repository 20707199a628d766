"""Rows that feeds set aside: which delivery did, how many, and all of them page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graph.catalog import PAGE_LIMIT, SetAside
from graph.settled_rows import OPEN
from ontology.errors import InputError
from ontology.governance import QuarantinedRow
from service.house import House


@dataclass(frozen=True, slots=True)
class Delivery:
    """A feed's event, and how many of its rows were set aside."""

    event: int
    chain: str
    feed: str
    rows: int


def deliveries(house: House, chain: str) -> list[Delivery]:
    """The feeds of a chain, in the order in which they came."""
    return [
        Delivery(event.sequence, chain, event.payload["feed"],
                 int(event.payload["counts"].get("quarantined", 0)))
        for event in house.projection.log.feeds(chain)
    ]  # fmt: skip


def delivery(house: House, event: int) -> Delivery:
    """The feed of an event. Raises InputError `EVENT_UNKNOWN` where it is none."""
    for entry in house.catalog.events(after=event - 1, first=1).rows if event > 0 else ():
        if entry.sequence == event and "counts" in entry.payload and "feed" in entry.payload:
            told = entry.payload
            return Delivery(event, told["chain"], told["feed"],
                            int(told["counts"].get("quarantined", 0)))  # fmt: skip
    raise InputError(f"there is no feed `{event}`", code="EVENT_UNKNOWN",
                     hint="give the event that `evenkeel sync` named")  # fmt: skip


def rows_set_aside(
    house: House, event: int, after: int = 0, first: int | None = None
) -> Iterator[tuple[int, QuarantinedRow]]:
    """Rows of a delivery with their numbers, from 1: those after a number, at most `first`."""
    number, left = after, first
    while left is None or left > 0:
        size = PAGE_LIMIT if left is None else min(left, PAGE_LIMIT)
        page = house.catalog.quarantined(event, after=number - 1, first=size)
        for row in page.rows:
            number += 1
            yield number, row
        if not page.has_more:
            return
        left = None if left is None else left - len(page.rows)


def rows_in(
    house: House, chain: str, state: str, filters: Mapping[str, str],
    after: tuple[int, int] = (0, 0), most: int | None = None,
) -> Iterator[SetAside]:  # fmt: skip
    """Rows of a chain in a state, page by page, after an (event, number), at most so many.

    `filters` may name a `source`, a `class_name` and a `code`.
    """
    left = most
    while left is None or left > 0:
        size = PAGE_LIMIT if left is None else min(left, PAGE_LIMIT)
        page = house.catalog.set_aside(
            chain, state, source=filters.get("source", ""), code=filters.get("code", ""),
            class_name=filters.get("class_name", ""), after=after, first=size,
        )  # fmt: skip
        yield from page.rows
        if not page.has_more:
            return
        after = (page.rows[-1].event, page.rows[-1].number)
        left = None if left is None else left - len(page.rows)


def states_of(house: House, event: int, numbers: Sequence[int]) -> dict[int, str]:
    """The state of rows of a delivery that stand one after the other."""
    found: dict[int, str] = {}
    while len(found) < len(numbers):
        after = numbers[len(found)] - 1
        first = min(PAGE_LIMIT, len(numbers) - len(found))
        rows = house.catalog.set_aside_of(event, after=after, first=first).rows
        found |= {row.number: row.state for row in rows}
    return found


def open_rows(house: House, event: int) -> list[SetAside]:
    """All rows of a delivery that nothing has settled."""
    found: list[SetAside] = []
    while True:
        after = found[-1].number if found else 0
        page = house.catalog.set_aside_of(event, state=OPEN, after=after, first=PAGE_LIMIT)
        found += page.rows
        if not page.has_more:
            return found
