"""Which facts explain that an item lost a source at a place: offers, tiers, components, lanes."""

from collections.abc import Sequence

import numpy as np

from ontology.failures import Subject
from service.supply_network import BoolArray, Down, IntArray, Sources, SupplyNetwork
from solver.facts import fact


class LostSources:
    """The difference between two states of a network, told by facts; each is worked out once.

    `is_fed`: where (row) an item (column) had a source or stock before.
    """

    def __init__(
        self,
        network: SupplyNetwork,
        before: Sources,
        after: Sources,
        down: Down,
        is_fed: BoolArray,
        failures: Sequence[Subject],
    ) -> None:
        self._network = network
        self._before = before
        self._after = after
        self._down = down
        self._is_fed = is_fed
        self._failed = {str(failure): failure for failure in failures}
        self._told: dict[tuple[str, int, int], dict[str, None]] = {}
        self._lanes = np.flatnonzero(before.lanes & ~after.lanes)

    def facts(self, place: int, item: int) -> list[str]:
        """Why the item has fewer sources or a worse way at the place, in the order told."""
        return list(self._at_place(place, item))

    def _at_place(self, place: int, item: int) -> dict[str, None]:
        key = ("place", place, item)
        if key in self._told:
            return self._told[key]
        told = self._told[key] = {}
        if self._down.places[place]:
            told[fact("Location", self._network.places[place])] = None
        for offer in self._lost_rows("offers", place, item):
            told |= self._of_offer(offer)
        for production in self._lost_rows("made", place, item):
            told |= self._of_production(production)
        told |= self._broken_ways(place, item)
        return told

    def _lost_rows(self, name: str, place: int, item: int) -> list[int]:
        """Rows of offers or productions of the item that reached the place and no longer do."""
        network, kind = self._network, self._network.kind_of_item[item]
        codes = network.offer_codes[1:] if name == "offers" else network.production_codes[::-1]
        sold, at = codes
        before, after = getattr(self._before, name), getattr(self._after, name)
        came = before & (sold == item) & self._before.reach[kind][at, place]
        comes = after & self._after.reach[kind][at, place]
        return [int(row) for row in np.flatnonzero(came & ~comes)]

    def _of_offer(self, row: int) -> dict[str, None]:
        network = self._network
        supplier, item, _ = (int(codes[row]) for codes in network.offer_codes)
        told = {f"Offer/{network.offers.keys[row]}": None}
        contract = network.offers["contract"][row]
        if f"contract:{contract}" in self._failed:
            told[fact("Contract", contract)] = None
        return told | self._at_supplier(supplier, item)

    def _at_supplier(self, supplier: int, item: int) -> dict[str, None]:
        key = ("supplier", supplier, item)
        if key in self._told:
            return self._told[key]
        told = self._told[key] = {}
        if self._down.suppliers[supplier]:
            told[fact("Supplier", self._network.suppliers[supplier])] = None
        elif self._before.able[supplier, item] and not self._after.able[supplier, item]:
            self._told[key] = told = self._further_up(supplier, item)
        return told

    def _further_up(self, supplier: int, item: int) -> dict[str, None]:
        """The links to stopped suppliers, and the components that stopped with them."""
        network = self._network
        told: dict[str, None] = {}
        buyer, seller, bought = network.upstream_codes
        lacking = ~self._after.able[seller, bought] & self._before.able[seller, bought]
        for row in np.flatnonzero((buyer == supplier) & (bought == item) & lacking).tolist():
            told[f"UpstreamSupply/{network.upstream.keys[row]}"] = None
            told |= self._at_supplier(int(seller[row]), item)
        whole, part = network.component_codes
        stopped = ~self._after.able[supplier, part] & self._before.able[supplier, part]
        for row in np.flatnonzero((whole == item) & stopped).tolist():
            told[f"Component/{network.components.keys[row]}"] = None
            told |= self._at_supplier(supplier, int(part[row]))
        return told

    def _of_production(self, row: int) -> dict[str, None]:
        network = self._network
        place, item = (int(codes[row]) for codes in network.production_codes)
        told = dict.fromkeys(network.production_facts[row])
        whole, part = network.component_codes
        lacking = self._before.living[place, part] & ~self._after.living[place, part]
        for line in np.flatnonzero((whole == item) & lacking).tolist():
            told[f"Component/{network.components.keys[line]}"] = None
            told |= self._at_place(place, int(part[line]))
        if self._down.places[place]:
            told[fact("Location", network.places[place])] = None
        return told

    def _broken_ways(self, place: int, item: int) -> dict[str, None]:
        """The lanes that went down, or whose end did, on a way of the item to the place."""
        told: dict[str, None] = {}
        network, before = self._network, self._before
        kind = network.kind_of_item[item]
        origin, destination = (codes[self._lanes] for codes in network.lane_codes)
        used = self._is_fed[origin, item] & before.reach[kind][destination, place]
        used &= network.carries[kind][self._lanes]
        for row in self._lanes[used].tolist():
            if self._down.lanes[row]:
                told[f"Lane/{network.lanes.keys[row]}"] = None
            for end in self._ends(row):
                if self._down.places[end]:
                    told[fact("Location", network.places[end])] = None
        return told

    def _ends(self, lane: int) -> IntArray:
        origin, destination = self._network.lane_codes
        return np.array([origin[lane], destination[lane]], np.int64)
