"""One planning request as a network, with everything that decoding its flow needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, Table
from solver.assignment_network import AssignmentLabels, assignment_network
from solver.carry_labels import CarryLabels
from solver.carry_network import carry_network
from solver.movements import RISK, Window
from solver.names import HashArray
from solver.network import ArcKind, IntArray, Network

BOTH_PARTS = frozenset({"warehouse", "freight"})


@dataclass(frozen=True)
class Problem:
    """A network, and what its nodes and arcs stand for.

    Service arcs (`ArcKind.MOVE`) name their row in `movements`; movements that `closures` close
    have no arc and stay known as suppressed. `arc_hash` (uint64 per arc) is made from names, so
    equal facts in any row order give equal arrays throughout.
    """

    window: Window
    cost_parts: frozenset[str]
    movements: Table
    closures: Closures
    network: Network
    arc_hash: HashArray
    labels: CarryLabels | AssignmentLabels

    @property
    def regime(self) -> str:
        """`risk` or `orders`."""
        return self.window.regime

    @property
    def suppressed(self) -> Mapping[str, int]:
        """How many movements each rule closes, by IRI; rules that close none are left out."""
        counts = {rule: len(rows) for rule, rows in sorted(self.closures.closed.items())}
        return {rule: count for rule, count in counts.items() if count}

    def narrowed(self, closed: Mapping[str, IntArray]) -> "Problem":
        """The same arcs with no room on those of movements that were closed after a first flow.

        Its flows are flows of this problem, too, so the bound of this one holds for them.
        """
        rows = np.concatenate([np.zeros(0, np.int64), *closed.values()])
        network = self.network
        shut = (network.kind == ArcKind.MOVE) & np.isin(network.reference, rows)
        narrower = replace(network, capacity=np.where(shut, 0, network.capacity))
        return replace(self, network=narrower, closures=self.closures.joined(closed))


def build(
    snapshot: Snapshot,
    window: Window,
    movements: Table,
    closures: Closures,
    cost_parts: Iterable[str] = BOTH_PARTS,
) -> Problem:
    """The problem of one request; `movements` must be `candidates(snapshot, window)`.

    No solver is loaded. Pure: equal facts, window, closures and parts give equal bytes. Errors:
    see `carry_network` and `assignment_network`.
    """
    parts = frozenset(cost_parts)
    if window.regime == RISK:
        network, hashes, labels = carry_network(snapshot, window, movements, closures)
        return Problem(window, parts, movements, closures, network, hashes, labels)
    found = assignment_network(snapshot, window, movements, closures, parts)
    return Problem(window, parts, movements, closures, *found)
