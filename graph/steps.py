"""What every kind of event offers the projection: a weight, and steps that may be repeated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from neo4j import ManagedTransaction

from ontology.events import Event

Step = Callable[[ManagedTransaction], None]


class Nodes(Protocol):
    """The content of an event as nodes: `weight` is about how many."""

    weight: int

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """Writes that can each be repeated, in this order, without a further effect."""
        ...


@dataclass(slots=True)
class NoNodes:
    """An event of which the graph shows nothing but the event."""

    weight: int = 0

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """None."""
        yield from ()
