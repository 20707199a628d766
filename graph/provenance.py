"""Provenance both ways: from a plan's line to the source row, and from a fact to what used it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from neo4j import Driver

from graph.facts import fact_from, node_fields
from graph.log import timestamp
from graph.observed import Observed, SourceRows
from graph.plan_nodes import LINE_CLASSES
from graph.release_nodes import settled
from graph.statements import Row, read
from ontology.errors import InputError

LINES_LIMIT = 200
FACTS_PER_LINE = 100
DECISIVE, TOUCHED = "decisive", "touched"
NO_CURSOR = (0, "", 0)
Cursor = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class TraceNode:
    """One thing on a path: a stable id, its kind, a line for a person, and its properties.

    Kinds: plan, line, shortfall, entity, fact, event, artifact, file, row, mapping, agent,
    activity, release, snapshot; of what is inferred also rule, inferred, stated and axiom;
    a rule with what it costs in the plan, where that was priced.
    """

    id: str
    kind: str
    label: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TraceEdge:
    """`source` points at what it came from; `relation` is PROV's word where there is one.

    `role` tells of a fact behind a line or a shortfall whether it is `decisive` (the line names it
    as a reason) or `touched` (it was there to be read, and no reason); empty on any other edge.
    """

    source: str
    relation: str
    target: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A tree to draw from `root`; edges stand in the order found, no edge twice.

    `next_after` continues a page that was cut, None where all is there.
    """

    root: str
    nodes: Mapping[str, TraceNode]
    edges: tuple[TraceEdge, ...]
    next_after: Any = None

    def below(self, node: str) -> list[TraceEdge]:
        """The edges that leave a node."""
        return [edge for edge in self.edges if edge.source == node]

    def above(self, node: str) -> list[TraceEdge]:
        """The edges that arrive at a node: what was derived from it."""
        return [edge for edge in self.edges if edge.target == node]


class Drawing:
    """Nodes and edges so far, each once."""

    def __init__(self, found: Trace | None = None) -> None:
        self.nodes: dict[str, TraceNode] = {} if found is None else dict(found.nodes)
        self.edges: dict[TraceEdge, None] = dict.fromkeys(found.edges if found else ())

    def add(
        self, kind: str, name: str, label: str = "", details: Mapping[str, Any] | None = None
    ) -> str:
        """A node by kind and name, drawn once; its id."""
        key = f"{kind}:{name}"
        self.nodes.setdefault(key, TraceNode(key, kind, label or name, details or {}))
        return key

    def link(self, source: str, relation: str, target: str, role: str = "") -> None:
        """An edge, drawn once."""
        self.edges.setdefault(TraceEdge(source, relation, target, role))

    def trace(self, root: str, next_after: Any = None) -> Trace:
        """What was drawn."""
        return Trace(root, self.nodes, tuple(self.edges), next_after)


def trace_down(
    driver: Driver, plan: str, number: int | None = None, *, after: int = 0, first: int = 20,
    observed: Observed | None = None,
) -> Trace:  # fmt: skip
    """From a line, or a page of a plan's lines, to rows, mapping, release, snapshot and people.

    One round trip; at most `first` lines (<= 200) after the line number `after`, 100 facts
    each. With `observed` a forecast leads on to the rows of the files that it was learnt from,
    for one more round trip. The root is the line if `number` is given. Raises InputError
    `PLAN_UNKNOWN`, `LINE_UNKNOWN`, `PAGE_SIZE`.
    """
    limit = 1 if number is not None else _limit(first)
    rows = read(driver, "trace_down", {
        "plan": plan, "after": after if number is None else number - 1,
        "last": 2**53 - 1 if number is None else number,
        "limit": limit + 1, "fact_limit": FACTS_PER_LINE,
    })  # fmt: skip
    if not rows:
        raise InputError(f"there is no plan `{plan}`", code="PLAN_UNKNOWN",
                         hint="name it by its whole digest; `plans` lists them")  # fmt: skip
    lines = rows[0]["lines"]
    if number is not None and not lines:
        raise InputError(f"plan `{plan}` has no line {number}", code="LINE_UNKNOWN",
                         hint="lines are numbered from 1")  # fmt: skip
    drawing = Drawing()
    root = _draw_plan(drawing, rows[0])
    for entry in lines[:limit]:
        line = _draw_line(drawing, entry, observed)
        drawing.link(root, "HAS_LINE", line)
        root = line if number is not None else root
    more = lines[limit - 1]["line"]["number"] if len(lines) > limit else None
    return drawing.trace(root, more)


def trace_up(
    driver: Driver,
    *,
    uri: str = "",
    address: tuple[str, int, int] | None = None,
    after: Cursor = NO_CURSOR,
    first: int = 20,
) -> Trace:
    """From a fact to the lines and shortfalls, and their plans, that were derived from it.

    `uri` means every version of the fact; `address` (class, event, row) one version. The root
    is the entity or the version; nothing hangs on it where nothing was derived. One round trip;
    `next_after` continues. Edges point from what was derived to the fact, as always.
    """
    limit = _limit(first)
    page = {"after_sequence": after[0], "after_label": after[1], "after_number": after[2],
            "limit": limit + 1}  # fmt: skip
    if address is not None:
        where = dict(zip(("class_name", "event", "row"), address, strict=True))
        rows = read(driver, "trace_up", where | page)
    else:
        rows = read(driver, "trace_up_uri", {"uri": uri} | page)
    drawing = Drawing()
    root = drawing.add("entity", uri) if address is None else ""
    for row in rows[:limit]:
        fact = draw_fact(drawing, row["fact"])
        if address is None:
            drawing.link(fact, "STATES", root)
        else:
            root = fact
        derived = _draw_derived(drawing, row["label"], row["line"])
        made = _plan_node(drawing, row["plan"])
        drawing.link(derived, "WAS_DERIVED_FROM", fact, row["role"])
        drawing.link(made, "HAS_LINE" if row["label"] == "line" else "HAS_SHORTFALL", derived)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = last and (last["plan"]["event_sequence"], last["label"], last["line"]["number"])
    return drawing.trace(root, cursor)


def _draw_plan(drawing: Drawing, row: Row) -> str:
    plan = _plan_node(drawing, row["plan"])
    made = _event_node(drawing, row["made"], "plan.made")
    activity = drawing.add("activity", row["activity"]["id"], "", row["activity"])
    snapshot = drawing.add(
        "snapshot", row["snapshot"]["artifact"],
        f"snapshot of {row['snapshot']['chain']} after event {row['snapshot']['sequence']}",
        row["snapshot"],
    )  # fmt: skip
    release = settled(row["release"], datetime.now(UTC))
    policy = drawing.add("release", release["digest"],
                         f"{release['name']} {release['version']}", release)  # fmt: skip
    drawing.link(plan, "RECORDED_IN", made)
    drawing.link(plan, "WAS_GENERATED_BY", activity)
    drawing.link(activity, "USED", snapshot)
    drawing.link(activity, "USED", policy)
    drawing.link(plan, "WAS_ATTRIBUTED_TO", _agent(drawing, row["agent"]["id"]))
    if row["activated"] is not None:
        drawing.link(policy, "RECORDED_IN",
                     _event_node(drawing, row["activated"], "release.activated"))  # fmt: skip
    for cost in row["rules"]:
        name = cost["rule"].rpartition("/")[2]
        rule = drawing.add("rule", f"{cost['release']}/{cost['rule']}", f"rule {name}", cost)
        drawing.link(plan, "WAS_INFLUENCED_BY", rule)
    return plan


def _draw_line(drawing: Drawing, entry: Row, observed: Observed | None) -> str:
    line = _draw_derived(drawing, "line", entry["line"])
    for found in entry["facts"]:
        fact = draw_fact(drawing, found["fact"])
        drawing.link(line, "WAS_DERIVED_FROM", fact, found["role"])
        behind = observed and observed.rows_behind(fact_from(found["fact"]))
        draw_source(drawing, fact, found["fact"], found["event"], behind or ())
    return line


def draw_source(
    drawing: Drawing, fact: str, properties: Row, event: Row, behind: Sequence[SourceRows] = ()
) -> None:
    """A fact's event, the row and the file that state it, and the mapping that read them."""
    payload = orjson.loads(event["payload"])
    loaded = _feed_node(drawing, event, payload)
    drawing.link(fact, "RECORDED_IN", loaded)
    for rows in behind:
        _draw_rows(drawing, fact, rows)
    name = properties["source_file"]
    if not name or behind:
        return
    line = properties["source_row"]  # 0: derived from the file as a whole
    place = f"{name}, row {line}" if line else name
    row = drawing.add("row", f"{event['sequence']}/{name}/{properties['source_row']}", place)
    stated: dict[str, Any] = next((f for f in payload["files"] if f["name"] == name), {})
    file = drawing.add("file", stated.get("digest") or name, name, stated)
    drawing.link(fact, "WAS_DERIVED_FROM", row)
    drawing.link(row, "IN_FILE", file)


def _draw_rows(drawing: Drawing, fact: str, rows: SourceRows) -> None:
    event = {name: getattr(rows.event, name) for name in ("sequence", "agent", "artifact", "leaf")}
    event["recorded_at"] = timestamp(rows.event.recorded_at)
    told = {"rows": rows.count, "first_row": rows.first, "last_row": rows.last}
    name = f"{rows.event.sequence}/{rows.file}/{rows.first}-{rows.last}/{rows.count}"
    row = drawing.add("row", name, str(rows), told)
    file = drawing.add("file", rows.digest or rows.file, rows.file,
                       {"name": rows.file, "digest": rows.digest})  # fmt: skip
    drawing.link(fact, "WAS_DERIVED_FROM", row)
    drawing.link(row, "IN_FILE", file)
    drawing.link(row, "RECORDED_IN", _feed_node(drawing, event, rows.event.payload))


def _feed_node(drawing: Drawing, event: Row, payload: Mapping[str, Any]) -> str:
    """The event that loaded a feed, with the mapping that read it."""
    loaded = _event_node(drawing, event, f"feed {payload['feed']} of {payload['source']}")
    mapping = payload["mapping"]
    mapped = drawing.add("mapping", mapping["digest"] or mapping["name"], mapping["name"], mapping)
    drawing.link(loaded, "USED", mapped)
    return loaded


def draw_fact(drawing: Drawing, properties: Row) -> str:
    """A fact with its fields; the name of its node."""
    fact = fact_from(properties)
    name = f"{fact.uri}@{fact.event_sequence}.{fact.event_row}"
    fields = {key: getattr(fact.record, key) for key in type(fact.record).__dataclass_fields__}
    return drawing.add(
        "fact", name, f"{fact.class_name} {fact.key}", {
            "uri": fact.uri, "event_sequence": fact.event_sequence, "event_row": fact.event_row,
            "fields": node_fields(fields),
        },
    )  # fmt: skip


def _draw_derived(drawing: Drawing, label: str, properties: Row) -> str:
    kind = properties["kind"]
    shown = kind if kind in LINE_CLASSES else f"shortfall ({kind})"
    units = properties.get("quantity_units")
    return drawing.add(
        label, f"{properties['plan']}/{properties['number']}",
        f"{shown} {properties['number']}: {units} of {properties.get('item')}", properties,
    )  # fmt: skip


def _plan_node(drawing: Drawing, plan: Row) -> str:
    return drawing.add("plan", plan["digest"], f"plan {plan['digest'][:12]}", plan)


def _event_node(drawing: Drawing, event: Row, label: str) -> str:
    key = drawing.add(
        "event", str(event["sequence"]), f"event {event['sequence']}: {label}",
        {"recorded_at": event["recorded_at"], "leaf": event["leaf"]},
    )  # fmt: skip
    drawing.link(key, "WAS_ATTRIBUTED_TO", _agent(drawing, event["agent"]))
    artifact = event["artifact"]
    if artifact:
        kept = drawing.add("artifact", artifact, f"artifact {artifact[:12]}")
        drawing.link(key, "NAMES", kept)
    return key


def _agent(drawing: Drawing, name: str) -> str:
    return drawing.add("agent", name)


def _limit(first: int) -> int:
    if not 1 <= first <= LINES_LIMIT:
        raise InputError(f"a page of {first} is not between 1 and {LINES_LIMIT}",
                         code="PAGE_SIZE", hint="ask for a smaller page")  # fmt: skip
    return first
