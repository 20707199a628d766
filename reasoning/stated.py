"""Which statements the records of a class make: all that entailments and counts begin with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ontology.axioms import TYPE
from ontology.columns import Table
from ontology.vocabulary import RECORDS
from reasoning.counted import APPROVED, OFFERED_BY, SOLE_SOURCE, SOLE_SOURCED, STATUS
from reasoning.entailment import Entailment
from reasoning.statements import Statement, node

Said = tuple[Statement, str]
"""A statement, and the fact that makes it, as `Class/key`."""

SOURCES = {
    "partOf": ("Location",),
    "approvedReplacement": ("Substitute",),
    OFFERED_BY: ("Offer",),
    STATUS: ("Supplier",),
}
"""Words that records state as they are, and the classes of these records."""
_COUNTED_FROM = ("Item", OFFERED_BY, STATUS)


def beneath(words: Iterable[str], entailment: Entailment) -> frozenset[str]:
    """The words that statements under the given ones can follow from, these included."""
    found: set[str] = set()
    waiting = list(words)
    while waiting:
        word = waiting.pop()
        if word not in found:
            found.add(word)
            waiting.extend(a.subject for a in entailment.axioms if a.object == word)
            waiting.extend(_COUNTED_FROM if word in (SOLE_SOURCE, SOLE_SOURCED) else ())
    return frozenset(found)


def classes_read(words: Iterable[str], entailment: Entailment) -> frozenset[str]:
    """The classes whose records make statements that the given words can follow from."""
    found = beneath(words, entailment)
    return frozenset({name for word in found for name in SOURCES.get(word, ())}
                     | (found & RECORDS.keys()))  # fmt: skip


def said_by(name: str, table: Table, words: frozenset[str]) -> Iterator[Said]:
    """What the records of one class state under the given words, each with the fact it is.

    A reference or a text that is not stated, or is empty, says nothing.
    """
    if name in words:
        for key in table.keys.tolist():
            yield Statement(f"{name}/{key}", TYPE, name), f"{name}/{key}"
    if name == "Location" and "partOf" in words:
        yield from _linked(table, name, "partOf", ("Location", "id"), ("Location", "part_of"))
    if name == "Substitute" and "approvedReplacement" in words:
        yield from _linked(table, name, "approvedReplacement", ("Item", "item"),
                           ("Item", "replacement"), "approved_by")  # fmt: skip
    if name == "Offer" and OFFERED_BY in words:
        yield from _linked(table, name, OFFERED_BY, ("Item", "item"), ("Supplier", "supplier"))
    if name == "Supplier" and STATUS in words:
        for key, status in zip(table["id"].tolist(), table["status"].tolist(), strict=True):
            if key and status == APPROVED:
                yield Statement(node(name, key), STATUS, APPROVED), node(name, key)


def _linked(
    table: Table, name: str, word: str, subject: tuple[str, str], value: tuple[str, str],
    requires: str = "",
) -> Iterator[Said]:  # fmt: skip
    columns: list[list[Any]] = [table[column].tolist() for _, column in (subject, value)]
    columns.append(table[requires].tolist() if requires else [True] * len(table))
    for key, start, end, stated in zip(table.keys.tolist(), *columns, strict=True):
        if start and end and stated:
            yield (Statement(node(subject[0], start), word, node(value[0], end)),
                   f"{name}/{key}")  # fmt: skip


def all_said(
    tables: Mapping[str, Table], words: frozenset[str], entailment: Entailment
) -> set[Said]:
    """What all records that matter state under the given words and those beneath them."""
    wanted = beneath(words, entailment)
    return {
        said
        for name in sorted(classes_read(words, entailment))
        if name in tables
        for said in said_by(name, tables[name], wanted)
    }
