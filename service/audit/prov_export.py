"""Provenance to take away: a plan, a line or a fact as a PROV document, page after page."""

from collections.abc import Callable, Iterable, Iterator

from graph.observed import Observed
from graph.provenance import LINES_LIMIT, NO_CURSOR, Trace, trace_down, trace_up
from ontology.errors import InputError
from ontology.terms import RESOURCE, join_key
from service.audit.prov_terms import ProvStatements, Statement
from service.audit.prov_writing import FORMS
from service.house import House

PAGE = 100
"""So many lines are read from the graph at once."""

Writer = Callable[[str, Iterable[Statement]], Iterator[str]]


def prov_of_plan(
    house: House, plan: str, form: str, number: int | None = None, *, after: int = 0,
    most: int | None = None,
) -> Iterator[str]:  # fmt: skip
    """A PROV document of a plan's lines, or of one line, down to rows of files, in parts.

    `form` is `prov-json`, `json-ld` or `trig`; all three hold the same triples. At most `most`
    lines after the line number `after`; by default all. However many there are, only what tells
    one statement from another stays in memory. Raises InputError `UNKNOWN_FORMAT`,
    `PLAN_UNKNOWN`, `LINE_UNKNOWN` before anything is written.
    """
    write = _writer(form)
    pages = _down(house, plan, number, after, most)
    first = next(pages)
    name = f"{RESOURCE}provenance/{plan}" + (f"/{number}" if number is not None else "")
    return write(name, _statements(first, pages))


def prov_of_fact(house: House, uri: str, form: str) -> Iterator[str]:
    """A PROV document of all lines and shortfalls that rest on a fact, and their plans, in parts.

    Raises InputError `UNKNOWN_FORMAT` before anything is written.
    """
    write = _writer(form)
    pages = _up(house, uri)
    name = f"{RESOURCE}provenance/{join_key(uri.split('/'))}"
    return write(name, _statements(next(pages), pages))


def _writer(form: str) -> Writer:
    if form not in FORMS:
        raise InputError(f"there is no format `{form[:40]}`", code="UNKNOWN_FORMAT",
                         hint=f"use one of: {', '.join(FORMS)}")  # fmt: skip
    return FORMS[form]


def _statements(first: Trace, pages: Iterator[Trace]) -> Iterator[Statement]:
    told = ProvStatements()
    yield from told.of(first)
    for page in pages:
        yield from told.of(page)


def _down(
    house: House, plan: str, number: int | None, after: int, most: int | None
) -> Iterator[Trace]:
    observed = Observed(house.projection.log, house.store)
    left = most
    while True:
        size = PAGE if left is None else min(PAGE, left)
        page = trace_down(house.driver, plan, number, after=after, first=size, observed=observed)
        yield page
        left = None if left is None else left - size
        if page.next_after is None or left == 0:
            return
        after = page.next_after


def _up(house: House, uri: str) -> Iterator[Trace]:
    after = NO_CURSOR
    while True:
        page = trace_up(house.driver, uri=uri, after=after, first=LINES_LIMIT)
        yield page
        if page.next_after is None:
            return
        after = page.next_after
