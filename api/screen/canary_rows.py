"""A canary in words: where and since when it decides, its guards, and what was no sample."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from api.recall import DIGITS
from governance.canaries import LEFT_OUT, Canary, why_in_words
from governance.release_cases import CANARY, ReleaseCase
from ontology.events import RELEASE_ABORTED, RELEASE_ACTIVATED, RELEASE_CANARY_STARTED

_ENDS = (RELEASE_ABORTED, RELEASE_ACTIVATED)


def where_in_words(case: ReleaseCase) -> str:
    """For what a release decides: of a canary, that is its own part, and not all of its scope."""
    if case.status != CANARY or case.canary is None:
        return case.scope.words
    return canary_in_words(case.canary)


def canary_in_words(canary: Canary) -> str:
    """The part for which a canary decides."""
    share = f", {canary.share_percent}% of items and places" if canary.share_percent < 100 else ""
    return canary.scope.words + share


def time_in_words(case: ReleaseCase, happened: list[dict[str, Any]], now: datetime) -> list[str]:
    """Since when a release decides as a canary, or when it did; none where it never did.

    `happened` are its events, each with `kind` and `at`, in their order.
    """
    if case.canary is None:
        return []
    begun = [each["at"] for each in happened if each["kind"] == RELEASE_CANARY_STARTED]
    since = begun[-1] if begun else case.canary.begins
    ended = [each["at"] for each in happened if each["kind"] in _ENDS and each["at"] >= since]
    until = min([case.canary.ends, *ended])
    over = case.status != CANARY or until <= now
    verb, till = ("governed", "until") if over else ("governs", "at most until")
    where = canary_in_words(case.canary)
    return [f"{verb} as a canary {where} from {since:%Y-%m-%d %H:%M} {till} {until:%Y-%m-%d %H:%M}"]


def why_in_line(happened: Mapping[str, Any]) -> str:
    """The reason of a release's event, behind its kind and who did it; empty where it has none."""
    if left := happened.get(LEFT_OUT):
        return f": plan {left['plan'][:DIGITS]} is no sample, {why_in_words(left['why'])}"
    return f": {happened['reason']}" if "reason" in happened else ""


def guard_lines(canary: Canary) -> Iterator[str]:
    """What each guard has seen, and how many plans are no sample and why, a line each."""
    for one in canary.told():
        yield (f"guard        {one.guard.metric}, at most {one.guard.most_percent}% worse: "
               f"worse in {one.worse} of {one.pairs} plans, chance without harm "
               f"{one.chance_of}/{2**one.pairs}{', BROKEN' if one.is_broken else ''}"
               )  # fmt: skip
    if left_out := canary.left_out_by_reason():
        yield f"no sample    {left_out_in_words(left_out)}"


def left_out_in_words(left_out: Mapping[str, int]) -> str:
    """How many plans are no sample, and why."""
    total = sum(left_out.values())
    counts = "; ".join(f"{number:,} {why_in_words(why)}" for why, number in left_out.items())
    return f"{total:,} plan{'s' if total > 1 else ''}: {counts}"
