"""What questions take, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class CostPart(StrEnum):
    """What a plan's cost counts."""

    WAREHOUSE = "WAREHOUSE"
    FREIGHT = "FREIGHT"


class EditKind(StrEnum):
    """What an edit asks for."""

    FORBID = "FORBID"
    PIN = "PIN"
    CAP = "CAP"
    FORCE = "FORCE"


class Objective(StrEnum):
    """A part of the cost that a plan weighs."""

    SERVICE = "SERVICE"
    LANDED = "LANDED"
    TURNOVER = "TURNOVER"
    CARBON = "CARBON"


class SubjectKind(StrEnum):
    """What may go down."""

    SUPPLIER = "SUPPLIER"
    CONTRACT = "CONTRACT"
    LANE = "LANE"
    LOCATION = "LOCATION"
    REGION = "REGION"


class Is(StrEnum):
    """How a cell compares with the values of a condition."""

    EQUAL = "EQUAL"
    LESS = "LESS"
    AT_MOST = "AT_MOST"
    MORE = "MORE"
    AT_LEAST = "AT_LEAST"
    ONE_OF = "ONE_OF"
    STARTS_WITH = "STARTS_WITH"
    CONTAINS = "CONTAINS"
    HAS = "HAS"
    STATED = "STATED"


class Per(StrEnum):
    """How much of days or times makes a group."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class As(StrEnum):
    """What is told of a column's cells in a group."""

    ROWS = "ROWS"
    STATED = "STATED"
    DIFFERENT = "DIFFERENT"
    SUM = "SUM"
    MEAN = "MEAN"
    LEAST = "LEAST"
    MOST = "MOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """The plan that is asked for."""

    idempotency_key: str | None = None
    dry_run: bool = False
    chain: str
    cost_parts: Sequence[CostPart] = (
        CostPart.WAREHOUSE,
        CostPart.FREIGHT,
    )
    starts_on: date | None = None
    edits: Sequence[EditInput] = ()
    previous: str | None = None
    weights: WeightsInput | None = None
    order: Sequence[Objective] = ()
    steady: SteadyInput | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditInput:
    """A wish for one line of the first day."""

    kind: EditKind
    item: str
    lane: str = ""
    supplier: str = ""
    destination: str = ""
    units: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInput:
    """What counts how much: 1000 is what the facts say."""

    service_per_mille: int = 1000
    landed_per_mille: int = 1000
    turnover_per_mille: int = 1000
    carbon_per_mille: int = 0
    carbon_price_cents_per_tonne: int = 0
    worst_percent: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyInput:
    """A plan of the chain to change little against."""

    plan: str
    most_lines: int | None = None
    most_units: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFeedInput:
    """A delivery: the text of one file or its rows, and what is said of it."""

    idempotency_key: str | None = None
    dry_run: bool = False
    source: str
    text: str | None = None
    rows: Sequence[Any] | None = None
    file: str = ""
    id: str = ""
    effective_at: datetime | None = None
    sequence: int | None = None
    supersedes: str = ""
    correlation_id: str = ""
    schema_version: str = ""
    confidence_percent: int | None = None
    close_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """Which facts: now and all that is known, if not given."""

    effective: datetime | None = None
    recorded: datetime | None = None
    recorded_event: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that goes down, a location or region with its parts."""

    kind: SubjectKind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsInput:
    """Of one table, facts or the lines of a plan, some rows in an order."""

    facts: FactsInput | None = None
    lines: str | None = None
    where: Where | None = None
    order_by: Sequence[OrderBy] = ()
    columns: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsInput:
    """The facts of a class of a chain."""

    chain: str
    class_name: str
    as_of: AsOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which rows: a comparison, or others joined; all that is given holds."""

    column: str = ""
    is_: Is | None = None
    values: Sequence[str] = ()
    all: Sequence[Where] = ()
    any: Sequence[Where] = ()
    none: Sequence[Where] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBy:
    """By a column; what is not stated comes last, and equals by key."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsInput:
    """Of one table the rows in groups, and figures of each group."""

    facts: FactsInput | None = None
    lines: str | None = None
    where: Where | None = None
    order_by: Sequence[OrderBy] = ()
    columns: Sequence[str] = ()
    by: Sequence[GroupBy] = ()
    measures: Sequence[MeasureInput] = ()
    having: Where | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBy:
    """A column to group by; days and times per so much."""

    column: str
    per: Per | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureInput:
    """A figure of each group, under a name. ROWS has no column."""

    name: str
    told: As
    column: str = ""
