"""The search for a world in which conditions hold: complete over the regions, in bounded steps."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ontology.terms import field_kinds, local_name
from ontology.vocabulary import RECORDS
from rules.movement_laws import MOVEMENT_LAWS, WEEKDAY_OF, WEEKDAYS
from rules.possible import FOCUS, Cell, Possible, UndecidedError, WaitingError
from rules.properties import Link, Property, is_class, properties_of
from rules.regions import BROKEN, KEPT, Regions
from rules.shapes import CompiledRule, Nested, Shape

MOST_STEPS = 20_000
Condition = Callable[[Possible, Any], bool]
World = Mapping[Cell, Any]


class TooLargeError(Exception):
    """The search took its steps and did not end."""


@dataclass(frozen=True)
class Wish:
    """That a shape has, or has not, a result for the focus node; of a severity, or of any.

    Where `only` names a class, the shape has results for nodes of that class alone.
    """

    shape: Shape
    is_kept: bool
    severity: str = ""
    only: str = ""

    def __call__(self, world: Possible, node: Any) -> bool:
        """Whether the wish comes true in any completion. Raises UndecidedError."""
        if self.only and not world.is_of(self.only, self.shape.space, node):
            return self.is_kept
        return world.holds(self.shape, node, self.severity) == self.is_kept


def wish_of(rule: CompiledRule, *, is_kept: bool, severity: str = "") -> Wish:
    """That a rule has, or has not, a result for the focus node."""
    return Wish(rule.shape, is_kept, severity, rule.only)


@dataclass(frozen=True)
class Found:
    """That a record, if there is one, is one that the focus node leads to, and no double."""

    step: Property
    number: int

    def __call__(self, world: Possible, node: Any) -> bool:
        """Whether it is so. Raises UndecidedError, or WaitingError while nobody asks for it."""
        if Cell("record", self.step.space, self.number) not in world.decided:
            raise WaitingError
        if not world.get(Cell("record", self.step.space, self.number)):
            return True
        return world.meets(self.step, node, self.number) and not self._is_double(world)

    def _is_double(self, world: Possible) -> bool:
        """Whether a record before this one has the same key. Raises WaitingError."""
        names = [local_name(name) for name in RECORDS[self.step.space].KEY]
        for before in range(self.number):
            keys = [
                [Cell("field", self.step.space, number, name) for name in names]
                for number in (before, self.number)
            ]
            if any(cell not in world.decided for key in keys for cell in key):
                raise WaitingError
            if [world.get(cell) for cell in keys[0]] == [world.get(cell) for cell in keys[1]]:
                return True
        return False


def parts_of(wish: Wish) -> Iterator[Wish]:
    """A wish that a shape is kept, as one wish for each part: any of them can fail early."""
    if not wish.is_kept or wish.only:
        yield wish
        return
    for constraint in wish.shape.constraints:
        if isinstance(constraint, Nested) and wish.shape.path is None:
            yield from parts_of(replace(wish, shape=constraint.shape))
        else:
            yield replace(wish, shape=replace(wish.shape, constraints=(constraint,)))


@dataclass
class Seeking:
    """One search: a target class, wishes about its focus node, and a limit in steps.

    `worlds` gives assignments under which every wish comes true, in a fixed order. That it ends
    without any means that there is none among the regions; `regions.open` says what they may miss.
    """

    target: str
    wishes: tuple[Wish, ...]
    most_steps: int = MOST_STEPS
    steps: int = 0

    def __post_init__(self) -> None:
        """Take the regions of all shapes that are wished about."""
        shapes = ((wish.shape, KEPT if wish.is_kept else BROKEN) for wish in self.wishes)
        self.regions = Regions(self.target, shapes)
        self.world = Possible(self.regions)
        self._parts: list[Condition] = [part for wish in self.wishes for part in parts_of(wish)]
        self._parts += [Found(step, number) for step, number in self.regions.ways()]

    def worlds(self) -> Iterator[World]:
        """Each world that was found. Raises TooLargeError when the steps are used up."""
        for node in self._nodes():
            self.world.decided.clear()
            if node != FOCUS:
                self.world.decided[Cell("record", self.target, node)] = True
            self.node = node
            yield from self._search(self._parts)

    def _nodes(self) -> Iterable[Any]:
        if not field_key(self.target):
            return (FOCUS,)
        named, fresh = self.regions.keys(self.target)
        return (fresh[0], *named)

    def _search(self, wishes: Iterable[Condition]) -> Generator[World, None, frozenset[Cell]]:
        """Worlds below the present decisions; at the end, decisions without which there are more.

        What is returned is a reason: as long as these cells stand, no world is left. A cell that
        is no part of it need not be tried with another value (conflict-directed backjumping,
        Prosser 1993).
        """
        undecided: list[Condition] = []
        first: Cell | None = None
        for wish in wishes:
            self.world.read = set()
            try:
                if not wish(self.world, self.node):
                    return frozenset(self.world.read)
            except WaitingError:
                undecided.append(wish)
            except UndecidedError as open_:
                undecided.append(wish)
                first = first or open_.cell
        if first is None:
            yield dict(self.world.decided)
            return frozenset(self.world.decided)
        cell, values, reason = self._choices(first)
        for value in values:
            self.steps += 1
            if self.steps > self.most_steps:
                raise TooLargeError
            self.world.decided[cell] = value
            below = yield from self._search(undecided)
            del self.world.decided[cell]
            if cell not in below:
                return below
            reason |= below - {cell}
        return frozenset(reason)

    def _choices(self, cell: Cell) -> tuple[Cell, list[Any], set[Cell]]:
        """The values to try for a cell, or first for one that they depend on, and why no others."""
        while True:
            self.world.read = set()
            try:
                return cell, self._values(cell), set(self.world.read)
            except UndecidedError as open_:
                cell = open_.cell

    def _values(self, cell: Cell) -> list[Any]:
        if cell.kind == "record":
            return self._presence(cell)
        if cell.kind == "member":
            return [True, False]
        if cell.kind == "entailed":  # what follows is not ours to state: nothing, if that will do
            return [False, True]
        if cell.kind == "link":
            return [True, False, None] if _has_flag(cell) else [True, False]
        found = self._field(cell)
        return self._lawful(cell, found) if cell.space == "Movement" else found

    def _presence(self, cell: Cell) -> list[Any]:
        if isinstance(cell.node, int) and cell.node > 0:
            before = self.world.get(cell._replace(node=cell.node - 1))
            return [True, False] if before else [False]
        return [True, False]

    def _field(self, cell: Cell) -> list[Any]:
        step = properties_of(cell.space)[cell.name]
        kind = getattr(step.source, "kind", None)
        if is_class(step.space):
            return [*self._references(step.space), *([None] if kind and kind.optional else [])]
        values = list(self.regions.literals(step))
        may_be_empty = kind is None or kind.optional or (kind.scalar is str)
        return [*values, None] if may_be_empty else values

    def _references(self, space: str) -> list[str]:
        """Keys that shapes name or the world uses, and one more: fresh ones are all alike."""
        named, fresh = self.regions.keys(space)
        used = {cell.node for cell in self.world.decided if cell.space == space}
        for cell, value in self.world.decided.items():
            used.add(cell.value if cell.kind in ("member", "link") else value)
            used.add(cell.node)
        known = [key for key in fresh if key in used]
        unused = [key for key in fresh if key not in used]
        return [*named, *known, *unused[:1]]

    def _lawful(self, cell: Cell, values: list[Any]) -> list[Any]:
        """Without what no movement says: see `MOVEMENT_LAWS`."""
        if cell.name == "kind":
            return list(MOVEMENT_LAWS)
        if cell.name in WEEKDAY_OF:
            day = self.world.get(cell._replace(name=WEEKDAY_OF[cell.name]))
            return [WEEKDAYS[day.weekday()]]
        if cell.name == "arrivesOn":
            departs = self.world.get(cell._replace(name="departsOn"))
            return [value for value in values if value >= departs]
        if cell.name in ("item", "departsOn"):
            return [value for value in values if value is not None]
        kind = self.world.get(cell._replace(name="kind"))
        stated, possible = MOVEMENT_LAWS[kind]
        if cell.name in stated:
            values = [value for value in values if value is not None]
            return self._other_end(cell, kind, values)
        if cell.name == "remainingLifeDays" and self.world.get(cell._replace(name="lot")) is None:
            return [None]
        return values if cell.name in possible else [None]

    def _other_end(self, cell: Cell, kind: str, values: list[Any]) -> list[Any]:
        if cell.name != "destination" or kind not in ("transfer", "substitution"):
            return values
        origin = self.world.get(cell._replace(name="origin"))
        return [value for value in values if (value == origin) == (kind == "substitution")]


def field_key(name: str) -> bool:
    """Whether records of a class are referred to by one key."""
    return len(RECORDS[name].KEY) == 1


def _has_flag(cell: Cell) -> bool:
    return any(kind.scalar is bool for kind in field_kinds(RECORDS[cell.space]).values()) and any(
        isinstance(step.source, Link) and step.source.link == cell.space and step.source.flag
        for step in _links_into(cell.space)
    )


def _links_into(link: str) -> Iterator[Any]:
    for name in RECORDS:
        for step in properties_of(name).values():
            if isinstance(step.source, Link) and step.source.link == link:
                yield step
