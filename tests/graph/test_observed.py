"""Laws of what a forecast was learnt from: each observation in force then, at its file and row."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from graph.facts import StatedFact
from graph.manifests import FeedContents, FeedFile
from graph.observed import Observed, SourceRows, learnt_as_of
from graph.projection import Projection, load_feed
from ontology.demand import DemandForecast, DemandObservation, PooledDemandQuantile
from tests.graph.facts_at_hand import CHAIN, after_noon, feed_of, tables_of

FIRST = date(2026, 1, 1)


def seen(item: str, place: str, day: int, units: int = 1) -> DemandObservation:
    return DemandObservation(item, place, FIRST + timedelta(day), units)


def load(projection: Projection, name: str, *rows: DemandObservation) -> int:
    """A feed of one file in which observation i stands in row i + 2; gives its event."""
    feed = feed_of(tables_of(rows), feed=name)
    named = replace(feed, files=(FeedFile(f"{name}.csv", name[0] * 64, len(rows)),))
    return load_feed(
        projection, named, agent="till", effective_at=after_noon(projection)
    ).event.sequence


def forecast(upto: int, item: str = "widget", place: str = "north") -> StatedFact:
    record = DemandForecast(item, place, "m", FIRST, FIRST, FIRST, 1, 1)
    return StatedFact("uri", CHAIN, "DemandForecast", "key", 9, 0, learnt_as_of(upto), 1, record)


@pytest.fixture
def observed(projection: Projection) -> Observed:
    """Three feeds: two places in turn; a correction, a repeat and a new day; then another place."""
    load(projection, "monday", *(seen("widget", p, d) for d in range(3) for p in ("north", "s")))
    load(projection, "tuesday", seen("widget", "north", 1, 7), seen("widget", "north", 2),
         seen("widget", "north", 3), seen("gadget", "north", 3))  # fmt: skip
    load(projection, "wednesday", seen("widget", "north", 0, 9))
    return Observed(projection.log, projection.store)


def told(rows: tuple[SourceRows, ...] | None) -> list[tuple[str, int, int, int, int]]:
    return [(r.file, r.event.sequence, r.count, r.first, r.last) for r in rows or ()]


def test_a_forecast_leads_to_the_rows_in_force_when_it_learnt(observed: Observed) -> None:
    """Law 3: a correction stands in its own row, a repeat in the first; what came later in none."""
    assert [("monday.csv", 1, 3, 2, 6)] == told(observed.rows_behind(forecast(1)))
    expected = [("monday.csv", 1, 2, 2, 6), ("tuesday.csv", 2, 2, 2, 4)]
    assert expected == told(observed.rows_behind(forecast(2)))
    assert [("tuesday.csv", 2, 1, 5, 5)] == told(observed.rows_behind(forecast(2, "gadget")))
    assert [] == told(observed.rows_behind(forecast(2, "gizmo")))


def test_a_forecast_of_the_whole_chain_leads_to_every_place(observed: Observed) -> None:
    """Law 3: pooled facts rest on the rows of the item everywhere."""
    pooled = PooledDemandQuantile("widget", FIRST, FIRST, 1, 1, "m")
    rows = observed.rows_behind(replace(forecast(1), record=pooled))
    assert [("monday.csv", 1, 6, 2, 7)] == told(rows)
    assert ["6 rows of monday.csv, 2-7"] == [str(one) for one in rows or ()]
    (mixed,) = observed.rows_behind(forecast(1)) or ()
    assert "3 rows of monday.csv, between 2 and 6" == str(mixed)


def test_any_other_fact_has_a_row_of_its_own(observed: Observed) -> None:
    """A fact that was read from a file is not a forecast, whatever it says."""
    assert None is observed.rows_behind(replace(forecast(1), source_file="sales.csv"))


def test_observations_that_a_mapping_states_lead_to_it(projection: Projection) -> None:
    """A constant stands in the mapping, at its line there."""
    feed = feed_of(tables_of([seen("widget", "north", 0)]))
    at_line = {"DemandObservation": np.array([[-1, 12]], np.int64)}
    stated: FeedContents = replace(feed, origins=at_line)
    load_feed(projection, stated, agent="till", effective_at=after_noon(projection))
    rows = Observed(projection.log, projection.store).rows_behind(forecast(1))
    assert [("two_hubs", 1, 1, 12, 12)] == told(rows)
