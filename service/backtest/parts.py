"""From one release to another in parts: the rules of each file that changed, then the knobs."""

from dataclasses import dataclass, replace
from functools import lru_cache

import orjson

from ontology.canonical import canonical
from ontology.errors import EvenkeelError
from ontology.vocabulary import STANDINGS
from rules.release import Release, for_part, from_document, is_for_part, placed_on
from service.backtest.lacking import changed_rules

KNOBS, PARTS = "knobs", "parts"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the way: what changes in it, and the release after it.

    `name` is a file of shapes or `knobs`; several joined by ` + ` where no release stands between
    them (a rule that moved from one file to another). `rules` are those that it adds, changes or
    removes.
    """

    name: str
    rules: tuple[str, ...]
    release: Release


def parts_between(before: Release, after: Release) -> tuple[Part, ...]:
    """The parts of the way, files in order of name, each made on top of those before it.

    Files whose changed rules speak of facts alone are no part: a plan is decided on facts as they
    were loaded. The last part ends at `after` itself. What a part does is measured after those
    before it: in another order it can be another share, the sum is the same.
    """
    return _known(canonical(before.to_document()), canonical(after.to_document()))


def steps_to(own: Release, tried: Release) -> tuple[Part, ...]:
    """The way from what governed to what would have, had `tried` been in force in its place.

    One for a part changes what decides there, file by file, and all else stays; so does one of the
    whole with the parts that were in force. Each step's release is what governs after it.
    """
    if not is_for_part(tried):
        if tried.parts:
            return parts_between(own, tried)
        steps = parts_between(own.whole, tried)
        return tuple(replace(step, release=placed_on(own, step.release)) for step in steps)
    (part,) = tried.parts
    scope = (part.regions, part.families)
    same = [each.release for each in own.parts
            if not each.is_canary and (each.regions, each.families) == scope]  # fmt: skip
    steps = parts_between(same[0] if same else own.whole, part.release)
    return tuple(
        replace(step, release=placed_on(own, for_part(step.release, *scope))) for step in steps
    )


@lru_cache(maxsize=16)
def _known(before: bytes, after: bytes) -> tuple[Part, ...]:
    return _parts(*(from_document(orjson.loads(each)) for each in (before, after)))


def _parts(before: Release, after: Release) -> tuple[Part, ...]:
    changed = changed_rules(before, after)
    plan_rules = changed & (_of_plans(before) | _of_plans(after))
    shapes, found = dict(before.shapes), list[Part]()
    waiting: list[tuple[str, frozenset[str]]] = []
    for file in sorted({*before.shapes, *after.shapes}):
        if before.shapes.get(file) == after.shapes.get(file):
            continue
        if file in after.shapes:
            shapes[file] = after.shapes[file]
        else:
            del shapes[file]
        rules = _in_file(before, after, file) & plan_rules
        if not rules and not waiting:
            continue
        waiting.append((file, rules))
        between = replace(before, shapes=shapes)
        if _stands(between):
            found.append(_part(waiting, between))
            waiting = []
    if before.named[1] != after.named[1]:
        waiting.append((PARTS, plan_rules))
    if dict(before.knobs) != dict(after.knobs):
        waiting.append((KNOBS, frozenset()))
    if waiting:
        found.append(_part(waiting, after))
    return (*found[:-1], replace(found[-1], release=after)) if found else ()


def _part(waiting: list[tuple[str, frozenset[str]]], release: Release) -> Part:
    rules = frozenset[str]().union(*(rules for _, rules in waiting))
    return Part(" + ".join(name for name, _ in waiting), tuple(sorted(rules)), release)


def _stands(release: Release) -> bool:
    try:
        _ = release.compiled
    except EvenkeelError:
        return False
    return True


def _of_plans(release: Release) -> frozenset[str]:
    """The rules that act on a plan: those of movements, positions and the finished plan."""
    return frozenset(c.rule.iri for judge in release.judges for c in judge.compiled
                     if STANDINGS[c.target] == "view")  # fmt: skip


def _in_file(before: Release, after: Release, file: str) -> frozenset[str]:
    return frozenset(r.iri for side in (before, after) for r in side.rules if r.file == file)
