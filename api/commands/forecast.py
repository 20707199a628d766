"""The command that forecasts demand: quantiles from the chain's own history, loaded as facts."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, print_document, working
from ontology.errors import InputError

if TYPE_CHECKING:
    from service.forecast import ForecastMade

MOST_LOCAL_DAYS = 365


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("forecast")(forecast)


def forecast(
    chain: Annotated[str, typer.Option(help="The supply chain to forecast.")] = "",
    starts_on: Annotated[
        str, typer.Option(help="First day, as 2026-03-02; by default after the last observed.")
    ] = "",
    days: Annotated[
        int,
        typer.Option(
            "--days",
            min=0,
            max=MOST_LOCAL_DAYS,
            help="Look at least so many days ahead at a location.",
        ),
    ] = 0,
    as_json: AsJson = False,
) -> int:
    """Forecast demand from what was observed; the same history again changes nothing."""
    from api.commands.server import opened
    from api.recall import only_chain
    from service.forecast import make_forecast
    from service.persons import acting

    first_day = _day(starts_on)
    with opened() as house:
        name = chain or only_chain(house)
        with working(f"forecasting {name}"):
            made = make_forecast(house, name, first_day, acting(house), days)
    if as_json:
        print_document({
            "chain": name, "model": made.model, "starts_on": made.starts_on,
            "counts": dict(made.counts), "event": made.event.sequence, "replayed": made.replayed,
        })  # fmt: skip
    else:
        _show(name, made)
    return GOOD


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"`{text}` is no day", code="BAD_DATE",
                         hint="write it as 2026-03-02") from error  # fmt: skip


def _show(chain: str, made: "ForecastMade") -> None:
    counts, screen = made.counts, console()
    screen.print(f"Demand of {chain} from {made.starts_on} on, by {made.model}:")
    screen.print(f"  from {counts['observations']:,} observations")
    screen.print(f"  {counts['pairs']:,} items at locations, {counts['local_days']} days ahead: "
                 f"{counts['quantiles']:,} quantiles")  # fmt: skip
    screen.print(f"  the whole chain, {counts['pooled_days']} days ahead: "
                 f"{counts['pooled_quantiles']:,} quantiles")  # fmt: skip
    known = "known already, " if made.replayed else ""
    hint(f"{known}event {made.event.sequence}")
