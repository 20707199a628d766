"""The few values that shapes can tell apart: constants, the gaps between them, and fresh names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from ontology.terms import local_name
from rules.movement_laws import MOVEMENT_LAWS, WEEKDAY_OF, WEEKDAYS
from rules.patterns import texts
from rules.properties import (
    Field,
    Keyed,
    Property,
    Through,
    Walk,
    is_class,
    is_single,
    key_field,
    properties_of,
)
from rules.shapes import (
    Bound,
    Constraint,
    Count,
    Logic,
    Members,
    Nested,
    Pairing,
    Pattern,
    Shape,
)

Address = tuple[str, str]
"""Class and local name of a property whose values are compared with others."""
MONDAY = date(2026, 3, 2)
MOST_FRESH = 8
"""Values beside the constants that are tried per group; more would only be more of the same."""
MOST_PATTERNS = 3
MOST_RECORDS = 3
"""Records that are tried of a class that is found by its fields."""


@cache
def expanded(path: tuple[Property, ...]) -> tuple[Property, ...]:
    """The same path without properties that are read off another record: their own two steps."""
    found: list[Property] = []
    for step in path:
        if isinstance(step.source, Through):
            reference = properties_of(step.subject)[step.source.reference]
            value = properties_of(reference.space)[step.source.value]
            found += expanded((reference, value))
        else:
            found.append(step)
    return tuple(found)


def walk_of(subject: str, walk: Walk) -> tuple[Property, ...]:
    """The properties that a walk of names takes from a class on, expanded."""
    found: list[Property] = []
    for name in walk:
        found.append(properties_of(subject)[name])
        subject = found[-1].space
    return expanded(tuple(found))


@dataclass
class _Group:
    """Properties whose values meet: what they are compared with, and how many there may be."""

    space: str
    constants: set[Any] = field(default_factory=set)
    slots: dict[tuple[str, ...], int] = field(default_factory=dict)
    members: set[Address] = field(default_factory=set)
    patterns: dict[re.Pattern[str], None] = field(default_factory=dict)


Prefix = tuple[str, ...]
"""The names of a path from the focus node on."""
Signs = frozenset[bool]
KEPT, BROKEN, EITHER = frozenset({True}), frozenset({False}), frozenset({True, False})


class Regions:
    """Domains for all properties that some shapes of one target class read.

    What a shape of the fragment says of a record depends on how values compare with its constants
    and with each other, never on more: a finite choice of values stands for all of them.

    Each shape comes with whether it is to be kept or broken. `open` says why the domains may miss
    something, in words; empty means that where some record and facts keep and break them so, one
    made of these values does, too: of many values, those that witness it are enough.
    """

    def __init__(self, target: str, shapes: Iterable[tuple[Shape, Signs]]) -> None:
        self._parent: dict[Address, Address] = {}
        self._groups: dict[Address, _Group] = {}
        self._keys: dict[str, set[str]] = {}
        self._nodes: dict[str, dict[Prefix, int]] = {}
        self._records: dict[str, dict[Prefix, int]] = {}
        self._literals: dict[Address, tuple[Any, ...]] = {}
        self._wanted: dict[Prefix, int] = {}
        self._ways: dict[str, set[Property]] = {}
        self.read: set[Address] = set()
        self.open: list[str] = []
        if not is_composite(target):
            self._nodes.setdefault(target, {})[()] = 1
        given = tuple(shapes)
        for shape, signs in given:
            self._witnesses(shape, (), signs)
        for shape, _ in given:
            self._shape(shape, (), 1, None)
        if target == "Movement":
            self._read_by_laws()
        self._check_sizes()
        self.met = {name for name, ways in self._ways.items() if _is_only_way(ways, target)}
        """Classes of which only records count that the focus node leads to: no others are tried."""

    def ways(self) -> Iterator[tuple[Property, int]]:
        """Each property that leads to such records, with the number of each record."""
        for name in sorted(self.met):
            for number in range(self.records(name)):
                yield next(iter(self._ways[name])), number

    def literals(self, step: Property) -> tuple[Any, ...]:
        """The values that a property of literals may have, constants first."""
        address = self._find((step.subject, step.name), step.space)
        if address not in self._literals:
            self._literals[address] = self._values(self._groups[address])
        return self._literals[address]

    def keys(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Keys of a class that shapes name, and fresh ones that nothing tells apart."""
        named = tuple(sorted(self._keys.get(name, ())))
        wanted = max(1, min(sum(self._nodes.get(name, {}).values()), MOST_FRESH))
        stem = name[0].lower() + name[1:]
        fresh = (f"{stem}-{number}" for number in range(1, wanted + len(named) + 1))
        return named, tuple([key for key in fresh if key not in named][:wanted])

    def records(self, name: str) -> int:
        """How many records of a class that is found by its fields are tried."""
        return max(1, min(sum(self._records.get(name, {}).values()), MOST_RECORDS))

    def _read_by_laws(self) -> None:
        """What is read for a movement to be one: see `MOVEMENT_LAWS`."""
        self._groups[self._find(("Movement", "kind"), "string")].constants.update(MOVEMENT_LAWS)
        self._unite(("Movement", "departsOn"), ("Movement", "arrivesOn"), "date")
        for name, needed in (("destination", "origin"), ("remainingLifeDays", "lot"),
                             ("arrivesOn", "departsOn")):  # fmt: skip
            if ("Movement", name) in self.read:
                self._slot(properties_of("Movement")[needed], (needed,), 1)

    # How many values each path needs ----------------------------------------------------------

    def _witnesses(self, shape: Shape, prefix: Prefix, signs: Signs) -> None:
        wanted = sum(max(_witnesses(c, sign) for sign in signs) for c in shape.constraints)
        for step in expanded(shape.path or ()):
            prefix = (*prefix, step.name)
            if not is_single(step):
                self._wanted[prefix] = self._wanted.get(prefix, 0) + wanted
        for constraint in shape.constraints:
            for each in _shapes_in(constraint):
                self._witnesses(each, prefix, _signs_in(constraint, signs))

    # What shapes read -------------------------------------------------------------------------

    def _shape(self, shape: Shape, prefix: Prefix, times: int, at: Address | None) -> None:
        inner, many, here = self._walk(expanded(shape.path or ()), prefix, times)
        values = here if shape.path else at
        for constraint in shape.constraints:
            self._constraint(shape, constraint, prefix, times, values)
            for each in _shapes_in(constraint):
                self._shape(each, inner, many, values)

    def _constraint(
        self, shape: Shape, given: Constraint, prefix: Prefix, times: int, values: Address | None
    ) -> None:  # fmt: skip
        if isinstance(given, Pairing):
            _, _, other = self._walk(expanded((given.other,)), prefix, times)
            if values and other:
                self._unite(values, other, shape.values)
            if given.word == "equals" and not is_single(given.other):
                self._leave("a comparison of two sets (`sh:equals`)")
        elif isinstance(given, Members):
            for value in given.values:
                self._constant(shape.values, values, value)
        elif isinstance(given, Bound):
            self._constant(shape.values, values, given.value)
        elif isinstance(given, Pattern):
            self._pattern(shape.values, values, given.regex)

    def _constant(self, space: str, at: Address | None, value: Any) -> None:
        if is_class(space):
            self._keys.setdefault(space, set()).add(str(value))
        elif at:
            self._groups[self._find(at, space)].constants.add(value)

    def _pattern(self, space: str, at: Address | None, regex: re.Pattern[str]) -> None:
        if space != "string" or not at:
            self._leave(f"a pattern of {space} (`sh:pattern`)")
            return
        patterns = self._groups[self._find(at, space)].patterns
        patterns[regex] = None
        if len(patterns) > MOST_PATTERNS:
            self._leave(f"more than {MOST_PATTERNS} patterns of {at[1]}")

    def _walk(
        self, steps: tuple[Property, ...], prefix: Prefix, times: int
    ) -> tuple[Prefix, int, Address | None]:
        """Count the places that a path can lead to; where they are, and what they compare with."""
        address: Address | None = None
        for step in steps:
            above, prefix = prefix, (*prefix, step.name)
            times *= 1 if is_single(step) else self._wanted.get(prefix, 1)
            if isinstance(step.source, Keyed):
                self._keyed(step, step.source, above, prefix, times)
            address = self._slot(step, prefix, times)
        return prefix, times, address

    def _slot(self, step: Property, prefix: Prefix, times: int) -> Address | None:
        self.read.add((step.subject, step.name))
        if isinstance(step.source, Field) and step.name == key_name(step.subject):
            self._leave(f"`inv:{step.name}` as a text")
        if is_class(step.space):
            if not isinstance(step.source, Keyed):
                self._nodes.setdefault(step.space, {})[prefix] = times
            return None
        address = (step.subject, step.name)
        self._groups[self._find(address, step.space)].slots[prefix] = times
        return address

    def _keyed(
        self, step: Property, source: Keyed, above: Prefix, prefix: Prefix, times: int
    ) -> None:
        self._records.setdefault(step.space, {})[prefix] = times
        self._ways.setdefault(step.space, set()).add(step)
        for match in source.matches:
            own = walk_of(step.space, match.field)
            _, _, stated = self._walk(own, prefix, times)
            for walk in match.of:
                _, _, asked = self._walk(walk_of(step.subject, walk), above, 1)
                if stated and asked:
                    self._unite(stated, asked, own[-1].space)

    def _leave(self, why: str) -> None:
        if why not in self.open:
            self.open.append(why)

    # Groups of values that meet -------------------------------------------------------------

    def _find(self, address: Address, space: str) -> Address:
        while self._parent.setdefault(address, address) != address:
            address = self._parent[address]
        self._groups.setdefault(address, _Group(space)).members.add(address)
        return address

    def _unite(self, one: Address, other: Address, space: str) -> None:
        first, second = self._find(one, space), self._find(other, space)
        if first != second:
            gone = self._groups.pop(second)
            self._parent[second] = first
            kept = self._groups[first]
            kept.constants |= gone.constants
            kept.slots |= gone.slots
            kept.members |= gone.members
            kept.patterns |= gone.patterns

    def _check_sizes(self) -> None:
        for name, slots in self._records.items():
            if sum(slots.values()) > MOST_RECORDS:
                self._leave(f"more than {MOST_RECORDS} records of `{name}` found by their fields")
        for name, slots in self._nodes.items():
            if sum(slots.values()) > MOST_FRESH:
                self._leave(f"more than {MOST_FRESH} different records of `{name}` at once")
        for group in self._groups.values():
            if sum(group.slots.values()) > MOST_FRESH and _meet(group):
                names = ", ".join(sorted(name for _, name in group.members))
                self._leave(f"more than {MOST_FRESH} values of {names} at once")

    def _values(self, group: _Group) -> tuple[Any, ...]:
        fresh = min(sum(group.slots.values()), MOST_FRESH) if _meet(group) else 1
        names = {name for _, name in group.members}
        if group.space == "boolean":
            return (True, False)
        if group.space == "string":
            constants = group.constants | (set(WEEKDAYS) if names & WEEKDAY_OF.keys() else set())
            patterns = [*group.patterns][:MOST_PATTERNS]
            return texts(sorted(constants), f"other {min(names)}", max(fresh, 1), patterns)
        fresh = max(fresh, 1)
        if names & set(WEEKDAY_OF.values()):
            asked = self._asked_weekdays(group)
            fresh = (fresh + asked) * len(WEEKDAYS) if asked else fresh
        return tuple(_between(sorted(group.constants), group.space, fresh))

    def _asked_weekdays(self, group: _Group) -> int:
        """Of how many days in the group the weekday is read, too."""
        days = [day for weekday, day in WEEKDAY_OF.items() if ("Movement", weekday) in self.read]
        own = {name for subject, name in group.members if subject == "Movement"}
        return len(own.intersection(days))


def _is_only_way(ways: set[Property], target: str) -> bool:
    return len(ways) == 1 and {target} == {step.subject for step in ways}


def _meet(group: _Group) -> bool:
    """Whether values of the group can meet each other, and not constants alone."""
    return (
        len(group.members) > 1 or len(group.slots) > 1 or max(group.slots.values(), default=0) > 1
    )


def _witnesses(constraint: Constraint, is_kept: bool) -> int:
    """How many values of a path suffice to show that a constraint is kept, or that it is broken.

    What holds for all values holds for fewer, too, so keeping it needs none.
    """
    if isinstance(constraint, Count):
        if constraint.word == "minCount":
            return constraint.count if is_kept else 0
        return 0 if is_kept else constraint.count + 1
    if isinstance(constraint, Members) and constraint.word == "hasValue":
        return int(is_kept)
    if isinstance(constraint, Pairing) and constraint.word == "equals":
        return 1
    return int(not is_kept)


def _signs_in(constraint: Constraint, signs: Signs) -> Signs:
    """Whether the shapes within a constraint are to be kept or broken."""
    if not isinstance(constraint, Logic) or constraint.word in ("and", "or", "node"):
        return signs
    return EITHER if constraint.word == "xone" else frozenset(not sign for sign in signs)


def _shapes_in(constraint: Constraint) -> tuple[Shape, ...]:
    if isinstance(constraint, Nested):
        return (constraint.shape,)
    return constraint.shapes if isinstance(constraint, Logic) else ()


_FIRST: dict[str, Any] = {
    "integer": 1,
    "date": MONDAY,
    "dateTime": datetime.combine(MONDAY, datetime.min.time()),
}
_STEP: dict[str, Any] = {
    "integer": 1, "date": timedelta(days=1), "dateTime": timedelta(microseconds=1),
}  # fmt: skip


def _between(constants: list[Any], space: str, fresh: int) -> Iterator[Any]:
    """The constants, and so many values in each gap between them as may have to differ."""
    step = _STEP[space]
    if not constants:
        yield from (_FIRST[space] + number * step for number in range(fresh))
        return
    yield from constants
    for number in range(1, fresh + 1):
        yield constants[0] - number * step
        yield constants[-1] + number * step
    for low, high in pairwise(constants):
        for number in range(1, fresh + 1):
            if low + number * step < high:
                yield low + number * step


def is_composite(name: str) -> bool:
    """Whether records of a class are told apart by several fields, so that none refers to them."""
    return not key_field(name)


def key_name(name: str) -> str:
    """The local name of a class's single key field, or empty."""
    return local_name(key_field(name)) if key_field(name) else ""
