"""When releases govern, and what they govern instead of, in words."""

from collections.abc import Sequence
from datetime import datetime

from api.recall import DIGITS
from governance.release_cases import since_of
from governance.releases import Span
from service.governing.ledger import Decided


def span_in_words(span: Span, now: datetime) -> str:
    """When a release governs, and what comes after it."""
    verb = "to govern" if span.since > now else "governs" if _lasts(span, now) else "governed"
    told = f"{verb} {span.scope.words} from {span.since:%Y-%m-%d %H:%M}"
    if span.until is None:
        return told
    return f"{told} until {span.until:%Y-%m-%d %H:%M}, then {span.then[:DIGITS] or 'nothing'}"


def _lasts(span: Span, now: datetime) -> bool:
    return span.since <= now and (span.until is None or now < span.until)


def waits_till(spans: Sequence[Span], now: datetime) -> str:
    """Since when an active release is to govern that does not yet, in words."""
    if any(_lasts(span, now) for span in spans) or not any(span.since > now for span in spans):
        return ""
    return f" from {min(span.since for span in spans if span.since > now):%Y-%m-%d %H:%M} on"


def instead_of(done: Decided) -> str:
    """What a release was put in force instead of, and since when where that is later."""
    if done.event is None:
        return ""
    replaced, since = done.event.payload["replaces"], since_of(done.event.payload)
    begins = f", from {since:%Y-%m-%d %H:%M} UTC on" if since > done.event.effective_at else ""
    return begins + (f", instead of {replaced[:DIGITS]}" if replaced else "")
