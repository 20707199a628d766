"""Laws of proofs from files: whatever becomes of the hashes, every proof is the right one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph.merkle import consistency_proof, fold, inclusion_proof
from graph.recovery.segments import Segments
from graph.transparency.tree_hashes import HASH_BYTES
from graph.transparency.tree_proofs import TreeProofs
from ontology.errors import EvenkeelError, InputError, StateError
from tests.graph.transparency import small_log
from tests.limits import largest_file

EVENTS = 23
LEAVES = small_log.leaves(EVENTS)
ROOT = Path(__file__).parents[3]


def check(segments: Segments, events: int = EVENTS) -> None:
    """Every proof of a log is what its definition gives; asked for in no order."""
    proofs = TreeProofs(segments)
    assert fold(LEAVES[:events]) == proofs.head()
    for size in (events, 1, events // 2, events - 1):
        leaves = LEAVES[:size]
        assert fold(leaves) == proofs.tree(size)
        for place in range(size):
            naive = inclusion_proof(leaves, place)
            assert naive == proofs.inclusion(place + 1, leaves[place], size)
            assert consistency_proof(leaves, place + 1) == proofs.consistency(place + 1, size)


def test_an_appended_event_has_its_hashes(tmp_path: Path) -> None:
    """The hashes come with the event, and a second reader has them at once."""
    found = small_log.segments(tmp_path, EVENTS)
    assert EVENTS == found.hashes.size()
    kept = found.hashes.path.read_bytes()
    check(Segments(tmp_path, 7))
    assert kept == found.hashes.path.read_bytes()


def test_a_file_cut_anywhere_is_mended(tmp_path: Path) -> None:
    """Cut at every byte of its last hashes, and at each hash before, it is as if never cut."""
    found = small_log.segments(tmp_path / "log", EVENTS)
    path = found.hashes.path
    whole = path.read_bytes()
    cuts = {*range(len(whole) - 70, len(whole)), *range(0, len(whole), HASH_BYTES)}
    for size in sorted(cuts):
        path.write_bytes(whole[:size])
        check(Segments(tmp_path / "log", 7))
        assert whole == path.read_bytes()


def zeros(whole: bytes) -> bytes:
    """What a power cut leaves of pages that were never written."""
    return whole[:64] + bytes(320) + whole[384:]


def longer(whole: bytes) -> bytes:
    return whole + bytes(100)


def none(_: bytes) -> bytes:
    return b""


def of_another_log(_: bytes) -> bytes:
    leaves = small_log.leaves(EVENTS, "other")
    return b"".join(leaves) * 2


@pytest.mark.parametrize("change", [zeros, longer, none, of_another_log])
def test_a_changed_file_is_made_anew(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    """Hashes that are not of this log give no proof: they are made from the log again."""
    whole = small_log.segments(tmp_path / "whole", EVENTS).hashes.path.read_bytes()
    found = small_log.segments(tmp_path / "log", EVENTS - 1)
    found.hashes.path.write_bytes(change(found.hashes.path.read_bytes()))
    check(Segments(tmp_path / "log", 7), EVENTS - 1)
    with found.held():
        found.write_held(small_log.records(EVENTS, EVENTS))
    check(Segments(tmp_path / "log", 7))
    assert whole == found.hashes.path.read_bytes()


def test_any_changed_hash_gives_no_wrong_proof(tmp_path: Path) -> None:
    """Each hash in turn is changed: the proofs are still those of the log."""
    found = small_log.segments(tmp_path / "log", 11)
    whole = found.hashes.path.read_bytes()
    for place in range(0, len(whole), HASH_BYTES):
        wrong = bytearray(whole)
        wrong[place] ^= 1
        for old, size in ((one, end) for end in (5, 7, 11) for one in range(1, end)):
            found.hashes.path.write_bytes(bytes(wrong))
            naive = consistency_proof(LEAVES[:size], old)
            assert naive == TreeProofs(Segments(tmp_path / "log", 7)).consistency(old, size)
        found.hashes.path.write_bytes(bytes(wrong))
        check(Segments(tmp_path / "log", 7), 11)


def test_hashes_of_another_log_take_no_events(tmp_path: Path) -> None:
    """A file of another log of the same length is not carried on, and is replaced by a proof."""
    found = small_log.segments(tmp_path / "log", 9)
    other = small_log.segments(tmp_path / "other", 9, log="other")
    shutil.copy(other.hashes.path, found.hashes.path)
    with found.held():
        found.write_held(small_log.records(10, EVENTS))
    check(found)


def test_a_log_that_does_not_add_up_proves_nothing(tmp_path: Path) -> None:
    """Where the leaves of the files do not give their root, there is no proof at all."""
    found = small_log.segments(tmp_path / "log", EVENTS)
    other = small_log.segments(tmp_path / "other", EVENTS, log="other")
    found.tail()
    shutil.copy(other.files()[0], found.files()[0])
    found.hashes.path.unlink()
    with pytest.raises(StateError) as caught:
        TreeProofs(found).inclusion(1, LEAVES[0], EVENTS)
    assert "LOG_BROKEN" == caught.value.code


def test_a_wrong_leaf_is_not_proved(tmp_path: Path) -> None:
    """What the database says of an event must be what the files say."""
    proofs = TreeProofs(small_log.segments(tmp_path, EVENTS))
    with pytest.raises(StateError) as caught:
        proofs.inclusion(3, LEAVES[3], EVENTS)
    assert "LOG_BROKEN" == caught.value.code


def test_sizes_that_never_were_are_refused(tmp_path: Path) -> None:
    """There is no proof of what is not there."""
    proofs = TreeProofs(small_log.segments(tmp_path, EVENTS))
    for ask in (
        lambda: proofs.tree(EVENTS + 1), lambda: proofs.tree(-1),
        lambda: proofs.inclusion(9, LEAVES[8], 8), lambda: proofs.inclusion(0, LEAVES[0], 8),
        lambda: proofs.consistency(9, 8), lambda: proofs.consistency(-1, 8),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            ask()
        assert "LOG_SIZE" == caught.value.code


def test_a_full_disk_stops_no_event(tmp_path: Path) -> None:
    """Hashes that have no room are left out; the event is acknowledged, and proved later."""
    found = small_log.segments(tmp_path, 100, per_file=2)
    with largest_file(found.hashes.path.stat().st_size + 10), found.held():
        found.write_held(small_log.records(101, 101))
    assert (101, 100) == (found.tail().sequence, found.hashes.size())
    leaves = small_log.leaves(101)
    assert inclusion_proof(leaves, 100) == TreeProofs(found).inclusion(101, leaves[100], 101)


def test_asking_and_appending_at_once(tmp_path: Path) -> None:
    """Four that ask while one appends, over files that are deleted meanwhile, all get proofs."""
    small_log.segments(tmp_path, 5)

    def append() -> None:
        mine = Segments(tmp_path, 7)
        for number in range(6, EVENTS + 1):
            with mine.held():
                mine.write_held(small_log.records(number, number))
                if number % 5 == 0:
                    mine.hashes.path.unlink(missing_ok=True)

    def ask(place: int) -> None:
        proofs = TreeProofs(Segments(tmp_path, 7))
        for _ in range(30):
            size = proofs.head().size
            naive = inclusion_proof(LEAVES[:size], place)
            assert naive == proofs.inclusion(place + 1, LEAVES[place], size)

    with ThreadPoolExecutor(5) as pool:
        work = [pool.submit(append), *(pool.submit(ask, place) for place in range(4))]
        for one in work:
            one.result()
    check(Segments(tmp_path, 7))


CHILD = """
import sys
from pathlib import Path
from tests.graph.transparency import small_log
from graph.recovery.segments import Segments
found = Segments(Path(sys.argv[1]), 7)
for number in range(1, 10_000):
    with found.held():
        found.write_held(small_log.records(number, number))
    print(number, flush=True)
"""


@pytest.mark.parametrize("after", [1, 8, 20])
def test_a_killed_writer_leaves_a_log_that_proves(tmp_path: Path, after: int) -> None:
    """Killed while it appends, the next reader proves all that was acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, text=True,
                             env={**os.environ, "PYTHONPATH": str(ROOT)},
                             stdout=subprocess.PIPE)  # fmt: skip
    assert child.stdout is not None
    with child, child.stdout as told:
        for _ in range(after):
            told.readline()
        child.send_signal(signal.SIGKILL)
    found = Segments(tmp_path, 7)
    events = found.tail().sequence
    assert after <= events
    proofs, leaves = TreeProofs(found), small_log.leaves(events)
    for place in (0, events - 1):
        naive = inclusion_proof(leaves, place)
        assert naive == proofs.inclusion(place + 1, leaves[place], events)


def test_a_damaged_segment_is_named(tmp_path: Path) -> None:
    """Where a file of the log itself was changed, the error says which."""
    found = small_log.segments(tmp_path, EVENTS)
    found.hashes.path.unlink()
    first = found.files()[0]
    first.write_bytes(first.read_bytes().replace(b'"leaf"', b'"leav"', 1).replace(b"{", b"<", 3))
    with pytest.raises(EvenkeelError) as caught:
        TreeProofs(Segments(tmp_path, 7)).inclusion(1, LEAVES[0], EVENTS)
    assert caught.value.code in ("SEGMENT_CORRUPT", "LOG_BROKEN")
