"""Many callers at once, a feed, planning and a restart: nothing fails, and no reader misses."""

from pathlib import Path

import pytest
from neo4j import Driver

from benchmarks.load import MOST_GROWTH, load, prepared, shown
from graph.login import Connection
from tests.graph.conftest import empty_the_graph


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_minutes_of_load(connection: Connection, database: Driver, tmp_path: Path) -> None:
    """64 analysts for ten minutes: no error, memory flat, every change heard by both readers."""
    empty_the_graph(database)
    with prepared(connection, tmp_path) as (service, house):
        told = load(service, house, analysts=64, minutes=10, think_seconds=2.0)
    print(shown(told))
    assert [] == told.faults
    assert {"/changes": 0, "subscription": 0} == told.missed
    assert told.growth < MOST_GROWTH
    assert told.outcomes["changes told"] > 100
