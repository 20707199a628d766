"""References that nothing defines, followed until no row depends on a row that was set aside."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import numpy as np

from feeds.facts.ledger import UNKNOWN, Key, Ledger, Stated, column_of_field
from feeds.facts.pools import NOT_STATED, BoolArray, Codes
from feeds.facts.record_fields import field_specs
from feeds.mapping import RecordRule
from feeds.refusals import LEANS, shown
from ontology.columns import FEW, Snapshot
from ontology.terms import join_key

Identity = tuple[str, int]
"""A record: its class and the number of its identity there."""
_Uses = tuple[Codes, Codes]
"""Identities of a class and the rows that use them, in parallel."""


class _Links:
    """Who defines and who needs each record, among the rows that stand."""

    def __init__(self, ledger: Ledger, known: Collection[str], present: Snapshot | None) -> None:
        self.ledger, self.known = ledger, known
        parts = ledger.standing()
        self.needs: dict[str, list[_Uses]] = defaultdict(list)
        self.mentions: dict[str, list[_Uses]] = defaultdict(list)
        for part in parts:
            if part.position:
                self.mentions[part.rule.name].append((part.ids, part.rows))
            for _, refers_to, uses in _uses(ledger, part, known):
                self.needs[refers_to].append(uses)
        names = {*self.needs, *self.mentions, *(page.name for page in ledger.pages)}
        sizes = {name: ledger.size(name) for name in names}
        self.definers = {name: np.zeros(size, np.int64) for name, size in sizes.items()}
        self.principals = {name: np.zeros(size, np.int64) for name, size in sizes.items()}
        for part in parts:
            found = np.bincount(part.ids, minlength=sizes[part.rule.name])
            self.definers[part.rule.name] += found
            if not part.position:
                self.principals[part.rule.name] += found
        self.settled = {name: self._settled(name, sizes[name], present) for name in names}
        self.barred = {name: self._refused(name) & ~self.settled[name] for name in names}
        self._sorted: dict[tuple[str, bool], _Uses] = {}

    def _settled(self, name: str, size: int, present: Snapshot | None) -> BoolArray:
        """By identity: whether the facts so far have it."""
        settled = np.zeros(size, np.bool_)
        if present is None or name not in self.known:
            return settled
        pool, there = self.ledger.pools.ids(name), present.table(name)
        if FEW * len(pool) < len(there):
            row_of, ours = there.row_of, enumerate(pool.values)
            settled[[code + 1 for code, value in ours if join_key((value,)) in row_of]] = True
        else:
            settled[pool.known(there["id"]) + 1] = True
        return settled

    def _refused(self, name: str) -> BoolArray:
        """By identity: whether all its own rows are set aside, so that no other may define it."""
        refused = np.zeros(len(self.definers[name]), np.bool_)
        for page in self.ledger.pages:
            if page.name == name:
                stands = self.ledger.stands[page.start : page.start + len(page.ids)]
                gone = page.ids[~stands]
                refused[gone[gone != UNKNOWN]] = True
        is_known: BoolArray = self.principals[name] > 0
        return refused & ~is_known

    def is_open(self, name: str, identity: int) -> bool:
        """Whether nothing defines a record."""
        return not self.definers[name][identity] and not self.settled[name][identity]

    def begin(self) -> list[Identity]:
        """The records that rows need and nothing defines, or mention and may not define."""
        found: list[Identity] = []
        for uses, lacking in (
            (self.needs, {n: (self.definers[n] == 0) & ~self.settled[n] for n in self.needs}),
            (self.mentions, self.barred),
        ):
            for name, parts in uses.items():
                used = np.zeros(len(lacking[name]), np.bool_)
                for ids, _ in parts:
                    used[ids] = True
                found += [(name, one) for one in np.flatnonzero(used & lacking[name]).tolist()]
        return found

    def depending(self, name: str, identity: int) -> list[int]:
        """The rows that cannot stand as a record is: they need it, or mention it."""
        rows = [] if self.definers[name][identity] else self._using(name, identity, needs=True)
        if self.barred[name][identity]:
            rows += self._using(name, identity, needs=False)
        return rows

    def _using(self, name: str, identity: int, *, needs: bool) -> list[int]:
        parts = (self.needs if needs else self.mentions).get(name)
        if not parts:
            return []
        if (name, needs) not in self._sorted:
            ids, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
            order = np.argsort(ids, kind="stable")
            self._sorted[name, needs] = ids[order], rows[order]
        ids, rows = self._sorted[name, needs]
        first, last = np.searchsorted(ids, [identity, identity + 1])
        return list(rows[first:last].tolist())

    def withdraw(self, row: int) -> list[Identity]:
        """Take back what a row states; the records that nobody defines any more."""
        lost: list[Identity] = []
        for part, at in self.ledger.stated_by(row):
            name, identity = part.rule.name, int(part.ids[at])
            self.definers[name][identity] -= 1
            if self.is_open(name, identity):
                lost.append((name, identity))
            if not part.position:
                self.principals[name][identity] -= 1
                if not self.principals[name][identity] and not self.settled[name][identity]:
                    self.barred[name][identity] = True
                    lost.append((name, identity))
        return lost

    def reason(self, row: int) -> tuple[str, str] | None:
        """Why a row cannot stand, and at which column; None where it can."""
        for part, at in self.ledger.stated_by(row):
            name, identity = part.rule.name, int(part.ids[at])
            if part.position and self.barred[name][identity]:
                return self._words(name, identity), _first_column(part.rule)
            for field, refers_to, (ids, _) in _uses(self.ledger, part.one(at), self.known):
                for needed in ids.tolist():
                    if self.is_open(refers_to, needed):
                        column = column_of_field(part.rule, field)
                        return self._words(refers_to, needed), column
        return None

    def _words(self, name: str, identity: int) -> str:
        key: Key = self.ledger.key(name, identity)
        what = shown("/".join(map(str, key)))
        if self.barred[name][identity]:
            return f"{what} is {_article(name)} {name} {LEANS}"
        return f"{what} is not a known {name}"


def refuse_unknown(ledger: Ledger, known: Collection[str], present: Snapshot | None) -> None:
    """Set aside every row that needs a record of a `known` class that no standing row defines.

    Works to the greatest fixpoint in time linear in the number of references. A record whose
    own rows were all set aside is not defined by a row that merely mentions it: a bare
    stand-in for a refused item would have lost what made it special.
    """
    links = _Links(ledger, known, present)
    queue = links.begin()
    dropped: set[int] = set()
    while queue:
        for row in links.depending(*queue.pop()):
            if row not in dropped:
                dropped.add(row)
                queue += links.withdraw(row)
    # Reasons are read off the final state, so that they do not depend on the order of work.
    for row in sorted(dropped):
        reason = links.reason(row)
        if reason:
            ledger.refuse(row, "UNKNOWN_ID", *reason)


def _uses(ledger: Ledger, part: Stated, known: Collection[str]) -> Iterator[tuple[str, str, _Uses]]:
    """By reference to a known class: field, class, and the identities with the rows."""
    specs = field_specs(part.rule.name)
    for field, refers_to in _references(part.rule.name).items():
        if refers_to not in known or field not in part.columns:
            continue
        some = part.where(part.columns[field] != NOT_STATED)
        codes, rows = some.columns[field], some.rows
        if specs[field].kind.many:
            lists: list[Any] = [
                ledger.value(part.rule.name, field, code) for code in codes.tolist()
            ]
            rows = np.repeat(rows, [len(one) for one in lists])
            codes = ledger.pools.ids(refers_to).codes([one for each in lists for one in each])
        yield field, refers_to, (codes + np.int32(1), rows)


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"


def _first_column(rule: RecordRule) -> str:
    return next((part.columns[0] for part in rule.fields if part.columns), "")


@cache
def _references(name: str) -> dict[str, str]:
    specs = field_specs(name).values()
    return {spec.name: spec.kind.refers_to for spec in specs if spec.kind.refers_to}
