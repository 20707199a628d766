"""What a line merely touched: facts that were there to be read for it, and are no reason of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.artifacts import ArtifactStore
from ontology.columns import Table
from ontology.errors import InputError
from ontology.terms import field_kinds, join_key
from ontology.vocabulary import FACTS, RECORDS
from service.decision import ask
from service.recalled import inputs_of
from solver.model.movements import candidates

PAGE_LIMIT = 200

BASIS = (
    "facts of the plan's snapshot that speak of the line's item, or of a place, lane, supplier, "
    "lot or order that a movement of it could use, or of nothing in particular, and are no reason "
    "of the line; whether one would change it, only deciding again tells"
)
"""What it means that a line touched a fact."""

Names = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class TouchedFact:
    """A fact that was there to be read: its class, key and URI, and the event and row of it."""

    class_name: str
    key: str
    uri: str
    event: int
    event_row: int


@dataclass(frozen=True, slots=True)
class TouchedPage:
    """Touched facts by class and key; `next_after` continues, empty where all are told."""

    facts: tuple[TouchedFact, ...]
    next_after: str
    basis: str = BASIS


def touched_facts(
    store: ArtifactStore, document: Mapping[str, Any], number: int, *, after: str = "",
    first: int = 50,
) -> TouchedPage:  # fmt: skip
    """A page of what a line touched, after `after` (Class/key).

    Takes time by the snapshot, not by the page. Raises InputError `LINE_UNKNOWN`, `PAGE_SIZE`,
    and as reading the plan's artifacts does.
    """
    if not 1 <= first <= PAGE_LIMIT:
        raise InputError(f"a page of {first} is not between 1 and {PAGE_LIMIT}", code="PAGE_SIZE",
                         hint="ask for a smaller page")  # fmt: skip
    decision = document["decision"]
    line = next((row for row in decision["lines"] if row["number"] == number), None)
    if line is None:
        raise InputError(f"the plan has no line {number}", code="LINE_UNKNOWN",
                         hint="lines are numbered from 1")  # fmt: skip
    snapshot, release, request = inputs_of(store, document)
    question = ask(snapshot, release, request)
    names = _names(candidates(question.facts, question.window), line)
    reasons = set(line["because"])
    found: list[TouchedFact] = []
    for name in sorted(snapshot.tables):
        table = snapshot.tables[name]
        for row in _rows(table, names).tolist():
            key = str(table.keys[row])
            place = f"{name}/{key}"
            if place in reasons or place <= after:
                continue
            if len(found) == first:
                return TouchedPage(tuple(found), f"{found[-1].class_name}/{found[-1].key}")
            event, event_row = snapshot.addresses[name][row].tolist()
            found.append(
                TouchedFact(name, key, f"{decision['chain']}/{place}", event, event_row)
            )  # fmt: skip
    return TouchedPage(tuple(found), "")


def _names(movements: Table, line: Mapping[str, Any]) -> Names:
    """What movements of the line's item name, by class, as keys."""
    items = {line["item"], line.get("replaces") or line["item"]}
    rows = np.flatnonzero([item in items for item in movements["item"]])
    found: dict[str, set[str]] = {"Item": {join_key((item,)) for item in items}}
    for column, kind in field_kinds(RECORDS["Movement"]).items():
        if kind.refers_to in FACTS and not kind.many:
            stated = (value for value in movements[column][rows] if value)
            found.setdefault(kind.refers_to, set()).update(join_key((v,)) for v in stated)
    return found


def _rows(table: Table, names: Names) -> npt.NDArray[np.intp]:
    """The facts of a class that name nothing but what is named."""
    fits = np.ones(len(table), np.bool_)
    if table.name in names:
        fits &= np.array([key in names[table.name] for key in table.keys.tolist()], np.bool_)
    for column, known in _references(table, names):
        fits &= np.array([not value or join_key((value,)) in known for value in table[column]],
                         np.bool_)  # fmt: skip
    return np.flatnonzero(fits)


def _references(table: Table, names: Names) -> Iterator[tuple[str, set[str]]]:
    for column, kind in field_kinds(RECORDS[table.name]).items():
        if kind.refers_to in names and not kind.many:
            yield column, names[kind.refers_to]
