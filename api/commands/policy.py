"""The commands about rules that govern: what a release does before it is in force, and costs."""

import typer

from api.commands import releases


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Rules that govern: releases, from a proposal to force and back.",
                        rich_markup_mode=None)  # fmt: skip
    releases.register_in(group)
    app.add_typer(group, name="policy")
