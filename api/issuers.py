"""Access tokens of an issuer (OIDC): who signed them, for whom, until when; all else is nobody."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from jwt import PyJWK

from graph.persons import Persons
from ontology.errors import InputError
from service.access import Caller
from service.doors.inbox import BUSY_SECONDS, TryLaterError
from service.permits.issuer_settings import ALGORITHMS, IssuerSettings

TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""What the header `typ` may say (RFC 9068, section 2.1), where it says anything."""
CLAIMS = ("exp", "iat", "iss", "sub", "aud")
JWKS_BYTES = 256 * 1024
JWKS_SECONDS = 5.0
LONGEST_TOKEN = 16 * 1024
KINDS = frozenset({"RSA", "EC", "OKP"})
LEAST_RSA_BITS = 2_048


@dataclass
class Keys:
    """The public keys of an issuer: asked for when one is not known, and when they are old.

    One question is under way at a time, in a thread of its own; who asked it waits for
    JWKS_SECONDS at most, and nobody else waits. Once it is answered, or is not, an unknown key is
    no reason for another for `again_seconds`, whoever sends it. While the issuer does not answer,
    known keys hold for `kept_seconds` more and no new one comes in.
    """

    place: str
    again_seconds: float
    fresh_seconds: float
    kept_seconds: float
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, PyJWK] = field(default_factory=dict)
    _read: float = float("-inf")
    _tried: float = float("-inf")
    _reading: Lock = field(default_factory=Lock)

    def of(self, name: str) -> PyJWK | None:
        """The key of a name; None where the issuer has none that may be used.

        Raises TryLaterError `ISSUER_BUSY` for an unknown one while the issuer is being asked.
        """
        if name not in self._keys or self._age > self.fresh_seconds:
            is_over = self._reading.acquire(blocking=False) and self._asked()
            if not is_over and name not in self._keys:
                raise TryLaterError("the issuer is being asked for its keys", code="ISSUER_BUSY",
                                    retry_after_seconds=BUSY_SECONDS)  # fmt: skip
        return self._keys.get(name) if self._age <= self.kept_seconds else None

    @property
    def _age(self) -> float:
        return self.clock() - self._read

    def _asked(self) -> bool:
        """Ask the issuer, unless that was just done; whether it is over. Gives `_reading` back."""
        if self.clock() - self._tried < self.again_seconds:
            self._reading.release()
            return True
        is_over = Event()
        Thread(target=self._ask, args=(is_over,), name="keys of the issuer", daemon=True).start()
        return is_over.wait(JWKS_SECONDS)

    def _ask(self, is_over: Event) -> None:
        began = self.clock()
        try:
            found = keys_in(read_jwks(self.place))
        except Exception:  # noqa: BLE001, S110 - whatever it answers: what is known stays
            pass
        else:
            self._keys, self._read = found, began
        finally:
            self._tried = self.clock()
            self._reading.release()
            is_over.set()


def read_jwks(place: str) -> bytes:
    """The bytes of a key set: of a file, or of an address that does not lead elsewhere.

    It has JWKS_BYTES at most, and its body comes within JWKS_SECONDS, however slowly it is sent.
    Raises ValueError for any other, and what the way to it raises.
    """
    if not place.startswith(("http://", "https://")):
        with Path(place).open("rb") as file:
            return file.read(JWKS_BYTES)
    found, began = bytearray(), time.monotonic()
    with requests.get(place, timeout=JWKS_SECONDS, allow_redirects=False, stream=True) as answer:
        if answer.status_code != 200:
            raise ValueError(f"status {answer.status_code}")
        while part := answer.raw.read1(JWKS_BYTES, decode_content=True):
            found += part
            if len(found) > JWKS_BYTES or time.monotonic() - began > JWKS_SECONDS:
                raise ValueError("the key set is too large, or too slow")
    return bytes(found)


def keys_in(data: bytes) -> dict[str, PyJWK]:
    """By name the public keys of a set that sign by an algorithm that is accepted.

    A symmetric key is never one, nor a key for encryption, nor one without a name.
    """
    found: dict[str, PyJWK] = {}
    for one in json.loads(data)["keys"]:
        name, is_for = one.get("kid"), one.get("use", "sig")
        if not isinstance(name, str) or is_for != "sig" or "k" in one or "d" in one:
            continue
        if one.get("kty") not in KINDS or name in found:
            continue
        if one.get("alg", next(iter(ALGORITHMS))) not in ALGORITHMS:
            continue
        try:
            made = PyJWK(one)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError, NotImplementedError):
            continue
        bits = getattr(made.key, "key_size", LEAST_RSA_BITS) if one["kty"] == "RSA" else None
        if made.algorithm_name in ALGORITHMS and (bits is None or bits >= LEAST_RSA_BITS):
            found[name] = made
    return found


class Issuer:
    """Knows a caller by an access token that one issuer has signed for this service."""

    def __init__(self, settings: IssuerSettings, persons: Callable[[], Persons]) -> None:
        self._settings = settings
        self._persons = persons
        self.keys = Keys(settings.jwks, settings.jwks_again_seconds, settings.jwks_fresh_seconds,
                         settings.jwks_kept_seconds)  # fmt: skip

    def caller_of(self, bearer: str) -> Caller | None:
        """Who a token stands for; None for every token that is not wholly right.

        A right one of somebody whom the lookup of persons does not know is nobody's, too. Raises
        TryLaterError `ISSUER_BUSY`.
        """
        claims = self._claims(bearer)
        if claims is None:
            return None
        subject = claims["sub"]
        person = self._persons().of_login(self._settings.issuer, subject)
        if person is None:
            return None
        expires = datetime.fromtimestamp(claims["exp"] + self._settings.skew_seconds, UTC)
        return Caller(person, f"login of {self._settings.issuer}", expires=expires,
                      still=partial(self._still, subject, person))  # fmt: skip

    def _still(self, subject: str, person: str) -> bool:
        """Whether a login is that of a person now: not since it was taken away, or they erased."""
        return self._persons().of_login(self._settings.issuer, subject) == person

    def _claims(self, bearer: str) -> dict[str, Any] | None:
        if len(bearer) > LONGEST_TOKEN or bearer.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(bearer)
            key = self._key(header)
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                bearer, key, algorithms=[key.algorithm_name], audience=self._settings.audience,
                issuer=self._settings.issuer, leeway=self._settings.skew_seconds,
                options={"require": list(CLAIMS)},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        is_text = isinstance(claims["sub"], str) and bool(claims["sub"])
        return claims if is_text and isinstance(claims["exp"], int) else None

    def _key(self, header: Mapping[str, Any]) -> PyJWK | None:
        """The key that a header names, if it is of the kind of the algorithm that it names."""
        algorithm, name, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if algorithm not in ALGORITHMS or not isinstance(name, str) or "crit" in header:
            return None
        if kind is not None and (not isinstance(kind, str) or kind.lower() not in TYPES):
            return None
        key = self.keys.of(name)
        # INVARIANT: the key says by which algorithm it is used, never the token
        return key if key is not None and key.algorithm_name == algorithm else None


def issuer_from(settings: IssuerSettings, persons: Callable[[], Persons]) -> Issuer | None:
    """The issuer that the settings name, None where they name none.

    Raises InputError `BAD_SETTING` where they name half of one, or keys over plain HTTP that are
    not on this machine.
    """
    told = (settings.issuer, settings.audience, settings.jwks)
    if not any(told):
        return None
    if not all(told):
        raise InputError("an issuer needs its name, an audience and a key set", code="BAD_SETTING",
                         hint="set EVENKEEL_OIDC_ISSUER, EVENKEEL_OIDC_AUDIENCE and "
                         "EVENKEEL_OIDC_JWKS")  # fmt: skip
    parts = urlsplit(settings.jwks)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise InputError("the key set comes over plain HTTP: anybody on the way could put in keys",
                         code="BAD_SETTING", hint="use https:// or a file in EVENKEEL_OIDC_JWKS"
                         )  # fmt: skip
    return Issuer(settings, persons)
