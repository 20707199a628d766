"""Requests under a key: what was answered to one is told again from the log, whoever lost it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from feeds.result import FeedResult, FileCounts
from graph.manifests import FeedContents, read_feed
from graph.settled_rows import DISCARDED, read_settled
from ontology.canonical import digest_of
from ontology.events import REQUEST_ANSWERED, ROWS_DISCARDED, Event, NewEvent, micros_of
from service.house import House
from service.intake.changes import changes_of
from service.intake.quality import MENDS
from service.stewardship.identity import Relinked

Account = Mapping[str, Any]
"""What a verb says of what it did, as plain data."""


def keep_answer(house: House, account: Account, agent: str) -> Event:
    """Answer the house's request by an event of its own: nothing else was logged for it.

    Raises AnsweredError where somebody has answered it meanwhile.
    """
    request = house.projection.log.request
    if request is None:
        raise ValueError("there is no request to answer")
    artifact = house.store.put_document(account)
    new = NewEvent(REQUEST_ANSWERED, f"request/{request.name}", agent, datetime.now(UTC), artifact,
                   {})  # fmt: skip
    return house.projection.append(new, body=digest_of([artifact])).event


def kept_answer(house: House, event: Event) -> Account | None:
    """What `keep_answer` kept; None of an event that is itself what was done."""
    if event.kind != REQUEST_ANSWERED:
        return None
    account: Account = house.store.get_document(event.artifact)
    return account


def delivery_again(house: House, event: Event) -> Account:
    """The account of a delivery that stands in the log: its rows, and what they changed."""
    feed = read_feed(house.store, event.artifact)
    files = tuple(FileCounts(one.name, one.digest, one.rows, columns=one.columns)
                  for one in feed.files)  # fmt: skip
    result = FeedResult(
        feed.chain, feed.source, feed.mapping, feed.mapping_digest, feed.delivery, feed.tables,
        feed.origins, files, feed.quarantine, feed.counts,
    )  # fmt: skip
    return result.summary() | {
        "feed": feed.feed, "event": event.sequence, "replayed": True, "notices": [],
        "changes": _changes(house, event), "rules": None, "touched": [], "next": "",
    }  # fmt: skip


def settled_again(house: House, event: Event) -> Account:
    """What an event did with rows that were set aside."""
    if event.kind == ROWS_DISCARDED:
        rows = read_settled(house.store, event.artifact)
        told: dict[str, Any] = {"delivery": event.payload["event"], "state": DISCARDED,
                                "changes": {}}  # fmt: skip
    else:
        rows = read_feed(house.store, event.artifact).mending.settles
        told = {"delivery": event.payload[MENDS], "state": event.payload["settled_as"],
                "changes": _changes(house, event)}  # fmt: skip
    numbers = [position + 1 for position in rows[:, 1].tolist()]
    return told | {"event": event.sequence, "numbers": numbers, "left": []}


def relinked_again(_: House, event: Event) -> Account:
    """What a change of links did to facts."""
    found = Relinked.told_in(event)
    return {"event": found.event, "restated": found.restated, "ended": found.ended,
            "set_aside": found.set_aside}  # fmt: skip


def resolved_again(house: House, event: Event) -> Account:
    """Which words an event chose where two sources differed."""
    feed = read_feed(house.store, event.artifact)
    return {"event": event.sequence, "positions": _positions(feed)}


def _positions(feed: FeedContents) -> list[dict[str, Any]]:
    table = feed.tables["Resolution"]
    names = ("fact_key", "source", "resolved_units")
    return [dict(zip(("position", "source", "units"), row, strict=True))
            for row in zip(*(table[name].tolist() for name in names), strict=True)]  # fmt: skip


def forecast_again(house: House, event: Event) -> Account:
    """Which forecast an event is."""
    feed = read_feed(house.store, event.artifact)
    first = feed.tables["DemandForecast"]["starts_on"].min().astype(object)
    return {"event": event.sequence, "model": feed.mapping, "starts_on": first.isoformat(),
            "counts": dict(feed.counts)}  # fmt: skip


def _changes(house: House, event: Event) -> dict[str, dict[str, int]]:
    """How many statements of each class had which outcome, when they came."""
    reader = house.reader
    before = reader.state(str(event.payload["chain"]), event.sequence - 1)
    stated = reader.stated(event)
    after = before.after(event.sequence, micros_of(event.recorded_at), stated)
    return {each.name: each.counts for each in changes_of(before, after, stated)}
