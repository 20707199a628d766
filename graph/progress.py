"""How long work tells how far it is: a plain function, drawn as a bar where a person watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and the total (0: not known)."""


def silent(what: str, done: int = 0, total: int = 0) -> None:
    """The progress of work that nobody watches."""


@contextmanager
def drawn(console: Console | None = None) -> Iterator[Progress]:
    """A Progress that draws one bar per piece of work on standard error while the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(
        *columns, TimeElapsedColumn(), console=console or Console(stderr=True), transient=True
    ) as bars:
        tasks: dict[str, int] = {}

        def report(what: str, done: int = 0, total: int = 0) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(bars.task_ids[tasks[what]], completed=done, total=total or None)

        yield report
