"""A small issuer on loopback: it signs tokens, publishes its keys, rotates them, and can fail."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "evenkeel"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass
class IssuerAtWork:
    """Its address, its keys by name with their algorithms, and how often the set was asked for."""

    address: str = ""
    keys: dict[str, tuple[Private, str]] = field(default_factory=dict)
    asked: int = 0
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """What an answer says beside."""
    begun: Event = field(default_factory=Event)
    """Set when it was asked."""
    answers: Event = field(default_factory=Event)
    """While it is not set, the issuer hangs."""

    def new_key(self, name: str, algorithm: str = "RS256", bits: int = 2_048) -> Private:
        """A key pair of which the public half is published from now on."""
        made: Private
        if algorithm.startswith(("RS", "PS")):
            made = _rsa(name, bits)
        elif algorithm == "EdDSA":
            made = ed25519.Ed25519PrivateKey.generate()
        else:
            made = ec.generate_private_key(ec.SECP256R1())
        self.keys[name] = made, algorithm
        return made

    def claims(self, **other: Any) -> dict[str, Any]:
        """Those of a right token of `ann`; None takes one away."""
        now = int(time.time())
        told = {"iss": self.address, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600}
        return {name: value for name, value in (told | other).items() if value is not None}

    def token(self, name: str = "k1", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is signed by a key."""
        key, algorithm = self.keys[name]
        told = {"kid": name, "typ": "at+jwt"} | (header or {})
        return jwt.encode(self.claims(**claims), key, algorithm=algorithm,
                          headers={k: v for k, v in told.items() if v is not None})  # fmt: skip

    def key_set(self) -> bytes:
        """The public keys, as the issuer publishes them."""
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [_public(name, *pair) for name, pair in self.keys.items()]}
                          ).encode()  # fmt: skip


@cache
def _rsa(name: str, bits: int) -> rsa.RSAPrivateKey:
    """A key that takes a second to make, once for all tests."""
    return rsa.generate_private_key(65_537, bits)


def _public(name: str, key: Private, algorithm: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {"R": RSAAlgorithm, "P": RSAAlgorithm, "E": ECAlgorithm}
    kind = OKPAlgorithm if algorithm == "EdDSA" else kinds[algorithm[0]]
    told: dict[str, Any] = json.loads(kind.to_jwk(key.public_key()))
    return {**told, "kid": name, "alg": algorithm, "use": "sig"}


@contextmanager
def issuing() -> Iterator[IssuerAtWork]:
    """An issuer that answers until the block ends."""
    found = IssuerAtWork()
    found.answers.set()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked += 1
            found.begun.set()
            found.answers.wait()
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            if found.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(found.key_set())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        found.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            found.answers.set()
            server.shutdown()
            thread.join()
