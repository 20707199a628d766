"""Reports on a period as GraphQL types: the document, its page, and what proves them."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.types import plain
from ontology.events import Event
from service.house import House
from service.reporting.period import Period
from service.reporting.proofs import proofs_of
from service.reporting.report import Report as Made
from service.reporting.report import make_report, report_on
from service.requests import Account


@strawberry.type(description="What was exceptional, overridden, exposed in a period.")
class Report:
    """`digest` is the SHA-256 of the document, `page` is it as HTML, with `pageDigest`.

    `event` logged this very document and page, `proofs` is the file that proves both and every
    event that a row names, under the checkpoint that was signed last; null where there is none.
    """

    digest: str
    page_digest: str
    document: JSON
    page: str
    event: BigInt | None
    proofs: str | None


@strawberry.input(description="Which period a report is about: days of UTC, both included.")
class ReportInput(ActingInput):
    """`prices`: the last plan of each chain is made again without each rule that acted on it."""

    since: date
    until: date
    chain: str | None = None
    prices: bool = False


@strawberry.type(description="A report was kept, and logged under the digests of both its forms.")
class ReportMade:
    """`report` is the digest of the document; `event` is null of a dry run."""

    event: BigInt | None
    report: str
    page: str
    replayed: bool
    dry_run: bool


@strawberry.type
class ReportQueries:
    """What governors and auditors read of a period."""

    @described
    async def report(
        self, info: Info, since: date, until: date, chain: str | None = None, prices: bool = False
    ) -> Report:
        """What was exceptional, overridden, expired, exposed in a period; nothing is logged."""
        house = info.context.house

        def work() -> tuple[Made, str | None]:
            made = report_on(house, Period(since, until), chain or "", prices=prices)
            return proofs_of(house, made)

        made, proofs = await info.context.plan(work) if prices else await info.context.read(work)
        info.context.count(sum(part["count"] for part in made.document["sections"]) + 1)
        return Report(
            digest=made.digest, page_digest=made.page_digest, document=plain(made.document),
            page=made.page, proofs=proofs,
            event=None if made.event is None else BigInt(made.event.sequence),
        )  # fmt: skip


@strawberry.type
class ReportMutations:
    """Makes reports."""

    @described
    async def make_report(
        self,
        info: Info,
        input: ReportInput,  # noqa: A002
    ) -> Annotated[ReportMade | Refused | Conflict, strawberry.union("MakeReportResult")]:
        """Keep a report, and log its digest; the same document and page are logged once."""

        def work(house: House) -> Account:
            period = Period(input.since, input.until)
            made = make_report(house, period, info.context.agent, input.chain or "",
                               prices=input.prices)  # fmt: skip
            return {"report": made.digest, "page": made.page_digest,
                    "event": made.event.sequence if made.event else None,
                    "replayed": made.replayed}  # fmt: skip

        found = await done(info, "makeReport", input, in_thread(info, work), _again)
        if not isinstance(found, Done):
            return found
        told = found.account
        return ReportMade(event=found.event, report=told["report"], page=told["page"],
                          replayed=found.replayed, dry_run=found.dry_run)  # fmt: skip


def _again(_: House, event: Event) -> Account:
    told = event.payload
    return {"report": told["report"], "page": told["page"], "event": event.sequence}
