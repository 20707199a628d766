"""What each key figure means: its definition in words and formula, in a version."""

from ontology.governance import KpiDefinition

SHARE = "%"
UNITS = "units"
DAYS = "days"
A_YEAR = "times a year"
MONEY = "money"
MONEY_A_DAY = "money a day"
MONEY_A_UNIT = "money a unit"

DECIMALS: dict[str, int] = {
    SHARE: 1, UNITS: 0, DAYS: 1, A_YEAR: 2, MONEY: 2, MONEY_A_DAY: 2, MONEY_A_UNIT: 4,
}  # fmt: skip
"""How many decimals a value is written with, by its unit; the value itself is exact."""

DEFINITIONS: tuple[KpiDefinition, ...] = (
    KpiDefinition(
        "fill-rate", "1", "Fill rate",
        "units served / units asked for, over observed days that state both; a day counts at most "
        "as served as was asked for. Of a plan: expected units served by its end / expected units "
        "asked for; for orders: units of served orders / units of all.",
        SHARE,
    ),
    KpiDefinition(
        "cycle-service-level", "1", "Cycle service level",
        "cycles without an unserved unit / whole cycles. A cycle of an item at a location is its "
        "review period (7 days where none is stated) counted from its first observed day; an "
        "unfinished last one is left out. Of a plan: the mean chance of an item at a location to "
        "end the plan's days without a unit owed; for orders: served orders / orders.",
        SHARE,
    ),
    KpiDefinition(
        "stockout-days", "1", "Stockout days",
        "days, counted for each item at each location, on which fewer units were served than "
        "asked for. Of a plan: the sum of the chances of each such day.",
        DAYS,
    ),
    KpiDefinition(
        "on-time-in-full", "1", "On time in full",
        "lines delivered on or before the day that was promised / lines that state both days; and "
        "sales orders, which are served whole or not at all: fulfilled with no day late / orders "
        "that state their days late. Counted in lines and orders, not in units.",
        SHARE,
    ),
    KpiDefinition(
        "turns", "1", "Stock turns",
        "value served in a year / value of the stock at hand now. Served in a year is units "
        "served x item value x 365 / observed days; stock is every bucket but in transit. Items "
        "without a value are left out of both. Of a plan: with the stock once its lines arrived.",
        A_YEAR,
    ),
    KpiDefinition(
        "days-of-cover", "1", "Days of cover",
        "units on hand and free / mean units asked for a day, over the items at locations that "
        "have a mean: of the forecast, else of the stated outcomes, else of the observed days. "
        "Of a plan: with the stock once its lines arrived, before any demand.",
        DAYS,
    ),
    KpiDefinition(
        "carrying-cost", "1", "Carrying cost",
        "sum of units at hand (every bucket but in transit) x the holding cost a day of the "
        "item at the location. Of a plan: with the stock once its lines arrived.",
        MONEY_A_DAY,
    ),
    KpiDefinition(
        "landed-cost", "2", "Landed cost",
        "what a unit costs where it lands: goods + transport + duty, over units. Purchase orders: "
        "the offer's price. Shipments over a lane: the item's value, the lane's cost by unit, "
        "weight and volume, its cost a line once for each item and day, its cost a shipment once "
        "for each day, each truck load that the day's goods begin, and duty on the value. Delivery "
        "lines: value + freight + insurance, over packs; lines whose freight is invoiced elsewhere "
        "are left out. Of a plan: its lines.",
        MONEY_A_UNIT,
    ),
    KpiDefinition(
        "transfers", "1", "Transfers",
        "units of transfer orders and of shipments that have one of our locations as origin, "
        "cancelled ones left out. Of a plan: units of its transfer lines.",
        UNITS,
    ),
    KpiDefinition(
        "transfer-latency", "1", "Transfer latency",
        "days from leaving to arriving, weighted by units: of shipments with an origin from "
        "shipped to arrives, of transfer orders from ordered to due, where both days are stated. "
        "Of a plan: of its transfer lines.",
        DAYS,
    ),
    KpiDefinition(
        "plan-adherence", "2", "Plan adherence",
        "units of a plan's lines that later facts carried out / units of its lines. Later is what "
        "the plan's snapshot does not hold, dated from the plan's first day on: transfer orders "
        "and shipments by item, origin and destination (or, where they are more, receipts of "
        "kind `transfer` by item and destination); purchase orders by item, supplier and "
        "location; fulfilments by order and location. At most what was planned counts. Unknown as "
        "long as no later fact is an order, shipment, stock movement or fulfilment.",
        SHARE,
    ),
    KpiDefinition(
        "expired-stock", "1", "Expired stock",
        "units on hand and free of lots that could be sold until before the latest day on which "
        "stock was counted. Of a plan: until before its first day.",
        UNITS,
    ),
    KpiDefinition(
        "expired-value", "1", "Value of expired stock",
        "sum of expired units x (the item's value + its disposal cost). Items without a value are "
        "left out.",
        MONEY,
    ),
    KpiDefinition(
        "expected-waste", "1", "Expected waste",
        "units that a plan expects to expire within its days, first expired first out: of lots on "
        "hand, goods under way and given purchases.",
        UNITS,
    ),
    KpiDefinition(
        "expected-waste-value", "1", "Value of expected waste",
        "sum of the units that a plan expects to expire x (the item's value + its disposal cost). "
        "Items without a value are left out.",
        MONEY,
    ),
)  # fmt: skip
"""In the order in which they are shown. A change of words or formula is a new version."""
