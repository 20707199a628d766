"""Check the proofs of an Evenkeel report: python report_verifier.py FILE --key PUBLIC_KEY

Needs log_verifier.py beside it, Python 3.11 and the package `cryptography`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

if __package__:
    from graph.transparency import log_verifier as verifier
else:  # copied out, beside the verifier
    import log_verifier as verifier  # type: ignore[import-not-found,no-redef]

FORMAT = "evenkeel-report-proofs/1"
DOCUMENT_FORMAT = "evenkeel-report/1"
KIND = "report.made"
PARTS = {"format", "keys", "checkpoint", "report", "events", "document"}
LARGEST_BYTES = 512 * 2**20
TOLD = ("event", "kind", "leaf", "recorded_at", "agent")
"""What a row says of its event, and is held to."""


def is_report(data: bytes) -> bool:
    """Whether a file says that it holds the proofs of a report; nothing is checked."""
    try:
        verifier.hold_readable(data, LARGEST_BYTES)
        document = json.loads(data)
    except (verifier.Refused, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == FORMAT


def verify(
    data: bytes, trusted: Sequence[str], *, witnesses: Sequence[str] = (), since: str = "",
    artifact: bytes | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the proofs of a report prove, under public keys that the caller trusts.

    That the log holds the report's document under its digest, and every event that a row names,
    with that leaf, kind, time and agent; and that no row and no event is left over. `artifact` is
    the page, or the document: its digest must be the one that was logged. `since` as of
    `log_verifier.verify`. Raises Refused, or Unreadable.
    """
    try:
        bundle = _bundle(data)
        found = _proved(bundle, bundle["report"], trusted, witnesses, since)
        proved = [_proved(bundle, part, trusted) for part in bundle["events"]]
        document = _document(bundle["document"], found)
        _hold_rows(document, proved)
        if artifact is not None:
            _hold_shown(artifact, bundle["document"], found["fields"])
        counts = _counts(document, found["fields"])
    except verifier.Refused:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise verifier.Unreadable("the file is not of the form that its format has") from error
    return found | {
        "proves": "report", "report": found["fields"]["payload.report"], "counts": counts,
        "period": [document["since"], document["until"]], "chain": document["chain"],
        "events": len(proved), "page": found["fields"]["payload.page"],
    }  # fmt: skip


def _bundle(data: bytes) -> dict[str, Any]:
    """The parts of the file, in the one way to write them. Raises Unreadable."""
    verifier.hold_readable(data, LARGEST_BYTES)
    bundle = json.loads(data)
    if not isinstance(bundle, dict) or verifier.written(bundle) != data:
        raise verifier.Unreadable("the file is not written as proofs are: it was changed")
    if set(bundle) != PARTS or bundle["format"] != FORMAT:
        raise verifier.Unreadable("the file has not the parts of its format")
    return bundle


def _proved(
    bundle: Mapping[str, Any], part: Mapping[str, Any], trusted: Sequence[str],
    witnesses: Sequence[str] = (), since: str = "",
) -> dict[str, Any]:  # fmt: skip
    """One event, proved as any other: its part beside the checkpoint and the keys of all."""
    if set(part) != {"event", "leaf", "inclusion"}:
        raise verifier.Unreadable("the proof of an event has not its parts")
    whole = {"format": verifier.PROOF_FORMAT, "keys": bundle["keys"],
             "checkpoint": bundle["checkpoint"], **part}  # fmt: skip
    return verifier.verify(verifier.written(whole), trusted, witnesses=witnesses, since=since)


def _document(text: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The document that the event of the report names. Raises Refused for another one."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    fields = found["fields"]
    if found["kind"] != KIND or digest not in (fields["artifact"], fields["payload.report"]):
        raise verifier.Refused("the document is not the one that was logged as this report")
    if fields["artifact"] != fields["payload.report"]:
        raise verifier.Refused("the event of the report names two documents")
    document: dict[str, Any] = json.loads(text)
    if document["format"] != DOCUMENT_FORMAT:
        raise verifier.Unreadable("the document is of another format")
    return document


def _hold_rows(document: Mapping[str, Any], proved: Sequence[Mapping[str, Any]]) -> None:
    """Raises Refused unless every row names a proved event as it is, and each is named."""
    events = {one["event"]: one for one in proved}
    rows = list(_rows(document))
    for row in rows:
        one = events.get(row["event"])
        if one is None:
            raise verifier.Refused(f"nothing proves event {row['event']}, which a row names")
        said = {**one["fields"], **{name: one[name] for name in ("event", "kind", "leaf")}}
        if any(row[name] != said[name] for name in TOLD):
            raise verifier.Refused(f"a row says otherwise than event {row['event']} does")
    if set(events) != {row["event"] for row in rows} or len(events) != len(proved):
        raise verifier.Refused("an event is proved that no row names, or twice")


def _counts(document: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, int]:
    """The rows of each section. Raises Refused where they are not as many as were logged."""
    counts = {part["key"]: len(part["rows"]) for part in document["sections"]}
    if counts != fields["payload.counts"]:
        raise verifier.Refused("the counts of rows are not those that were logged")
    return counts


def _rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in document["sections"]:
        if part["count"] != len(part["rows"]):
            raise verifier.Refused("a section has not as many rows as it says")
        yield from part["rows"]


def _hold_shown(content: bytes, document: str, fields: Mapping[str, Any]) -> None:
    page = hashlib.sha256(content).hexdigest() == fields["payload.page"]
    if not page and content.removesuffix(b"\n") != document.encode():
        raise verifier.Refused("the file is neither the page nor the document of this report")


def main() -> int:
    """Check one file; 0: it proves what is printed, 1: it is refused, 2: it cannot be read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="public key of the log")
    parser.add_argument("--witness", action="append", default=[], help="who must have cosigned")
    parser.add_argument("--artifact", type=Path, help="the page of the report, or its document")
    asked = parser.parse_args()
    try:
        content = asked.artifact.read_bytes() if asked.artifact else None
        found = verify(asked.file.read_bytes(), asked.key, witnesses=asked.witness,
                       artifact=content)  # fmt: skip
    except (OSError, UnicodeError, verifier.Unreadable) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    except verifier.Refused as refusal:
        sys.stderr.write(f"REFUSED: {refusal}\n")
        return 1
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
