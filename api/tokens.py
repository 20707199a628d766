"""The local token: made once, readable by its owner alone, compared in constant time."""

import hmac
import os
import secrets
import stat
from pathlib import Path

from ontology.errors import AccessError, InputError, OutsideError

TOKEN_FILE = "api-token"  # noqa: S105 - a file name
_SHORTEST = 32


def local_token(home: Path) -> str:
    """The bearer token of a data folder, made at the first call; every later call gives the same.

    The file has mode 0600 and appears whole or not at all, whoever else makes it at the same
    moment. Raises AccessError `TOKEN_EXPOSED` where others may read it, InputError
    `TOKEN_UNUSABLE` for a file that holds no token, OutsideError `TOKEN_FILE`.
    """
    path = home / TOKEN_FILE
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        token = path.read_text("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    except OSError as error:
        raise OutsideError(f"the token file `{path}` cannot be used: {error.strerror}",
                           code="TOKEN_FILE", hint="check the data folder") from error  # fmt: skip
    if len(token) < _SHORTEST:
        raise InputError(f"the file `{path}` holds no token", code="TOKEN_UNUSABLE",
                         hint="delete it; a new token is made at the next start")  # fmt: skip
    if mode & 0o077:
        raise AccessError(f"others may read the token in `{path}`", code="TOKEN_EXPOSED",
                          hint="delete it; a new token is made at the next start")  # fmt: skip
    return token


def admits(header: str, token: str) -> bool:
    """Whether an Authorization header carries the token; the time taken tells nothing of it."""
    scheme, _, given = header.partition(" ")
    return hmac.compare_digest(given.strip().encode(), token.encode()) and (
        scheme.lower() == "bearer"
    )


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # unlike a rename, it never replaces another starter's token
        except FileExistsError:
            return
    finally:
        draft.unlink()
