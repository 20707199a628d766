"""What is inferred, as a plan's line rests on it: rules that read it, and proofs down to facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from graph.inferred_paths import Address, Reliance, plan_artifact, with_reliances
from graph.provenance import DECISIVE, TOUCHED, Trace
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.terms import local_name
from reasoning.inferences import Inferences
from reasoning.statements import Statement
from rules.alike import Ranks, broken_rows
from rules.columns import Columns
from rules.floors import floors_of
from rules.inferred_reads import reads_inferred, statements_read
from rules.parts import PLACES, judges_of
from rules.release import Release, from_document
from rules.shapes import CompiledRule
from service.decision import Question, ask
from service.house import House
from service.recalled import inputs_of
from solver.model.known_stock import FIELDS, with_known_stock
from solver.model.movements import Window, candidates, stock_after

KEY = ("kind", "item", "lane", "supplier", "order", "origin", "destination", "lot", "replaces")
MOST_STATEMENTS = 100
"""So many inferred statements are told of one rule and line, the first in order."""


def reliances_of(
    store: ArtifactStore, document: Mapping[str, Any], number: int
) -> tuple[Reliance, ...]:
    """The inferred statements that rules read when they let a line of a saved plan pass.

    Each with the rule and its proof, from the plan's own snapshot and release: rules on movements,
    and floors of the place that the line leaves. Nothing is read where the release names no
    inferred word. Raises InputError `LINE_UNKNOWN`, and as reading the artifacts does.
    """
    line = _line(document, number)
    release = from_document(store.get_document(document["about"]["artifacts"]["release"]))
    if not any(reads_inferred(one.shape) for judge in release.judges for one in judge.compiled):
        return ()
    question = ask(*inputs_of(store, document))
    views = _views(question, line)
    tables = {**question.facts.tables, **views}
    found = list(_judging(release, question.facts, views))
    return tuple(each for one in found for each in _relying(one, tables))


def addresses_in(snapshot: Snapshot, reliances: Sequence[Reliance]) -> dict[str, Address]:
    """The addresses of the facts at the leaves; without those that no event stated."""
    found: dict[str, Address] = {}
    for name in {fact for each in reliances for fact in each.proof.leaves()}:
        class_name, _, key = name.partition("/")
        row = snapshot.table(class_name).row_of.get(key)
        if row is not None and class_name in snapshot.addresses:
            event, event_row = snapshot.addresses[class_name][row].tolist()
            if event > 0:
                found[name] = event, event_row
    return found


def with_inferred(house: House, number: int, found: Trace) -> Trace:
    """The trace of a line, with what rules read of what is inferred for it."""
    document = house.store.get_document(plan_artifact(found))
    reliances = reliances_of(house.store, document, number)
    if not reliances:
        return found
    snapshot, _, _ = inputs_of(house.store, document)
    return with_reliances(house.driver, found, reliances, addresses_in(snapshot, reliances))


def told(each: Reliance) -> dict[str, Any]:
    """A reliance as a document: statements as texts, the proof as nested objects."""
    return {"rule": each.rule, "title": each.title, "role": each.role,
            "proof": asdict(each.proof)}  # fmt: skip


def _line(document: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    for line in document["decision"]["lines"]:
        if line["number"] == number:
            found: Mapping[str, Any] = line
            return found
    raise InputError(f"the plan has no line {number}", code="LINE_UNKNOWN",
                     hint="lines are numbered from 1")  # fmt: skip


def _views(question: Question, line: Mapping[str, Any]) -> dict[str, Table]:
    """The one row of each view that a rule judges the line by; none where it has no such row."""
    facts, window = question.facts, question.window
    movement = _movement(candidates(facts, window), window, line)
    if any(question.release.names(local_name(name)) for name in FIELDS):
        movement = with_known_stock(movement, facts, window)
    stays = stock_after(facts, window)
    here = (stays["item"] == line["item"]) & (stays["location"] == line.get("origin"))
    return {"Movement": movement, "StockAfterMoves": stays.take(np.flatnonzero(here))}


def _judging(
    release: Release, facts: Snapshot, views: Mapping[str, Table]
) -> Iterator[CompiledRule]:  # fmt: skip
    """The rules that read what is inferred and judge these rows: each row's own release's."""
    seen: set[tuple[str, str]] = set()
    for target, rows in views.items():
        for judge, mask in judges_of(release, facts, rows, PLACES[target]):
            for one in judge.compiled if mask.any() else ():
                key = (one.rule.iri, repr(one.shape))
                if one.target == target and key not in seen and reads_inferred(one.shape):
                    seen.add(key)
                    yield one


def _movement(movements: Table, window: Window, line: Mapping[str, Any]) -> Table:
    same = movements["departs_on"] == window.first
    for name in KEY:
        if name in line:
            same &= movements[name] == line[name]
    return movements.take(np.flatnonzero(same)[:1])


def _relying(compiled: CompiledRule, tables: Mapping[str, Table]) -> list[Reliance]:
    columns = Columns(tables)
    read = statements_read(columns, compiled, 0)[:MOST_STATEMENTS]
    if not read:
        return []
    without = Columns(tables, infers=False)
    role = TOUCHED if _verdict(columns, compiled) == _verdict(without, compiled) else DECISIVE
    made = Inferences(tables, {_word(one) for one in read})
    rule = compiled.rule
    return [Reliance(rule.iri, rule.title, role, made.proof(one)) for one in read]


def _word(statement: Statement) -> str:
    return statement.object if statement.predicate == "type" else statement.predicate


def _verdict(columns: Columns, compiled: CompiledRule) -> list[Any]:
    """What a rule says of the only row: severities, or the units that must stay."""
    if compiled.target == "StockAfterMoves":
        floor = floors_of(columns, compiled)
        return [] if floor is None else floor.tolist()
    found = broken_rows(columns, compiled, Ranks(columns))
    return sorted(severity for severity, rows in found if len(rows))
