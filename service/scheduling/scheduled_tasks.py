"""What the scheduler does: each task is done again and again, and nothing of it acts twice."""

from datetime import datetime, timedelta
from functools import partial

from graph.projection import bring_due
from service.governing.approving import revalidate, sweep
from service.governing.autonomy import void_paused
from service.governing.autonomy_guards import guard_autonomy
from service.governing.canaries import guard_canaries
from service.governing.looked import Looked
from service.house import SERVICE_AGENT, House
from service.scheduling.replanning import Replanning
from service.scheduling.scheduler import Task, over_chains
from service.stewardship.freshness import freshness
from service.transparency import checkpoint, present_checkpoint


def tasks() -> tuple[Task, ...]:
    """Every task, in the order in which those are done that are due at once."""
    return (
        Task("due facts", timedelta(minutes=1), bring_all_due,
             "facts that were stated ahead come to be true"),
        Task("effective times", timedelta(seconds=30), tell_effective,
             "releases whose time has come, and which chains they govern"),
        Task("checkpoints", timedelta(minutes=10), sign_log, "the log is signed as far as it goes"),
        Task("freshness", timedelta(minutes=15), tell_stale,
             "sources whose facts are older than they let them be", long=True),
        Task("approvals", timedelta(minutes=1), partial(keep_approvals, looked=Looked()),
             "approvals that expire, escalate, or no longer hold", long=True),
        Task("canaries", timedelta(minutes=1), compare_canaries,
             "canaries are compared, and end where they are worse", long=True),
        Task("guards", timedelta(minutes=1), guard_autonomy,
             "levels of autonomy that fall by themselves", long=True),
        Task("plans", timedelta(seconds=30), Replanning().look,
             "plans that no longer hold; new ones, as far as the level allows", long=True),
    )  # fmt: skip


def bring_all_due(house: House, now: datetime) -> str:
    """Facts that have come due, in every chain: `facts.due` is appended once for each time."""

    def bring(chain: str) -> str:
        before = house.projection.reader.state(chain).sequence
        after = bring_due(house.projection, chain, now, SERVICE_AGENT).sequence
        return f"facts of {chain} came to be true" if after > before else ""

    return over_chains(house, bring) or "no facts came due"


def tell_effective(house: House, now: datetime) -> str:
    """Which releases came to govern lately, or will; plans under others are looked at as `plans`.

    What is in force follows from the log and the time, so nothing has to be done for it.
    """
    found = house.ledger.state().releases.timeline
    ahead = [each for each in found if each.since > now]
    lately = [each for each in found if now - timedelta(days=1) <= each.since <= now]
    told = [f"{each.release[:12] or 'none'} governs {each.scope.chain} since {each.since:%H:%M} UTC"
            for each in lately]  # fmt: skip
    told += [f"{each.release[:12] or 'none'} from {each.since:%Y-%m-%d %H:%M} UTC on"
             for each in ahead]  # fmt: skip
    return "; ".join(told) or "no release changes"


def sign_log(house: House, _: datetime) -> str:
    """Sign the log where it has grown; the same size has the same checkpoint."""
    newest = present_checkpoint(house)
    size = house.projection.log.head().sequence
    if newest is not None and newest.size == size:
        return f"signed at {size:,} events"
    return f"signed at {checkpoint(house, SERVICE_AGENT).size:,} events, now"


def keep_approvals(house: House, now: datetime, looked: Looked | None = None) -> str:
    """Let approvals expire and escalate, and void those that no longer hold or were paused."""
    done = [f"{each.plan[:12]} {each.event.kind.partition('.')[2]}"
            for each in (*sweep(house, now), *revalidate(house, now, looked=looked))]  # fmt: skip
    done += [f"{plan[:12]} voided by a pause" for plan in void_paused(house)]
    return "; ".join(done) or "all approvals stand as they did"


def compare_canaries(house: House, now: datetime) -> str:
    """Compare plans under each canary with plans without; one that is worse ends."""
    done = [f"{each.release[:12]}: {each.compared} plans compared"
            + (", ended" if each.aborted else "") for each in guard_canaries(house, now)
            ]  # fmt: skip
    return "; ".join(done) or "there is no canary"


def tell_stale(house: House, now: datetime) -> str:
    """Which sources are late, in every chain; who plans on their facts is told there, too."""

    def tell(chain: str) -> str:
        stale = [each for each in freshness(house, chain, now)[1] if each.stale]
        return "; ".join(f"{chain}: {each.stale:,} facts of {each.class_name} by {each.source}"
                         for each in stale)  # fmt: skip

    return over_chains(house, tell) or "all sources are as fresh as they let be"
