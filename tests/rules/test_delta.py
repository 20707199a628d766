"""What a change does to the findings, looked for around it, is what two full runs differ in."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Table, table_of
from ontology.findings import Finding, Report
from ontology.goods import Item, Production, Substitute, UnitConversion
from ontology.movement import Movement
from ontology.stock import StockPosition
from ontology.vocabulary import FACTS
from rules.check import check_rules
from rules.delta import delta, findings_near
from rules.graph_of import graph_of
from rules.lookups import ANY, About, about_tables, about_with, keys_only
from rules.release import Release, default_release
from rules.validate import validate
from rules.watch import Watch
from tests.rules.changed_worlds import Tables, changed_world, random_world
from tests.rules.test_parity import FEW, MANY, SEEDS, rows_of
from tests.rules.worlds import MONDAY, PREFIXES, RandomShape, random_tables

TARGETS = ("Item", "Lane", "StockPosition", "Calendar", "Location", "Offer", "Contract", "Movement",
           "PlannedLine", "UnitConversion", "Supplier")  # fmt: skip
Pair = tuple[tuple[Finding, ...], tuple[Finding, ...]]


def by_full_runs(release: Release, before: Tables, after: Tables) -> Pair:
    """The difference of all findings of compiled rules on both worlds."""
    was, now = (set(check_rules(release.compiled, world).findings) for world in (before, after))
    return tuple(sorted(now - was)), tuple(sorted(was - now))


def by_delta(release: Release, before: Tables, after: Tables, changed: Tables) -> Pair:
    found = delta(Watch(release.compiled), about_tables(before), about_tables(after), changed)
    return found.appeared, found.gone


def release_of(*texts: str) -> Release:
    return Release("random", "1", {f"{n}.ttl": text for n, text in enumerate(texts)}, {})


@MANY
@given(SEEDS, st.sampled_from(TARGETS), st.sampled_from(TARGETS))
def test_the_difference_is_that_of_two_full_runs(seed: int, one: str, two: str) -> None:
    """Random shapes, random facts, movements and plans, random changes: the same difference."""
    random = Random(seed)
    before = random_world(random)
    shape = RandomShape(random)
    random_rules = release_of(shape.rule("one", one), shape.rule("two", two))
    for release in (random_rules, default_release()):
        after, changed = changed_world(random, before, release.compiled)
        expected = by_full_runs(release, before, after)
        assert expected == by_delta(release, before, after, changed)


@FEW
@given(SEEDS, st.sampled_from(TARGETS))
def test_the_difference_is_that_of_the_reference(seed: int, target: str) -> None:
    """What pySHACL finds in one world and not in the other, on all of both as RDF."""
    random = Random(seed)
    before = random_world(random)
    release = release_of(RandomShape(random).rule("one", target))
    after, changed = changed_world(random, before, release.compiled)
    was, now = (rows_of(validate(graph_of(world), release.graph)) for world in (before, after))
    appeared, gone = by_delta(release, before, after, changed)
    assert (now - was, was - now) == (rows_of(Report(appeared)), rows_of(Report(gone)))


@MANY
@given(SEEDS, st.sampled_from(TARGETS))
def test_findings_near_records_are_those_of_a_full_run(seed: int, target: str) -> None:
    """What rules find on some records, asked without the rest, is what they find among all."""
    random = Random(seed)
    world = random_world(random)
    release = release_of(RandomShape(random).rule("one", target))
    _, changed = changed_world(random, world, release.compiled)
    watch = Watch(release.compiled)
    whole = check_rules(release.compiled, world).findings
    ours = {f"{name}/{key}" for name, nodes in changed.items() for key in nodes.keys}
    expected = [f for f in whole if f.focus_node.split("/id/", 1)[-1] in ours]
    assert expected == findings_near(watch, about_tables(world), changed)


@FEW
@given(SEEDS)
def test_records_laid_over_others_are_asked_as_one_world(seed: int) -> None:
    """What a delivery would do can be asked before it is part of anything."""
    random = Random(seed)
    under, over = random_tables(random), random_tables(random)
    rows = {name: table.take(np.arange(len(table) // 2)) for name, table in over.items()}
    both = about_with(about_tables(under), rows)
    watch = default_release().watch
    whole = {name: both(name, (), ANY).sorted() for name in under}
    expected = findings_near(watch, about_tables(whole), rows)
    assert expected == findings_near(watch, both, rows)


POSITION = StockPosition("oil", "north", None, 1, 0, 0, 0, 0, total_units=1, unit="box")


def small_world(unit: str, packs: tuple[str, ...]) -> Tables:
    records = {
        "Item": [Item("oil", base_unit=unit), Item("nail", base_unit="each")],
        "UnitConversion": [UnitConversion("oil", pack, 2) for pack in packs],
        "StockPosition": [POSITION, StockPosition("nail", "north", unit="each")],
    }
    return {name: table_of(rows, name).sorted() for name, rows in records.items()}


@pytest.mark.parametrize(
    ("before", "after", "changed", "appeared", "gone"),
    [
        (("box", ()), ("litre", ()), ("Item",), 1, 0),
        (("litre", ("box",)), ("litre", ()), ("UnitConversion",), 1, 0),
        (("litre", ()), ("litre", ("box",)), ("UnitConversion",), 0, 1),
        (("box", ()), ("litre", ("box",)), ("Item", "UnitConversion"), 0, 0),
    ],
)  # fmt: skip
def test_a_change_leads_back_to_the_facts_that_read_it(
    before: tuple[str, tuple[str, ...]],
    after: tuple[str, tuple[str, ...]],
    changed: tuple[str, ...],
    appeared: int,
    gone: int,
) -> None:
    """A unit that is another, a pack that goes or comes: the position counted in it is judged."""
    worlds = small_world(*before), small_world(*after)
    keys = {name: table_of(read_record(name), name) for name in changed}
    found = delta(default_release().watch, *(about_tables(world) for world in worlds), keys)
    on = {f.focus_node.rpartition("/id/")[2] for f in (*found.appeared, *found.gone)}
    assert (appeared, gone) == (len(found.appeared), len(found.gone))
    assert on == ({POSITION_KEY} if appeared + gone else set())
    assert POSITION_KEY.partition("/")[2] in found.focus["StockPosition"]
    assert len(found.focus["StockPosition"]) == 1


POSITION_KEY = f"StockPosition/{table_of([POSITION], 'StockPosition').keys[0]}"


def read_record(name: str) -> list[object]:
    return [Item("oil")] if name == "Item" else [UnitConversion("oil", "box", 2)]


def test_a_result_that_two_ways_lead_to_goes_with_the_last() -> None:
    """A shape nested at the item gives one result for all positions of it: one stays, it stays."""
    text = f"""{PREFIXES}rule:one sh:targetClass inv:StockPosition ; sh:path inv:item ;
        sh:property [ sh:path inv:baseUnit ; sh:hasValue "each" ] ."""
    release = release_of(text)
    near, far = StockPosition("oil", "north"), StockPosition("oil", "south")
    item = {"Item": table_of([Item("oil", base_unit="litre")], "Item")}
    both, one, none = (
        {**item, "StockPosition": table_of(rows, "StockPosition")}
        for rows in ([near, far], [near], [])
    )
    changed = {"StockPosition": table_of([far], "StockPosition")}
    assert ((), ()) == by_delta(release, both, one, changed)
    all_changed = {"StockPosition": table_of([near, far], "StockPosition")}
    assert 1 == len(by_delta(release, both, none, all_changed)[1])


OIL = Item("oil", base_unit="litre")
MOVE = Movement("substitution", "oil", MONDAY, MONDAY, "monday", "monday", replaces="nail")


@pytest.mark.parametrize(
    ("focus", "body", "before", "after"),
    [
        (POSITION, "sh:path inv:item ; sh:class inv:Item", [OIL], []),
        (POSITION, "sh:path ( inv:item inv:baseUnit ) ; sh:equals inv:unit",
         [replace(OIL, base_unit="box")], [OIL]),
        (POSITION, "sh:path ( inv:item inv:packUnit ) ; sh:minCount 1",
         [UnitConversion("oil", "box", 2)], []),
        (POSITION, "sh:path ( inv:location inv:makes ) ; sh:minCount 1",
         [Production("north", "nail")], []),
        (MOVE, "sh:path inv:handlingClass ; sh:minCount 1", [replace(OIL, handling_class="cold")],
         [OIL]),
        (MOVE, "sh:path inv:kind ; sh:equals inv:handlingClass",
         [replace(OIL, handling_class="substitution")], [OIL]),
        (MOVE, "sh:path inv:substitute ; sh:minCount 1", [Substitute("nail", "oil")], []),
        (MOVE, "sh:path ( inv:substitute inv:approvedBy ) ; sh:minCount 1",
         [Substitute("nail", "oil", approved_by="ann")], [Substitute("nail", "oil")]),
    ],
)  # fmt: skip
def test_each_kind_of_property_is_walked_back(
    focus: Any, body: str, before: list[Any], after: list[Any]
) -> None:
    """A record that a rule reads by a field, a link, another's field or several leads back."""
    target, name = type(focus).__name__, type(before[0]).__name__
    release = release_of(f"{PREFIXES}rule:one sh:targetClass inv:{target} ; {body} .")
    worlds = [
        {target: table_of([focus], target), name: table_of(rows, name)} for rows in (before, after)
    ]
    changed = {name: keys_only(table_of(before, name))}
    appeared, gone = by_delta(release, worlds[0], worlds[1], changed)
    assert appeared
    assert not gone
    assert (gone, appeared) == by_delta(release, worlds[1], worlds[0], changed)


def test_only_what_a_change_can_reach_is_asked_for() -> None:
    """One position among many: the others of its place are never looked at."""
    asked: list[tuple[str, int]] = []
    many = [StockPosition("oil", f"p{n}", unit="litre") for n in range(500)]
    items = [Item("oil", base_unit="litre"), *(Item(f"i{n}") for n in range(500))]
    tables = {"StockPosition": table_of(many, "StockPosition").sorted(),
              "Item": table_of(items, "Item").sorted()}  # fmt: skip
    about = counted(about_tables(tables), asked)
    changed = {"StockPosition": table_of(many[:1], "StockPosition")}
    delta(default_release().watch, about, about, changed)
    assert {"StockPosition", "Item", "UnitConversion"} == {name for name, _ in asked}
    assert 1 == max(count for _, count in asked)
    assert FACTS >= {name for name, _ in asked}


def counted(about: About, asked: list[tuple[str, int]]) -> About:
    def counting(name: str, by: tuple[str, ...], arriving: Table) -> Table:
        found = about(name, by, arriving)
        asked.append((name, len(found)))
        return found

    return counting
