"""Reasons of shortfalls: money of the plan, never micros, and what a rule does by its kind."""

from typing import Any

import pytest

from api.screen.reasons import reason_of, rule_name
from tests.api.conftest import Ask

RULE = "https://w3id.org/evenkeel/rule/safety-floor"
KNOB = "https://w3id.org/evenkeel/knob/line_days_between_shipments"
PRICED = {
    "kind": "rule",
    "rule": RULE,
    "at_these_prices": {"saves_scaled": 123_400},
    "reason": f"one more unit here would save 123400 micros, but {RULE} closes its way",
}
CUT = {
    "kind": "cannot",
    "order": "o",
    "rule": RULE,
    "reason": "one of 6578 in this cut",
    "cut": {"short": 6578, "orders": 7729, "locations": ["a", "b"], "capacity": 1151},
}
FULL = {
    "kind": "shared resource",
    "resource": {"kind": "lane"},
    "at_these_prices": {"saves_scaled": 70},
    "reason": "one more unit here would save 70 micros, but the lane capacity of x is full",
}
KNOBBED = {
    "kind": "not worth it",
    "at_these_prices": {"saves_scaled": 70},
    "reason": f"it does not pay its fixed cost: {KNOB}",
}
OTHER = {"kind": "cannot", "reason": "it would cost 73704 micros"}
GAIN = "at these prices one more unit would save"
EXPECTED = [
    (PRICED, (), f"{GAIN} 0.1234 EUR; safety-floor closes its way"),
    (PRICED, (RULE,), f"{GAIN} 0.1234 EUR; safety-floor holds back the stock that could go there"),
    (FULL, (), f"{GAIN} 0.00007 EUR; the lane capacity of x is full"),
    (KNOBBED, (), "it does not pay its fixed cost: the knob line_days_between_shipments"),
    (OTHER, (), "it would cost 0.073704 EUR"),
]


def test_a_cut_of_orders_has_its_numbers_apart() -> None:
    """Orders are served from places; thousands are apart, the rule has its name."""
    assert (
        "one of 6,578 in this cut: 7,729 orders can be served only from 2 locations with places "
        "for 1,151; without safety-floor it could be served elsewhere"
    ) == reason_of(CUT, 10_000, "EUR")


@pytest.mark.parametrize(("row", "floors", "expected"), EXPECTED)
def test_a_reason_speaks_in_money_and_names(
    row: dict[str, Any], floors: tuple[str, ...], expected: str
) -> None:
    """Amounts in the currency, rules by name, floors as what holds stock back."""
    assert expected == reason_of(row, 10_000, "EUR", floors)


def test_names_of_rules_knobs_and_limits() -> None:
    """What ships has a short name; anything else keeps its IRI."""
    assert ("safety-floor", "line_days_between_shipments") == (rule_name(RULE), rule_name(KNOB))
    assert "never-worse" == rule_name("https://w3id.org/evenkeel/limit/never-worse")
    assert "https://example.org/rule/x" == rule_name("https://example.org/rule/x")


def test_graphql_says_the_same_and_both_units(ask: Ask) -> None:
    """Reasons in money, expected units beside the whole ones, as the worked example has them."""
    found = ask("""{ plans(chain: "two_hubs", first: 1) { edges { node { shortfalls { edges { node {
        itemId location { key } on quantityUnits expectedShortMillionths reason
    } } } } } } }""")
    rows = [edge["node"] for edge in found["plans"]["edges"][0]["node"]["shortfalls"]["edges"]]
    assert not any("micros" in row["reason"] or "https:" in row["reason"] for row in rows)
    assert any("EUR" in row["reason"] for row in rows)
    (gadget,) = [row for row in rows if row["itemId"] == "gadget"]
    assert (1, 1_000_000) == (gadget["quantityUnits"], gadget["expectedShortMillionths"])
    (late,) = [row for row in rows if row["location"]["key"] == "south" and
               (row["itemId"], row["on"]) == ("widget", "2026-03-04")]  # fmt: skip
    assert (3, 750_000) == (late["quantityUnits"], late["expectedShortMillionths"])
