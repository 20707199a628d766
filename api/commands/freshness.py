"""The command `freshness`: how old each source's facts are, and which lines stand on old ones."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of

if TYPE_CHECKING:
    from service.stewardship.freshness import ClassFreshness


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("freshness")(freshness)


def freshness(
    chain: Annotated[str, typer.Argument(metavar="[CHAIN]", help="The supply chain.")] = "",
    *,
    at: Annotated[
        str, typer.Option(help="Count ages at this time, 2026-03-01T06:00:00Z; default now.")
    ] = "",
    plan: Annotated[
        str, typer.Option(help="The lines of this plan on stale or marked facts: digest or latest.")
    ] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="So many lines.")] = 20,
    as_json: AsJson = False,
) -> int:
    """How old facts are by source and class, how old they may be, and how many are stale.

    Of a plan: its lines that stand on stale or marked facts, and what would flip them.
    """
    from api.commands.server import opened
    from api.recall import only_chain
    from service.stewardship.freshness import freshness as found_in

    if plan:
        return _of_plan(plan, chain, rows, as_json=as_json)
    asked_at = time_of(at, "--at") if at else None
    with opened() as house:
        name = chain or only_chain(house)
        when, found = found_in(house, name, asked_at)
    if as_json:
        print_document({"chain": name, "at": when.isoformat(),
                        "freshness": [asdict(row) for row in found]})  # fmt: skip
        return GOOD
    show(name, when.strftime("%Y-%m-%d %H:%M UTC"), found)
    return GOOD


def show(chain: str, when: str, found: "list[ClassFreshness]") -> None:
    """A table by source and class, and what it comes to."""
    from api.screen.ages import freshness_table

    screen = console()
    screen.print(plain(f"facts of {chain} at {when}"), style="bold")
    screen.print(freshness_table(found))
    if not any(row.budget_hours is not None for row in found):
        hint("no source says how old its facts may be: load `FreshnessBudget` rows, or "
             "`freshness_hours` of `Source`")  # fmt: skip


def _of_plan(plan: str, chain: str, rows: int, *, as_json: bool) -> int:
    from api.commands.server import opened
    from api.recall import document_of, find_plan, title_of
    from api.screen.ages import doubts_table
    from service.stewardship.doubt_ranges import explained

    with opened() as house:
        document = document_of(house, find_plan(house, plan, chain))
        found = explained(house, document, most=rows)
    if as_json:
        print_document({
            "plan": document["plan_digest"], "at": document["about"]["made_at"],
            "lines": [asdict(line) | {"rooms": list(map(asdict, rooms))} for line, rooms in found],
        })  # fmt: skip
        return GOOD
    screen = console()
    screen.print(title_of(document), style="bold")
    if found:
        screen.print(doubts_table(found, document["decision"]))
        if len(found) == rows:
            hint(f"the first {rows:,} of them: --rows shows more")
    else:
        screen.print("no line stands on a stale or marked fact")
    return GOOD
