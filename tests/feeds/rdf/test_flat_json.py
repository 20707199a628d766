"""JSON-LD node by node: it says what the whole says, in memory that does not grow with it."""

import io
import json
import tracemalloc
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import json_text
from feeds.formats.blocks import Form
from feeds.limits import Limits
from feeds.rdf import decoding, flat_json
from feeds.rdf.flat_json import NotFlatError, check_flat, flat_triples
from feeds.rdf.linked_json import CONTEXT, LinkedJsonError, linked_json_triples
from ontology.errors import InputError

BASE = "https://example.org/"
LIMITS = Limits()
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([1, 2.0, 1.5, True, None, "tea", {"@id": "_:named"}, {"@id": "_:other"}, {},
                     {"@id": "Item/x"}, {"@value": "é", "@language": "en"}, {"@list": [1, {}]}]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["p:a", "b", "@type", "@graph", "unknown"]), inner,
                      max_size=3),
    max_leaves=5,
)  # fmt: skip
NODES = st.dictionaries(
    st.sampled_from(["p:a", "b", "@id", "@type", "@context", "@reverse", "@graph", "colour"]),
    VALUES | st.sampled_from(["_:named", "Item/tea", "p:x", CONTEXT, {"b": "http://b/"}]),
    max_size=4,
)  # fmt: skip
CONTEXTS = st.sampled_from([
    CONTEXT, None, {"p": "http://p/", "b": {"@id": "p:b", "@type": "@id"}}, [CONTEXT, {"b": "x:b"}],
    {"@vocab": "http://v/"}, {"b": {"@id": "x:b", "@container": "@list"}}, 5, {"@base": "http://c"},
    "elsewhere.jsonld",
])  # fmt: skip
LISTS = st.lists(NODES | VALUES, max_size=6)
FLAT = LISTS | st.builds(lambda nodes: {"@graph": nodes}, LISTS) | st.builds(
    lambda context, nodes: {"@context": context, "@graph": nodes}, CONTEXTS, LISTS
)  # fmt: skip
OTHERS: dict[str, Any] = {
    "a node": {"@id": "a", "p:a": 1},
    "a context behind its nodes": {"@graph": [], "@context": CONTEXT},
    "something beside the nodes": {"@context": CONTEXT, "@graph": [], "p:a": 1},
    "a name before the nodes": {"@id": "a", "@graph": [{"p:a": 1}]},
    "one node that is no list": {"@graph": {"p:a": 1}},
    "a context alone": {"@context": CONTEXT},
    "a text": "tea",
}


def whole(text: str) -> object:
    """The triples of a document that is read whole, or why it is refused."""
    try:
        return list(linked_json_triples(text, BASE, LIMITS.nesting))
    except LinkedJsonError as error:
        return error.code, error.why


def by_nodes(text: str) -> object:
    """The same, node by node."""
    try:
        check_flat(io.BytesIO(text.encode()), "d", LIMITS)
        return list(flat_triples(io.BytesIO(text.encode()), "d", BASE, LIMITS))
    except LinkedJsonError as error:
        return error.code, error.why


@settings(max_examples=300, deadline=None)
@given(FLAT, st.sampled_from([1, 40, 2**19]), st.sampled_from([1, 30, 2**18]))
def test_nodes_say_what_the_whole_says(document: Any, at_once: int, piece: int) -> None:
    """Law: triples in order, labels of blank nodes and refusals are those of the whole."""
    before = flat_json._AT_ONCE, json_text._PIECE_BYTES
    flat_json._AT_ONCE, json_text._PIECE_BYTES = at_once, piece
    try:
        text = json.dumps(document, ensure_ascii=False)
        assert whole(text) == by_nodes(text)
    finally:
        flat_json._AT_ONCE, json_text._PIECE_BYTES = before


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_flat_is_read_whole(name: str) -> None:
    """Law: a document of another form is told from a flat one before anything is made of it."""
    text = json.dumps(OTHERS[name])
    with pytest.raises(NotFlatError):
        check_flat(io.BytesIO(text.encode()), "d", LIMITS)
    assert outcome(text.encode(), LIMITS) == outcome(text.encode(), LIMITS, is_whole=True)


def outcome(data: bytes, limits: Limits, *, is_whole: bool = False) -> object:
    """What the decoder says of a document; `is_whole`: as if none were flat."""
    form = Form("x.jsonld", "jsonld", base=BASE)
    with pytest.MonkeyPatch.context() as patched:
        if is_whole:
            patched.setattr(decoding, "check_flat", _never_flat)
        try:
            blocks = decoding.rdf_blocks(io.BytesIO(data), form, limits)
            return [row for block in blocks for row in block.rows]
        except InputError as error:
            return error.code, str(error), error.hint


def _never_flat(*_: Any) -> None:
    raise NotFlatError


BROKEN = {
    b'{"@graph": [1, 2.': "JSON_BROKEN",
    b'{"@graph": [{"a": 1,}]}': "JSON_BROKEN",
    b"[1}": "JSON_BROKEN",
    b'{"@graph": [NaN]}': "JSON_BROKEN",
    b'{"@graph": [1e99999999]}': "JSON_BROKEN",
    b'{"@graph": [{"a":1, "a":2}]}': "JSON_BROKEN",
    b'{"@graph": []} x': "JSON_BROKEN",
    b'{"@graph": [' + b"[" * 31 + b"]" * 31 + b"]}": "JSON_TOO_DEEP",
    b'{"@graph": [{"x": {"@import": 1}}]}': "RDF_REMOTE",
    b'{"@graph": [\xff]}': "WRONG_ENCODING",
    b" ": "FILE_EMPTY",
    b'{"@graph": [], "@graph": []}': "FILE_TOO_LARGE",
    b"<a> <b> <c> .": "FILE_TOO_LARGE",
}
"""Documents that are refused, and the code where they are too large to be read whole."""


@pytest.mark.parametrize("data", BROKEN)
def test_a_small_document_is_refused_as_the_whole_of_it(data: bytes) -> None:
    """Law: what could be read whole is refused with the same code, line, words and cure."""
    assert outcome(data, LIMITS, is_whole=True) == outcome(data, LIMITS)


@pytest.mark.parametrize("data", BROKEN)
def test_a_large_document_is_refused_with_its_code(data: bytes) -> None:
    """Law 9: beyond what is read whole each fault has its code; what is not flat is too large."""
    found = outcome(data, Limits(linked_json_bytes=1))
    assert isinstance(found, tuple)
    assert BROKEN[data] == found[0]


class Counted(io.RawIOBase):
    """A document of many nodes that is never whole in memory, and can be read again."""

    def __init__(self, nodes: int) -> None:
        self._nodes, self._at, self._left = nodes, -1, b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read again."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """To its start; its end is far beyond what is read whole."""
        if whence == io.SEEK_END:
            return 2**30
        self._at, self._left = -1, b""
        return offset

    def tell(self) -> int:
        """It is at its start."""
        return 0

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        if not self._left and self._at <= self._nodes:
            self._left = self._piece()
            self._at += 1
        some = self._left[: len(buffer)]
        buffer[: len(some)] = some
        self._left = self._left[len(some) :]
        return len(some)

    def _piece(self) -> bytes:
        if self._at < 0:
            return f'{{"@context": "{CONTEXT}", "@graph": ['.encode()
        if self._at == self._nodes:
            return b"{}]}"
        deep = b'{"x:deep": "%d%s"}' % (self._at, b"x" * 20_000)
        return b'{"@type": "Item", "baseUnit": "each", "x:of": %s},' % deep


def test_memory_does_not_grow_with_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: of nodes without a name nothing stays: 6 MB of them take less than 3."""
    monkeypatch.setattr(flat_json, "_AT_ONCE", 2**15)
    monkeypatch.setattr(json_text, "_PIECE_BYTES", 2**15)
    decoding.get_ready()
    nodes, form = 300, Form("x.jsonld", "jsonld", base=BASE)
    tracemalloc.start()
    try:
        found = decoding._linked(cast("BinaryIO", Counted(nodes)), form, LIMITS)
        rows = sum(1 for _ in found)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 4 * nodes == rows
    assert 3_000_000 > most
