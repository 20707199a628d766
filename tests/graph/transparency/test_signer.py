"""Laws of signing: one history is signed, by a key that the log names, whoever races or dies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver, Session

from graph.artifacts import ArtifactStore
from graph.login import Connection
from graph.projection import Projection, open_graph
from graph.recovery.segments import Segments
from graph.transparency import signer as signing
from graph.transparency.log_verifier import COSIGNS, signed_at, verify
from graph.transparency.proof_documents import consistency_file, event_proof
from graph.transparency.signed_checkpoints import SignedCheckpoints
from graph.transparency.signer import KEY_FILE, NEXT_FILE, Signer
from graph.transparency.signing_key import new_key, read_signing_key
from ontology.errors import EvenkeelError
from ontology.events import KEY_ACTIVATED, PERSON_ERASED, Event, NewEvent
from tests.graph.conftest import empty_the_graph
from tests.limits import largest_file

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def append(projection: Projection, *numbers: int) -> None:
    """Events that change nothing else."""
    for number in numbers:
        payload = {"person": f"p{number}", "reason": "test"}
        new = NewEvent(PERSON_ERASED, f"key {number}", "ada", NOON, payload=payload)
        projection.append(new)


def on(database: Driver, tmp_path: Path) -> Projection:
    store = ArtifactStore(tmp_path / "artifacts")
    return open_graph(database, store, Segments(tmp_path / "log", 5))


@pytest.fixture
def projection(database: Driver, tmp_path: Path) -> Projection:
    """A log of three events."""
    empty_the_graph(database)
    found = on(database, tmp_path)
    append(found, 1, 2, 3)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "transparency"


@pytest.fixture
def signer(projection: Projection, folder: Path) -> Signer:
    return Signer(folder, projection)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as caught:
        work()
    return caught.value.code


def events(projection: Projection) -> list[Event]:
    return list(projection.log.events())


def proof(signer: Signer, event: Event, size: int = 0) -> bytes:
    under = signer.store.provable(signer.checkpoint("ada", size))
    path = signer.proofs.inclusion(event.sequence, bytes.fromhex(event.leaf), under[0].size)
    return event_proof(event, under, path)


def test_the_first_need_makes_the_key_and_logs_it(
    signer: Signer, projection: Projection, folder: Path
) -> None:
    """The key is its owner's alone, an event names it, and the checkpoint covers that event."""
    found = signer.checkpoint("ada")
    last = events(projection)[-1]
    assert (4, KEY_ACTIVATED, "ada") == (last.sequence, last.kind, last.agent)
    assert (4, projection.log.head().tree.root) == (found.size, found.root)
    assert "0o600" == oct((folder / KEY_FILE).stat().st_mode & 0o777)
    key = signer.public_key("ada")
    assert last.payload == {"key": key.text, "number": 1, "previous": ""}
    assert (0, found) == (signed_at(found, key), signer.checkpoint("ada"))
    assert [4] == signer.store.sizes()
    assert events(projection)[0].leaf.startswith(found.origin.removeprefix("evenkeel.log/"))


def test_checkpoints_stay_and_are_served(signer: Signer, projection: Projection) -> None:
    """Each size that was signed can be read again, by this process and the next."""
    made = [signer.checkpoint("ada")]
    for number in range(4, 8):
        append(projection, number)
        made.append(signer.checkpoint("ada"))
    made.insert(0, signer.checkpoint("ada", 2))
    again = SignedCheckpoints(signer.store._folder)
    assert made == [again.at(one.size) for one in made]
    assert ([2, 4, 5, 6, 7, 8], made[-1]) == (again.sizes(), again.newest())
    assert made[0] == signer.checkpoint("ada", 2)
    assert "LOG_SIZE" == code_of(lambda: signer.checkpoint("ada", 9))


def test_rotation_is_an_event_and_old_proofs_hold(
    signer: Signer, projection: Projection, folder: Path
) -> None:
    """Proofs under the old key hold under it, the log names both, and both sign the turn."""
    old = signer.public_key("ada")
    before = proof(signer, events(projection)[1])
    turn = signer.rotate("grace")
    new = signer.public_key("ada")
    last = events(projection)[-1]
    assert (new.text, old.text) == (last.payload["key"], last.payload["previous"])
    assert [old, new] == [one.key for one in signer.named_keys()]
    assert 2 == verify(before, [old.text])["event"]
    assert (0, 0) == (signed_at(turn, old), signed_at(turn, new))
    told = verify(proof(signer, last, turn.size), [old.text])  # who knows the old one learns
    assert new.text == told["fields"]["payload.key"]
    append(projection, 8)
    later = signer.checkpoint("ada")
    assert (None, 0) == (signed_at(later, old), signed_at(later, new))
    assert not (folder / NEXT_FILE).exists()
    assert 2 == verify(proof(signer, events(projection)[1], 4), [new.text])["event"]


def test_a_killed_rotation_is_finished(
    signer: Signer, projection: Projection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after each of its steps: the next who signs ends it, with one event and one key."""
    for step in ("_log_key", "_signed", "write_durably", "sync_folder"):
        number = len(signer.named_keys()) or (signer.public_key("ada") and 1)

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            target = Signer if step.startswith("_") else signing
            patch.setattr(target, step, stop)
            with pytest.raises(KeyboardInterrupt):
                Signer(folder, projection).rotate("ada")
        found = Signer(folder, projection)
        newest = found.checkpoint("ada")
        key = read_signing_key(folder / KEY_FILE)
        assert key is not None
        assert signed_at(newest, key.public) == 0
        assert (key.public, False) == (found.named_keys()[-1].key, (folder / NEXT_FILE).exists())
        assert len(found.named_keys()) in (number, number + 1)
        assert newest.size == projection.log.head().sequence


class Killed(BaseException):
    """What stands for a kill: nothing of ours catches it."""


class Points:
    """Ends what runs at the n-th write to disk or database, before or after it takes effect."""

    def __init__(self, patch: pytest.MonkeyPatch, left: int, *, after: bool) -> None:
        self.left, self._after = left, after
        for owner, name in ((os, "fsync"), (Path, "replace"), (Session, "execute_write")):
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self._after:
                raise Killed
            done = real(*arguments, **more)
            if self.left == 0:
                raise Killed
            return done

        return watched


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("work", ["rotate", "checkpoint"])
def test_killed_at_every_write_there_is_one_key_and_one_history(
    projection: Projection, folder: Path, monkeypatch: pytest.MonkeyPatch, work: str, after: bool
) -> None:
    """Ended before or after each write: the next who signs does so with the key that is logged."""
    point, lived = 0, False
    while not lived:
        point += 1
        append(projection, 100 + point)
        if work == "checkpoint":  # the first need, every time
            shutil.rmtree(folder, ignore_errors=True)
        with monkeypatch.context() as patch:
            points = Points(patch, point, after=after)
            with suppress(Killed):
                getattr(Signer(folder, projection), work)("ada")
            lived = points.left > 0
        found = Signer(folder, projection)
        newest, named = found.checkpoint("ada"), found.named_keys()
        assert named[-1].key == found.public_key("ada")
        assert signed_at(newest, named[-1].key) is not None
        assert newest.size == projection.log.head().sequence
        assert not (folder / NEXT_FILE).exists()
        for size in found.store.sizes():
            kept = found.store.at(size)
            assert kept is not None
            assert found.proofs.tree(size).root == kept.root
    assert point > 8


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_an_exposed_key_signs_nothing(signer: Signer, folder: Path, mode: int) -> None:
    """A key that others may read is refused, and the message says what to do."""
    signer.checkpoint("ada")
    (folder / KEY_FILE).chmod(mode)
    assert "KEY_EXPOSED" == code_of(lambda: signer.checkpoint("ada"))
    (folder / KEY_FILE).chmod(0o600)
    assert signer.rotate("ada")


def test_a_file_that_is_no_key_is_not_replaced(signer: Signer, folder: Path) -> None:
    """What cannot be read is named and left, and so is the key of another log."""
    signer.checkpoint("ada")
    (folder / KEY_FILE).write_text("nothing\n")
    assert "KEY_UNUSABLE" == code_of(lambda: signer.checkpoint("ada"))
    (folder / KEY_FILE).write_text(new_key("evenkeel.log/other", 1).text)
    assert "KEY_UNUSABLE" == code_of(lambda: signer.checkpoint("ada"))
    (folder / KEY_FILE).unlink()
    signer.checkpoint("ada")
    assert [1, 2] == [one.event - 3 for one in signer.named_keys()]


def test_another_history_is_never_signed(
    database: Driver, signer: Signer, folder: Path, tmp_path: Path
) -> None:
    """A log that was cut back and written anew is refused, whatever its size."""
    signer.checkpoint("ada")
    append(signer._projection, 4, 5)
    signer.checkpoint("ada")
    saved = signer.store.newest()
    empty_the_graph(database)
    shutil.rmtree(tmp_path / "log")
    other = on(database, tmp_path)
    append(other, 11, 12)
    assert "KEY_UNUSABLE" == code_of(lambda: Signer(folder, other).checkpoint("ada"))
    (folder / KEY_FILE).unlink()
    append(other, *range(13, 19))
    assert "LOG_FORKED" == code_of(lambda: Signer(folder, other).checkpoint("ada"))
    assert saved == signer.store.newest()


def test_a_log_that_was_cut_back_is_not_signed(
    database: Driver, signer: Signer, projection: Projection, folder: Path, tmp_path: Path
) -> None:
    """An older copy of this very log, with or without other events, is not signed."""
    kept = projection.log.records()
    signer.checkpoint("ada")
    append(projection, 4, 5)
    signer.checkpoint("ada")
    kept = projection.log.records()[:5]
    empty_the_graph(database)
    shutil.rmtree(tmp_path / "log")
    older = on(database, tmp_path)
    for record in kept:
        older.append_again(record)
    older = on(database, tmp_path)
    assert "LOG_FORKED" == code_of(lambda: Signer(folder, older).checkpoint("ada"))
    append(older, 6, 7, 8)
    assert "LOG_FORKED" == code_of(lambda: Signer(folder, older).checkpoint("ada"))
    assert "LOG_FORKED" == code_of(lambda: Signer(folder, older).checkpoint("ada", 6))
    assert "LOG_FORKED" == code_of(lambda: Signer(folder, older).rotate("ada"))


@pytest.mark.parametrize("left", [0, 0.5, 0.9])
def test_files_cut_short_while_it_serves_are_no_fork(
    signer: Signer, projection: Projection, tmp_path: Path, left: float
) -> None:
    """The database has the rest: the files are made whole, and the log is the one that was signed.

    "Forked" is the gravest word that there is: it is kept for logs that are.
    """
    append(projection, 4, 5)
    made = signer.checkpoint("ada")
    newest = max((tmp_path / "log").glob("*.jsonl"))
    whole = newest.read_bytes()
    newest.write_bytes(whole[: int(left * len(whole))])
    assert made == signer.newest()
    assert whole == newest.read_bytes()
    newest.write_bytes(whole[: int(left * len(whole))])
    assert made == signer.checkpoint("ada")


def test_a_cosignature_is_kept(signer: Signer, projection: Projection) -> None:
    """What a witness signed is carried by proofs; what it did not sign is refused."""
    witness = new_key("evenkeel.witness/w", COSIGNS)
    made = signer.checkpoint("ada")
    signer.add_cosignature(witness.signed(made, 5), witness.public)
    signer.add_cosignature(witness.signed(made, 7), witness.public)
    key = signer.public_key("ada").text
    data = proof(signer, events(projection)[0])
    found = verify(data, [key], witnesses=[witness.public.text])
    assert {witness.public.text: 7} == found["witnesses"]
    other = new_key("evenkeel.witness/x", COSIGNS)
    strange = type(made)(made.origin, made.size, bytes(32), made.signatures)
    for wrong, named in ((made, witness), (witness.signed(made, 9), other),
                         (witness.signed(strange, 9), witness)):  # fmt: skip
        assert "COSIGNATURE_REFUSED" == code_of(
            lambda wrong=wrong, named=named: signer.add_cosignature(wrong, named.public)
        )


def test_growth_between_signed_sizes_is_proved(signer: Signer, projection: Projection) -> None:
    """From every checkpoint to every later one there is a file that verifies."""
    for number in range(4, 9):
        append(projection, number)
        signer.checkpoint("ada")
    key, sizes = signer.public_key("ada").text, signer.store.sizes()
    for old in sizes:
        for new in (size for size in sizes if size >= old):
            under = [signer.store.provable(signer.checkpoint("ada", size)) for size in (old, new)]
            data = consistency_file(under[0], under[1], signer.proofs.consistency(old, new))
            assert old == verify(data, [key])["old_size"]


def test_a_full_disk_signs_nothing(signer: Signer, projection: Projection) -> None:
    """Where a checkpoint cannot be kept, none is given."""
    signer.checkpoint("ada")
    append(projection, 4)
    with largest_file(60):
        assert "DISK_FULL" == code_of(lambda: signer.checkpoint("ada"))
    assert [4] == signer.store.sizes()
    assert 5 == signer.checkpoint("ada").size


def test_racing_signers_sign_one_history(database: Driver, folder: Path, tmp_path: Path) -> None:
    """Of eight at once that append, sign and rotate, every checkpoint is of one history."""
    empty_the_graph(database)
    append(on(database, tmp_path), 1)

    def work(number: int) -> None:
        mine = on(database, tmp_path)
        append(mine, number)
        one = Signer(folder, mine)
        one.rotate("ada") if number % 4 == 0 else one.checkpoint("ada")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(2, 10)))
    found = Signer(folder, on(database, tmp_path))
    named = found.named_keys()
    assert 3 == len(named)
    assert named[-1].key == found.public_key("ada")
    for size in found.store.sizes():
        kept = found.store.at(size)
        assert kept is not None
        assert found.proofs.tree(size).root == kept.root
        assert any(signed_at(kept, one.key) is not None for one in named)


CHILD = """
import os, sys
from pathlib import Path
from graph.login import Connection, open_driver
from tests.graph.transparency.test_signer import append, on
from graph.transparency.signer import Signer
folder = Path(sys.argv[3])
with open_driver(Connection(sys.argv[1], sys.argv[2], os.environ["CHILD_PASSWORD"])) as driver:
    projection = on(driver, folder)
    append(projection, int(sys.argv[4]))
    print(Signer(folder / "transparency", projection).checkpoint("ada").size)
"""


def test_two_processes_make_one_key(
    connection: Connection, projection: Projection, tmp_path: Path, folder: Path
) -> None:
    """Two first needs at once: one key, one event, and both have a checkpoint."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, connection.uri, connection.user, str(tmp_path), number],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, env={
                **os.environ, "PYTHONPATH": str(ROOT), "CHILD_PASSWORD": connection.password,
            },
        )
        for number in ("4", "5")
    ]  # fmt: skip
    told = [one.communicate(timeout=120)[0] for one in started]
    assert [0, 0] == [one.returncode for one in started]
    found = Signer(folder, on(projection.log.driver, tmp_path))
    assert 1 == len(found.named_keys())
    assert {int(size) for size in told} <= set(found.store.sizes())


def test_a_changed_checkpoint_is_named(signer: Signer, folder: Path) -> None:
    """A file that is not what was written stops the signing and is not written over."""
    size = signer.checkpoint("ada").size
    path = folder / f"{size:012}.checkpoint"
    for text in ("", "x", path.read_text()[:-4]):
        path.write_text(text)
        assert "CHECKPOINT_CORRUPT" == code_of(lambda: signer.checkpoint("ada"))
        assert text == path.read_text()
