"""How a dataclass says what its fields mean: references, units and natural keys."""

import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

from ontology.errors import InputError

NAMESPACE = "https://w3id.org/evenkeel/inventory#"
_SAFE = re.compile("[A-Za-z0-9_.~:+@-]+")
_LONG_NAME = 64
"""How a name of so many characters is quoted is not kept: hashes and addresses all differ."""
RESOURCE = "https://w3id.org/evenkeel/id/"


@dataclass(frozen=True, slots=True)
class Refers:
    """Marks a field as the identity of an instance of another class."""

    to: str


ItemId = Annotated[str, Refers("Item")]
LocationId = Annotated[str, Refers("Location")]
SupplierId = Annotated[str, Refers("Supplier")]
CustomerId = Annotated[str, Refers("Customer")]
CarrierId = Annotated[str, Refers("Carrier")]
PortId = Annotated[str, Refers("Port")]
LaneId = Annotated[str, Refers("Lane")]
LotId = Annotated[str, Refers("Lot")]
SalesOrderId = Annotated[str, Refers("SalesOrder")]
CalendarId = Annotated[str, Refers("Calendar")]
ContractId = Annotated[str, Refers("Contract")]
PersonId = Annotated[str, Refers("Person")]
CustomerClassId = Annotated[str, Refers("CustomerClass")]


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What a column holds: `scalar` is one of str, int, bool, date, datetime."""

    name: str
    scalar: type
    many: bool
    optional: bool
    refers_to: str


@cache
def field_kinds(record: type) -> dict[str, FieldKind]:
    """The kinds of a record class's fields, in the order written; nobody may change them."""
    if not is_dataclass(record):
        raise TypeError(f"{record} is not a dataclass")
    hints = get_type_hints(record, include_extras=True)
    return {f.name: _kind(f.name, hints[f.name]) for f in fields(record)}


def _kind(name: str, hint: Any) -> FieldKind:
    optional = many = False
    refers_to = ""
    while True:
        origin = get_origin(hint)
        if origin in (Union, UnionType):
            optional = True
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        elif origin is tuple:
            many = True
            hint = get_args(hint)[0]
        elif origin is Annotated:
            refers_to = next(m.to for m in get_args(hint)[1:] if isinstance(m, Refers))
            hint = get_args(hint)[0]
        else:
            break
    if hint not in (str, int, bool, date, datetime):
        raise TypeError(f"field `{name}` has a type that no column holds: {hint}")
    return FieldKind(name, hint, many, optional, refers_to)


def key_of(record: Any) -> str:
    """The natural key: the key fields in order, percent-quoted, joined by `/`."""
    return join_key(getattr(record, name) for name in type(record).KEY)


def join_key(parts: Any) -> str:
    """Natural key of the given values: two lists of values have one key only if they are equal.

    Quoting keeps `a/b`,`c` and `a`,`b/c` apart and every key valid within an IRI. What is not
    stated is left empty, an empty text reads `''` (quoted text holds no apostrophe).
    Raises InputError `BAD_TEXT` for half a surrogate pair, which no encoding of text can carry.
    """
    try:
        return "/".join([_quoted(part) for part in parts])
    except UnicodeEncodeError as error:
        raise InputError(
            "an identifier holds half a surrogate pair",
            hint="send the text as valid UTF-8",
            code="BAD_TEXT",
        ) from error


def _quoted(part: Any) -> str:
    if part is None:
        return ""
    if isinstance(part, int):
        return str(part)
    text = str(part)
    return _quoted_name(text) if len(text) < _LONG_NAME else _quoted_text(text)


@lru_cache(maxsize=1 << 16)  # the same few names stand in hundreds of thousands of keys
def _quoted_name(text: str) -> str:
    return _quoted_text(text)


def _quoted_text(text: str) -> str:
    if text.isascii() and _SAFE.fullmatch(text):
        return text
    return quote(text, safe=":+@") or "''"


def local_name(field: str) -> str:
    """The vocabulary's name of a field: `lead_time_days` -> `leadTimeDays`."""
    head, *rest = field.split("_")
    return head + "".join(word.capitalize() for word in rest)
