"""A process that forks services: each approves a plan and kills itself at a point on the way."""

import json
import os
import sys
from pathlib import Path

from neo4j import ManagedTransaction

from graph.login import Connection, open_driver
from graph.settings import Settings
from service.governing import approving
from service.house import house_on
from tests.graph.crash_child import Fuse


def main() -> None:
    """For each line of input, `home`, `plan` and `deadly`, one service; prints how it ended."""
    connection = Connection(sys.argv[1], sys.argv[2], os.environ["CRASH_CHILD_PASSWORD"])
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _approve(connection, Path(order["home"]), order["plan"], order["deadly"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _approve(connection: Connection, home: Path, plan: str, deadly: int) -> None:
    fuse = Fuse(deadly)
    with open_driver(connection) as driver:
        house = house_on(driver, Settings(home=home))
        fuse.around(ManagedTransaction, "_commit", after=True)
        fuse.around(os, "fsync", after=True)
        approving.approve(house, plan, "go", "ann")


if __name__ == "__main__":
    main()
