"""The command that says what rules cost: each one's price is a plan made without it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.amounts import count, money
from api.output import GOOD, AsJson, console, print_document, working
from ontology.errors import InputError

if TYPE_CHECKING:
    from rules.release import Release
    from service.house import House
    from service.price import RulePrice

LINES_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("price")(price)


def price(
    rule: Annotated[
        str, typer.Argument(help="A rule's IRI or its last part; none: every rule that closes.")
    ] = "",
    chain: Annotated[str, typer.Option(help="The supply chain to plan.")] = "",
    as_json: AsJson = False,
) -> int:
    """What a rule costs on the present facts: the plan with it against the plan without it."""
    from api.commands_plan import only_chain
    from api.commands_server import opened
    from api.recall import currency_of

    with opened() as house:
        name = chain or only_chain(house)
        with working("planning with and without"):
            prices, scale = _prices(house, name, rule)
        currency = currency_of(house, name)
    if as_json:
        print_document({"chain": name, "cost_scale": scale,
                        "prices": [_document(found) for found in prices]})  # fmt: skip
    else:
        _show(prices, scale, currency, whole=bool(rule))
    return GOOD


def _prices(house: "House", chain: str, rule: str) -> "tuple[list[RulePrice], int]":
    from service.decision import PlanRequest
    from service.planning import draft_plan
    from service.price import price_of_rule

    request, snapshot = PlanRequest(chain), house.reader.read(chain)
    chosen = [_named(house.release, rule)] if rule else []
    draft = draft_plan(snapshot, house.release, request)
    suppressed = draft.decision["suppressed"]
    rules = chosen or sorted({*suppressed["by_rule"], *suppressed["floors"]})
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
    made = drawing.table("rule", "closed", "without it, less", "served", "opens", "goes",
                         numbers=["closed", "without it, less", "opens", "goes"])  # fmt: skip
    for found in prices:
        drawing.add(made, _short(found.rule), f"{found.closed:,}",
                    money(found.difference_scaled, scale, currency), _served(found),
                    len(found.opened), len(found.dropped))  # fmt: skip
    screen.print(made)
    for title, lines in (("opens", "opened"), ("goes", "dropped")) if whole else ():
        rows = getattr(prices[0], lines)
        screen.print(f"Without it, what {title} ({count(len(rows), 'line')}):")
        screen.print(drawing.lines_table(rows[:LINES_SHOWN], scale))


def _served(found: "RulePrice") -> str:
    after = found.comparison_without["plan"]
    if "orders_served" in after:
        return f"{after['orders_served']:,} orders"
    return f"{after['fill_per_million'] / 10_000:.1f} % of demand"


def _document(found: "RulePrice") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"difference_scaled": found.difference_scaled}
