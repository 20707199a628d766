"""Rows and groups of facts and of plan lines as GraphQL: inputs, pages, cells."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.connections import (
    WIDEST_PAGE,
    After,
    Connection,
    FirstOfTable,
    check_first,
    connection,
)
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.moments import AsOfInput
from api.graphql.persons_told import with_names
from ontology.canonical import LARGEST_INTEGER, digest_of
from ontology.errors import InputError
from service.asking.conditions import DEEPEST, Condition, Is
from service.asking.grouping import As, Key, Measure, Per
from service.asking.ordering import Order
from service.asking.questions import FactsOf, LinesOf, Selection, Source, event_of, pinned_at

strawberry.enum(Is, name="Is", description="How a cell compares with the values of a condition.")
strawberry.enum(As, name="As", description="What is told of a column's cells in a group.")
strawberry.enum(Per, name="Per", description="How much of days or times makes a group.")


@strawberry.input(
    description="Which rows: a comparison, or others joined; all that is given holds."
)
class Where:
    """What is not stated compares with nothing; only STATED and `none` see it."""

    column: str = ""
    is_: Is | None = strawberry.field(default=None, name="is")
    values: list[str] = strawberry.field(default_factory=list)
    all: list["Where"] = strawberry.field(default_factory=list)
    any: list["Where"] = strawberry.field(default_factory=list)
    none: list["Where"] = strawberry.field(default_factory=list)

    def asked(self, depth: int = 0) -> Condition:
        """The same for the service. Raises InputError `CONDITION_INVALID`."""
        if depth > DEEPEST:
            raise InputError(f"conditions stand deeper than {DEEPEST}", code="CONDITION_INVALID",
                             hint="see docs/graphql.md")  # fmt: skip
        joined = (tuple(one.asked(depth + 1) for one in those)
                  for those in (self.all, self.any, self.none))  # fmt: skip
        return Condition(self.column, self.is_, tuple(self.values), *joined)


@strawberry.input(description="By a column; what is not stated comes last, and equals by key.")
class OrderBy:
    """A column to sort by."""

    column: str
    descending: bool = False


@strawberry.input(description="A column to group by; days and times per so much.")
class GroupBy:
    """A key of the groups."""

    column: str
    per: Per | None = None


@strawberry.input(description="A figure of each group, under a name. ROWS has no column.")
class MeasureInput:
    """A measure."""

    name: str
    told: As
    column: str = ""


@strawberry.type(description="A row: cells by the names of the columns that were asked for.")
class Row:
    """Whole numbers are JSON numbers within ±(2^53 - 1); days and times are ISO 8601 in UTC."""

    cells: JSON


@strawberry.input(description="The facts of a class of a chain.")
class FactsInput:
    """As of some times, or of now."""

    chain: str
    class_name: str
    as_of: AsOfInput | None = None


@strawberry.input(description="Of one table, facts or the lines of a plan, some rows in an order.")
class RowsInput:
    """`facts`, or `lines`: the digest of a plan. All rows and columns by default, by key."""

    facts: FactsInput | None = None
    lines: str | None = None
    where: Where | None = None
    order_by: list[OrderBy] = strawberry.field(default_factory=list)
    columns: list[str] = strawberry.field(default_factory=list)

    @property
    def source(self) -> Source:
        """The table that is asked. Raises InputError `TABLE_UNKNOWN`."""
        if (self.facts is None) == (self.lines is None):
            raise InputError("a table is either `facts` or `lines`", code="TABLE_UNKNOWN",
                             hint="give one of them")  # fmt: skip
        if self.facts is None:
            return LinesOf(str(self.lines))
        as_of = self.facts.as_of
        return FactsOf(self.facts.chain, self.facts.class_name, as_of.asked() if as_of else None)

    @property
    def selection(self) -> Selection:
        """The same for the service."""
        return Selection(_condition(self.where), _orders(self.order_by), tuple(self.columns))


@strawberry.input(description="Of one table the rows in groups, and figures of each group.")
class GroupsInput(RowsInput):
    """`where` chooses rows, `having` groups; `orderBy` and `having` name keys and measures."""

    by: list[GroupBy] = strawberry.field(default_factory=list)
    measures: list[MeasureInput] = strawberry.field(default_factory=list)
    having: Where | None = None

    @property
    def selection(self) -> Selection:
        """The same for the service."""
        return Selection(
            _condition(self.where), _orders(self.order_by), tuple(self.columns),
            tuple(Key(one.column, one.per) for one in self.by),
            tuple(Measure(one.name, one.told, one.column) for one in self.measures),
            _condition(self.having), grouped=True,
        )  # fmt: skip


@strawberry.type
class TableQueries:
    """Questions about tables."""

    @described
    async def rows(
        self, info: Info, of: RowsInput, first: FirstOfTable = 50, after: After = None
    ) -> Connection[Row]:
        """Facts or plan lines, filtered and sorted; later pages show what the first one saw."""
        return await rows_page(info, of.source, of.selection, first, after)

    @described
    async def groups(
        self, info: Info, of: GroupsInput, first: FirstOfTable = 50, after: After = None
    ) -> Connection[Row]:
        """Facts or plan lines in groups, with counts, sums, means, least and most."""
        return await rows_page(info, of.source, of.selection, first, after)


def _condition(where: Where | None) -> Condition | None:
    return where.asked() if where else None


def _orders(orders: list[OrderBy]) -> tuple[Order, ...]:
    return tuple(Order(one.column, one.descending) for one in orders)


async def rows_page(
    info: Info, source: Source, selection: Selection, first: int, after: str | None
) -> Connection[Row]:
    """A page; every page after the first shows what stood when the first was asked for."""
    context, size = info.context, check_first(first, WIDEST_PAGE)
    scope = f"rows/{digest_of(_plain(asdict(source) | asdict(selection)))}"
    if after:
        sequence, begin = context.cursors.read(scope, after)
        pinned = pinned_at(source, sequence)
    else:
        begin, pinned = 0, await context.read(context.questions.pinned, source,
                                               context.sight)  # fmt: skip
    sheet = await context.read(context.questions.sheet, pinned, selection, context.sight)
    part = sheet.table.slice(begin, size)
    context.count(part.num_rows)
    place = event_of(pinned)
    return connection(
        [Row(cells=_cells(info, cells)) for cells in part.to_pylist()], begin + size < len(sheet),
        scope, context.cursors, lambda row: [place, begin + row + 1],
    )  # fmt: skip


def _cells(info: Info, cells: Mapping[str, Any]) -> JSON:
    return JSON(with_names(info, {name: _cell(name, cell) for name, cell in cells.items()}))


def _cell(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int) and abs(cell) > LARGEST_INTEGER:
        raise InputError(f"a number of `{name}` is outside ±{LARGEST_INTEGER}",
                         code="NUMBER_RANGE", hint="export it: files hold 64 bits")  # fmt: skip
    return cell


def _plain(value: Any) -> Any:
    """What a digest is made of: enums and times as texts."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
