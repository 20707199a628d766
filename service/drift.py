"""Does a saved plan still hold on the present facts? Its own certificate says so, with no solve."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot
from ontology.objectives import Weights
from ontology.promises import Promise
from ontology.steadiness import Steady, lines_of
from rules.release import Release
from service.decision import PlanRequest, ask, pose
from service.objectives import stages_of
from service.recalled import inputs_of
from service.stability import BAND
from solver.explain.drift import MILLION, Carried, Drifted, carried, weighed, with_old_penalties
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.model.stages import alone
from solver.model.steady import NO_WAY_BACK
from solver.network.columns import ArcKind, IntArray
from solver.proof.claims import SharedResources
from solver.proof.rounded import Rounded, with_rounded

Items = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemDrift:
    """One group of items that share nothing but capacities with others, and how it stands.

    Gaps are in the plan's cost units; `gap_scaled` is None where its lines cannot be made any
    more. `why` is empty where it holds, else `lines` (they cannot be made), `purchases` (the
    order-up-to rule asks for others) or `gap`.
    """

    items: Items
    gap_scaled: int | None
    gap_scaled_then: int
    why: str


@dataclass(frozen=True, slots=True)
class PlanDrift:
    """How a plan stands on other facts than its own.

    `cost_scaled` is what its movements cost now, and no plan that buys the same costs less than
    `bound_scaled`; both None where the movements cannot be made any more. It `holds` where no
    group of items has to be planned again: the gap has grown by no more than `allowed_scaled`.
    `affected` are the others, those that cannot stand first. `crowded` are shared capacities that
    are overdrawn. `penalties_held`: the penalty of an open order is the plan's own.

    Where `branches` of the certificate prove a gap of `gap_by_branches_then` (without the fixed
    costs of lines), all gaps and bounds here are those of the root, before any branch: wider then,
    and now in the same way. 0 and None where it has none.
    """

    plan: str
    holds: bool
    same_facts: bool
    cost_scaled: int | None
    cost_scaled_then: int
    bound_scaled: int | None
    gap_scaled: int | None
    gap_scaled_then: int
    allowed_scaled: int
    affected: tuple[ItemDrift, ...]
    crowded: tuple[Mapping[str, str], ...]
    group_count: int
    penalties_held: bool
    branches: int = 0
    gap_by_branches_then: int | None = None


@dataclass(frozen=True)
class Both:
    """A plan's problem and the present one, with the plan's certificate in terms of each."""

    old: Problem
    new: Problem
    then: Drifted
    now: Drifted
    carried: Carried
    prices: IntArray | None


def drift(
    store: ArtifactStore, document: Mapping[str, Any], snapshot: Snapshot, release: Release,
    reserved: tuple[Promise, ...] | None = None,
) -> PlanDrift:  # fmt: skip
    """How a saved plan stands on a snapshot under a release, at the band of its knob.

    `reserved` is what other plans have promised now; by default, what they had when it was made.
    The plan's days, edits and purchases are kept. The gap of its flow, potentials and prices is
    taken on the new network (`solver.explain.drift`), without the fixed costs of lines. A plan that
    holds objectives at their best, one after the other, holds where it does for each of them by
    itself; costs and gaps are then those of the last one. Raises as reading the plan's artifacts
    does, and as posing its question on the snapshot.
    """
    then = inputs_of(store, document)
    held = then[2].reserved if reserved is None else reserved
    facts = (then, (snapshot, release, held))
    proof, request = proof_in(store, document), then[2]
    found = _by_weights(document, facts, request.weights, proof)
    leaves = branches_in(store, document)
    if leaves > 1:
        claims = document["decision"]["certificate"]
        found = replace(found, branches=leaves,
                        gap_by_branches_then=claims["gap"] - claims["line_cost"])  # fmt: skip
    for stage in stages_of(document["decision"]):
        turn = {**proof, "potentials": stage.potentials}
        other = _by_weights(document, facts, alone(request.weights, stage.objective), turn)
        known = {group.items for group in found.affected}
        more = (group for group in other.affected if group.items not in known)
        found = replace(found, holds=found.holds and other.holds,
                        affected=(*found.affected, *more))  # fmt: skip
    return found


def _by_weights(
    document: Mapping[str, Any],
    facts: tuple[tuple[Snapshot, Release, PlanRequest],
                 tuple[Snapshot, Release, tuple[Promise, ...]]],
    weights: Weights, proof: Mapping[str, IntArray],
) -> PlanDrift:  # fmt: skip
    """How the plan stands by these weights, on what it was made from and on what there is now."""
    (was, under, request), (snapshot, release, reserved) = facts
    request = replace(request, weights=weights)
    present = replace(request, reserved=reserved)
    closed = {
        name: np.array(rows, np.int64)
        for name, rows in document["decision"]["suppressed"]["after_flow"].items()
    }
    old = pose(ask(was, under, request), closed)
    kept = Steady(lines_of(document["decision"]), 0, frozen_days=1)
    back = "" if request.steady else NO_WAY_BACK
    new = pose(ask(snapshot, release, replace(present, steady=kept), without_rule=back))
    free = pose(ask(snapshot, release, present))  # its own wish may freeze what is bought
    band = int(release.knobs.get(BAND, 0))
    return reported(document["plan_digest"], compared(old, new, proof), _bought_anew(new, free),
                    band, same=was.digest == snapshot.digest)  # fmt: skip


def proof_in(store: ArtifactStore, document: Mapping[str, Any]) -> dict[str, IntArray]:
    """The columns of a plan's certificate: flow, potentials, and prices where it has any."""
    stated = _columns(store, document)
    names = (
        "flow",
        "potentials",
        "prices",
        *(f"rounded_{field.name}" for field in fields(Rounded)),
    )
    return {name: np.array(stated[name], np.int64) for name in names if name in stated}


def branches_in(store: ArtifactStore, document: Mapping[str, Any]) -> int:
    """How many leaves a plan's certificate has; 0 where it does not branch."""
    return sum(not split for split in _columns(store, document).get("branch_split", ()))


def _columns(store: ArtifactStore, document: Mapping[str, Any]) -> Mapping[str, Any]:
    proof = document["decision"]["certificate"]
    found: Mapping[str, Any] = (
        proof["inline"] if "inline" in proof else store.get_document(proof["artifact"])
    )
    return found


def compared(old: Problem, new: Problem, proof: Mapping[str, IntArray]) -> Both:
    """A certificate on the problem that it was made for, and on another one. No solve."""
    flow, potentials, prices = proof["flow"], proof["potentials"], proof.get("prices")
    found = carried(new, old, flow, potentials)
    new = with_old_penalties(new, old, found.match)
    known = _prices(old, new, prices)
    rounded = _rounded(proof)
    kept = _carried_over(old, new, rounded)
    return Both(
        old, new, weighed(old.network, flow, potentials, *_wider(old, prices, rounded)),
        weighed(new.network, found.flow, found.potentials, *_wider(new, known, kept)), found, known,
    )  # fmt: skip


def reported(
    plan: str, both: Both, bought_anew: frozenset[str], band_per_million: int, *, same: bool
) -> PlanDrift:
    """What a comparison says: what holds, and which items have to be planned again."""
    then, now = both.then, both.now
    allowed = then.gap + band_per_million * abs(now.cost) // MILLION
    groups = _groups(both, bought_anew)
    hard = [group for group in groups if group.why]
    soft = sorted((group for group in groups if not group.why), key=_growth, reverse=True)
    rest = now.gap - sum(group.gap_scaled or 0 for group in hard)
    wide = []
    for group in soft:
        if rest <= allowed or _growth(group) <= 0:
            break
        rest -= _growth(group)
        wide.append(replace(group, why="gap"))
    feasible = now.feasible and not len(both.carried.lost)
    return PlanDrift(
        plan, feasible and not (hard or wide) and now.gap <= allowed, same,
        now.cost if feasible else None, then.cost, now.bound if feasible else None,
        now.gap if feasible else None, then.gap, allowed, (*hard, *wide),
        tuple(_crowded(both.new, now.crowded)), len(groups),
        bool((both.new.network.kind == ArcKind.SHORTFALL).any()),
    )  # fmt: skip


def _growth(group: ItemDrift) -> int:
    return (group.gap_scaled or 0) - group.gap_scaled_then


def _groups(both: Both, bought_anew: frozenset[str]) -> list[ItemDrift]:
    """Every component that has items, by its items: what breaks it first of all."""
    before = {items: int(both.then.part_gap[node]) for node, items in _items(
        both.old, both.then.part).items()}  # fmt: skip
    lost = set(both.old.movements["item"][both.old.network.reference[both.carried.lost]].tolist())
    found = []
    for node, items in sorted(_items(both.new, both.now.part).items(), key=lambda pair: pair[1]):
        broken = bool(both.now.broken[node]) or not lost.isdisjoint(items)
        why = "lines" if broken else "" if bought_anew.isdisjoint(items) else "purchases"
        gap = None if broken else int(both.now.part_gap[node])
        found.append(ItemDrift(items, gap, before.get(items, 0), why))
    gone = lost.difference(*(group.items for group in found))
    return [ItemDrift((item,), None, 0, "lines") for item in sorted(gone)] + found


def _items(problem: Problem, part: IntArray) -> dict[int, Items]:
    """The items of every component, by its first node."""
    labels = problem.labels
    if isinstance(labels, CarryLabels):
        firsts = part[: len(labels.item_of_node)]
        pairs = np.unique(np.stack([firsts, labels.item_of_node]), axis=1).T.tolist()
        named = [(node, labels.items[item]) for node, item in pairs]
    else:
        orders = labels.orders["item"].tolist()
        named = sorted({(int(node), item) for node, item in zip(part, orders, strict=False)})
    found: dict[int, list[str]] = {}
    for node, item in named:
        found.setdefault(node, []).append(item)
    return {node: tuple(sorted(items)) for node, items in found.items()}


def _prices(old: Problem, new: Problem, prices: IntArray | None) -> IntArray | None:
    """The old price of every new resource, 0 where there was none."""
    if new.resources is None:
        return None
    known: dict[Any, int] = {}
    if old.resources is not None and prices is not None:
        known = dict(zip(old.resources.names, prices.tolist(), strict=True))
    return np.array([known.get(name, 0) for name in new.resources.names], np.int64)


def _rounded(proof: Mapping[str, IntArray]) -> Rounded | None:
    """The rounded rows of a proof; None where it has none."""
    names = [f"rounded_{field.name}" for field in fields(Rounded)]
    return Rounded(*(proof[name] for name in names)) if names[0] in proof else None


def _carried_over(old: Problem, new: Problem, rounded: Rounded | None) -> Rounded | None:
    """The rounded rows of resources that are there still, derived from what they have now."""
    if rounded is None or old.resources is None or new.resources is None or new.comes_whole:
        return None
    places = {name: place for place, name in enumerate(new.resources.names)}
    found = [places.get(old.resources.names[row], -1) for row in rounded.resource.tolist()]
    resource = np.array(found, np.int64)
    order = np.lexsort((rounded.divisor, resource))
    order = order[resource[order] >= 0]
    return Rounded(resource[order], rounded.divisor[order], rounded.price[order])


def _wider(
    problem: Problem, prices: IntArray | None, rounded: Rounded | None
) -> tuple[IntArray | None, SharedResources | None]:
    """Prices and shared resources with the rounded rows, where there are any."""
    if problem.shared is None or prices is None:
        return prices, problem.shared
    shared, paid = with_rounded(problem.network, problem.shared, prices, rounded)
    return paid, shared


def _bought_anew(pinned: Problem, free: Problem) -> frozenset[str]:
    """The items of which the order-up-to rule now asks for other purchases than the plan's."""
    asked = []
    for problem in (pinned, free):
        labels = problem.labels
        if not isinstance(labels, CarryLabels):
            return frozenset()
        rows = problem.movements.take(labels.given.rows)
        names = zip(rows["item"], rows["supplier"], rows["destination"], strict=True)
        asked.append(set(zip(names, labels.given.units.tolist(), strict=True)))
    return frozenset(way[0] for way, _ in asked[0] ^ asked[1])


def _crowded(problem: Problem, rows: IntArray) -> list[dict[str, str]]:
    resources = problem.resources
    if resources is None:
        return []
    given = rows[rows < len(resources.names)].tolist()  # beyond them are rounded rows of these
    return [resources.names[row].stated(problem.window.first) for row in given]
