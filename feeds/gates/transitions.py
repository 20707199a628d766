"""What cannot have happened: days in the wrong order within a record, and lots after their end."""

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from feeds.gates.findings import GateFinding
from feeds.gates.past import Past
from feeds.gates.series import Ints
from feeds.refusals import shown
from ontology.columns import MISSING, Table
from ontology.grouping import codes_of
from ontology.movement_kinds import EITHER, MOVEMENT_KINDS, OUT


@dataclass(frozen=True, slots=True)
class DayOrder:
    """The day in `later` cannot lie before the day in `earlier`; equal days are sound."""

    class_name: str
    earlier: str
    later: str
    code: str
    severity: str


DAY_ORDERS = (
    # A history of deliveries only feeds distributions, which leave such lines out: it is marked.
    DayOrder("DeliveryLine", "ordered_on", "delivered_on", "DELIVERED_BEFORE_ORDERED", "Warning"),
    DayOrder("DeliveryLine", "delivered_on", "recorded_on", "RECORDED_BEFORE_DELIVERED", "Warning"),
    DayOrder("Shipment", "shipped_on", "arrives_on", "RECEIVED_BEFORE_SHIPPED", "Violation"),
    DayOrder("SalesOrder", "ordered_on", "due_on", "DUE_BEFORE_ORDERED", "Warning"),
    DayOrder("PurchaseOrder", "ordered_on", "due_on", "DUE_BEFORE_ORDERED", "Warning"),
    DayOrder("TransferOrder", "ordered_on", "due_on", "DUE_BEFORE_ORDERED", "Warning"),
    DayOrder("Lot", "produced_on", "expires_on", "EXPIRED_BEFORE_PRODUCED", "Violation"),
)
"""Pairs of days of one record. What a plan would move goods by is quarantined, the rest marked."""

ENDS_OF_USE = frozenset(
    {"scrap", "adjustment", "opening", "count", "loss", "supplier return", "void shipment"}
)
"""Movements of an expired lot that make sense: it is thrown away or sent back, or counted."""

_DAY_MICROSECONDS = 24 * 3_600 * 10**6
_OF_EVENT = re.compile(r"[0-9a-f]{64}\.[0-9]+")
"""The names of movements of EPCIS events: what makes up for an event has the kind of the event."""


def wrong_days(tables: dict[str, Table]) -> list[GateFinding]:
    """Records that say something happened before what must come first."""
    found: list[GateFinding] = []
    for order in DAY_ORDERS:
        table = tables.get(order.class_name)
        if table is None:
            continue
        # a comparison with a day that is not stated (NaT) is false
        rows = np.flatnonzero(table[order.later] < table[order.earlier])
        for row, key in zip(rows.tolist(), table.take(rows).keys.tolist(), strict=True):
            message = (
                f"`{order.later}` is {table[order.later][row]}, before "
                f"`{order.earlier}` {table[order.earlier][row]}"
            )
            found.append(GateFinding(table.name, row, order.code, key, order.later,
                                     order.severity, message))  # fmt: skip
    return found


def wrong_signs(tables: dict[str, Table]) -> list[GateFinding]:
    """Movements whose units go the other way than their kind says: an issue that adds stock.

    Movements of EPCIS events are left out: a thing that is received leaves where it was, and an
    event that is taken back is made up for, both under the kind of the event.
    """
    moves = tables.get("StockMovement")
    if moves is None or not len(moves):
        return []
    few, codes = codes_of(moves["kind"])
    known = [MOVEMENT_KINDS.get(str(kind)) for kind in few]
    ways = np.array([kind.direction if kind else EITHER for kind in known], np.int64)[codes]
    rows = np.flatnonzero(np.sign(moves["quantity_units"]) * ways < 0)
    keys = moves.take(rows).keys.tolist()
    return [
        GateFinding("StockMovement", row, "SIGN_AGAINST_KIND", key, "quantity_units", "Violation",
                    _against(moves["kind"][row], int(moves["quantity_units"][row])))
        for row, key in zip(rows.tolist(), keys, strict=True) if _OF_EVENT.fullmatch(key) is None
    ]  # fmt: skip


def _against(kind: str, units: int) -> str:
    leaves = MOVEMENT_KINDS[kind].direction == OUT
    goes = "takes units out and is below zero" if leaves else "brings units in and is above zero"
    return f"{units:+,} units by {shown(kind)}, which {goes}"


def moments_off_their_day(tables: dict[str, Table]) -> list[GateFinding]:
    """Movements whose moment lies more than a day from the day that they state, in UTC.

    A day covers every time zone (14 hours at most) and shifts that are booked on the day on which
    they began. Mostly such a moment is in seconds or milliseconds: it says since when the movement
    is true, so the movement would be true decades too early, or wait for decades.
    """
    moves = tables.get("StockMovement")
    if moves is None or not len(moves):
        return []
    moments, days = moves["effective_at_microseconds"], moves["effective_on"]
    begins = days.astype("datetime64[us]").view(np.int64)
    stated = (moments != MISSING) & ~np.isnat(days)
    off = (moments < begins - _DAY_MICROSECONDS) | (moments >= begins + 2 * _DAY_MICROSECONDS)
    rows = np.flatnonzero(stated & off)
    keys = moves.take(rows).keys.tolist()
    return [
        GateFinding("StockMovement", row, "MOMENT_OFF_DAY", key, "effective_at_microseconds",
                    "Violation", _off_day(int(moments[row]), days[row]))
        for row, key in zip(rows.tolist(), keys, strict=True)
    ]  # fmt: skip


def _off_day(moment: int, on: np.datetime64) -> str:
    when = np.datetime64(moment, "us").astype("datetime64[s]")
    return f"`{moment}` is {when}Z, more than a day from `effective_on` {on}"


def expired_lots(tables: dict[str, Table], past: Past) -> list[GateFinding]:
    """Free stock of a lot that had expired when it was counted, and its use after that day.

    Lots of the delivery and those that stand count, the delivery's first. Expired stock does lie
    on shelves, so it is marked; that somebody got it is quarantined.
    """
    lots = _expiry(tables, past)
    return [
        *_late(tables.get("StockPosition"), lots, "counted_on", "on_hand_units"),
        *_late(tables.get("StockMovement"), lots, "effective_on", "quantity_units"),
    ]


def _expiry(tables: dict[str, Table], past: Past) -> Mapping[object, int]:
    known = past.keep("expiry of lots", lambda: _last_days(past.table("Lot")))
    return ChainMap(_last_days(tables["Lot"]), known) if "Lot" in tables else known


def _last_days(lots: Table) -> dict[object, int]:
    return dict(zip(lots["id"].tolist(), _numbers(lots["expires_on"]).tolist(), strict=True))


def _numbers(days: Ints) -> Ints:
    numbers: Ints = days.view(np.int64)
    return numbers


def _late(
    table: Table | None, lots: Mapping[object, int], on: str, value: str
) -> list[GateFinding]:
    if table is None or not len(table):
        return []
    few, codes = codes_of(table["lot"])
    expires = np.fromiter((lots.get(lot, MISSING) for lot in few), np.int64, len(few))[codes]
    days = _numbers(table[on])
    late = (expires != MISSING) & (days != MISSING) & (days > expires)
    if table.name == "StockPosition":
        rows, code, severity = np.flatnonzero(late & (table[value] > 0)), "STOCK_EXPIRED", "Warning"
    else:
        rows = np.flatnonzero(late & (table[value] < 0))
        rows = (
            rows[[kind not in ENDS_OF_USE for kind in table["kind"][rows]]] if len(rows) else rows
        )
        code, severity = "LOT_AFTER_EXPIRY", "Violation"
    keys = table.take(rows).keys.tolist()
    return [
        GateFinding(
            table.name, row, code, key, on, severity,
            f"{abs(int(table[value][row]))} units of lot {shown(table['lot'][row])} on "
            f"{table[on][row]}; it expired after {np.datetime64(int(expires[row]), 'D')}",
        )
        for row, key in zip(rows.tolist(), keys, strict=True)
    ]  # fmt: skip
