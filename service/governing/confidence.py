"""How far a decision can be trusted, in whole per mille: the least of four stated parts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.autonomy import LOW
from graph.artifacts import ArtifactStore
from graph.manifests import read_snapshot
from ontology.columns import Snapshot
from ontology.events import micros_of
from service.house import House
from service.recalled import recall
from service.stewardship.freshness import HOUR, Clock, clock_of
from solver.explain.alternatives import arc_of, row_of

Row = Mapping[str, Any]
WHOLE = 1000
"""Per mille: nothing speaks against the decision."""
HIGH = 800
"""Below LOW a person decides; from HIGH on it is called high."""
GAP_THAT_ENDS_IT = 10_000
"""Millionths of cost: a gap of 1 % leaves no confidence."""
FLIP_THAT_IS_SAFE = 100
"""Per mille of a line's unit cost: who has to be wrong by 10 % for the line to go is not asked."""
MOST_LINES = 200
MILLION = 10**6
LOWEST, MIDDLE, HIGHEST = 100_000, 500_000, 900_000
"""Of the stated quantiles those nearest to these probabilities (millionths) are looked at."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of confidence: its per mille, and what it was found from, in words.

    None: it says nothing of this plan, and does not count.
    """

    name: str
    per_mille: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """The least of the parts that count. `data_age_hours` is of the oldest fact with a budget."""

    parts: tuple[Part, ...]
    data_age_hours: int | None

    @property
    def per_mille(self) -> int:
        """0 where no part counts."""
        return min((part.per_mille for part in self.parts if part.per_mille is not None), default=0)

    @property
    def label(self) -> str:
        """`low`, `fair` or `high`."""
        return "low" if self.per_mille < LOW else "fair" if self.per_mille < HIGH else "high"

    @property
    def weakest(self) -> Part | None:
        """The part that decides."""
        counted = [part for part in self.parts if part.per_mille is not None]
        return min(counted, key=lambda part: part.per_mille or 0, default=None)


def confidence_of(house: House, document: Row, at: datetime | None = None) -> Confidence:
    """The confidence of a saved plan, when it was made or at a time.

    From the plan's own snapshot, certificate and release: the same plan and time give the same.
    Raises as reading its artifacts does.
    """
    when = at or datetime.fromisoformat(document["about"]["made_at"])
    snapshot = read_snapshot(house.store, document["about"]["artifacts"]["snapshot"])
    clock = clock_of(house, document["decision"]["chain"], snapshot, when)
    age, hours = data_age(document["decision"]["lines"], snapshot, clock)
    parts = (age, spread(document["decision"], snapshot), gap(document["decision"]),
             flip_distance(house.store, document))  # fmt: skip
    return Confidence(parts, hours)


def data_age(lines: list[Row], snapshot: Snapshot, clock: Clock) -> tuple[Part, int | None]:
    """1000 (2 budget - age) / (2 budget) of the fact for which that is least; 500 at its budget.

    Of the facts that lines stand on and for which a budget is stated; where none is, 0: nobody
    says how old they may be. Gives also the largest age in hours.
    """
    oldest, least, behind = None, WHOLE, ""
    for fact in sorted({fact for line in lines for fact in line["because"]}):
        found = _age(fact, snapshot, clock)
        if found is None:
            continue
        age, budget = found
        score = max(0, WHOLE * (2 * budget - age) // (2 * budget)) if budget else 0
        oldest = max(oldest or 0, age // HOUR)
        if score < least or not behind:
            least, behind = min(least, score), fact
    if oldest is None:
        return Part("data age", 0, "no source states how old its facts may be"), None
    return Part("data age", least, f"`{behind}` is nearest to its budget; the oldest fact is "
                f"{oldest:,} hours old"), oldest  # fmt: skip


def _age(fact: str, snapshot: Snapshot, clock: Clock) -> tuple[int, int] | None:
    """The age of a fact and its budget, in microseconds; None where it has none."""
    name, _, key = fact.partition("/")
    row = snapshot.table(name).row_of.get(key)
    if row is None or name not in snapshot.clocks:
        return None
    source = clock.heard.source_of.get(int(snapshot.addresses[name][row, 0]), "")
    hours, counted_from = clock.budget(source, name)
    if hours is None:
        return None
    since = int(snapshot.clocks[name][row, 0])
    if counted_from == "delivery" and source in clock.heard.last:
        since = micros_of(clock.heard.last[source])
    return max(0, micros_of(clock.at) - since), hours * HOUR


def spread(decision: Row, snapshot: Snapshot) -> Part:
    """1000 - 10 of the forecasts' half width in percent of their middle, by units of the lines.

    Half the central 80 % interval, or what comes nearest among the stated quantiles, on the last
    day that they speak of; at 100 % nothing is left. Firm orders are 1000.
    """
    if decision["regime"] != "risk":
        return Part("forecast spread", WHOLE, "the demand is firm orders")
    known = _half_widths(snapshot)
    weighed = [(int(line["quantity_units"]), known[pair]) for line in decision["lines"]
               if (pair := (line["item"], line.get("destination") or line.get("origin"))) in known
               ]  # fmt: skip
    units = sum(count for count, _ in weighed)
    if not units:
        if not decision["lines"]:
            return Part("forecast spread", None, "nothing is moved")
        return Part("forecast spread", 0, "no forecast is stated where the lines lead")
    percent = -(-sum(count * width for count, width in weighed) // units)
    return Part("forecast spread", max(0, WHOLE - 10 * percent),
                f"the forecasts of what is moved are within {percent} %")  # fmt: skip


def _half_widths(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """Half the width of the forecast of each item at each location, in percent of its middle."""
    table, curves = snapshot.table("DemandQuantile"), defaultdict(list)
    names = ("item", "location", "on", "probability_per_million", "quantity_units")
    for item, location, on, chance, units in zip(*(table[n].tolist() for n in names), strict=True):
        curves[item, location].append((on, chance, units))
    found = _stated_widths(snapshot)
    found |= {pair: _half_width(rows) for pair, rows in curves.items()}
    stated = snapshot.table("DemandForecast")
    columns = (stated[name].tolist() for name in ("item", "location", "uncertainty_percent"))
    return found | {(item, place): percent for item, place, percent in zip(*columns, strict=True)}


def _stated_widths(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """The same of demand whose outcomes are stated day by day; widths of days are added up."""
    table, days = snapshot.table("DemandOutcome"), defaultdict(list)
    names = ("item", "location", "on", "weight", "quantity_units")
    for item, location, on, weight, units in zip(*(table[n].tolist() for n in names), strict=True):
        days[item, location, on].append((units, weight))
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (item, location, _), outcomes in days.items():
        for place, wanted in enumerate((LOWEST, MIDDLE, HIGHEST)):
            sums[item, location][place] += _reached(sorted(outcomes), wanted)
    return {pair: _percent(*points) for pair, points in sums.items()}


def _reached(outcomes: list[tuple[int, int]], wanted: int) -> int:
    """The least of the outcomes (units, weight), in order, up to which so many millionths lie."""
    total, reached = sum(weight for _, weight in outcomes), 0
    for units, weight in outcomes:
        reached += weight
        if reached * MILLION >= wanted * total:
            return units
    return outcomes[-1][0]


def _percent(low: int, middle: int, high: int) -> int:
    return -(-100 * (high - low) // (2 * max(1, middle)))


def _half_width(rows: list[tuple[Any, int, int]]) -> int:
    last = max(on for on, _, _ in rows)
    curve = [(chance, units) for on, chance, units in rows if on == last]
    low, middle, high = (min(curve, key=lambda point: (abs(point[0] - wanted), point))[1]
                         for wanted in (LOWEST, MIDDLE, HIGHEST))  # fmt: skip
    return _percent(low, middle, high)


def gap(decision: Row) -> Part:
    """1000 - 1000 gap / 1 % of the cost: a plan that is proved optimal has 1000."""
    millionths = gap_per_million(decision)
    return Part("gap", max(0, WHOLE - WHOLE * millionths // GAP_THAT_ENDS_IT),
                f"a plan may exist that costs {millionths / 10_000:.2f} % less")  # fmt: skip


def gap_per_million(decision: Row) -> int:
    """The gap of a plan's certificate in millionths of its cost, rounded up."""
    proof = decision["certificate"]
    return -(-int(proof["gap"]) * MILLION // max(1, abs(int(proof["cost"]))))


def flip_distance(store: ArtifactStore, document: Row) -> Part:
    """1000 distance / 10 %, at most 1000 a line, in the mean of the lines by units.

    The distance of a line is by how much of its unit cost that may rise or fall before another
    plan is cheaper. Of the MOST_LINES lines with the most units that the flow chose by cost; where
    there is none, it says nothing.
    """
    weighed = list(_distances(store, document)) if document["decision"]["lines"] else []
    units = sum(count for count, _ in weighed)
    if not units:
        return Part("flip distance", None, "no line was chosen by its cost")
    mean = sum(count * distance for count, distance in weighed) // units
    score = sum(count * min(WHOLE, WHOLE * distance // FLIP_THAT_IS_SAFE)
                for count, distance in weighed) // units  # fmt: skip
    return Part("flip distance", score, f"unit costs may change by {mean / 10:.1f} % in the mean "
                f"before another plan is cheaper ({len(weighed)} lines)")  # fmt: skip


def _distances(store: ArtifactStore, document: Row) -> Iterator[tuple[int, int]]:
    """The units of lines and how far their costs are from a flip, per mille, 1000 at most."""
    found = recall(store, document)
    lines = sorted(document["decision"]["lines"], key=lambda line: -int(line["quantity_units"]))
    for line in lines[:MOST_LINES]:
        row = row_of(found.problem, dict(line))
        arc = None if row is None else arc_of(found.problem, row)
        if arc is None:
            continue
        flip = found.margins.flip(arc)
        ends = [abs(end - flip.cost) for end in (flip.less_above, flip.more_below)
                if end is not None]  # fmt: skip
        nearest = min(ends, default=max(1, abs(flip.cost)))
        yield int(line["quantity_units"]), min(WHOLE, WHOLE * nearest // max(1, abs(flip.cost)))
