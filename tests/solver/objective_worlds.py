"""Tiny chains whose every plan can be tried, and what each comes to by objective, by outcomes."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.demand import DemandOutcome
from ontology.emissions import LaneDistance, ModeEmission
from ontology.goods import Item, Lot
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from tests.solver.planning import KILOGRAM, MONDAY, snapshot_of

MICROS = 1_000_000
DAYS = 2
PLACES = ("a", "b")
LANES = {"truck": ("a", "b", "road", 80), "train": ("a", "b", "rail", 10),
         "back": ("b", "a", "road", 80)}  # fmt: skip
KILOMETRES = 500
Amounts = tuple[Fraction, ...]


@dataclass(frozen=True)
class World:
    """A chain of two places and two days; every lane takes one day."""

    snapshot: Snapshot
    stock: dict[str, int]
    outcomes: dict[tuple[str, int], dict[int, int]]
    holding: dict[str, int]
    shortage: dict[str, int]
    cost: dict[str, int]

    def plans(self) -> list[tuple[int, int, int]]:
        """All that could leave on the first day: by truck, by train, and back."""
        here, there = self.stock["a"], self.stock["b"]
        return [
            found
            for found in product(range(here + 1), range(here + 1), range(there + 1))
            if found[0] + found[1] <= here
        ]

    def levels(self, plan: tuple[int, int, int]) -> dict[tuple[str, int], int]:
        """Units made available up to each day."""
        truck, train, back = plan
        first = {"a": self.stock["a"] - truck - train, "b": self.stock["b"] - back}
        later = {"a": back, "b": truck + train}
        return {(p, day): first[p] + later[p] * day for p in PLACES for day in range(DAYS)}

    def parts(self, plan: tuple[int, int, int], worst_percent: int = 100) -> Amounts:
        """Service, landed, turnover in micros, carbon in grams: by trying every outcome."""
        service = turnover = Fraction(0)
        for (place, day), level in self.levels(plan).items():
            paths = self.paths(place, day)
            service += self.shortage[place] * short_in_worst(paths, level, worst_percent)
            left = sum(share * max(0, level - asked) for asked, share in paths)
            turnover += self.holding[place] * left
        landed = carbon = Fraction(0)
        for units, (name, (_, end, _, grams)) in zip(plan, LANES.items(), strict=True):
            landed += units * self.cost[name]
            turnover += units * self.holding[end]
            carbon += Fraction(units * grams * KILOMETRES, 1_000)  # of a kilogram each
        return service, landed, turnover, carbon

    def paths(self, place: str, day: int) -> list[tuple[int, Fraction]]:
        """Demand up to a day in every combination of its days' outcomes, and its probability."""
        days = [self.outcomes[place, d] for d in range(day + 1)]
        found = []
        for path in product(*(one.items() for one in days)):
            share = Fraction(1)
            for one, (_, weight) in zip(days, path, strict=True):
                share *= Fraction(weight, sum(one.values()))
            found.append((sum(units for units, _ in path), share))
        return found


def short_in_worst(paths: list[tuple[int, Fraction]], level: int, worst_percent: int) -> Fraction:
    """Mean units short over the highest outcomes, taken one by one until their share is full."""
    left = whole = Fraction(worst_percent, 100)
    found = Fraction(0)
    for asked, share in sorted(paths, reverse=True):
        taken = min(left, share)
        found += taken * max(0, asked - level)
        left -= taken
    return found / whole


def random_world(seed: int) -> World:
    """Stock up to five units, two or four equal outcomes a day, and whole money: nothing rounds."""
    rng = np.random.default_rng(seed)
    stock = {"a": int(rng.integers(2, 6)), "b": int(rng.integers(0, 3))}
    outcomes = {
        (place, day): {int(v): 1 for v in rng.choice(5, 2 * int(rng.integers(1, 3)), replace=False)}
        for place in PLACES for day in range(DAYS)
    }  # fmt: skip
    holding, shortage = ({p: int(rng.integers(low, 9)) * MICROS for p in PLACES} for low in (0, 1))
    cost = {"truck": int(rng.integers(0, 4)) * MICROS, "back": int(rng.integers(0, 4)) * MICROS}
    cost["train"] = cost["truck"] + int(rng.integers(1, 4)) * MICROS
    records: list[Any] = [Item("item", value_cents=500, weight_micrograms=KILOGRAM),
                          ModeEmission("road", 80), ModeEmission("rail", 10)]  # fmt: skip
    for place in PLACES:
        records += [
            StockingPolicy("item", place, holding_cost_per_day_micros=holding[place],
                           shortage_cost_per_day_micros=shortage[place]),
            Lot(f"lot-{place}", "item"),
            StockPosition("item", place, f"lot-{place}", stock[place], total_units=stock[place]),
        ]  # fmt: skip
    for name, (start, end, mode, _) in LANES.items():
        records += [Lane(name, start, end, mode, lead_time_days=1, cost_per_unit_micros=cost[name]),
                    LaneDistance(name, KILOMETRES)]  # fmt: skip
    for (place, day), values in outcomes.items():
        on = MONDAY + timedelta(days=day)
        records += [DemandOutcome("item", place, on, v, weight) for v, weight in values.items()]
    return World(snapshot_of(*records), stock, outcomes, holding, shortage, cost)
