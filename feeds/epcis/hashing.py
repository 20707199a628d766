"""The event hash id of CBV 2.0 (section 8.9): one name for one event, however it is written."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from feeds.epcis.vocabulary import expanded, word
from ontology.gs1 import identifier_form

_OUTSIDE = {"eventID", "recordTime", "errorDeclaration", "type", "@context", "rdfs:comment",
            "comment", "isA"}  # fmt: skip
_QUANTITY = ("epcClass", "quantity", "uom")
_METADATA = ("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData",
             "dataProcessingMethod", "bizRules")  # fmt: skip
_REPORT = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
    "microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue",
    "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank",
    "percValue", "uom", "coordinateReferenceSystem",
)  # fmt: skip
_ORDER = (
    "eventTime", "eventTimeZoneOffset", "certificationInfo", "parentID", "epcList",
    "inputEPCList", "childEPCs", "quantityList", "childQuantityList", "inputQuantityList",
    "outputEPCList", "outputQuantityList", "action", "transformationID", "bizStep",
    "disposition", "persistentDisposition", "readPoint", "bizLocation", "sensorElementList",
)  # fmt: skip
_EPC_LISTS = frozenset({"epcList", "inputEPCList", "childEPCs", "outputEPCList"})
_QUANTITY_LISTS = frozenset(
    {"quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"}
)
_TYPED = {"bizTransactionList": ("bizTransaction", "BTT-"), "sourceList": ("source", "SDT-"),
          "destinationList": ("destination", "SDT-")}  # fmt: skip
_KINDS = {"bizStep": "BizStep-", "disposition": "Disp-", "component": "Comp-", "set": "Disp-",
          "unset": "Disp-", "type": "", "exception": ""}  # fmt: skip
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LONGEST_NUMBER = 40


def hash_id(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """`ni:///sha-256;<hex>?ver=CBV2.0` of an event as parsed from JSON."""
    return f"ni:///sha-256;{event_hash(event, prefixes)}?ver=CBV2.0"


def event_hash(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """The 64 hex digits of the event's hash id."""
    return hashlib.sha256(pre_hash(event, prefixes).encode("utf-8", "replace")).hexdigest()


def pre_hash(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """The canonical text that is hashed.

    Leaves out event id, record time, error declaration and comments. What stands in the
    published order comes first; transactions, sources, destinations, ilmd and extensions follow
    sorted, as in the published reference results.
    """
    text = f"eventType={event.get('type', '')}"
    text += "".join(_ordered(name, event[name], prefixes) for name in _ORDER if name in event)
    rest = []
    for name, value in event.items():
        if name in _TYPED and isinstance(value, list):
            rest.append(_typed_list(name, value, prefixes))
        elif name not in _ORDER and name not in _OUTSIDE:
            rest.extend(_extension(name, value, prefixes))
    return text + "".join(sorted(rest))


def _ordered(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    if name in _EPC_LISTS:
        return _list(name, (_pair("epc", one, prefixes) for one in _items(value)))
    if name in _QUANTITY_LISTS:
        return _list(name, (_inner("quantityElement", one, _QUANTITY, prefixes)
                            for one in _items(value)))  # fmt: skip
    if name == "persistentDisposition":
        return _inner(name, value, ("set", "unset"), prefixes)
    if name in ("readPoint", "bizLocation"):
        return _inner(name, value, ("id",), prefixes)
    if name == "sensorElementList":
        return _list(name, (_sensor_element(one, prefixes) for one in _items(value)))
    return "".join(sorted(_pair(name, one, prefixes) for one in _items(value)))


def _list(name: str, parts: Iterable[str]) -> str:
    body = "".join(sorted(parts))
    return name + body if body else ""


def _inner(name: str, value: Any, order: tuple[str, ...], prefixes: Mapping[str, str]) -> str:
    """An object: its standard fields in order, then everything else that it holds, sorted."""
    if not isinstance(value, Mapping):
        return _pair(name, value, prefixes)
    body = "".join(
        "".join(sorted(_pair(field, one, prefixes) for one in _items(value[field])))
        for field in order if field in value
    )  # fmt: skip
    others = [part for field, one in value.items() if field not in order
              for part in _extension(field, one, prefixes)]  # fmt: skip
    body += "".join(sorted(others))
    return name + body if body else ""


def _sensor_element(value: Any, prefixes: Mapping[str, str]) -> str:
    if not isinstance(value, Mapping):
        return ""
    metadata = value.get("sensorMetadata")
    body = "" if metadata is None else _inner("sensorMetadata", metadata, _METADATA, prefixes)
    body += "".join(sorted(_inner("sensorReport", one, _REPORT, prefixes)
                           for one in _items(value.get("sensorReport"))))  # fmt: skip
    own = {"sensorMetadata", "sensorReport"}
    others = [part for name, one in value.items() if name not in own
              for part in _extension(name, one, prefixes)]  # fmt: skip
    body += "".join(sorted(others))
    return "sensorElement" + body if body else ""


def _typed_list(name: str, values: list[Any], prefixes: Mapping[str, str]) -> str:
    """Transactions, sources or destinations: the type stands before what it is the type of."""
    field, kind = _TYPED[name]
    parts = []
    for one in values:
        if isinstance(one, Mapping):
            said = one.get("type")
            text = "" if said is None else f"type={_text(word(str(said), kind, prefixes))}"
            parts.append(text + _pair(field, one.get(field), prefixes))
    return _list(name, parts)


def _extension(name: str, value: Any, prefixes: Mapping[str, str]) -> list[str]:
    """What a field of someone's own adds: each value of a list by itself, names in full."""
    if name in _OUTSIDE:
        return []
    prefix, mark, local = name.partition(":")
    if mark and prefix in prefixes:
        name = f"{{{prefixes[prefix]}}}{local}"
    parts = []
    for one in _items(value):
        if isinstance(one, Mapping):
            inner = [part for field, deep in one.items()
                     for part in _extension(field, deep, prefixes)]  # fmt: skip
            parts.append(name + "".join(sorted(inner)))
        else:
            text = _text(_plain(one, "", prefixes))
            parts.append(f"{name}={text}" if text else name)
    return parts


def _pair(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    if isinstance(value, Mapping | list):
        return _inner(name, value, (), prefixes) if isinstance(value, Mapping) else ""
    said = _plain(value, name, prefixes)
    is_time = "time" in name.lower() and "offset" not in name.lower()
    text = canonical_time(said) if is_time else _text(said)
    return f"{name}={text}" if text else ""


def _plain(value: Any, name: str, prefixes: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"  # as in XML: both syntaxes give one hash
    if isinstance(value, str):
        text = value.strip()
        return word(text, _KINDS[name], prefixes) if name in _KINDS else expanded(text, prefixes)
    return str(value)


def _text(text: str) -> str:
    """A value in its one form: number, standard word, Digital Link, or as it is."""
    number = canonical_number(text)
    if number is not None:
        return number
    key = identifier_form(text)
    return key.link if key else word(text, "", {}) if text.startswith("urn:epcglobal:") else text


def canonical_number(text: str) -> str | None:
    """A number in plain digits without leading or trailing zeros; None for any other text."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    plain = f"{Decimal(text):f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def canonical_time(text: str) -> str:
    """A moment in UTC with milliseconds, rounded half up; any other text as it is."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return text.strip()
    digits = (found[2] or "").ljust(4, "0")
    milliseconds = int(digits[:3]) + (digits[3] >= "5")
    try:
        moment = datetime.fromisoformat(found[1] + found[3]) + timedelta(milliseconds=milliseconds)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return text.strip()
    return in_utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    return [deep for one in value for deep in (_items(one) if isinstance(one, list) else [one])]
