"""What the service does by the clock, over GraphQL."""

from datetime import datetime, timedelta

import strawberry

from api.graphql.described import described
from api.graphql.loaders import Info
from ontology.errors import AccessError
from service.access import Sight
from service.scheduling.scheduled_tasks import tasks
from service.scheduling.scheduler import Run, Task, known_runs


@strawberry.type(description="What the scheduler does again and again, and what came of it last.")
class ScheduledTask:
    """`code` is that of the failure, empty where it went well; times are null before its first."""

    name: str
    says: str
    every_seconds: int
    last_at: datetime | None
    next_at: datetime | None
    told: str
    code: str
    failures: int

    @staticmethod
    def of(task: Task, run: Run | None, *, hides: bool) -> "ScheduledTask":
        """The task of the service."""
        return ScheduledTask(
            name=task.name, says=task.says, every_seconds=task.every // timedelta(seconds=1),
            last_at=run.began if run else None,
            next_at=run.next if run else None, told=run.told if run and not hides else "",
            code=run.code if run else "", failures=run.failures if run else 0,
        )  # fmt: skip


@strawberry.type
class ScheduleQueries:
    """What is due."""

    @described
    async def schedule(self, info: Info) -> list[ScheduledTask]:
        """What the service does by the clock, and what came of it last.

        In words (`told`) only to whom nothing of any chain is hidden.
        """
        runs = await info.context.read(known_runs, info.context.house)
        hides = not await info.context.read(_sees_all, info.context.sight)
        return [ScheduledTask.of(task, runs.get(task.name), hides=hides) for task in tasks()]


def _sees_all(sight: Sight) -> bool:
    try:
        sight.everything("schedule.read")
    except AccessError:
        return False
    return True
