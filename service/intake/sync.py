"""Sync a feed: read it, hold it to the rules, find what it changes; then log it and show it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from feeds.identity.naming import LinkedResult, linked, links_in_force, names_of, read_by
from feeds.kept_rows import kept_rows
from feeds.mapping import Mapping as FeedMapping
from feeds.mapping_text import MappingText, read_mapping
from feeds.pseudonyms import unheard_of
from feeds.reading import read
from feeds.result import FeedResult
from graph.artifacts import ArtifactStore
from graph.clashes import clashes
from graph.fold import BoolColumn, IntArray, Statements
from graph.identity_links import Linked
from graph.log import Appended
from graph.manifests import FeedContents, FeedFile, FullAt, read_feed
from graph.mending import Mending
from graph.persons import Naming
from graph.projection import load_feed
from graph.state import ALWAYS, State
from graph.stated import stated_in
from ontology.canonical import digest_of
from ontology.columns import Table
from ontology.errors import InputError, StateError
from ontology.events import Event, micros_of
from ontology.time_zones import zones_near
from ontology.vocabulary import FACTS
from rules.lookups import about_with
from rules.release import Release
from service.house import House, now_after
from service.intake.changes import ClassChanges, changes_of
from service.intake.closing import Met, with_closing
from service.intake.deliveries import (
    Clocks,
    Delivery,
    Zones,
    clocks_of,
    clocks_of_refused,
    full_at,
    since_of,
)
from service.intake.evolution import notes_of_evolution
from service.intake.fact_rules import (
    Reason,
    as_logged,
    hold_to_key_lengths,
    hold_to_rules,
    set_aside,
)
from service.intake.next_step import next_step
from service.intake.notices import notices_of_feed
from service.intake.omissions import Omitted, after_omitted, entries_of, omitted
from service.intake.originals import packed_originals
from service.intake.priorities import notices_of_priority
from service.intake.quality import hold_to_gates
from service.intake.rule_changes import RuleChanges, rule_changes
from service.intake.touched import news_of, touched_by

_MEANWHILE = {"STALE", "IDEMPOTENCY_CONFLICT"}
SET_ASIDE = "set aside"
"""How a feed's event counts them: `set aside/StockPosition/stock.csv`."""
TRIES = 20
"""So often a delivery is looked at anew where others reach its chain meanwhile."""


@dataclass(frozen=True)
class Reading:
    """A delivery that was read, and what it meets: the state of its chain and the time.

    Rows that are mended have the `clocks` of the delivery that they came in; `waived` gives the
    gates whose doubts a person has settled another severity, and a person who `decides` accepts
    them against others of equal clocks. `linked` says what was read by links, `naming` which
    pseudonyms were given.
    """

    mapping: FeedMapping
    found: FeedResult
    delivery: Delivery
    before: State
    now: datetime
    clocks: Clocks | None = None
    waived: Mapping[str, str] = field(default_factory=dict)
    linked: LinkedResult | None = None
    decides: bool = False
    naming: Naming | None = None

    @property
    def feed(self) -> str:
        """The name of the delivery: its own, else the first digits of its `body`."""
        return self.delivery.feed or self.body[:16]

    @property
    def key(self) -> str:
        """What the delivery is known by: chain, source and its name."""
        return f"feed/{self.mapping.chain}/{self.mapping.source}/{self.feed}"

    @property
    def body(self) -> str:
        """The digest of all that was said under that name."""
        said = self.delivery
        told = [self.found.digest, said.effective_at and said.effective_at.isoformat(),
                said.source_sequence, said.supersedes]  # fmt: skip
        return digest_of([*told, said.content] if said.content else told)


@dataclass(frozen=True)
class Prepared:
    """A delivery as it would be logged, and what it would change; nothing is written yet.

    What is `omitted` goes before it. `ruled` says what the rules find now and did not, and the
    other way round, where the delivery is small. It was judged by `release`.
    """

    reading: Reading
    result: FeedResult
    contents: FeedContents
    clocks: Clocks
    after: State
    changes: tuple[ClassChanges, ...]
    notes: tuple[str, ...]
    release: Release
    omitted: tuple[Omitted, ...] = ()
    ruled: RuleChanges | None = None


@dataclass(frozen=True)
class Synced:
    """The account of one feed, and the event that it became; no event after a dry run."""

    summary: dict[str, Any]
    event: Event | None
    replayed: bool


def sync(
    house: House, paths: Sequence[Path], mapping: Path | MappingText, delivery: Delivery, *,
    dry_run: bool = False, tells_plans: bool = True,
) -> Synced:  # fmt: skip
    """Load files (or one folder) through a mapping; every row is loaded, merged or quarantined.

    A delivery is known by its source and its name: sent again it gives the first event back and
    changes nothing. A `dry_run` goes through the same steps up to the writing, and tells what
    would change in the latest plan; only facts whose time has come do come due. Who may not see
    plans is told neither that nor which plans were touched (`tells_plans`): it is not worked out.

    Raises InputError where a whole file or the mapping is unusable, `FEED_NAME`, `SEQUENCE_RANGE`,
    `FEED_CHANGED` where another content has its name, `GATE_STOPPED` or `CLOSES_MUCH` where it
    would do harm: then nothing is loaded; StateError `STALE` where others reach the chain all the
    time.
    """
    delivery.check()
    text = mapping if isinstance(mapping, MappingText) else read_mapping(mapping)
    chosen = text.mapping
    for tried in range(TRIES):
        reading = _read(house, paths, chosen, delivery)
        known = house.projection.log.find(reading.key)
        if known is not None:
            return _again(house, reading, known)
        ready = prepare(house, reading, dry_run=dry_run)
        if dry_run:
            told = _account(house, ready) | _foreseen(house, ready, tells_plans=tells_plans)
            return Synced(told, None, replayed=False)
        told = _account(house, ready)
        news = news_of(chosen.chain, ready.changes) if tells_plans else None
        ready = replace(ready, after=State(), changes=())  # they are as large as the delivery
        try:
            appended = _loaded(house, _keeping(house, ready, paths, text))
            break
        except StateError as error:
            if error.code not in _MEANWHILE or tried == TRIES - 1:
                raise
    event = appended.event
    if appended.replayed:
        return _again(house, reading, event)
    plans = touched_by(house, chosen.chain, news)
    account = told | {
        "event": event.sequence, "replayed": False, "touched": [asdict(plan) for plan in plans],
    }  # fmt: skip
    return Synced(account, event, replayed=False)


def _read(house: House, paths: Sequence[Path], chosen: FeedMapping, delivery: Delivery) -> Reading:
    before = house.state(chosen.chain)
    now = now_after(before)
    names = names_of(before.snapshot, chosen.source, before.keys_between)
    present = read_by(before.snapshot, names)
    naming = house.persons.naming()
    read_now = read(paths, chosen, present=present, read_on=now.date(), pseudonyms=naming)
    found = linked(read_now, names)
    return Reading(chosen, found.result, delivery, before, now, linked=found, naming=naming)


def _again(house: House, reading: Reading, known: Event) -> Synced:
    """The first answer to a delivery that is made again."""
    if known.payload.get("delivery") != reading.body:
        raise InputError(
            f"source `{reading.mapping.source}` delivered something else as `{reading.feed}` "
            "before", code="FEED_CHANGED", hint="give this delivery a name of its own; to correct "
            f"the earlier one, add `--supersedes {reading.feed}`",
        )  # fmt: skip
    found = as_logged(reading.found, read_feed(house.store, known.artifact))
    account = found.summary() | {
        "feed": reading.feed, "event": known.sequence, "replayed": True, "changes": {},
        "rules": None, "touched": [], "notices": [],
        "next": next_step(reading.mapping.chain, reading.before.snapshot, found.tables),
    }  # fmt: skip
    return Synced(account, known, replayed=True)


def prepare(house: House, reading: Reading, *, dry_run: bool = False) -> Prepared:
    """All that comes between reading a delivery and writing it. Raises as `sync` does.

    A dry run goes on where the gates would stop the delivery, to tell all that they found.
    """
    chosen, before = reading.mapping, reading.before
    present, log = before.snapshot, house.projection.log
    clocks = reading.clocks or clocks_of(reading.delivery, log, chosen, present, reading.now)
    short = hold_to_key_lengths(reading.found)
    release = house.release_for(chosen.chain)
    sound = hold_to_rules(release, short, present, chosen.known, before.about)
    judged = hold_to_gates(
        sound, chosen, before, house.reader, reading.delivery, may_stop=not dry_run,
        severities=reading.waived,
    )  # fmt: skip
    held = judged.result
    if not reading.decides:
        held = _in_order(house, reading, held, clocks)
    met = Met(house.reader, before, _full_at(reading, held, clocks))
    told = with_closing(chosen, held, met, close_all=reading.delivery.close_all)
    told = told.adding(judged.marks, judged.origins).ending(judged.ended, -1)
    for name, keys in held.ended.items():
        rows = present.table(name).row_of
        gone = [rows[key] for key in keys if key in rows]
        told = told.ending(present.table(name).take(np.array(gone, np.intp)), -1)
    result = replace(held, tables=told.tables, sources=told.origins)
    contents = replace(
        contents_of(result, reading.feed, {f.file: f.principal.name for f in chosen.files}),
        standing=clocks.standing, source_sequence=clocks.order, closes=told.closes,
        since=_since(reading, result, clocks, told.closes), delivery=reading.body,
        number=reading.delivery.source_sequence,
        mapping_version=chosen.version, linked=_linked(reading, result), decides=reading.decides,
        full_at=told.full_at,
    )  # fmt: skip
    stated = _stated(contents, clocks, before)
    left_out, now = omitted(house, before, contents, stated), micros_of(reading.now)
    ahead = after_omitted(before, left_out, now).at(now)
    after = ahead.after(before.sequence + 1, now, stated)
    changes = changes_of(before, after, stated)
    ruled = rule_changes(release, ahead, after, stated, changes)
    notes = (
        *told.notes,
        *(each.note for each in left_out),
        *judged.notes,
        *notes_of_evolution(house, chosen, reading.found.files),
    )
    return Prepared(reading, result, contents, clocks, after, changes, notes, release, left_out,
                    ruled)  # fmt: skip


def _loaded(house: House, ready: Prepared) -> Appended:
    """Append the event, unless the chain changed since."""
    reading, agent = ready.reading, ready.reading.delivery.agent
    return load_feed(
        house.projection, ready.contents, agent=agent,
        effective_at=ready.clocks.effective_at, idempotency_key=reading.key,
        after=reading.before.sequence, stated=reading.delivery.stated,
        ahead=entries_of(house, ready.omitted, agent),
    )  # fmt: skip


def _keeping(house: House, ready: Prepared, paths: Sequence[Path], text: MappingText) -> Prepared:
    """The delivery with what is kept beside its facts: its files, and what mends its rows."""
    packed = packed_originals(house, ready.reading.mapping, ready.result, paths)
    whole = replace(ready, contents=replace(ready.contents, originals=packed))
    done = with_mending(house.store, whole, paths, text)
    if ready.reading.naming is not None and not ready.reading.naming.keep():
        raise StateError("another delivery named the same person at the same time", code="STALE",
                         hint="send it again")  # fmt: skip
    return done


def with_mending(
    store: ArtifactStore, ready: Prepared, paths: Sequence[Path], text: MappingText
) -> Prepared:
    """The delivery with what is needed to mend the rows that it sets aside."""
    if not len(ready.contents.quarantine):
        return ready
    chosen = ready.reading.mapping
    links = links_in_force(ready.reading.before.snapshot, chosen.source)
    kept = kept_rows(ready.contents.quarantine, ready.result.files, paths, chosen, links,
                     pseudonyms=ready.reading.naming or unheard_of)  # fmt: skip
    clocks = clocks_of_refused(
        kept, chosen, links, _zones(ready.reading, ready.result), ready.clocks
    )
    mending = Mending(store.put(text.data), kept.headers, clocks=clocks)
    contents = replace(ready.contents, quarantine=kept.quarantined, mending=mending)
    return replace(ready, contents=contents)


def _linked(reading: Reading, result: FeedResult) -> Linked:
    """By which links the cells of a delivery were read, for the log."""
    found = reading.linked
    if found is None or not found.used:
        return Linked()
    return Linked(found.links, found.used_in(result.tables))


def _foreseen(house: House, ready: Prepared, *, tells_plans: bool) -> dict[str, Any]:
    """What a dry run adds: nothing was logged, and the plan would change so."""
    told = [asdict(change) for each in ready.changes for change in each.changes]
    return {"dry_run": True, "event": None, "replayed": False, "differences": told,
            "plan": _plan_foreseen(house, ready) if tells_plans else None}  # fmt: skip


def _plan_foreseen(house: House, ready: Prepared) -> dict[str, Any] | None:
    from service.intake.foreseen import foreseen  # it loads the solver: 65 MB

    reading = ready.reading
    plan = foreseen(house, reading.mapping.chain, reading.before.snapshot, ready.after.snapshot)
    return None if plan is None else asdict(plan)


def _in_order(house: House, reading: Reading, result: FeedResult, clocks: Clocks) -> FeedResult:
    """The feed without the facts of which another value is stated for the same clocks."""
    contents = replace(
        contents_of(result, "", {}), standing=clocks.standing, source_sequence=clocks.order,
        since=_since(reading, result, clocks, {}),
    )  # fmt: skip
    stated = _stated(contents, clocks, reading.before)
    found = clashes(house.reader, reading.mapping.chain, reading.before, stated)
    refused = {
        (name, row): Reason("CLOCK_CONFLICT", _clash_text(name, stated[name], row))
        for name, clash in found.items()
        for row in np.flatnonzero(clash).tolist()
    }
    return set_aside(result, refused)


def _clash_text(name: str, rows: Statements, row: int) -> str:
    since = np.datetime64(int(rows.clocks[row, 0]), "us").astype("datetime64[s]")
    return f"{name} `{rows.table.keys[row]}` has another value since {since}Z, too"


def _stated(contents: FeedContents, clocks: Clocks, before: State) -> dict[str, Statements]:
    return stated_in(contents, before.sequence + 1, micros_of(clocks.effective_at))


def _since(
    reading: Reading, result: FeedResult, clocks: Clocks, closes: Mapping[str, BoolColumn]
) -> dict[str, IntArray]:
    stated = reading.delivery.effective_at
    return since_of(
        reading.mapping, result.tables, _zones(reading, result),
        micros_of(clocks.effective_at), closes,
        ends_from=ALWAYS if stated is None else micros_of(stated),
    )  # fmt: skip


def _full_at(reading: Reading, result: FeedResult, clocks: Clocks) -> dict[str, FullAt]:
    if not any(rule.full for rule in reading.mapping.files):
        return {}
    stated = reading.delivery.effective_at
    since = _since(reading, result, clocks, {})
    return full_at(reading.mapping, since, clocks, ALWAYS if stated is None else micros_of(stated))


def _zones(reading: Reading, result: FeedResult) -> Zones:
    """Finds zones by the locations of the chain and of the delivery: where its rows' days begin."""
    arriving = result.tables.get("Location")
    about = about_with(reading.before.about, {} if arriving is None else {"Location": arriving})

    def locations(places: list[str]) -> Table:
        asked = Table("Location", {"id": np.array(places, object)})
        return about("Location", ("id",), asked)

    return lambda places: zones_near(places, locations)


def contents_of(result: FeedResult, feed: str, classes: Mapping[str, str]) -> FeedContents:
    """A reading as the graph keeps it; `classes` says of which class the rows of a file are."""
    totals = {
        name: sum(getattr(file, name) for file in result.files)
        for name in ("rows", "loaded", "duplicates", "quarantined")
    }
    for file, rows in sorted(Counter(result.quarantined["file"]).items()):
        name = classes.get(file, file.rpartition("#")[2])  # events come as a sheet per class
        if name in FACTS:
            totals[f"{SET_ASIDE}/{name}/{file}"] = rows
    return FeedContents(
        result.chain, result.source, feed, result.mapping, result.mapping_digest,
        tuple(FeedFile(file.file, file.digest, file.rows, file.columns) for file in result.files),
        result.tables, result.sources, result.quarantined, totals,
    )  # fmt: skip


def _account(house: House, ready: Prepared) -> dict[str, Any]:
    present, tables = ready.reading.before.snapshot, ready.result.tables
    chain = ready.reading.mapping.chain
    stated = ready.reading.delivery.stated
    return ready.result.summary() | ({"envelope": stated} if stated else {}) | {
        "feed": ready.reading.feed,
        "changes": {each.name: each.counts for each in ready.changes},
        "rules": ready.ruled and ready.ruled.told(),
        "notices": [*ready.notes, *(ready.ruled.notices() if ready.ruled else ()),
                    *notices_of_feed(ready.release, present, tables),
                    *_of_priorities(house, ready)],
        "next": next_step(chain, present, tables),
    }  # fmt: skip


def _of_priorities(house: House, ready: Prepared) -> list[str]:
    if "Source" not in ready.contents.tables:
        return []
    reading = ready.reading
    log, chain = house.projection.log, reading.mapping.chain
    return [*notices_of_priority(log, chain, reading.before, ready.after)]
