"""Evidence that a rule denies something: one change of a conforming graph that it catches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Table, record_at, table_of
from ontology.terms import FieldKind, field_kinds, local_name
from ontology.vocabulary import RECORDS
from rules.columns import Columns
from rules.evaluate import Focus, results
from rules.properties import is_class, properties_of
from rules.reach import reads
from rules.regions import BROKEN, Regions
from rules.seeking import wish_of
from rules.shapes import CompiledRule
from rules.witness import Search, Witness, is_there

Tables = Mapping[str, Table]
MOST_ROWS = 8
"""Records of a class that are changed, one at a time, before the next class is tried."""
MOST_STEPS = 5_000
MOST_VALUES = 12
GHOST = "nobody-knows"
"""A key that no record has."""
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A conforming graph with one value changed, that a rule catches.

    `field` is empty where the record was left out, WHOLE where another was put in its place;
    `source` says whose graph it was: `example`,
    or `generated` where the rule has none that helps.
    """

    rule: str
    class_name: str
    key: str
    field: str
    before: Any
    after: Any
    source: str

    @property
    def told(self) -> str:
        """What was changed, in words."""
        if not self.field:
            return f"{self.class_name} {self.key} left out"
        if self.field == WHOLE:
            return f"{self.class_name} {self.key} instead of one that conforms"
        change = f"{_word(self.before)} -> {_word(self.after)}"
        return f"{self.class_name} {self.key}: {self.field} {change}"


def mutant_of(compiled: CompiledRule, example: Tables | None) -> Mutant | None:
    """A mutant that the rule catches: of its example, else of a graph that was generated.

    None where nothing that was tried is caught: `is_proved_unbreakable` says if that is certain.
    """
    if example is not None and not is_caught(compiled, example):
        found = _first(compiled, example, "example")
        if found:
            return found
    world = _world(compiled, is_kept=True)
    if world is not None and not is_caught(compiled, world.tables):
        found = _first(compiled, world.tables, "generated")
        if found:
            return found
    broken = _world(compiled, is_kept=False)
    if broken is None:
        return None
    return Mutant(compiled.rule.iri, compiled.target, broken.key, WHOLE, None, None, "generated")


def is_proved_unbreakable(compiled: CompiledRule) -> bool:
    """Whether it is certain that no record and no facts break the rule."""
    return is_there(compiled.target, (wish_of(compiled, is_kept=False),), MOST_STEPS) is False


def is_caught(compiled: CompiledRule, tables: Tables) -> bool:
    """Whether the rule has a result of any severity on the tables."""
    columns = Columns(tables)
    codes = columns.instances(compiled.target)
    if compiled.only:
        codes = codes[np.isin(codes, columns.members(compiled.only, compiled.target))]
    focus = Focus(compiled.target, codes, np.arange(len(codes)))
    return next(iter(results(columns, compiled.shape, focus)), None) is not None


def _world(compiled: CompiledRule, *, is_kept: bool) -> Witness | None:
    wishes = (wish_of(compiled, is_kept=is_kept),)
    return next(Search(compiled.target, wishes, MOST_STEPS).witnesses(), None)


def _first(compiled: CompiledRule, tables: Tables, source: str) -> Mutant | None:
    for change, changed in _changes(compiled, tables):
        if is_caught(compiled, changed):
            return replace(change, rule=compiled.rule.iri, source=source)
    return None


def _changes(compiled: CompiledRule, tables: Tables) -> Iterator[tuple[Mutant, Tables]]:
    """The graph with one thing changed that the rule reads: values first, then whole records."""
    regions = Regions(compiled.target, [(compiled.shape, BROKEN)])
    names = sorted({compiled.target, *reads(compiled.shape)} & tables.keys(),
                   key=lambda name: (name != compiled.target, name))  # fmt: skip
    for name in names:
        yield from _values(name, tables, regions)
    for name in names:
        if name != compiled.target:
            yield from _gone(name, tables)


def _values(name: str, tables: Tables, regions: Regions) -> Iterator[tuple[Mutant, Tables]]:
    table = tables[name]
    read = {field for subject, field in regions.read if subject == name}
    kinds = field_kinds(RECORDS[name])
    # A link is read as a whole: each of its fields says something of the rule's path.
    wanted = [kind for kind in kinds.values() if not read or local_name(kind.name) in read]
    for row in _rows(table):
        record = record_at(table, row)
        for kind in wanted:
            before = getattr(record, kind.name)
            for after in _others(name, kind, before, table, regions):
                changed = replace(record, **{kind.name: after})
                rows = [changed if at == row else record_at(table, at) for at in range(len(table))]
                mutant = Mutant("", name, str(table.keys[row]), local_name(kind.name), before,
                                after, "")  # fmt: skip
                yield mutant, {**tables, name: table_of(rows, name)}


def _others(
    name: str, kind: FieldKind, before: Any, table: Table, regions: Regions
) -> Iterator[Any]:
    """Other values of a field: what the rule can tell apart, what neighbours say, nothing."""
    choice = list(_told_apart(name, kind, regions))
    if kind.many:
        choice = [(), *((value,) for value in choice), tuple(choice)]
    choice += [getattr(record_at(table, row), kind.name) for row in _rows(table)]
    choice += [None] if kind.optional else [""] if kind.scalar is str and not kind.many else []
    choice += [GHOST] if kind.refers_to and not kind.many else []
    seen = {before}
    for after in choice:
        if after not in seen:
            seen.add(after)
            yield after


def _told_apart(name: str, kind: FieldKind, regions: Regions) -> tuple[Any, ...]:
    """The values of a field that the rule names, and some beside them."""
    step = properties_of(name)[local_name(kind.name)]
    if is_class(step.space):
        return regions.keys(step.space)[0]
    values = regions.literals(step) if (name, step.name) in regions.read else ()
    return values[:MOST_VALUES]


def _rows(table: Table) -> range:
    return range(min(len(table), MOST_ROWS))


def _gone(name: str, tables: Tables) -> Iterator[tuple[Mutant, Tables]]:
    table = tables[name]
    for row in _rows(table):
        rest = [record_at(table, at) for at in range(len(table)) if at != row]
        mutant = Mutant("", name, str(table.keys[row]), "", None, None, "")
        yield mutant, {**tables, name: table_of(rest, name)}


def _word(value: Any) -> str:
    if value in (None, "", ()):
        return "nothing"
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)
