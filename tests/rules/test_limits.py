"""Rules on sums: which of them a shared capacity can keep, and what each allows."""

import pytest

from rules.limits import limits_of
from rules.release import Release, default_release

HEAD = """
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""


def limits(shape: str) -> dict[str, int]:
    """The limits of the one rule of a release."""
    release = Release("r", "1", {"a.ttl": HEAD + shape}, {})
    (compiled,) = release.compiled
    return limits_of(compiled)


def test_the_shipped_rules_on_sums_are_limits() -> None:
    """Handling, storage and possession are kept while planning; every other rule is not."""
    found = {c.rule.iri.rpartition("/")[2]: limits_of(c) for c in default_release().compiled}
    assert {name: bounds for name, bounds in found.items() if bounds} == {
        "location-limits": {"overloadedUnits": 0, "overfullUnits": 0},
        "possession-limit": {"excessUnits": 0},
    }


def test_the_strictest_of_several_bounds_counts() -> None:
    """Two bounds of one quantity: the smaller one."""
    shape = """rule:both a sh:NodeShape ; sh:targetClass inv:LocationLoad ;
        sh:property [ sh:path inv:overloadedUnits ; sh:maxInclusive 9 ] ,
                    [ sh:path inv:overloadedUnits ; sh:maxInclusive 4 ] ."""
    assert limits(shape) == {"overloadedUnits": 4}


@pytest.mark.parametrize(
    "shape",
    [
        """rule:warns a sh:PropertyShape ; sh:targetClass inv:LocationLoad ;
            sh:severity sh:Warning ; sh:path inv:overloadedUnits ; sh:maxInclusive 0 .""",
        """rule:exclusive a sh:PropertyShape ; sh:targetClass inv:LocationLoad ;
            sh:path inv:overloadedUnits ; sh:maxExclusive 1 .""",
        """rule:handled a sh:PropertyShape ; sh:targetClass inv:LocationLoad ;
            sh:path inv:handledUnits ; sh:maxInclusive 9 .""",
        """rule:either a sh:NodeShape ; sh:targetClass inv:LocationLoad ;
            sh:or ( [ sh:path inv:overloadedUnits ; sh:maxInclusive 0 ]
                    [ sh:path inv:handledUnits ; sh:maxInclusive 9 ] ) .""",
        """rule:more a sh:NodeShape ; sh:targetClass inv:LocationLoad ;
            sh:property [ sh:path inv:overloadedUnits ; sh:maxInclusive 0 ] ,
                        [ sh:path inv:handledUnits ; sh:maxInclusive 9 ] .""",
    ],
)
def test_a_rule_that_says_anything_else_is_none(shape: str) -> None:
    """Such a rule is looked at on the finished plan, as before."""
    assert limits(shape) == {}
