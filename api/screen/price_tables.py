"""Prices of rules and limits as tables: of whole plans, and of firm orders apart from penalties."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from api.screen import drawing
from api.screen.amounts import share, total
from api.screen.reasons import rule_name
from api.screen.tables import Table

if TYPE_CHECKING:
    from service.price import LimitPrice, OrdersPrice, Price, RulePrice

WHOLE_PLANS = (
    "The difference is that of whole plans: what one no longer holds or closes frees other moves, "
    "too, so lines that it never touched may open or go. (Below zero: lines are closed by "
    "measure, and without it that did worse.)"
)
BETWEEN = (
    "between: where a plan leaves a gap, the two best plans differ by an amount within these ends."
)
APART = (
    "Without it, with the change in brackets. A plan serves the most orders first: more of them "
    "served cost more, and no penalty for an open order is in the cost."
)


def prices_table(prices: "Sequence[RulePrice | LimitPrice]", scale: int, currency: str) -> Table:
    """What each one did, and how the plan without it differs; all of one kind, at least one."""
    acts, numbers = _acts(prices)
    told = [*acts[0]]
    orders = prices[0].orders is not None
    gap = any(_is_open(found) for found in prices)
    found = [] if orders else ["without it, less", *(["between"] if gap else []), "served"]
    found = ["orders served", "units served", "cost"] if orders else found
    rest = ["opens", "goes"]
    made = drawing.table(*told, *found, *rest, numbers=[*numbers, *found[:-1], found[-1], *rest])
    for one, cells in zip(prices, acts[1:], strict=True):
        amounts = (_apart(one.orders, currency) if one.orders
                   else _difference(one, scale, currency, gap=gap))  # fmt: skip
        drawing.add(made, *cells, *amounts, f"{len(one.opened):,}", f"{len(one.dropped):,}")
    return made


def notes(prices: "Sequence[Price]") -> Iterator[str]:
    """What the columns mean."""
    yield APART if prices[0].orders else WHOLE_PLANS
    if not prices[0].orders and any(_is_open(found) for found in prices):
        yield BETWEEN


def _acts(
    prices: "Sequence[RulePrice | LimitPrice]",
) -> tuple[list[list[str]], list[str]]:
    """The titles, and per price what it is and did; then which of the titles are numbers."""
    from service.price import RulePrice

    rules = [found for found in prices if isinstance(found, RulePrice)]
    if not rules:
        limits = [found for found in prices if not isinstance(found, RulePrice)]
        return [["limit", "stated by"], *([one.limit, ", ".join(one.facts)] for one in limits)], []
    did = {
        "closed": [f"{one.closed:,}" for one in rules],
        "floor, units": [_or_blank(one.floor_units) for one in rules],
        "limits": [_or_blank(one.limited) for one in rules],
    }
    shown = {title: cells for title, cells in did.items() if any(cells)}
    rows = [[rule_name(one.rule), *cells]
            for one, *cells in zip(rules, *shown.values(), strict=True)]  # fmt: skip
    return [["rule", *shown], *rows], [*shown]


def _or_blank(number: int) -> str:
    return f"{number:,}" if number else ""


def _is_open(found: "Price") -> bool:
    return found.at_least_scaled != found.at_most_scaled


def _difference(found: "Price", scale: int, currency: str, *, gap: bool) -> list[str]:
    ends = [total(end, scale) for end in (found.at_least_scaled, found.at_most_scaled)]
    between = " and ".join(ends) if _is_open(found) else "exact"
    return [total(found.difference_scaled, scale, currency), *([between] if gap else []),
            share(found.comparison_without["plan"]["fill_per_million"])]  # fmt: skip


def _apart(found: "OrdersPrice", currency: str) -> list[str]:
    more = found.cost_cents_without - found.cost_cents_with
    sign = "+" if more >= 0 else ""
    return [
        f"{found.orders_without:,} ({found.orders_without - found.orders_with:+,})",
        f"{found.units_without:,} ({found.units_without - found.units_with:+,})",
        f"{total(found.cost_cents_without, 1, currency)} ({sign}{total(more)})",
    ]
