"""Lint finds in a release what pySHACL passes in silence, and nothing in one that is sound."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ontology.errors import InputError
from rules.lint import EXAMPLES, examined, lint
from rules.mutants import is_caught, is_proved_unbreakable, mutant_of
from rules.reading import read_graph
from rules.release import Release, default_release
from rules.remarks import HINTS, Remark
from rules.tables_of import tables_of
from rules.waivers import Waiver, unwaived, waiver_from
from tests.rules.worlds import PREFIXES, RandomShape, random_movements, random_tables

TOLD = ('inv:owner "me" ; sh:message "no" ; <http://www.w3.org/2000/01/rdf-schema#label> "One" ; '
        '<http://www.w3.org/2000/01/rdf-schema#comment> "Why" ; ')  # fmt: skip
SOUND = 'sh:path ( inv:lane inv:mode ) ; sh:in ( "road" "rail" )'


def release_of(*bodies: str, target: str = "inv:Movement") -> Release:
    """One rule per body, named a, b, ..."""
    rules = [
        f"rule:{name} sh:targetClass {target} ; {TOLD} {body} ."
        for name, body in zip("abc", bodies, strict=False)
    ]
    return Release("test", "1", {"one.ttl": PREFIXES + "\n".join(rules)}, {})


FAULTS = [
    ("RULE_CONTRADICTION", "sh:path inv:lane ; sh:minCount 3 ; sh:maxCount 1", "`sh:minCount 3`"),
    ("RULE_CONTRADICTION", "sh:path inv:stockAgeDays ; sh:minInclusive 5 ; sh:maxInclusive 3",
     "`sh:maxInclusive 3` and `sh:minInclusive 5` exclude each other"),
    ("RULE_CONTRADICTION", "sh:path inv:stockAgeDays ; sh:minExclusive 4 ; sh:maxExclusive 5",
     "exclude each other"),
    ("RULE_CONTRADICTION", "sh:path ( inv:lane inv:mode ) ; sh:in ( )", "can never hold"),
    ("RULE_CONTRADICTION", 'sh:path ( inv:lane inv:mode ) ; sh:hasValue "air" ; sh:in ( "road" )',
     "`sh:hasValue ( air )` and `sh:in ( road )`"),
    ("RULE_CONTRADICTION", 'sh:path ( inv:lane inv:mode ) ; sh:pattern "^ra" ; sh:in ( "road" )',
     "exclude each other"),
    ("RULE_CONTRADICTION", 'sh:path ( inv:lane inv:mode ) ; sh:pattern "road^"', "can never hold"),
    ("RULE_CONTRADICTION", "sh:path inv:departsOn ; sh:lessThan inv:departsOn", "can never hold"),
    ("RULE_CONTRADICTION", "sh:path inv:origin ; sh:disjoint inv:origin", "can never hold"),
    ("RULE_CONTRADICTION", 'sh:path inv:kind ; sh:in ( "transport" )', "can never hold"),
    ("RULE_RANGE", "sh:path inv:departsOn ; sh:datatype xsd:string", "xsd:date"),
    ("RULE_RANGE", "sh:path inv:lane ; sh:class inv:Item", "records of `Lane`"),
    ("RULE_RANGE", "sh:path inv:lane ; sh:class inv:Lane ; sh:datatype xsd:string", "sh:datatype"),
    ("RULE_CONTRADICTION",
     'sh:or ( [ sh:path inv:kind ; sh:hasValue "teleport" ] [ sh:path inv:lane ; sh:minCount 1 ] )',
     "on `inv:kind`: `sh:hasValue ( teleport )` can never hold"),
    ("RULE_UNREACHABLE",
     "sh:or ( [ sh:path inv:origin ; sh:minCount 2 ] [ sh:path inv:lane ; sh:maxCount 0 ] )",
     "branch 1 of `sh:or`, on `inv:origin`"),
    ("RULE_UNBREAKABLE", "sh:path inv:lane ; sh:maxCount 1", "no record can break it"),
    ("RULE_UNBREAKABLE",
     "sh:or ( [ sh:path inv:lane ; sh:minCount 1 ] [ sh:path inv:lane ; sh:maxCount 0 ] )",
     "no record can break it"),
    ("RULE_COST", "sh:path [ sh:zeroOrMorePath inv:partOf ] ; sh:minCount 1", "`*`"),
    ("RULE_COST", "sh:path ( inv:origin [ sh:oneOrMorePath inv:partOf ] ) ; sh:minCount 1", "`+`"),
    ("RULE_COST", "sh:sparql [ sh:select 'SELECT $this WHERE { $this ?p ?o }' ]", "is a query"),
    ("RULE_COST", "sh:path ( inv:lane inv:mode ) ; sh:pattern '^(a+)+$'", "repeats what repeats"),
    ("RULE_NOT_EVALUATED", "sh:path inv:colour ; sh:minCount 1", "colour"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "body", "words"), FAULTS)
def test_a_planted_fault_is_found_with_place_and_cure(code: str, body: str, words: str) -> None:
    """Each fault gives its code, names the rule, file and row, and says what to do."""
    found = [remark for remark in lint(release_of(SOUND, body)) if remark.code == code]
    assert found
    assert any(words in remark.what for remark in found), found
    for remark in found:
        assert ("https://w3id.org/evenkeel/rule/b", "one.ttl", 7) == (
            remark.rule, remark.file, remark.row)  # fmt: skip
        assert remark.hint == HINTS[code]


@pytest.mark.parametrize("body", [
    SOUND,
    "sh:path inv:lane ; sh:minCount 1 ; sh:maxCount 1",
    "sh:path inv:stockAgeDays ; sh:minInclusive 3 ; sh:maxInclusive 3",
    "sh:path inv:lane ; sh:class inv:Lane ; sh:nodeKind sh:IRI ; sh:minCount 1",
    "sh:path ( inv:lane inv:mode ) ; sh:pattern '^[a-m]+-\\\\d{2}$'",
    "sh:path inv:departsOn ; sh:lessThan inv:arrivesOn",
    "sh:not [ sh:path inv:origin ; sh:equals inv:destination ]",
])  # fmt: skip
def test_a_sound_rule_gives_no_remark(body: str) -> None:
    """What can be kept and can be broken is not complained about."""
    assert () == lint(release_of(body))


@pytest.mark.parametrize(("narrow", "wide", "words"), [
    ("sh:path inv:stockAgeDays ; sh:maxInclusive 40",
     "sh:path inv:stockAgeDays ; sh:maxInclusive 30", "denies nothing that is not denied by"),
    ('sh:path ( inv:lane inv:mode ) ; sh:not [ sh:in ( "air" ) ]',
     'sh:path ( inv:lane inv:mode ) ; sh:in ( "road" "rail" )', "denies nothing"),
    ('sh:or ( [ sh:path inv:kind ; sh:in ( "transfer" ) ] [ sh:path inv:lot ; sh:class inv:Lot ] )',
     "sh:path inv:lot ; sh:class inv:Lot", "denies"),
])  # fmt: skip
def test_a_rule_that_another_implies_is_found(narrow: str, wide: str, words: str) -> None:
    """Only the needless one is named, whichever stands first; never where it is the stricter."""
    for bodies, needless in (((narrow, wide), "a"), ((wide, narrow), "b")):
        found = [r for r in lint(release_of(*bodies)) if r.code == "RULE_SHADOWED"]
        assert [f"https://w3id.org/evenkeel/rule/{needless}"] == [r.rule for r in found]
        assert words in found[0].what


def test_a_milder_rule_shadows_no_stricter_one() -> None:
    """What only sends to a person does not make needless what blocks; the other way round it is."""
    same = "sh:path inv:stockAgeDays ; sh:maxInclusive 30"
    milder = f"sh:severity sh:Warning ; {same}"
    for bodies, needless in (((milder, same), "a"), ((same, milder), "b")):
        assert [f"https://w3id.org/evenkeel/rule/{needless}"] == [
            remark.rule for remark in lint(release_of(*bodies))
        ]


def test_two_rules_that_say_the_same_are_found() -> None:
    """In another order and under other names, the later is needless."""
    lane, lot = "[ sh:path inv:lane ; sh:minCount 1 ]", "[ sh:path inv:lot ; sh:minCount 1 ]"
    one = f"sh:property {lane} ; sh:not {lot}"
    other = f"sh:not [ sh:minCount 1 ; sh:path inv:lot ] ; sh:property {lane}"
    found = lint(release_of(one, other))
    assert ["RULE_SHADOWED"] == [r.code for r in found]
    assert found[0].rule.endswith("/b")
    assert "says the same as" in found[0].what


def test_rules_about_what_is_inferred_are_examined_too() -> None:
    """Facts from which something follows are made up for evidence, and dead rules still found."""
    single = "sh:path inv:soleSource ; sh:maxCount 0"
    assert () == lint(release_of(single, target="inv:Item"))
    of_class = release_of("sh:path inv:shelfLifeDays ; sh:minInclusive 30",
                          target="inv:SoleSourcedItem")  # fmt: skip
    assert () == lint(of_class)
    assert ["generated"] == [each.source for each in examined(of_class).mutants]
    dead = release_of("sh:path inv:within ; sh:minCount 0", target="inv:Location")
    assert ["RULE_UNBREAKABLE"] == [remark.code for remark in lint(dead)]


def test_the_shipped_rules_each_catch_a_mutant_of_their_own_example() -> None:
    """Nothing to correct, and for every rule one change of its conforming example is caught."""
    release = default_release()
    found = examined(release, EXAMPLES)
    assert () == found.remarks
    assert [rule.iri for rule in release.rules] == [each.rule for each in found.mutants]
    assert {"example"} == {each.source for each in found.mutants}


def test_a_path_that_its_examples_never_walk_is_found(tmp_path: Path) -> None:
    """A branch about lots needs an example with a lot, or nobody knows that it works."""
    rule = release_of("sh:path inv:stockAgeDays ; sh:maxInclusive 30",
                      'sh:path ( inv:lane inv:mode ) ; sh:in ( "road" )')  # fmt: skip
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for file in ("conforms.ttl", "breaks.ttl", "expected.txt"):
            text = (EXAMPLES / "stale-stock" / file).read_text(encoding="utf-8")
            (tmp_path / name / file).write_text("no\n" if file.endswith("txt") else text)
    found = lint(rule, tmp_path)
    assert [("b", "RULE_EXAMPLE_WRONG"), ("b", "RULE_MATCHES_NOTHING")] == [
        (remark.rule[-1], remark.code) for remark in found
    ]
    assert "( inv:lane inv:mode )" in found[1].what


def test_a_mutant_is_a_conforming_graph_with_one_change() -> None:
    """The example conforms, the mutant does not: the evidence is what it says that it is."""
    release = default_release()
    for rule in release.rules:
        for compiled in release.compile(rule):
            folder = EXAMPLES / rule.iri.rsplit("/", 1)[-1]
            tables = tables_of(read_graph(folder / "conforms.ttl"))
            found = mutant_of(compiled, tables)
            assert found is not None
            assert not is_caught(compiled, tables)
            assert found.class_name in tables
            assert found.before != found.after or not found.field


@pytest.mark.parametrize("seed", range(60))
def test_what_is_proved_unbreakable_is_never_broken(seed: int) -> None:
    """On random facts and movements of a plan, no rule that is said to be dead finds anything."""
    random = Random(seed)
    text = RandomShape(random).rule("random", "Item")
    compiled = Release("random", "1", {"random.ttl": text}, {}).compiled[0]
    if is_proved_unbreakable(compiled):
        for _ in range(10):
            assert not is_caught(compiled, random_tables(random))
    elif is_caught(compiled, {**random_tables(random), "Movement": random_movements(random, 5)}):
        assert mutant_of(compiled, None) is not None


def test_a_waiver_is_for_one_rule_and_one_code() -> None:
    """A finding stands unless a named person answers for that code of that rule."""
    remarks = (Remark("r", "RULE_COST", "x"), Remark("r", "RULE_RANGE", "x"),
               Remark("s", "RULE_COST", "x"))  # fmt: skip
    waiver = Waiver("r", "RULE_COST", "ann", "measured: never more than three places deep")
    assert waiver == waiver_from(waiver.to_document())
    assert remarks[1:] == unwaived(remarks, [waiver])
    assert remarks == unwaived(remarks, [])
    for name in ("rule", "code", "person", "reason"):
        with pytest.raises(InputError) as refusal:
            replace(waiver, **{name: " "})
        assert refusal.value.code == "WAIVER_BAD"
    with pytest.raises(InputError):
        waiver_from({"rule": "r"})
