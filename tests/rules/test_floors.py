"""Floors: the least that must stay is exactly the least that the finished row conforms with."""

from random import Random

import pytest

from ontology.columns import Snapshot, Table, empty_table, table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.movement import StockAfterMoves
from ontology.partners import Offer
from ontology.places import Location
from rules.check import check_rules
from rules.decide import decide
from rules.graph_of import graph_of
from rules.release import Release, default_release
from rules.validate import validate
from tests.rules.worlds import PREFIXES

RULE = "https://w3id.org/evenkeel/rule/"
NOBODY = empty_table("Movement")


def release_of(body: str) -> Release:
    text = f"{PREFIXES}rule:one sh:targetClass inv:StockAfterMoves ; {body} ."
    return Release("test", "1", {"one.ttl": text}, {})


def floors(release: Release, stock: Table, facts: dict[str, Table] | None = None) -> list[int]:
    """The floors of rule `one`."""
    found = decide(release, Snapshot(1, facts or {}), NOBODY, stock).floors
    return found[RULE + "one"].tolist()


def rows(*openings: tuple[int | None, int | None]) -> Table:
    """Rows with the given opening units and mean demand per day in millionths."""
    records = [
        StockAfterMoves("soap", f"p{n}", 0, None, opening, mean)
        for n, (opening, mean) in enumerate(openings)
    ]
    return table_of(records, "StockAfterMoves")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sh:path inv:keptPercent ; sh:minInclusive 50", [3, 0, 0, 5]),
        ("sh:path inv:keptPercent ; sh:minExclusive 50", [3, 0, 0, 6]),
        ("sh:path inv:keptPercent ; sh:minInclusive 0", [0, 0, 0, 0]),
        ("sh:path inv:keptPercent ; sh:minInclusive 100", [5, 0, 0, 10]),
        ("sh:path inv:coverDays ; sh:minInclusive 3", [0, 5, 0, 1]),
        ("sh:path inv:coverDays ; sh:minExclusive 3", [0, 6, 0, 1]),
        ("sh:path inv:safetyStockUnits ; sh:lessThan inv:coverDays", [0, 2, 0, 1]),
    ],
)
def test_shares_and_days_are_rounded_up_to_units(body: str, expected: list[int]) -> None:
    """Half of five is three; what has no basis, or none of it, has no floor."""
    stock = rows((5, None), (0, 1_500_000), (None, 0), (10, 1))
    assert expected == floors(release_of(body), stock)


UNLESS = (
    "sh:or ( [ sh:not [ sh:path ( inv:location inv:kind ) ; sh:hasValue 'hub' ] ]"
    " [ sh:path inv:keptPercent ; sh:minInclusive 50 ] )"
)


def test_rows_that_conform_to_another_alternative_have_no_floor() -> None:
    """A bound within `sh:or` binds only where none of the other alternatives holds."""
    places = [Location("p0", kind="hub"), Location("p1", kind="store")]
    facts = {"Location": table_of(places, "Location")}
    stock = rows((10, None), (10, None), (10, None))
    assert [5, 0, 0] == floors(release_of(UNLESS), stock, facts)


def test_a_conditional_bound_that_only_warns_is_no_floor() -> None:
    """The severity of the whole decides, whatever its alternatives say."""
    release = release_of(f"sh:severity sh:Warning ; {UNLESS}")
    assert {} == dict(decide(release, Snapshot(1, {}), NOBODY, rows((10, None))).floors)


@pytest.mark.parametrize(
    "body",
    [
        "sh:path inv:keptPercent ; sh:maxInclusive 50",
        "sh:path inv:coverDays ; sh:minCount 1",
        "sh:not [ sh:path inv:keptPercent ; sh:minInclusive 50 ]",
        (
            "sh:or ( [ sh:path inv:safetyStockUnits ; sh:maxInclusive 5 ]"
            " [ sh:path inv:item ; sh:class inv:Item ] )"
        ),
        (
            "sh:or ( [ sh:path inv:keptPercent ; sh:minInclusive 5 ]"
            " [ sh:path inv:coverDays ; sh:minInclusive 5 ] )"
        ),
        (
            "sh:or ( [ sh:not [ sh:path inv:coverDays ; sh:maxInclusive 5 ] ]"
            " [ sh:path inv:keptPercent ; sh:minInclusive 5 ] )"
        ),
        (
            "sh:or ( [ sh:path inv:keptPercent ; sh:maxInclusive 5 ]"
            " [ sh:path inv:item ; sh:class inv:Item ] )"
        ),
        "sh:and ( [ sh:path inv:keptPercent ; sh:minInclusive 5 ] )",
    ],
)
def test_what_no_lower_bound_can_keep_is_refused(body: str) -> None:
    """Law 7: an upper bound, a negation, two bounds to choose from or none at all."""
    with pytest.raises(InputError, match="no lower bound") as refusal:
        _ = release_of(body).compiled
    assert "RULE_NOT_EVALUATED" == refusal.value.code


@pytest.mark.parametrize("seed", range(40))
def test_a_floor_is_the_least_quantity_that_conforms(seed: int) -> None:
    """Every shipped floor: at the floor the finished row conforms, a unit below it does not."""
    random = Random(seed)
    opening, mean = random.randint(0, 30), random.choice((0, 1, 333_333, 1_000_000, 2_500_000))
    facts = {
        "Item": table_of([Item("soap")], "Item"),
        "Location": table_of([Location("p", kind=random.choice(("hub", "store")))], "Location"),
        "Offer": table_of(
            [Offer(s, "soap", "p", 1) for s in ("a", "b")[: random.randint(0, 2)]], "Offer"
        ),
    }
    safety = random.randint(0, 9)
    stock = table_of([StockAfterMoves("soap", "p", safety, None, opening, mean)], "StockAfterMoves")
    found = decide(default_release(), Snapshot(1, facts), NOBODY, stock).floors
    assert {"hub-share", "safety-floor", "single-source-cover"} == {
        iri.rsplit("/", 1)[-1] for iri in found
    }
    for iri, least in found.items():
        floor = int(least[0])
        for units in {0, max(floor - 1, 0), floor, floor + 1}:
            row = _finished(safety, units, opening, mean)
            tables = {**facts, "StockAfterMoves": table_of([row], "StockAfterMoves")}
            assert (units >= floor) == _conforms(iri, tables), (iri, units, floor)


def _finished(safety: int, units: int, opening: int, mean: int) -> StockAfterMoves:
    kept = 100 * units // opening if opening else None
    cover = 1_000_000 * units // mean if mean else None
    return StockAfterMoves("soap", "p", safety, units, opening, mean, kept, cover)


def _conforms(iri: str, tables: dict[str, Table]) -> bool:
    release = default_release()
    rule = release.rule(iri)
    found = not check_rules(release.compile(rule), tables).findings
    alone = Release("one", "1", {rule.file: release.shapes[rule.file]}, {})
    assert found == (not validate(graph_of(tables), alone.graph).findings)
    return found
