"""Shapes that nothing can conform to, branches that are never taken, and types that never fit."""

from collections.abc import Iterator
from dataclasses import replace

from ontology.axioms import classes_beneath
from rules.patterns import sample_of
from rules.properties import is_class
from rules.seeking import Seeking, TooLargeError, Wish
from rules.shapes import (
    Bound,
    Constraint,
    Count,
    Fixed,
    Logic,
    Members,
    Nested,
    OfClass,
    Pairing,
    Pattern,
    Shape,
)

FEW_STEPS = 2_000
SOME_VALUE = Count("minCount", 1)
Fault = tuple[str, str]
"""A code of lint and a sentence."""


def faults_in(shape: Shape) -> Iterator[Fault]:
    """Every contradiction, wrong type and dead branch of a shape, at any depth.

    RULE_RANGE: `sh:datatype`, `sh:nodeKind` or `sh:class` that no value of the path can have.
    RULE_CONTRADICTION: constraints of one shape that no value, or no number of values, can keep.
    RULE_UNREACHABLE: a member of `sh:or` or `sh:xone` that nothing conforms to, or one of
    `sh:not` that only says so in other words. What cannot be decided is no fault.
    """
    yield from _faults(shape, shape.space)


def _faults(shape: Shape, space: str) -> Iterator[Fault]:
    wrong = list(_wrong_types(shape))
    yield from wrong
    inner = [fault for each in _inner(shape) for fault in _faults(each, shape.values)]
    yield from inner
    if wrong or inner or not is_class(space):
        return
    conflict = _conflict(shape)
    if conflict:
        yield "RULE_CONTRADICTION", f"{_of(shape)}{conflict}"
        return
    for constraint in shape.constraints:
        if isinstance(constraint, Logic) and constraint.word in ("or", "xone", "not"):
            yield from _dead_branches(shape, constraint)


def _inner(shape: Shape) -> Iterator[Shape]:
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            yield constraint.shape
        elif isinstance(constraint, Logic):
            yield from constraint.shapes


def _wrong_types(shape: Shape) -> Iterator[Fault]:
    for constraint in shape.constraints:
        never = isinstance(constraint, Fixed) and not constraint.holds
        if never or (
            isinstance(constraint, OfClass) and not _can_be(shape.values, constraint.name)
        ):
            what = f"{_of(shape)}`sh:{constraint.word}` never holds: the values are {_kind(shape)}"
            yield "RULE_RANGE", what


def _can_be(space: str, name: str) -> bool:
    """Whether values of a space can be of a class: their own, one above it or one inferred."""
    return name == space or space in classes_beneath(name) or name in classes_beneath(space)


def _kind(shape: Shape) -> str:
    return f"records of `{shape.values}`" if is_class(shape.values) else f"xsd:{shape.values}"


def _conflict(shape: Shape) -> str:
    """Which constraints of a shape exclude each other, in words; empty where none are known to."""
    own = tuple(c for c in shape.constraints if not isinstance(c, Nested))
    if shape.path is None or Count("maxCount", 0) in own:
        return _clash(shape, own, ())
    return _clash(shape, own, (SOME_VALUE,))


def _clash(shape: Shape, own: tuple[Constraint, ...], more: tuple[Constraint, ...]) -> str:
    """The first constraint, pair or set of them that nothing can keep, in words; else empty."""
    own = tuple(c for c in own if not (isinstance(c, Logic) and c.word != "not"))
    for number, one in enumerate(own):
        if _may_fail_alone(one) and _is_impossible(shape, (one, *more)):
            return f"{said(one)} can never hold"
        for other in own[:number]:
            if _is_impossible(shape, (one, other, *more)):
                return f"{said(other)} and {said(one)} exclude each other"
    if len(own) > 2 and _is_impossible(shape, (*own, *more)):
        return f"{', '.join(map(said, own))} exclude each other"
    return ""


def _is_impossible(shape: Shape, constraints: tuple[Constraint, ...]) -> bool:
    patterns = [c for c in constraints if isinstance(c, Pattern)]
    if patterns:
        return _is_without_text(patterns, constraints)
    return is_empty(replace(shape, constraints=constraints))


def _may_fail_alone(constraint: Constraint) -> bool:
    return isinstance(constraint, Members | Pairing | Logic | Pattern)


def _is_without_text(patterns: list[Pattern], constraints: tuple[Constraint, ...]) -> bool:
    """Whether no text that is named fits the patterns, or none at all fits the only one."""
    named = [c for c in constraints if isinstance(c, Members)]
    if named:
        return not any(
            all(pattern.regex.search(str(value)) for pattern in patterns)
            for value in named[0].values
        )
    if len(patterns) > 1:
        return False
    return sample_of(patterns[0].regex) is None and _is_anchored(patterns[0].regex.pattern)


def _is_anchored(text: str) -> bool:
    """Whether the pattern asks for the start of a text after, or its end before, a character."""
    inner = text.strip("()")
    return "^" in inner[1:].replace("[^", "") or "$" in inner[:-1].replace("\\$", "")


def is_empty(shape: Shape) -> bool:
    """Whether it is certain that no record of the shape's class conforms to it."""
    return not _may_be(shape.space, Wish(shape, is_kept=True))


def _may_be(target: str, *wishes: Wish) -> bool:
    seeking = Seeking(target, wishes, FEW_STEPS)
    try:
        found = next(seeking.worlds(), None)
    except TooLargeError:
        return True
    return found is not None or bool(seeking.regions.open)


def _dead_branches(shape: Shape, logic: Logic) -> Iterator[Fault]:
    """Members that no value of the shape's path conforms to: they might as well not be there."""
    for number, member in enumerate(logic.shapes, 1):
        branch = replace(shape, constraints=(Logic("and", (member,)), *_needed(shape)))
        if is_empty(branch):
            where = f"branch {number} of `sh:{logic.word}`" if logic.word != "not" else "`sh:not`"
            yield "RULE_UNREACHABLE", f"{_of(shape)}nothing conforms to {where}{_path(member)}"


def _needed(shape: Shape) -> tuple[Constraint, ...]:
    return (SOME_VALUE,) if shape.path else ()


def _path(member: Shape) -> str:
    return f", on {short_path(member)}" if member.path else ""


def _of(shape: Shape) -> str:
    return f"on {short_path(shape)}: " if shape.path else ""


def short_path(shape: Shape) -> str:
    """A path as rules write it."""
    names = [f"inv:{step.name}" for step in shape.path or ()]
    return f"`{names[0]}`" if len(names) == 1 else f"`( {' '.join(names)} )`"


def said(constraint: Constraint) -> str:
    """A constraint as rules write it, as far as it fits a line."""
    if isinstance(constraint, Count):
        return f"`sh:{constraint.word} {constraint.count}`"
    if isinstance(constraint, Bound):
        return f"`sh:{constraint.word} {constraint.value}`"
    if isinstance(constraint, Members):
        return f"`sh:{constraint.word} ( {' '.join(map(str, constraint.values[:5]))} )`"
    if isinstance(constraint, Pattern):
        return f"`sh:pattern {constraint.regex.pattern}`"
    if isinstance(constraint, Pairing):
        return f"`sh:{constraint.word} inv:{constraint.other.name}`"
    return f"`sh:{constraint.word}`"
