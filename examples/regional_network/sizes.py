"""How large the example is, on which days it plays, and where its chance comes from."""

from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

import numpy as np

from ontology.errors import InputError

FIRST_DAY = date(2026, 3, 2)
"""The first day to plan, a Monday; history ends the day before."""
LAST_DAY = FIRST_DAY - timedelta(days=1)
FEWEST_SUPPLIERS = 24
"""Every family of items wants two suppliers that sell to us, and tiers above them."""
_RANGES = {"items": (20, 100_000), "seed": (0, 2**32 - 1), "days": (28, 1_500),
           "pairs_per_item": (1, 26)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What the generator is asked for: the same size gives the same facts.

    `pairs_per_item` is at how many places an item is sold. Raises InputError `SIZE_RANGE`.
    """

    items: int = 300
    seed: int = 2026
    days: int = 365
    pairs_per_item: int = 5

    def __post_init__(self) -> None:
        """Refuse a size that the story cannot be told in."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(
                    f"`{name}` is {value}", code="SIZE_RANGE",
                    hint=f"choose a whole number from {least} to {most}",
                )  # fmt: skip

    @property
    def suppliers(self) -> int:
        """The number of suppliers: 40 for 300 items, in proportion."""
        return max(FEWEST_SUPPLIERS, round(self.items * 40 / 300))

    @property
    def history_starts_on(self) -> date:
        """The first day of history."""
        return FIRST_DAY - timedelta(days=self.days)

    def draws(self, subject: str) -> np.random.Generator:
        """Chance for one subject: what another subject draws does not change it."""
        return np.random.Generator(np.random.PCG64([self.seed, crc32(subject.encode())]))
