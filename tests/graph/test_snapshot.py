"""Laws of the fold: the latest fact of a key wins, addresses say where, and the graph agrees."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.manifests import FeedContents, read_feed, write_feed
from graph.migrate import migrate
from graph.projection import Projection, load_feed, read_back
from graph.snapshot import SnapshotReader, apply_feed
from ontology.columns import Snapshot, Table, record_at
from ontology.errors import InputError
from ontology.events import micros_of
from ontology.stock import StockPosition
from ontology.terms import key_of
from tests.graph.conftest import empty_the_graph
from tests.graph.facts_at_hand import CHAIN, NOON, feed_of, stock, tables_of, two_hubs

EMPTY = Snapshot(0, {})
counted = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 3))
positions = st.builds(
    StockPosition, st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.just("L"),
    on_hand_units=st.integers(0, 2), counted_on=counted,
)  # fmt: skip
deliveries = st.lists(
    st.lists(positions, max_size=8, unique_by=key_of), min_size=1, max_size=5
)  # fmt: skip


def stated(snapshot: Snapshot) -> dict[str, tuple[Any, tuple[int, int]]]:
    """Record and address by URI without chain."""
    return {
        f"{name}/{table.keys[row]}": (
            record_at(table, row), tuple(snapshot.addresses[name][row].tolist())
        )
        for name, table in snapshot.tables.items()
        for row in range(len(table))
    }  # fmt: skip


def load(projection: Projection, tables: dict[str, Table], feed: str, chain: str = CHAIN) -> int:
    contents = feed_of(tables, feed=feed, chain=chain)
    later = NOON + timedelta(minutes=projection.log.head().sequence)
    return load_feed(projection, contents, agent="ada", effective_at=later).event.sequence


@given(deliveries)
def test_the_fold_is_what_a_dictionary_would_hold(feeds: list[list[StockPosition]]) -> None:
    """The vectorised fold equals a plain dictionary in which later different facts win."""
    snapshot, expected = EMPTY, {}
    for sequence, records in enumerate(feeds, start=1):
        tables = {name: table.sorted() for name, table in tables_of(records).items()}
        snapshot = apply_feed(snapshot, sequence, tables)
        for row, record in enumerate(sorted(records, key=key_of)):
            key = f"StockPosition/{key_of(record)}"
            if key not in expected or expected[key][0] != record:
                expected[key] = (record, (sequence, row))
    assert expected == stated(snapshot)
    for table in snapshot.tables.values():
        assert sorted(table.keys) == table.keys.tolist()


def test_the_digest_of_a_snapshot_knows_no_history() -> None:
    """One feed or three, in any order of rows: the same facts have the same digest."""
    at_once = apply_feed(EMPTY, 1, two_hubs(5, 6))
    before = apply_feed(apply_feed(EMPTY, 1, two_hubs(1, 2)), 2, two_hubs(3, 4))
    reversed_rows = {
        name: table.take(np.arange(len(table))[::-1]) for name, table in two_hubs(5, 6).items()
    }
    assert at_once.digest == apply_feed(before, 3, reversed_rows).digest
    assert at_once.digest != before.digest


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(deliveries, st.sampled_from([1, 3, 10_000]))
def test_the_graph_and_the_fold_agree(
    projection: Projection, feeds: list[list[StockPosition]], limit: int
) -> None:
    """Law 4 on two paths: at every sequence the graph states the facts of the fold, and where."""
    empty_the_graph(projection.log.driver)
    log, store = projection.log, projection.store
    migrate(log.driver)
    small = Projection(log, store, in_transaction_rows=limit, batch_rows=max(1, limit // 2))
    for number, records in enumerate(feeds):
        load(small, tables_of(records), f"f{number}")
    for at in range(1, len(feeds) + 1):
        fold = SnapshotReader(log, store).read(CHAIN, at)
        graph = read_back(log.driver, CHAIN, at)
        assert stated(fold) == stated(graph)
        assert fold.digest == graph.digest


@dataclass(frozen=True)
class Told:
    """A statement: since how many minutes from noon, and whether it ends its key."""

    position: StockPosition
    minutes: int
    closes: bool


FUTURE = 10**7
"""Minutes from noon that are still to come, whenever this runs."""
told = st.builds(Told, positions, st.sampled_from([0, 1, 2, 3, FUTURE]), st.booleans())
told_apart = st.lists(
    st.tuples(
        st.lists(told, max_size=5, unique_by=lambda one: key_of(one.position)), st.integers(0, 1)
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def clocked(rows: list[Told], number: int, standing: int) -> FeedContents:
    rows = sorted(rows, key=lambda one: key_of(one.position))
    feed = feed_of(tables_of([one.position for one in rows]), feed=f"f{number}")
    noon = micros_of(NOON)
    since = np.array([noon + one.minutes * 60_000_000 for one in rows], np.int64)
    closes = np.array([one.closes for one in rows], np.bool_)
    named = {"StockPosition": since} if rows else {}
    ended = {"StockPosition": closes} if rows else {}
    return replace(feed, standing=standing, source_sequence=number, since=named, closes=ended)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_apart, st.sampled_from([1, 10_000]))
def test_the_graph_follows_the_fold_by_two_clocks(
    projection: Projection, feeds: list[tuple[list[Told], int]], limit: int
) -> None:
    """Late, early, closing and outranked rows: at any event the graph states what the fold does."""
    empty_the_graph(projection.log.driver)
    migrate(projection.log.driver)
    small = Projection(projection.log, projection.store, limit, max(1, limit // 2))
    for number, (rows, standing) in enumerate(feeds):
        load_feed(small, clocked(rows, number, standing), agent="ada", effective_at=NOON)
    reader = SnapshotReader(projection.log, projection.store)
    for at in range(1, len(feeds) + 1):
        graph = read_back(projection.log.driver, CHAIN, at)
        assert stated(reader.read(CHAIN, at)) == stated(graph)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_apart, st.integers(-1, 4))
def test_a_reader_asks_by_both_clocks(
    projection: Projection, feeds: list[tuple[list[Told], int]], minutes: int
) -> None:
    """As known after some events and true at some time: a dictionary gives the same facts."""
    empty_the_graph(projection.log.driver)
    migrate(projection.log.driver)
    for number, (rows, standing) in enumerate(feeds):
        load_feed(projection, clocked(rows, number, standing), agent="ada", effective_at=NOON)
    when = NOON + timedelta(minutes=minutes)
    for known in range(1, len(feeds) + 1):
        expected: dict[str, tuple[tuple[int, int, int], Told]] = {}
        for number, (rows, standing) in enumerate(feeds[:known]):
            for one in rows:
                key, rank = key_of(one.position), (standing, one.minutes, number)
                if one.minutes <= minutes and (key not in expected or rank > expected[key][0]):
                    expected[key] = rank, one
        found = SnapshotReader(projection.log, projection.store).read(
            CHAIN, known, effective=when)  # fmt: skip
        table = found.table("StockPosition")
        stands = {key: one.position for key, (_, one) in expected.items() if not one.closes}
        assert stands == {table.keys[n]: record_at(table, n) for n in range(len(table))}


def test_a_reader_that_follows_equals_one_that_starts_anew(
    projection: Projection, reader: SnapshotReader
) -> None:
    """Applying later feeds to the kept snapshot gives what a fold from the first event gives."""
    for number in range(4):
        load(projection, two_hubs(number, 1), f"f{number}")
        fresh = SnapshotReader(projection.log, projection.store)
        assert stated(fresh.read(CHAIN)) == stated(reader.read(CHAIN))
    assert stated(fresh.read(CHAIN, 2)) == stated(reader.read(CHAIN, 2))
    assert 2 == reader.read(CHAIN, 2).sequence
    assert 4 == reader.read(CHAIN).sequence


def test_an_equal_row_keeps_the_address(projection: Projection, reader: SnapshotReader) -> None:
    """A fact that is stated again unchanged stays the version that it was."""
    load(projection, two_hubs(1, 1), "f1")
    load(projection, two_hubs(2, 1), "f2")
    addresses = {key: address for key, (_, address) in stated(reader.read(CHAIN)).items()}
    assert (2, 0) == addresses["StockPosition/widget/north/L1"]
    assert (1, 1) == addresses["StockPosition/widget/south/"]
    assert (1, 0) == addresses["Lane/N-S"]


def test_a_feed_takes_nothing_away(projection: Projection, reader: SnapshotReader) -> None:
    """What a later feed does not name stays in force: absence is not a statement."""
    load(projection, two_hubs(), "f1")
    load(projection, tables_of([stock("widget", "north", 7)]), "f2")
    facts = stated(reader.read(CHAIN))
    assert 8 == len(facts)
    assert 10 == facts["StockPosition/widget/north/L1"][0].on_hand_units


def test_chains_are_worlds_of_their_own(projection: Projection, reader: SnapshotReader) -> None:
    """Facts of one chain are never read, closed or versioned by feeds of another."""
    load(projection, two_hubs(1), "f1", "a")
    load(projection, two_hubs(2), "f1", "ab")
    assert (1, 2) == (reader.read("a").sequence, reader.read("ab").sequence)
    assert stated(reader.read("a")) == stated(read_back(projection.log.driver, "a", 2))
    digests = reader.chain_digests()
    assert {"a": reader.read("a").digest, "ab": reader.read("ab").digest} == digests
    assert reader.state_digest() != reader.state_digest(1)
    assert Snapshot(0, {}).digest == reader.read("ab", 1).digest


def test_an_unknown_chain_is_an_error(reader: SnapshotReader) -> None:
    """A chain that no feed named has no snapshot."""
    with pytest.raises(InputError) as refused:
        reader.read("nowhere")
    assert "CHAIN_UNKNOWN" == refused.value.code


def test_a_feed_is_read_as_it_was_kept(projection: Projection) -> None:
    """Facts, clocks, origins and what is closed come back row by row, in the order of keys."""
    rows = [Told(stock("widget", place, 5), minutes, closes=place == "south")
            for place, minutes in (("north", 1), ("south", 2))]  # fmt: skip
    feed = clocked(rows, 3, -7)
    kept = read_feed(projection.store, write_feed(projection.store, feed))
    assert (feed.standing, feed.source_sequence) == (kept.standing, kept.source_sequence)
    assert {n: t.digest for n, t in feed.tables.items()} == {
        n: t.digest for n, t in kept.tables.items()
    }
    for name in ("since", "closes", "origins"):
        stated, found = getattr(feed, name), getattr(kept, name)
        assert {n: rows.tolist() for n, rows in stated.items()} == {
            n: rows.tolist() for n, rows in found.items()
        }
