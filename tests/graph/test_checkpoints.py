"""Laws of checkpoints: they make reading shorter, and change no answer, there or lost."""

import logging
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.log import Log
from graph.manifests import read_statements
from graph.migrate import migrate
from graph.projection import Projection, load_feed
from graph.recovery.checkpoints import Checkpoints
from graph.snapshot import SnapshotReader
from ontology.columns import Snapshot
from ontology.goods import Item
from tests.graph.conftest import empty_the_graph
from tests.graph.facts_at_hand import CHAIN, NOON, feed_of, stock, tables_of, two_hubs
from tests.graph.test_snapshot import Told, clocked, positions, stated

MINUTES = 6
told = st.builds(Told, positions, st.integers(0, MINUTES), st.booleans())
deliveries = st.lists(
    st.tuples(
        st.lists(told, max_size=5, unique_by=lambda one: one.position.location),
        st.integers(0, 1), st.none() | st.sampled_from("pq"),
    ),
    min_size=2, max_size=MINUTES,
)  # fmt: skip
fates = st.lists(
    st.sampled_from(["none", "whole", "lost", "torn", "changed"]),
    min_size=MINUTES, max_size=MINUTES,
)  # fmt: skip


def minutely(driver: Driver) -> Log:
    """A log whose events are recorded at noon, a minute after noon, and so on."""
    minutes = count()
    return Log(driver, lambda: NOON + timedelta(minutes=next(minutes)))


def kept_or_lost(place: Path, store: ArtifactStore, fate: str) -> None:
    """What becomes of the checkpoint that was kept last."""
    entry = max(place.rglob("*.json"), key=lambda path: int(path.stem.partition("-")[0]))
    if fate == "lost":
        entry.unlink()
    if fate == "torn":
        entry.write_bytes(entry.read_bytes()[:20])
    if fate == "changed":
        document = store.get_document(orjson.loads(entry.read_bytes())["artifact"])
        document["sequence"] += 1
        entry.write_bytes(orjson.dumps({"artifact": store.put_document(document)}))


def everything(snapshot: Snapshot) -> Any:
    """Records, addresses and clocks of a snapshot, and the event that it is of."""
    clocks = {name: rows.tolist() for name, rows in snapshot.clocks.items()}
    return snapshot.sequence, stated(snapshot), clocks


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries, fates)
def test_no_checkpoint_changes_an_answer(
    database: Driver, tmp_path: Path, feeds: list[Any], fates: list[str]
) -> None:
    """At any pair of times, with any checkpoints there, lost, torn or changed: the same fold."""
    empty_the_graph(database)
    migrate(database)
    log, store = minutely(database), ArtifactStore(tmp_path / "artifacts")
    place = tmp_path / f"checkpoints{fates}{len(list(tmp_path.iterdir()))}"
    checkpoints, projection = Checkpoints(place, store), Projection(log, store)
    for number, ((rows, standing, name), fate) in enumerate(zip(feeds, fates, strict=False)):
        feed = clocked(rows, number, standing)
        items = tables_of([Item("x", name=name)]) if name else {}
        feed = replace(feed, tables={**feed.tables, **items})
        event = load_feed(projection, feed, agent="ada",
                          effective_at=NOON + timedelta(minutes=number)).event  # fmt: skip
        if fate != "none":
            state = SnapshotReader(log, store).state(CHAIN)
            checkpoints.keep(CHAIN, state, event.leaf)
            kept_or_lost(place, store, fate)
    for known in range(1, len(feeds) + 1):
        from_nothing = SnapshotReader(log, store)
        with_them = SnapshotReader(log, store, checkpoints)
        assert everything(from_nothing.read(CHAIN, known)) == everything(
            with_them.read(CHAIN, known))  # fmt: skip
        waits = [reader.state(CHAIN, known) for reader in (from_nothing, with_them)]
        assert waits[0].due(2**62) == waits[1].due(2**62)
        for minutes in range(0, MINUTES + 1, 2):
            when = NOON + timedelta(minutes=minutes)
            assert everything(from_nothing.read(CHAIN, known, effective=when)) == everything(
                with_them.read(CHAIN, known, effective=when))  # fmt: skip


def test_what_waited_has_the_address_of_the_fold_from_nothing(
    database: Driver, store: ArtifactStore, tmp_path: Path
) -> None:
    """A value said again ahead of its time keeps its address, though it came in after another."""
    empty_the_graph(database)
    migrate(database)
    log, checkpoints = minutely(database), Checkpoints(tmp_path / "kept", store)
    said = [(5, 0), (5, 3), (6, 2), (7, 0)]  # units, since which minute; told minute by minute
    for number, (units, minutes) in enumerate(said):
        row = Told(stock("widget", "north", units), minutes, closes=False)
        event = load_feed(Projection(log, store), clocked([row], number, 0), agent="ada",
                          effective_at=NOON).event  # fmt: skip
    checkpoints.keep(CHAIN, SnapshotReader(log, store).state(CHAIN), event.leaf)
    for minutes, address in ((2, (3, 0)), (5, (1, 0))):
        when = NOON + timedelta(minutes=minutes)
        for reader in (SnapshotReader(log, store), SnapshotReader(log, store, checkpoints)):
            found = stated(reader.read(CHAIN, effective=when))
            assert address == found["StockPosition/widget/north/"][1]
    assert (2, 0) == stated(SnapshotReader(log, store, checkpoints).read(CHAIN))[
        "StockPosition/widget/north/"][1]  # fmt: skip


def loaded(projection: Projection, number: int, **more: Any) -> None:
    load_feed(projection, feed_of(two_hubs(number, **more), feed=f"f{number}"), agent="ada",
              effective_at=NOON + timedelta(minutes=number))  # fmt: skip


def test_readers_keep_states_now_and_then(projection: Projection, tmp_path: Path) -> None:
    """A state is kept once to come to it has cost enough, and a new reader reads only the rest."""
    checkpoints = Checkpoints(tmp_path / "kept", projection.store, least_rows=300)
    for number in range(7):
        loaded(projection, number)
    reader = SnapshotReader(projection.log, projection.store, checkpoints)
    reader.state(CHAIN)
    kept = [one.state.sequence for one in checkpoints.nearest(CHAIN, 100)]
    assert [6, 3] == kept
    for early in range(1, 7):  # what came before the checkpoint is needed no more
        entry = projection.log.read(after=early - 1, limit=1)[0].artifact
        (tmp_path / "artifacts" / entry[:2] / entry[2:]).unlink()
    again = SnapshotReader(projection.log, projection.store, checkpoints)
    assert stated(reader.read(CHAIN)) == stated(again.read(CHAIN))


def test_a_checkpoint_of_another_log_is_passed_over(
    projection: Projection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its leaf is not that of the event here: the log decides, and the service's log tells it."""
    checkpoints = Checkpoints(tmp_path / "kept", projection.store)
    loaded(projection, 1)
    wrong = SnapshotReader(projection.log, projection.store).state(CHAIN)
    checkpoints.keep(CHAIN, replace(wrong, folds={}), "0" * 64)
    with caplog.at_level(logging.WARNING):
        found = SnapshotReader(projection.log, projection.store, checkpoints).read(CHAIN)
    assert stated(SnapshotReader(projection.log, projection.store).read(CHAIN)) == stated(found)
    assert ["the checkpoint of `two_hubs` at event 1 is passed over: it is of another log"] == [
        record.getMessage() for record in caplog.records
    ]


def test_what_is_true_only_later_is_not_read(projection: Projection, tmp_path: Path) -> None:
    """An event says since when its rows are true: one that is too late is left unread."""
    loaded(projection, 1)
    loaded(projection, 2)
    late = projection.log.read(after=1)[0].artifact
    assert {"Item", "Lane", "Location", "Calendar", "StockPosition"} == set(
        read_statements(projection.store, late).tables)  # fmt: skip
    (tmp_path / "artifacts" / late[:2] / late[2:]).unlink()
    reader = SnapshotReader(projection.log, projection.store)
    when = NOON + timedelta(minutes=1)
    assert 7 == len(stated(reader.read(CHAIN, effective=when)))
    assert 2 == reader.read(CHAIN, effective=when).sequence


def test_a_disk_that_refuses_is_told_and_no_error(
    projection: Projection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A checkpoint that cannot be written is none: readers go on."""
    (tmp_path / "kept").write_text("not a folder")
    loaded(projection, 1)
    checkpoints = Checkpoints(tmp_path / "kept", projection.store, least_rows=1)
    with caplog.at_level(logging.WARNING):
        found = SnapshotReader(projection.log, projection.store, checkpoints).read(CHAIN)
    assert 7 == len(stated(found))
    assert "cannot be kept" in caplog.records[-1].getMessage()
