"""Lines of a plan that stand on stale or marked facts, and how far those may be from the truth."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ontology.columns import Snapshot, record_at
from ontology.terms import join_key
from ontology.vocabulary import RECORDS
from service.house import House
from service.stewardship.freshness import Age, Clock, clock_of

Row = Mapping[str, Any]
Marks = Mapping[tuple[str, str], list[tuple[str, str]]]
GOVERNING = ("FreshnessBudget", "Source", "Mark")
"""The classes that say what is stale and what is marked."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A fact that a line stands on though it is stale or marked: its age, and each mark in words.

    `marks` are codes of the quality gates with their reasons.
    """

    fact: str
    age: Age
    marks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LineInDoubt:
    """A line of a plan, and what of that which it stands on is stale or marked."""

    number: int
    doubts: tuple[Doubt, ...]


def lines_in_doubt(house: House, document: Row) -> tuple[LineInDoubt, ...]:
    """The lines of a saved plan that stand on stale or marked facts, as they were when it was made.

    From the plan's own snapshot, which holds the facts, their clocks, the budgets and the marks,
    and from the instant that the plan states: what is delivered later changes nothing. Lines name
    their decisive facts, so only those are looked at. Raises as reading the artifacts does.
    """
    governing = _tables(house, document, GOVERNING)
    if not any(map(len, governing.tables.values())):
        return ()
    lines = document["decision"]["lines"]
    behind = {fact for line in lines for fact in line["because"]}
    facts = _tables(house, document, tuple(sorted({name_of(fact) for fact in behind})))
    whole = Snapshot(facts.sequence, {**facts.tables, **governing.tables}, facts.addresses,
                     facts.clocks)  # fmt: skip
    at = datetime.fromisoformat(document["about"]["made_at"])
    clock = clock_of(house, document["decision"]["chain"], whole, at)
    marks = marks_in(whole)
    found = {fact: doubt for fact in behind if (doubt := doubt_of(whole, clock, marks, fact))}
    rows = ((line, [found[fact] for fact in line["because"] if fact in found]) for line in lines)
    return tuple(LineInDoubt(line["number"], tuple(doubts)) for line, doubts in rows if doubts)


def doubt_of(facts: Snapshot, clock: Clock, marks: Marks, fact: str) -> Doubt | None:
    """What makes a fact (class and key) doubtful; None where nothing does."""
    name, _, key = fact.partition("/")
    row = facts.table(name).row_of.get(key)
    if row is None or name not in facts.clocks:
        return None
    event, since = int(facts.addresses[name][row, 0]), int(facts.clocks[name][row, 0])
    age = clock.age(name, event, since)
    told = tuple(mark for place in _places(facts, name, row) for mark in marks.get(place, ()))
    return Doubt(fact, age, told) if age.stale or told else None


def marks_in(facts: Snapshot) -> Marks:
    """The marks by the class and the key of what they are about."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    table = facts.table("Mark")
    columns = (table[name].tolist() for name in ("class_name", "fact_key", "code", "reason"))
    for name, key, code, reason in zip(*columns, strict=True):
        found[name, key].append((code, reason))
    return found


def name_of(fact: str) -> str:
    """The class of a fact that a line names."""
    return fact.partition("/")[0]


def _places(facts: Snapshot, name: str, row: int) -> Iterator[tuple[str, str]]:
    """What a mark on a fact is about: the fact, its item where it is, or all of its location."""
    table = facts.table(name)
    yield name, table.keys[row]
    by = RECORDS[name].KEY
    if {"item", "location"} <= set(by):
        record = record_at(table, row)
        if len(by) > len(("item", "location")):
            yield name, join_key((record.item, record.location))
        yield "Location", join_key((record.location,))


def _tables(house: House, document: Row, names: tuple[str, ...]) -> Snapshot:
    """Some classes of the plan's snapshot, with their addresses and clocks."""
    store = house.store
    manifest = store.get_document(document["about"]["artifacts"]["snapshot"])
    chosen = {name: manifest["tables"][name] for name in names if name in manifest["tables"]}
    matrices = (
        {name: store.get_matrix(entry[what]) for name, entry in chosen.items() if what in entry}
        for what in ("addresses", "clocks")
    )
    tables = {name: store.get_table(entry["artifact"]) for name, entry in chosen.items()}
    return Snapshot(manifest["sequence"], tables, *matrices)
