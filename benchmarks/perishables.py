"""Goods that go bad, planned day by day: lots by age against lots that count as if they lasted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, table_of
from ontology.demand import Backlog, DemandOutcome
from ontology.goods import Item, Lot
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from solver.explain.lines import decode
from solver.model.movements import candidates, window_of
from solver.model.problem import build
from solver.optimum import proved_flow

START = date(2026, 3, 2)
STORES = ("north", "south", "west")
DAYS, HORIZON, WARM_UP, SEEDS = 46, 7, 6, 24
VALUE, HOLDING, SHORTAGE, LANE = 500, 2, 60, 15
"""Cents: a unit's value, a day of holding and of waiting, a unit on a lane."""

BY_AGE, AS_IF = "by age", "as if they lasted"


@dataclass
class World:
    """One run: what lies where by the day it expires, what is owed, and what it all cost."""

    life: int
    stock: dict[tuple[str, date], int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STORES, 0))
    coming: list[tuple[str, date, int]] = field(default_factory=list)
    costs: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("holding", "waiting", "transport", "waste"), 0)
    )
    wasted: int = 0
    sold: int = 0

    def add(self, place: str, expires: date, units: int) -> None:
        """Units more, or less."""
        key = (place, expires)
        self.stock[key] = self.stock.get(key, 0) + units
        if not self.stock[key]:
            del self.stock[key]

    def serve(self, place: str, asked: int) -> None:
        """First expired first out, what is owed included; the rest waits."""
        wanted = asked + self.owed[place]
        for key in sorted(k for k in self.stock if k[0] == place):
            units = min(wanted, self.stock[key])
            self.add(*key, -units)
            wanted, self.sold = wanted - units, self.sold + units
        self.owed[place] = wanted

    def close(self, day: date) -> None:
        """The end of a day: what is left is held, what is owed waits, what expires is lost."""
        self.costs["holding"] += HOLDING * sum(self.stock.values())
        self.costs["waiting"] += SHORTAGE * sum(self.owed.values())
        for key in [k for k in self.stock if k[1] <= day]:
            units = self.stock.pop(key)
            self.wasted += units
            self.costs["waste"] += VALUE * units


def demand_of(rates: Mapping[str, float]) -> dict[str, dict[int, int]]:
    """Per store the units of a day with whole weights: geometric, cut at four times the mean."""
    found = {}
    for place, mean in rates.items():
        share = mean / (1 + mean)
        values = range(int(4 * mean) + 2)
        found[place] = {k: max(1, int(1000 * (1 - share) * share**k)) for k in values}
    return found


def snapshot_on(
    day: date, world: World, demand: Mapping[str, Mapping[int, int]], how: str
) -> Snapshot:
    """What a planner knows on a day; where lots count as if they lasted, none says when it ends."""
    records: list[Any] = [Item("milk", value_cents=VALUE, shelf_life_days=world.life)]
    records += [
        StockingPolicy("milk", place, holding_cost_per_day_micros=HOLDING * 10_000,
                       shortage_cost_per_day_micros=SHORTAGE * 10_000)
        for place in ("hub", *STORES)
    ]  # fmt: skip
    for (place, expires), units in world.stock.items():
        name = f"{place}-{expires}"
        records.append(Lot(name, "milk", expires_on=expires if how == BY_AGE else None))
        records.append(StockPosition("milk", place, name, units, total_units=units))
    for place in STORES:
        records.append(Lane(f"to-{place}", "hub", place, lead_time_days=1,
                            cost_per_unit_micros=LANE * 10_000))  # fmt: skip
        if world.owed[place]:
            records.append(Backlog("milk", place, world.owed[place]))
        for ahead in range(HORIZON):
            on = day + timedelta(days=ahead)
            records += [DemandOutcome("milk", place, on, k, w) for k, w in demand[place].items()]
    names = sorted({type(record).__name__ for record in records})
    rows = {name: [r for r in records if type(r).__name__ == name] for name in names}
    return Snapshot(1, {name: table_of(rows[name], name).sorted() for name in names})


def planned(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The lines of the first day."""
    window = window_of(snapshot)
    problem = build(snapshot, window, candidates(snapshot, window), Closures())
    return decode(problem, snapshot, proved_flow(problem).flow)


def run(seed: int, life: int, how: str) -> World:
    """Some weeks of one chain; demand and supply depend on the seed alone."""
    draws = np.random.default_rng(seed)
    rates = {place: float(draws.uniform(0.6, 3.0)) for place in STORES}
    demand = demand_of(rates)
    every = int(draws.integers(2, 5))
    world = World(life)
    for number in range(DAYS):
        day = START + timedelta(days=number)
        if number % every == 0:
            batch = int(sum(rates.values()) * every * float(draws.uniform(0.85, 1.25))) + 1
            world.add("hub", day + timedelta(days=life), batch)
        for place, expires, units in world.coming:
            world.add(place, expires, units)
        world.coming = []
        for line in planned(snapshot_on(day, world, demand, how)):
            expires = date.fromisoformat(line["lot"][-10:])
            world.add(line["origin"], expires, -line["quantity_units"])
            world.coming.append((line["destination"], expires, line["quantity_units"]))
            world.costs["transport"] += LANE * line["quantity_units"]
        for place in STORES:
            values, weights = zip(*demand[place].items(), strict=True)
            world.serve(place, int(draws.choice(values, p=np.array(weights) / sum(weights))))
        world.close(day)
        if number == WARM_UP:
            world = replace(world, costs=dict.fromkeys(world.costs, 0), wasted=0, sold=0)
    return world


def measure(life: int, seeds: int) -> str:
    """Means over seeds of both ways, and what a total changes by, with its standard error."""
    found = {how: [run(seed, life, how) for seed in range(seeds)] for how in (AS_IF, BY_AGE)}
    lines = [f"shelf life {life} days, {DAYS - WARM_UP - 1} days, {seeds} seeds, cents each"]
    for how, worlds in found.items():
        costs = {name: sum(w.costs[name] for w in worlds) / seeds for name in worlds[0].costs}
        parts = ", ".join(f"{name} {cost:,.0f}" for name, cost in costs.items())
        lost = sum(w.wasted for w in worlds) / seeds
        lines.append(f"  {how}: {sum(costs.values()):,.0f} ({parts}); {lost:.1f} units lost")
    before, after = (np.array([sum(w.costs.values()) for w in found[how]]) for how in found)
    change = (after - before) / before.mean() * 100
    error = change.std(ddof=1) / np.sqrt(seeds)
    lines.append(f"  change of the total {change.mean():+.1f} % +- {error:.1f}")
    return "\n".join(lines)


def main() -> None:
    """Prints the comparison for three shelf lives."""
    for life in (4, 6, 9):
        print(measure(life, SEEDS), flush=True)


if __name__ == "__main__":
    main()
