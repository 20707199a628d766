"""Where the labels of a map stand: beside what they name, and not on top of each other."""

from collections.abc import Iterator, Sequence

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

STEPS = (3.0, 7.0, 12.0, 18.0)
"""How far a label may stand from its point, in the same unit as the points."""
_NOTHING = 0.01
"""An area that no eye sees: what floats are off by."""
_AROUND = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))


def placed(spots: Sequence[Sequence[Point]], sizes: Sequence[Point], busy: Sequence[Box],
           frame: Box) -> list[Point]:  # fmt: skip
    """The middles of labels of given width and height, each beside one of its spots.

    In the order given, each takes the first place inside the frame that is free of what is `busy`
    and of the labels before it; where there is none, the one where least is covered.
    """
    taken, found = list(busy), []
    for where, (width, height) in zip(spots, sizes, strict=True):
        best, least = where[0], float("inf")
        for middle in _middles(where, width, height):
            box = _box(middle, width, height)
            covered = sum(_shared(box, other) for other in taken)
            covered += width * height - _shared(box, frame)
            if covered < least - _NOTHING:
                best, least = middle, covered
            if covered < _NOTHING:
                break
        found.append(best)
        taken.append(_box(best, width, height))
    return found


def _middles(where: Sequence[Point], width: float, height: float) -> Iterator[Point]:
    """Beside the spots, near before far; a label with several spots may stand right on one."""
    if len(where) > 1:
        yield from where
    for step in STEPS:
        for x, y in where:
            for right, up in _AROUND:
                yield x + right * (width / 2 + step), y + up * (height / 2 + step)


def _box(middle: Point, width: float, height: float) -> Box:
    x, y = middle
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _shared(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[1], other[1])
    return across * along if across > 0 and along > 0 else 0.0
