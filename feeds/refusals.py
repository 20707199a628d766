"""Why a row is refused: every code that a quarantined row can carry, and what to do about it."""

from feeds.gates.findings import ROW_HINTS
from ontology.errors import InputError

HINTS = {
    "RULE_VIOLATION": "correct the fact at its source, translate it in the mapping, or ask the "
    "rule's owner",
    "CLOCK_CONFLICT": "say which is later (`--source-sequence`, `--supersedes`), or which of two "
    "sources counts more (`priority` of its `Source`)",
    "BLANK_ROW": "delete the row in the source, or leave it: it was not loaded",
    "BLANK_CELL": "fill the cell, or state `blank: default` in the mapping where blank means that",
    "RAGGED_ROW": "quote cells that contain the delimiter, and give every row all columns",
    "CELL_TOO_LONG": "shorten the cell, or leave its column out of the mapping",
    "KEY_TOO_LONG": "shorten the identifiers: a key has 2,000 characters at the most, quoted as "
    "in an IRI",
    "CONTROL_CHARACTER": "remove the invisible character from the cell",
    "FORMULA_CELL": "remove the leading `=`, `+`, `-` or `@`: a spreadsheet would run it",
    "NOT_A_NUMBER": "write plain digits, or state `sign`, `thousands` and `mark` in the mapping",
    "NOT_AN_INTEGER": "write a whole number, or use `as: decimal` with a factor",
    "NOT_FINITE": "write a number; leave the cell blank where the value is not known",
    "NOT_EXACT": "correct the number; where it may be rounded, state `round: nearest`; a larger "
    "factor is right where the field counts in a smaller unit than the cell",
    "NUMBER_RANGE": "check the number; it must stay within ±(2^53 - 1) after scaling",
    "NEGATIVE_QUANTITY": "correct the number in the source; book a correction as an adjustment",
    "NOT_POSITIVE": "write a whole number of at least 1",
    "OUT_OF_RANGE": "correct the number, or the factor by which the mapping scales it",
    "NOT_A_DATE": "write the day in the mapping's format, or correct the format",
    "DATE_FUTURE": "correct the day; files that speak from a later day say so by `as_of` in the "
    "mapping",
    "IMPLAUSIBLE_DATE": "correct the day; list a stand-in such as 12/31/9999 under `missing`",
    "UNKNOWN_VALUE": "add the value to the mapping's `values`, or correct it in the source",
    "NOT_IN_LIST": "use one of the words named, or translate yours with `as: enum`",
    "ZONE_UNKNOWN": "use a name of the IANA tz database, such as `Europe/Berlin`; capitals count",
    "CURRENCY_UNKNOWN": "write the code of ISO 4217, such as `EUR`, or translate with `as: enum`",
    "WEEKDAY_UNKNOWN": "write weekdays as `monday` ... `sunday`",
    "AMBIGUOUS_TEMPLATE": "use a separator in the template that the columns do not contain",
    "LANE_TO_ITSELF": "correct the origin or the destination",
    "SUBSTITUTE_OF_ITSELF": "correct the replacement",
    "DUPLICATE_KEY_CONFLICT": "keep one of the rows with this key; all of them were set aside",
    "DERIVED_CONFLICT": "make the rows agree, or map this field only in the file that owns it",
    "PART_OF_CYCLE": "break the circle: a place cannot be a part of itself",
    "UPSTREAM_CIRCLE": "break the circle: a supplier cannot buy an item from itself in the end",
    "COMPONENT_CYCLE": "break the circle: an item cannot be made of itself",
    "HANDLING_UNIT_CYCLE": "break the circle: a unit cannot stand on itself",
    "LINK_MISMATCH": "correct the reference, or the column that both rows should share",
    "LINK_CIRCLE": "let the reference name the row that carries the number",
    "UNKNOWN_ID": "add it to the file that defines it, or correct the identifier",
    "MIXED_UNITS": "state stock in the item's own unit, or add a UnitConversion for this unit",
    "EVENT_FORM": "correct the event at its source, and send it again",
    "EVENT_TIME": "write the moment with its offset, such as `2026-03-01T09:30:00.000+01:00`",
    "EVENT_CHANGED": "give the changed event an id of its own, and declare the first one an error",
    "EVENT_PLACE": "state `bizLocation` or `readPoint` with a GLN, or add the Location",
    "KEY_FORM": "write `urn:epc:...` or `https://id.gs1.org/...` as the standard has it",
    "CHECK_DIGIT": "correct the key; a digit was mistyped or swapped",
    "NOT_WHOLE_UNITS": "correct the quantity or the UnitConversion: it must give whole units",
    "RDF_VALUES": "keep one of the values",
    "RDF_DATATYPE": "write the value with the datatype that the vocabulary states",
    "RDF_REFERENCE": "name a fact by its IRI, `<Item/tea>` under the chain's base, or a node that "
    "is one",
    "RDF_KEY": "make the name of the subject and its key fields agree",
    "RDF_CHAIN": "load the document through a mapping whose `chain` is that one, or write names "
    "below `https://w3id.org/evenkeel/id/` and the chain of this mapping",
    **ROW_HINTS,
}
"""Hint by code. The codes are part of the product's interface: they are only ever added to."""

LEANS = "whose own row was set aside"
"""How the reason ends where a row is sound and leans on one that is not."""


def refusal(code: str, what: str) -> InputError:
    """An error that sets one row aside, with the hint of its code."""
    return InputError(what, code=code, hint=HINTS[code])


def shown(text: str) -> str:
    """User input for a message: in backticks, at most 60 characters, without line breaks."""
    line = " ".join(text.split())
    return f"`{line[:57]}...`" if len(line) > 60 else f"`{line}`"
