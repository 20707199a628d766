"""What the streams of changes tell is what the same caller is told when it asks."""

from collections import Counter
from dataclasses import fields
from typing import Any

import pytest

from api.graphql.field_verbs import NESTED, WHOLE_PLAN
from graph.plan_nodes import LINE_CLASSES
from ontology.terms import local_name
from ontology.vocabulary import RECORDS
from service.access import OWNER, Caller
from service.doors.outbound import Wanted
from service.house import House
from service.permits.row_rules import EXPLAINED
from service.permits.verbs import VERBS, may
from tests.access.doors.asking import follow, person
from tests.access.guarded_chain import OPEN

ROWS = (*LINE_CLASSES.values(), "Shortfall")


@pytest.mark.parametrize("role", ["integrator", "partner", "approver"])
def test_plans_are_told_to_whom_they_are_shown(house: House, role: str) -> None:
    """Rows take `plans.read`; a plan's record, and the reason of a row, `plans.explain` whole."""
    _, who = person(house, f"following {role}", role)
    every, mine = _told(house, OWNER), _told(house, Caller(who))
    wanted = Counter({"fact": every["fact"]})
    if may(role, "plans.read"):
        wanted += Counter({kind: every[kind] for kind in ("line", "shortfall")})
    if may(role, "plans.explain"):
        wanted += Counter({kind: every[kind] for kind in ("plan", "reason")})
    assert wanted == mine
    assert 5 == len(every)
    assert VERBS["plans.explain"].needs_whole


def _told(house: House, caller: Caller) -> Counter[str]:
    """How many changes of each kind, and of reasons."""
    found = [one for one in follow(house, caller, Wanted(OPEN)) if one.kind]
    kinds: Counter[str] = Counter(one.kind for one in found)
    kinds["reason"] = sum("reason" in one.told["fields"] for one in found if one.kind != "fact")
    return +kinds


@pytest.mark.parametrize("class_name", ROWS)
def test_what_takes_an_explanation_is_the_same_by_every_door(class_name: str) -> None:
    """The fields of rows that GraphQL shows to whom plans are explained, and no others."""
    stated: dict[str, Any] = {local_name(one.name): one.name for one in fields(RECORDS[class_name])}
    taken = {name: NESTED.get(f"{class_name}.{name}") for name in stated}
    behind = {stated[name] for name, one in taken.items() if one and one.verb == WHOLE_PLAN}
    assert behind == set(EXPLAINED.get(class_name, ()))
