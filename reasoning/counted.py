"""The closed world: words whose meaning counts what a chain states, such as a sole source."""

from collections.abc import Iterable

from ontology.axioms import CLOSED_WORLD, TYPE, Axiom
from reasoning.statements import Statement, Step

OFFERED_BY, STATUS, APPROVED = "offeredBy", "status", "approved"
SOLE_SOURCE, SOLE_SOURCED = "soleSource", "SoleSourcedItem"
_ONE = {
    SOLE_SOURCE: Axiom(CLOSED_WORLD, SOLE_SOURCE, "the one approved supplier that offers it"),
    SOLE_SOURCED: Axiom(CLOSED_WORLD, SOLE_SOURCED, "an item with a sole source"),
}


class SoleSources:
    """The items that exactly one approved supplier offers, kept as what is stated changes.

    Only items with a record of their own count. After a change only items are counted again that
    it speaks of, or that a supplier offers of whom it speaks.
    """

    def __init__(self) -> None:
        self._items: set[str] = set()
        self._approved: set[str] = set()
        self._suppliers: dict[str, set[str]] = {}
        self._offered: dict[str, set[str]] = {}

    def change(
        self, more: Iterable[Statement], less: Iterable[Statement]
    ) -> tuple[set[Statement], set[Statement]]:
        """What holds now and did not, and what does not hold any more."""
        more, less = list(more), list(less)
        touched = self._touched((*more, *less))
        before = {found for item in touched for found in self._of(item)}
        for statement in less:
            self._note(statement, there=False)
        for statement in more:
            self._note(statement, there=True)
        after = {found for item in touched for found in self._of(item)}
        return after - before, before - after

    def step_to(self, conclusion: Statement) -> Step | None:
        """Why an item has a sole source: the offers and approvals that were counted."""
        item = conclusion.subject
        if conclusion not in self._of(item):
            return None
        suppliers = sorted(self._suppliers[item])
        premises = [Statement(item, TYPE, "Item")]
        premises += [Statement(item, OFFERED_BY, supplier) for supplier in suppliers]
        premises += [Statement(s, STATUS, APPROVED) for s in suppliers if s in self._approved]
        word = conclusion.object if conclusion.predicate == TYPE else conclusion.predicate
        return Step(conclusion, CLOSED_WORLD, _ONE[word], tuple(premises))

    def _touched(self, statements: Iterable[Statement]) -> set[str]:
        found: set[str] = set()
        for subject, predicate, _ in statements:
            found |= self._offered.get(subject, set()) if predicate == STATUS else {subject}
        return found

    def _note(self, statement: Statement, *, there: bool) -> None:
        subject, predicate, value = statement
        if predicate == OFFERED_BY:
            _put(self._suppliers.setdefault(subject, set()), value, there=there)
            _put(self._offered.setdefault(value, set()), subject, there=there)
        elif predicate == STATUS:
            _put(self._approved, subject, there=there)
        elif predicate == TYPE and value == "Item":
            _put(self._items, subject, there=there)

    def _of(self, item: str) -> set[Statement]:
        approved = self._suppliers.get(item, set()) & self._approved
        if item not in self._items or len(approved) != 1:
            return set()
        (only,) = approved
        return {Statement(item, SOLE_SOURCE, only), Statement(item, TYPE, SOLE_SOURCED)}


def _put(members: set[str], member: str, *, there: bool) -> None:
    if there:
        members.add(member)
    else:
        members.discard(member)
