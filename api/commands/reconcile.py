"""The command `reconcile`: the same stock as two sources tell it, and who settles what differs."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of
from ontology.errors import InputError

if TYPE_CHECKING:
    from feeds.reconciliation.differences import Difference
    from service.house import House
    from service.stewardship.reconcile import Comparison
    from service.stewardship.settle import Settled

MOST_HOURS = 24 * 366


class CountsAt(StrEnum):
    """The words of --counts."""

    END = "end"
    START = "start"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("reconcile")(reconcile)


def reconcile(
    chain: Annotated[str, typer.Argument(help="The supply chain.")],
    one: Annotated[str, typer.Argument(metavar="SOURCE_A", help="A source, such as wms.")],
    other: Annotated[str, typer.Argument(metavar="SOURCE_B", help="Another one, such as erp.")],
    *,
    window_hours: Annotated[
        int, typer.Option(min=0, max=MOST_HOURS, help="How long one may lag behind the other.")
    ] = 24,
    counts: Annotated[
        CountsAt, typer.Option(help="What of its day a count without a time speaks of.")
    ] = CountsAt.END,
    at: Annotated[str, typer.Option(help="Compare at this time; default now.")] = "",
    resolve: Annotated[
        bool, typer.Option("--resolve", help="State in our units what is told in stated packs.")
    ] = False,
    accept: Annotated[
        str, typer.Option(metavar="KEY", help="Settle this position: item/location/lot.")
    ] = "",
    source: Annotated[str, typer.Option(help="With --accept: whose word stands.")] = "",
    reason: Annotated[str, typer.Option(help="With --accept: why, in a sentence.")] = "",
    first: Annotated[int, typer.Option("--first", min=1, help="So many positions.")] = 20,
    as_json: AsJson = False,
) -> int:
    """Where two sources tell the same stock otherwise, and why; settle a position with --accept."""
    from api.commands.server import opened
    from service.persons import acting
    from service.stewardship.reconcile import compare_sources
    from service.stewardship.settle import accept as accepted
    from service.stewardship.settle import settle_safely

    if at and (accept or resolve):
        raise InputError("what is settled is settled now", code="USAGE",
                         hint="leave out --at")  # fmt: skip
    when, sources = time_of(at, "--at") if at else None, (one, other)
    with opened() as house:
        settled: Settled | None = None
        if accept:
            settled = accepted(house, chain, sources, accept, source, reason, acting(house),
                               window_hours=window_hours, counts_at=counts.value)  # fmt: skip
        found = compare_sources(house, chain, sources, window_hours=window_hours, at=when,
                                counts_at=counts.value)  # fmt: skip
        if resolve:
            settled = settle_safely(house, found) or settled
            found = _compared(house, found)
    if as_json:
        print_document(document_of(found, settled))
        return GOOD
    show(found, settled, first)
    return GOOD


def _compared(house: "House", found: "Comparison") -> "Comparison":
    from service.stewardship.reconcile import compare_sources

    return compare_sources(house, found.chain, found.sources, window_hours=found.window_hours,
                           counts_at=found.counts_at)  # fmt: skip


def show(found: "Comparison", settled: "Settled | None", first: int) -> None:
    """What was settled, the totals by cause, and the positions that differ."""
    from api.screen.amounts import count
    from api.screen.reconciled import differences_table, totals_table

    screen, (one, other) = console(), found.sources
    if settled is not None:
        for choice in settled.choices[:first]:
            screen.print(f"{plain(choice.difference.key)} stands at {choice.units:,}, as "
                         f"{plain(choice.source)} says (event {settled.event.sequence})",
                         soft_wrap=True)  # fmt: skip
    when = found.at.strftime("%Y-%m-%d %H:%M UTC")
    screen.print(plain(f"{one} and {other} on {found.chain} at {when}"), style="bold")
    here, there = found.found.only
    screen.print(plain(f"{count(found.found.compared, 'position')} told by both, {here:,} by {one} "
                       f"alone, {there:,} by {other} alone"))  # fmt: skip
    if found.settled:
        screen.print(f"{count(len(found.settled), 'difference')} settled before")
    differences = found.found.differences
    if not differences:
        screen.print("they agree" if not found.settled else "nothing else differs")
        return
    screen.print(totals_table(found.found.totals()))
    screen.print(differences_table(differences[:first], found.sources))
    if len(differences) > first:
        hint(f"{len(differences) - first:,} more: --first {len(differences)}, or --json")
    if found.open:
        hint("settle one: --accept KEY --source SOURCE --reason TEXT")


def document_of(found: "Comparison", settled: "Settled | None") -> dict[str, Any]:
    """The same as data."""
    return {
        "chain": found.chain, "sources": list(found.sources), "at": found.at.isoformat(),
        "window_hours": found.window_hours, "counts_at": found.counts_at,
        "compared": found.found.compared,
        "only": list(found.found.only),
        "totals": {cause: {"positions": number, "units": units}
                   for cause, (number, units) in found.found.totals().items()},
        "differences": [difference_document(each) for each in found.found.differences],
        "settled_before": [difference_document(each) for each in found.settled],
        "settled_now": None if settled is None else {
            "event": settled.event.sequence, "replayed": settled.replayed,
            "positions": [{"position": choice.difference.key, "source": choice.source,
                           "units": choice.units} for choice in settled.choices],
        },
    }  # fmt: skip


def difference_document(one: "Difference") -> dict[str, Any]:
    """A difference: both words, what it was taken for, and the rows behind it."""
    pack = one.cause.pack
    return {
        "position": one.key, "units": list(one.units), "difference_units": one.difference,
        "cause": one.cause.name, "evidence": one.cause.evidence, "assumed": one.cause.assumed,
        "movements": list(one.cause.movements), "lacks": one.cause.lacks,
        "factor": None if pack is None else str(pack.ratio), "counts_in_packs": one.cause.pack_of,
        "is_safe": one.is_safe, "by_lots": one.by_lots,
        "counts": [[list(place) for place in said] for said in one.counts],
    }  # fmt: skip
