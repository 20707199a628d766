"""What the demand model's quantiles covered on real histories, and its loss against peers."""

import csv
import os
import re
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from forecast.coverage import Coverage, backtest
from forecast.model import LEVELS, MODEL, forecast
from ontology.columns import Table, table_of
from ontology.demand import DemandObservation

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
ORDERS = SHARED / "data/supplygraph/raw/Homogenoeus/Temporal Data/Unit/Sales Order.csv"
CARPARTS = SHARED / "data/demand/carparts.csv"
_FIRST_MONTH_STANDS_FOR = date(2001, 1, 1)


def main() -> None:
    """Print, per data set, horizon and kind, nominal against covered, and the loss ratios."""
    print(f"coverage of {MODEL}: share of outcomes below .. at most each quantile")
    for name, path, read, spans in (
        ("SupplyGraph, days", ORDERS, supplygraph, (1, 4, 7, 14, 28)),
        ("carparts, months", CARPARTS, carparts, (1, 2, 3, 6)),
    ):
        if not path.is_file():
            print(f"{name}: skipped, no data at {path} (EVENKEEL_SHARED names the folder)")
            continue
        table = table_of(read(path), "DemandObservation")
        series, periods = len(set(table["item"])), len(set(table["on"].tolist()))
        started = time.perf_counter()
        print(f"{name}: {series} series x {periods} periods")
        print(report(backtest(table, spans, origins=12)))
        print(f"  back-test took {time.perf_counter() - started:.1f} s")
    for pairs, days in ((1_500, 365), (50_000, 56)):
        print(speed(pairs, days))


def supplygraph(path: Path) -> Iterator[DemandObservation]:
    """Daily orders by product; the column that stands twice (`.1`) is read once."""
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows[1:]:
        on = date.fromisoformat(row[0][:10])
        for product, text in zip(rows[0][1:], row[1:], strict=True):
            if not re.search(r"\.\d+$", product):
                yield DemandObservation(product, "all", on, round(float(text)))


def carparts(path: Path) -> Iterator[DemandObservation]:
    """Monthly demand of the parts without a missing month; a month stands as a day."""
    for row in list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]:
        if all(row):
            for month, text in enumerate(row[1:]):
                on = _FIRST_MONTH_STANDS_FOR + timedelta(days=month)
                yield DemandObservation(row[0], "all", on, int(text))


def report(found: Sequence[Coverage]) -> str:
    """A table: one row per level, one column per horizon and kind, ratios at the foot."""
    heads = [f"{c.span_days} {c.kind[:5]}" for c in found]
    lines = ["  " + "level".ljust(16) + "".join(head.rjust(13) for head in heads)]
    for place, level in enumerate(LEVELS):
        cells = [f"{c.below[place]:.2f}..{c.at_most[place]:.2f}" for c in found]
        lines.append("  " + f"{level / 1e6:.2f}".ljust(16) + "".join(x.rjust(13) for x in cells))
    lines.append("  " + "outcomes".ljust(16) + "".join(f"{c.outcomes:,}".rjust(13) for c in found))
    for peer in found[0].loss_ratio:
        ratios = [f"{c.loss_ratio.get(peer, float('nan')):.2f}".rjust(13) for c in found]
        lines.append("  " + f"/ {peer}".ljust(16) + "".join(ratios))
    return "\n".join(lines)


def speed(pairs: int, days: int) -> str:
    """The seconds that a forecast of made-up demand takes, 4 local days and 16 pooled."""
    table = made_up(pairs, days)
    starts_on = date(2001, 1, 1) + timedelta(days=days)
    started = time.perf_counter()
    found = forecast(table, starts_on, 4, 16)
    seconds = time.perf_counter() - started
    return (f"forecast of {pairs:,} pairs x {days} days ({len(table):,} rows): {seconds:.1f} s, "
            f"{len(found.quantiles) + len(found.pooled):,} quantiles")  # fmt: skip


def made_up(pairs: int, days: int) -> Table:
    """Poisson demand of pairs of 50 locations, half of them slow; rows only where demand is."""
    random = np.random.default_rng(7)
    means = np.where(np.arange(pairs) % 2, 0.1, 6.0)
    units = random.poisson(means[:, None], (pairs, days))
    series, day = np.nonzero(units)
    names = np.array([f"item-{n // 50}" for n in range(pairs)], object)
    places = np.array([f"place-{n % 50}" for n in range(pairs)], object)
    served = np.full(len(series), np.iinfo(np.int64).min, np.int64)
    return Table("DemandObservation", {
        "item": names[series], "location": places[series],
        "on": np.datetime64("2001-01-01") + day.astype("timedelta64[D]"),
        "quantity_units": units[series, day].astype(np.int64), "served_units": served,
    })  # fmt: skip


if __name__ == "__main__":
    main()
