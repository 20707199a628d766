"""Laws of whole answers: the rows of the pages, each once, whatever is cut off on the way."""

from collections.abc import Iterator
from itertools import count, repeat
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evenkeel_client.answers.inputs import (
    As,
    FactsInput,
    GroupBy,
    GroupsInput,
    MeasureInput,
    OrderBy,
    RowsInput,
)
from evenkeel_client.client import Client
from evenkeel_client.errors import EvenkeelError
from service.asking import files
from service.asking.sheets import Sheet
from tests.api.served import Served
from tests.evenkeel_client.conftest import AT_ONCE, SOURCE, client_of
from tests.faults.proxy import Proxy, lost
from tests.service.doors.served import CHAIN, TOKEN

STOCK = RowsInput(
    facts=FactsInput(chain=CHAIN, class_name="StockPosition"),
    order_by=[OrderBy(column="onHandUnits", descending=True)],
)
GROUPS = GroupsInput(
    facts=FactsInput(chain=CHAIN, class_name="StockPosition"), by=[GroupBy(column="item")],
    measures=[MeasureInput(name="units", told=As.SUM, column="onHandUnits")],
)  # fmt: skip


def test_a_table_has_the_rows_of_the_pages(client: Client) -> None:
    """In their order, and so have its groups."""
    assert list(client.rows(STOCK, page_rows=2)) == plain(client.table(STOCK))
    assert list(client.groups(GROUPS)) == client.table(GROUPS).to_pylist()


def plain(table: Any) -> list[dict[str, Any]]:
    return [
        {name: cell.isoformat() if hasattr(cell, "isoformat") else cell
         for name, cell in row.items()}
        for row in table.to_pylist()
    ]  # fmt: skip


def test_lines_of_a_plan_are_a_table(client: Client, digest: str) -> None:
    """By number, as the typed question has them."""
    numbers = client.table(RowsInput(lines=digest)).column("number").to_pylist()
    assert [line.number for line in client.plan_lines(digest)] == numbers


def test_frames_keep_whole_numbers_and_days(client: Client) -> None:
    """A column of whole numbers with cells that are not stated has no float in pandas or polars."""
    stock = RowsInput(facts=FactsInput(chain=CHAIN, class_name="Item"))
    table, frame, other = client.table(stock), client.pandas(stock), client.polars(stock)
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(other, pl.DataFrame)
    days = "minimumRemainingLifeDays"
    assert table.column(days).null_count not in (0, table.num_rows)
    assert "int64[pyarrow]" == str(frame[days].dtype)
    assert pl.Int64 == other[days].dtype
    assert (
        table.column("minimumRemainingLifeDays").to_pylist()
        == other["minimumRemainingLifeDays"].to_list()
    )
    assert table.to_pylist() == other.to_dicts()
    assert table.column("key").to_pylist() == frame["key"].to_list()


def test_a_table_without_rows_has_its_columns(client: Client) -> None:
    """With their types."""
    found = client.table(RowsInput(facts=FactsInput(chain=CHAIN, class_name="Carrier")))
    assert 0 == found.num_rows
    assert "key" in found.column_names


def test_progress_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that came and rows in all, batch by batch."""
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 2)
    seen: list[tuple[int, int]] = []
    rows = client.table(STOCK, progress=lambda had, of: seen.append((had, of))).num_rows
    assert [(had, rows) for had in [*range(2, rows, 2), rows]] == seen


def test_what_is_cut_off_goes_on(
    client: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a connection ends, in a batch or between two: the same rows in the same order."""
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 1)
    expected, cuts = client.table(STOCK), 0
    for at in count(1):
        with client_of(f"http://127.0.0.1:{proxy.port}") as cut:
            proxy.arm(lost, at)
            assert expected.equals(cut.table(STOCK))
        if not proxy.happened.is_set():
            break
        cuts += 1
    assert cuts >= 1


class Shortened(httpx.BaseTransport):
    """Ends the bodies of answers after some bytes without a sign of it, as some proxies do."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self.sizes: Iterator[int] = iter(())
        """Of the next bodies; those after are whole."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._real.handle_request(request)
        body = b"".join(answer.iter_raw())
        headers = {name: value for name, value in answer.headers.items()
                   if name not in ("transfer-encoding", "content-length")}  # fmt: skip
        answer.close()
        return httpx.Response(answer.status_code, headers=headers,
                              content=body[: next(self.sizes, len(body))])  # fmt: skip

    def close(self) -> None:
        self._real.close()


def test_a_body_that_ends_early_is_not_taken_for_the_end(
    client: Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every length, once: the rest is asked for; always: it is told, and no row is invented."""
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 1)
    question = RowsInput(
        facts=FactsInput(chain=CHAIN, class_name="StockPosition"), columns=["item", "onHandUnits"]
    )
    expected = client.table(question)
    whole = sum(len(part) for part in files.written(Sheet("stock", expected), "arrow"))
    cutting = Shortened()
    http = httpx.Client(transport=cutting)
    with Client(served.address, TOKEN, patience=AT_ONCE, http=http) as cut:
        for size in range(0, whole, 37):
            cutting.sizes = iter([size])
            assert expected.equals(cut.table(question)), size
        cutting.sizes = repeat(300)
        with pytest.raises(EvenkeelError) as caught:
            cut.table(question)
    assert "CUT_OFF" == caught.value.code


def test_what_comes_meanwhile_is_in_no_batch(
    client: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that was cut off goes on as of the event of its beginning."""
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 1)
    expected = client.table(STOCK)
    reader = client.batches(STOCK)
    first = [reader.read_next_batch() for _ in range(3)]
    client.deliver(SOURCE, b"item,location,lot,units\ngadget,south,,1\n")
    rest = list(reader)
    assert expected.equals(pa.Table.from_batches([*first, *rest]))
    assert not expected.equals(client.table(STOCK))


def test_files_are_written_whole_or_not_at_all(
    client: Client, proxy: Proxy, tmp_path: Path
) -> None:
    """Of every form; one that was cut off is asked for again, and none is written over."""
    for form in ("parquet", "csv", "xlsx", "arrow"):
        path = tmp_path / f"stock.{form}"
        with client_of(f"http://127.0.0.1:{proxy.port}") as cut:
            proxy.arm(lost, 1)
            assert client.table(STOCK).num_rows == cut.save(STOCK, path, form)
        with pytest.raises(FileExistsError):
            client.save(STOCK, path, form)
        again = path.with_stem("again")
        client.save(STOCK, again)  # by its ending
        if form != "xlsx":  # which holds the time of its making
            assert path.read_bytes() == again.read_bytes()
    assert client.table(STOCK).equals(pq.read_table(tmp_path / "stock.parquet"))
    with pytest.raises(EvenkeelError):
        client.save(RowsInput(lines="0" * 64), tmp_path / "none.csv", "csv")
    assert not (tmp_path / "none.csv").exists()
