"""A process that forks services: each answers two keyed mutations and kills itself on the way."""

import json
import os
import sys
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from neo4j import ManagedTransaction

from api.app import create_app
from graph.login import Connection, open_driver
from graph.settings import Settings
from service.house import house_on
from tests.api.conftest import TOKEN, Client
from tests.graph.crash_child import Fuse

PLAN = """mutation($key: String!) { makePlan(input: {chain: "two_hubs", idempotencyKey: $key}) {
  ... on PlanMade { plan { digest } replayed } ... on Refused { code } } }"""
SIGN = """mutation($key: String!) { signCheckpoint(input: {idempotencyKey: $key}) {
  ... on CheckpointSigned { size checkpoint replayed } ... on Refused { code } } }"""


def main() -> None:
    """For each line of input, `home` and `deadly`, one service; prints whether it lived."""
    connection = Connection(sys.argv[1], sys.argv[2], os.environ["CRASH_CHILD_PASSWORD"])
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _serve(connection, Path(order["home"]), order["deadly"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _serve(connection: Connection, home: Path, deadly: int) -> None:
    fuse = Fuse(deadly)
    with open_driver(connection) as driver, start_blocking_portal() as portal:
        house = house_on(driver, Settings(home=home, person="Olga"))
        client = Client(portal, create_app(house, TOKEN))
        fuse.around(ManagedTransaction, "_commit", after=True)
        fuse.around(os, "fsync", after=False)
        for name, query in (("plan", PLAN), ("sign", SIGN)):
            body = {"query": query, "variables": {"key": f"{name} {deadly}"}}
            client.post("/graphql", json=body)


if __name__ == "__main__":
    main()
