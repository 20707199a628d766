"""Key figures as GraphQL types, each with the rows that it was counted from."""

from collections.abc import Sequence
from typing import Any

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from ontology.errors import InputError
from ontology.kpis import DEFINITIONS
from service.house import AsOf
from service.kpis.figures import chain_kpis, plan_kpis
from service.kpis.value import Counted, rows_of
from service.kpis.value import Kpi as Figure


@strawberry.type(description="A row behind a figure.")
class KpiRow:
    """A fact's URI, or the id of a plan's line or shortfall: `node(id:)` finds it."""

    uri: str


@strawberry.type(description="A key figure under its versioned definition.")
class Kpi:
    """`value` is null where `reason` says why it cannot be computed: never a zero instead."""

    figure: strawberry.Private[Figure]
    chain: strawberry.Private[str]
    digest: strawberry.Private[str]
    as_of: strawberry.Private[AsOf | None]
    id: str
    version: str
    title: str
    formula: str
    unit: str
    value: str | None
    numerator: str | None
    denominator: str | None
    reason: str | None
    row_count: BigInt
    left_out: BigInt

    @described
    def rows(self, info: Info, first: First = 50, after: After = None) -> Connection[KpiRow]:
        """The facts, lines and shortfalls that the figure was counted from."""
        scope = f"kpi/{self.digest or self.chain}/{self.id}@{self.as_of or AsOf()}"
        begin = info.context.cursors.read(scope, after) if after else 0
        found = rows_of(self.figure, begin, check_first(first))
        info.context.count(len(found))
        return connection(
            [KpiRow(uri=self._uri(row)) for row in found],
            begin + len(found) < self.figure.row_count, scope, info.context.cursors,
            lambda row: begin + row + 1,
        )  # fmt: skip

    def _uri(self, row: str) -> str:
        of_plan = row.startswith(("line/", "shortfall/"))
        return f"plan/{self.digest}/{row}" if of_plan else f"{self.chain}/{row}"

    @staticmethod
    def of(figure: Figure, chain: str, digest: str, as_of: AsOf | None = None) -> "Kpi":
        """The figure of a chain, or of a plan of it."""
        is_counted = isinstance(figure.figure, Counted)
        told = figure.figure if isinstance(figure.figure, Counted) else None
        definition = figure.definition
        return Kpi(
            figure=figure, chain=chain, digest=digest, as_of=as_of, id=definition.id,
            version=definition.version, title=definition.title, formula=definition.formula,
            unit=figure.unit, value=figure.text if is_counted else None,
            numerator=str(told.numerator) if told else None,
            denominator=str(told.denominator) if told else None,
            reason=figure.reason or None, row_count=BigInt(figure.row_count),
            left_out=BigInt(told.left_out if told else 0),
        )  # fmt: skip


async def kpis_page(
    info: Info, chain: str, plan: str | None, ids: list[str] | None, as_of: AsOf | None = None
) -> list[Kpi]:
    """The figures of a chain's facts, or of one of its plans, in the order of the definitions.

    Raises InputError `PLAN_UNKNOWN`, `KPI_UNKNOWN`, `AS_OF_PLAN`.
    """
    house, known = info.context.house, {definition.id for definition in DEFINITIONS}
    unknown = sorted(set(ids or ()) - known)
    if unknown:
        raise InputError(f"there is no key figure `{unknown[0]}`", code="KPI_UNKNOWN",
                         hint=f"one of: {', '.join(sorted(known))}")  # fmt: skip
    if plan is not None and as_of is not None:
        raise InputError("a plan has the facts that it was made from", code="AS_OF_PLAN",
                         hint="leave out `asOf`, or the plan")  # fmt: skip
    if plan is None:
        found: Sequence[Figure] = await info.context.work_out(chain_kpis, house, chain, as_of, ids)
    else:
        entry = await info.context.plans.load(plan)
        if entry is None or entry.plan.chain != chain:
            raise InputError(f"the chain `{chain}` has no plan `{plan}`", code="PLAN_UNKNOWN",
                             hint="give the whole digest")  # fmt: skip
        document: Any = await info.context.read(house.store.get_document, entry.artifact)
        found = await info.context.work_out(plan_kpis, house, document, ids)
    info.context.count(len(found))
    return [Kpi.of(figure, chain, plan or "", as_of) for figure in found]
