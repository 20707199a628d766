"""What a release needs and does not find: words of the vocabulary, facts of a snapshot."""

from collections.abc import Iterator

import numpy as np

from ontology.columns import MISSING, Column, Snapshot
from ontology.errors import EvenkeelError
from ontology.terms import local_name
from ontology.vocabulary import FACTS
from rules.needs import needs
from rules.release import Release
from rules.shapes import CompiledRule

Lack = dict[str, str]


def missing_words(release: Release) -> list[Lack]:
    """Every rule that cannot be evaluated, and why: with one, a release decides nothing.

    Raises InputError where the shapes themselves cannot be read.
    """
    found = []
    for rule in release.rules:
        try:
            release.compile(rule)
        except EvenkeelError as error:
            found.append({"rule": rule.iri, "why": str(error), "code": error.code})
    return found


def changed_rules(before: Release, after: Release) -> frozenset[str]:
    """The rules that only one of two releases has, or that they state otherwise."""
    sides = [_stated(before), _stated(after)]
    return frozenset(
        iri for iri in {*sides[0], *sides[1]} if sides[0].get(iri) != sides[1].get(iri)
    )


def missing_facts(before: Release, after: Release, snapshot: Snapshot) -> list[Lack]:
    """What rules that `after` adds or changes read, and no fact of the snapshot states.

    `field` is empty where the snapshot has no record of the class at all.
    """
    changed = changed_rules(before, after)
    found = {
        (rule.rule.iri, *lack)
        for judge in after.judges
        for rule in judge.compiled
        if rule.rule.iri in changed
        for lack in _unstated(rule, snapshot)
    }
    return [{"rule": rule, "class": name, "field": field} for rule, name, field in sorted(found)]


def _stated(release: Release) -> dict[str, list[tuple[object, ...]]]:
    """What each rule states; of a part of a release only what it states otherwise than the whole.

    A rule that the part does not have is stated as nothing there.
    """
    whole = _stated_by(release.whole)
    found = {iri: list(stated) for iri, stated in whole.items()}
    for part in release.parts:
        theirs = _stated_by(part.release)
        for iri in sorted({*whole, *theirs}):
            if theirs.get(iri) != whole.get(iri):
                found.setdefault(iri, []).append((part.named[1:], theirs.get(iri)))
    return found


def _stated_by(release: Release) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for compiled in release.compiled:
        stated = (compiled.target, compiled.shape, compiled.rule.severity)
        found.setdefault(compiled.rule.iri, []).append(stated)
    return found


def _unstated(rule: CompiledRule, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for name, field in needs(rule.shape):
        if name not in FACTS:
            continue
        table = snapshot.table(name)
        if not len(table):
            yield name, ""
        elif field and _is_empty(table[field]):
            yield name, local_name(field)


def _is_empty(column: Column) -> bool:
    """Whether no cell states anything; a yes or no is always stated."""
    if column.dtype.kind == "b":
        return False
    if column.dtype.kind == "i":
        return bool((column == MISSING).all())
    if column.dtype.kind == "M":
        return bool(np.isnat(column).all())
    return not any(column.tolist())
