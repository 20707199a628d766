"""What may be done over GraphQL: each mutation is one verb of the service."""

from typing import Annotated

import strawberry

from api.graphql.acting import Conflict, Done, Refused, done
from api.graphql.approvals import ApprovalMutations
from api.graphql.autonomy import AutonomyMutations
from api.graphql.described import described
from api.graphql.identities import IdentityMutations
from api.graphql.loaders import Info
from api.graphql.planning import PlanMutations
from api.graphql.reconciling import ReconciliationMutations
from api.graphql.releases import ReleaseMutations
from api.graphql.reports import ReportMutations
from api.graphql.settling import RowMutations
from api.graphql.signing import SigningMutations
from api.graphql.stops import StopMutations
from api.graphql.syncing import FeedSynced, SyncFeedInput, delivering
from service.requests import delivery_again


@strawberry.type(
    description="What may be done. Each acts once under an `idempotencyKey`, or is a `dryRun`."
)
class Mutation(
    PlanMutations,
    ApprovalMutations,
    RowMutations,
    IdentityMutations,
    ReconciliationMutations,
    SigningMutations,
    ReportMutations,
    ReleaseMutations,
    StopMutations,
    AutonomyMutations,
):
    """Each mutation is one verb of the service."""

    @described
    async def sync_feed(
        self,
        info: Info,
        input: SyncFeedInput,  # noqa: A002
    ) -> Annotated[FeedSynced | Refused | Conflict, strawberry.union("SyncFeedResult")]:
        """Load the text of a file by the mapping of its source, or tell what that would change."""
        found = await done(info, "syncFeed", input, delivering(info, input), delivery_again)
        return FeedSynced.of(found) if isinstance(found, Done) else found
