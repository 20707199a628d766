"""Every shipped rule does on its own example data what it says, in both ways of evaluation."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rules.check import check_rules
from rules.graph_of import graph_of
from rules.lint import EXAMPLES, lint
from rules.reading import read_graph
from rules.release import Release, default_release
from rules.shapes import CompiledRule, Logic, Nested, Rule, Shape
from rules.tables_of import tables_of
from rules.validate import validate

RULES = {rule.iri.rsplit("/", 1)[-1]: rule for rule in default_release().rules}
FILES = ("conforms.ttl", "breaks.ttl")


def expected_of(name: str, file: str) -> list[str]:
    text = (EXAMPLES / name / "expected.txt").read_text(encoding="utf-8")
    return sorted(text.splitlines()) if file == "breaks.ttl" else []


def messages(compiled: tuple[CompiledRule, ...], name: str) -> list[tuple[str, str, str]]:
    """File, focus node and message of everything that the rule finds in its two examples."""
    return [
        (file, finding.focus_node, finding.message)
        for file in FILES
        for finding in check_rules(compiled, tables_of(read_graph(EXAMPLES / name / file))).findings
    ]


def test_every_rule_has_an_example_and_the_release_is_free_of_remarks() -> None:
    """The shipped release passes its own lint, examples included."""
    assert sorted(RULES) == sorted(path.name for path in Path(EXAMPLES).iterdir())
    assert lint(default_release(), EXAMPLES) == ()


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", sorted(RULES))
def test_the_reference_finds_the_expected_messages(name: str, file: str) -> None:
    """The reference finds in each example exactly the messages that stand beside it."""
    data = graph_of(tables_of(read_graph(EXAMPLES / name / file)))
    report = validate(data, default_release().graph)
    own = RULES[name].iri
    found = {f.message for f in report.findings if f.source_shape.startswith(own) or not_named(f)}
    relevant = set(messages_of_rule(RULES[name]))
    assert expected_of(name, file) == sorted(found & relevant)
    assert dict(report.focus_counts)[own] > 0


def not_named(finding: object) -> bool:
    return str(getattr(finding, "source_shape", "")).startswith("_:")


def messages_of_rule(rule: Rule) -> Iterator[str]:
    """The messages of a rule and of every shape within it."""
    shapes = [compiled.shape for compiled in default_release().compile(rule)]
    while shapes:
        shape = shapes.pop()
        yield shape.message
        shapes += [c.shape for c in shape.constraints if isinstance(c, Nested)]


def mutants(shape: Shape) -> Iterator[Shape]:
    """The shape with one of its constraints, at any depth, left out."""
    for at, constraint in enumerate(shape.constraints):
        rest = shape.constraints[:at], shape.constraints[at + 1 :]
        yield replace(shape, constraints=rest[0] + rest[1])
        if isinstance(constraint, Nested):
            for inner in mutants(constraint.shape):
                kept = replace(constraint, shape=inner)
                yield replace(shape, constraints=(*rest[0], kept, *rest[1]))
        if isinstance(constraint, Logic):
            for logic in _logic_mutants(constraint):
                yield replace(shape, constraints=(*rest[0], logic, *rest[1]))


def _logic_mutants(logic: Logic) -> Iterator[Logic]:
    for at, member in enumerate(logic.shapes):
        others = logic.shapes[:at], logic.shapes[at + 1 :]
        if others[0] or others[1]:
            yield replace(logic, shapes=others[0] + others[1])
        for inner in mutants(member):
            yield replace(logic, shapes=(*others[0], inner, *others[1]))


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_part_of_a_rule_can_be_lost_unseen(name: str) -> None:
    """Leaving out any one part of a rule changes what it finds in its own example."""
    compiled = default_release().compile(RULES[name])
    whole = messages(compiled, name)
    survivors = [
        mutant
        for one in compiled
        for mutant in mutants(one.shape)
        if messages((replace(one, shape=mutant),), name) == whole
    ]
    assert survivors == []


LIMITS = {
    "cool-down": ("minInclusive 3", "minInclusive 2"),
    "hub-share": ("minInclusive 20", "minInclusive 19"),
    "second-approver": ("maxInclusive 1000000", "maxInclusive 1000001"),
    "single-source-cover": ("minInclusive 7", "minInclusive 6"),
    "stale-stock": ("maxInclusive 30", "maxInclusive 31"),
    "uncertain-forecast": ("maxInclusive 100", "maxInclusive 250"),
}


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_limit_stands_in_the_shape_alone(name: str) -> None:
    """With the limit moved by editing only the file, what broke the rule conforms."""
    rule, (stated, moved) = RULES[name], LIMITS[name]
    text = default_release().shapes[rule.file]
    assert 1 == text.count(stated)
    edited = Release("x", "1", {rule.file: text.replace(stated, moved)}, {})
    assert messages(default_release().compile(rule), name)
    assert [] == messages(edited.compile(edited.rule(rule.iri)), name)
