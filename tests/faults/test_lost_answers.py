"""Law 6: whatever answer of the database is lost or late, a delivery counts once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from neo4j import Driver

from graph.login import Connection, open_driver
from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import OutsideError, StateError
from service.house import House, house_on
from tests.faults.proxy import Fault, Proxy, late, lost, proxy_to
from tests.faults.source import Sent, delivered, expected_of, script, units_of
from tests.graph.conftest import empty_the_graph

DELIVERIES = 8
"""Even where the other sender always comes first, each takes five answers."""
TRIES = 4
FAULTS = (lost, late)


@pytest.fixture
def proxy(connection: Connection) -> Iterator[Proxy]:
    """A proxy to the database of the tests."""
    port = urlsplit(connection.uri).port
    assert port
    with proxy_to(port) as found:
        yield found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_along_the_way(
    fault: Fault, connection: Connection, proxy: Proxy, database: Driver, tmp_path: Path
) -> None:
    """Every eleventh answer."""
    assert sweep(fault, connection, proxy, database, tmp_path, step=11) >= 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_answer(
    fault: Fault, connection: Connection, proxy: Proxy, database: Driver, tmp_path: Path
) -> None:
    """Each answer from the first delivery to the last."""
    assert sweep(fault, connection, proxy, database, tmp_path, step=1) >= 40


def sweep(
    fault: Fault, connection: Connection, proxy: Proxy, database: Driver, folder: Path, *, step: int
) -> int:
    """The number of faults until a script comes through without one."""
    empty_the_graph(database)
    house_on(database, Settings(home=folder / "home"))
    faults, at = 0, 1
    while check_answer(fault, at, connection, proxy, database, folder):
        faults, at = faults + 1, at + step
    return faults


def check_answer(
    fault: Fault, at: int, connection: Connection, proxy: Proxy, database: Driver, folder: Path
) -> bool:
    """Send a script while answer `at` goes wrong, each delivery until it is acknowledged.

    Another sender repeats each delivery meanwhile.
    """
    chain, sent = f"{fault.__name__}{at}", script(at, DELIVERIES)
    there = Connection(f"bolt://127.0.0.1:{proxy.port}", connection.user, connection.password)
    with open_driver(there) as driver:
        house = house_on(driver, Settings(home=folder / "home"))
        whole = house_on(database, Settings(home=folder / "home"))
        proxy.arm(fault, at)
        for one in sent:
            with ThreadPoolExecutor(1) as other:
                again = other.submit(one.send, whole, folder / "other", chain)
                send_until_known(one, house, folder / "sent", chain)
                assert again.result().event
        happened = proxy.happened.is_set()
    assert sorted({one.name for one in sent}) == delivered(whole, chain)
    assert expected_of(sent) == units_of(whole, chain)
    head = whole.projection.log.audit().sequence
    assert whole.facts(chain).digest == read_back(database, chain, head).digest
    return happened


def send_until_known(sent: Sent, house: House, folder: Path, chain: str) -> None:
    """A sender that sends again what was not acknowledged; only errors of ours may reach it."""
    for tried in range(TRIES):
        try:
            sent.send(house, folder, chain)
        except (OutsideError, StateError):
            assert tried < TRIES - 1
        else:
            return
