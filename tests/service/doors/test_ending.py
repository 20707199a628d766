"""`evenkeel serve` is stopped by a signal: at once, without a word too many, nothing by halves."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from graph.log import Log
from graph.login import Connection
from service.house import House
from service.recovery import inspect
from tests.service.doors.served import SECONDS, Served, rows, served

SENDERS = 4


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_ends_the_service_and_nothing_else(
    house: House, home: Path, connection: Connection, log: Log, how: signal.Signals
) -> None:
    """Status 0, no traceback; acknowledged deliveries are logged, a half one is not, all is sound.

    Meanwhile some deliver, one uploads and does not go on, and one follows the changes.
    """
    with served(home, connection) as service, ThreadPoolExecutor(SENDERS + 1) as pool:
        half = service.raw(
            "POST /feeds/slow HTTP/1.1\r\nContent-Type: text/csv\r\nce-id: half\r\n"
            "Content-Length: 9999"
        )
        half.sendall(rows(1))
        following = pool.submit(_followed, service)
        names = [f"{how.name} {at}" for at in range(SENDERS)]
        sent = [pool.submit(_posted, service, name, at) for at, name in enumerate(names)]
        first = sent[0].result(SECONDS)
        service.process.send_signal(how)
        acknowledged = [first, *(each.result(SECONDS) for each in sent[1:])]
        said = service.process.communicate(timeout=SECONDS)[1].decode()
        assert "retry: 1000" in following.result(SECONDS), "the stream ended as streams end"
        assert b" 503 " in half.recv(100), "who is cut off is told"
        half.close()
    assert (0, "") == (service.process.returncode, _complaints(said))
    told = {str(event.payload.get("feed")) for event in log.read()}
    assert {name for name in acknowledged if name} <= told
    assert "half" not in told
    assert inspect(house)["sound"]
    assert [] == list((home / "spool").glob("*/*")), "what was not handed over is gone"


def _posted(service: Served, name: str, at: int) -> str:
    """The name of the delivery where it was acknowledged, else nothing."""
    try:
        answer = service.post("erp", rows(at), {"id": name})
    except httpx.TransportError:
        return ""
    return name if answer.status_code == 200 else ""


def _followed(service: Served) -> str:
    """All that a follower of the changes is told until the stream ends."""
    with service.http.stream("GET", "/changes") as answer:
        return "".join(answer.iter_text())


def _complaints(said: str) -> str:
    """The lines of standard error that tell of no address, token or request that was cut off."""
    known = ("GraphQL at ", "the token is in ", "Cancel 1 running task")
    return os.linesep.join(
        line for line in said.splitlines() if not any(word in line for word in known)
    )
