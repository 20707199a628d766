"""Does a release permit what another denies? A proof, a record that it permits, or neither."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from rdflib import Graph, URIRef

from ontology.axioms import INFERRED_CLASSES
from ontology.columns import Table, record_at
from ontology.errors import InputError
from ontology.terms import NAMESPACE, field_kinds, local_name
from ontology.vocabulary import FACTS, RECORDS
from rules.check import check_rules
from rules.graph_of import graph_around
from rules.release import Release
from rules.seeking import MOST_STEPS, wish_of
from rules.shapes import SH, CompiledRule, Logic, Nested, Shape
from rules.validate import validate
from rules.witness import Search, Witness

BLOCKS = "Violation"


@dataclass(frozen=True)
class Counterexample(Witness):
    """Something that the new release permits and the old one denies, with the facts around it.

    `rule` is the one that denied it. `flaws` are rules about facts that those facts break; empty
    wherever the search could avoid it.
    """

    rule: str = ""
    flaws: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The record and the facts as JSON, by the names of the vocabulary; no defaults."""
        rows = {name: [_stated(table, row) for row in range(len(table))]
                for name, table in sorted(self.tables.items())}  # fmt: skip
        record = rows[self.target].pop(self.tables[self.target].row_of[self.key])
        return {
            "rule": self.rule, "class": self.target, "record": record,
            "facts": {name: found for name, found in rows.items() if found},
            "flaws": list(self.flaws),
        }  # fmt: skip


@dataclass(frozen=True)
class Implication:
    """What was found per rule of the old release: counterexamples, and rules left open with why.

    With neither, the new release permits nothing that the old one denies.
    """

    counterexamples: tuple[Counterexample, ...]
    open: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """`permits nothing new`, `permits more` or `not decided`."""
        if self.counterexamples:
            return "permits more"
        return "not decided" if self.open else "permits nothing new"


_OF_PARTS = "other releases govern parts of the chain: ask for each of them"


def implies(new: Release, old: Release, most_steps: int = MOST_STEPS) -> Implication:
    """Whether all that the new release permits is permitted by the old one, too.

    Permitted is a movement, or a record of any other class that rules target, without a result of
    severity Violation. Every counterexample was judged again by the column checks. A rule outside
    the fragment, of either release, leaves the answer open and is named, and so do parts that
    another release governs, unless they are the same in both.
    """
    if new.parts or old.parts:
        of_whole = implies(new.whole, old.whole, most_steps)
        same = [part.named for part in new.parts] == [part.named for part in old.parts]
        return replace(of_whole, open=(*of_whole.open, *(() if same else (("", _OF_PARTS),))))
    asked, outside = _compiled(old)
    given, more = _compiled(new)
    if more:  # a release that cannot be evaluated decides nothing: there is nothing to compare
        return Implication((), tuple(sorted({*outside, *more})))
    found: list[Counterexample] = []
    left: list[tuple[str, str]] = list(outside)
    for one in asked:
        above = [each for each in given if each.target == one.target]
        answer = escape(one, above, most_steps, [each for each in given if each.target in FACTS])
        if isinstance(answer, Counterexample):
            found.append(answer)
        elif answer:
            left.append((one.rule.iri, answer))
    return Implication(tuple(found), tuple(sorted(set(left))))


def escape(
    denied: CompiledRule,
    kept: Iterable[CompiledRule],
    most_steps: int = MOST_STEPS,
    of_facts: Sequence[CompiledRule] = (),
) -> Counterexample | str:
    """A record that one rule denies and others of its target permit; else why there is none.

    The reason is empty where there can be none at all. The facts around it keep the rules
    `of_facts` if that can be.
    """
    others = [one for one in kept if blocks(one.shape)]
    if not blocks(denied.shape) or any(_covers(one, denied) for one in others):
        return ""
    chosen = [one for one in others if one.rule.iri == denied.rule.iri]
    left = most_steps
    while True:
        round_ = _Round(denied, chosen, others, of_facts, left)
        found, why = round_.run()
        left -= round_.steps
        if found is None or not round_.deniers:
            return found or why
        chosen += round_.deniers


@dataclass
class _Round:
    """One search with some of the rules: few rules mean few facts.

    What has no escape from some rules has none from all of them.
    """

    denied: CompiledRule
    chosen: Sequence[CompiledRule]
    others: Sequence[CompiledRule]
    of_facts: Sequence[CompiledRule]
    most_steps: int
    steps: int = 0
    deniers: Sequence[CompiledRule] = ()

    def run(self) -> tuple[Counterexample | None, str]:
        """What escapes the chosen rules, with `deniers` among the others; else why nothing does.

        Of the first few, one whose facts break no rule of their own.
        """
        kept = (wish_of(one, is_kept=True, severity=BLOCKS) for one in self.chosen)
        wishes = (wish_of(self.denied, is_kept=False, severity=BLOCKS), *kept)
        search = Search(self.denied.target, wishes, self.most_steps)
        flawed: Counterexample | None = None
        for witness in search.witnesses():
            found = self._judged(witness)
            if not found.flaws or self.deniers:
                flawed = found
                break
            flawed = flawed or found
        self.steps = search.steps
        return flawed, search.why

    def _judged(self, found: Witness) -> Counterexample:
        self.deniers = [one for one in self.others if found.breaks(one, BLOCKS)]
        flaws = _flaws(found, self.of_facts)
        return Counterexample(found.target, found.key, found.tables, self.denied.rule.iri, flaws)


def _flaws(found: Witness, rules: Sequence[CompiledRule]) -> tuple[str, ...]:
    """The rules of facts, blocking ones, that the facts around a record break."""
    some = [one for one in rules if one.target in found.tables and one.target != found.target]
    broken = {one.rule.iri for one in some for finding in check_rules([one], found.tables).findings
              if finding.severity == BLOCKS}  # fmt: skip
    return tuple(sorted(broken))


def confirmed(found: Counterexample, release: Release) -> bool:
    """Whether pySHACL, the reference, also denies the record under a release.

    The record is the only one of its class, or ValueError is raised.
    """
    if len(found.tables[found.target]) != 1:
        raise ValueError(f"there are several records of `{found.target}`")
    shapes = Graph(bind_namespaces="none")
    target, kept = URIRef(SH + "targetClass"), {found.target, *INFERRED_CLASSES}
    for triple in release.graph:
        if triple[1] != target or str(triple[2]).removeprefix(NAMESPACE) in kept:
            shapes.add(triple)
    return validate(graph_around(found.tables, found.target, [0]), shapes).blocks


def _stated(table: Table, row: int) -> dict[str, Any]:
    """A row's fields as JSON, without those that say nothing or what they say by default."""
    record, kinds = record_at(table, row), field_kinds(RECORDS[table.name])
    usual = {part.name: part.default for part in fields(record)}
    stated = ((name, getattr(record, name)) for name in kinds)
    return {local_name(name): _json(value) for name, value in stated
            if value not in (None, "", ()) and value != usual[name]}  # fmt: skip


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, (str, int)) else value.isoformat()


def _covers(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether a rule says what another says, of all the records of which that says it."""
    return one.only in ("", other.only) and alike(one.shape, other.shape)


def blocks(shape: Shape) -> bool:
    """Whether any part of a shape can have a result of severity Violation."""
    nested = [c.shape for c in shape.constraints if isinstance(c, Nested)]
    own = shape.severity == BLOCKS and len(nested) < len(shape.constraints)
    return own or any(map(blocks, nested))


def alike(one: Shape, other: Shape) -> bool:
    """Whether two shapes say the same in the same form, whatever they are called."""
    return nameless(one) == nameless(other)


def nameless(shape: Shape) -> Shape:
    """The shape without names and messages, its parts in an order of their own."""
    parts = (_nameless(constraint) for constraint in shape.constraints)
    return replace(shape, name="", message="", constraints=tuple(sorted(set(parts), key=repr)))


def _nameless(constraint: Any) -> Any:
    if isinstance(constraint, Nested):
        return replace(constraint, shape=nameless(constraint.shape))
    if isinstance(constraint, Logic):
        shapes = sorted((nameless(shape) for shape in constraint.shapes), key=repr)
        return replace(constraint, shapes=tuple(shapes))
    return constraint


def _compiled(release: Release) -> tuple[list[CompiledRule], list[tuple[str, str]]]:
    """The rules that compile, and for each other one why it does not."""
    found: list[CompiledRule] = []
    outside: list[tuple[str, str]] = []
    for rule in release.rules:
        try:
            found += release.compile(rule)
        except InputError as error:
            outside.append((rule.iri, error.what))
    return found, outside
