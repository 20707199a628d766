"""A min-cost-flow network in columns: the one form that every solver step reads and writes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

DIGEST_ROWS = 2**15
"""Rows of a column that are digested at a time: what is computed on them stays in the cache."""
WIDTHS = (0, 1, 2, 4, 8)
"""Bytes that a number may take in a digest."""


class ArcKind(IntEnum):
    """What one unit of flow on an arc means."""

    CARRY = 0  # a unit of an item stays at a location for a period
    MOVE = 1  # a movement: `reference` is its row in the Movement table
    SHORTFALL = 2  # an order stays unserved: `reference` is its row in the SalesOrder table
    CAPACITY = 3  # an order counts against a shared resource
    IDLE = 4  # supply that is not used
    OTHER = 5
    KEEP = 6  # units of a lot stay: `reference` ranks an item's lots, 1 for the first to expire


@dataclass(frozen=True)
class Network:
    """Minimise cost . flow subject to balance and lower <= flow <= capacity, all int64.

    Node v has `supply[v]` > 0 to send or < 0 to receive; supplies sum to 0. Arc a goes from
    `tail[a]` to `head[a]`. `cost_scale` is how many cost units make one cent. `kind` and
    `reference` say what an arc means (empty for a bare network).
    """

    tail: IntArray
    head: IntArray
    lower: IntArray
    capacity: IntArray
    cost: IntArray
    supply: IntArray
    cost_scale: int = 1
    kind: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    reference: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.supply)

    @property
    def arc_count(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    def arrays(self) -> Mapping[str, IntArray]:
        """The columns by name, in the order in which they are digested."""
        names = ("tail", "head", "lower", "capacity", "cost", "kind", "reference", "supply")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the cost scale and the columns, whatever the platform.

        Per column its name and length; per DIGEST_ROWS rows the least value, a width, and by how
        much each value exceeds the least, little-endian in so many bytes: the fewest that do.
        """
        state = hashlib.sha256(f"evenkeel network 2\n{self.cost_scale}\n".encode())
        for name, column in self.arrays().items():
            state.update(f"{name} {len(column)}\n".encode())
            for start in range(0, len(column), DIGEST_ROWS):
                rows = column[start : start + DIGEST_ROWS]
                least, most = int(rows.min()), int(rows.max())
                width = next(size for size in WIDTHS if most - least < 256**size)
                state.update(f"{least} {width}\n".encode())
                if width:  # a difference beyond int64 wraps to the same number modulo 2^64
                    state.update((rows - least).astype(f"<u{width}").data)
        return state.hexdigest()


def bare_network(
    tail: npt.ArrayLike,
    head: npt.ArrayLike,
    capacity: npt.ArrayLike,
    cost: npt.ArrayLike,
    supply: npt.ArrayLike,
    lower: npt.ArrayLike | None = None,
) -> Network:
    """A network without meaning attached, from anything that numpy reads as whole numbers.

    `lower` defaults to 0. Raises TypeError for values that are not whole numbers and
    OverflowError for those beyond int64: neither is ever rounded or cut.
    """
    columns = [_whole(values) for values in (tail, head, capacity, cost, supply)]
    low = np.zeros(len(columns[0]), np.int64) if lower is None else _whole(lower)
    return Network(columns[0], columns[1], low, columns[2], columns[3], columns[4])


def _whole(values: npt.ArrayLike) -> IntArray:
    column = np.asarray(values)
    if column.size == 0:
        return np.zeros(0, np.int64)
    if column.dtype.kind == "u" and int(column.max()) > np.iinfo(np.int64).max:
        raise OverflowError("a value is beyond 64-bit integers")
    if column.dtype.kind not in "iu":
        raise (OverflowError if column.dtype == object else TypeError)(
            f"whole numbers within 64 bits wanted, not {column.dtype}"
        )
    return column.astype(np.int64)
