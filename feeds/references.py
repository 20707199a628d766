"""References that nothing defines, followed until no row depends on a row that was set aside."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache

from feeds.cells import Value
from feeds.ledger import FeedRow, Identity, Ledger, Statement, column_of_field
from feeds.mapping import RecordRule
from feeds.record_fields import field_specs
from feeds.refusals import LEANS, shown
from ontology.columns import Snapshot


@dataclass(slots=True)
class _Links:
    """Who defines and who needs each record, among the rows that stand."""

    known: Collection[str]
    positions: dict[RecordRule, list[tuple[int, str]]] = field(default_factory=dict)
    definers: Counter[Identity] = field(default_factory=Counter)
    principals: Counter[Identity] = field(default_factory=Counter)
    needed_by: dict[str, dict[Value, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    derived_by: dict[Identity, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, index: int, row: FeedRow) -> None:
        """Count what a row defines and needs."""
        if row.principal is not None:  # it is the first statement's identity in a row that stands
            self.principals[row.principal] += 1
            self.definers[row.principal] += 1
        for position, statement in enumerate(row.statements):
            if position:
                self.definers[statement.identity] += 1
                self.derived_by[statement.identity].append(index)
            if statement.rule not in self.positions:
                self.positions[statement.rule] = _positions(statement.rule, self.known)
            for at, refers_to in self.positions[statement.rule]:
                value = statement.values[at]
                if isinstance(value, tuple):
                    for one in value:
                        self.needed_by[refers_to][one].append(index)
                elif value is not None:
                    self.needed_by[refers_to][value].append(index)

    def needed(self) -> Iterator[Identity]:
        """Every record that some row needs."""
        return ((name, (one,)) for name, rows in self.needed_by.items() for one in rows)

    def needing(self, identity: Identity) -> list[int]:
        """The rows that need a record."""
        name, key = identity
        found = self.needed_by.get(name)
        return found.get(key[0], []) if found and len(key) == 1 and key[0] is not None else []


def refuse_unknown(ledger: Ledger, known: Collection[str], present: Snapshot | None) -> None:
    """Set aside every row that needs a record of a `known` class that no standing row defines.

    Works to the greatest fixpoint in time linear in the number of references. A record whose
    own rows were all set aside is not defined by a row that merely mentions it: a bare
    stand-in for a refused item would have lost what made it special.
    """
    links = _Links(known)
    for index, row in ledger.standing():
        links.add(index, row)
    settled = _present_ids(known, present)
    barred = ledger.refused_principals() - settled
    queue = [i for i in links.needed() if not links.definers[i] and i not in settled]
    queue += [identity for identity in barred if identity in links.derived_by]
    dropped: set[int] = set()
    while queue:
        identity = queue.pop()
        rows = [] if links.definers[identity] else links.needing(identity)
        if identity in barred:
            rows = [*rows, *links.derived_by.get(identity, [])]
        for index in rows:
            if index not in dropped:
                dropped.add(index)
                queue += _withdraw(ledger.rows[index], links, settled, barred)
    _refuse(ledger, sorted(dropped), links, known, settled, barred)


def _withdraw(
    row: FeedRow, links: _Links, settled: set[Identity], barred: set[Identity]
) -> list[Identity]:
    """Take a row's statements back; the records that nobody defines any more."""
    lost = []
    for statement in row.statements:
        links.definers[statement.identity] -= 1
        if not links.definers[statement.identity] and statement.identity not in settled:
            lost.append(statement.identity)
    principal = row.statements[0].identity
    links.principals[principal] -= 1
    if not links.principals[principal] and principal not in settled:
        barred.add(principal)
        lost.append(principal)
    return lost


def _refuse(
    ledger: Ledger, rows: list[int], links: _Links, known: Collection[str],
    settled: set[Identity], barred: set[Identity],
) -> None:  # fmt: skip
    # Reasons are read off the final state, so that they do not depend on the order of work.
    for index in rows:
        for position, statement in enumerate(ledger.rows[index].statements):
            reason = _reason(position, statement, links, known, settled, barred)
            if reason:
                ledger.refuse(index, "UNKNOWN_ID", *reason)
                break


def _reason(
    position: int, statement: Statement, links: _Links, known: Collection[str],
    settled: set[Identity], barred: set[Identity],
) -> tuple[str, str] | None:  # fmt: skip
    if position and statement.identity in barred:
        return _words(statement.identity, barred), _first_column(statement)
    for name, identity in _needs(statement, known):
        if not links.definers[identity] and identity not in settled:
            return _words(identity, barred), column_of_field(statement.rule, name)
    return None


def _words(identity: Identity, barred: set[Identity]) -> str:
    name, key = identity
    what = shown("/".join(map(str, key)))
    if identity in barred:
        return f"{what} is {_article(name)} {name} {LEANS}"
    return f"{what} is not a known {name}"


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"


def _first_column(statement: Statement) -> str:
    return next((rule.columns[0] for rule in statement.rule.fields if rule.columns), "")


@cache
def _references(name: str) -> dict[str, str]:
    specs = field_specs(name).values()
    return {spec.name: spec.kind.refers_to for spec in specs if spec.kind.refers_to}


def _positions(rule: RecordRule, known: Collection[str]) -> list[tuple[int, str]]:
    """Where a record's references to known classes stand among its fields, and the class."""
    references = _references(rule.name)
    fields = [(at, references.get(part.field, "")) for at, part in enumerate(rule.fields)]
    return [found for found in fields if found[1] in known]


def _needs(statement: Statement, known: Collection[str]) -> Iterator[tuple[str, Identity]]:
    references = _references(statement.rule.name)
    for rule, value in zip(statement.rule.fields, statement.values, strict=True):
        refers_to = references.get(rule.field, "")
        if refers_to in known and value is not None:
            for one in value if isinstance(value, tuple) else (value,):
                yield rule.field, (refers_to, (one,))


def _present_ids(known: Collection[str], present: Snapshot | None) -> set[Identity]:
    if present is None:
        return set()
    return {(name, (one,)) for name in known for one in present.table(name)["id"]}
