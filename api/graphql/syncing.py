"""A delivery over GraphQL: text or rows through a registered mapping, or what they would change."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import strawberry
from anyio import to_thread
from strawberry.scalars import JSON

from api.graphql.acting import ActingInput, Do, Done
from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from api.graphql.types import plain
from feeds.mapping import FileRule
from feeds.mapping_text import MappingText
from ontology.errors import InputError, Place
from service.doors.door_words import Door, in_words_of
from service.doors.envelope import Attributes
from service.doors.inbox import Inbox, Ticket
from service.doors.inline_rows import text_of_rows
from service.doors.registered import permitted_mapping, plans_are_told
from service.doors.spool import discard, receive, rule_meant
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.requests import Account

_PACKED = frozenset({"parquet", "arrow", "xlsx"})


@strawberry.input(
    description="A delivery: the text of one file or its rows, and what is said of it."
)
class SyncFeedInput(ActingInput):
    """`id`, `effectiveAt` and the others are the envelope of `POST /feeds/{source}`.

    Of `text` and `rows` one is given; a row is an object, its columns by name.
    """

    source: str
    text: str | None = None
    rows: list[JSON] | None = None
    file: str = ""
    id: str = ""
    effective_at: datetime | None = None
    sequence: BigInt | None = None
    supersedes: str = ""
    correlation_id: str = ""
    schema_version: str = ""
    confidence_percent: int | None = None
    close_all: bool = False

    def delivery(self, agent: str) -> Delivery:
        """The same for the service. Raises InputError `ENVELOPE_INVALID`."""
        stated = {
            "id": self.id, "time": self.effective_at and self.effective_at.isoformat(),
            "sequence": self.sequence, "supersedes": self.supersedes,
            "correlationid": self.correlation_id, "dataschema": self.schema_version,
            "confidence": self.confidence_percent,
        }  # fmt: skip
        told = {name: str(value) for name, value in stated.items() if value is not None}
        return Attributes(told, "input ", is_encoded=False).delivery(
            self.source, agent, close_all=self.close_all
        )


@strawberry.type(description="What becomes of the rows that a delivery states of one class.")
class ClassOutcome:
    """Mirrors service.intake.changes.ClassChanges: how many rows have each outcome."""

    class_name: str
    added: BigInt
    changed: BigInt
    closed: BigInt
    same: BigInt
    late: BigInt
    waits: BigInt


@strawberry.type(description="A field that differs.")
class FieldDifference:
    """The field's value as it is, and as it would be."""

    name: str
    before: JSON | None
    after: JSON | None


@strawberry.type(description="A fact that would not be as it is.")
class FactDifference:
    """`what` is its class and key."""

    what: str
    outcome: str
    fields: list[FieldDifference]


@strawberry.type(description="A line of the latest plan that would have other units.")
class LineForeseen:
    """0 units before where it would be new, 0 after where it would be gone."""

    line: JSON
    units_before: BigInt
    units_after: BigInt


@strawberry.type(description="What the latest plan would be if it were asked again afterwards.")
class PlanForeseen:
    """`comparedWith` is `plan`, or `present` where facts changed since it was made."""

    plan: str
    compared_with: str
    currency: str
    cost_cents_before: BigInt | None
    cost_cents_after: BigInt | None
    lines: list[LineForeseen]
    refused: str


@strawberry.type(description="A row that was set aside, with its cure.")
class RefusedRow:
    """One of the first that were."""

    line: str
    hint: str
    code: str


@strawberry.type(description="The account of a delivery, or of what it would do.")
class FeedSynced:
    """`event` is null after a dry run; `differences` and `plan` are told by a dry run alone.

    `account` is all of it, as `evenkeel sync --json` prints it.
    """

    source: str
    feed: str
    event: BigInt | None
    replayed: bool
    dry_run: bool
    outcomes: list[ClassOutcome]
    differences: list[FactDifference]
    plan: PlanForeseen | None
    quarantined_rows: BigInt
    quarantined: list[RefusedRow]
    notices: list[str]
    account: JSON

    @staticmethod
    def of(found: Done) -> "FeedSynced":
        """The account of the service."""
        rows = [row | {"hint": in_words_of(Door.GRAPHQL, row["hint"])}
                for row in found.account["quarantined"]]  # fmt: skip
        told = {**found.account, "quarantined": rows, "replayed": found.replayed}
        plan = told.get("plan")
        return FeedSynced(
            source=told["source"], feed=told["feed"], replayed=found.replayed,
            event=found.event, dry_run=found.dry_run,
            outcomes=[
                ClassOutcome(class_name=name, **{which: BigInt(n) for which, n in counts.items()})
                for name, counts in told["changes"].items()
            ],
            differences=[_difference(one) for one in told.get("differences", ())],
            plan=None if plan is None else _plan(plan),
            quarantined_rows=BigInt(told["quarantined_rows"]),
            quarantined=[RefusedRow(**row) for row in told["quarantined"]],
            notices=list(told["notices"]), account=plain(told),
        )  # fmt: skip


def _difference(told: Mapping[str, Any]) -> FactDifference:
    fields = [
        FieldDifference(name=name, before=plain(before), after=plain(after))
        for name, (before, after) in told["fields"].items()
    ]
    return FactDifference(what=told["what"], outcome=told["outcome"], fields=fields)


def _plan(told: Mapping[str, Any]) -> PlanForeseen:
    before, after = told["cost_cents"] or (None, None)
    return PlanForeseen(
        plan=told["plan"], compared_with=told["compared_with"], currency=told["currency"],
        cost_cents_before=before, cost_cents_after=after, refused=told["refused"],
        lines=[
            LineForeseen(line=plain(one["line"]), units_before=BigInt(one["units_before"]),
                         units_after=BigInt(one["units_after"]))
            for one in told["lines"]
        ],
    )  # fmt: skip


def delivering(info: Info, asked: SyncFeedInput) -> Do:
    """A delivery through the queue of its source, or a look at what it would change.

    Raises as `service.intake.sync.sync`, `Inbox.admit`, `permitted_mapping` and `rule_meant` do.
    """
    inbox, sight = info.context.inbox, info.context.sight

    async def do(house: House) -> Account:
        mapping = await info.context.read(
            permitted_mapping, house.settings.data_folder, asked.source, sight
        )
        known = await info.context.read(lambda: mapping.mapping)
        told = await info.context.read(plans_are_told, known, sight)
        delivery = asked.delivery(info.context.agent)
        with inbox.admit(asked.source) as ticket:
            path = await to_thread.run_sync(_received, inbox, ticket, mapping, asked)
            work = partial(sync, house, [path], mapping, delivery, dry_run=asked.dry_run,
                           tells_plans=told)  # fmt: skip
            future = ticket.submit(sight.held(work), partial(discard, inbox.folder, path))
        return (await asyncio.wrap_future(future)).summary

    return do


def _received(inbox: Inbox, ticket: Ticket, mapping: MappingText, asked: SyncFeedInput) -> Path:
    rule = rule_meant(mapping.mapping, asked.file)
    if rule.format in _PACKED:
        raise InputError(f"a file of the format `{rule.format}` is no text", code="MEDIA_TYPE",
                         place=Place(rule.file), hint="send it to POST /feeds/{source}"
                         )  # fmt: skip
    text = _text(asked, rule)
    try:
        data = text.encode(rule.encoding)
    except UnicodeEncodeError as error:
        raise InputError(f"the text does not fit the encoding `{rule.encoding}` of the mapping",
                         code="WRONG_ENCODING", place=Place(rule.file),
                         hint="correct the text, or the mapping") from error  # fmt: skip
    ticket.grow(len(data))
    return receive(BytesIO(data), inbox.folder, rule.file)


def _text(asked: SyncFeedInput, rule: FileRule) -> str:
    if (asked.text is None) == (asked.rows is None):
        raise InputError("a delivery is a text or rows, one of both", code="ROWS_INVALID",
                         place=Place("input"), hint="state `text`, or `rows`")  # fmt: skip
    return text_of_rows(asked.rows, rule) if asked.rows is not None else asked.text or ""
