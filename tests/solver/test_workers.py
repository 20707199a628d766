"""Several processes settle what one does, to the byte, and leave nothing behind."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine import blocks as together
from solver.engine import workers
from solver.engine.blocks import blocks_of, groups_of, settle_many
from solver.engine.workers import settle_in
from solver.network.columns import Network, bare_network
from tests.solver.test_blocks import keys_of, side_by_side


def parted(monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    """As if groups were small: there are several."""
    monkeypatch.setattr(together, "GROUP_ARCS", 100)
    assert len(groups_of(blocks_of(network))) > 3


def left_behind() -> set[str]:
    """The names of shared memory in the system."""
    folder = Path("/dev/shm")  # noqa: S108
    return {path.name for path in folder.glob("psm_*")} if folder.is_dir() else set()


def test_any_number_of_processes_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: who settles a block, and when, is no input."""
    network, before = side_by_side(5, 60), left_behind()
    keys = keys_of(network, 40)
    parted(monkeypatch, network)
    alone = settle_many(network, keys, blocks_of(network))
    for processes in (2, 3):
        found = settle_in(processes, network, keys, blocks_of(network))
        assert alone.flow.tobytes() == found.flow.tobytes()
        assert alone.potentials.tobytes() == found.potentials.tobytes()
    assert before == left_behind()


def test_what_one_process_refuses_all_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal crosses over with its code and its words, and the memory goes."""
    network, before = side_by_side(6, 60), left_behind()
    far = bare_network([0], [1], [1], [0], [5, -5])
    joined = Network(
        *(np.concatenate([getattr(network, end), getattr(far, end) + network.node_count])
          for end in ("tail", "head")),
        *(np.concatenate([getattr(network, name), getattr(far, name)])
          for name in ("lower", "capacity", "cost", "supply")),
    )  # fmt: skip
    parted(monkeypatch, joined)
    with pytest.raises(SolverError, match="the network is infeasible") as refusal:
        settle_in(2, joined, keys_of(joined, 40), blocks_of(joined))
    assert "NO_PLAN" == refusal.value.code
    assert before == left_behind()


def ended(group: tuple[int, int]) -> None:
    """What a process does that the system ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_process_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing hangs and nothing is half done where a process is killed at work."""
    network, before = side_by_side(7, 60), left_behind()
    parted(monkeypatch, network)
    monkeypatch.setattr(workers, "_settle_group", ended)
    with pytest.raises(SolverError, match="the system ended a process") as refusal:
        settle_in(2, network, keys_of(network, 40), blocks_of(network))
    assert "WORKER_LOST" == refusal.value.code
    assert before == left_behind()


def test_without_room_one_process_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared memory that is too small is found out before it is written to."""
    network = side_by_side(8, 60)
    keys = keys_of(network, 40)
    parted(monkeypatch, network)
    monkeypatch.setattr(workers, "has_room", lambda network: False)
    monkeypatch.setattr(workers, "_run", None)
    found = settle_in(2, network, keys, blocks_of(network))
    monkeypatch.undo()
    assert settle_many(network, keys, blocks_of(network)).flow.tobytes() == found.flow.tobytes()
