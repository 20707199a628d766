"""The command `export`: facts as a document in the words of the vocabulary."""

from pathlib import Path
from typing import Annotated

import typer

from api.as_of import Effective, Recorded, as_of
from api.output import GOOD


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("export")(export)


def export(
    name: Annotated[
        str, typer.Argument(metavar="CLASS", help="Such as StockPosition; all, if not given.")
    ] = "",
    *,
    form: Annotated[str, typer.Option("--format", help="turtle or jsonld.")] = "turtle",
    chain: Annotated[str, typer.Option(help="The supply chain.")] = "",
    effective: Effective = "",
    recorded: Recorded = "",
    to: Annotated[
        Path | None, typer.Option("--to", help="Write a new file; else it is printed.")
    ] = None,
) -> int:
    """Facts as RDF, Turtle or JSON-LD; `evenkeel sync` reads them back as the same facts."""
    from api.commands.server import opened
    from api.recall import only_chain
    from service.exporting import exported, write_new

    with opened() as house:
        asked = chain or only_chain(house)
        parts = exported(house, asked, form, name, as_of(effective, recorded))
    if to is None:
        for part in parts:
            typer.echo(part, nl=False)
    else:
        write_new(to, parts)
    return GOOD
