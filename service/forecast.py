"""Forecast a chain's demand from its own history, and load the forecast as a feed of facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from forecast.model import LEVELS, MODEL, ForecastTables, forecast
from graph.log import Appended
from graph.manifests import FeedContents, FeedFile, IntMatrix
from graph.observed import learnt_as_of
from graph.projection import load_feed
from graph.snapshot import apply_feed
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.events import Event
from service.house import SERVICE_AGENT, House, now_after

SOURCE = "evenkeel-forecast"
_LEAST_LOCAL_DAYS = 4


@dataclass(frozen=True)
class ForecastMade:
    """A forecast and the feed event that it became; `replayed` tells that it was known."""

    model: str
    starts_on: date
    counts: Mapping[str, int]
    event: Event
    replayed: bool


def make_forecast(
    house: House, chain: str, starts_on: date | None = None, agent: str = SERVICE_AGENT,
    least_days: int = 0,
) -> ForecastMade:  # fmt: skip
    """Forecast every observed pair of a chain, and every item in all of it, and load the result.

    The first day is the one after the last observation unless given; `least_days` are looked at
    at a location, if the lanes do not ask for more. The same observations,
    first day and horizons again change nothing. A feed only adds: the quantiles of an earlier
    first day stay facts, so a reader takes those of the latest `starts_on`, which the
    DemandForecast of the pair states. Raises InputError `CHAIN_UNKNOWN`, `NO_HISTORY`,
    `HISTORY_SHORT`.
    """
    snapshot = house.facts(chain)
    observations = snapshot.table("DemandObservation")
    if not len(observations):
        raise InputError(f"chain `{chain}` has no demand history", code="NO_HISTORY",
                         hint="load DemandObservation rows first")  # fmt: skip
    last = observations["on"].max().astype(object)
    first = starts_on or last + timedelta(days=1)
    local_days, pooled_days = horizons(snapshot, least_days)
    tables = forecast(observations, first, local_days, pooled_days)
    feed = _contents(chain, snapshot, tables, first)
    appended = _load(house, feed, snapshot, agent)
    return ForecastMade(MODEL, first, feed.counts, appended.event, appended.replayed)


def horizons(snapshot: Snapshot, least_days: int = 0) -> tuple[int, int]:
    """How many days a plan looks ahead at a location, and for the whole chain.

    At a location until the slowest lane has delivered and three days more (`least_days`, where
    calendars make it later still); for the chain until
    a purchase has come in, has gone on, and four days more.
    """
    lane, offer = (_longest(snapshot.table(name)) for name in ("Lane", "Offer"))
    local_days = max(lane + 3, _LEAST_LOCAL_DAYS, least_days)
    return local_days, max(offer + lane + 4, local_days + 3)


def _longest(table: Table) -> int:
    return int(table["lead_time_days"].max(initial=0))


def _contents(chain: str, snapshot: Snapshot, made: ForecastTables, first: date) -> FeedContents:
    observations = snapshot.table("DemandObservation")
    learnt = int(snapshot.addresses["DemandObservation"][:, 0].max())
    file = FeedFile(learnt_as_of(learnt), observations.digest,
                    len(observations))  # fmt: skip
    tables = {table.name: table for table in (made.forecasts, made.quantiles, made.pooled)}
    counts = {
        "observations": len(observations), "pairs": len(made.forecasts),
        "quantiles": len(made.quantiles), "pooled_quantiles": len(made.pooled),
        "local_days": len(set(made.quantiles["on"].tolist())),
        "pooled_days": len(set(made.pooled["on"].tolist())),
    }  # fmt: skip
    return FeedContents(
        chain, SOURCE, f"{first}/{file.digest[:16]}", MODEL, digest_of([MODEL, list(LEVELS)]),
        (file,), tables, {name: _origins(table, observations) for name, table in tables.items()},
        counts=counts,
    )  # fmt: skip


def _origins(table: Table, observations: Table) -> IntMatrix:
    """Each forecast row points at the last observation of its pair, or of its item."""
    names = [name for name in ("item", "location") if name in table.columns]
    latest = {key: row + 1 for row, key in enumerate(_keys(observations, names))}
    rows = np.array([latest[key] for key in _keys(table, names)], np.int64)
    return np.column_stack([np.zeros(len(rows), np.int64), rows])


def _keys(table: Table, names: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table[name].tolist() for name in names), strict=True))


def _load(house: House, feed: FeedContents, before: Snapshot, agent: str) -> Appended:
    """Load a forecast; one that was made before and overtaken since is loaded once more."""
    now = now_after(house.state(feed.chain))
    appended = load_feed(house.projection, feed, agent=agent, effective_at=now)
    if appended.replayed and not _in_force(feed, before):
        key = f"feed/{feed.chain}/{feed.source}/{feed.feed}/after/{before.sequence}"
        appended = load_feed(
            house.projection, feed, agent=agent, effective_at=now, idempotency_key=key
        )
    return appended


def _in_force(feed: FeedContents, snapshot: Snapshot) -> bool:
    after = apply_feed(snapshot, snapshot.sequence, feed.tables)
    return all(after.table(name).digest == snapshot.table(name).digest for name in feed.tables)
