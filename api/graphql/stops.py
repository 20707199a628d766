"""Stops and protected items, over GraphQL."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import partial

import strawberry

from api.graphql.acting import ActingInput
from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.scoped_decisions import Outcome, decided, permit_chain, permit_scope
from api.graphql.scopes import PolicyScope, ScopeInput
from governance.scopes import Scope
from governance.stops import PAUSE, STOP, Stop
from ontology.access import ANY
from service.governing import autonomy
from service.governing.ledger import Decided
from service.house import House


@strawberry.enum(description="A pause also makes void what waits or is approved in its scope.")
class StopMode(Enum):
    """How it stops."""

    STOP = STOP
    PAUSE = PAUSE


@strawberry.type(description="Nothing is submitted, approved or done in a scope.")
class GovernanceStop:
    """Known by the number of its event."""

    number: BigInt
    mode: StopMode
    scope: PolicyScope
    reason: str
    by: str
    since: datetime
    is_lifted: bool


@strawberry.type(description="An item that no machine moves.")
class ProtectedItem:
    """A person may."""

    chain: str
    item: str
    reason: str
    by: str
    since: datetime


@strawberry.type(description="The stops that stand over a chain, and what no machine moves there.")
class Halted:
    """Lifted stops are told where they are asked for."""

    stops: list[GovernanceStop]
    protected: list[ProtectedItem]


@strawberry.input(description="A stop of a scope.")
class StopInput(ActingInput):
    """The scope `*` without limits stops everything."""

    scope: ScopeInput
    reason: str
    mode: StopMode = StopMode.STOP


@strawberry.input(description="A stop to lift, by another person than the one who put it.")
class ResumeInput(ActingInput):
    """By its number."""

    stop: int
    reason: str


@strawberry.input(description="Items that no machine moves, or may move again.")
class ProtectInput(ActingInput):
    """Of a chain, or of all (*), by key."""

    chain: str
    items: list[str]
    reason: str
    protect: bool = True


@strawberry.type
class StopQueries:
    """What is stopped."""

    @described
    async def halted(self, info: Info, chain: str, lifted: bool = False) -> Halted:
        """What is stopped over a chain, and what no machine moves there."""
        state = await info.context.read(info.context.house.ledger.state)
        told, found = info.context.house.persons.told, state.stops
        stops = [each for _, each in sorted(found.put.items())
                 if each.scope.covers(chain) and (lifted or not each.is_lifted)]  # fmt: skip
        kept = [each for _, each in sorted(found.protections.items())
                if each.chain in (chain, ANY)]  # fmt: skip
        info.context.count(len(stops) + len(kept))
        return Halted(
            stops=[_stop(each, told) for each in stops],
            protected=[ProtectedItem(chain=one.chain, item=one.item, reason=one.reason,
                                     by=told(one.by), since=one.since) for one in kept],
        )  # fmt: skip


@strawberry.type
class StopMutations:
    """Decisions about stops and protected items; each is one event of the ledger."""

    @described
    async def stop(self, info: Info, input: StopInput) -> Outcome:  # noqa: A002
        """Stop a scope at once; in the mode PAUSE what is open there becomes void, too."""
        tells = await permit_scope(info, input.scope, "stops.put")

        def work(house: House, agent: str) -> Decided:
            return autonomy.stop(house, input.scope.asked(), input.reason, agent,
                                 input.mode.value)  # fmt: skip

        return await decided(info, "stop", input, work, input.scope.asked if tells else None)

    @described
    async def resume(self, info: Info, input: ResumeInput) -> Outcome:  # noqa: A002
        """Lift a stop that somebody else put."""
        state = await info.context.read(info.context.house.ledger.state)
        found = state.stops.put.get(input.stop)
        if found is not None or not info.context.sight.caller.is_owner:
            await permit_chain(info, found.scope.chain if found else "", "stops.lift")

        def work(house: House, agent: str) -> Decided:
            return autonomy.resume(house, input.stop, input.reason, agent)

        return await decided(info, "resume", input, work)

    @described
    async def protect_items(self, info: Info, input: ProtectInput) -> Outcome:  # noqa: A002
        """Let no machine move some items; or, with `protect: false`, let machines again."""
        verb = "stops.put" if input.protect else "stops.lift"
        tells = await permit_chain(info, input.chain, verb)

        def work(house: House, agent: str) -> Decided:
            act = autonomy.protect if input.protect else autonomy.unprotect
            return act(house, input.chain, input.items, input.reason, agent)

        return await decided(info, "protectItems", input, work,
                              partial(Scope, input.chain) if tells else None, input.items
                              )  # fmt: skip


def _stop(stop: Stop, told: Callable[[str], str]) -> GovernanceStop:
    return GovernanceStop(
        number=BigInt(stop.number), mode=StopMode(stop.mode), scope=PolicyScope.of(stop.scope),
        reason=stop.reason, by=told(stop.by), since=stop.since, is_lifted=stop.is_lifted,
    )  # fmt: skip
