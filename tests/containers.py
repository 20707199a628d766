"""Neo4j in a container, for the tests on machines whose Docker engine answers."""

import gc
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import DockerException
from testcontainers.community.neo4j import Neo4jContainer
from testcontainers.core.docker_client import DockerClient

from graph.login import Connection
from graph.provisioning import locked_jars, version

IMAGE = f"neo4j:{version(locked_jars())}-community"


def docker_answers() -> bool:
    """Whether a Docker engine answers here; a client without an engine counts as none."""
    with warnings.catch_warnings():
        # the Docker library leaves its socket open when nobody answers
        warnings.simplefilter("ignore", ResourceWarning)
        answers = _ping()
        gc.collect()
    return answers


def _ping() -> bool:
    try:
        client = DockerClient().client
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, OSError):
        return False


@contextmanager
def container() -> Iterator[Connection]:
    """The locked version of Neo4j in a container that goes when the block ends."""
    password = secrets.token_urlsafe(16)
    with Neo4jContainer(IMAGE, username="neo4j", password=password) as neo4j:
        yield Connection(neo4j.get_connection_url(), "neo4j", password)
