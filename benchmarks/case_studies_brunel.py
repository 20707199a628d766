"""Brunel's day: capacity, freight bands, eligibility and managed customers; who holds the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table
from rules.release import Release, default_release
from service.decision import Draft, PlanRequest
from service.planning import draft_plan
from service.price import price_of_rule, rules_that_act
from solver.explain.alternatives import one_more_place
from solver.explain.flips import Margins
from solver.model.assignment_network import AssignmentLabels
from solver.network.names import ABSENT

TENTH = 10
"""Relaxed for real: a tenth more places at one location, rounded up."""

REQUEST = PlanRequest("brunel")


@dataclass(frozen=True)
class Served:
    """How many orders a plan serves, for how many cents, and the gap in cost units."""

    orders: int
    cents: int
    gap: int


@dataclass(frozen=True)
class Cut:
    """Orders that can go nowhere but to some full locations: orders - places = short.

    `held` are the unserved orders whose smallest cut this is. Cuts may hold each other.
    """

    locations: tuple[str, ...]
    orders: int
    places: int
    short: int
    held: int


@dataclass(frozen=True)
class Place:
    """A location: its places, how many are taken, and what one more, or a tenth more, is worth.

    One more place serves `more_orders` (0 or 1) orders and changes the plan's cents by
    `more_cents`, from the residual network; a tenth more places is planned anew (`relaxed`).
    """

    location: str
    places: int
    taken: int
    more_orders: int
    more_cents: int
    added: int
    relaxed: Served | None


@dataclass(frozen=True)
class BrunelStudy:
    """The day as planned, and everything that was asked of it.

    `closed_by` counts, per rule, the pairs of order and location that it closes, `named` the
    unserved orders that each rule alone keeps from being served, one order at a time; `without` is
    orders and cents of the plan without one rule; `as_done` is what the record says was done.
    """

    orders: int
    pairs: int
    open_pairs: int
    all_places: int
    free_places: int
    plan: Served
    penalty_cents: int
    kinds: dict[str, int]
    cuts: tuple[Cut, ...]
    places: tuple[Place, ...]
    closed_by: dict[str, int]
    named: dict[str, int]
    without: dict[str, tuple[int, int]]
    freight: dict[str, int]
    freight_cents: int
    as_done: dict[str, Any]


def study(snapshot: Snapshot, *, relax: bool = True) -> BrunelStudy:
    """Plan the day, and relax each full location and each rule that acts, one at a time."""
    release = default_release()
    draft = draft_plan(snapshot, release, REQUEST)
    labels = draft.problem.labels
    assert isinstance(labels, AssignmentLabels)
    without = {}
    for rule in rules_that_act(draft, release) if relax else ():
        if draft.decision["suppressed"]["by_rule"].get(rule):
            price = price_of_rule(draft, snapshot, release, rule, REQUEST)
            found = price.comparison_without["plan"]
            without[_short(rule)] = (found["orders_served"], found["cost_cents"])
    shortfalls, compared = draft.decision["shortfalls"], draft.decision["comparison"]
    return BrunelStudy(
        len(labels.orders), labels.open_arcs.size, int(labels.open_arcs.sum()),
        int(labels.capacity.sum()), int(labels.capacity.sum()) - compared["plan"]["orders_served"],
        served(draft),
        labels.penalty, dict(sorted(Counter(row["kind"] for row in shortfalls).items())),
        cuts_of(shortfalls), places_of(snapshot, release, draft, labels, relax=relax),
        {_short(rule): count for rule, count in draft.decision["suppressed"]["by_rule"].items()},
        dict(sorted(Counter(_short(row["rule"]) for row in shortfalls if row["rule"]).items())),
        without, freight_of_plan(draft, labels), compared["plan"]["freight_cents"],
        compared["as_done"],
    )  # fmt: skip


def served(draft: Draft) -> Served:
    """The orders and cents of a plan."""
    plan = draft.decision["comparison"]["plan"]
    return Served(plan["orders_served"], plan["cost_cents"], draft.claims.gap)


def cuts_of(shortfalls: Sequence[dict[str, object]]) -> tuple[Cut, ...]:
    """The distinct cuts of the unserved orders, those that hold most first."""
    held: Counter[tuple[tuple[str, ...], int, int, int]] = Counter()
    for row in shortfalls:
        cut = row["cut"]
        assert isinstance(cut, dict)
        held[tuple(cut["locations"]), cut["orders"], cut["capacity"], cut["short"]] += 1
    return tuple(Cut(*cut, count) for cut, count in held.most_common())


def places_of(
    snapshot: Snapshot, release: Release, draft: Draft, labels: AssignmentLabels, *, relax: bool
) -> tuple[Place, ...]:
    """Every full location: what one more place is worth, and what a tenth more brings."""
    taken = labels.served_by(draft.flow)
    used = np.bincount(taken[taken != ABSENT], minlength=len(labels.locations)).tolist()
    margins = Margins(draft.problem.network, draft.flow, draft.potentials)
    found = []
    for number, location in enumerate(labels.locations):
        places = int(labels.capacity[number])
        if used[number] < places:
            continue
        change = one_more_place(draft.problem, margins, number).cost
        more = int(-change > labels.penalty // 2)
        added = -(-places // TENTH)
        relaxed = None
        if relax:
            relaxed = served(draft_plan(with_places(snapshot, location, added), release, REQUEST))
        found.append(Place(location, places, used[number], more, change + more * labels.penalty,
                           added, relaxed))  # fmt: skip
    return tuple(found)


def with_places(snapshot: Snapshot, location: str, more: int) -> Snapshot:
    """The facts with so many more places for orders at one location."""
    table = snapshot.table("SharedResource")
    capacity = table["capacity_per_day"].copy()
    capacity[(table["location"] == location) & (table["measure"] == "orders")] += more
    changed = Table(table.name, {**table.columns, "capacity_per_day": capacity})
    return replace(snapshot, tables={**snapshot.tables, "SharedResource": changed})


def freight_of_plan(draft: Draft, labels: AssignmentLabels) -> dict[str, int]:
    """How the freight of the served orders is charged: orders and cents by kind."""
    taken = labels.served_by(draft.flow)
    orders = np.flatnonzero(taken != ABSENT)
    rate = labels.freight.rate[orders, taken[orders]]
    cents = labels.freight.cents[orders, taken[orders]]
    rates = labels.freight.rates
    least = rates["minimum_charge_cents"][rate]
    kinds = {
        "paid by the customer": rate == ABSENT,
        "at a band's minimum charge": (rate != ABSENT) & (cents == least),
        "by weight at a band's rate": (rate != ABSENT) & (cents > least),
    }
    found = {name: int(rows.sum()) for name, rows in kinds.items()}
    bands = set(rate[rate != ABSENT].tolist())
    return found | {"rate rows used": len(bands), "rate rows": len(rates)}


def _short(rule: str) -> str:
    return rule.rsplit("/", 1)[-1]


def told(found: BrunelStudy) -> list[str]:
    """The study, line by line."""
    plan, done = found.plan, found.as_done
    lines = [
        f"{found.orders:,} orders; {found.open_pairs:,} of {found.pairs:,} pairs of order and "
        f"location are open; closed by rule: "
        + ", ".join(f"{name} {count:,}" for name, count in found.closed_by.items()),
        f"plan: {plan.orders:,} served for {_money(plan.cents)}, gap {plan.gap}; unserved: "
        + ", ".join(f"{kind} {count:,}" for kind, count in found.kinds.items()),
        f"of it freight {_money(found.freight_cents)}; "
        + ", ".join(f"{name} {count:,}" for name, count in found.freight.items()),
        f"places: {found.all_places:,}, of which {found.free_places:,} stay free",
        (
            f"as done: {done['orders_served']:,} served, {done['orders_over_capacity']:,} of them "
            f"over the places of {done['locations_over_capacity']} locations, "
            f"{done['orders_without_rate']:,} at no known rate, the others for "
            f"{_money(done['cost_cents'])}"
        ),
        "cuts (locations: orders that can go nowhere else, places, short; held here first):",
    ]
    lines += [f"  {', '.join(cut.locations) or 'none'}: {cut.orders:,} - {cut.places:,} = "
              f"{cut.short:,}; {cut.held:,}" for cut in found.cuts]  # fmt: skip
    lines.append("full locations (places; one more place; a tenth more, planned anew):")
    for place in found.places:
        line = (f"  {place.location}: {place.places:,}; {place.more_orders:+d} order, "
                f"{_money(place.more_cents)}")  # fmt: skip
        if place.relaxed is not None:
            line += (f"; {place.added:+,} places: {place.relaxed.orders - plan.orders:+,} orders, "
                     f"{_money(place.relaxed.cents - plan.cents)}")  # fmt: skip
        lines.append(line)
    named = ", ".join(f"{name} {count:,}" for name, count in found.named.items())
    lines.append(f"unserved orders that one rule less would let through, each by itself: {named}")
    lines += [f"without {name}: {orders:,} served ({orders - plan.orders:+,}) for "
              f"{_money(cents)} ({_money(cents - plan.cents)})"
              for name, (orders, cents) in found.without.items()]  # fmt: skip
    return lines


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02}"
