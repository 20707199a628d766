"""Identity: a source's identifiers linked to ours by a person, and a wrong link taken back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from feeds.identity.crosswalk import (
    Restated,
    accepted,
    contradictions,
    identifiers,
    involves,
    restated,
    split,
)
from feeds.refusals import shown
from graph.identity_links import WITHDRAWN, Linked
from graph.manifests import FeedContents, FeedFile
from graph.mending import Mending
from graph.projection import load_feed
from graph.state import State
from ontology.canonical import digest_of
from ontology.columns import Table, joined_tables, record_at, table_of
from ontology.errors import InputError, Place, StateError
from ontology.events import Event, micros_of
from ontology.governance import IdentityLink, QuarantinedRow
from ontology.terms import join_key
from ontology.vocabulary import FACTS, RECORDS, no_class
from service.house import House, now_after
from service.intake.quality import RELINKS
from service.intake.sync import TRIES
from service.stewardship.history import History, history_of

LINK = "IdentityLink"
Change = Callable[[Table], Table]


@dataclass(frozen=True, slots=True)
class LinkTold:
    """A link as it stands, by its key; `event` stated it, at `recorded_at`."""

    link: IdentityLink
    event: int
    recorded_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Relinked:
    """What a change of links did: the event (None where nothing was to be done), and how many.

    Facts of each class that were stated anew under other identifiers, and that stand no more;
    and those that were set aside, because without the link they refer to what nobody knows.
    """

    event: int | None
    restated: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0

    @property
    def told(self) -> dict[str, int]:
        """What the event of a change says of all sources together; `told_in` reads it."""
        counts = {"restated": self.restated, "ended": self.ended}
        return {f"{word}/{name}": rows for word, of in counts.items() for name, rows in of.items()
                } | {"rows_set_aside": self.set_aside}  # fmt: skip

    @staticmethod
    def told_in(event: Event) -> "Relinked":
        """What the last event of a change did, with those of other sources that led it."""
        counts: dict[str, dict[str, int]] = {"restated": {}, "ended": {}}
        for key, rows in event.payload.items():
            word, _, name = key.partition("/")
            if name and word in counts:
                counts[word][name] = rows
        return Relinked(event.sequence, **counts, set_aside=event.payload["rows_set_aside"])


def accept(
    house: House, chain: str, source: str, class_name: str, pairs: Mapping[str, str], *,
    agent: str, reason: str = "",
) -> Relinked:  # fmt: skip
    """Link external identifiers of a source to ours; facts that name them are stated anew.

    From then on the source's deliveries are read by the links. The same again changes nothing.
    Raises InputError `IDENTITY_UNKNOWN` where there is no such thing of ours,
    `IDENTITY_CONTRADICTION` where two facts of the source would be one and say otherwise (both
    rows are named), `IDENTITY_WAITS`, `UNKNOWN_CLASS`, and what `crosswalk.accepted` raises.
    """
    if class_name not in FACTS:
        raise no_class(class_name)
    known = house.state(chain).snapshot.table(class_name).row_of
    for own in pairs.values():
        if join_key((own,)) not in known:
            raise InputError(
                f"there is no {class_name} {shown(own)} in `{chain}`", code="IDENTITY_UNKNOWN",
                hint="link to an identifier of ours; `evenkeel identity propose` names some",
            )  # fmt: skip

    def change(links: Table) -> Table:
        for external, own in pairs.items():
            standing_one = links.row_of.get(join_key((source, class_name, external)))
            if standing_one is not None and links["id"][standing_one] == external:  # was split
                links = links.take(np.delete(np.arange(len(links)), standing_one))
            links = accepted(links, source, class_name, external, own, person=agent)
        return links

    return _relinked(house, chain, source, change, agent, reason)


def take_back(
    house: House, chain: str, source: str, class_name: str, external_ids: Sequence[str], *,
    agent: str, reason: str = "",
) -> Relinked:  # fmt: skip
    """Split wrong links: each identifier stands for itself again, and so do the facts.

    The facts are those that would stand had the link never been: one that refers to an identifier
    which nobody knows is set aside. What was known meanwhile can still be read as it was known.
    Raises InputError `IDENTITY_UNKNOWN`, `IDENTITY_WAITS`.
    """

    def change(links: Table) -> Table:
        for external in external_ids:
            row = links.row_of.get(join_key((source, class_name, external)))
            if row is None or links["id"][row] != external:
                links = split(links, source, class_name, external, person=agent)
        return links

    return _relinked(house, chain, source, change, agent, reason)


def reject(
    house: House, chain: str, source: str, class_name: str, external_ids: Sequence[str], *,
    agent: str, reason: str = "",
) -> Relinked:  # fmt: skip
    """Decide that identifiers of a source stand for nothing of ours: none is proposed for them.

    Each stands for itself, as it did before. Raises InputError `IDENTITY_TAKEN` where one is
    linked (`take_back` splits it), `IDENTITY_CLASS`.
    """

    def change(links: Table) -> Table:
        for external in external_ids:
            links = accepted(links, source, class_name, external, external, person=agent)
        return links

    return _relinked(house, chain, source, change, agent, reason)


def links_of(
    house: House, chain: str, source: str = "", class_name: str = "", after: str = ""
) -> Iterator[LinkTold]:  # fmt: skip
    """The links of a chain as they stand, by key, those after one; those that were split, too.

    What stated them is read as they are asked for, each event once.
    """
    snapshot = house.facts(chain)
    table = snapshot.table(LINK)
    recorded: dict[int, datetime] = {}
    for row in range(len(table)):
        link = record_at(table, row)
        wanted = source in ("", link.source) and class_name in ("", link.class_name)
        if wanted and table.keys[row] > after:
            event = int(snapshot.addresses[LINK][row, 0])
            if event not in recorded:
                (told,) = house.projection.log.read(after=event - 1, limit=1)
                recorded[event] = told.recorded_at
            yield LinkTold(link, event, recorded[event], str(table.keys[row]))


def _relinked(
    house: House, chain: str, source: str, change: Change, agent: str, reason: str
) -> Relinked:
    for tried in range(TRIES):
        before = house.state(chain)
        links = before.snapshot.table(LINK)
        after = change(links)
        if after.digest == links.digest:
            return Relinked(None)
        try:
            return _stated(house, chain, source, before, (links, after), agent, reason)
        except StateError as error:
            if error.code != "STALE" or tried == TRIES - 1:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _stated(
    house: House, chain: str, source: str, before: State, links: tuple[Table, Table],
    agent: str, reason: str,
) -> Relinked:  # fmt: skip
    """One event per source whose facts stand otherwise; the linked source's, with the links, last.

    Who is stopped on the way does it again, and comes to the same.
    """
    history = history_of(house, chain, _classes(*links), before.effective)
    _refuse(history, source, links)
    found = restated(history.told, *links)
    aside = {name: _pointing_nowhere(each, found, before, links) for name, each in found.items()}
    others = {history.told[at].source for each in found.values() for at in each.origin[:, 0]}
    stated = {name: len(each.table) - len(aside[name]) for name, each in found.items()}
    done = Relinked(
        None, {name: rows for name, rows in stated.items() if rows},
        {name: len(each.gone) for name, each in found.items() if len(each.gone)},
        sum(map(len, aside.values())),
    )  # fmt: skip
    sequence, projection = before.sequence, house.projection
    unasked = projection.on(projection.log.answering(None))  # the last event is the answer
    for whose in (*sorted(others - {source}), source):
        now = now_after(before)
        feed = _facts(chain, whose, history, found, aside)
        said: dict[str, str | int] = {RELINKS: source, "reason": reason}
        if whose == source:
            feed, said = _with_links(feed, _changed(*links), now), {**said, **done.told}
        told = digest_of([whose, _changed(*links).digest, sequence])
        sequence = load_feed(
            projection if whose == source else unasked, replace(feed, feed=f"links/{told[:16]}"),
            agent=agent, effective_at=now, after=sequence, stated=said,
        ).event.sequence  # fmt: skip
    return replace(done, event=sequence)


def _classes(before: Table, after: Table) -> set[str]:
    """The classes that name something of which a link changed."""
    about = set(_changed(before, after)["class_name"].tolist())
    return {name for name in FACTS - {LINK} if about & set(identifiers(name).values())}


def _changed(before: Table, after: Table) -> Table:
    """The links that are new, or other than before."""
    had = {record_at(before, row) for row in range(len(before))}
    new = [row for row in range(len(after)) if record_at(after, row) not in had]
    return after.take(np.array(new, np.intp))


def _refuse(history: History, source: str, links: tuple[Table, Table]) -> None:
    """Refuse a link that makes two facts of the source contradict, or that facts wait for."""
    if any(involves(each, *links) for each in history.waiting):
        raise InputError(
            "facts that name it are true only later", code="IDENTITY_WAITS",
            hint="link it when their time has come: `evenkeel facts` shows what waits no more",
        )  # fmt: skip
    mine = [at for at, each in enumerate(history.told) if each.source == source]
    for found in contradictions([history.told[at] for at in mine], *links):
        one, other = (history.place(mine[at], row) for at, row in (found.one, found.other))
        raise InputError(
            f"source {shown(source)} states {found.class_name} {shown(found.key)} twice by this "
            f"link, and otherwise: {one} and {other}", code="IDENTITY_CONTRADICTION",
            hint="correct one of the rows at its source first, or they are two things",
        )  # fmt: skip


def _pointing_nowhere(
    each: Restated, found: Mapping[str, Restated], before: State, links: tuple[Table, Table]
) -> dict[int, tuple[str, str]]:
    """The rows of a table that name what nobody knows, by a changed link: field and class."""
    changed = _changed(*links)
    rows: dict[int, tuple[str, str]] = {}
    for name, of_class in identifiers(each.table.name).items():
        if of_class == each.table.name and (name,) == RECORDS[of_class].KEY:
            continue
        about = changed["external_id"][changed["class_name"] == of_class].tolist()
        known = set(before.snapshot.table(of_class)["id"].tolist()) if about else set()
        if of_class in found:
            known -= set(found[of_class].gone["id"].tolist())
            known |= set(found[of_class].table["id"].tolist())
        for row, value in enumerate(each.table[name].tolist()):
            if value in about and value not in known:
                rows.setdefault(row, (name, of_class))
    return rows


def _facts(
    chain: str, whose: str, history: History, found: Mapping[str, Restated],
    aside: Mapping[str, Mapping[int, tuple[str, str]]],
) -> FeedContents:  # fmt: skip
    """What a source's facts are under the links as they are now, with their own clocks."""
    files: dict[FeedFile, int] = {}
    tables, origins, since, closes, ranks = {}, {}, {}, {}, {}
    refused: list[tuple[QuarantinedRow, list[int]]] = []
    for name, each in sorted(found.items()):
        both = joined_tables([each.table, each.gone])
        mine = np.flatnonzero([history.told[at].source == whose for at in each.origin[:, 0]])
        if not len(mine):
            continue
        ends = (mine >= len(each.table)) | np.isin(mine, list(aside[name]))
        places = []
        for at, row in each.origin[mine].tolist():
            feed, file, line = history.origin(at, row)
            index = files.setdefault(feed.files[file], len(files)) if file >= 0 else -1
            places.append((index, line))
        for row in sorted(set(mine.tolist()) & aside[name].keys()):
            place = history.place(*each.origin[row].tolist())
            told = _refused(place, each.table, row, *aside[name][row])
            refused.append((told, each.clocks[row, [1, 0, 2]].tolist()))
        tables[name], closes[name] = both.take(mine), ends
        origins[name] = np.array(places, np.int64)
        since[name] = each.clocks[mine, 1]
        ranks[name] = np.where(ends[:, None], [[WITHDRAWN, 0]], each.clocks[mine][:, [0, 2]])
    refused.sort(key=lambda each: (each[0].file, each[0].row))
    rows = table_of([row for row, _ in refused], "QuarantinedRow")
    ranked = np.array([clocks for _, clocks in refused], np.int64).reshape(-1, 3)
    return FeedContents(
        chain, whose, "", "identity", "", tuple(files), tables, origins, rows,
        {"quarantined": len(refused)}, since=since, closes=closes, linked=Linked(ranks=ranks),
        mending=Mending(clocks=ranked),
    )  # fmt: skip


def _refused(place: Place, table: Table, row: int, name: str, of_class: str) -> QuarantinedRow:
    reason = f"{shown(table[name][row])} is not a known {of_class}, now that its link was split"
    return QuarantinedRow(place.file, place.row, name, "UNKNOWN_ID", reason, str(table.keys[row]),
                          table.name, table.keys[row])  # fmt: skip


def _with_links(feed: FeedContents, links: Table, now: datetime) -> FeedContents:
    return replace(feed, tables={**feed.tables, LINK: links}, source_sequence=micros_of(now))
