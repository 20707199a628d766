"""What releases say: the difference of two in words, what one newly permits, what lint finds."""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Self

import strawberry
from strawberry.scalars import JSON

from api.graphql.described import described
from api.graphql.loaders import Info, Request
from rules.differences import Difference, differences
from rules.implies import Counterexample, Implication, implies
from rules.lint import lint
from rules.release import Release
from rules.remarks import Remark
from service.governing.releases_seen import ReleasesSeen

READ = "rules.read"
MOST_KEPT = 16
"""Answers of each kind that are kept: searching takes seconds, and a release never changes."""


@strawberry.type(description="One thing that a release says otherwise than another.")
class PolicyDifference:
    """`subject` is a rule's IRI, a knob's name or a policy's file; `told` a sentence.

    `effect` says what becomes of records that one of both denies or sends to a person: stricter,
    looser, other (some more and some fewer, not decided, or no rule), none.
    """

    subject: str
    kind: str
    told: str
    effect: str

    @classmethod
    def of(cls, found: Difference) -> Self:
        """The difference as it is shown."""
        return cls(**asdict(found))


@strawberry.type(description="Something that a release permits and another one denies.")
class PolicyCounterexample:
    """Made up by search, and judged again: a `record` of a class, and the `facts` around it.

    `rule` denied it; `flaws` are rules about facts that those facts break.
    """

    rule: str
    class_name: str
    record: JSON
    facts: JSON
    flaws: list[str]

    @classmethod
    def of(cls, found: Counterexample) -> Self:
        """The counterexample as it is shown."""
        said = found.to_document()
        return cls(rule=said["rule"], class_name=said["class"], record=JSON(said["record"]),
                   facts=JSON(said["facts"]), flaws=said["flaws"])  # fmt: skip


@strawberry.type(description="A rule of which was not decided what a release permits beyond it.")
class PolicyUndecided:
    """`rule` is empty where it is about no single rule."""

    rule: str
    why: str


@strawberry.type(description="Whether a release permits nothing that another one denies.")
class PolicyImplication:
    """`verdict` is `permits nothing new`, `permits more` or `not decided`. Knobs are no rules."""

    verdict: str
    counterexamples: list[PolicyCounterexample]
    not_decided: list[PolicyUndecided]

    @classmethod
    def of(cls, found: Implication) -> Self:
        """The answer as it is shown."""
        return cls(
            verdict=found.verdict,
            counterexamples=[PolicyCounterexample.of(one) for one in found.counterexamples],
            not_decided=[PolicyUndecided(rule=rule, why=why) for rule, why in found.open],
        )  # fmt: skip


@strawberry.type(description="What lint finds wrong with a rule.")
class PolicyFinding:
    """`row` is the rule's first line in its file, 0 where that is not known."""

    rule: str
    code: str
    what: str
    file: str
    row: int
    hint: str

    @classmethod
    def of(cls, found: Remark) -> Self:
        """The finding as it is shown."""
        return cls(**asdict(found))


@strawberry.type
class ReleaseWordQueries:
    """What releases say, found by search over their shapes: nothing is decided."""

    @described
    async def policy_difference(
        self, info: Info, new: str, old: str = "", chain: str = ""
    ) -> list[PolicyDifference]:
        """What a release says otherwise than another, in words, rules first.

        By digests; where `old` is left out, than what governs a chain (or all others) now.
        """
        context = info.context

        def found() -> list[PolicyDifference]:
            pair = _named(context, old, chain), _named(context, new, chain)
            return [PolicyDifference.of(one) for one in _differences(*pair)]

        told = await context.plan(found)
        context.count(len(told))
        return told

    @described
    async def policy_implies(
        self, info: Info, new: str, old: str = "", chain: str = ""
    ) -> PolicyImplication:
        """Whether a release permits nothing that another denies; else what it does, by example.

        By digests; where `old` is left out, it is what governs a chain (or all others) now.
        """
        context = info.context

        def found() -> PolicyImplication:
            pair = _named(context, new, chain), _named(context, old, chain)
            return PolicyImplication.of(_implies(*pair))

        told = await context.plan(found)
        context.count(1 + len(told.counterexamples) + len(told.not_decided))
        return told

    @described
    async def policy_findings(
        self, info: Info, release: str = "", chain: str = ""
    ) -> list[PolicyFinding]:
        """What lint finds in a release, by digest; by default in what governs a chain now.

        Examples are files beside a release, and no part of it: `evenkeel policy lint` tries them.
        """
        context = info.context

        def found() -> list[PolicyFinding]:
            return [PolicyFinding.of(one) for one in _lint(_named(context, release, chain))]

        told = await context.plan(found)
        context.count(len(told))
        return told


@dataclass(frozen=True, slots=True)
class _Named:
    """A release, known by its digest: what was found of it once need not be searched for again."""

    digest: str
    release: Release = field(compare=False)


def _named(context: Request, digest: str, chain: str) -> _Named:
    found = ReleasesSeen(context.sight, READ).release(context.house, digest, chain)
    return _Named(found.digest, found)


@lru_cache(maxsize=MOST_KEPT)
def _differences(old: _Named, new: _Named) -> tuple[Difference, ...]:
    return differences(old.release, new.release)


@lru_cache(maxsize=MOST_KEPT)
def _implies(new: _Named, old: _Named) -> Implication:
    return implies(new.release, old.release)


@lru_cache(maxsize=MOST_KEPT)
def _lint(named: _Named) -> tuple[Remark, ...]:
    return lint(named.release)
