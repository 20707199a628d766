"""Figures of what moves: on time in full, landed cost, transfers and their latency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from service.kpis.loads import WholeCosts
from service.kpis.money import Pricing, item_values
from service.kpis.value import Figure, Lacking, Used, counted

BILLION = 10**9
CANCELLED = "cancelled"
NO_TRANSFER = "there is no TransferOrder, and no Shipment with an origin"


def on_time_in_full(snapshot: Snapshot) -> Figure:
    """Delivery lines and sales orders on time, over those of which that can be said."""
    lines, orders = snapshot.table("DeliveryLine"), snapshot.table("SalesOrder")
    done = snapshot.table("OrderFulfilment")
    late_by = lines["delivered_on"] - lines["scheduled_on"]
    dated = np.flatnonzero(~np.isnat(late_by))
    good = int((late_by[dated] <= np.timedelta64(0, "D")).sum())
    stated = np.flatnonzero((orders["days_late"] != MISSING) & (len(done) > 0))
    fulfilled, late = set(done["order"]), orders["days_late"].tolist()
    good += sum(late[row] <= 0 and orders["id"][row] in fulfilled for row in stated.tolist())
    known = set(orders["id"][stated])
    served = np.flatnonzero(np.array([order in known for order in done["order"]], np.bool_))
    used = (Used("DeliveryLine", dated, lines), Used("SalesOrder", stated, orders),
            Used("OrderFulfilment", served, done))  # fmt: skip
    total = len(dated) + len(stated)
    return counted(
        good, total, *used,
        left_out=len(lines) + len(orders) - total,
        nothing="there is no DeliveryLine with its scheduled and delivered day, and no "
        "OrderFulfilment of a SalesOrder that states its days late",
    )  # fmt: skip


@dataclass(frozen=True)
class Landing:
    """Units of an item that land somewhere: bought by an offer, brought by a lane, or invoiced."""

    source: str
    row: int
    item: str
    units: int
    on: Any
    lane: str = ""
    offer: tuple[str, str, str] | None = None
    invoiced: bool = False


def landings_of_facts(snapshot: Snapshot) -> Iterator[Landing]:
    """Purchase orders and shipments over a lane, but those cancelled, and delivery lines."""
    bought = snapshot.table("PurchaseOrder")
    for row in np.flatnonzero(bought["status"] != CANCELLED).tolist():
        item, supplier, place = (bought[name][row] for name in ("item", "supplier", "location"))
        yield Landing("PurchaseOrder", row, item, int(bought["quantity_units"][row]),
                      bought["ordered_on"][row], offer=(supplier, item, place))  # fmt: skip
    shipped = snapshot.table("Shipment")
    for row in np.flatnonzero(shipped["status"] != CANCELLED).tolist():
        if shipped["lane"][row]:
            yield Landing("Shipment", row, shipped["item"][row],
                          int(shipped["quantity_units"][row]), shipped["shipped_on"][row],
                          lane=shipped["lane"][row])  # fmt: skip
    delivered = snapshot.table("DeliveryLine")
    for row, (item, units) in enumerate(
        zip(delivered["item"], delivered["quantity_units"].tolist(), strict=True)
    ):
        yield Landing("DeliveryLine", row, item, units, None, invoiced=True)


def landings_of_lines(lines: Sequence[Mapping[str, Any]]) -> Iterator[Landing]:
    """The purchases and transfers of a plan."""
    for line in lines:
        told = (int(line["number"]), line["item"], int(line["quantity_units"]), line["departs_on"])
        if line["kind"] == "purchase":
            yield Landing("line", *told, offer=(line["supplier"], line["item"],
                                                line["destination"]))  # fmt: skip
        elif line["kind"] == "transfer":
            yield Landing("line", *told, lane=line["lane"])


def landed_cost(snapshot: Snapshot, landings: Iterator[Landing], pricing: Pricing) -> Figure:
    """Goods, transport (lines, shipments and whole loads, too) and duty, over units that land."""
    tariff = _Tariff(snapshot, pricing)
    total, units, left_out = Fraction(0), 0, 0
    used: dict[str, list[int]] = {}
    for landing in landings:
        money = tariff.money(landing)
        if money is None:
            left_out += 1
            continue
        total, units = total + money, units + landing.units
        used.setdefault(landing.source, []).append(landing.row)
    tables = {name: None if name == "line" else snapshot.table(name) for name in used}
    return counted(
        total + tariff.whole.total, units,
        *(Used(name, np.array(rows, np.int64), tables[name]) for name, rows in used.items()),
        *tariff.whole.used(), *pricing.used(), left_out=left_out, currency=pricing.currency,
        nothing="nothing lands that has a price: no purchase with an Offer, and no shipment or "
        "transfer over a Lane of an Item with a value",
    )  # fmt: skip


class _Tariff:
    """What it costs that units land, by offers, lanes and items, in money."""

    def __init__(self, snapshot: Snapshot, pricing: Pricing) -> None:
        offers, self.lanes = snapshot.table("Offer"), snapshot.table("Lane")
        keys = zip(offers["supplier"], offers["item"], offers["location"], strict=True)
        prices = pricing.micros(offers["price_micros"], offers["currency"])
        self.price = dict(zip(keys, prices, strict=True))
        self.value = item_values(snapshot, pricing)
        self.items = snapshot.table("Item")
        self.item_row = {item: row for row, item in enumerate(self.items["id"])}
        self.lane_row = {lane: row for row, lane in enumerate(self.lanes["id"])}
        self.invoices = _invoices(snapshot, pricing)
        self.rates = {
            name: pricing.micros(self.lanes[name], self.lanes["currency"]) for name in _RATES
        }
        self.line_cost = pricing.cents(self.lanes["cost_per_line_cents"], self.lanes["currency"])
        self.whole = WholeCosts(snapshot, pricing)
        self.line_paid: set[tuple[str, str, str]] = set()

    def money(self, landing: Landing) -> Fraction | None:
        """The cost of one landing; None where something that it takes is not stated.

        What leaves together shares loads and shipments: `whole` has their costs.
        """
        if landing.offer:
            price = self.price.get(landing.offer)
            return None if price is None else price * landing.units
        if landing.invoiced:
            return self.invoices[landing.row]
        lane, item = self.lane_row.get(landing.lane), self.item_row.get(landing.item)
        value = self.value.get(landing.item)
        if lane is None or item is None or value is None:
            return None
        carried = self._carried(lane, item)
        if carried is None or not self.whole.add(lane, item, landing.units, landing.on):
            return None
        duty = value * int(self.lanes["duty_percent"][lane]) / 100
        return landing.units * (value + carried + duty) + self._line(landing, lane)

    def _carried(self, lane: int, item: int) -> Fraction | None:
        total = Fraction(0)
        for name, measure in _RATES.items():
            price = self.rates[name][lane]
            amount = int(self.items[measure][item]) if measure else BILLION
            if price and amount == MISSING:
                return None
            total += price * amount / BILLION if price else 0
        return total

    def _line(self, landing: Landing, lane: int) -> Fraction:
        key = (landing.item, landing.lane, str(landing.on))
        if key in self.line_paid:
            return Fraction(0)
        self.line_paid.add(key)
        return self.line_cost[lane]


def _invoices(snapshot: Snapshot, pricing: Pricing) -> list[Fraction | None]:
    """Goods, freight and insurance of each delivery line; None where goods or freight are open.

    Freight that another line carries is counted there, what is in the price of the goods is.
    """
    lines = snapshot.table("DeliveryLine")
    columns = [
        pricing.cents(lines[name], lines["currency"])
        for name in ("line_value_cents", "freight_cents", "insurance_cents")
    ]
    known = (lines["line_value_cents"] != MISSING) & np.isin(lines["freight_basis"], _FREIGHT_KNOWN)
    known &= (lines["freight_cents"] != MISSING) | (lines["freight_basis"] != "stated")
    rows = zip(known.tolist(), *columns, strict=True)
    return [sum(parts, Fraction(0)) if is_known else None for is_known, *parts in rows]


_FREIGHT_KNOWN = ("stated", "on another line", "included in commodity cost")
_RATES = {
    "cost_per_unit_micros": "",
    "cost_per_kilogram_micros": "weight_micrograms",
    "cost_per_cubic_metre_micros": "volume_cubic_millimetres",
}
"""Costs of a lane, and the item's measure that each is multiplied with, in billionths of it."""


def transfers(snapshot: Snapshot) -> Figure:
    """Units under orders and shipments between our locations."""
    used = _transfer_rows(snapshot)
    if not used:
        return Lacking(NO_TRANSFER)
    units = sum(sum(_units(part)) for part in used)
    return counted(units, 1, *used, nothing="")


def transfer_latency(snapshot: Snapshot) -> Figure:
    """Days from leaving to arriving of the same rows, weighted by units."""
    days = units = left_out = 0
    used = []
    for part in _transfer_rows(snapshot):
        table = _table(part)
        begin, end = _LEAVES[part.name]
        taken = (table[end] - table[begin])[part.rows]
        known = ~np.isnat(taken)
        left_out += int((~known).sum())
        rows = part.rows[known]
        used.append(Used(part.name, rows, table))
        moved = table["quantity_units"][rows].tolist()
        units += sum(moved)
        spans = taken[known].astype(np.int64).tolist()
        days += sum(span * count for span, count in zip(spans, moved, strict=True))
    return counted(days, units, *used, left_out=left_out, nothing=NO_TRANSFER if not used else
                   "no transfer states both the day it leaves and the day it arrives")  # fmt: skip


_LEAVES = {"TransferOrder": ("ordered_on", "due_on"), "Shipment": ("shipped_on", "arrives_on")}


def _transfer_rows(snapshot: Snapshot) -> list[Used]:
    found = []
    for name in _LEAVES:
        table = snapshot.table(name)
        between = np.array([bool(origin) for origin in table["origin"]], np.bool_)
        rows = np.flatnonzero(between & (table["status"] != CANCELLED))
        if len(rows):
            found.append(Used(name, rows, table))
    return found


def _units(part: Used) -> list[int]:
    units: list[int] = _table(part)["quantity_units"][part.rows].tolist()
    return units


def _table(part: Used) -> Table:
    if part.table is None:
        raise TypeError(f"{part.name} is no class of facts")
    return part.table


def line_transfers(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Units of a plan's transfer lines; none is an answer, for a plan may leave all in place."""
    moved = [line for line in lines if line["kind"] == "transfer"]
    return counted(sum(int(line["quantity_units"]) for line in moved), 1, _lines(moved),
                   nothing="")  # fmt: skip


def line_latency(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Days under way of a plan's transfer lines, weighted by units."""
    moved = [line for line in lines if line["kind"] == "transfer"]
    days = sum(
        (date.fromisoformat(line["arrives_on"]) - date.fromisoformat(line["departs_on"])).days
        * int(line["quantity_units"])
        for line in moved
    )
    units = sum(int(line["quantity_units"]) for line in moved)
    return counted(days, units, _lines(moved), nothing="the plan has no transfer")


def _lines(lines: Sequence[Mapping[str, Any]]) -> Used:
    return Used("line", np.array([int(line["number"]) for line in lines], np.int64))
