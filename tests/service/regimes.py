"""Small random chains of every regime, and plans of them: sealed, with what proves them beside."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.replays import chain, with_noise
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot, Table, table_of
from ontology.demand import DemandOutcome
from ontology.edits import CAP, FORBID, FORCE, PIN, Edit
from ontology.goods import Item, Lot, Production
from ontology.objectives import LANDED, PLAIN, SERVICE, TURNOVER, Weights
from ontology.partners import Offer, Supplier
from ontology.places import Location, SharedResource
from ontology.steadiness import LineBefore, Steady, lines_of
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import CarrierCapacity, Lane, LaneCapacity
from rules.release import Release, default_release
from service.decision import Draft, PlanRequest, ask, seal
from service.planning import answer
from solver.model.stages import alone
from tests.service.whole_and_ageing import ageing_facts, whole_facts
from tests.solver.forecasts import random_forecast
from tests.solver.line_worlds import line_world, with_lines
from tests.solver.objective_worlds import random_world
from tests.solver.planning import KILOGRAM, MONDAY, random_orders, random_risk, snapshot_of

RELEASE = default_release()
FROZEN = replace(
    RELEASE, knobs={**RELEASE.knobs, "frozen_days": 1, "stability_band_per_million": 50_000}
)
REQUEST = PlanRequest("random")
MICROS = 1_000_000
PLACES = ("a", "b", "c")


@dataclass(frozen=True)
class Asked:
    """Facts, what is asked of them, by which release, and the plan before where one is kept to."""

    snapshot: Snapshot
    request: PlanRequest = REQUEST
    release: Release = RELEASE
    before: dict[str, Any] | None = None


@dataclass(frozen=True)
class Sealed:
    """A plan: what was asked, the draft, and the sealed document."""

    asked: Asked
    draft: Draft
    document: dict[str, Any]


def shared_chain(seed: int, items: int = 3, *, tight: int = 4) -> Snapshot:
    """Items that want the same lanes, carrier and doors on the same days: most prices are > 0.

    Amounts are whole micros and every outcome is equally likely, so that little is rounded.
    """
    rng = np.random.default_rng(seed)
    records: list[Any] = [Location(place, country="XX") for place in PLACES]
    records.append(Supplier("maker"))
    for number in range(items):
        item = f"item-{number}"
        grams = int(rng.integers(1, 4))
        records.append(Item(item, value_cents=500, weight_micrograms=grams * KILOGRAM // 1_000))
        for place in PLACES:
            records += _stock_of(item, place, rng)
        if rng.random() < 0.5:
            records.append(Offer("maker", item, "a", int(rng.integers(5, 13)) * MICROS,
                                 lead_time_days=1, capacity_units=2))  # fmt: skip
    for origin, destination in (("a", "b"), ("a", "c"), ("b", "c"), ("c", "b")):
        name = f"{origin}-{destination}"
        records.append(
            Lane(name, origin, destination, carrier="van", lead_time_days=int(rng.integers(1, 3)),
                 cost_per_unit_micros=int(rng.integers(0, 4)) * MICROS)
        )  # fmt: skip
        if rng.random() < 0.6:
            measure = ("units", "grams")[int(rng.integers(2))]
            records.append(LaneCapacity(name, measure, int(rng.integers(tight // 3, tight + 1))))
    records.append(CarrierCapacity("van", "units", int(rng.integers(tight // 2, 2 * tight))))
    if rng.random() < 0.5:
        records.append(SharedResource("a", "units", int(rng.integers(tight // 3, 2 * tight))))
    return snapshot_of(*records)


def _stock_of(item: str, place: str, rng: np.random.Generator) -> list[Any]:
    """Much at one place, little at the others, and demand of one or two outcomes for three days."""
    units = int(rng.integers(4, 12)) if place == "a" else int(rng.integers(0, 2))
    lot = f"lot-{item}-{place}"
    found: list[Any] = [
        StockingPolicy(item, place, holding_cost_per_day_micros=int(rng.integers(0, 3)) * MICROS,
                       shortage_cost_per_day_micros=int(rng.integers(4, 20)) * MICROS),
        Lot(lot, item), StockPosition(item, place, lot, units, total_units=units),
    ]  # fmt: skip
    for day in range(3):
        values = rng.choice(5, int(rng.integers(1, 3)), replace=False)
        on = MONDAY + timedelta(days=day)
        found += [DemandOutcome(item, place, on, int(v), 1) for v in values]
    return found


def plain(seed: int) -> Asked:
    """One item on outcomes of demand, or several that share more than they want."""
    return Asked(shared_chain(seed, tight=90) if seed % 2 else random_risk(seed))


def forecast(seed: int) -> Asked:
    """Two items on a forecast, with given purchases and costs per line."""
    return Asked(random_forecast(seed))


def orders(seed: int) -> Asked:
    """Firm orders and the plants that make the item, by one part of the cost or both."""
    snapshot = random_orders(seed)
    plants = snapshot.table("HandlingRate")["location"].tolist()
    made = [Production(plant, "item") for plant in plants[: 1 + seed % 3]]
    tables = {
        "Item": table_of([Item("item", weight_micrograms=KILOGRAM)], "Item"),
        "Production": table_of(made, "Production").sorted(),
    }
    parts = ({"warehouse", "freight"}, {"freight"}, {"warehouse"})[seed % 3]
    return Asked(
        Snapshot(1, {**snapshot.tables, **tables}), PlanRequest("random", frozenset(parts))
    )


def coupled(seed: int) -> Asked:
    """Items that share capacities."""
    return Asked(shared_chain(seed))


def edited(seed: int) -> Asked:
    """A chain of one of the regimes above with wishes for some of its lines."""
    asked = (coupled, forecast, plain)[seed % 3](seed)
    rng = np.random.default_rng(seed)
    wishes = []
    for line in lines_of(drafted(asked).decision):
        kind = (FORBID, PIN, CAP, FORCE)[int(rng.integers(4))]
        units = 0 if kind == FORBID else int(rng.integers(0, line.units + 1))
        wishes.append(_wish(line, kind, units))
    return replace(asked, request=replace(asked.request, edits=tuple(wishes), previous="0" * 64))


def _wish(line: LineBefore, kind: str, units: int) -> Edit:
    to = "" if line.lane else line.destination
    return Edit(line.item, line.lane, line.supplier, to, kind, units, "tried")


def weighed(seed: int) -> Asked:
    """Other weights than the facts' own, with carbon where the facts know it."""
    rng = np.random.default_rng(seed)
    service, landed, turnover = (int(v) for v in rng.integers(1, 3_000, 3))
    if seed % 2:
        weights = Weights(service, landed, turnover, 500, int(rng.integers(1, 10**7)))
        return Asked(random_world(seed).snapshot, PlanRequest("random", weights=weights))
    asked = (coupled, forecast, plain)[seed % 3](seed)
    request = replace(asked.request, weights=Weights(service, landed, turnover))
    return replace(asked, request=request)


def staged(seed: int) -> Asked:
    """One objective at its best, or two, then another."""
    snapshot = (random_world(seed).snapshot, random_forecast(seed), random_risk(seed))[seed % 3]
    order = ((SERVICE,), (LANDED,), (SERVICE, TURNOVER))[seed // 3 % 3]
    last = next(name for name in (LANDED, TURNOVER, SERVICE) if name not in order)
    return Asked(snapshot, PlanRequest("random", weights=alone(PLAIN, last), first=order))


def robust(seed: int) -> Asked:
    """Shortage priced by the worst outcomes alone."""
    asked = (coupled, forecast, plain)[seed % 3](seed)
    weights = Weights(worst_percent=1 + 7 * seed % 99)
    return replace(asked, request=replace(asked.request, weights=weights))


def steady(seed: int) -> Asked:
    """Few changes against the lines of a plan of other facts: noise in demand, or in stock."""
    if seed % 2:
        first = shared_chain(seed)
        second = with_less_stock(first, seed)
    else:
        first = chain(seed % 40, 1)
        second = with_noise(first, seed, percent=30)
    return _kept(Asked(second, release=(RELEASE, FROZEN)[seed // 2 % 2]), first)


def everything(seed: int) -> Asked:
    """Weights, the worst outcomes, a wish and few changes at once, on shared capacities."""
    first = shared_chain(seed)
    weights = Weights(1_500, 700, 900, worst_percent=40)
    asked = Asked(with_less_stock(first, seed), PlanRequest("random", weights=weights))
    kept = _kept(replace(asked, release=FROZEN), first)
    assert kept.request.steady is not None
    wishes = tuple(_wish(line, CAP, line.units) for line in kept.request.steady.lines[:1])
    return replace(kept, request=replace(kept.request, edits=wishes))


def whole(seed: int) -> Asked:
    """Loads, lots and shipment costs, on outcomes or on a forecast."""
    first = (shared_chain(seed, 2), random_forecast(seed), random_risk(seed))[seed % 3]
    return Asked(whole_facts(first, seed))


def ageing(seed: int) -> Asked:
    """Lots that expire in the window, losses that cost, a budget, on outcomes or on a forecast."""
    first = (shared_chain(seed, tight=20), random_forecast(seed), random_risk(seed))[seed % 3]
    return Asked(ageing_facts(first, seed))


def lines(seed: int) -> Asked:
    """Demand lines that one item serves whole, on outcomes or on a forecast."""
    return Asked(with_lines(seed) if seed % 2 else line_world(seed).snapshot())


def altogether(seed: int) -> Asked:
    """Whole loads, lots that expire, and all that `everything` has."""
    first = ageing_facts(whole_facts(shared_chain(seed, 2, tight=9), seed), seed)
    weights = Weights(1_500, 700, 900, worst_percent=40)
    asked = Asked(with_less_stock(first, seed), PlanRequest("random", weights=weights))
    kept = _kept(replace(asked, release=FROZEN), first)
    assert kept.request.steady is not None
    wishes = tuple(_wish(line, CAP, line.units) for line in kept.request.steady.lines[:1])
    return replace(kept, request=replace(kept.request, edits=wishes))


def _kept(asked: Asked, first: Snapshot) -> Asked:
    """The same, with the wish to change little against the plan of other facts."""
    before = seal(drafted(replace(asked, snapshot=first)).decision, {})
    knobs = asked.release.knobs
    wish = Steady(lines_of(before["decision"]), int(knobs["stability_band_per_million"]),
                  int(knobs["frozen_days"]))  # fmt: skip
    request = replace(asked.request, previous=before["plan_digest"], steady=wish)
    return replace(asked, request=request, before=before)


def with_less_stock(snapshot: Snapshot, seed: int) -> Snapshot:
    """The same facts with a unit less on hand in some lots, none of them emptied."""
    rng = np.random.default_rng(seed)
    table = snapshot.table("StockPosition")
    units = table["on_hand_units"] - (rng.random(len(table)) < 0.5) * (table["on_hand_units"] > 1)
    columns = {**table.columns, "on_hand_units": units, "total_units": units}
    return Snapshot(snapshot.sequence, {**snapshot.tables, table.name: Table(table.name, columns)})


REGIMES: dict[str, Callable[[int], Asked]] = {
    "plain": plain, "forecast": forecast, "orders": orders, "coupled": coupled, "edited": edited,
    "weighed": weighed, "staged": staged, "robust": robust, "steady": steady,
    "everything": everything, "whole": whole, "ageing": ageing, "lines": lines,
    "altogether": altogether,
}  # fmt: skip


def drafted(asked: Asked) -> Draft:
    """The certified plan of what is asked."""
    return answer(ask(asked.snapshot, asked.release, asked.request))


def sealed(asked: Asked, folder: Path) -> Sealed:
    """The sealed plan of what is asked, its artifacts in a folder."""
    draft, store = drafted(asked), ArtifactStore(folder)
    named = {"snapshot": write_snapshot(store, "random", asked.snapshot),
             "release": store.put_document(asked.release.to_document())}  # fmt: skip
    if asked.before is not None:
        named["previous"] = store.put_document(asked.before)
    about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return Sealed(asked, draft, seal(draft.decision, about))
