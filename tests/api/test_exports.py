"""Bulk answers over HTTP: the same rows as by pages, resumed, bounded, refused with a code."""

import io
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.doors.exports import EVENT, QUESTION_BYTES, ROWS
from service.house import House
from tests.api.conftest import TOKEN, Ask, Client
from tests.api.test_asking_tables import GROUPS, cells, facts
from tests.api.test_asking_tables import ROWS as ROWS_QUERY
from tests.api.test_limits import code_of


def export(client: Client, question: Any, form: str = "arrow", **more: Any):
    return client.post(f"/exports/{form}", content=orjson.dumps(question), **more)


def table(answer: Any) -> Any:
    assert 200 == answer.status_code, answer.text
    return pa.ipc.open_stream(answer.content).read_all()


QUESTIONS = {
    "all stock": facts("StockPosition"),
    "some, sorted": facts(
        "StockPosition", columns=["item", "onHandUnits"],
        where={"any": [{"column": "onHandUnits", "is": "MORE", "values": ["3"]},
                       {"column": "lot", "is": "STATED"}]},
        orderBy=[{"column": "onHandUnits", "descending": True}, {"column": "item"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_export_has_the_rows_of_the_pages(client: Client, ask: Ask, name: str) -> None:
    """One question in the same words, with the same rows in the same order."""
    question = QUESTIONS[name]
    expected = cells(ask(ROWS_QUERY, of=question))
    found = table(export(client, question)).to_pylist()
    assert [list(row.values()) for row in expected] == [
        [orjson.loads(orjson.dumps(cell)) for cell in row.values()] for row in found
    ]


def test_groups_are_exported(client: Client, ask: Ask, digest: str) -> None:
    """Of the lines of a plan, as Parquet."""
    question = {"lines": digest, "by": [{"column": "kind"}],
                "measures": [{"name": "rows", "told": "ROWS"}]}  # fmt: skip
    answer = export(client, question, "parquet")
    assert (
        cells(ask(GROUPS, of=question), "groups")
        == pq.read_table(io.BytesIO(answer.content)).to_pylist()
    )


def test_an_export_goes_on_where_it_was_cut(client: Client) -> None:
    """By the event of the first answer: its rows are counted, and those that came are skipped."""
    first = export(client, facts("StockPosition"))
    whole, event = table(first), int(first.headers[EVENT])
    assert str(whole.num_rows) == first.headers[ROWS]
    question = {"facts": {"chain": "two_hubs", "className": "StockPosition",
                          "asOf": {"recordedEvent": event}}}  # fmt: skip
    rest = table(export(client, question, params={"skip": "2"}))
    assert whole.slice(2).equals(rest)


def test_an_export_of_a_time_goes_on_by_its_event(client: Client) -> None:
    """The header names an event, however the question said what is known."""
    question = {"facts": {"chain": "two_hubs", "className": "StockPosition",
                          "asOf": {"recorded": datetime.now(UTC).isoformat()}}}  # fmt: skip
    first = export(client, question)
    question["facts"]["asOf"] = {"recordedEvent": int(first.headers[EVENT])}  # type: ignore[index]
    assert table(first).slice(1).equals(table(export(client, question, params={"skip": "1"})))


def test_lines_come_by_number(client: Client, digest: str) -> None:
    """As numbers, not as texts."""
    numbers = table(export(client, {"lines": digest})).column("number").to_pylist()
    assert sorted(numbers) == numbers


def test_no_question_is_exported_that_nobody_trusts(
    house: House, portal: BlockingPortal, tmp_path: Path
) -> None:
    """Where only trusted documents run there are no exports."""
    (tmp_path / "one.graphql").write_bytes(b"{ chains {\r\n name } }\r\n")
    closed = Client(portal, create_app(house, TOKEN, documents=tmp_path))
    answer = export(closed, facts("Item"))
    assert (404, "EXPORTS_OFF") == (answer.status_code, code_of(answer))
    asked = {"documentId": "sha256:" + sha256((tmp_path / "one.graphql").read_bytes()).hexdigest()}
    assert "data" in closed.post("/graphql", json=asked).json()


REFUSED: dict[str, tuple[str, Any, int, str]] = {
    "no object": ("csv", [], 400, "QUESTION_INVALID"),
    "no table": ("csv", {}, 400, "QUESTION_INVALID"),
    "an unknown word": ("csv", facts("Item", colour=1), 400, "QUESTION_INVALID"),
    "no list": ("csv", facts("Item", columns="key"), 400, "QUESTION_INVALID"),
    "an unknown comparison": (
        "csv", facts("Item", where={"column": "key", "is": "LIKE"}), 400, "QUESTION_INVALID"),
    "groups without measures": ("csv", facts("Item", by=[]), 400, "QUESTION_INVALID"),
    "an unknown form": ("pdf", facts("Item"), 404, "UNKNOWN_FORMAT"),
    "an unknown class": ("csv", facts("Dragon"), 404, "UNKNOWN_CLASS"),
    "an unknown chain": ("csv", facts("Item", "nowhere"), 404, "CHAIN_UNKNOWN"),
    "an unknown plan": ("csv", {"lines": "0"}, 404, "PLAN_UNKNOWN"),
    "an unknown column": ("csv", facts("Item", columns=["colour"]), 422, "COLUMN_UNKNOWN"),
    "an event that is none": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item", "asOf": {"recordedEvent": -1}}},
        422, "BAD_TIME"),
    "an event that no log has": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item",
                          "asOf": {"recordedEvent": 2**64 - 1}}}, 422, "BAD_TIME"),
    "an event that is still to come": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item",
                          "asOf": {"recordedEvent": 999_999}}}, 422, "AS_OF_AHEAD"),
    "a time of recording that is not over": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item",
                          "asOf": {"recorded": "2199-01-01T00:00:00Z"}}}, 422, "AS_OF_AHEAD"),
    "a year that no fact states": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item",
                          "asOf": {"effective": "0001-01-01T00:00:00+23:59"}}}, 422, "BAD_TIME"),
    "a time without offset": (
        "csv", {"facts": {"chain": "two_hubs", "className": "Item",
                          "asOf": {"effective": "2026-03-01T06:00:00"}}}, 400, "QUESTION_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_question_that_is_none_has_its_code(client: Client, name: str) -> None:
    """And says which of its words is wrong, before a byte of a file is sent."""
    form, question, status, code = REFUSED[name]
    answer = export(client, question, form)
    assert (status, code) == (answer.status_code, code_of(answer))


@pytest.mark.parametrize("stated", ["skop=2", "skip=1&skip=2", "skip=-1", "skip=", "first=2"])
def test_a_parameter_that_means_nothing_is_refused(client: Client, stated: str) -> None:
    """Else who goes on with a slip in `skip` would have the first rows twice."""
    answer = client.post(f"/exports/csv?{stated}", json=facts("Item"))
    assert (400, "QUERY_PARAMETER") == (answer.status_code, code_of(answer))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 5_000, b'{"where": ' + b"[" * 900])
def test_a_body_that_is_none_has_its_code(client: Client, body: bytes) -> None:
    """Whatever it holds."""
    answer = client.post("/exports/csv", content=body)
    assert (400, "QUESTION_INVALID") == (answer.status_code, code_of(answer))


def test_questions_and_exports_are_bounded(client: Client) -> None:
    """In bytes, and in rows to skip; a place that was taken is given back."""
    answer = client.post("/exports/csv", content=b" " * (QUESTION_BYTES + 1))
    assert (413, "FILE_TOO_LARGE") == (answer.status_code, code_of(answer))
    for skip in ("-1", "x", "1" * 20):
        answer = export(client, facts("Item"), params={"skip": skip})
        assert (400, "QUERY_PARAMETER") == (answer.status_code, code_of(answer))
    for _ in range(9):
        assert 200 == export(client, facts("Item"), "csv").status_code
