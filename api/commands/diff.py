"""The command `diff`: plan against plan, and which change made which difference."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, plain, print_document
from api.recall import LATEST, document_of, find_plan

if TYPE_CHECKING:
    from rich.console import Console

    from service.difference import Change, Difference, LineChange

CHANGES_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("diff")(diff)


def diff(
    before: Annotated[str, typer.Argument(help="The plan before, by digits of its digest.")],
    after: Annotated[str, typer.Argument(help="The plan after; the latest by default.")] = LATEST,
    chain: Annotated[str, typer.Option(help="Look among the plans of this chain.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Lines to print.")] = 20,
    *,
    as_json: AsJson = False,
) -> int:
    """What is different between two plans, and which changed facts, rules or knobs made it so."""
    from api.commands.server import opened
    from api.output import working
    from service.difference import difference

    with opened() as house, working("planning again, one change after the other"):
        documents = [
            document_of(house, find_plan(house, asked, chain)) for asked in (before, after)
        ]
        found = difference(house.store, *documents)
    if as_json:
        print_document(document(found))
    else:
        decision = documents[1]["decision"]
        show_difference(console(), found, decision["currency"], rows)
    return GOOD


def document(found: "Difference") -> dict[str, Any]:
    """The difference as one JSON document; values before and after side by side."""
    return asdict(found)


def show_difference(screen: "Console", found: "Difference", currency: str, rows: int) -> None:
    """Costs, what each group of changes did, and the lines that differ."""
    from api.screen import drawing
    from api.screen.amounts import count, money

    was, now = found.cost_cents
    screen.print(f"plan {found.before[: drawing.DIGITS]} costs {money(was, 1, currency)}, "
                 f"plan {found.after[: drawing.DIGITS]} {money(now, 1, currency)}: "
                 f"{signed(now - was, currency)}", style="bold")  # fmt: skip
    if not found.groups:
        screen.print("facts, rules, knobs and request are the same")
        return
    made = drawing.table("changed", "how many", "cost", numbers=["how many", "cost"])
    for group in found.groups:
        drawing.add(made, group.name, f"{group.count:,}", signed(group.cost_cents, ""))
    drawing.add(made, "all together", f"{sum(g.count for g in found.groups):,}",
                signed(now - was, ""))  # fmt: skip
    screen.print(made)
    for group in found.groups:
        for change in group.changes[:CHANGES_SHOWN]:
            screen.print(f"  {change_text(change)}")
        if group.count > CHANGES_SHOWN:
            screen.print(f"  ... and {group.count - CHANGES_SHOWN:,} more in {group.name}")
    screen.print(count(len(found.lines), "line differs", "lines differ"), style="bold")
    for line in found.lines[:rows]:
        screen.print(f"  {line_text(line)}")
    if len(found.lines) > rows:
        screen.print(f"... and {len(found.lines) - rows:,} more: --rows {len(found.lines)}")
    screen.print("Each group was changed in this order and the plan made again; in another order "
                 "its share can be another one.", style="dim")  # fmt: skip


def signed(cents: int, currency: str) -> str:
    """An amount with its sign, `+0.00` for none."""
    from api.screen.amounts import money

    return ("+" if cents >= 0 else "") + money(cents, 1, currency)


def change_text(change: "Change") -> str:
    """One change: `Lane/truck-ns: cost_per_unit_micros 180000 -> 240000`."""
    if change.change != "changed" or not change.fields:
        return f"{plain(change.what)}: {change.change}"
    fields = ", ".join(
        (f"{name} " if name != change.what else "") + f"{plain(was)} -> {plain(now)}"
        for name, (was, now) in change.fields.items()
    )
    return f"{plain(change.what)}: {fields}"


def line_text(line: "LineChange") -> str:
    """One line that differs, and the groups that changed it."""
    from api.screen.drawing import end_of, start_of, way_of

    about = dict(line.line)
    by = ", ".join(f"{name} {units:+,}" for name, units in line.by.items())
    rests = f"; rests on {', '.join(map(plain, line.rests_on[:CHANGES_SHOWN]))}"
    lot = f" of lot {plain(about['lot'])}" if about.get("lot") else ""
    way = f" ({plain(way_of(about))})" if way_of(about) else ""
    return (f"{plain(about['item'])}{lot} from {plain(start_of(about))} to {plain(end_of(about))}"
            f"{way}: {line.units_before:,} -> {line.units_after:,} units by "
            f"{by or 'changes that cancel'}{rests if line.rests_on else ''}")  # fmt: skip
