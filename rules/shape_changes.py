"""Two shapes of one rule, part by part: which bounds, sets, paths and branches differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ontology.findings import SEVERITIES
from rules.implies import alike, nameless
from rules.shapes import (
    Bound,
    Constraint,
    Count,
    Logic,
    Members,
    Nested,
    OfClass,
    Pairing,
    Pattern,
    Shape,
)
from rules.wording import SEVERITY_WORDS, path_words, said_of, shape_words, some_words, value_words

STRICTER, LOOSER, OTHER = "stricter", "looser", "other"
_TURNED = {STRICTER: LOOSER, LOOSER: STRICTER, OTHER: OTHER}
_UPWARD = {"minCount", "minInclusive", "minExclusive"}


@dataclass(frozen=True, slots=True)
class Told:
    """One change in words, its kind and, going by its place in the shape, its effect.

    For sets of values: the shape with the path that they are values of, what came and what left.
    """

    kind: str
    words: str
    effect: str
    path: Shape | None = None
    came: tuple[Any, ...] = ()
    left: tuple[Any, ...] = ()


def changes(old: Shape, new: Shape) -> Iterator[Told]:
    """What is to be told of two shapes that do not say the same."""
    return _shapes(old, new, is_kept=True)


def _shapes(old: Shape, new: Shape, *, is_kept: bool) -> Iterator[Told]:
    if alike(old, new):
        return
    if old.severity != new.severity and any(not isinstance(c, Nested) for c in new.constraints):
        yield _severity(old, new)
    if (old.path_text, old.space) != (new.path_text, new.space):
        words = f"looks at {path_words(new.path) or 'the record'}"
        yield Told("path", f"{words} instead of {path_words(old.path) or 'the record'}", OTHER)
    for one, other in _matched(old.constraints, new.constraints):
        yield from _constraints(old, new, one, other, is_kept=is_kept)


def _severity(old: Shape, new: Shape) -> Told:
    words = f"now {SEVERITY_WORDS[new.severity]}; before, it {_past(old.severity)}"
    milder = SEVERITIES.index(new.severity) > SEVERITIES.index(old.severity)
    return Told("severity", words, LOOSER if milder else STRICTER)


def _past(severity: str) -> str:
    return {"Violation": "blocked", "Warning": "went to a person"}.get(severity, "was recorded")


def _matched(
    old: Sequence[Constraint], new: Sequence[Constraint]
) -> list[tuple[Constraint | None, Constraint | None]]:
    """Pairs that say something else in the same place; None beside what is in one alone."""
    left = [one for one in old if not any(_same(one, other) for other in new)]
    came = [one for one in new if not any(_same(one, other) for other in old)]
    pairs: list[tuple[Constraint | None, Constraint | None]] = []
    for key in (_near, _far):
        for one in list(left):
            other = next((each for each in came if key(each) == key(one)), None)
            if other is not None:
                left.remove(one)
                came.remove(other)
                pairs.append((one, other))
    return [*pairs, *((one, None) for one in left), *((None, one) for one in came)]


def _same(one: Constraint, other: Constraint) -> bool:
    if isinstance(one, Nested) and isinstance(other, Nested):
        return alike(one.shape, other.shape)
    if isinstance(one, Logic) and isinstance(other, Logic):
        alone = Shape("", "", "", None, "", (one,), "", "")
        return nameless(alone) == nameless(Shape("", "", "", None, "", (other,), "", ""))
    return one == other


def _near(constraint: Constraint) -> tuple[Any, ...]:
    """What two constraints share that are one, edited: their word, paths and parts."""
    if isinstance(constraint, Nested):
        return ("property", _form(constraint.shape))
    if isinstance(constraint, Logic):
        return (constraint.word, tuple(sorted(map(_outline, constraint.shapes), key=repr)))
    return (constraint.word,)


def _form(shape: Shape) -> tuple[Any, ...]:
    return (shape.path_text, tuple(sorted((_near(c) for c in shape.constraints), key=repr)))


def _outline(shape: Shape) -> tuple[Any, ...]:
    return (shape.path_text, tuple(sorted((_far(c) for c in shape.constraints), key=repr)))


def _far(constraint: Constraint) -> tuple[Any, ...]:
    """The same where a part came or went: only the word, and the path of a nested shape."""
    if isinstance(constraint, Nested):
        return ("property", constraint.shape.path_text)
    return ("values" if isinstance(constraint, Members) else constraint.word,)


def _constraints(
    old: Shape, new: Shape, one: Constraint | None, other: Constraint | None, *, is_kept: bool
) -> Iterator[Told]:
    if other is None and one is not None:
        yield Told("constraint removed", f"no longer asks that {said_of(old, one)}",
                   _by(LOOSER, is_kept=is_kept))  # fmt: skip
    elif one is None and other is not None:
        yield Told("constraint added", f"now also asks that {said_of(new, other)}",
                   _by(STRICTER, is_kept=is_kept))  # fmt: skip
    elif isinstance(one, Nested) and isinstance(other, Nested):
        yield from _shapes(one.shape, other.shape, is_kept=is_kept)
    elif isinstance(one, Logic) and isinstance(other, Logic):
        yield from _logic(one, other, is_kept=is_kept)
    elif isinstance(one, Members) and isinstance(other, Members):
        # Of one value at most, `hasValue` also asks that there is one.
        yield _members(new, one, other, is_kept=is_kept)
    else:
        yield _value(new, one, other, is_kept=is_kept)


def _by(effect: str, *, is_kept: bool) -> str:
    return effect if is_kept else _TURNED[effect]


def _logic(old: Logic, new: Logic, *, is_kept: bool) -> Iterator[Told]:
    """Members that differ, and those that came or went: one more way out is looser."""
    kept = is_kept != (old.word == "not")
    left = [shape for shape in old.shapes if not any(alike(shape, each) for each in new.shapes)]
    came = [shape for shape in new.shapes if not any(alike(shape, each) for each in old.shapes)]
    for key in (_form, _outline, _path_of):
        for one in list(left):
            other = next((each for each in came if key(each) == key(one)), None)
            if other is not None:
                left.remove(one)
                came.remove(other)
                for told in _shapes(one, other, is_kept=kept):
                    yield _unsure(told) if old.word == "xone" else told
    widens = old.word == "or"
    for shapes, word, widening in ((came, "also", LOOSER), (left, "no longer", STRICTER)):
        for shape in shapes:
            effect = OTHER if old.word == "xone" else widening if widens else _TURNED[widening]
            words = f"{_ways(old.word, word)} {shape_words(shape)}"
            yield Told("branch", words, _by(effect, is_kept=kept))


def _path_of(shape: Shape) -> str:
    return shape.path_text


def _ways(logic: str, word: str) -> str:
    if logic in ("or", "xone"):
        return f"{'it is now also enough' if word == 'also' else 'it is no longer enough'} that"
    if logic == "not":
        return f"{'now also' if word == 'also' else 'no longer'} excluded:"
    return f"{'now also' if word == 'also' else 'no longer'} asks that"


def _unsure(told: Told) -> Told:
    return Told(told.kind, told.words, OTHER, told.path, told.came, told.left)


def _members(shape: Shape, old: Members, new: Members, *, is_kept: bool) -> Told:
    came = tuple(value for value in new.values if value not in old.values)
    left = tuple(value for value in old.values if value not in new.values)
    what = path_words(shape.path) or "it"
    if "hasValue" in (old.word, new.word):
        verb = "has" if new.word == "hasValue" else "is"
        words = f"{what} {verb} {some_words(shape.path, new.values)}"
        words += f" instead of {some_words(shape.path, old.values)}"
        return Told("set", words, OTHER, shape, came, left)
    may, may_not = (came, left) if is_kept else (left, came)  # what `sh:not` lists is forbidden
    parts = [f"may now also be {some_words(shape.path, may)}"] if may else []
    parts += [f"may no longer be {some_words(shape.path, may_not)}"] if may_not else []
    effect = OTHER if came and left else LOOSER if came else STRICTER
    return Told("set", f"{what} {' and '.join(parts)}", _by(effect, is_kept=is_kept), shape,
                came, left)  # fmt: skip


def _value(shape: Shape, old: Any, new: Any, *, is_kept: bool) -> Told:
    now, before = said_of(shape, new), _before(shape, old)
    effect = OTHER
    if isinstance(new, Bound | Count):
        rose = _number(new) > _number(old)
        effect = STRICTER if rose == (new.word in _UPWARD) else LOOSER
    kinds = {Bound: "bound", Count: "count", Pattern: "pattern", Pairing: "comparison",
             OfClass: "class"}  # fmt: skip
    return Told(kinds.get(type(new), "constraint"), f"{now} instead of {before}",
                _by(effect, is_kept=is_kept))  # fmt: skip


def _number(constraint: Any) -> Any:
    return constraint.count if isinstance(constraint, Count) else constraint.value


def _before(shape: Shape, old: Any) -> str:
    if isinstance(old, Count):
        return f"{old.count:,}"
    if isinstance(old, Bound):
        return value_words(shape.path, old.value)
    if isinstance(old, Pattern):
        return f"`{old.regex.pattern}`"
    return path_words((old.other,)) if isinstance(old, Pairing) else str(getattr(old, "name", ""))
