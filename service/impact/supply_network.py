"""Who can supply what, where: suppliers in tiers, bills of material and lanes as columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.columns import Snapshot, Table
from ontology.failures import Subject
from solver.network.names import ABSENT, CodeArray, as_column, codes_of

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
ANY_LANE = ("", "ambient")
"""Handling classes that every lane carries."""
PROTECTED = None
"""The kind of items that travel on no lane."""
_OF_ITEM_AND_PLACE = (
    "Offer", "Production", "StockPosition", "DemandForecast", "DemandOutcome", "DemandObservation",
)  # fmt: skip
_ITEMS = (
    ("Item", "id"), ("UpstreamSupply", "item"), ("Component", "item"), ("Component", "component"),
    ("Shipment", "item"), *((name, "item") for name in _OF_ITEM_AND_PLACE),
)  # fmt: skip
_PLACES = (
    ("Location", "id"), ("Lane", "origin"), ("Lane", "destination"), ("Shipment", "destination"),
    *((name, "location") for name in _OF_ITEM_AND_PLACE),
)  # fmt: skip
_SUPPLIERS = (
    ("Supplier", "id"), ("Offer", "supplier"), ("UpstreamSupply", "supplier"),
    ("UpstreamSupply", "upstream"),
)  # fmt: skip


@dataclass(frozen=True)
class Down:
    """What is out of order, per row: suppliers, offers, lanes and places; and contracts by name."""

    suppliers: BoolArray
    offers: BoolArray
    lanes: BoolArray
    places: BoolArray
    contracts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sources:
    """What is left, with arrays by place (row) and item (column).

    `able`: supplier (row) has the item (column). `offers`, `made`: living rows of offers and
    productions. `living`: the item has a source there. `roots`: how many different offers and
    productions reach it. `reach`: per kind of item, whether goods get from place to place.
    """

    able: BoolArray
    offers: BoolArray
    made: BoolArray
    lanes: BoolArray
    living: BoolArray
    roots: IntArray
    reach: list[BoolArray]


@dataclass(frozen=True)
class SupplyNetwork:
    """The ways of supply that are open on a day; codes are places in the sorted lists of names.

    Offers: of approved suppliers, under no contract or one in force that day. Lanes: open ones;
    `carries` tells per handling class (row) which lanes take its items; a protected item travels
    on none. An item with components that nobody offers and no place is stated to make is taken to
    be put together wherever its components are.
    """

    items: list[str]
    places: list[str]
    suppliers: list[str]
    offers: Table
    lanes: Table
    upstream: Table
    components: Table
    production: Table
    carries: BoolArray
    kind_of_item: IntArray
    is_open: BoolArray
    production_facts: list[tuple[str, ...]]

    @cached_property
    def offer_codes(self) -> tuple[CodeArray, CodeArray, CodeArray]:
        """Supplier, item and place of every offer."""
        return (
            codes_of(self.offers["supplier"], self.suppliers),
            codes_of(self.offers["item"], self.items),
            codes_of(self.offers["location"], self.places),
        )

    @cached_property
    def lane_codes(self) -> tuple[CodeArray, CodeArray]:
        """Origin and destination of every lane."""
        return (
            codes_of(self.lanes["origin"], self.places),
            codes_of(self.lanes["destination"], self.places),
        )

    @cached_property
    def upstream_codes(self) -> tuple[CodeArray, CodeArray, CodeArray]:
        """Supplier, upstream supplier and item of every link between tiers."""
        table = self.upstream
        return (
            codes_of(table["supplier"], self.suppliers),
            codes_of(table["upstream"], self.suppliers),
            codes_of(table["item"], self.items),
        )

    @cached_property
    def component_codes(self) -> tuple[CodeArray, CodeArray]:
        """Item and component of every line of a bill of materials."""
        table = self.components
        return codes_of(table["item"], self.items), codes_of(table["component"], self.items)

    @cached_property
    def production_codes(self) -> tuple[CodeArray, CodeArray]:
        """Place and item of every production."""
        table = self.production
        return codes_of(table["location"], self.places), codes_of(table["item"], self.items)

    @cached_property
    def links(self) -> tuple[BoolArray, BoolArray]:
        """Per supplier and item: it buys the item; it makes the item from what it buys."""
        buys = np.zeros((len(self.suppliers), len(self.items)), np.bool_)
        supplier, _, item = self.upstream_codes
        buys[supplier, item] = True
        whole, part = self.component_codes
        makes = np.zeros_like(buys)
        while True:
            more = makes.copy()
            np.logical_or.at(more.T, whole, (buys | makes).T[part])
            if (more == makes).all():
                return buys, makes
            makes = more


def network_of(snapshot: Snapshot, on: date) -> SupplyNetwork:
    """The ways of supply of a snapshot on a day. The order of rows is no input."""
    items, places = _names(snapshot, _ITEMS), _names(snapshot, _PLACES)
    lanes, locations = snapshot.table("Lane").sorted(), snapshot.table("Location")
    lanes = lanes.take(np.flatnonzero(lanes["status"] == "open"))
    kind_of = _kinds_of(snapshot, items)
    kinds = sorted(set(kind_of), key=str)
    is_open = np.ones(len(places), np.bool_)
    is_open[codes_of(locations["id"], places)] = locations["status"] == "open"
    made = snapshot.table("Production").sorted()
    production = _productions(snapshot, made, places)
    stated = [(f"Production/{key}",) for key in made.keys]
    return SupplyNetwork(
        items, places, _names(snapshot, _SUPPLIERS), _offers_in_force(snapshot, on), lanes,
        snapshot.table("UpstreamSupply").sorted(), snapshot.table("Component").sorted(),
        production, _carries(lanes, kinds), codes_of(kind_of, kinds), is_open,
        [*stated, *([()] * (len(production) - len(stated)))],
    )  # fmt: skip


def nothing_down(network: SupplyNetwork) -> Down:
    """Everything works, but for the locations that are not open anyway."""
    return Down(
        np.zeros(len(network.suppliers), np.bool_), np.zeros(len(network.offers), np.bool_),
        np.zeros(len(network.lanes), np.bool_), ~network.is_open,
    )  # fmt: skip


def down_with(network: SupplyNetwork, snapshot: Snapshot, failures: Sequence[Subject]) -> Down:
    """What is out of order when all of the failures come at once; parts fail with their whole."""
    contracts = frozenset(failure.key for failure in failures if failure.kind == "contract")
    down = replace(nothing_down(network), contracts=contracts)
    for failure in failures:
        match failure.kind:
            case "supplier":
                down.suppliers[_known([failure.key], network.suppliers)] = True
            case "contract":
                down.offers[:] |= network.offers["contract"] == failure.key
            case "lane":
                down.lanes[:] |= network.lanes["id"] == failure.key
            case _:
                down.places[_known(places_of(snapshot, failure), network.places)] = True
    return down


def _known(names: Iterable[str], all_names: list[str]) -> CodeArray:
    codes = codes_of(names, all_names)
    found: CodeArray = codes[codes != ABSENT]
    return found


def places_of(snapshot: Snapshot, subject: Subject) -> set[str]:
    """A location, or the locations of a region, with all that is part of them.

    A region is what the field `region` names, or a location that others are part of.
    """
    table = snapshot.table("Location")
    rows = list(zip(table["id"], table["part_of"], table["region"], strict=True))
    found = {subject.key}
    if subject.kind == "region":
        found |= {name for name, _, region in rows if region == subject.key}
    while more := {name for name, whole, _ in rows if whole in found} - found:
        found |= more
    return found


def sources(network: SupplyNetwork, down: Down) -> Sources:
    """What still has a source: the least fixed point, so that nothing rests on itself alone."""
    supplier, item, place = network.offer_codes
    able = _able(network, down.suppliers)
    offers = able[supplier, item] & ~down.offers & ~down.places[place]
    origin, destination = network.lane_codes
    lanes = ~down.lanes & ~down.places[origin] & ~down.places[destination]
    reach = _reach(network, lanes, down.places)
    direct = np.zeros((len(network.places), len(network.items)), np.float32)
    np.add.at(direct, (place[offers], item[offers]), 1)
    made = np.zeros(len(network.production), np.bool_)
    at, product = network.production_codes
    while True:
        roots = _spread(network, reach, direct)
        more = _made(network, roots > 0, down.places)
        fresh = more & ~made
        if not fresh.any():
            break
        np.add.at(direct, (at[fresh], product[fresh]), 1)
        made |= fresh
    return Sources(able, offers, made, lanes, roots > 0, roots.astype(np.int64), reach)


def _names(snapshot: Snapshot, fields: Sequence[tuple[str, str]]) -> list[str]:
    found: set[str] = set()
    for name, field in fields:
        found.update(snapshot.table(name)[field].tolist())
    return sorted(found - {None})


def _offers_in_force(snapshot: Snapshot, on: date) -> Table:
    offers, suppliers = snapshot.table("Offer").sorted(), snapshot.table("Supplier")
    contracts, today = snapshot.table("Contract"), np.datetime64(on, "D")
    approved = set(suppliers["id"][suppliers["status"] == "approved"])
    begun = np.isnat(contracts["starts_on"]) | (contracts["starts_on"] <= today)
    lasts = np.isnat(contracts["ends_on"]) | (contracts["ends_on"] >= today)
    in_force = {None, *contracts["id"][begun & lasts]}
    rows = zip(offers["supplier"], offers["contract"], strict=True)
    kept = [seller in approved and contract in in_force for seller, contract in rows]
    return offers.take(np.flatnonzero(np.array(kept, np.bool_)))


def _productions(snapshot: Snapshot, stated: Table, places: list[str]) -> Table:
    composed = set(snapshot.table("Component")["item"])
    anywhere = composed - set(stated["item"]) - set(snapshot.table("Offer")["item"])
    implied = [(place, item) for place in places for item in sorted(anywhere)]
    return Table("Production", {
        "location": as_column([*stated["location"], *(place for place, _ in implied)]),
        "item": as_column([*stated["item"], *(item for _, item in implied)]),
    })  # fmt: skip


def _kinds_of(snapshot: Snapshot, items: list[str]) -> list[str | None]:
    table = snapshot.table("Item")
    rows = zip(table["id"], table["handling_class"], table["is_protected"], strict=True)
    stated = {name: PROTECTED if kept else handling for name, handling, kept in rows}
    return [stated.get(name, "") for name in items]


def _carries(lanes: Table, kinds: list[str | None]) -> BoolArray:
    found = np.zeros((len(kinds), len(lanes)), np.bool_)
    for row, kind in enumerate(kinds):
        if kind is not PROTECTED:
            found[row] = [kind in ANY_LANE or kind in allowed
                          for allowed in lanes["allowed_handling_classes"]]  # fmt: skip
    return found


def _able(network: SupplyNetwork, down: BoolArray) -> BoolArray:
    """Which supplier can have which item: bought from a living one, or made of such.

    A supplier of whom nobody is known to buy from has its items of itself.
    """
    buys, makes = network.links
    supplier, upstream, item = network.upstream_codes
    whole, part = network.component_codes
    able = ~(buys | makes) & ~down[:, None]
    while True:
        bought, lacking = np.zeros_like(able), np.zeros_like(able)
        np.logical_or.at(bought, (supplier, item), able[upstream, item])
        np.logical_or.at(lacking.T, whole, ~able.T[part])
        more = (able | bought | (makes & ~lacking)) & ~down[:, None]
        if (more == able).all():
            return able
        able = more


def _reach(network: SupplyNetwork, lanes: BoolArray, down: BoolArray) -> list[BoolArray]:
    """Per kind of item, whether goods get from a place (row) to a place (column)."""
    origin, destination = network.lane_codes
    found = []
    for carried in network.carries & lanes:
        reach = np.diag((~down).astype(np.float32))
        reach[origin[carried], destination[carried]] = 1
        while True:
            further = np.minimum(reach @ reach, 1)
            if (further == reach).all():
                break
            reach = further
        found.append(reach > 0)
    return found


def _spread(
    network: SupplyNetwork, reach: list[BoolArray], direct: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Per place and item, how many of the direct sources get there; exact below 2^24."""
    roots = np.zeros_like(direct)
    for kind, ways in enumerate(reach):
        of_kind = np.flatnonzero(network.kind_of_item == kind)
        roots[:, of_kind] = ways.T.astype(np.float32) @ direct[:, of_kind]
    return roots


def _made(network: SupplyNetwork, living: BoolArray, down: BoolArray) -> BoolArray:
    """Which productions have all their components at their place."""
    place, product = network.production_codes
    whole, part = network.component_codes
    lacking = np.zeros_like(living)
    np.logical_or.at(lacking.T, whole, ~living.T[part])
    return ~lacking[place, product] & ~down[place]
