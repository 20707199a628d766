"""Tokens for machines that call: shown once, kept as digests, for some scopes and some days."""

import hashlib
import json
import secrets
import stat
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from graph.disk import write_durably, writing
from graph.locking import holding
from graph.progress import silent
from ontology.canonical import digest_of
from ontology.errors import AccessError, InputError, OutsideError
from ontology.events import TOKEN_ISSUED, TOKEN_REVOKED, NewEvent
from service.access import Caller
from service.house import House
from service.permits.verbs import SCOPES

FILE = "service-tokens.json"
PREFIX = "evk_"
LONGEST_DAYS = 366
LOCK_SECONDS = 30.0
LONGEST_NAME = 100
FORMAT = "evenkeel-tokens/1"


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A token as it is kept: its digest, whom it stands for, and for what until when.

    `person` is the pseudonym under which its grants are; times are ISO 8601 in UTC, `revoked`
    is empty while it is not.
    """

    id: str
    digest: str
    person: str
    scopes: tuple[str, ...]
    issued: str
    expires: str
    revoked: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it lets in at a time."""
        return not self.revoked and now < datetime.fromisoformat(self.expires)


Change = Callable[[tuple[ServiceToken, ...]], tuple[ServiceToken, ...]]


class ServiceTokens:
    """The tokens of one data folder; the file is its owner's alone, and holds no secret."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.path = home / FILE
        self._read: tuple[tuple[int, int, int], tuple[ServiceToken, ...]] | None = None

    def known(self) -> tuple[ServiceToken, ...]:
        """All that were issued, in their order; read again only where the file has changed.

        Raises AccessError `TOKEN_EXPOSED` where others may write or read it, OutsideError
        `TOKEN_FILE`.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unusable(error.strerror or "unreadable") from error
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise AccessError(f"others may read or write `{self.path}`", code="TOKEN_EXPOSED",
                              hint="give it the mode 0600 again, and look who was let in"
                              )  # fmt: skip
        mark = found.st_ino, found.st_mtime_ns, found.st_size
        if self._read is None or self._read[0] != mark:
            self._read = mark, self._parsed()
        return self._read[1]

    def caller_of(self, bearer: str) -> Caller | None:
        """Who a token stands for; None for one that was never issued, has expired or is revoked."""
        if not bearer.startswith(PREFIX):
            return None
        digest, now = _digest(bearer), datetime.now(UTC)
        for one in self.known():
            if secrets.compare_digest(one.digest, digest) and one.holds(now):
                expires = datetime.fromisoformat(one.expires)
                return Caller(one.person, f"token {one.id}", frozenset(one.scopes), expires=expires,
                              still=partial(self._still, one.id))  # fmt: skip
        return None

    def _still(self, name: str) -> bool:
        """Whether a token lets in now, for who was let in by it."""
        now = datetime.now(UTC)
        return any(one.id == name and one.holds(now) for one in self.known())

    def add(self, token: ServiceToken) -> None:
        """Keep one more."""
        self._change(lambda known: (*known, token))

    def revoke(self, name: str, now: datetime) -> ServiceToken:
        """Let a token in no more, from now on. Raises InputError `TOKEN_UNKNOWN`."""
        if not any(one.id == name for one in self.known()):
            raise InputError(f"there is no token `{name[:60]}`", code="TOKEN_UNKNOWN",
                             hint="`evenkeel tokens list` shows them")  # fmt: skip
        when = now.isoformat()
        self._change(lambda known: tuple(
            replace(one, revoked=one.revoked or when) if one.id == name else one for one in known
        ))  # fmt: skip
        return next(one for one in self.known() if one.id == name)

    def _change(self, change: Change) -> None:
        with writing(self._home, refused="HOME_NOT_WRITABLE", hint="set EVENKEEL_HOME"):
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with holding(self._home / f".{FILE}.lock", LOCK_SECONDS, silent, "tokens change"):
                told = [asdict(one) for one in change(self.known())]
                document = {"format": FORMAT, "tokens": told}
                write_durably(self.path, json.dumps(document, indent=1).encode())

    def _parsed(self) -> tuple[ServiceToken, ...]:
        try:
            document = {FORMAT: None, **json.loads(self.path.read_bytes())}
            told = document["tokens"] if document["format"] == FORMAT else document[FORMAT]
            return tuple(ServiceToken(**{**one, "scopes": tuple(one["scopes"])})
                         for one in told)  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._unusable(f"it is no {FORMAT}") from error

    def _unusable(self, why: str) -> OutsideError:
        return OutsideError(f"the file of tokens `{self.path}` cannot be used: {why}",
                            code="TOKEN_FILE", hint="delete it and issue the tokens anew"
                            )  # fmt: skip


def issue(
    house: House, name: str, scopes: Sequence[str], days: int, agent: str
) -> tuple[ServiceToken, str]:
    """A new token for a machine, with its secret, which nobody can show again.

    What it may do at most, its scopes say; what of it, the grants of `name`, a person of the
    lookup. The event says of it everything but the secret and its digest. Raises InputError
    `SCOPE_UNKNOWN`, `TOKEN_DAYS`, `BAD_PERSON`.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        what = f"there is no scope `{unknown[0][:40]}`" if unknown else "a token needs a scope"
        raise InputError(what, code="SCOPE_UNKNOWN",
                         hint=f"use --scope, one or more of: {', '.join(SCOPES)}")  # fmt: skip
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(f"a token is for 1 to {LONGEST_DAYS} days", code="TOKEN_DAYS",
                         hint="use --days")  # fmt: skip
    secret, now = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    made = ServiceToken(
        f"token-{secrets.token_hex(8)}", _digest(secret), house.persons.pseudonym_of(name),
        tuple(sorted(set(scopes))), now.isoformat(), (now + timedelta(days=days)).isoformat(),
    )  # fmt: skip
    payload = {"token": made.id, "person": made.person, "scopes": list(made.scopes),
               "expires": made.expires}  # fmt: skip
    new = NewEvent(TOKEN_ISSUED, f"token/{made.id}", agent, now, "", payload)
    house.projection.append(new, body=digest_of([payload]))  # logged before it lets anybody in
    ServiceTokens(house.settings.data_folder).add(made)
    return made, secret


def revoke(house: House, name: str, agent: str) -> ServiceToken:
    """Let a token in no more; again, it gives the same. Raises InputError `TOKEN_UNKNOWN`."""
    now = datetime.now(UTC)
    found = ServiceTokens(house.settings.data_folder).revoke(name, now)  # it ends before it is told
    payload = {"token": name, "person": found.person}
    new = NewEvent(TOKEN_REVOKED, f"token/revoke/{name}", agent, now, "", payload)
    house.projection.append(new, body=digest_of([payload]))
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
