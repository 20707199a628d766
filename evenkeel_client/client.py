"""The client: what may be asked and done, tables, files, deliveries, changes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx

from evenkeel_client.answers.actions import ActionsQuestions, PlanDrafted, PlanMade
from evenkeel_client.answers.comparisons import ComparisonsQuestions
from evenkeel_client.answers.facts import FactsQuestions
from evenkeel_client.answers.figures import FiguresQuestions
from evenkeel_client.answers.inputs import GroupsInput, PlanInput, RowsInput
from evenkeel_client.answers.lines import LinesQuestions
from evenkeel_client.answers.log import LogQuestions
from evenkeel_client.answers.plans import PlansQuestions
from evenkeel_client.answers.reasons import ReasonsQuestions
from evenkeel_client.answers.tables import TablesQuestions
from evenkeel_client.asking import TABLE_PAGE_ROWS, as_json
from evenkeel_client.changes import Change, followed
from evenkeel_client.errors import EvenkeelError
from evenkeel_client.sending import Connection, Patience
from evenkeel_client.tables import Export, Progress, pandas_frame, polars_frame, saved

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pyarrow.lib import RecordBatchReader  # what `pyarrow` exports
    from pyarrow.lib import Table as ArrowTable

Table = RowsInput | GroupsInput


class Client(
    ActionsQuestions, ComparisonsQuestions, FactsQuestions, FiguresQuestions, LinesQuestions,
    LogQuestions, PlansQuestions, ReasonsQuestions, TablesQuestions,
):  # fmt: skip
    """A client of one service. Every method raises EvenkeelError, and nothing else of its own.

    Questions are sent again where no answer came; so are deliveries, which act once however often
    they come, and mutations that carry an idempotency key. Lists are iterators that ask for a page
    when they need it. Any number of threads may use one client.
    """

    def __init__(
        self, address: str, token: str, *, patience: Patience | None = None,
        http: httpx.Client | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Connection(address, token, patience=patience or Patience(), http=http))

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Give its connections back."""
        self.close()

    def close(self) -> None:
        """Give its connections back."""
        self._connection.close()

    def rows(
        self, of: RowsInput, *, page_rows: int = TABLE_PAGE_ROWS
    ) -> Iterator[Mapping[str, Any]]:  # fmt: skip
        """Rows of facts or of plan lines, cells by column; all pages show what the first saw."""
        return (row.cells for row in self.table_rows(of, page_rows=page_rows))

    def groups(
        self, of: GroupsInput, *, page_rows: int = TABLE_PAGE_ROWS
    ) -> Iterator[Mapping[str, Any]]:  # fmt: skip
        """Groups of rows with their measures, by the names of keys and measures."""
        return (row.cells for row in self.table_groups(of, page_rows=page_rows))

    def batches(self, of: Table, *, progress: Progress | None = None) -> "RecordBatchReader":
        """The whole answer as Arrow batches, as they come; what is cut off goes on by itself."""
        return Export(self._connection, as_json(of), progress).reader()

    def table(self, of: Table, *, progress: Progress | None = None) -> "ArrowTable":
        """The whole answer as an Arrow table."""
        return self.batches(of, progress=progress).read_all()

    def pandas(self, of: Table, *, progress: Progress | None = None) -> "pd.DataFrame":
        """The whole answer as a pandas frame with Arrow's types."""
        return pandas_frame(self.batches(of, progress=progress))

    def polars(self, of: Table, *, progress: Progress | None = None) -> "pl.DataFrame":
        """The whole answer as a polars frame."""
        return polars_frame(self.batches(of, progress=progress))

    def save(self, of: Table, path: Path | str, form: str = "") -> int:
        """The whole answer as a new file of `parquet`, `csv`, `xlsx` or `arrow`; gives its rows.

        The form is the ending of the file's name where it is not given.
        """
        stated = form or Path(path).suffix.removeprefix(".").lower()
        return saved(self._connection, as_json(of), Path(path), stated)

    def make_plan(self, input: PlanInput) -> PlanMade:  # noqa: A002 - the name of its argument
        """Plan a chain on its present facts, and save the plan."""
        if input.dry_run:
            raise EvenkeelError("a dry run makes no plan", code="DRY_RUN", hint="`draft_plan` "
                                "gives the plan that would be made", fault="input")  # fmt: skip
        return super().make_plan(input)

    def draft_plan(self, input: PlanInput) -> PlanDrafted:  # noqa: A002 - as above
        """The plan that `make_plan` would make; nothing is saved, whatever the input says."""
        return super().draft_plan(replace(input, dry_run=True))

    def deliver(
        self, source: str, data: bytes | Path, *, file: str = "", media_type: str = "",
        id: str = "", dry_run: bool = False, close_all: bool = False,  # noqa: A002
        envelope: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:  # fmt: skip
        """Deliver a file to a source; gives the account of its rows.

        The same delivery acts once, however often it comes: it is known by `id`, else by its
        content. `file` says which file of the mapping it is, `envelope` is what else is said of
        it (`time`, `sequence`, `supersedes`, ...).
        """
        content = data.read_bytes() if isinstance(data, Path) else data
        name = file or (data.name if isinstance(data, Path) else "")
        stated = {"id": id, **(envelope or {})}
        headers = {f"ce-{key}": quote(value, safe=" ") for key, value in stated.items() if value}
        if media_type:
            headers["Content-Type"] = media_type
        asked = {"file": name, "dry_run": "1" if dry_run else "",
                 "close_all": "1" if close_all else ""}  # fmt: skip
        account: Mapping[str, Any] = self._connection.document(
            f"/feeds/{quote(source, safe='')}", content, is_safe=True, headers=headers,
            params={key: value for key, value in asked.items() if value},
        )  # fmt: skip
        return account

    def follow(
        self, after: str = "0", *, chain: str = "", kinds: tuple[str, ...] = (), region: str = "",
        partner: str = "", for_ever: bool = True,
    ) -> Iterator[Change]:  # fmt: skip
        """What each event changed, from a position on, each change once and in order.

        Keep `change.at`, and begin with it the next time. Not `for_ever`, it ends once nothing new
        has come for a heartbeat.
        """
        asked = {"chain": chain, "kinds": ",".join(kinds), "region": region, "partner": partner}
        wanted = {name: value for name, value in asked.items() if value}
        return followed(self._connection, wanted, after, for_ever=for_ever)
