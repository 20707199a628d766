"""What the log, the snapshots and the provenance graph hold, as rows that can be linked."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Entity:
    """PROV entity: anything that a decision can be traced to, known by its URI."""

    KEY: ClassVar = ("uri",)
    uri: str
    kind: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the log without its payload; `ontology.events.Event` is the whole entry.

    Two clocks: `effective_at` is true in the world, `recorded_at` is when it became known.
    """

    KEY: ClassVar = ("sequence",)
    sequence: int
    kind: str
    idempotency_key: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    leaf: str
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts of a chain in force after so many events, known by their artifact.

    `ontology.columns.Snapshot` holds the facts themselves; `digest` is the digest of those.
    """

    KEY: ClassVar = ("artifact",)
    artifact: str
    digest: str
    chain: str
    sequence: int
