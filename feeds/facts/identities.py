"""Equal keys get one number within their class, once all sheets of a feed are there."""

import numpy as np

from feeds.facts.ledger import UNKNOWN, Ledger, Page, Stated
from feeds.facts.pools import Codes, combinations
from ontology.vocabulary import RECORDS


def name_identities(ledger: Ledger) -> None:
    """Number the identities of all pages and of all that rows state; no more rows come."""
    derived: dict[str, list[Stated]] = {}
    own: dict[str, list[Page]] = {}
    for page in ledger.pages:
        own.setdefault(page.name, []).append(page)
        for stated in page.stated[1:]:
            derived.setdefault(stated.rule.name, []).append(stated)
    for name in sorted({*own, *derived}):
        if len(RECORDS[name].KEY) == 1:
            _number_plain(own.get(name, []), derived.get(name, []))
        else:
            _number_joined(ledger, name, own.get(name, []), derived.get(name, []))
    for page in ledger.pages:
        stated = page.stated[0]
        stated.ids = page.ids
        if len(stated.rows) < len(page.ids):
            stated.ids = page.ids[stated.rows - page.start]
    ledger.close()


def _number_plain(pages: list[Page], derived: list[Stated]) -> None:
    for page in pages:
        page.ids = page.named[0] + np.int32(1)
        page.ids[page.nameless] = UNKNOWN
    for stated in derived:
        [key] = RECORDS[stated.rule.name].KEY
        stated.ids = stated.codes(key) + np.int32(1)


def _number_joined(ledger: Ledger, name: str, pages: list[Page], derived: list[Stated]) -> None:
    fields = RECORDS[name].KEY
    parts = [page.named for page in pages]
    parts += [tuple(stated.codes(key) for key in fields) for stated in derived]
    columns = [np.concatenate(column) if len(column) > 1 else column[0]
               for column in zip(*parts, strict=True)]  # fmt: skip
    first, ids = combinations(columns, [len(ledger.pools.of(name, key)) for key in fields])
    ledger.keys[name] = tuple(column[first] for column in columns)
    ends = np.cumsum([len(part[0]) for part in parts])[:-1]
    numbers: list[Codes] = np.split(ids, ends)
    for page, own in zip(pages, numbers, strict=False):
        page.ids = own
        page.ids[page.nameless] = UNKNOWN
    for stated, theirs in zip(derived, numbers[len(pages) :], strict=True):
        stated.ids = theirs
