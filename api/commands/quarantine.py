"""The command `quarantine`: every row that a delivery set aside, with its reason."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document
from api.screen.amounts import count

if TYPE_CHECKING:
    from rich.console import Console

    from ontology.governance import QuarantinedRow
    from service.house import House
    from service.set_aside import Delivery

ROWS_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("quarantine")(quarantine)


def quarantine(
    event: Annotated[
        int, typer.Argument(min=0, help="The event of the feed; 0: the last that set rows aside.")
    ] = 0,
    chain: Annotated[str, typer.Option(help="Look among the feeds of this chain.")] = "",
    *,
    first: Annotated[int, typer.Option("--first", min=1, help="So many rows.")] = ROWS_SHOWN,
    after: Annotated[int, typer.Option("--after", min=0, help="Those after this number.")] = 0,
    everything: Annotated[bool, typer.Option("--all", help="Every row, to the end.")] = False,
    as_json: AsJson = False,
) -> int:
    """Rows that a delivery set aside, with reason and hint; page on with --after."""
    from api.commands.server import opened
    from service.set_aside import rows_set_aside

    with opened() as house:
        found = _delivery(house, event, chain)
        rows = [] if found is None else list(
            rows_set_aside(house, found.event, after, None if everything else first)
        )  # fmt: skip
    last = rows[-1][0] if rows else after
    more = 0 if found is None else max(0, found.rows - last)
    if as_json:
        print_document(document_of(found, rows, last if more else None))
    else:
        show_rows(console(), found, rows)
        if more and found is not None:
            hint(f"{more:,} more: `evenkeel quarantine {found.event} --after {last}`, or --all")
    return GOOD


def _delivery(house: "House", event: int, chain: str) -> "Delivery | None":
    """The feed that is meant; None where no feed of the chain set anything aside."""
    from api.recall import only_chain
    from service.set_aside import deliveries, delivery

    if event:
        return delivery(house, event)
    found = [each for each in deliveries(house, chain or only_chain(house)) if each.rows]
    return found[-1] if found else None


def show_rows(
    screen: "Console", found: "Delivery | None", rows: "list[tuple[int, QuarantinedRow]]"
) -> None:  # fmt: skip
    """The delivery, and each row with its number, place, reason, hint and code."""
    from feeds.refusals import HINTS
    from ontology.errors import Place

    if found is None:
        screen.print("no feed of this chain set a row aside")
        return
    screen.print(plain(f"event {found.event}, feed {found.feed} of {found.chain}: "
                       f"{count(found.rows, 'row')} set aside"), style="bold")  # fmt: skip
    for number, row in rows:
        place = Place(row.file, row.row, row.column)
        screen.print(f"{number:>4}  {plain(f'{place}: {row.reason}')}", soft_wrap=True)
        screen.print(f"      {HINTS[row.code]} [{row.code}]", soft_wrap=True)


def document_of(
    found: "Delivery | None", rows: "list[tuple[int, QuarantinedRow]]", next_after: int | None
) -> dict[str, Any]:
    """The same as data; `next_after` is the number to go on after, None at the end."""
    from dataclasses import asdict

    from feeds.refusals import HINTS

    told = {"event": None, "chain": "", "feed": "", "rows": 0} if found is None else asdict(found)
    return {
        **{name: told[name] for name in ("event", "chain", "feed")},
        "rows_in_all": told["rows"],
        "rows": [{"number": number, **asdict(row), "hint": HINTS[row.code]}
                 for number, row in rows],
        "next_after": next_after,
    }  # fmt: skip
