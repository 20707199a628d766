"""The crosswalk: a source's identifiers read as ours, by links that a person accepted or split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from feeds.refusals import shown
from ontology.columns import TWIN, Column, Snapshot, Table, record_at, table_of
from ontology.errors import InputError
from ontology.governance import IdentityLink
from ontology.on_demand import OnDemand
from ontology.terms import field_kinds, join_key
from ontology.vocabulary import RECORDS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Applied:
    """A table in our identifiers, and by which link each of its cells was read.

    `used` holds, per field with identifiers, the row in the table of links, or -1 where the
    source's identifier is ours.
    """

    table: Table
    used: Mapping[str, Ints]


def applied(table: Table, source: str, links: Table) -> Applied:
    """The table with every identifier of `source` that has a link replaced by ours.

    Takes one step: a link's own `id` is ours already. Two identifiers that are linked to one give
    rows of one key, which `standing` settles.
    """
    columns, used = dict(table.columns), {}
    for name, of_class in identifiers(table.name).items():
        known = _links_of(source, of_class, links)
        rows, values = table[name].tolist(), links["id"].tolist()
        used[name] = np.fromiter((known.get(value, -1) for value in rows), np.int64, len(rows))
        if (used[name] >= 0).any():
            column = np.empty(len(rows), object)
            pairs = zip(rows, used[name].tolist(), strict=True)
            column[:] = [value if link < 0 else values[link] for value, link in pairs]
            columns[name] = column
    return Applied(Table(table.name, columns), used)


@cache
def identifiers(class_name: str) -> dict[str, str]:
    """The fields of a class that hold identifiers, each with the class that it identifies."""
    record = RECORDS[class_name]
    found = {kind.name: kind.refers_to for kind in field_kinds(record).values()
             if kind.refers_to and not kind.many}  # fmt: skip
    if len(record.KEY) == 1 and field_kinds(record)[record.KEY[0]].scalar is str:
        found.setdefault(record.KEY[0], class_name)
    return found


def _links_of(source: str, class_name: str, links: Table) -> dict[str, int]:
    names = ("source", "class_name", "external_id")
    rows = zip(*(links[name].tolist() for name in names), strict=True)
    return {external: row for row, (whose, what, external) in enumerate(rows)
            if (whose, what) == (source, class_name)}  # fmt: skip


def accepted(
    links: Table, source: str, class_name: str, external_id: str, own_id: str, *, person: str
) -> Table:
    """The links with one more, signed by the person who accepted it.

    The same link again changes nothing. Raises InputError `IDENTITY_UNSIGNED` without a person,
    `IDENTITY_CLASS` for a class without single identifiers, and `IDENTITY_TAKEN` where the
    identifier stands for another of ours already.
    """
    _signed(person)
    if class_name not in RECORDS or class_name not in identifiers(class_name).values():
        raise InputError(
            f"facts of class {shown(class_name)} have no identifier of their own",
            hint="link the things that their keys name", code="IDENTITY_CLASS",
        )  # fmt: skip
    row = _links_of(source, class_name, links).get(external_id)
    if row is None:
        link = IdentityLink(source, class_name, external_id, own_id, person)
        return _with(links, link)
    if links["id"][row] != own_id:
        raise InputError(
            f"{shown(external_id)} of source {shown(source)} stands for "
            f"{shown(links['id'][row])} already",
            hint="split that link first", code="IDENTITY_TAKEN",
        )  # fmt: skip
    return links


def split(
    links: Table, source: str, class_name: str, external_id: str, *, person: str, into: str = ""
) -> Table:
    """The links with a wrong one put right: the identifier stands for `into`, else for itself.

    The link stays, so that the decision is known and the match is not proposed again. Raises
    InputError `IDENTITY_UNSIGNED`, and `IDENTITY_UNKNOWN` where there is no such link.
    """
    _signed(person)
    row = _links_of(source, class_name, links).get(external_id)
    if row is None:
        raise InputError(
            f"{shown(external_id)} of source {shown(source)} is linked to nothing",
            hint="name an external id that has a link", code="IDENTITY_UNKNOWN",
        )  # fmt: skip
    right = replace(record_at(links, row), id=into or external_id, accepted_by=person)
    return _with(links.take(np.delete(np.arange(len(links)), row)), right)


def _signed(person: str) -> None:
    if not person:
        raise InputError("a link of identifiers needs the person who accepts it",
                         hint="name the person", code="IDENTITY_UNSIGNED")  # fmt: skip


def _with(links: Table, link: IdentityLink) -> Table:
    records = [record_at(links, row) for row in range(len(links))]
    return table_of([*records, link], "IdentityLink").sorted()


@dataclass(frozen=True)
class Told:
    """What one delivery said of one class, in the source's own identifiers, as it is kept.

    `clocks` is int64 of shape (rows, 3 or more): the source's standing, since when it is true, its
    place in the source's own order, and what else puts statements in order; greater wins, compared
    in this order. A row that `closes` says that its key is no more.
    """

    source: str
    table: Table
    clocks: Ints
    closes: Bools

    def take(self, rows: npt.NDArray[np.intp]) -> "Told":
        """The given rows."""
        return Told(self.source, self.table.take(rows), self.clocks[rows], self.closes[rows])


@dataclass(frozen=True)
class Standing:
    """The facts of one class that stand, by key, and the keys of which nothing says what stands.

    `origin` is int64 of shape (rows, 2): which of the deliveries, and the row in it. A key is in
    conflict where two statements of equal and last clocks differ: then none of them stands.
    """

    table: Table
    origin: Ints
    conflicts: tuple[str, ...]


def standing(told: Sequence[Told], links: Table) -> dict[str, Standing]:
    """What stands of each class under some links: of every key the statement of the last clocks."""
    found: dict[str, Standing] = {}
    for name in sorted({each.table.name for each in told}):
        mine = [(at, each) for at, each in enumerate(told) if each.table.name == name]
        tables = [applied(each.table, each.source, links).table for _, each in mine]
        origin = np.concatenate([
            np.stack([np.full(len(each.table), at), np.arange(len(each.table))], axis=1)
            for at, each in mine
        ])  # fmt: skip
        table = Table(name, {c: np.concatenate([t[c] for t in tables]) for c in tables[0].columns})
        clocks = np.concatenate([each.clocks for _, each in mine])
        closes = np.concatenate([each.closes for _, each in mine])
        found[name] = _settled(table, clocks, closes, origin)
    return found


def _settled(table: Table, clocks: Ints, closes: Bools, origin: Ints) -> Standing:
    keys = table.keys.tolist()
    ranks = list(map(tuple, clocks.tolist()))
    best: dict[str, int] = {}
    conflicts: dict[str, tuple[int, ...]] = {}
    for row, key in enumerate(keys):
        before = best.setdefault(key, row)
        if before == row or ranks[row] < ranks[before]:
            continue
        if ranks[row] > ranks[before]:
            best[key] = row
        elif not _same(table, closes, before, row):
            conflicts[key] = ranks[row]
    torn = {key for key, rank in conflicts.items() if rank == ranks[best[key]]}
    rows = [best[key] for key in sorted(best) if key not in torn and not closes[best[key]]]
    chosen = np.array(rows, np.intp)
    return Standing(table.take(chosen), origin[chosen], tuple(sorted(torn)))


def _same(table: Table, closes: Bools, one: int, other: int) -> bool:
    if closes[one] or closes[other]:
        return bool(closes[one] and closes[other])
    return _cells(table, one) == _cells(table, other)


def _cells(table: Table, row: int) -> list[object]:
    return [column[row : row + 1].tolist() for column in table.columns.values()]


@dataclass(frozen=True)
class Rederived:
    """What a change of links does to the facts that stand, by class.

    `closed` are facts whose keys stand no more, `stated` those that stand anew or otherwise;
    `conflicts` are the keys that nothing settles under the new links.
    """

    closed: Mapping[str, Table] = field(default_factory=dict)
    stated: Mapping[str, Table] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def onto(self, name: str, table: Table) -> Table:
        """A class's facts with the change, sorted by key."""
        gone = set[str]()
        for part in (self.closed, self.stated):
            if name in part:
                gone |= set(part[name].keys.tolist())
        kept = table.take(np.flatnonzero([key not in gone for key in table.keys.tolist()]))
        new = self.stated.get(name)
        if new is None:
            return kept.sorted()
        return Table(name, {c: np.concatenate([kept[c], new[c]]) for c in new.columns}).sorted()


def rederived(told: Sequence[Told], before: Table, after: Table) -> Rederived:
    """What stands otherwise under the links `after` than under `before`.

    Facts keep the source's own identifiers, so nothing is lost by a merge: a link taken back
    gives the facts as if it had never been. Looks only at statements that name something which a
    changed link is about. Accepting a link can be tried with it before anybody signs.
    """
    involved = _involved(before, after)
    touched = [_naming(each, before, involved) for each in told]
    old, new = standing(touched, before), standing(touched, after)
    closed, stated, conflicts = {}, {}, {}
    for name, now in new.items():
        then = old[name].table
        gone = [key not in now.table.row_of for key in then.keys.tolist()]
        changed = [_differs(now.table, row, then, then.row_of.get(key))
                   for row, key in enumerate(now.table.keys.tolist())]  # fmt: skip
        if any(gone):
            closed[name] = then.take(np.flatnonzero(gone))
        if any(changed):
            stated[name] = now.table.take(np.flatnonzero(changed))
        if now.conflicts:
            conflicts[name] = now.conflicts
    return Rederived(closed, stated, conflicts)


@dataclass(frozen=True)
class Restated:
    """What a change of links makes of one class: what stands otherwise, or by another's word.

    Rows of `table` stand now; rows of `gone` stood under the links before, and their keys stand no
    more. `clocks` and `origin` (delivery and row in it) are those of the original statements, of
    `table` first and then of `gone`.
    """

    table: Table
    gone: Table
    clocks: Ints
    origin: Ints


def restated(told: Sequence[Told], before: Table, after: Table) -> dict[str, Restated]:
    """What stands under the links `after` in another way than under `before`, by class.

    Raises InputError `IDENTITY_CONFLICT` where nothing settles which of two statements stands.
    """
    involved = _involved(before, after)
    rows = [_rows_naming(each, before, involved) for each in told]
    touched = [each.take(found) for each, found in zip(told, rows, strict=True)]
    old, new = standing(touched, before), standing(touched, after)
    found = {}
    for name, now in new.items():
        then = old[name]
        if now.conflicts:
            raise InputError(
                f"two sources state {name} {shown(now.conflicts[0])} for one time, and nothing "
                "says which counts", code="IDENTITY_CONFLICT",
                hint="give the sources different priorities, or correct one of them first",
            )  # fmt: skip
        fresh = [row for row, key in enumerate(now.table.keys.tolist())
                 if not _stands_alike(now, row, then, then.table.row_of.get(key))]  # fmt: skip
        gone = [row for row, key in enumerate(then.table.keys.tolist())
                if key not in now.table.row_of]  # fmt: skip
        places = np.concatenate([now.origin[fresh], then.origin[gone]]).reshape(-1, 2)
        if len(places):
            clocks = np.array([touched[at].clocks[row] for at, row in places.tolist()], np.int64)
            origin = np.array([(at, rows[at][row]) for at, row in places.tolist()], np.int64)
            found[name] = Restated(
                now.table.take(np.array(fresh, np.intp)),
                then.table.take(np.array(gone, np.intp)),
                clocks,
                origin,
            )
    return found


def _stands_alike(now: Standing, row: int, then: Standing, twin: int | None) -> bool:
    if twin is None or now.origin[row].tolist() != then.origin[twin].tolist():
        return False
    return _cells(now.table, row) == _cells(then.table, twin)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements (delivery, row) of one source that a link makes to be about one fact."""

    class_name: str
    key: str
    one: tuple[int, int]
    other: tuple[int, int]


def contradictions(told: Sequence[Told], before: Table, after: Table) -> Iterator[Contradiction]:
    """Statements of one source that stand for two facts, and for one under the links after.

    Only those that say otherwise; two that say the same are one fact.
    """
    involved = _involved(before, after)
    rows = [_rows_naming(each, before, involved) for each in told]
    touched = [each.take(found) for each, found in zip(told, rows, strict=True)]
    moved = [applied(each.table, each.source, after).table for each in touched]
    for name, then in standing(touched, before).items():
        seen: dict[str, tuple[int, int]] = {}
        for at, row in then.origin.tolist():
            key = moved[at].keys[row]
            first = seen.setdefault(key, (at, row))
            if first != (at, row) and _cells(moved[at], row) != _cells(moved[first[0]], first[1]):
                yield Contradiction(name, key, (first[0], int(rows[first[0]][first[1]])),
                                    (at, int(rows[at][row])))  # fmt: skip


def involves(told: Told, before: Table, after: Table) -> bool:
    """Whether a delivery names something that a change of links is about."""
    return bool(len(_rows_naming(told, before, _involved(before, after))))


def aliased(present: Snapshot, source: str, links: Table) -> Snapshot:
    """The facts by which a source's files are read: what is ours is known by its names, too.

    The address of what stands under a name that is not ours begins with `TWIN`.
    """
    tables, addresses = dict(present.tables), dict[str, Ints]()
    for name in sorted(set(links["class_name"].tolist()) & tables.keys()):
        table, (key, *_) = tables[name], RECORDS[name].KEY
        rows = [(table.row_of[join_key((links["id"][link],))], external)
                for external, link in sorted(_links_of(source, name, links).items())
                if join_key((links["id"][link],)) in table.row_of
                and join_key((external,)) not in table.row_of]  # fmt: skip
        if rows:
            twins = table.take(np.array([row for row, _ in rows], np.intp))
            ids = np.empty(len(rows), object)
            ids[:] = [external for _, external in rows]
            columns = {**twins.columns, key: ids}
            both = Table(name, {
                column: np.concatenate([table[column], columns[column]])
                for column in table.columns
            })  # fmt: skip
            order = np.array(sorted(range(len(both)), key=both.keys.__getitem__), np.intp)
            ours = present.addresses.get(name, np.zeros((len(table), 2), np.int64))
            stated = np.concatenate([ours, np.full((len(rows), 2), TWIN)])
            tables[name], addresses[name] = both.take(order), stated[order]
    names = {*present.addresses, *addresses}
    return Snapshot(present.sequence, tables, OnDemand(names, lambda name: (
        addresses[name] if name in addresses else present.addresses[name]
    )))  # fmt: skip


def _differs(table: Table, row: int, then: Table, twin: int | None) -> bool:
    return twin is None or _cells(table, row) != _cells(then, twin)


def _involved(before: Table, after: Table) -> set[tuple[str, str]]:
    """Class and identifier (of ours) that an identifier of a changed link stands or stood for."""
    found: set[tuple[str, str]] = set()
    names = ("source", "class_name", "external_id", "id")
    sides = [set(zip(*(links[name].tolist() for name in names), strict=True))
             for links in (before, after)]  # fmt: skip
    for _, class_name, external_id, own_id in sides[0] ^ sides[1]:
        # without the link the identifier stands for itself
        found |= {(class_name, own_id), (class_name, external_id)}
    return found


def _naming(each: Told, links: Table, involved: set[tuple[str, str]]) -> Told:
    return each.take(_rows_naming(each, links, involved))


def _rows_naming(
    each: Told, links: Table, involved: set[tuple[str, str]]
) -> npt.NDArray[np.intp]:  # fmt: skip
    """The statements that name something involved.

    The links before the change show all: what they read otherwise than those after it was read
    as something involved, and everything else is read alike by both.
    """
    hit = np.zeros(len(each.table), np.bool_)
    table = applied(each.table, each.source, links).table
    for name, of_class in identifiers(table.name).items():
        ids = {value for what, value in involved if what == of_class}
        hit |= _is_in(table[name], ids)
    return np.flatnonzero(hit)


def _is_in(column: Column, ids: set[str]) -> Bools:
    return np.fromiter((value in ids for value in column.tolist()), np.bool_, len(column))
