"""Opening a Neo4j through its driver, with one plain error for each way in which that fails."""

from dataclasses import dataclass, field

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError, ClientError, ConfigurationError, DriverError, Neo4jError

from ontology.errors import AccessError, EvenkeelError, InputError, OutsideError

__all__ = ["Connection", "Driver", "open_driver"]

CONNECT_SECONDS = 5
SCHEMES = tuple(f"{name}{tls}://" for name in ("bolt", "neo4j") for tls in ("", "+s", "+ssc"))


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a Neo4j listens and how to log in; the password is kept out of its `repr`."""

    uri: str
    user: str
    password: str = field(repr=False)


def open_driver(connection: Connection) -> Driver:
    """A driver that has logged in once; the caller closes it.

    Raises InputError `DATABASE_ADDRESS`, AccessError `DATABASE_LOGIN_REFUSED`, or OutsideError
    `DATABASE_UNREACHABLE` within seconds.
    """
    if not connection.uri.startswith(SCHEMES):
        raise _address(connection)
    try:
        driver = GraphDatabase.driver(
            connection.uri,
            auth=(connection.user, connection.password),
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=60,
            notifications_min_severity="OFF",
        )
    except (ConfigurationError, ValueError) as error:
        raise _address(connection) from error
    try:
        driver.verify_connectivity()
    except BaseException as error:
        driver.close()
        if isinstance(error, (DriverError, Neo4jError, OSError, ValueError)):
            raise _plain(error, connection) from error
        raise
    return driver


def _address(connection: Connection) -> InputError:
    return InputError(
        f"`{connection.uri}` is not the address of a Neo4j server",
        hint="write it as bolt://host:7687, neo4j://host:7687 or neo4j+s://host in NEO4J_URI",
        code="DATABASE_ADDRESS",
    )


def _plain(error: BaseException, connection: Connection) -> EvenkeelError:
    if isinstance(error, (ConfigurationError, ValueError)):
        return _address(connection)
    if isinstance(error, AuthError) or (
        isinstance(error, ClientError) and "Security" in (error.code or "")
    ):
        return AccessError(
            f"the Neo4j server at `{connection.uri}` refuses the login of `{connection.user}`",
            hint="set NEO4J_USER and NEO4J_PASSWORD to what that server knows; after several "
            "refusals it locks the account for some seconds",
            code="DATABASE_LOGIN_REFUSED",
        )
    return OutsideError(
        f"no Neo4j server answers at `{connection.uri}`",
        hint="start that server or correct NEO4J_URI; unset it to use the managed server",
        code="DATABASE_UNREACHABLE",
    )
