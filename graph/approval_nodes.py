"""An approval as nodes: person, approval, plan, and the units that it reserves until released."""

from collections.abc import Iterator, Mapping
from typing import Any

from neo4j import ManagedTransaction

from graph.statements import run
from graph.steps import Step
from ontology.events import (
    APPROVAL_EXPIRED,
    APPROVAL_GIVEN,
    APPROVAL_VOIDED,
    PLAN_CARRIED_OUT,
    Event,
)
from ontology.promises import Promise, promise_of

_RELEASING = frozenset({APPROVAL_VOIDED, APPROVAL_EXPIRED, PLAN_CARRIED_OUT})


class ApprovalNodes:
    """The statements that show what was said about a plan, and what is reserved by it."""

    def __init__(self, kind: str, payload: Mapping[str, Any]) -> None:
        self._kind = kind
        self._plan: str = payload.get("plan", "")
        self._approval = {
            "verdict": kind.partition(".")[2], "reason": payload.get("reason", ""),
            "roles": sorted(payload.get("roles", ())), "status": payload.get("status", ""),
        }  # fmt: skip
        self._givers = sorted(payload.get("by", ()))
        self._promises = [_node(promise_of(each)) for each in payload.get("promises", ())]
        self.weight = 1 + len(self._givers) + len(self._promises)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One transaction that can be repeated; none of what speaks of no plan."""
        if self._plan:
            yield lambda tx: self._write(tx, event)

    def _write(self, tx: ManagedTransaction, event: Event) -> None:
        run(tx, "project_approval", sequence=event.sequence, plan=self._plan,
            approval=self._approval, givers=self._givers)  # fmt: skip
        if self._kind == APPROVAL_GIVEN:
            run(tx, "project_reservations", sequence=event.sequence, promises=self._promises)
        if self._kind in _RELEASING:
            run(tx, "project_released", sequence=event.sequence, plan=self._plan)


def _node(promise: Promise) -> dict[str, Any]:
    return {"item": promise.item, "location": promise.place, "lot": promise.lot,
            "order": promise.order, "quantity_units": promise.units,
            "departs_on": promise.day}  # fmt: skip
