"""Lots that expire in the window: where their units may still be sold, and what is lost of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.objectives import LANDED
from solver.model.carry_arcs import Arcs, kept_kind
from solver.model.carry_labels import Ages, BoolArray, CarryLabels, most_asked
from solver.model.carry_layout import Layout
from solver.model.coming import Coming, ComingLoss
from solver.model.movements import arrivals
from solver.model.outlets import Chances, first_landings, reach_of
from solver.model.risk import stated_days
from solver.model.waste import MILLION, Outlet, Part, cheapest_first, first_units, spread
from solver.model.weighing import Weighed, weighed
from solver.network.columns import ArcKind, IntArray
from solver.network.names import hash_names, hash_numbers, mixed
from solver.network.scaling import MICROS_PER_CENT, half_up

MOST_DISPOSAL_MICROS = 10**13
HERE = -1
"""The age of units that are meant for the place where their lot lies."""


@dataclass(frozen=True)
class _Arc:
    """An arc of a lot: to an age or HERE, or out; micros and chance of one unit on it.

    `moved_later`: its units are sold in time only if they are moved on a later day.
    """

    lot: int
    age: int
    first: int
    width: int
    loss: int
    way: int
    plain: int
    lost_millionths: int
    out: bool = False
    moved_later: bool = False


@dataclass(frozen=True)
class AgeArcs:
    """All arcs of lots that expire in the window, by lot; then those of units that leave later."""

    layout: Layout
    arcs: tuple[_Arc, ...]
    later: tuple[_Arc, ...]
    coming: tuple[ComingLoss, ...] = ()

    @cached_property
    def ages(self) -> Ages:
        """What they stand for."""
        layout, every = self.layout, [*self.arcs, *self.later]
        columns = {
            name: np.array([getattr(arc, name) for arc in every], np.int64)
            for name in ("lot", "loss", "way", "plain", "lost_millionths")
        }
        later = [False] * len(self.arcs) + [True] * len(self.later)
        stays = np.array([(arc.age == HERE and not arc.out) or late
                          for arc, late in zip(every, later, strict=True)], np.bool_)  # fmt: skip
        pair = layout.pair_rows(layout.lots["item"], layout.lots["location"])
        sure = np.zeros(len(layout.pairs), np.int64)
        for arc in self.arcs:
            sure[pair[arc.lot]] += arc.width if arc.out else 0
        nodes = {layout.first["lots"] + lot: lot for lot in layout.ageing.tolist()}
        nodes |= {layout.first["ages"] + n: lot for n, (lot, _) in enumerate(layout.ages)}
        home = {node: int(pair[lot]) for node, lot in nodes.items()}
        moved_later = np.array([arc.moved_later for arc in every], np.bool_)
        return Ages(columns["lot"], columns["loss"] + columns["way"], columns["plain"],
                    columns["lost_millionths"], columns["loss"], stays, sure, home,
                    nodes, moved_later, self.coming)  # fmt: skip


def ages_in(
    snapshot: Snapshot, layout: Layout, labels: CarryLabels, movements: Table, parts: Weighed,
    is_open: BoolArray, coming: Sequence[Coming] = (),
) -> AgeArcs:  # fmt: skip
    """The arcs of every lot that expires in the window and serves where it lies.

    A unit is meant for a place, its own or one that can be reached in time, and is lost there with
    the chance that demand never comes to it, whether it leaves today or later; leaving later adds
    what a day's delay loses on average. Where a lot can go nowhere else, units that no demand can
    reach leave the network, held until they expire: they are lost whatever is done, and serve
    nobody. Other units that are sure to be lost stay with the rest, and cost as much. Customers are
    shared out: lots promise their best shares first expired first, each behind those before it;
    what more of a lot may go some way is behind all of these: no two units count on the same.
    """
    chances = _chances(snapshot, layout, labels, movements, parts, is_open)
    worth = _worth(snapshot, layout)
    paid = weighed(worth, parts.weights.of(LANDED))
    numbers: dict[int, dict[int, int]] = {}
    for number, (lot, pair) in enumerate(layout.ages):
        numbers.setdefault(lot, {})[pair] = number
    shares = {lot: _Shares(lot, numbers.get(lot, {}), {}) for lot in chances.in_turn()}
    later: list[_Arc] = []
    losses: list[ComingLoss] = []
    waiting = sorted(coming, key=lambda each: (each.last, each))
    for lot, share in shares.items():
        while waiting and waiting[0].last < int(layout.last_day[lot]):
            losses.append(_lost_of_coming(chances, waiting.pop(0), paid, worth))
        own = spread(chances.outlets(lot, set(share.hops)), int(worth[chances.home(lot)]))
        prices = (int(paid[chances.home(lot)]), int(worth[chances.home(lot)]))
        later += [_later(chances, lot, to, number, prices) for to, number in share.hops.items()]
        share.add(chances, own, chances.units(lot))
    losses += [_lost_of_coming(chances, each, paid, worth) for each in waiting]
    chances = replace(chances, shared_out=True)
    for lot, share in shares.items():
        for age, outlets in share.by_age(chances.outlets(lot, set(share.hops))).items():
            more = spread(outlets, int(worth[chances.home(lot)]))
            share.add(chances, more, chances.units(lot) - share.count(age))
    found: list[_Arc] = []
    for lot in layout.ageing.tolist():
        prices = (int(paid[chances.home(lot)]), int(worth[chances.home(lot)]))
        found += _of_lot(chances, shares[lot], prices, (labels.holding, parts.holding))
    return AgeArcs(layout, tuple(found), tuple(sorted(later, key=lambda arc: arc.age)),
                   tuple(sorted(losses, key=lambda loss: loss.coming)))  # fmt: skip


def _lost_of_coming(
    chances: Chances, coming: Coming, paid: IntArray, worth: IntArray
) -> ComingLoss:
    """What goods that come lose where they land, which nobody decides; the rest is promised."""
    price, plain = int(paid[coming.pair]), int(worth[coming.pair])
    parts = first_units(spread(chances.of_coming(coming), plain), coming.units)
    chances.promise_until(coming.last, parts)
    sure = coming.units - sum(part.width for part in parts)
    lost, cost, worthwhile = sure * MILLION, sure * price, sure * plain
    for part in parts:
        lost += part.width * part.chance_per_million
        cost += part.width * part.loss(price)
        worthwhile += part.width * part.loss(plain)
    return ComingLoss(coming, lost, cost, worthwhile)


def _chances(
    snapshot: Snapshot, layout: Layout, labels: CarryLabels, movements: Table, parts: Weighed,
    is_open: BoolArray,
) -> Chances:  # fmt: skip
    reach, life = reach_of(layout, movements, parts, is_open), _least_life(snapshot, layout)
    asks = most_asked(labels.curves) > 0
    if layout.window.is_forecast:
        return Chances(layout, labels, reach, asks, life)
    days = stated_days(snapshot, layout.window, layout.pairs)
    columns = (column.tolist() for column in arrivals(snapshot, layout.window, layout.pairs))
    under_way = list(zip(*columns, strict=True))
    first = first_landings(layout, labels, movements, is_open)
    return Chances(layout, labels, reach, asks, life, days, first, under_way)


@dataclass(frozen=True)
class _Shares:
    """The units of a lot that may be sold, by age (or HERE); `hops` are the ages of next places."""

    lot: int
    hops: dict[int, int]
    parts: dict[int, list[Part]]

    def add(self, chances: Chances, parts: list[Part], most: int) -> None:
        """Promises the first units of these parts."""
        kept = first_units(parts, most)
        chances.promise(self.lot, kept)
        for part in kept:
            self.parts.setdefault(self.hops.get(part.outlet.name, HERE), []).append(part)

    def count(self, age: int) -> int:
        """Units that are promised by way of an age."""
        return sum(part.width for part in self.parts.get(age, ()))

    def by_age(self, outlets: list[Outlet]) -> dict[int, list[Outlet]]:
        """The outlets by age."""
        found: dict[int, list[Outlet]] = {}
        for outlet in outlets:
            found.setdefault(self.hops.get(outlet.name, HERE), []).append(outlet)
        return found


def _of_lot(
    chances: Chances, share: _Shares, prices: tuple[int, int], rates: tuple[IntArray, IntArray]
) -> Iterator[_Arc]:
    """The arcs that leave a lot, those to one age together, cheapest first; then what is lost."""
    paid, worth = prices
    lot, hops, pair = share.lot, share.hops, chances.home(share.lot)
    for age in (HERE, *hops.values()):
        first, left = 1, chances.units(lot)
        for part in cheapest_first(share.parts.get(age, []), worth):
            loss = part.loss(paid)
            way, plain = (part.outlet.way, part.outlet.plain_way) if age == HERE else (0, 0)
            onward = part.outlet.place != (pair if age == HERE else part.outlet.name)
            yield _Arc(lot, age, first, part.width, loss, way, part.loss(worth) + plain,
                       part.chance_per_million, moved_later=onward)  # fmt: skip
            first, left = first + part.width, left - part.width
        if left and (hops or age != HERE):
            yield _Arc(lot, age, first, left, paid, 0, worth, MILLION)
        elif left:
            days = int(chances.layout.last_day[lot]) + 1
            held, plain = (int(rate[pair]) * days for rate in rates)
            yield _Arc(lot, age, first, left, paid, held, worth + plain, MILLION, out=True)


def _later(chances: Chances, lot: int, to: int, number: int, prices: tuple[int, int]) -> _Arc:
    """The arc of units that are meant for another place and do not leave on the first day."""
    units = chances.units(lot)
    now, then = (
        first_units(spread(chances.by_way_of(lot, to, leaves), prices[1]), units)
        for leaves in (0, 1)
    )
    count = sum(part.width for part in now)
    lost = _lost_of(then, count) - _lost_of(now, count)
    share = max(Fraction(0), lost) / max(1, count)
    loss, plain = (half_up(share.numerator * price, share.denominator) for price in prices)
    way, plain_way = chances.way(lot, to)
    lost_millionths = half_up(share.numerator * MILLION, share.denominator)
    return _Arc(lot, number, 1, units, loss, way, plain + plain_way, lost_millionths,
                moved_later=True)  # fmt: skip


def _lost_of(parts: list[Part], units: int) -> Fraction:
    """Expected units lost of so many: those beyond all parts are lost for sure."""
    within = first_units(parts, units)
    beyond = units - sum(part.width for part in within)
    return sum((part.chance * part.width for part in within), Fraction(beyond))


def add_ages(arcs: Arcs, layout: Layout, found: AgeArcs, ranks: IntArray) -> None:
    """The arcs of lots that expire in the window, and of their units that leave later."""
    pair = layout.pair_rows(layout.lots["item"], layout.lots["location"])
    here, names = pair * layout.days, hash_names(layout.lots.keys)
    sinks = layout.sink(layout.lots["item"])
    for name, rows in (("age", found.arcs), ("later", found.later)):
        lot, age, first, width, out = (
            np.array([getattr(arc, field) for arc in rows], np.int64)
            for field in ("lot", "age", "first", "width", "out")
        )
        meant = hash_names(
            None if arc.age == HERE else layout.pairs[layout.ages[arc.age][1]][1] for arc in rows
        )
        to = np.where(age == HERE, here[lot], layout.first["ages"] + age)
        late = name == "later"
        stays = (age == HERE) & (out == 0) | late
        arcs.add(
            name, ArcKind.OTHER,
            mixed(hash_names([name]), names[lot], meant, hash_numbers(first)),
            tail=layout.first["ages"] + age if late else layout.first["lots"] + lot,
            head=here[lot] if late else np.where(out == 1, sinks[lot], to),
            lower=np.where(out == 1, width, 0), capacity=width,
            cost=np.array([arc.loss + arc.way for arc in rows], np.int64),
            **kept_kind(np.where(stays, ranks[lot], 0)),
        )  # fmt: skip


def sent_from(layout: Layout, tail: IntArray, movements: Table) -> IntArray:
    """The tails of movements, at the age where the lot expires in the window."""
    if not layout.ages:
        return tail
    number = {age: layout.first["ages"] + row for row, age in enumerate(layout.ages)}
    lot = tail - layout.first["lots"]
    from_lot = (lot >= 0) & (lot < len(layout.lots)) & (movements["kind"] == "transfer")
    found = tail.copy()
    for row in np.flatnonzero(from_lot).tolist():
        pair = layout.place[movements["item"][row], movements["destination"][row]]
        found[row] = number.get((int(lot[row]), pair), tail[row])
    return found


def freshness(layout: Layout) -> IntArray:
    """Per lot, its rank among the item's, 1 for the first to expire; 0 where none expires soon."""
    names = layout.lots["item"]
    rank = np.zeros(len(names), np.int64)
    for item in sorted(set(names[layout.ageing])):
        rows = np.flatnonzero(names == item)
        ends = layout.lots["expires_on"][rows].astype("datetime64[D]")
        rank[rows] = 1 + np.unique(ends, return_inverse=True)[1].reshape(-1)
    return rank


def _least_life(snapshot: Snapshot, layout: Layout) -> IntArray:
    """Per pair, the days of life that the item must have left where it arrives: at least one.

    What lands on the last day on which it may be sold is not counted on, whatever a rule says.
    """
    items = snapshot.table("Item")
    stated = zip(items["id"], items["minimum_remaining_life_days"].tolist(), strict=True)
    least = {item: max(1, days) for item, days in stated}
    return np.array([least.get(item, 1) for item, _ in layout.pairs], np.int64)


def _worth(snapshot: Snapshot, layout: Layout) -> IntArray:
    """Micros that a lost unit costs, per pair: its value, and what it costs to be rid of it.

    An item without a value is worth its lowest price, or nothing where none is stated.
    """
    items, offers = snapshot.table("Item"), snapshot.table("Offer")
    disposal = snapshot.table("DisposalCost")
    costs = disposal["cost_per_unit_micros"]
    wrong = (costs < 0) | (costs > MOST_DISPOSAL_MICROS)
    if wrong.any():
        raise InputError(
            f"the disposal cost of item `{disposal['item'][wrong].min()}` is out of range",
            code="BAD_COST", hint=f"state 0 to {MOST_DISPOSAL_MICROS:,} micros",
        )  # fmt: skip
    lowest: dict[str, int] = {}
    for item, micros in zip(offers["item"], offers["price_micros"].tolist(), strict=True):
        lowest[item] = min(micros, lowest.get(item, micros))
    stated = zip(items["id"], items["value_cents"].tolist(), strict=True)
    value = lowest | {item: cents * MICROS_PER_CENT for item, cents in stated if cents != MISSING}
    paid = dict(zip(disposal["item"], costs.tolist(), strict=True))
    worth = [max(0, value.get(item, 0)) + paid.get(item, 0) for item in layout.items]
    found: IntArray = np.array(worth, np.int64)[layout.item_of_pair]
    return found
