"""Which facts a grant shows, class by class: one table; a class that it does not name is hidden."""

from collections.abc import Mapping
from dataclasses import dataclass

CLASSES, ZONES = "classes", "zones"
"""The two kinds of clearance of a grant, by the names of its fields."""


@dataclass(frozen=True, slots=True)
class Label:
    """The field by which a fact says that a clearance is needed to see it."""

    field: str
    clearance: str


LABELS: Mapping[str, Label] = {
    "Item": Label("confidentiality_class", CLASSES),
    "Supplier": Label("confidentiality_class", CLASSES),
    "Contract": Label("confidentiality_class", CLASSES),
    "Offer": Label("confidentiality_class", CLASSES),
    "Location": Label("residency_zone", ZONES),
}
"""The classes whose facts carry a label; whatever refers to one needs the same clearance."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """What a grant that is limited in one way shows of a class though it names none of it.

    `without_place`: a grant limited to regions shows rows that name no location; so for suppliers
    and, by items, for families. `only_whole`: its rows name others by free text, or sum over them,
    so that they are shown to whom nothing is hidden, and to nobody else.
    """

    without_place: bool = False
    without_supplier: bool = False
    without_item: bool = False
    only_whole: bool = False


_WHOLE = RowRule(only_whole=True)
_NAMES_ALL = RowRule()
_OF_ITEMS = RowRule(without_place=True)
_OF_PLACES = RowRule(without_item=True)
_OF_PARTNERS = RowRule(without_place=True, without_item=True)
_PUBLIC = RowRule(without_place=True, without_supplier=True, without_item=True)

ROW_RULES: Mapping[str, RowRule] = {
    "Item": RowRule(without_place=True, without_supplier=True),
    "Location": RowRule(without_supplier=True, without_item=True),
    "UnitConversion": RowRule(without_place=True, without_supplier=True),
    **dict.fromkeys(
        ("Currency", "ExchangeRate", "KpiDefinition", "SupplyChain", "ModeEmission", "Calendar",
         "CalendarException", "Port", "CustomerClass"), _PUBLIC),
    **dict.fromkeys(
        ("Supplier", "Contract", "Customer", "Carrier", "CarrierCapacity", "FreightRate",
         "TradeRestriction"), _OF_PARTNERS),
    **dict.fromkeys(("LaneCapacity", "LaneDistance", "TruckLoad"), _OF_PARTNERS),
    **dict.fromkeys(
        ("Lot", "Substitute", "Component", "UpstreamSupply", "TransferLot", "DisposalCost",
         "PossessionLimit"), _OF_ITEMS),
    **dict.fromkeys(
        ("Lane", "PortAccess", "SharedResource", "HandlingRate", "VendorManagedLink",
         "OrderFulfilment"), _OF_PLACES),
    **dict.fromkeys(
        ("Offer", "PurchaseOrder", "TransferOrder", "SalesOrder", "Shipment", "StockPosition",
         "StockMovement", "Reservation", "SerialUnit", "Production", "StorageAssignment",
         "StockingPolicy", "Backlog", "DeliveryLine", "Budget", "DemandForecast", "DemandLine",
         "DemandObservation", "DemandOutcome", "DemandQuantile",
         "Transfer", "Purchase", "Assignment", "Substitution", "Shortfall"), _NAMES_ALL),
    **dict.fromkeys(
        ("PooledDemandQuantile", "HandlingUnit", "Person", "ResidencyPermission", "Source", "Feed",
         "FreshnessBudget", "Resolution", "IdentityLink", "QuarantinedRow", "Mark",
         "PolicyRelease", "Approval", "Activity", "Agent", "TraceEvent", "TraceObject",
         "TraceWithdrawal", "LatenessOutcome", "LeadTimeOutcome"), _WHOLE),
}  # fmt: skip
"""Facts, and what a plan decides: its lines and shortfalls name what they move."""

EXPLAINED: Mapping[str, tuple[str, ...]] = {"Shortfall": ("reason",)}
"""What rows of a plan say of all facts: for those who may have plans explained, and see all."""

NEEDS_NO_FACT = frozenset({"Customer", "Carrier", "Port", "Calendar", "CustomerClass", "Person",
                           "Lot"})  # fmt: skip
"""Classes that a limited grant lets others name though no fact says who that is."""
