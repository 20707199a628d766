"""POST /feeds/{source} on a real socket: what is acknowledged is logged, once, or not at all."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest

from api.app import create_app
from graph.log import Log
from graph.login import Connection, open_driver
from graph.settings import Settings
from service.doors.door_bounds import DoorBounds
from service.doors.registered import forget, register
from service.doors.spool import spool
from service.house import House, house_on
from tests.limits import largest_file
from tests.service.doors.served import CHAIN, MAPPING, TOKEN, Served, code_of, posted, rows, served


def test_what_is_acknowledged_is_logged_with_its_envelope(service: Served, log: Log) -> None:
    """The answer is the account of `sync`; the event has all that the headers said."""
    said = {"id": "count-1", "source": "wms", "specversion": "1.0", "type": "counted",
            "time": "2026-03-01T06:00:00Z", "sequence": "7", "correlationid": "t%20é".replace(
                "é", "%C3%A9"), "dataschema": "stock/2", "confidence": "90"}  # fmt: skip
    answer = service.post("wms", rows(5), said)
    account = answer.json()
    assert (200, "count-1", False) == (answer.status_code, account["feed"], account["replayed"])
    assert 1 == account["files"][0]["rows"]
    (event,) = log.read(after=account["event"] - 1, limit=1)
    found = {name: event.payload.get(name) for name in
             ("source", "feed", "number", "correlation_id", "schema_version",
              "confidence_percent")}  # fmt: skip
    assert {"source": "wms", "feed": "count-1", "number": 7, "correlation_id": "t é",
            "schema_version": "stock/2", "confidence_percent": 90} == found  # fmt: skip
    assert ("http", "2026-03-01T06:00:00+00:00") == (event.agent, event.effective_at.isoformat())


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown source": ({"source": "other"}, 404, "SOURCE_UNKNOWN"),
    "a path": ({"source": "..%2Fapi-token"}, 404, ""),
    "wrong time": ({"ce": {"time": "yesterday"}}, 400, "ENVELOPE_INVALID"),
    "wrong number": ({"ce": {"sequence": "-1"}}, 400, "ENVELOPE_INVALID"),
    "too sure": ({"ce": {"confidence": "101"}}, 400, "ENVELOPE_INVALID"),
    "another's": ({"ce": {"source": "erp"}}, 400, "ENVELOPE_INVALID"),
    "another version": ({"ce": {"specversion": "0.3"}}, 400, "ENVELOPE_INVALID"),
    "misspelt": ({"dryrun": "1"}, 400, "QUERY_PARAMETER"),
    "half": ({"dry_run": "yes"}, 400, "QUERY_PARAMETER"),
    "another file": ({"file": "prices.csv"}, 400, "FILE_NOT_MAPPED"),
    "nothing": ({"body": b""}, 422, "FILE_EMPTY"),
    "no columns of it": ({"body": b"a,b\n1,2\n"}, 422, "HEADER_MISSING"),
    "mostly bad": ({"body": rows(1) + b"x,y,z,q\n" * 60}, 422, "GATE_STOPPED"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_and_nothing_of_it_logged(
    service: Served, log: Log, name: str
) -> None:
    """Each fault has its status and code; the log and the spool stay as they were."""
    asked, status, code = REFUSED[name]
    before = log.head().sequence
    more = {"source": "wms", "body": rows(6)} | asked
    answer = service.post(**more)
    assert status == answer.status_code, answer.text
    assert not code or code == code_of(answer)
    assert before == log.head().sequence


def test_a_body_of_a_wrong_kind(service: Served) -> None:
    """Another media type, and anything packed, is 415; a length beyond the limit is 413 unread."""
    for headers, status in [({"Content-Type": "image/png"}, 415),
                            ({"Content-Encoding": "gzip"}, 415)]:  # fmt: skip
        sent = service.http.post("/feeds/wms", content=rows(1), headers=headers)
        assert (status, "MEDIA_TYPE") == (sent.status_code, code_of(sent))
    with service.raw("POST /feeds/wms HTTP/1.1\r\nContent-Length: 99999999999") as line:
        assert b"413" in line.recv(100)


def test_without_the_token_nothing_is_taken(service: Served) -> None:
    """A webhook needs the token as GraphQL does."""
    sent = service.http.post("/feeds/wms", content=rows(1), headers={"Authorization": "Bearer x"})
    assert (401, "ACCESS_DENIED") == (sent.status_code, code_of(sent))


def test_a_delivery_sent_again_is_the_first(service: Served) -> None:
    """Law 6: one event, whoever sends it again, at once or later; another body is 409."""
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: service.post("wms", rows(11), {"id": "again"}), range(8)))
    assert [200] * 8 == [answer.status_code for answer in sent]
    assert 1 == len({answer.json()["event"] for answer in sent})
    assert 7 == sum(answer.json()["replayed"] for answer in sent)
    other = service.post("wms", rows(12), {"id": "again"})
    assert (409, "FEED_CHANGED") == (other.status_code, code_of(other))
    hint = other.json()["errors"][0]["extensions"]["hint"]
    assert hint.endswith("add `ce-supersedes: again`"), "the door says its own word"


def test_a_dry_run_tells_and_writes_nothing(service: Served, log: Log) -> None:
    """The difference is the one that the delivery then makes."""
    before = log.head().sequence
    told = service.post("wms", rows(13), dry_run="1").json()
    assert (True, None, before) == (told["dry_run"], told["event"], log.head().sequence)
    assert told["changes"] == service.post("wms", rows(13)).json()["changes"]
    assert before + 1 == log.head().sequence


def test_a_body_that_stands_still_is_ended(house: House, log: Log) -> None:
    """Half a body and silence is 408, and loads nothing."""
    before = log.head().sequence
    application = create_app(house, TOKEN, bounds=DoorBounds(stall_seconds=1))

    async def half() -> AsyncIterator[bytes]:
        yield rows(1)
        await anyio.sleep_forever()

    answer = posted(application, "/feeds/slow", half())
    assert (408, "UPLOAD_STALLED") == (answer.status_code, code_of(answer))
    assert before == log.head().sequence


def test_a_body_for_which_there_is_no_room_is_sent_again_later(house: House, log: Log) -> None:
    """The disk is full at a file's end or within it: one line, 503, nothing logged or left."""
    application, before = create_app(house, TOKEN), log.head().sequence
    for body in (rows(*range(40)), rows(*range(120_000))):
        with largest_file(300):
            answer = posted(application, "/feeds/wms", body)
        assert (503, "DISK_FULL", "5") == (
            answer.status_code, code_of(answer), answer.headers["Retry-After"])  # fmt: skip
    assert before == log.head().sequence
    assert [] == list((house.settings.data_folder / "spool").rglob("stock.csv"))


def test_a_delivery_is_read_by_the_mapping_that_it_was_let_in_by(
    house: House, log: Log, home: Path, tmp_path: Path
) -> None:
    """Another one, of another chain, that is registered while the body comes is for the next."""
    text, path = MAPPING.replace("SOURCE", "moved"), tmp_path / "mapping.yaml"
    path.write_text(text)
    register(home, path)

    async def body() -> AsyncIterator[bytes]:
        yield rows(21)
        path.write_text(text.replace(f"chain: {CHAIN}", "chain: elsewhere"))
        register(home, path)

    answer = posted(create_app(house, TOKEN), "/feeds/moved", body())
    forget(home, "moved")
    (event,) = log.read(after=answer.json()["event"] - 1, limit=1)
    assert (CHAIN, "moved") == (event.payload["chain"], event.payload["source"])


def test_a_slow_and_a_bad_source_delay_no_other(service: Served, home: Path) -> None:
    """While one source holds open bodies and another sends bad files, a third is answered."""
    stop = Event()

    def bad_files() -> set[int]:
        found = set()
        while not stop.is_set():
            found.add(service.post("erp", b"item,location\n" + b"x,y\n" * 500).status_code)
        return found

    def chunk(size: int) -> bytes:
        return b"%x\r\n" % size + b"widget,north,W1,1\n".ljust(size, b" ") + b"\r\n"

    head = "POST /feeds/slow HTTP/1.1\r\nTransfer-Encoding: chunked"
    lines = [service.raw(head) for _ in range(12)]
    with ThreadPoolExecutor(1) as pool:
        bad = pool.submit(bad_files)
        for number in range(3):
            for line in lines:
                line.sendall(chunk(10_000))  # still coming: it never stalls
            told = service.post("wms", rows(100 + number))
            assert (200, False) == (told.status_code, told.json()["replayed"])
        full = service.post("slow", rows(1))
        assert (429, "QUEUE_FULL") == (full.status_code, code_of(full))
        assert int(full.headers["Retry-After"]) > 0
        stop.set()
        assert {422} == bad.result(120)
    for line in lines:
        line.close()
    while service.post("slow", rows(1)).status_code == 429:  # its places come back
        pass
    left = [path for path in (home / "spool").rglob("*") if path.name == "stock.csv"]
    assert [] == left


def test_what_was_acknowledged_survives_the_death_of_the_service(
    house: House, home: Path, connection: Connection
) -> None:
    """Killed at once after its answer, a new one gives the first answer to the same delivery."""
    with served(home, connection) as first:
        told = first.post("wms", rows(77), {"id": "kept"}).json()
        with first.raw("POST /feeds/wms HTTP/1.1\r\nContent-Length: 1000") as line:
            line.sendall(rows(78))
            first.process.kill()
            first.process.wait(60)
    again = posted(create_app(house, TOKEN), "/feeds/wms", rows(77), **{"ce-id": "kept"}).json()
    assert (told["event"], True) == (again["event"], again["replayed"])


def test_a_service_that_starts_clears_what_a_killed_one_received(
    home: Path, connection: Connection
) -> None:
    """The folder of a killed service is gone once the next one answers; a living one's stays."""
    with spool(home) as living:
        with served(home, connection) as first:
            before = set((home / "spool").iterdir())
            first.post("wms", rows(79), {"id": "before"})
            first.process.kill()
            first.process.wait(60)
        left = set((home / "spool").iterdir()) - before
        assert 1 == len(left)
        with served(home, connection):
            assert (False, True) == (left.pop().exists(), living.exists())


def test_while_the_database_is_away_nothing_is_acknowledged(
    home: Path, connection: Connection, tmp_path: Path
) -> None:
    """A service whose database has gone answers 503, and when to come again."""
    (tmp_path / "mappings").symlink_to(home / "mappings")
    driver = open_driver(connection)
    application = create_app(house_on(driver, Settings(home=tmp_path)), TOKEN)
    driver.close()
    answer = posted(application, "/feeds/wms", rows(1))
    assert (503, "DATABASE_FAILED") == (answer.status_code, code_of(answer))
    assert int(answer.headers["Retry-After"]) > 0
