"""Questions about tables: rows and groups, by page, each page of what the first one saw."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from graph.catalog import PlanEntry
from graph.plan_nodes import LINE_CLASSES
from ontology.columns import Snapshot, Table
from ontology.errors import AccessError, InputError
from service.access import Sight
from service.asking.conditions import Condition, chosen, columns_of
from service.asking.grouping import Key, Measure, grouped
from service.asking.ordering import Order, ordered
from service.asking.sheets import KEY, Sheet, facts_sheet, lines_sheet
from service.house import AsOf, House
from service.permits.views import View

FACTS, LINES = "facts.read", "plans.read"
OTHERS = "*"
"""Stands, where exposures are noted, for the keys of all rows that a condition leaves out."""
SHEETS_KEPT, CLASSES_KEPT = 64, 16
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

    @property
    def reads(self) -> frozenset[str]:
        """The columns that it looks at beside those that it shows."""
        told = (key.column for key in self.by), (measure.column for measure in self.measures)
        ordered_by = () if self.grouped else (order.column for order in self.order)
        names = columns_of(self.where) if self.where else frozenset()
        return names.union(*told, ordered_by) - {""}

    @property
    def compares(self) -> bool:
        """Whether a condition is held against more than the keys of rows."""
        return self.where is not None and bool(columns_of(self.where) - {KEY})


class Questions:
    """Answers from columns; any number of threads may ask."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: OrderedDict[Hashable, Sheet] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], tuple[Table, Sheet]] = OrderedDict()
        self._lock = Lock()

    def pinned(self, source: Source, sight: Sight) -> Source:
        """The same source as it stands now: whatever is recorded later does not change it.

        Raises InputError `CHAIN_UNKNOWN`, `AS_OF_AHEAD`, AccessError for a chain of which nothing
        is seen.
        """
        if isinstance(source, LinesOf):
            return source
        sight.view(source.chain, FACTS)
        asked = source.as_of or AsOf()
        if asked == AsOf():
            self._house.state(source.chain)
        known = self._house.known(asked)
        if known is None:
            known = self._house.projection.log.head().sequence
        return pinned_at(source, known)

    def sheet(self, source: Source, selection: Selection, sight: Sight) -> Sheet:
        """All that is asked for, in order, of what a caller sees of a pinned source.

        What is not seen is gone before anything is chosen, counted or sorted; what it took a
        clearance to see is noted, with every column that was looked at, and as OTHERS what a
        condition leaves out, for that is told of it. Raises AccessError for a chain of which
        nothing is seen, InputError `CHAIN_UNKNOWN`, `UNKNOWN_CLASS`, `PLAN_UNKNOWN`,
        `COLUMN_UNKNOWN`, `CONDITION_INVALID`, `CONDITION_VALUE`, `ORDER_INVALID`,
        `GROUP_INVALID`, `NUMBER_RANGE`.
        """
        chain, entry = self._chain(source)
        try:
            view = sight.view(chain, FACTS if isinstance(source, FactsOf) else LINES)
        except AccessError:
            if isinstance(source, FactsOf):
                raise
            raise _unknown(source) from None
        seen = view.mark()
        whole = self._once((source, seen), lambda: self._source(source, entry, view))
        found = self._once((whole.origin, selection), lambda: _selected(whole, selection))
        labelled = found.labelled
        if selection.compares and not view.is_plain:
            labelled |= {OTHERS} if whole.labelled - labelled else set()
        if labelled:
            columns = selection.reads | set(() if selection.grouped else found.columns)
            sight.exposures.note(chain, _class_of(source), labelled, columns)
        return found

    def _chain(self, source: Source) -> tuple[str, PlanEntry | None]:
        """The chain of a source, and the plan if it is one of lines."""
        if isinstance(source, FactsOf):
            return source.chain, None
        entry = self._house.catalog.plans_by_digest([source.plan]).get(source.plan)
        if entry is None:
            raise _unknown(source)
        return entry.plan.chain, entry

    def _source(self, source: Source, entry: PlanEntry | None, view: View) -> Sheet:
        if isinstance(source, LinesOf):
            assert entry is not None  # noqa: S101  whoever asks for lines has looked it up
            decision: Mapping[str, Any] = self._house.store.get_document(entry.artifact)["decision"]
            return _seen_lines(decision, view)
        shown = view.shown(source.as_of)
        if view.is_plain:
            return self._unchanged(source, shown.snapshot)
        found = facts_sheet(shown.snapshot, source.class_name)
        keys = found.table.column(KEY).to_pylist()
        labelled = [key for row, key in enumerate(keys)
                    if shown.takes_clearance(source.class_name, row)]  # fmt: skip
        return found.bearing(labelled)

    def _unchanged(self, source: FactsOf, snapshot: Snapshot) -> Sheet:
        """The sheet of a class, the same as before where no fact of the class has come since."""
        where = source.chain, source.class_name
        with self._lock:
            table, known = self._newest.get(where, (None, None))
        if known is not None and snapshot.table(source.class_name) is table:
            return known
        made = facts_sheet(snapshot, source.class_name)
        with self._lock:
            self._newest.pop(where, None)
            self._newest[where] = snapshot.table(source.class_name), made
            while len(self._newest) > CLASSES_KEPT:
                self._newest.popitem(last=False)
        return made

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


def _selected(found: Sheet, selection: Selection) -> Sheet:
    if selection.where is not None:
        found = found.where(chosen(found, selection.where))
    if selection.grouped:
        found = grouped(found, selection.by, selection.measures)
        if selection.having is not None:
            found = found.of(found.table.filter(chosen(found, selection.having)))
    found = ordered(found, selection.order)
    return found.of(found.table.select(_columns(found, selection.columns)))


def _seen_lines(decision: Mapping[str, Any], view: View) -> Sheet:
    """The lines of a decision that are seen."""
    if view.is_plain:
        return lines_sheet(decision)
    judge = view.judge()
    named = [(LINE_CLASSES[line["kind"]], line) for line in decision["lines"]]
    seen = [(name, line) for name, line in named if judge.shows(name, line)]
    labelled = [str(line["number"]) for name, line in seen if judge.bears_label(name, line)]
    return lines_sheet({**decision, "lines": [line for _, line in seen]}).bearing(labelled)


def _class_of(source: Source) -> str:
    """The class of the rows: of lines of all kinds their interface."""
    return source.class_name if isinstance(source, FactsOf) else "Line"


def _unknown(source: LinesOf) -> InputError:
    """The same whether there is no such plan, or none that the caller sees."""
    return InputError(f"there is no plan `{source.plan[:100]}`", code="PLAN_UNKNOWN",
                      hint="name it by its whole digest; `plans` lists them")  # fmt: skip


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
