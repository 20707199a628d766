"""Private keys that sign or cosign checkpoints, each in a file that its owner alone may read."""

import os
import stat
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if __package__:
    from graph.transparency import log_verifier as verifier
else:  # copied out, beside the verifier
    import log_verifier as verifier  # type: ignore[import-not-found,no-redef]

_MARK = "PRIVATE+KEY"


class KeyExposed(Exception):  # noqa: N818 - a verdict
    """Others than its owner may read the key's file."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; it is shown nowhere, not even by `repr`."""

    public: verifier.PublicKey
    _private: Ed25519PrivateKey = field(repr=False)

    def signed(self, checkpoint: verifier.Checkpoint, seconds: int = 0) -> verifier.Checkpoint:
        """A checkpoint with this key's signature, in place of an earlier one of it.

        A witness states the time: seconds since the beginning of 1970.
        """
        blob = self._private.sign(checkpoint.body.encode())
        if self.public.kind == verifier.COSIGNS:
            message = verifier.cosigned_message(checkpoint, seconds)
            blob = seconds.to_bytes(8, "big") + self._private.sign(message)
        mine = (self.public.name, self.public.number)
        others = (one for one in checkpoint.signatures if (one[0], one[1][:4]) != mine)
        line = (self.public.name, self.public.number + blob)
        return replace(checkpoint, signatures=(*others, line))

    @property
    def text(self) -> str:
        """The key as its file holds it (the encoding that is usual for keys of signed notes)."""
        material = b64encode(bytes([self.public.kind]) + self._private.private_bytes_raw())
        return f"{_MARK}+{self.public.name}+{self.public.number.hex()}+{material.decode()}\n"


def new_key(name: str, kind: int) -> SigningKey:
    """A key made now, from the system's source of randomness."""
    return _key(name, kind, Ed25519PrivateKey.generate())


def read_signing_key(path: Path) -> SigningKey | None:
    """The key of a file, None where there is no file.

    Raises KeyExposed where others than its owner may read it, ValueError for a file that holds no
    key, OSError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if stat.S_IMODE(os.fstat(handle).st_mode) & 0o077:
            raise KeyExposed
        text = file.read(4_096).decode("ascii")
    name, _, material = text.removeprefix(f"{_MARK}+").strip().split("+", 2)
    try:
        secret = b64decode(material, validate=True)
    except Base64Error as error:
        raise ValueError from error
    found = _key(name, secret[0], Ed25519PrivateKey.from_private_bytes(secret[1:]))
    if found.text != text:
        raise ValueError
    return found


def _key(name: str, kind: int, private: Ed25519PrivateKey) -> SigningKey:
    public = private.public_key().public_bytes_raw()
    return SigningKey(verifier.PublicKey(name, kind, public), private)
