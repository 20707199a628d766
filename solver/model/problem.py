"""One planning request as a network, with everything that decoding its flow needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, Table
from ontology.edits import NO_BOUNDS, Bounds
from ontology.errors import InputError
from ontology.objectives import PLAIN, Weights
from solver.engine.shared import Resource, Resources, used
from solver.engine.shares import left_to_each, shares_of
from solver.engine.uncompiled import components_of
from solver.model.assignment_network import AssignmentLabels, assignment_network
from solver.model.carry_labels import CarryLabels
from solver.model.carry_network import carry_network
from solver.model.movements import RISK, Window
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.names import HashArray
from solver.proof.branches import opened
from solver.proof.claims import Claims, SharedResources

BOTH_PARTS = frozenset({"warehouse", "freight"})


@dataclass(frozen=True)
class Problem:
    """A network, and what its nodes and arcs stand for.

    Service arcs (`ArcKind.MOVE`) name their row in `movements`; movements that `closures` close
    have no arc and stay known as suppressed. `resources` are capacities that arcs of several items
    share (`resources_of`), `wanted` the movement rows of lines that a person asks for, `unheld` the
    network before earlier objectives were held at their best, as `proved` (`stages.held`).
    `arc_hash` (uint64 per arc) is made from names, so equal facts in any row order give equal
    arrays.
    """

    window: Window
    cost_parts: frozenset[str]
    movements: Table
    closures: Closures
    network: Network
    arc_hash: HashArray
    labels: CarryLabels | AssignmentLabels
    resources: Resources | None = None
    wanted: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    unheld: Network | None = None
    proved: tuple[Claims, ...] = ()

    @property
    def regime(self) -> str:
        """`risk` or `orders`."""
        return self.window.regime

    @property
    def suppressed(self) -> Mapping[str, int]:
        """How many movements each rule closes, by IRI; rules that close none are left out."""
        counts = {rule: len(rows) for rule, rows in sorted(self.closures.closed.items())}
        return {rule: count for rule, count in counts.items() if count}

    @property
    def shared(self) -> SharedResources | None:
        """The capacities that arcs share; None where there are none."""
        return None if self.resources is None else self.resources.shared

    def apart(self, flow: IntArray) -> "Problem":
        """The problem as each item sees it by itself, with what others leave of what they share.

        A settled flow is the cheapest one there. Itself where nothing is shared.
        """
        here = self.opened(flow)
        if here.resources is None:
            return here
        network, shared = here.network, here.resources.shared
        component = components_of(network.node_count, network.tail, network.head)
        return replace(here, network=left_to_each(network, shared, flow, component))

    @property
    def comes_whole(self) -> bool:
        """Whether anything comes in loads or lots."""
        return self.resources is not None and self.resources.come_whole

    def opened(self, flow: IntArray) -> "Problem":
        """The problem with the lots of a flow as they are, and its loads paid for."""
        if self.resources is None or not self.resources.come_whole:
            return self
        network, shared = opened(self.network, self.resources.shared, flow)
        names = (*self.resources.names, *self.resources.lots)
        return replace(self, network=network, resources=Resources(shared, names))

    def narrowed(self, closed: Mapping[str, IntArray]) -> "Problem":
        """The same arcs with no room on those of movements that were closed after a first flow.

        Its flows are flows of this problem, too, so the bound of this one holds for them.
        """
        if not closed:
            return self
        rows, network = np.concatenate([*closed.values()]), self.network
        shut = (network.kind == ArcKind.MOVE) & np.isin(network.reference, rows)
        narrower = replace(network, capacity=np.where(shut, 0, network.capacity))
        return replace(self, network=narrower, closures=self.closures.joined(closed))


def full_arcs(problem: Problem, flow: IntArray) -> dict[int, Resource]:
    """The arcs that can take no more because a shared resource is full, and the first such one."""
    resources = problem.resources
    if resources is None:
        return {}
    shared = resources.shared
    free = shared.capacity - used(shared, flow)
    rows = np.flatnonzero(free[shared.resource] < shared.use)
    found: dict[int, Resource] = {}
    for arc, number in zip(shared.arc[rows].tolist(), shared.resource[rows].tolist(), strict=True):
        found.setdefault(arc, resources.names[number])
    return found


def scarce_arcs(problem: Problem, flow: IntArray) -> dict[int, Resource]:
    """The arcs that have no share of what is left of a resource though it is not full."""
    resources = problem.resources
    if resources is None:
        return {}
    network, shared = problem.network, resources.shared
    component = components_of(network.node_count, network.tail, network.head)
    share = shares_of(network, shared, flow, component)
    free = (shared.capacity - used(shared, flow))[shared.resource]
    rows = np.flatnonzero((share < shared.use) & (free >= shared.use))
    found: dict[int, Resource] = {}
    for arc, number in zip(shared.arc[rows].tolist(), shared.resource[rows].tolist(), strict=True):
        found.setdefault(arc, resources.names[number])
    return found


def build(
    snapshot: Snapshot,
    window: Window,
    movements: Table,
    closures: Closures,
    cost_parts: Iterable[str] = BOTH_PARTS,
    bounds: Bounds = NO_BOUNDS,
    weights: Weights = PLAIN,
) -> Problem:
    """The problem of one request; `movements` must be `candidates(snapshot, window)`.

    No solver is loaded. Pure: equal facts, window, closures and parts give equal bytes. Errors:
    see `carry_network` and `assignment_network`; `EDIT_REGIME`, `WEIGHTS_REGIME` for bounds and
    weights where orders are planned.
    """
    parts = frozenset(cost_parts)
    if window.regime == RISK:
        network, hashes, labels = carry_network(
            snapshot, window, movements, closures, bounds, weights
        )
        return Problem(window, parts, movements, closures, network, hashes, labels)
    if weights != PLAIN:
        raise InputError(
            "orders are not weighed", code="WEIGHTS_REGIME",
            hint="as many as can be are served, then at the least cost; choose the cost parts",
        )  # fmt: skip
    if bounds:
        raise InputError(
            "lines of firm orders cannot be edited", code="EDIT_REGIME",
            hint="edit plans of stock; orders follow rules and capacities",
        )  # fmt: skip
    found = assignment_network(snapshot, window, movements, closures, parts)
    return Problem(window, parts, movements, closures, *found)
