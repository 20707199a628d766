"""Which identifiers of a source may stand for ours: candidates with evidence, for a person."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, fields

import numpy as np

from feeds.identity.candidates import Candidate, propose
from feeds.identity.likeness import right_number
from graph.manifests import read_feed
from graph.settled_rows import OPEN
from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS
from service.house import House
from service.stewardship.set_aside import rows_in

_UNKNOWN = re.compile(r"is not a known (\w+)$")
MASTERS = ("Item", "Location", "Supplier", "Customer", "Carrier", "Port")
"""The classes that are looked at unless another is named."""
GS1_CLASSES = frozenset({"Item", "Location"})


@dataclass(frozen=True, slots=True)
class Slip:
    """A number as long as a GTIN or GLN whose check digit is wrong; `right` has the right one."""

    class_name: str
    external_id: str
    right: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Candidates for identifiers of a source, the best of each class first, and slips of the pen.

    `looked_at` are identifiers that only this source has and nobody decided on, with a candidate
    or without.
    """

    source: str
    candidates: tuple[Candidate, ...]
    slips: tuple[Slip, ...]
    looked_at: int


def proposals(
    house: House, chain: str, source: str, class_name: str = ""
) -> Proposal:  # fmt: skip
    """Candidates for what a source names otherwise than we do, in one class or in all.

    Its own records are held against those of other sources (against each other where it is the
    only one), and so are identifiers that set a row aside because nobody knows them. Raises
    InputError `SOURCE_UNKNOWN`, `IDENTITY_CLASS`.
    """
    snapshot = house.facts(chain)
    feeds = [e for e in house.projection.log.feeds(chain) if e.payload["source"] == source]
    if not feeds:
        raise InputError(f"source `{source}` has delivered nothing to `{chain}`",
                         code="SOURCE_UNKNOWN", hint="name the `source` of a mapping")  # fmt: skip
    classes = [class_name] if class_name else list(MASTERS)
    if not set(classes) <= _linkable():
        raise InputError(f"facts of class `{class_name}` have no identifier of their own",
                         code="IDENTITY_CLASS", hint=f"such as {', '.join(MASTERS)}")  # fmt: skip
    theirs = _of_source(snapshot, {event.sequence for event in feeds})
    unknown = _unknown(house, chain, source)
    found: list[Candidate] = []
    slips: list[Slip] = []
    looked_at = 0
    for name in classes:
        mine = _with_unknown(name, theirs, unknown.get(name, set()))
        ours = _others(name, snapshot, theirs)
        decided = _decided(snapshot.table("IdentityLink"), source, name)
        fresh = set(mine[name]["id"].tolist()) - decided if name in mine else set()
        if mine.get(name) is not ours.tables.get(name):
            fresh -= set(ours.table(name)["id"].tolist())
        found += propose(name, mine, ours, decided=decided).candidates
        slips += _slips(name, fresh) if name in GS1_CLASSES else []
        looked_at += len(fresh)
    return Proposal(source, tuple(found), tuple(slips), looked_at)


def _slips(name: str, keys: set[str]) -> list[Slip]:
    rights = ((key, right_number(key)) for key in sorted(keys))
    return [Slip(name, key, right) for key, right in rights if right not in ("", key)]


def sources_of(house: House, chain: str) -> list[str]:
    """The sources that delivered to a chain, in order of name."""
    return sorted({event.payload["source"] for event in house.projection.log.feeds(chain)})


def _linkable() -> set[str]:
    """The classes that other facts refer to by one `id`."""
    referred = {kind.refers_to for name in FACTS for kind in field_kinds(RECORDS[name]).values()}
    return {name for name in referred & FACTS if RECORDS[name].KEY == ("id",)}


def _of_source(snapshot: Snapshot, events: set[int]) -> dict[str, Table]:
    """The facts that stand by a source's word."""
    found = {}
    for name, table in snapshot.tables.items():
        rows = np.flatnonzero(np.isin(snapshot.addresses[name][:, 0], sorted(events)))
        if len(rows):
            found[name] = table.take(rows)
    return found


def _others(name: str, snapshot: Snapshot, theirs: Mapping[str, Table]) -> Snapshot:
    """The facts without the records of a class that stand by the source's word alone."""
    if name not in theirs:
        return snapshot
    table, own = snapshot.table(name), theirs[name].row_of
    rows = [row for row, key in enumerate(table.keys.tolist()) if key not in own]
    tables = dict(snapshot.tables)
    tables[name] = table.take(np.array(rows, np.intp)) if rows else theirs[name]
    return Snapshot(snapshot.sequence, tables)


def _with_unknown(name: str, theirs: Mapping[str, Table], ids: set[str]) -> dict[str, Table]:
    """The source's records, and a bare one for each identifier that only set rows aside."""
    table = theirs.get(name)
    fresh = sorted(ids - (set(table["id"].tolist()) if table is not None else set()))
    needed = [part for part in fields(RECORDS[name]) if part.default is NO_DEFAULT]
    if not fresh or [part.name for part in needed] != ["id"]:
        return dict(theirs)
    bare = table_of([RECORDS[name](key) for key in fresh], name)
    if table is None:
        return {**theirs, name: bare}
    columns = {column: np.concatenate([table[column], bare[column]]) for column in bare.columns}
    return {**theirs, name: Table(name, columns).sorted()}


def _unknown(house: House, chain: str, source: str) -> dict[str, set[str]]:
    """The identifiers by class for which open rows wait, as their cells have them."""
    found: dict[str, set[str]] = {}
    headers: dict[int, Mapping[str, tuple[str, ...]]] = {}
    for row in rows_in(house, chain, OPEN, {"source": source, "code": "UNKNOWN_ID"}):
        if row.event not in headers:
            (event,) = house.projection.log.read(after=row.event - 1, limit=1)
            headers[row.event] = read_feed(house.store, event.artifact).mending.headers
        header = headers[row.event].get(row.row.file, ())
        named = _UNKNOWN.search(row.row.reason)
        if named and row.row.column in header and len(row.row.cells) == len(header):
            cell = row.row.cells[header.index(row.row.column)].strip()
            found.setdefault(named[1], set()).add(cell)
    return found


def _decided(links: Table, source: str, name: str) -> set[str]:
    rows = zip(links["source"], links["class_name"], links["external_id"], strict=True)
    return {external for whose, what, external in rows if (whose, what) == (source, name)}


def links_to_accept(pairs: Iterator[str]) -> dict[str, str]:
    """`EXTERNAL=ID` as external id and ours; the last `=` divides. Raises InputError `USAGE`."""
    found = {}
    for text in pairs:
        external, mark, own = text.rpartition("=")
        if not (external and mark and own):
            raise InputError(f"`{text}` links nothing", code="USAGE",
                             hint="write EXTERNAL=ID: theirs, then ours")  # fmt: skip
        found[external] = own
    return found
