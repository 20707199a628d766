"""Does a release permit what another denies? A proof, a record that it permits, or neither."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Table
from ontology.errors import InputError
from rules.columns import Columns
from rules.evaluate import Focus, results
from rules.realise import realised
from rules.release import Release
from rules.seeking import MOST_STEPS, Seeking, TooLargeError, Wish
from rules.shapes import CompiledRule, Logic, Nested, Shape

BLOCKS = "Violation"
MOST_TRIES = 200
"""Worlds that are made into records before a search gives up on making one that holds."""


@dataclass(frozen=True)
class Counterexample:
    """Something that the new release permits and the old one denies, with the facts around it.

    `tables` hold the record, of class `target` and natural key `key`, and all facts that matter.
    """

    rule: str
    target: str
    key: str
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class Implication:
    """What was found per rule of the old release: counterexamples, and rules left open with why.

    With neither, the new release permits nothing that the old one denies.
    """

    counterexamples: tuple[Counterexample, ...]
    open: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """`permits nothing new`, `permits more` or `not decided`."""
        if self.counterexamples:
            return "permits more"
        return "not decided" if self.open else "permits nothing new"


def implies(new: Release, old: Release, most_steps: int = MOST_STEPS) -> Implication:
    """Whether all that the new release permits is permitted by the old one, too.

    Permitted is a movement, or a record of any other class that rules target, without a result of
    severity Violation. Every counterexample was judged again by the column checks. A rule outside
    the fragment, of either release, leaves the answer open and is named.
    """
    asked, outside = _compiled(old)
    given, more = _compiled(new)
    if more:  # a release that cannot be evaluated decides nothing: there is nothing to compare
        return Implication((), tuple(sorted({*outside, *more})))
    found: list[Counterexample] = []
    left: list[tuple[str, str]] = list(outside)
    for one in asked:
        above = [each for each in given if each.target == one.target]
        answer = escape(one, above, most_steps)
        if isinstance(answer, Counterexample):
            found.append(answer)
        elif answer:
            left.append((one.rule.iri, answer))
    return Implication(tuple(found), tuple(sorted(set(left))))


def escape(
    denied: CompiledRule, kept: Iterable[CompiledRule], most_steps: int = MOST_STEPS
) -> Counterexample | str:
    """A record that one rule denies and others of its target permit; else why there is none.

    The reason is empty where there can be none at all.
    """
    others = [one for one in kept if blocks(one.shape)]
    if not blocks(denied.shape) or any(alike(denied.shape, one.shape) for one in others):
        return ""
    chosen = [one for one in others if one.rule.iri == denied.rule.iri]
    left = most_steps
    while True:
        found, more, why, steps = _sought(denied, chosen, others, left)
        left -= steps
        if found is None or not more:
            return found or why
        chosen += more


def _sought(
    denied: CompiledRule, chosen: Sequence[CompiledRule], others: Sequence[CompiledRule], steps: int
) -> tuple[Counterexample | None, list[CompiledRule], str, int]:
    """What some of the rules let escape, and which others deny it; else why there is nothing.

    Few rules mean few facts, and a proof without the others holds with them.
    """
    wishes = (Wish(denied.shape, is_kept=False, severity=BLOCKS),
              *(Wish(one.shape, is_kept=True, severity=BLOCKS) for one in chosen))  # fmt: skip
    seeking, tries = Seeking(denied.target, wishes, steps), 0
    try:
        for world in seeking.worlds():
            tables, key = realised(denied.target, seeking.node, world)
            found = Counterexample(denied.rule.iri, denied.target, key, tables)
            if is_denied(found, [denied]) and not is_denied(found, chosen):
                deniers = [one for one in others if is_denied(found, [one])]
                return found, deniers, "", seeking.steps
            tries += 1
            if tries >= MOST_TRIES:
                break
    except TooLargeError:
        return None, [], f"the search did not end within {MOST_STEPS:,} steps", seeking.steps
    if tries:
        return None, [], "what the search found could not be told in records", seeking.steps
    why = f"it reads {', '.join(seeking.regions.open)}" if seeking.regions.open else ""
    return None, [], why, seeking.steps


def is_denied(found: Counterexample, rules: Iterable[CompiledRule]) -> bool:
    """Whether one of the rules has a result of severity Violation because of the record."""
    columns = Columns(found.tables)
    row = found.tables[found.target].row_of[found.key]
    code = columns.instances(found.target)[row : row + 1]
    focus = Focus(found.target, code, np.zeros(1, np.int64))
    batches = (batch for one in rules for batch in results(columns, one.shape, focus))
    return any(batch.shape.severity == BLOCKS for batch in batches)


def blocks(shape: Shape) -> bool:
    """Whether any part of a shape can have a result of severity Violation."""
    nested = [c.shape for c in shape.constraints if isinstance(c, Nested)]
    own = shape.severity == BLOCKS and len(nested) < len(shape.constraints)
    return own or any(map(blocks, nested))


def alike(one: Shape, other: Shape) -> bool:
    """Whether two shapes say the same in the same form, whatever they are called."""
    return nameless(one) == nameless(other)


def nameless(shape: Shape) -> Shape:
    """The shape without names and messages, its parts in an order of their own."""
    parts = (_nameless(constraint) for constraint in shape.constraints)
    return replace(shape, name="", message="", constraints=tuple(sorted(set(parts), key=repr)))


def _nameless(constraint: Any) -> Any:
    if isinstance(constraint, Nested):
        return replace(constraint, shape=nameless(constraint.shape))
    if isinstance(constraint, Logic):
        shapes = sorted((nameless(shape) for shape in constraint.shapes), key=repr)
        return replace(constraint, shapes=tuple(shapes))
    return constraint


def _compiled(release: Release) -> tuple[list[CompiledRule], list[tuple[str, str]]]:
    """The rules that compile, and for each other one why it does not."""
    found: list[CompiledRule] = []
    outside: list[tuple[str, str]] = []
    for rule in release.rules:
        try:
            found += release.compile(rule)
        except InputError as error:
            outside.append((rule.iri, error.what))
    return found, outside
