"""A process that forks senders: each syncs a script and kills itself at a point of its way."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from neo4j import ManagedTransaction

import service.intake.sync  # noqa: F401 (what a sender needs is loaded once, before the forks)
from graph.login import Connection, open_driver
from graph.settings import Settings
from service.house import House, house_on
from tests.faults.source import script
from tests.graph.crash_child import Fuse

NOTHING = 0


def main() -> None:
    """For each line of input (a JSON object) one sender; prints how it ended and what it passed.

    `home`, `chain`, `seed`, `count`, `deadly` (the point to die at) and `limit` (so many rows of
    an event become nodes in its own transaction).
    """
    connection = Connection(sys.argv[1], sys.argv[2], os.environ["CRASH_CHILD_PASSWORD"])
    for line in sys.stdin:
        order = json.loads(line)
        told, tells = os.pipe()
        child = os.fork()
        if child == NOTHING:
            os.close(told)
            _send(connection, order, tells)
            os._exit(0)
        os.close(tells)
        with os.fdopen(told) as said:
            acknowledged = said.read().split()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "said": acknowledged}))
        sys.stdout.flush()


def _send(connection: Connection, order: dict[str, int | str], tells: int) -> None:
    """Sync the script; tell what was acknowledged, by name, and at the end the points passed."""
    fuse, home = Fuse(int(order["deadly"])), Path(str(order["home"]))
    chain = str(order["chain"])
    with open_driver(connection) as driver:
        house = _house(house_on(driver, Settings(home=home)), int(order["limit"]))
        fuse.around(ManagedTransaction, "run", after=False)
        fuse.around(ManagedTransaction, "_commit", after=True)
        fuse.around(os, "fsync", after=True)
        for sent in script(int(order["seed"]), int(order["count"])):
            sent.send(house, home / "sent", chain)
            os.write(tells, f"{sent.name}\n".encode())
    os.write(tells, f"{fuse.passed}\n".encode())


def _house(house: House, limit: int) -> House:
    projection = replace(house.projection, in_transaction_rows=limit, batch_rows=3)
    return replace(house, projection=projection, reader=projection.reader)


if __name__ == "__main__":
    main()
