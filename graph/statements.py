"""The statements of this package: one Cypher file each, and one way to run a reading one."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, TypeVar

from neo4j import READ_ACCESS, Driver, ManagedTransaction, Result, RoutingControl
from neo4j.exceptions import DriverError, Neo4jError, ServiceUnavailable

from ontology.errors import OutsideError

QUERIES = Path(__file__).parent / "queries"
OPEN_END = 2**53 - 1
"""The `until_sequence` of a fact that no later event has replaced."""

Row = dict[str, Any]
Answer = TypeVar("Answer")


@cache
def statement(name: str) -> LiteralString:
    """The text of `queries/<name>.cypher`. It never contains input: that goes in parameters."""
    return (QUERIES / f"{name}.cypher").read_text("utf-8")


def run(tx: ManagedTransaction, name: str, /, **parameters: Any) -> list[Row]:
    """The rows of one statement inside a transaction."""
    return tx.run(statement(name), parameters).data()


def read(driver: Driver, name: str, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows of one reading statement, in one round trip.

    Where that fails and may be tried again, it is, as often as the driver finds it worth. Raises
    OutsideError `DATABASE_UNREACHABLE` or `DATABASE_FAILED`.
    """
    text, given = statement(name), dict(parameters)
    try:
        try:
            with driver.session(
                default_access_mode=READ_ACCESS,
                bookmark_manager=driver.execute_query_bookmark_manager,
            ) as session:
                return session.run(text, given).data()
        except (DriverError, Neo4jError) as error:
            if not error.is_retryable():
                raise
        found = driver.execute_query(text, given, routing_=RoutingControl.READ)
    except (DriverError, Neo4jError) as error:
        raise database_error(error) from error
    return [record.data() for record in found.records]


def read_each(
    driver: Driver, name: str, parameters: Mapping[str, Any],
    take: Callable[[Iterator[Any]], Answer],
) -> Answer:  # fmt: skip
    """What `take` makes of the one value of each row of a reading statement, as they come.

    It begins anew where a connection is lost meanwhile. Raises as `read` does.
    """

    def taken(result: Result) -> Answer:
        return take(value for (value,) in result)

    try:
        return driver.execute_query(
            statement(name), dict(parameters), routing_=RoutingControl.READ,
            result_transformer_=taken,
        )  # fmt: skip
    except (DriverError, Neo4jError) as error:
        raise database_error(error) from error


def database_error(error: Exception) -> OutsideError:
    """What a failure of the driver or the server means to a user."""
    if isinstance(error, ServiceUnavailable):
        return OutsideError("the database does not answer", code="DATABASE_UNREACHABLE",
                            hint="start it with `evenkeel up`")  # fmt: skip
    first = (str(error).splitlines() or ["unknown reason"])[0]
    return OutsideError(f"the database failed: {first}", code="DATABASE_FAILED",
                        hint="see the database's log")  # fmt: skip
