"""Plan against plan: what changed in what they were asked on, and which of it cost how much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, Table, record_at
from ontology.errors import EvenkeelError, InputError
from rules.release import Release
from service.decision import PlanRequest, ask
from service.planning import answer
from service.recalled import inputs_of
from solver.network.facts import fact
from solver.remembered import Answers

FACTS_NAMED = 200
"""So many changed facts of a class are named; all are counted."""

RULES, KNOBS, REQUEST = "rules", "knobs", "request"
_ABOUT = ("kind", "item", "order", "replaces", "lane", "supplier", "origin", "destination", "lot")
Row = Mapping[str, Any]
Inputs = tuple[Snapshot, Release, PlanRequest]


@dataclass(frozen=True, slots=True)
class Change:
    """One fact, rule, knob or part of the request that is not the same.

    `change` is `added`, `removed` or `changed`; `fields` gives, per field that differs, the value
    before and after.
    """

    what: str
    change: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that were made together, and what the plan costs more after them (exact).

    `name` is a class of facts, `rules`, `knobs` or `request`; several joined by ` + ` where no
    plan exists between them. `cost_cents` is the cost that plans are compared by, `cost_scaled`
    that of the network. `count` counts all changes, `changes` names the first of each class.
    """

    name: str
    cost_scaled: int
    cost_cents: int
    count: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line whose units differ, and by which groups: `by` sums to after less before.

    `rests_on` are changed facts that the line names as its reasons.
    """

    line: Row
    units_before: int
    units_after: int
    by: Mapping[str, int]
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two plans of a chain; over all groups the costs sum exactly to after less before."""

    before: str
    after: str
    cost_scaled: tuple[int, int]
    cost_cents: tuple[int, int]
    groups: tuple[Group, ...]
    lines: tuple[LineChange, ...]


@dataclass(frozen=True)
class _Step:
    """One group of changes: its name, how many, and the first of them."""

    name: str
    count: int
    changes: tuple[Change, ...]


def difference(store: ArtifactStore, before: Row, after: Row) -> Difference:
    """What changed between two saved plans of a chain, and what each group of changes did.

    The changes are made to the first plan's inputs one group after the other, in this order:
    classes of facts by name, rules, knobs, request; each time the whole plan is made again. A
    group's cost is the difference to the plan before it, so all of them sum exactly to the
    difference of the plans; in another order a group's share can be another one. Where no plan
    exists in between (facts that refer to facts not yet there), groups are joined.

    Raises InputError `PLANS_APART` for plans of different chains, regimes or currencies.
    """
    for name in ("chain", "regime", "currency"):
        ends = (before["decision"][name], after["decision"][name])
        if ends[0] != ends[1]:
            raise InputError(f"the plans have different {name}s: `{ends[0]}` and `{ends[1]}`",
                             code="PLANS_APART", hint="compare plans of one chain")  # fmt: skip
    first, last = inputs_of(store, before), inputs_of(store, after)
    steps = list(_steps(first, last))
    groups, states, answers = [], [before["decision"]], Answers()
    waiting: list[_Step] = []
    for number, step in enumerate(steps):
        waiting.append(step)
        inputs = _between(first, last, {s.name for s in steps[: number + 1]})
        final = number == len(steps) - 1
        decision = after["decision"] if final else _decided(inputs, answers)
        if decision is None:
            continue
        groups.append(_group(waiting, states[-1], decision))
        states.append(decision)
        waiting = []
    if not steps:
        states.append(after["decision"])
    return Difference(
        before["plan_digest"], after["plan_digest"],
        (_cost(states[0])[0], _cost(states[-1])[0]), (_cost(states[0])[1], _cost(states[-1])[1]),
        tuple(groups), tuple(_lines(states, groups)),
    )  # fmt: skip


def _steps(first: Inputs, last: Inputs) -> Iterator[_Step]:
    for name in sorted({*first[0].tables, *last[0].tables}):
        tables = (first[0].table(name), last[0].table(name))
        if tables[0].digest != tables[1].digest:
            count, changes = _changed_facts(*tables)
            yield _Step(name, count, changes)
    parts: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        (RULES, first[1].shapes, last[1].shapes),
        (KNOBS, first[1].knobs, last[1].knobs),
        (REQUEST, _asked(first[2]), _asked(last[2])),
    )
    for name, was, now in parts:
        changes = tuple(_changed_values(was, now))
        if changes:
            yield _Step(name, len(changes), changes)


def _asked(request: PlanRequest) -> dict[str, Any]:
    return {
        "cost_parts": sorted(request.cost_parts),
        "starts_on": str(request.starts_on),
        "edits": [asdict(edit) for edit in request.edits],
        **asdict(request.weights),
        "first": list(request.first),
        **_steadiness(request),
    }


def _steadiness(request: PlanRequest) -> dict[str, Any]:
    """The wish to change little, its lines named by the plan that they are of."""
    if request.steady is None:
        return {}
    asked = asdict(request.steady)
    del asked["lines"]
    return {f"steady_{name}": value for name, value in asked.items()} | {
        "steady_since": request.previous,
    }


def _changed_values(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """The text of a rule's file is too long to repeat: only its name is told."""
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            how = (
                "changed" if name in was and name in now else "added" if name in now else "removed"
            )
            is_text = name.endswith(".ttl")
            yield Change(name, how, {} if is_text else {name: (was.get(name), now.get(name))})


def _changed_facts(was: Table, now: Table) -> tuple[int, tuple[Change, ...]]:
    """How many facts of a class differ, and the first of them by key with their fields."""
    rows = [{key: row for row, key in enumerate(table.keys)} for table in (was, now)]
    both = sorted(rows[0].keys() & rows[1].keys())
    at = [np.array([side[key] for key in both], np.int64) for side in rows]
    differs = np.zeros(len(both), np.bool_)
    for name in was.columns:
        left, right = was[name][at[0]], now[name][at[1]]
        if left.dtype.kind == "M":  # a day that is not stated equals no other, as a day
            left, right = left.astype(np.int64), right.astype(np.int64)
        differs |= left != right
    changed = [key for key, is_other in zip(both, differs.tolist(), strict=True) if is_other]
    all_keys = [(key, "changed") for key in changed]
    all_keys += [(key, "added") for key in rows[1].keys() - rows[0].keys()]
    all_keys += [(key, "removed") for key in rows[0].keys() - rows[1].keys()]
    named = tuple(
        Change(f"{was.name}/{key}", how, _fields(was, now, rows, key) if how == "changed" else {})
        for key, how in sorted(all_keys)[:FACTS_NAMED]
    )
    return len(all_keys), named


def _fields(
    was: Table, now: Table, rows: Sequence[Mapping[str, int]], key: str
) -> dict[str, tuple[Any, Any]]:
    one, other = record_at(was, rows[0][key]), record_at(now, rows[1][key])
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in type(one).__slots__}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _between(first: Inputs, last: Inputs, done: set[str]) -> Inputs:
    """The first plan's inputs with the named groups changed."""
    names = {*first[0].tables, *last[0].tables}
    taken = {name: (last if name in done else first)[0] for name in sorted(names)}
    tables = {name: facts.table(name) for name, facts in taken.items()}
    addresses, clocks = (
        {name: getattr(facts, what)[name] for name, facts in taken.items()
         if name in getattr(facts, what)}
        for what in ("addresses", "clocks")
    )  # fmt: skip
    release = replace(
        first[1], shapes=(last if RULES in done else first)[1].shapes,
        knobs=(last if KNOBS in done else first)[1].knobs,
    )  # fmt: skip
    request = (last if REQUEST in done else first)[2]
    return Snapshot(last[0].sequence, tables, addresses, clocks), release, request


def _decided(inputs: Inputs, answers: Answers) -> Row | None:
    """The decision on inputs that no one ever stated together; None where there is none."""
    try:
        return answer(ask(*inputs), answers=answers).decision
    except (EvenkeelError, KeyError):  # facts that refer to what is not there yet
        return None


def _cost(decision: Row) -> tuple[int, int]:
    return decision["certificate"]["cost"], decision["comparison"]["plan"]["cost_cents"]


def _group(steps: Sequence[_Step], was: Row, now: Row) -> Group:
    changes = tuple(change for step in steps for change in step.changes)
    scaled, cents = (after - before for before, after in zip(_cost(was), _cost(now), strict=True))
    return Group(" + ".join(step.name for step in steps), scaled, cents,
                 sum(step.count for step in steps), changes)  # fmt: skip


def _lines(states: Sequence[Row], groups: Sequence[Group]) -> Iterator[LineChange]:
    """The lines that differ between the first and the last plan, each with its groups' shares."""
    found = [_by_movement(decision) for decision in states]
    changed = {change.what for group in groups for change in group.changes}
    for key in sorted({*found[0], *found[-1]}):
        units = [_units(side, key) for side in found]
        if units[0] == units[-1]:
            continue
        steps = zip(groups, units, units[1:], strict=False)
        by = {group.name: after - before for group, before, after in steps if after != before}
        lines = [side[key] for side in (found[0], found[-1]) if key in side]
        about = {name: lines[-1][name] for name in _ABOUT if lines[-1].get(name)}
        reasons = {name for line in lines for name in line["because"]} | {
            fact("Item", lines[-1]["item"])
        }
        yield LineChange(about, units[0], units[-1], by, tuple(sorted(reasons & changed)))


def lines_apart(before: Row, after: Row) -> Iterator[tuple[Row, int, int]]:
    """The lines whose units differ between two decisions: what they are, units of each."""
    sides = [_by_movement(decision) for decision in (before, after)]
    for key in sorted({*sides[0], *sides[1]}):
        was, now = (_units(side, key) for side in sides)
        if was != now:
            line = sides[1].get(key) or sides[0][key]
            yield {name: line[name] for name in _ABOUT if line.get(name)}, was, now


def _by_movement(decision: Row) -> dict[tuple[str, ...], Row]:
    return {_name_of(line): line for line in decision["lines"]}


def _name_of(line: Row) -> tuple[str, ...]:
    return tuple(str(line.get(name) or "") for name in _ABOUT)


def _units(lines: Mapping[tuple[str, ...], Row], key: tuple[str, ...]) -> int:
    return int(lines[key]["quantity_units"]) if key in lines else 0
