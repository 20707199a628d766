"""Which lines a load above its limit loses: a search in order agrees with looking at each."""

from types import MappingProxyType

import numpy as np
import pytest

from solver.explain.closing import _covering
from solver.explain.views import PlanViews


def one_by_one(units: dict[int, int], excess: int) -> list[int]:
    """The smallest line that covers the excess, else the largest and so on: as it is said."""
    left, chosen = sorted(units, key=lambda row: (units[row], row)), []
    while excess > 0 and left:
        row = next((each for each in left if units[each] >= excess), left[-1])
        left.remove(row)
        chosen.append(row)
        excess -= units[row]
    return sorted(chosen)


@pytest.mark.parametrize("seed", range(50))
def test_the_lines_that_cover_an_excess(seed: int) -> None:
    """Equal units, an excess met exactly, and one that all lines together do not cover."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(1_000, int(rng.integers(1, 30)), replace=False)
    units = {int(row): int(rng.integers(1, 9)) for row in rows}
    views = PlanViews(MappingProxyType({}), MappingProxyType({}), units)
    for excess in (1, *rng.integers(1, 60, 10).tolist(), sum(units.values())):
        assert one_by_one(units, excess) == _covering(rows, views, excess).tolist()
