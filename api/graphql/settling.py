"""Rows that were set aside: listed over a chain, and what is done with them."""

from collections.abc import Callable
from typing import Annotated

import strawberry

from api.graphql.acting import (
    ActingInput,
    ClassCount,
    Conflict,
    Done,
    Refused,
    counts_of,
    done,
    in_thread,
)
from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from graph.catalog import SetAside
from graph.settled_rows import OPEN, STATES
from ontology.errors import InputError
from service.house import House
from service.requests import Account, settled_again
from service.stewardship.mending import Settled
from service.stewardship.quarantine import accept, discard, fix, retry


@strawberry.input(description="A cell of a row, and what it should be.")
class CellInput:
    """A column of the file, by its header."""

    column: str
    value: str


@strawberry.input(description="A row that a delivery set aside, with other cells.")
class FixRowInput(ActingInput):
    """`delivery` is the event that set it aside, `row` its number there, from 1."""

    delivery: int
    row: int
    cells: list[CellInput]
    reason: str = ""


@strawberry.input(name="SettleRowsInput", description="Rows that a delivery set aside.")
class RowsInput(ActingInput):
    """`delivery` is the event that set them aside; without `rows`, all that are open."""

    delivery: int
    rows: list[int] = strawberry.field(default_factory=list)
    reason: str = ""


@strawberry.input(name="DiscardRowsInput", description="Rows to settle without loading them.")
class DiscardInput(RowsInput):
    """`code` leaves out those that were set aside for another one."""

    code: str = ""


@strawberry.type(description="A row that stays open.")
class StillOpen:
    """Its number in the delivery, and the reason of today."""

    row: int
    code: str
    reason: str


@strawberry.type(description="What became of rows that were set aside.")
class RowsSettled:
    """`event` settled them: null of a dry run, and where none could be.

    `rows` are those that it settled; those that stay open are told by the first answer alone.
    """

    delivery: BigInt
    state: str
    event: BigInt | None
    rows: list[int]
    still_open: list[StillOpen]
    changed: list[ClassCount]
    replayed: bool
    dry_run: bool

    @staticmethod
    def of(found: Done) -> "RowsSettled":
        """The account of the service."""
        told = found.account
        changed = {name: sum(counts.values()) - counts["same"]
                   for name, counts in told["changes"].items()}  # fmt: skip
        return RowsSettled(
            delivery=BigInt(told["delivery"]), state=told["state"], event=found.event,
            rows=list(told["numbers"]), changed=counts_of(changed),
            still_open=[StillOpen(row=each["number"], code=each["code"], reason=each["reason"])
                        for each in told["left"]],
            replayed=found.replayed, dry_run=found.dry_run,
        )  # fmt: skip


Outcome = Annotated[RowsSettled | Refused | Conflict, strawberry.union("SettleRowsResult")]


@strawberry.type(description="A row that was set aside, and what became of it.")
class RowSetAside:
    """`settledIn` is the event that settled it, null while it is open."""

    delivery: BigInt
    number: BigInt
    source: str
    state: str
    class_name: str
    file: str
    row: BigInt
    column: str
    code: str
    reason: str
    text: str
    settled_in: BigInt | None
    why: str

    @staticmethod
    def of(found: SetAside) -> "RowSetAside":
        """The row of the catalog."""
        row = found.row
        return RowSetAside(
            delivery=BigInt(found.event), number=BigInt(found.number), source=found.source,
            state=found.state, class_name=row.class_name, file=row.file, row=BigInt(row.row),
            column=row.column, code=row.code, reason=row.reason, text=row.text,
            settled_in=BigInt(found.settled_in) if found.settled_in else None, why=found.why,
        )  # fmt: skip


@strawberry.type
class RowQueries:
    """Rows that were set aside."""

    @described
    async def rows_set_aside(
        self, info: Info, chain: str, state: str = OPEN, source: str = "", class_name: str = "",
        code: str = "", first: First = 50, after: After = None,
    ) -> Connection[RowSetAside]:  # fmt: skip
        """Rows of all deliveries of a chain in one state, in the order of the log."""
        if state not in STATES:
            raise InputError(f"`{state[:100]}` is no state of a row", code="STATE_UNKNOWN",
                             hint=f"use one of: {', '.join(STATES)}")  # fmt: skip
        context, scope = info.context, f"setAside/{[chain, state, source, class_name, code]}"
        begin = tuple(context.cursors.read(scope, after)) if after else (0, 0)
        page = await context.read(
            context.house.catalog.set_aside, chain, state, source=source, class_name=class_name,
            code=code, after=begin, first=check_first(first),
        )  # fmt: skip
        context.count(len(page.rows))
        rows = page.rows
        return connection(
            [RowSetAside.of(row) for row in rows], page.has_more, scope, context.cursors,
            lambda row: [rows[row].event, rows[row].number],
        )  # fmt: skip


@strawberry.type
class RowMutations:
    """What is done with rows that were set aside; each is settled once."""

    @described
    async def fix_row(self, info: Info, input: FixRowInput) -> Outcome:  # noqa: A002
        """Load a row with some of its cells changed."""

        def work(house: House) -> Account:
            changes = {cell.column: cell.value for cell in input.cells}
            return _account(fix(house, input.delivery, input.row, changes,
                                agent=info.context.agent, reason=input.reason))  # fmt: skip

        return await _settled(info, "fixRow", input, work)

    @described
    async def accept_rows(self, info: Info, input: RowsInput) -> Outcome:  # noqa: A002
        """Load rows in spite of the doubt that held them; `rows` and a `reason` are wanted."""

        def work(house: House) -> Account:
            if not input.rows:
                raise InputError("which rows are meant?", code="ROW_UNKNOWN",
                                 hint="state `rows`: a doubt is settled row by row")  # fmt: skip
            return _account(accept(house, input.delivery, input.rows, agent=info.context.agent,
                                   reason=input.reason))  # fmt: skip

        return await _settled(info, "acceptRows", input, work)

    @described
    async def retry_rows(self, info: Info, input: RowsInput) -> Outcome:  # noqa: A002
        """Load rows as they are; what is still bad stays open."""

        def work(house: House) -> Account:
            return _account(retry(house, input.delivery, input.rows, agent=info.context.agent,
                                  reason=input.reason))  # fmt: skip

        return await _settled(info, "retryRows", input, work)

    @described
    async def discard_rows(self, info: Info, input: DiscardInput) -> Outcome:  # noqa: A002
        """Settle rows without loading them; a `reason` is wanted."""

        def work(house: House) -> Account:
            return _account(discard(house, input.delivery, input.rows, agent=info.context.agent,
                                    reason=input.reason, code=input.code))  # fmt: skip

        return await _settled(info, "discardRows", input, work)


async def _settled(
    info: Info, name: str, asked: ActingInput, work: Callable[[House], Account]
) -> RowsSettled | Refused | Conflict:
    found = await done(info, name, asked, in_thread(info, work), settled_again)
    return RowsSettled.of(found) if isinstance(found, Done) else found


def _account(found: Settled) -> Account:
    return {
        "delivery": found.delivery, "state": found.state, "event": found.event,
        "numbers": list(found.numbers), "changes": {k: dict(v) for k, v in found.changes.items()},
        "left": [{"number": each.number, "code": each.code, "reason": each.reason}
                 for each in found.left],
        "replayed": found.replayed,
    }  # fmt: skip
