"""Packs and units: exact both ways, whatever the ratios, and a text that reads back."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Snapshot, table_of
from ontology.errors import InputError
from ontology.goods import Item, UnitConversion
from ontology.units import METRIC, SYMBOLS, Packs, packs_of

TEA = Packs("tea", "each", {"case": Fraction(12), "pallet": Fraction(480)})
NAMES = st.text(st.characters(exclude_characters="+", exclude_categories=["Cs"]), min_size=1).map(
    str.strip).filter(bool)  # fmt: skip
RATIOS = st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 60))
QUANTITIES = st.integers(-(10**15), 10**15)


@st.composite
def items(draw: st.DrawFn) -> Packs:
    """An item with any packs of its own, sometimes of a metric base unit."""
    base = draw(st.one_of(NAMES, st.sampled_from(sorted({*METRIC[0], *METRIC[1], *SYMBOLS}))))
    metric = {unit for family in METRIC for unit in family} | SYMBOLS.keys()
    stated: Mapping[str, Fraction] = draw(st.dictionaries(NAMES, RATIOS, max_size=5))
    return Packs("x", base, {k: v for k, v in stated.items() if k != base and k not in metric})


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (3 * 480 + 2 * 12 + 5, "3 pallets + 2 cases + 5 each"),
        (480, "1 pallet"),
        (0, "0 each"),
        (-13, "-(1 case + 1 each)"),
        (-24, "-2 cases"),
        (480_000 * 2, "2,000 pallets"),
    ],
)
def test_a_quantity_is_drawn_by_the_largest_pack_first(units: int, expected: str) -> None:
    """The largest pack takes what it can, what is left goes to the next; and it reads back."""
    assert expected == TEA.text(units)
    assert units == TEA.units_in(expected)


@given(items(), QUANTITIES)
def test_a_drawn_quantity_reads_back(packs: Packs, units: int) -> None:
    """units_in(text(n)) = n for every item and every n."""
    assert units == packs.units_in(packs.text(units))


@given(items(), QUANTITIES, st.data())
def test_conversions_are_exact_both_ways(packs: Packs, quantity: int, data: st.DataObject) -> None:
    """There and back is where one was; by a third unit is as straight; sums convert as their parts.

    The second method: multiplying out numerators and denominators.
    """
    units = st.sampled_from(sorted(packs.ratios))
    one, two, three = data.draw(units), data.draw(units), data.draw(units)
    there = packs.convert(quantity, one, two)
    assert quantity == packs.convert(there, two, one)
    assert there == packs.convert(packs.convert(quantity, one, three), three, two)
    assert there == packs.convert(quantity - 7, one, two) + packs.convert(7, one, two)
    ratios = packs.ratio(one), packs.ratio(two)
    left = quantity * ratios[0].numerator * ratios[1].denominator
    assert left == there * prod((ratios[0].denominator, ratios[1].numerator))


@given(items(), st.integers(0, 10**9))
def test_greedy_leaves_less_than_each_pack(packs: Packs, units: int) -> None:
    """What stands behind a pack in a text is less than one of that pack."""
    left = units
    for size, _ in packs._ladder:
        left %= size
        assert 0 <= left < size
    assert left == 0


@pytest.mark.parametrize(
    ("base", "quantity", "of", "to", "expected"),
    [
        ("gram", 3, "kilogram", "gram", Fraction(3000)),
        ("kilogram", 1, "gram", "kilogram", Fraction(1, 1000)),
        ("kg", 2, "tonne", "kg", Fraction(2000)),
        ("litre", 1, "cubic metre", "litre", Fraction(1000)),
        ("m3", 1, "ml", "m3", Fraction(1, 1_000_000)),
        ("millilitre", Fraction(3, 2), "l", "millilitre", Fraction(1500)),
    ],
)
def test_metric_units_convert_unsaid(
    base: str, quantity: int, of: str, to: str, expected: Fraction
) -> None:
    """Mass converts to mass and volume to volume, where the base unit is of that family."""
    assert expected == Packs("x", base, {}).convert(quantity, of, to)


def test_a_metric_item_is_drawn_in_metric_units() -> None:
    """1,001,500 grams are 1 tonne + 1 kilogram + 500 grams; symbols stay for reading."""
    packs = Packs("x", "gram", {"sack": Fraction(25_000)})
    assert packs.text(1_026_500) == "1 tonne + 1 sack + 1 kilogram + 500 grams"
    assert packs.units_in("1 t + 2 kg + 1 g") == 1_002_001


def test_plurals_never_name_another_unit() -> None:
    """`2 case` where `cases` is a unit of its own: a text has one meaning."""
    packs = Packs("x", "each", {"case": Fraction(10), "cases": Fraction(100)})
    assert packs.text(120) == "1 cases + 2 case"
    twins = Packs("x", "each", {"boxe": Fraction(10), "box": Fraction(100)})
    assert twins.text(220) == "2 box + 2 boxe"


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("UNIT_UNKNOWN", lambda: TEA.convert(1, "crate", "each")),
        ("UNIT_UNKNOWN", lambda: TEA.convert(1, "kilogram", "each")),
        ("UNIT_UNKNOWN", lambda: TEA.units_in("2 crates")),
        ("NOT_WHOLE_UNITS", lambda: TEA.whole(Fraction(1, 24), "case")),
        ("QUANTITY_UNREADABLE", lambda: TEA.units_in("two cases")),
        ("QUANTITY_UNREADABLE", lambda: TEA.units_in("2 cases + ")),
        ("QUANTITY_UNREADABLE", lambda: TEA.units_in("")),
        ("BAD_CONVERSION", lambda: Packs("x", "each", {"case": Fraction(0)})),
        ("UNIT_CONFLICT", lambda: Packs("x", "each", {"each": Fraction(2)})),
        ("UNIT_CONFLICT", lambda: Packs("x", "gram", {"kilogram": Fraction(1024)})),
    ],
)
def test_what_is_no_quantity_is_refused(code: str, act: object) -> None:
    """An unknown unit, part of a unit and a contradiction each have their code; none is guessed."""
    assert callable(act)
    with pytest.raises(InputError) as refused:
        act()
    assert code == refused.value.code


def test_packs_come_from_facts() -> None:
    """Base unit and conversions are read per item; other items' rows do not count."""
    facts = Snapshot(1, {
        "Item": table_of([Item("tea"), Item("oil", base_unit="millilitre")], "Item"),
        "UnitConversion": table_of([UnitConversion("tea", "case", 12),
                                    UnitConversion("oil", "can", 5000),
                                    UnitConversion("tea", "layer", 145, 2)], "UnitConversion"),
    })  # fmt: skip
    found = packs_of(facts, ["tea", "oil", "new"])
    assert Fraction(145, 2) == found["tea"].ratio("layer")
    assert found["tea"].text(150) == "12 cases + 6 each"  # a layer is no whole number of units
    assert found["oil"].text(6_250) == "1 can + 1 litre + 250 millilitres"
    assert found["new"].text(7) == "7 each"


def test_a_conversion_by_zero_is_refused() -> None:
    """A denominator of zero is a fact to correct, not a crash."""
    rows = {"UnitConversion": table_of([UnitConversion("tea", "case", 12, 0)], "UnitConversion")}
    with pytest.raises(InputError) as refused:
        packs_of(Snapshot(1, rows), ["tea"])
    assert refused.value.code == "BAD_CONVERSION"
