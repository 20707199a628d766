"""Documents read event by event: what the whole of it in memory would say, in bounded memory."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count, repeat
from typing import Any

import pytest

from feeds import json_text
from feeds.epcis.capture import capture
from feeds.epcis.documents import Document, read_document
from feeds.epcis.events import Event, Refused
from feeds.epcis.reading import event_of
from feeds.epcis.vocabulary import prefixes_of
from feeds.json_depth import is_deeper
from feeds.json_text import JsonText, object_of
from feeds.limits import Limits
from ontology.errors import InputError
from tests.feeds.epcis.telling import CONTEXT, HUB, LIMITS, PLANT, document, event, pallet, tea
from tests.feeds.epcis.test_published import EXAMPLES, REFUSED_FILE

WRONG = {"declarationTime": "2026-03-03T08:00:00Z", "reason": "incorrect_data"}
EVENTS: list[Any] = [
    event("Object", 1, "commissioning", PLANT, action="ADD", epcList=[tea(1), tea(2)]),
    event("Object", 1, "commissioning", PLANT, action="ADD", epcList=[tea(1)],
          errorDeclaration=WRONG),
    event("Object", 2, "receiving", HUB, epcList=["box 7"]),
    event("Aggregation", 3, "packing", PLANT, action="ADD", parentID=pallet(1),
          childEPCs=[tea(1)]),
    event("Object", 4, "receiving", HUB, eventID="urn:x:ä\u2028\U0001f375", ilmd={"x:a": [1.50]},
          quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.L1",
                         "quantity": 12345678901234567890.5, "uom": "KGM"}]),
    7,
]  # fmt: skip


class Endless(io.RawIOBase):
    """A stream of pieces that is never whole in memory; it counts what was asked of it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left, self.given = pieces, b"", 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes."""
        self._left = self._left or next(self._pieces, b"")
        some = self._left[: len(buffer)]
        buffer[: len(some)] = some
        self._left = self._left[len(some) :]
        self.given += len(some)
        return len(some)


def of_whole(data: bytes) -> Document:
    """What a document tells, read whole by the standard library."""
    whole = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=object_of)
    if "epcisBody" not in whole:
        values = [whole]
    elif whole["type"] == "EPCISDocument":
        values = whole["epcisBody"]["eventList"]
    else:
        values = whole["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    prefixes = prefixes_of(whole["@context"], "d")
    events: list[Event] = []
    refused: list[Refused] = []
    for index, value in enumerate(values, 1):
        try:
            events.append(event_of(value, index, prefixes, LIMITS))
        except InputError as error:
            refused.append(Refused(index, error.code, str(error)))
    texts = [json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)[:1_000]
             for value in values]  # fmt: skip
    return Document(tuple(events), tuple(refused), texts.__getitem__, len(values))


def assert_same(data: bytes) -> None:
    """The document says the same by events as whole."""
    expected, found = of_whole(data), read_document(io.BytesIO(data), "d", LIMITS)
    assert (expected.events, expected.refused) == (found.events, found.refused)
    assert expected.count == found.count
    assert list(map(expected.said, range(expected.count))) == list(
        map(found.said, range(found.count))
    )


def turned(data: bytes) -> bytes:
    """The same document, every field of it in the opposite order."""
    whole = json.loads(data, object_pairs_hook=lambda pairs: dict(pairs[::-1]))
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def of_query(events: list[Any]) -> bytes:
    """The events as the answer of a query."""
    plain = json.loads(document(events))
    body = {"queryResults": {"queryName": "x", "resultsBody": plain["epcisBody"]}}
    return json.dumps(plain | {"type": "EPCISQueryDocument", "epcisBody": body}).encode()


MADE: dict[str, Callable[[], bytes]] = {
    "a document": lambda: document(EVENTS),
    "its fields turned round": lambda: turned(document(EVENTS)),
    "a query's answer": lambda: of_query(EVENTS),
    "an answer turned round": lambda: turned(of_query(EVENTS)),
    "one event": lambda: json.dumps(EVENTS[0] | {"@context": CONTEXT}).encode(),
    "no events": lambda: document([]),
    "a byte order mark": lambda: b"\xef\xbb\xbf" + document(EVENTS),
    "blanks": lambda: b" \n" + json.dumps(json.loads(document(EVENTS)), indent=3).encode() + b"\n ",
    "numbers for events": lambda: document([2.0, -1.5, 1e3, 25]).replace(b'"2.0"', b"2.0"),
    "lists of other names": lambda: json.dumps(
        {"eventList": [1], "epcisHeader": {"eventList": [2]}} | json.loads(document(EVENTS))
    ).encode(),
}


@pytest.mark.parametrize("piece", [1, 7, 64, 2**18])
@pytest.mark.parametrize("name", MADE)
def test_pieces_say_what_the_whole_says(
    name: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: events, refusals and texts are those of the whole document, wherever pieces end."""
    monkeypatch.setattr(json_text, "_PIECE_BYTES", piece)
    assert_same(MADE[name]())


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"no published examples at {EXAMPLES}")
@pytest.mark.parametrize("piece", [61, 2**18])
def test_published_examples_say_what_the_whole_says(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: every published example that can be used is read as the whole of it would be."""
    monkeypatch.setattr(json_text, "_PIECE_BYTES", piece)
    sound = [path for path in EXAMPLES.rglob("*.jsonld") if path.name != REFUSED_FILE]
    for path in sorted(sound):
        assert_same(path.read_bytes())
    assert 46 == len(sound)


@pytest.mark.parametrize("piece", [1, 2**18])
@pytest.mark.parametrize("part", range(16))
def test_a_document_that_is_cut_off_is_refused(
    part: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 9: no end of a document can be left out unseen, and nothing of it is captured."""
    monkeypatch.setattr(json_text, "_PIECE_BYTES", piece)
    data = document([one for one in EVENTS if one != 7])
    with pytest.raises(InputError) as caught:
        capture(data[: len(data) * part // 16], "d", None, LIMITS)
    assert ("NOT_JSON" if part else "FILE_EMPTY") == caught.value.code


@pytest.mark.parametrize("of", [document, of_query])
@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_depth_is_counted_from_the_document(of: Callable[[list[Any]], bytes], bracket: str) -> None:
    """Law 9: at most 32 objects and lists stand in each other, whatever is read by itself."""
    found = []
    for levels in range(24, 34):
        inner = bracket * levels + "1" + ("]" if bracket == "[" else "}") * levels
        data = of([EVENTS[0] | {"x:deep": "?"}]).replace(b'"?"', inner.encode())
        try:
            read_document(data, "d", LIMITS)
            found.append((is_deeper(data.decode(), json_text.DEPTH), ""))
        except InputError as error:
            found.append((is_deeper(data.decode(), json_text.DEPTH), error.code))
    assert {(False, ""), (True, "TOO_DEEP")} == set(found)


HEAD = document([])[:-3]
ENDLESS: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
    "a text": (lambda: repeat(b"x" * 2**18), "PART_TOO_LONG"),
    "numbers": (lambda: repeat(b"1,"), "TOO_MANY_ROWS"),
    "events": (
        lambda: (json.dumps(EVENTS[0]).encode() + b"," for _ in count()), "TOO_MANY_ROWS",
    ),
    "an event of lists": (lambda: repeat(b"[]," * 9_999), "PART_TOO_LONG"),
    "an event of fields": (lambda: repeat(b'"a":1,' * 9_999), "PART_TOO_LONG"),
    "a number": (lambda: repeat(b"1" * 99), "NUMBER_RANGE"),
    "depth": (lambda: repeat(b'{"a":['), "TOO_DEEP"),
    "blanks": (lambda: repeat(b" " * 2**18), "FILE_TOO_LARGE"),
    "letters that are none": (lambda: repeat(b"\xff"), "WRONG_ENCODING"),
    "fields of the document": (lambda: repeat(b'"a":1,' * 9_999), "PART_TOO_LONG"),
    "blanks after it": (lambda: repeat(b" " * 2**18), "FILE_TOO_LARGE"),
}  # fmt: skip
BEFORE = {"a text": HEAD + b'"', "an event of lists": HEAD + b"[", "an event of fields":
          HEAD + b"{", "fields of the document": b"{", "blanks after it": document([])}  # fmt: skip


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_document_is_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 9: whatever goes on for ever, so much of it is read and no more, in bounded memory."""
    longest = 2**19
    monkeypatch.setattr(json_text, "LONGEST_PART", longest)
    made, code = ENDLESS[name]
    pieces = iter([BEFORE.get(name, HEAD)])
    stream = io.BufferedReader(Endless(piece for part in (pieces, made()) for piece in part))
    limits = Limits(rows_per_file=500, file_bytes=5 * longest)
    with pytest.raises(InputError) as caught:
        read_document(stream, "d", limits)
    assert code == caught.value.code
    assert "d" == caught.value.place.file
    assert "\n" not in str(caught.value)
    assert 6 * longest > stream.raw.given


LONG = "\U0001f375" * 900
SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "things": lambda n: EVENTS[0] | {"epcList": [tea(100 * n + at) for at in range(100)]},
    "events": lambda n: EVENTS[0] | {"epcList": [tea(n)]},
    "long things": lambda n: EVENTS[2] | {"epcList": [f"urn:x:{n}:{LONG}"]},
    "long names": lambda n: EVENTS[2] | {"eventID": f"urn:x:{n}:" + "/" * 900},
    "long places": lambda n: EVENTS[2] | {"bizLocation": {"id": f"urn:x:{n}:{LONG}"}},
    "declarations": lambda n: EVENTS[1] | {"errorDeclaration": WRONG | {
        "correctiveEventIDs": [f"urn:x:{n}:{at}:" + "e" * 900 for at in range(20)]}},
    "refused events": lambda n: {"type": f"event {n} {LONG}"},
    "long extensions": lambda n: EVENTS[0] | {"epcList": [tea(n)], "x:a": f"urn:epc:{n}{LONG}"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_kept_of_a_document_is_limited_in_bytes(name: str) -> None:
    """Law 9: whatever a document speaks of at length, it is refused with so much kept of it."""
    most = 1_000
    events = (json.dumps(SHAPES[name](n)).encode() + b"," for n in count())
    pieces = (piece for part in ([HEAD], events) for piece in part)
    stream = io.BufferedReader(Endless(pieces))
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read_document(stream, "d", Limits(traced=most))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "TOO_MANY_EVENTS" == caught.value.code
    assert 2_500 * most + 2**22 > peak


def test_memory_does_not_grow_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a list of any length takes the memory of a few pieces, however many values it has."""
    values = (b'{"a":[%d,"text"]},' % n for n in range(30_000))
    pieces = (b"".join(part) for part in ([b"["], values, [b"0]"]))
    data = b"".join(pieces)
    stream = io.BytesIO(data)
    monkeypatch.setattr(json_text, "_PIECE_BYTES", 2**14)
    tracemalloc.start()
    try:
        text = JsonText(stream, "d", len(data))
        found = sum(1 for _ in text.elements() if text.value(2) is not None)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 30_001 == found
    assert 2**18 > most
