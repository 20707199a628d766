"""Laws of the witness: it cosigns what continues the last that it saw, and reports a fork."""

import fcntl
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from graph.merkle import fold
from graph.transparency import log_verifier, log_witness, signing_key
from graph.transparency.log_verifier import (
    COSIGNS,
    SIGNS,
    Checkpoint,
    Refused,
    Unreadable,
    read_checkpoint,
    read_key,
    signed_at,
    verify,
)
from graph.transparency.log_witness import Cosigned, Forked, Witness
from graph.transparency.proof_documents import consistency_file
from graph.transparency.signing_key import KeyExposed, new_key, read_signing_key
from tests.graph.transparency.small_log import ORIGIN, SmallLog, leaves
from tests.limits import largest_file

EVENTS, SECONDS = 13, 1_800_000_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return SmallLog(tmp_path_factory.mktemp("log"), EVENTS)


@pytest.fixture
def fork(tmp_path: Path, log: SmallLog) -> SmallLog:
    """Another history, signed by the same key."""
    other = SmallLog(tmp_path / "fork", EVENTS, "other history")
    other.key = log.key
    return other


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a witness."""
    return tmp_path / "witness"


def cosign(folder: Path, data: bytes | str, log: SmallLog, seconds: int = SECONDS) -> Cosigned:
    sent = data.encode() if isinstance(data, str) else data
    return Witness(folder).cosign(sent, [log.key.public.text], seconds)


def seen(folder: Path) -> list[int]:
    return [read_checkpoint(path.read_text()).size for path in folder.glob("seen-*")]


def test_what_continues_is_cosigned(folder: Path, log: SmallLog) -> None:
    """The first checkpoint is believed; each later one needs its proof from the last."""
    first = cosign(folder, log.checkpoint(3).text, log)
    assert SECONDS == signed_at(first.checkpoint, first.key)
    assert (COSIGNS, [3]) == (first.key.kind, seen(folder))
    second = cosign(folder, log.consistency(3, 8), log)
    assert (first.key, 8, [8]) == (second.key, second.checkpoint.size, seen(folder))
    cosign(folder, log.consistency(8, EVENTS), log)
    assert [EVENTS] == seen(folder)
    data = log.proof(2, 8)
    with pytest.raises(Refused, match="has not cosigned"):
        verify(data, [log.key.public.text], witnesses=[first.key.text])


def test_the_same_again_is_cosigned_again(folder: Path, log: SmallLog) -> None:
    """Asked for what it saw last, it signs with the new time and remembers the same."""
    one, other = (cosign(folder, log.checkpoint(5).text, log, when) for when in (1, 2))
    assert (1, 2) == (signed_at(one.checkpoint, one.key), signed_at(other.checkpoint, one.key))
    assert 2 == len(other.checkpoint.signatures)


def test_without_the_proof_nothing_is_signed(folder: Path, log: SmallLog) -> None:
    """A later checkpoint alone, a proof from elsewhere or an older one is refused, kept is none."""
    cosign(folder, log.checkpoint(5).text, log)
    for data, why in (
        (log.checkpoint(8).text, "give the consistency proof"),
        (log.consistency(4, 8), "give the consistency proof"),
        (log.checkpoint(3).text, "was seen before"), (log.consistency(3, 4), "was seen before"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=why) as caught:
            cosign(folder, data, log)
        assert not isinstance(caught.value, Forked)
    assert ([5], []) == (seen(folder), list(folder.glob("fork-*")))


def test_two_roots_of_one_size_are_a_fork(folder: Path, log: SmallLog, fork: SmallLog) -> None:
    """Refused, with evidence that convinces anybody who knows the log's key."""
    cosign(folder, log.checkpoint(5).text, log)
    for data in (fork.checkpoint(5).text, fork.consistency(5, 8)):
        with pytest.raises(Forked, match="two roots of 5") as caught:
            cosign(folder, data, log)
        found = verify(caught.value.evidence.read_bytes(), [log.key.public.text])
        assert ("fork", 5) == (found["proves"], found["size"])
        assert {log.checkpoint(5).root.hex(), fork.checkpoint(5).root.hex()} == {
            found["root"], found["other_root"],
        }  # fmt: skip
    assert [5] == seen(folder)


def test_a_continuation_that_is_not_proved_is_reported(
    folder: Path, log: SmallLog, fork: SmallLog
) -> None:
    """A larger checkpoint of another history comes with no proof that holds: both are kept."""
    cosign(folder, log.checkpoint(5).text, log)
    proof = fork.proofs.consistency(5, 8)
    wrong = consistency_file(log.provable(5), fork.provable(8), proof)
    with pytest.raises(Forked, match="does not prove") as caught:
        cosign(folder, wrong, log)
    kept = caught.value.evidence.read_text()
    assert all(f"{one.size}\\n" in kept for one in (log.checkpoint(5), fork.checkpoint(8)))
    assert [5] == seen(folder)


def test_another_key_signs_nothing_here(folder: Path, log: SmallLog) -> None:
    """A checkpoint that a stranger signed under the log's name is not even looked at."""
    stranger = new_key(ORIGIN, SIGNS)
    with pytest.raises(Refused, match="no key that you trust"):
        cosign(folder, log.checkpoint(5, stranger).text, log)
    assert [] == seen(folder)
    with pytest.raises(Refused):
        Witness(folder).cosign(log.checkpoint(5).text.encode(), [], SECONDS)


def test_logs_are_kept_apart(folder: Path, log: SmallLog) -> None:
    """Two logs are witnessed by one witness, each by its own origin."""
    other = new_key("evenkeel.log/second", SIGNS)
    second = other.signed(Checkpoint(other.public.name, 4, fold(leaves(4)).root, ()))
    cosign(folder, log.checkpoint(5).text, log)
    Witness(folder).cosign(second.text.encode(), [other.public.text], SECONDS)
    assert [4, 5] == sorted(seen(folder))


def test_after_a_rotation_the_new_key_is_enough(folder: Path, log: SmallLog) -> None:
    """By way of the checkpoint that both keys signed, who trusts the new one follows."""
    new = new_key(ORIGIN, SIGNS)
    both = new.signed(log.checkpoint(8))
    cosign(folder, log.checkpoint(5).text, log)
    keys = [log.key.public, new.public]
    turn = consistency_file(log.provable(5), (both, keys), log.proofs.consistency(5, 8))
    cosign(folder, turn, log)
    later = log.checkpoint(EVENTS, new)
    proof = log.proofs.consistency(8, EVENTS)
    data = consistency_file((both, keys), (later, [new.public]), proof)
    done = Witness(folder).cosign(data, [new.public.text], SECONDS)
    assert EVENTS == done.checkpoint.size


def test_two_at_once_cannot_make_it_sign_a_fork(
    folder: Path, log: SmallLog, fork: SmallLog
) -> None:
    """Of two histories that are offered at the same moment, one alone is cosigned."""

    def offer(which: SmallLog) -> str:
        try:
            return cosign(folder, which.checkpoint(5).text, log).checkpoint.root.hex()
        except Forked:
            return ""

    with ThreadPoolExecutor(8) as pool:
        signed = set(pool.map(offer, [log, fork] * 8)) - {""}
    assert 1 == len(signed)


def test_it_waits_for_another_that_acts(
    folder: Path, log: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process holds the folder nothing is even looked at."""
    Witness(folder).key()
    looked, real = Event(), log_verifier.hold_signed

    def watched(*arguments: Any) -> None:
        looked.set()
        real(*arguments)

    monkeypatch.setattr(log_verifier, "hold_signed", watched)
    with (folder / "lock").open() as held, ThreadPoolExecutor(1) as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        work = pool.submit(cosign, folder, log.checkpoint(5).text, log)
        assert not looked.wait(0.3)
        fcntl.flock(held, fcntl.LOCK_UN)
        assert 5 == work.result().checkpoint.size


def test_killed_at_every_write_it_signs_one_history(
    folder: Path, log: SmallLog, fork: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended at each write to the disk: what was handed out is remembered, and no fork is signed."""
    cosign(folder, log.checkpoint(5).text, log)
    for owner, name in ((os, "fsync"), (Path, "replace")):
        for point in (1, 2):
            real, left = getattr(owner, name), point

            def deadly(*arguments: Any, real: Any = real) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
                return real(*arguments)

            signed = 5
            with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
                patch.setattr(owner, name, deadly)
                signed = cosign(folder, log.consistency(5, 8), log).checkpoint.size
            assert seen(folder)[0] >= signed
            for size in (5, 8):
                with pytest.raises(Refused):
                    cosign(folder, fork.checkpoint(size).text, log)
            (folder / next(folder.glob("seen-*")).name).write_text(log.checkpoint(5).text)


def test_a_full_disk_cosigns_nothing(folder: Path, log: SmallLog) -> None:
    """What cannot be remembered is not signed."""
    cosign(folder, log.checkpoint(5).text, log)
    with largest_file(20), pytest.raises(OSError, match="too large"):
        cosign(folder, log.consistency(5, 8), log)
    assert [5] == seen(folder)
    assert 8 == cosign(folder, log.consistency(5, 8), log).checkpoint.size


def test_the_key_is_its_owner_s(folder: Path, log: SmallLog) -> None:
    """The file is readable by its owner alone; one that others may read is not used."""
    key = cosign(folder, log.checkpoint(5).text, log).key
    assert "0o600" == oct((folder / "key").stat().st_mode & 0o777)
    assert key == Witness(folder).key().public
    (folder / "key").chmod(0o640)
    with pytest.raises(KeyExposed):
        cosign(folder, log.checkpoint(5).text, log)


@pytest.mark.parametrize("text", ["", "x", "PRIVATE+KEY+", "PRIVATE+KEY+a+b+c\n", "\0" * 90])
def test_a_file_without_a_key_is_none(tmp_path: Path, text: str) -> None:
    """What is no key is refused, and not replaced."""
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises((ValueError, LookupError)):
        read_signing_key(path)
    assert text == path.read_text()


def test_any_key_is_read_as_it_was_made(tmp_path: Path) -> None:
    """Whatever the bytes of a key, its file gives it back, and nothing shows the secret."""
    path = tmp_path / "key"
    path.touch(0o600)
    for _ in range(60):
        made = new_key(ORIGIN, SIGNS)
        path.write_text(made.text)
        found = read_signing_key(path)
        assert found is not None
        assert (made.text, made.public) == (found.text, read_key(found.public.text))
        assert made.text.split("+")[-1][:20] not in repr(found)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"{", b"a\n1\nb\n\n", b'{"a":1}\n'])
def test_what_is_no_checkpoint_is_unreadable(folder: Path, log: SmallLog, data: bytes) -> None:
    """Odd input is one refusal."""
    with pytest.raises(Unreadable):
        cosign(folder, data, log)


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([sys.executable, program, *arguments], cwd=folder, text=True,
                          capture_output=True, check=False, env=environment)  # fmt: skip


def test_copied_out_both_run_alone(tmp_path: Path, log: SmallLog, fork: SmallLog) -> None:
    """Three files in an empty folder verify and witness, where nothing of ours can be imported."""
    (tmp_path := tmp_path / "alone").mkdir()
    for module in (log_verifier, signing_key, log_witness):
        source = Path(str(module.__file__))
        (tmp_path / source.name).write_text(source.read_text())
    for name in ("graph", "ontology", "service", "api"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')" if name != "graph"
                                             else "")  # fmt: skip
    key = log.key.public.text
    (tmp_path / "proof").write_bytes(log.proof(4, EVENTS))
    (tmp_path / "cut").write_bytes(log.proof(4, EVENTS)[:-1])
    (tmp_path / "first").write_text(log.checkpoint(5).text)
    (tmp_path / "fork").write_text(fork.checkpoint(5).text)
    good = run(tmp_path, "log_verifier.py", "proof", "--key", key)
    assert (0, '"event": 4' in good.stdout) == (good.returncode, True), good.stderr
    assert 2 == run(tmp_path, "log_verifier.py", "cut", "--key", key).returncode
    refused = run(tmp_path, "log_verifier.py", "proof", "--key", new_key(ORIGIN, 1).public.text)
    assert (1, True) == (refused.returncode, refused.stderr.startswith("REFUSED"))
    signed = run(tmp_path, "log_witness.py", "w", "first", "--key", key, "--name", "me")
    assert (0, 2) == (signed.returncode, signed.stdout.count("—")), signed.stderr
    assert "cosigned by me+" in signed.stderr
    forked = run(tmp_path, "log_witness.py", "w", "fork", "--key", key)
    assert (1, "") == (forked.returncode, forked.stdout)
    assert "two roots" in forked.stderr
