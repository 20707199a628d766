"""What the ontology says of a record's fields, as feeds need it."""

from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any

from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import RECORDS

_LEAST = {
    "numerator": 1,
    "denominator": 1,
    "weight": 1,
    "_units": 0,
    "_micrograms": 0,
    "_millimetres": 0,
    "_days": 0,
}
_SIGNED = {("StockMovement", "quantity_units")}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: its kind, default, least value, and whether it is a key or a reference."""

    name: str
    kind: FieldKind
    required: bool
    default: Any
    identity: bool
    least: int | None


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
            identity, _least(name, kinds[part.name]),
        )  # fmt: skip
    return found


def _least(name: str, kind: FieldKind) -> int | None:
    # Capacities are left out: a negative one is a fact that a shape of the release judges.
    if kind.scalar is not int or (name, kind.name) in _SIGNED or "capacity" in kind.name:
        return None
    return next((least for end, least in _LEAST.items() if kind.name.endswith(end)), None)
