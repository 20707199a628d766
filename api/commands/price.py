"""The command that says what rules and limits cost: each one's price is a plan without it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, working
from api.screen.amounts import count
from ontology.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from service.house import House
    from service.price import LimitPrice, Price, RulePrice

LINES_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("price")(price)


def price(
    what: Annotated[
        str,
        typer.Argument(
            help="A rule's IRI or its last part, or a limit such as budget:freight, lane:NAME, "
            "carrier:NAME, location:NAME; nothing: every rule that acts."
        ),
    ] = "",
    chain: Annotated[str, typer.Option(help="The supply chain to plan.")] = "",
    limits: Annotated[
        bool, typer.Option("--limits", help="Every limit that acts, instead of the rules.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """What a rule or a limit costs on the present facts: the plan with it, and without it.

    Knobs are neither, and have no price.
    """
    from api.commands.server import opened
    from api.recall import currency_of, only_chain

    if what and limits:
        raise InputError("name one, or ask for every limit", code="USAGE",
                         hint="leave out --limits, or the name")  # fmt: skip
    with opened() as house:
        name = chain or only_chain(house)
        with working("planning with and without"):
            prices, scale, others = _prices(house, name, what, limits=limits)
        currency = currency_of(house, name)
    if as_json:
        print_document({"chain": name, "cost_scale": scale,
                        "prices": [found.stated() for found in prices]})  # fmt: skip
        return GOOD
    _show(name, prices, scale, currency, whole=bool(what))
    if others:
        hint(f"{count(others, 'limit that facts state acts', 'limits that facts state act')}, "
             "too: `evenkeel price --limits`")  # fmt: skip
    return GOOD


def _prices(
    house: "House", chain: str, what: str, *, limits: bool
) -> "tuple[list[RulePrice | LimitPrice], int, int]":
    """The prices, the plan's cost scale, and how many limits act that were not asked for."""
    from service.decision import PlanRequest
    from service.limits import limits_that_act
    from service.planning import draft_plan, with_reserved
    from service.price import named, prices, rules_that_act

    release, snapshot = house.release_for(chain), house.facts(chain)
    request = with_reserved(house, PlanRequest(chain))
    meant = [named(snapshot, release, what)] if what else []
    draft = draft_plan(snapshot, release, request)
    acting = limits_that_act(draft, snapshot)
    asked = meant or (acting if limits else rules_that_act(draft, release))
    return (prices(draft, snapshot, release, asked, request), draft.problem.network.cost_scale,
            0 if what or limits else len(acting))  # fmt: skip


def _show(
    chain: str, prices: "Sequence[RulePrice | LimitPrice]", scale: int, currency: str, *,
    whole: bool,
) -> None:  # fmt: skip
    from api.screen import drawing, price_tables

    screen = console()
    screen.print(plain(f"{chain}: the plan as it is beside the one without"), style="bold")
    if not prices:
        screen.print("none acts on this plan")
        return
    screen.print(price_tables.prices_table(prices, scale, currency))
    for note in price_tables.notes(prices):
        screen.print(note)
    lists: tuple[tuple[str, Callable[[Price], Any]], ...] = (
        ("opens", lambda one: one.opened), ("goes", lambda one: one.dropped),
    )  # fmt: skip
    for title, lines in lists if whole else ():
        rows = lines(prices[0])
        screen.print(f"Without it, what {title} ({count(len(rows), 'line')}):")
        screen.print(drawing.lines_table(rows[:LINES_SHOWN], scale, currency=currency))


def did(found: "RulePrice") -> str:
    """What a rule did to the plan: closed movements, held stock back, or limited what is shared."""
    parts = [
        text for amount, text in (
            (found.closed, f"it closed {count(found.closed, 'movement')}"),
            (found.floor_units, f"it wants {count(found.floor_units, 'unit')} kept where they are"),
            (found.limited, f"it limits {_capacities(found.limited)}"),
        ) if amount
    ]  # fmt: skip
    return ", and ".join(parts) or "it closed no movement"


def _capacities(number: int) -> str:
    return count(number, "shared capacity that is full", "shared capacities that are full")
