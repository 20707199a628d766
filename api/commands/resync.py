"""The command `resync`: a delivery once more, from its kept files, through a corrected mapping."""

from pathlib import Path
from typing import Annotated

import typer

from api.output import GOOD, AsJson, print_document, working


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("resync")(resync)


def resync(
    feed: Annotated[str, typer.Argument(help="The delivery, by the name that `sync` told.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="The corrected mapping.")],
    *,
    name: Annotated[str, typer.Option("--feed", help="Name of the new delivery.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load nothing: tell what would change.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Read the kept files of a delivery anew; what comes of it supersedes the delivery."""
    from api.commands.server import opened
    from api.commands.sync import show
    from service.intake.resync import resync as read_anew
    from service.persons import acting

    with opened() as house, working("reading and loading"):
        synced = read_anew(house, feed, mapping, acting(house), name=name, dry_run=dry_run)
    if as_json:
        print_document(synced.summary)
    else:
        show(synced, dry_run=dry_run)
    return GOOD
