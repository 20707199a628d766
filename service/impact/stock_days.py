"""How long stock lasts: what is there and what still arrives, against mean demand per day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.stock_now import with_movements
from service.impact.demand_rates import MILLIONTHS
from service.impact.supply_network import Down, Sources, SupplyNetwork
from solver.network.names import ABSENT, codes_of

RELEASED = "released"
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lot:
    """Usable units from `from_day` to `last_day` (None: for ever), counted from the first day."""

    units: int
    from_day: int
    last_day: int | None
    fact: str

    def is_usable_on(self, day: int) -> bool:
        """Whether its units can serve a day's demand."""
        return self.from_day <= day and (self.last_day is None or self.last_day >= day)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A lot on its way, with what it depends on: rows of a network, ABSENT where on nothing.

    A purchase depends on its supplier and contract, a shipment on its lane, a transfer that has not
    left on its origin and on any lane from there.
    """

    lot: Lot
    item: int
    supplier: int = ABSENT
    contract: str | None = None
    lane: int = ABSENT
    origin: int = ABSENT
    destination: int = ABSENT

    def survives(self, network: SupplyNetwork, down: Down, left: Sources) -> bool:
        """Whether it still comes."""
        if self.supplier != ABSENT and not left.able[self.supplier, self.item]:
            return False
        if self.contract in down.contracts:
            return False
        if self.lane != ABSENT and down.lanes[self.lane]:
            return False
        if self.origin == ABSENT:
            return True
        origin, destination = network.lane_codes
        ways = (origin == self.origin) & (destination == self.destination) & left.lanes
        return bool((ways & network.carries[network.kind_of_item[self.item]]).any())


@dataclass(frozen=True, slots=True)
class Holding:
    """What lies at a place of an item, and what is to arrive there."""

    lots: list[Lot] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    @property
    def units(self) -> int:
        """The usable units that are there."""
        return sum(lot.units for lot in self.lots)


def days_until_short(lots: Sequence[Lot], millionths_per_day: int) -> int | None:
    """How many whole days are served before the first that is not; None without any demand.

    Day 0 is the first day; what comes on a day serves it, the lot that ends first goes first (no
    other order lasts longer). Exact: demand and stock are counted in millionths of a unit.
    """
    if millionths_per_day <= 0:
        return None
    order = sorted(lots, key=lambda lot: (lot.last_day is None, lot.last_day or 0, lot.fact))
    left = [lot.units * MILLIONTHS for lot in order]
    changes = [lot.from_day for lot in lots]
    changes += [lot.last_day + 1 for lot in lots if lot.last_day is not None]
    days = sorted({0, *(day for day in changes if day > 0)})
    for day, until in zip_longest(days, days[1:]):
        usable = [row for row, lot in enumerate(order) if lot.is_usable_on(day)]
        whole_days = sum(left[row] for row in usable) // millionths_per_day
        if until is None or whole_days < until - day:
            return day + whole_days
        need = (until - day) * millionths_per_day
        for row in usable:
            used = min(left[row], need)
            left[row] -= used
            need -= used
    raise AssertionError("the last stretch of days has no end")


def holdings_of(snapshot: Snapshot, network: SupplyNetwork, on: date) -> dict[Pair, Holding]:
    """Per item and place, released stock on hand that has not expired, and what is to arrive.

    Shipments under way, open purchases and open transfers; what is overdue counts on the first
    day, what states no day only through the lead time of its offer.
    """
    found: dict[Pair, Holding] = {}
    lots = _Lots(snapshot, on)
    stock = with_movements(snapshot).table("StockPosition").sorted()
    rows = zip(stock["item"], stock["location"], stock["lot"], stock["on_hand_units"].tolist(),
               stock.keys, strict=True)  # fmt: skip
    for item, place, name, units, key in rows:
        if units > 0 and lots.is_usable(name):
            lot = Lot(units, 0, lots.last_day(name), f"StockPosition/{key}")
            found.setdefault((item, place), Holding()).lots.append(lot)
    for pair, arrival in _arrivals(snapshot, network, on, lots):
        found.setdefault(pair, Holding()).arrivals.append(arrival)
    return found


class _Lots:
    """Until when a lot may be used, and whether it may be used at all."""

    def __init__(self, snapshot: Snapshot, on: date) -> None:
        table = snapshot.table("Lot")
        ends = (table["expires_on"] - np.datetime64(on, "D")).astype(np.int64).tolist()
        open_end = np.isnat(table["expires_on"]).tolist()
        self._last = {
            name: None if never else end
            for name, end, never in zip(table["id"], ends, open_end, strict=True)
        }
        self._barred = set(table["id"][table["status"] != RELEASED])

    def last_day(self, name: str | None) -> int | None:
        return self._last.get(name) if name is not None else None

    def is_usable(self, name: str | None) -> bool:
        last = self.last_day(name)
        return name not in self._barred and (last is None or last >= 0)


def _arrivals(
    snapshot: Snapshot, network: SupplyNetwork, on: date, lots: _Lots
) -> Iterator[tuple[Pair, Arrival]]:
    items = {name: code for code, name in enumerate(network.items)}
    places = {name: code for code, name in enumerate(network.places)}
    lanes = {name: row for row, name in enumerate(network.lanes["id"])}
    for key, day, row in _open(snapshot, "Shipment", "under way", "arrives_on", on):
        lot = row["lot"]
        if day is not None and lots.is_usable(lot):
            coming = Lot(row["quantity_units"], day, lots.last_day(lot), key)
            lane = lanes.get(row["lane"], ABSENT)
            yield (row["item"], row["destination"]), Arrival(coming, items[row["item"]], lane=lane)
    offers = _offers(snapshot)
    for key, due, row in _open(snapshot, "PurchaseOrder", "open", "due_on", on):
        supplier, item, place = (row[name] for name in ("supplier", "item", "location"))
        contract, lead_days = offers.get((supplier, item, place), (None, None))
        day = _day_by_lead_time(row["ordered_on"], lead_days, on) if due is None else due
        if day is not None and item in items and place in places:
            seller = int(codes_of([supplier], network.suppliers)[0])
            coming = Lot(row["quantity_units"], day, None, key)
            yield (item, place), Arrival(coming, items[item], seller, contract)
    for key, day, row in _open(snapshot, "TransferOrder", "open", "due_on", on):
        origin, destination, item = (row[name] for name in ("origin", "destination", "item"))
        if day is not None and item in items and {origin, destination} <= places.keys():
            coming = Lot(row["quantity_units"], day, None, key)
            yield (item, destination), Arrival(coming, items[item], origin=places[origin],
                                               destination=places[destination])  # fmt: skip


def _day_by_lead_time(ordered_on: np.datetime64, lead_days: int | None, on: date) -> int | None:
    if lead_days is None or np.isnat(ordered_on):
        return None
    return max(0, int((ordered_on - np.datetime64(on, "D")).astype(int)) + lead_days)


def _open(
    snapshot: Snapshot, name: str, status: str, due: str, on: date
) -> Iterator[tuple[str, int | None, dict[str, Any]]]:
    """Address, day of arrival (None where not stated) and cells of each row of a status."""
    table = snapshot.table(name).sorted()
    for row in np.flatnonzero(table["status"] == status).tolist():
        cells = {field: column[row] for field, column in table.columns.items()}
        cells["quantity_units"] = int(cells["quantity_units"])
        late = (cells[due] - np.datetime64(on, "D")).astype(int)
        day = None if np.isnat(cells[due]) else max(0, int(late))
        yield f"{name}/{table.keys[row]}", day, cells


def _offers(snapshot: Snapshot) -> dict[tuple[str, str, str], tuple[str | None, int]]:
    """Contract and lead time of every offer, in force or not."""
    offers = snapshot.table("Offer")
    keys = zip(offers["supplier"], offers["item"], offers["location"], strict=True)
    terms = zip(offers["contract"], offers["lead_time_days"].tolist(), strict=True)
    return dict(zip(keys, terms, strict=True))
