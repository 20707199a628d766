"""An open service on an empty graph, and a clock that tests drive."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from neo4j import Driver

from graph.settings import Settings
from service.house import House, house_on
from service.scheduling.scheduler import LEASE_MILLIS
from tests.graph.conftest import empty_the_graph


@pytest.fixture(scope="package")
def opened(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service of all these tests, empty when they begin."""
    empty_the_graph(database)
    yield house_on(database, Settings(home=tmp_path_factory.mktemp("scheduling") / "home"))
    empty_the_graph(database)


@pytest.fixture
def house(opened: House) -> House:
    """The service, in which nobody leads and no task has run."""
    opened.driver.execute_query("MATCH (n) WHERE n:Lease OR n:ScheduledTask DELETE n")
    return opened


@pytest.fixture
def since(house: House) -> int:
    """The last event before the test."""
    return house.projection.log.head().sequence


@dataclass
class Clock:
    """A time that goes on when it is told to, for the tasks and for the lease."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def on(self, **by: float) -> datetime:
        """So much later."""
        self.now += timedelta(**by)
        return self.now

    def millis(self) -> int:
        """As the lease counts."""
        return int(self.now.timestamp() * 1000)

    def past_the_lease(self) -> datetime:
        """When a lease that was taken now has run out."""
        return self.on(milliseconds=LEASE_MILLIS + 1)


@pytest.fixture
def clock() -> Clock:
    """Starts now."""
    return Clock()
