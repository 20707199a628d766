"""The cheapest flow once more arcs are open, step by step from a flow and its potentials."""

from heapq import heappop, heappush

import numpy as np

from solver.network.columns import IntArray, Network


class OpenedFlow:
    """A cheapest flow that stays cheapest while arcs are added one at a time.

    Successive shortest paths: without the new arc there is no negative cycle, so units go round
    the cheapest cycle through it until none saves anything or the arc is full; the potentials
    follow and prove each step. Whoever has a flow and its potentials needs no solver for this.
    Equal inputs take equal steps.

    Arc a has two halves: 2a leads from tail to head, 2a + 1 back.
    """

    def __init__(self, network: Network, flow: IntArray, potentials: IntArray) -> None:
        self._head: list[int] = []
        self._cost: list[int] = []
        self._room: list[int] = []
        self._start: list[int] = []
        self._leaving: list[list[int]] = [[] for _ in range(network.node_count)]
        self._potentials: list[int] = potentials.tolist()
        columns = (network.tail, network.head, network.cost, network.capacity - flow,
                   flow - network.lower)  # fmt: skip
        for row in zip(*(column.tolist() for column in columns), strict=True):
            self._append(*row)

    def open_arc(self, tail: int, head: int, capacity: int, cost: int) -> int:
        """Adds an arc, sends over it what pays, and returns what that saves (>= 0)."""
        half = len(self._head)
        self._append(tail, head, cost, capacity, 0)
        saved = 0
        while self._room[half] > 0:
            gain = -(cost + self._potentials[tail] - self._potentials[head])
            if gain <= 0:
                break
            best, via = self._reached(head, tail, gain)
            nearest = best.get(tail, gain)
            for node, distance in best.items():
                self._potentials[node] += min(distance, nearest) - nearest
            if nearest == gain:
                break
            saved += (gain - nearest) * self._push(via, head, tail, half)
        return saved

    def added(self) -> IntArray:
        """Units more than at the start on every arc (below zero: fewer), in the order added."""
        return np.array(self._start, np.int64) - np.array(self._room[::2], np.int64)

    def _append(self, tail: int, head: int, cost: int, room: int, back: int) -> None:
        self._leaving[tail].append(len(self._head))
        self._leaving[head].append(len(self._head) + 1)
        self._head += (head, tail)
        self._cost += (cost, -cost)
        self._room += (room, back)
        self._start.append(room)

    def _reached(self, start: int, end: int, limit: int) -> tuple[dict[int, int], dict[int, int]]:
        """Reduced distances below `limit` from `start` up to `end`, and the half that led there.

        The new arc is never on the way: it leaves `end`, and its other half costs `limit`.
        """
        best: dict[int, int] = {}
        via: dict[int, int] = {}
        queue = [(0, start, -1)]
        while queue:
            reached, node, came_by = heappop(queue)
            if node in best:
                continue
            best[node], via[node] = reached, came_by
            if node == end:
                break
            here = self._potentials[node]
            for half in self._leaving[node]:
                target = self._head[half]
                if self._room[half] > 0 and target not in best:
                    further = reached + self._cost[half] + here - self._potentials[target]
                    if further < limit:
                        heappush(queue, (further, target, half))
        return best, via

    def _push(self, via: dict[int, int], start: int, end: int, closing: int) -> int:
        """Sends as much as fits round the path and the closing arc."""
        path = [closing]
        node = end
        while node != start:
            path.append(via[node])
            node = self._head[via[node] ^ 1]
        units = min(self._room[half] for half in path)
        for half in path:
            self._room[half] -= units
            self._room[half ^ 1] += units
        return units
