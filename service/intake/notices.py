"""What a person should know of the facts of a delivery before relying on them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from graph.snapshot import apply_feed
from ontology.columns import Snapshot, Table
from rules.release import Release
from service.intake.lookalikes import notices_of_lookalikes

_STATUSES = {
    "Supplier": ("approved", {"blocked"}),
    "Shipment": ("under way", {"delivered", "arrived", "lost", "cancelled"}),
    "PurchaseOrder": ("open", {"received", "delivered", "closed", "cancelled"}),
    "TransferOrder": ("open", {"shipped", "received", "delivered", "closed", "cancelled"}),
}
_LOOKED_AT = {"Item", "Lane", "StockingPolicy", *_STATUSES}
_FAR_DAYS = 5 * 366
_RULE_TEXT = re.compile(r'"([^"\n]*)"')


def notices_of_feed(
    release: Release, before: Snapshot, fed: Mapping[str, Table]
) -> tuple[str, ...]:
    """What a feed brought that is sound and looks like a slip, one line each.

    Words that neither a rule nor another fact knows, costs of nothing, demand of a day far from
    all others, identifiers that look like others. Only classes that the feed speaks of are looked
    at.
    """
    mine = {name: fed[name] for name in _LOOKED_AT & fed.keys()}
    whole = apply_feed(before, before.sequence + 1, mine)
    found = [
        *_statuses(whole, mine, release),
        *costs_of_nothing(whole.table("StockingPolicy"), mine),
    ]
    if {"Item", "Lane"} & mine.keys():
        found += _handling(whole, release)
    if "DemandObservation" in fed:
        found += _far_days(fed["DemandObservation"])
    return (*found, *notices_of_lookalikes(before, fed))


def _words(release: Release) -> frozenset[str]:
    """The texts that the rules of a release name."""
    return frozenset(word for text in release.shapes.values() for word in _RULE_TEXT.findall(text))


def _statuses(whole: Snapshot, mine: Mapping[str, Table], release: Release) -> Iterator[str]:
    said = _words(release) if _STATUSES.keys() & mine.keys() else frozenset()
    for name in sorted(_STATUSES.keys() & mine.keys()):
        acted_on, others = _STATUSES[name]
        words = Counter(whole.table(name)["status"])
        for word in sorted(words.keys() - others - said - {acted_on}):
            yield (f"`{word}` is the status of {words[word]:,} {name}, which no rule and no plan "
                   f"knows: it counts as not {acted_on}")  # fmt: skip


def _handling(whole: Snapshot, release: Release) -> Iterator[str]:
    lanes = Counter(
        word for words in whole.table("Lane")["allowed_handling_classes"] for word in words
    )
    items = Counter(word for word in whole.table("Item")["handling_class"] if word) if lanes else {}
    if items:
        said = _words(release)
        for word in sorted(items.keys() - lanes.keys() - said):
            yield (f"`{word}` is the handling class of {_count(items[word], 'item')}, and no lane "
                   "allows it")  # fmt: skip
        for word in sorted(lanes.keys() - items.keys() - said):
            yield (f"`{word}` is allowed on {_count(lanes[word], 'lane')}, and no item has this "
                   "handling class")  # fmt: skip


def costs_of_nothing(policies: Table, mine: Mapping[str, Table]) -> Iterator[str]:
    """Costs of nothing; a place where nobody asks rightly has no shortage cost."""
    if policies.name not in mine or not len(policies):
        return
    free = int(np.count_nonzero(policies["holding_cost_per_day_micros"] == 0))
    if free:
        yield (f"{free:,} of {len(policies):,} StockingPolicy rows state no holding cost: keeping "
               "stock costs nothing there")  # fmt: skip
    if not policies["shortage_cost_per_day_micros"].any():
        yield "no StockingPolicy row states a shortage cost: no demand is worth serving"


def _far_days(observed: Table) -> Iterator[str]:
    if not len(observed):
        return
    days = observed["on"].astype(np.int64)
    middle = np.sort(days)[len(days) // 2]
    far = np.flatnonzero(np.abs(days - middle) > _FAR_DAYS)
    if 0 < len(far) <= len(days) // 100 + 1:
        worst = far[np.argmax(np.abs(days[far] - middle))]
        yield (f"more than five years from the middle one of {len(days):,}: "
               f"{_count(len(far), 'demand observation')}, the farthest on "
               f"{observed['on'][worst]}; is the year right?")  # fmt: skip


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
