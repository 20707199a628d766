"""The command `replay`: saved decisions made again from what they name, byte for byte."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import BAD, GOOD, REFUSED, AsJson, console, hint, plain, print_document, watched
from api.recall import DIGITS, LATEST, find_plan, only_chain
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.audit.replay import Replayed

PLANS_AT_ONCE = 500


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("replay")(replay)


def replay(
    plan: Annotated[
        str, typer.Argument(help="Digits of a digest, latest, or the folder of a bundle.")
    ] = LATEST,
    *,
    chain: Annotated[str, typer.Option(help="The chain whose plans are meant.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All plans of the chain.")] = False,
    first: Annotated[
        int, typer.Option("--first", min=1, max=10**6, help="With --all: so many, latest first.")
    ] = 10**6,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Fold the facts from the log, not from what is kept.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Make a saved decision again, with the solver: the same bytes, or the first difference.

    Exit status: 0 all are the same, 1 one is another, 2 one could not be made again.
    """
    if every and plan != LATEST:
        raise InputError("give a plan or --all", code="USAGE",
                         hint="such as `evenkeel replay --chain two_hubs --all`")  # fmt: skip
    with _replays(plan, chain, first if every else 0, from_log=from_log) as found:
        shown = list(_told(found, as_json=as_json, several=every))
    counted = Counter(each.status for each in shown)
    if as_json:
        told = [asdict(each) for each in shown]
        print_document({"counts": dict(counted), "plans": told} if every else told[0])
    elif every:
        counts = ", ".join(f"{number:,} {status}" for status, number in counted.items())
        console().print(counts or "there is no plan")
    return exit_status(shown)


def exit_status(found: "Iterable[Replayed]") -> int:
    """REFUSED where a decision is another, else BAD where one could not be made, else GOOD."""
    from service.audit.replay import DIFFERS, NOT_MADE

    statuses = {each.status for each in found}
    return REFUSED if DIFFERS in statuses else BAD if NOT_MADE in statuses else GOOD


@contextmanager
def _replays(
    plan: str, chain: str, most: int, *, from_log: bool
) -> "Iterator[Iterator[Replayed]]":  # fmt: skip
    """What comes of one plan, or of at most so many of a chain, made again as they are asked for.

    A bundle needs neither log nor database.
    """
    from api.commands.server import opened
    from service.audit.replay import replay as made_again
    from service.audit.replay import replay_plans

    folder = Path(plan)
    if plan != LATEST and folder.is_dir():
        from graph.artifacts import ArtifactStore
        from service.verify import read_plan

        if from_log:
            raise InputError("a bundle has no log", code="USAGE", hint="leave out --from-log")
        store = ArtifactStore(folder / "artifacts")
        yield iter([made_again(store, read_plan(folder / "plan.json"))])
        return
    with opened() as house, watched() as progress:
        if most:
            entries, total = plans_of(house, chain or only_chain(house), most)
        else:
            entries, total = iter([find_plan(house, plan, chain)]), 1
        yield replay_plans(house, entries, from_log=from_log, progress=progress, total=total)


def plans_of(house: Any, chain: str, most: int) -> tuple[Iterator[Any], int]:
    """The plans of a chain, the latest first, and how many they are (0: not counted).

    Raises InputError `CHAIN_UNKNOWN`.
    """
    page = house.catalog.plans(chain, first=min(most, PLANS_AT_ONCE))
    if not page.rows and chain not in {entry.chain for entry in house.catalog.chains()}:
        raise InputError(f"there is no chain `{plain(chain)}`", code="CHAIN_UNKNOWN",
                         hint="`evenkeel facts` names those that there are")  # fmt: skip

    def entries() -> Iterator[Any]:
        left, here = most, page
        while True:
            yield from here.rows[:left]
            left -= len(here.rows)
            if left <= 0 or not here.has_more:
                return
            before = here.rows[-1].event_sequence
            here = house.catalog.plans(chain, before=before, first=min(left, PLANS_AT_ONCE))

    return entries(), 0 if page.has_more else min(most, len(page.rows))


def _told(found: "Iterable[Replayed]", *, as_json: bool, several: bool) -> "Iterator[Replayed]":
    """Each as it comes, told at once to a person who waits."""
    for each in found:
        if not as_json:
            show_replayed(console(), each, brief=several)
        yield each


def show_replayed(screen: "Console", found: "Replayed", *, brief: bool = False) -> None:
    """One decision made again: its status, where it parts first, and why."""
    from service.audit.replay import DIFFERS, SAME

    name = f"plan {found.plan[:DIGITS]}" + (f" of {plain(found.chain)}" if found.chain else "")
    screen.print(f"{name}: {found.status}", style="" if brief else "bold", soft_wrap=True)
    if found.status == SAME and not brief:
        screen.print(f"  digest of the decision made again: {found.digest}", soft_wrap=True)
    if found.first is not None:
        screen.print(f"  first difference: {plain(found.first.place)}", soft_wrap=True)
        screen.print(f"    the plan says       {plain(found.first.stated)}", soft_wrap=True)
        screen.print(f"    made again it says  {plain(found.first.made)}", soft_wrap=True)
    for text in (*found.reasons, *found.notes):
        screen.print(f"  {plain(text)}", soft_wrap=True)
    if found.status not in (SAME, DIFFERS) and "ARTIFACT_MISSING" in " ".join(found.reasons):
        hint("--from-log folds the facts anew where only the kept snapshot is missing")
