"""Laws of reviews: nothing that opens passes without a named person, and no review is stretched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import InputError
from service.backtest.reviews import Review, reviews_of, unreviewed

RULES, PLANS = ("rule/a", "rule/b", "rule/c"), ("1" * 64, "2" * 64)
OPENED = st.builds(
    lambda rules, count: {"kind": "movement", "rules": sorted(rules), "count": count, "used": 0},
    st.sets(st.sampled_from(RULES), min_size=1), st.integers(1, 9),
)  # fmt: skip
RESULTS = st.lists(st.lists(OPENED, max_size=3), min_size=2, max_size=2).map(
    lambda found: {
        "release": {"digest": "new"},
        "decisions": [{"plan": plan, "opened": groups}
                      for plan, groups in zip(PLANS, found, strict=True)],
        "opened": [group for groups in found for group in groups],
    }
)  # fmt: skip
REVIEWS = st.lists(
    st.builds(
        lambda release, scope: Review(release, "person:1", "looked", **scope),
        st.sampled_from(["new", "other"]),
        st.sampled_from([{"rule": rule} for rule in RULES] + [{"plan": plan} for plan in PLANS]),
    ),
    max_size=4,
)


@given(RESULTS, REVIEWS)
def test_all_rules_or_the_plan(result: dict[str, Any], reviews: list[Review]) -> None:
    """Reviewed is what every rule that denied it, or its plan, has a review of this release for."""
    said = {review.rule or review.plan for review in reviews if review.release == "new"}
    expected = [
        (decision["plan"], group["rules"])
        for decision in result["decisions"] for group in decision["opened"]
        if decision["plan"] not in said and not said.issuperset(group["rules"])
    ]  # fmt: skip
    found = unreviewed(result, reviews)
    assert expected == [(one.plan, list(one.rules)) for one in found]
    assert all(set(one.waiting) == set(one.rules) - said for one in found)


@given(RESULTS)
def test_one_word_for_all_that_opens(result: dict[str, Any]) -> None:
    """Who names nothing reviews every rule that opens something, and then nothing waits."""
    reviews = reviews_of(result, "person:1", "looked")
    assert () == unreviewed(result, reviews)
    for review in reviews:
        assert unreviewed(result, [one for one in reviews if one != review])


def test_what_is_named() -> None:
    """A rule by the last part of its IRI, a plan by its first digits; nothing else is taken."""
    group = {"kind": "movement", "rules": ["rule/a"], "count": 1, "used": 1}
    result = {"release": {"digest": "new"}, "opened": [group],
              "decisions": [{"plan": PLANS[0], "opened": [group]}]}  # fmt: skip
    found = reviews_of(result, "person:1", "looked", ["a"], ["111"])
    assert [("rule/a", ""), ("", PLANS[0])] == [(one.rule, one.plan) for one in found]
    for rules, plans in ((["b"], []), ([], ["2"]), ([], [""])):
        with pytest.raises(InputError, match="opens nothing"):
            reviews_of(result, "person:1", "looked", rules, plans)


@pytest.mark.parametrize(
    ("person", "reason", "rule", "plan"),
    [("", "why", "a", ""), ("p", " ", "a", ""), ("p", "why", "", ""), ("p", "why", "a", "b")],
)
def test_no_review_of_nobody_or_nothing(person: str, reason: str, rule: str, plan: str) -> None:
    """A person, a reason, and one rule or one plan."""
    with pytest.raises(InputError) as refused:
        Review("new", person, reason, rule, plan)
    assert "BAD_REVIEW" == refused.value.code
