"""Proofs in a log of 1,000,000 events: append, produce, verify; at once and after a restart."""

import hashlib
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.rows import Row
from graph.merkle import CompactRange, fold
from graph.recovery.records import Record, event_of, leaf_of, record_of
from graph.recovery.segments import SEGMENT_FORMAT, Segments, file_of, line_of
from graph.transparency.log_verifier import (
    SIGNS,
    Checkpoint,
    hold_consistent,
    path_root,
    verify,
)
from graph.transparency.proof_documents import event_proof
from graph.transparency.signing_key import SigningKey, new_key
from graph.transparency.tree_proofs import TreeProofs
from ontology.events import Event

EVENTS = 1_000_000
REAL_EVENTS = 900
"""So many at the end are whole events in a segment; before them there are leaves alone."""
ASKED = 1_000
AIM_MS = 5.0
ORIGIN = "evenkeel.log/benchmark"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Answer = TypeVar("Answer")


def main() -> list[Row]:
    """Print microseconds of appending, milliseconds of proofs, the file's size; give the aims."""
    with tempfile.TemporaryDirectory() as folder:
        segments = Segments(Path(folder))
        tree, filling = timed(filled, segments)
        _, folding = timed(lambda: fold(leaf(place) for place in range(EVENTS // 10)))
        extending, writing = appending(segments)
        here = asked(Path(folder))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            restarted = pool.submit(asked, Path(folder)).result()
        size_bytes = segments.hashes.path.stat().st_size
    size = f"{tree.size:,} events"
    print(f"transparency: {size}, hashes {size_bytes / 1e6:.1f} MB; filled at "
          f"{filling / EVENTS * 1e6:.1f} us a leaf (folded in memory: "
          f"{folding / EVENTS * 1e7:.1f}); one event more: hashes {extending * 1e6:.0f} us, "
          f"its durable line {writing * 1e6:.0f} us")  # fmt: skip
    for name, found in (("in one process", here), ("after a restart", restarted)):
        times = ", ".join(f"{what} {ms:.2f}" for what, ms in found.items())
        print(f"  {name}, ms: {times} (of the last three the p99)")
    return [
        Row("append: the hashes of an event", size, "its durable segment line", 0.25,
            extending / writing),
        Row("prove: produce and verify inclusion, p99", size, "clock", AIM_MS,
            here["inclusion"], "ms"),
        Row("prove: the first after a restart", size, "clock", AIM_MS, restarted["first"], "ms"),
        Row("prove: after a restart, p99", size, "clock", AIM_MS, restarted["inclusion"], "ms"),
        Row("prove: consistency after a restart, p99", size, "clock", AIM_MS,
            restarted["consistency"], "ms"),
        Row("prove: signed file, written and verified, p99", size, "clock", AIM_MS,
            restarted["file"], "ms"),
    ]  # fmt: skip


def filled(segments: Segments) -> CompactRange:
    """A log whose last events are in a segment as they would be, the others leaves alone."""
    before = EVENTS - REAL_EVENTS
    hashes = segments.hashes
    tree = hashes.extend_or_raise(CompactRange(), map(leaf, range(before)))
    peaks = [peak.hex() for peak in tree.peaks]
    path = segments.folder / f"{before + 1:012}.jsonl"
    path.write_bytes(line_of({"format": SEGMENT_FORMAT, "after": before, "peaks": peaks}))
    with segments.held():
        segments.write_held([record(number) for number in range(before + 1, EVENTS + 1)])
    return segments.tail().tree


def appending(segments: Segments) -> tuple[float, float]:
    """Seconds that one more event's hashes take, and its line in the segment beside them."""
    whole, hashed = 0.0, 0.0
    for number in range(EVENTS + 1, EVENTS + 51):
        before, one = segments.tail().tree, record(number)
        held = segments.hashes.path.stat().st_size
        whole += timed(write, segments, one)[1]
        os.truncate(segments.hashes.path, held)
        leaves = [bytes.fromhex(one["leaf"])]
        hashed += timed(segments.hashes.extend, before, leaves)[1]
    return hashed / 50, (whole - hashed) / 50


def write(segments: Segments, one: Record) -> None:
    with segments.held():
        segments.write_held([one])


def asked(folder: Path) -> dict[str, float]:
    """Milliseconds of proofs at random places, each with the check of who receives it."""
    segments = Segments(folder)
    proofs = TreeProofs(segments)
    head, opening = timed(proofs.head)
    key, drawn = new_key(ORIGIN, SIGNS), random.Random(7)  # noqa: S311
    _, first = timed(included, proofs, EVENTS // 3, EVENTS)
    inclusion, consistency, files = [], [], []
    for _ in range(ASKED):
        size = drawn.choice([head.size, drawn.randrange(EVENTS // 2, head.size)])
        place = drawn.randrange(min(size, EVENTS - REAL_EVENTS))
        inclusion.append(timed(included, proofs, place, size)[1])
        consistency.append(timed(grown, proofs, place + 1, size)[1])
    last = segments.files()[0]
    events = [event_of(one) for one in file_of(last, last.read_bytes()).records]
    for _ in range(ASKED // 5):
        chosen = drawn.choice(events)
        files.append(timed(written, proofs, chosen, head, key)[1])
    return {"open": opening * 1e3, "first": first * 1e3, "inclusion": p99(inclusion),
            "consistency": p99(consistency), "file": p99(files)}  # fmt: skip


def included(proofs: TreeProofs, place: int, size: int) -> None:
    path = proofs.inclusion(place + 1, leaf(place), size)
    assert path_root(leaf(place), place, path, size) == proofs.tree(size).root


def grown(proofs: TreeProofs, old: int, size: int) -> None:
    path = proofs.consistency(old, size)
    before, after = proofs.tree(old), proofs.tree(size)
    hold_consistent(Checkpoint(ORIGIN, old, before.root, ()),
                    Checkpoint(ORIGIN, size, after.root, ()), path)  # fmt: skip


def written(proofs: TreeProofs, event: Event, head: CompactRange, key: SigningKey) -> None:
    signed = key.signed(Checkpoint(ORIGIN, head.size, head.root, ()))
    path = proofs.inclusion(event.sequence, bytes.fromhex(event.leaf), head.size)
    verify(event_proof(event, (signed, [key.public]), path), [key.public.text])


def leaf(place: int) -> bytes:
    """A leaf hash that is as good as any, from its place."""
    return hashlib.sha256(place.to_bytes(8, "big")).digest()


def record(number: int) -> Record:
    """An event of the usual kind, with a payload of the usual length."""
    payload = {"chain": "regional", "source": "wms", "feed": f"stock {number}", "facts": 300,
               "files": [{"name": "stock.csv", "digest": "ab" * 32, "rows": 300}],
               "mapping": {"name": "wms", "digest": "cd" * 32}, "quarantined": 0}  # fmt: skip
    made = Event(number, "feed.loaded", f"feed/{number}", "local", NOON, NOON, "ef" * 32, payload,
                 secrets.token_hex(32), "")  # fmt: skip
    return record_of(replace(made, leaf=leaf_of(made)), "body")


def p99(seconds: list[float]) -> float:
    """Milliseconds that 99 of 100 stay below."""
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1e3


def timed(work: Callable[..., Answer], *arguments: Any) -> tuple[Answer, float]:
    """An answer, and the seconds that it took."""
    started = time.perf_counter()
    found = work(*arguments)
    return found, time.perf_counter() - started


if __name__ == "__main__":
    main()
