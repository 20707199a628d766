"""The command `persons`: who the pseudonyms stand for, and a person who is to be forgotten."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, watched
from ontology.errors import InputError

if TYPE_CHECKING:
    from service.persons import Erased

LEFT_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("persons")(persons)


def persons(
    action: Annotated[str, typer.Argument(help="`list`, or `erase NAME`.")] = "list",
    name: Annotated[str, typer.Argument(help="The person, by name or pseudonym.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is kept, so say it without the name.")] = "",
    backups: Annotated[
        list[Path] | None, typer.Option("--backup", help="Erase in this backup, too.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Who acts and of whom facts speak under a pseudonym; `erase` forgets whose one of them is."""
    if action == "erase" and name:
        return _erase(name, reason, backups or [], as_json=as_json)
    if action != "list" or name:
        raise InputError(f"`{plain(action)}` is no way to use it", code="USAGE",
                         hint="write `evenkeel persons list`, or "
                         "`evenkeel persons erase NAME --reason WHY`")  # fmt: skip
    return _list(as_json=as_json)


def _list(*, as_json: bool) -> int:
    from api.screen.drawing import table
    from graph.persons import Persons
    from graph.settings import settings_from_environment

    known = Persons(settings_from_environment().data_folder).known()
    if as_json:
        print_document({"persons": [asdict(one) for one in known]})
    elif known:
        made = table("name", "pseudonym", "since")
        for one in known:
            made.add([plain(one.name), one.pseudonym, one.since[:10]])  # as it is, not named
        console().print(made)
    else:
        console().print("no person is known by name")
    return GOOD


def _erase(name: str, reason: str, backups: list[Path], *, as_json: bool) -> int:
    from api.commands.server import opened
    from service.persons import acting, erase

    with opened() as house, watched() as progress:
        done = erase(house, name, reason, acting(house), backups, progress)
    if as_json:
        print_document(asdict(done))
    else:
        _show(done, len(backups))
    return GOOD


def _show(done: "Erased", asked: int) -> None:
    typer.echo(f"erased       {done.pseudonym}, by event {done.event:,}")
    if asked:
        typer.echo(f"backups      the name was in {len(done.backups)} of {asked}")
    if not done.left:
        typer.echo("left         nothing: no file of the data folder holds the name")
        hint("copies elsewhere (backups made with --persons, exports, mail) are yours to delete")
        return
    for path in done.left[:LEFT_SHOWN]:
        typer.echo(f"left         {plain(path)} still holds the name")
    if len(done.left) > LEFT_SHOWN:
        more = len(done.left) - LEFT_SHOWN
        typer.echo(f"             ... and {more:,} more: `--json` lists them")
    hint("these were written before, or from a column that no mapping names under `pseudonyms`")
