"""Policy releases: what is proposed, decided and in force; each decision is a mutation."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.canaries import PolicyCanary
from api.graphql.described import described
from api.graphql.field_verbs import ROOTS
from api.graphql.loaders import Info
from api.graphql.release_inputs import (
    ENDS,
    ActivateReleaseInput,
    CanaryInput,
    EndReleaseInput,
    ProposeReleaseInput,
    ReleaseReasonInput,
    ReviewReleaseInput,
)
from api.graphql.scopes import PolicyScope
from governance.canaries import LEFT_OUT
from governance.release_cases import ReleaseCase, released
from governance.releases import GovernedPart
from ontology.access import ANY
from ontology.errors import InputError
from ontology.events import Event as LogEvent
from rules.release import Release, from_document
from service.access import denied
from service.governing import releasing
from service.governing.known_names import unknown_names
from service.governing.ledger import Decided
from service.governing.releases_seen import ReleasesSeen
from service.house import House, check_time
from service.requests import Account
from service.serving import in_force_at

READ = "rules.read"


@strawberry.type(description="What somebody decided about a release.")
class PolicyDecision:
    """`kind` is the event's; `agent` a pseudonym; `reason` and `rule` where they were given.

    Of a plan that is no sample of a canary, `reason` is why.
    """

    event: BigInt
    kind: str
    agent: str
    at: datetime
    reason: str
    rule: str

    @staticmethod
    def of(found: LogEvent) -> "PolicyDecision":
        """The event of the log."""
        said = found.payload
        left_out = said.get(LEFT_OUT, {}).get("why", "")
        return PolicyDecision(event=BigInt(found.sequence), kind=found.kind, agent=found.agent,
                              at=found.recorded_at, reason=str(said.get("reason", left_out)),
                              rule=str(said.get("rule", "")))  # fmt: skip


@strawberry.type(description="A release that was proposed, and what became of it.")
class PolicyReleaseCase:
    """`denyToAllow` are rules by which it permits what was denied; of these `unreviewed`."""

    found: strawberry.Private[ReleaseCase]
    digest: str
    name: str
    version: str
    rule_count: int
    status: str
    author: str
    reason: str
    parent: str
    scope: PolicyScope
    approvers: list[str]
    backtest: str
    deny_to_allow: list[str]
    unreviewed: list[str]
    canary: PolicyCanary | None

    @staticmethod
    def of(found: ReleaseCase, seen: ReleasesSeen) -> "PolicyReleaseCase":
        """The case of the ledger; of a canary whose part is not told, none."""
        canary = found.canary if found.canary and seen.shows(found.canary.scope) else None
        return PolicyReleaseCase(
            found=found, digest=found.digest, name=found.name, version=found.version,
            rule_count=found.shape_count, status=found.status, author=found.author,
            reason=found.reason, parent=found.parent, scope=PolicyScope.of(found.scope),
            approvers=list(found.approvers), backtest=found.backtest,
            deny_to_allow=list(found.deny_to_allow), unreviewed=list(found.unreviewed),
            canary=PolicyCanary.of(canary) if canary is not None else None,
        )  # fmt: skip

    @described
    async def decisions(self, info: Info) -> list[PolicyDecision]:
        """Who decided what about it and why, in order."""
        found = await info.context.read(releasing.history, info.context.house, self.digest)
        info.context.count(len(found))
        return [PolicyDecision.of(one) for one in found]


@strawberry.type(description="A release that judges a part of a chain, or a canary a share of it.")
class PolicyPart:
    """What arrives in its regions, of its families; `salt` chooses the share."""

    release: str
    regions: list[str]
    families: list[str]
    share_percent: int
    salt: str
    is_canary: bool

    @staticmethod
    def of(found: GovernedPart) -> "PolicyPart":
        """The part of the ledger."""
        return PolicyPart(**asdict(found) | {"regions": list(found.regions),
                                             "families": list(found.families)})  # fmt: skip


@strawberry.type(description="What governs a chain at a time.")
class PolicyInForce:
    """By digest; `shipped` came with the code of this process, as of event `sequence`."""

    at: datetime
    sequence: BigInt
    whole: str
    shipped: str
    parts: list[PolicyPart]


@strawberry.type(description="What was decided about a release.")
class ReleaseDecided:
    """`event` is null of a dry run, and where it was so already."""

    event: BigInt | None
    release: str
    status: str
    replayed: bool
    dry_run: bool
    unknown: list[str] = strawberry.field(
        description="Names that no fact knows, in words: for them it holds for nothing so far."
    )

    @staticmethod
    def of(found: Done) -> "ReleaseDecided":
        """The account of the service."""
        told = found.account
        return ReleaseDecided(event=found.event, release=told["release"], status=told["status"],
                              replayed=found.replayed, dry_run=found.dry_run,
                              unknown=told.get("unknown", []))  # fmt: skip


Outcome = Annotated[ReleaseDecided | Refused | Conflict, strawberry.union("ReleaseDecisionResult")]


@strawberry.type
class ReleaseQueries:
    """Releases on their way."""

    @described
    async def policy_releases(self, info: Info, status: str = "") -> list[PolicyReleaseCase]:
        """Every release that was proposed, the newest last; of a `status`, where one is given.

        Of the chains that you see; one for some regions or families, where you see all of them.
        """
        seen = ReleasesSeen(info.context.sight, READ)

        def shown() -> list[PolicyReleaseCase]:
            state = info.context.house.ledger.state()
            return [PolicyReleaseCase.of(each, seen) for each in seen.cases(state)
                    if status in ("", each.status)]  # fmt: skip

        found = await info.context.read(shown)
        info.context.count(len(found))
        return found

    @described
    async def policy_release(self, info: Info, digest: str) -> PolicyReleaseCase | None:
        """One release that was proposed."""
        seen = ReleasesSeen(info.context.sight, READ)

        def shown() -> PolicyReleaseCase | None:
            found = info.context.house.ledger.state().releases.cases.get(digest)
            if found is None or not seen.shows(found.scope):
                return None
            return PolicyReleaseCase.of(found, seen)

        return await info.context.read(shown)

    @described
    async def policy_in_force(
        self, info: Info, chain: str = "", at: datetime | None = None
    ) -> PolicyInForce:
        """What governs a chain, or all others, at a time, past or to come; by default now."""
        when = at if at is None else check_time(at)
        seen = ReleasesSeen(info.context.sight, READ)

        def shown() -> tuple[dict[str, Any], list[GovernedPart]]:
            said = in_force_at(info.context.house, chain, when)
            return said, seen.parts(chain, [GovernedPart(**each) for each in said["parts"]])

        found, parts = await info.context.read(shown)
        info.context.count(1 + len(parts))
        return PolicyInForce(
            at=found["at"], sequence=BigInt(found["sequence"]), whole=found["whole"],
            shipped=found["shipped"], parts=[PolicyPart.of(each) for each in parts],
        )  # fmt: skip


@strawberry.type
class ReleaseMutations:
    """Decisions about releases; each is one event of the ledger."""

    @described
    async def propose_release(
        self, info: Info, input: ProposeReleaseInput  # noqa: A002
    ) -> Outcome:  # fmt: skip
        """Propose a release for all or for a part. Nobody may approve their own."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            release = _document(input.document)
            waivers = [asdict(one) for one in input.waivers]
            decided = releasing.propose(house, release, input.reason, agent, input.scope.asked(),
                                        waivers)  # fmt: skip
            return decided, release.digest

        return await _decided(info, "proposeRelease", input, work)

    @described
    async def review_release(self, info: Info, input: ReviewReleaseInput) -> Outcome:  # noqa: A002
        """Answer for a rule by which a release permits what was denied."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            return (releasing.review(house, input.release, input.rule, input.reason, agent),
                    input.release)  # fmt: skip

        return await _decided(info, "reviewRelease", input, work)

    @described
    async def approve_release(self, info: Info, input: ReleaseReasonInput) -> Outcome:  # noqa: A002
        """Approve a release that somebody else proposed, and that was back-tested."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            return releasing.approve(house, input.release, input.reason, agent), input.release

        return await _decided(info, "approveRelease", input, work)

    @described
    async def activate_release(
        self, info: Info, input: ActivateReleaseInput  # noqa: A002
    ) -> Outcome:  # fmt: skip
        """Put an approved release in force where it was proposed for."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            since = None if input.since is None else check_time(input.since)
            return (releasing.activate(house, input.release, agent, input.replaces, since),
                    input.release)  # fmt: skip

        return await _decided(info, "activateRelease", input, work)

    @described
    async def end_release(self, info: Info, input: EndReleaseInput) -> Outcome:  # noqa: A002
        """Retire a release, take it back, give it up, or end its canary."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            return ENDS[input.how](house, input.release, input.reason, agent), input.release

        return await _decided(info, "endRelease", input, work)

    @described
    async def start_canary(self, info: Info, input: CanaryInput) -> Outcome:  # noqa: A002
        """Let an approved release decide for a part, beside the one in force for the rest."""

        def work(house: House, agent: str) -> tuple[Decided, str]:
            terms = input.asked(input.release)
            return (releasing.start_canary(house, input.release, terms, input.reason, agent),
                    input.release)  # fmt: skip

        return await _decided(info, "startCanary", input, work)


async def _decided(
    info: Info, name: str, asked: ActingInput, work: Callable[[House, str], tuple[Decided, str]]
) -> ReleaseDecided | Refused | Conflict:
    """Decide once under a key; a refusal of the ledger is an outcome."""
    await _permit(info, name, asked)

    def act(house: House) -> Account:
        decided, release = work(house, info.context.agent)
        case = releasing.find_in(decided.state, release)
        event = decided.event.sequence if decided.event else None
        unknown = (unknown_names(house.plainly(), asked.scope.asked())
                   if isinstance(asked, ProposeReleaseInput) else [])  # fmt: skip
        return {"event": event, "release": case.digest, "status": case.status,
                "replayed": event is None, "unknown": unknown}  # fmt: skip

    found = await done(info, name, asked, in_thread(info, act), _again)
    return ReleaseDecided.of(found) if isinstance(found, Done) else found


async def _permit(info: Info, name: str, asked: ActingInput) -> None:
    """Raises AccessError `ACCESS_DENIED` where a release's chain is none of the caller's.

    What is of all chains takes a grant on all; rules hold for a chain as a whole, so a grant that
    is limited to some regions, suppliers or families of it is not enough. What is asked about is
    named by its whole digest from here on: what the caller does not see does not count among
    those that begin so.
    """
    sight = info.context.sight
    if sight.caller.is_owner:
        return
    verb = ROOTS[f"Mutation.{name}"].verb
    if isinstance(asked, ProposeReleaseInput):
        chain = asked.scope.chain
    elif isinstance(asked, ReleaseReasonInput | ReviewReleaseInput | ActivateReleaseInput):
        state = await info.context.read(info.context.house.ledger.state)
        case = await info.context.read(ReleasesSeen(sight, verb).case, state, asked.release)
        chain, asked.release = case.scope.chain, case.digest
    else:
        raise denied()
    if chain == ANY:
        await info.context.read(sight.everything, verb)
    else:
        view = await info.context.read(sight.view, chain, verb)
        if all(grant.is_limited for grant in view.grants):
            raise denied()


def _again(_: House, event: LogEvent) -> Account:
    """What an event decided."""
    return {"event": event.sequence, "release": released(event.payload),
            "status": event.payload["status"]}  # fmt: skip


def _document(text: str) -> Release:
    """A release from the text of its document. Raises InputError `RELEASE_BAD`."""
    try:
        stated = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the document is no JSON: {error}", code="RELEASE_BAD",
                         hint="give what `evenkeel policy export` writes as `release`"
                         ) from error  # fmt: skip
    return from_document(stated)
