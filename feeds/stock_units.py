"""Stock in whole base units of its item: other units are converted exactly or set aside."""

from collections.abc import Iterator
from dataclasses import dataclass

from feeds.assembly import Content, merged
from feeds.conflicts import stated
from feeds.ledger import Ledger, column_of_field
from feeds.record_fields import field_specs
from feeds.refusals import shown
from ontology.canonical import LARGEST_INTEGER
from ontology.columns import Snapshot, record_at

BUCKETS = (
    "on_hand_units", "allocated_units", "reserved_units", "on_hold_units", "in_transit_units",
)  # fmt: skip
"""The disjoint buckets whose sum is the total."""


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
        items, conversions = present.table("Item"), present.table("UnitConversion")
        own |= dict(zip(items["id"], items["base_unit"], strict=True))
        for row in range(len(conversions)):
            pack = record_at(conversions, row)
            packs[pack.item, pack.unit] = pack.numerator, pack.denominator
    plain = field_specs("Item")["base_unit"].default
    for (item,), record in merged(ledger, "Item").get("Item", {}).items():
        before = own.get(str(item), plain) if record.own is None else plain
        own[str(item)] = str(record.content.get("base_unit", before))
    for key, record in merged(ledger, "UnitConversion").get("UnitConversion", {}).items():
        ratio = record.content["numerator"], record.content.get("denominator", 1)
        packs[str(key[0]), str(key[1])] = int(str(ratio[0])), int(str(ratio[1]))
    return Units(own, packs)


def refuse_mixed_units(ledger: Ledger, present: Snapshot | None) -> bool:
    """Set aside stock in a unit that nothing converts to whole base units; whether any was."""
    if "StockPosition" not in ledger.classes:
        return False
    units = units_of(ledger, present)
    before = len(ledger.refusals)
    for index, row in list(ledger.standing()):
        for statement in row.statements:
            if statement.rule.name == "StockPosition":
                for code, reason, name in _faults(stated(statement), units):
                    column = column_of_field(statement.rule, name)
                    ledger.refuse(index, code, reason, column)
    return len(ledger.refusals) > before


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
