"""Laws of what a grant shows: two paths agree, nothing shown names what is hidden, no gaps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from ontology.access import ANY, Grant
from ontology.columns import Snapshot, record_at
from ontology.demand import SalesOrder
from ontology.goods import Item, Lot, SerialUnit
from ontology.partners import Contract, Offer, Supplier
from ontology.places import Location
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS
from service.permits.labels import Stated
from service.permits.masks import GrantMask
from service.permits.row_rules import LABELS, ROW_RULES
from service.permits.verbs import SCOPES, VERBS
from tests.access.guarded_chain import DAY, PARTIAL, hidden, seen_by_all
from tests.service.small_chains import random_chain, snapshot_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_tables_name_every_class_and_label() -> None:
    """Fail closed: each class of facts has a rule, each field that labels is known as one."""
    assert FACTS <= ROW_RULES.keys()
    labelling = ("confidentiality_class", "residency_zone")
    found = {name: field for name in RECORDS for field in field_kinds(RECORDS[name])
             if field in labelling}  # fmt: skip
    assert found == {name: label.field for name, label in LABELS.items()}
    assert {verb.scope for verb in VERBS.values()} <= set(SCOPES)


def test_what_a_reference_names_can_be_judged() -> None:
    """Whatever a field refers to is a class with a rule, known by one identifier."""
    for name in ROW_RULES:
        for kind in field_kinds(RECORDS[name]).values():
            if kind.refers_to:
                assert kind.refers_to in ROW_RULES, (name, kind)
                assert ("id",) == RECORDS[kind.refers_to].KEY


def values_at(snapshot: Snapshot, name: str, row: int) -> Mapping[str, Any]:
    record = record_at(snapshot.table(name), row)
    return {field: getattr(record, field) for field in field_kinds(RECORDS[name])}


def worlds(seed: int) -> Snapshot:
    """A random chain with labels, or the planted one."""
    random = Random(seed)
    records: list[Any] = random_chain(random)
    if seed % 3 == 0:
        records = [
            *seen_by_all(), *hidden(), Location("valley"), Location("north", part_of="valley"),
            Item("widget", family="hardware"), Item("gadget"), Supplier("acme"),
            Lot("free", "widget"), SerialUnit("widget", "1"),
            SalesOrder("o", "widget", "c", 1, DAY),
        ]  # fmt: skip
    found = []
    for record in records:
        label = LABELS.get(type(record).__name__)
        if label is not None and random.random() < 0.2 and seed % 3:
            record = replace(record, **{label.field: random.choice(["a", "b"])})  # noqa: PLW2901
        found.append(record)
    return snapshot_of(found)


def grants(random: Random) -> Grant:
    """A grant that is limited in some ways."""

    def some(*names: str) -> tuple[str, ...]:
        return tuple(name for name in names if random.random() < 0.3)

    return replace(
        PARTIAL, regions=some("north", "p2", "valley"), suppliers=some("s0", "s1", "acme"),
        families=some("hardware", ""), classes=some("a", "b", ANY), zones=some("a", ANY),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_columns_and_single_facts_agree(seed: int) -> None:
    """The mask of a class says of each row what is said of it alone; law of closure beside it."""
    snapshot, random = worlds(seed), Random(seed + 1)
    mask = GrantMask(grants(random), snapshot, {})
    for name in snapshot.tables:
        shown = mask.rows(name).tolist()
        alone = [mask.shows(name, values_at(snapshot, name, row)) for row in range(len(shown))]
        assert (name, alone) == (name, shown)
    closed(mask, snapshot)


def closed(mask: GrantMask, snapshot: Snapshot) -> None:
    """Nothing that is shown names something that is there and hidden."""
    for name, table in snapshot.tables.items():
        for kind in field_kinds(RECORDS[name]).values():
            if not kind.refers_to or kind.refers_to not in snapshot.tables:
                continue
            of = snapshot.table(kind.refers_to)
            secret = set(of["id"][~mask.rows(kind.refers_to)].tolist())
            told = table[kind.name][mask.rows(name)].tolist()
            named = {one for cell in told for one in (cell or () if kind.many else (cell,))}
            assert set() == named & secret, (name, kind.name)


@pytest.mark.parametrize("seed", range(30))
def test_more_never_shows_less(seed: int) -> None:
    """A clearance, or a limit less, hides nothing that was shown; a whole grant shows all."""
    snapshot, random = worlds(seed), Random(seed + 2)
    grant = grants(random)
    more = replace(grant, classes=(ANY,), zones=(ANY,))
    wide = replace(more, regions=(), suppliers=(), families=())
    masks = [GrantMask(one, snapshot, {}) for one in (grant, more, wide)]
    for name in snapshot.tables:
        first, second, third = (mask.rows(name) for mask in masks)
        assert not (first & ~second).any()
        assert not (second & ~third).any()
        assert third.all() or ROW_RULES[name].only_whole


def only(snapshot: Snapshot, grant: Grant, beside: Any = None) -> dict[str, list[str]]:
    mask = GrantMask(grant, snapshot, beside or {})
    found = {name: snapshot.table(name).keys[mask.rows(name)].tolist() for name in snapshot.tables}
    return {name: keys for name, keys in found.items() if keys}


def test_regions_families_and_suppliers() -> None:
    """A region shows what lies in it and what it is part of; a family its items; a supplier its
    offers and what they name.
    """
    snapshot = snapshot_of([
        Location("world"), Location("eu", part_of="world"), Location("lu", part_of="eu"),
        Location("us", part_of="world"), Item("a", family="x"), Item("b", family="y"),
        Supplier("s"), Supplier("t"), Offer("s", "a", "lu", 1), Offer("t", "b", "us", 1),
        Lot("l", "b"),
    ])  # fmt: skip
    eu = only(snapshot, replace(PARTIAL, regions=("eu",)))
    assert ["eu", "lu", "world"] == eu["Location"]
    assert (["s/a/lu"], ["a", "b"], ["s", "t"]) == (eu["Offer"], eu["Item"], eu["Supplier"])
    x = only(snapshot, replace(PARTIAL, families=("x",)))
    assert (["a"], ["s/a/lu"], None) == (x["Item"], x["Offer"], x.get("Lot"))
    t = only(snapshot, replace(PARTIAL, suppliers=("t",)))
    assert (["b"], ["t"], ["t/b/us"]) == (t["Item"], t["Supplier"], t["Offer"])
    assert (["us", "world"], None) == (t["Location"], t.get("Lot"))


def test_a_label_holds_beyond_the_fact_that_stated_it() -> None:
    """What names a fact that is no more is judged by what was said of it; zones go downwards."""
    snapshot = snapshot_of([
        Item("a"), Location("p"), Offer("gone", "a", "p", 1), Contract("c", "gone"),
        Offer("other", "a", "p", 1),
    ])  # fmt: skip
    beside = {"Supplier": {"gone": frozenset({Stated("classes", "secret")})}}
    assert ["other/a/p"] == only(snapshot, PARTIAL, beside)["Offer"]
    cleared = replace(PARTIAL, classes=("secret",))
    assert ["gone/a/p", "other/a/p"] == only(snapshot, cleared, beside)["Offer"]
    zoned = snapshot_of([Location("top", residency_zone="z"), Location("mid", part_of="top"),
                         Location("low", part_of="mid"), Location("free")])  # fmt: skip
    assert {"Location": ["free"]} == only(zoned, PARTIAL)
    ring = snapshot_of([Location("a", part_of="b"), Location("b", part_of="a", residency_zone="z")])
    assert {} == only(ring, PARTIAL)


def test_a_grant_holds_from_until_as_far_as_was_known() -> None:
    """Two clocks: true at a time, known at another; the end of one that was known late."""
    day = timedelta(days=1)
    grant = replace(PARTIAL, begins=NOW, recorded=NOW + day, until=NOW + 5 * day)
    assert not grant.holds(NOW, NOW)
    assert grant.holds(NOW, NOW + day)
    assert grant.holds(NOW + 4 * day, NOW + 4 * day)
    assert not grant.holds(NOW + 5 * day, NOW + 5 * day)
    ended = replace(grant, ended=NOW + 2 * day, ended_recorded=NOW + 3 * day)
    assert ended.holds(NOW + 2 * day, NOW + 2 * day)
    assert not ended.holds(NOW + 2 * day, NOW + 3 * day)
    within = [ended.held_within(NOW + at * day, NOW + (at + 1) * day) for at in range(5)]
    assert [False, True, True, False, False] == within
