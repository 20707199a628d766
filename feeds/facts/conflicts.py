"""Rows that contradict each other: no row wins by standing first, all are set aside."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from feeds.facts.cells import Value
from feeds.facts.ledger import Ledger, Stated, Statement, column_of_field
from feeds.facts.pools import NOT_STATED, BoolArray
from feeds.refusals import shown
from ontology.terms import join_key
from ontology.vocabulary import RECORDS


def refuse_conflicts(ledger: Ledger) -> None:
    """Set aside rows of one key and class that say different things.

    Rows whose principal record has one key and unequal content are all refused, so the outcome
    does not depend on their order. A derived record may leave fields out; where it states one
    otherwise than the principal row it is refused, and where only derived records differ, all
    that state the field are.
    """
    for name in sorted(ledger.classes):
        _principals(ledger, name)
    contested = [each for name in sorted(ledger.classes) for each in _contested(ledger, name)]
    for each in sorted(contested, key=lambda each: each.first):
        _refuse_differing(ledger, each)


def _principals(ledger: Ledger, name: str) -> None:
    parts = [part for part in ledger.standing(name) if not part.position]
    times = np.zeros(ledger.size(name), np.int64)
    for part in parts:
        times += np.bincount(part.ids, minlength=len(times))
    if times.max(initial=0) < 2:
        return
    parts = [part.where(times[part.ids] > 1) for part in parts]
    parts = [part.where(differs) for part, differs in _differing(parts, len(times))]
    rows_of: dict[int, list[tuple[int, Stated]]] = defaultdict(list)
    for part in parts:
        for row, identity in zip(part.rows.tolist(), part.ids.tolist(), strict=True):
            rows_of[identity].append((row, part))
    for identity, rows in rows_of.items():
        column = column_of_field(rows[0][1].rule, RECORDS[name].KEY[0])
        key = shown(join_key(ledger.key(name, identity)))
        said = f"{len(rows)} rows say different things of {name} {key}"
        for row, _ in rows:
            ledger.refuse(row, "DUPLICATE_KEY_CONFLICT", said, column)


def _differing(parts: list[Stated], size: int) -> list[tuple[Stated, BoolArray]]:
    """Each part with its rows of which a row of the same identity has another content."""
    differ = np.zeros(size, np.bool_)
    for name in sorted({name for part in parts for name in part.columns}):
        said = np.empty(size, np.int32)
        for part in parts:
            said[part.ids] = part.codes(name)
        for part in parts:
            differ[part.ids[part.codes(name) != said[part.ids]]] = True
    return [(part, differ[part.ids]) for part in parts]


@dataclass(slots=True)
class _Contested:
    """A record of which rows that mention it, or its own, say different things of a field.

    `first` is the row that first mentions it, and where in that row.
    """

    first: tuple[int, int]
    statements: dict[Statement, list[int]] = field(default_factory=dict)
    principal: dict[str, Value] | None = None


def _contested(ledger: Ledger, name: str) -> Iterator[_Contested]:
    """Compare every derived statement with its principal, and with its equals."""
    parts = ledger.standing(name)
    if not any(part.position for part in parts):
        return
    mentioned = np.zeros(ledger.size(name), np.bool_)
    for part in parts:
        mentioned[part.ids if part.position else []] = True
    parts = [part if part.position else part.where(mentioned[part.ids]) for part in parts]
    contested = _contested_ids(parts, len(mentioned))
    if not contested.any():
        return
    found: dict[int, _Contested] = {}
    for row, position, stating, at in _mentions(parts, contested):
        each = found.setdefault(int(stating.ids[at]), _Contested((row, position)))
        each.statements.setdefault(ledger.statement(stating, at), []).append(row)
    for part in [part.where(contested[part.ids]) for part in parts if not part.position]:
        for at, identity in enumerate(part.ids.tolist()):
            found[identity].principal = stated(ledger.statement(part, at))
    yield from found.values()


def _mentions(parts: list[Stated], contested: BoolArray) -> list[tuple[int, int, Stated, int]]:
    """Row, position, part and place of all that is contested, in the order of rows."""
    chosen = [part.where(contested[part.ids]) for part in parts if part.position]
    found = [(row, part.position, part, at)
             for part in chosen for at, row in enumerate(part.rows.tolist())]  # fmt: skip
    return sorted(found, key=lambda one: one[:2])


def _contested_ids(parts: list[Stated], size: int) -> BoolArray:
    contested = np.zeros(size, np.bool_)
    for name in sorted({name for part in parts for name in part.columns}):
        said = np.full(size, NOT_STATED, np.int32)
        saying = [part.where(part.columns[name] != NOT_STATED)
                  for part in parts if name in part.columns]  # fmt: skip
        for part in saying:
            said[part.ids] = part.columns[name]
        for part in saying:
            contested[part.ids[part.columns[name] != said[part.ids]]] = True
    return contested


def _refuse_differing(ledger: Ledger, each: _Contested) -> None:
    values: dict[str, set[Value]] = defaultdict(set)
    principal = each.principal
    for content in [stated(s) for s in each.statements] + ([principal] if principal else []):
        for name, value in content.items():
            values[name].add(value)
    for statement, rows in each.statements.items():
        content = stated(statement)
        for name, value in content.items():
            agrees = principal is not None and principal.get(name, value) == value
            if len(values[name]) == 1 or (agrees and name in (principal or {})):
                continue
            said = (
                f"{statement.rule.name} {shown(join_key(statement.key))} has another "
                f"`{name}` elsewhere than {shown(str(value))}"
            )
            for row in rows:
                ledger.refuse(row, "DERIVED_CONFLICT", said, column_of_field(statement.rule, name))


def stated(statement: Statement) -> dict[str, Value]:
    """What a statement says, by field, without the fields that it leaves open."""
    pairs = zip(statement.rule.fields, statement.values, strict=True)
    return {rule.field: value for rule, value in pairs if value is not None}
