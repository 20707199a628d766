"""Law 6: whoever is killed while they approve has approved and reserved, or done neither."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from governance.plan_cases import APPROVED, WAITING
from graph.login import Connection
from ontology.events import APPROVAL_GIVEN
from service.governing import approving
from service.house import House
from tests.approvals.conftest import status, submitted

ROOT = Path(__file__).parents[2]
Kill = Callable[[str, int], int]


@pytest.fixture
def kill(connection: Connection, house: House) -> Iterator[Kill]:
    """Lets a service approve a plan that dies at a point; gives how it ended."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.approvals.kill_child", connection.uri, connection.user],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CRASH_CHILD_PASSWORD": connection.password},
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    tell, hear = child.stdin, child.stdout

    def killed(plan: str, deadly: int) -> int:
        told = {"home": str(house.settings.home), "plan": plan, "deadly": deadly}
        tell.write(json.dumps(told) + "\n")
        tell.flush()
        return int(hear.readline())

    yield killed
    tell.close()
    child.wait(timeout=60)
    hear.close()


@pytest.mark.slow
def test_killed_at_every_point_of_an_approval(house: House, kill: Kill) -> None:
    """Before and after every commit and flush; then approved by whoever comes next, once."""
    deadly, seen = 1, set()
    while True:
        plan = submitted(house)
        ended = kill(plan, deadly)
        house.projection.catch_up()
        found = status(house, plan)
        seen.add(found)
        assert bool(approving.left_of(house, plan)) == (found == APPROVED)
        if found == WAITING:
            approving.approve(house, plan, "again", "ann")
        given = [event for event in house.projection.log.events()
                 if event.kind == APPROVAL_GIVEN and event.payload["plan"] == plan]  # fmt: skip
        assert (len(given), status(house, plan)) == (1, APPROVED)
        query = "MATCH (:Plan {digest: $plan})<-[:RESERVED_FOR]-(r) RETURN count(r) AS held"
        (row,) = house.driver.execute_query(query, plan=plan).records
        assert row["held"] == len(given[0].payload["promises"])
        if ended == 0:
            break
        approving.void(house, plan, "the next point", "pia")
        deadly += 1
    assert seen == {WAITING, APPROVED}
    assert deadly > 2
