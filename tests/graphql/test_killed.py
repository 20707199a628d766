"""Law 6: a service that is killed between acting and answering has answered all the same."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.login import Connection
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from tests.counted import write_counts
from tests.graphql.conftest import Ask
from tests.graphql.kill_child import PLAN, SIGN
from tests.graphql.world import CHAIN, DAY, World

ROOT = Path(__file__).parents[2]
STEP = 5
Serve = Callable[[int], int]


@pytest.fixture
def serve(connection: Connection, world: World) -> Iterator[Serve]:
    """Lets a service answer that dies at a point; gives how it ended."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.graphql.kill_child", connection.uri, connection.user],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CRASH_CHILD_PASSWORD": connection.password},
    )  # fmt: skip
    home = str(world.house.settings.home)

    def served(deadly: int) -> int:
        assert child.stdin
        assert child.stdout
        child.stdin.write(json.dumps({"home": home, "deadly": deadly}) + "\n")
        child.stdin.flush()
        return int(child.stdout.readline())

    yield served
    assert child.stdin
    assert child.stdout
    child.stdin.close()
    child.wait(timeout=60)
    child.stdout.close()


def deliver(house: House, folder: Path, lot: str) -> None:
    """Another fact, so that whoever plans again makes another plan."""
    mapping = house.settings.data_folder / "mappings" / "wms.yaml"
    files, _ = write_counts(folder, [f"widget,north,{lot},3,{DAY}"], mapping.read_text())
    sync(house, files, mapping, Delivery("ann", lot))


def answers(house: House, key: str) -> list[Any]:
    """The events that answer a request."""
    return [event for event in house.projection.log.events()
            if str(event.payload.get("request")).endswith(f"/{key}")]  # fmt: skip


def test_killed_between_acting_and_answering(
    world: World, ask: Ask, serve: Serve, tmp_path: Path
) -> None:
    """Killed at every fifth commit and flush; the same key has one event, and its answer."""
    deadly, before_retry = 1, 0
    while True:
        deliver(world.house, tmp_path, f"A{deadly}")
        ended = serve(deadly)
        world.house.projection.catch_up()
        kept = {name: answers(world.house, f"{name} {deadly}") for name in ("plan", "sign")}
        before_retry += len(kept["plan"]) + len(kept["sign"])
        deliver(world.house, tmp_path, f"B{deadly}")
        made = [ask(PLAN, key=f"plan {deadly}")["makePlan"] for _ in range(2)]
        signed = [ask(SIGN, key=f"sign {deadly}")["signCheckpoint"] for _ in range(2)]
        (planned,), (answered,) = (answers(world.house, f"{name} {deadly}")
                                   for name in ("plan", "sign"))  # fmt: skip
        assert [planned.payload["plan"]] * 2 == [one["plan"]["digest"] for one in made]
        assert kept["plan"] in ([], [planned])
        assert [bool(kept["plan"]), True] == [one["replayed"] for one in made]
        assert kept["sign"] in ([], [answered])
        assert signed[0]["checkpoint"] == signed[1]["checkpoint"]
        assert signed[0]["size"] == answered.sequence - 1
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        deadly += STEP
    assert deadly > 2 * STEP
    assert before_retry
    assert world.house.projection.log.head() == world.house.projection.log.audit()
    assert CHAIN in world.house.projection.log.chains()
