"""The whole example: every record class with its rows, from one size."""

from collections.abc import Iterable
from typing import Any

from examples.regional_network.demand import observations
from examples.regional_network.goods import components, goods, substitutes, unit_conversions
from examples.regional_network.holdings import holdings, policies, stock_positions
from examples.regional_network.lanes import CARRIERS, lanes
from examples.regional_network.limits import possession_limits, with_capacities
from examples.regional_network.money import CURRENCIES, exchange_rates
from examples.regional_network.orders import purchase_orders, shipments, transfer_orders
from examples.regional_network.places import (
    CUSTOMER_CLASSES,
    PEOPLE,
    calendar_exceptions,
    calendars,
    locations,
)
from examples.regional_network.regulation import permissions, restrictions
from examples.regional_network.selling import selling
from examples.regional_network.sizes import Size
from examples.regional_network.suppliers import (
    contracts,
    deals,
    offers,
    sources,
    upstream_supplies,
)
from ontology.columns import Table, table_of


def generate(
    items: int = 300, seed: int = 2026, days: int = 365, pairs_per_item: int = 5
) -> dict[str, Table]:
    """The facts of the example by class name: a function of its arguments alone.

    `days` of history end on 2026-03-01; every item is sold at `pairs_per_item` places, or at all
    that may sell it. Suppliers grow with the items, places and lanes do not. Raises InputError
    `SIZE_RANGE`.
    """
    size = Size(items, seed, days, pairs_per_item)
    stock = goods(size)
    sold = selling(size, stock)
    known = sources(size, stock)
    agreed = deals(size, stock, sold, known)
    held = holdings(size, stock, sold, known, agreed)
    roads = lanes(items)
    sent = shipments(size, stock, sold, roads, held)
    moving = transfer_orders(size, stock, sold, held)
    bought = purchase_orders(size, stock, sold, known, agreed)
    on_order = [(order.location, order.quantity_units) for order in bought]
    on_order += [(order.destination, order.quantity_units) for order in moving]
    records: dict[str, Iterable[Any]] = {
        "Item": stock.items, "UnitConversion": unit_conversions(stock),
        "Component": components(stock), "Substitute": substitutes(stock),
        "Calendar": calendars(), "CalendarException": calendar_exceptions(size),
        "CustomerClass": CUSTOMER_CLASSES, "Person": PEOPLE,
        "Location": with_capacities(locations(), sold, held, on_order),
        "Currency": CURRENCIES, "ExchangeRate": exchange_rates(),
        "ResidencyPermission": permissions(), "TradeRestriction": restrictions(),
        "PossessionLimit": possession_limits(stock, held),
        "Supplier": known.suppliers, "Contract": contracts(size, sold, known, agreed),
        "Offer": offers(size, stock, sold, known, agreed),
        "UpstreamSupply": upstream_supplies(size, stock, known, agreed),
        "Carrier": CARRIERS, "Lane": roads, "Lot": held.lots,
        "StockPosition": stock_positions(stock, held), "StockingPolicy": policies(stock, sold),
        "PurchaseOrder": bought, "TransferOrder": moving, "Shipment": sent,
    }  # fmt: skip
    tables = {name: table_of(rows, name) for name, rows in records.items()}
    return tables | {"DemandObservation": observations(size, stock, sold)}
