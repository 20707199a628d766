"""Check a proof of an Evenkeel log: python log_verifier.py FILE --key PUBLIC_KEY

Needs this file, Python 3.11 and the package `cryptography`. Opens only the files that it is given.
"""

import argparse
import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF_FORMAT = "evenkeel-log-proof/1"
CONSISTENCY_FORMAT = "evenkeel-log-consistency/1"
FORK_FORMAT = "evenkeel-log-fork/1"
PARTNER_FORMAT = "evenkeel-partner-bundle/1"
LEAF_VERSION = 1
SIGNS, COSIGNS = 1, 4
"""What a key does: signs checkpoints of its log, or cosigns those of others as a witness (the
signature types of c2sp.org/signed-note and c2sp.org/tlog-cosignature)."""
EVENT_PARTS = {"format", "keys", "checkpoint", "event", "leaf", "inclusion"}
LARGEST_BYTES = 64 * 2**20
LARGEST_NOTE = 64 * 2**10
MOST_PARTS = 20_000_000
"""Brackets, commas and colons of a file: in memory it takes up to 100 bytes for each."""
MOST_KEYS = 256

LEFT, RIGHT = "<", ">"
"""On which side of a node its neighbour stands, in the path of a line."""

_HASH = re.compile(r"[0-9a-f]{64}")
_STEP = re.compile(rf"[{LEFT}{RIGHT}][0-9a-f]{{64}}")
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_SIGNATURE = re.compile("— (?P<name>[^ ]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")


class Refused(Exception):  # noqa: N818 - a verdict
    """What was given proves nothing; the text says why."""


class Unreadable(Refused):
    """What was given is not of the form that a proof has."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signs or cosigns, under a name; a log's key has the name of its origin."""

    name: str
    kind: int
    key: bytes

    @property
    def number(self) -> bytes:
        """The four bytes by which a signature line names the key (its key ID)."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.key
        return hashlib.sha256(named).digest()[:4]

    @property
    def text(self) -> str:
        """The key as text: `name+8 hexadecimal digits+base64` (vkey of c2sp.org/signed-note)."""
        material = b64encode(bytes([self.kind]) + self.key).decode()
        return f"{self.name}+{self.number.hex()}+{material}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, how many events it has, the root over them; and signatures.

    `body` is what is signed; `signatures` are (name of the key, its number and the signature).
    """

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def body(self) -> str:
        """The three lines that are signed (c2sp.org/tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @property
    def text(self) -> str:
        """The checkpoint with its signatures, as it is kept and handed out."""
        lines = (f"— {name} {b64encode(blob).decode()}\n" for name, blob in self.signatures)
        return f"{self.body}\n{''.join(lines)}"


def read_key(text: str) -> PublicKey:
    """A public key from its text. Raises Unreadable."""
    name, _, rest = text.strip().partition("+")
    try:
        material = b64decode(rest[9:], validate=True)
    except (Base64Error, ValueError):
        material = b""
    found = PublicKey(name, material[0] if material else 0, material[1:])
    if len(material) != 33 or found.kind not in (SIGNS, COSIGNS) or found.text != text.strip():
        raise Unreadable("a public key reads `name+8 digits+base64`, and this one does not")
    return found


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from its text; no other text gives the same one. Raises Unreadable."""
    lines = text[:LARGEST_NOTE].split("\n")
    if len(lines) < 6 or lines[3] or lines[-1] or not _NAME.fullmatch(lines[0]):
        raise Unreadable("a checkpoint is three lines, an empty one, and one for each signature")
    signatures = [_SIGNATURE.fullmatch(line) for line in lines[4:-1]]
    if not _SIZE.fullmatch(lines[1]) or not all(signatures):
        raise Unreadable("the size or a signature of the checkpoint cannot be read")
    try:
        named = tuple((one["name"], b64decode(one["blob"])) for one in signatures if one)
        found = Checkpoint(lines[0], int(lines[1]), b64decode(lines[2], validate=True), named)
    except (Base64Error, ValueError):
        raise Unreadable("a line of the checkpoint is not base64") from None
    if len(found.root) != 32 or found.text != text:
        raise Unreadable("the checkpoint is not written as checkpoints are")
    return found


def signed_at(checkpoint: Checkpoint, key: PublicKey) -> int | None:
    """Whether a key has signed: None, or the time that a witness states (a log's key: 0).

    Seconds since the beginning of 1970. Raises Refused for a line of this key that does not hold.
    """
    found, wanted = None, (key.name, key.number)
    for name, blob in checkpoint.signatures:
        if (name, blob[:4]) == wanted:
            seconds, message = 0, checkpoint.body.encode()
            if key.kind == COSIGNS:
                seconds = int.from_bytes(blob[4:12], "big")
                message = cosigned_message(checkpoint, seconds)
            try:
                Ed25519PublicKey.from_public_bytes(key.key).verify(
                    blob[4 if key.kind == SIGNS else 12 :], message
                )
            except InvalidSignature:
                raise Refused(f"the signature of `{name}` does not hold") from None
            found = seconds
    return found


def cosigned_message(checkpoint: Checkpoint, seconds: int) -> bytes:
    """What a witness signs at a time (c2sp.org/tlog-cosignature)."""
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.body}".encode()


def hold_signed(
    checkpoint: Checkpoint, trusted: Iterable[PublicKey], named: Iterable[PublicKey] = ()
) -> None:
    """Raises Refused unless a trusted key of this log has signed, and all that is signed holds.

    Where keys are `named` beside a checkpoint, each of its signatures must be of one of those.
    """
    keys = list(named)
    signers = [key for key in keys if signed_at(checkpoint, key) is not None]
    known = {(key.name, key.number) for key in signers}
    if keys and any((name, blob[:4]) not in known for name, blob in checkpoint.signatures):
        raise Refused("a signature of the checkpoint is of no key that is named beside it")
    if not any(_is_of_log(checkpoint, key) for key in trusted):
        raise Refused("no key that you trust has signed the checkpoint for this log")


def _is_of_log(checkpoint: Checkpoint, key: PublicKey) -> bool:
    is_its_key = key.kind == SIGNS and key.name == checkpoint.origin
    return is_its_key and signed_at(checkpoint, key) is not None


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def path_root(leaf: bytes, place: int, path: Sequence[bytes], size: int) -> bytes:
    """The root that an audit path leads to from the leaf at a place of a tree of so many.

    RFC 6962 section 2.1.1: a path climbs beside inner nodes first, then along the right edge.
    Raises Refused for a path that is not as long as that.
    """
    edge = (place ^ (size - 1)).bit_length()
    if len(path) != edge + (place >> edge).bit_count():
        raise Refused("a path of hashes is not as long as its place in the tree says")
    root = leaf
    for level, beside in enumerate(path):
        is_left = level < edge and not place >> level & 1
        root = _node(root, beside) if is_left else _node(beside, root)
    return root


def hold_consistent(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raises Refused unless the events of the old tree are the first ones of the new one.

    The proof is that of RFC 6962 section 2.1.2; none is needed from an empty tree.
    """
    if old.origin != new.origin or old.size > new.size:
        raise Refused("the older checkpoint is of another log, or it is the larger one")
    if old.size in (0, new.size):
        if proof or old.root != (new.root if old.size else hashlib.sha256().digest()):
            raise Refused("the two checkpoints do not agree")
        return
    last, shift = old.size - 1, (old.size & -old.size).bit_length() - 1
    edge = (last ^ (new.size - 1)).bit_length()
    has_first = old.size != 1 << shift
    if len(proof) != has_first + edge - shift + (last >> edge).bit_count():
        raise Refused("the consistency proof is not as long as the sizes say")
    before = after = proof[0] if has_first else old.root
    for level, beside in enumerate(proof[has_first:]):
        if level >= edge - shift or last >> shift >> level & 1:
            before, after = _node(beside, before), _node(beside, after)
        else:
            after = _node(after, beside)
    if (before, after) != (old.root, new.root):
        raise Refused("the older tree is no beginning of the newer one")


def verify(
    data: bytes, trusted: Sequence[str], *, witnesses: Sequence[str] = (), since: str = "",
    artifact: bytes | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a file proves, under public keys that the caller trusts; all of it is checked.

    `witnesses` must all have cosigned. `since` is an older checkpoint that the log must continue,
    `artifact` the content that the event must name. Raises Refused, or Unreadable.
    """
    keys, cosigners = [read_key(one) for one in trusted], [read_key(one) for one in witnesses]
    older = read_checkpoint(since) if since else None
    document = _document(data)
    checks = {PROOF_FORMAT: _proof, CONSISTENCY_FORMAT: _consistency, FORK_FORMAT: _fork,
              PARTNER_FORMAT: _partner}  # fmt: skip
    if (check := checks.get(str(document.get("format")))) is None:
        raise Unreadable("the file is not of a format that this verifier knows")
    if not any(key.kind == SIGNS for key in keys):
        raise Refused("name the public key of the log: a proof under any key proves nothing")
    try:
        if len(document["keys"]) > MOST_KEYS:
            raise Unreadable(f"the file names more than {MOST_KEYS} keys")
        named = [read_key(one) for one in document["keys"]]
        found, checkpoint, held = check(document, keys, named)
        _hold_since(older, (checkpoint, *held), [*keys, *named])
        if artifact is not None:
            hold_artifact(found.get("fields", {}), artifact)
        times = {key.text: signed_at(checkpoint, key) for key in cosigners}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Unreadable("the file is not of the form that its format has") from error
    if None in times.values() or any(key.kind != COSIGNS for key in cosigners):
        raise Refused("a witness that you demand has not cosigned the checkpoint")
    return found | {
        "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(),
        "witnesses": times, "since": older.size if older else None,
    }  # fmt: skip


Found = tuple[dict[str, Any], Checkpoint, tuple[Checkpoint, ...]]
"""What was found, the checkpoint that it stands under, and older ones that were checked."""


def _proof(
    document: Mapping[str, Any], trusted: list[PublicKey], named: list[PublicKey]
) -> Found:  # fmt: skip
    _hold_parts(document, EVENT_PARTS, {"since", "lines"})
    return _event(document, trusted, named)


def _event(
    document: Mapping[str, Any], trusted: list[PublicKey], named: list[PublicKey]
) -> Found:  # fmt: skip
    checkpoint, event = read_checkpoint(document["checkpoint"]), document["event"]
    hold_signed(checkpoint, trusted, named)
    leaf, fields, hidden = _opened(event)
    if leaf.hex() != document["leaf"] or not 0 < event["sequence"] <= checkpoint.size:
        raise Refused("the event is not the one of the leaf, or its place is not in the log")
    path = _hashes(document["inclusion"])
    if path_root(leaf, event["sequence"] - 1, path, checkpoint.size) != checkpoint.root:
        raise Refused("the event is not in the log that the checkpoint is of")
    held: tuple[Checkpoint, ...] = ()
    if "since" in document:
        _hold_parts(document["since"], {"checkpoint", "proof"})
        older = read_checkpoint(document["since"]["checkpoint"])
        hold_signed(older, named, named)
        hold_consistent(older, checkpoint, _hashes(document["since"]["proof"]))
        held = (older,)
    _hold_all_used(named, (checkpoint, *held))
    found = {"proves": "event", "event": event["sequence"], "kind": event["kind"],
             "leaf": leaf.hex(), "fields": fields, "hidden": hidden,
             "lines": _lines(document.get("lines", []), fields)}  # fmt: skip
    return found, checkpoint, held


def _partner(
    document: Mapping[str, Any], trusted: list[PublicKey], named: list[PublicKey]
) -> Found:  # fmt: skip
    """All lines of a plan that name one partner, as far as it may see them."""
    _hold_parts(document, EVENT_PARTS | {"partner"}, {"since"})
    found, checkpoint, held = _event(document, trusted, named)
    part = document["partner"]
    lines = _under(part, "partner/", found["fields"].get("payload.partners_root"))
    plan, partner = found["fields"]["payload.plan"], part["name"].removeprefix("partner/")
    told = {"proves": "partner", "plan": plan, "partner": partner, "lines": lines}
    return found | told, checkpoint, held


def _consistency(
    document: Mapping[str, Any], trusted: list[PublicKey], named: list[PublicKey]
) -> Found:  # fmt: skip
    _hold_parts(document, {"format", "keys", "old", "new", "proof"})
    old, new = read_checkpoint(document["old"]), read_checkpoint(document["new"])
    hold_signed(new, trusted, named)
    hold_signed(old, named, named)
    hold_consistent(old, new, _hashes(document["proof"]))
    _hold_all_used(named, (old, new))
    return {"proves": "consistency", "old_size": old.size}, new, (old,)


def _fork(
    document: Mapping[str, Any], trusted: list[PublicKey], named: list[PublicKey]
) -> Found:  # fmt: skip
    _hold_parts(document, {"format", "keys", "seen", "offered"})
    seen, offered = read_checkpoint(document["seen"]), read_checkpoint(document["offered"])
    hold_signed(seen, trusted, named)
    hold_signed(offered, trusted, named)
    _hold_all_used(named, (seen, offered))
    if seen.origin != offered.origin or seen.size != offered.size or seen.root == offered.root:
        raise Refused("the two checkpoints are no fork: only two roots of one size are")
    return {"proves": "fork", "other_root": offered.root.hex()}, seen, ()


def _hold_since(
    older: Checkpoint | None, held: Sequence[Checkpoint], keys: Sequence[PublicKey]
) -> None:
    """Raises Refused unless an older checkpoint is one of those that were checked."""
    if older is None:
        return
    hold_signed(older, keys)
    for one in held:
        if one.origin == older.origin and one.size == older.size:
            if one.root != older.root:
                raise Refused("FORK: the log has signed two roots of one size; keep both files")
            return
    raise Refused(f"the file holds no consistency proof from your checkpoint of {older.size}")


def hold_artifact(fields: Mapping[str, Any], content: bytes) -> None:
    """Raises Refused unless a content (as it is, or without its last newline) is the event's."""
    digests = {hashlib.sha256(one).hexdigest() for one in (content, content.removesuffix(b"\n"))}
    if fields.get("artifact") not in digests:
        raise Refused("the file is not the content that the event names, or that field is hidden")


def hold_readable(data: bytes, most: int = LARGEST_BYTES) -> None:
    """Raises Unreadable for a file that would take more to read than any proof does."""
    if len(data) > most:
        raise Unreadable(f"the file is larger than {most} bytes")
    if sum(map(data.count, (b"[", b"{", b",", b":"))) > MOST_PARTS:
        raise Unreadable(f"the file has more than {MOST_PARTS} parts")


def _document(data: bytes) -> dict[str, Any]:
    """A JSON object in the one way to write it, so that every byte counts. Raises Unreadable."""
    hold_readable(data)
    try:
        document = json.loads(data.decode())
        again = written(document)
    except (ValueError, RecursionError):
        raise Unreadable("the file is not JSON") from None
    if not isinstance(document, dict) or data != again:
        raise Unreadable("the file is not written as a proof is: it was changed")
    return document


def written(document: Mapping[str, Any]) -> bytes:
    """The one way to write a document of this verifier's formats."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{text}\n".encode()


def read_consistency(data: bytes) -> tuple[Checkpoint, Checkpoint, list[bytes]]:
    """Two checkpoints and the proof between them, not checked. Raises Unreadable."""
    document = _document(data)
    try:
        _hold_parts(document, {"format", "keys", "old", "new", "proof"})
        proof = _hashes(document["proof"])
        return read_checkpoint(document["old"]), read_checkpoint(document["new"]), proof
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unreadable("the file is no consistency proof") from error


def _hold_parts(document: Mapping[str, Any], wanted: set[str], more: Iterable[str] = ()) -> None:
    if not wanted <= set(document) <= wanted | set(more):
        raise Unreadable("the file has not the parts of its format")


def _hold_all_used(named: Sequence[PublicKey], checkpoints: Sequence[Checkpoint]) -> None:
    used = {(name, blob[:4]) for one in checkpoints for name, blob in one.signatures}
    if used != {(key.name, key.number) for key in named} or len(used) != len(named):
        raise Refused("the keys are not those of the signatures")


def _opened(event: Mapping[str, Any]) -> tuple[bytes, dict[str, Any], list[str]]:
    """The leaf hash of an event, the fields that it opens, and the names of those that it hides."""
    _hold_parts(event, {"sequence", "kind", "fields"})
    if type(event["sequence"]) is not int:
        raise Unreadable("the sequence of the event is no whole number")
    commitments, fields = {}, {}
    for name, field in event["fields"].items():
        if set(field) == {"commitment"}:
            commitments[name] = field["commitment"]
            continue
        commitments[name], value = _committed(name, field)
        fields[name] = value
    leaf = json.dumps(
        {"v": LEAF_VERSION, "sequence": event["sequence"], "kind": event["kind"],
         "fields": commitments},
        sort_keys=True, separators=(",", ":"), ensure_ascii=False,
    )  # fmt: skip
    hidden = sorted(set(commitments) - set(fields))
    return hashlib.sha256(b"\x00" + leaf.encode()).digest(), fields, hidden


def _committed(name: str, field: Mapping[str, Any]) -> tuple[str, Any]:
    """The commitment of a field that is shown, and its value."""
    _hold_parts(field, {"salt", "text"})
    named, value = json.loads(field["text"])
    if named != name:
        raise Refused(f"the field `{name}` was committed under another name")
    (salt,) = _hashes([field["salt"]])
    return hashlib.sha256(salt + field["text"].encode()).hexdigest(), value


def _lines(lines: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> list[Any]:
    """Lines of a plan, each proved to stand under the root that the event states."""
    if not isinstance(lines, list):
        raise Unreadable("the lines are no list")
    return [_under(line, "line/", fields.get("payload.lines_root")) for line in lines]


def _under(part: Mapping[str, Any], prefix: str, wanted: object) -> Any:
    """The value of a part that is shown, proved to stand under a root that the event states."""
    _hold_parts(part, {"name", "salt", "text", "path"})
    if not part["name"].startswith(prefix):
        raise Unreadable("a part has not the name of one")
    commitment, value = _committed(part["name"], {"salt": part["salt"], "text": part["text"]})
    root = hashlib.sha256(b"\x00" + bytes.fromhex(commitment)).digest()
    for side, beside in _sided(part["path"]):
        root = _node(beside, root) if side == LEFT else _node(root, beside)
    if root.hex() != wanted:
        raise Refused(f"{part['name']} is no part of the plan")
    return value


def _sided(path: Sequence[str]) -> list[tuple[str, bytes]]:
    """Hashes that say on which side they stand: so each step is bound by the root."""
    if not isinstance(path, list) or not all(_STEP.fullmatch(step) for step in path):
        raise Unreadable("a step of a line's path is a side and a hash")
    return [(step[0], bytes.fromhex(step[1:])) for step in path]


def _hashes(texts: Sequence[str]) -> list[bytes]:
    if not isinstance(texts, list) or not all(_HASH.fullmatch(text) for text in texts):
        raise Unreadable("a hash is 64 lower-case hexadecimal digits")
    return [bytes.fromhex(text) for text in texts]


def main() -> int:
    """Check one file; 0: it proves what is printed, 1: it is refused, 2: it cannot be read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="public key of the log")
    parser.add_argument("--witness", action="append", default=[], help="who must have cosigned")
    parser.add_argument("--since", type=Path, help="an older checkpoint, as a file")
    parser.add_argument("--artifact", type=Path, help="the event's content, such as plan.json")
    asked = parser.parse_args()
    try:
        found = verify(
            asked.file.read_bytes(), asked.key, witnesses=asked.witness,
            since=asked.since.read_bytes().decode() if asked.since else "",
            artifact=asked.artifact.read_bytes() if asked.artifact else None,
        )  # fmt: skip
    except (OSError, UnicodeError, Unreadable) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    except Refused as refusal:
        sys.stderr.write(f"REFUSED: {refusal}\n")
        return 1
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
