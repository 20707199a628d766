"""The files for those with Docker: parsed here, and run where an engine answers."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph.login import open_driver
from graph.provisioning import locked_jars, version
from tests import containers

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"api", "feeds", "graph", "ontology", "rules", "service", "solver"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """The instructions of the Dockerfile, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_compose_runs_the_locked_neo4j(services: dict[str, Any]) -> None:
    """Compose, the test container and the managed server all run one version."""
    assert services["neo4j"]["image"] == f"neo4j:{version(locked_jars())}-community"
    assert services["neo4j"]["image"] == containers.IMAGE


def test_every_service_is_checked_and_kept_to_loopback(services: dict[str, Any]) -> None:
    """Each service has a health check and publishes its ports on loopback alone."""
    assert set(services) == {"neo4j", "evenkeel"}
    for service in services.values():
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert service["ports"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_service_waits_for_a_healthy_database(services: dict[str, Any]) -> None:
    """The service starts when Neo4j answers, at the address that compose gives it."""
    service = services["evenkeel"]
    assert service["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert service["environment"]["NEO4J_URI"] == "bolt://neo4j:7687"


def test_no_password_is_written_down(services: dict[str, Any]) -> None:
    """Passwords come from the environment, and compose refuses to start without one."""
    secret = re.compile(r"^(neo4j/)?\$\{NEO4J_PASSWORD:\?.+\}$")
    for service in services.values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name or "AUTH" in name:
                assert secret.match(value), name
    # the image turns every NEO4J_ variable into a setting, and the server refuses unknown ones
    assert "NEO4J_PASSWORD" not in services["neo4j"]["environment"]


def test_image_installs_the_lock_and_drops_root(dockerfile: list[str]) -> None:
    """The image installs with hashes, holds every package, and runs as a user of its own."""
    assert any("--require-hashes --requirement requirements.lock" in line for line in dockerfile)
    copied = {line.split()[1] for line in dockerfile if line.startswith("COPY")}
    assert copied >= PACKAGES
    assert all((ROOT / name).exists() for name in copied)
    user = dockerfile.index("USER evenkeel")
    assert not any(line.startswith(("RUN", "COPY")) for line in dockerfile[user:])


def test_image_is_built_from_the_named_folders_alone(dockerfile: list[str]) -> None:
    """The build context leaves everything out but what the image copies."""
    rules = (ROOT / ".dockerignore").read_text().split()
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert rules[0] == "*"
    assert let_in == {line.split()[1] for line in dockerfile if line.startswith("COPY")}


def test_container_answers() -> None:
    """The container that the tests use where Docker answers is an empty Neo4j."""
    if not containers.docker_answers():
        pytest.skip("no Docker engine answers here")
    with containers.container() as connection, open_driver(connection) as driver:
        assert driver.execute_query("MATCH (n) RETURN count(n) AS nodes").records[0]["nodes"] == 0
