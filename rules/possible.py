"""A world that is not decided yet: cells that get values as a shape asks for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import le, lt
from typing import Any, NamedTuple

from ontology.axioms import COUNTED, classes_beneath
from rules.patterns import is_matched
from rules.properties import Entailed, Field, Keyed, Link, Match, Property, is_class
from rules.regions import Regions, expanded, key_name, walk_of
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

FOCUS = "focus"
Node = str | int

"""A key, FOCUS for a record that nothing refers to, or the number of one found by its fields."""


class Cell(NamedTuple):
    """One thing that a world may decide.

    `kind`: `record` (whether there is one), `field` (a single value, None where not stated),
    `member` (whether a field of many values has this one), `link` (whether a row of a link class
    says it of the node: False, True, or where rows carry a flag None, False, True), `entailed`
    (whether a value, or membership of a class, follows from what is stated).
    """

    kind: str
    space: str
    node: Node
    name: str = ""
    value: Any = None


class WaitingError(Exception):
    """Nothing depends on the answer yet: whoever waits for it asks again later."""


class UndecidedError(Exception):
    """The world does not say yet what was asked."""

    def __init__(self, cell: Cell) -> None:
        """The cell that has to be decided first."""
        super().__init__(cell)
        self.cell = cell


Reasons = frozenset[Cell]
_NOTHING: Reasons = frozenset()
Reached = Iterator[tuple[Any, Reasons]]
"""Values, each with the cells that show that it is there."""


@dataclass
class Possible:
    """A partial world, and what compiled shapes say of records in it.

    Every answer is the one that any completion of the world gives; where completions differ,
    UndecidedError is raised. `read` collects the cells that answers rested on: with these alone
    decided so, the answers would be the same.
    """

    regions: Regions
    decided: dict[Cell, Any] = field(default_factory=dict)
    read: set[Cell] = field(default_factory=set)

    def get(self, cell: Cell) -> Any:
        """What a cell says. Raises UndecidedError."""
        if cell not in self.decided:
            raise UndecidedError(cell)
        self.read.add(cell)
        return self.decided[cell]

    def holds(self, shape: Shape, node: Any, severity: str = "") -> bool:
        """Whether the shape has no result for a node: of a severity, or of any if none is given."""
        pairs = ((constraint, _NOTHING) for constraint in shape.constraints)
        return not self._any(pairs, lambda each: not self.keeps(shape, each, node, severity))

    def keeps(self, shape: Shape, constraint: Constraint, node: Any, severity: str = "") -> bool:
        """The same for one of the shape's constraints."""
        if isinstance(constraint, Nested):
            inner = constraint.shape
            values = self._of(shape, node)
            return not self._any(values, lambda each: not self.holds(inner, each, severity))
        if severity and shape.severity != severity:
            return True
        if isinstance(constraint, Count):
            is_least = constraint.word == "minCount"
            wanted = constraint.count if is_least else constraint.count + 1
            return self._reaches_so_many(self._of(shape, node), wanted) == is_least
        if isinstance(constraint, Pairing):
            return self._paired(shape, constraint, node)
        if isinstance(constraint, Members) and constraint.word == "hasValue":
            return self._reaches(shape, node, constraint.values[0])
        values = self._of(shape, node)
        return not self._any(values, lambda each: not self._good(constraint, shape, each))

    def _apart(self, test: Callable[[Any], bool], value: Any) -> tuple[bool, Reasons]:
        """A test's answer and the cells that it rested on."""
        before, self.read = self.read, set()
        found = test(value)
        reasons, self.read = frozenset(self.read), before
        return found, reasons

    def _any(self, values: Reached, test: Callable[[Any], bool]) -> bool:
        """Whether a value passes: because of that value alone, or for want of any."""
        failed: set[Cell] = set()
        for value, why in values:
            found, reasons = self._apart(test, value)
            if found:
                self.read |= why | reasons
                return True
            failed |= why | reasons
        self.read |= failed
        return False

    def _reaches_so_many(self, values: Reached, wanted: int) -> bool:
        seen: set[Cell] = set()
        count = 0
        while count < wanted:
            found = next(values, None)
            if found is None:
                break
            seen |= found[1]
            count += 1
        self.read |= seen
        return count >= wanted

    def _of(self, shape: Shape, node: Any) -> Reached:
        return self._along(expanded(shape.path or ()), node)

    def _along(self, steps: tuple[Property, ...], node: Any) -> Reached:
        """The values of a path, each once; who takes them all rests on all that was asked."""
        if not steps:
            yield node, _NOTHING
            return
        seen = set()
        for above, why in self._along(steps[:-1], node):
            for value, reasons in self._values(steps[-1], above):
                if value not in seen:
                    seen.add(value)
                    yield value, why | reasons
            self.read |= why

    def _reaches(self, shape: Shape, node: Any, wanted: Any) -> bool:
        """Whether one of the values of a shape's path is this one."""
        steps = expanded(shape.path or ())
        if not steps:
            return bool(node == wanted)
        above = self._along(steps[:-1], node)
        return self._any(above, lambda each: self._has(steps[-1], each, wanted))

    def _has(self, step: Property, node: Node, wanted: Any) -> bool:
        source = step.source
        if isinstance(source, Field) and source.kind.many:
            return self._is_record(step.subject, node) and self._is_member(step, node, wanted)
        if isinstance(source, Link):
            return self._is_linked(step, source, node, wanted)
        if isinstance(source, Entailed):
            return self._is_entailed(step, node, wanted)
        return self._any(self._values(step, node), lambda each: bool(each == wanted))

    def _values(self, step: Property, node: Node) -> Reached:
        source = step.source
        if isinstance(source, Link):
            yield from self._passing(
                self._domain(step), lambda value: self._is_linked(step, source, node, value)
            )
        elif isinstance(source, Entailed):
            yield from self._passing(
                self._domain(step), lambda value: self._is_entailed(step, node, value)
            )
        elif isinstance(source, Keyed):
            numbers = range(self.regions.records(step.space))
            yield from self._passing(numbers, lambda number: self._is_found(step, node, number))
        elif isinstance(source, Field) and source.kind.many:
            yield from self._passing(
                self._domain(step),
                lambda value: (
                    self._is_record(step.subject, node) and self._is_member(step, node, value)
                ),
            )
        else:
            value, why = self._single(step, node)
            self.read |= why
            if value is not None:
                yield value, why

    def _passing(self, values: Iterable[Any], test: Callable[[Any], bool]) -> Reached:
        """The values that pass; only who takes them all rests on those that do not."""
        asked: set[Cell] = set()
        for value in values:
            found, reasons = self._apart(test, value)
            asked |= reasons
            if found:
                yield value, reasons
        self.read |= asked

    def _single(self, step: Property, node: Node) -> tuple[Any, Reasons]:
        """The one value of a property, None where there is none, and the cells that say so."""
        found: list[Any] = [None]

        def test(_: Any) -> bool:
            if self._is_record(step.subject, node):
                is_key = isinstance(step.source, Field) and step.name == key_name(step.subject)
                cell = Cell("field", step.subject, node, step.name)
                found[0] = node if is_key else self.get(cell)
            return True

        reasons = self._apart(test, None)[1]
        return found[0], reasons

    def _is_record(self, space: str, node: Node) -> bool:
        return node == FOCUS or bool(self.get(Cell("record", space, node)))

    def _is_member(self, step: Property, node: Node, value: Any) -> bool:
        return value in self._domain(step) and bool(
            self.get(Cell("member", step.subject, node, step.name, value))
        )

    def _is_linked(self, step: Property, link: Link, node: Node, value: Any) -> bool:
        if value not in self._domain(step):
            return False
        found = self.get(Cell("link", link.link, node, f"{link.subject} {link.value}", value))
        return found is not None and bool(found) == link.flag_value

    def _is_entailed(self, step: Property, node: Node, value: Any) -> bool:
        cell = Cell("entailed", step.subject, node, step.name, value)
        return value in self._domain(step) and bool(self.get(cell))

    def is_of(self, name: str, space: str, node: Node) -> bool:
        """Whether a node of class `space` is of class `name`, by its record or by inference."""
        if name == space or space in classes_beneath(name):
            return self._is_record(space, node)
        is_inferred = name in COUNTED and name in classes_beneath(space)
        return is_inferred and bool(self.get(Cell("entailed", space, node, name)))

    def _domain(self, step: Property) -> tuple[Any, ...]:
        if not is_class(step.space):
            return self.regions.literals(step)
        named, fresh = self.regions.keys(step.space)
        return named + fresh

    def _is_found(self, step: Property, node: Node, number: int) -> bool:
        """Whether a record is there and meets every condition, as `rules.keyed` asks."""
        if not self.get(Cell("record", step.space, number)):
            return False
        return step.space in self.regions.met or self.meets(step, node, number)

    def meets(self, step: Property, node: Node, number: int) -> bool:
        """Whether a record meets every condition of a property that leads to records."""
        source = step.source
        pairs = ((m, _NOTHING) for m in source.matches) if isinstance(source, Keyed) else ()
        return not self._any(iter(pairs), lambda match: not self._meets(step, match, node, number))

    def _meets(self, step: Property, match: Match, node: Node, record: int) -> bool:
        first = next(self._along(walk_of(step.space, match.field), record), None)
        if first is None:
            return match.open
        stated, why = first
        self.read |= why
        walks = ((walk, _NOTHING) for walk in match.of)
        return self._any(
            walks,
            lambda walk: self._any(
                self._along(walk_of(step.subject, walk), node),
                lambda asked: _compared(match.word, stated, asked),
            ),
        )

    def _good(self, constraint: Constraint, shape: Shape, value: Any) -> bool:
        """Whether a value satisfies a constraint that looks at each value alone."""
        if isinstance(constraint, Members):
            return value in constraint.values
        if isinstance(constraint, Bound):
            return _inside(constraint, value)
        if isinstance(constraint, Fixed):
            return constraint.holds
        if isinstance(constraint, OfClass):
            return self.is_of(constraint.name, shape.values, value)
        if isinstance(constraint, Pattern):
            return is_matched(constraint.regex, value)
        if isinstance(constraint, Logic):
            return self._logical(constraint, value)
        raise TypeError(f"{constraint} has no rule of evaluation")

    def _logical(self, logic: Logic, value: Any) -> bool:
        pairs = ((shape, _NOTHING) for shape in logic.shapes)
        if logic.word == "xone":
            return sum(self.holds(shape, value) for shape in logic.shapes) == 1
        if logic.word in ("or", "not"):
            found = self._any(pairs, lambda shape: self.holds(shape, value))
            return found == (logic.word == "or")
        return not self._any(pairs, lambda shape: not self.holds(shape, value))

    def _paired(self, shape: Shape, pairing: Pairing, node: Node) -> bool:
        others = self._along(expanded((pairing.other,)), node)
        if pairing.word == "disjoint":
            return not self._any(others, lambda each: self._reaches(shape, node, each))
        if pairing.word == "equals":
            values = [value for value, _ in self._all(self._of(shape, node))]
            return set(values) == {value for value, _ in self._all(others)}
        is_less = lt if pairing.word == "lessThan" else le
        known = list(self._all(others))
        return not self._any(
            self._of(shape, node),
            lambda value: self._any(iter(known), lambda each: not is_less(value, each)),
        )

    def _all(self, values: Reached) -> list[tuple[Any, Reasons]]:
        """All values, resting on all that was asked."""
        found = list(values)
        for _, why in found:
            self.read |= why
        return found


def _inside(bound: Bound, value: Any) -> bool:
    if bound.word == "minInclusive":
        return bool(value >= bound.value)
    if bound.word == "maxInclusive":
        return bool(value <= bound.value)
    return bool(value > bound.value if bound.word == "minExclusive" else value < bound.value)


def _compared(word: str, stated: Any, asked: Any) -> bool:
    if word == "equals":
        return bool(stated == asked)
    if word == "differs":
        return bool(stated != asked)
    return bool(stated <= asked if word == "notAfter" else stated >= asked)
