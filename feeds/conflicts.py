"""Rows that contradict each other: no row wins by standing first, all are set aside."""

from collections import defaultdict

from feeds.cells import Value
from feeds.ledger import Identity, Ledger, Statement, column_of_field
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
    _principals(ledger)
    _derived(ledger)


def _principals(ledger: Ledger) -> None:
    first: dict[Identity | None, int] = {}
    again: dict[int, list[int]] = defaultdict(list)
    for index, row in ledger.standing():
        before = first.setdefault(row.principal, index)
        if before != index:
            again[before].append(index)
    for before, others in again.items():
        found = [ledger.rows[index].statements[0] for index in (before, *others)]
        contents = [stated(statement) for statement in found]
        if all(content == contents[0] for content in contents):
            continue
        name, key = found[0].identity
        column = column_of_field(found[0].rule, RECORDS[name].KEY[0])
        said = f"{len(found)} rows say different things of {name} {shown(join_key(key))}"
        for index in (before, *others):
            ledger.refuse(index, "DUPLICATE_KEY_CONFLICT", said, column)


def _derived(ledger: Ledger) -> None:
    """Compare every derived statement with its principal, else with its equals."""
    principals: dict[Identity, dict[str, Value]] = {}
    derived: dict[Identity, dict[Statement, list[int]]] = defaultdict(dict)
    for index, row in ledger.standing():
        for statement in row.statements[1:]:
            derived[statement.identity].setdefault(statement, []).append(index)
    if not derived:
        return
    for _, row in ledger.standing():
        if row.principal in derived:
            principals[row.statements[0].identity] = stated(row.statements[0])
    for identity, statements in derived.items():
        if len(statements) > 1 or identity in principals:
            _refuse_differing(ledger, statements, principals.get(identity))


def _refuse_differing(
    ledger: Ledger, statements: dict[Statement, list[int]], principal: dict[str, Value] | None
) -> None:
    values: dict[str, set[Value]] = defaultdict(set)
    for content in [stated(s) for s in statements] + ([principal] if principal else []):
        for name, value in content.items():
            values[name].add(value)
    for statement, rows in statements.items():
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
