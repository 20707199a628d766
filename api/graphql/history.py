"""The log, what was set aside, and provenance both ways, as GraphQL types."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.bigint import BigInt
from api.graphql.connections import Connection, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.plans import Decided, Shortfall, as_line
from api.graphql.types import Node, plain
from graph.catalog import EventEntry, Page
from graph.facts import record_from
from graph.plan_nodes import LINE_CLASSES
from graph.provenance import NO_CURSOR, Cursor, Trace, trace_down, trace_up
from ontology.events import FEED_LOADED
from ontology.governance import QuarantinedRow
from service.inferring import with_inferred
from service.transparency import consistency, inclusion, present_checkpoint


@strawberry.type(description="The end of the log, and how far readers see.")
class LogHead:
    """Events above `projected` are recorded and not yet visible."""

    projected: BigInt
    sequence: BigInt
    root: str
    recorded_at: datetime | None

    @described
    async def checkpoint(self, info: Info) -> str | None:
        """The newest checkpoint that was signed (c2sp.org/tlog-checkpoint); null without any."""
        info.context.count(1)
        found = await info.context.read(present_checkpoint, info.context.house)
        return None if found is None else found.text


@strawberry.type(description="That an event stands in the log: RFC 6962, section 2.1.1.")
class InclusionProof:
    """Hexadecimal SHA-256; `hashes` lead from the leaf up to the root."""

    event: BigInt
    leaf: str
    size: BigInt
    root: str
    hashes: list[str]


@strawberry.type(description="That the log only grew: RFC 6962, section 2.1.2.")
class ConsistencyProof:
    """Hexadecimal SHA-256; none is needed from or to a log of the same size."""

    from_size: BigInt
    from_root: str
    to_size: BigInt
    to_root: str
    hashes: list[str]


async def inclusion_proof(info: Info, event: int, at_size: int) -> InclusionProof:
    """The proof of an event, at the present size where none is named."""
    found = await info.context.read(inclusion, info.context.house, event, at_size)
    info.context.count(1 + len(found.hashes))
    return InclusionProof(event=BigInt(found.event), leaf=found.leaf, size=BigInt(found.size),
                          root=found.root, hashes=list(found.hashes))  # fmt: skip


async def consistency_proof(info: Info, old: int, new: int) -> ConsistencyProof:
    """The proof between two sizes, the second the present one where none is named."""
    found = await info.context.read(consistency, info.context.house, old, new)
    info.context.count(1 + len(found.hashes))
    return ConsistencyProof(
        from_size=BigInt(found.old_size), from_root=found.old_root, to_size=BigInt(found.size),
        to_root=found.root, hashes=list(found.hashes),
    )  # fmt: skip


@strawberry.type(description="What was said of a delivery beside its rows.")
class Envelope:
    """`id` is the name that the delivery is known by; null or empty is what was not stated."""

    source: str
    id: str
    sequence: BigInt | None
    schema_version: str
    correlation_id: str
    confidence_percent: int | None

    @staticmethod
    def of(payload: Mapping[str, Any]) -> "Envelope":
        """That of a feed's event, of any version."""
        number = payload.get("number")
        return Envelope(
            source=payload["source"], id=payload["feed"],
            sequence=None if number is None else BigInt(number),
            schema_version=payload.get("schema_version", ""),
            correlation_id=payload.get("correlation_id", ""),
            confidence_percent=payload.get("confidence_percent"),
        )  # fmt: skip


@strawberry.type(description="An entry of the log.")
class Event(Node):
    """An event as readers may see it; `envelope` is null but for deliveries."""

    sequence: BigInt
    kind: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    artifact: str
    payload: JSON
    leaf: str
    envelope: Envelope | None

    @staticmethod
    def of(entry: EventEntry) -> "Event":
        """The event of an entry."""
        return Event(
            id=strawberry.ID(f"event/{entry.sequence}"), sequence=BigInt(entry.sequence),
            kind=entry.kind, agent=entry.agent, effective_at=entry.effective_at,
            recorded_at=entry.recorded_at, artifact=entry.artifact,
            payload=plain(dict(entry.payload)), leaf=entry.leaf,
            envelope=Envelope.of(entry.payload) if entry.kind == FEED_LOADED else None,
        )  # fmt: skip


@strawberry.type(name="QuarantinedRow", description="A row that was refused, and why.")
class SetAside:
    """Mirrors ontology.governance.QuarantinedRow."""

    file: str
    row: BigInt
    column: str
    code: str
    reason: str
    text: str

    @staticmethod
    def of(row: QuarantinedRow) -> "SetAside":
        """The row as it was refused."""
        return SetAside(file=row.file, row=BigInt(row.row), column=row.column, code=row.code,
                        reason=row.reason, text=row.text)  # fmt: skip


@strawberry.type(name="TraceNode", description="A thing on a path of provenance.")
class PathNode:
    """A thing on a path: `kind` says what."""

    id: str
    kind: str
    label: str
    details: JSON


@strawberry.type(name="TraceEdge", description="`source` points at what it came from.")
class PathEdge:
    """An edge, named by PROV's word where there is one."""

    source: str
    relation: str
    target: str
    role: str = strawberry.field(
        description="Of a fact behind a line: `decisive`, a reason that the line names, or "
        "`touched`, there to be read and no reason; empty on other edges."
    )


@strawberry.type(name="Trace", description="Provenance as a graph, to draw from `root`.")
class Path:
    """Provenance from a line down to the rows of files."""

    root: str
    nodes: list[PathNode]
    edges: list[PathEdge]


async def path_down(info: Info, plan: str, number: int) -> Path:
    """From one line to the rows, mapping, release, snapshot and people behind it."""
    context = info.context
    trace = await context.read(
        trace_down, context.house.driver, plan, number, observed=context.observed
    )
    trace = await context.read(with_inferred, context.house, number, trace)
    info.context.count(len(trace.nodes))
    told = context.house.persons.told
    return Path(
        root=trace.root,
        nodes=[
            PathNode(id=node.id, kind=node.kind, details=plain(node.details),
                     label=told(node.label) if node.kind == "agent" else node.label)
            for node in trace.nodes.values()
        ],
        edges=[
            PathEdge(source=edge.source, relation=edge.relation, target=edge.target,
                     role=edge.role)
            for edge in trace.edges
        ],
    )  # fmt: skip


async def decided_from(info: Info, uri: str, first: int, after: str | None) -> Connection[Decided]:
    """The lines and shortfalls that rest on any version of a fact, in the order of the log."""
    cursors, scope = info.context.cursors, f"decidedFrom/{uri}"
    begin: Any = tuple(cursors.read(scope, after)) if after else NO_CURSOR
    trace = await info.context.read(
        trace_up, info.context.house.driver, uri=uri, after=begin, first=first
    )
    found = _decided(trace)
    info.context.count(len(found))
    places = list(found)
    return connection(
        list(found.values()), trace.next_after is not None, scope, cursors,
        lambda row: places[row],
    )  # fmt: skip


def _decided(trace: Trace) -> dict[Cursor, Decided]:
    """Lines and shortfalls by their place in the log."""
    found: dict[Cursor, Decided] = {}
    for edge in trace.edges:
        if edge.relation not in ("HAS_LINE", "HAS_SHORTFALL"):
            continue
        plan, node = trace.nodes[edge.source].details, trace.nodes[edge.target]
        row: Decided
        if node.kind == "shortfall":
            row = Shortfall.of(record_from("Shortfall", node.details), plan["chain"])
        else:
            record = record_from(LINE_CLASSES[node.details["kind"]], node.details)
            row = as_line(record, plan["chain"])
        found[plan["event_sequence"], node.kind, row.number] = row
    return found


def events_page(info: Info, page: Page[EventEntry]) -> Connection[Event]:
    """A page of the log."""
    rows = page.rows
    return connection(
        [Event.of(row) for row in rows], page.has_more, "events", info.context.cursors,
        lambda row: rows[row].sequence,
    )  # fmt: skip
