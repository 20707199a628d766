"""Run the benchmarks one after the other, each in its own process, and print one table."""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks import (
    answers,
    around_solve,
    coupled,
    coverage,
    end_to_end,
    engines,
    flips,
    many_items,
    one_row,
    perishables,
    provenance,
    reading,
    rebuilding,
    scale,
    stability,
    sync_rate,
    transparency,
    validation,
    verifying,
)
from benchmarks.rows import Row, table_of

Benchmark = Callable[[], list[Row] | None]
SHORT: tuple[Benchmark, ...] = (
    around_solve.main, many_items.main, engines.main, coupled.small,
    verifying.main, flips.main, scale.main, reading.main, sync_rate.main,
    transparency.main, answers.main, validation.main,
)  # fmt: skip
"""The aims, in the order of their table, and how planning and loading grow: about half an hour."""

LONG: tuple[Benchmark, ...] = (
    coupled.larger, coverage.main, stability.main, perishables.main, rebuilding.main,
    end_to_end.main, one_row.main, provenance.main, answers.larger,
)  # fmt: skip
"""The largest coupled instances and deliveries, and what has no aim but a story to tell."""


def main() -> None:
    """Run the short benchmarks, or with `--long` the long ones, and print their aims."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--long", action="store_true", help="the long ones instead")
    chosen = LONG if parser.parse_args().long else SHORT
    print(table_of(row for each in chosen for row in alone(each)))


def alone(benchmark: Benchmark) -> list[Row]:
    """What one benchmark measures in a fresh process, so that its peak of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(benchmark).result() or []


if __name__ == "__main__":
    main()
