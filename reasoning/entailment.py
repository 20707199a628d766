"""The rules of OWL 2 RL that the vocabulary's axioms set in motion, one step at a time."""

from collections.abc import Iterable, Iterator

from ontology.axioms import (
    INVERSE,
    SUB_CLASS,
    SUB_PROPERTY,
    SYMMETRIC,
    TRANSITIVE,
    TYPE,
    Axiom,
)
from reasoning.statements import Statement, Step


class Known:
    """A set of statements that can be asked by predicate with subject, or with object."""

    def __init__(self, statements: Iterable[Statement] = ()) -> None:
        self._from: dict[tuple[str, str], set[str]] = {}
        self._to: dict[tuple[str, str], set[str]] = {}
        self._all: set[Statement] = set()
        for statement in statements:
            self.add(statement)

    def __contains__(self, statement: object) -> bool:
        """Whether a statement is known."""
        return statement in self._all

    def __iter__(self) -> Iterator[Statement]:
        """All statements, in no order."""
        return iter(self._all)

    def __len__(self) -> int:
        """How many are known."""
        return len(self._all)

    def add(self, statement: Statement) -> None:
        """Know one more."""
        subject, predicate, value = statement
        self._all.add(statement)
        self._from.setdefault((predicate, subject), set()).add(value)
        self._to.setdefault((predicate, value), set()).add(subject)

    def discard(self, statement: Statement) -> None:
        """Know one less."""
        subject, predicate, value = statement
        self._all.discard(statement)
        self._from[predicate, subject].discard(value)
        self._to[predicate, value].discard(subject)

    def objects(self, predicate: str, subject: str) -> frozenset[str] | set[str]:
        """What a subject has under a predicate."""
        return self._from.get((predicate, subject), frozenset())

    def subjects(self, predicate: str, value: str) -> frozenset[str] | set[str]:
        """What has a value under a predicate."""
        return self._to.get((predicate, value), frozenset())


class Entailment:
    """Forward and backward steps under some axioms (OWL 2 Profiles, section 4.3).

    cax-sco, prp-spo1, prp-trp, prp-symp, prp-inv1, prp-inv2. Domains, ranges and equality are left
    out on purpose: decision 0036 says why.
    """

    def __init__(self, axioms: Iterable[Axiom]) -> None:
        self.axioms = tuple(sorted(set(axioms)))
        self._of: dict[tuple[str, str], list[Axiom]] = {}
        self._to: dict[tuple[str, str], list[Axiom]] = {}
        for axiom in self.axioms:
            self._of.setdefault((axiom.kind, axiom.subject), []).append(axiom)
            self._to.setdefault((axiom.kind, axiom.object), []).append(axiom)

    def from_one(self, new: Statement, known: Known) -> Iterator[Step]:
        """Every step with `new` among its premises and the others known (semi-naive)."""
        subject, predicate, value = new
        if predicate == TYPE:
            for axiom in self._of.get((SUB_CLASS, value), ()):
                yield _step("cax-sco", axiom, (subject, TYPE, axiom.object), new)
            return
        for axiom in self._of.get((SUB_PROPERTY, predicate), ()):
            yield _step("prp-spo1", axiom, (subject, axiom.object, value), new)
        for axiom in self._of.get((SYMMETRIC, predicate), ()):
            yield _step("prp-symp", axiom, (value, predicate, subject), new)
        for axiom in self._of.get((INVERSE, predicate), ()):
            yield _step("prp-inv1", axiom, (value, axiom.object, subject), new)
        for axiom in self._to.get((INVERSE, predicate), ()):
            yield _step("prp-inv2", axiom, (value, axiom.subject, subject), new)
        for axiom in self._of.get((TRANSITIVE, predicate), ()):
            for far in tuple(known.objects(predicate, value)):
                yield _step("prp-trp", axiom, (subject, predicate, far), new,
                            Statement(value, predicate, far))  # fmt: skip
            for near in tuple(known.subjects(predicate, subject)):
                yield _step("prp-trp", axiom, (near, predicate, value),
                            Statement(near, predicate, subject), new)  # fmt: skip

    def steps_to(self, goal: Statement, known: Known) -> Iterator[Step]:
        """Every step that concludes `goal` from premises that are all known."""
        return (step for step in self._to_goal(goal, known) if all(p in known for p in step[3]))

    def _to_goal(self, goal: Statement, known: Known) -> Iterator[Step]:
        subject, predicate, value = goal
        if predicate == TYPE:
            for axiom in self._to.get((SUB_CLASS, value), ()):
                premise = Statement(subject, TYPE, axiom.subject)
                yield Step(goal, "cax-sco", axiom, (premise,))
            return
        back = Statement(value, predicate, subject)
        for axiom in self._to.get((SUB_PROPERTY, predicate), ()):
            premise = Statement(subject, axiom.subject, value)
            yield Step(goal, "prp-spo1", axiom, (premise,))
        for axiom in self._of.get((SYMMETRIC, predicate), ()):
            yield Step(goal, "prp-symp", axiom, (back,))
        for axiom in self._to.get((INVERSE, predicate), ()):
            yield Step(goal, "prp-inv1", axiom, (Statement(value, axiom.subject, subject),))
        for axiom in self._of.get((INVERSE, predicate), ()):
            yield Step(goal, "prp-inv2", axiom, (Statement(value, axiom.object, subject),))
        for axiom in self._of.get((TRANSITIVE, predicate), ()):
            for between in sorted(known.objects(predicate, subject)):
                halves = (Statement(subject, predicate, between),
                          Statement(between, predicate, value))  # fmt: skip
                yield Step(goal, "prp-trp", axiom, halves)


def _step(
    rule: str, axiom: Axiom, conclusion: tuple[str, str, str], *premises: Statement
) -> Step:  # fmt: skip
    return Step(Statement(*conclusion), rule, axiom, premises)
