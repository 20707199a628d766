"""What the ontology says of a record's fields, as feeds need it."""

from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any

from ontology.ranges import Range, range_of
from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import RECORDS
from ontology.word_lists import TextRule, is_past, text_rule


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: its kind, default, range, and whether it is a key or a reference.

    `words` is what its texts must be, where that is listed; `past` marks a day that has been.
    """

    name: str
    kind: FieldKind
    required: bool
    default: Any
    identity: bool
    range: Range
    words: TextRule | None = None
    past: bool = False


@cache
def field_specs(name: str) -> dict[str, FieldSpec]:
    """The fields of a record class by name, in the order written."""
    record = RECORDS[name]
    kinds = field_kinds(record)
    found = {}
    for part in fields(record):
        required = part.default is MISSING
        identity = part.name in record.KEY or bool(kinds[part.name].refers_to)
        found[part.name] = FieldSpec(
            part.name, kinds[part.name], required, None if required else part.default,
            identity, range_of(name, part.name), text_rule(name, part.name),
            is_past(name, part.name),
        )  # fmt: skip
    return found
