"""Plans in another currency and in packs: exact, dated, and nothing else changed."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from api.command_line import main
from api.screen.amounts import exact, in_packs
from api.screen.drawing import certificate_table, lines_table, shortfalls_table, show_restated
from api.screen.restated import OF_NETWORK, Restated, in_currency
from graph.login import Connection
from ontology.columns import Snapshot, table_of
from ontology.errors import InputError
from ontology.governance import ExchangeRate
from ontology.units import Packs
from service.house import House
from solver.proof.claims import Claims

DECISION: Mapping[str, Any] = {
    "starts_on": "2026-03-02",
    "network": {"cost_scale": 10_000, "digest": "d"},
    "certificate": {"cost": 15_310_000, "bound": 15_309_999, "gap": 1, "do_nothing": None,
                    "label": "within 1 %", "line_cost": 10_000_000},
    "comparison": {"plan": {"cost_cents": 1531, "fill_per_million": 912_000}},
    "lines": [{"number": 1, "item": "tea", "quantity_units": 29, "cost_scaled": 25_000,
               "kind": "transfer", "lane": "l", "origin": "a", "destination": "b",
               "departs_on": "2026-03-02", "arrives_on": "2026-03-03"}],
    "shortfalls": [{"number": 1, "item": "tea", "quantity_units": 12, "kind": "not worth it",
                    "next_unit": {"avoids_scaled": 10_000, "costs_scaled": 30_000}}],
}  # fmt: skip
RATE = ExchangeRate("GBP", "EUR", date(2026, 2, 27), 5, 4)
FACTS = Snapshot(1, {"ExchangeRate": table_of([RATE], "ExchangeRate")})


def test_every_amount_is_converted_and_nothing_else() -> None:
    """1,531 cents of EUR are 1,224.8 of GBP at 5/4 EUR a pound: rounded to 1,225; units stay.

    Amounts in cost units stay at their scale, so that the price of a unit keeps its digits.
    """
    found = in_currency({"decision": DECISION, "seal": "s"}, FACTS, "EUR", "gbp")
    decision = found.document["decision"]
    assert ("GBP", 1225, 912_000) == (
        found.currency, decision["comparison"]["plan"]["cost_cents"],
        decision["comparison"]["plan"]["fill_per_million"],
    )  # fmt: skip
    assert {**DECISION["certificate"], "cost": 12_248_000, "bound": 12_247_999, "gap": 1,
            "line_cost": 8_000_000} == decision["certificate"]  # fmt: skip
    line, short = decision["lines"][0], decision["shortfalls"][0]["next_unit"]
    assert (20_000, 29) == (line["cost_scaled"], line["quantity_units"])
    assert {"avoids_scaled": 8_000, "costs_scaled": 24_000} == short
    assert 10_000 == decision["network"]["cost_scale"]
    assert (
        "amounts are converted at 1 EUR = 0.8 GBP of 2026-02-27 (ExchangeRate/GBP/EUR/2026-02-27)"
    ) == found.note


def test_a_gap_is_never_rounded_away() -> None:
    """A gap of a ten-thousandth of a cent is shown as a cent, for a closed one would be a claim."""
    found = in_currency({"decision": DECISION}, FACTS, "EUR", "GBP").document["decision"]
    assert found["certificate"]["gap"] == 1
    table = drawn(certificate_table(found["certificate"], 10_000, "GBP"), 80)
    assert ("0.01 GBP", "12.24 GBP") == (
        re.findall(r"gap +(.*?)\s*\n", table)[0], re.findall(r"bound +(.*?)\s*\n", table)[0]
    )  # fmt: skip
    closed = {**DECISION, "certificate": {**DECISION["certificate"], "gap": 0}}
    found = in_currency({"decision": closed}, FACTS, "EUR", "GBP").document["decision"]
    assert found["certificate"]["gap"] == 0


def test_every_figure_of_every_table_is_restated() -> None:
    """At two to one each amount that is shown doubles but for rounding; what is no amount stays."""
    decision = {
        **DECISION, "regime": "risk", "chain": "c", "release": "r", "suppressed": {},
        "certificate": {**{f.name: 10**9 for f in fields(Claims) if f.type is int},
                        "do_nothing": 10**9, "gap_of_gain": 0.5, "label": "x"},
        "comparison": {"plan": {f"{name}_cents": 10**5 for name in COSTS}
                       | {"fill_per_million": 10**5, "expected_short_millionths": 10**9}},
    }  # fmt: skip
    twice = Snapshot(1, {"ExchangeRate": table_of(
        [ExchangeRate("GBP", "EUR", date(2026, 2, 27), 1, 2)], "ExchangeRate")})  # fmt: skip
    document = {"decision": decision, "plan_digest": "0" * 64}
    own = drawn_plan(Restated(document, "EUR"))
    other = drawn_plan(in_currency(document, twice, "EUR", "GBP")).replace("GBP", "EUR")
    before, after = (
        [Decimal(text.replace(",", "")) for text in re.findall(r"-?[\d,]+\.\d\d\b", drawing)]
        for drawing in (own, other.partition("amounts are")[0])
    )
    assert Decimal("0.01") >= max(abs(2 * a - b) for a, b in zip(before, after, strict=True))
    assert len(COSTS) + len(OF_NETWORK) - 2 < len(before)
    assert re.sub(r"[\d,.]+| +|─+", " ", own).split() == (
        re.sub(r"[\d,.]+| +|─+", " ", other.partition("amounts are")[0]).split()
    )


COSTS = ("cost", "stock_cost", "movement_cost", "line_cost", "purchase_premium", "far_cost")


def drawn_plan(shown: Restated) -> str:
    """A restated plan as a wide screen shows it."""
    screen = Console(width=160, color_system=None, markup=False)
    with screen.capture() as captured:
        show_restated(screen, shown)
    return captured.get()


@pytest.mark.parametrize(
    ("code", "own", "to"),
    [
        ("RATE_MISSING", "EUR", "SEK"),
        ("CURRENCY_UNREADABLE", "EUR", "£"),
        ("CURRENCY_UNREADABLE", "EUR", "G P"),
        ("CURRENCY_UNSTATED", "", "GBP"),
    ],
)
def test_an_amount_without_a_rate_is_not_shown(code: str, own: str, to: str) -> None:
    """What cannot be converted is refused with its code, never shown as it is."""
    with pytest.raises(InputError) as refused:
        in_currency({"decision": DECISION}, FACTS, own, to)
    assert code == refused.value.code


def test_the_plans_own_currency_needs_no_rate() -> None:
    """Asked for its own currency a plan shows the same cents."""
    found = in_currency({"decision": DECISION}, FACTS, "EUR", "EUR")
    assert ("amounts are in EUR", 1531) == (
        found.note, found.document["decision"]["comparison"]["plan"]["cost_cents"]
    )  # fmt: skip


@given(st.fractions())
def test_an_exact_number_reads_back(value: Fraction) -> None:
    """A decimal where one ends within 12 places, else the fraction; either has the same value."""
    assert value == Fraction(exact(value).replace(",", ""))


def drawn(table: Any, width: int) -> str:
    """A table as a monochrome terminal shows it."""
    screen = Console(width=width, color_system=None, markup=False)
    with screen.capture() as captured:
        screen.print(table)
    return captured.get()


@pytest.mark.parametrize("width", [80, 160])
def test_units_are_shown_as_packs_where_they_are_asked(width: int) -> None:
    """29 units are 2 cases + 5 each, in a column of their own; unasked nothing changes."""
    packs = {"tea": Packs("tea", "each", {"case": Fraction(12)})}
    lines, short = DECISION["lines"], DECISION["shortfalls"]
    words = " ".join(drawn(lines_table(lines, 10_000, packs), width).split())
    assert "2 cases" in words
    assert "5 each" in words
    assert "in packs" not in drawn(lines_table(lines, 10_000), width)
    assert "1 case" in drawn(shortfalls_table(short, 10_000, packs), width)
    assert "1 case" not in drawn(shortfalls_table(short, 10_000), width)
    assert in_packs(7, "coffee", packs) == ""


@pytest.fixture
def run(
    house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:  # fmt: skip
    """Runs a command on the shared service; no test adds to its log."""
    named = {"EVENKEEL_HOME": str(house.settings.data_folder), "NEO4J_URI": connection.uri,
             "NEO4J_USER": connection.user, "NEO4J_PASSWORD": connection.password,
             "COLUMNS": "160"}  # fmt: skip
    for name, value in named.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(list(arguments)), *capsys.readouterr()

    return command


def test_show_takes_packs_and_currency(run: Callable[..., tuple[int, str, str]]) -> None:
    """`show` draws packs and names the rate; without one it refuses; sealed JSON stays as it is."""
    status, plainly, _ = run("show")
    assert (0, False) == (status, "in packs" in plainly)
    status, packed, _ = run("show", "--packs")
    assert (0, True) == (status, "in packs" in packed)
    assert " each " in packed
    status, own, _ = run("show", "--currency", "eur")
    assert (0, True) == (status, own.startswith(plainly.split("certificate")[0]))
    assert "amounts are in EUR" in own
    status, out, error = run("show", "--currency", "SEK")
    assert (2, "", True) == (status, out, "RATE_MISSING" in error)
    assert "from `EUR` to `SEK` on `2026-03-02`" in error
    status, out, _ = run("show", "--packs", "--json")
    assert (2, "USAGE") == (status, json.loads(out)["error"]["code"])
