"""Proofs as files: an event or a part of it, in the log that a checkpoint is of."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from graph.merkle import commitment, line_leaf, salt
from graph.recovery.records import leaf_fields
from graph.transparency.log_verifier import (
    CONSISTENCY_FORMAT,
    LEFT,
    PARTNER_FORMAT,
    PROOF_FORMAT,
    RIGHT,
    Checkpoint,
    PublicKey,
    written,
)
from graph.transparency.tree_hashes import paths_of
from ontology.canonical import canonical
from ontology.errors import InputError
from ontology.events import Event

Hashes = Sequence[bytes]
Provable = tuple[Checkpoint, Sequence[PublicKey]]
"""A checkpoint with the public key of each of its signatures."""


def event_proof(
    event: Event, under: Provable, inclusion: Hashes, *, only: Collection[str] | None = None,
    since: tuple[Provable, Hashes] | None = None, lines: Iterable[Mapping[str, Any]] = (),
    partner: Mapping[str, Any] | None = None,
) -> bytes:  # fmt: skip
    """The file that proves an event to stand in the log of a checkpoint.

    `only` are the fields that are shown, by default all: of the others stand commitments, which
    tell nothing. `since` is an older checkpoint with the proof that the log continues it; `lines`
    are parts from `line_proofs`; with the part of a `partner` it is that partner's bundle. Raises
    InputError `FIELD_UNKNOWN`.
    """
    named = set(under[1]) | set(since[0][1] if since else ())
    document: dict[str, Any] = {
        "format": PROOF_FORMAT, "keys": sorted(key.text for key in named),
        "checkpoint": under[0].text, "leaf": event.leaf, "inclusion": _texts(inclusion),
        "event": {"sequence": event.sequence, "kind": event.kind, "fields": _fields(event, only)},
    }  # fmt: skip
    if since is not None:
        (older, _), proof = since
        document["since"] = {"checkpoint": older.text, "proof": _texts(proof)}
    if shown := list(lines):
        document["lines"] = shown
    if partner is not None:
        document |= {"format": PARTNER_FORMAT, "partner": partner}
    return written(document)


def consistency_file(old: Provable, new: Provable, proof: Hashes) -> bytes:
    """The file that proves a checkpoint to continue an older one."""
    return written({
        "format": CONSISTENCY_FORMAT, "old": old[0].text, "new": new[0].text,
        "keys": sorted(key.text for key in {*old[1], *new[1]}), "proof": _texts(proof),
    })  # fmt: skip


def line_proofs(
    event: Event, lines: Sequence[Mapping[str, Any]], numbers: Collection[int]
) -> list[dict[str, Any]]:  # fmt: skip
    """Some lines of a plan, each with its salt and its path to the root that the event states.

    `lines` are all, in their order. Raises InputError `LINE_UNKNOWN`.
    """
    seed = bytes.fromhex(event.seed)
    places = {line["number"]: place for place, line in enumerate(lines)}
    if unknown := sorted(set(numbers) - set(places)):
        raise InputError(f"the plan has no line {unknown[0]}", code="LINE_UNKNOWN",
                         hint=f"it has {len(lines)} lines")  # fmt: skip
    leaves = [line_leaf(seed, line["number"], line) for line in lines]
    wanted = sorted(set(numbers))
    paths = paths_of(leaves, [places[number] for number in wanted])
    return [
        _shown(seed, f"line/{number}", lines[places[number]]) | {
            "name": f"line/{number}", "path": _steps(path, places[number], len(lines)),
        }
        for number, path in zip(wanted, paths, strict=True)
    ]  # fmt: skip


def _steps(path: Hashes, place: int, size: int) -> list[str]:
    """A path, each hash with its side, so that neither place nor size is stated."""
    edge = (place ^ (size - 1)).bit_length()
    return [
        f"{RIGHT if level < edge and not place >> level & 1 else LEFT}{beside.hex()}"
        for level, beside in enumerate(path)
    ]


def _fields(event: Event, only: Collection[str] | None) -> dict[str, Any]:
    seed, fields = bytes.fromhex(event.seed), leaf_fields(event)
    if unknown := sorted(set(only or ()) - set(fields)):
        raise InputError(f"the event has no field `{unknown[0]}`", code="FIELD_UNKNOWN",
                         hint=f"one of: {', '.join(sorted(fields))}")  # fmt: skip
    return {
        name: _shown(seed, name, value) if only is None or name in only
        else {"commitment": commitment(salt(seed, name), name, value)}
        for name, value in fields.items()
    }  # fmt: skip


def _shown(seed: bytes, name: str, value: Any) -> dict[str, Any]:
    """What opens a commitment: its salt and the very text that was committed to."""
    return {"salt": salt(seed, name).hex(), "text": canonical([name, value]).decode()}


def _texts(hashes: Hashes) -> list[str]:
    return [one.hex() for one in hashes]
