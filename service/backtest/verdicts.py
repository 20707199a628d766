"""What a release permits in one decision, and what another release opens or closes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ontology.closures import IntArray
from ontology.columns import MISSING, Table
from rules.decide import MOVEMENT
from service.decision import Draft, Question
from solver.explain.lines import moved_units
from solver.model.carry_labels import CarryLabels
from solver.model.movements import stock_after

MOVED, ON_THE_WHOLE, FLOOR, LIMIT = "movement", "finished plan", "floor", "limit"
"""Kinds of what a rule denies: a movement; one that broke a rule on the finished plan; stock that
stays; a sum that a plan keeps to."""
NAMED = 1_000
"""So many changed verdicts of a decision are named, those that the plan uses first; all count."""
_ABOUT = ("kind", "item", "order", "replaces", "lane", "supplier", "origin", "destination", "lot",
          "departs_on")  # fmt: skip


@dataclass(frozen=True)
class Permitted:
    """What the rules of a release denied in a decision, and what its plan moves.

    `closed` are rows of the Movement table by rule, `after_flow` those that rules on the finished
    plan closed, `floors` units per position by rule (at most what is there), `limits` the most of
    a sum by rule, `units` what the plan moves per row.
    """

    movements: Table
    positions: Table
    closed: Mapping[str, IntArray]
    after_flow: Mapping[str, IntArray]
    floors: Mapping[str, IntArray]
    limits: Mapping[str, Mapping[str, int]]
    units: IntArray


@dataclass(frozen=True, slots=True)
class Changed:
    """Verdicts that changed one way: counts by kind and the rules that denied, and the first rows.

    Of each group: `count`; `used`, how many of them the plan that may use them uses; and `units`,
    what it moves of them, or by how much less has to stay.
    """

    groups: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]


def permitted(question: Question, draft: Draft) -> Permitted:
    """What a decision's rules denied. Knobs and a person's edits deny nothing here."""
    problem, release = draft.problem, question.release
    by_movement = {c.rule.iri for judge in release.judges for c in judge.compiled
                   if c.target == MOVEMENT}  # fmt: skip
    rules = {rule.iri for rule in release.rules}
    after = draft.decision["suppressed"]["after_flow"]
    positions = stock_after(question.facts, question.window)
    closures = problem.closures
    return Permitted(
        problem.movements, positions,
        {rule: rows for rule, rows in closures.closed.items() if rule in by_movement},
        {name: np.array(rows, np.int64) for name, rows in after.items() if name in rules},
        {rule: _there(units, positions) for rule, units in closures.floors.items()},
        closures.limits, _units(draft),
    )  # fmt: skip


def opened(before: Permitted, after: Permitted, changed: frozenset[str]) -> Changed:
    """DENY -> ALLOW: what `before` denies and `after` does not; what `after` uses is marked.

    What a rule on the finished plan closed counts where that rule is one of the `changed`: an
    unchanged one says the same of any plan. Floors that sink and limits that rise are told, too.
    """
    return _changed(before, after, changed, after.units)


def closed(before: Permitted, after: Permitted, changed: frozenset[str]) -> Changed:
    """ALLOW -> DENY: what `after` denies and `before` does not; what `before` used is marked."""
    return _changed(after, before, changed, before.units)


def _changed(
    denies: Permitted, allows: Permitted, changed: frozenset[str], units: IntArray
) -> Changed:
    groups: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    whole = {rule: found for rule, found in denies.after_flow.items() if rule in changed}
    allowed = _none_of(allows.closed, allows.after_flow, len(units))
    for kind, by_rule in ((MOVED, denies.closed), (ON_THE_WHOLE, whole)):
        for group, members in _by_rules(kind, by_rule, allowed, units):
            groups.append(group)
            rows += _named(denies.movements, members, units, group)
    for found in (*_floors(denies, allows), *_limits(denies, allows)):
        groups.append(found.pop("group"))
        rows.append(found)
    rows.sort(key=lambda row: not row.get("units_used"))
    return Changed(_summed(groups), tuple(rows[:NAMED]))


def _none_of(
    closed: Mapping[str, IntArray], after: Mapping[str, IntArray], count: int
) -> Any:  # fmt: skip
    free = np.ones(count, np.bool_)
    for rows in (*closed.values(), *after.values()):
        free[rows] = False
    return free


def _by_rules(
    kind: str, by_rule: Mapping[str, IntArray], free: Any, units: IntArray
) -> Iterator[tuple[dict[str, Any], IntArray]]:
    """The rows that are free now, in groups that the same rules denied."""
    names = sorted(by_rule)
    mine = np.zeros((len(names), len(units)), np.bool_)
    for place, name in enumerate(names):
        mine[place, by_rule[name]] = True
    rows = np.flatnonzero(mine.any(axis=0) & free)
    if not len(rows):
        return
    patterns, group = np.unique(mine[:, rows], axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        members = rows[group.reshape(-1) == number]
        moved = units[members]
        yield {
            "kind": kind, "rules": [name for name, is_one in zip(names, pattern, strict=True)
                                    if is_one],
            "count": len(members), "used": int((moved > 0).sum()), "units": int(moved.sum()),
        }, members  # fmt: skip


def _named(
    movements: Table, members: IntArray, units: IntArray, group: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The first rows of a group by name, those that are used before the others."""
    order = members[np.argsort(units[members] == 0, kind="stable")][:NAMED]
    for row in order.tolist():
        about = {name: str(movements[name][row]) for name in _ABOUT if movements[name][row]}
        yield {"denied": group["kind"], "rules": group["rules"], "movement": about,
               "units_used": int(units[row])}  # fmt: skip


def _floors(denies: Permitted, allows: Permitted) -> Iterator[dict[str, Any]]:
    """Positions of which less has to stay than did."""
    most, least = (_highest(side.floors, len(denies.positions)) for side in (denies, allows))
    for row in np.flatnonzero(most > least).tolist():
        rules = sorted(r for r, units in denies.floors.items() if units[row] > least[row])
        units = int(most[row] - least[row])
        about = {name: str(denies.positions[name][row]) for name in ("item", "location")}
        yield {"denied": FLOOR, "rules": rules, "movement": about,
               "units_kept": [int(most[row]), int(least[row])],
               "group": {"kind": FLOOR, "rules": rules, "count": 1, "used": 0, "units": units}
               }  # fmt: skip


def _limits(denies: Permitted, allows: Permitted) -> Iterator[dict[str, Any]]:
    """Sums that may be more than they could."""
    tight, loose = _lowest(denies.limits), _lowest(allows.limits)
    for name in sorted(tight):
        if name in loose and loose[name] <= tight[name]:
            continue
        rules = sorted(rule for rule, most in denies.limits.items() if name in most
                       and (name not in loose or most[name] < loose[name]))  # fmt: skip
        yield {"denied": LIMIT, "rules": rules, "movement": {"sum": name},
               "most": [tight[name], loose.get(name)],
               "group": {"kind": LIMIT, "rules": rules, "count": 1, "used": 0, "units": 0}
               }  # fmt: skip


def _summed(groups: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """One group for each kind and set of rules."""
    found: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
    for group in groups:
        key = (group["kind"], tuple(group["rules"]))
        kept = found.setdefault(key, {**group, "count": 0, "used": 0, "units": 0})
        for name in ("count", "used", "units"):
            kept[name] += group[name]
    return tuple(found[key] for key in sorted(found))


def _highest(floors: Mapping[str, IntArray], count: int) -> IntArray:
    found: IntArray = np.max([np.zeros(count, np.int64), *floors.values()], axis=0)
    return found


def _lowest(limits: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for by_name in limits.values():
        for name, most in by_name.items():
            found[name] = min(most, found.get(name, most))
    return found


def _there(floor: IntArray, positions: Table) -> IntArray:
    """A floor, of no more than what is there."""
    opening = positions["opening_units"]
    return np.where(opening == MISSING, floor, np.minimum(floor, opening)).astype(np.int64)


def _units(draft: Draft) -> IntArray:
    """Units per movement of the plan, what was given before the flow among them."""
    units = moved_units(draft.problem, draft.flow)
    labels = draft.problem.labels
    if isinstance(labels, CarryLabels):
        np.add.at(units, labels.given.rows, labels.given.units)
    return units
