"""What is worked out for all items in one pass is what looking at each one again gives."""

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, Table, table_of
from ontology.goods import Substitute
from solver.engine.flow import unmet
from solver.explain.breaches import _closed_gains, _held_by_floors
from solver.explain.lines import decode, moved_units
from solver.model.carry_labels import CarryLabels
from solver.model.completion import _settle, complete
from solver.network.columns import bare_network
from solver.network.names import as_column
from tests.solver.forecasts import random_forecast
from tests.solver.planning import Solved, solved

SEEDS = range(40)


def labels_of(plan: Solved) -> CarryLabels:
    """The labels of a risk network."""
    assert isinstance(plan.problem.labels, CarryLabels)
    return plan.problem.labels


def with_links(seed: int) -> Snapshot:
    """Three items of which the last stands in for both others, and the second for the first."""
    links = [Substitute(f"item-{a}", f"item-{b}") for a, b in ((0, 1), (0, 2), (1, 2))]
    snapshot = random_forecast(seed, items=3)
    return Snapshot(1, {**snapshot.tables, "Substitute": table_of(links, "Substitute")})


def test_accounts_of_items_that_stand_in_even_out() -> None:
    """One pass over the links settles every account: balanced, and at the cost of the plan."""
    used = 0
    for seed in SEEDS:
        plan = solved(with_links(seed))
        network, labels = plan.problem.network, labels_of(plan)
        flow = complete(plan.problem, labels, moved_units(plan.problem, plan.flow))
        used += int((flow[labels.block("replaced")] > 0).sum() > 1)
        assert not unmet(network, flow).any()
        assert plan.flow @ network.cost == flow @ network.cost
    assert used > 0


def test_a_pass_over_links_is_a_look_at_each() -> None:
    """What one link has settled the next ones find settled: at either of its ends."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        ends = rng.integers(0, 6, (12, 2))
        ends = ends[ends[:, 0] != ends[:, 1]]
        many = np.full(len(ends), 99)
        network = bare_network(ends[:, 0], ends[:, 1], many, 0 * many, rng.integers(-9, 10, 6))
        expected = np.zeros(len(ends), np.int64)
        for row, (tail, head) in enumerate(ends.tolist()):
            rest = unmet(network, expected)
            expected[row] = max(0, min(rest[tail], -rest[head]))
        flow = np.zeros(len(ends), np.int64)
        _settle(network, slice(0, len(ends)), flow)
        assert expected.tolist() == flow.tolist()


def test_a_purchase_for_the_places_behind_names_the_demand_of_each() -> None:
    """Bought where nobody asks, a line rests on every forecast of its item, each once."""
    seen = 0
    for seed in SEEDS:
        snapshot = random_forecast(seed, items=3)
        tables = dict(snapshot.tables)
        for name in ("DemandForecast", "DemandQuantile", "Backlog"):
            table = snapshot.table(name)
            tables[name] = table.take(np.flatnonzero(table["location"] != "hub"))
        plan = solved(Snapshot(1, tables))
        for line in decode(plan.problem, plan.snapshot, plan.flow):
            if line["kind"] == "purchase":
                names = [name for name in line["because"] if name.startswith("DemandForecast")]
                places = [f"DemandForecast/{line['item']}/{place}" for place in ("north", "south")]
                assert places == names
                seen += 1
    assert seen > 0


def with_lanes_named_backwards(snapshot: Snapshot) -> Snapshot:
    """The same lanes under names that sort the other way than the places that they leave."""
    lanes = snapshot.table("Lane")
    names = as_column(f"lane-{9 - row}" for row in range(len(lanes)))
    renamed = Table("Lane", {**lanes.columns, "id": names})
    return Snapshot(1, {**snapshot.tables, "Lane": renamed.sorted()})


def held_one_by_one(plan: Solved) -> dict[int, list[tuple[int, int, str]]]:
    """Per pair, what a unit held by a floor would save there: place by place, move by move."""
    problem, labels = plan.problem, labels_of(plan)
    network, days = problem.network, plan.window.periods + 1
    reduced = (
        labels.move_cost + plan.potentials[labels.move_tail] - plan.potentials[labels.move_head]
    )
    found: dict[int, list[tuple[int, int, str]]] = {}
    keep = labels.block("keep")
    held = _held_by_floors(problem, labels, plan.flow, plan.potentials)
    for origin, (dearest, rule) in held.items():
        lots = network.tail[keep][network.head[keep] == origin * days].tolist()
        ages = {} if labels.ages is None else labels.ages.home
        lots += [node for node, pair in ages.items() if pair == origin]
        for row in range(len(problem.movements)):
            head = int(labels.move_head[row])
            gain = dearest - int(reduced[row])
            if labels.move_tail[row] in lots and head < len(labels.pairs) * days and gain > 0:
                assert labels.move_fit[row]
                found.setdefault(head // days, []).append((head % days, gain, rule))
    return found


def test_units_that_floors_hold_are_found_with_what_they_would_save() -> None:
    """The same gains in the same order: of equal ones the first is the reason that is given."""
    several = 0
    for seed in SEEDS:
        snapshot = with_lanes_named_backwards(random_forecast(seed, items=3))
        opening = labels_of(solved(snapshot)).opening
        rng = np.random.default_rng(seed)
        floors = {f"urn:floor:{n}": opening * rng.integers(0, 5, len(opening)) // 4
                  for n in range(2)}  # fmt: skip
        plan = solved(snapshot, Closures(floors=floors))
        gains = _closed_gains(plan.problem, labels_of(plan), plan.flow, plan.potentials)
        assert held_one_by_one(plan) == {
            pair: [gain for gain in of_pair if str(gain[2]).startswith("urn:floor:")]
            for pair, of_pair in gains.items()
        }
        several += max(map(len, gains.values()), default=0) > 1
    assert several > 0
