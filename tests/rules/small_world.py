"""A universe of movements that is small enough to try all of it, and shapes that read no more."""

from dataclasses import replace
from functools import cache
from itertools import product

from ontology.columns import Snapshot, Table, table_of
from ontology.goods import Lot
from ontology.movement import Movement
from tests.rules.worlds import MONDAY, RandomShape, lawful


class FewPaths(RandomShape):
    """Shapes that read only what `every_movement` varies."""

    PATHS = (
        ("inv:kind", "string"), ("inv:lot", "Lot"), ("( inv:lot inv:status )", "string"),
        ("inv:remainingLifeDays", "integer"), ("inv:daysSinceReceived", "integer"),
    )  # fmt: skip

    def _path(self, space: str) -> tuple[str, str]:
        if space == "Lot":
            return "inv:status", "string"
        return self._random.choice(self.PATHS)

    def _others(self, space: str, values: str) -> list[str]:
        if space != "Movement":
            return []
        return {"string": ["kind"], "integer": ["remainingLifeDays", "daysSinceReceived"]}.get(
            values, []
        )

    def _on_values(self, space: str, values: str, depth: int, *, own: bool) -> str:
        text = super()._on_values(space, values, depth, own=own)
        # Patterns are left open, and are tried below; a lot's key is none of those that vary.
        return text if "sh:pattern" not in text and "id/Lot" not in text else "sh:nodeKind sh:IRI"


@cache
def every_movement() -> tuple[Snapshot, Table]:
    """All combinations of what `FewPaths` can tell apart: its constants, and gaps between them."""
    statuses = (
        "open",
        "approved",
        "monday",
        "chilled",
        "each",
        "transfer",
        "purchase",
        "x",
        "y",
        "",
    )
    lots = [Lot(f"L{n}", "i", status=status) for n, status in enumerate(statuses)]
    days = (None, *range(-3, 12))
    found = {}
    for kind, lot, left, received in product(
        ("transfer", "purchase", "assignment", "substitution"),
        (None, "ghost", *(lot.id for lot in lots)), days, days,
    ):  # fmt: skip
        every = Movement(kind, "i", MONDAY, MONDAY, "monday", "monday", "l", "s", "o", None, "a",
                         "b", lot, left, "r", received)  # fmt: skip
        movement = lawful(every)
        assert movement is not None
        found[movement] = replace(movement, item=f"i{len(found)}")
    return Snapshot(1, {"Lot": table_of(lots, "Lot")}), table_of(found.values(), "Movement")
