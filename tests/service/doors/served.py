"""The service on a socket of loopback, in a process of its own, as `evenkeel serve` runs it."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

from api.tokens import local_token
from graph.login import Connection

ROOT = Path(__file__).parents[3]
SECONDS = 120
CHAIN = "two_hubs"
TOKEN = "t" * 43
MAPPING = """
format: evenkeel-mapping/1
chain: two_hubs
source: SOURCE
version: 1
known: [Item, Location]
files:
  - file: stock.csv
    principal:
      class: StockPosition
      fields:
        item: item
        location: location
        lot: lot
        on_hand_units: units
        total_units: units
"""
SOURCES = ("wms", "erp", "slow")


@dataclass(frozen=True)
class Served:
    """A running service, and a client of it."""

    port: int
    token: str
    process: "subprocess.Popen[bytes]"
    http: httpx.Client

    def post(self, source: str, body: Any, ce: dict[str, str] | None = None, **asked: Any) -> Any:
        """The answer to one delivery; `ce` are attributes of its envelope."""
        headers = {f"ce-{name}": value for name, value in (ce or {}).items()}
        return self.http.post(f"/feeds/{source}", content=body, headers=headers, params=asked)

    def raw(self, head: str) -> socket.socket:
        """A connection on which the head of a request was sent, with the token."""
        found = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        found.sendall(f"{head}\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
        return found


@contextmanager
def served(home: Path, connection: Connection, **settings: str) -> Iterator[Served]:
    """The service over a database and a data folder, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "EVENKEEL_HOME": str(home), "NEO4J_URI": connection.uri, "NEO4J_USER": connection.user,
        "NEO4J_PASSWORD": connection.password,
    } | settings  # fmt: skip
    command = [sys.executable, "-m", "api.command_line", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    token = local_token(home)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS,
                          headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    try:
        with client:
            _wait(process, client)
            yield Served(port, token, process, client)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def _wait(process: "subprocess.Popen[bytes]", client: httpx.Client) -> None:
    """Until it answers; its own end is the bound."""
    while process.poll() is None:
        with suppress(httpx.TransportError):
            client.get("/health")
            return
    raise AssertionError(process.stderr and process.stderr.read())


def rows(*units: int) -> bytes:
    """A file of counts of the lot W1 at north."""
    return b"item,location,lot,units\n" + b"".join(b"widget,north,W1,%d\n" % n for n in units)


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal."""
    return str(answer.json()["errors"][0]["extensions"]["code"])


def posted(application: FastAPI, path: str, body: Any, **headers: str) -> httpx.Response:
    """The answer of a service in this process, without a socket; a body is bytes, or JSON."""

    async def post() -> httpx.Response:
        where = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=where, base_url="http://evenkeel") as client:
            given = {"Authorization": f"Bearer {TOKEN}"} | headers
            if isinstance(body, bytes | AsyncIterator):
                return await client.post(path, content=body, headers=given)
            return await client.post(path, json=body, headers=given)

    return anyio.run(post)
