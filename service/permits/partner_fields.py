"""What a partner's grant never shows of a chain: what things cost, or are worth, to its owner."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ontology.access import Grant
from ontology.columns import MISSING, Table

PARTNER = "partner"
OWN_CLASSES = frozenset({"Budget", "DisposalCost", "FreightRate", "HandlingRate", "Lane",
                         "StockingPolicy", "TruckLoad"})  # fmt: skip
"""Classes that say what moving and keeping costs, or how much is kept: no partner sees a row."""
TRADE = frozenset({"Contract", "DeliveryLine", "Offer", "PurchaseOrder"})
"""Classes with prices of suppliers: a partner sees those of the suppliers that its grant names."""
OWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Item": ("value_cents",), "Supplier": ("reliability_percent",),
}  # fmt: skip
"""Whole numbers that are left out, as if nobody had stated them, of classes that partners see."""


def shows_class(grant: Grant, class_name: str) -> bool:
    """Whether any row of a class can be shown by a grant, for what role it gives."""
    if grant.role != PARTNER:
        return True
    return class_name not in OWN_CLASSES and (bool(grant.suppliers) or class_name not in TRADE)


def without_own_fields(table: Table, rows: npt.NDArray[np.bool_]) -> Table:
    """The table in which some rows do not state what is the owner's; the same where none is."""
    names = OWN_FIELDS.get(table.name, ())
    if not names or not rows.any():
        return table
    left_out = {name: np.where(rows, MISSING, table[name]) for name in names}
    return Table(table.name, {**table.columns, **left_out})
