"""A release as a file to hand out: its document, and proofs that the signed log holds its life."""

from typing import Any

import orjson

from graph.governance_events import governance_events
from graph.transparency import log_verifier
from graph.transparency.log_verifier import Refused, Unreadable
from ontology.canonical import canonical, digest_of
from ontology.errors import EvenkeelError
from ontology.events import RELEASE_ACTIVATED, RELEASE_APPROVED, RELEASE_KINDS, RELEASE_PROPOSED
from rules.release import from_document
from service.governing.releasing import find, history
from service.house import House
from service.transparency import checkpoint, prove

FORMAT = "evenkeel-signed-release/1"
PROVED = (RELEASE_PROPOSED, RELEASE_APPROVED, RELEASE_ACTIVATED)


def signed_release(house: House, name: str, agent: str) -> bytes:
    """The file of a release, with a proof of each event by which people let it govern.

    The signature is that of the log: each proof leads from the event, which names the digest, to
    a checkpoint that the log's Ed25519 key has signed. Raises InputError `RELEASE_UNKNOWN`, and
    what signing raises.
    """
    digest = find_digest(house, name)
    size = checkpoint(house, agent).size
    events = [each for each in history(house, digest) if each.kind in PROVED]
    proofs = [prove(house, each, agent, size=size).decode() for each in events]
    return canonical({"format": FORMAT, "release": house.store.get_document(digest),
                      "proofs": proofs}) + b"\n"  # fmt: skip


def verify_release(data: bytes, keys: list[str], since: str = "") -> dict[str, Any]:
    """What the file of a release proves under keys of its log; no database, no network.

    Raises `log_verifier.Refused` where the document is not the one that the log names, where an
    event is none of this release, or where a signature or a proof does not hold; Unreadable.
    """
    document, proofs = _opened(data)
    try:
        release = from_document(document)
    except EvenkeelError as error:
        raise Refused(f"it holds no release: {error.what}") from error
    digest = digest_of(document)
    found = [log_verifier.verify(one.encode(), keys, since=since) for one in proofs]
    for each in found:
        _hold(each, digest)
    if not any(each["kind"] in (RELEASE_PROPOSED, RELEASE_ACTIVATED) for each in found):
        raise Refused("no proof says that the release was proposed or put in force")
    events = [
        {"event": each["event"], "kind": each["kind"], "agent": each["fields"].get("agent", ""),
         "reason": each["fields"].get("payload.reason", "")}
        for each in found
    ]  # fmt: skip
    return {"digest": digest, "name": release.name, "version": release.version,
            "rules": len(release.rules), "origin": found[0]["origin"], "size": found[0]["size"],
            "root": found[0]["root"], "events": events}  # fmt: skip


def _hold(proved: dict[str, Any], digest: str) -> None:
    """Raises Refused unless what a proof shows is an event of the release."""
    about = proved.get("fields", {}).get("payload.release")
    named = about.get("digest") if isinstance(about, dict) else about
    if proved["proves"] != "event" or proved["kind"] not in RELEASE_KINDS or digest != named:
        raise Refused(f"event {proved.get('event')} is not about this release")


def _opened(data: bytes) -> tuple[Any, list[str]]:
    """The release and the proofs of a file in the one way to write it. Raises Unreadable."""
    log_verifier.hold_readable(data)
    try:
        found = orjson.loads(data)
        document, proofs = found["release"], found["proofs"]
        is_whole = found["format"] == FORMAT and set(found) == {"format", "release", "proofs"}
        again = canonical(found) + b"\n"
    except (orjson.JSONDecodeError, KeyError, TypeError, EvenkeelError) as error:
        raise Unreadable("the file is not of the form that a signed release has") from error
    if data != again:
        raise Unreadable("the file is not written as a signed release is: it was changed")
    if not is_whole or not isinstance(proofs, list) or not proofs:
        raise Unreadable("the file is not of the form that a signed release has")
    if not all(isinstance(one, str) for one in proofs):
        raise Unreadable("a proof is a text")
    return document, proofs


def find_digest(house: House, name: str) -> str:
    """The digest of a release that was proposed, or that came with the code and is in force."""
    shipped = {each.payload["release"]["digest"] for each in governance_events(house.driver)
               if each.kind == RELEASE_ACTIVATED}  # fmt: skip
    found = [digest for digest in shipped if name and digest.startswith(name)]
    return found[0] if len(found) == 1 else find(house, name).digest
