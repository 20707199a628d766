"""What a release says otherwise is told in words; what only looks otherwise is not."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import Graph

from ontology.closures import Closures
from rules.decide import decide
from rules.differences import differences, effect_of
from rules.knobs import Knob
from rules.release import Release, default_release
from tests.rules.small_world import FewPaths, every_movement
from tests.rules.worlds import PREFIXES, random_stock_after

SEEDS = st.integers(min_value=0, max_value=2**32)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHIPPED = default_release()


def edited(*pairs: tuple[str, str]) -> Release:
    """The shipped release with texts replaced in its shapes."""
    shapes = dict(SHIPPED.shapes)
    for before, after in pairs:
        changed = {file: text.replace(before, after) for file, text in shapes.items()}
        assert changed != shapes
        shapes = changed
    return replace(SHIPPED, shapes=shapes)


EDITS = [
    ("sh:maxInclusive 30 ", "sh:maxInclusive 40 ", "looser",
     "Stale stock count: stock age is at most 40 days instead of 30 days"),
    ("sh:maxInclusive 1000000", "sh:maxInclusive 800000", "stricter",
     "Second approver: value is at most 8,000.00 instead of 10,000.00"),
    ('sh:in ( "ambient" )', 'sh:in ( "ambient" "chilled" )', "looser",
     "Cold chain: no longer covers chilled (handling class)"),
    ('inv:kind ) ; sh:hasValue "hub"', 'inv:kind ) ; sh:in ( "hub" "store" )', "stricter",
     "Hub share: now also covers store (location's kind)"),
    ('sh:in ( "open" )', 'sh:in ( "open" "closed" )', "looser",
     "Open lane: lane's status may now also be closed"),
    ("sh:minInclusive 20", "sh:minInclusive 10", "looser",
     "Hub share: kept is at least 10 % instead of 20 %"),
    ("        [ sh:path inv:lane ; sh:maxCount 0 ]\n        [ sh:path inv:handlingClass",
     "        [ sh:path inv:handlingClass", "stricter",
     "Cold chain: it is no longer enough that lane is not stated"),
    ("sh:path inv:stockAgeDays", "sh:path inv:originStockAgeDays", "other",
     "Stale stock count: looks at origin stock age instead of stock age"),
    ("inv:offeredBy ) ; sh:minCount 2", "inv:offeredBy ) ; sh:minCount 3", "stricter",
     "Single-source cover: item's offered by has at least 3 instead of 2"),
    ("sh:targetClass inv:Lane ;", "sh:targetClass inv:Lane, inv:Offer ;", "stricter",
     "Lane capacity: now also about offer"),
    ('inv:owner "transport"', 'inv:owner "logistics"', "none",
     "Lane capacity: owner `logistics` instead of `transport`"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "effect", "told"), EDITS)
def test_an_edit_is_told_with_what_it_permits(
    before: str, after: str, effect: str, told: str
) -> None:
    """One edit of a shipped rule gives its sentence; back again, the opposite effect."""
    found = {each.told: each.effect for each in differences(SHIPPED, edited((before, after)))}
    assert effect == found.get(told), found
    turned = {"looser": "stricter", "stricter": "looser"}.get(effect, effect)
    assert turned in {each.effect for each in differences(edited((before, after)), SHIPPED)}


def test_each_of_several_changes_is_told_by_its_place() -> None:
    """Under `sh:not` more values forbid more; beside it, a higher limit forbids less."""
    before, after = (
        Release("r", "1", {"a.ttl": f"{PREFIXES}rule:a sh:targetClass inv:Movement ; "
                           f"sh:not [ sh:path ( inv:lane inv:mode ) ; sh:in ( {modes} ) ; "
                           "sh:minCount 1 ] ; "
                           f"sh:property [ sh:path inv:stockAgeDays ; sh:maxInclusive {days} ] ."},
                {})
        for modes, days in (('"air"', 30), ('"air" "sea"', 40))
    )  # fmt: skip
    assert {"stricter": "a: lane's mode may no longer be sea",
            "looser": "a: stock age is at most 40 days instead of 30 days"} == {
        each.effect: each.told for each in differences(before, after)
    }  # fmt: skip


def test_severity_is_told_as_what_happens() -> None:
    """A Warning that becomes a Violation blocks what went to a person."""
    text = SHIPPED.shapes["second-approver.ttl"]
    strict = {**SHIPPED.shapes, "second-approver.ttl": text.replace("sh:Warning", "sh:Violation")}
    (found,) = differences(SHIPPED, replace(SHIPPED, shapes=strict))
    assert "Second approver: now blocks; before, it went to a person" == found.told
    assert "stricter" == found.effect


def test_rules_that_come_and_go_are_told() -> None:
    """A new rule forbids, a gone one permits; one that others imply changes nothing."""
    shapes = dict(SHIPPED.shapes)
    del shapes["stale-stock.ttl"]
    without = replace(SHIPPED, shapes=shapes)
    (came,) = differences(without, SHIPPED)
    (gone,) = differences(SHIPPED, without)
    assert ("rule added", "stricter") == (came.kind, came.effect)
    assert ("rule removed", "looser") == (gone.kind, gone.effect)
    milder = SHIPPED.shapes["stale-stock.ttl"].replace("rule:stale-stock", "rule:older")
    more = {**SHIPPED.shapes, "older.ttl": milder.replace("maxInclusive 30", "maxInclusive 60")}
    (needless,) = differences(SHIPPED, replace(SHIPPED, shapes=more))
    assert ("rule added", "none") == (needless.kind, needless.effect)


def test_layout_order_comments_and_names_of_parts_are_no_difference() -> None:
    """Written by another tool, in another order, with other names within: nothing is told."""
    shapes = {}
    for file, text in SHIPPED.shapes.items():
        graph = Graph().parse(data=text, format="turtle")
        shapes["a " + file] = "# again\n" + graph.serialize(format="turtle")
    again = replace(SHIPPED, shapes=shapes)
    assert again.digest != SHIPPED.digest
    assert () == differences(SHIPPED, again)
    assert () == differences(SHIPPED, edited(("rule:released-lot-known", "rule:some-part")))
    assert () == differences(SHIPPED, SHIPPED)


def test_the_same_in_other_words_is_no_difference() -> None:
    """One of two values, or not the others: what nobody can tell apart is not told apart."""
    head = f"{PREFIXES}rule:a sh:targetClass inv:Movement ; "
    one = head + 'sh:path inv:kind ; sh:in ( "transfer" "purchase" ) .'
    other = head + ('sh:not [ sh:path inv:kind ; sh:not [ sh:in ( "purchase" "transfer" ) ] ; '
                    "sh:minCount 1 ] .")  # fmt: skip
    twice = head + ('sh:or ( [ sh:path inv:kind ; sh:hasValue "transfer" ] '
                    '[ sh:path inv:kind ; sh:hasValue "purchase" ] ) .')  # fmt: skip
    releases = [Release("r", "1", {"a.ttl": text}, {}) for text in (one, other, twice)]
    assert {()} == {differences(before, after) for before in releases for after in releases}
    fewer = Release("r", "1", {"a.ttl": one.replace('"transfer" ', "")}, {})
    assert all(differences(before, fewer) for before in releases)


def test_knobs_are_told_by_title_and_unit() -> None:
    """A value, a range and a unit that change; an old document that says no title is no change."""
    knob = Knob("How often", "solves", 5, 0, 50)
    old = Release("r", "1", {}, {"rounds": 5}, {}, {"rounds": knob})
    new = Release("r", "1", {}, {"rounds": 7000}, {}, {"rounds": replace(knob, most=9000)})
    assert ["How often: 7,000 solves instead of 5",
            "How often: may be 0 to 9,000 solves, before 0 to 50 solves"] == [
        each.told for each in differences(old, new)
    ]  # fmt: skip
    assert () == differences(replace(old, definitions={}), old)
    assert ["rounds: 6 instead of 5"] == [
        each.told
        for each in differences(
            Release("r", "1", {}, {"rounds": 5}), Release("r", "1", {}, {"rounds": 6})
        )
    ]


def test_policies_are_told_by_entry() -> None:
    """Rows by name, values with thousands, and neither layout nor comments."""
    text = "[limits]\nband = 1\n[[row]]\nname = 'value'\nabove = 8000000\npeople = 2\n"
    old = Release("r", "1", {}, {}, {"approvals.toml": text})
    laid = "# why\nlimits = {band = 1}\nrow = [{people = 2, name = 'value', above = 8_000_000}]\n"
    assert () == differences(old, replace(old, policies={"approvals.toml": laid}))
    new = text.replace("8000000", "5000000").replace("band = 1\n", "") + "[[row]]\nname = 'gap'\n"
    assert [
        "approvals.toml: limits.band is gone (was 1)",
        "approvals.toml: row `value`.above is 5,000,000 instead of 8,000,000",
        "approvals.toml: row: now also name gap",
    ] == [each.told for each in differences(old, replace(old, policies={"approvals.toml": new}))]
    turned = "[[row]]\nname = 'b'\n[[row]]\nname = 'a'\n"
    straight = replace(old, policies={"approvals.toml": "[[row]]\nname='a'\n[[row]]\nname='b'\n"})
    assert ["approvals.toml: row: in another order"] == [
        each.told
        for each in differences(straight, replace(old, policies={"approvals.toml": turned}))
    ]


def test_a_rule_outside_the_fragment_is_only_said_to_differ() -> None:
    """What cannot be compiled is compared as triples, and nothing is claimed of its effect."""
    head = f"{PREFIXES}rule:a sh:targetClass inv:Movement ; "
    query = head + "sh:sparql [ sh:select 'SELECT $this WHERE { $this ?p 1 }' ] ."
    old = Release("r", "1", {"a.ttl": query}, {})
    assert () == differences(old, replace(old, shapes={"a.ttl": "#\n" + query}))
    (found,) = differences(old, replace(old, shapes={"a.ttl": query.replace("1 }", "2 }")}))
    assert ("rule changed", "other") == (found.kind, found.effect)


def touched(verdict: Closures) -> set[int]:
    """The movements with a finding of any severity."""
    parts = (verdict.closed, verdict.warned, verdict.recorded)
    return {int(row) for part in parts for rows in part.values() for row in rows}


@FEW
@given(SEEDS)
def test_the_effect_is_that_of_trying_everything(seed: int) -> None:
    """In a universe small enough to try all of it, stricter means more movements with a finding."""
    random = Random(seed)
    old, new = (
        Release("r", "1", {"a.ttl": FewPaths(random).rule("a", "Movement")}, {}) for _ in range(2)
    )
    snapshot, movements = every_movement()
    nothing = random_stock_after(random).take(np.zeros(0, np.int64))
    before, after = (
        touched(decide(release, snapshot, movements, nothing)) for release in (old, new)
    )
    more, fewer = bool(after - before), bool(before - after)
    expected = {(True, True): "other", (True, False): "stricter", (False, True): "looser",
                (False, False): "none"}[more, fewer]  # fmt: skip
    assert expected == effect_of(old.compiled[0], new.compiled[0])
    told = differences(old, new)
    assert bool(told) or expected == "none"
