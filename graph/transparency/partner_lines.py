"""What each partner may see of a plan, committed with the plan, and its proof for one of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graph.merkle import commitment, fold, leaf_hash, salt
from graph.transparency.tree_hashes import paths_of
from ontology.canonical import canonical
from ontology.errors import InputError, StateError
from ontology.events import Event

PARTNERS_ROOT = "partners_root"
ALWAYS = ("number", "kind", "item", "quantity_units", "departs_on", "arrives_on")
SEEN: Mapping[str, tuple[str, ...]] = {
    "Supplier": (*ALWAYS, "supplier", "destination"),
    "Carrier": (*ALWAYS, "carrier", "origin", "origin_port"),
    "Customer": (*ALWAYS, "customer", "order"),
}
"""The fields of a line that a partner of a class sees, where it is named by it; no other."""
NAMED_BY = {"Supplier": "supplier", "Carrier": "carrier", "Customer": "customer"}
LEAST_LEAVES = 16
"""A tree is filled up to so many leaves, and to a power of two, so that it tells no number."""


def views_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By `Supplier/acme`: the lines that name that partner, each as far as it may see them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        for class_name, field in NAMED_BY.items():
            if line.get(field):
                view = {name: line[name] for name in SEEN[class_name] if name in line}
                found.setdefault(f"{class_name}/{line[field]}", []).append(view)
    return found


def partners_root(seed: bytes, lines: Iterable[Mapping[str, Any]]) -> str:
    """Root over a salted commitment for each partner to all lines that it may see.

    A leaf is that of a line (decision 0003), named `partner/Class/name`. Leaves stand in the order
    of their hashes, others that commit to nothing among them: a place tells nothing.
    """
    return fold(_leaves(seed, views_of(lines))).root.hex()


def partner_part(event: Event, lines: Sequence[Mapping[str, Any]], partner: str) -> dict[str, Any]:
    """What a partner is shown of a plan: all its lines in one text, with the path to the root.

    Raises InputError `PARTNER_UNKNOWN`; StateError `PARTNERS_NOT_COMMITTED` for a plan of before
    they were committed to.
    """
    seed, views = bytes.fromhex(event.seed), views_of(lines)
    if partner not in views:
        raise InputError(f"no line of the plan names the partner `{partner[:100]}`",
                         code="PARTNER_UNKNOWN", hint="write Supplier/NAME, Carrier/NAME or "
                         "Customer/NAME; that there is no line is not proved")  # fmt: skip
    leaves = _leaves(seed, views)
    if fold(leaves).root.hex() != event.payload.get(PARTNERS_ROOT):
        raise StateError("the plan was logged without what its partners may see",
                         code="PARTNERS_NOT_COMMITTED",
                         hint="show whole lines: `evenkeel log prove PLAN --line NUMBER`"
                         )  # fmt: skip
    place = leaves.index(_leaf(seed, partner, views[partner]))
    (path,) = paths_of(leaves, [place])
    name = f"partner/{partner}"
    return {
        "name": name, "salt": salt(seed, name).hex(),
        "text": canonical([name, views[partner]]).decode(),
        "path": [f"{'<' if place >> level & 1 else '>'}{beside.hex()}"
                 for level, beside in enumerate(path)],
    }  # fmt: skip


def _leaves(seed: bytes, views: Mapping[str, list[dict[str, Any]]]) -> list[bytes]:
    leaves = [_leaf(seed, partner, lines) for partner, lines in views.items()]
    size = max(LEAST_LEAVES, 1 << (len(leaves) - 1).bit_length() if leaves else 0)
    nothing = (leaf_hash(salt(seed, f"nobody/{number}")) for number in range(len(leaves), size))
    return sorted([*leaves, *nothing])


def _leaf(seed: bytes, partner: str, lines: list[dict[str, Any]]) -> bytes:
    name = f"partner/{partner}"
    return leaf_hash(bytes.fromhex(commitment(salt(seed, name), name, lines)))
