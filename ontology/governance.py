"""Policies, people's decisions and where facts came from."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from ontology.terms import PersonId


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code; amounts are whole cents or micros (millionths)."""

    KEY: ClassVar = ("code",)
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """`numerator / denominator` of one currency for one of another, on a day."""

    KEY: ClassVar = ("base", "quote", "on")
    base: str
    quote: str
    on: date
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """What a figure means, in a version."""

    KEY: ClassVar = ("id", "version")
    id: str
    version: str
    title: str
    formula: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SupplyChain:
    """A closed world of facts: feeds name the chain that they fill, a plan reads one chain."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A system that sends facts; the lower priority number wins between sources."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    priority: int = 100
    freshness_hours: int | None = None


@dataclass(frozen=True, slots=True)
class FreshnessBudget:
    """How old a source lets its facts of a class be; the source's own hours hold for the others."""

    KEY: ClassVar = ("source", "class_name")
    source: str
    class_name: str
    max_age_hours: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was decided where two sources differ about a fact: whose word stands, and why.

    `source` is the one whose word stands, or is restated in our units; both numbers are what the
    sources said. Events and rows are the addresses of what both said in the log, where they said
    it as a fact; `cause` is what the difference was taken for.
    """

    KEY: ClassVar = ("class_name", "fact_key")
    class_name: str
    fact_key: str
    source: str
    other_source: str
    cause: str
    source_units: int | None = None
    other_units: int | None = None
    resolved_units: int | None = None
    reason: str = ""
    resolved_by: str = ""
    taken_event: int | None = None
    taken_row: int | None = None
    other_event: int | None = None
    other_row: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One delivery of a source, known by source, id and digest."""

    KEY: ClassVar = ("source", "id")
    source: str
    id: str
    chain: str
    digest: str
    mapping: str
    loaded_rows: int
    duplicate_rows: int
    quarantined_rows: int


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """A source's identifier stands for one of ours."""

    KEY: ClassVar = ("source", "class_name", "external_id")
    source: str
    class_name: str
    external_id: str
    id: str
    accepted_by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was refused: where it stands, why, and what it said.

    `class_name` and `fact_key` say of which fact it would be the row, as far as that can be read;
    `cells` are its cells in the order of the file's header, where its file has rows.
    """

    KEY: ClassVar = ("file", "row")
    file: str
    row: int
    column: str
    code: str
    reason: str
    text: str
    class_name: str = ""
    fact_key: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A doubt about a fact that was accepted, or about one that did not come: who reads it sees it.

    `fact_key` is the natural key of the fact within its class; `code` says what was found.
    """

    KEY: ClassVar = ("class_name", "fact_key", "code")
    class_name: str
    fact_key: str
    code: str
    reason: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class PolicyRelease:
    """An immutable bundle of shapes and knobs under which plans are made."""

    KEY: ClassVar = ("digest",)
    digest: str
    name: str
    version: str
    shape_count: int
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's verdict on one plan, bound to its digest."""

    KEY: ClassVar = ("plan", "person")
    plan: str
    person: PersonId
    verdict: str
    decided_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """PROV activity: a load or a solve, with its times."""

    KEY: ClassVar = ("id",)
    id: str
    kind: str
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """PROV agent: a person or a piece of software in a version."""

    KEY: ClassVar = ("id",)
    id: str
    kind: str
    version: str = ""
