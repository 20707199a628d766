"""Every policy release by digest, and the timeline of what is in force where, and when."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import Any

from governance.canaries import Canary
from governance.reach import overlap, within
from governance.release_cases import (
    ACTIVE,
    CANARY,
    GIVEN_UP,
    RETIRED,
    SINCE,
    ReleaseCase,
    learnt,
    released,
    since_of,
    status_after,
)
from governance.scopes import EVERYWHERE, Scope, scope_of
from ontology.access import ANY
from ontology.errors import StateError
from ontology.events import (
    RELEASE_ACTIVATED,
    RELEASE_PROPOSED,
    RELEASE_RETIRED,
    RELEASE_ROLLED_BACK,
    Event,
)


@dataclass(frozen=True, slots=True)
class InForce:
    """A release is in force in a scope since a time, by an event; `replaced` the one before."""

    scope: Scope
    since: datetime
    release: str
    event: int
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a release governs a scope: until another one, or none, comes after it."""

    scope: Scope
    since: datetime
    until: datetime | None = None
    then: str = ""


@dataclass(frozen=True, slots=True)
class GovernedPart:
    """A release that judges a part of a chain; a canary also only a share of it."""

    release: str
    regions: tuple[str, ...]
    families: tuple[str, ...]
    share_percent: int = 100
    salt: str = ""
    is_canary: bool = False


@dataclass(frozen=True, slots=True)
class Governing:
    """What governs a chain: the release of the whole (empty: none), and those of its parts."""

    whole: str
    parts: tuple[GovernedPart, ...] = ()

    @property
    def named(self) -> tuple[Any, ...]:
        """As `rules.release.Release.named`: the whole, and what names each part, in order."""
        return (self.whole, tuple(sorted(astuple(part) for part in self.parts)))


@dataclass(frozen=True)
class Releases:
    """Every release by digest, and the timeline of what was in force where."""

    cases: Mapping[str, ReleaseCase] = field(default_factory=dict)
    timeline: tuple[InForce, ...] = ()
    is_governed: bool = False
    """Whether people have put a release in force: the shipped one then no longer does so itself."""

    def case(self, digest: str) -> ReleaseCase:
        """One release. Raises StateError `RELEASE_UNKNOWN`."""
        found = self.cases.get(digest)
        if found is None:
            raise StateError(f"release `{digest[:64]}` was never proposed", code="RELEASE_UNKNOWN",
                             hint="`evenkeel policy propose FOLDER` does that")  # fmt: skip
        return found

    def in_force(self, chain: str, at: datetime) -> str:
        """The digest of the release that governs a chain as a whole at a time; empty: none.

        One of the chain's own goes before one of all chains.
        """
        return self.standing(Scope(chain or ANY), at) or self.standing(EVERYWHERE, at)

    def partial(self, chain: str, at: datetime) -> tuple[InForce, ...]:
        """What governs parts of a chain at a time, in order of scopes."""
        scopes = {each.scope for each in self.timeline if each.scope.is_partial}
        newest = [self._standing(scope, at) for scope in sorted(scopes) if scope.covers(chain)]
        return tuple(each for each in newest if each is not None and each.release)

    def governing(self, chain: str, at: datetime) -> Governing:
        """All that governs a chain at a time; of a part, one of the chain's own goes first."""
        parts = {
            (each.scope.regions, each.scope.families): GovernedPart(
                each.release, each.scope.regions, each.scope.families
            )
            for each in sorted(self.partial(chain, at), key=lambda each: each.scope.chain != ANY)
        }
        canaries = [
            GovernedPart(case.digest, canary.scope.regions, canary.scope.families,
                         canary.share_percent, canary.salt, is_canary=True)
            for case, canary in self.canaries(at) if canary.scope.covers(chain)
        ]  # fmt: skip
        return Governing(self.in_force(chain, at), (*parts.values(), *canaries))

    def deciding_in(self, scope: Scope, at: datetime) -> tuple[str, ...]:
        """The releases that decide in some part of a scope at a time, without canaries; sorted."""
        scopes = {each.scope for each in self.timeline if overlap(each.scope, scope)}
        standing = {each: digest for each in scopes if (digest := self.standing(each, at))}
        found = {digest for each, digest in standing.items()
                 if not any(_goes_before(other, each, scope) for other in standing)}  # fmt: skip
        return tuple(sorted(found))

    def first_in_force(self, digest: str) -> int:
        """The event that first put a release in force; 0 where none did."""
        return min((each.event for each in self.timeline if each.release == digest), default=0)

    def canaries(self, at: datetime) -> list[tuple[ReleaseCase, Canary]]:
        """The canaries that decide at a time, by digest; who has passed its end does no more."""
        return [(case, case.canary) for _, case in sorted(self.cases.items())
                if case.status == CANARY and case.canary and at < case.canary.ends]  # fmt: skip

    def latest(self, scope: Scope) -> str:
        """The digest of what was last put in force in exactly this scope, now or later."""
        mine = [each for each in self.timeline if each.scope == scope]
        return mine[-1].release if mine else ""

    def before(self, case: ReleaseCase) -> str:
        """The digest of what governed a release's scope before it; empty where nothing did.

        What was rolled back, withdrawn or aborted since, and what never began, is passed over.
        """
        return self._before(case.scope, case.digest, self.cases)

    def _before(self, scope: Scope, digest: str, cases: Mapping[str, ReleaseCase]) -> str:
        mine = [each for each in self.timeline if each.scope == scope]
        while mine and mine[-1].release != digest:
            mine.pop()
        ends: datetime | None = None
        for each in reversed(mine):
            has_begun = ends is None or each.since < ends
            ends = each.since if ends is None else min(ends, each.since)
            found = cases.get(each.release)
            is_gone = found is not None and found.status in GIVEN_UP
            if has_begun and each.release != digest and not is_gone:
                return each.release
        return ""

    def standing(self, scope: Scope, at: datetime) -> str:
        """The digest of what stands in exactly this scope at a time; empty: none."""
        found = self._standing(scope, at)
        return found.release if found else ""

    def _standing(self, scope: Scope, at: datetime) -> InForce | None:
        """What was put in force last, of what has begun: the later word holds from its time on."""
        mine = [each for each in self.timeline if each.scope == scope and each.since <= at]
        return mine[-1] if mine else None

    def spans(self, digest: str) -> tuple[Span, ...]:
        """When a release governed, governs and will, by all that was said so far, in order."""
        found = list[Span]()
        for scope in sorted({each.scope for each in self.timeline if each.release == digest}):
            times = sorted({each.since for each in self.timeline if each.scope == scope})
            said = [(time, self.standing(scope, time)) for time in times]
            turns = [turn for turn, before in zip(said, [(None, ""), *said], strict=False)
                     if turn[1] != before[1]]  # fmt: skip
            ends = [*turns[1:], (None, "")]
            found += [Span(scope, since, *end) for (since, release), end
                      in zip(turns, ends, strict=True) if release == digest]  # fmt: skip
        return tuple(found)

    def settled(self, at: datetime) -> "Releases":
        """The releases as they are at a time: what was replaced by then is retired.

        An active one stays so until what was put in force after it begins; it is retired at once
        where that begins before it would itself. The same where there is none.
        """
        gone = [case for case in self.cases.values()
                if case.status == ACTIVE and self._is_replaced(case, at)]  # fmt: skip
        if not gone:
            return self
        retired = {case.digest: replace(case, status=RETIRED) for case in gone}
        return replace(self, cases={**self.cases, **retired})

    def _is_replaced(self, case: ReleaseCase, at: datetime) -> bool:
        mine = [each for each in self.timeline if each.scope == case.scope]
        later = list[InForce]()
        while mine and mine[-1].release != case.digest:
            later.append(mine.pop())
        return bool(mine) and any(each.since <= max(at, mine[-1].since) for each in later)

    def after(self, event: Event) -> "Releases":
        """The releases after an event of theirs; one that the table does not allow is refused."""
        before = self.settled(event.effective_at)
        if before is not self:
            return before.after(event)
        if event.kind == RELEASE_PROPOSED:
            return self._proposed(event)
        if event.kind == RELEASE_ACTIVATED and SINCE not in event.payload:
            return self._shipped(event)
        return self._moved(event).settled(event.effective_at)

    def _proposed(self, event: Event) -> "Releases":
        said = event.payload
        record = said["release"]
        case = ReleaseCase(
            record["digest"], record["name"], record["version"], record["shape_count"],
            event.agent, said["reason"],
            said["parent"], scope_of(said["scope"]), artifact=event.artifact,
        )  # fmt: skip
        return replace(self, cases={**self.cases, case.digest: case})

    def _shipped(self, event: Event) -> "Releases":
        """A release that came with the code and was put in force by who started it."""
        since = event.recorded_at
        entry = InForce(EVERYWHERE, since, released(event.payload), event.sequence,
                        self.in_force(ANY, since))  # fmt: skip
        return replace(self, timeline=(*self.timeline, entry))

    def _moved(self, event: Event) -> "Releases":
        digest = released(event.payload)
        case = self.case(digest)
        status = status_after(case, event)
        moved = replace(case, status=status, **learnt(case, event))
        cases = {**self.cases, digest: moved}
        if event.kind == RELEASE_ACTIVATED:
            return self._activated(event, cases, case.scope)
        if event.kind == RELEASE_ROLLED_BACK:
            return self._rolled_back(event, cases, case)
        if event.kind == RELEASE_RETIRED:
            since = since_of(event.payload)
            stands = self.standing(case.scope, since)  # another one, where this has not begun
            ends = InForce(case.scope, since, "" if stands == digest else stands, event.sequence,
                           digest)  # fmt: skip
            timeline = _with_waiting((*self.timeline, ends), cases, digest)
            return replace(self, cases=cases, timeline=timeline)
        return replace(self, cases=cases)

    def _activated(
        self, event: Event, cases: Mapping[str, ReleaseCase], scope: Scope
    ) -> "Releases":
        digest, before = released(event.payload), event.payload["replaces"]
        entry = InForce(scope, since_of(event.payload), digest, event.sequence, before)
        return replace(self, cases=cases, timeline=(*self.timeline, entry), is_governed=True)

    def _rolled_back(
        self, event: Event, cases: Mapping[str, ReleaseCase], case: ReleaseCase
    ) -> "Releases":
        back = event.payload["back_to"]
        cases = _with_status(cases, back, case.scope, RETIRED, ACTIVE)
        before = self._before(case.scope, back, cases)  # and not the one that was rolled back
        entry = InForce(case.scope, since_of(event.payload), back, event.sequence, before)
        timeline = _with_waiting((*self.timeline, entry), cases, case.digest)
        return replace(self, cases=cases, timeline=timeline)


def _with_waiting(
    timeline: tuple[InForce, ...], cases: Mapping[str, ReleaseCase], ended: str
) -> tuple[InForce, ...]:
    """The timeline, where what was said for later stays said beside its last entry.

    But of the release that has `ended`, and what another one goes before.
    """
    last = timeline[-1]
    mine = [each for each in timeline if each.scope == last.scope]
    waiting = [
        each for place, each in enumerate(mine)
        if each.since > last.since and each.release != ended
        and each.release in cases and cases[each.release].status == ACTIVE
        and not any(other.since <= each.since for other in mine[place + 1 :-1])
    ]  # fmt: skip
    return (*timeline, *waiting)


def _goes_before(one: Scope, other: Scope, where: Scope) -> bool:
    """Whether what governs one scope leaves nothing of `where` to what governs another."""
    same = (one.regions, one.families) == (other.regions, other.families)
    own = same and other.chain == ANY and one.chain == where.chain != ANY
    return own or (one.is_partial and not other.is_partial and within(where, one))


def _with_status(
    cases: Mapping[str, ReleaseCase], digest: str, scope: Scope, was: str, status: str
) -> Mapping[str, ReleaseCase]:
    """The cases, with another status of one that has a scope and a status; else as they are."""
    found = cases.get(digest)
    if found is None or (found.scope, found.status) != (scope, was):
        return cases
    return {**cases, digest: replace(found, status=status)}
