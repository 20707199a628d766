"""The one database of the tests, the fixture that empties it, and how properties are drawn."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings as hypothesis_settings
from neo4j import Driver

from graph.login import Connection, open_driver
from graph.server import ManagedServer
from graph.settings import Settings, settings_from_environment

_ROWS_PER_TRANSACTION = 10_000

# One caller asks all that the tests ask; those of budgets give bounds of their own.
for name in ("REQUESTS_PER_MINUTE", "COST_PER_MINUTE", "AT_ONCE"):
    os.environ.setdefault(f"EVENKEEL_CALLER_{name}", "1000000000")

# The gate draws the same examples every time and no clock decides; `make soak` draws new ones.
hypothesis_settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis_settings.register_profile("soak", deadline=None, print_blob=True)
hypothesis_settings.load_profile("gate")


def pytest_xdist_auto_num_workers() -> int:
    """A worker per core, at most four, each with a database of its own; one for a given one."""
    return 1 if settings_from_environment().neo4j_uri else min(4, os.cpu_count() or 1)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the environment that the tests run in."""
    return settings_from_environment()


@pytest.fixture(scope="session")
def connection(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """NEO4J_URI where it is set; a container where Docker answers; else a managed server."""
    from tests import containers  # slow to import, and most tests need no database

    if settings.neo4j_uri:
        yield _asked_for(settings)
    elif containers.docker_answers():
        with containers.container() as connection:
            yield connection
    else:
        server = ManagedServer(tmp_path_factory.mktemp("database"), settings.cache)
        try:
            yield server.start()
        finally:
            server.stop()


@pytest.fixture(scope="session")
def database(connection: Connection) -> Iterator[Driver]:
    """A driver to a real Neo4j that the tests have for themselves; empty when they begin."""
    with open_driver(connection) as driver:
        _empty(driver)
        yield driver


@pytest.fixture
def empty_database(database: Driver) -> Iterator[Driver]:
    """The database without nodes, constraints and indexes, before the test and after it."""
    _empty(database)
    yield database
    _empty(database)


def _asked_for(settings: Settings) -> Connection:
    """NEO4J_URI, unless it holds data: the tests delete all that is there."""
    password = settings.neo4j_password.get_secret_value()
    connection = Connection(settings.neo4j_uri, settings.neo4j_user, password)
    with open_driver(connection) as driver:
        holds_data = bool(driver.execute_query("MATCH (n) RETURN n LIMIT 1").records)
    if holds_data and not os.environ.get("EVENKEEL_TESTS_MAY_EMPTY_IT"):
        pytest.exit(
            "the database at NEO4J_URI is not empty and the tests would delete all of it; "
            "set EVENKEEL_TESTS_MAY_EMPTY_IT=1 to allow that",
            returncode=2,
        )
    return connection


def _empty(driver: Driver) -> None:
    """Drops every constraint, index and node; the lookup indexes of Neo4j itself stay."""
    with driver.session(database="neo4j") as session:
        for row in session.run("SHOW CONSTRAINTS YIELD name").data():
            session.run(f"DROP CONSTRAINT `{row['name']}` IF EXISTS").consume()
        for row in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'").data():
            session.run(f"DROP INDEX `{row['name']}` IF EXISTS").consume()
        session.run(
            "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF $rows ROWS",
            rows=_ROWS_PER_TRANSACTION,
        ).consume()
