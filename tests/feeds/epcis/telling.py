"""Documents of events in short, and the facts that a feed's own reading makes of their sheets."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feeds.epcis.capture import Capture, capture
from feeds.facts.encoded import encoded_sheet
from feeds.facts.identities import name_identities
from feeds.facts.ledger import Ledger
from feeds.facts.rows import add_page
from feeds.formats.sheet import Sheet
from feeds.limits import Limits
from feeds.mapping import FileRule, RecordRule
from feeds.mapping_text import for_header
from ontology.columns import Snapshot, record_at, table_of
from ontology.gs1 import check_digit
from ontology.terms import key_of
from ontology.vocabulary import RECORDS

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
LIMITS = Limits()
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLANT, HUB, SHOP = "0614141.00001", "0614141.00002", "0614141.00003"


def gln_of(place: str) -> str:
    """The GLN of `prefix.reference`."""
    digits = place.replace(".", "")
    return f"{digits}{check_digit(digits)}"


def tea(serial: int) -> str:
    """A single box of tea."""
    return f"urn:epc:id:sgtin:0614141.107346.{serial}"


def pallet(number: int) -> str:
    """A pallet."""
    return f"urn:epc:id:sscc:0614141.1{number:09d}"


TEA = "10614141073464"
FLOUR_LOT = "urn:epc:class:lgtin:4012345.012345.L1"
FLOUR = "04012345123456.GRM"


def at(minutes: int) -> str:
    """So many minutes after the start."""
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def event(
    kind: str, minutes: int, step: str = "", place: str = "", **fields: Any
) -> dict[str, Any]:
    """An event `kind` (`Object`, ...) with its step, at the read point and business location."""
    made: dict[str, Any] = {
        "type": f"{kind}Event", "eventTime": at(minutes), "eventTimeZoneOffset": "+00:00",
    }  # fmt: skip
    if kind != "Transformation":
        made["action"] = "OBSERVE"
    if step:
        made["bizStep"] = step
    if place:
        made["readPoint"] = {"id": f"urn:epc:id:sgln:{place}.0"}
        if step not in ("shipping", "departing"):
            made["bizLocation"] = {"id": f"urn:epc:id:sgln:{place}.0"}
    return made | fields


def document(events: Sequence[Any], context: Any = CONTEXT) -> bytes:
    """The bytes of an EPCISDocument."""
    return json.dumps({
        "@context": context, "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": at(0), "epcisBody": {"eventList": list(events)},
    }).encode()  # fmt: skip


def told(events: Sequence[Any], present: Snapshot | None = None) -> Capture:
    """What the events mean beside the facts so far."""
    return capture(document(events), "events.jsonld", present, LIMITS)


def outcomes(found: Capture) -> list[str]:
    """The outcome of each event."""
    return [one.outcome for one in found.account.outcomes]


def records_of(sheet: Sheet) -> tuple[list[Any], list[str]]:
    """The facts of a sheet as a feed reads them, and the codes of the rows that it refuses."""
    name = sheet.file.partition("#")[2]
    rule = for_header(FileRule(sheet.file, RecordRule(name, (), by_header=True)), sheet.header)
    ledger, records = Ledger(), []
    add_page(ledger, encoded_sheet(sheet, rule), rule, 0, LIMITS)
    name_identities(ledger)
    for stated in ledger.standing():
        for at in range(len(stated.rows)):
            values = ledger.statement(stated, at).values
            pairs = zip((part.field for part in stated.rule.fields), values, strict=True)
            said = {key: value for key, value in pairs if value is not None}
            records.append(RECORDS[name](**said))
    return records, [refusal.code for _, refusal in sorted(ledger.refusals.items())]


def added(present: Snapshot | None, found: Capture) -> Snapshot:
    """The facts so far with those of a document: the later word on a key counts."""
    tables = dict((present or Snapshot(0, {})).tables)
    for sheet in found.sheets:
        name = sheet.file.partition("#")[2]
        before = tables.get(name)
        known = [record_at(before, row) for row in range(len(before))] if before else []
        facts = {key_of(one): one for one in known}
        records, codes = records_of(sheet)
        assert len(codes) == found.account.tally.get("refused", 0) * (name == "StockMovement")
        for one in records:
            old = facts.get(key_of(one))
            if name != "StockPosition" or old is None or one.counted_on >= old.counted_on:
                facts[key_of(one)] = one
        tables[name] = table_of(facts.values(), name).sorted()
    for name, keys in found.closes.items():
        table = tables[name]
        kept = [record_at(table, row) for row, key in enumerate(table.keys) if key not in keys]
        tables[name] = table_of(kept, name).sorted()
    return Snapshot(0, tables)


def stock(facts: Snapshot | None, until: int = 10**9) -> dict[tuple[str, str, str], int]:
    """The sum of movements up to so many minutes after the start, by item, lot and location."""
    table = (facts or Snapshot(0, {})).table("StockMovement")
    last = int((START + timedelta(minutes=until)).timestamp() * 10**6)
    found: Counter[tuple[str, str, str]] = Counter()
    for row in range(len(table)):
        if table["effective_at_microseconds"][row] <= last:
            key = (table["item"][row], table["lot"][row] or "", table["location"][row])
            found[key] += int(table["quantity_units"][row])
    return {key: units for key, units in sorted(found.items()) if units}


def followed(batches: Iterable[Sequence[Any]]) -> Snapshot | None:
    """The facts after documents of these events, one after the other."""
    facts: Snapshot | None = None
    for batch in batches:
        facts = added(facts, told(batch, facts))
    return facts


def places(facts: Snapshot | None) -> dict[str, tuple[str | None, str]]:
    """Where each box and pallet is, and which pallet it stands on."""
    facts = facts or Snapshot(0, {})
    serials, units = facts.table("SerialUnit"), facts.table("HandlingUnit")
    boxes = {
        f"box {s}": (at, "") for s, at in zip(serials["serial"], serials["location"], strict=True)
    }
    rows = zip(units["sscc"], units["location"], units["parent_sscc"], strict=True)
    return boxes | {sscc: (at, parent) for sscc, at, parent in rows}
