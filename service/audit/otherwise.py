"""What a plan would have been had one fact been another: decided again by the code that plans."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table, joined_tables, record_at
from ontology.errors import EvenkeelError, InputError
from service.audit.undoing import Undo, Undoing
from service.decision import ask
from service.difference import lines_apart
from service.drift import drift
from service.house import AsOf, House
from service.planning import answer
from service.recalled import inputs_of

CORRECTED, PRESENT, WITHOUT = "corrected", "present", "without"
INSTEAD = (CORRECTED, PRESENT, WITHOUT)
"""What can stand in the place of a fact that a plan read.

`corrected` is what is known now to have been true when the plan was made, `present` what is in
force now, `without` nothing. Where no choice is made, the first of these that says something else
than the plan read.
"""

_CANNOT = (EvenkeelError, LookupError)


@dataclass(frozen=True, slots=True)
class LineUnits:
    """A line whose units would have been others.

    `number` is that of the plan's line, None where the plan has none such; then, and where nobody
    asked whether it can still be undone, `undo` is None.
    """

    line: Mapping[str, Any]
    units_before: int
    units_after: int
    number: int | None = None
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The plan that would have been made with something else in the place of a fact.

    `instead` is one of INSTEAD; `fields` gives per field what the plan read and what stands there
    instead (None: nothing). Costs are those that each decision expects on its own facts, before
    and after: `cost_cents` in the plan's currency, `cost_scaled` as the certificate counts.
    `holds` tells whether the plan as it was made holds on the other facts (`service.drift`), None
    where that cannot be told. `why_not` says why there is no such plan; then costs are None.
    """

    instead: str
    fields: Mapping[str, tuple[Any, Any]]
    cost_scaled: tuple[int, int | None]
    cost_cents: tuple[int, int | None]
    lines: tuple[LineUnits, ...] = ()
    holds: bool | None = None
    why_not: str = ""

    @property
    def is_another(self) -> bool:
        """Whether anything that is decided would have been another thing."""
        return bool(self.lines) or self.cost_scaled[0] != self.cost_scaled[1]


Row = Mapping[str, Any]
Stated = tuple[Table, Any, Any]
"""One fact: a table of one row, its address and its clocks."""


def otherwise(
    house: House, document: Mapping[str, Any], name: str, key: str, made_at: datetime,
    instead: str = "", judge: Undoing | None = None,
) -> Otherwise:  # fmt: skip
    """What a saved plan would have been, all else as it was: snapshot, release and request.

    `name` and `key` are class and key of a fact that the plan's snapshot holds; `judge` says of
    lines that would have been others whether they can still be undone. Raises InputError
    `INSTEAD_UNKNOWN`, and as reading the plan's artifacts does.
    """
    if instead and instead not in INSTEAD:
        raise InputError(f"`{instead[:40]}` cannot stand instead of a fact", code="INSTEAD_UNKNOWN",
                         hint=f"one of: {', '.join(INSTEAD)}")  # fmt: skip
    snapshot, release, request = inputs_of(house.store, document)
    read = stated_in(snapshot, name, key)
    if read is None:
        raise InputError(f"the plan's snapshot holds no `{name}/{key}`", code="FACT_UNKNOWN",
                         hint="`evenkeel recall` lists the plans that held it")  # fmt: skip
    chosen, other = _instead(house, request.chain, name, key, made_at, read, instead)
    changed = with_fact(snapshot, name, key, other)
    before = _cost(document["decision"])
    told = _fields(read[0], None if other is None else other[0])
    try:
        made = answer(ask(changed, release, request)).decision
    except _CANNOT as error:
        return Otherwise(chosen, told, (before[0], None), (before[1], None), why_not=_line(error))
    after = _cost(made)
    lines = _lines(document["decision"], made, judge)
    return Otherwise(
        chosen, told, (before[0], after[0]), (before[1], after[1]), tuple(lines),
        _holds(house, document, changed, release),
    )  # fmt: skip


def stated_in(snapshot: Snapshot, name: str, key: str) -> Stated | None:
    """One fact of a snapshot, None where it holds none of this class and key."""
    table = snapshot.table(name)
    row = table.row_of.get(key)
    if row is None:
        return None
    at = np.array([row], np.intp)
    addresses, clocks = snapshot.addresses.get(name), snapshot.clocks.get(name)
    return (table.take(at), None if addresses is None else addresses[at],
            None if clocks is None else clocks[at])  # fmt: skip


def with_fact(snapshot: Snapshot, name: str, key: str, other: Stated | None) -> Snapshot:
    """The snapshot with another statement of a fact, or without the fact where that is None."""
    table = snapshot.table(name)
    row = table.row_of[key]
    left, right = np.arange(row), np.arange(row + 1, len(table))
    parts = [table.take(left), *([other[0]] if other else []), table.take(right)]
    columns = {}
    for place, what in enumerate((snapshot.addresses, snapshot.clocks), start=1):
        rows = what.get(name)
        new = other[place] if other else None
        if rows is not None:
            middle = [new] if new is not None else [rows[row : row + 1]] if other else []
            columns[place] = {**what, name: np.concatenate([rows[left], *middle, rows[right]])}
    return replace(
        snapshot, tables={**snapshot.tables, name: joined_tables(parts)},
        addresses=columns.get(1, snapshot.addresses), clocks=columns.get(2, snapshot.clocks),
    )  # fmt: skip


def _instead(
    house: House, chain: str, name: str, key: str, made_at: datetime, read: Stated, asked: str
) -> tuple[str, Stated | None]:
    for choice in (asked,) if asked else (CORRECTED, PRESENT):
        if choice == WITHOUT:
            break
        as_of = AsOf(effective=made_at) if choice == CORRECTED else None
        found = stated_in(house.facts(chain, as_of), name, key)
        if found is None:  # it is known by now that there was no such thing
            return choice, None
        if asked or found[0].digest != read[0].digest:
            return choice, found
    return WITHOUT, None


def _lines(stated: Row, made: Row, judge: Undoing | None) -> Iterator[LineUnits]:
    """The lines that differ, each with the line of the plan that it was."""
    for about, before, after in lines_apart(stated, made):
        same = (line for line in stated["lines"]
                if all(line.get(name) == value for name, value in about.items()))  # fmt: skip
        line = next(same, None) if before else None
        if line is None:
            yield LineUnits(about, before, after)
        else:
            undo = judge.of(line) if judge else None
            yield LineUnits(about, before, after, line["number"], undo)


def _fields(read: Table, other: Table | None) -> dict[str, tuple[Any, Any]]:
    one = record_at(read, 0)
    another = None if other is None else record_at(other, 0)
    pairs = {n: (getattr(one, n), getattr(another, n, None)) for n in type(one).__slots__}
    keys = type(one).KEY if another is None else ()
    return {n: pair for n, pair in pairs.items() if pair[0] != pair[1] and n not in keys}


def _holds(house: House, document: Mapping[str, Any], facts: Snapshot, release: Any) -> bool | None:
    try:
        return drift(house.store, document, facts, release).holds
    except _CANNOT:  # a plan that it cannot judge is none that it has judged
        return None


def _cost(decision: Mapping[str, Any]) -> tuple[int, int]:
    return decision["certificate"]["cost"], decision["comparison"]["plan"]["cost_cents"]


def _line(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    if isinstance(error, EvenkeelError):
        return f"{text} [{error.code}]"
    return f"other facts name it, and there is none without it ({type(error).__name__} {text})"
