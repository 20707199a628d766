"""Signs the log: its key, made at first need and rotated by an event, and its checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from graph.disk import sync_folder, write_durably, writing
from graph.locking import holding
from graph.progress import silent
from graph.projection import Projection
from graph.transparency.log_verifier import (
    SIGNS,
    Checkpoint,
    PublicKey,
    Refused,
    read_key,
    signed_at,
)
from graph.transparency.signed_checkpoints import SignedCheckpoints, forked
from graph.transparency.signing_key import (
    KeyExposed,
    SigningKey,
    new_key,
    read_signing_key,
)
from graph.transparency.tree_proofs import TreeProofs
from ontology.canonical import digest_of
from ontology.errors import AccessError, InputError, OutsideError, StateError
from ontology.events import KEY_ACTIVATED, Event, NewEvent

KEY_FILE, NEXT_FILE, LOCK_FILE = "key", "key.next", "signing.lock"
LONGEST_WAIT_SECONDS = 60.0
ORIGIN_DIGITS = 32
_HINT = "make the data folder writable; nothing was signed"


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key of this log and the event that put it in force."""

    event: int
    since: datetime
    key: PublicKey


class Signer:
    """Signs the checkpoints of one log from one data folder, one process or thread at a time.

    The log's origin is `evenkeel.log/` and the first digits of its first leaf. Its key is in force
    once the event `key.activated` names it. No checkpoint is signed that does not continue the
    newest one that was.
    """

    def __init__(self, folder: Path, projection: Projection) -> None:
        if projection.log.segments is None:
            raise ValueError("a log without segments cannot be signed")
        self._folder = folder
        self._projection = projection
        self._log = projection.log
        self.store = SignedCheckpoints(folder)
        self.proofs = TreeProofs(projection.log.segments)

    @cached_property
    def origin(self) -> str:
        """What the log is called in its checkpoints."""
        (first,) = self._log.read(limit=1)
        return f"evenkeel.log/{first.leaf[:ORIGIN_DIGITS]}"

    def checkpoint(self, agent: str, size: int = 0) -> Checkpoint:
        """The signed checkpoint of a size, by default that of the log as it is; kept before it is
        given.

        `agent` is who is named where this makes the log's first key. Raises StateError
        `LOG_FORKED`, `LOG_BROKEN`, `STILL_BUSY`; InputError `LOG_SIZE`; AccessError `KEY_EXPOSED`;
        OutsideError `KEY_UNUSABLE`, `CHECKPOINT_NOT_WRITTEN`.
        """
        with self._alone():
            return self._signed(size, [self._key(agent)])

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that was signed, None where there is none; nothing is signed.

        Raises StateError `LOG_FORKED` where the log does not continue it.
        """
        self._hold_continues()
        return self.store.newest()

    def public_key(self, agent: str) -> PublicKey:
        """The public key in force; it is made at first need."""
        with self._alone():
            return self._key(agent).public

    def rotate(self, agent: str) -> Checkpoint:
        """Put a new key in force, by an event; gives the checkpoint of it, signed by both keys.

        The old private key is deleted. Killed at any point, the next call that signs finishes it.
        """
        with self._alone():
            self._key(agent)
            return self._begin(agent)

    def named_keys(self) -> list[NamedKey]:
        """The keys of this log, in order, as its events name them."""
        return [NamedKey(event.sequence, event.recorded_at, read_key(event.payload["key"]))
                for event in self._key_events()]  # fmt: skip

    def add_cosignature(self, checkpoint: Checkpoint, witness: PublicKey) -> Checkpoint:
        """Keep the signature of a witness with the checkpoint that it is of.

        Raises InputError `COSIGNATURE_REFUSED` where it is of another head or does not hold.
        """
        with self._alone():
            stored = self.store.at(checkpoint.size)
            try:
                is_signed = signed_at(checkpoint, witness) is not None
            except Refused:
                is_signed = False
            if stored is None or stored.body != checkpoint.body or not is_signed:
                raise InputError(
                    "the file holds no cosignature by that witness of a checkpoint of this log",
                    code="COSIGNATURE_REFUSED",
                    hint="give what the witness wrote, and the public key that it printed",
                )
            mine = (witness.name, witness.number)
            added = [one for one in checkpoint.signatures if (one[0], one[1][:4]) == mine]
            others = [one for one in stored.signatures if (one[0], one[1][:4]) != mine]
            whole = Checkpoint(stored.origin, stored.size, stored.root, (*others, *added[-1:]))
            self.store.put(whole, witness)
            return whole

    def _signed(self, size: int, keys: list[SigningKey]) -> Checkpoint:
        """The checkpoint of a size with the signatures of these keys. Held by the caller."""
        self._hold_continues()
        tree = self.proofs.tree(size or self.proofs.head().size)
        made = Checkpoint(self.origin, tree.size, tree.root, ())
        stored = self.store.at(tree.size)
        if stored is not None and stored.body != made.body:
            raise forked(tree.size)
        found = stored or made
        for key in keys:
            if signed_at(found, key.public) is None:
                found = key.signed(found)
        if found != stored:
            self.store.put(found, *(key.public for key in keys))
        return found

    def _hold_continues(self) -> None:
        newest = self.store.newest()
        if newest is None:
            return
        if newest.size > self.proofs.head().size:
            self._log.settle()  # files that were cut short are no fork: the database has the rest
        if newest.size > self.proofs.head().size or newest.origin != self.origin:
            raise forked(newest.size)
        if self.proofs.tree(newest.size).root != newest.root:
            raise forked(newest.size)

    def _key(self, agent: str) -> SigningKey:
        """The key in force; a change that was begun is finished. Held by the caller."""
        if (begun := self._read(NEXT_FILE)) is not None:
            self._activate(begun, agent)
        if (key := self._read(KEY_FILE)) is None:
            self._begin(agent)
            key = self._read(KEY_FILE)
        if key is None or key.public.name != self.origin:
            raise OutsideError("the key in the data folder is of another log", code="KEY_UNUSABLE",
                               hint=f"move `{self._folder / KEY_FILE}` away: a new key is made "
                               "at the next need")  # fmt: skip
        return key

    def _begin(self, agent: str) -> Checkpoint:
        made = new_key(self.origin, SIGNS)
        with writing(self._folder, refused="CHECKPOINT_NOT_WRITTEN", hint=_HINT):
            write_durably(self._folder / NEXT_FILE, made.text.encode())
        return self._activate(made, agent)

    def _activate(self, made: SigningKey, agent: str) -> Checkpoint:
        """Log the key, sign that with the old key and with it, put it in place; may be repeated."""
        before = self._read(KEY_FILE)
        self._log_key(made.public, agent)
        is_ours = before is not None and before.public.name == self.origin
        signers = [before, made] if before is not None and is_ours else [made]
        found = self._signed(0, signers)
        with writing(self._folder, refused="CHECKPOINT_NOT_WRITTEN", hint=_HINT):
            (self._folder / NEXT_FILE).replace(self._folder / KEY_FILE)
            sync_folder(self._folder)
        return found

    def _log_key(self, key: PublicKey, agent: str) -> None:
        logged = list(self._key_events())
        if any(event.payload["key"] == key.text for event in logged):
            return
        number, previous = len(logged) + 1, logged[-1].payload["key"] if logged else ""
        payload = {"key": key.text, "number": number, "previous": previous}
        new = NewEvent(KEY_ACTIVATED, _request(number), agent, datetime.now(UTC), "", payload)
        self._projection.append(new, body=digest_of([key.text]))

    def _key_events(self) -> Iterator[Event]:
        number = 1
        while (event := self._log.find(_request(number))) is not None:
            yield event
            number += 1

    def _read(self, name: str) -> SigningKey | None:
        path = self._folder / name
        try:
            return read_signing_key(path)
        except KeyExposed as error:
            raise AccessError(
                f"others may read the key in `{path}`, and sign with it",
                code="KEY_EXPOSED",
                hint="chmod 600 it, then `evenkeel log key --rotate`",
            ) from error
        except (OSError, ValueError, LookupError) as error:
            raise OutsideError(
                f"the file `{path}` holds no key that can be read",
                code="KEY_UNUSABLE",
                hint="put it back, or move it away: a new key is made at the next need",
            ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with writing(self._folder, refused="CHECKPOINT_NOT_WRITTEN", hint=_HINT):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        waiting = "waiting for another process that signs the log"
        with holding(self._folder / LOCK_FILE, LONGEST_WAIT_SECONDS, silent, waiting):
            self._hold_log()
            yield

    def _hold_log(self) -> None:
        """The segments hold all that the database does; there is an event to be called after."""
        if not self._log.settle().sequence:
            raise StateError("the log holds no event yet", code="LOG_EMPTY",
                             hint="load something first")  # fmt: skip


def _request(number: int) -> str:
    return f"log-key/{number}"
