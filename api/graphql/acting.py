"""What every mutation has in common: a key that makes it act once, a rehearsal, typed outcomes."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from functools import partial
from typing import Any

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from graph.idempotency import AnsweredError, Request
from ontology.errors import EvenkeelError, InputError, SolverError, StateError
from ontology.events import Event
from service.doors.door_words import Door, in_words_of
from service.house import House
from service.requests import Account, keep_answer, kept_answer

KEY_USED = "IDEMPOTENCY_KEY_USED"
CONFLICTS = frozenset(
    {
        KEY_USED,
        "FEED_CHANGED",
        "ROW_SETTLED",
        "STALE",
        "STALE_PLAN",
        "APPROVAL_STALE",
        "UNITS_PROMISED",
        "UNITS_GONE",
        "PLAN_BROKEN",
    }
)
"""Codes of what is sound in itself, and another request or another fact came before."""
_NOT_ASKED = ("idempotency_key", "dry_run")

Do = Callable[[House], Awaitable[Account]]
Again = Callable[[House, Event], Account]


@strawberry.input(description="How a mutation is made: once under a key, or only rehearsed.")
class ActingInput:
    """The same key and the same input give the first answer again; `dryRun` changes nothing."""

    idempotency_key: str | None = strawberry.field(
        default=None, description="A key of your own, such as a UUID: with it this acts once."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Tell what would be done, by the same steps; do nothing."
    )


@strawberry.type(description="One reason of a refusal, and where in the input it stands.")
class RefusalReason:
    """`row` is 0 and the others empty where the reason is not about a place."""

    code: str
    message: str
    hint: str
    file: str
    row: int
    column: str


@strawberry.type(description="Why nothing was done, and what would help.")
class Refused:
    """A refusal with the code that every surface shares; the same again is refused again."""

    code: str
    message: str
    hint: str
    reasons: list[RefusalReason]


@strawberry.type(
    description="Nothing was done: the key stands for another request, or another fact came first."
)
class Conflict:
    """`hint` says how to ask anew."""

    code: str
    message: str
    hint: str


@strawberry.type(description="How many, of one class.")
class ClassCount:
    """A count."""

    class_name: str
    count: BigInt


@dataclass(frozen=True, slots=True)
class Done:
    """A verb's account; `replayed`: it stood there before, or the request was answered before."""

    account: Account
    replayed: bool
    dry_run: bool

    @property
    def event(self) -> BigInt | None:
        """The event that did it; None where nothing was to be done, and of a rehearsal."""
        event = None if self.dry_run else self.account.get("event")
        return None if event is None else BigInt(event)


async def done(
    info: Info, name: str, asked: ActingInput, do: Do, again: Again
) -> Done | Refused | Conflict:
    """Do what a mutation `name` asks, once where it has a key, or rehearse it.

    `do` is given the service through which to act and gives an account; `again` tells the account
    of the event that answered before. A refusal is no answer: its key stays free.
    """
    request: Request | None = None
    try:
        request = _request(info, name, asked)
        if (known := await _known(info, request, again)) is not None:
            return known
        return await _done(info, request, asked, do)
    except AnsweredError as answered:  # by another sender, a moment before
        return await _told(info, answered.event, again)
    except (InputError, StateError, SolverError) as refusal:
        return await _refused(info, request, refusal, again)


async def _refused(
    info: Info, request: Request | None, refusal: EvenkeelError, again: Again
) -> Done | Refused | Conflict:
    """A refusal, unless what refuses it is what another sender of the same request has done."""
    if request is None or refusal.code == KEY_USED:
        return refused(refusal)
    try:
        return await _known(info, request, again) or refused(refusal)
    except StateError as conflict:
        return refused(conflict)


async def _done(info: Info, request: Request | None, asked: ActingInput, do: Do) -> Done:
    house = info.context.house.held(info.context.sight.hold)
    if asked.dry_run:
        account = await do(house.rehearsing())
        return Done(account, bool(account.get("replayed")), dry_run=True)
    mine = house.answering(request)
    account = await do(mine)
    if request is not None and mine.projection.log.answered is None:
        await info.context.read(keep_answer, mine, _plain(account), info.context.agent)
    return Done(account, bool(account.get("replayed")), dry_run=False)


async def _known(info: Info, request: Request | None, again: Again) -> Done | None:
    """The first answer to a request, where there is one."""
    if request is None:
        return None
    event = await info.context.read(info.context.house.projection.log.answer_to, request)
    return None if event is None else await _told(info, event, again)


async def _told(info: Info, event: Event, again: Again) -> Done:
    house = info.context.house

    def told() -> Account:
        return kept_answer(house, event) or again(house, event)

    return Done(await info.context.read(told), replayed=True, dry_run=False)


def refused(error: EvenkeelError) -> Refused | Conflict:
    """An error as an outcome, its hint in the words of GraphQL."""
    hint = in_words_of(Door.GRAPHQL, error.hint)
    if error.code in CONFLICTS:
        return Conflict(code=error.code, message=str(error), hint=hint)
    place = error.place
    reason = RefusalReason(code=error.code, message=error.what, hint=hint, file=place.file,
                           row=place.row, column=place.column)  # fmt: skip
    return Refused(code=error.code, message=str(error), hint=hint, reasons=[reason])


def counts_of(counted: Mapping[str, int]) -> list[ClassCount]:
    """Counts by class, in order of name."""
    return [ClassCount(class_name=name, count=BigInt(n)) for name, n in sorted(counted.items())]


def _request(info: Info, name: str, asked: ActingInput) -> Request | None:
    if asked.idempotency_key is None:
        return None
    stated = {part: value for part, value in asdict(asked).items() if part not in _NOT_ASKED}
    text = json.dumps([name, stated], sort_keys=True, default=_text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Request(info.context.agent, asked.idempotency_key, digest)


def _text(value: Any) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)


def _plain(account: Account) -> Account:
    """An account as canonical JSON can keep it."""
    found: Account = json.loads(json.dumps(account, default=_text))
    return found


def in_thread(info: Info, work: Callable[[House], Account]) -> Do:
    """A verb that reads and writes, in one of the threads that wait for the database."""

    async def do(house: House) -> Account:
        return await info.context.read(info.context.sight.held(partial(work, house)))

    return do
