"""The inferred statements of a chain: worked out from its records, and followed as these change."""

from collections.abc import Iterable, Iterator, Mapping

from ontology.axioms import (
    AXIOMS,
    COUNTED,
    INFERRED_CLASSES,
    INFERRED_PROPERTIES,
    TYPE,
)
from ontology.columns import Table
from reasoning.counted import SoleSources
from reasoning.entailment import Entailment
from reasoning.materialized import Change, Materialized
from reasoning.proofs import Proof, smallest_proof
from reasoning.stated import SOURCES, Said, beneath, classes_read, said_by
from reasoning.statements import Statement, Step

ENTAILMENT = Entailment(AXIOMS)
WORDS = frozenset({*INFERRED_CLASSES, *INFERRED_PROPERTIES})
"""All words that no record states as a field."""


class Inferences:
    """What follows from the records of a chain under some words.

    First the closed world is counted, then the axioms are followed from what is stated and what
    was counted. `follow` brings it to other tables by what is different in them; then it equals
    what is made anew from those tables.
    """

    def __init__(
        self, tables: Mapping[str, Table] | None = None, words: Iterable[str] = WORDS
    ) -> None:
        self.words = frozenset(words)
        self._wanted = beneath(self.words, ENTAILMENT)
        self._classes = classes_read(self.words, ENTAILMENT)
        self._seen: dict[str, tuple[Table, frozenset[Said]]] = {}
        self._facts: dict[Statement, set[str]] = {}
        self._counted = SoleSources()
        self._closure = Materialized(ENTAILMENT)
        if tables is not None:
            self.follow(tables)

    def follow(self, tables: Mapping[str, Table]) -> Change:
        """Come to these tables; what follows now and did not, and the other way round.

        A class whose table is the same object is not looked at; of another one only the rows that
        state something else are.
        """
        more: set[Said] = set()
        less: set[Said] = set()
        for name in sorted(self._classes):
            table = tables.get(name)
            before, said = self._seen.get(name, (None, frozenset()))
            if table is before:
                continue
            now = frozenset() if table is None else self._said(name, table)
            more |= now - said
            less |= said - now
            if table is not None:
                self._seen[name] = table, now
            else:
                self._seen.pop(name, None)
        return self.change(more, less)

    def change(self, more: Iterable[Said], less: Iterable[Said]) -> Change:
        """Facts state more, and others state something no more: what follows from that."""
        gone, come = set(), set()
        for statement, fact in less:
            facts = self._facts.get(statement, set())
            facts.discard(fact)
            if not facts:
                self._facts.pop(statement, None)
                gone.add(statement)
        for statement, fact in more:
            if statement not in self._facts:
                come.add(statement)
            self._facts.setdefault(statement, set()).add(fact)
        counted, uncounted = self._counted.change(come, gone)
        found = self._closure.change(come | counted, gone | uncounted)
        return Change(self._told(found.added), self._told(found.removed))

    def statements(self, word: str) -> Iterator[Statement]:
        """All statements under a word: of a property, or who is of a class."""
        for one in self._closure.known:
            if _word_of(one) == word:
                yield one

    def inferred(self) -> frozenset[Statement]:
        """All statements that no fact makes, under the words that are asked for."""
        return self._told(self._closure.known)

    def __contains__(self, statement: object) -> bool:
        """Whether a statement is stated or follows."""
        return statement in self._closure.known

    def proof(self, statement: Statement) -> Proof:
        """Why a statement holds, down to facts; the same for the same tables, however reached.

        Raises ValueError where it does not follow, or more statements could help to prove it than
        `proofs.MOST_STATEMENTS`.
        """
        return smallest_proof(statement, self._stating, self._steps)

    def _said(self, name: str, table: Table) -> frozenset[Said]:
        """What a table states; worked out once for as long as the table is."""
        address = ("said", self._wanted)
        if address not in table.worked_out:
            table.worked_out[address] = frozenset(said_by(name, table, self._wanted))
        found: frozenset[Said] = table.worked_out[address]
        return found

    def _told(self, statements: Iterable[Statement]) -> frozenset[Statement]:
        return frozenset(
            one
            for one in statements
            if one not in self._facts and _word_of(one) in self.words - SOURCES.keys()
        )

    def _stating(self, statement: Statement) -> tuple[str, ...]:
        return tuple(sorted(self._facts.get(statement, ())))

    def _steps(self, statement: Statement) -> Iterator[Step]:
        counted = self._counted.step_to(statement) if _word_of(statement) in COUNTED else None
        if counted is not None:
            yield counted
        yield from ENTAILMENT.steps_to(statement, self._closure.known)


def _word_of(statement: Statement) -> str:
    return statement.object if statement.predicate == TYPE else statement.predicate
