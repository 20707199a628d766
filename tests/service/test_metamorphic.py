"""Facts changed so that arithmetic says what becomes of a plan's value: it follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from ontology.columns import MISSING, Snapshot, Table
from ontology.demand import DemandOutcome
from ontology.goods import Item, Lot
from ontology.objectives import Weights
from ontology.steadiness import lines_of
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, LaneCapacity
from service.decision import Draft
from tests.service.regimes import MICROS, REGIMES, Asked, coupled, drafted, plain
from tests.service.whole_and_ageing import whole_facts
from tests.solver.planning import MONDAY, snapshot_of

SEEDS = range(12)
MANY = 300
RENAMED = ("plain", "forecast", "orders", "coupled", "weighed", "robust", "whole", "ageing")
NAMED = ("Item", "Location", "Lane", "Lot", "Supplier")


def worst_half(seed: int) -> Asked:
    """Shared capacities, and shortage priced by the worse half of the outcomes."""
    asked = (coupled, plain)[seed % 2](seed)
    weights = Weights(worst_percent=(25, 50)[seed // 2 % 2])
    return replace(asked, request=replace(asked.request, weights=weights))


EXACT = {"plain": plain, "coupled": coupled, "robust": worst_half}
"""Regimes in which every amount is a whole number of micros: scaling rounds nothing."""


def wholes(seed: int) -> Asked:
    """Loads, lots and costs of shipments on such amounts."""
    asked = (coupled, plain)[seed % 2](seed)
    return replace(asked, snapshot=whole_facts(asked.snapshot, seed))


WITH_WHOLES = {**EXACT, "whole": wholes}
"""The same and what comes whole: half a lane is another load there, so no lane is split."""


def follows(first: Draft, other: Draft, scale: int = 1, more: int = 0) -> bool:
    """Neither plan's bound is above the other's cost; whether both are proved, so equal."""
    one, two = first.claims, other.claims
    assert scale * one.bound + more <= two.cost
    assert two.bound <= scale * one.cost + more
    return one.gap == two.gap == 0


def at(asked: Asked, snapshot: Snapshot) -> Asked:
    return replace(asked, snapshot=snapshot)


def scaled(snapshot: Snapshot, factor: int) -> Snapshot:
    """Every amount of money times so much."""

    def column(table: Table, name: str) -> Any:
        values = table[name]
        money = name.endswith(("_micros", "_cents"))
        return np.where(values == MISSING, MISSING, values * factor) if money else values

    return Snapshot(1, {
        name: Table(name, {each: column(table, each) for each in table.columns}).sorted()
        for name, table in snapshot.tables.items()
    })  # fmt: skip


WORDS = {"kind", "status", "measure", "mode"}
"""Columns of words: a place may be called `hub`, too, and is one whatever it is called."""


def renamed(snapshot: Snapshot, names: Mapping[str, str]) -> Snapshot:
    """The same facts about things of other names, so in another order, too."""

    def column(values: Any) -> Any:
        if values.dtype != object:
            return values
        return np.array([names.get(v, v) if isinstance(v, str) else v for v in values], object)

    return Snapshot(1, {
        name: Table(name, {
            each: table[each] if each in WORDS else column(table[each]) for each in table.columns
        }).sorted()
        for name, table in snapshot.tables.items()
    })  # fmt: skip


def other_names(snapshot: Snapshot, seed: int) -> dict[str, str]:
    """Another name for every item, place, lane, lot, supplier, carrier and order, at random."""
    known = {name for table in NAMED for name in snapshot.table(table)["id"]}
    for table, field in (("StockPosition", "location"), ("HandlingRate", "location"),
                         ("SalesOrder", "id"), ("CarrierCapacity", "carrier"),
                         ("Lane", "origin"), ("Lane", "destination"),
                         ("StockingPolicy", "location")):  # fmt: skip
        known |= set(snapshot.table(table)[field])
    found = sorted(known)
    order = np.random.default_rng(seed).permutation(len(found)).tolist()
    return {name: f"n{place}" for name, place in zip(found, order, strict=True)}


def with_rows(snapshot: Snapshot, *records: Any) -> Snapshot:
    """The facts and some more."""
    tables = dict(snapshot.tables)
    for name, table in snapshot_of(*records).tables.items():
        old = snapshot.table(name)
        both = {each: np.concatenate([old[each], table[each]]) for each in table.columns}
        tables[name] = Table(name, both).sorted()
    return Snapshot(1, tables)


@pytest.mark.parametrize("regime", WITH_WHOLES)
def test_costs_times_a_whole_number(regime: str) -> None:
    """Every amount times 7: the value, too, and where nothing is short not one line is another."""
    proved = 0
    for seed in SEEDS:
        asked = WITH_WHOLES[regime](seed)
        first, other = drafted(asked), drafted(at(asked, scaled(asked.snapshot, 7)))
        proved += follows(first, other, 7)
        if first.prices is None or not first.prices.any():
            assert lines_of(first.decision) == lines_of(other.decision)
    assert proved > len(SEEDS) // 3


@pytest.mark.parametrize("regime", WITH_WHOLES)
def test_all_weights_times_a_whole_number(regime: str) -> None:
    """Every objective weighed 3 times as much is the cost 3 times as high."""
    proved = 0
    for seed in SEEDS:
        asked = WITH_WHOLES[regime](seed)
        worst = asked.request.weights.worst_percent
        thrice = replace(asked.request, weights=Weights(3_000, 3_000, 3_000, worst_percent=worst))
        proved += follows(drafted(asked), drafted(replace(asked, request=thrice)), 3)
    assert proved > len(SEEDS) // 3


def values_under_other_names(regime: str, seeds: range) -> int:
    """The law of names on some seeds of a regime; how many pairs were equal to the last unit."""
    proved = 0
    for seed in seeds:
        asked = REGIMES[regime](seed)
        other = at(asked, renamed(asked.snapshot, other_names(asked.snapshot, seed)))
        proved += follows(drafted(asked), drafted(other))
    return proved


@pytest.mark.parametrize("regime", RENAMED)
def test_names_are_no_value(regime: str) -> None:
    """Items, places, lanes and lots of other names, in another order: the value is the same."""
    assert values_under_other_names(regime, range(8)) > 0


def halved(snapshot: Snapshot, lane: str) -> Snapshot:
    """One lane as two beside each other, each with half of what all items may take of it."""
    lanes, rooms = snapshot.table("Lane"), snapshot.table("LaneCapacity")
    kept = Snapshot(1, {
        **snapshot.tables, "Lane": lanes.take(np.flatnonzero(lanes["id"] != lane)),
        "LaneCapacity": rooms.take(np.flatnonzero(rooms["lane"] != lane)),
    })  # fmt: skip
    row = lanes.take(np.flatnonzero(lanes["id"] == lane))
    (room,) = rooms["capacity_per_day"][rooms["lane"] == lane].tolist()
    records: list[Any] = []
    for number, half in enumerate((room // 2, room - room // 2)):
        name = f"{lane}-{number}"
        records.append(
            Lane(name, row["origin"][0], row["destination"][0], carrier=row["carrier"][0],
                 lead_time_days=int(row["lead_time_days"][0]),
                 cost_per_unit_micros=int(row["cost_per_unit_micros"][0]))
        )  # fmt: skip
        records.append(LaneCapacity(name, "units", half))
    return with_rows(kept, *records)


@pytest.mark.parametrize("regime", EXACT)
def test_a_lane_in_two_halves(regime: str) -> None:
    """A lane split into two of half its capacity each carries the same at the same value."""
    split = proved = 0
    for seed in range(3 * len(SEEDS)):
        asked = EXACT[regime](seed)
        rooms = asked.snapshot.table("LaneCapacity")
        for lane in rooms["lane"][rooms["measure"] == "units"].tolist()[:1]:
            proved += follows(drafted(asked), drafted(at(asked, halved(asked.snapshot, lane))))
            split += 1
    assert split >= len(SEEDS) // 2
    assert proved > 0


@pytest.mark.parametrize("regime", WITH_WHOLES)
def test_an_item_by_itself(regime: str) -> None:
    """An item at a place of its own adds what it costs alone."""
    proved = 0
    alone: list[Any] = [
        Item("lone", value_cents=500), Lot("lone-lot", "lone"),
        StockPosition("lone", "far", "lone-lot", 3, total_units=3),
        StockingPolicy("lone", "far", holding_cost_per_day_micros=MICROS,
                       shortage_cost_per_day_micros=5 * MICROS),
        *(DemandOutcome("lone", "far", MONDAY + timedelta(days=day), units, 1)
          for day in range(3) for units in (0, 2)),
    ]  # fmt: skip
    for seed in SEEDS:
        asked = WITH_WHOLES[regime](seed)
        both = with_rows(asked.snapshot, *alone)
        named = set(both.tables) - {"SharedResource", "LaneCapacity", "CarrierCapacity"}
        only = drafted(at(asked, only_of(both, "lone", named)))
        assert only.claims.gap == 0
        proved += follows(drafted(asked), drafted(at(asked, both)), 1, only.claims.cost)
    assert proved > len(SEEDS) // 3


def only_of(snapshot: Snapshot, item: str, names: set[str]) -> Snapshot:
    """What is stated of one item, and the lanes."""
    tables = {}
    for name in names:
        table = snapshot.table(name)
        of = {"Item": "id"}.get(name, "item")
        rows = table[of] == item if of in table.columns else np.ones(len(table), np.bool_)
        tables[name] = table.take(np.flatnonzero(rows))
    return Snapshot(1, tables)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("regime", RENAMED)
def test_names_are_no_value_on_many_chains(regime: str) -> None:
    """The same on hundreds of chains of each regime."""
    print(f"{regime}: {values_under_other_names(regime, range(MANY))} of {MANY} equal and proved")
