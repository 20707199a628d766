"""The file of proofs beside a report: its event and all that its rows name, in one signed log."""

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from graph.transparency.log_verifier import written
from graph.transparency.proof_documents import Provable, event_proof
from graph.transparency.report_verifier import FORMAT
from graph.transparency.signer import Signer
from ontology.errors import StateError
from ontology.events import Event
from service.house import SERVICE_AGENT, House
from service.reporting.report import Report, logged
from service.transparency import signer_of

SHOWN = frozenset({"agent", "recorded_at", "artifact"})
"""Of the events that rows name, the fields that are shown; the others stand as commitments."""
PARTS = ("event", "leaf", "inclusion")


def report_proofs(house: House, made: Report, agent: str, *, signs: bool = True) -> bytes:
    """The file that proves a logged report, and each event that a row of it names.

    With `signs` the log is signed as it is; without, the newest checkpoint that was signed has to
    hold the report. Raises StateError `NOT_YET_SIGNED`, `REPORT_NOT_LOGGED`, and as `Signer` does.
    """
    if made.event is None:
        raise StateError("the report was not logged", code="REPORT_NOT_LOGGED",
                         hint="make it with `evenkeel report`")  # fmt: skip
    signer = signer_of(house)
    found = signer.checkpoint(agent) if signs else signer.newest()
    if found is None or found.size < made.event.sequence:
        raise StateError("no checkpoint that was signed holds the report", code="NOT_YET_SIGNED",
                         hint="the operator signs one: `evenkeel log checkpoint`")  # fmt: skip
    under = signer.store.provable(found)
    named = sorted({row["event"] for part in made.document["sections"] for row in part["rows"]})
    events = [_part(signer, event, under, SHOWN) for event in _events(house, named)]
    return written({
        "format": FORMAT, "keys": sorted(key.text for key in under[1]),
        "checkpoint": under[0].text, "report": _part(signer, made.event, under, None),
        "events": events, "document": made.data.decode(),
    })  # fmt: skip


def proofs_of(house: House, made: Report) -> tuple[Report, str | None]:
    """A report with the event that logged it, and its proofs where a checkpoint holds that.

    Nothing is logged or signed.
    """
    found = replace(made, event=logged(house, made))
    if found.event is None:
        return found, None
    try:
        return found, report_proofs(house, found, SERVICE_AGENT, signs=False).decode()
    except StateError as error:
        if error.code != "NOT_YET_SIGNED":
            raise
        return found, None


def _part(
    signer: Signer, event: Event, under: Provable, only: Collection[str] | None
) -> dict[str, Any]:  # fmt: skip
    path = signer.proofs.inclusion(event.sequence, bytes.fromhex(event.leaf), under[0].size)
    whole = json.loads(event_proof(event, under, path, only=only))
    return {name: whole[name] for name in PARTS}


def _events(house: House, sequences: list[int]) -> list[Event]:
    log = house.projection.log
    return [log.read(after=sequence - 1, limit=1)[0] for sequence in sequences]
