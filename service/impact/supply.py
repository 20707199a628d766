"""A supply chain on a day as questions of impact see it: ways, demand, values, costs and stock."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from ontology.columns import Snapshot
from ontology.ranges import refuse_out_of_range
from service.impact.demand_rates import MILLIONTHS, DemandRates, demand_rates, first_day_of
from service.impact.route_costs import RouteCosts, route_costs, values_of
from service.impact.stock_days import Holding, Lot, days_until_short, holdings_of
from service.impact.supply_network import (
    BoolArray,
    Down,
    IntArray,
    Sources,
    SupplyNetwork,
    network_of,
    nothing_down,
    sources,
)
from solver.network.scaling import exact_products, half_up_columns


@dataclass(frozen=True)
class Supply:
    """A supply chain on a day as questions of impact see it, with nothing down but what is."""

    snapshot: Snapshot
    starts_on: date
    network: SupplyNetwork
    demand: DemandRates
    values: list[int | None]
    costs: RouteCosts
    holdings: dict[tuple[str, str], Holding]
    intact: Sources
    best: IntArray

    @cached_property
    def stock_units(self) -> IntArray:
        """Usable units on hand by place and item."""
        places = {name: code for code, name in enumerate(self.network.places)}
        items = {name: code for code, name in enumerate(self.network.items)}
        found = np.zeros((len(places), len(items)), np.int64)
        for (item, place), held in self.holdings.items():
            found[places[place], items[item]] = held.units
        return found

    @cached_property
    def outcome_facts(self) -> dict[tuple[str, str], list[str]]:
        """Per item and location, the outcomes that state its demand."""
        table = self.snapshot.table("DemandOutcome")
        found: dict[tuple[str, str], list[str]] = {}
        for item, place, key in zip(table["item"], table["location"], table.keys, strict=True):
            found.setdefault((item, place), []).append(f"DemandOutcome/{key}")
        return found

    @cached_property
    def value_micros(self) -> IntArray:
        """What is asked for per day is worth, by place and item, each rounded once half up.

        0 for an item without a value.
        """
        worth = np.array([value or 0 for value in self.values], np.int64)
        return half_up_columns(exact_products(worth, self.demand.per_day), MILLIONTHS)

    @cached_property
    def is_fed(self) -> BoolArray:
        """Where an item has a source, or stock that lies there or gets there, with nothing down."""
        found: BoolArray = self.intact.living | (self._spread(self.intact) > 0)
        return found

    @cached_property
    def all_reserves(self) -> IntArray:
        """The reserves with nothing down."""
        return self.reserves(nothing_down(self.network), self.intact)

    def reserves(self, down: Down, left: Sources) -> IntArray:
        """Units by place and item that lie there, still get there, or still arrive."""
        found = self._spread(left)
        places = {name: code for code, name in enumerate(self.network.places)}
        items = {name: code for code, name in enumerate(self.network.items)}
        for item, place in (pair for pair, held in self.holdings.items() if held.arrivals):
            at, code = places[place], items[item]
            _, coming, _ = self.there_and_coming(down, left, at, code)
            found[at, code] += sum(lot.units for lot in coming)
        return found

    def _spread(self, left: Sources) -> IntArray:
        """Stock that lies at or gets to each place; exact below 2^53 units."""
        found = np.zeros_like(self.stock_units)
        for kind, ways in enumerate(left.reach):
            of_kind = np.flatnonzero(self.network.kind_of_item == kind)
            there = self.stock_units[:, of_kind].astype(np.float64)
            found[:, of_kind] = (ways.T.astype(np.float64) @ there).astype(np.int64)
        return found

    def upstream(self, left: Sources, place: int, item: int) -> IntArray:
        """The other places with stock of the item that still reach the place."""
        reach = left.reach[self.network.kind_of_item[item]][:, place]
        found = reach & (self.stock_units[:, item] > 0)
        found[place] = False
        return np.flatnonzero(found)

    def lots_at(self, places: IntArray, item: int) -> list[Lot]:
        """What lies of an item at some places."""
        pairs = [(self.network.items[item], self.network.places[place]) for place in places]
        return [lot for pair in pairs for lot in self.holdings[pair].lots]

    def there_and_coming(
        self, down: Down, left: Sources, place: int, item: int
    ) -> tuple[Holding, list[Lot], list[Lot]]:
        """What lies at a place, nothing where it is down, and what still arrives, or does not."""
        pair = (self.network.items[item], self.network.places[place])
        held = self.holdings.get(pair, Holding())
        if down.places[place]:
            return Holding(), [], [arrival.lot for arrival in held.arrivals]
        comes = [arrival.survives(self.network, down, left) for arrival in held.arrivals]
        both = [(a.lot, still) for a, still in zip(held.arrivals, comes, strict=True)]
        return held, [lot for lot, still in both if still], [lot for lot, s in both if not s]

    def days_at(self, down: Down, left: Sources, place: int, item: int) -> int | None:
        """How many days what is there and still arrives serves; None without any demand."""
        held, coming, _ = self.there_and_coming(down, left, place, item)
        return days_until_short([*held.lots, *coming], int(self.demand.per_day[place, item]))


def supply_of(snapshot: Snapshot, starts_on: date | None = None) -> Supply:
    """What questions of impact need, made once for any number of them.

    Rules are not asked: a way that a rule would close counts as open, and capacities are not
    judged. Raises InputError `OUT_OF_RANGE`, `DEMAND_UNKNOWN`, `RATE_MISSING`, `NUMBER_RANGE`.
    """
    refuse_out_of_range(snapshot)
    on = starts_on or first_day_of(snapshot)
    network = network_of(snapshot, on)
    values = values_of(snapshot, network, on)
    costs = route_costs(snapshot, network, values, on)
    intact = sources(network, nothing_down(network))
    return Supply(
        snapshot, on, network, demand_rates(snapshot, network.places, network.items, on), values,
        costs, holdings_of(snapshot, network, on), intact, costs.best(intact),
    )  # fmt: skip
