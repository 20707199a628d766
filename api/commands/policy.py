"""The commands about rules that govern: what a release does before it is in force, and costs."""

import typer

from api.commands import backtest, rule_prices


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Rules that govern: back-test a release, price its rules.",
                        rich_markup_mode=None)  # fmt: skip
    backtest.register_in(group)
    rule_prices.register_in(group)
    app.add_typer(group, name="policy")
