"""Small chains for key figures, and random ones."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

from ontology.columns import Snapshot, table_of
from ontology.demand import DemandForecast, DemandObservation
from ontology.goods import Item
from ontology.stock import StockingPolicy, StockPosition
from service.kpis.value import Counted, Figure, Kpi

DAY = date(2026, 3, 2)


def world(*records: Any) -> Snapshot:
    """A snapshot of the given facts."""
    by_class: dict[str, list[Any]] = {}
    for record in records:
        by_class.setdefault(type(record).__name__, []).append(record)
    return Snapshot(1, {name: table_of(rows, name) for name, rows in by_class.items()})


def on(day: int) -> date:
    """The n-th day of the example, from 0."""
    return DAY + timedelta(days=day)


def asked(
    item: str, place: str, day: int, units: int, served: int | None = None
) -> DemandObservation:
    """Units asked for, and served."""
    return DemandObservation(item, place, on(day), units, served)


def named(figures: Iterable[Kpi], name: str) -> Kpi:
    """One figure by its id."""
    return next(kpi for kpi in figures if kpi.definition.id == name)


def parts(figure: Figure) -> tuple[Any, Any]:
    """Numerator and denominator of a figure that was counted."""
    assert isinstance(figure, Counted), figure
    return figure.numerator, figure.denominator


def random_records(seed: int) -> list[Any]:
    """A random chain of a few items and places, with gaps, unknown values and unserved units."""
    random = Random(seed)
    items, places = [f"i{n}" for n in range(4)], [f"p{n}" for n in range(3)]
    found: list[Any] = [
        Item(item, value_cents=random.choice([None, 100, 250]), currency="EUR") for item in items
    ]
    for item in items:
        for place in places:
            if random.random() < 0.7:
                held = random.randrange(1, 9)
                found.append(StockPosition(item, place, None, held, random.randrange(4), 1, 0, 5))
            if random.random() < 0.7:
                review = random.choice([None, 3, 10])
                found.append(StockingPolicy(item, place, None, None, None, None, review,
                                            random.randrange(1, 90_000), 0, "EUR"))  # fmt: skip
            if random.random() < 0.5:
                mean = random.randrange(9_000_000)
                found.append(DemandForecast(item, place, "m", DAY, DAY, DAY, mean, 10))
            for day in range(random.randrange(30)):
                units = random.randrange(5)
                served = random.choice([None, units, units, random.randrange(units + 1)])
                if random.random() < 0.8:
                    found.append(asked(item, place, day, units, served))
    return found
