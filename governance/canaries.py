"""A canary: an approved release that decides for a part, compared pair by pair, and its guards."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import comb
from types import MappingProxyType
from typing import Any

from governance.growing import Growing
from governance.scopes import Scope, scope_of
from ontology.errors import InputError, StateError
from ontology.events import micros_of, moment_of

METRICS = ("cost", "shortfall", "exceptions", "gap")
"""What is compared of two plans of one snapshot, in whole numbers; less is better.

Scaled cost, units short, lines that go to a person, and the scaled gap of the certificate.
"""
LEAST_PAIRS, FEWEST_PAIRS, MOST_PAIRS = 8, 5, 10_000
"""Pairs that an activation needs unless others are named. Of fewer than five, the test says
nothing: five heads in five throws have the chance 1 in 32."""
ONE_IN = 20
"""A guard is broken where what was seen has at most the chance 1 in 20 without any harm."""
DAYS, MOST_DAYS = 14, 365
LEFT_OUT = "left_out"
"""The field of an event that says which plan is no sample, and why."""
EDITED, WHAT_IF, ELSEWHERE = "edited", "what-if", "elsewhere"
NEVER_SAMPLES = frozenset({EDITED, WHAT_IF, ELSEWHERE})
"""Why a plan is no sample, for good: a person edited it; whoever asked for it named what it weighs,
its first day or how near it keeps to another plan; nothing of it lay in the canary's part.

Any other reason is the code of an error: the plan could not be compared so far.
"""
_WHY: Mapping[str, str] = MappingProxyType({
    EDITED: "edited by a person", WHAT_IF: "asked as a what-if",
    ELSEWHERE: "with nothing in its part",
})  # fmt: skip


def why_in_words(why: str) -> str:
    """Why plans are no sample, as it is said of them."""
    return _WHY.get(why, f"not to be compared ({why})")


@dataclass(frozen=True, slots=True)
class Guard:
    """By how many percent a metric may be worse than under the release in force."""

    metric: str
    most_percent: int

    def is_worse(self, pair: "Pair") -> bool:
        """Whether a pair is worse by more than that; exact."""
        mine, others = pair.canary[self.metric], pair.active[self.metric]
        return mine * 100 > others * 100 + abs(others) * self.most_percent


@dataclass(frozen=True, slots=True)
class Pair:
    """Two plans of one snapshot, under the canary and without it: metrics by name."""

    plan: str
    snapshot: str
    canary: Mapping[str, int]
    active: Mapping[str, int]

    def is_sample(self, *, lies_there: bool) -> bool:
        """Whether it tells anything of the canary: where nothing lay there, a tie does not.

        What differs counts in any case, for nothing but the canary is different.
        """
        return lies_there or dict(self.canary) != dict(self.active)


@dataclass(frozen=True, slots=True)
class Told:
    """What a guard has seen: worse pairs of all, and the chance of so many without harm.

    The chance is `chance_of` in 2 ** `pairs`.
    """

    guard: Guard
    pairs: int
    worse: int

    @property
    def chance_of(self) -> int:
        """In how many of 2 ** pairs equally likely outcomes at least so many are worse."""
        return sum(comb(self.pairs, n) for n in range(self.worse, self.pairs + 1))

    @property
    def is_broken(self) -> bool:
        """Whether so many worse pairs have at most the chance 1 in ONE_IN: the exact sign test."""
        enough = self.pairs >= FEWEST_PAIRS
        return enough and self.chance_of * ONE_IN <= 2**self.pairs


@dataclass(frozen=True, slots=True)
class Canary:
    """For which part a release decides, from when until when, and under which guards.

    `left_out` says by plan why it is no sample: one of NEVER_SAMPLES, or the code of an error.
    Raises InputError `CANARY_TERMS`.
    """

    scope: Scope
    begins: datetime
    ends: datetime
    guards: tuple[Guard, ...]
    share_percent: int = 100
    salt: str = ""
    least_pairs: int = LEAST_PAIRS
    pairs: tuple[Pair, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=Growing)

    def __post_init__(self) -> None:
        """Refuse terms that guard nothing or cover all."""
        known = {guard.metric for guard in self.guards}
        if not known or known - set(METRICS) or len(known) < len(self.guards):
            raise _bad(f"guard each of some of {', '.join(METRICS)} once")
        if any(not 0 <= guard.most_percent <= 1000 for guard in self.guards):
            raise _bad("a guard allows 0 to 1000 percent")
        if not FEWEST_PAIRS <= self.least_pairs <= MOST_PAIRS:
            raise _bad(f"ask for {FEWEST_PAIRS} to {MOST_PAIRS} pairs")
        if not 0 < self.share_percent <= 100 or (
            self.share_percent == 100 and not self.scope.is_partial
        ):
            raise _bad("name a region, a family or a share below 100 percent")
        if (self.ends - self.begins).total_seconds() > MOST_DAYS * 86_400:
            raise _bad(f"a canary takes at most {MOST_DAYS} days")

    def with_pair(self, pair: Pair) -> "Canary":
        """The canary with one more pair; a second one of a snapshot tells nothing new."""
        return self if self.knows(pair) else replace(self, pairs=(*self.pairs, pair))

    def knows(self, pair: Pair) -> bool:
        """Whether its snapshot was compared."""
        return any(pair.snapshot == each.snapshot for each in self.pairs)

    def without_plan(self, plan: str, why: str) -> "Canary":
        """The canary where a plan is no sample, for a reason."""
        known = self.left_out
        plans = known if isinstance(known, Growing) else Growing(known.items())
        return replace(self, left_out=plans.put(plan, why))

    def after(self, said: Mapping[str, Any]) -> "Canary":
        """The canary after what an event says of a plan: a pair, or why there is none."""
        if (left := said.get(LEFT_OUT)) is not None:
            return self.without_plan(left["plan"], left["why"])
        return self.with_pair(pair_of(said["pair"]))

    def left_out_by_reason(self) -> dict[str, int]:
        """How many plans are no sample, by reason, sorted; what was compared later is one."""
        compared = {pair.plan for pair in self.pairs}
        found = Counter(why for plan, why in self.left_out.items() if plan not in compared)
        return dict(sorted(found.items()))

    def told(self) -> tuple[Told, ...]:
        """What each guard has seen so far."""
        return tuple(
            Told(guard, len(self.pairs), sum(map(guard.is_worse, self.pairs)))
            for guard in self.guards
        )

    def broken(self) -> tuple[Told, ...]:
        """The guards that were broken; any of them ends the canary."""
        return tuple(each for each in self.told() if each.is_broken)

    def refuse_undecided(self) -> None:
        """Raises StateError `CANARY_UNDECIDED` for too few pairs, `CANARY_BROKEN`.

        INVARIANT: missing data never promotes.
        """
        if self.broken():
            raise StateError(f"the canary is worse in {self.broken()[0].guard.metric}",
                             code="CANARY_BROKEN", hint="abort it: it is proposed anew, as another"
                             )  # fmt: skip
        if len(self.pairs) < self.least_pairs:
            left = sum(self.left_out_by_reason().values())
            raise StateError(
                f"{len(self.pairs)} plans were compared, and {self.least_pairs} are needed"
                + (f" ({left} more are no sample)" if left else ""),
                code="CANARY_UNDECIDED", hint="make more plans on new facts, or abort it",
            )  # fmt: skip

    def stated(self) -> dict[str, Any]:
        """As an event states it; `canary_of` reads it back."""
        return {
            "scope": self.scope.stated(), "begins_micros": micros_of(self.begins),
            "ends_micros": micros_of(self.ends), "share_percent": self.share_percent,
            "salt": self.salt, "least_pairs": self.least_pairs,
            "guards": [[guard.metric, guard.most_percent] for guard in self.guards],
        }  # fmt: skip


def canary_of(stated: Mapping[str, Any]) -> Canary:
    """The canary that an event states."""
    return Canary(
        scope_of(stated["scope"]), moment_of(stated["begins_micros"]),
        moment_of(stated["ends_micros"]), tuple(Guard(*each) for each in stated["guards"]),
        stated["share_percent"], stated["salt"], stated["least_pairs"],
    )  # fmt: skip


def pair_of(stated: Mapping[str, Any]) -> Pair:
    """The pair that an event states."""
    return Pair(stated["plan"], stated["snapshot"], stated["canary"], stated["active"])


def _bad(what: str) -> InputError:
    return InputError(what, code="CANARY_TERMS", hint="see docs/governing.md")
