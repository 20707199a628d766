"""What refuses a document or an event: one clear line each, whatever the bytes are."""

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.epcis.capture import OUTCOMES, capture
from feeds.epcis.documents import read_document
from feeds.json_text import DEPTH
from feeds.limits import Limits
from feeds.refusals import HINTS
from ontology.errors import InputError
from tests.feeds.epcis.telling import (
    CONTEXT,
    FLOUR_LOT,
    HUB,
    LIMITS,
    PLANT,
    document,
    event,
    pallet,
    tea,
    told,
)

GOOD = event("Object", 0, "receiving", HUB, epcList=[tea(1)])
PACK = event("Aggregation", 0, "packing", HUB, action="ADD", parentID=pallet(1),
             childEPCs=[tea(1)])  # fmt: skip
MAKE = event("Transformation", 0, "", PLANT, inputEPCList=[tea(1)], outputEPCList=[tea(2)])


def whole(**changed: Any) -> bytes:
    """A document with some of its fields changed; None leaves a field out."""
    plain = json.loads(document([GOOD])) | changed
    return json.dumps({key: value for key, value in plain.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", "FILE_EMPTY", "the file is empty"),
        (b"\xff\xfe{}", "WRONG_ENCODING", "byte 0 is not UTF-8"),
        (b'<?xml version="1.0"?><epcis:EPCISDocument/>', "NOT_JSON", "this is XML"),
        (b"{'a': 1}", "NOT_JSON", "row 1: this is not JSON: expecting property name"),
        (b'{"type": "EPCISDocument",\n"a": nul}', "NOT_JSON", "row 2: this is not JSON"),
        (document([GOOD])[:-9], "NOT_JSON", "this is not JSON"),
        (b'{"a": NaN}', "NOT_JSON", "`NaN` is no number"),
        (b"[1e999999999999999]", "NUMBER_RANGE", "`1e999999999999999` is beyond any quantity"),
        (b"[" + b"9" * 5000 + b"]", "NUMBER_RANGE", "is beyond any quantity"),
        (b"[" * 100_000, "TOO_DEEP", f"nested more than {DEPTH} deep"),
        (b"[]", "EPCIS_FORM", "it states no type"),
        (whole(type="Order"), "EPCIS_FORM", "its type is `Order`"),
        (whole(schemaVersion="1.2"), "EPCIS_FORM", "`schemaVersion` is `1.2`"),
        (whole(epcisBody={"event": GOOD}), "EPCIS_FORM", "no list `epcisBody.eventList`"),
        (whole(type="EPCISQueryDocument"), "EPCIS_FORM",
         "no list `epcisBody.queryResults.resultsBody.eventList`"),
        (b'{"type": "EPCISDocument", "type": "EPCISDocument"}', "EPCIS_FORM",
         "states `type` twice"),
        (whole(**{"@context": None}), "CONTEXT_FORM", "the document has no `@context`"),
        (whole(**{"@context": {"a": "urn:a:"}}), "CONTEXT_FORM", "does not name the EPCIS 2.0"),
        (whole(**{"@context": [CONTEXT, 7]}), "CONTEXT_FORM", "neither address nor object"),
        (whole(**{"@context": "https://evil.example/context.jsonld"}), "CONTEXT_UNKNOWN",
         "`https://evil.example/context.jsonld` is not known, and none is fetched"),
        (whole(**{"@context": [CONTEXT, "file:///etc/passwd"]}), "CONTEXT_UNKNOWN",
         "`file:///etc/passwd` is not known"),
        (whole(**{"@context": [CONTEXT + "?x", CONTEXT]}), "CONTEXT_UNKNOWN", "is not known"),
        (whole(**{"@context": [CONTEXT, {"action": "urn:x:action"}]}), "CONTEXT_FORM",
         "`action` is a name of the standard"),
        (whole(**{"@context": [CONTEXT, {"@vocab": "urn:x:"}]}), "CONTEXT_FORM",
         "`@vocab` is no prefix"),
        (whole(**{"@context": [CONTEXT, {"x": {"@id": "urn:x", "@context": "http://e.x/"}}]}),
         "CONTEXT_FORM", "`x` is no prefix"),
        (whole(**{"@context": [CONTEXT, {"cbv": "urn:x:"}]}), "CONTEXT_FORM",
         "`cbv` is protected"),
        (whole(**{"@context": [CONTEXT, {f"p{n}": "urn:x:" for n in range(200)}]}),
         "CONTEXT_FORM", "more than 100 prefixes"),
    ],
)  # fmt: skip
def test_a_document_is_refused_in_one_line(data: bytes, code: str, says: str) -> None:
    """Law 9: what cannot be read is said in one line with a code, and nothing is fetched."""
    with pytest.raises(InputError) as caught:
        capture(data, "events.jsonld", None, LIMITS)
    assert code == caught.value.code
    assert says in str(caught.value)
    assert "events.jsonld" == caught.value.place.file
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "changed", "code", "says"),
    [
        (GOOD, {"type": "QuantityEvent"}, "EVENT_FORM", "`type`: `QuantityEvent` is no type"),
        (GOOD, {"type": None}, "EVENT_FORM", "`type`: the field is missing"),
        (GOOD, {"action": "add"}, "EVENT_FORM", "`action`: `add` is none of ADD"),
        (GOOD, {"action": None}, "EVENT_FORM", "`action`: the field is missing"),
        (GOOD, {"eventTime": "2026-03-02 08:00"}, "EVENT_TIME", "is no moment with a time zone"),
        (GOOD, {"eventTime": "2026-03-02T08:00:00"}, "EVENT_TIME", "is no moment"),
        (GOOD, {"eventTime": "2026-02-30T08:00:00Z"}, "EVENT_TIME", "is no moment"),
        (GOOD, {"eventTime": "0001-01-01T00:00:00+05:00"}, "EVENT_TIME", "is no moment"),
        (GOOD, {"eventTime": "9999-12-31T00:00:00Z"}, "EVENT_TIME", "is outside the years"),
        (GOOD, {"eventTime": 7}, "EVENT_FORM", "`eventTime`: a text is expected"),
        (GOOD, {"eventTimeZoneOffset": "CET"}, "EVENT_TIME", "`CET` is no offset"),
        (GOOD, {"eventTimeZoneOffset": "+15:00"}, "EVENT_TIME", "is no offset"),
        (GOOD, {"epcList": tea(1)}, "EVENT_FORM", "`epcList`: a list is expected"),
        (GOOD, {"epcList": [tea(1), 7]}, "EVENT_FORM", "`epcList[1]`: a text is expected"),
        (GOOD, {"epcList": ["box 7"]}, "EVENT_FORM", "`box 7` is no address"),
        (GOOD, {"epcList": [FLOUR_LOT]}, "EVENT_FORM", "names a kind of thing, not a single one"),
        (GOOD, {"epcList": ["urn:epc:id:sgtin:06141.07346.1"]}, "KEY_FORM", "`epcList[0]`: "),
        (GOOD, {"epcList": ["https://id.gs1.org/01/04012345111117/21/5"]}, "CHECK_DIGIT",
         "is 7, and would be 8"),
        (GOOD, {"quantityList": [7]}, "EVENT_FORM", "`quantityList[0]` is not an object"),
        (GOOD, {"quantityList": [{"epcClass": tea(1)}]}, "EVENT_FORM", "names a single thing"),
        (GOOD, {"quantityList": [{"epcClass": FLOUR_LOT, "quantity": "7"}]}, "EVENT_FORM",
         "`quantityList[0].quantity`: `7` is not a number"),
        (GOOD, {"quantityList": [{"epcClass": FLOUR_LOT, "quantity": -1}]}, "EVENT_FORM",
         "-1 is less than 0"),
        (GOOD, {"quantityList": [{"epcClass": FLOUR_LOT, "quantity": True}]}, "EVENT_FORM",
         "is not a number"),
        (GOOD, {"quantityList": [{"epcClass": FLOUR_LOT, "quantity": 1, "uom": "kilo"}]},
         "EVENT_FORM", "`kilo` is no unit code"),
        (GOOD, {"quantityList": [{"epcClass": FLOUR_LOT, "quantity": 1}] * 2}, "EVENT_FORM",
         "stands twice in one unit"),
        (GOOD, {"readPoint": "here"}, "EVENT_FORM", "`readPoint` is not an object"),
        (GOOD, {"readPoint": {}}, "EVENT_FORM", "`id`: the field is missing"),
        (GOOD, {"bizLocation": {"id": "https://x.example/414/4012345000055"}}, "CHECK_DIGIT",
         "would be 4"),
        (GOOD, {"bizStep": "x" * 1001}, "EVENT_FORM", "at most 1000 printable"),
        (GOOD, {"eventID": "a\nb"}, "EVENT_FORM", "printable"),
        (GOOD, {"errorDeclaration": {}}, "EVENT_FORM", "`declarationTime`: the field is missing"),
        (GOOD, {"errorDeclaration": {"declarationTime": "2026-03-02T08:00:00Z",
                                     "correctiveEventIDs": [7]}}, "EVENT_FORM", "every id"),
        (PACK, {"parentID": None}, "EVENT_FORM", "`parentID`: the parent is missing"),
        (PACK, {"childEPCs": []}, "EVENT_FORM", "nothing is said to be added"),
        (PACK, {"childEPCs": [pallet(1)]}, "EVENT_FORM", "would be in itself"),
        (MAKE, {"outputEPCList": None}, "EVENT_FORM", "inputs and outputs are both needed"),
    ],
)  # fmt: skip
def test_an_event_is_refused_in_one_line(
    base: dict[str, Any], changed: dict[str, Any], code: str, says: str
) -> None:
    """Law: one bad event is refused with its place and field; those beside it are captured."""
    bad = {key: value for key, value in (base | changed).items() if value is not None}
    found = told([event("Object", 9, "receiving", PLANT, epcList=[tea(9)]), bad])
    first, second = found.account.outcomes
    assert "movement" == first.outcome
    assert ("refused", code) == (second.outcome, second.code)
    assert says in second.reason
    assert "\n" not in second.reason
    assert code in HINTS


def test_a_field_that_stands_twice_is_refused() -> None:
    """Law: of two values under one name none is taken by chance, however deep they stand."""
    text = document([GOOD | {"x:a": {"b": 1}}]).replace(b'{"b": 1}', b'{"b": 1, "b": 2}')
    found = read_document(text, "d", LIMITS)
    assert ["`b`: the field stands twice, and nothing says which one counts"] == [
        one.reason for one in found.refused
    ]


def test_limits_hold() -> None:
    """Law 9: more bytes, events or days than allowed are refused before they are used."""
    with pytest.raises(InputError) as caught:
        read_document(document([GOOD] * 3), "d", Limits(rows_per_file=2))
    assert "TOO_MANY_ROWS" == caught.value.code


def test_events_and_their_things_are_limited_together() -> None:
    """Both are in memory until they are facts: one more than allowed refuses the document."""
    three = {"epcList": [f"urn:epc:id:sgtin:4012345.011111.{n}" for n in range(3)]}
    data = document([GOOD | three, GOOD | three])
    assert 2 == len(read_document(data, "e", replace(LIMITS, traced=8)).events)
    with pytest.raises(InputError) as caught:
        read_document(data, "e", replace(LIMITS, traced=7))
    assert "TOO_MANY_EVENTS" == caught.value.code
    assert "e: more than 7 events and things of events" == str(caught.value).splitlines()[0]
    with pytest.raises(InputError) as caught:
        read_document(document([GOOD]), "d", Limits(file_bytes=99))
    assert "FILE_TOO_LARGE" == caught.value.code


def test_long_names_count_as_several() -> None:
    """Law: 256 characters come with an event and with each of its things, quoted as in an IRI."""
    long = {"eventID": "urn:x:" + "a" * 250, "epcList": ["urn:x:" + "/" * 100, "urn:x:b"]}
    weight = (1 + 1) + (1 + 1) + 1  # 256 and its places, 6 + 3 * 100, 7
    data = document([GOOD | long])
    assert 1 == len(read_document(data, "e", replace(LIMITS, traced=weight)).events)
    with pytest.raises(InputError) as caught:
        read_document(data, "e", replace(LIMITS, traced=weight - 1))
    assert "TOO_MANY_EVENTS" == caught.value.code


def test_a_single_event_is_a_document_too() -> None:
    """Law: a webhook may send one event by itself, with its context."""
    data = json.dumps(GOOD | {"@context": CONTEXT}).encode()
    sheet, *_ = capture(data, "e", None, LIMITS).sheets
    assert "e#Item" == sheet.file


def test_a_row_shows_its_event() -> None:
    """Law: numbers of rows are places of events, and the text of a row is that event."""
    found = told([MAKE, GOOD, GOOD | {"action": "?"}])
    for sheet in found.sheets:
        for number, _ in sheet.rows:
            shown = json.loads(sheet.said(number))
            assert [MAKE, GOOD, GOOD | {"action": "?"}][number - 1] == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12) | st.sampled_from([tea(1), pallet(1), FLOUR_LOT, "ADD", CONTEXT]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*GOOD, *PACK, *MAKE, "id", "quantity", "uom", "x:y"]),
                      inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([GOOD, PACK, MAKE]), JSON)
def test_any_event_has_an_outcome(data: st.DataObject, base: dict[str, Any], value: Any) -> None:
    """Law: an event of any content is captured or refused with a known code, never a traceback."""
    field = data.draw(st.sampled_from([*base, "quantityList", "errorDeclaration", "ilmd", "id"]))
    found = told([base | {field: value}, value])
    assert [1, 2] == [one.index for one in found.account.outcomes]
    for one in found.account.outcomes:
        assert one.outcome in OUTCOMES
        assert one.reason
        assert one.code in HINTS or one.outcome != "refused"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
       st.integers(0, 400), st.integers(0, 40))  # fmt: skip
def test_any_bytes_are_read_or_one_error(junk: bytes, start: int, length: int) -> None:
    """Law 9: any bytes, and any damage to a sound document, give an account or one error."""
    good = document([GOOD, PACK, MAKE])
    for data in (junk, good[:start] + junk + good[start + length :]):
        said = ""
        try:
            found = capture(data, "d", None, LIMITS)
        except InputError as error:
            said = str(error)
        else:
            assert all(one.reason for one in found.account.outcomes)
        assert "\n" not in said


def test_reading_opens_nothing() -> None:
    """Law 9: no file is opened and no connection made, whatever a document names."""
    seen: list[str] = []
    reaching = ("open", "socket.", "subprocess.", "urllib.", "os.")

    def watch(name: str, _: tuple[Any, ...]) -> None:
        if watching and name.startswith(reaching):
            seen.append(name)

    told([GOOD])
    watching = False
    sys.addaudithook(watch)
    bad = event("Object", 0, "receiving", HUB, epcList=["file:///etc/passwd", "http://x.example/1"])
    watching = True
    told([GOOD, bad])
    with pytest.raises(InputError):
        capture(whole(**{"@context": "http://127.0.0.1:1/c.jsonld"}), "d", None, LIMITS)
    watching = False
    assert [] == seen
