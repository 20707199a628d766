"""How long a path of provenance takes among a million edges, in a real database."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from neo4j import Driver

from benchmarks.databases import own_database
from benchmarks.rows import Row
from graph.fact_readers import Chosen, plans_looked_at, plans_resting_on
from graph.login import open_driver
from graph.manifests import FeedContents, FeedFile
from graph.plans import activate_release, save_plan
from graph.projection import Projection, load_feed
from graph.provenance import trace_down, trace_up
from graph.settings import Settings
from ontology.canonical import digest_of
from ontology.columns import Snapshot, table_of
from ontology.goods import Item
from ontology.governance import PolicyRelease
from ontology.places import Location
from ontology.plan import Plan
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from service.audit.prov_export import prov_of_plan
from service.audit.prov_writing import FORMS
from service.house import House, house_on

CHAIN = "many"
PLANS, LINES, REASONS = 25, 10_000, 4
"""So many plans of so many lines, each line resting on four facts: a million edges."""

ITEMS, PLACES = 2_000, 20
ASKED, WARM = 2_000, 200
AIM_MILLISECONDS = 50.0
RELEASE = PolicyRelease("b" * 64, "benchmark", "1", 0)
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def main() -> list[Row]:
    """Print p50, p99 and the most of a path from a line, and from a fact, and give the aims."""
    print(f"provenance: {PLANS} plans x {LINES:,} lines x {REASONS} facts, one after the other")
    with own_database() as (scratch, connection), open_driver(connection) as driver:
        house = house_on(driver, Settings(home=scratch / "home"))
        plans = _filled(house.projection)
        _exported(house, plans[0])
        return _measured(driver, plans)


def _exported(house: House, plan: str) -> None:
    """A whole plan as documents: how long, how large, and how much of it is in memory at once."""
    for form in FORMS:
        start = time.perf_counter()
        size = sum(len(part) for part in prov_of_plan(house, plan, form))
        seconds = time.perf_counter() - start
        print(f"  {LINES:,} lines as {form}: {size / 1e6:.0f} MB in {seconds:.0f} s")
    tracemalloc.start()
    for _ in prov_of_plan(house, plan, "trig"):
        pass
    print(f"  of it in memory at once: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
    tracemalloc.stop()


def _filled(projection: Projection) -> list[str]:
    """The digests of the plans, loaded through the log like any other."""
    start = time.perf_counter()
    rng = np.random.default_rng(1)
    tables = tables_of(ITEMS, rng)
    feed = FeedContents(CHAIN, "erp", "all", "none", "m" * 64,
                        (FeedFile("all.csv", "f" * 64, 10**6),), tables,
                        {name: np.column_stack([np.zeros(len(t), np.int64),
                                                np.arange(len(t), dtype=np.int64) + 2])
                         for name, t in tables.items()})  # fmt: skip
    load_feed(projection, feed, agent="benchmark", effective_at=NOW)
    activate_release(projection, RELEASE, b"# none\n", agent="benchmark", effective_at=NOW)
    snapshot = projection.reader.read(CHAIN)
    plans = [
        saved(projection, snapshot, list(lines_of(LINES, ITEMS, rng)), number)
        for number in range(PLANS)
    ]
    print(f"  filled in {time.perf_counter() - start:.0f} s")
    return plans


def tables_of(items: int, rng: np.random.Generator) -> dict[str, Any]:
    """Items at all places, with lanes between all of them."""
    places = [f"p{n}" for n in range(PLACES)]
    records: list[Any] = [Location(place) for place in places]
    records += [Lane(f"{a}-{b}", a, b, lead_time_days=1) for a in places for b in places if a != b]
    for number in range(items):
        item = f"i{number}"
        records.append(Item(item))
        for place in places:
            units = int(rng.integers(1, 99))
            records.append(StockPosition(item, place, on_hand_units=units, total_units=units))
            records.append(StockingPolicy(item, place))
    names = sorted({type(record).__name__ for record in records})
    return {
        name: table_of([r for r in records if type(r).__name__ == name], name) for name in names
    }


def saved(
    projection: Projection, snapshot: Snapshot, lines: list[dict[str, Any]], number: int
) -> str:  # fmt: skip
    """The digest of a plan of some lines, saved."""
    decision = {
        "chain": CHAIN, "snapshot": snapshot.digest, "release": RELEASE.digest, "previous": None,
        "regime": "risk", "starts_on": "2026-02-01", "shortfalls": [], "seed": number,
        "lines": lines,
    }  # fmt: skip
    document = {
        "format": "evenkeel-plan/1", "decision": decision, "plan_digest": digest_of(decision),
        "about": {"sequence": snapshot.sequence, "made_at": NOW.isoformat(), "agent": "benchmark",
                  "versions": {}},
    }  # fmt: skip
    plan = Plan(digest_of(decision), CHAIN, snapshot.digest, RELEASE.digest, "risk", "optimal",
                1, 1, 0, 1, len(lines), 0)  # fmt: skip
    sealed = {**document, "seal": digest_of(document)}
    return save_plan(projection, sealed, plan=plan, snapshot=snapshot).digest


def lines_of(count: int, items: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Lines between places drawn, each resting on four facts."""
    chosen, ends = rng.integers(items, size=count), rng.integers(PLACES, size=(count, 2))
    for number, (item, (start, end)) in enumerate(zip(chosen, ends, strict=True), start=1):
        end = (end + 1) % PLACES if end == start else end  # noqa: PLW2901
        name, a, b = f"i{item}", f"p{start}", f"p{end}"
        yield {
            "number": number, "kind": "transfer", "item": name, "lane": f"{a}-{b}", "origin": a,
            "destination": b, "quantity_units": 1, "departs_on": str(date(2026, 2, 1)),
            "arrives_on": str(date(2026, 2, 2)), "cost_scaled": 1,
            "because": [f"StockPosition/{name}/{a}/", f"Lane/{a}-{b}",
                        f"StockingPolicy/{name}/{a}", f"StockingPolicy/{name}/{b}"],
        }  # fmt: skip


def _measured(driver: Driver, plans: list[str]) -> list[Row]:
    rows = driver.execute_query(
        "MATCH ()-[r:WAS_DERIVED_FROM]->() RETURN count(r) AS derived, "
        "COUNT { ()-[]->() } AS all"
    ).records[0]  # fmt: skip
    print(f"  {rows['derived']:,} edges from lines to facts, {rows['all']:,} in all")
    rng = np.random.default_rng(2)

    def line() -> None:
        plan = plans[int(rng.integers(len(plans)))]
        assert trace_down(driver, plan, 1 + int(rng.integers(LINES))).edges

    def fact() -> None:
        item, place = rng.integers(ITEMS), rng.integers(PLACES)
        trace_up(driver, uri=f"{CHAIN}/StockPosition/i{item}/p{place}/")

    def lane() -> None:
        start = int(rng.integers(PLACES))
        assert trace_up(driver, uri=f"{CHAIN}/Lane/p{start}-p{(start + 1) % PLACES}").edges

    def recalled() -> None:
        item, place = rng.integers(ITEMS), rng.integers(PLACES)
        uri = f"{CHAIN}/StockPosition/i{item}/p{place}/"
        plans_resting_on(driver, uri, Chosen(), first=10)
        assert plans_looked_at(driver, uri, Chosen(), first=200)

    asked: dict[str, tuple[Callable[[], None], int]] = {
        "a line down to its rows": (line, ASKED),
        "a stock position up to its lines (first 20)": (fact, ASKED),
        "a lane up to its lines (first 20)": (lane, WARM),
        "a recall's plans": (recalled, ASKED),
    }
    bare = _times(lambda: driver.execute_query("RETURN 1"), ASKED)
    against = f"a bare round trip: p99 {np.percentile(bare, 99):.1f} ms"
    print(f"  {against}")
    return [_row(what, _times(work, count), against) for what, (work, count) in asked.items()]


def _times(work: Callable[[], object], count: int) -> list[float]:
    """Milliseconds of each of so many calls, after some that warm up."""
    for _ in range(WARM):
        work()
    found = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        found.append(1e3 * (time.perf_counter() - start))
    return found


def _row(what: str, times: list[float], against: str) -> Row:
    middle, late, most = (float(np.percentile(times, p)) for p in (50, 99, 100))
    print(f"  {what}: p50 {middle:.1f} ms, p99 {late:.1f} ms, most {most:.1f} ms")
    return Row(what, "1,000,000 edges, p99", against, AIM_MILLISECONDS, late, "ms")


if __name__ == "__main__":
    main()
