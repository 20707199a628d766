"""The log as others can check it: checkpoints that are signed, keys, proofs as files."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread, refused
from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from ontology.errors import InputError, StateError
from ontology.events import Event
from service.house import House
from service.requests import Account, keep_answer
from service.transparency import checkpoint, event_at, named_keys_of, proof_under, unsigned


@strawberry.input(description="Which log is signed: the present one, or as it was at a size.")
class CheckpointInput(ActingInput):
    """`size` counts events."""

    size: int | None = None


@strawberry.type(description="A signed checkpoint of the log.")
class CheckpointSigned:
    """`checkpoint` is the text of c2sp.org/tlog-checkpoint; null of a dry run."""

    size: BigInt
    root: str
    checkpoint: str | None
    replayed: bool
    dry_run: bool


@strawberry.type(description="A public key of the log, in force since an event.")
class LogKey:
    """As verifiers take it."""

    key: str
    event: BigInt
    since: datetime


@strawberry.type
class SigningQueries:
    """What others need to check the log."""

    @described
    async def log_keys(self, info: Info) -> list[LogKey]:
        """The public keys of the log, the last one in force."""
        found = await info.context.read(named_keys_of, info.context.house)
        info.context.count(len(found))
        return [LogKey(key=key, event=BigInt(event), since=since) for event, since, key in found]

    @described
    async def event_proof(
        self, info: Info, event: int, lines: list[int] | None = None, only: list[str] | None = None
    ) -> str:
        """The file that proves an event to stand in the log that was signed last.

        `lines` of a plan are shown each with its proof; `only` these fields are shown. Check it
        with `evenkeel log verify`.
        """
        if len(lines or ()) > 100 or len(only or ()) > 100:
            raise InputError("at most 100 lines or fields are shown at once", code="PAGE_SIZE",
                             hint="ask for several proofs")  # fmt: skip
        house = info.context.house

        def prove() -> str:
            return proof_under(house, event_at(house, event), lines=lines or [], only=only)

        info.context.count(1 + len(lines or ()))
        return await info.context.read(prove)


@strawberry.type
class SigningMutations:
    """Signs the log."""

    @described
    async def sign_checkpoint(
        self,
        info: Info,
        input: CheckpointInput,  # noqa: A002
    ) -> Annotated[CheckpointSigned | Refused | Conflict, strawberry.union("SignCheckpointResult")]:
        """Sign the log as it is, or as it was at a size; the same size has the same checkpoint."""

        def work(house: House) -> Account:
            size, root = unsigned(house, input.size or 0)
            if house.projection.log.rehearses:
                return {"size": size, "root": root}
            if house.projection.log.request is not None:  # which one is settled before it is signed
                keep_answer(house, {"size": size, "root": root}, info.context.agent)
            return {"size": size, "root": root}

        found = await done(info, "signCheckpoint", input, in_thread(info, work), _no_other)
        if not isinstance(found, Done):
            return found
        told, size, text = found.account, int(found.account["size"]), None
        try:
            if not found.dry_run:  # killed before this, the same key signs the same size
                house, caller = info.context.house, info.context.agent
                text = (await info.context.read(checkpoint, house, caller, size)).text
        except StateError as error:
            return refused(error)
        return CheckpointSigned(size=BigInt(size), root=told["root"], checkpoint=text,
                                replayed=found.replayed, dry_run=found.dry_run)  # fmt: skip


def _no_other(_: House, event: Event) -> Account:
    raise AssertionError(f"event {event.sequence} answers no request for a checkpoint")
