"""Circles in what should be a tree or an order: places, bills of materials, pallets, links."""

from collections import defaultdict

from feeds.cells import Value
from feeds.conflicts import stated
from feeds.ledger import Ledger, column_of_field
from feeds.refusals import shown

_EDGES = (
    ("Location", "id", "part_of", "PART_OF_CYCLE"),
    ("Component", "item", "component", "COMPONENT_CYCLE"),
    ("HandlingUnit", "sscc", "parent_sscc", "HANDLING_UNIT_CYCLE"),
    ("UpstreamSupply", "supplier", "upstream", "UPSTREAM_CIRCLE"),
    ("DeliveryLine", "id", "weight_line", "LINK_CIRCLE"),
    ("DeliveryLine", "id", "freight_line", "LINK_CIRCLE"),
)
_WITHIN = {"UpstreamSupply": "item"}
"""The field within which a circle counts: two suppliers may sell each other different things."""

Edge = tuple[Value, Value]


def refuse_circles(ledger: Ledger) -> None:
    """Set aside the rows whose link lies on a circle; links that only lead there stay."""
    for name, start, end, code in _EDGES:
        if name not in ledger.classes:
            continue
        rows_of: dict[Value, dict[Edge, list[tuple[int, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        within = _WITHIN.get(name, "")
        for index, row in ledger.standing():
            for statement in row.statements:
                if statement.rule.name != name:
                    continue
                content = stated(statement)
                if end in content:
                    column = column_of_field(statement.rule, end)
                    edges = rows_of[content.get(within, "")]
                    edges[content[start], content[end]].append((index, column))
        for edges in rows_of.values():
            _refuse(ledger, code, edges)


def _refuse(ledger: Ledger, code: str, edges: dict[Edge, list[tuple[int, str]]]) -> None:
    for edge in edges_on_circles(set(edges)):
        for index, column in edges[edge]:
            said = f"{shown(str(edge[0]))} comes back to itself through {shown(str(edge[1]))}"
            ledger.refuse(index, code, said, column)


def edges_on_circles(edges: set[Edge]) -> set[Edge]:
    """The edges whose ends lie in one strongly connected component (Tarjan 1972, no recursion)."""
    after: dict[Value, list[Value]] = defaultdict(list)
    for start, end in edges:
        after[start].append(end)
    part = _components(after)
    return {edge for edge in edges if part[edge[0]] == part[edge[1]]}


def _components(after: dict[Value, list[Value]]) -> dict[Value, int]:
    order: dict[Value, int] = {}
    low: dict[Value, int] = {}
    part: dict[Value, int] = {}
    open_nodes: list[Value] = []
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
    node: Value, order: dict[Value, int], low: dict[Value, int],
    part: dict[Value, int], open_nodes: list[Value],
) -> None:  # fmt: skip
    if low[node] != order[node]:
        return
    number = order[node]
    while True:
        top = open_nodes.pop()
        part[top] = number
        if top == node:
            return
