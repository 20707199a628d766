"""A release is immutable, known by its digest, and refuses to decide with a bad rule."""

from dataclasses import replace
from pathlib import Path

import pytest

from ontology.errors import EvenkeelError, InputError
from rules.knobs import Knob
from rules.lint import lint
from rules.release import Release, default_release, from_document, from_folder
from tests.rules.worlds import PREFIXES

RULE = PREFIXES + 'rule:one sh:targetClass inv:Movement ; sh:path inv:kind ; sh:in ( "x" ) .\n'


def release_of(body: str, target: str = "inv:Movement") -> Release:
    text = f"{PREFIXES}rule:one sh:targetClass {target} ; {body} ."
    return Release("test", "1", {"one.ttl": text}, {})


def test_the_document_of_a_release_gives_it_back() -> None:
    """To a document and back, the release and its digest are the same."""
    release = default_release()
    again = from_document(release.to_document())
    assert (release, release.digest) == (again, again.digest)


def test_the_digest_covers_texts_names_and_knobs_but_no_order() -> None:
    """Every character counts, comments included; the order of files and knobs does not."""
    release = Release("r", "1", {"a.ttl": RULE, "b.ttl": ""}, {"work_limit": 0, "x": "y"})
    same = Release("r", "1", {"b.ttl": "", "a.ttl": RULE}, {"x": "y", "work_limit": 0})
    assert release.digest == same.digest
    others = [
        Release("s", "1", release.shapes, release.knobs),
        Release("r", "2", release.shapes, release.knobs),
        Release("r", "1", {"a.ttl": RULE + "#", "b.ttl": ""}, release.knobs),
        Release("r", "1", release.shapes, {"work_limit": 1, "x": "y"}),
    ]
    assert len({release.digest, *(other.digest for other in others)}) == 5


def test_releases_of_before_keep_their_digest() -> None:
    """Without definitions and policies the document is of the first form, to the byte."""
    old = Release("r", "1", {"a.ttl": "# nothing\n"}, {"rounds": 5, "x": "y"})
    assert "evenkeel-release/1" == old.to_document()["format"]
    assert "3bcbb709e276c8228202d2b645075860661087a4a2c2a73f6d074b6b07147f64" == old.digest
    assert old == from_document(old.to_document())


def test_the_digest_covers_policies_and_what_knobs_mean() -> None:
    """A threshold, a unit or a range that changes makes another release; each is read back."""
    knob = Knob("How often", "solves", 5, 0, 50)
    release = Release(
        "r", "1", {}, {"rounds": 5}, {"approvals.toml": "people = 2"}, {"rounds": knob}
    )
    others = [
        replace(release, policies={"approvals.toml": "people = 1"}),
        replace(release, policies={"scope.toml": "people = 2"}),
        replace(release, policies={}),
        replace(release, definitions={"rounds": replace(knob, unit="times")}),
        replace(release, definitions={"rounds": replace(knob, most=None)}),
        replace(release, definitions={}),
    ]
    assert 7 == len({release.digest, *(other.digest for other in others)})
    for one in (release, *others):
        assert (one, one.digest) == (from_document(one.to_document()), one.digest)
    assert {"people": 2} == release.policy("approvals.toml")
    assert {} == release.policy("scope.toml")


@pytest.mark.parametrize("value", [-1, 51, "5"])
def test_no_knob_is_outside_of_its_own_range(value: int | str) -> None:
    """Whoever writes the value, the release states what it may be."""
    with pytest.raises(InputError, match="0 to 50 solves") as refusal:
        Release("r", "1", {}, {"rounds": value}, {}, {"rounds": Knob("t", "solves", 5, 0, 50)})
    assert refusal.value.code == "RELEASE_BAD"


def test_a_folder_gives_policies_and_what_knobs_mean(tmp_path: Path) -> None:
    """Every other file in TOML is under the digest as it was written."""
    (tmp_path / "knobs.toml").write_text(KNOB + "default = 5\nmost = 7")
    (tmp_path / "approvals.toml").write_text("# two\npeople = 2")
    found = from_folder(tmp_path)
    assert {"approvals.toml": "# two\npeople = 2"} == dict(found.policies)
    assert {"x": Knob("x", "days", 5, None, 7)} == dict(found.definitions)


def test_a_release_cannot_be_changed() -> None:
    """Neither its fields nor its mappings can be assigned."""
    release = Release("r", "1", {"a.ttl": RULE}, {})
    with pytest.raises(TypeError):
        release.shapes["a.ttl"] = ""  # type: ignore[index]
    with pytest.raises(AttributeError):
        release.name = "s"  # type: ignore[misc]


def test_the_shipped_release_has_its_knobs_and_rules() -> None:
    """The settings that a planner reads, and every rule says who owns it and why."""
    release = default_release()
    expected = {
        "work_limit": 0,
        "target_gap_per_million": 100,
        "line_days_between_shipments": 5,
        "lateral_pay_back_days": 3,
        "reverse_move_penalty_micros": 3_000_000,
        "rounds": 5,
        "shortfall_service_percent": 95,
        "stability_band_per_million": 1_000,
        "frozen_days": 0,
    }
    assert expected == dict(release.knobs)
    assert 30 == len(release.rules)
    for rule in release.rules:
        assert all([rule.title, rule.reason, rule.owner, rule.message, rule.targets])
        assert rule.severity in {"Violation", "Warning"}


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {**default_release().to_document(), "format": "other"},
        {**default_release().to_document(), "more": 1},
        {**default_release().to_document(), "shapes": []},
        {**default_release().to_document(), "shapes": {"a.ttl": 1}},
        {**default_release().to_document(), "knobs": {"x": True}},
        {**default_release().to_document(), "knobs": {"x": 1.5}},
        {**default_release().to_document(), "policies": {"a.toml": "[a"}},
        {**default_release().to_document(), "policies": []},
        {**default_release().to_document(), "definitions": {"rounds": {"title": "only"}}},
        {**default_release().to_document(), "definitions": {}, "policies": {}},
    ],
)
def test_documents_of_another_form_are_refused(document: object) -> None:
    """What is not a release is refused as such."""
    with pytest.raises(InputError) as refusal:
        from_document(document)
    assert refusal.value.code == "RELEASE_BAD"


KNOB = "[release]\nname = 'x'\nversion = '1'\n[knobs.x]\ntitle = 'x'\nunit = 'days'\n"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"knobs.toml": "[release"},
        {"knobs.toml": "[release]\nname = 'x'"},
        {"knobs.toml": "[release]\nname = 'x'\nversion = '1'\n[knobs]\nx = 1"},
        {"knobs.toml": KNOB + "default = 4\nleast = 5"},
        {"knobs.toml": KNOB + "default = 6\nmost = 5"},
        {"knobs.toml": KNOB.replace("unit", "measure") + "default = 5"},
    ],
)
def test_folders_that_hold_no_release_are_refused(tmp_path: Path, files: dict[str, str]) -> None:
    """A missing or unreadable knobs file, a knob out of its range or without a unit is named."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as refusal:
        from_folder(tmp_path)
    assert refusal.value.code == "RELEASE_BAD"


def test_a_rule_stands_in_one_file() -> None:
    """Two files that both give a rule a target would silently add up."""
    with pytest.raises(InputError, match="both define") as refusal:
        _ = Release("r", "1", {"a.ttl": RULE, "b.ttl": RULE}, {}).rules
    assert refusal.value.code == "RELEASE_BAD"


def test_a_syntax_error_names_file_and_row() -> None:
    """A shape file that does not parse is named with its row."""
    with pytest.raises(InputError) as refusal:
        _ = Release("r", "1", {"a.ttl": RULE + "oops"}, {}).graph
    assert (refusal.value.place.file, refusal.value.place.row) == ("a.ttl", 7)


OUTSIDE = [
    ("sh:path inv:colour ; sh:minCount 1", "inv:Movement", "colour"),
    ("sh:path ( inv:lane inv:expiresOn ) ; sh:minCount 1", "inv:Movement", "expiresOn"),
    ("sh:path ( inv:departsOn inv:id ) ; sh:minCount 1", "inv:Movement", "unknown for `date`"),
    ("sh:path [ sh:inversePath inv:lane ] ; sh:minCount 1", "inv:Movement", "no predicate"),
    ("sh:path inv:lane ; sh:minLength 1", "inv:Movement", "sh:minLength"),
    ("sh:path inv:lane ; sh:mincount 1", "inv:Movement", "sh:mincount"),
    ("sh:path inv:lane ; sh:minCount 1.5", "inv:Movement", "whole number"),
    ("sh:path inv:lane ; sh:minCount 1 , 2", "inv:Movement", "twice"),
    ("sh:path inv:lane ; sh:class inv:Road", "inv:Movement", "Road"),
    ("sh:path inv:lane ; sh:hasValue inv:x", "inv:Movement", "never match"),
    ('sh:path inv:remainingLifeDays ; sh:minInclusive "1"', "inv:Movement", "never match"),
    ('sh:path inv:remainingLifeDays ; sh:in ( "01"^^xsd:integer )', "inv:Movement", "never match"),
    ("sh:path inv:kind ; sh:minInclusive 1", "inv:Movement", "orders values of `string`"),
    ("sh:path inv:kind ; sh:lessThan inv:departsOn", "inv:Movement", "compares"),
    ("sh:path inv:kind ; sh:equals inv:item", "inv:Movement", "compares"),
    ('sh:path inv:kind ; sh:pattern "("', "inv:Movement", "pattern"),
    ('sh:path inv:kind ; sh:pattern "a{99999999999}"', "inv:Movement", "pattern"),
    ("sh:minCount 1", "inv:Movement", "without a path"),
    ("sh:property [ sh:minCount 1 ]", "inv:Movement", "without a path"),
    ("sh:node [ sh:path inv:kind ; sh:minCount 1 ]", "inv:Movement", "with a path"),
    ("sh:node rule:nowhere", "inv:Movement", "not defined"),
    ("sh:node rule:one", "inv:Movement", "refers to itself"),
    ("sh:not [ " * 70 + "sh:nodeKind sh:IRI" + " ]" * 70, "inv:Movement", "nested too deeply"),
    ("sh:or ()", "inv:Movement", "empty list"),
    ("sh:severity sh:Fatal ; sh:path inv:kind ; sh:minCount 1", "inv:Movement", "Fatal"),
    ('sh:sparql [ sh:select "x" ]', "inv:Movement", "sh:sparql"),
    ("sh:path inv:kind ; sh:minCount 1", "inv:Move", "inv"),
    ("sh:path inv:kind ; sh:minCount 1 ; sh:targetNode rule:x", "inv:Movement", "targetNode"),
    ("sh:path inv:quantityAfterMovesUnits ; sh:maxInclusive 1", "inv:StockAfterMoves", "bound"),
    ("sh:path inv:safetyStockUnits ; sh:minInclusive 1", "inv:StockAfterMoves", "bound"),
    ("sh:not [ sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 1 ]", "inv:StockAfterMoves",
     "bound"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "target", "construct"), OUTSIDE)
def test_what_is_outside_the_fragment_blocks_and_is_named(
    body: str, target: str, construct: str
) -> None:
    """Law 7: the error names the rule and the construct, and lint says the same beforehand."""
    release = release_of(body, target)
    with pytest.raises(InputError) as refusal:
        _ = release.compiled
    assert refusal.value.code == "RULE_NOT_EVALUATED"
    assert "https://w3id.org/evenkeel/rule/one" in refusal.value.what
    assert construct in refusal.value.what
    assert refusal.value.what in [remark.what for remark in lint(release)]


def test_lint_names_rules_without_words_examples_or_focus(tmp_path: Path) -> None:
    """Missing title and owner, a missing example, and an example that the rule does not meet."""
    release = release_of('sh:message "no" ; sh:path ( inv:lane inv:mode ) ; sh:in ( "road" )')
    codes = [remark.code for remark in lint(release, tmp_path)]
    assert ["RULE_EXAMPLE_WRONG", "RULE_UNDOCUMENTED"] == codes
    (tmp_path / "one").mkdir()
    (lacks, *_) = lint(release, tmp_path)
    assert "the example lacks conforms.ttl, breaks.ttl, expected.txt in examples/one/" == lacks.what
    for file in ("conforms.ttl", "breaks.ttl"):
        (tmp_path / "one" / file).write_text("")
    (tmp_path / "one" / "expected.txt").write_text("no\n")
    codes = [remark.code for remark in lint(release, tmp_path)]
    assert codes.count("RULE_MATCHES_NOTHING") == 3  # twice no focus node, and no lane's mode
    assert codes.count("RULE_EXAMPLE_WRONG") == 1


def test_a_deactivated_rule_is_no_rule() -> None:
    """sh:deactivated takes a rule out of force, whatever else it says."""
    release = release_of("sh:deactivated true ; sh:path inv:colour ; sh:minCount 1")
    assert () == release.rules
    assert () == release.compiled


def test_an_unknown_rule_is_refused() -> None:
    """Asking a release for a rule that it does not have is an input error."""
    with pytest.raises(EvenkeelError) as refusal:
        default_release().rule("urn:x")
    assert refusal.value.code == "RULE_UNKNOWN"


def test_the_example_of_the_guide_is_a_good_rule() -> None:
    """The shape in docs/adding-a-rule.md compiles and has all that lint asks for."""
    guide = Path(__file__).parents[2] / "docs" / "adding-a-rule.md"
    text = guide.read_text(encoding="utf-8").split("```turtle\n")[1].split("```")[0]
    release = Release("guide", "1", {"guide.ttl": text}, {})
    assert len(release.compiled) == 1
    assert () == lint(release)


@pytest.mark.parametrize("name", ["rule:two", "<https://w3id.org/evenkeel/rule/two>"])
def test_what_cannot_be_evaluated_is_found_at_its_file_and_row(name: str) -> None:
    """The error says in which file and row the rule begins, past longer names and mentions."""
    good = release_of("sh:path inv:capacityUnitsPerDay ; sh:minInclusive 0", "inv:Lane")
    text = (
        f"{PREFIXES}# rule:two is below\nrule:two-and-more a sh:PropertyShape ;\n"
        "    sh:path inv:mode ;\n    sh:targetClass inv:Lane ;\n    sh:node rule:two .\n\n"
        f"{name} sh:targetClass inv:Lane ;\n    sh:path inv:colour ;\n    sh:minCount 1 .\n"
    )
    row = text.splitlines().index(f"{name} sh:targetClass inv:Lane ;") + 1
    release = Release("x", "1", {**good.shapes, "two.ttl": text}, {})
    with pytest.raises(InputError) as refusal:
        release.compile(release.rule("https://w3id.org/evenkeel/rule/two"))
    place = refusal.value.place
    assert ("RULE_NOT_EVALUATED", "two.ttl", row) == (refusal.value.code, place.file, place.row)
    assert 2 == refusal.value.exit_status
