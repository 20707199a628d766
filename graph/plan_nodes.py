"""A plan as nodes: lines, shortfalls, and the PROV edges that ground them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from neo4j import ManagedTransaction

from graph.artifacts import ArtifactStore
from graph.facts import Properties, kinds_of, links_of, node_fields
from graph.feed_nodes import batches, references
from graph.manifests import read_snapshot
from graph.statements import run
from graph.steps import Step
from ontology.columns import Snapshot
from ontology.errors import InputError, OutsideError
from ontology.events import Event
from ontology.stock_now import moves_since_count

LINE_CLASSES = {
    "transfer": "Transfer", "purchase": "Purchase", "assignment": "Assignment",
    "substitution": "Substitution",
}  # fmt: skip
LINES_PER_BATCH = 2_000


class PlanNodes:
    """The statements that bring one plan into the graph; `weight` counts its lines.

    `because` entries are resolved with the snapshot's addresses, so a line hangs on the very
    version of a fact that it was derived from. Raises InputError `BECAUSE_UNKNOWN`,
    `LINE_KIND_UNKNOWN`.
    """

    def __init__(
        self, document: Mapping[str, Any], snapshot: Snapshot, payload: Mapping[str, Any]
    ) -> None:
        decision = document["decision"]
        self._payload = payload
        self._versions = orjson.dumps(document["about"].get("versions", {})).decode()
        self._sequence = snapshot.sequence
        self._chain: str = decision["chain"]
        self._digest: str = document["plan_digest"]
        self._moves = moves_since_count(snapshot)
        self._lines = [self._row(line, snapshot, line_class(line)) for line in decision["lines"]]
        self._shortfalls = [
            self._row(short, snapshot, "Shortfall") for short in decision["shortfalls"]
        ]
        self.weight = len(self._lines) + len(self._shortfalls)

    @classmethod
    def read(cls, store: ArtifactStore, artifact: str, payload: Mapping[str, Any]) -> "PlanNodes":
        """From the artifacts that the event names."""
        snapshot = read_snapshot(store, payload["snapshot_artifact"])
        return cls(store.get_document(artifact), snapshot, payload)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """Writes that can each be repeated, in this order, without a further effect."""
        yield lambda tx: self._plan(tx, event)
        size = min(batch_rows, LINES_PER_BATCH)
        for name, rows in (("plan_lines", self._lines), ("shortfalls", self._shortfalls)):
            for batch in batches(iter(rows), size):
                yield self._batch_step(name, batch)

    def _plan(self, tx: ManagedTransaction, event: Event) -> None:
        if made_of := self._payload.get("made_of"):
            run(tx, "project_composed_release", sequence=event.sequence,
                release=made_of["record"], parts=made_of["parts"])  # fmt: skip
        run(
            tx, "project_plan", sequence=event.sequence, plan=self._payload["record"],
            versions=self._versions, snapshot={
                "artifact": self._payload["snapshot_artifact"], "chain": self._chain,
                "digest": self._payload["snapshot"], "sequence": self._sequence,
            },
        )  # fmt: skip

    def _batch_step(self, name: str, rows: Sequence[Properties]) -> Step:
        def step(tx: ManagedTransaction) -> None:
            fields = [row["fields"] for row in rows]
            made = run(tx, f"project_{name}", plan=self._digest, lines=fields)
            numbers = {row["number"] for row in made}
            new = [row for row in rows if row["fields"]["number"] in numbers]
            about = [link for row in new for link in row["about"]]
            run(tx, "project_anchors", chain=self._chain, anchors=references(about))
            run(tx, f"project_{name}_about", plan=self._digest, about=about)
            because = [reason for row in new for reason in row["because"]]
            found = run(tx, f"project_{name}_facts", plan=self._digest, because=because)
            if found[0]["made"] != len(because):  # INVARIANT: no line without its path
                raise OutsideError(
                    f"the graph lacks facts that plan `{self._digest}` was derived from",
                    code="PROJECTION_BROKEN", hint="rebuild the graph from the log",
                )  # fmt: skip

        return step

    def _row(self, line: Mapping[str, Any], snapshot: Snapshot, class_name: str) -> Properties:
        stated = _stated(class_name, line)
        number = line["number"]
        about = [
            link | {"number": number, "role": link["type"].lower()}
            for link in links_of(self._chain, class_name, stated)
        ]
        because = [
            address | {"number": number}
            for uri in dict.fromkeys(line.get("because", ()))
            for address in self._addresses(snapshot, uri)
        ]
        fields = node_fields(stated) | {"plan": self._digest, "kind": line["kind"]}
        return {"fields": fields, "about": about, "because": because}

    def _addresses(self, snapshot: Snapshot, because: str) -> Iterator[Properties]:
        """What a reason was stated by: of stock, its count and the movements since."""
        class_name, _, key = because.partition("/")
        moved = self._moves.get(key, []) if class_name == "StockPosition" else []
        if not moved or key in snapshot.table(class_name).row_of:
            yield address_of(snapshot, because)
        for row in moved:
            event, event_row = snapshot.addresses["StockMovement"][row].tolist()
            yield {"class": "StockMovement", "event": event, "row": event_row}


def line_class(line: Mapping[str, Any]) -> str:
    """The record class of a line's kind."""
    if line["kind"] not in LINE_CLASSES:
        raise InputError(f"there is no line of kind `{line['kind']}`", code="LINE_KIND_UNKNOWN",
                         hint=f"use one of {', '.join(sorted(LINE_CLASSES))}")  # fmt: skip
    return LINE_CLASSES[line["kind"]]


def address_of(snapshot: Snapshot, because: str) -> Properties:
    """The address of the fact version that `Class/key` names in a snapshot."""
    class_name, _, key = because.partition("/")
    row = snapshot.tables[class_name].row_of.get(key) if class_name in snapshot.tables else None
    if row is None:
        raise InputError(
            f"a line rests on `{because}`, which is no fact of its snapshot",
            code="BECAUSE_UNKNOWN", hint="name facts as class and natural key",
        )  # fmt: skip
    event, event_row = snapshot.addresses[class_name][row].tolist()
    return {"class": class_name, "event": event, "row": event_row}


def _stated(class_name: str, line: Mapping[str, Any]) -> dict[str, Any]:
    kinds = kinds_of(class_name)
    stated = {name: line[name] for name in kinds if line.get(name) is not None}
    for name, value in stated.items():
        if kinds[name].scalar is date and isinstance(value, str):
            stated[name] = date.fromisoformat(value)
    return stated
