"""Capacities that all items share, and what each of them stands for."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from solver.network.columns import IntArray
from solver.proof.branches import Branches
from solver.proof.claims import SharedResources
from solver.proof.rounded import Rounded

RULES = "https://w3id.org/evenkeel/rule/"
LANE_CAPACITY = "https://w3id.org/evenkeel/limit/lane-capacity"
CARRIER_CAPACITY = "https://w3id.org/evenkeel/limit/carrier-capacity"
LOCATION_CAPACITY = "https://w3id.org/evenkeel/limit/location-capacity"
BUDGET = "https://w3id.org/evenkeel/limit/budget"
WHOLE_LOADS = "https://w3id.org/evenkeel/limit/whole-loads"
WHOLE_LOTS = "https://w3id.org/evenkeel/limit/whole-lots"
WHOLE_LINES = "https://w3id.org/evenkeel/limit/whole-lines"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a shared capacity stands for. `limit` is the IRI of its kind, or of the rule behind it.

    `kind`: lane, carrier, handling, storage, possession, budget, load, lots or line; `subject`: the
    lane, carrier, location, country, budget, supplier or demand line; `measure` says what is
    counted; `day` counts from the first day of the plan. `item` is empty where all items count (of
    a demand line it is what stands in). A load of it
    costs `step_cost_scaled`, `plain_step_cost` where no objective is weighed.
    """

    limit: str
    kind: str
    subject: str
    measure: str
    day: int
    item: str = ""
    step_cost_scaled: int = 0
    plain_step_cost: int = 0

    def stated(self, first: np.datetime64) -> dict[str, Any]:
        """The resource as documents name it, `first` the day from which its day counts."""
        found = asdict(self) | {"day": str(first + self.day)}
        del found["plain_step_cost"]
        if not self.step_cost_scaled:
            del found["step_cost_scaled"]
        return found

    @property
    def text(self) -> str:
        """The resource in a sentence."""
        if self.limit == BUDGET:
            return f"the budget {self.subject}"
        return f"the {self.kind} capacity of {self.subject}"

    @property
    def full(self) -> str:
        """That no more goes, in a sentence."""
        if self.limit == WHOLE_LOADS:
            return (
                f"every {self.kind} on {self.subject} that is paid for is full, and a further one "
                f"costs {self.step_cost_scaled} micros"
            )
        if self.limit == WHOLE_LOTS:
            return (
                f"{self.item} goes by {self.subject} in whole lots, and another one did not pay "
                "or did not fit"
            )
        if self.limit == WHOLE_LINES:
            return (
                f"{self.item} stands in for whole demand lines only (whole units), and no further "
                "whole line pays and fits"
            )
        return f"{self.text} is {'spent' if self.limit == BUDGET else 'full'}"

    def as_shortfall(self, first: np.datetime64) -> dict[str, Any]:
        """The kind of a shortfall that it causes: that of the rule behind it, if there is one."""
        stated: dict[str, Any] = {"resource": self.stated(first)}
        if self.limit.startswith(RULES):
            return {"kind": "rule", "rule": self.limit, **stated}
        if self.limit in {WHOLE_LOTS, WHOLE_LINES}:
            return {"kind": "whole units", **stated}
        return {"kind": "shared resource", **stated}


@dataclass(frozen=True)
class Resources:
    """Shared capacities of a network, and what each stands for, in the same order.

    `lots` are what its arcs of lots stand for.
    """

    shared: SharedResources
    names: tuple[Resource, ...]
    lots: tuple[Resource, ...] = ()

    @property
    def come_whole(self) -> bool:
        """Whether anything comes in loads or lots."""
        return self.shared.whole is not None


@dataclass(frozen=True)
class Proved:
    """A feasible flow, and the potentials and prices (per shared resource) that bound its cost.

    `prices` is None where no capacity is shared. Where what comes whole keeps these from proving
    the bound, `branches` do. `rounded` are the prices of rows rounded for whole units.
    """

    flow: IntArray
    potentials: IntArray
    prices: IntArray | None = None
    branches: Branches | None = None
    rounded: Rounded | None = None


def used(shared: SharedResources, flow: IntArray) -> IntArray:
    """How much of each resource a flow takes."""
    taken = np.zeros(len(shared.capacity), np.int64)
    np.add.at(taken, shared.resource, shared.use * flow[shared.arc])
    return taken
