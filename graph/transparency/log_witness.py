"""A witness of logs: python log_witness.py FOLDER FILE --key PUBLIC_KEY

Needs log_verifier.py and signing_key.py beside it, Python 3.11 and the package `cryptography`.
"""

import argparse
import fcntl
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if __package__:
    from graph.transparency import log_verifier as verifier
    from graph.transparency import signing_key as keys
else:  # copied out, beside the verifier
    import log_verifier as verifier  # type: ignore[import-not-found,no-redef]
    import signing_key as keys  # type: ignore[import-not-found,no-redef]

UNPROVED_FORMAT = "evenkeel-log-unproved/1"


class Forked(verifier.Refused):
    """A log says two things, or does not prove that it says one; the evidence is kept in a file."""

    def __init__(self, what: str, evidence: Path) -> None:
        super().__init__(f"{what}; the evidence is in `{evidence}`")
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with the witness's signature, and the key to check that by."""

    checkpoint: verifier.Checkpoint
    key: verifier.PublicKey


class Witness:
    """Remembers, of each log, the last checkpoint that it cosigned, and cosigns what continues it.

    All of it is in one folder. Any number of processes may use that: one at a time acts. What was
    cosigned is on disk before the signature is handed out.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self._folder = folder
        self._name = name or f"evenkeel.witness/{secrets.token_hex(8)}"

    def key(self) -> keys.SigningKey:
        """The witness's key, made at the first call. Raises as `read_signing_key` does."""
        with self._alone():
            return self._key()

    def cosign(self, data: bytes, trusted: Sequence[str], seconds: int) -> Cosigned:
        """Cosign a checkpoint of a log whose key is trusted, if it continues what was seen.

        `data` is a checkpoint, or a file of `evenkeel log consistency` that leads from the one that
        was seen last. The first checkpoint of a log is believed. Raises Forked with evidence for
        two roots of one size or a continuation that is not proved, Refused and Unreadable.
        """
        log_keys = [verifier.read_key(one) for one in trusted]
        with self._alone():
            old, offered, proof = _offered(data)
            verifier.hold_signed(offered, log_keys)
            if (seen := self._seen(offered.origin)) is not None:
                verifier.hold_signed(seen, log_keys)  # so that evidence names its key
                self._hold_continued(seen, old, offered, proof, log_keys)
            key = self._key()
            if seen is None or seen.size < offered.size:
                _keep(self._path_of(offered.origin), offered.text.encode())
            return Cosigned(key.signed(offered, seconds), key.public)

    def _hold_continued(
        self, seen: verifier.Checkpoint, old: verifier.Checkpoint | None,
        offered: verifier.Checkpoint, proof: list[bytes], log_keys: list[verifier.PublicKey],
    ) -> None:  # fmt: skip
        for one in (old, offered):
            if one and (one.origin, one.size) == (seen.origin, seen.size) and one.root != seen.root:
                verifier.hold_signed(one, log_keys)
                raise Forked(f"the log `{seen.origin}` has signed two roots of {seen.size} events",
                             self._evidence(verifier.FORK_FORMAT, seen, one, log_keys))  # fmt: skip
        if offered.size < seen.size:
            raise verifier.Refused(f"a checkpoint of {seen.size} events was seen before this one "
                                   f"of {offered.size}")  # fmt: skip
        if offered.size == seen.size:
            return
        if old is None or old.size != seen.size:
            raise verifier.Refused(f"the last checkpoint seen is of {seen.size} events: give the "
                                   "consistency proof from there")  # fmt: skip
        try:
            verifier.hold_consistent(seen, offered, proof)
        except verifier.Refused as refusal:
            raise Forked(
                f"the log `{seen.origin}` does not prove that it continues: {refusal}",
                self._evidence(UNPROVED_FORMAT, seen, offered, log_keys),
            ) from refusal

    def _evidence(
        self, form: str, seen: verifier.Checkpoint, offered: verifier.Checkpoint,
        log_keys: list[verifier.PublicKey],
    ) -> Path:  # fmt: skip
        """Keep both checkpoints, as the log signed them, in a file that others can check."""
        signers = [
            key
            for key in log_keys
            if any(verifier.signed_at(one, key) is not None for one in (seen, offered))
        ]
        both = [_only_by(one, signers) for one in (seen, offered)]
        document = verifier.written({
            "format": form, "keys": sorted(key.text for key in signers),
            "seen": both[0].text, "offered": both[1].text,
        })  # fmt: skip
        path = self._folder / f"fork-{hashlib.sha256(document).hexdigest()[:16]}.json"
        _keep(path, document)
        return path

    def _seen(self, origin: str) -> verifier.Checkpoint | None:
        try:
            return verifier.read_checkpoint(self._path_of(origin).read_bytes().decode())
        except FileNotFoundError:
            return None

    def _path_of(self, origin: str) -> Path:
        return self._folder / f"seen-{hashlib.sha256(origin.encode()).hexdigest()[:32]}"

    def _key(self) -> keys.SigningKey:
        path = self._folder / "key"
        if (found := keys.read_signing_key(path)) is not None:
            return found
        _keep(path, keys.new_key(self._name, verifier.COSIGNS).text.encode())
        return self._key()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _offered(
    data: bytes,
) -> tuple[verifier.Checkpoint | None, verifier.Checkpoint, list[bytes]]:  # fmt: skip
    """The checkpoint that is offered, with the one that it is to continue and the proof of that."""
    if not data.startswith(b"{"):
        try:
            return None, verifier.read_checkpoint(data.decode()), []
        except UnicodeDecodeError as error:
            raise verifier.Unreadable("the checkpoint is not UTF-8 text") from error
    return verifier.read_consistency(data)


def _only_by(
    checkpoint: verifier.Checkpoint, signers: Sequence[verifier.PublicKey]
) -> verifier.Checkpoint:  # fmt: skip
    """A checkpoint with the signatures of these keys alone."""
    known = {(key.name, key.number) for key in signers}
    kept = tuple(one for one in checkpoint.signatures if (one[0], one[1][:4]) in known)
    return verifier.Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, kept)


def _keep(path: Path, data: bytes) -> None:
    """All of the data under that name or none, readable by its owner alone, on disk on return."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def main() -> int:
    """Cosign a checkpoint onto standard output; 0: done, 1: refused, 2: it cannot be read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="what this witness keeps")
    parser.add_argument("file", type=Path, help="a checkpoint, or a consistency proof to one")
    parser.add_argument("--key", action="append", required=True, help="public key of the log")
    parser.add_argument("--name", default="", help="the name of a new witness")
    asked = parser.parse_args()
    try:
        data = asked.file.read_bytes()
        done = Witness(asked.folder, asked.name).cosign(data, asked.key, int(time.time()))
    except keys.KeyExposed:
        sys.stderr.write("cannot sign: others may read the file of the witness's key\n")
        return 2
    except (OSError, ValueError, verifier.Unreadable) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    except verifier.Refused as refusal:
        sys.stderr.write(f"REFUSED: {refusal}\n")
        return 1
    sys.stderr.write(f"cosigned by {done.key.text}\n")
    sys.stdout.buffer.write(done.checkpoint.text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
