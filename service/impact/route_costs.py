"""What the ways of supply cost and take, exactly: the best one everywhere, and the next best."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

import networkx as nx
import numpy as np

from ontology.columns import MISSING, Snapshot
from ontology.errors import InputError
from ontology.money import converted, rates_of, reporting_currency, rounded
from service.impact.supply_network import IntArray, Sources, SupplyNetwork
from solver.network.facts import fact
from solver.network.names import codes_of
from solver.network.scaling import (
    BILLIONTHS,
    MICROS_PER_CENT,
    exact_products,
    half_up_columns,
    largest,
)

MOST_DAYS, MOST_MICROS = 2**16, 2**44
"""A way takes fewer days and micros per unit than these, so that cost and days of a way stand in
one integer below 2^60, compared in this order."""
NOWHERE = 2**61
START = ("start",)
Node = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A way of an item to a place: from a supplier, or made at the first place, over lanes.

    `cost_micros` is per unit, in the reporting currency: price (or components) and the lanes'
    costs by unit, weight, volume and value; fixed costs of shipments and lines stay out.
    """

    supplier: str
    places: tuple[str, ...]
    lanes: tuple[str, ...]
    cost_micros: int
    lead_time_days: int
    facts: tuple[str, ...]


@dataclass(frozen=True)
class RouteCosts:
    """The weights of ways: per offer, and per lane (row) and item (column)."""

    network: SupplyNetwork
    offers: IntArray
    lanes: IntArray
    quantity: tuple[Fraction, ...]

    @cached_property
    def components_of(self) -> dict[int, list[tuple[int, Fraction]]]:
        """Per item, its components and how much of each one unit takes."""
        found: dict[int, list[tuple[int, Fraction]]] = {}
        whole, part = self.network.component_codes
        for item, component, amount in zip(whole, part, self.quantity, strict=True):
            found.setdefault(int(item), []).append((int(component), amount))
        return found

    def best(self, sources: Sources) -> IntArray:
        """Per place and item, the weight of the best way, NOWHERE where there is none.

        Bellman and Ford's rounds over all items at once; bills of material one level at a time.
        """
        network = self.network
        _, item, place = network.offer_codes
        best = np.full((len(network.places), len(network.items)), NOWHERE, np.int64)
        rows = sources.offers
        np.minimum.at(best, (place[rows], item[rows]), self.offers[rows])
        at, product = (codes[sources.made] for codes in network.production_codes)
        for _ in range(len(network.components) + 1):  # a bill of materials has no more levels
            before = best.copy()
            np.minimum.at(best, (at, product), self._made_weights(best, at, product))
            self._relax(sources, best)
            if (best == before).all():
                break
        return best

    def _relax(self, sources: Sources, best: IntArray) -> None:
        network = self.network
        origin, destination = network.lane_codes
        carried = network.carries[network.kind_of_item].T & sources.lanes[:, None]
        lanes = np.flatnonzero(carried.any(axis=1))
        weight = np.where(carried, self.lanes, NOWHERE)
        while True:
            before = best.copy()
            for lane in lanes.tolist():
                arrived = best[origin[lane]] + weight[lane]
                np.minimum(best[destination[lane]], arrived, out=best[destination[lane]])
            if (best == before).all():
                return

    def _made_weights(self, best: IntArray, at: IntArray, product: IntArray) -> IntArray:
        return np.array(
            [self._made_weight(best, p, i) for p, i in zip(at.tolist(), product.tolist(),
                                                           strict=True)], np.int64
        )  # fmt: skip

    def _made_weight(self, best: IntArray, place: int, item: int) -> int:
        cost, days = 0, 0
        for component, amount in self.components_of.get(item, ()):
            weight = int(best[place, component])
            if weight >= NOWHERE:
                return NOWHERE
            cost += rounded(amount * cost_of(weight))
            days = max(days, days_of(weight))
        _refuse_beyond(cost, days)
        return cost * MOST_DAYS + days

    def routes(
        self, sources: Sources, best: IntArray, place: str, item: str, most: int
    ) -> tuple[Route, ...]:
        """The cheapest simple ways of an item to a place, cheapest first (Yen 1971)."""
        at, code = self.network.places.index(place), self.network.items.index(item)
        if best[at, code] >= NOWHERE:
            return ()
        graph = self._graph(sources, best, code)
        paths = nx.shortest_simple_paths(graph, START, ("at", at), weight="weight")
        return tuple(self._route(graph, path, code) for path in islice(paths, most))

    def _graph(self, sources: Sources, best: IntArray, item: int) -> "nx.DiGraph[Node]":
        graph: nx.DiGraph[Node] = nx.DiGraph()
        network = self.network
        _, sold, place = network.offer_codes
        for row in np.flatnonzero(sources.offers & (sold == item)).tolist():
            graph.add_edge(START, ("offer", row), weight=int(self.offers[row]))
            graph.add_edge(("offer", row), ("at", int(place[row])), weight=0)
        at, product = network.production_codes
        for row in np.flatnonzero(sources.made & (product == item)).tolist():
            weight = self._made_weight(best, int(at[row]), item)
            graph.add_edge(START, ("made", row), weight=weight)
            graph.add_edge(("made", row), ("at", int(at[row])), weight=0)
        origin, destination = network.lane_codes
        carried = sources.lanes & network.carries[network.kind_of_item[item]]
        for row in np.flatnonzero(carried).tolist():
            weight = int(self.lanes[row, item])
            graph.add_edge(("at", int(origin[row])), ("lane", row), weight=weight)
            graph.add_edge(("lane", row), ("at", int(destination[row])), weight=0)
        return graph

    def _route(self, graph: "nx.DiGraph[Node]", path: list[Node], item: int) -> Route:
        network = self.network
        weight = sum(graph.edges[edge]["weight"] for edge in pairwise(path))
        lanes = tuple(str(network.lanes["id"][node[1]]) for node in path if node[0] == "lane")
        places = tuple(network.places[node[1]] for node in path if node[0] == "at")
        kind, row = path[1]
        if kind == "offer":
            supplier = str(network.offers["supplier"][row])
            facts = [f"Offer/{network.offers.keys[row]}"]
        else:
            supplier, facts = "", self._made_of(row, item)
        facts += [fact("Lane", lane) for lane in lanes]
        return Route(supplier, places, lanes, cost_of(weight), days_of(weight), tuple(facts))

    def _made_of(self, production: int, item: int) -> list[str]:
        items, stated = self.network.items, self.network.production_facts[production]
        parts = [part for part, _ in self.components_of.get(item, ())]
        return [*stated, *(fact("Component", items[item], items[part]) for part in parts)]


def cost_of(weight: int) -> int:
    """The micros per unit of a way."""
    return weight // MOST_DAYS


def days_of(weight: int) -> int:
    """The days that a way takes."""
    return weight % MOST_DAYS


def values_of(snapshot: Snapshot, network: SupplyNetwork, on: date) -> list[int | None]:
    """Per item the value of a unit in micros of the reporting currency, None where unknown."""
    in_reporting = _conversion(snapshot, on)
    table = snapshot.table("Item")
    rows = zip(table["id"], table["value_cents"].tolist(), table["currency"], strict=True)
    stated = {
        name: in_reporting(cents * MICROS_PER_CENT, currency)
        for name, cents, currency in rows
        if cents != MISSING
    }
    return [stated.get(name) for name in network.items]


def route_costs(
    snapshot: Snapshot, network: SupplyNetwork, values: list[int | None], on: date
) -> RouteCosts:
    """The costs per unit at the exchange rates of a day, each rounded once, half up.

    A weight or volume that no item states costs nothing to carry. Raises InputError
    `RATE_MISSING`, `NUMBER_RANGE` where the ways' numbers do not fit, `NEGATIVE_COST`.
    """
    in_reporting, offers, lanes = _conversion(snapshot, on), network.offers, network.lanes
    prices = zip(offers["price_micros"].tolist(), offers["currency"], strict=True)
    price = np.array([in_reporting(micros, currency) for micros, currency in prices], np.int64)
    carriage = _carriage(snapshot, network, values, on)
    _check_range(network, price, carriage)
    components = network.components
    amounts = zip(components["numerator"].tolist(), components["denominator"].tolist(),
                  strict=True)  # fmt: skip
    return RouteCosts(
        network, price * MOST_DAYS + offers["lead_time_days"],
        carriage * MOST_DAYS + lanes["lead_time_days"][:, None],
        tuple(Fraction(over, under) for over, under in amounts),
    )  # fmt: skip


def _conversion(snapshot: Snapshot, on: date) -> Callable[[int, str], int]:
    rates, reporting = rates_of(snapshot), reporting_currency(snapshot)

    def in_reporting(amount: int, currency: str) -> int:
        return converted(amount, rates.rate(currency or reporting, reporting, on))

    return in_reporting


def _carriage(
    snapshot: Snapshot, network: SupplyNetwork, values: list[int | None], on: date
) -> IntArray:
    lanes = network.lanes
    weight, volume = (_measures(snapshot, network, name)
                      for name in ("weight_micrograms", "volume_cubic_millimetres"))  # fmt: skip
    worth = np.array([value or 0 for value in values], np.int64)
    rates, reporting = rates_of(snapshot), reporting_currency(snapshot)
    found = np.zeros((len(lanes), len(network.items)), np.int64)
    for currency in sorted(set(lanes["currency"])):
        of = np.flatnonzero(lanes["currency"] == currency)
        factor = rates.rate(currency or reporting, reporting, on).factor
        own = (
            exact_products(lanes["cost_per_unit_micros"][of][:, None], np.array([BILLIONTHS]))
            + exact_products(lanes["cost_per_kilogram_micros"][of][:, None], weight)
            + exact_products(lanes["cost_per_cubic_metre_micros"][of][:, None], volume)
        ).astype(object) * factor.numerator
        duty = exact_products(lanes["duty_percent"][of][:, None], worth).astype(object)
        both = own + duty * (BILLIONTHS // 100 * factor.denominator)
        found[of] = half_up_columns(both, BILLIONTHS * factor.denominator)
    return found


def _measures(snapshot: Snapshot, network: SupplyNetwork, name: str) -> IntArray:
    table = snapshot.table("Item")
    stated = np.append(table[name], 0)[codes_of(network.items, table["id"].tolist())]
    return np.where(stated == MISSING, 0, stated)


def _check_range(network: SupplyNetwork, price: IntArray, carriage: IntArray) -> None:
    days = [network.offers["lead_time_days"], network.lanes["lead_time_days"]]
    if any((column < 0).any() for column in (price, carriage, *days)):
        raise InputError("a price, a cost or a lead time is negative", code="NEGATIVE_COST",
                         hint="state prices, costs and days of zero or more")  # fmt: skip
    hops = len(network.places)
    _refuse_beyond(largest(price) + hops * largest(carriage),
                   largest(days[0]) + hops * largest(days[1]))  # fmt: skip


def _refuse_beyond(cost: int, days: int) -> None:
    if cost >= MOST_MICROS or days >= MOST_DAYS:
        raise InputError(
            f"a way of supply may cost {cost} micros a unit and take {days} days",
            hint=f"below {MOST_MICROS} micros and {MOST_DAYS} days is what fits",
            code="NUMBER_RANGE",
        )
