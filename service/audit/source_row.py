"""Forward from a row of a file: which facts it stated, in which version they were read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graph.facts import uri_of
from graph.manifests import read_rows
from ontology.columns import Table, record_at
from ontology.errors import InputError
from ontology.events import FEED_LOADED, Event
from service.house import House

DELIVERIES = 20
"""Of so many deliveries that hold a file of a name, the latest, the row is looked up."""


@dataclass(frozen=True, slots=True)
class RowFact:
    """A fact that a row of a delivery stated, and the version (event, row) that stands for it.

    Where the row said again what stood already, `event` is that of the earlier delivery: plans
    that read it read that version. `delivery` is the event of the row itself.
    """

    delivery: int
    file: str
    file_row: int
    uri: str
    event: int
    event_row: int

    @property
    def is_restated(self) -> bool:
        """Whether the row said nothing new."""
        return self.event != self.delivery


def facts_of_row(
    house: House, file: str, row: int, event: int = 0, chain: str = ""
) -> list[RowFact]:  # fmt: skip
    """The facts that a row of a file stated (1 is the file's first line), latest delivery first.

    `file` is a name as `evenkeel trace` shows it, or the end of a path; `event` chooses one
    delivery, `chain` those of one chain. Measurements are found like other facts. Raises
    InputError `FILE_UNKNOWN` where no delivery has such a file, `ROW_UNKNOWN` where that row
    stated nothing: it was set aside, merged with an equal one, or is none of the file's.
    """
    deliveries = list(_deliveries(house, file, event, chain))
    if not deliveries:
        raise InputError(f"no delivery holds a file `{file}`", code="FILE_UNKNOWN",
                         hint="`evenkeel events --kind feed.loaded` lists deliveries, "
                              "`evenkeel events N` their files")  # fmt: skip
    found = [
        fact for delivery in deliveries[:DELIVERIES] for fact in _stated(house, delivery, file, row)
    ]
    if not found:
        raise InputError(f"row {row} of `{file}` states no fact", code="ROW_UNKNOWN",
                         hint="`evenkeel quarantine` lists rows that were set aside; a row equal "
                              "to another was merged with that one")  # fmt: skip
    return found


def _deliveries(house: House, file: str, event: int, chain: str) -> Iterator[Event]:
    """The deliveries that hold the file, the latest first."""
    log = house.projection.log
    events = log.read(after=event - 1, limit=1) if event else list(log.events(0))
    for each in reversed(events):
        if each.kind != FEED_LOADED or (chain and each.payload.get("chain") != chain):
            continue
        files = each.payload.get("files", ())
        if any(_is(stated["name"], file) for stated in files):
            yield each


def _stated(house: House, delivery: Event, file: str, row: int) -> Iterator[RowFact]:
    feed = read_rows(house.store, delivery.artifact)
    numbers = [n for n, each in enumerate(feed.files) if _is(each.name, file)]
    for name, origins in feed.origins.items():
        here = np.isin(origins[:, 0], numbers) & (origins[:, 1] == row)
        for place in np.flatnonzero(here).tolist():
            uri = uri_of(feed.chain, name, str(feed.tables[name].keys[place]))
            version = house.catalog.by_uri([uri], at=delivery.sequence).get(uri)
            stands = (delivery.sequence, place)
            if version is not None and _same(version.record, feed.tables[name], place):
                stands = (version.event_sequence, version.event_row)
            named = feed.files[int(origins[place, 0])].name
            yield RowFact(delivery.sequence, named, row, uri, *stands)


def _same(record: object, table: Table, place: int) -> bool:
    return bool(record == record_at(table, place))


def _is(name: str, asked: str) -> bool:
    return name == asked or name.endswith(f"/{asked}")
