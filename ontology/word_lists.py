"""What a fact's text may be where the vocabulary lists it, and which days lie in the past."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from ontology.calendars import WEEKDAYS
from ontology.movement_kinds import MOVEMENT_KINDS
from ontology.time_zones import zone_names

_PLACE_KINDS = ("plant", "hub", "distribution centre", "store", "zone", "shelf", "region")
_OPEN_OR_CLOSED = ("open", "closed")
MEASURES = ("units", "grams", "cubic centimetres")
"""What goods that share a capacity may be counted in; a location also counts whole `orders`."""
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class TextRule:
    """What a text must be: the code of the refusal, the test, and what to say of another text.

    `words` are those that are allowed, where they are few enough to be listed.
    """

    code: str
    allows: Callable[[str], bool]
    complaint: str
    words: tuple[str, ...] = ()

    def against(self, text: str) -> str:
        """What to say of a text that is not allowed: the complaint, and the word that is nearest.

        Nearness is that of `difflib`: the longest parts that both have in common.
        """
        near = get_close_matches(text.strip().lower(), self.words, 1)
        return self.complaint + (f"; the nearest is `{near[0]}`" if near else "")


def _listed(*words: str, code: str = "NOT_IN_LIST") -> TextRule:
    complaint = f"is none of: {', '.join(words)}"
    return TextRule(code, frozenset(words).__contains__, complaint, words)


_LISTS = {
    ("Location", "kind"): _listed(*_PLACE_KINDS),
    ("Location", "status"): _listed(*_OPEN_OR_CLOSED),
    ("Lane", "status"): _listed(*_OPEN_OR_CLOSED),
    ("Lot", "status"): _listed("released", "quarantined", "blocked"),
    ("StockMovement", "kind"): _listed(*MOVEMENT_KINDS),
    ("LaneCapacity", "measure"): _listed(*MEASURES),
    ("CarrierCapacity", "measure"): _listed(*MEASURES),
    ("TruckLoad", "measure"): _listed(*MEASURES),
    ("SharedResource", "measure"): _listed("orders", *MEASURES),
    ("Calendar", "open_weekdays"): _listed(*WEEKDAYS, code="WEEKDAY_UNKNOWN"),
}
_ZONE = TextRule("ZONE_UNKNOWN", lambda name: name in zone_names(), "is no IANA time zone")
_CODE = TextRule(
    "CURRENCY_UNKNOWN", lambda code: _CURRENCY.fullmatch(code) is not None,
    "is not a currency code of three capital letters",
)  # fmt: skip
_CURRENCIES = {("ExchangeRate", "base"), ("ExchangeRate", "quote"), ("Currency", "code")}
_PAST = frozenset({
    ("DemandObservation", "on"), ("StockPosition", "counted_on"),
    ("StockPosition", "received_on"), ("StockMovement", "effective_on"), ("Backlog", "since"),
    ("TraceEvent", "occurred_on"),
    ("SalesOrder", "ordered_on"), ("PurchaseOrder", "ordered_on"),
    ("TransferOrder", "ordered_on"), ("DeliveryLine", "quoted_on"),
    ("DeliveryLine", "ordered_on"), ("DeliveryLine", "delivered_on"),
    ("DeliveryLine", "recorded_on"),
})  # fmt: skip


@cache
def text_rule(name: str, field: str) -> TextRule | None:
    """What the texts of a field must be; None where every text means something.

    Statuses and kinds that the vocabulary leaves open are judged by rules, not here.
    """
    if field == "currency" or (name, field) in _CURRENCIES:
        return _CODE
    return _ZONE if field == "time_zone" else _LISTS.get((name, field))


def is_past(name: str, field: str) -> bool:
    """Whether a day tells what happened, so that it cannot lie after the day it is told."""
    return (name, field) in _PAST
