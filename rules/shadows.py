"""Rules that deny nothing which another one does not deny already."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from ontology.findings import SEVERITIES
from rules.contradictions import FEW_STEPS
from rules.implies import nameless
from rules.regions import BROKEN, Address, Regions, expanded
from rules.seeking import Seeking, TooLargeError, wish_of
from rules.shapes import CompiledRule, Constraint, Logic, Nested, OfClass, Pairing, Rule, Shape
from rules.witness import Search, Witness


def shadowed(rules: Sequence[CompiledRule]) -> Iterator[tuple[Rule, str]]:
    """Each rule that another one makes needless, with a sentence that names the other.

    The other has the same target and is at least as severe, and every record that breaks the
    rule breaks it, too: proved, not sampled. Of two that say the same, the later by name is
    needless.
    """
    known = [_Known(one) for one in rules]
    for one in known:
        for other in known:
            if one is not other and _may_be_needless(one, other):
                word = _word(one, other)
                if word:
                    yield one.compiled.rule, f"{word} rule `{other.compiled.rule.iri}`"
                    break


class _Known:
    """A rule with what is asked of it again and again: worked out once."""

    def __init__(self, compiled: CompiledRule) -> None:
        self.compiled = compiled
        self.iri = compiled.rule.iri
        self.read = Regions(compiled.target, [(compiled.shape, BROKEN)]).read
        self.ends = frozenset(_ends(compiled.shape))
        self.asks_for_records = _asks_for_records(compiled.shape)
        self.form = compiled.only, nameless(compiled.shape)
        ranks = list(_ranks(compiled.shape))
        self.strictest, self.mildest = min(ranks, default=3), max(ranks, default=3)

    @cached_property
    def broken(self) -> Witness | None:
        """A record that breaks the rule, with the facts around it; None where none was found."""
        wishes = (wish_of(self.compiled, is_kept=False),)
        return next(Search(self.compiled.target, wishes, FEW_STEPS).witnesses(), None)


def _may_be_needless(one: _Known, other: _Known) -> bool:
    """Whether what breaks the one may all break the other: cheap, and never wrong to deny it."""
    if one.compiled.target != other.compiled.target or other.mildest > one.strictest:
        return False
    # What breaks the other is a value at the end of one of its paths, or that there is none
    # because a record is missing: the one has to have a say in it.
    if not other.ends & one.read and not (one.asks_for_records and other.read & one.read):
        return False
    if one.form == other.form or one.broken is None:
        return True
    return one.broken.breaks(other.compiled)


def _word(one: _Known, other: _Known) -> str:
    """What a rule is to the other; empty where it denies something of its own."""
    if one.form == other.form:
        return "says the same as" if one.iri > other.iri else ""
    if not _is_implied(one.compiled, other.compiled):
        return ""
    if one.mildest <= other.strictest and _is_implied(other.compiled, one.compiled):
        return "denies the same as" if one.iri > other.iri else ""
    return "denies nothing that is not denied by"


def _is_implied(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether it is certain that what breaks the one breaks the other."""
    wishes = (wish_of(one, is_kept=False), wish_of(other, is_kept=True))
    seeking = Seeking(one.target, wishes, FEW_STEPS)
    try:
        return next(seeking.worlds(), None) is None and not seeking.regions.open
    except TooLargeError:
        return False


def _ends(shape: Shape) -> Iterator[Address]:
    """The properties whose values a shape's constraints look at, at any depth."""
    steps = expanded(shape.path or ())
    for constraint in shape.constraints:
        if steps and not isinstance(constraint, Nested):
            yield steps[-1].subject, steps[-1].name
        if isinstance(constraint, Pairing):
            other = expanded((constraint.other,))[-1]
            yield other.subject, other.name
        for inner in _inner(constraint):
            yield from _ends(inner)


def _asks_for_records(shape: Shape) -> bool:
    """Whether a shape asks that a record is there."""
    return any(
        isinstance(constraint, OfClass) or any(map(_asks_for_records, _inner(constraint)))
        for constraint in shape.constraints
    )


def _inner(constraint: Constraint) -> tuple[Shape, ...]:
    if isinstance(constraint, Nested):
        return (constraint.shape,)
    return constraint.shapes if isinstance(constraint, Logic) else ()


def _ranks(shape: Shape) -> Iterator[int]:
    """The severities with which a shape can have results; 0 is the most severe."""
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            yield from _ranks(constraint.shape)
        else:
            yield SEVERITIES.index(shape.severity)
