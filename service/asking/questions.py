"""Questions about tables: rows and groups, by page, each page of what the first one saw."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from ontology.errors import InputError
from service.asking.conditions import Condition, chosen
from service.asking.grouping import Key, Measure, grouped
from service.asking.ordering import Order, ordered
from service.asking.sheets import Sheet, facts_sheet, lines_sheet
from service.house import AsOf, House

SHEETS_KEPT = 16
ROWS_KEPT = 2_000_000
"""Sorted selections that are kept have so many rows together, so that a far page costs no more."""


@dataclass(frozen=True, slots=True)
class FactsOf:
    """The facts of a class of a chain, as of some times or of now."""

    chain: str
    class_name: str
    as_of: AsOf | None = None


@dataclass(frozen=True, slots=True)
class LinesOf:
    """The lines of a plan, by its digest."""

    plan: str


Source = FactsOf | LinesOf


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows in which order; where they are `grouped`, `having` chooses of the groups."""

    where: Condition | None = None
    order: tuple[Order, ...] = ()
    columns: tuple[str, ...] = ()
    by: tuple[Key, ...] = ()
    measures: tuple[Measure, ...] = ()
    having: Condition | None = None
    grouped: bool = False


class Questions:
    """Answers from columns; any number of threads may ask."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: OrderedDict[Hashable, Sheet] = OrderedDict()
        self._lock = Lock()

    def pinned(self, source: Source) -> Source:
        """The same source as it stands now: whatever is recorded later does not change it.

        Raises InputError `CHAIN_UNKNOWN`.
        """
        if isinstance(source, LinesOf):
            return source
        asked, log = source.as_of or AsOf(), self._house.projection.log
        if asked == AsOf():
            self._house.state(source.chain)
        known = asked.recorded
        if isinstance(known, datetime):
            known = log.sequence_at(known)
        head = log.head().sequence
        return pinned_at(source, head if known is None else min(known, head))

    def sheet(self, source: Source, selection: Selection) -> Sheet:
        """All that is asked for, in order, of a pinned source.

        Raises InputError `CHAIN_UNKNOWN`, `UNKNOWN_CLASS`, `PLAN_UNKNOWN`, `COLUMN_UNKNOWN`,
        `CONDITION_INVALID`, `CONDITION_VALUE`, `ORDER_INVALID`, `GROUP_INVALID`, `NUMBER_RANGE`.
        """
        return self._once((source, selection), lambda: self._selected(source, selection))

    def _selected(self, source: Source, selection: Selection) -> Sheet:
        found = self._once(source, lambda: self._source(source))
        if selection.where is not None:
            found = found.of(found.table.filter(chosen(found, selection.where)))
        if selection.grouped:
            found = grouped(found, selection.by, selection.measures)
            if selection.having is not None:
                found = found.of(found.table.filter(chosen(found, selection.having)))
        found = ordered(found, selection.order)
        return found.of(found.table.select(_columns(found, selection.columns)))

    def _source(self, source: Source) -> Sheet:
        if isinstance(source, LinesOf):
            return lines_sheet(self._decision(source.plan))
        return facts_sheet(self._house.facts(source.chain, source.as_of), source.class_name)

    def _decision(self, plan: str) -> Mapping[str, Any]:
        found = self._house.catalog.plans_by_digest([plan]).get(plan)
        if found is None:
            raise InputError(f"there is no plan `{plan[:100]}`", code="PLAN_UNKNOWN",
                             hint="list the plans of the chain")  # fmt: skip
        decision: Mapping[str, Any] = self._house.store.get_document(found.artifact)["decision"]
        return decision

    def _once(self, what: Hashable, make: Callable[[], Sheet]) -> Sheet:
        with self._lock:
            if what in self._kept:
                self._kept.move_to_end(what)
                return self._kept[what]
        made = make()
        with self._lock:
            self._kept[what] = made
            while len(self._kept) > SHEETS_KEPT or self._rows > max(ROWS_KEPT, len(made)):
                self._kept.popitem(last=False)
        return made

    @property
    def _rows(self) -> int:
        return sum(map(len, self._kept.values()))


def pinned_at(source: Source, sequence: int) -> Source:
    """A source as known after an event; lines of a plan never change."""
    if isinstance(source, LinesOf):
        return source
    asked = source.as_of or AsOf()
    return replace(source, as_of=replace(asked, recorded=sequence))


def event_of(source: Source) -> int:
    """The event that a pinned source is as of; 0 where it never changes."""
    known = source.as_of.recorded if isinstance(source, FactsOf) and source.as_of else 0
    return known if isinstance(known, int) else 0


def _columns(sheet: Sheet, wanted: Sequence[str]) -> list[str]:
    if len(set(wanted)) < len(wanted):
        raise InputError("a column is asked for twice", code="COLUMN_UNKNOWN",
                         hint="name each once")  # fmt: skip
    for name in wanted:
        sheet.column(name)
    return list(wanted or sheet.columns)
