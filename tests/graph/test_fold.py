"""Laws of the fold by two clocks: the last clocks stand, whatever the order of arrival."""

from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.fold import Fold, Statements
from ontology.columns import record_at, table_of
from ontology.stock import StockPosition

Clocks = tuple[int, int, int]


@dataclass(frozen=True)
class Said:
    """One statement: of a place, how many, its clocks as (effective, standing, order)."""

    place: str
    units: int
    clocks: Clocks
    closes: bool

    @property
    def rank(self) -> Clocks:
        """Source first, then time, then the source's order."""
        effective, standing, order = self.clocks
        return standing, effective, order

    @property
    def value(self) -> int | None:
        """What it says; nothing where it closes."""
        return None if self.closes else self.units


said = st.builds(
    Said, st.sampled_from("abc"), st.integers(0, 2),
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), st.booleans(),
)  # fmt: skip
arrivals = st.lists(st.lists(said, max_size=4, unique_by=lambda one: one.place), max_size=8)


def statements(rows: list[Said], event: int) -> Statements:
    rows = sorted(rows, key=lambda one: one.place)
    records = [StockPosition("x", one.place, on_hand_units=one.units) for one in rows]
    return Statements(
        table_of(records, "StockPosition"),
        np.array([one.clocks for one in rows], np.int64).reshape(-1, 3),
        np.array([(event, row) for row in range(len(rows))], np.int64).reshape(-1, 2),
        np.array([one.closes for one in rows], np.bool_),
    )


def folded(feeds: list[list[Said]]) -> Fold:
    fold = Fold()
    for event, rows in enumerate(feeds, 1):
        fold = fold.after(statements(rows, event))
    return fold


def units(fold: Fold) -> dict[str, int]:
    found = fold.in_force
    rows: list[Any] = (
        [] if found is None else [record_at(found.table, n) for n in range(len(found))]
    )
    assert sorted(row.location for row in rows) == [row.location for row in rows]
    return {row.location: row.on_hand_units for row in rows}


@given(arrivals)
def test_the_fold_is_what_a_dictionary_would_hold(feeds: list[list[Said]]) -> None:
    """Whatever the layers, of each key stands the first of those with the greatest clocks."""
    expected: dict[str, Said] = {}
    for rows in feeds:
        for one in rows:
            before = expected.get(one.place)
            if before is None or one.rank > before.rank:
                expected[one.place] = one
    assert {o.place: o.units for o in expected.values() if not o.closes} == units(folded(feeds))


@given(arrivals)
def test_keys_between_two_are_those_in_force(feeds: list[list[Said]]) -> None:
    """From the one up to before the other, in order, whichever layer they stand in."""
    fold = folded(feeds)
    stands = fold.in_force
    keys = [] if stands is None else stands.table.keys.tolist()
    for low, high in product(["", *keys, "\U0010ffff"], repeat=2):
        assert [key for key in keys if low <= key < high] == fold.keys_between(low, high)


@settings(max_examples=200)
@given(st.lists(said, max_size=9, unique_by=lambda one: (one.place, one.rank)), st.randoms())
def test_the_order_of_arrival_is_no_input(rows: list[Said], random: Any) -> None:
    """Statements whose clocks differ fold to the same facts, late, early, together or apart."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert units(folded([[one] for one in rows])) == units(folded([[one] for one in shuffled]))


@given(arrivals)
def test_a_value_of_equal_clocks_is_a_conflict(feeds: list[list[Said]]) -> None:
    """Told exactly where another value, or an end, stands with the very same clocks."""
    fold, standing = Fold(), dict[str, Said]()
    for event, rows in enumerate(feeds, 1):
        found = fold.in_conflict(statements(rows, event)).tolist()
        ordered = sorted(rows, key=lambda one: one.place)
        for one, told in zip(ordered, found, strict=True):
            before = standing.get(one.place)
            same = before is not None and before.rank == one.rank
            assert told == (same and before is not None and one.value != before.value)
        fold = fold.after(statements(rows, event))
        for one in ordered:
            if one.place not in standing or one.rank > standing[one.place].rank:
                standing[one.place] = one


@given(st.lists(st.tuples(said, st.booleans()), max_size=8))
def test_a_decision_stands_against_equal_clocks_alone(rows: list[tuple[Said, bool]]) -> None:
    """Of equal clocks the last that a person decided, else the first; later clocks always."""
    fold, expected = Fold(), dict[str, Said]()
    for event, (one, decides) in enumerate(rows, 1):
        fold = fold.after(replace(statements([one], event), decide=decides))
        before = expected.get(one.place)
        if before is None or one.rank > before.rank or (decides and one.rank == before.rank):
            expected[one.place] = one
    assert {o.place: o.units for o in expected.values() if not o.closes} == units(fold)


def test_what_is_stated_again_keeps_its_address() -> None:
    """The version of a fact is where it was first said; that it was said later still counts."""
    first, again = Said("a", 1, (1, 0, 0), closes=False), Said("a", 1, (3, 0, 0), closes=False)
    between = Said("a", 2, (2, 0, 0), closes=False)
    fold = folded([[first], [again], [between]])
    assert {"a": 1} == units(fold)
    assert fold.in_force is not None
    assert [[1, 0]] == fold.in_force.addresses.tolist()


def test_a_small_change_makes_a_small_layer() -> None:
    """The large layer under it is the same object: nothing of it was copied."""
    many = [Said(f"p{n:03}", n, (1, 0, 0), closes=False) for n in range(200)]
    fold = folded([many])
    after = fold.after(statements([Said("p007", 1, (2, 0, 0), closes=False)], 2))
    assert fold.layers[0] is after.layers[0]
    assert [200, 1] == [len(layer) for layer in after.layers]
    assert units(fold) | {"p007": 1} == units(after)


@given(
    arrivals, st.sets(st.sampled_from("abcd")), st.sampled_from([("location",), ("item", "lot")])
)
def test_what_is_in_force_is_found_by_any_columns(
    feeds: list[list[Said]], places: set[str], by: tuple[str, ...]
) -> None:
    """A look at what agrees with some rows gives what a look at everything that stands gives."""
    fold = folded(feeds)
    records = [StockPosition("x", place) for place in sorted(places)]
    asked = {tuple(getattr(record, name) for name in by) for record in records}
    everything = fold.in_force or statements([], 0)
    keys = list(zip(*(everything.table[name].tolist() for name in by), strict=True))
    found = fold.about(by, table_of(records, "StockPosition"))
    assert told(everything.take(np.flatnonzero([key in asked for key in keys]))) == told(found)


@pytest.mark.parametrize(("few", "growth"), [(0, 0), (0, 2), (32, 2)])
def test_layers_of_any_sizes_say_the_same(
    few: int, growth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether small layers are joined at once, later or never, the same rows stand."""
    monkeypatch.setattr("graph.fold.FEW", few)
    monkeypatch.setattr("graph.fold.GROWTH", growth)
    chance, fold, standing = Random(few + growth), Fold(), dict[str, Said]()
    for event in range(1, 50):
        places = {f"p{chance.randrange(200):03}" for _ in range(chance.choice([1, 1, 2, 5, 40]))}
        rows = [Said(place, chance.randrange(5), (chance.randrange(50), chance.randrange(2), 0),
                     closes=chance.random() < 0.2) for place in places]  # fmt: skip
        fold = fold.after(statements(rows, event))
        for one in rows:
            if one.place not in standing or one.rank > standing[one.place].rank:
                standing[one.place] = one
        assert {o.place: o.units for o in standing.values() if not o.closes} == units(fold)
        assert fold.in_force is not None
        whole = fold.in_force.table
        assert sorted(whole.keys.tolist()) == whole.keys.tolist()
        some = np.array(sorted(chance.sample(range(len(whole)), min(2, len(whole)))), np.intp)
        few_rows = replace(fold).in_force  # nothing of it was made yet
        assert few_rows is not None
        assert [record_at(whole, row) for row in some] == [
            record_at(few_rows.table.take(some), row) for row in range(len(some))
        ]


def test_an_answer_is_kept_for_the_very_question_alone() -> None:
    """The same keys in another array are looked for anew, and a later fold has its own answer."""
    fold = folded([[Said("a", 1, (1, 0, 0), closes=False)]])
    asked = statements([Said("a", 2, (2, 0, 0), closes=False)], 2)
    keys = asked.table.keys
    first = fold.standing_of("StockPosition", keys)
    assert first is fold.standing_of("StockPosition", keys)
    assert first is not fold.standing_of("StockPosition", keys.copy())
    later = fold.after(asked).standing_of("StockPosition", keys)[0]
    assert [1, 2] == [first[0].table["on_hand_units"][0], later.table["on_hand_units"][0]]


def told(rows: Statements) -> list[tuple[Any, list[int]]]:
    return [(record_at(rows.table, row), rows.addresses[row].tolist()) for row in range(len(rows))]


def test_a_small_change_among_many_is_put_in_its_place() -> None:
    """Rows in force are in the order of keys, whether they were merged one by one or in runs."""
    many = [Said(f"p{n:03}", n, (1, 0, 0), closes=n == 150) for n in range(200)]
    fold = folded([many]).after(statements([
        Said(place, 7, (2, 0, 0), closes=place == "p010")
        for place in ("a", "p007", "p010", "p0075", "z")
    ], 2))  # fmt: skip
    expected = {one.place: one.units for one in many if not one.closes}
    expected |= dict.fromkeys(["a", "p007", "p0075", "z"], 7)
    del expected["p010"]
    assert expected == units(fold)
