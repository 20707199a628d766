"""Emergency stops, pauses and protected items: what nobody, or no machine, does for now."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from governance.reach import Reach, overlap
from governance.scopes import Scope, scope_of
from ontology.access import ANY
from ontology.errors import StateError
from ontology.events import ITEMS_PROTECTED, ITEMS_RELEASED, STOP_LIFTED, STOP_PUT, Event

STOP, PAUSE = "stop", "pause"
MODES = (STOP, PAUSE)
"""A pause also freezes the approvals that stand: they count again once they were checked again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing new is submitted, approved or done in a scope; known by the number of its event."""

    number: int
    scope: Scope
    mode: str
    reason: str
    by: str
    since: datetime
    is_lifted: bool = False
    lifts: tuple["Lift", ...] = ()
    """Who has said that it may be lifted; the last of them lifted it, if it is."""


@dataclass(frozen=True, slots=True)
class Lift:
    """A person's word that a stop may be lifted."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Protection:
    """An item that no machine moves, of a chain or of all; a person may."""

    chain: str
    item: str
    reason: str
    by: str
    since: datetime


@dataclass(frozen=True)
class Stops:
    """The stops that were put and the items that are protected."""

    put: Mapping[int, Stop] = field(default_factory=dict)
    protections: Mapping[tuple[str, str], Protection] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[Stop, ...]:
        """The stops that were not lifted, in order."""
        return tuple(each for _, each in sorted(self.put.items()) if not each.is_lifted)

    def against(self, reach: Reach) -> tuple[Stop, ...]:
        """The stops that stand in what a plan reaches; where that is unknown, they do."""
        return tuple(each for each in self.standing if reach.touched_by(each.scope))

    def over(self, scope: Scope) -> tuple[Stop, ...]:
        """The stops that stand in some part of a scope, as far as names say."""
        return tuple(each for each in self.standing if overlap(each.scope, scope))

    def protected(self, reach: Reach) -> tuple[str, ...]:
        """The items that a plan moves and no machine may, in order."""
        chains = (reach.chain, ANY)
        return tuple(sorted(item for item in reach.items
                            if any((chain, item) in self.protections for chain in chains)
                            ))  # fmt: skip

    def paused_last(self, reach: Reach) -> int:
        """The number of the newest pause that touched what a plan reaches, lifted or not; 0: none.

        An approval that is older was frozen by it, until it is checked again.
        """
        return max((each.number for each in self.put.values()
                    if each.mode == PAUSE and reach.touched_by(each.scope)), default=0)  # fmt: skip

    def refuse(self, reach: Reach) -> None:
        """Raises StateError `STOPPED` where a stop stands in what a plan reaches.

        Every decision that lets a plan go a step on asks this of the state that it is decided on,
        so a stop holds from its event on, whoever was about to decide.
        """
        found = self.against(reach)
        if found:  # INVARIANT: nothing acts under a stop
            raise stopped(found[0])

    def refuse_case(self, reach: Reach, submission: int) -> None:
        """As `refuse`, and where a pause came after a plan was submitted: it begins anew then."""
        self.refuse(reach)
        if self.paused_last(reach) > submission:
            raise StateError("a pause came after this plan was submitted", code="STOPPED",
                             hint="submit it again: it is checked on what is so now")  # fmt: skip

    def stop(self, number: int) -> Stop:
        """A stop by its number. Raises StateError `STOP_UNKNOWN`."""
        found = self.put.get(number)
        if found is None:
            raise StateError(f"there is no stop {number}", code="STOP_UNKNOWN",
                             hint="`evenkeel stops` lists them with their numbers")  # fmt: skip
        return found

    def after(self, event: Event) -> "Stops":
        """The stops after an event of theirs."""
        said = event.payload
        if event.kind == STOP_PUT:
            made = Stop(event.sequence, scope_of(said["scope"]), said["mode"], said["reason"],
                        event.agent, event.recorded_at)  # fmt: skip
            return replace(self, put={**self.put, made.number: made})
        if event.kind == STOP_LIFTED:
            known, word = self.stop(said["stop"]), Lift(event.agent, event.recorded_at)
            lifted = replace(known, is_lifted=known.is_lifted or said.get("completes", True),
                             lifts=(*known.lifts, word))  # fmt: skip
            return replace(self, put={**self.put, lifted.number: lifted})
        changed = dict(self.protections)
        for item in said["items"]:
            if event.kind == ITEMS_PROTECTED:
                changed[said["chain"], item] = Protection(said["chain"], item, said["reason"],
                                                          event.agent, event.recorded_at
                                                          )  # fmt: skip
            elif event.kind == ITEMS_RELEASED:
                changed.pop((said["chain"], item), None)
        return replace(self, protections=changed)


def stopped(stop: Stop) -> StateError:
    """The refusal that a stop gives."""
    return StateError(
        f"a {stop.mode} stands here since {stop.since:%Y-%m-%d %H:%M} UTC: {stop.reason}",
        code="STOPPED", hint=f"`evenkeel resume {stop.number}` lifts it, by another person",
    )  # fmt: skip
