"""Which rows of a snapshot one grant shows: a boolean per row and class, worked out by columns."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.compute

from ontology.access import ANY, Grant
from ontology.columns import Snapshot, Table
from ontology.terms import FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS
from service.permits.labels import Labels, OfKeys, Stated
from service.permits.partner_fields import PARTNER, shows_class
from service.permits.places import Reached, reached
from service.permits.row_rules import CLASSES, LABELS, NEEDS_NO_FACT, ROW_RULES, ZONES

pa: Any = pyarrow
pc: Any = pyarrow.compute
Mask = npt.NDArray[np.bool_]
_SOLD_IN = ("Offer", "PurchaseOrder", "DeliveryLine", "Lot")
"""A grant limited to suppliers reaches the items and places that these name beside them."""


class GrantMask:
    """What a grant shows of one snapshot. `beside` are labels that count beside those stated there.

    A row is shown where its own label is cleared, all that it names is shown, and it names
    something of each kind by which the grant is limited, unless its class needs none.
    """

    def __init__(self, grant: Grant, snapshot: Snapshot, beside: OfKeys) -> None:
        self._grant = grant
        self._snapshot = snapshot
        self._beside = beside
        self._masks: dict[str, Mask] = {}
        self._shown: dict[str, frozenset[str]] = {}
        self._known: dict[str, frozenset[str]] = {}

    @property
    def is_of_partner(self) -> bool:
        """Whether it shows no field that is the owner's (`partner_fields`)."""
        return self._grant.role == PARTNER

    def rows(self, class_name: str) -> Mask:
        """Whether each row of a class is shown; none of a class that no rule names."""
        if class_name not in self._masks:
            self._masks[class_name] = self._worked_out(class_name)
        return self._masks[class_name]

    def shows(self, class_name: str, values: Mapping[str, Any]) -> bool:
        """Whether a fact or a line of a plan with these values is shown, beside this snapshot."""
        rule = ROW_RULES.get(class_name)
        if rule is None or rule.only_whole or not shows_class(self._grant, class_name):
            return False
        if not self._clears(class_name, values):
            return False
        if class_name == "Location":
            return self._locations_show(values)
        kinds = field_kinds(RECORDS[class_name])
        named = [(kind.refers_to, one) for kind in kinds.values() if kind.refers_to
                 for one in _each(values.get(kind.name), kind)]  # fmt: skip
        if not all(self.names(of, one) for of, one in named):
            return False
        if class_name in ("Item", "Supplier") and not self._reaches(class_name, values):
            return False
        has = {of for of, _ in named} | {class_name}
        return all(is_free or what in has for what, is_free in self._needs(class_name))

    def names(self, class_name: str, name: str) -> bool:
        """Whether something that is shown may name this."""
        if name in self._shown_names(class_name):
            return True
        if name in self._known_names(class_name):
            return False
        is_free = not self._grant.is_limited or class_name in NEEDS_NO_FACT
        return is_free and not self._is_barred(class_name, join_key((name,)))

    def _worked_out(self, class_name: str) -> Mask:
        table, rule = self._snapshot.table(class_name), ROW_RULES.get(class_name)
        if rule is None or rule.only_whole or not shows_class(self._grant, class_name):
            return np.zeros(len(table), np.bool_)
        found = self._cleared_rows(table)
        if class_name == "Location":
            return found & _among(table["id"], self._places.shown)
        if class_name == "Item":
            found &= self._reached_items(table)
        if class_name == "Supplier" and self._grant.suppliers:
            found &= _among(table["id"], self._grant.suppliers)
        kinds = field_kinds(RECORDS[class_name])
        has = {class_name: np.ones(len(table), np.bool_)}
        for kind in kinds.values():
            if kind.refers_to and kind.refers_to != class_name:
                found &= self._named_rows(table, kind)
                stated = _is_stated(table[kind.name])
                has[kind.refers_to] = has.get(kind.refers_to, False) | stated
        for what, is_free in self._needs(class_name):
            if not is_free:
                found &= has.get(what, np.zeros(len(table), np.bool_))
        own = [kind for kind in kinds.values() if kind.refers_to == class_name]
        return self._closed(table, own, found) if own else found

    def _needs(self, class_name: str) -> Iterator[tuple[str, bool]]:
        """The kinds by which the grant is limited, and whether a row of the class needs none."""
        rule, grant = ROW_RULES[class_name], self._grant
        if grant.regions:
            yield "Location", rule.without_place
        if grant.suppliers:
            yield "Supplier", rule.without_supplier
        if grant.families:
            yield "Item", rule.without_item

    def _closed(self, table: Table, own: list[FieldKind], found: Mask) -> Mask:
        """Without the rows that name a hidden one of their own class, however far away."""
        names, count = table["id"], -1
        while count != np.count_nonzero(found):
            count = int(np.count_nonzero(found))
            hidden = frozenset(names[~found].tolist())
            for kind in own:
                found = found & ~_among(table[kind.name], hidden)
        return found

    def _named_rows(self, table: Table, kind: FieldKind) -> Mask:
        """Whether all that a field names may be named."""
        column = table[kind.name]
        told = {one for value in set(column.tolist()) for one in _each(value, kind)}
        hidden = frozenset(one for one in told if not self.names(kind.refers_to, one))
        if not hidden:
            return np.ones(len(table), np.bool_)
        if kind.many:
            return np.array([not hidden.intersection(value or ()) for value in column], np.bool_)
        return ~_among(column, hidden)

    def _cleared_rows(self, table: Table) -> Mask:
        label = LABELS.get(table.name)
        if label is None:
            return np.ones(len(table), np.bool_)
        found = np.array([self._is_cleared(Stated(label.clearance, name)) if name else True
                          for name in table[label.field].tolist()], np.bool_)  # fmt: skip
        for key in self._beside.get(table.name, {}):
            row = table.row_of.get(key)
            if row is not None and self._is_barred(table.name, key):
                found[row] = False
        return found

    def _clears(self, class_name: str, values: Mapping[str, Any]) -> bool:
        label = LABELS.get(class_name)
        if label is None:
            return True
        key = join_key(values.get(name) for name in RECORDS[class_name].KEY)
        stated = values.get(label.field)
        is_cleared = not stated or self._is_cleared(Stated(label.clearance, str(stated)))
        return is_cleared and not self._is_barred(class_name, key)

    def _is_cleared(self, label: Stated) -> bool:
        cleared = self._grant.classes if label.clearance == CLASSES else self._grant.zones
        return ANY in cleared or label.name in cleared

    def _is_barred(self, class_name: str, key: str) -> bool:
        labels: Labels = self._beside.get(class_name, {}).get(key, frozenset())
        return not all(map(self._is_cleared, labels))

    def _locations_show(self, values: Mapping[str, Any]) -> bool:
        key = str(values["id"])
        return key in self._places.shown

    def _reaches(self, class_name: str, values: Mapping[str, Any]) -> bool:
        grant = self._grant
        if class_name == "Supplier":
            return not grant.suppliers or values["id"] in grant.suppliers
        is_of_family = not grant.families or values.get("family") in grant.families
        return is_of_family and (self._sold is None or values["id"] in self._sold["item"])

    def _reached_items(self, table: Table) -> Mask:
        found = np.ones(len(table), np.bool_)
        if self._grant.families:
            found &= _among(table["family"], self._grant.families)
        if self._sold is not None:
            found &= _among(table["id"], self._sold["item"])
        return found

    @cached_property
    def _sold(self) -> Mapping[str, frozenset[str]] | None:
        """Items and places of the grant's suppliers; None where it is not limited to any."""
        if not self._grant.suppliers:
            return None
        found: dict[str, set[str]] = {"item": set(), "location": set()}
        for class_name in _SOLD_IN:
            table = self._snapshot.table(class_name)
            theirs = _among(table["supplier"], self._grant.suppliers)
            for name in found.keys() & table.columns.keys():
                found[name] |= set(table[name][theirs].tolist())
        return {name: frozenset(names) for name, names in found.items()}

    @cached_property
    def _places(self) -> Reached:
        table = self._snapshot.table("Location")
        only = None if self._sold is None else self._sold["location"]

        def is_cleared(name: str, zone: str) -> bool:
            is_free = not zone or self._is_cleared(Stated(ZONES, zone))
            return is_free and not self._is_barred("Location", join_key((name,)))

        return reached(table, self._grant.regions, is_cleared, only)

    def _shown_names(self, class_name: str) -> frozenset[str]:
        if class_name not in self._shown:
            if class_name == "Location":  # what they are part of is shown, and nothing lies there
                self._shown[class_name] = self._places.within
            else:
                names = self._snapshot.table(class_name)["id"]
                self._shown[class_name] = frozenset(names[self.rows(class_name)].tolist())
        return self._shown[class_name]

    def _known_names(self, class_name: str) -> frozenset[str]:
        if class_name not in self._known:
            self._known[class_name] = frozenset(self._snapshot.table(class_name)["id"].tolist())
        return self._known[class_name]


def _each(value: Any, kind: FieldKind) -> Iterator[str]:
    """What a cell of a reference names: nothing, one, or several."""
    for one in (value or ()) if kind.many else (value,):
        if one is not None:
            yield one


def _is_stated(column: npt.NDArray[Any]) -> Mask:
    return np.array([value is not None and value != () for value in column.tolist()], np.bool_)


def _among(column: npt.NDArray[Any], names: Collection[str]) -> Mask:
    """Whether each cell is one of the names; what is not stated is none."""
    cells = pa.array(column.tolist(), pa.string())
    wanted = pa.array(sorted(names), pa.string())
    found: Mask = pc.is_in(cells, value_set=wanted).to_numpy(zero_copy_only=False)
    return found
