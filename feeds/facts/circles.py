"""Circles in what should be a tree or an order: places, bills of materials, pallets, links."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from feeds.facts.cells import Value
from feeds.facts.ledger import Ledger, Stated, column_of_field
from feeds.facts.pools import NOT_STATED, Codes, combinations
from feeds.refusals import shown

_EDGES = (
    ("Location", "id", "part_of", "PART_OF_CYCLE"),
    ("Component", "item", "component", "COMPONENT_CYCLE"),
    ("HandlingUnit", "sscc", "parent_sscc", "HANDLING_UNIT_CYCLE"),
    ("UpstreamSupply", "supplier", "upstream", "UPSTREAM_CIRCLE"),
    ("DeliveryLine", "id", "weight_line", "LINK_CIRCLE"),
    ("DeliveryLine", "id", "freight_line", "LINK_CIRCLE"),
)
_WITHIN = {"UpstreamSupply": ("item",)}
"""The field within which a circle counts: two suppliers may sell each other different things."""

Node = Value | None
Link = tuple[Node, ...]
Edge = tuple[Node, Node]


def refuse_circles(ledger: Ledger) -> None:
    """Set aside the rows whose link lies on a circle; links that only lead there stay."""
    for name, start, end, code in _EDGES:
        if name not in ledger.classes:
            continue
        parts = [part for part in ledger.standing(name) if end in part.columns]
        parts = [part.where(part.columns[end] != NOT_STATED) for part in parts]
        fields = (start, end, *_WITHIN.get(name, ()))
        found = [_links(ledger, part, fields) for part in parts]
        circles = _on_circles({link for links, _ in found for link in links})
        for part, (links, which) in zip(parts, found, strict=True):
            column = column_of_field(part.rule, end)
            is_on = np.array([link in circles for link in links], np.bool_)
            for at in np.flatnonzero(is_on[which]).tolist():
                first, second = (shown(str(one)) for one in links[which[at]][:2])
                said = f"{first} comes back to itself through {second}"
                ledger.refuse(int(part.rows[at]), code, said, column)


def _links(ledger: Ledger, part: Stated, fields: Sequence[str]) -> tuple[list[Link], Codes]:
    """The distinct links of a part, and which of them each row states."""
    name, columns = part.rule.name, [part.codes(key) for key in fields]
    first, which = combinations(columns, [len(ledger.pools.of(name, key)) for key in fields])
    values = [
        [ledger.value(name, key, code) for code in column[first].tolist()]
        for key, column in zip(fields, columns, strict=True)
    ]
    return list(zip(*values, strict=True)), which


def _on_circles(links: set[Link]) -> set[Link]:
    edges: dict[Link, set[Edge]] = defaultdict(set)
    for start, end, *within in links:
        edges[tuple(within)].add((start, end))
    return {(*edge, *within) for within, found in edges.items() for edge in edges_on_circles(found)}


def edges_on_circles(edges: set[Edge]) -> set[Edge]:
    """The edges whose ends lie in one strongly connected component (Tarjan 1972, no recursion)."""
    after: dict[Node, list[Node]] = defaultdict(list)
    for start, end in edges:
        after[start].append(end)
    part = _components(after)
    return {edge for edge in edges if part[edge[0]] == part[edge[1]]}


def _components(after: dict[Node, list[Node]]) -> dict[Node, int]:
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    part: dict[Node, int] = {}
    open_nodes: list[Node] = []
    for root in list(after):
        if root in order:
            continue
        work = [(root, iter(after.get(root, ())))]
        order[root] = low[root] = len(order)
        open_nodes.append(root)
        while work:
            node, following = work[-1]
            step = next((n for n in following if n not in part), None)
            if step is None:
                work.pop()
                _close(node, order, low, part, open_nodes)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
            elif step in order:
                low[node] = min(low[node], order[step])
            else:
                order[step] = low[step] = len(order)
                open_nodes.append(step)
                work.append((step, iter(after.get(step, ()))))
    return part


def _close(
    node: Node, order: dict[Node, int], low: dict[Node, int],
    part: dict[Node, int], open_nodes: list[Node],
) -> None:  # fmt: skip
    if low[node] != order[node]:
        return
    number = order[node]
    while True:
        top = open_nodes.pop()
        part[top] = number
        if top == node:
            return
