"""The arcs of a risk network, class by class: carry, keep, move, junction, and the ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ontology.closures import Closures
from ontology.columns import MISSING, Table
from ontology.edits import Bounds, Way
from ontology.terms import join_key
from solver.model.carry_labels import BoolArray, CarryLabels
from solver.model.carry_layout import Layout
from solver.network.columns import ArcKind, IntArray
from solver.network.names import HashArray, codes_of, hash_names, hash_numbers, mixed

_COLUMNS = ("tail", "head", "lower", "capacity", "cost", "kind", "reference")


@dataclass
class Arcs:
    """Arc columns that grow class by class; `blocks` remembers the rows of each class."""

    columns: dict[str, list[npt.NDArray[np.int64]]] = field(
        default_factory=lambda: {n: [] for n in _COLUMNS}
    )
    hashes: list[HashArray] = field(default_factory=list)
    blocks: dict[str, tuple[int, int]] = field(default_factory=dict)
    count: int = 0

    def add(
        self, name: str, of_kind: ArcKind, hashes: HashArray, **columns: IntArray | int
    ) -> None:
        """Appends the arcs of one class; `lower`, `cost` default to 0, `reference` to -1.

        `kind` as a column says it of every arc by itself.
        """
        values = {"lower": 0, "cost": 0, "reference": -1, "kind": int(of_kind), **columns}
        for column in _COLUMNS:
            wide = np.broadcast_to(np.asarray(values[column], np.int64), (len(hashes),))
            self.columns[column].append(wide)
        self.hashes.append(hashes)
        self.blocks[name] = (self.count, self.count + len(hashes))
        self.count += len(hashes)

    def joined(self) -> dict[str, IntArray]:
        """The whole columns."""
        return {name: np.concatenate(parts) for name, parts in self.columns.items()}


def add_carry(
    arcs: Arcs, layout: Layout, labels: CarryLabels, most: IntArray, closures: Closures
) -> None:
    """Parallel arcs from day to day at every pair; `most` units of each item there can be."""
    everything = most[layout.item_of_pair[labels.carry_pair]]
    width = np.where(labels.carry_last < 0, everything, labels.carry_last - labels.carry_first + 1)
    capacity = np.minimum(width, everything)
    lower = labels.carry_lower(labels.floors_of(closures), capacity)
    tail = labels.carry_pair * layout.days + labels.carry_day
    pairs = hash_names(map(join_key, labels.pairs))[labels.carry_pair]
    names = (pairs, hash_numbers(labels.carry_day), hash_numbers(labels.carry_first))
    arcs.add(
        "carry", ArcKind.CARRY, mixed(hash_names(["carry"]), *names), tail=tail, head=tail + 1,
        lower=lower, capacity=capacity, cost=labels.carry_cost, reference=labels.carry_pair,
    )  # fmt: skip


def add_keep(
    arcs: Arcs, layout: Layout, serving: BoolArray, ranks: IntArray, lots: BoolArray
) -> None:
    """Of the `lots`, those that serve where they lie stay there, the others go idle.

    `ranks` say which lots of an item expire first, where one of them does so in the window.
    """
    pair = layout.pair_rows(layout.lots["item"], layout.lots["location"])
    lot, units = layout.nodes("lots"), layout.lots["on_hand_units"]
    names = hash_names(layout.lots.keys)
    stay = serving & lots
    arcs.add("keep", ArcKind.OTHER, mixed(hash_names(["keep"]), names[stay]),
             tail=lot[stay], head=pair[stay] * layout.days,
             capacity=units[stay], **kept_kind(ranks[stay]))  # fmt: skip
    idle = ~serving
    arcs.add("idle", ArcKind.IDLE, mixed(hash_names(["idle"]), names[idle]), tail=lot[idle],
             head=layout.sink(layout.lots["item"][idle]), capacity=units[idle])  # fmt: skip


def kept_kind(ranks: IntArray) -> dict[str, IntArray]:
    """Kind and reference of arcs on which units of lots with these ranks stay; 0: no rank."""
    ranked = ranks > 0
    return {"kind": np.where(ranked, int(ArcKind.KEEP), int(ArcKind.OTHER)),
            "reference": np.where(ranked, ranks, -1)}  # fmt: skip


def add_moves(
    arcs: Arcs, labels: CarryLabels, movements: Table, closures: Closures, bounds: Bounds
) -> None:
    """One arc per movement that no rule closes; purchases of the first day within their bounds."""
    kept = np.flatnonzero(closures.is_open(len(movements)) & labels.move_fit)
    names = [hash_names(movements[name][kept]) for name in
             ("kind", "item", "lane", "supplier", "origin", "destination", "lot")]  # fmt: skip
    if (movements["kind"] == "substitution").any():
        names.append(hash_names(movements["replaces"][kept]))
    ways = _purchase_ways(labels, movements, kept) if bounds else {}
    lower, capacity = _bounded(bounds, ways, labels.move_capacity[kept])
    arcs.add(
        "move", ArcKind.MOVE, mixed(*names, hash_numbers(labels.move_day[kept])),
        tail=labels.move_tail[kept], head=labels.move_head[kept], lower=lower,
        capacity=capacity, cost=labels.move_cost[kept], reference=kept,
    )  # fmt: skip


def _purchase_ways(labels: CarryLabels, movements: Table, kept: IntArray) -> dict[int, Way]:
    """The way of every purchase of the first day, by its place among the kept rows."""
    here = np.flatnonzero((movements["kind"][kept] == "purchase") & (labels.move_day[kept] == 0))
    rows = movements.take(kept[here])
    names = zip(rows["item"], rows["supplier"], rows["destination"], strict=True)
    return dict(zip(here.tolist(), names, strict=True))


def _bounded(
    bounds: Bounds, ways: Mapping[int, Way], capacity: IntArray
) -> tuple[IntArray, IntArray]:
    """Lower bounds and capacities of arcs, some of which are ways with bounds."""
    lower, capacity = np.zeros_like(capacity), capacity.copy()
    for place, way in ways.items():
        least, most = bounds.get(way, (0, None))
        lower[place] = least
        capacity[place] = capacity[place] if most is None else min(most, int(capacity[place]))
    return lower, capacity


def add_junctions(arcs: Arcs, layout: Layout, most: IntArray, bounds: Bounds) -> None:
    """On the first day all lots of an item share one arc of a lane's capacity, within bounds."""
    row = np.array([lane for _, lane in layout.junctions], np.int64)
    items = [item for item, _ in layout.junctions]
    pair = layout.pair_rows(np.array(items, object), layout.lanes["destination"][row])
    names = mixed(hash_names(["lane"]), hash_names(items), hash_names(layout.lanes["id"][row]))
    stated = layout.lanes["capacity_units_per_day"][row]
    everything = most[codes_of(items, layout.items)]
    ways = {
        place: (item, layout.lanes["id"][lane], "")
        for place, (item, lane) in enumerate(layout.junctions)
    }
    lower, capacity = _bounded(
        bounds, ways, np.where(stated == MISSING, everything, np.maximum(0, stated))
    )
    arcs.add(
        "junction", ArcKind.CAPACITY, names, tail=layout.nodes("junctions"),
        head=pair * layout.days + layout.lands[row], lower=lower, capacity=capacity,
    )  # fmt: skip


def add_unused(arcs: Arcs, layout: Layout, supply: IntArray) -> None:
    """What is offered and not bought."""
    offer = layout.nodes("offers")
    arcs.add("unused", ArcKind.IDLE, mixed(hash_names(["unused"]), hash_names(layout.offers.keys)),
             tail=offer, head=layout.sink(layout.offers["item"]), capacity=supply[offer],
             )  # fmt: skip


def add_ends(arcs: Arcs, layout: Layout, most: IntArray) -> None:
    """Where nothing is forecast, stock goes from its last day to its item's sink."""
    pairs = np.arange(len(layout.pairs))
    items = np.array([item for item, _ in layout.pairs], object)
    arcs.add(
        "end", ArcKind.OTHER, mixed(hash_names(["end"]), hash_names(map(join_key, layout.pairs))),
        tail=pairs * layout.days + layout.window.periods, head=layout.sink(items),
        capacity=most[layout.item_of_pair],
    )  # fmt: skip


def add_lines(arcs: Arcs, layout: Layout) -> None:
    """From each way to the lines that it may serve, whole or not at all (`lots`), and from there.

    A line that several items may serve takes what one of them brings, and no more.
    """
    found = layout.whole_lines
    if not found.arcs:
        return
    way = np.array([arc.way for arc in found.arcs], np.int64)
    units = np.array([arc.units for arc in found.arcs], np.int64)
    joint = np.array([arc.joint for arc in found.arcs], np.int64)
    item, replacement, place = (np.array([w[n] for w in found.ways], object) for n in range(3))
    at = layout.pair_rows(item, place)[way] * layout.days
    lines = hash_names(arc.line for arc in found.arcs)
    arcs.add(
        "line", ArcKind.CAPACITY,
        mixed(hash_names(["line"]), hash_names(replacement)[way], lines),
        tail=layout.first["ways"] + way,
        head=np.where(joint < 0, at, layout.first["joints"] + joint), capacity=units,
    )  # fmt: skip
    names, items, places, most = (np.array([j[n] for j in found.joints], object) for n in range(4))
    arcs.add(
        "joint", ArcKind.CAPACITY, mixed(hash_names(["joint"]), hash_names(names)),
        tail=layout.nodes("joints"), head=layout.pair_rows(items, places) * layout.days,
        capacity=most.astype(np.int64),
    )  # fmt: skip


def add_replaced(arcs: Arcs, layout: Layout, movements: Table, supply: IntArray) -> None:
    """Units that stand in for another item end at its sink: they settle the account of their own.

    Every item's sink asks for that item's own units; one arc per pair of items evens them out.
    """
    rows = np.flatnonzero(movements["kind"] == "substitution")
    links = sorted(set(zip(movements["replaces"][rows], movements["item"][rows], strict=True)))
    if not links:
        return
    item, replacement = (np.array([link[side] for link in links], object) for side in (0, 1))
    arcs.add(
        "replaced", ArcKind.OTHER,
        mixed(hash_names(["replaced"]), hash_names(item), hash_names(replacement)),
        tail=layout.sink(item), head=layout.sink(replacement),
        capacity=-supply[layout.sink(replacement)],
    )  # fmt: skip
