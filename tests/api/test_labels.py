"""Labels of a map: apart from each other and from the dots, as long as there is room."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from api.screen.labels import placed

FRAME = (0.0, 0.0, 500.0, 500.0)


def overlap(
    one: tuple[float, float], other: tuple[float, float], size: tuple[float, float]
) -> bool:
    """Whether two labels of that size cover each other."""
    return all(abs(a - b) < side - 0.01 for a, b, side in zip(one, other, size, strict=True))


def test_crowded_places_have_labels_apart() -> None:
    """Six places close together: no two names cover each other, and none is outside the frame."""
    spots = [[(250.0 + 6 * n, 250.0 + 5 * (n % 3))] for n in range(6)]
    middles = placed(spots, [(40.0, 8.0)] * 6, [], FRAME)
    assert not any(overlap(*pair, (40.0, 8.0)) for pair in combinations(middles, 2))
    corner = placed([[(499.0, 499.0)]], [(40.0, 8.0)], [], FRAME)
    assert (479.0, 495.0) >= corner[0]


def test_a_number_stands_on_its_way_where_that_is_free() -> None:
    """The first free point of a way is taken; beside a busy one it goes on along the way."""
    way = [(100.0, 100.0), (200.0, 100.0)]
    assert [(100.0, 100.0)] == placed([way], [(20.0, 8.0)], [], FRAME)
    assert [(200.0, 100.0)] == placed([way], [(20.0, 8.0)], [(95.0, 95.0, 105.0, 105.0)], FRAME)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=20))
def test_every_label_has_a_place(points: list[tuple[float, float]]) -> None:
    """However crowded it is, each has one, always the same."""
    spots = [[point] for point in points]
    sizes = [(60.0, 9.0)] * len(points)
    assert placed(spots, sizes, [], FRAME) == placed(spots, sizes, [], FRAME)
    assert len(points) == len(placed(spots, sizes, [], FRAME))
