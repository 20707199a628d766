"""The command `policy backtest`: what a release would have done to recorded decisions."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import BAD, GOOD, REFUSED, AsJson, console, plain, print_document, watched
from ontology.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from service.backtest.reviews import Unreviewed

Day = Annotated[str, typer.Option(help="A day such as 2026-03-01 (UTC), itself included.")]


def register_in(policy: typer.Typer) -> None:
    """Add the command of this module to the group `policy`."""
    policy.command("backtest")(backtest)


def backtest(
    release: Annotated[
        str,
        typer.Argument(
            help="A folder with shapes/ and knobs.toml, a digest, active, shipped, "
            "or own: each plan's own."
        ),
    ],
    *,
    since: Day = "",
    until: Day = "",
    chain: Annotated[list[str] | None, typer.Option(help="A chain; again for more.")] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Processes; 0: one per processor.")
    ] = 0,
    anew: Annotated[bool, typer.Option("--anew", help="Decide all again, also what is kept.")] = (
        False
    ),
    reviewed_by: Annotated[
        str, typer.Option(help="Who answers for what opens: a person, by name or pseudonym.")
    ] = "",
    reason: Annotated[str, typer.Option(help="With --reviewed-by: why it may open.")] = "",
    rule: Annotated[
        list[str] | None, typer.Option(help="With --reviewed-by: for this rule alone; again.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Decide recorded decisions again as they were, under their own release and under another.

    What was denied and would be allowed comes first. Exit status: 0 nothing that nobody reviewed
    opens, 1 something does, or a decision is another than recorded, or the release cannot decide,
    2 a decision could not be made again.
    """
    from api.commands.server import opened
    from service.backtest.ledgered import record, review, reviews_kept
    from service.backtest.reviews import unreviewed
    from service.backtest.run import Window, release_named
    from service.backtest.run import backtest as tested
    from service.persons import acting

    if (reason or rule) and not reviewed_by:
        raise InputError("a review has a person", code="USAGE", hint="give --reviewed-by")
    window = Window(tuple(chain or ()), day_of(since, "--since"), day_of(until, "--until"))
    with opened() as house:
        meant = release_named(house, release)
        with watched() as progress:
            found = tested(house, meant, window, workers=workers, progress=progress, anew=anew)
        record(house, found, acting(house))
        if reviewed_by:
            review(house, found, house.persons.pseudonym_of(reviewed_by), reason, rule or ())
        waiting = unreviewed(found.result, reviews_kept(house, found))
    if as_json:
        print_document({"digest": found.digest, "unreviewed": [_told(one) for one in waiting],
                        **found.result})  # fmt: skip
    else:
        from api.screen.backtest_tables import show_backtest

        show_backtest(console(), found.digest, found.result, waiting)
    return exit_status(found.result, waiting)


def exit_status(result: "Mapping[str, Any]", waiting: "Sequence[Unreviewed]") -> int:
    """REFUSED while something opens unreviewed or differs; else BAD where one was not made."""
    counts = result["counts"]
    made = counts["decisions"] - counts["not_made"]
    if waiting or counts["same_bytes"] < made or result["missing"]["words"]:
        return REFUSED
    return BAD if counts["undecided"] else GOOD


def day_of(text: str, option: str) -> date | None:
    """A day of the calendar, None for an empty text. Raises InputError `BAD_DAY`."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"`{plain(text)}` is no day, as {option} wants it", code="BAD_DAY",
                         hint="write it like 2026-03-01") from None  # fmt: skip


def _told(one: "Unreviewed") -> "dict[str, Any]":
    from dataclasses import asdict

    return asdict(one)
