"""A policy release on its way: its statuses, one table of what may follow what, and its case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from governance.canaries import Canary, canary_of
from governance.scopes import Scope
from ontology.errors import StateError
from ontology.events import (
    RELEASE_ABORTED,
    RELEASE_ACTIVATED,
    RELEASE_APPROVED,
    RELEASE_BACKTESTED,
    RELEASE_CANARY_STARTED,
    RELEASE_COMPARED,
    RELEASE_PROPOSED,
    RELEASE_RETIRED,
    RELEASE_REVIEWED,
    RELEASE_ROLLED_BACK,
    RELEASE_WITHDRAWN,
    Event,
    micros_of,
    moment_of,
)

SINCE = "since_micros"
PROPOSED, BACKTESTED, APPROVED, CANARY = "proposed", "back-tested", "approved", "canary"
ACTIVE, RETIRED, ROLLED_BACK = "active", "retired", "rolled back"
WITHDRAWN, ABORTED = "withdrawn", "aborted"
STATUSES = (
    PROPOSED,
    BACKTESTED,
    APPROVED,
    CANARY,
    ACTIVE,
    RETIRED,
    ROLLED_BACK,
    WITHDRAWN,
    ABORTED,
)

TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType({
    (PROPOSED, RELEASE_BACKTESTED): BACKTESTED,
    (PROPOSED, RELEASE_WITHDRAWN): WITHDRAWN,
    (BACKTESTED, RELEASE_BACKTESTED): BACKTESTED,
    (BACKTESTED, RELEASE_REVIEWED): BACKTESTED,
    (BACKTESTED, RELEASE_APPROVED): APPROVED,
    (BACKTESTED, RELEASE_WITHDRAWN): WITHDRAWN,
    (APPROVED, RELEASE_CANARY_STARTED): CANARY,
    (APPROVED, RELEASE_ACTIVATED): ACTIVE,
    (APPROVED, RELEASE_WITHDRAWN): WITHDRAWN,
    (CANARY, RELEASE_COMPARED): CANARY,
    (CANARY, RELEASE_ABORTED): ABORTED,
    (CANARY, RELEASE_ACTIVATED): ACTIVE,
    (ACTIVE, RELEASE_BACKTESTED): ACTIVE,
    (ACTIVE, RELEASE_RETIRED): RETIRED,
    (ACTIVE, RELEASE_ROLLED_BACK): ROLLED_BACK,
    (RETIRED, RELEASE_ACTIVATED): ACTIVE,
})  # fmt: skip
"""From a status by an event to the next; what is not named here is refused.

A release that was retired may be activated again: it was approved, and is the same to the letter.
One that is active may be back-tested on what was decided since, which changes nothing about it.
One that was rolled back, withdrawn or aborted is proposed anew, as another.
"""

GIVEN_UP = frozenset({ROLLED_BACK, WITHDRAWN, ABORTED})
"""What is so never comes back by itself, however often others are rolled back."""

BY_PERSONS_ONLY = frozenset({RELEASE_PROPOSED, RELEASE_APPROVED, RELEASE_REVIEWED,
                             RELEASE_CANARY_STARTED, RELEASE_ACTIVATED, RELEASE_RETIRED,
                             RELEASE_ROLLED_BACK, RELEASE_WITHDRAWN})  # fmt: skip
"""An automatic actor may back-test and abort, never promote."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a back-test holds: so many decisions of chains; `newest` is the last one's event.

    Those of earlier versions do not tell (`is_told`).
    """

    decisions: int = 0
    newest: int = 0
    chains: tuple[str, ...] = ()
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    """A release on its way: its status, who proposed it and why, and what it was shown to do.

    `deny_to_allow` are the rules by which a back-test of it permits what was denied;
    `reviewed` those of them that a person has answered for. `backtest` is that result's artifact.
    """

    digest: str
    name: str
    version: str
    shape_count: int
    author: str
    reason: str
    parent: str
    scope: Scope
    status: str = PROPOSED
    artifact: str = ""
    backtest: str = ""
    deny_to_allow: tuple[str, ...] = ()
    reviewed: frozenset[str] = frozenset()
    approvers: tuple[str, ...] = ()
    canary: Canary | None = None
    untested: str = ""
    """Why its newest back-test shows too little; empty where it shows enough."""
    shown: Shown = Shown()
    """What its newest back-test holds."""

    @property
    def unreviewed(self) -> tuple[str, ...]:
        """Rules by which it permits what was denied, and nobody has answered for that."""
        return tuple(rule for rule in self.deny_to_allow if rule not in self.reviewed)


def next_status(case: ReleaseCase, kind: str) -> str:
    """The status after an event. Raises StateError `RELEASE_STATUS` where the table has none."""
    found = TRANSITIONS.get((case.status, kind))
    if found is None:
        doing = _in_words(kind)
        raise StateError(f"release `{case.digest[:12]}` is {case.status}: it cannot be {doing}",
                         code="RELEASE_STATUS", hint=_what_next(case.status))  # fmt: skip
    return found


def status_after(case: ReleaseCase, event: Event) -> str:
    """As `next_status`; where the table has none, what an event of an earlier version states.

    Nothing is decided so: whatever stands in the log was allowed when it was decided.
    """
    stated = str(event.payload.get("status", ""))
    if (case.status, event.kind) not in TRANSITIONS and stated in STATUSES:
        return stated
    return next_status(case, event.kind)


def released(payload: Mapping[str, Any]) -> str:
    """The digest of the release that an event is about."""
    about = payload["release"]
    return str(about["digest"] if isinstance(about, Mapping) else about)


def since_of(payload: Mapping[str, Any]) -> datetime:
    """From when what an event puts in force is so."""
    return moment_of(payload[SINCE])


def stated_since(since: datetime) -> dict[str, int]:
    """The field of a payload that `since_of` reads."""
    return {SINCE: micros_of(since)}


def learnt(case: ReleaseCase, event: Event) -> dict[str, Any]:
    """What an event tells of a release beside its status, as fields of its case."""
    said = event.payload
    if event.kind == RELEASE_BACKTESTED and case.status == ACTIVE:  # nothing is asked of it anew
        return _tested(event)
    if event.kind == RELEASE_BACKTESTED:  # another result: what was answered for was another one
        opened = tuple(said["deny_to_allow"])
        earlier = tuple(rule for rule in case.deny_to_allow if rule not in opened)
        return {**_tested(event), "deny_to_allow": (*opened, *earlier),
                "reviewed": case.reviewed.difference(opened)}  # fmt: skip
    if event.kind == RELEASE_REVIEWED:
        return {"reviewed": case.reviewed | {said["rule"]}}
    if event.kind == RELEASE_APPROVED:
        return {"approvers": (*case.approvers, event.agent)}
    if event.kind == RELEASE_CANARY_STARTED:
        return {"canary": canary_of(said["terms"])}
    if event.kind == RELEASE_COMPARED and case.canary is not None:
        return {"canary": case.canary.after(said)}
    return {}


def _tested(event: Event) -> dict[str, Any]:
    """What a back-test shows; one of an earlier version does not tell what it holds."""
    tested = event.payload.get("tested", {})
    shown = Shown(tested.get("decisions", 0), tested.get("newest", 0),
                  tuple(tested.get("chains", ())), "decisions" in tested)  # fmt: skip
    return {"backtest": event.artifact, "untested": untested(tested), "shown": shown}


def untested(tested: Mapping[str, Any]) -> str:
    """Why a back-test of these counts proves too little; empty where it proves enough.

    Of an event of an earlier version, which states no counts, nothing is said.
    """
    if tested.get("missing_words"):
        return "it has rules that cannot be evaluated"
    if tested.get("has_recorded") and not tested.get("decisions"):
        return "its newest back-test holds none of the recorded decisions"
    if tested.get("decisions", 0) > tested.get("same_bytes", 0):
        return "not every decision of its newest back-test was made again as it was"
    return "its newest back-test leaves decisions undecided" if tested.get("undecided") else ""


def _what_next(status: str) -> str:
    kinds = [_in_words(kind) for at, kind in TRANSITIONS if at == status]
    if kinds:
        return f"it may be {' or '.join(sorted(kinds))}"
    return "propose it anew, under another version"


def _in_words(kind: str) -> str:
    """What an event does to a release, as it is said of one."""
    return _DOING.get(kind, kind.partition(".")[2].replace("_", " "))


_DOING: Mapping[str, str] = MappingProxyType({
    RELEASE_BACKTESTED: "back-tested", RELEASE_CANARY_STARTED: "tried as a canary",
})  # fmt: skip
