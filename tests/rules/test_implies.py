"""What one release permits and another denies: proofs that hold, counterexamples that are real."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.closures import Closures
from ontology.columns import Snapshot, Table, record_at
from rules.decide import decide
from rules.implies import Implication, confirmed, implies
from rules.parts import Part
from rules.release import Release, composed, default_release
from tests.rules.small_world import FewPaths, every_movement
from tests.rules.worlds import (
    PREFIXES,
    RandomShape,
    lawful,
    lawful_movements,
    random_snapshot,
    random_stock_after,
)

SEEDS = st.integers(min_value=0, max_value=2**32)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOTHING_NEW, MORE, OPEN = "permits nothing new", "permits more", "not decided"


def release_of(*bodies: str, target: str = "inv:Movement") -> Release:
    """One rule per body, named a, b, ..."""
    rules = [
        f"rule:{name} sh:targetClass {target} ; {body} ."
        for name, body in zip("abc", bodies, strict=False)
    ]
    return Release("test", "1", {"one.ttl": PREFIXES + "\n".join(rules)}, {})


def closed(verdict: Closures) -> set[int]:
    """The movements that any rule closes."""
    return {int(row) for rows in verdict.closed.values() for row in rows}


def newly_open(new: Release, old: Release, snapshot: Snapshot, movements: Table) -> set[int]:
    """The movements that the old release closes and the new one does not, one by one."""
    nothing = random_stock_after(Random(0)).take(range(0))  # type: ignore[arg-type]
    verdicts = [decide(release, snapshot, movements, nothing) for release in (new, old)]
    return closed(verdicts[1]) - closed(verdicts[0])


def check(found: Implication, new: Release, old: Release) -> None:
    """Every counterexample is one for pySHACL, too, and is a movement that there can be."""
    for each in found.counterexamples:
        assert confirmed(each, old)
        assert not confirmed(each, new)
        movement = record_at(each.tables["Movement"], 0)
        assert lawful(movement) == movement
        assert movement.departs_on <= movement.arrives_on
        assert f"{movement.departs_on:%A}".lower() == movement.departs_weekday


@FEW
@given(SEEDS)
def test_a_proof_holds_and_a_counterexample_is_one(seed: int) -> None:
    """On random shapes: what is proved is never broken, what is shown the reference confirms."""
    random = Random(seed)
    old = Release("o", "1", {"a.ttl": RandomShape(random).rule("a", "Movement")}, {})
    name = random.choice("ab")
    new = Release("n", "1", {"a.ttl": RandomShape(random).rule(name, "Movement")}, {})
    found = implies(new, old)
    check(found, new, old)
    if found.verdict == NOTHING_NEW:
        for _ in range(2):
            snapshot, movements = random_snapshot(random), lawful_movements(random, 300)
            assert set() == newly_open(new, old, snapshot, movements)


@FEW
@given(SEEDS)
def test_the_answer_is_that_of_trying_everything(seed: int) -> None:
    """In a universe small enough to try all of it, the search says exactly what trying says."""
    random = Random(seed)
    old = Release("o", "1", {"a.ttl": FewPaths(random).rule("a", "Movement")}, {})
    new = Release("n", "1", {"a.ttl": FewPaths(random).rule("a", "Movement")}, {})
    found = implies(new, old)
    check(found, new, old)
    expected = MORE if newly_open(new, old, *every_movement()) else NOTHING_NEW
    assert expected == found.verdict, found.open


EDITS = [
    ("sh:maxInclusive 30 ", "sh:maxInclusive 40 "),
    ('sh:in ( "ambient" )', 'sh:in ( "ambient" "chilled" )'),
    ('sh:in ( "open" )', 'sh:in ( "open" "closed" )'),
    ("inv:residencyPermission ; sh:minCount 1", "inv:residencyPermission ; sh:minCount 0"),
    ("sh:minInclusive 20", "sh:minInclusive 10"),
    ("inv:tradeRestriction ;\n    sh:maxCount 0", "inv:tradeRestriction ;\n    sh:maxCount 1"),
    ("sh:maxInclusive 1000000", "sh:severity sh:Violation ; sh:maxInclusive 2000000"),
]


@pytest.mark.parametrize(("strict", "loose"), EDITS[:-1])
def test_an_edit_of_a_shipped_rule_permits_more_one_way_alone(strict: str, loose: str) -> None:
    """Loosened, a movement escapes that all other rules permit; tightened, nothing does."""
    shipped = default_release()
    shapes = {file: text.replace(strict, loose) for file, text in shipped.shapes.items()}
    edited = replace(shipped, shapes=shapes)
    assert edited != shipped
    assert NOTHING_NEW == implies(shipped, edited).verdict
    found = implies(edited, shipped)
    assert MORE == found.verdict
    (example,) = found.counterexamples
    assert () == example.flaws
    assert confirmed(example, shipped)
    assert not confirmed(example, edited)


def test_a_release_permits_nothing_that_it_denies() -> None:
    """Of itself, in whatever order, form and under whatever names of parts, nothing is new."""
    shipped = default_release()
    assert NOTHING_NEW == implies(shipped, shipped).verdict
    text = shipped.shapes["released-lot.ttl"]
    renamed = text.replace("released-lot-known", "some-part").replace("    ", "\t")
    assert NOTHING_NEW == implies(
        Release("n", "1", {"r.ttl": renamed}, {}), Release("o", "1", {"r.ttl": text}, {})
    ).verdict  # fmt: skip


def test_a_rule_may_be_kept_by_others_together() -> None:
    """What two rules deny between them is not new, though neither denies it alone."""
    both = release_of("sh:path inv:stockAgeDays ; sh:maxInclusive 30 ; sh:minInclusive 2")
    age = "sh:path inv:stockAgeDays"
    apart = release_of("sh:path inv:lot ; sh:maxCount 1", f"{age} ; sh:maxInclusive 30",
                       f"{age} ; sh:minInclusive 2")  # fmt: skip
    assert NOTHING_NEW == implies(apart, both).verdict
    assert NOTHING_NEW == implies(both, apart).verdict
    assert MORE == implies(release_of("sh:path inv:lot ; sh:maxCount 1"), both).verdict


@pytest.mark.parametrize(("new", "old"), [
    ("sh:path inv:colour ; sh:minCount 1", "sh:path inv:lane ; sh:minCount 1"),
    ("sh:path inv:lane ; sh:minCount 1", "sh:path [ sh:inversePath inv:lane ] ; sh:minCount 1"),
    ('sh:path ( inv:lane inv:mode ) ; sh:pattern "^r"',
     'sh:path ( inv:lane inv:mode ) ; sh:pattern "^ro?"'),
])  # fmt: skip
def test_what_cannot_be_decided_is_said_with_the_rule(new: str, old: str) -> None:
    """Outside the fragment, and where characters would have to be compared: no answer, and why."""
    found = implies(release_of(new), release_of(old))
    assert OPEN == found.verdict
    assert ["https://w3id.org/evenkeel/rule/a"] == [rule for rule, _ in found.open]
    assert all(why for _, why in found.open)


def test_patterns_are_decided_where_texts_are_found() -> None:
    """What is allowed by name is matched or not; a text that one pattern alone matches is shown."""
    mode = "sh:path ( inv:lane inv:mode ) ; "
    named = release_of(mode + 'sh:in ( "road" "rail" )')
    loose, strict = (
        release_of(f'{mode}sh:pattern "{text}"') for text in ("^r", "^r[ao]+[a-z]{2}$")
    )
    assert NOTHING_NEW == implies(named, loose).verdict
    assert MORE == implies(loose, named).verdict
    found = implies(loose, strict)
    assert MORE == found.verdict
    assert confirmed(found.counterexamples[0], strict)


ONCE_MISSED = [
    ('sh:path inv:kind ; sh:in ( "transfer" )',
     "sh:path ( inv:destination inv:region ) ; sh:equals inv:destinationZone"),
    ('sh:path inv:kind ; sh:in ( "transfer" )',
     "sh:path ( inv:lot inv:status ) ; sh:disjoint inv:kind"),
    ('sh:path inv:arrivesWeekday ; sh:in ( "monday" )',
     "sh:path inv:departsWeekday ; sh:equals inv:arrivesWeekday"),
    ('sh:path inv:arrivesWeekday ; sh:in ( "tuesday" )',
     'sh:path inv:departsOn ; sh:maxExclusive "2026-03-06"^^xsd:date'),
    ("sh:path inv:tradeRestriction ; sh:maxCount 1",
     "sh:path inv:tradeRestriction ; sh:maxCount 0"),
]  # fmt: skip


@pytest.mark.parametrize(("new", "old"), ONCE_MISSED)
def test_what_movements_always_say_leaves_room_for_what_they_may_say(new: str, old: str) -> None:
    """Both ends, kinds, weekdays and days vary although the rules name only some of them."""
    releases = release_of(new), release_of(old)
    found = implies(*releases)
    assert MORE == found.verdict
    check(found, *releases)


def test_parts_that_others_govern_leave_the_answer_open() -> None:
    """The whole is compared; a part of the chain under another release has to be asked for."""
    whole = release_of("sh:path inv:lane ; sh:maxCount 1")
    other = release_of("sh:path inv:lot ; sh:minCount 1")
    divided = composed(whole, [Part(other, regions=("north",))])
    assert NOTHING_NEW == implies(divided, divided).verdict
    found = implies(divided, whole)
    assert OPEN == found.verdict
    assert [("", "other releases govern parts of the chain: ask for each of them")] == [*found.open]


def test_a_milder_severity_permits_more() -> None:
    """A Warning goes to a person and closes nothing: what was blocked is now permitted."""
    body = "sh:path inv:stockAgeDays ; sh:maxInclusive 30"
    blocking, warning = release_of(body), release_of(f"sh:severity sh:Warning ; {body}")
    assert MORE == implies(warning, blocking).verdict
    assert NOTHING_NEW == implies(blocking, warning).verdict
