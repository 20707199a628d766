"""The command `policy price`: what each rule costs in recorded plans, and how pairs interact."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.backtest import Day, day_of
from api.output import BAD, GOOD, AsJson, console, print_document, watched
from ontology.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def register_in(policy: typer.Typer) -> None:
    """Add the command of this module to the group `policy`."""
    policy.command("price")(price)


def price(
    *,
    chain: Annotated[list[str] | None, typer.Option(help="A chain; again for more.")] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Pairs of rules, too, and how they interact.")
    ] = False,
    since: Day = "",
    until: Day = "",
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Processes; 0: one per processor.")
    ] = 0,
    as_json: AsJson = False,
) -> int:
    """What each rule costs in the newest plan of a chain; with --since in all since a day, summed.

    Each price is the difference of two certified plans, both kept by digest. Exit status: 0 all
    were priced, 2 a plan could not be read or decided without a rule.
    """
    from api.commands.server import opened
    from service.audit.replay import NOT_MADE
    from service.backtest.priced import price_rules
    from service.backtest.run import Window
    from service.persons import acting

    if until and not since:
        raise InputError("--until wants --since", code="USAGE", hint="give both, or neither")
    chains = tuple(chain or ())
    window = Window(chains, day_of(since, "--since"), day_of(until, "--until")) if since else None
    with opened() as house, watched() as progress:
        found = price_rules(house, window, acting(house), chains=chains, pairs=pairs,
                            workers=workers, progress=progress)  # fmt: skip
    if as_json:
        print_document({"digest": found.digest, **found.result})
    else:
        _show(found.digest, found.result)
    return BAD if any(one["status"] == NOT_MADE for one in found.result["plans"]) else GOOD


def _show(digest: str, result: "Mapping[str, Any]") -> None:
    from api.screen.rule_price_tables import show_rule_prices

    show_rule_prices(console(), digest, result)
