"""Sync a feed: read it through its mapping, hold it to the fact rules, log it, show it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult
from graph.manifests import FeedContents, FeedFile
from graph.projection import load_feed
from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.events import Event
from service.gate import hold_to_rules
from service.house import House
from service.next_step import next_step
from service.notices import SET_ASIDE, notices_of_feed


@dataclass(frozen=True)
class Synced:
    """The account of one feed, and the event that it became."""

    summary: dict[str, Any]
    event: Event
    replayed: bool


def sync(
    house: House, paths: Sequence[Path], mapping: Path, *, agent: str, feed: str = ""
) -> Synced:
    """Load files (or one folder) through a mapping; every row is loaded, merged or quarantined.

    Sending the same files again gives the first event back and changes nothing. Raises
    InputError where a whole file or the mapping is unusable: then nothing is loaded.
    """
    now = datetime.now(UTC)
    chosen = load_mapping(mapping)
    present = _present(house, chosen.chain)
    found = read(paths, chosen, present=present, read_on=now.date())
    result = hold_to_rules(house.release, found, present)
    classes = {rule.file: rule.principal.name for rule in chosen.files}
    appended = load_feed(
        house.projection, contents_of(result, feed or result.digest[:16], classes),
        agent=agent, effective_at=now,
    )  # fmt: skip
    account = {
        "event": appended.event.sequence, "replayed": appended.replayed,
        "notices": list(notices_of_feed(house.release, present, result.tables)),
        "next": next_step(chosen.chain, present, result.tables),
    }  # fmt: skip
    return Synced(result.summary() | account, appended.event, appended.replayed)


def contents_of(result: FeedResult, feed: str, classes: Mapping[str, str]) -> FeedContents:
    """A reading as the graph keeps it; `classes` says of which class the rows of a file are."""
    totals = {
        name: sum(getattr(file, name) for file in result.files)
        for name in ("rows", "loaded", "duplicates", "quarantined")
    }
    for file, rows in sorted(Counter(result.quarantined["file"]).items()):
        if file in classes:
            totals[f"{SET_ASIDE}/{classes[file]}/{file}"] = rows
    return FeedContents(
        result.chain, result.source, feed, result.mapping, result.mapping_digest,
        tuple(FeedFile(file.file, file.digest, file.rows) for file in result.files),
        result.tables, result.sources, result.quarantined, totals,
    )  # fmt: skip


def _present(house: House, chain: str) -> Snapshot:
    try:
        return house.reader.read(chain)
    except InputError as error:
        if error.code != "CHAIN_UNKNOWN":
            raise
        return Snapshot(0, {})
