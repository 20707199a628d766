"""When a promise ends, derived: an open transfer order is committed here and expected there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from ontology.columns import Snapshot, Table, joined_tables, table_of
from ontology.demand import PurchaseOrder
from ontology.promise_evidence import Evidence
from ontology.promises import Promise, merged_promises, summed
from ontology.stock_now import with_movements
from ontology.terms import join_key
from ontology.transport import Shipment

HELD_DAYS = 30
"""So long after its last day a carried-out promise is held, if nobody counts: a month's cycle."""
NAMED_DAYS = 2 * HELD_DAYS
"""So long it is still named by decisions, as one that lapsed."""


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """What is left of a promise: units committed at its origin, and expected where they go."""

    promise: Promise
    committed: int
    expected: int


def open_promises(
    facts: Snapshot, promises: Iterable[Promise], starts_on: date
) -> tuple[OpenPromise, ...]:
    """What is left of promises on facts, seen from a first day, sorted.

    Each end is over by itself, by facts stated after the approval (decision 0042): the origin by a
    count of the day of departure or later, or movements out, once people say that the plan was
    carried out; the destination by a count of the day of arrival or later, movements in, or what a
    source states as coming; an order when it is asked for no longer; all of it after `HELD_DAYS`.
    So no unit is free that was promised, and none is there twice.

    Those that are over at both ends are left out, so a decision names a bounded number, and
    what is left of those that it names is the same as of all. Those that lapsed are named with
    nothing left for as long again.
    """
    ends = Evidence(facts)
    found = (_left(ends, each, starts_on) for each in merged_promises(promises))
    return tuple(each for each in found if each is not None)


def committed(opened: Iterable[OpenPromise]) -> tuple[Promise, ...]:
    """What is still committed at its origin."""
    return tuple(replace(each.promise, units=each.committed) for each in opened if each.committed)


def with_expected(facts: Snapshot, opened: Iterable[OpenPromise]) -> Snapshot:
    """The same facts with what is expected stated as under way, or as bought.

    Addresses and clocks stay those of what was stated: what is added has none.
    """
    coming = [each for each in opened if each.expected]
    if not coming:
        return facts
    sent = [_shipment(each) for each in coming if each.promise.takes]
    bought = [_purchase(each) for each in coming if not each.promise.takes]
    tables = dict(facts.tables)
    for name, rows in (("Shipment", sent), ("PurchaseOrder", bought)):
        if rows:
            more = table_of(rows, name)
            tables[name] = joined_tables([facts.table(name), more]).sorted()
    return replace(facts, tables=tables)


def lapsed(promises: Iterable[Promise], starts_on: date) -> tuple[Promise, ...]:
    """Those that were carried out, and that nobody counted in time, seen from a first day."""
    return tuple(each for each in promises if _has_lapsed(each, starts_on))


def with_missing_back(
    facts: Snapshot, own: Iterable[Promise], others: Iterable[Promise] = ()
) -> Snapshot:
    """The facts with the units of a plan's `own` promises back where they stood, as if none left.

    Only where a count or a movement after the approval, of the day of departure or later, misses
    some of them beside what is committed to `others`, and no more than were promised: they may
    have left as planned. The facts themselves where there are none.
    """
    ends, mine = Evidence(facts), [each for each in own if each.place and not each.order]
    held, stock = summed(others), facts.table("StockPosition")
    there = with_movements(facts).table("StockPosition")
    free, total = stock["on_hand_units"].copy(), stock["total_units"].copy()
    for key, units in sorted(summed(mine).items()):
        row = ends.row_of(*key[:3])
        now = there.row_of.get(join_key((key[0], key[1], key[2] or None)))
        stands = 0 if now is None else int(there["on_hand_units"][now])
        missing = units + held.get(key, 0) - stands
        if row is None or not 0 < missing <= units:
            continue
        if any(ends.tells_of(each) for each in mine if each.key == key):
            free[row] += units
            total[row] += units
    if (free == stock["on_hand_units"]).all():
        return facts
    table = Table("StockPosition", {**stock.columns, "on_hand_units": free, "total_units": total})
    return replace(facts, tables={**facts.tables, "StockPosition": table})


def _left(ends: Evidence, promise: Promise, starts_on: date) -> OpenPromise | None:
    """What is left of a promise; None where nothing is, and nothing that was stated ended it."""
    if not promise.since:  # stated before promises had an end
        return OpenPromise(promise, promise.units if promise.takes else 0, 0)
    if _has_lapsed(promise, starts_on):
        is_named = _days_since(promise, starts_on) <= NAMED_DAYS
        return OpenPromise(promise, 0, 0) if is_named else None
    here, used = ends.committed(promise)
    there, also_used = ends.expected(promise)
    if here or there or used or also_used:
        return OpenPromise(promise, here, there)
    return None


def _has_lapsed(promise: Promise, starts_on: date) -> bool:
    if not promise.since or not promise.carried_out or promise.order:
        return False
    return _days_since(promise, starts_on) > HELD_DAYS


def _days_since(promise: Promise, starts_on: date) -> int:
    last = max(promise.day, promise.arrives_on)  # ISO days sort as they follow each other
    return (starts_on - date.fromisoformat(last)).days


def _named(promise: Promise) -> str:
    """An id by which nothing that a source states is known."""
    ends = (promise.item, promise.lot, promise.place or promise.supplier, promise.destination)
    return ":".join(("promised", str(promise.since), *ends, promise.day, promise.arrives_on))


def _shipment(each: OpenPromise) -> Shipment:
    promise = each.promise
    leaves, arrives = map(date.fromisoformat, (promise.day, promise.arrives_on))
    return Shipment(_named(promise), promise.item, promise.destination, each.expected, arrives,
                    origin=promise.place, lot=promise.lot or None, shipped_on=leaves)  # fmt: skip


def _purchase(each: OpenPromise) -> PurchaseOrder:
    promise = each.promise
    return PurchaseOrder(_named(promise), promise.supplier, promise.item, promise.destination,
                         each.expected, date.fromisoformat(promise.day),
                         date.fromisoformat(promise.arrives_on))  # fmt: skip
