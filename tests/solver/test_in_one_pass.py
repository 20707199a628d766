"""What is worked out for all items in one pass is what looking at each one again gives."""

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, table_of
from ontology.goods import Substitute
from solver.breaches import _closed_gains, _held_by_floors
from solver.carry_labels import CarryLabels
from solver.completion import complete
from solver.flow import unmet
from solver.lines import moved_units
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
        snapshot = random_forecast(seed, items=3)
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
