"""From a value of JSON to an event; what breaks its form is said in one line."""

import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from feeds.epcis.events import DISPOSITION, STEP, Declaration, Event, Line
from feeds.epcis.hashing import canonical_number, event_hash
from feeds.epcis.vocabulary import bare, expanded, word
from feeds.json_text import Doubled
from feeds.limits import EARLIEST_YEAR, LATEST_YEAR, Limits
from feeds.refusals import refusal, shown
from ontology.errors import InputError
from ontology.gs1 import Gs1Id, identifier

MOST_LINES = 100_000
"""The most things that one event may speak of."""
KINDS = {
    "ObjectEvent": "object", "AggregationEvent": "aggregation",
    "TransactionEvent": "transaction", "TransformationEvent": "transformation",
    "AssociationEvent": "association",
}  # fmt: skip
_LISTS = {
    "object": (("epcList", "thing"),),
    "aggregation": (("childEPCs", "child"),),
    "transaction": (("epcList", "thing"),),
    "transformation": (("inputEPCList", "input"), ("outputEPCList", "output")),
    "association": (("childEPCs", "child"),),
}
_AMOUNTS = {
    "object": (("quantityList", "thing"),),
    "aggregation": (("childQuantityList", "child"),),
    "transaction": (("quantityList", "thing"),),
    "transformation": (("inputQuantityList", "input"), ("outputQuantityList", "output")),
    "association": (("childQuantityList", "child"),),
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_UNIT = re.compile("[A-Z0-9]{2,3}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 1_000


def event_of(value: Any, index: int, prefixes: Mapping[str, str], limits: Limits) -> Event:
    """The event at a place of its document, from 1. Raises InputError, whose code refuses it.

    What many events say alike (words, places, things) is in memory once.
    """
    fields = _object(value, "the event")
    _no_field_twice(fields)
    kind = KINDS.get(_text(fields, "type"))
    if kind is None:
        raise _wrong("type", f"{shown(_text(fields, 'type'))} is no type of EPCIS 2.0 event")
    at = _moment(fields, "eventTime")
    event = Event(
        digest=event_hash(fields, prefixes),
        index=index,
        kind=kind,
        at_microseconds=at,
        on=_day(fields, at, limits),
        action=_action(fields, kind),
        step=_word(fields, "bizStep", STEP, prefixes),
        disposition=_word(fields, "disposition", DISPOSITION, prefixes),
        read_point=_place(fields, "readPoint", prefixes),
        business_location=_place(fields, "bizLocation", prefixes),
        parent=_parent(fields, kind, prefixes),
        name=_text(fields, "eventID", optional=True),
        lines=_lines(fields, kind, prefixes),
        declaration=_declaration(fields),
    )
    _check_whole(event, fields)
    return event


def _check_whole(event: Event, fields: Mapping[str, Any]) -> None:
    if event.kind == "transformation":
        roles = {line.role for line in event.lines}
        if "transformationID" not in fields and roles != {"input", "output"}:
            raise _wrong("outputEPCList", "inputs and outputs are both needed, or a "
                         "`transformationID` that joins several events")  # fmt: skip
    if event.kind in ("aggregation", "association"):
        may_lack_parent = event.kind == "aggregation" and event.action == "OBSERVE"
        if not event.parent and not may_lack_parent:
            raise _wrong("parentID", "the parent is missing")
        if event.action == "ADD" and not event.lines:
            raise _wrong("childEPCs", "nothing is said to be added")
    if event.parent and any(line.thing == event.parent for line in event.lines):
        raise _wrong("parentID", f"{shown(event.parent)} would be in itself")


def _lines(fields: Mapping[str, Any], kind: str, prefixes: Mapping[str, str]) -> tuple[Line, ...]:
    found: dict[tuple[str, str, str, bool], Line] = {}
    for name, role in _LISTS[kind]:
        for at, value in enumerate(_list(fields, name)):
            thing = _thing(value, f"{name}[{at}]", prefixes, a_class=False)
            found[role, thing, "", False] = Line(role, thing)
    for name, role in _AMOUNTS[kind]:
        for at, value in enumerate(_list(fields, name)):
            line = _amount(_object(value, f"`{name}[{at}]`"), f"{name}[{at}]", role, prefixes)
            if (role, line.thing, line.unit, True) in found:
                raise _wrong(f"{name}[{at}]", f"{shown(line.thing)} stands twice in one unit")
            found[role, line.thing, line.unit, True] = line
    if len(found) > MOST_LINES:
        raise refusal("EVENT_FORM", f"more than {MOST_LINES} things stand in one event")
    return tuple(sorted(found.values()))


def _amount(value: Mapping[str, Any], where: str, role: str, prefixes: Mapping[str, str]) -> Line:
    thing = _thing(value.get("epcClass"), f"{where}.epcClass", prefixes, a_class=True)
    quantity = value.get("quantity")
    unit = _text(value, "uom", optional=True)
    if quantity is None:
        return Line(role, thing, "", unit, is_amount=True)
    number = canonical_number(str(quantity)) if type(quantity) in (int, Decimal) else None
    if number is None:
        raise _wrong(f"{where}.quantity", f"{shown(str(quantity))} is not a number")
    if number.startswith("-"):
        raise _wrong(f"{where}.quantity", f"{number} is less than 0")
    if unit and not _UNIT.fullmatch(unit):
        raise _wrong(f"{where}.uom", f"{shown(unit)} is no unit code of two or three characters")
    return Line(role, thing, number, unit, is_amount=True)


def _thing(value: Any, where: str, prefixes: Mapping[str, str], *, a_class: bool) -> str:
    """The canonical link of a key, or another address as it stands (a private identifier)."""
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, "a text is expected")
    text = expanded(value.strip(), prefixes)
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text):
        raise _wrong(where, f"{shown(text)} is no address (URI)")
    key = _key(text, where)
    if key is None:
        return sys.intern(text)
    if key.is_class and not a_class:
        raise _wrong(where, f"{shown(text)} names a kind of thing, not a single one")
    if a_class and not key.is_class:
        raise _wrong(where, f"{shown(text)} names a single thing, not a kind")
    return sys.intern(key.link)


def _key(text: str, where: str) -> Gs1Id | None:
    """The GS1 key of an address; None for one that is not meant to be a key."""
    try:
        return identifier(text)
    except InputError as error:
        if error.code == "KEY_FORM" and not text.startswith("urn:epc:"):
            return None
        raise refusal(error.code, f"`{where}`: {error.what}") from error


def _parent(fields: Mapping[str, Any], kind: str, prefixes: Mapping[str, str]) -> str:
    if kind in ("object", "transformation") or fields.get("parentID") is None:
        return ""
    return _thing(fields["parentID"], "parentID", prefixes, a_class=False)


def _place(fields: Mapping[str, Any], name: str, prefixes: Mapping[str, str]) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    inner = _object(value, f"`{name}`")
    text = expanded(_text(inner, "id"), prefixes)
    key = _key(text, f"{name}.id")
    return sys.intern(text if key is None else key.link)


def _action(fields: Mapping[str, Any], kind: str) -> str:
    action = _text(fields, "action", optional=kind == "transformation")
    if kind == "transformation":
        return ""
    if action not in ("ADD", "OBSERVE", "DELETE"):
        raise _wrong("action", f"{shown(action)} is none of ADD, OBSERVE and DELETE")
    return sys.intern(action)


def _word(fields: Mapping[str, Any], name: str, kind: str, prefixes: Mapping[str, str]) -> str:
    text = _text(fields, name, optional=True)
    return sys.intern(bare(word(text, kind, prefixes), kind)) if text else ""


def _declaration(fields: Mapping[str, Any]) -> Declaration | None:
    value = fields.get("errorDeclaration")
    if value is None:
        return None
    inner = _object(value, "`errorDeclaration`")
    reason = _text(inner, "reason", optional=True)
    names = _list(inner, "correctiveEventIDs")
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise _wrong("errorDeclaration.correctiveEventIDs", "every id is a text")
    corrected_by = tuple(sorted({name.strip() for name in names}))
    return Declaration(_moment(inner, "declarationTime"),
                       bare(word(reason, "ER-", {}), "ER-") if reason else "",
                       corrected_by)  # fmt: skip


def _moment(fields: Mapping[str, Any], name: str) -> int:
    """Microseconds since 1970; what is finer is cut off."""
    text = _text(fields, name)
    found = _TIME.fullmatch(text)
    moment = _instant(found[1] + found[3]) if found else None
    if found is None or moment is None:
        raise refusal("EVENT_TIME", f"`{name}`: {shown(text)} is no moment with a time zone")
    if not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        raise refusal("EVENT_TIME", f"`{name}`: {shown(text)} is outside the years "
                      f"{EARLIEST_YEAR + 1} to {LATEST_YEAR - 1}")  # fmt: skip
    return (moment - _EPOCH) // timedelta(microseconds=1) + int((found[2] or "").ljust(6, "0")[:6])


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(fields: Mapping[str, Any], at: int, limits: Limits) -> date:
    """The day by the clock of the place, which the offset tells."""
    text = _text(fields, "eventTimeZoneOffset")
    found = _OFFSET.fullmatch(text)
    minutes = int(found[2]) * 60 + int(found[3]) if found else 0
    if found is None or int(found[3]) > 59 or minutes > 14 * 60:
        raise refusal("EVENT_TIME", f"`eventTimeZoneOffset`: {shown(text)} is no offset such as "
                      "`+02:00`")  # fmt: skip
    shift = timedelta(minutes=minutes if found[1] == "+" else -minutes, microseconds=at)
    day = _once((_EPOCH + shift).date())
    if limits.last_day is not None and day > limits.last_day:
        raise refusal("DATE_FUTURE", f"`eventTime`: {day} lies after {limits.last_day}")
    return day


@lru_cache(maxsize=4_096)
def _once(day: date) -> date:
    """The same day of many events, in memory once."""
    return day


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refusal("EVENT_FORM", f"{what} is not an object")
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(name, "a list is expected")
    return value


def _text(fields: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    value = fields.get(name)
    if value is None and optional:
        return ""
    if value is None:
        raise _wrong(name, "the field is missing")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(name, "a text is expected")
    if len(value) > _LONGEST or not value.isprintable():
        raise _wrong(name, f"a line of at most {_LONGEST} printable characters is expected")
    return value.strip()


def _no_field_twice(value: Any) -> None:
    """Refuse an event that states a field twice, at any depth."""
    if isinstance(value, Doubled):
        raise _wrong(value.names[0], "the field stands twice, and nothing says which one counts")
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            _no_field_twice(inner)


def _wrong(field: str, what: str) -> InputError:
    return refusal("EVENT_FORM", f"`{field}`: {what}")
