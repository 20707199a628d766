"""Capacities that all items share, and what each of them stands for."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from solver.claims import SharedResources
from solver.network import IntArray

RULES = "https://w3id.org/evenkeel/rule/"
LANE_CAPACITY = "https://w3id.org/evenkeel/limit/lane-capacity"
CARRIER_CAPACITY = "https://w3id.org/evenkeel/limit/carrier-capacity"
LOCATION_CAPACITY = "https://w3id.org/evenkeel/limit/location-capacity"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a shared capacity stands for. `limit` is the IRI of its kind, or of the rule behind it.

    `kind`: lane, carrier, handling, storage or possession; `subject`: the lane, carrier, location
    or country; `measure` says what is counted; `day` counts from the first day of the plan.
    `item` is empty where all items count.
    """

    limit: str
    kind: str
    subject: str
    measure: str
    day: int
    item: str = ""

    def stated(self, first: np.datetime64) -> dict[str, str]:
        """The resource as documents name it, `first` the day from which its day counts."""
        return asdict(self) | {"day": str(first + self.day)}

    @property
    def text(self) -> str:
        """The resource in a sentence."""
        return f"the {self.kind} capacity of {self.subject}"

    def as_shortfall(self, first: np.datetime64) -> dict[str, Any]:
        """The kind of a shortfall that it causes: that of the rule behind it, if there is one."""
        stated: dict[str, Any] = {"resource": self.stated(first)}
        if self.limit.startswith(RULES):
            return {"kind": "rule", "rule": self.limit, **stated}
        return {"kind": "shared resource", **stated}


@dataclass(frozen=True)
class Resources:
    """Shared capacities of a network, and what each stands for, in the same order."""

    shared: SharedResources
    names: tuple[Resource, ...]


@dataclass(frozen=True)
class Proved:
    """A feasible flow, and the potentials and prices (per shared resource) that bound its cost.

    `prices` is None where no capacity is shared.
    """

    flow: IntArray
    potentials: IntArray
    prices: IntArray | None = None


def used(shared: SharedResources, flow: IntArray) -> IntArray:
    """How much of each resource a flow takes."""
    taken = np.zeros(len(shared.capacity), np.int64)
    np.add.at(taken, shared.resource, shared.use * flow[shared.arc])
    return taken
