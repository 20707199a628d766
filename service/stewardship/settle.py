"""A difference of two sources is settled: a person's choice or a stated pack, as a delivery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from feeds.reconciliation.differences import Difference
from feeds.reconciliation.said import END, UNCOUNTED, Said
from graph.manifests import FeedContents, FeedFile
from graph.projection import load_feed
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table, record_at, table_of
from ontology.errors import InputError
from ontology.events import Event, micros_of
from ontology.governance import Resolution
from ontology.stock import StockPosition
from ontology.terms import join_key
from service.house import SERVICE_AGENT, House, now_after
from service.intake.deliveries import standing_of
from service.stewardship.reconcile import WINDOW_HOURS, Comparison, compare_sources

SOURCE, FORMAT = "evenkeel-reconciliation", "evenkeel-reconciliation/1"
RECONCILED = "reconciled"
"""What a position says of itself whose units were settled so."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose word stands on a difference, and how many units that is."""

    difference: Difference
    source: str
    units: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The choices that were stated, and the event that did; `replayed`: it stood there before."""

    choices: tuple[Choice, ...]
    event: Event
    replayed: bool


def accept(
    house: House, chain: str, sources: tuple[str, str], key: str, take: str, reason: str,
    agent: str, *, window_hours: int = WINDOW_HOURS, counts_at: str = END,
) -> Settled:  # fmt: skip
    """A person states that one source's word on a position stands; gives the event.

    It stands until a source tells the position anew, by its clocks: which source counts more
    in the end is for their priorities to say. The same choice made again gives the
    first event. Raises InputError `NO_DIFFERENCE`, `SOURCE_UNKNOWN`, `REASON_MISSING`,
    `LOTS_DIFFER`; StateError `STALE` where other facts reached the chain meanwhile.
    """
    if take not in sources:
        raise InputError(f"`{take}` is none of the two sources", code="SOURCE_UNKNOWN",
                         hint=f"take the word of `{sources[0]}` or of `{sources[1]}`")  # fmt: skip
    if not reason.strip():
        raise InputError("a choice needs a reason", code="REASON_MISSING",
                         hint="say in a sentence why this source is right")  # fmt: skip
    found = compare_sources(house, chain, sources, window_hours=window_hours, counts_at=counts_at)
    known = (*found.found.differences, *found.settled)
    one = next((each for each in known if each.key in (key, f"{key}/")), None)
    if one is None:
        raise InputError(f"the sources do not differ on `{key}`", code="NO_DIFFERENCE",
                         hint="`evenkeel reconcile` lists where they do")  # fmt: skip
    if one.by_lots:
        raise InputError(
            f"one source tells `{key}` by lots and the other does not", code="LOTS_DIFFER",
            hint="correct it at the source that is wrong: how much is of which lot is not known",
        )  # fmt: skip
    if one in found.settled and (event := _settled_by(house, found, one.key, take)) is not None:
        return Settled((Choice(one, take, one.units[sources.index(take)]),), event, replayed=True)
    choice = Choice(one, take, one.units[sources.index(take)])
    return _stated(house, found, [choice], reason, agent)


def settle_safely(house: House, found: Comparison) -> Settled | None:
    """State in our units what one source counts in stated packs; None where there is nothing so."""
    choices = []
    for each in found.found.differences:
        if each.is_safe and not each.by_lots:
            ours = 1 - found.sources.index(each.cause.pack_of)
            choices.append(Choice(each, found.sources[ours], each.units[ours]))
    return _stated(house, found, choices, "", SERVICE_AGENT) if choices else None


def _settled_by(house: House, found: Comparison, key: str, take: str) -> Event | None:
    """The event of a resolution that chose the same source."""
    table = found.present.table("Resolution")
    row = table.row_of[join_key(("StockPosition", key))]
    if table["source"][row] != take:
        return None
    sequence = int(found.present.addresses["Resolution"][row, 0])
    return house.projection.log.read(after=sequence - 1, limit=1)[0]


def _stated(
    house: House, found: Comparison, choices: Sequence[Choice], reason: str, agent: str
) -> Settled:  # fmt: skip
    now = now_after(house.state(found.chain))
    contents = _contents(house, found, choices, reason, agent)
    contents = replace(contents, source_sequence=micros_of(now))
    appended = load_feed(
        house.projection, contents, agent=agent, effective_at=now,
        idempotency_key=f"feed/{found.chain}/{SOURCE}/{contents.feed}",
        after=found.present.sequence,
    )  # fmt: skip
    return Settled(tuple(choices), appended.event, appended.replayed)


def _contents(
    house: House, found: Comparison, choices: Sequence[Choice], reason: str, agent: str
) -> FeedContents:  # fmt: skip
    """The delivery: restated positions, resolutions that lead to both words, marks that end."""
    rows = [_evidence(choice) for choice in choices]
    document = {"format": FORMAT, "chain": found.chain, "sources": list(found.sources),
                "at": found.at.isoformat(), "window_hours": found.window_hours, "reason": reason,
                "resolved_by": agent, "rows": rows}  # fmt: skip
    file = FeedFile(f"{' and '.join(found.sources)}, reconciled",
                    house.store.put_document(document), len(rows))  # fmt: skip
    positions = [_restated(found, choice) for choice in choices]
    decided = [_resolution(found, choice, reason, agent) for choice in choices]
    tables = {"StockPosition": table_of(positions, "StockPosition"),
              "Resolution": table_of(decided, "Resolution"),
              "Mark": _marks_on(found.present, {c.difference.key for c in choices})}  # fmt: skip
    told = np.column_stack([np.zeros(len(rows), np.int64), np.arange(1, len(rows) + 1)])
    nowhere = np.full((len(tables["Mark"]), 2), -1, np.int64)
    sources = found.present.table("Source")
    rows_digest = digest_of([found.present.sequence, list(found.sources), rows])
    return FeedContents(
        found.chain, SOURCE, rows_digest[:16], "reconciliation", digest_of(FORMAT), (file,),
        tables, {"StockPosition": told, "Resolution": told, "Mark": nowhere},
        counts={"loaded": len(rows)},
        standing=max(standing_of(sources, name) for name in found.sources),
        closes={"Mark": np.ones(len(tables["Mark"]), np.bool_)},
    )  # fmt: skip


def _evidence(choice: Choice) -> dict[str, Any]:
    one = choice.difference
    return {"position": one.key, "units": list(one.units), "take": choice.source,
            "resolved_units": choice.units, "cause": one.cause.name, "why": one.cause.evidence,
            "movements": list(one.cause.movements),
            "counts": [[list(place) for place in said] for said in one.counts]}  # fmt: skip


def _restated(found: Comparison, choice: Choice) -> StockPosition:
    """The position as the chosen source has it after its movements, of the last day told.

    What a source allocates or holds stays so; where that is more than there is, all is on hold.
    """
    said = found.said[found.sources.index(choice.source)]
    place, units = choice.difference.place, max(0, choice.units)
    item, location, lot = place
    row = said.counted.get(place)
    told = StockPosition(item, location, lot) if row is None else record_at(said.counts, row)
    bound = (told.allocated_units + told.reserved_units + told.on_hold_units
             + told.in_transit_units)  # fmt: skip
    if bound > units:
        told = replace(told, allocated_units=0, reserved_units=0, in_transit_units=0,
                       on_hold_units=units)  # fmt: skip
        bound = units
    return replace(told, on_hand_units=units - bound, total_units=units, basis=RECONCILED,
                   counted_on=_last_day(found.said, choice.difference))  # fmt: skip


def _last_day(both: Iterable[Said], difference: Difference) -> date | None:
    """The last day that a count or a movement of the position speaks of; None where none does."""
    days = [day for said in both if (day := said.day_of(difference.place)) is not None]
    days += [move.day for said in both for move in said.moves_of(difference.place)]
    known = [day for day in days if day > UNCOUNTED]
    return date(1970, 1, 1) + timedelta(days=max(known)) if known else None


def _resolution(found: Comparison, choice: Choice, reason: str, agent: str) -> Resolution:
    one, ours = choice.difference, found.sources.index(choice.source)
    here, there = (one.counts[at][0] if one.counts[at] else (None, None) for at in (ours, 1 - ours))
    return Resolution(
        "StockPosition", one.key, choice.source, found.sources[1 - ours], one.cause.name,
        one.units[ours], one.units[1 - ours], max(0, choice.units),
        reason or one.cause.evidence, agent, *here, *there,
    )  # fmt: skip


def _marks_on(present: Snapshot, keys: set[str]) -> Table:
    """The marks on the positions: what a person settled is in doubt no longer."""
    table = present.table("Mark")
    about = zip(table["class_name"].tolist(), table["fact_key"].tolist(), strict=True)
    return table.take(np.flatnonzero([n == "StockPosition" and k in keys for n, k in about]))
