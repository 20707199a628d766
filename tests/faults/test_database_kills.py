"""Law 6: the database is killed in the middle of a delivery, starts again, and all goes on."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest

from graph.login import Connection, open_driver
from graph.projection import read_back
from graph.server import ManagedServer
from graph.settings import Settings
from service.house import house_on
from tests.faults.proxy import proxy_to
from tests.faults.source import delivered, expected_of, script, units_of
from tests.faults.test_lost_answers import send_until_known

DELIVERIES = 4
FIRST, STEP = 9, 7


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[ManagedServer]:
    """A database of its own, since it dies."""
    found = ManagedServer(tmp_path / "server", settings.cache)
    yield found
    found.stop()


def test_the_database_is_killed_once(server: ManagedServer, tmp_path: Path) -> None:
    """One kill between a request and its answer."""
    kill_often(server, tmp_path, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_database_is_killed_fifty_times(server: ManagedServer, tmp_path: Path) -> None:
    """Fifty kills, each at another answer."""
    kill_often(server, tmp_path, kills=50)


def kill_often(server: ManagedServer, folder: Path, *, kills: int) -> None:
    """Each script is sent while the database dies once and is started again by somebody else."""
    connection = server.start()
    port = urlsplit(connection.uri).port
    assert port
    home, done = Settings(home=folder / "home"), 0
    with proxy_to(port) as proxy:
        there = Connection(f"bolt://127.0.0.1:{proxy.port}", connection.user, connection.password)
        for number in count():
            if done == kills:
                break
            sent, chain = script(number, DELIVERIES), f"d{number}"
            with open_driver(there) as driver:
                house = house_on(driver, home)
                proxy.arm(lambda: killed(server), FIRST + STEP * (number % 11))
                for one in sent:
                    send_until_known(one, house, folder / "sent", chain)
            done += proxy.happened.is_set()
            with open_driver(server.start()) as driver:
                house = house_on(driver, home)
                assert sorted({one.name for one in sent}) == delivered(house, chain)
                assert expected_of(sent) == units_of(house, chain)
                head = house.projection.log.audit().sequence
                assert house.facts(chain).digest == read_back(driver, chain, head).digest


def killed(server: ManagedServer) -> bool:
    """Kill the database, and start it again without waiting for it."""
    process = psutil.Process(server.status().pid)
    process.kill()
    process.wait()
    Thread(target=server.start).start()
    return False
