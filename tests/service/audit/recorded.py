"""Decisions of every regime, recorded in a real log, and that log rebuilt from its files."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from neo4j import Driver

from benchmarks.replays import chain, with_noise
from graph.log import Log
from graph.manifests import FeedContents, FeedFile
from graph.migrate import migrate
from graph.projection import Projection, load_feed
from graph.recovery.digests import replay as project_again
from graph.recovery.segments import Segments
from graph.settings import Settings
from ontology.columns import Snapshot
from service.decision import PlanRequest
from service.house import House, house_on, log_folder
from service.planning import make_plan
from service.stability import steady_request
from tests.graph.conftest import empty_the_graph
from tests.service.regimes import FROZEN, REGIMES, shared_chain, with_less_stock

BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
STEADY = "steady"


def fed(house: House, name: str, snapshot: Snapshot) -> int:
    """Load facts as a feed of a chain, row i + 2 of one file stating fact i; gives the event."""
    number = house.projection.log.head().sequence
    tables = {key: table for key, table in snapshot.tables.items() if len(table)}
    origins = {
        key: np.column_stack([np.zeros(len(t), np.int64), np.arange(len(t)) + 2]).astype(np.int64)
        for key, t in tables.items()
    }
    feed = FeedContents(name, "erp", f"feed-{number}", "any", "m" * 64,
                        (FeedFile("all.csv", "f" * 64, 9),), tables, origins)  # fmt: skip
    loaded = load_feed(house.projection, feed, agent="erp-bot",
                       effective_at=BEGIN + timedelta(minutes=number))  # fmt: skip
    return loaded.event.sequence


def recorded(house: House, regime: str, seed: int) -> dict[str, Any]:
    """A plan of a regime, saved on facts that stand in the log: its document."""
    name = f"{regime}-{seed}"
    frozen = house_on(house.driver, house.settings, FROZEN)
    if regime == STEADY:
        first = shared_chain(seed) if seed % 2 else chain(seed % 40, 1)
        second = with_less_stock(first, seed) if seed % 2 else with_noise(first, seed, percent=30)
        fed(house, name, first)
        before = make_plan(frozen, PlanRequest(name)).document
        fed(house, name, second)
        return make_plan(frozen, steady_request(frozen, PlanRequest(name), before)).document
    asked = REGIMES[regime](seed)
    fed(house, name, asked.snapshot)
    own = frozen if asked.release is FROZEN else house
    return make_plan(own, replace(asked.request, chain=name)).document


def rebuilt(database: Driver, settings: Settings) -> House:
    """The service on a database that was lost, and is made again from the files of the log."""
    store = house_on(database, settings).store
    empty_the_graph(database)
    migrate(database)
    project_again(Projection(Log(database), store), Segments(log_folder(settings)).read())
    return house_on(database, settings)
