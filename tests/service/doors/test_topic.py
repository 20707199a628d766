"""A Kafka topic is a door like the others: each record counts once, whatever dies meanwhile."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from confluent_kafka import Consumer, Producer

from api.command_line import main
from graph.log import Log
from graph.login import Connection
from graph.settings import Settings
from ontology.errors import InputError, OutsideError
from service.doors.topic import REFUSED, Taken, Topic, follow, read_settings
from service.house import House
from tests.kafka_broker import Broker
from tests.service.doors.served import CHAIN, ROOT, rows

SOURCE = "wms"
QUIET = {"log_level": 0}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[Broker]:
    """A real broker."""
    found = Broker(tmp_path_factory.mktemp("kafka") / "broker", settings.cache)
    try:
        found.start()
        yield found
    finally:
        found.kill()


def send(broker: Broker, topic: str, *records: tuple[bytes, dict[str, str]]) -> None:
    """Put records into a topic, with headers."""
    producer = Producer({"bootstrap.servers": broker.address, **QUIET})
    for value, headers in records:
        producer.produce(topic, value, headers={k: v.encode() for k, v in headers.items()})
    assert producer.flush(60) == 0


def taken(house: House, broker: Broker, topic: str, group: str = "evenkeel") -> list[Taken]:
    """What becomes of the records that are there."""
    found: list[Taken] = []
    follow(house, Topic(topic, broker.address, group), SOURCE, found.append, once=True)
    return found


def names(house: House, topic: str) -> list[str]:
    """The deliveries that came through a topic."""
    feeds = house.projection.log.feeds(CHAIN)
    return [e.payload["feed"] for e in feeds if e.payload["feed"].startswith(topic)]


def test_records_are_deliveries_with_an_envelope(house: House, broker: Broker) -> None:
    """In order, known by `ce_id` or by their place; sent again they get the first answer."""
    said = {"ce_id": "plain-1", "ce_correlationid": "trace", "ce_time": "2026-03-01T06:00:00Z"}
    send(broker, "plain", (rows(11), said), (rows(12), {}), (rows(11), said))
    first, second, again = taken(house, broker, "plain")
    assert first.synced
    assert second.synced
    assert again.synced
    event = first.synced.event
    assert event
    assert ("plain-1", "trace") == (event.payload["feed"], event.payload["correlation_id"])
    assert "plain/0/1" == second.synced.summary["feed"]
    assert (True, event.sequence) == (again.synced.replayed, again.synced.summary["event"])
    assert [] == taken(house, broker, "plain")


def test_what_cannot_be_loaded_is_sent_on(house: House, broker: Broker) -> None:
    """A bad record does not stop the topic: it is found beside it with its reason."""
    send(broker, "mixed", (b"\xff\xfe", {}), (rows(21), {"ce_sequence": "x"}), (rows(22), {}))
    bad, worse, good = taken(house, broker, "mixed")
    assert bad.refusal
    assert worse.refusal
    assert "ENVELOPE_INVALID" == worse.refusal.code
    assert good.synced
    reader = Consumer({"bootstrap.servers": broker.address, "group.id": "person",
                       "auto.offset.reset": "earliest", **QUIET})  # fmt: skip
    reader.subscribe(["mixed" + REFUSED])
    found = reader.consume(2, timeout=60)
    reader.close()
    assert [b"\xff\xfe", rows(21)] == [record.value() for record in found]
    codes = [dict(record.headers() or [])["refused_code"].decode() for record in found]
    assert [bad.refusal.code, worse.refusal.code] == codes


def test_a_group_that_forgot_loads_nothing_twice(house: House, broker: Broker) -> None:
    """All records come again, and each gets its first answer."""
    send(broker, "twice", *((rows(30 + number), {}) for number in range(3)))
    assert [False] * 3 == [bool(one.synced and one.synced.replayed)
                           for one in taken(house, broker, "twice")]  # fmt: skip
    assert [True] * 3 == [bool(one.synced and one.synced.replayed)
                          for one in taken(house, broker, "twice", "another")]  # fmt: skip


def test_the_broker_is_killed_and_comes_back(house: House, broker: Broker) -> None:
    """The follower waits, goes on where it was, and counts each record once."""
    send(broker, "killed", (rows(41), {}), (rows(42), {}))
    stop, half, found = Event(), Event(), list[Taken]()

    def tell(one: Taken) -> None:
        found.append(one)
        half.set()
        if len(found) >= 4 and one.place == "killed/0/3":
            stop.set()

    topic = Topic("killed", broker.address)
    thread = Thread(target=follow, args=(house, topic, SOURCE, tell), kwargs={"stop": stop})
    thread.start()
    assert half.wait(60)
    broker.kill()
    broker.start()
    send(broker, "killed", (rows(43), {}), (rows(44), {}))
    thread.join(120)
    stop.set()
    assert not thread.is_alive()
    assert [f"killed/0/{number}" for number in range(4)] == names(house, "killed")


def test_a_killed_follower_is_followed_by_another(
    house: House, broker: Broker, home: Path, connection: Connection, log: Log
) -> None:
    """Killed after its first record, it leaves the rest to the next, which repeats nothing."""
    send(broker, "dies", *((rows(50 + number), {}) for number in range(4)))
    command = [sys.executable, "-m", "api.command_line", "feeds", "follow", SOURCE, "dies",
               "--brokers", broker.address]  # fmt: skip
    environment = {
        "EVENKEEL_HOME": str(home), "NEO4J_URI": connection.uri, "NEO4J_USER": connection.user,
        "NEO4J_PASSWORD": connection.password, "PYTHONUNBUFFERED": "1", "PATH": "",
    }  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout
        assert follower.stdout.readline().startswith("dies/0/0: event ")
        follower.send_signal(signal.SIGKILL)
    taken(house, broker, "dies")
    assert [f"dies/0/{number}" for number in range(4)] == names(house, "dies")
    assert log.head() == log.audit()


def test_what_is_wrong_is_said(house: House, tmp_path: Path) -> None:
    """An unknown source, an address where nobody listens, settings that are not for a file."""
    with pytest.raises(InputError) as unknown:
        follow(house, Topic("t", "127.0.0.1:1"), "nobody", print, once=True)
    assert "SOURCE_UNKNOWN" == unknown.value.code
    with pytest.raises(OutsideError) as away:
        follow(house, Topic("t", "127.0.0.1:1"), SOURCE, print, once=True)
    assert "TOPIC_UNREACHABLE" == away.value.code
    (tmp_path / "k").write_text("# mine\nsecurity.protocol = ssl\nenable.auto.commit=true\n")
    with pytest.raises(InputError, match=r"line 3 of `k`: `enable.auto.commit` is not for a file"):
        read_settings(tmp_path / "k")
    assert 2 == main(["feeds", "follow", SOURCE, "t", "--settings", str(tmp_path / "none")])
