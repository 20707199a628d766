"""Blocks settled by several processes at once, on columns that all of them see."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

from ontology.errors import SolverError
from solver.engine.blocks import Blocks, Settled, cut, groups_of, settle, settle_many
from solver.engine.ties import Hashes
from solver.network.columns import IntArray, Network

Group = tuple[int, int]
Columns = dict[str, IntArray]

NETWORK = ("tail", "head", "lower", "capacity", "cost", "supply")
WIDTH = 8
"""Bytes of a number: every column is as wide."""

_shared: tuple[SharedMemory, Columns] | None = None
"""In a worker: the memory that it was started on, and its columns."""


def settle_in(processes: int, network: Network, arc_hash: Hashes, blocks: Blocks) -> Settled:
    """What `settle_many` gives, groups of blocks dealt out to so many processes; the same bytes.

    One process does it where there is one group, or shared memory has no room. The columns are
    copied once into shared memory, and so is each answer; nothing is pickled but the number of a
    group. Raises SolverError as `settle`, and `WORKER_LOST` where the system ends a process (for
    want of memory, mostly). No memory outlives the call.
    """
    groups = groups_of(blocks)
    if min(processes, len(groups)) < 2 or not has_room(network):
        return settle_many(network, arc_hash, blocks)
    given = {name: getattr(network, name) for name in NETWORK}
    given |= {"arc_hash": arc_hash.view(np.int64), "node_start": blocks.node_start,
              "arc_start": blocks.arc_start}  # fmt: skip
    counts = {name: len(column) for name, column in given.items()}
    counts |= {"flow": network.arc_count, "potentials": network.node_count}
    with _memory(counts) as memory:
        for name, column in given.items():
            _columns(memory, counts)[name][:] = column
        _run(memory.name, counts, groups, processes)
        found = _columns(memory, counts)
        return Settled(found.pop("flow").copy(), found.pop("potentials").copy())


def has_room(network: Network) -> bool:
    """Whether the system's shared memory can hold a network and its answer."""
    folder = Path("/dev/shm")  # noqa: S108  # where Linux keeps it; elsewhere there is no limit
    wanted = WIDTH * (9 * network.arc_count + 4 * network.node_count)
    return not folder.is_dir() or shutil.disk_usage(folder).free > wanted


def _run(name: str, counts: Mapping[str, int], groups: Sequence[Group], processes: int) -> None:
    # not forked: a service has threads, whose locks a fork would copy as they are
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_attach, initargs=(name, dict(counts))
    )
    try:
        with pool:
            for refusal in pool.map(_settle_group, groups):
                if refusal is not None:
                    raise SolverError(refusal[0], code=refusal[1], hint=refusal[2])
    except BrokenProcessPool as lost:
        raise SolverError(
            "the system ended a process that was solving", code="WORKER_LOST",
            hint="give the machine more memory, or plan with one process",
        ) from lost  # fmt: skip


def _attach(name: str, counts: dict[str, int]) -> None:
    global _shared  # noqa: PLW0603  # what a process is started on
    memory = SharedMemory(name)
    _shared = memory, _columns(memory, counts)


def _settle_group(group: Group) -> tuple[str, str, str] | None:
    """Settle some blocks in place; what refuses them, where something does."""
    assert _shared is not None  # noqa: S101  # set when the process began
    columns = _shared[1]
    blocks = Blocks(columns["node_start"], columns["arc_start"])
    tail, head, lower, capacity, cost, supply = (columns[name] for name in NETWORK)
    network = Network(tail, head, lower, capacity, cost, supply)
    nodes, arcs = blocks.nodes(*group), blocks.arcs(*group)
    try:
        found = settle(cut(network, blocks, *group), columns["arc_hash"][arcs].view(np.uint64))
    except SolverError as refusal:
        return refusal.what, refusal.code, refusal.hint
    columns["flow"][arcs], columns["potentials"][nodes] = found.flow, found.potentials
    return None


def _columns(memory: SharedMemory, counts: Mapping[str, int]) -> Columns:
    found, start = {}, 0
    for name, count in counts.items():
        found[name] = np.ndarray(count, np.int64, memory.buf, start)
        start += WIDTH * count
    return found


@contextmanager
def _memory(counts: Mapping[str, int]) -> Iterator[SharedMemory]:
    memory = SharedMemory(create=True, size=max(1, WIDTH * sum(counts.values())))
    try:
        yield memory
    finally:
        memory.close()
        memory.unlink()
