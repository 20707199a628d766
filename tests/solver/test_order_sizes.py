"""The numbers behind a purchase: from which position to which the same order is placed."""

import numpy as np
import pytest

from ontology.columns import MISSING
from solver.model.echelon import OrderSize, _Offer

LEVEL = 60


@pytest.mark.parametrize("seed", range(200))
def test_the_same_order_is_placed_just_in_its_range(seed: int) -> None:
    """At every position the order is the same if and only if the position is in the range."""
    draw = np.random.default_rng(seed)
    least, multiple = int(draw.integers(0, 20)), int(draw.integers(1, 9))
    most = MISSING if draw.random() < 0.5 else int(draw.integers(1, 50))
    offer, position = _Offer(2, least, multiple, most), int(draw.integers(0, LEVEL))
    bought = offer.whole_lots(LEVEL - position)
    if not bought:
        return
    size = OrderSize(0, position, LEVEL, 95, 4, 2, 1, 1, least, multiple,
                     None if most == MISSING else most, LEVEL - position, bought)  # fmt: skip
    low, high = size.same_order_units
    for other in range(-2 * LEVEL, 2 * LEVEL):
        same = offer.whole_lots(LEVEL - other) == bought
        assert same == ((low is None or other >= low) and other <= high)
    assert 0 == offer.whole_lots(LEVEL - size.no_order_from_units)
    assert 0 < offer.whole_lots(LEVEL - size.no_order_from_units + 1)
