"""A trace as statements of PROV-O: things with their attributes, and relations between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

from feeds.rdf.words import fact_iri
from graph.log import moment
from graph.plan_nodes import LINE_CLASSES
from graph.provenance import TOUCHED, Trace, TraceEdge, TraceNode
from ontology.terms import NAMESPACE, RESOURCE, FieldKind, field_kinds, join_key, local_name
from ontology.vocabulary import RECORDS

PROV = "http://www.w3.org/ns/prov#"
ENTITY, ACTIVITY, AGENT = "entity", "activity", "agent"


@dataclass(frozen=True, slots=True)
class Iri:
    """A value that names another thing."""

    text: str


Value = str | int | bool | date | datetime | Iri


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity, activity or agent: IRI, `sort`, classes beside that of PROV, label, attributes.

    Attributes are pairs of a property's IRI and a value; `ended_at` is of activities alone.
    """

    iri: str
    sort: str
    classes: tuple[str, ...] = ()
    label: str = ""
    attributes: tuple[tuple[str, Value], ...] = ()
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of PROV by its local name, such as `wasDerivedFrom`, from one IRI to another."""

    name: str
    subject: str
    object: str


Statement = Thing | Relation


class ProvStatements:
    """Turns traces into statements, each told once however many traces hold it."""

    def __init__(self) -> None:
        self._told: set[bytes] = set()

    def of(self, trace: Trace) -> Iterator[Statement]:
        """The statements of a trace that were not told before: things first, then relations."""
        names = {node.id: iri_of(node) for node in trace.nodes.values()}
        for node in trace.nodes.values():
            yield from self._new(_things(node, trace))
        for edge in trace.edges:
            yield from self._new(_relations(trace, edge, names))

    def _new(self, statements: Iterable[Statement]) -> Iterator[Statement]:
        for statement in statements:
            key = _digest(statement)
            if key not in self._told:
                self._told.add(key)
                yield statement


def _digest(statement: Statement) -> bytes:
    """What tells a statement from another, in few bytes: there may be millions."""
    if isinstance(statement, Thing):
        name = statement.iri
    else:
        name = f"{statement.name} {statement.subject} {statement.object}"
    return blake2b(name.encode(), digest_size=16).digest()


def iri_of(node: TraceNode) -> str:
    """The IRI of a node, in the namespace in which facts have theirs."""
    name = node.id.partition(":")[2]
    match node.kind:
        case "plan":
            return _named("Plan", node.details["digest"])
        case "line" | "shortfall":
            return _named(_line_class(node), node.details["plan"], node.details["number"])
        case "entity":
            return _of_uri(name)
        case "fact":
            place = f"{node.details['event_sequence']}.{node.details['event_row']}"
            return f"{RESOURCE}version/{place}/{_of_uri(node.details['uri'])[len(RESOURCE) :]}"
        case "event":
            return _named("Event", int(name))
        case "release":
            return _named("PolicyRelease", node.details["digest"])
        case "snapshot" | "agent" | "activity":
            return _named(node.kind.capitalize(), name)
    return f"{RESOURCE}{node.kind}/{join_key(name.split('/'))}"  # file, row, mapping, artifact


def load_iri(sequence: str) -> str:
    """The IRI of the activity that loaded the feed of an event."""
    return _named("Activity", f"load/{sequence}")


def _named(name: str, *key: Any) -> str:
    return f"{RESOURCE}{name}/{join_key(key)}"


def _of_uri(uri: str) -> str:
    return fact_iri(*uri.split("/", 2))


def _line_class(node: TraceNode) -> str:
    return "Shortfall" if node.kind == "shortfall" else LINE_CLASSES[node.details["kind"]]


def _things(node: TraceNode, trace: Trace) -> Iterator[Thing]:
    match node.kind:
        case "artifact":
            return  # an attribute of its event
        case "event":
            yield from _event(node, trace)
        case "activity":
            ended = node.details.get("ended_at")
            yield Thing(iri_of(node), ACTIVITY, (NAMESPACE + "Activity",), node.label,
                        ended_at=moment(ended) if ended else None)  # fmt: skip
        case "agent":
            yield Thing(iri_of(node), AGENT, (), node.label)
        case _:
            yield _entity(node, trace)


_FIELDS = {
    "plan": ("Plan", ("regime", "label", "cost_scaled", "bound_scaled", "gap_scaled",
                      "cost_scale")),
    "snapshot": ("Snapshot", ("digest", "sequence")),
    "release": ("PolicyRelease", ("digest", "name", "version")),
}  # fmt: skip
"""What is told of things that are no facts and no lines: their class, and these fields."""


def _entity(node: TraceNode, trace: Trace) -> Thing:
    collection, details = node.kind in {"plan", "snapshot", "file"}, node.details
    if node.kind in _FIELDS:
        name, only = _FIELDS[node.kind]
        return _thing(node, (name,), _stated(name, details, only), collection=collection)
    if node.kind in {"line", "shortfall"}:
        name = _line_class(node)
        return _thing(node, (name,), _stated(name, details, None, _chain_of(trace)))
    if node.kind == "fact":
        chain, name, _ = details["uri"].split("/", 2)
        return _thing(node, (name,), _stated(name, details["fields"], None, chain))
    return _thing(node, (), (), collection=collection)


def _thing(
    node: TraceNode, names: tuple[str, ...], attributes: Iterable[tuple[str, Value]], *,
    collection: bool = False,
) -> Thing:  # fmt: skip
    classes = [NAMESPACE + name for name in names] + ([f"{PROV}Collection"] if collection else [])
    return Thing(iri_of(node), ENTITY, tuple(classes), node.label, tuple(attributes))


def _event(node: TraceNode, trace: Trace) -> Iterator[Thing]:
    """The entry of the log, and the load where facts were recorded by it."""
    named = [edge.target.partition(":")[2] for edge in trace.below(node.id)
             if edge.relation == "NAMES"]  # fmt: skip
    told: list[tuple[str, Value]] = [
        (NAMESPACE + "recordedAt", moment(node.details["recorded_at"])),
        (NAMESPACE + "leaf", node.details["leaf"]),
        *((NAMESPACE + "artifact", name) for name in named),
    ]  # fmt: skip
    yield _thing(node, ("Event",), told)
    if _loads(trace, node.id):
        sequence = node.id.partition(":")[2]
        yield Thing(load_iri(sequence), ACTIVITY, (NAMESPACE + "Activity",), f"load {sequence}")


def _loads(trace: Trace, event: str) -> bool:
    return any(edge.relation == "RECORDED_IN" and trace.nodes[edge.source].kind in {"fact", "row"}
               for edge in trace.above(event))  # fmt: skip


def _stated(
    name: str, values: Mapping[str, Any], only: Iterable[str] | None, chain: str = ""
) -> Iterator[tuple[str, Value]]:
    """The stated fields of a record as properties; a reference is the IRI of what it names."""
    for field, kind in field_kinds(RECORDS[name]).items():
        if field not in values or (only is not None and field not in only):
            continue
        stated = values[field]
        for value in stated if isinstance(stated, list | tuple) else (stated,):
            if value is not None and value != "":
                yield NAMESPACE + local_name(field), _value(kind, value, chain)


def _value(kind: FieldKind, value: Any, chain: str) -> Value:
    if kind.refers_to and chain:
        return Iri(fact_iri(chain, kind.refers_to, join_key((value,))))
    if hasattr(value, "to_native"):  # a date or time of the driver
        value = value.to_native()
    found: Value = value
    return found


def _chain_of(trace: Trace) -> str:
    found = (str(node.details["chain"]) for node in trace.nodes.values() if node.kind == "plan")
    return next(found, "")


_AS_IT_IS = {"WAS_GENERATED_BY": "wasGeneratedBy", "STATES": "specializationOf",
             "WAS_INFLUENCED_BY": "wasInfluencedBy"}  # fmt: skip


def _relations(trace: Trace, edge: TraceEdge, names: Mapping[str, str]) -> Iterator[Relation]:
    source, target = names[edge.source], names[edge.target]
    kinds = (trace.nodes[edge.source].kind, trace.nodes[edge.target].kind)
    match edge.relation, kinds:
        case ("HAS_LINE" | "HAS_SHORTFALL", _) | ("IN_FILE", _):
            members = (target, source) if edge.relation == "IN_FILE" else (source, target)
            yield Relation("hadMember", *members)
        case "WAS_DERIVED_FROM", _:
            touched = edge.role == TOUCHED
            yield Relation("wasInfluencedBy" if touched else "wasDerivedFrom", source, target)
        case "RECORDED_IN", ("fact" | "row" as kind, _):
            load = load_iri(edge.target.partition(":")[2])
            yield Relation("wasGeneratedBy", target, load)
            yield (
                Relation("wasGeneratedBy", source, load)
                if kind == "fact"
                else Relation("used", load, source)
            )
        case "RECORDED_IN", _:
            yield Relation("wasDerivedFrom", target, source)
        case "USED", ("event", _):
            yield Relation("used", load_iri(edge.source.partition(":")[2]), target)
        case "USED", _:
            yield Relation("used", source, target)
        case relation, _ if relation in _AS_IT_IS:
            yield Relation(_AS_IT_IS[relation], source, target)
        case "WAS_ATTRIBUTED_TO", (kind, _):
            yield Relation("wasAttributedTo", source, target)
            yield from _associated(trace, edge, kind, target)


def _associated(trace: Trace, edge: TraceEdge, kind: str, agent: str) -> Iterator[Relation]:
    """Whoever answers for a plan or a delivery answers for the activity that made it."""
    if kind == "event" and _loads(trace, edge.source):
        yield Relation("wasAssociatedWith", load_iri(edge.source.partition(":")[2]), agent)
    if kind == "plan":
        for made in trace.below(edge.source):
            if made.relation == "WAS_GENERATED_BY":
                activity = iri_of(trace.nodes[made.target])
                yield Relation("wasAssociatedWith", activity, agent)
