"""The commands about canaries: tried for a part, compared, ended."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.release_decisions import (
    DIGITS,
    Chain,
    Families,
    Regions,
    Which,
    Why,
    decide_on,
)
from api.output import (
    GOOD,
    REFUSED,
    AsJson,
    hint,
    plain,
    print_document,
)
from ontology.errors import InputError

if TYPE_CHECKING:
    from service.governing.ledger import Decided
    from service.house import House


def canary(
    release: Which,
    *,
    reason: Why = "",
    chain: Chain = "*",
    region: Regions = None,
    family: Families = None,
    share: Annotated[
        int, typer.Option(min=1, max=100, help="Percent of items and places, a stable choice.")
    ] = 100,
    salt: Annotated[
        str, typer.Option(help="Another one chooses others; by default its digest.")
    ] = "",
    guard: Annotated[
        list[str] | None,
        typer.Option(
            help="METRIC=PERCENT: abort if worse by more; cost, shortfall, exceptions, "
            "gap. By default each by 5."
        ),
    ] = None,
    pairs: Annotated[int, typer.Option(min=5, help="Plans to compare before it may go on.")] = 8,
    days: Annotated[int, typer.Option(min=1, max=365, help="Then it ends by itself.")] = 14,
    as_json: AsJson = False,
) -> int:
    """Let an approved release decide for a part, beside the one in force for the rest."""
    from governance.canaries import METRICS, Canary, Guard
    from governance.scopes import Scope
    from service.governing.releasing import find, start_canary

    guards = tuple(_guard(one) for one in guard or [f"{name}=5" for name in METRICS])
    scope = Scope(chain, tuple(region or ()), tuple(family or ()))

    def decide(house: "House", name: str, agent: str) -> "Decided":
        found, begins = find(house, name), datetime.now(UTC)
        terms = Canary(scope, begins, begins + timedelta(days=days),
                       tuple(Guard(*each) for each in guards), share,
                       salt or found.digest[:DIGITS], pairs)  # fmt: skip
        return start_canary(house, name, terms, reason, agent)

    return decide_on(
        release,
        decide,
        as_json=as_json,
        then="each plan is compared; `evenkeel policy show {0}` shows the evidence",
    )


def abort(release: Which, reason: Why = "", as_json: AsJson = False) -> int:
    """End a canary: the release in force decides for its part again."""
    from service.governing.releasing import abort as aborted

    return decide_on(release, lambda house, name, agent: aborted(house, name, reason, agent),
                     as_json=as_json)  # fmt: skip


def guard(as_json: AsJson = False) -> int:
    """Compare what was planned under each canary, and end those that are worse or out of time.

    The service does this by itself; exit 1 where a canary was ended.
    """
    from dataclasses import asdict

    from api.commands.server import opened
    from api.screen.canary_rows import left_out_in_words
    from service.governing.canaries import guard_canaries

    with opened() as house:
        found = guard_canaries(house)
    if as_json:
        print_document({"canaries": [
            asdict(one) | {"aborted": one.aborted.sequence if one.aborted else None}
            for one in found
        ]})  # fmt: skip
        return REFUSED if any(one.aborted for one in found) else GOOD
    for one in found:
        typer.echo(
            f"{one.release[:DIGITS]}  {one.compared} plans compared"
            + (f", ended: {one.aborted.payload['reason']}" if one.aborted else "")
        )
        for reason in one.not_compared:
            hint(f"not compared: {plain(reason)}")
        if one.left_out:
            hint(f"no sample so far: {plain(left_out_in_words(one.left_out))}")
    if not found:
        typer.echo("there is no canary")
    return REFUSED if any(one.aborted for one in found) else GOOD


def _guard(text: str) -> tuple[str, int]:
    metric, _, percent = text.partition("=")
    if not percent.isdecimal():
        raise InputError(f"`{plain(text)[:60]}` is nothing for --guard", code="USAGE",
                         hint="write METRIC=PERCENT, such as cost=5")  # fmt: skip
    return metric, int(percent)
