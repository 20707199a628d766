"""Figures of a plan: what it expects of its days, and how far later facts carried it out."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from service.kpis.demand import MILLION, mean_demand
from service.kpis.moves import CANCELLED
from service.kpis.value import Figure, Lacking, Used, counted

Line = Mapping[str, Any]
Key = tuple[str, ...]
RECEIPT = "transfer"
NO_PLAN = "it is a figure of a plan: name one"
NOTHING_LATER = "no facts after the plan yet: no order, shipment, movement or fulfilment"
FIRST_DAYS_ONLY = "on a forecast, a plan lists the first day below service, not every day"


def numbered(name: str, rows: Sequence[Line]) -> Used:
    """Lines or shortfalls of a plan as rows that a figure counts."""
    return Used(name, np.array([int(row["number"]) for row in rows], np.int64))


def plan_fill_rate(decision: Line) -> Figure:
    """Expected units served by the plan's end over expected units; of orders, units."""
    lines, open_rows = decision["lines"], decision["shortfalls"]
    used = (numbered("line", lines), numbered("shortfall", open_rows))
    figures = decision["comparison"]["plan"]
    if "expected_demand_millionths" in figures:
        asked = int(figures["expected_demand_millionths"])
        short = int(figures["expected_short_millionths"])
        return counted(Fraction(asked - short, MILLION), Fraction(asked, MILLION), *used,
                       nothing="the plan expects no demand")  # fmt: skip
    served = sum(int(line["quantity_units"]) for line in lines if line["kind"] == "assignment")
    short = sum(int(row["quantity_units"]) for row in open_rows)
    return counted(served, served + short, *used, nothing="the plan has no order")


def plan_cycle_service(decision: Line, snapshot: Snapshot) -> Figure:
    """The mean chance to end the plan's days with nothing owed; of orders, the share served."""
    open_rows = decision["shortfalls"]
    if decision["regime"] == "orders":
        served = [line for line in decision["lines"] if line["kind"] == "assignment"]
        used = (numbered("line", served), numbered("shortfall", open_rows))
        total = len(served) + len(open_rows)
        return counted(len(served), total, *used, nothing="the plan has no order")
    if decision["demand_model"]:
        return Lacking(FIRST_DAYS_ONLY)
    mean = mean_demand(snapshot)
    if mean is None:
        return Lacking("the plan's snapshot has no DemandForecast and no DemandOutcome")
    stated = [snapshot.table(name)["on"] for name in ("DemandOutcome", "DemandQuantile")]
    last = max((str(days.max()) for days in stated if len(days)), default="")
    rows = [row for row in open_rows if row.get("location") and row["on"] == last]
    short = sum(int(row["short_probability_per_million"]) for row in rows)
    pairs = len(mean.per_day)
    return counted(pairs - Fraction(short, MILLION), pairs, numbered("shortfall", rows),
                   nothing="no item at a location has demand")  # fmt: skip


def plan_stockout_days(decision: Line) -> Figure:
    """The expected number of days, per item and location, that end with units owed."""
    if decision["regime"] == "orders":
        return Lacking("a plan of orders has one day: see its fill rate")
    if decision["demand_model"]:
        return Lacking(FIRST_DAYS_ONLY)
    rows = decision["shortfalls"]
    chances = sum(int(row["short_probability_per_million"]) for row in rows)
    return counted(Fraction(chances, MILLION), 1, numbered("shortfall", rows), nothing="")


def adherence(decision: Line, before: Snapshot, now: Snapshot) -> Figure:
    """Units of the plan's lines that facts later than its snapshot carried out, over all.

    Unknown, not 0, as long as no later fact states any order, shipment, movement or fulfilment.
    """
    begin = date.fromisoformat(decision["starts_on"])
    later = _Later(before, now, begin)
    planned: dict[Key, int] = {}
    lines = [line for line in decision["lines"] if _key(line)]
    for line in lines:
        key = _key(line)
        planned[key] = planned.get(key, 0) + int(line["quantity_units"])
    done = {key: min(units, later.units.get(key, 0)) for key, units in planned.items()}
    receipts = dict(later.receipts)
    for key, units in planned.items():
        if key[0] == "transfer":
            place = (key[1], key[3])
            by_receipt = min(units, receipts.get(place, 0))
            receipts[place] = receipts.get(place, 0) - by_receipt
            done[key] = max(done[key], by_receipt)
    if planned and not later.heard:
        return Lacking(NOTHING_LATER)
    return counted(sum(done.values()), sum(planned.values()), numbered("line", lines),
                   *later.used, nothing="the plan has no line")  # fmt: skip


def _key(line: Line) -> Key:
    """What a later fact must say to carry a line out; empty for a line that none can."""
    match line["kind"]:
        case "transfer":
            return ("transfer", line["item"], line["origin"], line["destination"])
        case "purchase":
            return ("purchase", line["item"], line["supplier"], line["destination"])
        case "assignment":
            return ("assignment", line["order"], line["origin"])
    return ()


class _Later:
    """The units that facts state which an earlier snapshot does not hold, by what they move."""

    def __init__(self, before: Snapshot, now: Snapshot, begin: date) -> None:
        self.units: dict[Key, int] = {}
        self.receipts: dict[Key, int] = {}
        self.used: list[Used] = []
        self.heard = False
        """Whether any later fact could have said that a line was carried out."""
        self._begin = np.datetime64(begin, "D")
        self._before = before
        self._now = now
        self._add("TransferOrder", "transfer", ("item", "origin", "destination"), "ordered_on")
        self._add("Shipment", "transfer", ("item", "origin", "destination"), "shipped_on")
        self._add("PurchaseOrder", "purchase", ("item", "supplier", "location"), "ordered_on")
        self._add_receipts()
        self._add_fulfilments()

    def _rows(self, name: str, dated: str) -> tuple[Table, list[int]]:
        """Rows of a class that are new, not cancelled, and not before the plan's first day."""
        table, known = self._now.table(name), set(self._before.table(name).keys)
        good = np.array([key not in known for key in table.keys], np.bool_)
        if dated:
            good &= table[dated] >= self._begin
        self.heard |= bool(good.any())
        if "status" in table.columns:
            good &= table["status"] != CANCELLED
        return table, np.flatnonzero(good).tolist()

    def _note(self, table: Table, rows: list[int]) -> None:
        if rows:
            self.used.append(Used(table.name, np.array(rows, np.int64), table))

    def _add(self, name: str, kind: str, fields: tuple[str, ...], dated: str) -> None:
        table, rows = self._rows(name, dated)
        rows = [row for row in rows if all(table[field][row] for field in fields)]
        for row in rows:
            key = (kind, *(table[field][row] for field in fields))
            self.units[key] = self.units.get(key, 0) + int(table["quantity_units"][row])
        self._note(table, rows)

    def _add_receipts(self) -> None:
        table, rows = self._rows("StockMovement", "effective_on")
        rows = [row for row in rows
                if table["kind"][row] == RECEIPT and table["quantity_units"][row] > 0]  # fmt: skip
        for row in rows:
            key = (table["item"][row], table["location"][row])
            self.receipts[key] = self.receipts.get(key, 0) + int(table["quantity_units"][row])
        self._note(table, rows)

    def _add_fulfilments(self) -> None:
        orders = self._now.table("SalesOrder")
        asked = dict(zip(orders["id"], orders["quantity_units"].tolist(), strict=True))
        table, rows = self._rows("OrderFulfilment", "")
        for row in rows:
            order = table["order"][row]
            self.units["assignment", order, table["location"][row]] = asked.get(order, 0)
        self._note(table, rows)
