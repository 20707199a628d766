"""What a fact's number may be: the one place where ranges stand, and the check of a snapshot."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS

MOST_DAYS = 100_000
"""Longer than any lead time or shelf life; from any plausible day on it stays in the calendar."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `least` to `most`, both included; None is no end."""

    least: int | None = None
    most: int | None = None

    def complaint(self, value: int) -> str:
        """What is wrong with a number, empty where it is within."""
        if self.least is not None and value < self.least:
            return f"is less than {self.least}"
        return f"is more than {self.most}" if self.most is not None and value > self.most else ""


ANY, NOT_NEGATIVE, POSITIVE, PERCENT = Range(), Range(0), Range(1), Range(0, 100)
_BY_FIELD = {
    "numerator": POSITIVE,
    "denominator": POSITIVE,
    "weight": POSITIVE,
    "tier": POSITIVE,
    "sample_size": NOT_NEGATIVE,
    "units_per_pack": NOT_NEGATIVE,
    "days_early": NOT_NEGATIVE,
    "capacity_per_day": NOT_NEGATIVE,
    "taken_event": POSITIVE,
    "taken_row": NOT_NEGATIVE,
    "other_event": POSITIVE,
    "other_row": NOT_NEGATIVE,
    "capacity_per_load": POSITIVE,
    "most_loads_per_day": NOT_NEGATIVE,
    "latitude_microdegrees": Range(-90_000_000, 90_000_000),
    "longitude_microdegrees": Range(-180_000_000, 180_000_000),
    "probability_per_million": Range(1, 999_999),
    "service_level_percent": PERCENT,
    "reliability_percent": PERCENT,
}
_BY_ENDING = {
    "_units": NOT_NEGATIVE,
    "_units_per_day": NOT_NEGATIVE,
    "_micrograms": NOT_NEGATIVE,
    "_millimetres": NOT_NEGATIVE,
    "_kilometres": Range(0, 50_000),
    "_tonne_kilometre": Range(0, 1_000_000),
    "_millionths": NOT_NEGATIVE,
    "_percent": NOT_NEGATIVE,
    "_micros": NOT_NEGATIVE,
    "_at_microseconds": Range(-2_208_988_800_000_000, 7_258_118_399_999_999),  # 1900 to 2199
    "_cents": NOT_NEGATIVE,
    "_hours": NOT_NEGATIVE,
    "_days": Range(0, MOST_DAYS),
}
_OF_CLASS = {
    ("StockMovement", "quantity_units"): ANY,  # what leaves is below zero
    # What a source says of stock by its movements alone may be below zero.
    ("Resolution", "source_units"): ANY,
    ("Resolution", "other_units"): ANY,
    # Credit notes and corrections of past deliveries are below zero.
    **{
        ("DeliveryLine", f"{name}_cents"): ANY
        for name in ("unit_price", "pack_price", "line_value", "freight", "insurance")
    },
    ("SalesOrder", "days_late"): NOT_NEGATIVE,
    ("Offer", "lot_multiple_units"): POSITIVE,
    ("TransferLot", "lot_multiple_units"): POSITIVE,
    # A negative one is a fact that a shape of the release judges, and its owner hears of it.
    ("Lane", "capacity_units_per_day"): ANY,
    ("Offer", "capacity_units"): ANY,
    ("SharedResource", "capacity_per_day"): ANY,
}


def range_of(name: str, field: str) -> Range:
    """The range of a number in a class of facts; ANY where every whole number means something."""
    if (name, field) in _OF_CLASS:
        return _OF_CLASS[name, field]
    endings = (found for ending, found in _BY_ENDING.items() if field.endswith(ending))
    return _BY_FIELD.get(field) or next(endings, ANY)


def refuse_out_of_range(snapshot: Snapshot) -> None:
    """Raises InputError `OUT_OF_RANGE` at the first number of the facts that cannot be one.

    Feeds set such rows aside; this is for facts that were put together in another way.
    """
    for name in sorted(snapshot.tables.keys() & FACTS):
        table = snapshot.tables[name]
        for field, allowed in _ranges(name):
            _refuse(table, field, allowed)


@cache
def _ranges(name: str) -> tuple[tuple[str, Range], ...]:
    kinds = field_kinds(RECORDS[name]).values()
    found = ((kind.name, range_of(name, kind.name)) for kind in kinds if kind.scalar is int)
    return tuple((field, allowed) for field, allowed in found if allowed != ANY)


def _refuse(table: Table, field: str, allowed: Range) -> None:
    column = table[field]
    wrong = np.zeros(len(column), np.bool_)
    if allowed.least is not None:
        wrong |= column < allowed.least
    if allowed.most is not None:
        wrong |= column > allowed.most
    rows = np.flatnonzero(wrong & (column != MISSING))
    if len(rows):
        row = min(rows.tolist(), key=lambda row: str(table.keys[row]))
        value = int(column[row])
        raise InputError(
            f"`{field}` of {table.name} `{table.keys[row]}` is {value}, which "
            f"{allowed.complaint(value)}",
            hint="correct the number, and load or build the facts anew", code="OUT_OF_RANGE",
        )  # fmt: skip
