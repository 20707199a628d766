"""What the streams of changes tell is what the same caller is told when it asks."""

from collections import Counter
from dataclasses import fields
from random import Random
from typing import Any

import pytest

from api.doors.changes import Followed
from api.graphql.field_verbs import NESTED, WHOLE_PLAN
from graph.plan_nodes import LINE_CLASSES
from ontology.goods import Item
from ontology.partners import Contract, Supplier
from ontology.places import Location
from ontology.terms import local_name
from ontology.vocabulary import RECORDS
from service.access import OWNER, Access, Caller
from service.doors.outbound import Position, Wanted
from service.house import House
from service.permits.exposures import every_exposure
from service.permits.row_rules import EXPLAINED
from service.permits.verbs import VERBS, may
from tests.access.doors.asking import CLEARED, EPOCH, EVERYTHING, follow, person
from tests.access.guarded_chain import CLASS, OPEN, load

ROWS = (*LINE_CLASSES.values(), "Shortfall")


@pytest.mark.parametrize("role", ["integrator", "approver"])
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


def test_what_is_labelled_later_is_in_the_log_of_who_follows_already(house: House) -> None:
    """A stream that was begun before the chain had any label; and an answer under way."""
    chain = "labelled_late"
    load(house, chain, [Supplier("acme", "Acme")], "first")
    _, who = person(house, "early and cleared", "auditor", chain=chain, **CLEARED)
    followed, sight = _followed(house, who, chain), Access(house).sight(Caller(who))
    sight.whole(chain, "kpis.read")
    assert followed.take(EVERYTHING)
    assert [] == _shown_to(house, who)
    load(house, chain, [Item("new", "New", confidentiality_class=CLASS)], "label", day=2)
    sight.hold()
    sight.log_exposures("/graphql")
    assert ["*"] == _shown_to(house, who)
    found = followed.take(EVERYTHING)
    assert ["new"] == [one.told["key"] for one in found if one.kind]
    assert ["*", "*", "Item"] == _shown_to(house, who)
    load(house, chain, [Item("newer", "Newer", confidentiality_class=CLASS)], "next", day=3)
    assert ["newer"] == [one.told["key"] for one in followed.take(EVERYTHING) if one.kind]
    assert ["*", "*", "Item", "Item"] == _shown_to(house, who)


def _followed(house: House, who: str, chain: str) -> Followed:
    return Followed(Access(house).sight(Caller(who)), house, Position(0), Wanted(chain), "/changes")


def _shown_to(house: House, who: str) -> list[str]:
    """The classes of what was shown to a person, in the order of the log."""
    return [part["class"] for event in every_exposure(house, EPOCH) if event.agent == who
            for part in event.payload["shown"]]  # fmt: skip


FAMILIES, LABELS = ("hardware", "other"), ("", CLASS)
LIMITED: dict[str, dict[str, Any]] = {
    "uncleared": {}, "cleared": CLEARED, "of a family": {"families": ("hardware",), **CLEARED},
}  # fmt: skip


@pytest.fixture(scope="module")
def toggled(house: House) -> str:
    """A chain whose items come into sight and leave it, again and again."""
    random, chain = Random(11), "toggled"
    for event in range(12):
        some = random.sample("abcdef", random.randint(1, 4))
        rows = [Item(key, f"{key} {event}", family=random.choice(FAMILIES),
                     confidentiality_class=random.choice(LABELS)) for key in some]  # fmt: skip
        load(house, chain, rows, f"{event}", day=event + 1)
    return chain


@pytest.mark.parametrize("name", LIMITED)
def test_what_comes_into_sight_is_added_and_what_leaves_it_is_closed(
    house: House, toggled: str, name: str
) -> None:
    """Who folds what it is told has what it sees; nothing is changed that it was not told of.

    Of what leaves its sight it is told what it knew, and nothing of what came instead.
    """
    _, who = person(house, name, "analyst", chain=toggled, **LIMITED[name])
    held: dict[str, Any] = {}
    outcomes: Counter[str] = Counter()
    for change in follow(house, Caller(who), Wanted(toggled)):
        if change.kind:
            key, outcome, fields = (change.told[what] for what in ("key", "outcome", "fields"))
            assert (outcome == "added") == (key not in held)
            if outcome == "closed":
                assert held.pop(key) == fields
            else:
                held[key] = fields
            outcomes[outcome] += 1
    shown = Access(house).sight(Caller(who)).view(toggled, "facts.read").shown().snapshot
    table = shown.table("Item")
    assert held.keys() == set(table.keys.tolist())
    assert {key: table["name"][row] for key, row in zip(table.keys, range(6), strict=False)} == {
        key: fields["name"] for key, fields in held.items()}  # fmt: skip
    assert outcomes["added"] > len(held) or name == "cleared"


def test_references_begin_and_end_with_what_is_seen(house: House) -> None:
    """Of a fact that comes into sight all relations begin; none of it leads to what was before."""
    chain, first = "shown_later", Supplier("first", confidentiality_class=CLASS)
    load(house, chain, [Item("i", "I"), Location("north"), first, Supplier("next")], "base")
    for day, of in ((2, "first"), (3, "next")):
        load(house, chain, [Contract("c", of)], of, day=day)
    _, who = person(house, "late to see", "analyst", chain=chain)
    told = [one.told for one in follow(house, Caller(who), Wanted(chain)) if one.kind]
    (contract,) = [one for one in told if one["class"] == "Contract"]
    assert "added" == contract["outcome"]
    assert [("supplier", (), ("next",))] == [
        (one["field"], one["before"], one["after"]) for one in contract["references"]]  # fmt: skip
