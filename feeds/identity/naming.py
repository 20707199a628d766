"""A delivery in our identifiers: its source's links applied, and what its source said kept."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from feeds.identity.crosswalk import aliased, applied, identifiers
from feeds.identity.likeness import gs1_number
from feeds.refusals import shown
from feeds.result import FeedResult, in_file_order
from ontology.columns import Column, Snapshot, Table, table_of
from ontology.governance import IdentityLink, QuarantinedRow
from ontology.terms import join_key
from ontology.vocabulary import RECORDS

Ints = npt.NDArray[np.int64]
KeysBetween = Callable[[str, str, str], list[str]]
CODE = "DUPLICATE_KEY_CONFLICT"
_FORM_DIGITS = (12, 13, 14)


@dataclass(frozen=True)
class LinkedResult:
    """A delivery in our identifiers.

    `used` has, per class of which a cell was read by a link, the keys, and per field the link of
    each of them: a row in `links`, or -1.
    """

    result: FeedResult
    links: Table
    used: Mapping[str, tuple[Column, Mapping[str, Ints]]]

    def used_in(self, tables: Mapping[str, Table]) -> dict[str, dict[str, Ints]]:
        """The same for tables that have lost or gained rows since, a link per row or -1."""
        found = {}
        for name in self.used.keys() & tables.keys():
            keys, fields = self.used[name]
            row_of = {key: row for row, key in enumerate(keys.tolist())}
            rows = np.array([row_of.get(key, -1) for key in tables[name].keys.tolist()], np.intp)
            found[name] = {field: np.where(rows < 0, -1, at[rows]) for field, at in fields.items()}
        return found


def links_in_force(present: Snapshot, source: str) -> Table:
    """The links of a source that stand for something else."""
    table = present.table("IdentityLink")
    rows = zip(table["source"], table["external_id"], table["id"], strict=True)
    chosen = [whose == source and external != own for whose, external, own in rows]
    return table.take(np.flatnonzero(np.array(chosen, np.bool_)))


@dataclass(frozen=True)
class Names:
    """How a source may name what is ours: other forms of GS1 numbers, and its own links."""

    source: str
    forms: Table
    links: Table


def names_of(present: Snapshot, source: str, keys_between: KeysBetween) -> Names:
    """How a source may name what is ours, by the facts in force.

    `keys_between` gives the keys of a class from one up to before another, in order: so this takes
    time by what looks like a number of GS1, not by how many items there are.
    """
    return Names(source, _forms(keys_between, source), links_in_force(present, source))


def read_by(present: Snapshot, names: Names) -> Snapshot:
    """The facts by which a source's files are read: what is ours is known by its names, too."""
    for links in (names.forms, names.links):
        if len(links):
            present = aliased(present, names.source, links)
    return present


def linked(result: FeedResult, names: Names) -> LinkedResult:
    """The delivery with every identifier that has a link replaced by ours, and counted.

    A GTIN in another number of digits is the one that we have. A row that a link makes to be about
    a fact which another row states, too, is set aside: nothing of what its source said is lost.
    """
    links = names.links
    if len(names.forms):
        result, _ = _through(result, names.forms, "read as another form of a GS1 number")
    if not len(links):
        return LinkedResult(result, links, {})
    found, used = _through(result, links, "read by a link")
    return LinkedResult(found, links, used)


def names_of_ours(present: Snapshot | None, source: str) -> Callable[[str, str], str]:
    """From a class and an identifier of a source to the one of ours that a person linked it to."""
    links = links_in_force(present or Snapshot(0, {}), source)
    columns = (links[name].tolist() for name in ("class_name", "external_id", "id"))
    known = {(of_class, external): own for of_class, external, own in zip(*columns, strict=True)}
    return lambda of_class, name: known.get((of_class, name), name)


def _forms(keys_between: KeysBetween, source: str) -> Table:
    """The other forms, of 12, 13 and 14 digits, of the GS1 numbers that are identifiers of ours."""
    made: list[IdentityLink] = []
    for name in ("Item", "Location"):
        begun_by_a_digit = keys_between(name, "0", ":")
        numbers = {key: number for key in begun_by_a_digit if (number := gs1_number(key))}
        often = Counter(numbers.values())
        for key, number in numbers.items():
            bare = number.lstrip("0")
            forms = {bare.zfill(digits) for digits in _FORM_DIGITS if len(bare) <= digits}
            if often[number] == 1:
                made += [IdentityLink(source, name, form, key) for form in sorted(forms - {key})]
    return table_of(made, "IdentityLink")


def _through(
    result: FeedResult, links: Table, said: str
) -> tuple[FeedResult, dict[str, tuple[Column, Mapping[str, Ints]]]]:
    """The delivery read by some links, and by which of them each cell was."""
    tables, sources = dict(result.tables), dict(result.sources)
    used: dict[str, tuple[Column, Mapping[str, Ints]]] = {}
    refused: dict[tuple[str, int], QuarantinedRow] = {}
    cells: Counter[str] = Counter()
    for name, table in result.tables.items():
        found = applied(table, result.source, links)
        hits = {field: at for field, at in found.used.items() if (at >= 0).any()}
        if not hits:
            continue
        stays = _alone(result, name, found.table, hits, refused)
        keys = found.table.keys
        rows = np.array(sorted(stays.tolist(), key=keys.__getitem__), np.intp)
        tables[name], sources[name] = found.table.take(rows), sources[name][rows]
        used[name] = (tables[name].keys, {field: at[rows] for field, at in hits.items()})
        for field, at in hits.items():
            cells[f"cells of {name}.{field} {said}"] += int((at[rows] >= 0).sum())
    whole = replace(result, tables=tables, sources=sources, counts={**result.counts, **cells})
    return _with_refused(whole, list(refused.values())), used


def _alone(
    result: FeedResult, name: str, table: Table, hits: Mapping[str, Ints],
    refused: dict[tuple[str, int], QuarantinedRow],
) -> npt.NDArray[np.intp]:  # fmt: skip
    """The rows whose fact no other row states, those that no link changed before the others."""
    said = result.tables[name].keys
    keyed = [hits[field] for field in RECORDS[name].KEY if field in hits]
    changed = np.any([at >= 0 for at in keyed], axis=0) if keyed else np.zeros(len(table), np.bool_)
    first: dict[str, int] = {}
    stays = []
    for row in np.argsort(changed, kind="stable").tolist():
        key = table.keys[row]
        if first.setdefault(key, row) == row:
            stays.append(row)
            continue
        place, other = result.source_of(name, row), result.source_of(name, first[key])
        reason = (f"by a link it is about {name} {shown(key)}, which row {other.row} of "
                  f"{other.file} states, too")  # fmt: skip
        refused.setdefault((place.file, place.row), QuarantinedRow(
            place.file, place.row, "", CODE, reason, str(said[row])))  # fmt: skip
    return np.array(sorted(stays), np.intp)


def _with_refused(result: FeedResult, rows: list[QuarantinedRow]) -> FeedResult:
    if not rows:
        return result
    lost = Counter(row.file for row in rows)
    files = tuple(
        replace(file, loaded=file.loaded - lost[file.file],
                quarantined=file.quarantined + lost[file.file])
        for file in result.files
    )  # fmt: skip
    more = table_of(rows, "QuarantinedRow")
    table = result.quarantined
    columns = {name: np.concatenate([table[name], more[name]]) for name in table.columns}
    return replace(result, files=files, quarantined=in_file_order(Table("QuarantinedRow", columns)))


def renaming(links: Table, class_name: str) -> Callable[[tuple[object, ...]], str]:
    """From the values of a fact's key, as its source has them, to its natural key with us."""
    known = {
        (what, external): own
        for what, external, own in zip(
            links["class_name"], links["external_id"], links["id"], strict=True
        )
    }
    fields = [identifiers(class_name).get(name, "") for name in RECORDS[class_name].KEY]

    def ours(key: tuple[object, ...]) -> str:
        pairs = zip(fields, key, strict=True)
        return join_key(known.get((of_class, value), value) for of_class, value in pairs)

    return ours
