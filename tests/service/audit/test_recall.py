"""Laws of recall: all who read a fact and nobody else, and what is said to have been, would be."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neo4j import Driver

from graph.fact_readers import Chosen
from graph.manifests import read_snapshot
from graph.settings import Settings
from graph.statements import OPEN_END
from ontology.columns import Snapshot, table_of
from ontology.demand import PurchaseOrder, TransferOrder
from ontology.errors import InputError
from ontology.objectives import Weights
from ontology.places import Location
from ontology.transport import Shipment
from service.audit.otherwise import CORRECTED, PRESENT, WITHOUT, stated_in, with_fact
from service.audit.recall import DECISIVE, FIRST_PAGE, TOUCHED, PlanRecalled, recall_fact
from service.audit.undoing import AHEAD, ORDERED, UNDER_WAY, UNKNOWN, Undoing
from service.decision import PlanRequest
from service.examples import load_example
from service.house import AsOf, House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import draft_plan, make_plan
from tests.graph.conftest import empty_the_graph
from tests.service.audit.recorded import rebuilt
from tests.service.planned import TWO_HUBS

CHAIN = "two_hubs"
COUNT = "two_hubs/StockPosition/widget/north/W1"
FACTS = (COUNT, "two_hubs/Lane/truck-ns", "two_hubs/Item/gadget",
         "two_hubs/Offer/shady/gadget/north",
         "two_hubs/StockingPolicy/widget/south")  # fmt: skip
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs planned twice; then a count of W1 and a lane corrected, and planned once more."""
    empty_the_graph(database)
    folder = tmp_path_factory.mktemp("recall")
    found = house_on(database, Settings(home=folder / "home"))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(CHAIN, weights=Weights(3_000)))
    make_plan(found, PlanRequest(CHAIN))
    changed(found, folder / "corrected", "stock_positions.csv",
            "widget,north,W1,8,0,0,0,0,8", "widget,north,W1,2,0,0,0,0,2")  # fmt: skip
    make_plan(found, PlanRequest(CHAIN))
    return found


def changed(house: House, folder: Path, file: str, was: str, now: str) -> int:
    """The example delivered again with one row of a file changed; gives the event."""
    shutil.copytree(TWO_HUBS, folder)
    text = (folder / file).read_text()
    assert was in text
    (folder / file).write_text(text.replace(was, now))
    done = sync(house, [folder], folder / "mapping.yaml", Delivery("ann", folder.name))
    return int(done.summary["event"])


def documents(house: House) -> list[dict[str, Any]]:
    """All plans, the latest first."""
    return [house.store.get_document(e.artifact) for e in house.catalog.plans(CHAIN).rows]


def naively(house: House, fact: str) -> list[tuple[str, str, int]]:
    """Standing, digest and event by looking at every document and snapshot."""
    _, name, key = fact.split("/", 2)
    found = []
    for document in documents(house):
        snapshot = read_snapshot(house.store, document["about"]["artifacts"]["snapshot"])
        row = snapshot.table(name).row_of.get(key)
        if row is None:
            continue
        decision = document["decision"]
        rest = [r for r in (*decision["lines"], *decision["shortfalls"])
                if f"{name}/{key}" in r.get("because", ())]  # fmt: skip
        standing = DECISIVE if rest else TOUCHED
        event = int(snapshot.addresses[name][row, 0])
        found.append((standing, document["plan_digest"], event))
    return sorted(found, key=lambda each: each[0])  # decisive first; stable


def told(plans: tuple[PlanRecalled, ...]) -> list[tuple[str, str, int]]:
    return [(plan.standing, plan.plan, plan.event) for plan in plans]


@pytest.mark.parametrize("fact", FACTS)
def test_all_who_read_it_and_nobody_else(house: House, fact: str) -> None:
    """The same plans, standing and version as a look at every document finds, decisive first."""
    found = recall_fact(house, fact, first=50)
    assert naively(house, fact) == told(found.plans)
    assert found.next_after is None
    for plan in found.plans:
        document = next(d for d in documents(house) if d["plan_digest"] == plan.plan)
        names = fact.split("/", 1)[1]
        rows = {
            kind: [r["number"] for r in document["decision"][kind] if names in r.get("because", ())]
            for kind in ("lines", "shortfalls")
        }
        assert rows["lines"] == [line.number for line in plan.lines]
        assert rows["shortfalls"] == sorted(plan.shortfalls)
        counted = (plan.line_count, plan.shortfall_count)
        assert (len(rows["lines"]), len(rows["shortfalls"])) == counted


def test_some_fact_is_decisive_and_some_merely_touched(house: House) -> None:
    """The facts that the laws are tried on are of both standings."""
    standings = [{each[0] for each in naively(house, fact)} for fact in FACTS]
    assert {DECISIVE, TOUCHED} == set().union(*standings)


@pytest.mark.parametrize("fact", FACTS)
def test_pages_put_together_are_the_whole(house: House, fact: str) -> None:
    """Page after page of one plan: none skipped, none repeated."""
    after, found = FIRST_PAGE, []
    for _ in range(20):
        page = recall_fact(house, fact, after=after, first=1)
        found += told(page.plans)
        if page.next_after is None:
            break
        after = page.next_after
    assert naively(house, fact) == found


def test_versions_are_chosen_by_event_or_by_time(house: House) -> None:
    """Those of one event, or recorded between two times: the plans that read just these."""
    versions = recall_fact(house, COUNT).versions
    assert 2 == len(versions)
    later, first = versions
    for one, other in pairwise(versions):
        assert one.recorded_at > other.recorded_at
    for version in versions:
        expected = [each for each in naively(house, COUNT) if each[2] == version.event]
        assert expected
        assert expected == told(recall_fact(house, COUNT, Chosen(event=version.event)).plans)
        times = Chosen(0, version.recorded_at, version.recorded_at + timedelta(microseconds=1))
        assert expected == told(recall_fact(house, COUNT, times).plans)
    before = Chosen(0, None, first.recorded_at)
    with pytest.raises(InputError) as refused:
        recall_fact(house, COUNT, before)
    assert "FACT_UNKNOWN" == refused.value.code
    assert (None, later.from_event) == (later.until_event, first.until_event)


@pytest.mark.parametrize(
    "fact", [COUNT, "two_hubs/Lane/truck-ns", "two_hubs/Offer/shady/gadget/north"]
)
def test_what_would_have_been_is_what_planning_makes(house: House, fact: str) -> None:
    """Cost and lines are those of a plan made by hand on the other facts, all else as it was."""
    _, name, key = fact.split("/", 2)
    for instead in (CORRECTED, PRESENT, WITHOUT):
        found = recall_fact(house, fact, decide_again=True, instead=instead, first=50)
        for plan in found.plans:
            document = next(d for d in documents(house) if d["plan_digest"] == plan.plan)
            snapshot = read_snapshot(house.store, document["about"]["artifacts"]["snapshot"])
            other = None
            if instead != WITHOUT:
                as_of = AsOf(effective=plan.made_at) if instead == CORRECTED else None
                other = stated_in(house.facts(CHAIN, as_of), name, key)
            rows = [
                r for r in range(len(snapshot.table(name))) if snapshot.table(name).keys[r] != key
            ]
            tables = dict(snapshot.tables)
            kept = snapshot.table(name).take(np.array(rows, np.intp))
            merged = kept if other is None else with_fact(snapshot, name, key, other).table(name)
            tables[name] = merged
            stated = document["decision"].get("objectives", {"service_per_mille": 1_000})
            request = PlanRequest(CHAIN, weights=Weights(stated["service_per_mille"]))
            made = draft_plan(replace(snapshot, tables=tables), house.shipped, request).decision
            assert plan.otherwise is not None
            assert made["certificate"]["cost"] == plan.otherwise.cost_scaled[1]
            assert made["comparison"]["plan"]["cost_cents"] == plan.otherwise.cost_cents[1]
            same = made["lines"] == document["decision"]["lines"]
            assert same == (not plan.otherwise.lines)


def test_the_plans_on_the_wrong_count_would_have_been_others(house: House) -> None:
    """A count of 8 that was 2: what is corrected is told, and both plans are others with it."""
    found = recall_fact(house, COUNT, decide_again=True, first=50)
    wrong = [plan.otherwise for plan in found.plans if plan.event == found.versions[-1].event]
    assert 2 == len(wrong)
    for other in wrong:
        assert other is not None
        assert (CORRECTED, (8, 2)) == (other.instead, other.fields["on_hand_units"])
        assert other.is_another
        assert other.lines
        for line in other.lines:
            assert (line.units_before > 0) == (line.number is not None) == (line.undo is not None)


def test_a_fact_that_others_need_has_no_plan_without_it(house: House) -> None:
    """Where no plan can be made the reason stands there, and the page with it."""
    fact = "two_hubs/StockingPolicy/widget/south"
    found = recall_fact(house, fact, decide_again=True, instead=WITHOUT)
    assert found.plans
    for plan in found.plans:
        assert plan.otherwise is not None
        assert "has no stocking policy" in plan.otherwise.why_not
        assert plan.otherwise.cost_cents[1] is None


@pytest.mark.parametrize(
    ("fact", "more", "code"),
    [("two_hubs/Lane/none", {}, "FACT_UNKNOWN"), ("two_hubs", {}, "FACT_UNKNOWN"),
     ("two_hubs/Nothing/x", {}, "FACT_UNKNOWN"), (COUNT, {"first": 0}, "PAGE_SIZE"),
     (COUNT, {"first": 51}, "PAGE_SIZE"),
     (COUNT, {"decide_again": True, "instead": "else"}, "INSTEAD_UNKNOWN")],
)  # fmt: skip
def test_what_cannot_be_recalled(house: House, fact: str, more: dict[str, Any], code: str) -> None:
    """Unknown facts, pages without bound and unknown choices are refused."""
    with pytest.raises(InputError) as refused:
        recall_fact(house, fact, **more)
    assert code == refused.value.code
    assert refused.value.hint


def test_a_cursor_at_the_end_finds_nothing(house: House) -> None:
    """After the last plan there is none."""
    page = recall_fact(house, COUNT, after=(TOUCHED, 1))
    assert ((), None) == (page.plans, page.next_after)
    assert recall_fact(house, COUNT, after=(DECISIVE, OPEN_END)).plans


def test_a_rebuilt_graph_answers_the_same(house: House, database: Driver) -> None:
    """Law 4: versions, plans and lines are those of before, from a database made again."""
    before = [recall_fact(house, fact, first=50, now=NOON) for fact in FACTS]
    again = rebuilt(database, house.settings)
    assert before == [recall_fact(again, fact, first=50, now=NOON) for fact in FACTS]


LINE = {"kind": "transfer", "item": "widget", "origin": "north", "destination": "south",
        "departs_on": "2026-03-03"}  # fmt: skip
BUY = {"kind": "purchase", "item": "widget", "supplier": "acme", "destination": "north",
       "departs_on": "2026-03-01"}  # fmt: skip
DAY = date(2026, 3, 3)


def facts_of(*records: Any) -> Snapshot:
    names = {type(record).__name__ for record in records}
    return Snapshot(1, {
        name: table_of([r for r in records if type(r).__name__ == name], name) for name in names
    })  # fmt: skip


@pytest.mark.parametrize(
    ("line", "records", "state"),
    [
        (LINE, (), AHEAD),
        (LINE | {"departs_on": "2026-03-02"}, (), UNKNOWN),
        (LINE | {"departs_on": "2026-03-02"},
         (Shipment("s", "widget", "south", 1, DAY, origin="north"),), UNDER_WAY),
        (LINE | {"departs_on": "2026-03-02"},
         (Shipment("s", "widget", "south", 1, DAY, origin="east"),), UNKNOWN),
        (LINE | {"departs_on": "2026-03-02"},
         (Shipment("s", "gadget", "south", 1, DAY, origin="north"),), UNKNOWN),
        (LINE | {"departs_on": "2026-03-02"},
         (Shipment("s", "widget", "south", 1, DAY, shipped_on=date(2026, 3, 1)),), UNKNOWN),
        (LINE | {"departs_on": "2026-03-02"},
         (TransferOrder("t", "widget", "north", "south", 1, date(2026, 3, 2)),), ORDERED),
        (LINE | {"departs_on": "2026-03-02"},
         (TransferOrder("t", "widget", "north", "south", 1, date(2026, 3, 2), status="done"),),
         UNKNOWN),
        (BUY, (PurchaseOrder("p", "acme", "widget", "north", 5, date(2026, 3, 1)),), ORDERED),
        (BUY, (PurchaseOrder("p", "other", "widget", "north", 5, date(2026, 3, 1)),), UNKNOWN),
        # at noon UTC of the 2nd it is the 3rd already in Auckland, and still the 2nd in Honolulu
        (LINE, (Location("north", time_zone="Pacific/Auckland"),), UNKNOWN),
        (LINE, (Location("north", time_zone="Pacific/Honolulu"),), AHEAD),
        (LINE, (Location("north", time_zone="no/zone"),), AHEAD),
    ],
)  # fmt: skip
def test_what_can_be_undone(line: dict[str, Any], records: tuple[Any, ...], state: str) -> None:
    """A line's day in its own time, then what has left, then what is ordered; else nobody knows."""
    found = Undoing(facts_of(*records), NOON).of(line)
    assert state == found.state
    assert found.basis
    assert {AHEAD: True, ORDERED: True, UNDER_WAY: False, UNKNOWN: None}[state] is found.can


def test_times_the_wrong_way_round_are_said() -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(InputError) as refused:
        Chosen(0, begin, begin - timedelta(seconds=1))
    assert "TIMES_REVERSED" == refused.value.code
