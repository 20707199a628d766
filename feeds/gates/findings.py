"""What the gates find, why, and what becomes of the row: accepted, marked or quarantined."""

from dataclasses import dataclass

ACCEPT, MARK, QUARANTINE = 0, 1, 2
"""The verdicts of a row, from mild to strict."""

VERDICTS = {"Info": ACCEPT, "Warning": MARK, "Violation": QUARANTINE}
"""The disposition by severity, as everywhere: record, send to a person, block."""

NO_ROW = -1
"""The row of a finding that is not about a row of the delivery: of what is missing, of a whole."""

ROW_HINTS = {
    "OUTLIER": "look the number up at its source; send it again, corrected, or accept it",
    "UNIT_MISMATCH": "state the unit in the file or the UnitConversion; send the rows again",
    "DELIVERED_BEFORE_ORDERED": "correct the day that is wrong",
    "RECORDED_BEFORE_DELIVERED": "correct the day that is wrong",
    "RECEIVED_BEFORE_SHIPPED": "correct the day that is wrong",
    "DUE_BEFORE_ORDERED": "correct the day that is wrong",
    "EXPIRED_BEFORE_PRODUCED": "correct the day that is wrong",
    "MOMENT_OFF_DAY": "state `effective_at_microseconds` in microseconds since 1970 (seconds times "
    "1000000), or correct the day",
    "LOT_AFTER_EXPIRY": "correct the lot of the movement, or the day on which the lot expires",
    "LOT_AFTER_SCRAP": "correct the lot of the movement, or the quantity that was scrapped",
    "SIGN_AGAINST_KIND": "write `sign: by_kind` at `quantity_units` in the mapping where the "
    "source writes no signs; book a reversal as an `adjustment`",
    "STOCK_EXPIRED": "scrap the lot, or correct the day on which it expires",
    "STOCK_NEGATIVE": "send the receipt that is missing, or count the stock anew",
    "LIKELY_RESEND": "send rows again under their own ids; confirm that these are others",
}
"""Hint by code of what can be wrong with a row."""

HINTS = ROW_HINTS | {
    "SIGNAL_MISSING": "ask the source whether it still reports; close the place or the item if not",
    "SEQUENCE_GAP": "ask the source for the deliveries that are missing",
    "SEQUENCE_AGAIN": "give every delivery a number of its own",
    "SEQUENCE_LATE": "nothing: the delivery is taken in at its place in the source's own order",
    "DISTRIBUTION_SHIFT": "look at the column: a change of meaning, of unit or of business",
    "GATE_STOPPED": "`--dry-run` lists them; correct the files, or raise `--stop-share`",
}
"""Hint by code. The codes are part of the product's interface: they are only ever added to."""


@dataclass(frozen=True, slots=True, order=True)
class GateFinding:
    """One thing that a gate found: of which fact, in which row of its table, and how grave.

    `severity` is `Info`, `Warning` (the fact is marked) or `Violation` (the row is quarantined).
    `key` is the natural key of the fact, or of what is missing, where `row` is NO_ROW.
    """

    class_name: str
    row: int
    code: str
    key: str
    column: str
    severity: str
    message: str

    @property
    def hint(self) -> str:
        """What to do about it."""
        return HINTS[self.code]
