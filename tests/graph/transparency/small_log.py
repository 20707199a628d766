"""A small log in segment files, with its key and proofs, for tests that need no database."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from graph.merkle import fold, lines_root
from graph.recovery.records import Record, leaf_of, record_of
from graph.recovery.segments import Segments
from graph.transparency.log_verifier import SIGNS, Checkpoint
from graph.transparency.partner_lines import partner_part, partners_root
from graph.transparency.proof_documents import (
    Provable,
    consistency_file,
    event_proof,
    line_proofs,
)
from graph.transparency.signing_key import SigningKey, new_key
from graph.transparency.tree_proofs import TreeProofs
from ontology.events import Event

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORIGIN = "evenkeel.log/test"
SHOWN = ("payload.plan", "payload.partners_root")
LINES = [{"number": number, "units": number * number} for number in range(1, 12)]
SECRET = 7_777_777_001
"""Stands in a plan's lines where a partner must not see: prices are numbers that begin so."""
PARTNER_LINES = [
    {"number": 1, "kind": "purchase", "item": "bolt", "supplier": "acme", "destination": "north",
     "quantity_units": 40, "departs_on": "2026-03-02", "arrives_on": "2026-03-04",
     "cost_scaled": SECRET + 1, "paid_scaled": SECRET + 2, "because": ["Offer/HIDDEN-OFFER"],
     "attention": ["HIDDEN-RULE"]},
    {"number": 2, "kind": "purchase", "item": "HIDDEN-ITEM", "supplier": "HIDDEN-RIVAL",
     "destination": "HIDDEN-PLACE", "quantity_units": 7_777_777, "departs_on": "2026-07-07",
     "arrives_on": "2026-07-09", "cost_scaled": SECRET + 3, "because": []},
    {"number": 3, "kind": "assignment", "order": "HIDDEN-ORDER", "item": "nut",
     "customer": "HIDDEN-BUYER", "origin": "south", "carrier": "fast", "origin_port": None,
     "quantity_units": 5, "departs_on": "2026-03-02", "handling_cost_scaled": SECRET + 4,
     "freight_cost_scaled": SECRET + 5, "cost_scaled": SECRET + 6, "because": []},
    {"number": 4, "kind": "purchase", "item": "nut", "supplier": "acme", "destination": "south",
     "quantity_units": 2, "departs_on": "2026-03-02", "arrives_on": "2026-03-05",
     "cost_scaled": SECRET + 7, "paid_scaled": None, "because": []},
    {"number": 5, "kind": "transfer", "item": "HIDDEN-ITEM", "lane": "HIDDEN-LANE",
     "origin": "HIDDEN-PLACE", "destination": "north", "quantity_units": 7_777_778,
     "departs_on": "2026-07-07", "arrives_on": "2026-07-08", "cost_scaled": SECRET + 8},
]  # fmt: skip


def event(number: int, log: str = "") -> Event:
    """The event of a place; each fourth is a plan. Another `log` has other events."""
    seed = f"{number:032x}{len(log):032x}"
    payload: dict[str, object] = {"chain": "c", "n": number, "share": 0.5, "log": log}
    if number % 4 == 0:
        known = bytes.fromhex(seed)
        payload |= {"plan": f"{number:064x}", "lines_root": lines_root(known, LINES),
                    "partners_root": partners_root(known, PARTNER_LINES)}  # fmt: skip
    kind = "feed.loaded" if number % 4 else "plan.made"
    made = Event(number, kind, f"key {number}", "ada", NOON, NOON + timedelta(seconds=number),
                 "ab" * 32, payload, seed, "")  # fmt: skip
    return Event(number, kind, made.idempotency_key, made.agent, made.effective_at,
                 made.recorded_at, made.artifact, payload, seed, leaf_of(made))  # fmt: skip


def records(first: int, last: int, log: str = "") -> list[Record]:
    """The records of some events."""
    return [record_of(event(number, log), "body") for number in range(first, last + 1)]


def segments(folder: Path, events: int, per_file: int = 7, log: str = "") -> Segments:
    """The segments of a log, written an event at a time."""
    found = Segments(folder, per_file)
    for number in range(1, events + 1):
        with found.held():
            found.write_held(records(number, number, log))
    return found


def leaves(events: int, log: str = "") -> list[bytes]:
    """The leaf hashes of a log."""
    return [bytes.fromhex(event(number, log).leaf) for number in range(1, events + 1)]


class SmallLog:
    """A log of some events that is signed by one key, with the proofs of it as files."""

    def __init__(self, folder: Path, events: int, log: str = "") -> None:
        self.log = log
        self.key = new_key(ORIGIN, SIGNS)
        self.segments = segments(folder, events, log=log)
        self.proofs = TreeProofs(self.segments)

    def checkpoint(self, size: int, key: SigningKey | None = None) -> Checkpoint:
        """The signed checkpoint of a size."""
        root = fold(leaves(size, self.log)).root
        return (key or self.key).signed(Checkpoint(ORIGIN, size, root, ()))

    def provable(self, size: int, *witnesses: SigningKey) -> Provable:
        """A checkpoint with its keys, cosigned."""
        found = self.checkpoint(size)
        for one in witnesses:
            found = one.signed(found, 1_800_000_000)
        return found, [self.key.public, *(one.public for one in witnesses)]

    def proof(
        self, number: int, size: int, *, since: int = 0, only: Collection[str] | None = None,
        lines: Collection[int] = (), witnesses: Collection[SigningKey] = (),
    ) -> bytes:  # fmt: skip
        """The file that proves an event."""
        found = event(number, self.log)
        path = self.proofs.inclusion(number, bytes.fromhex(found.leaf), size)
        older = (self.provable(since), self.proofs.consistency(since, size)) if since else None
        parts = line_proofs(found, LINES, lines) if lines else []
        under = self.provable(size, *witnesses)
        return event_proof(found, under, path, only=only, since=older, lines=parts)

    def bundle(
        self, number: int, size: int, partner: str, *, since: int = 0,
        witnesses: Collection[SigningKey] = (),
    ) -> bytes:  # fmt: skip
        """The file that shows a partner its lines of a plan."""
        found = event(number, self.log)
        path = self.proofs.inclusion(number, bytes.fromhex(found.leaf), size)
        older = (self.provable(since), self.proofs.consistency(since, size)) if since else None
        part = partner_part(found, PARTNER_LINES, partner)
        under = self.provable(size, *witnesses)
        return event_proof(found, under, path, only=SHOWN, since=older, partner=part)

    def consistency(self, old: int, size: int) -> bytes:
        """The file that proves growth."""
        proof = self.proofs.consistency(old, size)
        return consistency_file(self.provable(old), self.provable(size), proof)
