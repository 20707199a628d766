"""Decisions about a scope that stops or lets machines act: who may, and what came of it."""

from collections.abc import Callable, Sequence
from typing import Annotated

import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from api.graphql.scopes import ScopeInput
from governance.scopes import Scope
from ontology.access import ANY, Grant
from ontology.events import Event as LogEvent
from service.access import denied
from service.governing.known_names import unknown_names
from service.governing.ledger import Decided
from service.house import House
from service.requests import Account


@strawberry.type(description="What was decided: the event; null where it was so, or a dry run.")
class AutonomyDecided:
    """`number` is that of the stop where the decision is about one."""

    event: BigInt | None
    replayed: bool
    dry_run: bool
    unknown: list[str] = strawberry.field(
        description="Names that no fact knows, in words: for them it holds for nothing so far."
    )


Outcome = Annotated[
    AutonomyDecided | Refused | Conflict, strawberry.union("AutonomyDecisionResult")
]


async def permit_scope(info: Info, asked: ScopeInput, verb: str) -> bool:
    """As `permit_chain`; by a grant that is limited, only of scopes that name what lies in it.

    None is limited to suppliers: a plan is held up as a whole.
    """
    tells = await permit_chain(info, asked.chain, verb)
    sight = info.context.sight
    if not sight.caller.is_owner and asked.chain != ANY:
        found = (await info.context.read(sight.view, asked.chain, verb)).grants
        if not any(_reaches(grant, asked) for grant in found):
            raise denied()
    return tells


def _reaches(grant: Grant, asked: ScopeInput) -> bool:
    pairs = ((asked.regions, grant.regions), (asked.families, grant.families))
    return not grant.suppliers and all(
        not wide or (bool(narrow) and set(narrow) <= set(wide)) for narrow, wide in pairs
    )


async def permit_chain(info: Info, chain: str, verb: str) -> bool:
    """Whether the caller may be told what names the scope's chains have.

    Raises AccessError `ACCESS_DENIED` for a scope of which the caller may not decide. What is of
    all chains takes a grant on all; what lifts or raises takes the whole of the chain.
    """
    sight = info.context.sight
    if sight.caller.is_owner:
        return True
    if not chain:
        raise denied()
    if chain == ANY:
        await info.context.read(sight.everything, verb)
        return True
    view = await info.context.read(sight.view, chain, verb)
    return not all(grant.is_limited for grant in view.grants)


async def decided(
    info: Info, name: str, asked: ActingInput, work: Callable[[House, str], Decided],
    of: Callable[[], Scope] | None = None, items: Sequence[str] = (),
) -> AutonomyDecided | Refused | Conflict:  # fmt: skip
    """Decide once under a key; a refusal of the ledger is an outcome.

    Of the scope and the items, what no fact knows is told.
    """

    def act(house: House) -> Account:
        event = work(house, info.context.agent).event
        unknown = unknown_names(house.plainly(), of(), items) if of is not None else []
        return {"event": event and event.sequence, "replayed": event is None, "unknown": unknown}

    found = await done(info, name, asked, in_thread(info, act), _again)
    if not isinstance(found, Done):
        return found
    return AutonomyDecided(event=found.event, replayed=found.replayed, dry_run=found.dry_run,
                           unknown=found.account.get("unknown", []))  # fmt: skip


def _again(_: House, event: LogEvent) -> Account:
    return {"event": event.sequence}
