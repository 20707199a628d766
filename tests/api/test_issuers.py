"""Access tokens of an issuer: only what is wholly right lets anybody in."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from api import issuers
from api.issuers import Issuer, issuer_from, keys_in, read_jwks
from graph.persons import Persons
from ontology.errors import InputError
from service.doors.inbox import TryLaterError
from service.permits.issuer_settings import ALGORITHMS, IssuerSettings
from tests.api.issuing import AUDIENCE, IssuerAtWork, issuing

SKEW = 30


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def at_work() -> Iterator[IssuerAtWork]:
    with issuing() as found:
        found.new_key("k1")
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def persons(tmp_path: Path, at_work: IssuerAtWork) -> Persons:
    found = Persons(tmp_path)
    found.add_login(found.pseudonym_of("Ann"), at_work.address, "ann")
    return found


@pytest.fixture
def issuer(at_work: IssuerAtWork, persons: Persons, clock: Clock) -> Issuer:
    settings = IssuerSettings(issuer=at_work.address, audience=AUDIENCE, jwks=at_work.address)
    made = Issuer(settings, lambda: persons)
    made.keys.clock = clock
    return made


def test_a_right_token_is_of_the_person_of_its_login(
    issuer: Issuer, at_work: IssuerAtWork, persons: Persons
) -> None:
    """Two logins of one person are one caller; who nobody knows is nobody; one audience of many."""
    ann = persons.pseudonym_of("Ann")
    persons.add_login(ann, at_work.address, "ann-at-work")
    for subject in ("ann", "ann-at-work"):
        found = issuer.caller_of(at_work.token(sub=subject))
        assert found is not None
        assert (ann, False, None) == (found.person, found.is_owner, found.scopes)
    assert issuer.caller_of(at_work.token(sub="bob")) is None
    assert issuer.caller_of(at_work.token(aud=["other", AUDIENCE])) is not None
    assert issuer.caller_of(at_work.token(header={"typ": None})) is not None
    persons.drop_login(at_work.address, "ann")
    assert issuer.caller_of(at_work.token()) is None
    assert 1 == at_work.asked


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS - {"ES384", "ES512"}))
def test_every_algorithm_that_is_accepted(
    issuer: Issuer, at_work: IssuerAtWork, algorithm: str
) -> None:
    """What the key set says of a key is how it is used."""
    at_work.new_key("k2", algorithm)
    assert issuer.caller_of(at_work.token("k2")) is not None


def _part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _forged(at_work: IssuerAtWork, header: dict[str, Any], secret: bytes | None) -> str:
    """A token that is not signed, or signed with a text as if that were a secret."""
    text = f"{_part(header)}.{_part(at_work.claims())}"
    signed = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{_part(signed)}"


def wrong(at_work: IssuerAtWork) -> dict[str, str]:
    """Tokens that are almost right."""
    key, _ = at_work.keys["k1"]
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    now, right = int(time.time()), at_work.token()
    head, body, signature = right.split(".")
    other = at_work.new_key("k-other")
    at_work.keys["k2"] = other, "RS256"
    swapped = at_work.token("k2", {"kid": "k1"})
    del at_work.keys["k2"], at_work.keys["k-other"]
    more = at_work.token(sub="bob").split(".")
    return {
        "none": _forged(at_work, {"alg": "none", "kid": "k1"}, None),
        "None": _forged(at_work, {"alg": "None", "kid": "k1"}, None),
        "public key as a secret": _forged(at_work, {"alg": "HS256", "kid": "k1"}, public),
        "key set as a secret": _forged(at_work, {"alg": "HS256", "kid": "k1"}, at_work.key_set()),
        "another algorithm of the same key": f"{_part({'alg': 'PS256', 'kid': 'k1'})}.{body}."
                                             f"{signature}",
        "key of another under this name": swapped,
        "unknown key": at_work.token(header={"kid": "k9"}),
        "key without a name": at_work.token(header={"kid": None}),
        "name that is no text": f"{_part({'alg': 'RS256', 'kid': 1})}.{body}.{signature}",
        "key in the token": at_work.token(header={"kid": "k9", "jku": at_work.address}),
        "critical extension": at_work.token(header={"crit": ["b64"], "b64": True}),
        "wrong type": at_work.token(header={"typ": "logout+jwt"}),
        "wrong issuer": at_work.token(iss="https://elsewhere.example"),
        "issuer as a part": at_work.token(iss=at_work.address[:-1]),
        "no issuer": at_work.token(iss=None),
        "wrong audience": at_work.token(aud="another"), "no audience": at_work.token(aud=None),
        "audience as a part": at_work.token(aud=AUDIENCE[:-1]),
        "expired": at_work.token(exp=now - SKEW - 2), "no expiry": at_work.token(exp=None),
        "expiry as text": at_work.token(exp="soon"),
        "not yet": at_work.token(nbf=now + SKEW + 60),
        "issued later": at_work.token(iat=now + SKEW + 60), "not issued": at_work.token(iat=None),
        "no subject": at_work.token(sub=None), "empty subject": at_work.token(sub=""),
        "other claims": f"{head}.{more[1]}.{signature}", "no signature": f"{head}.{body}.",
        "cut": right[:-4], "two parts": f"{head}.{body}", "five parts": f"{right}.a.b",
        "empty": "", "long": "a." * 2 + "b" * 40_000,
    }  # fmt: skip


def test_what_is_almost_right_lets_nobody_in(issuer: Issuer, at_work: IssuerAtWork) -> None:
    """Forged, swapped, unsigned, expired, early, for another: nobody."""
    for what, token in wrong(at_work).items():
        assert issuer.caller_of(token) is None, what
    assert issuer.caller_of(at_work.token()) is not None


def test_clocks_may_differ_a_little_and_no_more(issuer: Issuer, at_work: IssuerAtWork) -> None:
    """A token counts for the stated skew after it expired and before it begins."""
    now = int(time.time())
    assert issuer.caller_of(at_work.token(exp=now - SKEW + 10)) is not None
    assert issuer.caller_of(at_work.token(nbf=now + SKEW - 10)) is not None
    found = issuer.caller_of(at_work.token(exp=now + 60))
    assert found is not None
    assert found.expires is not None
    assert now + 60 + SKEW == int(found.expires.timestamp())


def test_no_changed_byte_passes(issuer: Issuer, at_work: IssuerAtWork) -> None:
    """One character of the token is another: nobody."""
    token = at_work.token()
    for at in range(0, len(token) - 2, 7):  # bits of the last character may be padding
        other = "A" if token[at] != "A" else "B"
        assert issuer.caller_of(token[:at] + other + token[at + 1 :]) is None


@given(st.text(max_size=80))
def test_any_text_is_nobody(text: str) -> None:
    """No text that was not signed ends in an error or a caller."""
    settings = IssuerSettings(issuer="i", audience="a", jwks="/nowhere/keys.json")
    assert Issuer(settings, partial(Persons, Path("/nowhere"))).caller_of(text) is None


def test_keys_rotate(issuer: Issuer, at_work: IssuerAtWork, clock: Clock) -> None:
    """A new key comes in by the first token of it; one that was taken away goes with the next."""
    assert issuer.caller_of(at_work.token("k1")) is not None
    at_work.new_key("k2", "ES256")
    clock.now += 11
    old = at_work.token("k1")
    assert issuer.caller_of(at_work.token("k2")) is not None
    assert issuer.caller_of(old) is not None
    del at_work.keys["k1"]
    clock.now += 601  # older than it may be: read again, though the key is known
    assert issuer.caller_of(at_work.token("k2")) is not None
    assert issuer.caller_of(old) is None
    assert 3 == at_work.asked


def test_unknown_keys_are_asked_for_at_most_once_in_a_while(
    issuer: Issuer, at_work: IssuerAtWork, clock: Clock
) -> None:
    """A flood of tokens of keys that nobody has costs the issuer one question in ten seconds."""
    assert issuer.caller_of(at_work.token()) is not None
    for number in range(50):
        assert issuer.caller_of(at_work.token(header={"kid": f"x{number}"})) is None
    assert 1 == at_work.asked
    clock.now += 11
    for number in range(50):
        assert issuer.caller_of(at_work.token(header={"kid": f"y{number}"})) is None
    assert 2 == at_work.asked
    assert issuer.caller_of(at_work.token()) is not None


@pytest.mark.parametrize("status", [500, 302, 204])
def test_an_issuer_that_is_dead_locks_nobody_out_and_lets_nobody_in(
    issuer: Issuer, at_work: IssuerAtWork, clock: Clock, status: int
) -> None:
    """Known keys hold for a day and no longer; a new one does not come in."""
    assert issuer.caller_of(at_work.token()) is not None
    at_work.status = status
    at_work.new_key("k2")
    for _ in range(20):
        clock.now += 3_600
        assert issuer.caller_of(at_work.token("k1")) is not None
        assert issuer.caller_of(at_work.token("k2")) is None
    clock.now += 86_400
    assert issuer.caller_of(at_work.token("k1")) is None
    at_work.status = 200
    clock.now += 11
    assert issuer.caller_of(at_work.token("k1")) is not None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 3}', b'{"keys": [3]}', b"\xff",
                                  b'{"keys": [{"kid": "k1", "kty": "oct", "k": "c2VjcmV0"}]}',
                                  b"[" * 100_000, b" " * 300_000])  # fmt: skip
def test_a_key_set_that_is_none_changes_nothing(
    issuer: Issuer, at_work: IssuerAtWork, clock: Clock, body: bytes
) -> None:
    """Whatever the issuer answers: no error, and never a key that is not a public one."""
    assert issuer.caller_of(at_work.token()) is not None
    at_work.body = body
    clock.now += 601
    found = issuer.caller_of(at_work.token())
    assert found is not None or body.startswith(b'{"keys": [{')


def test_which_keys_of_a_set_count(at_work: IssuerAtWork) -> None:
    """No secrets, no private halves, no keys for encryption, no short ones, none without a name."""
    at_work.new_key("short", bits=1_024)
    keys = json.loads(at_work.key_set())["keys"]
    good, short = keys
    bad = [
        short, {**good, "kid": "e", "use": "enc"}, {**good, "kid": None}, {**good, "kid": "h",
        "alg": "HS256"}, {**good, "kid": "d", "d": "AQAB"}, {"kty": "oct", "kid": "s", "k": "AAAA"},
        {**good, "kid": "n", "alg": "none"}, {"kty": "EC", "kid": "c", "crv": "secp256k1"},
        {**good, "n": "AAAA"},
    ]  # fmt: skip
    assert ["k1"] == list(keys_in(json.dumps({"keys": [good, *bad]}).encode()))


def test_a_file_of_keys(at_work: IssuerAtWork, tmp_path: Path, persons: Persons) -> None:
    """Without a network: the keys of a file, which is read again when it is old."""
    path = tmp_path / "jwks.json"
    path.write_bytes(at_work.key_set())
    assert path.read_bytes() == read_jwks(str(path))
    settings = IssuerSettings(issuer=at_work.address, audience=AUDIENCE, jwks=str(path))
    found = issuer_from(settings, lambda: persons)
    assert found is not None
    assert found.caller_of(at_work.token()) is not None
    assert 0 == at_work.asked


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "i"},
        {"issuer": "i", "audience": "a"},
        {"issuer": "i", "audience": "a", "jwks": "http://x.example/k"},
    ],
)
def test_half_an_issuer_is_refused(told: dict[str, str]) -> None:
    """Nothing is guessed, and no keys come over a way on which anybody may change them."""
    with pytest.raises(InputError) as refused:
        issuer_from(IssuerSettings(**told), partial(Persons, Path("/nowhere")))
    assert "BAD_SETTING" == refused.value.code


def test_no_settings_no_issuer() -> None:
    """Without an issuer nobody comes in by one."""
    assert issuer_from(IssuerSettings(), partial(Persons, Path("/nowhere"))) is None


@pytest.mark.parametrize("headers", [{"Content-Length": "999"}, {"Content-Encoding": "gzip"},
                                     {"Transfer-Encoding": "chunked"}])  # fmt: skip
def test_an_answer_that_breaks_off_changes_nothing(
    issuer: Issuer, at_work: IssuerAtWork, clock: Clock, headers: dict[str, str]
) -> None:
    """Cut short, packed wrongly, or in parts that are none: no error, and known keys stay."""
    assert issuer.caller_of(at_work.token()) is not None
    at_work.headers, at_work.body = headers, b"0123456789"
    clock.now += 601
    assert issuer.caller_of(at_work.token()) is not None
    assert 2 == at_work.asked


def test_a_key_set_that_comes_too_slowly_is_none(
    at_work: IssuerAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of it has a time, not each of its bytes."""
    monkeypatch.setattr(issuers, "time", SimpleNamespace(monotonic=count(0, 10).__next__))
    with pytest.raises(ValueError, match="too slow"):
        read_jwks(at_work.address)


def test_an_issuer_that_hangs_keeps_one_waiter(
    issuer: Issuer, at_work: IssuerAtWork, clock: Clock
) -> None:
    """Who brings a known key is answered, who brings another is told to come later; none waits.

    How long the question took does not count as time since it was asked.
    """
    known, new = at_work.token("k1"), at_work.token(header={"kid": "k3"})
    assert issuer.caller_of(known) is not None
    clock.now += 601
    at_work.answers.clear()
    at_work.begun.clear()
    waits = Thread(target=issuer.caller_of, args=(known,))
    waits.start()
    at_work.begun.wait()
    for _ in range(20):
        assert issuer.caller_of(known) is not None
        with pytest.raises(TryLaterError) as later:
            issuer.caller_of(new)
    assert "ISSUER_BUSY" == later.value.code
    clock.now += 60
    at_work.status = 500
    at_work.answers.set()
    waits.join()
    assert issuer.caller_of(new) is None
    assert issuer.caller_of(known) is not None
    assert 2 == at_work.asked
