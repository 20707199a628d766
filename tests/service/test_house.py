"""The verbs on a real database: sync, plan, trace; sent again, nothing acts twice."""

import shutil
from pathlib import Path

import pytest
from neo4j import Driver

from graph.provenance import trace_down
from graph.settings import Settings
from graph.unfinished import unfinished
from ontology.errors import InputError
from service.bundle import export_plan
from service.examples import example_named, examples, load_example
from service.house import House, artifacts_folder, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import PlanRequest, make_plan
from service.price import price_of_rule
from service.verify import ACCEPTED, read_plan, verify
from tests.service.planned import TWO_HUBS

REQUEST = PlanRequest("two_hubs")


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An open service on an empty database with a data folder of its own."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def test_a_feed_sent_again_changes_nothing(house: House) -> None:
    """Law 6: the same files are one event, however often they come."""
    first, again = load_example(house, "two_hubs"), load_example(house, "two_hubs")
    assert (first.event.sequence, True) == (again.event.sequence, again.replayed)
    assert not first.replayed
    assert [] == first.summary["quarantined"]


def test_a_plan_asked_for_again_is_the_same_plan(house: House) -> None:
    """Laws 6 and 8: one plan, one event, the same document with its first times."""
    load_example(house, "two_hubs")
    first, again = make_plan(house, REQUEST), make_plan(house, REQUEST)
    assert first.document == again.document
    assert (first.saved.event.sequence, True) == (again.saved.event.sequence, again.saved.replayed)


def test_a_release_is_put_in_force_by_who_ran_it(empty_database: Driver, tmp_path: Path) -> None:
    """Law 3: the log names the agent of the command, as it does for feeds and plans."""
    home = Settings(home=tmp_path / "home")
    first = house_on(empty_database, home, agent="ann")
    house_on(empty_database, home, agent="bob")
    events = first.projection.log.read()
    assert [("release.activated", "ann")] == [(event.kind, event.agent) for event in events]


def test_an_opened_house_goes_on_where_another_stopped(house: House) -> None:
    """A second process on the same database sees the same chain, release and plan."""
    load_example(house, "two_hubs")
    first = make_plan(house, REQUEST)
    other = house_on(house.driver, house.settings)
    assert first.document == make_plan(other, REQUEST).document


def test_what_a_killed_writer_left_goes_when_a_house_opens(house: House) -> None:
    """An unfinished artifact that nobody writes any more is deleted; one being written stays."""
    folder = artifacts_folder(house.settings)
    (folder / f".{'a' * 16}.part").write_bytes(b"half")
    with unfinished(folder) as (path, _):
        house_on(house.driver, house.settings)
        assert [path] == list(folder.glob(".*.part"))


def test_a_changed_fact_gives_another_plan_and_keeps_the_first(
    house: House, tmp_path: Path
) -> None:
    """Law 5: a correction makes a new plan; the saved one still proves itself on its own facts."""
    load_example(house, "two_hubs")
    first = make_plan(house, REQUEST)
    folder = tmp_path / "corrected"
    shutil.copytree(TWO_HUBS, folder)
    text = (folder / "stock_positions.csv").read_text()
    assert "widget,north,W1,8" in text
    right = text.replace("widget,north,W1,8,0,0,0,0,8", "widget,north,W1,6,0,0,0,0,6")
    (folder / "stock_positions.csv").write_text(right)
    sync(house, [folder], folder / "mapping.yaml", Delivery("ada"))
    second = make_plan(house, REQUEST)
    assert first.saved.digest != second.saved.digest
    for made in (first, second):
        verdict = verify(made.document, artifacts=artifacts_folder(house.settings))
        assert [ACCEPTED] * 3 == [check.status for check in verdict.checks]


def test_a_fact_that_breaks_a_rule_never_enters(house: House, tmp_path: Path) -> None:
    """Buckets that do not sum are quarantined with file, row and hint; the rest is loaded."""
    folder = tmp_path / "wrong"
    shutil.copytree(TWO_HUBS, folder)
    text = (folder / "stock_positions.csv").read_text()
    wrong = text.replace("widget,north,W1,8,0,0,0,0,8", "widget,north,W1,6,0,0,0,0,8")
    (folder / "stock_positions.csv").write_text(wrong)
    synced = sync(house, [folder], folder / "mapping.yaml", Delivery("ada"))
    (row,) = synced.summary["quarantined"]
    assert "stock_positions.csv, row 5" in row["line"]
    assert row["hint"]
    assert "widget/north/W1" not in house.reader.read("two_hubs").table("StockPosition").keys


def test_a_bundle_verifies_on_its_own(house: House, tmp_path: Path) -> None:
    """What is exported is all that an auditor needs, without database and data folder."""
    load_example(house, "two_hubs")
    made = make_plan(house, REQUEST)
    path = export_plan(house.store, made.document, tmp_path / "bundle")
    verdict = verify(read_plan(path), artifacts=path.parent / "artifacts")
    assert [ACCEPTED] * 3 == [check.status for check in verdict.checks]


def test_every_line_leads_to_a_row_of_a_file(house: House) -> None:
    """Law 3: from each line the graph leads to source rows."""
    load_example(house, "two_hubs")
    made = make_plan(house, REQUEST)
    for line in made.document["decision"]["lines"]:
        trace = trace_down(house.driver, made.saved.digest, line["number"])
        assert any("row" in str(node) for node in trace.nodes)


def test_an_unknown_example_is_named(house: House) -> None:
    """The hint lists what is at hand."""
    with pytest.raises(InputError) as refused:
        load_example(house, "three_hubs")
    assert "two_hubs" in refused.value.hint


@pytest.mark.skipif("brunel" not in examples(), reason="the Brunel data is not at hand")
def test_brunel_is_planned_and_proved(house: House) -> None:
    """Real orders: most are served first, then least cost; the figures add up and verify."""
    synced = load_example(house, "brunel")
    assert 2 == synced.summary["quarantined_rows"]
    made = make_plan(house, PlanRequest(example_named("brunel").chain))
    decision = made.document["decision"]
    assert 9215 == len(decision["lines"]) + len(decision["shortfalls"])
    assert 2444 == len(decision["lines"])
    paid = sum(line["cost_scaled"] for line in decision["lines"])
    assert 119_064_985 == paid == decision["comparison"]["plan"]["cost_cents"]
    verdict = verify(made.document, artifacts=artifacts_folder(house.settings))
    assert [ACCEPTED] * 3 == [check.status for check in verdict.checks]
    rule = next(iter(decision["suppressed"]["by_rule"]))
    snapshot = house.reader.read("brunel")
    price = price_of_rule(made.draft, snapshot, house.shipped, rule, PlanRequest("brunel"))
    served = price.comparison_without["plan"]["orders_served"]
    assert served >= decision["comparison"]["plan"]["orders_served"] == 2444
