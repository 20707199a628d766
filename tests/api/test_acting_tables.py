"""What acted on a plan stands under the heading of its kind, and prices of each kind as tables."""

import pytest
from rich.console import Console

from api.screen.acting_tables import FACTS, PLANNER, acting_tables, heading_of
from api.screen.price_tables import APART, BETWEEN, WHOLE_PLANS, notes, prices_table
from api.screen.reasons import IRI
from api.screen.tables import Table
from ontology.edits import FORBIDDEN
from service.price import LimitPrice, OrdersPrice, RulePrice
from solver.engine import shared
from solver.explain import filters
from solver.model import steady

SUPPRESSED = {
    "focus_counts": {f"{IRI}rule/open-lane": 7},
    "by_rule": {f"{IRI}rule/open-lane": 2, filters.KNOB + "rounds": 3},
    "limited": {shared.BUDGET: 1, f"{IRI}rule/possession-limit": 2},
}


def shown(table: Table) -> list[list[str]]:
    """The cells of a table as a wide screen shows them, with its titles."""
    screen = Console(width=200)
    with screen.capture() as captured:
        screen.print(table)
    lines = [line for line in captured.get().splitlines() if line.strip(" ─")]
    return [[cell.strip() for cell in line.strip().split("   ") if cell.strip()] for line in lines]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        (f"{IRI}rule/open-lane", "rule"),
        ("https://example.com/rules/own", "rule"),
        (filters.KNOB + "rounds", "knob"),
        (FORBIDDEN, "wish"),
        (steady.NO_WAY_BACK, PLANNER),
        *((name, FACTS) for name in (
            shared.BUDGET, shared.LANE_CAPACITY, shared.CARRIER_CAPACITY, shared.LOCATION_CAPACITY,
            shared.WHOLE_LOADS, shared.WHOLE_LOTS,
        )),
    ],
)  # fmt: skip
def test_each_kind_has_its_heading(name: str, heading: str) -> None:
    """A limit that facts state is no rule; a rule of one's own is one."""
    assert heading == heading_of(name)


def test_rules_knobs_and_facts_stand_apart() -> None:
    """Three tables: rules with all that they can do, the others with what they did."""
    rules, knobs, facts = map(shown, acting_tables(SUPPRESSED))
    titles = ["rule", "looked at", "closed", "to a person", "floor, units", "limits"]
    assert [titles, ["open-lane", "7", "2"], ["possession-limit", "2"]] == rules
    assert [["knob", "closed"], ["rounds", "3"]] == knobs
    assert [[FACTS, "full"], ["budget", "1"]] == facts


def test_nothing_but_rules_is_one_table() -> None:
    """No heading stands without a row, but that of the rules."""
    (rules,) = acting_tables({})
    assert "rule" == shown(rules)[0][0]


def limit(with_: int, without: int, bound_with: int, bound_without: int) -> LimitPrice:
    """The price of a budget."""
    return LimitPrice(
        limit="budget:freight", facts=("Budget/freight",), cost_scaled_with=with_,
        cost_scaled_without=without, bound_scaled_with=bound_with,
        bound_scaled_without=bound_without, opened=[], dropped=[],
        comparison_without={"plan": {"fill_per_million": 900_000}},
    )  # fmt: skip


def test_a_price_without_a_gap_is_exact() -> None:
    """No ends are told where both plans are optimal."""
    price = limit(500, 300, 500, 300)
    titles, cells = shown(prices_table([price], 1, "EUR"))
    assert ["limit", "stated by", "without it, less", "served", "opens", "goes"] == titles
    assert ["budget:freight", "Budget/freight", "2.00 EUR", "90.0 %", "0", "0"] == cells
    assert [WHOLE_PLANS] == list(notes([price]))


def test_a_gap_gives_the_ends() -> None:
    """The best plans differ by 450 less 300 at least, and by 500 less 250 at most."""
    price = limit(500, 300, 450, 250)
    assert "1.50 and 2.50" in shown(prices_table([price], 1, "EUR"))[1]
    assert BETWEEN in list(notes([price]))


def test_firm_orders_are_told_apart_from_their_cost() -> None:
    """Orders, units and cost, each with its change; the penalties are nowhere."""
    price = RulePrice(
        rule=f"{IRI}rule/plant-makes-item", title="", closed=4, cost_scaled_with=10**9,
        cost_scaled_without=0, bound_scaled_with=10**9, bound_scaled_without=0, opened=[],
        dropped=[], comparison_without={}, orders=OrdersPrice(2_444, 5_427, 10, 30, 500, 1_250),
    )  # fmt: skip
    titles, cells = shown(prices_table([price], 1, "EUR"))
    assert ["rule", "closed", "orders served", "units served", "cost"] == titles[:5]
    assert ["plant-makes-item", "4", "5,427 (+2,983)", "30 (+20)", "12.50 EUR (+7.50)"] == cells[:5]
    assert [APART] == list(notes([price]))
