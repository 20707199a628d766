"""What one release says otherwise than another, in words, and what that permits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rdflib import URIRef

from ontology.errors import InputError
from rules.contents import content_of
from rules.implies import alike, blocks, escape
from rules.parts import MOST_PERCENT, Part
from rules.release import Release
from rules.seeking import Wish, wish_of
from rules.settings_changes import knob_changes, policy_changes
from rules.shape_changes import Told, changes
from rules.shapes import CompiledRule, Members, Rule, Shape
from rules.witness import is_there
from rules.wording import SEVERITY_WORDS, path_words, value_words, words_of

STRICTER, LOOSER, OTHER, SAME = "stricter", "looser", "other", "none"
MOST_STEPS = 5_000


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One difference: what it is about, its kind, a sentence, and what it means.

    `subject` is a rule's IRI, a knob's name or a policy's file. `effect` says what becomes of
    records that one of the two releases denies or sends to a person: `stricter` (more of them),
    `looser` (fewer), `other` (some more and some fewer, or not decided, or no rule), `none`.
    """

    subject: str
    kind: str
    told: str
    effect: str


def differences(old: Release, new: Release) -> tuple[Difference, ...]:
    """Everything that the new release says otherwise, rules first, in the order of their IRIs.

    Shapes are compared by what they say: layout, order, comments in the files, the names of parts
    and of blank nodes, and other words for the same are no difference. The effect of a rule's
    change is found by search (`rules.seeking`), not by its wording. Parts that other releases
    govern are told by their digests.
    """
    parts = list(_of_parts(old, new))
    old, new = old.whole, new.whole
    before = {rule.iri: rule for rule in old.rules}
    after = {rule.iri: rule for rule in new.rules}
    found: list[Difference] = []
    for iri in sorted({*before, *after}):
        if iri not in before:
            found.append(_added(old, new, after[iri]))
        elif iri not in after:
            found.append(_removed(old, new, before[iri]))
        else:
            found += _changed(old, new, before[iri], after[iri])
    for kind, subject, told in (*knob_changes(old, new), *policy_changes(old, new)):
        found.append(Difference(subject, kind, told, OTHER))
    return (*found, *parts)


def _of_parts(old: Release, new: Release) -> Iterator[Difference]:
    """Parts of the chain that another release governs, in one of the two alone."""
    for release, others, word in ((new, old, "now governs"), (old, new, "no longer governs")):
        for part in release.parts:
            if part.named not in [each.named for each in others.parts]:
                told = f"release {part.release.digest[:12]} {word} {_where(part)}"
                yield Difference(part.release.digest, "part", told, OTHER)


def _where(part: Part) -> str:
    share = f"{part.share_percent} % of " if part.share_percent < MOST_PERCENT else ""
    limits = [*part.regions, *part.families]
    return f"{share}{' and '.join(limits) or 'everything'}{' as a canary' * part.is_canary}"


def _name(rule: Rule) -> str:
    return rule.title or rule.iri.rsplit("/", 1)[-1]


def _about(rule: Rule) -> str:
    classes = " and ".join(words_of(target.rsplit("#", 1)[-1]) for target in rule.targets)
    return f"{SEVERITY_WORDS.get(rule.severity, rule.severity)}, on {classes or 'nothing'}"


def _added(old: Release, new: Release, rule: Rule) -> Difference:
    told = f"{_name(rule)}: new rule ({_about(rule)}): {rule.message}"
    needed = _is_needed(_compiled(new, rule), old)
    return Difference(rule.iri, "rule added", told, _effect(needed, STRICTER))


def _removed(old: Release, new: Release, rule: Rule) -> Difference:
    told = f"{_name(rule)}: no longer a rule ({_about(rule)})"
    needed = _is_needed(_compiled(old, rule), new)
    return Difference(rule.iri, "rule removed", told, _effect(needed, LOOSER))


def _effect(needed: bool | None, word: str) -> str:
    return OTHER if needed is None else word if needed else SAME


def _is_needed(rules: Sequence[CompiledRule] | None, others: Release) -> bool | None:
    """Whether a rule denies anything that no rule of a release denies; None if not decided."""
    if rules is None:
        return None
    try:
        kept = others.compiled
    except InputError:
        return None
    answers = [
        escape(one, [each for each in kept if each.target == one.target], MOST_STEPS)
        for one in rules
    ]
    if not all(blocks(one.shape) for one in rules):  # what only goes to a person is new to them
        return True
    if any(answer and not isinstance(answer, str) for answer in answers):
        return True
    return None if any(answers) else False


def _compiled(release: Release, rule: Rule) -> tuple[CompiledRule, ...] | None:
    try:
        return release.compile(rule)
    except InputError:
        return None


def _changed(old: Release, new: Release, before: Rule, after: Rule) -> Iterator[Difference]:
    iri, name = after.iri, _name(after)
    yield from _targets(before, after)
    for word, said, says in (("title", before.title, after.title),
                             ("reason", before.reason, after.reason),
                             ("owner", before.owner, after.owner),
                             ("message", before.message, after.message)):  # fmt: skip
        if said != says:
            yield Difference(iri, "words", f"{name}: {word} `{says}` instead of `{said}`", SAME)
    pair = _compiled(old, before), _compiled(new, after)
    if pair[0] is None or pair[1] is None:
        if content_of(old, URIRef(iri)) != content_of(new, URIRef(iri)):
            told = f"{name}: says something else, outside the fragment"
            yield Difference(iri, "rule changed", told, OTHER)
        return
    by_target = {(one.target, one.only): one for one in pair[0]}
    for one in pair[1]:
        if (one.target, one.only) in by_target:
            yield from _within(by_target[one.target, one.only], one)
            return  # the same shape, whatever the target: its differences are told once


def _targets(before: Rule, after: Rule) -> Iterator[Difference]:
    for target in sorted({*before.targets, *after.targets}):
        known = words_of(target.rsplit("#", 1)[-1])
        if target not in before.targets:
            told, effect = f"{_name(after)}: now also about {known}", STRICTER
        elif target not in after.targets:
            told, effect = f"{_name(after)}: no longer about {known}", LOOSER
        else:
            continue
        yield Difference(after.iri, "target", told, effect)


def _within(old: CompiledRule, new: CompiledRule) -> Iterator[Difference]:
    """The differences of one rule's shape; nothing where both deny the same to the same end."""
    if alike(old.shape, new.shape):
        return
    overall = effect_of(old, new)
    told = list(changes(old.shape, new.shape))
    if overall == SAME and not any(each.kind == "severity" for each in told):
        return
    if len(told) == 1 and told[0].kind != "severity":
        told = [replace(told[0], effect=overall)]
    for each in told:
        words = _covered(old, new, each) or each.words
        yield Difference(new.rule.iri, each.kind, f"{_name(new.rule)}: {words}", each.effect)


def effect_of(old: CompiledRule, new: CompiledRule) -> str:
    """What becomes of records: found by search over both shapes, whatever their wording."""
    more, fewer = (
        is_there(
            new.target, (wish_of(one, is_kept=False), wish_of(other, is_kept=True)), MOST_STEPS
        )
        for one, other in ((new, old), (old, new))
    )
    if more is None or fewer is None or (more and fewer):
        return OTHER
    if more == fewer:
        return SAME
    return STRICTER if more else LOOSER


def _covered(old: CompiledRule, new: CompiledRule, told: Told) -> str:
    """`now also covers X`, where the values of a set decide what the rule denies at all."""
    if told.path is None or not (told.came or told.left):
        return ""
    words = []
    for value in (*told.came, *told.left):
        was, is_ = (_denies(one, told.path, value) for one in (old, new))
        if was is None or is_ is None or was == is_:
            return ""
        covers = "now also covers" if is_ else "no longer covers"
        words.append(f"{covers} {value_words(told.path.path, value)}")
    return f"{' and '.join(words)} ({path_words(told.path.path)})"


def _denies(rule: CompiledRule, at: Shape, value: object) -> bool | None:
    """Whether the rule denies any record with this value where the shape looks for it."""
    if at.space != rule.target:
        return None
    has = replace(at, constraints=(Members("hasValue", (value,)),))
    wishes = (wish_of(rule, is_kept=False), Wish(has, is_kept=True))
    return is_there(rule.target, wishes, MOST_STEPS)
