"""The crosswalk: links applied, accepted and split, and facts derived anew as if never merged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.identity.crosswalk import (
    Told,
    accepted,
    applied,
    contradictions,
    rederived,
    restated,
    split,
    standing,
)
from ontology.columns import Table, record_at, table_of
from ontology.demand import DemandObservation
from ontology.errors import InputError
from ontology.goods import Item
from ontology.governance import IdentityLink
from ontology.stock import StockPosition
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS
from tests.feeds.gates.small_past import START, day

NONE = table_of([], "IdentityLink")


def link(external: str, own: str, name: str = "Item", source: str = "erp") -> IdentityLink:
    return IdentityLink(source, name, external, own, "ann")


def links(*made: IdentityLink) -> Table:
    return table_of(made, "IdentityLink").sorted()


def rows(table: Table) -> list[Any]:
    return [record_at(table, row) for row in range(len(table))]


def told(
    records: Sequence[Any], source: str = "erp", clock: int = 0, *, closes: Sequence[int] = ()
) -> Told:
    """Records of one class, all of one clock."""
    table = table_of(records, type(records[0]).__name__)
    clocks = np.tile(np.array([[0, clock, 0]], np.int64), (len(table), 1))
    return Told(source, table, clocks, np.isin(np.arange(len(table)), closes))


def test_links_say_which_cells_they_changed() -> None:
    """Law: identifiers with a link become ours, and the link is named; the others are ours."""
    stock = table_of([StockPosition("A7", "N1", None, 3), StockPosition("B9", "N1", None, 4)],
                     "StockPosition")  # fmt: skip
    known = links(link("A7", "widget"), link("N1", "north", "Location"), link("N1", "x", "Lot"),
                  link("B9", "other", source="wms"))  # fmt: skip
    read = applied(stock, "erp", known)
    found = [(row.item, row.location, row.on_hand_units) for row in rows(read.table)]
    assert [("widget", "north", 3), ("B9", "north", 4)] == found
    assert ["widget", None] == [known["id"][at] if at >= 0 else None for at in read.used["item"]]
    assert ["north"] * 2 == known["id"][read.used["location"]].tolist()
    assert [-1, -1] == read.used["lot"].tolist()
    assert ["A7", "B9"] == stock["item"].tolist()


def test_the_thing_itself_is_linked_too() -> None:
    """Law: an item's own id goes through the links of items, and no other field does."""
    items = table_of([Item("A7", name="A7")], "Item")
    (item,) = rows(applied(items, "erp", links(link("A7", "widget"))).table)
    assert ("widget", "A7") == (item.id, item.name)


def test_links_take_one_step() -> None:
    """Law: what a link leads to is ours, and is not looked up again."""
    items = table_of([Item("a"), Item("b")], "Item")
    known = links(link("a", "b"), link("b", "a"))
    assert ["b", "a"] == applied(items, "erp", known).table["id"].tolist()


def test_no_fact_refers_to_many() -> None:
    """Law: every reference of a fact is one cell, so links reach all of them."""
    several = [kind for name in FACTS for kind in field_kinds(RECORDS[name]).values()
               if kind.many and kind.refers_to]  # fmt: skip
    assert [] == several


def test_a_person_accepts() -> None:
    """Law: a link is signed; again it changes nothing; another meaning is refused."""
    known = accepted(NONE, "erp", "Item", "A7", "widget", person="ann")
    assert [link("A7", "widget")] == rows(known)
    assert known.digest == accepted(known, "erp", "Item", "A7", "widget", person="bob").digest
    for arguments, code in (
        (("Item", "A7", "gadget", "ann"), "IDENTITY_TAKEN"),
        (("Item", "A8", "widget", ""), "IDENTITY_UNSIGNED"),
        (("StockPosition", "A8", "widget", "ann"), "IDENTITY_CLASS"),
        (("Nothing", "A8", "widget", "ann"), "IDENTITY_CLASS"),
    ):
        name, external, own, person = arguments
        with pytest.raises(InputError) as caught:
            accepted(known, "erp", name, external, own, person=person)
        assert code == caught.value.code
        assert caught.value.hint


def test_a_split_is_remembered() -> None:
    """Law: after a split the identifier stands for itself, or for what the person says."""
    known = accepted(NONE, "erp", "Item", "A7", "widget", person="ann")
    assert [IdentityLink("erp", "Item", "A7", "A7", "bob")] == rows(
        split(known, "erp", "Item", "A7", person="bob")
    )
    moved = split(known, "erp", "Item", "A7", person="bob", into="gadget")
    assert ["gadget"] == moved["id"].tolist()
    for name, person, code in (("A8", "bob", "IDENTITY_UNKNOWN"), ("A7", "", "IDENTITY_UNSIGNED")):
        with pytest.raises(InputError) as caught:
            split(known, "erp", "Item", name, person=person)
        assert code == caught.value.code


def test_the_later_statement_stands() -> None:
    """Law: two identifiers that are one item make one fact, that of the last clocks."""
    both = [told([Item("A7", name="old")], clock=1), told([Item("B9", name="new")], clock=2)]
    merged = standing(both, links(link("A7", "widget"), link("B9", "widget")))["Item"]
    assert ["new"] == merged.table["name"].tolist()
    assert [[1, 0]] == merged.origin.tolist()
    assert 2 == len(standing(both, NONE)["Item"].table)


def test_equal_clocks_settle_nothing() -> None:
    """Law: two values of equal clocks are a conflict of which none stands; equal values agree."""
    both = links(link("A7", "w"), link("B9", "w"))
    torn = standing([told([DemandObservation("A7", "n", START, 5)]),
                     told([DemandObservation("B9", "n", START, 6)])], both)  # fmt: skip
    assert ("w/n/2024-01-01",) == torn["DemandObservation"].conflicts
    assert 0 == len(torn["DemandObservation"].table)
    same = standing([told([DemandObservation("A7", "n", START, 5)]),
                     told([DemandObservation("B9", "n", START, 5)])], both)  # fmt: skip
    assert () == same["DemandObservation"].conflicts
    assert 1 == len(same["DemandObservation"].table)


def test_a_link_can_be_tried_before_it_is_signed() -> None:
    """Law: what would be closed, stated and torn is known without accepting anything."""
    mine = [DemandObservation("A7", "n", START, 5), DemandObservation("A7", "n", day(1), 5)]
    all_told = [told(mine), told([DemandObservation("B9", "n", START, 6)])]
    effect = rederived(all_told, NONE, links(link("A7", "B9")))
    name = "DemandObservation"
    assert ["A7/n/2024-01-01", "A7/n/2024-01-02", "B9/n/2024-01-01"] == sorted(
        effect.closed[name].keys
    )
    assert ["B9/n/2024-01-02"] == effect.stated[name].keys.tolist()
    assert ("B9/n/2024-01-01",) == effect.conflicts[name]


def test_other_sources_keep_their_identifiers() -> None:
    """Law: a link of one source leaves what another source calls by the same name."""
    both = [told([Item("A7", name="x")], "erp"), told([Item("A7", name="y")], "wms", 1)]
    effect = rederived(both, NONE, links(link("A7", "widget")))
    assert ["widget"] == effect.stated["Item"]["id"].tolist()
    assert {} == dict(effect.closed)


ITEMS, PLACES, SOURCES = ("a", "b", "c", "d"), ("n", "s"), ("erp", "wms")
OBSERVED = st.builds(
    DemandObservation, st.sampled_from(ITEMS), st.sampled_from(PLACES), st.just(START),
    st.integers(0, 3),
)  # fmt: skip
NAMED = st.builds(Item, st.sampled_from(ITEMS), st.sampled_from(["x", "y"]))


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """Deliveries of two classes and two sources, with late, equal and closing statements."""
    made = []
    for _ in range(draw(st.integers(1, 6))):
        of = draw(st.sampled_from([OBSERVED, NAMED]))
        records = draw(st.lists(of, min_size=1, max_size=5))
        closes = draw(st.lists(st.integers(0, 4), max_size=1))
        made.append(told(records, draw(st.sampled_from(SOURCES)), draw(st.integers(0, 2)),
                         closes=closes))  # fmt: skip
    return made


LINKS = st.lists(
    st.builds(link, st.sampled_from(ITEMS), st.sampled_from(ITEMS), st.just("Item"),
              st.sampled_from(SOURCES)),
    max_size=4, unique_by=lambda made: (made.source, made.external_id),
).map(lambda made: links(*made))  # fmt: skip


def facts(story: list[Told], known: Table) -> dict[str, Table]:
    return {name: found.table for name, found in standing(story, known).items()}


def digests(state: dict[str, Table]) -> dict[str, str]:
    return {name: table.digest for name, table in state.items()}


@given(stories(), LINKS, LINKS)
def test_a_change_of_links_gives_what_a_fresh_reading_gives(
    story: list[Told], before: Table, after: Table
) -> None:
    """Law: the facts before, with what is rederived, are the facts read anew under the links."""
    change = rederived(story, before, after)
    changed = {name: change.onto(name, table) for name, table in facts(story, before).items()}
    assert digests(facts(story, after)) == digests(changed)


@given(stories(), LINKS, LINKS)
def test_what_is_restated_keeps_its_own_clocks(
    story: list[Told], before: Table, after: Table
) -> None:
    """Law: facts with their clocks, and what is restated, are those read anew under the links."""
    if any(each.conflicts for each in standing(story, after).values()):
        return  # such a change of links is refused
    found = restated(story, before, after)
    sides: list[dict[str, list[int]]] = [{}, {}]
    for side, known in zip(sides, (before, after), strict=True):
        for name, stands in standing(story, known).items():
            for key, (at, row) in zip(stands.table.keys, stands.origin.tolist(), strict=True):
                side[f"{name}/{key}"] = story[at].clocks[row].tolist()
    for name, each in found.items():
        for key in each.gone.keys:
            del sides[0][f"{name}/{key}"]
        for key, clocks in zip(each.table.keys, each.clocks.tolist(), strict=False):
            sides[0][f"{name}/{key}"] = clocks
    assert sides[1] == sides[0]


def test_a_source_that_would_contradict_itself_is_told() -> None:
    """Law: two facts of a source that a link makes one are named where they say otherwise."""
    said = [told([Item("A7", name="x"), Item("b", name="b")]), told([Item("widget", name="y")])]
    known = links(link("A7", "widget"))
    (found,) = contradictions(said, NONE, known)
    assert ("Item", "widget", {(0, 0), (1, 0)}) == (
        found.class_name, found.key, {found.one, found.other})  # fmt: skip
    agreed = [said[0], told([Item("widget", name="x")])]
    assert [] == list(contradictions(agreed, NONE, known))


@given(stories(), LINKS, st.sampled_from(ITEMS), st.sampled_from(ITEMS), st.sampled_from(SOURCES))
def test_a_merge_that_is_split_has_never_been(
    story: list[Told], known: Table, external: str, own: str, source: str
) -> None:
    """Law: facts after a merge and its split are those before, whatever the merge tore."""
    taken = zip(known["source"], known["external_id"], strict=True)
    if (source, external) in set(taken):
        return
    first = facts(story, known)
    merged = accepted(known, source, "Item", external, own, person="ann")
    apart = split(merged, source, "Item", external, person="bob")
    one = rederived(story, known, merged)
    between = {name: one.onto(name, table) for name, table in first.items()}
    two = rederived(story, merged, apart)
    last = {name: two.onto(name, table) for name, table in between.items()}
    assert digests(first) == digests(last)


@given(stories(), LINKS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_is_no_input(story: list[Told], known: Table, rng: Any) -> None:
    """Law: deliveries in any order stand the same, and are torn by the same keys."""
    other = list(story)
    rng.shuffle(other)
    assert digests(facts(story, known)) == digests(facts(other, known))
    torn = [{n: f.conflicts for n, f in standing(s, known).items()} for s in (story, other)]
    assert torn[0] == torn[1]
