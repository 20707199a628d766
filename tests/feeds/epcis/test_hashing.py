"""The event hash id, against results of the standard's reference implementation (1.9.3)."""

import io
from typing import Any

import pytest

from feeds.epcis.hashing import canonical_number, canonical_time, event_hash, hash_id, pre_hash
from feeds.epcis.vocabulary import PREFIXES, prefixes_of
from feeds.json_text import DEPTH, JsonText
from tests.feeds.epcis.telling import document

OWN = {"shop": "https://ns.shop.example/epcis/"}
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", OWN]
PLAIN: dict[str, Any] = {
    "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
    "eventTime": "2026-03-02T08:00:00+01:00", "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.2", "urn:epc:id:sgtin:4012345.011111.10"],
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.7"},
}  # fmt: skip
RICH: dict[str, Any] = PLAIN | {
    "disposition": "in_transit",
    "bizLocation": {"id": "urn:epc:id:sgln:4012345.00006.0", "shop:floor": "02"},
    "quantityList": [
        {"epcClass": "urn:epc:class:lgtin:4012345.012345.L1", "quantity": 20.50, "uom": "KGM"},
        {"epcClass": "urn:epc:idpat:sgtin:4012345.098765.*", "quantity": 3.0},
    ],
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:4012345.11111.9"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00000"}],
    "destinationList": [{"type": "location", "destination": "https://x.example/414/4012345000054"}],
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["in_transit"]},
    "sensorElementList": [{
        "sensorMetadata": {"time": "2026-03-02T07:00:00.1235Z",
                           "deviceID": "urn:epc:id:giai:4000001.1"},
        "sensorReport": [{"type": "Temperature", "value": 26.10, "uom": "CEL", "shop:by": "Ann"},
                         {"type": "Angle", "value": 1, "component": "latitude"}],
    }],
    "shop:lane": {"shop:b": ["2.0", "ten"], "shop:a": "https://id.gs1.org/gtin/4012345111118"},
}  # fmt: skip
MADE: dict[str, Any] = {
    "type": "TransformationEvent", "eventTime": "2026-03-02T08:00:00.1996Z",
    "eventTimeZoneOffset": "-06:00", "inputEPCList": ["https://a.example/01/4012345111118/21/9"],
    "outputQuantityList": [{"epcClass": "https://id.gs1.org/01/04012345123456", "quantity": 7}],
    "transformationID": "urn:epc:id:gdti:4012345.55555.1234", "bizStep": "commissioning",
    "ilmd": {"shop:batch": "XYZ", "shop:best": "2026-12-01"},
}  # fmt: skip


def of_document(event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """An event and its prefixes as they come out of a document."""
    data = document([event], CONTEXT)
    whole = JsonText(io.BytesIO(data), "d", len(data)).value(DEPTH)
    return whole["epcisBody"]["eventList"][0], prefixes_of(whole["@context"], "d")


EXPECTED = {
    "plain": (PLAIN, "fec1958be1f509e0f3315de1e7b04620189eae73a0d9c031f5721f6ea42808ec"),
    "rich": (RICH, "faf9364c5e605793ef3ea09bfb71097062e5fe010a533c227207022f9a12a058"),
    "made": (MADE, "cb883cd87df1e9c836ce4c8001d6711c84f0d4f2aef6e02588976e7458e72366"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_hashes_are_those_of_the_reference(name: str) -> None:
    """Law: the hash of an event is the one that the reference implementation gives."""
    event, expected = EXPECTED[name]
    assert expected == event_hash(*of_document(event))
    assert f"ni:///sha-256;{expected}?ver=CBV2.0" == hash_id(*of_document(event))


def test_the_text_that_is_hashed() -> None:
    """Law: keys in the published order, times in UTC, addresses as links, words in full."""
    expected = (
        "eventType=ObjectEventeventTime=2026-03-02T07:00:00.000ZeventTimeZoneOffset=+01:00"
        "epcListepc=https://id.gs1.org/01/04012345111118/21/10"
        "epc=https://id.gs1.org/01/04012345111118/21/2action=OBSERVE"
        "bizStep=https://ref.gs1.org/cbv/BizStep-shipping"
        "readPointid=https://id.gs1.org/414/4012345000054/254/7"
    )
    assert expected == pre_hash(*of_document(PLAIN))


@pytest.mark.parametrize(
    "same",
    [
        {"eventID": "urn:uuid:1", "recordTime": "2026-03-03T00:00:00Z"},
        {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z"}},
        {"epcList": list(reversed(PLAIN["epcList"]))},
        {"epcList": ["https://a.example/gtin/4012345111118/ser/2?x=1", PLAIN["epcList"][1]]},
        {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, {"bizStep": "cbv:BizStep-shipping"},
        {"bizStep": " shipping "}, {"eventTime": "2026-03-02T07:00:00.0000Z"},
        {"childEPCs": [], "quantityList": None, "disposition": ""}, {"rdfs:comment": "hello"},
    ],
)  # fmt: skip
def test_another_wording_is_the_same_event(same: dict[str, Any]) -> None:
    """Law: what does not change the meaning does not change the hash."""
    assert EXPECTED["plain"][1] == event_hash(*of_document(PLAIN | same))


@pytest.mark.parametrize(
    "other",
    [
        {"action": "ADD"}, {"bizStep": "departing"}, {"disposition": "active"},
        {"eventTime": "2026-03-02T08:00:00.001+01:00"}, {"eventTimeZoneOffset": "+02:00"},
        {"epcList": PLAIN["epcList"][:1]}, {"shop:x": 1}, {"readPoint": {"id": "geo:1,2"}},
        {"quantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.098765.*"}]},
        {"certificationInfo": "https://x.example/1"}, {"ilmd": {"shop:a": "b"}},
        {"bizTransactionList": [{"bizTransaction": "urn:x:1"}]},
    ],
)  # fmt: skip
def test_another_event_has_another_hash(other: dict[str, Any]) -> None:
    """Law: every value that says something of the event counts."""
    assert EXPECTED["plain"][1] != event_hash(*of_document(PLAIN | other))


def test_a_truth_is_written_as_in_xml() -> None:
    """Law: both syntaxes of the standard give one hash, so true is `true`."""
    assert "ObjectEvent{urn:x:}b=true" in pre_hash(
        {"type": "ObjectEvent", "x:b": True}, {"x": "urn:x:"}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.0", "1"), ("007", "7"), ("+3.50", "3.5"), ("0.3434000", "0.3434"), ("1e2", "100"),
     ("-0.0", "0"), ("111100001111000011110000", "111100001111000011110000"), (".5", "0.5"),
     ("1e999", None), ("1_000", None), ("nan", None), ("", None), ("1" * 41, None)],
)  # fmt: skip
def test_numbers_have_one_form(text: str, expected: str | None) -> None:
    """Law: no zeros at either end, no exponent, and no digit lost."""
    assert expected == canonical_number(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2023-01-18T11:04:03.1415Z", "2023-01-18T11:04:03.142Z"),
     ("2023-01-18T11:04:03.1414999Z", "2023-01-18T11:04:03.141Z"),
     ("2023-12-31T23:59:59.9995Z", "2024-01-01T00:00:00.000Z"),
     ("2023-01-18T11:04:03+14:00", "2023-01-17T21:04:03.000Z"),
     ("2023-02-30T11:04:03Z", "2023-02-30T11:04:03Z"), ("9999-12-31T23:59:59.9999Z",) * 2,
     ("soon", "soon")],
)  # fmt: skip
def test_times_have_one_form(text: str, expected: str) -> None:
    """Law: UTC with milliseconds, halves rounded up; what is no time stays as it is."""
    assert expected == canonical_time(text)


def test_the_standards_own_prefixes_are_known() -> None:
    """Law: a document need not define the prefixes that the EPCIS context has."""
    made = {"type": "ObjectEvent", "cbvmda:lotNumber": "L1"}
    assert "eventType=ObjectEvent{urn:epcglobal:cbv:mda:}lotNumber=L1" == pre_hash(made, PREFIXES)
