"""Whole plans: flows of parts that split no lot and pay for every load, made cheaper."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.integral.master import Steps
from solver.integral.parts import Part
from solver.network.columns import IntArray, Network

Flows = list[IntArray]

NO_LIMIT = 2**62


@dataclass
class Plans:
    """Makes whole plans of all parts. `most_solves` of all parts together is where it gives up.

    `idle` are flows that fit together whatever else does not, where any are known.
    """

    parts: Sequence[Part]
    steps: Steps
    most_solves: int
    idle: Flows | None = None

    def spent(self) -> bool:
        """Whether the work is done with."""
        return sum(part.solves for part in self.parts) >= self.most_solves

    def used(self, flows: Flows) -> IntArray:
        """What the flows take of each resource."""
        taken = np.zeros(len(self.steps.size), np.int64)
        for part, flow in zip(self.parts, flows, strict=True):
            taken[part.resources] += part.used(flow)
        return taken

    def counts(self, used: IntArray) -> IntArray:
        """The steps that hold what is used."""
        size = np.maximum(1, self.steps.size)
        found: IntArray = np.maximum(self.steps.least, -(-used // size))
        return found

    def cost(self, flows: Flows) -> int | None:
        """What the flows and their steps cost; None where they split a lot or take too much."""
        used = self.used(flows)
        counts = self.counts(used)
        if np.any(counts > self.steps.most) or np.any(used > self.steps.size * counts):
            return None
        if any(part.split_lots(flow) for part, flow in zip(self.parts, flows, strict=True)):
            return None
        moved = sum(int(flow.astype(object) @ part.network.cost)
                    for part, flow in zip(self.parts, flows, strict=True))  # fmt: skip
        return moved + int(self.steps.cost.astype(object) @ counts)

    def made(self, wishes: Flows) -> Flows | None:
        """A whole plan near what the parts would like: rounded, fitted, then made cheaper."""
        rounded = [self._lots_kept(part, part.network, flow)
                   for part, flow in zip(self.parts, wishes, strict=True)]  # fmt: skip
        flows = [flow for flow in rounded if flow is not None]
        if len(flows) < len(rounded):
            return None
        counts = np.minimum(self.counts(self.used(flows)), self.steps.most)
        fitted = self._fitted(flows, counts, range(len(flows)))
        return None if fitted is None else self.better(fitted)

    def better(self, flows: Flows) -> Flows:
        """Flows at most as dear: each part at its best in what is paid for, loads closed, opened.

        Until no single load less or more pays.
        """
        if self.cost(flows) is None:
            return flows
        flows = self._descended(flows, self.counts(self.used(flows)), range(len(flows)))
        loads = np.flatnonzero((self.steps.cost > 0) & (self.steps.least < self.steps.most))
        touching: dict[int, list[int]] = {row: [] for row in loads.tolist()}
        for number, part in enumerate(self.parts):
            for row in np.intersect1d(part.resources, loads).tolist():
                touching[row].append(number)
        again = True
        while again and not self.spent():
            again = False
            for load, change in self._trials(flows, loads):
                if self.spent():
                    break
                other = self._with_load(flows, load, change, touching[load])
                if other is not None:
                    flows, again = other, True
        return flows

    def _trials(self, flows: Flows, loads: IntArray) -> list[tuple[int, int]]:
        """Loads to try with one less, the emptiest first; then those to try with one more."""
        used = self.used(flows)
        counts = self.counts(used)
        last = used - self.steps.size * (counts - 1)
        fewer = sorted((int(last[row]), row) for row in loads.tolist()
                       if counts[row] > self.steps.least[row])  # fmt: skip
        more = [row for row in loads.tolist() if counts[row] < self.steps.most[row]]
        return [(row, -1) for _, row in fewer] + [(row, 1) for row in more]

    def _with_load(self, flows: Flows, load: int, change: int, parts: list[int]) -> Flows | None:
        """The flows with one load more or less, where that is cheaper."""
        counts = self.counts(self.used(flows))
        counts[load] += change
        if not self.steps.least[load] <= counts[load] <= self.steps.most[load]:
            return None
        fitted = self._fitted(flows, counts, parts)
        if fitted is None:
            return None
        other = self._descended(fitted, counts, parts)
        now, then = self.cost(other), self.cost(flows)
        return other if now is not None and then is not None and now < then else None

    def _fitted(self, flows: Flows, counts: IntArray, chosen: Iterable[int]) -> Flows | None:
        """Some flows changed, one after the other, so that all fit into these steps."""
        found, room = list(flows), self.steps.size * counts - self.used(flows)
        for row in chosen:
            part = self.parts[row]
            if np.all(room[part.resources] >= 0):
                continue
            own = part.used(found[row])
            flow = self._within(part, found[row], room[part.resources] + own)
            if flow is not None:
                room[part.resources] += own - part.used(flow)
                found[row] = flow
        return found if np.all(room >= 0) else self._given_up(found, room, chosen)

    def _given_up(self, flows: Flows, room: IntArray, chosen: Iterable[int]) -> Flows | None:
        """Flows of which some do nothing instead, one after the other, until all fit."""
        if self.idle is None:
            return None
        found = list(flows)
        for row in chosen:
            part, idle = self.parts[row], self.idle[row]
            freed = part.used(found[row]) - part.used(idle)
            if np.any(freed[room[part.resources] < 0] > 0):
                room[part.resources] += freed
                found[row] = idle
            if np.all(room >= 0):
                return found
        return None

    def _descended(self, flows: Flows, counts: IntArray, chosen: Sequence[int]) -> Flows:
        """Each of some parts at its best in what the others leave of these steps, in passes."""
        found, room = list(flows), self.steps.size * counts - self.used(flows)
        for _ in range(len(self.parts) + 1):
            changed = False
            for row in chosen:
                if self.spent():
                    return found
                part, now = self.parts[row], found[row]
                own = part.used(now)
                flow = self._within(part, now, room[part.resources] + own)
                if flow is not None and int((now - flow).astype(object) @ part.network.cost) > 0:
                    room[part.resources] += own - part.used(flow)
                    found[row], changed = flow, True
            if not changed:
                break
        return found

    def _within(self, part: Part, flow: IntArray, room: IntArray) -> IntArray | None:
        """A cheap flow of a part that takes no more than the room there is for it."""
        capacity = np.minimum(part.network.capacity, _most(part, flow, np.maximum(0, room)))
        if np.any(capacity < part.network.lower):
            return None
        network = replace(part.network, capacity=capacity)
        found = part.cheapest(network)
        return None if found is None else self._lots_kept(part, network, found)

    def _lots_kept(self, part: Part, network: Network, flow: IntArray) -> IntArray | None:
        """A flow near this one that splits no lot: one lot after the other up or down."""
        fixed: dict[int, tuple[int, int]] = {}
        now: IntArray | None = flow
        while now is not None:
            split = part.split_lots(now)
            if not split:
                return now
            lot = split[0]
            arc = int(part.lot_arc[lot])
            tries = []
            for units in part.lot_values(lot, int(now[arc])):
                if network.lower[arc] <= units <= network.capacity[arc]:
                    bounds = fixed | {arc: (units, units)}
                    other = part.cheapest(part.bounded(network, bounds))
                    if other is not None:
                        cost = int(other.astype(object) @ network.cost)
                        tries.append((cost, units, other))
            if not tries:
                return self._without_lots(part, network)
            _, units, now = min(tries, key=lambda found: found[:2])
            fixed[arc] = units, units
        return None

    def _without_lots(self, part: Part, network: Network) -> IntArray | None:
        """A cheapest flow with the least of every lot; None where that splits one, or none is."""
        least = network.lower[part.lot_arc].tolist()
        bounds = {
            arc: (units, units) for arc, units in zip(part.lot_arc.tolist(), least, strict=True)
        }
        found = part.cheapest(part.bounded(network, bounds))
        return None if found is None or part.split_lots(found) else found


def _most(part: Part, flow: IntArray, room: IntArray) -> IntArray:
    """Units that each arc may carry so that all together fit into the room.

    Arcs keep what they carry as far as there is room, in their order, and share what is left.
    """
    kept, left = flow, room - part.used(flow)
    if np.any(left < 0):
        kept = _cut_to(part, flow, room)
        left = np.maximum(0, room - part.used(kept))  # an arc of several rows was cut in the last
    takes = part.row_use > 0
    arcs, own = part.row_arc[takes], part.row_resource[takes]
    members = np.bincount(own, minlength=len(left))
    share = left // np.maximum(1, members)
    extra = np.zeros(len(flow), np.int64)
    extra[:] = NO_LIMIT
    np.minimum.at(extra, arcs, share[own] // part.row_use[takes])
    found: IntArray = np.where(extra < NO_LIMIT, kept + extra, NO_LIMIT)
    return found


def _cut_to(part: Part, flow: IntArray, room: IntArray) -> IntArray:
    """What arcs keep of a flow, in their order, as far as there is room."""
    kept, left = flow.tolist(), room.tolist()
    rows = zip(part.row_arc.tolist(), part.row_resource.tolist(), part.row_use.tolist(),
               strict=True)  # fmt: skip
    for arc, resource, use in rows:
        if use:
            kept[arc] = min(kept[arc], max(0, left[resource]) // use)
            left[resource] -= use * kept[arc]
    return np.array(kept, np.int64)
