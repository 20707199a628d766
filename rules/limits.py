"""Rules on sums of a finished plan that a price can keep: at most so much of a limited quantity."""

from rules.shapes import Bound, CompiledRule, Nested, Shape

LIMITED = {
    "LocationLoad": ("overloadedUnits", "overfullUnits"),
    "CountryHolding": ("excessUnits",),
}
"""Quantities that are how much a sum over items passes a limit of the facts."""


def limits_of(compiled: CompiledRule) -> dict[str, int]:
    """The most that each limited quantity may be, where the rule says nothing else; else none.

    Such a rule can be kept while planning, by a capacity that all items share. Any other rule
    on a finished plan closes lines after the flow.
    """
    found: dict[str, int] = {}
    simple = compiled.shape.severity == "Violation" and _collect(compiled, compiled.shape, found)
    return found if simple else {}


def _collect(compiled: CompiledRule, shape: Shape, found: dict[str, int]) -> bool:
    """Gather the bounds of a shape; whether it holds nothing but such bounds."""
    names = [step.name for step in shape.path or ()]
    limited = len(names) == 1 and names[0] in LIMITED.get(compiled.target, ())
    for constraint in shape.constraints:
        if isinstance(constraint, Nested) and not names:
            inner = constraint.shape
            if inner.severity != "Violation" or not _collect(compiled, inner, found):
                return False
        elif isinstance(constraint, Bound) and constraint.word == "maxInclusive" and limited:
            found[names[0]] = min(constraint.value, found.get(names[0], constraint.value))
        else:
            return False
    return True
