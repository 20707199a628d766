"""A feed as nodes: anchors, fact versions, typed links and quarantined rows, in batches."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from neo4j import ManagedTransaction

from graph.facts import Properties, fact_rows
from graph.manifests import FeedContents
from graph.statements import OPEN_END, run
from graph.steps import Step
from ontology.columns import record_at
from ontology.events import Event
from ontology.vocabulary import MEASUREMENTS

Batch = tuple[str, list[Properties]]
"""A class of facts, and the parameters of some of its nodes."""


class FeedNodes:
    """The statements that bring one feed into the graph; `weight` counts the rows that it writes.

    Measurements stay columns of the feed's artifact.
    """

    def __init__(self, feed: FeedContents) -> None:
        self._feed = feed
        self._names = sorted(set(feed.tables) - MEASUREMENTS)
        self.weight = sum(len(feed.tables[n]) for n in self._names) + len(feed.quarantine)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """Writes that can each be repeated, in this order, without a further effect."""
        for name, batch in made_ahead(self._facts(batch_rows)):
            yield _facts_step(self._feed.chain, name, event.sequence, batch)
        refused = (
            _quarantined(row, record_at(self._feed.quarantine, row))
            for row in range(len(self._feed.quarantine))
        )
        for batch in batches(refused, batch_rows):
            yield _quarantine_step(event.sequence, batch)

    def _facts(self, batch_rows: int) -> Iterator[Batch]:
        files = tuple(file.name for file in self._feed.files)
        for name in self._names:
            table, origins = self._feed.tables[name], self._feed.origins[name]
            rows = fact_rows(self._feed.chain, table, origins, files)
            for batch in batches(rows, batch_rows):
                yield name, batch


def made_ahead(made: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each made in another thread while the server works on the one before."""
    with ThreadPoolExecutor(1) as maker:
        following = maker.submit(next, made, None)
        while (ready := following.result()) is not None:
            following = maker.submit(next, made, None)
            yield ready


def batches(rows: Iterator[Properties], size: int) -> Iterator[list[Properties]]:
    """Lists of at most `size` rows."""
    while batch := list(islice(rows, size)):
        yield batch


def references(links: Sequence[Properties]) -> list[Properties]:
    """Each entity that links name, once, in order of URI."""
    found = {link["uri"]: link for link in links}
    return [
        {"uri": uri, "class": found[uri]["class"], "key": found[uri]["key"]}
        for uri in sorted(found)
    ]


def _facts_step(chain: str, name: str, sequence: int, rows: list[Properties]) -> Step:
    def step(tx: ManagedTransaction) -> None:
        targets = references([link for row in rows for link in row["links"]])
        run(tx, "project_anchors", chain=chain, anchors=targets)
        own = [{"uri": row["uri"], "class": name, "key": row["key"]} for row in rows]
        run(tx, "project_anchors", chain=chain, anchors=own)
        changed = {
            found["row"]
            for found in run(
                tx, "project_facts", rows=rows, class_name=name,
                sequence=sequence, open_end=OPEN_END,
            )
        }  # fmt: skip
        links = [
            {"row": row["row"], "type": link["type"], "uri": link["uri"]}
            for row in rows
            if row["row"] in changed
            for link in row["links"]
        ]
        run(tx, "project_links", links=links, class_name=name, sequence=sequence)

    return step


def _quarantine_step(sequence: int, rows: list[Properties]) -> Step:
    def step(tx: ManagedTransaction) -> None:
        run(tx, "project_quarantine", rows=rows, sequence=sequence)

    return step


def _quarantined(row: int, record: Any) -> Properties:
    return {"row": row, "fields": {
        name: getattr(record, name) for name in type(record).__dataclass_fields__
    }}  # fmt: skip
