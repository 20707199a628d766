"""Limits that facts state (lanes, carriers, docks, budgets): which act, and how to lift one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from service.decision import Draft
from solver.engine.shared import BUDGET, CARRIER_CAPACITY, LANE_CAPACITY, LOCATION_CAPACITY
from solver.model.assignment_network import AssignmentLabels

LANE, CARRIER, LOCATION, BUDGETED = "lane", "carrier", "location", "budget"
KINDS = (LANE, CARRIER, LOCATION, BUDGETED)
ORDERS = "orders"
_ALSO_CALLED = {"hub": LOCATION, "dock": LOCATION}
_KIND_OF = {LANE_CAPACITY: LANE, CARRIER_CAPACITY: CARRIER, LOCATION_CAPACITY: LOCATION,
            BUDGET: BUDGETED}  # fmt: skip
_STATED = (
    (LANE, "Lane", "id", "capacity_units_per_day"),
    (LANE, "LaneCapacity", "lane", None),
    (LANE, "TruckLoad", "lane", "most_loads_per_day"),
    (CARRIER, "CarrierCapacity", "carrier", None),
    (LOCATION, "SharedResource", "location", None),
    (BUDGETED, "Budget", "id", None),
)
"""Kind, class, the field that names the subject, and the field that limits (None: all of it)."""


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """All that facts allow at most of a lane, a carrier or a location in a day, or by a budget."""

    kind: str
    subject: str
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it is written: `budget:freight`."""
        return f"{self.kind}:{self.subject}"


def limits_of(snapshot: Snapshot) -> list[Limit]:
    """Every limit that a snapshot states, with the facts that state it, by kind and subject."""
    found: dict[tuple[str, str], list[str]] = {}
    for kind, name, subject, field in _STATED:
        table = snapshot.table(name).sorted()
        for row in _limiting(table, field).tolist():
            found.setdefault((kind, table[subject][row]), []).append(f"{name}/{table.keys[row]}")
    return [Limit(*about, tuple(sorted(facts))) for about, facts in sorted(found.items())]


def is_limit(text: str) -> bool:
    """Whether a text is written as a limit, `kind:subject`."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and _ALSO_CALLED.get(kind, kind) in KINDS


def limit_named(snapshot: Snapshot, text: str) -> Limit:
    """The limit of a text `kind:subject`. Raises InputError `LIMIT_UNKNOWN` with near ones."""
    kind, _, subject = text.partition(":")
    known = limits_of(snapshot)
    asked = f"{_ALSO_CALLED.get(kind, kind)}:{subject}"
    for limit in known:
        if str(limit) == asked:
            return limit
    names = [str(limit) for limit in known]
    near = get_close_matches(asked, names) or names[:3]
    raise InputError(
        f"no fact states the limit `{text}`", code="LIMIT_UNKNOWN",
        hint=f"perhaps {', '.join(near)}" if near else "the chain states no limit",
    )  # fmt: skip


def limits_that_act(draft: Draft, snapshot: Snapshot) -> list[Limit]:
    """The limits that are reached or have a price in a plan, by kind and subject."""
    acting = set(_acting(draft, snapshot))
    return [limit for limit in limits_of(snapshot) if (limit.kind, limit.subject) in acting]


def without_limit(snapshot: Snapshot, limit: Limit) -> Snapshot:
    """The same facts without the `facts` of a limit: the plan is then free of it.

    A place that serves firm orders is one by stating how many: it may then serve all of them.
    """
    tables = dict(snapshot.tables)
    for kind, name, _, field in _STATED:
        if kind == limit.kind and name in tables:
            tables[name] = _lifted(snapshot, tables[name], field, limit.facts)
    return replace(snapshot, tables=tables)


def _limiting(table: Table, field: str | None) -> Any:
    if field is None:
        return np.arange(len(table))
    return np.flatnonzero(table[field] != MISSING)


def _lifted(
    snapshot: Snapshot, table: Table, field: str | None, facts: Sequence[str]
) -> Table:  # fmt: skip
    meant = np.array([f"{table.name}/{key}" in facts for key in table.keys], np.bool_)
    if field is not None:
        return _with(table, field, np.where(meant, MISSING, table[field]))
    if table.name != "SharedResource":
        return table.take(np.flatnonzero(~meant))
    serves = meant & (table["measure"] == ORDERS)
    most = np.maximum(table["capacity_per_day"], len(snapshot.table("SalesOrder")))
    kept = _with(table, "capacity_per_day", np.where(serves, most, table["capacity_per_day"]))
    return kept.take(np.flatnonzero(~meant | serves))


def _with(table: Table, field: str, column: Any) -> Table:
    return Table(table.name, {**table.columns, field: column})


def _acting(draft: Draft, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    certificate, labels = draft.decision["certificate"], draft.problem.labels
    for row in certificate["resources"]:
        if row["limit"] in _KIND_OF:
            yield _KIND_OF[row["limit"]], row["subject"]
    trucks = snapshot.table("TruckLoad")
    most = dict(zip(trucks["lane"], trucks["most_loads_per_day"].tolist(), strict=True))
    for row in certificate.get("loads", ()):
        if row["kind"] == "load" and row["loads"] == most.get(row["subject"], MISSING):
            yield LANE, row["subject"]
    if isinstance(labels, AssignmentLabels):
        served = labels.served_by(draft.flow)
        used = np.bincount(served[served >= 0], minlength=len(labels.locations))
        for place in np.flatnonzero(used >= labels.capacity).tolist():
            yield LOCATION, labels.locations[place]
