"""Rows that refer to another row: checked against it, and given its word where it has no number."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from feeds.assembly import Content, Merged
from feeds.conflicts import stated
from feeds.ledger import Identity, Key, Ledger
from feeds.links import Link
from feeds.mapping import RecordRule
from feeds.refusals import shown
from ontology.columns import Snapshot, record_at
from ontology.terms import join_key

Records = dict[str, dict[Key, Merged]]


def refuse_mismatched(ledger: Ledger) -> None:
    """Set aside rows that refer to a row which says otherwise in a column that both share."""
    linked = {rule for rule in {row.statements[0].rule for _, row in ledger.standing()}
              if links_of(rule)}  # fmt: skip
    if not linked:
        return
    rows = [row for row in ledger.standing() if row[1].statements[0].rule in linked]
    said: dict[Identity, Content] = {
        row.statements[0].identity: stated(row.statements[0]) for _, row in rows
    }
    for index, row in rows:
        first = row.statements[0]
        own = said[first.identity]
        for link in links_of(first.rule):
            other = said.get((first.rule.name, (own.get(link.field),)))
            for field in _shared_fields(first.rule, link):
                if other is not None and other.get(field) != own.get(field):
                    what = f"the row referred to has `{field}` {shown(str(other.get(field)))}"
                    ledger.refuse(index, "LINK_MISMATCH", what, link.column)


def links_of(rule: RecordRule) -> list[Link]:
    """The links of a record, each once."""
    return [f.link for f in rule.fields if f.link is not None and f.link.field == f.field]


def _shared_fields(rule: RecordRule, link: Link) -> list[str]:
    plain = [f for f in rule.fields if f.link is None and len(f.columns) == 1 and not f.template]
    return [field.field for field in plain if field.columns[0] in link.same]


def inherit(
    records: Records, rules: Iterator[RecordRule], present: Snapshot | None
) -> Counter[str]:
    """Follow every link to its end: where no number stands there, its word is taken over.

    Numbers are never copied, so sums over rows do not grow. Gives how many rows are linked and
    how many took over which word.
    """
    counts: Counter[str] = Counter()
    for rule in rules:
        for link in links_of(rule):
            found = records.get(rule.name, {})
            # Words change only at the end: a row read on the way must still say what it said.
            words = dict(_words(rule.name, link, found, present))
            for key, word in words.items():
                counts[f"{rule.name}.{link.field}: linked"] += 1
                if word != link.says:
                    found[key].content[link.word] = word
                    counts[f"{rule.name}.{link.word}: taken over, {word}"] += 1
    return counts


def _words(
    name: str, link: Link, found: dict[Key, Merged], present: Snapshot | None
) -> Iterator[tuple[Key, str]]:
    ends: dict[Key, str] = {}
    for key, record in found.items():
        if link.field in record.content:
            yield key, _word(name, link, key, found, present, ends)


def _word(
    name: str, link: Link, key: Key, found: dict[Key, Merged], present: Snapshot | None,
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
    name: str, key: Key, found: dict[Key, Merged], present: Snapshot | None
) -> Mapping[str, Any]:
    if key in found:
        return found[key].content
    table = None if present is None else present.table(name)
    row = None if table is None else table.row_of.get(join_key(key))
    if table is None or row is None:
        return {}
    record = record_at(table, row)
    pairs = ((part, getattr(record, part)) for part in table.columns)
    return {part: value for part, value in pairs if value is not None}
