"""Candidate matches: evidence in named parts, cautions, and work that does not grow squarely."""

import random

import pytest

from feeds.identity.candidates import (
    ATTRIBUTE_POINTS,
    COMPANY_POINTS,
    NAME_POINTS,
    NUMBER_POINTS,
    Candidate,
    propose,
)
from feeds.mapping_text import load_mapping
from feeds.reading import read
from ontology.columns import Snapshot, Table
from ontology.goods import Item, UnitConversion
from ontology.partners import Supplier
from ontology.places import Location
from ontology.stock import StockPosition
from service.examples import examples
from tests.feeds.gates.small_past import tables

GTIN = "036000291452"


def match(name: str, theirs: dict[str, Table], ours: dict[str, Table]) -> list[Candidate]:
    return list(propose(name, theirs, Snapshot(1, ours)).candidates)


def test_the_score_is_the_sum_of_its_parts() -> None:
    """Law: each part has a name, its points and its words; 1,000 is the most."""
    assert 1000 == NUMBER_POINTS + NAME_POINTS + ATTRIBUTE_POINTS + COMPANY_POINTS
    theirs = tables(Item("X1", "Blue widget", family="widgets"),
                    UnitConversion("X1", "each", 1, gtin=GTIN),
                    StockPosition("X1", "north"), StockPosition("X1", "east"))  # fmt: skip
    ours = tables(Item("W-9", "widget, blue", family="widgets"),
                  UnitConversion("W-9", "each", 1, gtin="0" + GTIN),
                  StockPosition("W-9", "north"))  # fmt: skip
    (found,) = match("Item", theirs, ours)
    assert ("X1", "W-9") == (found.external_id, found.own_id)
    parts = {part.kind: part.points for part in found.evidence}
    assert {"number": 500, "name": 300, "attributes": 100, "company": 50} == parts
    assert found.points == sum(parts.values())
    said = {part.kind: part.said for part in found.evidence}
    assert "both have `00036000291452`" == said["number"]
    assert "named with 1 of the same 2 things" == said["company"]
    assert () == found.cautions


def test_a_gln_finds_a_place() -> None:
    """Law: equal GLNs are evidence whatever the names; with a wrong check digit they are none."""
    ours = tables(Location("north", "Hub 1", gln="4006381333931"))
    theirs = tables(Location("L1", "Depot", gln="4006381333931"))
    assert ["north"] == [found.own_id for found in match("Location", theirs, ours)]
    wrong = tables(Location("L1", "Depot", gln="4006381333937"))
    assert [] == match("Location", wrong, tables(Location("north", "Hub", gln="4006381333937")))


def test_a_number_in_the_name_speaks_against_it() -> None:
    """Law: names that differ in a number score a quarter, and it is said."""
    theirs = tables(Location("P", "Aurobindo Unit III, India"))
    ours = tables(Location("Q", "Aurobindo Unit VII, India"))
    (found,) = propose("Location", theirs, Snapshot(1, ours), least_points=1).candidates
    assert ("the names differ in a number: `iii` and `vii`",) == found.cautions
    assert found.points <= NAME_POINTS // 4


def test_numbers_that_look_alike_are_cautions() -> None:
    """Law: ids that differ in zeros or a check digit meet, are shown, and earn nothing by it."""
    theirs = tables(Item("00123456", "Bolt"))
    (found,) = match("Item", theirs, tables(Item("123456", "Bolt")))
    assert ("`00123456` and `123456` differ in leading zeros",) == found.cautions
    assert {"name"} == {part.kind for part in found.evidence}


def test_what_differs_is_said() -> None:
    """Law: a field that both state otherwise is a caution."""
    theirs = tables(Supplier("S", "Acme", country="KE"))
    (found,) = match("Supplier", theirs, tables(Supplier("T", "ACME Ltd", country="DE")))
    assert ("they differ in country",) == found.cautions


def test_what_is_ours_or_decided_is_not_proposed() -> None:
    """Law: an identifier that is ours already, or was linked, needs no candidate."""
    ours = tables(Item("A", "Blue widget"), Item("B", "Blue widget"))
    assert [] == match("Item", tables(Item("A", "Blue widget")), ours)
    theirs = tables(Item("X", "Blue widget"))
    assert ["A", "B"] == [found.own_id for found in match("Item", theirs, ours)]
    assert () == propose("Item", theirs, Snapshot(1, ours), decided=["X"]).candidates


def test_the_best_few_come_first() -> None:
    """Law: at most `most` per identifier, in falling order of points."""
    names = ["", " a", " a bc", " a bc defg", " a bc defg hijklmn"]
    ours = tables(*[Item(f"W{at}", f"blue widget{name}") for at, name in enumerate(names)])
    found = propose("Item", tables(Item("X", "blue widget")), Snapshot(1, ours), most=3).candidates
    assert ["W0", "W1", "W2"] == [candidate.own_id for candidate in found]
    assert [c.points for c in found] == sorted((c.points for c in found), reverse=True)


def crowd(size: int) -> dict[str, Table]:
    rng = random.Random(2)
    words = ["".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(size)]
    return tables(
        *[Item(f"i{at}", f"{rng.choice(words)} {rng.choice(words)} box") for at in range(size)]
    )


def test_work_grows_with_the_records_not_with_their_square() -> None:
    """Law: eight times the records are about eight times the comparisons, a few per record."""
    pairs = []
    for size in (200, 1_600):
        ours = crowd(size)
        theirs = {"Item": renamed(ours["Item"])}
        pairs.append(propose("Item", theirs, Snapshot(1, ours)).compared_pairs)
    assert pairs[1] <= 12 * pairs[0]
    assert pairs[1] <= 20 * 1_600


def renamed(table: Table) -> Table:
    """The same items under other ids."""
    columns = dict(table.columns)
    columns["id"] = table["id"] + "-theirs"
    return Table(table.name, columns)


@pytest.mark.skipif("scms" not in examples(), reason="the real data is not at hand")
def test_real_sites_and_vendors_that_are_one() -> None:
    """Law: known doubles of the SCMS deliveries are found among the first of a few pairs."""
    example = examples()["scms"]
    facts = read([example.folder], load_mapping(example.mapping)).tables
    sites = propose("Location", facts, Snapshot(1, facts))
    best = sites.candidates[0]
    assert {"Ranbaxy per Shasun Pharma", "Ranbaxy per Shasun Pharma Ltd"} == {
        best.external_id,
        best.own_id,
    }
    vendors = propose("Supplier", facts, Snapshot(1, facts), least_points=200)
    pairs = [{c.external_id, c.own_id} for c in vendors.candidates[:3]]
    assert {"ACCOUN NIGERIA LIMITED", "ACOUNS NIGERIA LTD"} in pairs
    assert sites.compared_pairs < 87 * 86 // 2 // 10
