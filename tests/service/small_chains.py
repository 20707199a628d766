"""Small random supply chains, and a naive search that says what a failure does to them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from ontology.columns import Snapshot, table_of
from ontology.demand import DemandForecast, PurchaseOrder
from ontology.failures import Subject
from ontology.goods import Component, Item, Production, Substitute
from ontology.partners import Contract, Offer, Supplier, UpstreamSupply
from ontology.places import Location
from ontology.stock import StockPosition
from ontology.transport import Lane, Shipment

MONDAY = date(2026, 3, 2)
ITEMS, PLACES, SUPPLIERS = "ABCD", ("p0", "p1", "p2", "p3"), ("s0", "s1", "s2", "s3")
REGIONS = {"p0": "north", "p1": "north", "p2": "south", "p3": "south"}


def snapshot_of(records: Iterable[Any]) -> Snapshot:
    """The snapshot of some facts."""
    by_class: dict[str, list[Any]] = {}
    for record in records:
        by_class.setdefault(type(record).__name__, []).append(record)
    return Snapshot(1, {name: table_of(rows, name).sorted() for name, rows in by_class.items()})


def forecast(item: str, place: str, millionths: int = 1_000_000) -> DemandForecast:
    """Demand of an item at a place."""
    return DemandForecast(item, place, "m", MONDAY, MONDAY, MONDAY, millionths, 10)


def random_chain(random: Random) -> list[Any]:
    """Facts of every class that a question of impact reads; nothing is drawn twice."""
    some = lambda rows, share: [row for row in rows if random.random() < share]  # noqa: E731
    handling = ("", "ambient", "cold")
    pairs = [(item, place) for item in ITEMS for place in PLACES]
    records: list[Any] = [
        Item(item, handling_class=random.choice(handling), value_cents=random.choice([None, 250]),
             weight_micrograms=10**9, is_protected=random.random() < 0.1) for item in ITEMS
    ]  # fmt: skip
    records += [Location(p, region=REGIONS[p]) for p in PLACES]
    records += [Supplier(s, status="blocked" if random.random() < 0.1 else "approved")
                for s in SUPPLIERS]  # fmt: skip
    records += [Contract("c0", "s0"), Contract("c1", "s1", ends_on=MONDAY - timedelta(1))]
    records += [
        Offer(s, item, p, random.randint(1, 9) * 1000, lead_time_days=random.randint(0, 4),
              contract={"s0": "c0", "s1": "c1"}.get(s) if random.random() < 0.4 else None)
        for s in SUPPLIERS for item, p in some(pairs, 0.12)
    ]  # fmt: skip
    ways = [(a, b) for a in PLACES for b in PLACES if a != b]
    records += [
        Lane(f"l{row}", a, b, lead_time_days=random.randint(0, 3),
             cost_per_unit_micros=random.randint(0, 3) * 1000,
             cost_per_kilogram_micros=random.choice([0, 500]),
             allowed_handling_classes=random.choice([(), ("cold",)]),
             status=random.choice(["open", "open", "open", "closed"]))
        for row, (a, b) in enumerate(some(ways, 0.35))
    ]  # fmt: skip
    tiers = [(s, u, i) for s in SUPPLIERS for u in SUPPLIERS for i in ITEMS if s != u]
    records += [UpstreamSupply(*row) for row in some(tiers, 0.08)]
    parts = [(whole, part) for whole in ITEMS for part in ITEMS if whole < part]
    records += [Component(*row, random.randint(1, 3), 2) for row in some(parts, 0.25)]
    records += [Production(p, item) for item, p in some(pairs, 0.08)]
    records += [forecast(i, p, random.choice([1, 700_000, 2_000_001])) for i, p in some(pairs, 0.6)]
    records += [StockPosition(i, p, on_hand_units=random.randint(0, 6))
                for i, p in some(pairs, 0.5)]  # fmt: skip
    records += [
        Shipment(f"h{row}", i, p, random.randint(1, 4), MONDAY + timedelta(random.randint(-1, 5)),
                 lane=random.choice([None, "l0"])) for row, (i, p) in enumerate(some(pairs, 0.15))
    ]  # fmt: skip
    records += [
        PurchaseOrder(f"o{row}", random.choice(SUPPLIERS), i, p, random.randint(1, 4), MONDAY,
                      MONDAY + timedelta(random.randint(0, 5)))
        for row, (i, p) in enumerate(some(pairs, 0.15))
    ]  # fmt: skip
    records += [Substitute(*row) for row in some([("A", "B"), ("C", "A")], 0.5)]
    return records


@dataclass(frozen=True)
class Found:
    """What the naive search says of one pair after the failures."""

    state: str
    lost: int
    left: int
    extra_cost: int | None
    extra_days: int | None
    days: int | None


Root = tuple[str, str, str]
Way = tuple[int, int]


class Naive:
    """One chain with some failures, searched goal by goal without any table or matrix."""

    def __init__(self, records: Sequence[Any], failures: Sequence[Subject] = ()) -> None:
        self._all = records
        self._failed = {str(failure) for failure in failures}

    def _of(self, kind: type) -> list[Any]:
        return [record for record in self._all if type(record) is kind]

    def is_down(self, place: str) -> bool:
        """Whether a place fails, itself or with its region."""
        return not {f"location:{place}", f"region:{REGIONS[place]}"}.isdisjoint(self._failed)

    def _parts(self, item: str) -> list[str]:
        return [line.component for line in self._of(Component) if line.item == item]

    def _deals_in_parts(self, supplier: str, item: str) -> bool:
        links = {(row.supplier, row.item) for row in self._of(UpstreamSupply)}
        return any((supplier, part) in links or self._deals_in_parts(supplier, part)
                   for part in self._parts(item))  # fmt: skip

    def has(self, supplier: str, item: str, open_goals: frozenset[Any] = frozenset()) -> bool:
        """A supplier has an item: a minimal proof meets no goal twice on one branch."""
        goal = (supplier, item)
        if goal in open_goals or f"supplier:{supplier}" in self._failed:
            return False
        inner = open_goals | {goal}
        links = [r for r in self._of(UpstreamSupply) if (r.supplier, r.item) == goal]
        makes = self._deals_in_parts(supplier, item)
        bought = any(self.has(link.upstream, item, inner) for link in links)
        made = makes and all(self.has(supplier, part, inner) for part in self._parts(item))
        return bought or made or not (links or makes)

    def roots(self, item: str, place: str, open_goals: frozenset[Any] = frozenset()) -> set[Root]:
        """The offers and productions from which an item gets to a place."""
        if (item, place) in open_goals:
            return set()
        inner, found = open_goals | {(item, place)}, set()
        for origin in PLACES:
            if not list(self._paths(item, origin, place)):
                continue
            found |= {("offer", o.supplier, origin) for o in self.offers(item, origin)}
            if self._makes(item, origin):
                parts = self._parts(item)
                if all(self.roots(part, origin, inner) for part in parts):
                    found.add(("made", "", origin))
        return found

    def offers(self, item: str, place: str) -> list[Offer]:
        """The living offers of an item to a place."""
        approved = {s.id for s in self._of(Supplier) if s.status == "approved"}
        running = {c.id for c in self._of(Contract) if c.ends_on is None or c.ends_on >= MONDAY}
        return [
            o for o in self._of(Offer)
            if (o.item, o.location) == (item, place) and o.supplier in approved
            and (o.contract is None or o.contract in running)
            and f"contract:{o.contract}" not in self._failed and not self.is_down(place)
            and self.has(o.supplier, item)
        ]  # fmt: skip

    def _makes(self, item: str, place: str) -> bool:
        stated = {(p.item, p.location) for p in self._of(Production)}
        anywhere = item not in {i for i, _ in stated} | {o.item for o in self._of(Offer)}
        makes = (item, place) in stated or (anywhere and bool(self._parts(item)))
        return makes and not self.is_down(place)

    def _paths(self, item: str, start: str, end: str) -> Iterator[list[Lane]]:
        """Every simple way over living lanes."""
        good = next(record for record in self._of(Item) if record.id == item)
        stack: list[tuple[str, list[Lane]]] = [] if self.is_down(start) else [(start, [])]
        while stack:
            at, lanes = stack.pop()
            if at == end:
                yield lanes
                continue
            for lane in self._of(Lane):
                seen = {start, *(gone.destination for gone in lanes)}
                fits = good.handling_class in ("", "ambient", *lane.allowed_handling_classes)
                if (
                    lane.origin == at and lane.destination not in seen and lane.status == "open"
                    and fits and not good.is_protected and f"lane:{lane.id}" not in self._failed
                    and not self.is_down(lane.destination)
                ):  # fmt: skip
                    stack.append((lane.destination, [*lanes, lane]))

    def best(self, item: str, place: str) -> Way | None:
        """Cost and days of the cheapest way of all, by trying each."""
        ways: list[Way] = []
        for origin in PLACES:
            starts = [(o.price_micros, o.lead_time_days) for o in self.offers(item, origin)]
            if self._makes(item, origin):
                lines = [c for c in self._of(Component) if c.item == item]
                parts = [(c, self.best(c.component, origin)) for c in lines]
                if all(way is not None for _, way in parts):
                    cost = sum((2 * way[0] * c.numerator + c.denominator) // (2 * c.denominator)
                               for c, way in parts if way)  # fmt: skip
                    starts.append((cost, max((way[1] for _, way in parts if way), default=0)))
            for cost, days in starts:
                for lanes in self._paths(item, origin, place):
                    carriage = sum(x.cost_per_unit_micros + x.cost_per_kilogram_micros
                                   for x in lanes)  # fmt: skip
                    ways.append((cost + carriage, days + sum(x.lead_time_days for x in lanes)))
        return min(ways, default=None)

    def arriving(self, item: str, place: str) -> list[tuple[int, int]]:
        """Day and units of all that still comes to a place."""
        shut = f"lane:l0" in self._failed and any(  # noqa: F541
            lane.id == "l0" and lane.status == "open" for lane in self._of(Lane)
        )
        found = [
            (max(0, (h.arrives_on - MONDAY).days), h.quantity_units) for h in self._of(Shipment)
            if (h.item, h.destination) == (item, place) and not (shut and h.lane == "l0")
        ]  # fmt: skip
        for order in self._of(PurchaseOrder):
            ended = [o for o in self._of(Offer)
                     if (o.supplier, o.item, o.location) == (order.supplier, item, place)
                     and f"contract:{o.contract}" in self._failed]  # fmt: skip
            here = (order.item, order.location) == (item, place)
            if here and not ended and self.has(order.supplier, item):
                found.append(((order.due_on - MONDAY).days, order.quantity_units))
        return [] if self.is_down(place) else found

    def stock(self, item: str, place: str) -> int:
        """What lies at a place that is not down."""
        rows = [s for s in self._of(StockPosition) if (s.item, s.location) == (item, place)]
        return 0 if self.is_down(place) else sum(row.on_hand_units for row in rows)

    def days(self, item: str, place: str, millionths: int) -> int:
        """Day after day until demand is not met."""
        left, rate = Fraction(self.stock(item, place)), Fraction(millionths, 1_000_000)
        coming, day = self.arriving(item, place), 0
        last = max((on for on, _ in coming), default=0)
        while True:
            left += sum(units for on, units in coming if on == day)
            if left < rate:
                return day
            if day > last:
                return day + int(left / rate)
            left, day = left - rate, day + 1

    def reserves(self, item: str, place: str) -> int:
        """Units that lie here, can still get here, or still arrive."""
        arriving = sum(units for _, units in self.arriving(item, place))
        return self.stock(item, place) + self.upstream(item, place) + arriving

    def upstream(self, item: str, place: str) -> int:
        """Units elsewhere that can still get here."""
        return sum(self.stock(item, other) for other in PLACES
                   if other != place and list(self._paths(item, other, place)))  # fmt: skip


def brute_force(
    records: Sequence[Any], failures: Sequence[Subject]
) -> dict[tuple[str, str], Found]:
    """Every demanded pair that loses a root or its best way; bare ones that lose stock, too."""
    before, after = Naive(records), Naive(records, failures)
    found = {}
    for row in [r for r in records if isinstance(r, DemandForecast)]:
        item, place = row.item, row.location
        had, has = before.roots(item, place), after.roots(item, place)
        was, now = before.best(item, place), after.best(item, place)
        rest = after.reserves(item, place)
        worse = had != has or was != now if had else rest < before.reserves(item, place)
        if not worse and not after.is_down(place):
            continue
        days = after.days(item, place, row.mean_per_day_millionths)
        state = "still served" if has else "weakened" if rest else "cut off"
        extra = None if was is None or now is None else (now[0] - was[0], now[1] - was[1])
        if now is not None and (now == was or days >= now[1]):
            days = None
        found[item, place] = Found(
            state, len(had - has), len(has), extra and extra[0], extra and extra[1], days
        )
    return found
