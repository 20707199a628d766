"""Records found by several fields: as a plain loop finds them, and what that means in the rules."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from ontology.columns import Snapshot, empty_table, table_of
from ontology.demand import DemandForecast
from ontology.goods import Item
from ontology.movement import Movement
from ontology.partners import Contract, Customer, Offer, Supplier
from ontology.places import Location
from ontology.regulation import ResidencyPermission, TradeRestriction
from ontology.vocabulary import RECORDS
from rules.decide import decide
from rules.keyed import Condition, meeting
from rules.pairs import Pairs, distinct
from rules.properties import Keyed, Match, Property, is_single, properties_of
from rules.release import default_release

RULE = "https://w3id.org/evenkeel/rule/"
DAY = date(2026, 3, 2)
KEYED = [
    step
    for name in sorted(RECORDS)
    for step in properties_of(name).values()
    if isinstance(step.source, Keyed)
]


def pairs_of(values: list[list[int]]) -> Pairs:
    """(owner, value) pairs of lists of values per owner."""
    rows = [(owner, value) for owner, some in enumerate(values) for value in some]
    owner, code = np.array(rows, np.int64).reshape(-1, 2).T
    return distinct(Pairs("", owner, code))


def meets(word: str, stated: int, asked: int) -> bool:
    """One condition, as its words say."""
    return {
        "equals": stated == asked,
        "differs": stated != asked,
        "notAfter": stated <= asked,
        "notBefore": stated >= asked,
    }[word]


def draw(random: Random, most: int) -> list[int]:
    return [random.randint(-2, 3) for _ in range(random.randint(0, most))]


def by_loop(
    subjects: list[list[list[int]]],
    records: list[list[list[int]]],
    words: list[tuple[str, bool]],
) -> set[tuple[int, int]]:
    """Every pair tried, one condition after the other."""
    found = set()
    for s, asked in enumerate(subjects):
        for r, stated in enumerate(records):
            met = [
                is_open if not own else any(meets(word, own[0], value) for value in values)
                for (word, is_open), own, values in zip(words, stated, asked, strict=True)
            ]
            if all(met):
                found.add((s, r))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_a_join_finds_what_a_loop_finds(seed: int) -> None:
    """Any mix of conditions, of missing values and of several values per subject."""
    random = Random(seed)
    words = [
        (random.choice(("equals", "equals", "differs", "notAfter", "notBefore")),
         random.random() < 0.5)
        for _ in range(random.randint(1, 4))
    ]  # fmt: skip
    subjects = [[draw(random, 2) for _ in words] for _ in range(random.randint(0, 12))]
    records = [[draw(random, 1) for _ in words] for _ in range(random.randint(0, 12))]
    conditions = tuple(
        Condition(
            word,
            is_open,
            (pairs_of([subject[n] for subject in subjects]),),
            pairs_of([record[n] for record in records]),
        )
        for n, (word, is_open) in enumerate(words)
    )
    found = meeting(len(subjects), len(records), conditions)
    rows = list(zip(found.owner.tolist(), found.code.tolist(), strict=True))
    assert sorted(by_loop(subjects, records, words)) == rows


@pytest.mark.parametrize("step", KEYED, ids=lambda step: step.name)
def test_every_keyed_property_compares_like_with_like(step: Property) -> None:
    """Field and asked values are of one space, ordered where they are ordered, and one each."""
    assert isinstance(step.source, Keyed)
    for match in step.source.matches:
        spaces = {_space(step.subject, walk) for walk in match.of}
        assert {_space(step.space, match.field)} == spaces
        assert match.word in {"equals", "differs"} or spaces <= {"integer", "date", "dateTime"}


def _space(name: str, walk: tuple[str, ...]) -> str:
    for part in walk:
        step = properties_of(name)[part]
        assert is_single(step)
        name = step.space
    return name


def closed_by(rule: str, movement: Movement, **facts: list[Any]) -> bool:
    """Whether a shipped rule closes a movement, or sends it to a person, on the given facts."""
    tables = {name: table_of(rows, name) for name, rows in facts.items()}
    stock = empty_table("StockAfterMoves")
    verdict = decide(
        default_release(), Snapshot(1, tables), table_of([movement], "Movement"), stock
    )
    return RULE + rule in {**verdict.closed, **verdict.warned}


def movement(kind: str, **changes: Any) -> Movement:
    made = Movement(kind, "soap", DAY, DAY, "monday", "monday", destination="south")
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (("alps", "coast", "care"), False),
        (("alps", "coast", ""), False),
        (("alps", "", ""), False),
        (("", "coast", ""), False),
        (("alps", "coast", "food"), True),
        (("coast", "alps", "care"), True),
        (("alps", "moor", ""), True),
    ],
)
def test_a_permission_holds_for_its_zones_and_family(
    permission: tuple[str, str, str], expected: bool
) -> None:
    """A field that a permission leaves empty stands for any; every stated one must be met."""
    places = [Location("north", residency_zone="alps"), Location("south", residency_zone="coast")]
    made = movement("transfer", origin="north")
    facts = {"Location": places, "Item": [Item("soap", family="care")]}
    given = [ResidencyPermission(*permission)]
    assert expected == closed_by("residency", made, **facts, ResidencyPermission=given)


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        (("LU", "CH", "3401"), True),
        (("LU", "CH", ""), True),
        (("", "CH", ""), True),
        (("CH", "LU", "3401"), False),
        (("LU", "CH", "9013"), False),
    ],
)
def test_a_restriction_holds_on_every_way_between_two_countries(
    restriction: tuple[str, str, str], expected: bool
) -> None:
    """From our place or the supplier's, to our place or the customer's country."""
    facts: dict[str, list[Any]] = {
        "Location": [Location("north", country="LU"), Location("south", country="CH")],
        "Supplier": [Supplier("acme", country="LU")],
        "Customer": [Customer("ann", country="CH")],
        "Item": [Item("soap", customs_class="3401")],
        "TradeRestriction": [TradeRestriction(*restriction)],
    }
    ways = [
        movement("transfer", origin="north"),
        movement("purchase", supplier="acme"),
        movement("assignment", origin="north", destination=None, customer="ann"),
    ]
    found = {closed_by("trade-restriction", way, **facts) for way in ways}
    assert {expected} == found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"ordered_units": 100}, False),
        ({"ordered_units": 101}, False),
        ({"ordered_units": None}, False),
        ({"committed_units": None}, False),
        ({"starts_on": DAY, "ends_on": DAY}, True),
        ({"starts_on": DAY + timedelta(1)}, False),
        ({"ends_on": DAY - timedelta(1)}, False),
    ],
)
def test_only_a_running_contract_that_is_owed_units_sends_to_a_person(
    changes: dict[str, Any], expected: bool
) -> None:
    """The days of the contract are inclusive, and what is not stated is no commitment."""
    contract = Contract("k", "bolt", committed_units=100, ordered_units=99)
    offers = [Offer("bolt", "soap", "north", 100, contract="k"), Offer("acme", "soap", "south", 90)]
    facts = {"Contract": [replace(contract, **changes)], "Offer": offers}
    bought = movement("purchase", supplier="acme")
    assert expected == closed_by("contract-commitment", bought, **facts)
    assert not closed_by("contract-commitment", replace(bought, supplier="bolt"), **facts)
    assert not closed_by("contract-commitment", replace(bought, item="wax"), **facts)


def test_the_forecast_is_that_of_the_item_where_it_goes() -> None:
    """Another item's, or the origin's, uncertain forecast sends nothing to a person."""
    forecast = DemandForecast("soap", "south", "m/1", DAY, DAY, DAY, 10**6, 101)
    made = movement("transfer", origin="north")
    for changes, expected in (({}, True), ({"item": "wax"}, False), ({"location": "north"}, False)):
        given = [replace(forecast, **changes)]  # type: ignore[arg-type]
        assert expected == closed_by("uncertain-forecast", made, DemandForecast=given)


def test_a_condition_on_nothing_stated_is_not_met() -> None:
    """A record that leaves a field empty is met by no equality unless that field is open."""
    closed = Match(("family",), (("item", "family"),))
    assert not closed.open
    conditions = (Condition("equals", closed.open, (pairs_of([[]]),), pairs_of([[]])),)
    assert 0 == len(meeting(1, 1, conditions))
