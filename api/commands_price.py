"""The command that says what rules cost: each one's price is a plan made without it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.amounts import count, share, total
from api.output import GOOD, AsJson, console, plain, print_document, working
from ontology.errors import InputError

if TYPE_CHECKING:
    from rules.release import Release
    from service.house import House
    from service.price import RulePrice

LINES_SHOWN = 10
WHOLE_PLANS = (
    "The difference is that of whole plans: what a rule no longer holds or closes frees other "
    "moves, too, so lines that it never touched may open or go. (Below zero: lines are closed by "
    "measure, and without the rule that did worse.)"
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("price")(price)


def price(
    rule: Annotated[
        str, typer.Argument(help="A rule's IRI or its last part; none: every rule that acts.")
    ] = "",
    chain: Annotated[str, typer.Option(help="The supply chain to plan.")] = "",
    as_json: AsJson = False,
) -> int:
    """What a rule costs on the present facts: the plan with it against the plan without it.

    Knobs and limits are no rules, and have no price.
    """
    from api.commands_server import opened
    from api.recall import currency_of, only_chain

    with opened() as house:
        name = chain or only_chain(house)
        with working("planning with and without"):
            prices, scale = _prices(house, name, rule)
        currency = currency_of(house, name)
    if as_json:
        print_document({"chain": name, "cost_scale": scale,
                        "prices": [_document(found) for found in prices]})  # fmt: skip
    else:
        console().print(plain(f"{name}: the plan with each rule beside the one without it"),
                        style="bold")  # fmt: skip
        _show(prices, scale, currency, whole=bool(rule))
    return GOOD


def _prices(house: "House", chain: str, rule: str) -> "tuple[list[RulePrice], int]":
    from service.decision import PlanRequest
    from service.planning import draft_plan
    from service.price import price_of_rule, rules_that_act

    request, snapshot = PlanRequest(chain), house.reader.read(chain)
    chosen = [_named(house.release, rule)] if rule else []
    draft = draft_plan(snapshot, house.release, request)
    rules = chosen or rules_that_act(draft, house.release)
    prices = [price_of_rule(draft, snapshot, house.release, each, request) for each in rules]
    return prices, draft.problem.network.cost_scale


def _named(release: "Release", asked: str) -> str:
    found = [rule.iri for rule in release.rules if asked in (rule.iri, _short(rule.iri))]
    if len(found) != 1:
        raise InputError(f"there is no rule `{asked}`", code="RULE_UNKNOWN",
                         hint="`evenkeel rules` lists them")  # fmt: skip
    return found[0]


def _short(iri: str) -> str:
    return iri.rpartition("/")[2]


def _show(prices: "list[RulePrice]", scale: int, currency: str, *, whole: bool) -> None:
    from api import drawing

    screen = console()
    numbers = ["closed", "floor, units", "limits", "without it, less", "opens", "goes"]
    made = drawing.table("rule", *numbers[:4], "served", *numbers[4:], numbers=numbers)
    for found in prices:
        floor = f"{found.floor_units:,}" if found.floor_units else ""
        limited = f"{found.limited:,}" if found.limited else ""
        less = total(found.difference_scaled, scale, currency)
        drawing.add(made, _short(found.rule), f"{found.closed:,}", floor, limited, less,
                    _served(found), f"{len(found.opened):,}",
                    f"{len(found.dropped):,}")  # fmt: skip
    screen.print(made)
    screen.print(WHOLE_PLANS)
    for title, lines in (("opens", "opened"), ("goes", "dropped")) if whole else ():
        rows = getattr(prices[0], lines)
        screen.print(f"Without it, what {title} ({count(len(rows), 'line')}):")
        screen.print(drawing.lines_table(rows[:LINES_SHOWN], scale))


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


def _served(found: "RulePrice") -> str:
    after = found.comparison_without["plan"]
    if "orders_served" in after:
        return f"{after['orders_served']:,} orders"
    return share(after["fill_per_million"])


def _document(found: "RulePrice") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"difference_scaled": found.difference_scaled}
