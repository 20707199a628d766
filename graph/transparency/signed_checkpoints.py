"""Signed checkpoints of the log, a file each, and the public keys of all that signed them."""

from pathlib import Path

from graph.disk import write_durably, writing
from graph.transparency.log_verifier import (
    Checkpoint,
    PublicKey,
    Refused,
    read_checkpoint,
    read_key,
    signed_at,
)
from ontology.errors import OutsideError, StateError

KEYS_FILE = "keys"
ENDING = ".checkpoint"
_HINT = "make the data folder writable; nothing was signed"


class SignedCheckpoints:
    """What a log has signed: `<size in 12 digits>.checkpoint`, readable as they are.

    A file once written keeps the tree head that it states; signatures are added to it. What `put`
    has returned from survives a power cut. One at a time writes, who holds the folder's lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sizes(self) -> list[int]:
        """The sizes of the log that have been signed, in order."""
        names = (path.stem for path in self._folder.glob("[0-9]*" + ENDING))
        return sorted(int(name) for name in names if name.isdigit())

    def newest(self) -> Checkpoint | None:
        """That of the largest size, None before the first."""
        sizes = self.sizes()
        return self.at(sizes[-1]) if sizes else None

    def at(self, size: int) -> Checkpoint | None:
        """That of a size, if it was signed. Raises OutsideError `CHECKPOINT_CORRUPT`."""
        path = self._path(size)
        try:
            found = read_checkpoint(path.read_bytes().decode())
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, Refused) as error:
            raise _corrupt(path) from error
        if found.size != size:
            raise _corrupt(path)
        return found

    def put(self, checkpoint: Checkpoint, *signers: PublicKey) -> None:
        """Keep a checkpoint with its signatures, and the keys of those who made them.

        Raises StateError `LOG_FORKED` where another head of this size was signed, OutsideError
        `CHECKPOINT_NOT_WRITTEN`, `DISK_FULL`.
        """
        stored = self.at(checkpoint.size)
        if stored is not None and stored.body != checkpoint.body:
            raise forked(checkpoint.size)
        with writing(self._folder, refused="CHECKPOINT_NOT_WRITTEN", hint=_HINT):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            known = self.keys()
            if added := [key for key in signers if key not in known]:
                lines = "".join(f"{key.text}\n" for key in (*known, *added))
                write_durably(self._folder / KEYS_FILE, lines.encode())
            write_durably(self._path(checkpoint.size), checkpoint.text.encode())

    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that have signed, in the order in which they first did."""
        path = self._folder / KEYS_FILE
        try:
            return tuple(read_key(line) for line in path.read_bytes().decode().splitlines())
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError, Refused) as error:
            raise _corrupt(path) from error

    def provable(self, checkpoint: Checkpoint) -> tuple[Checkpoint, tuple[PublicKey, ...]]:
        """A checkpoint with those of its signatures whose keys are known, and those keys."""
        signers = tuple(key for key in self.keys() if signed_at(checkpoint, key) is not None)
        named = {(key.name, key.number) for key in signers}
        kept = tuple(one for one in checkpoint.signatures if (one[0], one[1][:4]) in named)
        return Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, kept), signers

    def files(self) -> dict[str, bytes]:
        """All that a backup takes along, by name in the folder: no private key."""
        paths = [*self._folder.glob("[0-9]*" + ENDING), self._folder / KEYS_FILE]
        return {path.name: path.read_bytes() for path in paths if path.is_file()}

    def _path(self, size: int) -> Path:
        return self._folder / f"{size:012}{ENDING}"


def forked(size: int) -> StateError:
    """The error for a log that is no continuation of what was signed of it."""
    return StateError(
        f"this log is not the one whose first {size} events were signed", code="LOG_FORKED",
        hint="nothing was signed: an older copy of the log may have been restored and written to; "
        "bring back the newer one, or tell all who hold checkpoints and begin a new data folder",
    )  # fmt: skip


def _corrupt(path: Path) -> OutsideError:
    return OutsideError(f"`{path.name}` of the folder `transparency` is not what was written",
                        code="CHECKPOINT_CORRUPT",
                        hint="put it back from a backup; do not delete it: it keeps the log from "
                        "being signed twice")  # fmt: skip
