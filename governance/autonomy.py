"""How far a machine may go by itself, where: levels by scope, and the envelope that it acts in."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from governance.reach import Cell, Reach, narrowest, overlap, within
from governance.release_cases import released
from governance.releases import Releases
from governance.scopes import Scope, scope_of
from ontology.access import ANY
from ontology.errors import InputError
from ontology.events import (
    AUTONOMY_RAISED,
    RELEASE_ABORTED,
    RELEASE_ROLLED_BACK,
    STOP_PUT,
    Event,
)

OBSERVE, SUGGEST, WITH_APPROVAL, WITHIN_ENVELOPE = range(4)
LEVELS = ("observe", "suggest", "act with approval", "act within envelope")
"""What a machine does by itself: it tells; it also makes plans; it also submits them to people;
it also approves them, within an envelope. Where nobody has said anything, it observes."""

BACKTEST, CANARY, OUTCOME = "backtest", "canary", "outcome"
EVIDENCE = (BACKTEST, CANARY, OUTCOME)
NEEDED: Mapping[int, tuple[frozenset[str], ...]] = MappingProxyType({
    SUGGEST: (frozenset(EVIDENCE),),
    WITH_APPROVAL: (frozenset({BACKTEST}),),
    WITHIN_ENVELOPE: (frozenset({BACKTEST}), frozenset({CANARY, OUTCOME})),
})  # fmt: skip
"""What a level is reached on: of each of these sets, evidence of one kind."""

_LARGEST = 2**53 - 1
LOW = 500
"""Per mille: with less confidence a person decides, whatever an envelope says."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The limits within which a machine approves a plan. Raises InputError `ENVELOPE_INVALID`.

    `handling_classes` are those that it may move; an item of none is of the class ``. Ages are of
    the oldest fact that a line stands on.
    """

    most_value_cents: int
    most_units: int
    most_gap_per_million: int = 0
    handling_classes: tuple[str, ...] = ("",)
    most_data_age_hours: int = 24
    least_confidence_per_mille: int = 500

    def __post_init__(self) -> None:
        """Sort the classes, and refuse numbers that limit nothing."""
        object.__setattr__(self, "handling_classes", tuple(sorted(set(self.handling_classes))))
        numbers = [getattr(self, each.name) for each in fields(self)
                   if each.name != "handling_classes"]  # fmt: skip
        if not all(0 <= number <= _LARGEST for number in numbers):
            raise InputError("the limits of an envelope are whole numbers from 0",
                             code="ENVELOPE_INVALID", hint="see `evenkeel autonomy raise --help`"
                             )  # fmt: skip
        if self.least_confidence_per_mille > 1000:
            raise InputError("confidence is at most 1,000 per mille", code="ENVELOPE_INVALID",
                             hint="give a number from 0 to 1,000")  # fmt: skip

    def stated(self) -> dict[str, Any]:
        """As an event states it."""
        return asdict(self) | {"handling_classes": list(self.handling_classes)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a level can be reached: its kind, and the artifact that holds it."""

    kind: str
    artifact: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The level of a scope, by which event, why, and on what evidence.

    `spent` are the artifacts of evidence that it was raised on: they raise nothing again. Of each
    kind only what came to be after the event in `counted` shows anything: the last raise that the
    kind was used for (of a canary: none), or the last fall.
    """

    scope: Scope
    level: int
    event: int
    since: datetime
    by: str
    reason: str
    envelope: Envelope | None = None
    evidence: tuple[Evidence, ...] = ()
    spent: frozenset[str] = frozenset()
    counted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Autonomy:
    """The standing of each scope that was ever raised or lowered; `causes` lowered one already.

    A scope of all chains is raised for those of which something was shown (`of_chains`). At any
    other that it covers, such as one that came later, what stands in `standings` holds, or nothing.
    """

    standings: Mapping[Scope, Standing] = field(default_factory=dict)
    causes: frozenset[str] = frozenset()
    of_chains: Mapping[tuple[Scope, str], Standing] = field(default_factory=dict)

    def at(self, chain: str) -> dict[Scope, Standing]:
        """What holds at a chain, by scope."""
        found = {scope: each for scope, each in self.standings.items() if scope.covers(chain)}
        return found | {scope: each for (scope, of), each in self.of_chains.items() if of == chain}

    def told(self) -> list[tuple[Standing, tuple[str, ...]]]:
        """Each standing, by scope; with the chains that it holds for alone, none where for all.

        Those chains apart for which the same scope was raised, that is.
        """
        alone: dict[Standing, list[str]] = {}
        for (_, chain), each in self.of_chains.items():
            alone.setdefault(each, []).append(chain)
        found = [(each, tuple(sorted(chains))) for each, chains in alone.items()]
        return sorted([*found, *((each, ()) for each in self.standings.values())],
                      key=lambda one: (one[0].scope, not one[1], one[1]))  # fmt: skip

    def level(self, reach: Reach) -> int:
        """The level of what a plan reaches: the least of its cells; of no cell, OBSERVE."""
        return min((self.level_at(reach.chain, cell) for cell in reach.cells), default=OBSERVE)

    def level_at(self, chain: str, cell: Cell) -> int:
        """The level of a cell: the least of its governing scopes."""
        return min((each.level for each in self.governing(chain, cell)), default=OBSERVE)

    def governing(self, chain: str, cell: Cell) -> list[Standing]:
        """The standings that hold at a cell: each of them, but where a narrower one lies in it.

        Of a cell that is not known in full each that it may lie in holds, the wider ones as well;
        none where it is known to lie in no scope.
        """
        here = self.at(chain)
        mine = [scope for scope in here if cell.lies_in(scope)]
        if cell.is_known:
            return [here[scope] for scope in narrowest(iter(mine))]
        # INVARIANT: what is not known of a cell never lets a machine do more
        return [each for scope, each in here.items() if mine and cell.may_lie_in(scope)]

    def level_of(self, scope: Scope, chains: Collection[str] = ()) -> int:
        """The level of a scope as such: its own, else that of the scopes it lies in, by name.

        Of a scope of all chains the least at these `chains`; of none, that of one to come.
        """
        if scope.chain != ANY:
            return _level_in(self.at(scope.chain), scope)
        return min((_level_in(self.at(chain), scope) for chain in chains),
                   default=_level_in(self.standings, scope))  # fmt: skip

    def highest(self, chain: str) -> int:
        """The highest level of any part of a chain."""
        return max((each.level for each in self.at(chain).values()), default=OBSERVE)

    def envelopes(self, reach: Reach) -> tuple[Envelope, ...]:
        """The envelopes of all scopes that govern what a plan reaches, each once."""
        found = {
            each.scope: each.envelope
            for cell in reach.cells for each in self.governing(reach.chain, cell)
        }  # fmt: skip
        return tuple(envelope for _, envelope in sorted(found.items()) if envelope is not None)

    def after(self, event: Event, chains: Collection[str] | None = None) -> "Autonomy":
        """The levels after an event of theirs.

        `chains` are those for which it raised a scope of all; None: for whatever there is.
        """
        said, scope = event.payload, scope_of(event.payload["scope"])
        if event.kind == AUTONOMY_RAISED:
            if scope.chain == ANY and chains is not None:
                return self._raised_for(event, scope, chains)
            return self._raised(event, scope)
        return self.lowered(event, scope, said["level"], said["reason"], said.get("cause", ""))

    def after_stop(self, event: Event) -> "Autonomy":
        """A stop leaves nothing above SUGGEST in its scope; it is raised step by step again."""
        if event.kind != STOP_PUT:
            return self
        scope = scope_of(event.payload["scope"])
        if not self.stands_above(scope, SUGGEST):
            return self
        return self.lowered(event, scope, SUGGEST, event.payload["reason"])

    def after_release(self, event: Event, releases: Releases) -> "Autonomy":
        """A canary that is aborted, or a release that is rolled back, takes a step in its scope."""
        if event.kind not in {RELEASE_ABORTED, RELEASE_ROLLED_BACK}:
            return self
        scope = releases.case(released(event.payload)).scope
        if not self.stands_above(scope, SUGGEST):
            return self
        inner = (each.level for _, each in self._all() if within(each.scope, scope))
        highest = max(inner, default=self.level_of(scope))
        return self.lowered(event, scope, max(SUGGEST, highest - 1), event.payload["reason"])

    def stands_above(self, scope: Scope, level: int) -> bool:
        """Whether a part of a scope may stand above a level.

        Names do not tell which regions lie in one another, so each may.
        """
        return any(each.level > level and (chain == ANY or scope.covers(chain))
                   for chain, each in self._all())  # fmt: skip

    def inner_above(self, scope: Scope, level: int) -> bool:
        """Whether a scope that lies in another by name stands above a level."""
        return any(each.level > level and within(each.scope, scope) for _, each in self._all())

    def spent(self, scope: Scope) -> frozenset[str]:
        """The evidence on which some part of a scope was raised before."""
        return frozenset().union(*(each.spent for _, each in self._all()
                                   if overlap(each.scope, scope)))  # fmt: skip

    def counted(self, scope: Scope, kind: str) -> int:
        """The event after which evidence of a kind shows something new of a scope; 0: any does."""
        return max((dict(each.counted).get(kind, 0) for _, each in self._all()
                    if overlap(each.scope, scope)), default=0)  # fmt: skip

    def _all(self) -> Iterator[tuple[str, Standing]]:
        """Every standing, with the chain that it holds at; ANY where it does at whatever comes."""
        yield from ((scope.chain, each) for scope, each in self.standings.items())
        yield from ((chain, each) for (_, chain), each in self.of_chains.items())

    def _raised(self, event: Event, scope: Scope) -> "Autonomy":
        made = _raise(event, scope, event.payload["level"], self.standings.get(scope))
        lifted = {key: made for key, each in self.of_chains.items()
                  if key[0] == scope and each.level < made.level}  # fmt: skip
        return replace(self, standings={**self.standings, scope: made},
                       of_chains={**self.of_chains, **lifted})  # fmt: skip

    def _raised_for(self, event: Event, scope: Scope, chains: Collection[str]) -> "Autonomy":
        """All of these chains that stand lower are a step higher: no chain but these."""
        found = dict(self.of_chains)
        for chain in sorted(chains):
            here = self.at(chain)
            standing, level = _level_in(here, scope), event.payload["level"]
            if standing < level:  # INVARIANT: no raise lifts a chain by more than a step
                found[scope, chain] = _raise(event, scope, min(level, standing + 1),
                                             here.get(scope))  # fmt: skip
        return replace(self, of_chains=found)

    def lowered(
        self, event: Event, scope: Scope, to: int, reason: str, cause: str = ""
    ) -> "Autonomy":
        """Nothing in a scope stands above a level any more, the scopes that lie in it included."""
        said = (event.sequence, event.recorded_at, event.agent, reason)
        found, apart = dict(self.standings), dict(self.of_chains)
        found[scope] = _lower(found.get(scope), scope, min(to, self.level_of(scope)), said)
        for chain in {chain for _, chain in apart} if scope.chain == ANY else ():
            here = self.at(chain)
            apart[scope, chain] = _lower(here.get(scope), scope, min(to, _level_in(here, scope)),
                                         said)  # fmt: skip
        for inner, standing in self.standings.items():
            if inner != scope and standing.level > to and within(inner, scope):
                found[inner] = _lower(standing, inner, to, said)
        for (inner, chain), standing in self.of_chains.items():
            if inner != scope and standing.level > to and within(inner, scope):
                apart[inner, chain] = _lower(standing, inner, to, said)
        return replace(self, standings=found, of_chains=apart,
                       causes=self.causes | {cause} if cause else self.causes)  # fmt: skip


def _level_in(here: Mapping[Scope, Standing], scope: Scope) -> int:
    """The level of a scope by what holds somewhere: its own, else that of those it lies in."""
    wider = narrowest(each for each in here if within(scope, each))
    return min((here[each].level for each in wider), default=OBSERVE)


def _raise(event: Event, scope: Scope, level: int, known: Standing | None) -> Standing:
    """The standing of a scope that an event raised to a level."""
    said = event.payload
    is_enveloped = said["envelope"] and level == WITHIN_ENVELOPE
    shown = tuple(Evidence(**each) for each in said["evidence"])
    used = {each.kind: event.sequence for each in shown if each.kind != CANARY}
    return Standing(
        scope, level, event.sequence, event.recorded_at, event.agent, said["reason"],
        Envelope(**_tuples(said["envelope"])) if is_enveloped else None, shown,
        frozenset(each.artifact for each in shown).union(known.spent if known else ()),
        tuple(sorted({**dict(known.counted if known else ()), **used}.items())),
    )  # fmt: skip


def _lower(
    known: Standing | None, scope: Scope, level: int, said: tuple[int, datetime, str, str]
) -> Standing:
    spent = frozenset[str]() if known is None else known.spent
    return Standing(scope, level, *said, spent=spent,
                    counted=tuple((kind, said[0]) for kind in sorted(EVIDENCE)))  # fmt: skip


def _tuples(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {**stated, "handling_classes": tuple(stated["handling_classes"])}
