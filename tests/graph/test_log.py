"""Laws of the log: one sequence, one tree, nothing twice, times that never go back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j import ManagedTransaction

from graph.log import Log, leaf_of, moment, timestamp
from graph.merkle import fold
from graph.projection import Projection
from graph.statements import read
from ontology.errors import InputError, OutsideError, StateError
from ontology.events import Event, NewEvent
from tests.graph.facts_at_hand import NOON

TEST_KIND = "plan.made"


def request(key: str = "k1", **changes: Any) -> NewEvent:
    new = NewEvent(TEST_KIND, key, "ada", NOON, "a" * 64, {"chain": "c", "n": 1})
    return replace(new, **changes)


@pytest.fixture
def log(projection: Projection) -> Log:
    return projection.log


def test_events_are_numbered_from_one(log: Log) -> None:
    """Each append takes the next sequence, and reads give the events back unchanged."""
    made = [log.append(request(f"k{i}")).event for i in range(1, 6)]
    assert [1, 2, 3, 4, 5] == [event.sequence for event in made]
    assert made == log.read() == list(log.events())
    assert made[1:3] == log.read(after=1, upto=3)
    assert made[:2] == log.read(limit=2)
    assert made[3] == log.find("k4")
    assert log.find("k9") is None


def test_the_root_is_the_fold_of_the_leaves(log: Log) -> None:
    """Law 4: the head's tree is what its events give, and the audit agrees."""
    for i in range(1, 8):
        log.append(request(f"k{i}"))
        leaves = [bytes.fromhex(event.leaf) for event in log.read()]
        assert fold(leaves) == log.head().tree
    assert log.head() == log.audit()


@pytest.mark.parametrize(
    "damage",
    [
        "MATCH (e:Event {sequence: 2}) SET e.agent = 'eve'",
        'MATCH (e:Event {sequence: 2}) SET e.payload = \'{"chain":"c","n":2}\'',
        "MATCH (e:Event {sequence: 2}) SET e.recorded_at = '2020-01-01T00:00:00.000000Z'",
        "MATCH (e:Event {sequence: 3}) DETACH DELETE e",
        "MATCH (h:LogHead) SET h.root = h.peaks[0]",
        "MATCH (h:LogHead) SET h.peaks = [h.root], h.size = 4",
    ],
)
def test_a_changed_log_is_found_out(log: Log, damage: str) -> None:
    """Whatever of an appended event is changed later, the audit refuses."""
    for i in range(1, 4):
        log.append(request(f"k{i}"))
    log.driver.execute_query(damage)  # type: ignore[arg-type]
    with pytest.raises(StateError) as refused:
        log.audit()
    assert "LOG_BROKEN" == refused.value.code


def test_the_same_request_gives_the_first_event(log: Log) -> None:
    """Law 6: sent again, an event is found, not made; what it wrote is not written again."""
    first = log.append(request())
    wrote: list[Event] = []
    again = log.append(request(), show=lambda _, event, _shown: wrote.append(event))
    assert (first.event, False, True) == (again.event, first.replayed, again.replayed)
    assert ([], 1) == (wrote, log.head().sequence)


@pytest.mark.parametrize(
    "change",
    [
        {"agent": "eve"}, {"artifact": "b" * 64}, {"payload": {"chain": "c", "n": 2}},
        {"kind": "feed.loaded"}, {"effective_at": NOON + timedelta(seconds=1)},
    ],
)  # fmt: skip
def test_a_key_serves_one_request(log: Log, change: dict[str, Any]) -> None:
    """The same key with any other body is refused, and the log stays as it was."""
    log.append(request())
    with pytest.raises(StateError) as refused:
        log.append(request(**change))
    assert ("IDEMPOTENCY_CONFLICT", 1) == (refused.value.code, log.head().sequence)


def test_what_is_derived_from_the_seed_is_no_part_of_the_request(log: Log) -> None:
    """Two appends draw two seeds; the second still finds the first."""
    first = log.append(request(), derive=lambda seed: {"root": seed.hex()})
    again = log.append(request(), derive=lambda seed: {"root": seed.hex()})
    assert first.event == again.event
    assert first.event.seed == again.event.payload["root"]


def test_an_expected_sequence_must_hold(log: Log) -> None:
    """A decision made on an older log is refused."""
    log.append(request("k1"), expected_sequence=0)
    with pytest.raises(StateError) as refused:
        log.append(request("k2"), expected_sequence=0)
    assert ("STALE", 1) == (refused.value.code, log.head().sequence)


def test_a_refusing_write_leaves_nothing(log: Log) -> None:
    """What is written with the event and the event itself are one."""

    def show(tx: ManagedTransaction, _: Event, _shown: int) -> None:
        tx.run("CREATE (:Plan {digest: 'half'})").consume()
        raise StateError("no", code="NO")

    with pytest.raises(StateError, match="no"):
        log.append(request(), show=show)
    count = log.driver.execute_query("MATCH (p:Plan) RETURN count(p) AS n").records[0]["n"]
    assert (0, 0) == (count, log.head().sequence)


def test_times_of_recording_increase_when_the_clock_goes_back(log: Log) -> None:
    """A clock that stands still or goes back never gives an event an earlier time."""
    times = iter([NOON, NOON, NOON - timedelta(days=1), NOON + timedelta(days=1)])
    slipping = Log(log.driver, clock=lambda: next(times))
    recorded = [slipping.append(request(f"k{i}")).event.recorded_at for i in range(4)]
    tick = timedelta(microseconds=1)
    assert [NOON, NOON + tick, NOON + 2 * tick, NOON + timedelta(days=1)] == recorded


def test_racing_writers_share_one_sequence(log: Log) -> None:
    """Sixteen requests, each sent three times at once: sixteen events without a gap."""
    keys = [f"k{i}" for i in range(16)] * 3
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda key: log.append(request(key)), keys))
    assert list(range(1, 17)) == sorted({one.event.sequence for one in made})
    assert 16 == sum(not one.replayed for one in made)
    assert 16 == log.audit().sequence


def test_only_one_of_two_decisions_on_one_state_wins(log: Log) -> None:
    """Of racing appends that expect the same sequence, one is appended."""

    def attempt(i: int) -> str:
        try:
            return log.append(request(f"k{i}"), expected_sequence=0).event.idempotency_key
        except StateError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert (7, 1) == (outcomes.count("STALE"), log.head().sequence)


def test_the_leaf_commits_to_every_field(log: Log) -> None:
    """Changing any field of an event changes its leaf."""
    event = log.append(request()).event
    changed = [
        replace(event, agent="x"), replace(event, artifact="x"), replace(event, kind="x"),
        replace(event, sequence=2), replace(event, idempotency_key="x"),
        replace(event, effective_at=NOON + timedelta(days=1)), replace(event, payload={}),
        replace(event, recorded_at=NOON), replace(event, seed="00" * 32),
    ]  # fmt: skip
    assert event.leaf == leaf_of(event)
    assert 9 == len({leaf_of(other) for other in changed} - {event.leaf})


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_text_order_of_times_is_their_order(one: datetime, other: datetime) -> None:
    """Times are written with fixed width to the microsecond, and read back the same."""
    assert one == moment(timestamp(one))
    assert (one < other) == (timestamp(one) < timestamp(other))


def test_a_time_without_a_zone_is_refused(log: Log) -> None:
    """Nobody guesses a time zone."""
    with pytest.raises(InputError) as refused:
        log.append(request(effective_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    assert "TIME_ZONE_MISSING" == refused.value.code


def test_a_number_that_json_would_round_is_refused(log: Log) -> None:
    """A payload stays within the integers that every reader keeps."""
    with pytest.raises(InputError) as refused:
        log.append(request(payload={"n": 2**53}))
    assert ("NUMBER_RANGE", 0) == (refused.value.code, log.head().sequence)


def test_a_database_without_a_log_says_so(log: Log) -> None:
    """Before the migrations ran there is no head to lock."""
    log.driver.execute_query("MATCH (h:LogHead) DETACH DELETE h")
    with pytest.raises(OutsideError) as refused:
        log.append(request())
    assert "NOT_MIGRATED" == refused.value.code


def test_an_event_names_its_agent(log: Log) -> None:
    """PROV: an event was attributed to whoever caused it."""
    log.append(request())
    rows = log.driver.execute_query(
        "MATCH (e:Event)-[:WAS_ATTRIBUTED_TO]->(a:Agent) RETURN e.sequence AS s, a.id AS a"
    ).records
    assert [(1, "ada")] == [(row["s"], row["a"]) for row in rows]
    assert 1 == read(log.driver, "log_head", {})[0]["head"]["sequence"]
