"""Which facts explain that an item lost a source at a place: offers, tiers, components, lanes."""

from collections.abc import Iterator, Sequence

import numpy as np

from ontology.failures import Subject
from service.impact.supply_network import BoolArray, Down, IntArray, Sources, SupplyNetwork
from solver.network.facts import fact

Explained = tuple[str, int, int]
"""What is explained: the kind of a stop (`place` or `supplier`), its code and that of an item."""
Step = str | Explained
"""A fact, or what is explained in its stead."""


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
        self._steps: dict[Explained, tuple[Step, ...]] = {}
        self._lanes = np.flatnonzero(before.lanes & ~after.lanes)

    def facts(self, place: int, item: int) -> list[str]:
        """Why the item has fewer sources or a worse way at the place, in the order told.

        What explains something stands right behind it, and everything is told once: tiers and
        bills of material may be of any depth, and goods may go round.
        """
        start: Explained = ("place", place, item)
        told: dict[str, None] = {}
        explained, open_steps = {start}, [iter(self._steps_of(start))]
        while open_steps:
            step = next(open_steps[-1], None)
            if step is None:
                open_steps.pop()
            elif isinstance(step, str):
                told[step] = None
            elif step not in explained:
                explained.add(step)
                open_steps.append(iter(self._steps_of(step)))
        return list(told)

    def _steps_of(self, what: Explained) -> tuple[Step, ...]:
        if what not in self._steps:
            kind, at, item = what
            steps = self._at_place(at, item) if kind == "place" else self._at_supplier(at, item)
            self._steps[what] = tuple(steps)
        return self._steps[what]

    def _at_place(self, place: int, item: int) -> Iterator[Step]:
        if self._down.places[place]:
            yield fact("Location", self._network.places[place])
        for offer in self._lost_rows("offers", place, item):
            yield from self._of_offer(offer)
        for production in self._lost_rows("made", place, item):
            yield from self._of_production(production)
        yield from self._broken_ways(place, item)

    def _lost_rows(self, name: str, place: int, item: int) -> list[int]:
        """Rows of offers or productions of the item that reached the place and no longer do."""
        network, kind = self._network, self._network.kind_of_item[item]
        codes = network.offer_codes[1:] if name == "offers" else network.production_codes[::-1]
        sold, at = codes
        before, after = getattr(self._before, name), getattr(self._after, name)
        came = before & (sold == item) & self._before.reach[kind][at, place]
        comes = after & self._after.reach[kind][at, place]
        return [int(row) for row in np.flatnonzero(came & ~comes)]

    def _of_offer(self, row: int) -> Iterator[Step]:
        network = self._network
        supplier, item, _ = (int(codes[row]) for codes in network.offer_codes)
        yield f"Offer/{network.offers.keys[row]}"
        contract = network.offers["contract"][row]
        if f"contract:{contract}" in self._failed:
            yield fact("Contract", contract)
        yield "supplier", supplier, item

    def _at_supplier(self, supplier: int, item: int) -> Iterator[Step]:
        if self._down.suppliers[supplier]:
            yield fact("Supplier", self._network.suppliers[supplier])
        elif self._before.able[supplier, item] and not self._after.able[supplier, item]:
            yield from self._further_up(supplier, item)

    def _further_up(self, supplier: int, item: int) -> Iterator[Step]:
        """The links to stopped suppliers, and the components that stopped with them."""
        network = self._network
        buyer, seller, bought = network.upstream_codes
        lacking = ~self._after.able[seller, bought] & self._before.able[seller, bought]
        for row in np.flatnonzero((buyer == supplier) & (bought == item) & lacking).tolist():
            yield f"UpstreamSupply/{network.upstream.keys[row]}"
            yield "supplier", int(seller[row]), item
        whole, part = network.component_codes
        stopped = ~self._after.able[supplier, part] & self._before.able[supplier, part]
        for row in np.flatnonzero((whole == item) & stopped).tolist():
            yield f"Component/{network.components.keys[row]}"
            yield "supplier", supplier, int(part[row])

    def _of_production(self, row: int) -> Iterator[Step]:
        network = self._network
        place, item = (int(codes[row]) for codes in network.production_codes)
        yield from network.production_facts[row]
        whole, part = network.component_codes
        lacking = self._before.living[place, part] & ~self._after.living[place, part]
        for line in np.flatnonzero((whole == item) & lacking).tolist():
            yield f"Component/{network.components.keys[line]}"
            yield "place", place, int(part[line])
        if self._down.places[place]:
            yield fact("Location", network.places[place])

    def _broken_ways(self, place: int, item: int) -> Iterator[Step]:
        """The lanes that went down, or whose end did, on a way of the item to the place."""
        network, before = self._network, self._before
        kind = network.kind_of_item[item]
        origin, destination = (codes[self._lanes] for codes in network.lane_codes)
        used = self._is_fed[origin, item] & before.reach[kind][destination, place]
        used &= network.carries[kind][self._lanes]
        for row in self._lanes[used].tolist():
            if self._down.lanes[row]:
                yield f"Lane/{network.lanes.keys[row]}"
            for end in self._ends(row):
                if self._down.places[end]:
                    yield fact("Location", network.places[end])

    def _ends(self, lane: int) -> IntArray:
        origin, destination = self._network.lane_codes
        return np.array([origin[lane], destination[lane]], np.int64)
