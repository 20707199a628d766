"""What lanes charge for whole loads and for each shipment, and the facts that say so."""

from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot
from service.kpis.money import Pricing
from service.kpis.value import Used
from solver.model.resources import MEASURES

Day = tuple[str, str]
"""A lane, and the day on which something leaves by it."""


class WholeCosts:
    """Costs of a lane that a unit alone does not have: per load begun, and per day of leaving.

    As a plan counts them: of all that leaves by a lane on a day, loads are filled one after the
    other, what a unit takes of one rounded up to whole grams or cubic centimetres.
    """

    def __init__(self, snapshot: Snapshot, pricing: Pricing) -> None:
        self._items, self._lanes = snapshot.table("Item"), snapshot.table("Lane")
        self._trucks = snapshot.table("TruckLoad")
        self._truck = {lane: row for row, lane in enumerate(self._trucks["lane"])}
        self._per_load = pricing.cents(
            self._trucks["cost_per_load_cents"], self._trucks["currency"]
        )
        self._per_shipment = pricing.cents(
            self._lanes["cost_per_shipment_cents"], self._lanes["currency"]
        )
        self._taken: dict[Day, int] = {}
        self._left: dict[Day, int] = {}

    def add(self, lane: int, item: int, units: int, on: Any) -> bool:
        """Count units that leave, by rows of Lane and Item; False where nobody knows their size."""
        name = self._lanes["id"][lane]
        takes = self._takes(name, item)
        if takes is None:
            return False
        if units:
            day = name, str(on)
            self._left[day] = lane
            self._taken[day] = self._taken.get(day, 0) + takes * units
        return True

    @property
    def total(self) -> Fraction:
        """Money for every load and shipment of what was added."""
        found = Fraction(0)
        for (name, on), lane in self._left.items():
            found += self._per_shipment[lane] + self.loads(name, on) * self._price(name)
        return found

    def loads(self, lane: str, on: str) -> int:
        """How many loads leave by a lane on a day; 0 where it has none."""
        row = self._truck.get(lane)
        if row is None:
            return 0
        size = int(self._trucks["capacity_per_load"][row])
        return -(-self._taken.get((lane, on), 0) // size)

    def used(self) -> tuple[Used, ...]:
        """The facts that state what was charged."""
        lanes = {lane for lane in self._left.values() if self._per_shipment[lane]}
        trucks = {self._truck[name] for name, _ in self._left if name in self._truck}
        return (
            Used("TruckLoad", np.array(sorted(trucks), np.int64), self._trucks),
            Used("Lane", np.array(sorted(lanes), np.int64), self._lanes),
        )

    def _price(self, lane: str) -> Fraction:
        row = self._truck.get(lane)
        return Fraction(0) if row is None else self._per_load[row]

    def _takes(self, lane: str, item: int) -> int | None:
        row = self._truck.get(lane)
        if row is None:
            return 0
        field, one = MEASURES[self._trucks["measure"][row]]
        amount = int(self._items[field][item]) if field else one
        return None if amount == MISSING else -(-amount // one)
