"""Check the certificate of a plan with Python alone: python check.py plan.json"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Columns = dict[str, list[int]]
Bounds = dict[tuple[int, int], tuple[int, int]]  # (kind, number): least and most in a leaf
LEAF, ARC, RESOURCE = 0, 1, 2
ARCS = ("", "tail", "head", "cost", "lower", "capacity")
STEPS = ("", "shared_capacity", "whole_step_cost", "whole_least_steps", "whole_most_steps")
ROUNDED = ("rounded_", "resource", "divisor", "price")


def refusals(network: Columns, proof: Columns, stated: dict[str, Any]) -> list[str]:
    """What is wrong with a certificate; nothing where it holds. Columns that do not fit raise.

    Where nothing is wrong, the flow is feasible in the network and costs what is stated, and no
    feasible flow costs less than the stated bound. Feasible: at each node, out - in = supply; on
    each arc, lower <= flow <= capacity, and whole lots; of each resource no more is taken than its
    steps hold: n steps of size C hold n C and cost F n.
    """
    if any(type(n) is not int for column in (*network.values(), *proof.values()) for n in column):
        raise ValueError("a column holds something that is no whole number")
    ones = [1 for _ in network.get("shared_capacity", [])]  # of what is no step: one for nothing
    network = {**dict.fromkeys(STEPS[3:], ones), STEPS[2]: [0 for _ in ones], **network}
    network |= {name: proof[name] for name in proof if name.startswith(ROUNDED[0])}
    if any(min(step) < 0 for step in _rows(network, *STEPS)):
        raise ValueError("a step has a size, cost or number below 0")
    wrong, cost = _broken(network, proof["flow"])
    bounds = [_bound(network, *leaf) for leaf in _leaves(network, proof)]
    if proof.get("branch_leaf_bound", bounds) != bounds:
        wrong.append("a leaf states another bound than its potentials and prices prove")
    given, lines = stated["given_cost"], stated["line_cost"]
    gap = cost + lines - min(bounds)
    proved = {"gap": gap, "bound": min(bounds) + given, "cost": cost + given + lines}
    proved["gap_percent"] = 100 * gap / max(1, abs(proved["cost"]))
    gain = -1 if stated["do_nothing"] is None else stated["do_nothing"] - proved["bound"]
    proved["gap_of_gain"] = gap / gain if gain > 0 else None
    hundredths = -(-10_000 * gap // max(1, abs(proved["cost"])))  # of a per cent, rounded up
    proved["label"] = f"within {hundredths // 100}.{hundredths % 100:02} %" if gap else "optimal"
    wrong += [f"{name}: stated {stated[name]!a:.200}, but it is {value}"
              for name, value in proved.items() if stated[name] != value]  # fmt: skip
    return wrong if gap >= 0 <= lines else [*wrong, "the gap or the cost of lines is below 0"]


def _rows(columns: Columns, prefix: str, *names: str) -> list[tuple[int, ...]]:
    return list(zip(*(columns.get(prefix + name, []) for name in names), strict=True))


def _broken(network: Columns, flow: list[int]) -> tuple[list[str], int]:
    """Where a flow breaks bounds, balance, lots or shared capacities, and what it costs."""
    wrong, total, rest = [], 0, list(network["supply"])
    arcs = zip(_rows(network, *ARCS), flow, strict=True)
    for arc, ((tail, head, cost, lower, most), units) in enumerate(arcs):
        if min(tail, head) < 0 or not lower <= units <= most:
            wrong.append(f"arc {arc}: it has no such node, or the flow is out of bounds")
        rest[tail] -= units
        rest[head] += units
        total += cost * units
    wrong += [f"node {node}: out of balance" for node, units in enumerate(rest) if units]
    for arc, least, multiple in _rows(network, "whole_lot_", "arc", "least", "multiple"):
        if arc < 0 or multiple < 1 or (flow[arc] and (flow[arc] % multiple or flow[arc] < least)):
            wrong.append(f"arc {arc}: the flow splits a lot")
    taken = [0 for _ in _rows(network, *STEPS)]
    for arc, resource, use in _rows(network, "shared_", "arc", "resource", "use"):
        if min(arc, resource, use) < 0:
            wrong.append("a row of shared resources has a number below 0")
        taken[resource] += use * flow[arc]
    for number, (size, cost, least, most) in enumerate(_rows(network, *STEPS)):
        steps = max(least, -(-taken[number] // size) if size else 0)
        if steps > most or taken[number] > steps * size:
            wrong.append(f"resource {number}: the flow takes too much")
        total += cost * steps
    return wrong, total


def _bound(network: Columns, bounds: Bounds, level: list[int], price: list[int]) -> int:
    """What potentials p and prices q >= 0 prove of every flow f within the bounds of a leaf.

    With r = cost + use q + p(tail) - p(head): cost f + F n >= - p supply + sum of r (lower where
    r > 0, else capacity) + sum of (F - q C) n, since r f = cost f + q used + p supply, and used <=
    n C. The bound takes the least of each last term.
    A rounded row has its own price. With g = C % d, F(u) = (d - g) (u // d) + max(0, u % d - g)
    never falls, and F(u) + F(v) <= F(u + v): so use f <= C gives F(use) f <= F(C), for whole f >= 0
    (counted from `lower`).
    """
    arcs = _rows(network, *ARCS)
    reduced = [cost + level[tail] - level[head] for tail, head, cost, _, _ in arcs]
    uses = _rows(network, "shared_", "arc", "resource", "use")
    for arc, resource, use in uses:
        reduced[arc] += use * price[resource]
    if min([0, *price]) < 0 or any(d < 1 or q < 0 for _, d, q in _rows(network, *ROUNDED)):
        raise ValueError("a price is below 0, or a divisor below 1")
    bound = -sum(p * supply for p, supply in zip(level, network["supply"], strict=True))
    for of, d, q in _rows(network, *ROUNDED):
        own = [(arc, use, arcs[arc][3]) for arc, resource, use in uses if resource == of]
        most = network["shared_capacity"][of] * network["whole_most_steps"][of]
        rest = most - sum(use * lower for _, use, lower in own)
        bound -= q * (d - rest % d) * (rest // d)
        for arc, use, lower in own:
            row = (d - rest % d) * (use // d) + max(0, use % d - rest % d)
            reduced[arc] += q * row
            bound -= q * row * lower
    for arc, (_, _, _, *ends) in enumerate(arcs):
        lower, capacity = bounds.get((ARC, arc), ends)
        bound += reduced[arc] * (lower if reduced[arc] > 0 else capacity)
    for number, (q, step) in enumerate(zip(price, _rows(network, *STEPS), strict=True)):
        size, cost, *ends = step
        bound += min((cost - q * size) * n for n in bounds.get((RESOURCE, number), ends))
    return bound


def _leaves(network: Columns, proof: Columns) -> Iterator[tuple[Bounds, list[int], list[int]]]:
    """Per leaf its bounds, potentials and prices; every flow is in one. One leaf without splits."""
    lots = {arc: lot for arc, *lot in _rows(network, "whole_lot_", "arc", "least", "multiple")}
    ends = {ARC: _rows(network, *ARCS), RESOURCE: _rows(network, *STEPS)}
    waiting, leaf = [Bounds()], 0
    for kind, subject, at in _rows(proof, "branch_", "split", "subject", "at") or [(LEAF, 0, 0)]:
        bounds, key = waiting.pop(), (kind, subject)
        if kind == LEAF:
            level = _changed(proof, "potentials", leaf, "node_leaf", "node", "node_change")
            price = _changed(proof, "prices", leaf, "price_leaf", "price_resource", "price_change")
            yield bounds, level, price
            leaf += 1
            continue
        low, high = bounds.get(key) or ends[kind][subject][-2:]
        least, multiple = lots.get(subject, (0, 1)) if kind == ARC else (0, 1)
        first = -(-max(least, 1) // multiple) * multiple  # the least number above 0 of a lot
        above = at + 1 if at < 0 else max(first, (at // multiple + 1) * multiple)
        waiting += [bounds | {key: (max(low, above), high)}, bounds | {key: (low, min(high, at))}]
    if waiting:
        raise ValueError("the branches are not one whole tree")


def _changed(proof: Columns, name: str, leaf: int, *columns: str) -> list[int]:
    changed = list(proof.get(name, []))
    for at, place, change in _rows(proof, "branch_", *columns):
        changed[place] += change if at == leaf else 0
    return changed


def _content(part: dict[str, Any], folder: Path) -> Any:
    if "inline" in part:
        return part["inline"]
    name = part["artifact"].replace("/", "")  # so that it names a file of this folder
    data = (folder / "artifacts" / name[:2] / name[2:]).read_bytes()
    if hashlib.sha256(data).hexdigest() != name:
        raise ValueError("an artifact is not what its name says")
    return json.loads(data)


if __name__ == "__main__":
    sys.excepthook = lambda kind, error, _: print(f"refused: {kind.__name__} {str(error)!a:.200}")
    plan = Path(sys.argv[1])
    stated = (decision := json.loads(plan.read_bytes())["decision"])["certificate"]
    contents = [_content(part, plan.parent) for part in (decision["network"], stated)]
    wrong = refusals(contents[0], contents[1], stated)
    print(*wrong or [f"it holds: {stated['label']}, bound {stated['bound']}"], sep="\n")
    print("seal, lines and reasons are for `evenkeel verify`")
    sys.exit(bool(wrong))
