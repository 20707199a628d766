"""Whole answers as Arrow: a stream of batches that goes on where it was cut off."""

import io
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from evenkeel_client.errors import EvenkeelError, unreadable
from evenkeel_client.sending import Connection, CutOffError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pyarrow.lib import RecordBatch, RecordBatchReader  # what `pyarrow` exports

ROWS = "Evenkeel-Rows"
EVENT = "Evenkeel-Recorded-Event"
FORMS = ("parquet", "csv", "xlsx", "arrow")
PIECE_BYTES = 2**16
Progress = Callable[[int, int], None]
"""Is told the rows that came, and the rows that there are in all."""


class Export:
    """One question whose whole answer is streamed, as of one event."""

    def __init__(
        self, connection: Connection, question: Mapping[str, Any], progress: Progress | None
    ) -> None:
        self._connection, self._progress = connection, progress
        self._question = dict(question)
        self.rows = 0
        """The rows that came."""
        self._in_all: int | None = None

    def reader(self) -> "RecordBatchReader":
        """The batches as they come. What is cut off is asked for again without what came.

        All of them are as of one event, in one order, each row once. Raises EvenkeelError while
        it is read, `CUT_OFF` where nothing more came for several tries.
        """
        pa = _arrow()
        batches = self._batches()
        first = next(batches)
        return pa.RecordBatchReader.from_batches(
            first.schema, (one for one in batches if one.num_rows)
        )

    def _batches(self) -> Iterator["RecordBatch"]:
        """The batches, the first of which may have no rows, so that there is a schema."""
        tried, had = 0, -1
        while True:
            try:
                yield from self._once()
            except CutOffError as error:
                tried, had = (0 if self.rows > had else tried + 1), self.rows
                if tried >= self._connection.patience.tries:
                    raise error.told from error.__cause__
                time.sleep(self._connection.patience.seconds(tried, error.retry_after))
            else:
                return

    def _once(self) -> Iterator["RecordBatch"]:
        pa = _arrow()
        asked = {"params": {"skip": str(self.rows)}} if self.rows else {}
        with self._connection.streamed("POST", "/exports/arrow", json=self._question,
                                       **asked) as answer:  # fmt: skip
            self._pin(answer)
            try:
                with pa.ipc.open_stream(_Body(answer.iter_bytes(PIECE_BYTES))) as found:
                    if not self.rows:
                        yield pa.RecordBatch.from_pylist([], schema=found.schema)
                    for batch in found:
                        self.rows += batch.num_rows
                        if self._progress:
                            self._progress(self.rows, self._in_all or 0)
                        yield batch
            except (pa.ArrowInvalid, OSError) as error:
                raise _cut_off(self.rows, self._in_all) from error
        if self.rows != self._in_all:  # a stream may end between two batches without a sign of it
            raise _cut_off(self.rows, self._in_all)

    def _pin(self, answer: httpx.Response) -> None:
        """Hold all that follows to the event of the first answer."""
        try:
            in_all, event = int(answer.headers[ROWS]), int(answer.headers[EVENT])
        except (KeyError, ValueError) as error:
            raise unreadable("an export without its rows", answer.status_code) from error
        if self._in_all not in (None, in_all):
            raise unreadable("an export whose rows changed", answer.status_code)
        self._in_all = in_all
        if facts := self._question.get("facts"):
            stated = {k: v for k, v in facts.get("asOf", {}).items() if k == "effective"}
            self._question["facts"] = {**facts, "asOf": {**stated, "recordedEvent": event}}


def saved(
    connection: Connection, question: Mapping[str, Any], path: Path, form: str
) -> int:  # fmt: skip
    """Write the answer into a file that is not there yet; gives its rows.

    A file that was cut off is asked for from its beginning, since a file of `parquet` or `xlsx`
    cannot go on; half a file is never left. Raises EvenkeelError, FileExistsError, OSError.
    """
    if form not in FORMS:
        raise EvenkeelError(f"there is no format `{form}`", code="UNKNOWN_FORMAT",
                            hint=f"use one of: {', '.join(FORMS)}", fault="input")  # fmt: skip
    with path.open("xb") as file:
        try:
            return connection.again(
                lambda: _written(connection, question, file, form), is_safe=True
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _written(
    connection: Connection, question: Mapping[str, Any], file: io.BufferedWriter, form: str
) -> int:
    file.seek(0)
    file.truncate()
    with connection.streamed("POST", f"/exports/{form}", json=question) as answer:
        file.writelines(answer.iter_bytes(PIECE_BYTES))
        return int(answer.headers[ROWS])


def pandas_frame(reader: "RecordBatchReader") -> "pd.DataFrame":
    """A frame whose columns keep their Arrow types: no whole number becomes a float."""
    try:
        import pandas as pd
    except ImportError as error:
        raise _missing("pandas") from error
    found: pd.DataFrame = reader.read_all().to_pandas(types_mapper=pd.ArrowDtype)
    return found


def polars_frame(reader: "RecordBatchReader") -> "pl.DataFrame":
    """A frame of the same columns."""
    try:
        import polars as pl
    except ImportError as error:
        raise _missing("polars") from error
    found = pl.from_arrow(reader.read_all())
    if not isinstance(found, pl.DataFrame):
        raise unreadable("no table", 200)
    return found


class _Body(io.RawIOBase):
    """The body of an answer as a file to read from."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__()
        self._parts, self._held = parts, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = [self._held]
        had = len(self._held)
        while size < 0 or had < size:
            part = next(self._parts, b"")
            if not part:
                break
            found.append(part)
            had += len(part)
        whole = b"".join(found)
        end = len(whole) if size < 0 else size
        self._held = whole[end:]
        return whole[:end]


def _cut_off(rows: int, in_all: int | None) -> CutOffError:
    return CutOffError(EvenkeelError(
        f"the export was cut off after {rows} of {in_all} rows", code="CUT_OFF",
        hint="ask again", fault="outside",
    ))  # fmt: skip


def _arrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.ipc
    except ImportError as error:
        raise _missing("arrow") from error
    return pa


def _missing(extra: str) -> EvenkeelError:
    return EvenkeelError(f"a package for `{extra}` is not installed", code="EXTRA_MISSING",
                         hint=f"install evenkeel-client[{extra}]")  # fmt: skip
