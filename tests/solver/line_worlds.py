"""Small chains with demand lines that one item serves whole, and their optimum by every plan."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.demand import DemandLine, DemandOutcome
from ontology.goods import Item, Lot, Substitute
from ontology.stock import StockingPolicy, StockPosition
from tests.solver.forecasts import random_forecast
from tests.solver.planning import MONDAY, snapshot_of

MICROS = 1_000_000
DAYS = 2


@dataclass(frozen=True)
class LineWorld:
    """One place; `wanted` is short of itself, `others` may stand in for it; `lines` have units.

    `outcomes` are equally likely demands of each item and day, `rates` holding and shortage cost.
    """

    wanted: str
    others: tuple[str, ...]
    value_cents: dict[str, int]
    stock: dict[str, tuple[int, ...]]
    outcomes: dict[str, tuple[tuple[int, ...], ...]]
    rates: dict[str, tuple[int, int]]
    lines: tuple[int, ...]

    def snapshot(self) -> Snapshot:
        """The world as facts."""
        records: list[Any] = [Substitute(self.wanted, other, approved_by="ann")
                              for other in self.others]  # fmt: skip
        for item in (self.wanted, *self.others):
            holding, shortage = self.rates[item]
            records += [
                Item(item, value_cents=self.value_cents[item]),
                StockingPolicy(item, "shop", holding_cost_per_day_micros=holding * MICROS,
                               shortage_cost_per_day_micros=shortage * MICROS),
            ]  # fmt: skip
            for number, units in enumerate(self.stock[item]):
                lot = f"{item}-{number}"
                records += [Lot(lot, item), StockPosition(item, "shop", lot, units)]
            for day, values in enumerate(self.outcomes[item]):
                on = MONDAY + timedelta(days=day)
                records += [DemandOutcome(item, "shop", on, value, 1) for value in values]
        records += [DemandLine(f"line-{n}", self.wanted, "shop", units)
                    for n, units in enumerate(self.lines)]  # fmt: skip
        return snapshot_of(*records)

    def optimum(self) -> Fraction:
        """The least expected cost in micros of all plans: each line by its own, or by another."""
        found = []
        for chosen in product((None, *self.others), repeat=len(self.lines)):
            taken = dict.fromkeys(self.others, 0)
            for units, other in zip(self.lines, chosen, strict=True):
                if other is not None:
                    taken[other] += units
            if all(units <= sum(self.stock[other]) for other, units in taken.items()):
                found.append(self.cost(taken))
        return min(found)

    def cost(self, taken: dict[str, int]) -> Fraction:
        """What it costs to let so many units stand in."""
        dearer = (max(0, self.value_cents[other] - self.value_cents[self.wanted]) * units
                  for other, units in taken.items())  # fmt: skip
        total = Fraction(sum(dearer) * 10_000)
        for item in (self.wanted, *self.others):
            level = sum(self.stock[item])
            level += sum(taken.values()) if item == self.wanted else -taken[item]
            holding, shortage = self.rates[item]
            asked = [Fraction(0)]
            for values in self.outcomes[item]:
                asked = [before + value for before in asked for value in values]
                left = [max(0, level - each) * holding + max(0, each - level) * shortage
                        for each in asked]  # fmt: skip
                total += MICROS * sum(left, Fraction(0)) / len(asked)
        return total


def line_world(seed: int) -> LineWorld:
    """One or two items stand in for one that is short, up to four lines, batches of each."""
    rng = np.random.default_rng(seed)
    others = tuple(f"other-{n}" for n in range(int(rng.integers(1, 3))))
    items = ("wanted", *others)
    stock = {item: tuple(rng.integers(1, 4, int(rng.integers(1, 3))).tolist()) for item in items}
    return LineWorld(
        "wanted", others,
        {item: int(rng.integers(4, 9)) * 100 for item in items},
        {**stock, "wanted": (1,)},
        {item: tuple(_values(rng, 6 if item == "wanted" else 2) for _ in range(DAYS))
         for item in items},
        {item: (2 * int(rng.integers(0, 3)), 4 * int(rng.integers(1, 5))) for item in items},
        tuple(rng.integers(0, 6, int(rng.integers(1, 5))).tolist()),
    )  # fmt: skip


def _values(rng: np.random.Generator, most: int) -> tuple[int, ...]:
    """One value, or two that are equally likely."""
    found = {int(value) for value in rng.integers(0, most, 2)}
    return tuple(sorted(found))


def with_lines(seed: int) -> Snapshot:
    """A forecast in which lines of the first item at two places accept another item whole."""
    rng = np.random.default_rng(seed)
    facts = random_forecast(seed)
    lines = [DemandLine(f"line-{n}", "item-0", ("north", "south")[n % 2], int(rng.integers(1, 9)))
             for n in range(4)]  # fmt: skip
    links = [Substitute("item-0", "item-1", approved_by="ann")]
    more = snapshot_of(*lines, *links).tables
    return Snapshot(1, {**facts.tables, **more})
