"""Law 6: senders that race with one delivery have one effect, and get one answer."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from neo4j import Driver

from graph.login import Connection, open_driver
from graph.settings import Settings
from service.house import House, house_on
from tests.faults.source import Sent, delivered, expected_of, script, units_of
from tests.graph.conftest import empty_the_graph

SENDERS = 8
Race = Callable[[Sent], list[int]]


@pytest.fixture
def race(connection: Connection, database: Driver, tmp_path: Path) -> Iterator[Race]:
    """Lets eight houses with a connection each send one delivery at one moment; gives events."""
    empty_the_graph(database)
    home = Settings(home=tmp_path / "home")
    barrier = Barrier(SENDERS)
    with ExitStack() as stack, ThreadPoolExecutor(SENDERS) as pool:
        drivers = [stack.enter_context(open_driver(connection)) for _ in range(SENDERS)]
        houses = [house_on(driver, home) for driver in drivers]

        def send(sent: Sent, number: int, house: House) -> int:
            barrier.wait()
            event = sent.send(house, tmp_path / str(number)).event
            assert event
            return event.sequence

        def run(sent: Sent) -> list[int]:
            return list(pool.map(send, [sent] * SENDERS, range(SENDERS), houses))

        yield run


def test_races_have_one_effect(race: Race, database: Driver, tmp_path: Path) -> None:
    """Twelve races of eight senders."""
    check(race, database, tmp_path, races=12)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_thousand_races_have_one_effect(race: Race, database: Driver, tmp_path: Path) -> None:
    """A thousand races of eight senders."""
    check(race, database, tmp_path, races=1_000)


def check(race: Race, database: Driver, folder: Path, *, races: int) -> None:
    """Each delivery is one event, all senders get it, and the facts are those of a dictionary."""
    sent = script(races, races)
    events: dict[str, int] = {}
    for one in sent:
        answers = set(race(one))
        assert 1 == len(answers)
        assert events.setdefault(one.name, min(answers)) in answers
    house = house_on(database, Settings(home=folder / "home"))
    assert sorted(events) == delivered(house)
    assert expected_of(sent) == units_of(house)
