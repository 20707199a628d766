"""Policy releases: proposed, back-tested, reviewed, approved, put in force, taken back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from governance import releasing
from governance.canaries import Canary
from governance.ledger import Governed
from governance.reach import overlap
from governance.release_cases import BACKTESTED, ReleaseCase, released
from governance.releasing import Proposal
from governance.scopes import EVERYWHERE, Scope
from graph.governance_events import governance_events
from ontology.access import ANY
from ontology.canonical import canonical
from ontology.errors import InputError, StateError
from ontology.events import RELEASE_KINDS, Event, NewEvent
from ontology.governance import PolicyRelease
from rules.differences import Difference, differences
from rules.knobs import bad_release
from rules.lint import lint
from rules.parts import regions_of, strays
from rules.release import Release, from_document
from service.governing.known_names import refuse_unknown
from service.governing.ledger import Decided
from service.house import House
from service.persons import actor

SHORTEST_SEEN = 8
"""So many digits of a digest, at least, say which release was seen in force."""


def propose(
    house: House, release: Release, reason: str, agent: str, scope: Scope = EVERYWHERE,
    waivers: Sequence[Mapping[str, str]] = (), examples: Path | None = None,
) -> Decided:  # fmt: skip
    """Propose a release for a scope; the same one again is proposed already.

    Lint tries the `examples` of its rules, where it came with a folder of them.

    Raises InputError `RULE_NOT_EVALUATED`, `REASON_MISSING`, `RELEASE_BAD` for shapes that are
    nested too deeply to be looked at, `PART_STRAYS` where one for a part
    differs in what only that of the whole decides; StateError `RELEASE_FINDINGS` where
    lint finds what no waiver (rule, code, reason) answers for; AccessError `PERSON_UNNAMED`.
    """
    findings = _findings(release, examples)
    record = asdict(PolicyRelease(release.digest, release.name, release.version,
                                  len(release.rules), "proposed"))  # fmt: skip
    _refuse_strays(house, release, scope)
    answered = [{**each, "person": agent} for each in waivers]
    proposal = Proposal(record, release.digest, reason, scope, findings, answered)
    propose = partial(releasing.propose, who=actor(agent), proposal=proposal)
    propose(*house.ledger.present())  # what is refused is not kept either
    if not house.projection.log.rehearses:
        house.store.put(canonical(release.to_document()))
    return house.ledger.append(propose)


def review(house: House, name: str, rule: str, reason: str, agent: str) -> Decided:
    """Answer for a rule by which a release permits what was denied."""
    return _decided(house, name, agent, partial(releasing.review, rule=rule, reason=reason))


def approve(house: House, name: str, reason: str, agent: str) -> Decided:
    """Approve what somebody else proposed. Raises StateError `OWN_RELEASE`, `RELEASE_UNREVIEWED`,
    `RELEASE_UNTESTED`, `RELEASE_STATUS`; AccessError `PERSONS_ONLY`, `PERSON_UNNAMED`.
    """
    _refuse_outgrown(house, find(house, name))
    return _decided(house, name, agent, partial(releasing.approve, reason=reason))


def activate(
    house: House, name: str, agent: str, replaces: str | None = None, since: datetime | None = None
) -> Decided:
    """Put an approved release in force, from now on or a later time.

    `replaces` is the digest that the person saw in force, or how it begins (None: whatever is):
    where another came meanwhile, StateError `RELEASE_CONFLICT`. Raises OutsideError
    `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT` where its document is not what was proposed, and
    `PART_STRAYS` as `propose`.
    """
    found = find(house, name)
    _refuse_strays(house, _kept(house, found.digest), found.scope)
    latest = house.ledger.state().releases.latest(found.scope)
    seen = latest if replaces is None or _is_meant(replaces, latest) else replaces
    return _decided(house, found.digest, agent,
                    partial(releasing.activate, replaces=seen, since=since,
                            meets=partial(lie_together, house)))  # fmt: skip


def retire(house: House, name: str, reason: str, agent: str) -> Decided:
    """Take a release out of force that governs a part. Raises StateError `LAST_RELEASE`."""
    return _decided(house, name, agent, partial(releasing.retire, reason=reason))


def roll_back(house: House, name: str, reason: str, agent: str) -> Decided:
    """Put back in force what a release replaced, at once. Raises StateError `NOTHING_BEFORE`."""
    return _decided(house, name, agent, partial(releasing.roll_back, reason=reason))


def withdraw(house: House, name: str, reason: str, agent: str) -> Decided:
    """Give up a release that is not in force."""
    return _decided(house, name, agent, partial(releasing.withdraw, reason=reason))


def start_canary(house: House, name: str, canary: Canary, reason: str, agent: str) -> Decided:
    """Let an approved release decide for a part, beside what is in force.

    Raises InputError `PART_STRAYS`, `CANARY_SCOPE`, `NAME_UNKNOWN` where no fact knows a name of
    its scope; StateError `CANARY_ELSE`, `CANARY_PART`, `RELEASE_STATUS`.
    """
    found = find(house, name)
    refuse_unknown(house, canary.scope)
    part = Scope(canary.scope.chain, ("a part",))
    _refuse_strays(house, _kept(house, found.digest), part)
    return _decided(house, found.digest, agent,
                    partial(releasing.start_canary, canary=canary, reason=reason,
                            meets=partial(lie_together, house)))  # fmt: skip


def abort(house: House, name: str, reason: str, agent: str) -> Decided:
    """End a canary for good."""
    return _decided(house, name, agent, partial(releasing.abort, reason=reason))


def said_otherwise(house: House, case: ReleaseCase) -> tuple[Difference, ...]:
    """What a release says otherwise than the one that was in force when it was proposed."""
    if not case.parent:
        return ()
    return differences(house.release_at(case.parent), house.release_at(case.digest))


def history(house: House, digest: str) -> list[Event]:
    """The events of a release, in the order of the log."""
    events = [each for each in governance_events(house.driver) if each.kind in RELEASE_KINDS]
    return [each for each in events
            if digest in (released(each.payload), each.payload.get("back_to"))]  # fmt: skip


def find(house: House, name: str) -> ReleaseCase:
    """A release by its digest or the beginning of it, or by `name version`.

    Raises InputError `RELEASE_UNKNOWN`, or `RELEASE_AMBIGUOUS` where several begin so.
    """
    try:
        return find_in(house.ledger.state(), name)
    except InputError as error:
        if error.code != "RELEASE_UNKNOWN" or not (name and house.shipped.digest.startswith(name)):
            raise
        raise InputError(
            f"release `{name[:12]}` came with the code, and nobody has proposed it",
            code="RELEASE_UNKNOWN", hint="`evenkeel policy in-force` tells whether it governs, "
            "`evenkeel rules` what it says; `evenkeel policy propose` proposes its folder",
        ) from error  # fmt: skip


def find_in(state: Governed, name: str) -> ReleaseCase:
    """As `find`, of a state."""
    return find_among(state.releases.cases.values(), name)


def find_among(cases: Iterable[ReleaseCase], name: str) -> ReleaseCase:
    """As `find`, among some releases."""
    found = [each for each in cases
             if each.digest.startswith(name) or f"{each.name} {each.version}" == name]  # fmt: skip
    if not name or not found:
        raise InputError(f"there is no release `{name[:64]}`", code="RELEASE_UNKNOWN",
                         hint="`evenkeel policy list` shows them")  # fmt: skip
    if len(found) > 1:
        raise InputError(f"{len(found)} releases are called `{name[:64]}`",
                         code="RELEASE_AMBIGUOUS", hint="give more of the digest")  # fmt: skip
    return found[0]


def _decided(
    house: House, name: str, agent: str, decide: Callable[..., NewEvent | None]
) -> Decided:
    digest = find(house, name).digest

    def on(state: Governed, now: datetime) -> NewEvent | None:
        return decide(state, now, actor(agent), digest)

    return house.ledger.append(on)


def _findings(release: Release, examples: Path | None) -> list[dict[str, Any]]:
    try:
        _ = release.compiled  # INVARIANT: a release with a rule that cannot be evaluated never acts
        return [asdict(each) for each in lint(release, examples)]
    except RecursionError as error:
        raise bad_release("its shapes are nested too deeply to be looked at") from error


def _refuse_outgrown(house: House, case: ReleaseCase) -> None:
    """Refuse a release whose back-test was made before anything was decided where something was."""
    if case.status != BACKTESTED or case.shown.decisions or not case.shown.is_told:
        return
    chains = [each.chain for each in house.catalog.chains() if case.scope.covers(each.chain)]
    if any(house.catalog.plans(chain, first=1).rows for chain in chains):
        raise StateError(
            f"release `{case.digest[:12]}` is not tried: its newest back-test is from before the "
            "first recorded decision", code="RELEASE_UNTESTED",
            hint="`evenkeel policy backtest` over recorded decisions",
        )  # fmt: skip


def lie_together(house: House, one: Scope, other: Scope) -> bool:
    """Whether something lies in both, by their names or because a place is in regions of both."""
    if overlap(one, other):
        return True
    bare = [replace(each, regions=()) for each in (one, other)]
    if not (one.regions and other.regions and overlap(*bare)):
        return False
    return any(not names.isdisjoint(one.regions) and not names.isdisjoint(other.regions)
               for chain in house.projection.log.chains()
               if one.covers(chain) and other.covers(chain)
               for names in regions_of(house.facts(chain)).values())  # fmt: skip


def _is_meant(said: str, digest: str) -> bool:
    """Whether a digest is told by how it begins."""
    return len(said) >= SHORTEST_SEEN and digest.startswith(said)


def _kept(house: House, digest: str) -> Release:
    """The release as it is in the store now, its digest checked again."""
    return from_document(house.store.get_document(digest))


def _refuse_strays(house: House, release: Release, scope: Scope) -> None:
    if not scope.is_partial:
        return
    whole = house.release_for("" if scope.chain == ANY else scope.chain).whole
    if names := strays(whole, release):
        raise InputError(
            f"a release for a part differs from the one of the whole in `{names[0]}`"
            + (f" and {len(names) - 1} more" if len(names) > 1 else ""), code="PART_STRAYS",
            hint="knobs, policies and rules on facts and finished plans are of the whole: change "
            "only rules on movements and on stock after moves",
        )  # fmt: skip
