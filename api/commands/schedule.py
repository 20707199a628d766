"""The command `schedule`: what is done by the clock, when it was done last, and what came of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, REFUSED, AsJson, console, hint, plain, print_document

if TYPE_CHECKING:
    from service.scheduling.scheduler import Run, Task


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("schedule")(schedule)


def schedule(
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Do what is due here, unless a service does it.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show what the service does by the clock, and what came of it; exit 1 where a task fails."""
    from api.commands.server import opened
    from graph.lease import holder
    from service.scheduling.scheduled_tasks import tasks
    from service.scheduling.scheduler import LEASE, Scheduler, known_runs

    listed = tasks()
    with opened() as house:
        if now:
            scheduler = Scheduler(house, listed)
            scheduler.tick(datetime.now(UTC))
            scheduler.end()
        runs, leader = known_runs(house), holder(house.driver, LEASE)
    if as_json:
        print_document({"leader": leader and leader.owner, "lease": leader and leader.number,
                        "tasks": [_told(task, runs.get(task.name)) for task in listed]}
                       )  # fmt: skip
    else:
        _show(listed, runs)
        hint(f"process {leader.owner} leads, lease {leader.number}" if leader else
             "no service leads: `evenkeel serve` does these, or `evenkeel schedule --now` once"
             )  # fmt: skip
    return REFUSED if any(run.code for run in runs.values()) else GOOD


def _told(task: "Task", run: "Run | None") -> dict[str, object]:
    told: dict[str, object] = {"task": task.name, "says": task.says,
                               "every_seconds": int(task.every.total_seconds())}  # fmt: skip
    if run is None:
        return told | {"last": None}
    return told | {"last": run.began.isoformat(), "next": run.next.isoformat(), "told": run.told,
                   "code": run.code, "failures": run.failures}  # fmt: skip


def _show(listed: "tuple[Task, ...]", runs: "dict[str, Run]") -> None:
    from api.screen import drawing

    made = drawing.table("task", "every", "last, UTC", "next, UTC", "what came of it")
    for task in listed:
        run = runs.get(task.name)
        last, then, told = ("never", "", task.says) if run is None else (
            f"{run.began:%m-%d %H:%M:%S}", f"{run.next:%m-%d %H:%M:%S}",
            f"FAILED {run.failures}x: {run.told} [{run.code}]" if run.code else run.told,
        )  # fmt: skip
        drawing.add(made, task.name, str(task.every), last, then, plain(told))
    console().print(made)
