"""Rules that deny nothing which another one does not deny already."""

from collections.abc import Iterator, Sequence

from ontology.findings import SEVERITIES
from rules.contradictions import FEW_STEPS
from rules.implies import alike
from rules.regions import BROKEN, Regions
from rules.seeking import Seeking, TooLargeError, Wish
from rules.shapes import CompiledRule, Nested, Rule, Shape


def shadowed(rules: Sequence[CompiledRule]) -> Iterator[tuple[Rule, str]]:
    """Each rule that another one makes needless, with a sentence that names the other.

    The other has the same target and is at least as severe, and every record that breaks the
    rule breaks it, too: proved, not sampled. Of two that say the same, the later by name is
    needless.
    """
    read = [Regions(one.target, [(one.shape, BROKEN)]).read for one in rules]
    for at, one in enumerate(rules):
        for other_at, other in enumerate(rules):
            if (
                at != other_at
                and one.target == other.target
                and read[at] & read[other_at]
                and _mildest(other.shape) <= _strictest(one.shape)
            ):
                word = _word(one, other)
                if word:
                    yield one.rule, f"{word} rule `{other.rule.iri}`"
                    break


def _word(one: CompiledRule, other: CompiledRule) -> str:
    """What a rule is to the other; empty where it denies something of its own."""
    if alike(one.shape, other.shape):
        return "says the same as" if one.rule.iri > other.rule.iri else ""
    if not _is_implied(one, other):
        return ""
    if _is_implied(other, one):
        return "denies the same as" if one.rule.iri > other.rule.iri else ""
    return "denies nothing that is not denied by"


def _is_implied(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether it is certain that what breaks the one breaks the other."""
    wishes = (Wish(one.shape, is_kept=False), Wish(other.shape, is_kept=True))
    seeking = Seeking(one.target, wishes, FEW_STEPS)
    try:
        return next(seeking.worlds(), None) is None and not seeking.regions.open
    except TooLargeError:
        return False


def _ranks(shape: Shape) -> Iterator[int]:
    """The severities with which a shape can have results; 0 is the most severe."""
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            yield from _ranks(constraint.shape)
        else:
            yield SEVERITIES.index(shape.severity)


def _strictest(shape: Shape) -> int:
    return min(_ranks(shape), default=len(SEVERITIES))


def _mildest(shape: Shape) -> int:
    return max(_ranks(shape), default=len(SEVERITIES))
