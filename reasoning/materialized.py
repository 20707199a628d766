"""All that follows from some statements, kept current as they come and go."""

from collections.abc import Iterable
from dataclasses import dataclass

from reasoning.entailment import Entailment, Known
from reasoning.statements import Statement


@dataclass(frozen=True, slots=True)
class Change:
    """What follows now and did not before, and what does not follow any more."""

    added: frozenset[Statement]
    removed: frozenset[Statement]


class Materialized:
    """Given statements and their entailments.

    What is added is followed up semi-naively; what is withdrawn takes along all that was derived
    from it, of which that is put back which follows otherwise (delete and rederive: Gupta, Mumick
    and Subrahmanian 1993). After any changes it equals what is worked out anew.
    """

    def __init__(self, entailment: Entailment, given: Iterable[Statement] = ()) -> None:
        self.entailment = entailment
        self.given: set[Statement] = set()
        self.known = Known()
        self.change(given, ())

    @property
    def inferred(self) -> frozenset[Statement]:
        """What follows and is not given."""
        return frozenset(self.known) - self.given

    def change(self, more: Iterable[Statement], less: Iterable[Statement]) -> Change:
        """Give more statements, and withdraw others; one that is both stays given."""
        more, less = set(more), set(less)
        gone = (less - more) & self.given
        come = more - self.given
        self.given = (self.given - gone) | come
        deleted = self._overdeleted(gone)
        for statement in deleted:
            self.known.discard(statement)
        back = {one for one in deleted if self._follows(one)}
        added = self._follow_up(back | come)
        return Change(frozenset(added - deleted), frozenset(deleted - added))

    def _overdeleted(self, gone: set[Statement]) -> set[Statement]:
        """The withdrawn, and all that any of them helped to derive and that is not given."""
        found: set[Statement] = set()
        waiting = list(gone)
        while waiting:
            statement = waiting.pop()
            if statement in found or statement in self.given:
                continue
            found.add(statement)
            steps = self.entailment.from_one(statement, self.known)
            waiting.extend(step.conclusion for step in steps)
        return found

    def _follows(self, statement: Statement) -> bool:
        return next(self.entailment.steps_to(statement, self.known), None) is not None

    def _follow_up(self, new: set[Statement]) -> set[Statement]:
        """Know these and all that follows from them; those that were not known."""
        found: set[Statement] = set()
        waiting = list(new)
        while waiting:
            statement = waiting.pop()
            if statement in self.known:
                continue
            self.known.add(statement)
            found.add(statement)
            steps = self.entailment.from_one(statement, self.known)
            waiting.extend(step.conclusion for step in steps)
        return found
