"""Validation: one changed record among ever more triples, bulk beside pySHACL, a large release."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.rows import Row
from benchmarks.validated_world import (
    PLACES_OF_AN_ITEM,
    UNITS,
    changed_item,
    different_bodies,
    facts_of,
    position,
    release_of,
    state_of,
    stated,
    triples_of,
)
from ontology.columns import Table, table_of
from ontology.findings import Report
from ontology.goods import UnitConversion
from rules.check import check_facts
from rules.delta import delta
from rules.graph_of import graph_of
from rules.lint import lint
from rules.lookups import keys_only
from rules.release import Release
from rules.validate import validate

SIZES = (10_000, 100_000, 1_000_000)
"""Triples, about."""
ROUNDS = 1_000
WARM = 50
BULK_TRIPLES = 100_000
LARGE_RELEASE = 200
MOST_MILLISECONDS = 10
MOST_GROWTH = 1.5
LEAST_SPEED = 20
MOST_SECONDS = 2
Milliseconds = npt.NDArray[np.float64]
Found = TypeVar("Found")


def main(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """Print and return what a changed record, a bulk of facts and a large release take."""
    return [*one_record(sizes, rounds), *bulk(), *large_release()]


def one_record(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """A position, an item that eight positions read, or a pack comes, changes or goes."""
    print(f"validation: one changed record, {rounds} times; 26 rules; milliseconds")
    release, found = release_of(), {}
    for size in sizes:
        tables = facts_of(size)
        taken, triples = _changes(release, tables, rounds), triples_of(tables)
        for kind in ("StockPosition", "Item", "UnitConversion"):
            clock, processor = taken[kind].T
            print(f"{triples:10,} triples, {kind:14}: median {np.median(clock):5.2f}, p99 "
                  f"{np.percentile(clock, 99):5.2f}; of the processor {np.median(processor):5.2f}, "
                  f"{np.percentile(processor, 99):5.2f}")  # fmt: skip
        found[size] = np.concatenate(list(taken.values()))
    clock = {size: float(np.percentile(found[size][:, 0], 99)) for size in sizes}
    least, most = (float(np.percentile(found[size][:, 1], 99)) for size in (min(sizes), max(sizes)))
    work = "one changed record validated, p99"
    return [
        *(Row(work, f"{size:,} triples", "milliseconds", MOST_MILLISECONDS, clock[size], "ms")
          for size in sizes),
        Row(f"{work} of the processor", f"{max(sizes):,} triples", f"{min(sizes):,} triples",
            MOST_GROWTH, most / least),
    ]  # fmt: skip


def _changes(release: Release, tables: dict[str, Table], rounds: int) -> dict[str, Milliseconds]:
    state, watch = state_of(tables), release.watch
    chance = np.random.default_rng(7)
    taken: dict[str, list[tuple[float, float]]] = {}
    for number, (kind, rows) in enumerate(_records(chance, len(tables["Item"]), rounds + WARM), 1):
        after = state.after(number + 1, number, {kind: stated(rows, number)})
        began, worked = time.perf_counter(), time.process_time()
        delta(watch, state.about, after.about, {kind: keys_only(rows)})
        spent = time.perf_counter() - began, time.process_time() - worked
        if number > WARM:
            taken.setdefault(kind, []).append((spent[0] * 1_000, spent[1] * 1_000))
        state = after
    return {kind: np.array(some) for kind, some in taken.items()}


def _records(chance: np.random.Generator, items: int, count: int) -> Iterator[tuple[str, Table]]:
    for number in range(count):
        item, unit = int(chance.integers(items)), UNITS[int(chance.integers(3))]
        if number % 3 == 0:
            place = int(chance.integers(PLACES_OF_AN_ITEM))
            yield "StockPosition", table_of([position(item, place, units=9)], "StockPosition")
        elif number % 3 == 1:
            yield "Item", table_of([changed_item(item, unit)], "Item")
        else:
            pack = UnitConversion(f"i{item}", "case", number)
            yield "UnitConversion", table_of([pack], "UnitConversion")


def bulk(triples: int = BULK_TRIPLES) -> list[Row]:
    """The compiled columns beside pySHACL, on the same facts and shapes; the reports are equal."""
    release, tables = release_of(), facts_of(triples)
    data = graph_of(tables)
    compiled, ours = _timed(lambda: check_facts(release, {**tables}))
    reference, theirs = _timed(lambda: validate(data, release.graph), repeats=1)
    if _rows(compiled) != _rows(reference):
        raise ValueError("the reports differ")
    print(f"validation: {len(data):,} triples, {len(release.rules)} core shapes, "
          f"{len(_rows(reference)):,} findings: {ours:.3f} s, pySHACL {theirs:.2f} s")  # fmt: skip
    return [Row("bulk validation, the same report", f"{len(data):,} triples", "pySHACL",
                1 / LEAST_SPEED, ours / theirs)]  # fmt: skip


def large_release(rules: int = LARGE_RELEASE) -> list[Row]:
    """A release that nobody has read yet: parsed, compiled, made ready and linted."""
    remarks, seconds = _timed(lambda: _made_ready(release_of(different_bodies(rules))), repeats=3)
    print(f"validation: {rules} rules parsed, compiled and linted: {seconds:.2f} s, "
          f"{len(remarks)} remarks")  # fmt: skip
    return [Row("a release parsed, compiled, linted", f"{rules} rules", "milliseconds",
                1_000 * MOST_SECONDS, 1_000 * seconds, "ms")]  # fmt: skip


def _made_ready(release: Release) -> tuple[object, ...]:
    _ = release.watch
    return lint(release)


def _timed(work: Callable[[], Found], repeats: int = 5) -> tuple[Found, float]:
    """What some work gives, and the least seconds that it takes."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - began)
    return found, min(taken)


def _rows(report: Report) -> set[tuple[str, ...]]:
    return {
        (f.focus_node, f.result_path, f.value, f.component, f.severity, f.source_shape)
        for f in report.findings
    }


if __name__ == "__main__":
    main()
