"""Rows that refer to another row: checked against it, and given its word where it has no number."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from feeds.facts.assembly import Content, Merged
from feeds.facts.ledger import Key, Ledger, Stated
from feeds.facts.pools import NOT_STATED, Codes
from feeds.mapping import RecordRule
from feeds.refusals import shown
from feeds.row_links import Link
from ontology.columns import Snapshot, record_at
from ontology.terms import join_key


def refuse_mismatched(ledger: Ledger) -> None:
    """Set aside rows that refer to a row which says otherwise in a column that both share."""
    linked = [part for part in ledger.standing() if not part.position and links_of(part.rule)]
    for name in sorted({part.rule.name for part in linked}):
        parts = [part for part in linked if part.rule.name == name]
        is_there = np.zeros(ledger.size(name), np.bool_)
        for part in parts:
            is_there[part.ids] = True
        for part in parts:
            for link in links_of(part.rule):
                target = _said(parts, link.field, len(is_there))[part.ids] + 1
                leads = (target > 0) & is_there[target]
                for field in _shared_fields(part.rule, link):
                    said = _said(parts, field, len(is_there))
                    for at in np.flatnonzero(leads & (said[target] != said[part.ids])).tolist():
                        other = str(ledger.value(name, field, int(said[target[at]])))
                        what = f"the row referred to has `{field}` {shown(other)}"
                        ledger.refuse(int(part.rows[at]), "LINK_MISMATCH", what, link.column)


def _said(parts: list[Stated], field: str, size: int) -> Codes:
    """By identity: the code of a field in the rows that are about it."""
    said = np.full(size, NOT_STATED, np.int32)
    for part in parts:
        said[part.ids] = part.codes(field)
    return said


def links_of(rule: RecordRule) -> list[Link]:
    """The links of a record, each once."""
    return [f.link for f in rule.fields if f.link is not None and f.link.field == f.field]


def _shared_fields(rule: RecordRule, link: Link) -> list[str]:
    plain = [f for f in rule.fields if f.link is None and len(f.columns) == 1 and not f.template]
    return [field.field for field in plain if field.columns[0] in link.same]


def inherit(
    ledger: Ledger, records: dict[str, Merged], rules: Iterable[RecordRule],
    present: Snapshot | None,
) -> Counter[str]:  # fmt: skip
    """Follow every link to its end: where no number stands there, its word is taken over.

    Numbers are never copied, so sums over rows do not grow. Gives how many rows are linked and
    how many took over which word.
    """
    counts: Counter[str] = Counter()
    for rule in rules:
        for link in links_of(rule):
            if rule.name in records:
                counts += _inherit(ledger, records[rule.name], link, present)
    return counts


def _inherit(ledger: Ledger, records: Merged, link: Link, present: Snapshot | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    name = records.name
    found = _contents(ledger, records, link)
    places = {key: at for at, key in enumerate(found)}
    word_codes, pool = records.column(link.word), ledger.pools.of(name, link.word)
    # Words change only at the end: a row read on the way must still say what it said.
    for key, word in dict(_words(name, link, found, present)).items():
        counts[f"{name}.{link.field}: linked"] += 1
        if word != link.says:
            word_codes[places[key]] = pool.code(word)
            counts[f"{name}.{link.word}: taken over, {word}"] += 1
    records.codes[link.word] = word_codes
    return counts


def _contents(ledger: Ledger, records: Merged, link: Link) -> dict[Key, Content]:
    """What each record says of a link's fields."""
    fields = (link.field, link.number, link.word)
    columns = [records.column(field).tolist() for field in fields]
    found: dict[Key, Content] = {}
    for identity, *codes in zip(records.ids.tolist(), *columns, strict=True):
        key = ledger.key(records.name, identity)
        found[key] = ledger.content(records.name, zip(fields, codes, strict=True))
    return found


def _words(
    name: str, link: Link, found: dict[Key, Content], present: Snapshot | None
) -> Iterator[tuple[Key, str]]:
    ends: dict[Key, str] = {}
    for key, record in found.items():
        if link.field in record:
            yield key, _word(name, link, key, found, present, ends)


def _word(
    name: str, link: Link, key: Key, found: dict[Key, Content], present: Snapshot | None,
    ends: dict[Key, str],
) -> str:  # fmt: skip
    """The word at the end of a row's references; `ends` holds those known and gains the new ones.

    Each row is looked at once for all the rows that lead to it. In a circle, which only an
    earlier feed can close, no row has another word than that it is a reference.
    """
    way: dict[Key, None] = {}
    while key not in ends:
        row = _content(name, key, found, present)
        if key in way or link.number in row:
            ends[key] = link.says
        elif link.field not in row:
            ends[key] = str(row.get(link.word, link.says))
        else:
            way[key] = None
            key = (row[link.field],)
    ends.update(dict.fromkeys(way, ends[key]))
    return ends[key]


def _content(
    name: str, key: Key, found: dict[Key, Content], present: Snapshot | None
) -> Mapping[str, Any]:
    if key in found:
        return found[key]
    table = None if present is None else present.table(name)
    row = None if table is None else table.row_of.get(join_key(key))
    if table is None or row is None:
        return {}
    record = record_at(table, row)
    pairs = ((part, getattr(record, part)) for part in table.columns)
    return {part: value for part, value in pairs if value is not None}
