"""Several currencies in one plan: as if all had been stated in one, and each rate named."""

from dataclasses import fields, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import MISSING, Snapshot, record_at
from ontology.errors import InputError, SolverError
from ontology.goods import Item
from ontology.governance import ExchangeRate
from ontology.money import PRICED, Rate, converted
from ontology.partners import Offer
from ontology.places import HandlingRate
from ontology.stock import StockingPolicy
from ontology.transport import FreightRate, Lane
from solver.model.currency import Conversion, conversion_of, rates_used
from solver.model.movements import RISK, Window
from tests.solver.planning import MONDAY, random_risk, shuffled, snapshot_of, solved

USD = ExchangeRate("EUR", "USD", MONDAY - timedelta(days=3), 2, 1)
GBP = ExchangeRate("GBP", "EUR", MONDAY, 5, 4)
FACTORS = {"EUR": Fraction(1), "USD": Fraction(1, 2), "GBP": Fraction(5, 4), "": Fraction(1)}
MONEY = ("_cents", "_micros")


def records(snapshot: Snapshot) -> list[Any]:
    """All records of a snapshot."""
    return [record_at(t, row) for t in snapshot.tables.values() for row in range(len(t))]


def restated(record: Any, code: str, factor: Fraction) -> Any:
    """A record with its amounts in another currency; they must come out whole."""
    amounts = {}
    for part in fields(record):
        value = getattr(record, part.name)
        if part.name.endswith(MONEY) and value is not None:
            exact = value * factor
            assert exact.denominator == 1
            amounts[part.name] = exact.numerator
    return replace(record, **amounts, currency=code)


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_of_three_currencies_is_that_of_one(seed: int) -> None:
    """The same chain stated in EUR, and with lanes in USD, offers in GBP: one network, one cost."""
    one = [restated(r, "EUR", Fraction(20)) if type(r).__name__ in PRICED else r
           for r in records(random_risk(seed))]  # fmt: skip
    codes = {"Lane": "USD", "Offer": "GBP"}
    other = [restated(r, codes[type(r).__name__], 1 / FACTORS[codes[type(r).__name__]])
             if type(r).__name__ in codes else r for r in one]  # fmt: skip
    facts = snapshot_of(*other, USD, GBP)
    expected, found = solved(snapshot_of(*one)), solved(conversion_of(facts, MONDAY).applied(facts))
    assert expected.problem.network.digest == found.problem.network.digest
    assert (expected.objective, expected.flow.tolist()) == (found.objective, found.flow.tolist())


PRICES = st.integers(-(10**12), 10**12)
OFFERS = st.lists(st.tuples(PRICES, st.sampled_from(sorted(FACTORS))), max_size=9)


@given(OFFERS, st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 10**6)))
def test_columns_convert_as_single_amounts_do(rows: list[tuple[int, str]], rate: Fraction) -> None:
    """Differential: vectorised, and one by one in exact fractions; rounded once, half up."""
    offers = [Offer(str(n), "i", "p", price, currency=code) for n, (price, code) in enumerate(rows)]
    usd = ExchangeRate("USD", "EUR", MONDAY, rate.numerator, rate.denominator)
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR"), *offers, usd, GBP)
    factors = {**FACTORS, "USD": rate}
    expected = {str(n): converted(price, Rate(factors[code]))
                for n, (price, code) in enumerate(rows)}  # fmt: skip
    found = conversion_of(facts, MONDAY).applied(facts).table("Offer")
    assert expected == dict(zip(found["supplier"], found["price_micros"].tolist(), strict=True))
    assert set(found["currency"]) <= {"EUR", ""}


def test_one_currency_is_left_alone() -> None:
    """No rate, no copy: plans of one currency keep their bytes."""
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR"), Offer("s", "i", "p", 7), USD)
    assert facts is conversion_of(facts, MONDAY).applied(facts)
    assert Conversion("EUR") == conversion_of(facts, MONDAY)


def test_what_is_not_stated_stays_so() -> None:
    """An item without a value has none in any currency; other numbers are not touched."""
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR"), USD,
                        Item("i", currency="USD", weight_micrograms=9),
                        Item("j", currency="USD", value_cents=101))  # fmt: skip
    found = conversion_of(facts, MONDAY).applied(facts).table("Item")
    assert [MISSING, 51] == found["value_cents"].tolist()  # 50.5 cents: a half goes up
    assert [9, MISSING] == found["weight_micrograms"].tolist()


def test_a_missing_rate_names_pair_and_day() -> None:
    """`RATE_MISSING`, also where a rate is known from the next day on only."""
    late = ExchangeRate("USD", "EUR", MONDAY + timedelta(days=1), 1, 2)
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR"),
                        Offer("s", "i", "p", 7, currency="USD"), late)  # fmt: skip
    with pytest.raises(InputError, match="`USD` to `EUR` on `2026-03-02`") as refused:
        conversion_of(facts, MONDAY)
    assert refused.value.code == "RATE_MISSING"
    assert refused.value.what.endswith(", for Offer/s/i/p")
    assert conversion_of(facts, MONDAY + timedelta(days=1)).rates["USD"].factor == Fraction(1, 2)


def test_nothing_costs_the_same_in_every_currency() -> None:
    """A lane that costs nothing needs no rate, and stands in the way of no plan."""
    facts = snapshot_of(*records(random_risk(3)), Lane("free", "a", "b", currency="USD"),
                        StockingPolicy("x", "a", currency="EUR"))  # fmt: skip
    assert "EUR" == conversion_of(facts, MONDAY).currency
    assert solved(conversion_of(facts, MONDAY).applied(facts)).objective is not None


def test_a_line_names_the_rates_of_its_facts() -> None:
    """What a line rests on leads to the rates by which its amounts were converted, and no other."""
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR", holding_cost_per_day_micros=1),
                        Offer("s", "i", "p", 7, currency="USD"), USD, GBP,
                        Lane("l", "a", "p", currency="GBP", cost_per_unit_micros=3))  # fmt: skip
    conversion = conversion_of(facts, MONDAY)
    dollar, pound = "ExchangeRate/EUR/USD/2026-02-27", "ExchangeRate/GBP/EUR/2026-03-02"
    assert [dollar] == conversion.rates_behind(["Offer/s/i/p", "StockingPolicy/i/p"])
    assert [dollar, pound] == conversion.rates_behind(["Lane/l", "Offer/s/i/p", "StockPosition/q"])
    assert [] == conversion.rates_behind(["StockingPolicy/i/p"])
    window = Window(RISK, MONDAY, 1)
    assert [[dollar], [], []] == [rates_used(facts, window, code) for code in ("USD", "EUR", "")]
    assert {dollar, pound} <= {f"ExchangeRate/{key}" for key in facts.table("ExchangeRate").keys}


def test_firm_orders_convert_handling_but_keep_freight() -> None:
    """Freight rates are named by their prices, so the chain reports in theirs, or is refused."""
    freight = FreightRate("c", "p", "q", "s", "air", 0, 1, 100, 0, currency="USD")
    facts = snapshot_of(freight, HandlingRate("w", 6, currency="EUR"), USD)
    conversion = conversion_of(facts, MONDAY)
    found = conversion.applied(facts)
    assert ("USD", [12]) == (
        conversion.currency, found.table("HandlingRate")["cost_per_unit_micros"].tolist()
    )  # fmt: skip
    assert facts.table("FreightRate").keys.tolist() == found.table("FreightRate").keys.tolist()
    mixed = snapshot_of(freight, StockingPolicy("i", "p", currency="EUR"), USD)
    with pytest.raises(InputError) as refused:
        conversion_of(mixed, MONDAY)
    assert refused.value.code == "MIXED_CURRENCY"


def test_amounts_beyond_the_exact_range_are_refused() -> None:
    """A rate may be as fine as two integers can say; a result that does not fit is refused."""
    big = 2**62 - 57
    fine = ExchangeRate("USD", "EUR", MONDAY, big, big - 1)
    facts = snapshot_of(StockingPolicy("i", "p", currency="EUR"), fine,
                        Offer("s", "i", "p", 10**15, currency="USD"))  # fmt: skip
    found = conversion_of(facts, MONDAY).applied(facts).table("Offer")["price_micros"]
    assert [10**15] == found.tolist()
    middle = [ExchangeRate("USD", "SEK", MONDAY, big, big - 1),
              ExchangeRate("SEK", "EUR", MONDAY, big - 2, big - 3)]  # fmt: skip
    hop = snapshot_of(*(r for r in records(facts) if r != fine), *middle)
    assert [10**15] == conversion_of(hop, MONDAY).applied(hop).table("Offer")[
        "price_micros"
    ].tolist()
    huge = replace(fine, denominator=1)
    facts = snapshot_of(*(r for r in records(facts) if not isinstance(r, ExchangeRate)), huge)
    with pytest.raises(SolverError) as refused:
        conversion_of(facts, MONDAY).applied(facts)
    assert refused.value.code == "COST_RANGE"


@pytest.mark.parametrize("seed", range(4))
def test_row_order_is_no_input(seed: int) -> None:
    """Equal facts in any order give equal conversions, and equal tables."""
    facts = snapshot_of(*(StockingPolicy(str(n), "p", currency=c) for n, c in
                          enumerate(("EUR", "USD", "GBP", "USD", "EUR"))), USD, GBP,
                        Offer("s", "i", "p", 7, currency="GBP"))  # fmt: skip
    other = shuffled(facts, seed)
    one, two = conversion_of(facts, MONDAY), conversion_of(other, MONDAY)
    assert (one.currency, one.rates, one.stated_in) == (two.currency, two.rates, two.stated_in)
    assert one.applied(facts).digest == two.applied(other).digest
    assert np.array_equal(one.applied(facts).table("Offer").keys,
                          two.applied(other).table("Offer").keys)  # fmt: skip
