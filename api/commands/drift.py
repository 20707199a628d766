"""The command `drift`: does a plan still hold on the present facts, and what must be replanned?"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, REFUSED, AsJson, console, hint, plain, print_document
from api.recall import LATEST, document_of, find_plan, title_of

if TYPE_CHECKING:
    from rich.console import Console

    from service.drift import PlanDrift

WHY = {
    "lines": "its lines cannot be made any more",
    "purchases": "the order-up-to rule asks for other purchases",
    "gap": "a better plan may exist",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("drift")(drift)


def drift(
    plan: Annotated[str, typer.Argument(help="The plan, by digits of its digest.")] = LATEST,
    chain: Annotated[str, typer.Option(help="Look among the plans of this chain.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Items to print.")] = 20,
    *,
    as_json: AsJson = False,
) -> int:
    """Does the plan still hold on the present facts? No plan is made: its own proof says so.

    Exit status 1 where it does not, with the items that have to be planned again.
    """
    from api.commands.server import opened
    from service.drift import drift as drift_of

    with opened() as house:
        document = document_of(house, find_plan(house, plan, chain))
        chain = document["decision"]["chain"]
        found = drift_of(house.store, document, house.facts(chain), house.release_for(chain),
                         house.reserved(chain, document["plan_digest"]))  # fmt: skip
    if as_json:
        print_document(asdict(found))
    else:
        show_drift(console(), found, document, rows)
    return GOOD if found.holds else REFUSED


def show_drift(
    screen: "Console", found: "PlanDrift", document: dict[str, Any], rows: int
) -> None:  # fmt: skip
    """The verdict, what the plan costs now and how far from the best, and the affected items."""
    from api.screen import drawing
    from api.screen.amounts import money

    decision = document["decision"]
    scale, currency = decision["network"]["cost_scale"], decision["currency"]
    verdict = "holds" if found.holds else "does not hold any more"
    facts = ": the facts are the same" if found.same_facts else " on the present facts"
    screen.print(f"{plain(title_of(document))} {verdict}{facts}", style="bold")
    if found.gap_scaled is not None and found.cost_scaled is not None:
        change = found.cost_scaled - found.cost_scaled_then
        than = "more" if change >= 0 else "less"
        screen.print(
            f"it costs {money(abs(change), scale, currency)} {than} than when it was made, and at "
            f"most {money(found.gap_scaled, scale, currency)} more than the best with its "
            f"purchases; allowed: {money(found.allowed_scaled, scale, currency)}"
        )
    if found.branches:
        proved = money(found.gap_by_branches_then or 0, scale, currency)
        root = money(found.gap_scaled_then, scale, currency)
        screen.print(
            f"these are gaps to the bound of the root: before the {found.branches:,} branches of "
            f"its certificate, which proved {proved} when it was made, that was {root}"
        )
    for resource in found.crowded:
        screen.print(f"overdrawn: the {plain(resource['kind'])} capacity of "
                     f"{plain(resource['subject'])} on {resource['day']}")  # fmt: skip
    if not found.affected:
        return
    made = drawing.table("items", "gap", "gap then", "why", numbers=["gap", "gap then"])
    for group in found.affected[:rows]:
        gap = "" if group.gap_scaled is None else money(group.gap_scaled, scale, currency)
        drawing.add(made, plain(", ".join(group.items)), gap,
                    money(group.gap_scaled_then, scale, currency), WHY[group.why])  # fmt: skip
    screen.print(made)
    screen.print(f"{len(found.affected):,} of {found.group_count:,} groups of items have to be "
                 "planned again")  # fmt: skip
    hint(f"plan again with few changes: `evenkeel plan --chain {plain(decision['chain'])} "
         f"--steady {found.plan[:12]}`")  # fmt: skip
