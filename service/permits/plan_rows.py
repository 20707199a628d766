"""The lines and shortfalls of a plan that a view shows, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from graph.catalog import PAGE_LIMIT, Catalog, Page
from graph.facts import StatedFact
from service.permits.views import Judge, View


def seen_rows(
    catalog: Catalog, view: View, plan: str, word: str, after: int, first: int
) -> tuple[Page[Any], list[Any]]:
    """The first rows after a number that are seen, and those of them that took a clearance.

    `word` is `line` or `shortfall`. Reads on until the page is full: a page of few seen rows takes
    more than one round trip, and says nothing of how many are hidden.
    """
    found: list[Any] = []
    judge, has_more = view.judge(), True
    read = catalog.lines if word == "line" else catalog.shortfalls
    while has_more and len(found) <= first:
        page: Page[Any] = read([plan], after=after, first=PAGE_LIMIT)[plan]
        found += [row for row in page.rows if shows_row(judge, row)]
        has_more = page.has_more
        after = page.rows[-1].number if page.rows else after
    rows = tuple(found[:first])
    labelled = [row for row in rows if judge.bears_label(type(row).__name__, values_of(row))]
    return Page(rows, len(found) > first), labelled


def seen_facts(
    view: View, facts: Sequence[StatedFact]
) -> tuple[tuple[StatedFact, ...], list[StatedFact]]:
    """Of versions of facts those that are seen, and those of them that took a clearance.

    A version is judged by what it states, and by the labels of the present.
    """
    judge = view.judge()
    told = [(one, values_of(one.record)) for one in facts]
    seen = [(one, values) for one, values in told if judge.shows(one.class_name, values)]
    labelled = [one for one, values in seen if judge.bears_label(one.class_name, values)]
    return tuple(_told(judge, one, values) for one, values in seen), labelled


def _told(judge: Judge, one: StatedFact, values: Mapping[str, Any]) -> StatedFact:
    names = judge.left_out(one.class_name, values)
    return replace(one, record=replace(one.record, **dict.fromkeys(names))) if names else one


def shows_row(judge: Judge, row: Any) -> bool:
    """Whether a line or a shortfall is seen: all that it names is."""
    return judge.shows(type(row).__name__, values_of(row))


def values_of(row: Any) -> Mapping[str, Any]:
    """The values of a record by field."""
    return {part.name: getattr(row, part.name) for part in fields(row)}
