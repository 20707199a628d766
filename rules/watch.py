"""The rules of a release with all that is known of them before any change: done once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from reasoning.inferences import ENTAILMENT
from reasoning.stated import classes_read
from rules.inferred_reads import reads_inferred
from rules.interpreted import Interpreted
from rules.reach import judges, reads
from rules.shapes import CompiledRule
from rules.walks import Path, Place, Walks, places_of, walks_of


@dataclass(frozen=True, eq=False, slots=True)
class Watched:
    """A rule with the classes whose records can change a result of it, and where it gives them."""

    rule: CompiledRule
    classes: frozenset[str]
    places: tuple[Place, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Concerned:
    """The rules that target one class and read any of some classes, and all that they walk."""

    target: str
    rules: tuple[Watched, ...]
    walks: Walks


@dataclass(frozen=True, eq=False, slots=True)
class Judging:
    """The rules that can give a result on records of some classes.

    `ways` lead from these to the rules' focus nodes: the class of those, that of the records, and
    the path from the first to the second.
    """

    ways: tuple[tuple[str, str, Path], ...]
    groups: tuple[Concerned, ...]


class Watch:
    """Rules ready to be asked which of them a change concerns; `interpreted` do not compile.

    The `whole` rules rest on what is inferred, or share a shape with one that does: one record can
    count for any other, so they look at everything again.
    """

    def __init__(
        self, rules: Iterable[CompiledRule], interpreted: Interpreted | None = None
    ) -> None:
        self.interpreted = interpreted
        every = [_watched(rule) for rule in rules]
        self.whole = _infer(every)
        self.rules = tuple(one for one in every if one not in self.whole)
        self.shared = _shared(self.rules)
        self._concerned: dict[frozenset[str], tuple[Concerned, ...]] = {}
        self._judging: dict[frozenset[str], Judging] = {}

    def concerned(self, classes: frozenset[str]) -> tuple[Concerned, ...]:
        """By target, the rules of which records of these classes can change a result."""
        if classes not in self._concerned:
            mine = tuple(w for w in self.rules if w.classes & classes)
            self._concerned[classes] = grouped(mine)
        return self._concerned[classes]

    def judging(self, classes: frozenset[str]) -> Judging:
        """The rules that can give a result on a record of these classes."""
        if classes not in self._judging:
            places = [(one, place) for one in self.rules for place in one.places
                      if place.space in classes]  # fmt: skip
            ways = {(one.rule.target, place.space, place.path): None for one, place in places}
            mine = dict.fromkeys(one for one, _ in places)
            self._judging[classes] = Judging(tuple(ways), grouped(tuple(mine)))
        return self._judging[classes]


def _infer(every: list[Watched]) -> tuple[Watched, ...]:
    """Those that infer, and all that share a shape with one of these, whatever it shares it by."""
    names: set[str] = set()
    found: list[Watched] = []
    while True:
        rest = [one for one in every if one not in found]
        more = [one for one in rest if _infers(one.rule) or names & _shapes(one)]
        if not more:
            return tuple(one for one in every if one in found)
        found += more
        names = names.union(*map(_shapes, more))


def _shapes(watched: Watched) -> set[str]:
    return {place.shape for place in watched.places}


def _infers(rule: CompiledRule) -> bool:
    return bool(rule.only) or reads_inferred(rule.shape)


@lru_cache(maxsize=64)
def grouped(rules: tuple[Watched, ...]) -> tuple[Concerned, ...]:
    """Rules by the class that they target, with all that those of a class walk.

    The last that were asked for are kept: changes of one kind concern the same rules.
    """
    by_target: dict[str, list[Watched]] = {}
    for watched in rules:
        by_target.setdefault(watched.rule.target, []).append(watched)
    return tuple(
        Concerned(target, tuple(mine), walks_of(one.rule.shape for one in mine))
        for target, mine in sorted(by_target.items())
    )


def _watched(rule: CompiledRule) -> Watched:
    classes = {rule.target} | judges(rule.shape) | reads(rule.shape)
    classes |= classes_read({rule.only}, ENTAILMENT) if rule.only else frozenset()
    return Watched(rule, frozenset(classes), places_of(rule.shape))


def _shared(rules: tuple[Watched, ...]) -> dict[str, tuple[tuple[Watched, Place], ...]]:
    """Shapes whose result on a node can come from several focus nodes or rules, by name."""
    found: dict[str, list[tuple[Watched, Place]]] = {}
    for watched in rules:
        for place in watched.places:
            found.setdefault(place.shape, []).append((watched, place))
    return {
        name: tuple(places)
        for name, places in found.items()
        if len(places) > 1 or any(place.path for _, place in places)
    }
