"""SupplyGraph's last days planned anew each morning, against what was done and rules of thumb."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from forecast.model import ForecastTables, forecast
from ontology.columns import Snapshot, Table, table_of
from ontology.demand import Backlog
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from rules.release import Release, default_release
from service.decision import PlanRequest, ask, pose
from service.forecast import horizons
from service.planning import draft_plan
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.scaling import MICROS_PER_CENT, half_up
from solver.rivals.heuristics import GREEDY, MIN_MAX, act, levels_of, outlook, ways_in
from solver.rivals.tuning import tuned

DAYS = 30
HEAD = (
    "  policy          cost  holding      owed   lines  on time  owed unit-days  lines  in storage"
    "  widest gap"
)
MARKS = (50_000, 450_000, 550_000, 850_000, 950_000, 990_000)
PLANTS, STORAGE = "plants", "storage"


@dataclass(frozen=True, slots=True)
class Costs:
    """Assumed, for the source has no prices: a unit kept or owed for a day, a product issued."""

    plants_micros: int = 5_000
    storage_micros: int = 10_000
    owed_micros: int = 200_000
    line_cents: int = 200


COSTS = {
    "as assumed": Costs(),
    "a unit owed costs a quarter": Costs(owed_micros=50_000),
    "a line costs five times as much": Costs(line_cents=1_000),
}
"""Three sets, for a result that hangs on one assumption is none."""


@dataclass(frozen=True)
class World:
    """Orders, production and recorded issues per item (row) and day, and stock on the morning."""

    snapshot: Snapshot
    items: tuple[str, ...]
    starts_on: date
    orders: IntArray
    made: IntArray
    issued: IntArray
    opening: Mapping[str, IntArray]
    costs: Costs = Costs()
    forecasts: dict[int, ForecastTables] = field(default_factory=dict)

    @property
    def days(self) -> int:
        """How many days are replayed."""
        return int(self.orders.shape[1])


@dataclass
class State:
    """Units per item: at the plants, in storage, and owed to customers."""

    plants: IntArray
    storage: IntArray
    owed: IntArray


@dataclass(frozen=True)
class Played:
    """What a policy came to over all days: cents by kind, and units that were served on time."""

    name: str
    holding_cents: int
    shortage_cents: int
    lines_cents: int
    orders_units: int
    on_time_units: int
    owed_unit_days: int
    issued_units: int
    lines: int
    storage_units: int
    gaps_per_million: tuple[int, ...] = ()

    @property
    def cost_cents(self) -> int:
        """All of it."""
        return self.holding_cents + self.shortage_cents + self.lines_cents


Policy = Callable[["World", State, int, Snapshot], tuple[IntArray, int]]


def world_of(snapshot: Snapshot, days: int, most_items: int | None = None) -> World:
    """The last so many days up to the last movement, for items that were asked for at all.

    The opening stock is the derived one of the source less what moved on these days.
    """
    moves, asked = snapshot.table("StockMovement"), snapshot.table("DemandObservation")
    last = moves["effective_on"].max()
    first = last - np.timedelta64(days - 1, "D")
    wanted = asked["quantity_units"] > 0
    items = tuple(sorted(set(asked["item"][wanted].tolist())))[:most_items]
    tables = {}
    for name, location, kind in (
        ("made", PLANTS, "production"), ("issued", STORAGE, "receipt"),
        ("gone", PLANTS, "issue"), ("sold", STORAGE, "shipment"),
    ):  # fmt: skip
        rows = (moves["location"] == location) & (moves["kind"] == kind)
        tables[name] = _by_day(moves, rows, "effective_on", items, first, days)
    orders = _by_day(asked, wanted, "on", items, first, days)
    stock = snapshot.table("StockPosition")
    closing = {place: _on_hand(stock, items, place) for place in (PLANTS, STORAGE)}
    opening = {
        PLANTS: closing[PLANTS] - tables["made"].sum(axis=1) - tables["gone"].sum(axis=1),
        STORAGE: closing[STORAGE] - tables["issued"].sum(axis=1) - tables["sold"].sum(axis=1),
    }
    return World(snapshot, items, first.astype(object), orders, tables["made"], tables["issued"],
                 opening)  # fmt: skip


def _by_day(
    table: Table,
    rows: npt.NDArray[np.bool_],
    on: str,
    items: Sequence[str],
    first: np.datetime64,
    days: int,
) -> IntArray:
    """Units per item and day of some rows of a table."""
    place = {item: number for number, item in enumerate(items)}
    found = np.zeros((len(items), days), np.int64)
    day = (table[on] - first).astype(np.int64)
    for row in np.flatnonzero(rows & (day >= 0) & (day < days)).tolist():
        if table["item"][row] in place:
            found[place[table["item"][row]], day[row]] += table["quantity_units"][row]
    return found


def _on_hand(stock: Table, items: Sequence[str], location: str) -> IntArray:
    rows = np.flatnonzero(stock["location"] == location)
    units = dict(zip(stock["item"][rows].tolist(), stock["on_hand_units"][rows].tolist(),
                     strict=True))  # fmt: skip
    return np.array([units.get(item, 0) for item in items], np.int64)


def morning(world: World, state: State, day: int) -> Snapshot:
    """The facts on the morning of a day: state, assumed costs and lane, and a fresh forecast.

    The lane is assumed: one way from all plants to all storage locations, on the same day as in
    the record. The forecast knows the orders of the days before, and nothing of later ones.
    """
    costs, on = world.costs, world.starts_on + timedelta(day)
    there = {PLANTS: state.plants.tolist(), STORAGE: state.storage.tolist()}
    records = [
        StockPosition(item, place, on_hand_units=units, total_units=units, counted_on=on,
                      basis="derived from flows")
        for place, all_units in there.items()
        for item, units in zip(world.items, all_units, strict=True)
    ]  # fmt: skip
    policies = [
        StockingPolicy(item, place, holding_cost_per_day_micros=holding,
                       shortage_cost_per_day_micros=owed)
        for item in world.items
        for place, holding, owed in ((PLANTS, costs.plants_micros, 0),
                                     (STORAGE, costs.storage_micros, costs.owed_micros))
    ]  # fmt: skip
    lane = Lane("issue", PLANTS, STORAGE, cost_per_line_cents=costs.line_cents)
    owes = zip(world.items, state.owed.tolist(), strict=True)
    owed = [Backlog(item, STORAGE, units) for item, units in owes if units]
    seen = world.snapshot.table("DemandObservation")
    seen = seen.take(np.flatnonzero(
        (seen["on"] < np.datetime64(on)) & np.isin(seen["item"].astype(str), world.items)
    ))  # fmt: skip
    facts = {name: world.snapshot.table(name) for name in ("SupplyChain", "Location", "Item")}
    facts |= {"StockPosition": table_of(records, "StockPosition"),
              "StockingPolicy": table_of(policies, "StockingPolicy"),
              "Backlog": table_of(owed, "Backlog"), "Lane": table_of([lane], "Lane"),
              "DemandObservation": seen}  # fmt: skip
    if day not in world.forecasts:
        world.forecasts[day] = forecast(seen, on, *horizons(Snapshot(1, facts)))
    made = world.forecasts[day]
    facts |= {table.name: table for table in (made.forecasts, made.quantiles, made.pooled)}
    return Snapshot(1, facts)


def by_plan(
    release: Release, world: World, state: State, day: int, facts: Snapshot
) -> tuple[IntArray, int]:
    """Units per item that the certified plan of the morning issues, and the plan's gap."""
    draft = draft_plan(facts, release, PlanRequest("supplygraph"))
    number = {item: row for row, item in enumerate(world.items)}
    units = np.zeros(len(world.items), np.int64)
    for line in draft.decision["lines"]:
        if line["kind"] == "transfer":
            units[number[line["item"]]] += line["quantity_units"]
    gap = -(-1_000_000 * draft.claims.gap // max(1, abs(draft.claims.cost)))
    return units, gap


def by_rival(
    release: Release, rival: str, world: World, state: State, day: int, facts: Snapshot
) -> tuple[IntArray, int]:
    """Units per item that a rule of thumb issues, tuned anew each morning on the days before."""
    problem, labels = _posed(release, facts)
    how = tuned(problem, labels, facts, rival)
    ways = ways_in(problem, labels, facts)
    levels = levels_of(problem, labels, facts, rival, how.chosen)
    acts = act(ways, levels, outlook(problem, labels, facts), 1, problem.network.supply)
    number = {item: row for row, item in enumerate(world.items)}
    units = np.zeros(len(world.items), np.int64)
    for row, moved in acts.rows.items():
        units[number[problem.movements["item"][row]]] += moved
    return units, 0


def _posed(release: Release, facts: Snapshot) -> tuple[Problem, CarryLabels]:
    problem = pose(ask(facts, release, PlanRequest("supplygraph")))
    assert isinstance(problem.labels, CarryLabels)
    return problem, problem.labels


def as_done(world: World, state: State, day: int, facts: Snapshot) -> tuple[IntArray, int]:
    """Units per item that were issued."""
    return world.issued[:, day], 0


def do_nothing(world: World, state: State, day: int, facts: Snapshot) -> tuple[IntArray, int]:
    """No units."""
    return np.zeros(len(world.items), np.int64), 0


def play(name: str, world: World, policy: Policy, *, looks: bool = True) -> Played:
    """Let a policy act every morning on what its own acts left; `looks`: it needs the facts.

    Issued units are in storage on the same day; what is made is at the plants at the day's end.
    Only what was done may issue units that were made on the same day. Orders are served in full
    as far as storage goes; the rest is owed. Costs are those of each day's end.
    """
    state = State(world.opening[PLANTS].copy(), world.opening[STORAGE].copy(),
                  np.zeros(len(world.items), np.int64))  # fmt: skip
    holding = lines = on_time = issued = owed_days = stored = 0
    gaps, costs = [], world.costs
    for day in range(world.days):
        facts = morning(world, state, day) if looks else world.snapshot
        units, gap = policy(world, state, day, facts)
        gaps.append(gap)
        there = state.storage + units
        fresh = np.minimum(world.orders[:, day], np.maximum(0, there - state.owed))
        due = state.owed + world.orders[:, day]
        served = np.minimum(due, there)
        state = State(state.plants - units + world.made[:, day], there - served, due - served)
        if (state.plants < 0).any():
            raise ValueError(f"`{name}` issues more than there is on day {day}")
        holding += costs.plants_micros * int(state.plants.sum())
        holding += costs.storage_micros * int(state.storage.sum())
        lines, issued = lines + int((units > 0).sum()), issued + int(units.sum())
        on_time, owed_days = on_time + int(fresh.sum()), owed_days + int(state.owed.sum())
        stored += int(state.storage.sum())
    return Played(
        name, half_up(holding, MICROS_PER_CENT),
        half_up(costs.owed_micros * owed_days, MICROS_PER_CENT), lines * costs.line_cents,
        int(world.orders.sum()),
        on_time, owed_days, issued, lines, stored // world.days, tuple(gaps),
    )  # fmt: skip


def played(world: World) -> list[Played]:
    """Every policy over the same days, on the same orders and the same production."""
    release = default_release()
    found = [play("do nothing", world, do_nothing, looks=False),
             play("as done", world, as_done, looks=False)]  # fmt: skip
    for name, rival in (("min-max", MIN_MAX), ("greedy", GREEDY)):
        found.append(play(name, world, partial(by_rival, release, rival)))
    return [*found, play("plan", world, partial(by_plan, release))]


def told(snapshot: Snapshot, days: int = DAYS) -> list[str]:
    """The study, line by line."""
    world = world_of(snapshot, days)
    stored = {place: int(units.sum()) for place, units in world.opening.items()}
    lines = [
        (
            f"{len(world.items)} products from {world.starts_on} on, {world.days} days: "
            f"{int(world.orders.sum()):,} units ordered, {int(world.made.sum()):,} made; derived "
            f"stock on the first morning: plants {stored[PLANTS]:,}, storage {stored[STORAGE]:,}"
        )
    ]
    for name, costs in COSTS.items():
        lines += [f"{name}: {costs}", HEAD]
        for one in played(replace(world, costs=costs)):
            gap = f"{max(one.gaps_per_million) / 10_000:.3f} %" if any(one.gaps_per_million) else ""
            lines.append(
                f"  {one.name:10}{one.cost_cents // 100:>10,}{one.holding_cents // 100:>9,}"
                f"{one.shortage_cents // 100:>10,}{one.lines_cents // 100:>8,}"
                f"{100 * one.on_time_units / one.orders_units:>7.1f} %{one.owed_unit_days:>16,}"
                f"{one.lines:>7,}{one.storage_units:>12,}{gap:>12}".rstrip()
            )
    return [*lines, covered(world)]


def covered(world: World) -> str:
    """How often a day's orders were within the quantiles that were forecast for it that morning."""
    within: dict[int, list[bool]] = {}
    for day, made in sorted(world.forecasts.items()):
        table, on = made.quantiles, np.datetime64(world.starts_on + timedelta(day))
        orders = dict(zip(world.items, world.orders[:, day].tolist(), strict=True))
        for row in np.flatnonzero(table["on"] == on).tolist():
            level = int(table["probability_per_million"][row])
            holds = orders[table["item"][row]] <= table["quantity_units"][row]
            within.setdefault(level, []).append(bool(holds))
    shares = (f"{level / 10_000:g} %: {100 * sum(held) / len(held):.1f} %"
              for level, held in sorted(within.items()) if level in MARKS)  # fmt: skip
    return f"orders of a day within the forecast of its morning, by quantile: {', '.join(shares)}"
