"""Stock in whole base units of its item: other units are converted exactly or set aside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from feeds.facts.assembly import Columns, Content, Merged, merged
from feeds.facts.conflicts import stated
from feeds.facts.ledger import Ledger, Stated, column_of_field
from feeds.facts.pools import NOT_STATED, BoolArray, Codes, IntArray, combinations, distinct
from feeds.facts.record_fields import field_specs
from feeds.refusals import shown
from ontology.canonical import LARGEST_INTEGER
from ontology.columns import Snapshot, column_of

BUCKETS = (
    "on_hand_units", "allocated_units", "reserved_units", "on_hold_units", "in_transit_units",
)  # fmt: skip
"""The disjoint buckets whose sum is the total."""
_STOCK = "StockPosition"


@dataclass(frozen=True, slots=True)
class Units:
    """Own unit by item, and (numerator, denominator) of own units to one pack."""

    own: dict[str, str]
    packs: dict[tuple[str, str], tuple[int, int]]

    def ratio(self, content: Content) -> tuple[int, int] | None:
        """Own units to one of the unit that a stock row states; None where nothing says."""
        item, unit = str(content["item"]), content.get("unit")
        if unit is None or item not in self.own or unit == self.own[item]:
            return 1, 1
        return self.packs.get((item, str(unit)))


def units_of(ledger: Ledger, present: Snapshot | None) -> Units:
    """What the standing rows, and the facts present before them, say of units."""
    own: dict[str, str] = {}
    packs: dict[tuple[str, str], tuple[int, int]] = {}
    if present is not None:
        items, table = present.table("Item"), present.table("UnitConversion")
        own |= dict(zip(items["id"], items["base_unit"], strict=True))
        ratios = zip(table["numerator"].tolist(), table["denominator"].tolist(), strict=True)
        packs |= dict(zip(zip(table["item"], table["unit"], strict=True), ratios, strict=True))
    plain = field_specs("Item")["base_unit"].default
    for content, is_own in _contents(ledger, "Item", ("id", "base_unit")):
        item = str(content["id"])
        otherwise = plain if is_own else own.get(item, plain)
        own[item] = str(content.get("base_unit", otherwise))
    fields = ("item", "unit", "numerator", "denominator")
    for content, _ in _contents(ledger, "UnitConversion", fields):
        ratio = int(str(content["numerator"])), int(str(content.get("denominator", 1)))
        packs[str(content["item"]), str(content["unit"])] = ratio
    return Units(own, packs)


def _contents(ledger: Ledger, name: str, fields: Sequence[str]) -> Iterator[tuple[Content, bool]]:
    """Some fields of each record of a class, and whether a row of its own states it."""
    if name not in ledger.classes:
        return
    records = merged(ledger, name)
    columns = [records.column(field).tolist() for field in fields]
    for is_own, *codes in zip((records.own >= 0).tolist(), *columns, strict=True):
        yield ledger.content(name, zip(fields, codes, strict=True)), is_own


def refuse_mixed_units(ledger: Ledger, present: Snapshot | None) -> bool:
    """Set aside stock in a unit that nothing converts to whole base units; whether any was."""
    if _STOCK not in ledger.classes:
        return False
    units = units_of(ledger, present)
    before = len(ledger.refusals)
    for part in ledger.standing(_STOCK):
        is_plain = _is_plain(ledger, units, part.codes("item"), part.codes("unit"))
        doubtful = ~is_plain | (_totals(ledger, part) > LARGEST_INTEGER)
        for at in np.flatnonzero(doubtful).tolist():
            for code, reason, name in _faults(stated(ledger.statement(part, at)), units):
                column = column_of_field(part.rule, name)
                ledger.refuse(int(part.rows[at]), code, reason, column)
    return len(ledger.refusals) > before


def _is_plain(ledger: Ledger, units: Units, items: Codes, stated_units: Codes) -> BoolArray:
    """By row: whether its stock is in own units already."""
    columns = {"item": items, "unit": stated_units}
    sizes = [len(ledger.pools.of(_STOCK, field)) for field in columns]
    first, which = combinations(list(columns.values()), sizes)
    contents = (
        ledger.content(_STOCK, ((field, int(codes[at])) for field, codes in columns.items()))
        for at in first
    )
    return np.array([units.ratio(content) == (1, 1) for content in contents], np.bool_)[which]


def _totals(ledger: Ledger, part: Stated) -> IntArray:
    """The units of each row, in the unit that it states."""
    buckets = [_numbers(ledger, part, name) for name in BUCKETS if name in part.columns]
    totals = np.zeros(len(part.rows), np.int64)
    for bucket in buckets:
        totals += bucket
    if "total_units" not in part.columns:
        return totals
    is_stated = part.columns["total_units"] != NOT_STATED
    return np.where(is_stated, _numbers(ledger, part, "total_units"), totals)


def _numbers(ledger: Ledger, part: Stated, name: str) -> IntArray:
    """The numbers of a field by row, 0 where none is stated."""
    values = ledger.pools.of(_STOCK, name).values
    return np.array([*values, 0], np.int64)[part.columns[name]]


def _faults(content: Content, units: Units) -> Iterator[tuple[str, str, str]]:
    ratio = units.ratio(content)
    item, unit = shown(str(content["item"])), shown(str(content.get("unit")))
    if ratio is None:
        own = shown(units.own[str(content["item"])])
        yield "MIXED_UNITS", f"{item} is kept in {own}, and nothing converts {unit}", "unit"
        return
    for name in (*BUCKETS, "total_units"):
        quantity = int(str(content.get(name, 0)))
        if quantity * ratio[0] % ratio[1]:
            yield "NOT_WHOLE_UNITS", f"{quantity} {unit} of {item} is not a whole number", name
    total = int(str(in_own_units(content, units)["total_units"]))
    if total > LARGEST_INTEGER:
        yield "NUMBER_RANGE", f"{item} has {total} units here", "on_hand_units"


def in_own_units(content: Content, units: Units) -> Content:
    """A stock record in its item's own unit, with its total where the source states none."""
    ratio = units.ratio(content) or (1, 1)
    done = dict(content)
    for name in (*BUCKETS, "total_units"):
        if name in done:
            done[name] = int(str(done[name])) * ratio[0] // ratio[1]
    done["unit"] = units.own.get(str(content["item"]), done.get("unit", "each"))
    done.setdefault("total_units", sum(int(str(done.get(name, 0))) for name in BUCKETS))
    return done


def finished_stock(ledger: Ledger, records: Merged, columns: Columns, units: Units) -> Columns:
    """The columns of stock records in their items' own units, with totals; as `in_own_units`."""
    done, items = dict(columns), records.column("item")
    has_total = records.column("total_units") != NOT_STATED
    totals = np.zeros(len(records), np.int64)
    for name in BUCKETS:
        totals += columns[name]
    done["total_units"] = np.where(has_total, columns["total_units"], totals)
    pool = ledger.pools.of(_STOCK, "item")
    few, which = distinct(items, len(pool))
    own = [units.own.get(pool.values[code]) for code in few.tolist()]
    has_own = np.array([unit is not None for unit in own], np.bool_)[which]
    done["unit"] = np.where(has_own, np.array(own, object)[which], columns["unit"])
    is_plain = _is_plain(ledger, units, items, records.column("unit"))
    others = np.flatnonzero(~is_plain).tolist()
    said = ({name: int(codes[at]) for name, codes in records.codes.items()} for at in others)
    contents = [in_own_units(ledger.content(_STOCK, codes.items()), units) for codes in said]
    for name in (*BUCKETS, "total_units") if others else ():
        spec = field_specs(_STOCK)[name]
        values = [content.get(name, spec.default) for content in contents]
        done[name] = done[name].copy()  # one value may stand for all rows
        done[name][others] = column_of(values, spec.kind)
    return done
