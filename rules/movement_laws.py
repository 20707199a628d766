"""What every movement that a plan can propose says, by its kind: no search tries any other."""

from collections.abc import Mapping

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY_OF = {"departsWeekday": "departsOn", "arrivesWeekday": "arrivesOn"}
"""Properties that are the weekday of another one's day."""
_KNOWN = ("originStockAgeDays", "destinationStockAgeDays", "originMarkCount",
          "destinationMarkCount")  # fmt: skip
_STOCK = ("lot", "remainingLifeDays", "daysSinceReceived", "stockAgeDays")
MOVEMENT_LAWS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "transfer": (("lane", "origin", "destination"), (*_STOCK, *_KNOWN)),
    "purchase": (("supplier", "destination"), _KNOWN),
    "assignment": (("order", "origin"), ("customer", "destination", *_KNOWN)),
    "substitution": (("origin", "destination", "replaces"), (*_STOCK, *_KNOWN)),
}
"""What each kind of movement states, and what it may state beside item and days (`Movement`).

A transfer leads to another place, a substitution stays; weekdays are those of the days, and
nothing arrives before it departs.
"""
