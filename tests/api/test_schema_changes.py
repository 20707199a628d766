"""A change of the schema that can break a query, or surprise it, is declared or refused here."""

import tomllib
from pathlib import Path

import pytest
from graphql import build_schema

from api.graphql.schema import build_schema as our_schema
from api.graphql.schema_changes import schema_changes

FOLDER = Path(__file__).parents[1] / "golden" / "schema"
RELEASED = (FOLDER / "released.graphql").read_text("utf-8")
"""The schema of the last release: written anew when one is made, and the list is emptied."""
DECLARED = tomllib.loads((FOLDER / "declared.toml").read_text("utf-8")).get("change", [])


def test_every_change_is_declared() -> None:
    """What would break or surprise a query of the last release stands in the list, and no more."""
    now = build_schema(our_schema(development=True).as_str())
    found = {str(change) for change in schema_changes(build_schema(RELEASED), now)}
    assert found == {one["is"] for one in DECLARED}
    assert all(one["reason"].strip() for one in DECLARED)


PLANTED = {
    "a field is gone": ("  digest: String!\n  chain: String!", "  chain: String!", True),
    "a field may be null": ("  regime: String!", "  regime: String", True),
    "a type is another": ("  lineCount: BigInt!", "  lineCount: String!", True),
    "an argument is wanted": ("chains: [Chain!]!", "chains(of: String!): [Chain!]!", True),
    "a field of an input is wanted": ("  startsOn: Date = null", "  startsOn: Date!", True),
    "a word of an enum is gone": ("  WAREHOUSE\n", "", True),
    "a member of a union is gone": ("= PlanMade | Refused", "= PlanMade", True),
    "an enum has one more": ("  WAREHOUSE\n", "  WAREHOUSE\n  SHELF\n", False),
    "a union has one more": ("= PlanMade | Refused", "= PlanMade | Refused | Plan", False),
    "a default is another": ("first: Int! = 50", "first: Int! = 51", False),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_change_is_found(name: str) -> None:
    """Each kind of change, planted in the schema of the last release."""
    old, new, is_breaking = PLANTED[name]
    assert old in RELEASED
    changed = build_schema(RELEASED.replace(old, new, 1))
    found = schema_changes(build_schema(RELEASED), changed)
    assert [is_breaking] == sorted({change.is_breaking for change in found})


def test_the_same_schema_and_a_new_field_are_no_change() -> None:
    """What is only more breaks nobody."""
    before = build_schema(RELEASED)
    more = build_schema(RELEASED.replace("type Query {", "type Query {\n  more: Int", 1))
    assert [] == schema_changes(before, before) == schema_changes(before, more)
