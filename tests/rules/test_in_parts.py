"""A large class is looked at some records at a time, and nobody can tell from what is found."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.columns import table_of
from ontology.places import Location
from ontology.vocabulary import FACTS
from rules.check import check_rules
from rules.release import Release, default_release
from tests.rules.worlds import RandomShape, random_tables

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS, PARTS = st.integers(0, 2**32), st.integers(1, 5)


@SOME
@given(SEEDS, PARTS)
def test_any_number_of_records_at_once_gives_the_same_report(seed: int, at_once: int) -> None:
    """The same findings and the same numbers of records, in whatever parts the rules see them."""
    tables = random_tables(Random(seed))
    chosen = [each for each in default_release().compiled if each.target in FACTS]
    assert check_rules(chosen, tables) == check_rules(chosen, tables, at_once)


@SOME
@given(SEEDS, PARTS, st.sampled_from(["Item", "Lane", "StockPosition", "Location", "Offer"]))
def test_shapes_that_look_at_other_records_see_all_of_them(
    seed: int, at_once: int, target: str
) -> None:
    """Any shape of the fragment: what counts for a record is not cut off with its part."""
    random = Random(seed)
    tables = random_tables(random)
    rule = RandomShape(random).rule("random", target)
    chosen = Release("random", "1", {"random.ttl": rule}, {}).compiled
    assert check_rules(chosen, tables) == check_rules(chosen, tables, at_once)


def test_a_place_within_a_place_is_known_from_another_part() -> None:
    """A reference to a record of the same class finds it, though it stands in another part."""
    rule = """
    @prefix inv: <https://w3id.org/evenkeel/inventory#> .
    @prefix rule: <https://w3id.org/evenkeel/rule/> .
    @prefix sh: <http://www.w3.org/ns/shacl#> .
    rule:within a sh:NodeShape ; sh:targetClass inv:Location ;
      sh:property [ sh:path ( inv:partOf inv:country ) ; sh:hasValue "SE" ] .
    """
    chosen = Release("within", "1", {"within.ttl": rule}, {}).compiled
    places = [Location("a", part_of="c", country="NO"), Location("b", part_of="a", country="SE"),
              Location("c", part_of="b", country="SE")]  # fmt: skip
    tables = {"Location": table_of(places, "Location")}
    whole = check_rules(chosen, tables)
    assert ["b"] == [found.focus_node.rpartition("/")[2] for found in whole.findings]
    assert [whole] * 3 == [check_rules(chosen, tables, at_once) for at_once in (1, 2, 3)]
