"""The forecast verb on a real database: facts with provenance, replayed when asked again."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from neo4j import Driver

from forecast.history import SHORTEST_DAYS
from forecast.model import LEVELS, MODEL
from graph.manifests import FeedContents, FeedFile, read_feed
from graph.observed import Observed
from graph.projection import load_feed
from graph.provenance import trace_down
from graph.settings import Settings
from ontology.columns import Table, table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.partners import Offer
from ontology.places import Location
from ontology.transport import Lane
from service.forecast import SOURCE, horizons, make_forecast
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import PlanRequest, make_plan
from tests.forecast.made import FIRST, day_after, observed

CHAIN, DAYS = "shops", 70
KEYS = [("bolt", "north"), ("bolt", "south"), ("nut", "north")]
LOCAL, POOLED = 5, 13
MAPPING = """
format: evenkeel-mapping/1
chain: shops
source: till
version: 1
known: all
files: by_class
"""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An open service on an empty database with a data folder of its own."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def demand(days: int = DAYS) -> Table:
    random = np.random.default_rng(21)
    return observed(random.poisson([[5.0], [0.2], [12.0]], (3, DAYS))[:, :days], KEYS)


def load(house: House, *tables: Table) -> None:
    named = {table.name: table for table in tables}
    file = FeedFile("shops.csv", "0" * 64, 1)
    feed = FeedContents(CHAIN, "till", "first", "shops", "0" * 64, (file,), named)
    load_feed(house.projection, feed, agent="ada", effective_at=datetime.now(UTC))


def network() -> tuple[Table, ...]:
    places = [Location("north"), Location("south")]
    return (
        table_of([Item("bolt"), Item("nut")], "Item"),
        table_of(places, "Location"),
        table_of([Lane("n-s", "north", "south", lead_time_days=2)], "Lane"),
        table_of([Offer("mill", "bolt", "north", 100, lead_time_days=7)], "Offer"),
    )


def test_a_forecast_asked_for_again_is_replayed(house: House) -> None:
    """Law 6: the same history again is the first event, and the snapshot stays as it was."""
    load(house, demand(), *network())
    first = make_forecast(house, CHAIN)
    before = house.reader.read(CHAIN)
    again = make_forecast(house, CHAIN)
    assert (first.event.sequence, False, True) == (
        again.event.sequence, first.replayed, again.replayed,
    )  # fmt: skip
    assert before.digest == house.reader.read(CHAIN).digest
    assert (MODEL, day_after(DAYS)) == (first.model, first.starts_on)


def test_horizons_follow_lanes_and_offers(house: House) -> None:
    """Local days reach past the slowest lane, pooled days past a purchase that goes on."""
    load(house, demand(), *network())
    assert (LOCAL, POOLED) == horizons(house.reader.read(CHAIN))
    counts = make_forecast(house, CHAIN).counts
    assert (3, 3 * LOCAL * len(LEVELS)) == (counts["pairs"], counts["quantiles"])
    assert (2 * POOLED * len(LEVELS), 3 * DAYS) == (
        counts["pooled_quantiles"], counts["observations"],
    )  # fmt: skip


def test_a_chain_without_lanes_looks_four_days_ahead(house: House) -> None:
    """The least horizons hold where nothing is known of lanes and offers."""
    load(house, demand())
    made = make_forecast(house, CHAIN)
    assert (4, 7) == (made.counts["local_days"], made.counts["pooled_days"])


def test_more_days_are_looked_at_when_asked_for(house: House) -> None:
    """The days asked for are the least, and the chain is looked at for longer still."""
    load(house, demand(), *network())
    snapshot = house.reader.read(CHAIN)
    assert (LOCAL, POOLED) == horizons(snapshot, LOCAL - 1)
    assert (20, 23) == horizons(snapshot, 20)
    assert not make_forecast(house, CHAIN).replayed
    made = make_forecast(house, CHAIN, least_days=20)
    assert (20, 23, False) == (
        made.counts["local_days"], made.counts["pooled_days"], made.replayed,
    )  # fmt: skip
    found = house.reader.read(CHAIN).table("DemandQuantile")["on"]
    assert 20 == len(set(found.tolist()))
    assert make_forecast(house, CHAIN, least_days=20).replayed


def test_a_forecast_leads_to_the_history_and_the_model(house: House) -> None:
    """Law 3: the feed names the model, the digest of the observations, and a row for each fact."""
    table = demand()
    load(house, table, *network())
    made = make_forecast(house, CHAIN)
    feed = read_feed(house.store, made.event.artifact)
    assert (SOURCE, MODEL) == (feed.source, feed.mapping)
    (file,) = feed.files
    assert (table.digest, len(table)) == (file.digest, file.rows)
    history = house.reader.read(CHAIN).table("DemandObservation")
    for fact, (index, row) in zip(
        feed.tables["DemandForecast"].keys, feed.origins["DemandForecast"], strict=True
    ):
        assert 0 == index
        last = day_after(DAYS - 1).isoformat()
        assert f"{fact}/{last}" == history.keys[row - 1]
    (node,) = house.driver.execute_query(
        "MATCH (v {uri: $uri}) RETURN count(v) AS found",
        uri=f"{CHAIN}/DemandForecast/bolt/north",
    ).records
    assert node["found"]


def test_new_demand_gives_a_new_forecast_and_keeps_the_old_quantiles(house: House) -> None:
    """A feed only adds: the pair's forecast names the latest first day, old quantiles stay."""
    load(house, demand(60), *network())
    first = make_forecast(house, CHAIN)
    load(house, demand())
    second = make_forecast(house, CHAIN)
    assert day_after(60) == first.starts_on < second.starts_on == day_after(DAYS)
    snapshot = house.reader.read(CHAIN)
    assert {second.starts_on} == set(snapshot.table("DemandForecast")["starts_on"].tolist())
    assert {first.starts_on, second.starts_on} == set(
        snapshot.table("DemandQuantile")["starts_on"].tolist()
    )


def test_a_forecast_that_was_overtaken_is_made_again(house: House) -> None:
    """Asking for an earlier first day after a later one puts that forecast in force again."""
    load(house, demand(), *network())
    early, late = day_after(DAYS), day_after(DAYS) + timedelta(days=3)
    for day in (early, late, early):
        made = make_forecast(house, CHAIN, day)
        found = house.reader.read(CHAIN).table("DemandForecast")["starts_on"].tolist()
        assert {day} == set(found)
        assert not made.replayed
    assert make_forecast(house, CHAIN, early).replayed


def test_what_cannot_be_forecast_is_said(house: House) -> None:
    """No observations, too few days and an unknown chain each have their code."""
    load(house, *network())
    assert "NO_HISTORY" == refusal(house, CHAIN)
    load(house, demand(10))
    assert "HISTORY_SHORT" == refusal(house, CHAIN)
    assert "CHAIN_UNKNOWN" == refusal(house, "elsewhere")
    assert "NO_HISTORY" == refusal(house, CHAIN, FIRST)


def refusal(house: House, chain: str, starts_on: date | None = None) -> str:
    with pytest.raises(InputError) as refused:
        make_forecast(house, chain, starts_on)
    return refused.value.code


def test_a_line_leads_through_the_forecast_to_the_rows_of_files(
    house: House, tmp_path: Path
) -> None:
    """Law 3: no line ends at a forecast; each leads on to file, rows and feed of what was sold."""
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    days = [FIRST + timedelta(number) for number in range(SHORTEST_DAYS)]
    rows = "".join(f"bolt,north,{day},{5 + day.day % 3}\n" for day in days)
    (tmp_path / "demand_observations.csv").write_text("item,location,on,quantity_units\n" + rows)
    (tmp_path / "locations.csv").write_text("id\nnorth\n")
    (tmp_path / "items.csv").write_text("id\nbolt\n")
    (tmp_path / "suppliers.csv").write_text("id\nmill\n")
    (tmp_path / "offers.csv").write_text("supplier,item,location,price_micros\nmill,bolt,north,9\n")
    (tmp_path / "stocking_policies.csv").write_text(
        "item,location,holding_cost_per_day_micros,shortage_cost_per_day_micros\n"
        "bolt,north,1000,900000\n"
    )
    sync(house, [tmp_path], tmp_path / "mapping.yaml", Delivery("ann"))
    make_forecast(house, CHAIN)
    digest = make_plan(house, PlanRequest(CHAIN)).saved.digest
    trace = trace_down(
        house.driver, digest, 1, observed=Observed(house.projection.log, house.store)
    )
    (learnt,) = [node for node in trace.nodes if node.startswith(f"fact:{CHAIN}/DemandForecast")]
    (behind,) = [e.target for e in trace.below(learnt) if e.relation == "WAS_DERIVED_FROM"]
    last = SHORTEST_DAYS + 1
    label = f"{SHORTEST_DAYS} rows of demand_observations.csv, 2-{last}"
    assert label == trace.nodes[behind].label
    ends = {e.relation: trace.nodes[e.target].label for e in trace.below(behind)}
    assert "demand_observations.csv" == ends["IN_FILE"]
    assert ends["RECORDED_IN"].startswith("event 2: feed ")
    assert not any("as of event" in node.label for node in trace.nodes.values())
