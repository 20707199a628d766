"""Whose names mean the same: links, candidates for them, and what is decided about both."""

from datetime import datetime
from itertools import islice
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
from feeds.identity.candidates import Candidate
from service.house import House
from service.requests import Account, relinked_again
from service.stewardship.identity import LinkTold, Relinked, accept, links_of, reject, take_back
from service.stewardship.proposals import proposals


@strawberry.input(description="An identifier of a source, and the one of ours that it stands for.")
class LinkInput:
    """Theirs, then ours."""

    external_id: str
    id: str


@strawberry.input(description="Identifiers of a source that stand for ours.")
class AcceptIdentityInput(ActingInput):
    """Of one class, such as `Item`."""

    chain: str
    source: str
    class_name: str
    links: list[LinkInput]
    reason: str = ""


@strawberry.input(description="Identifiers of a source that stand for nothing of ours.")
class ExternalIdsInput(ActingInput):
    """Of one class, such as `Item`."""

    chain: str
    source: str
    class_name: str
    external_ids: list[str]
    reason: str = ""


@strawberry.type(description="What a change of links did to facts.")
class Linked:
    """`event` is null where it was so already, and of a dry run.

    Facts that were stated anew under other identifiers, that stand no more, and that were set
    aside because they name what nobody knows now.
    """

    event: BigInt | None
    restated: list[ClassCount]
    ended: list[ClassCount]
    set_aside: BigInt
    replayed: bool
    dry_run: bool

    @staticmethod
    def of(found: Done) -> "Linked":
        """The account of the service."""
        told = found.account
        return Linked(
            event=found.event, restated=counts_of(told["restated"]), ended=counts_of(told["ended"]),
            set_aside=BigInt(told["set_aside"]), replayed=found.replayed, dry_run=found.dry_run,
        )  # fmt: skip


Outcome = Annotated[Linked | Refused | Conflict, strawberry.union("LinkResult")]


@strawberry.type(description="A link as it stands; split, an identifier stands for itself.")
class IdentityLink:
    """Mirrors ontology.governance.IdentityLink; `event` stated it."""

    source: str
    class_name: str
    external_id: str
    own_id: str
    accepted_by: str
    event: BigInt
    recorded_at: datetime


@strawberry.type(description="One reason for a match, and its points.")
class MatchEvidence:
    """`kind` is `number`, `name`, `attributes` or `company`."""

    kind: str
    points: int
    said: str


@strawberry.type(description="An identifier of a source that may stand for one of ours.")
class IdentityCandidate:
    """`points` (0 to 1,000) are the sum of the evidence; `cautions` speak against it."""

    class_name: str
    external_id: str
    own_id: str
    points: int
    evidence: list[MatchEvidence]
    cautions: list[str]

    @staticmethod
    def of(found: Candidate) -> "IdentityCandidate":
        """The candidate of the service."""
        return IdentityCandidate(
            class_name=found.class_name, external_id=found.external_id, own_id=found.own_id,
            points=found.points, cautions=list(found.cautions),
            evidence=[MatchEvidence(kind=one.kind, points=one.points, said=one.said)
                      for one in found.evidence],
        )  # fmt: skip


@strawberry.type
class IdentityQueries:
    """Identifiers of sources and ours."""

    @described
    async def identity_candidates(
        self, info: Info, chain: str, source: str, class_name: str = "", first: First = 50,
        after: After = None,
    ) -> Connection[IdentityCandidate]:  # fmt: skip
        """What a source may name otherwise than we do, the best of each class first.

        A page shows the candidates of the moment: a decision meanwhile moves the later ones up.
        """
        context, scope = info.context, f"candidates/{[chain, source, class_name]}"
        begin, size = context.cursors.read(scope, after) if after else 0, check_first(first)
        found = await context.work_out(proposals, context.house, chain, source, class_name)
        page = found.candidates[begin : begin + size]
        context.count(len(page))
        return connection(
            [IdentityCandidate.of(one) for one in page], begin + size < len(found.candidates),
            scope, context.cursors, lambda row: begin + row + 1,
        )  # fmt: skip

    @described
    async def identity_links(
        self, info: Info, chain: str, source: str = "", class_name: str = "", first: First = 50,
        after: After = None,
    ) -> Connection[IdentityLink]:  # fmt: skip
        """The links of a chain by source, class and theirs; those that were split, too."""
        context, scope = info.context, f"links/{[chain, source, class_name]}"
        begin, size = context.cursors.read(scope, after) if after else "", check_first(first)

        def read() -> list[LinkTold]:
            links = links_of(context.house, chain, source, class_name, begin)
            return list(islice(links, size + 1))

        found = await context.read(read)
        page, told = found[:size], context.house.persons.told
        context.count(len(page))
        nodes = [
            IdentityLink(
                source=one.link.source, class_name=one.link.class_name,
                external_id=one.link.external_id, own_id=one.link.id,
                accepted_by=told(one.link.accepted_by or ""), event=BigInt(one.event),
                recorded_at=one.recorded_at,
            )
            for one in page
        ]  # fmt: skip
        return connection(nodes, len(found) > size, scope, context.cursors,
                          lambda row: page[row].key)  # fmt: skip


@strawberry.type
class IdentityMutations:
    """Decisions about identifiers; facts that name them are stated anew."""

    @described
    async def accept_identity(
        self,
        info: Info,
        input: AcceptIdentityInput,  # noqa: A002
    ) -> Outcome:
        """Link identifiers of a source to ours."""

        def work(house: House) -> Account:
            pairs = {link.external_id: link.id for link in input.links}
            return _account(accept(house, input.chain, input.source, input.class_name, pairs,
                                   agent=info.context.agent, reason=input.reason))  # fmt: skip

        found = await done(info, "acceptIdentity", input, in_thread(info, work), relinked_again)
        return Linked.of(found) if isinstance(found, Done) else found

    @described
    async def reject_identity(self, info: Info, input: ExternalIdsInput) -> Outcome:  # noqa: A002
        """Decide that identifiers stand for nothing of ours: none is proposed for them again."""

        def work(house: House) -> Account:
            return _account(reject(house, input.chain, input.source, input.class_name,
                                   input.external_ids, agent=info.context.agent,
                                   reason=input.reason))  # fmt: skip

        found = await done(info, "rejectIdentity", input, in_thread(info, work), relinked_again)
        return Linked.of(found) if isinstance(found, Done) else found

    @described
    async def split_identity(self, info: Info, input: ExternalIdsInput) -> Outcome:  # noqa: A002
        """Take wrong links back: each identifier stands for itself again, and so do the facts."""

        def work(house: House) -> Account:
            return _account(take_back(house, input.chain, input.source, input.class_name,
                                      input.external_ids, agent=info.context.agent,
                                      reason=input.reason))  # fmt: skip

        found = await done(info, "splitIdentity", input, in_thread(info, work), relinked_again)
        return Linked.of(found) if isinstance(found, Done) else found


def _account(found: Relinked) -> Account:
    return {"event": found.event, "restated": dict(found.restated), "ended": dict(found.ended),
            "set_aside": found.set_aside, "replayed": False}  # fmt: skip
