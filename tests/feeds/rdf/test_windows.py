"""Turtle in pieces: wherever a document is cut, it says the same, of no more than a window."""

import io
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.formats.blocks import Form
from feeds.limits import Limits
from feeds.rdf import decoding
from feeds.rdf.turtle import TurtleError, turtle_triples
from ontology.errors import InputError

BASE = "https://example.org/"
STATEMENTS = (
    "<a> <b> <c> .\n", "<a> <b>\n  1.5 ,\n  2\n  .\n", "# a comment . <x>\n", "\n\n",
    "@prefix p:\n <p/>\n .\np:x a p:Y .\n", "@base <deep/>\n.\n", "PREFIX q: <q/>\nq:x q:y q:z .\n",
    '<s> <t> """three\nlines . \n@prefix""" .\n', "_:named <b> [ <c>\n [ <d> 1 ] ] .\n",
    "<a> <b> ( 1\n 2 _:named ) .\n", '<a> <b> "x"@en , "\N{ANCHOR}" .\r\n',
    "_:other <b> _:named .\n",
    "<one> <line> <x> . <two> <line> <y> .\n", "<é> <b> true ; <c> 1e3 .\n",
)  # fmt: skip
WRONG = ("<a> <b> .\n", "<a> <b> <c>\n", '<a> <b> "open\n', "{ <a> <b> <c> } .\n", "<a> [ .\n")
documents = st.lists(st.sampled_from(STATEMENTS), max_size=12).map("".join)


def outcome(pieces: list[str]) -> object:
    """The triples of each statement with its line, and the error that ends them."""
    found: list[object] = []
    try:
        found.extend(turtle_triples(pieces, BASE))
    except TurtleError as error:
        return found, error.line, error.why
    return found


def cut(text: str, chosen: Callable[[int], bool]) -> list[str]:
    """The text cut behind some of its lines."""
    pieces = [""]
    for number, line in enumerate(text.splitlines(keepends=True)):
        pieces[-1] += line
        if chosen(number):
            pieces.append("")
    return [piece for piece in pieces if piece]


@given(documents, st.sampled_from(("", *WRONG)), documents, st.sets(st.integers(0, 60)))
def test_any_cut_says_the_same(before: str, wrong: str, after: str, cuts: set[int]) -> None:
    """Triples, names of blank nodes, lines and errors are those of the whole."""
    text = before + wrong + after
    whole = outcome([text])
    assert whole == outcome(cut(text, cuts.__contains__))
    assert whole == outcome(cut(text, lambda _: True))


@given(st.binary(max_size=4) | st.just(b""), st.integers(1, 7), st.booleans())
def test_any_bytes_are_read_in_any_pieces(noise: bytes, size: int, marked: bool) -> None:
    """A letter of several bytes may be cut; what is no text is found at its byte and line."""
    data = b"\xef\xbb\xbf" * marked + '<é> <b> "\N{ANCHOR}" .\n'.encode() * 3 + noise
    assert _read(data, 2**20) == _read(data, size)


def _read(data: bytes, size: int) -> object:
    before, decoding._PIECE_BYTES = decoding._PIECE_BYTES, size
    try:
        blocks = list(decoding.rdf_blocks(io.BytesIO(data), Form("x.ttl", "turtle", base=BASE),
                                          Limits()))  # fmt: skip
    except InputError as error:
        return error.code, str(error)
    finally:
        decoding._PIECE_BYTES = before
    return [(block.numbers, block.rows) for block in blocks]


def test_a_long_document_is_never_in_memory_as_a_whole() -> None:
    """32 MiB of lines around one statement take less than a quarter of their size."""
    lines = b"# a comment of some length that says nothing\n" * (2**24 // 45)
    stream = io.BytesIO(lines + b"<a> <b> <c> .\n" + lines)
    decoding.get_ready()
    tracemalloc.start()
    try:
        (block,) = decoding.rdf_blocks(stream, Form("x.nt", "turtle", base=BASE), Limits())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [2**24 // 45 + 1] == block.numbers
    assert peak < 2**23


def test_json_ld_beyond_its_limit_is_refused_before_it_is_parsed() -> None:
    """What is not one list of nodes is read whole, and takes many times its bytes."""
    data = b'{"@id": "a", "@graph": [' + b" " * 1_000 + b"]}"
    form, limits = Form("x.jsonld", "jsonld", base=BASE), Limits(linked_json_bytes=1_000)
    with pytest.raises(InputError) as refused:
        list(decoding.rdf_blocks(io.BytesIO(data), form, limits))
    assert "FILE_TOO_LARGE" == refused.value.code
