"""Money: the dated rate that is meant, its facts, and one rounding."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Snapshot, table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.governance import ExchangeRate
from ontology.money import Rate, converted, rates_of, reporting_currency, rounded
from ontology.stock import StockingPolicy
from ontology.transport import Lane

DAY = date(2026, 3, 2)
CODES = ("AAA", "BBB", "CCC", "DDD")


def facts(*records: ExchangeRate) -> Snapshot:
    """A snapshot of exchange rates."""
    return Snapshot(1, {"ExchangeRate": table_of(records, "ExchangeRate")})


def on(days: int) -> date:
    """A day before or after the day of planning."""
    return DAY + timedelta(days=days)


def rate(snapshot: Snapshot, of: str, to: str, day: date = DAY) -> Rate:
    """The rate that holds on a day."""
    return rates_of(snapshot).rate(of, to, day)


def test_the_latest_rate_up_to_the_day_counts() -> None:
    """Not an older one, and never one of the future; its fact and day are named."""
    known = facts(ExchangeRate("EUR", "USD", on(-9), 11, 10),
                  ExchangeRate("EUR", "USD", on(-1), 12, 10),
                  ExchangeRate("EUR", "USD", on(1), 99, 10))  # fmt: skip
    found = rate(known, "EUR", "USD")
    assert Rate(Fraction(6, 5), ("ExchangeRate/EUR/USD/2026-03-01",), on(-1)) == found
    assert Fraction(11, 10) == rate(known, "EUR", "USD", on(-2)).factor


def test_the_inverse_serves_only_where_the_direction_is_not_stated() -> None:
    """USD to EUR is one over EUR to USD, exactly; a stated rate of the direction goes first."""
    known = [ExchangeRate("EUR", "USD", on(-1), 11, 10)]
    assert Fraction(10, 11) == rate(facts(*known), "USD", "EUR").factor
    known.append(ExchangeRate("USD", "EUR", on(-30), 9, 10))
    assert Fraction(9, 10) == rate(facts(*known), "USD", "EUR").factor


def test_one_currency_in_the_middle_and_no_more() -> None:
    """GBP by EUR to USD rests on both facts; by two in the middle there is no way."""
    known = facts(ExchangeRate("EUR", "USD", on(-1), 11, 10),
                  ExchangeRate("EUR", "GBP", on(-3), 8, 10),
                  ExchangeRate("GBP", "SEK", on(-3), 13, 1))  # fmt: skip
    found = rate(known, "GBP", "USD")
    assert Fraction(11, 8) == found.factor
    assert (on(-3), 2) == (found.on, len(found.facts))
    with pytest.raises(InputError) as refused:
        rate(known, "SEK", "USD")
    assert ("RATE_MISSING", True, True) == (
        refused.value.code, "`SEK`" in str(refused.value), "`2026-03-02`" in str(refused.value)
    )  # fmt: skip


def test_the_middle_is_chosen_by_a_written_order() -> None:
    """The freshest pair of legs, then the fewest inverses, then the first by code."""
    old = [ExchangeRate("A", "M", on(-5), 2, 1), ExchangeRate("M", "B", on(-1), 1, 1)]
    new = [ExchangeRate("Z", "A", on(-2), 1, 3), ExchangeRate("Z", "B", on(-2), 1, 1)]
    assert rate(facts(*old, *new), "A", "B").factor == 3
    straight = [ExchangeRate("A", "Y", on(-2), 4, 1), ExchangeRate("Y", "B", on(-2), 1, 1)]
    assert rate(facts(*old, *new, *straight), "A", "B").factor == 4
    first = [ExchangeRate("A", "X", on(-2), 5, 1), ExchangeRate("X", "B", on(-2), 1, 1)]
    assert rate(facts(*old, *new, *straight, *first), "A", "B").factor == 5


PAIRS = st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)).filter(lambda p: p[0] != p[1])
FRACTIONS = st.tuples(st.integers(1, 999), st.integers(1, 999))
TABLES = st.dictionaries(st.tuples(PAIRS, st.integers(-4, 2)), FRACTIONS, max_size=12)


@given(TABLES, PAIRS, st.randoms())
def test_the_rate_is_what_looking_at_every_row_finds(table, pair, random) -> None:
    """Differential: all rows, in any order, scanned by the written rule, give the same rate."""
    rows = [ExchangeRate(*key[0], on(key[1]), *value) for key, value in table.items()]
    random.shuffle(rows)

    def leg(of: str, to: str):
        for base, quote in ((of, to), (to, of)):
            past = [r for r in rows if (r.base, r.quote) == (base, quote) and r.on <= DAY]
            if past:
                last = max(past, key=lambda row: row.on)
                exact = Fraction(last.numerator, last.denominator)
                return last.on, base != of, exact if base == of else 1 / exact
        return None

    ways = [(leg(pair[0], mid), leg(mid, pair[1]), mid) for mid in sorted({*CODES} - {*pair})]
    hops = sorted((DAY - min(a[0], b[0]), a[1] + b[1], mid, a[2] * b[2])
                  for a, b, mid in ways if a and b)  # fmt: skip
    straight = leg(*pair)
    if straight is None and not hops:
        with pytest.raises(InputError, match="no exchange rate"):
            rate(facts(*rows), *pair)
        return
    assert (straight[2] if straight else hops[0][3]) == rate(facts(*rows), *pair).factor


@given(st.integers(-(10**18), 10**18), st.fractions(Fraction(1, 10**6), 10**6))
def test_rounding_is_the_nearest_whole_half_up(amount: int, factor: Fraction) -> None:
    """|rounded - exact| <= 1/2, a half goes up, and there and back is exact before it."""
    exact = amount * factor
    found = converted(amount, Rate(factor))
    assert -Fraction(1, 2) <= exact - found < Fraction(1, 2)
    assert amount == exact * (1 / factor)


def test_halves_go_up_below_zero_too() -> None:
    """The rule of `solver.network.scaling.half_up`."""
    assert [1, 0, -1, 2] == [rounded(Fraction(n, 2)) for n in (1, -1, -3, 3)]


def test_one_currency_needs_no_rate() -> None:
    """A currency buys itself, one for one, and rests on no fact."""
    assert Rate(Fraction(1)) == rate(facts(), "EUR", "EUR")


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (1, 0), (-1, 2), (1, -2)])
def test_a_rate_of_zero_or_less_is_refused(numerator: int, denominator: int) -> None:
    """`BAD_RATE`, before anything is converted; so is a currency that is not its own equal."""
    with pytest.raises(InputError) as refused:
        rates_of(facts(ExchangeRate("EUR", "USD", DAY, numerator, denominator)))
    assert refused.value.code == "BAD_RATE"
    with pytest.raises(InputError):
        rates_of(facts(ExchangeRate("EUR", "EUR", DAY, 2, 1)))


def test_policies_name_the_reporting_currency() -> None:
    """The most frequent of the policies, ties by code; else the items'; else the prices'."""

    def named(*records: object) -> str:
        tables = {type(r).__name__: [s for s in records if type(s) is type(r)] for r in records}
        return reporting_currency(Snapshot(1, {n: table_of(t, n) for n, t in tables.items()}))

    lane, item = Lane("l", "a", "b", currency="SEK"), Item("i", currency="GBP")
    policies = [StockingPolicy("i", str(n), currency=c) for n, c in
                enumerate(("USD", "EUR", "USD", "EUR", ""))]  # fmt: skip
    assert ["", "SEK", "GBP"] == [named(), named(lane), named(lane, item)]
    assert named(lane, item, *policies) == "EUR"
    assert named(*policies, StockingPolicy("i", "z", currency="USD")) == "USD"
