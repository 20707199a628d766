"""A document of RDF into blocks of triples, in the process that can open nothing."""

import codecs
import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from feeds.formats.blocks import LONGEST_CELL, Block, Form, empty, fault
from feeds.limits import Limits
from feeds.rdf.flat_json import NotFlatError, check_flat, flat_triples
from feeds.rdf.kinds import BARRED, BLANK, IRI
from feeds.rdf.linked_json import LinkedJsonError, frozen_contexts, linked_json_triples
from feeds.rdf.turtle import Triple, TurtleError, turtle_triples
from ontology.errors import InputError

HEADER = ("subject", "predicate", "object", "kind")
_AT_ONCE = 2**21
"""So many characters of triples make a block."""
_PIECE_BYTES = 2**20
_SAMPLES = {
    "turtle": b"@prefix x: <http://x/> .\n<a> x:b [ x:c 1, 1.5, 1e1, true, '''d'''@en ; a x:D ] .",
    "jsonld": b'{"@context": {"b": "http://x/b"}, "@id": "a", "b": [1, 1.5, true, {"@id": "c"}]}',
}

Numbered = tuple[int, Triple]


def get_ready() -> None:
    """Load what is loaded on first use; nothing can be opened later."""
    frozen_contexts()
    for name, sample in _SAMPLES.items():
        for data in (sample, sample[:-9], b"\xff"):
            with contextlib.suppress(InputError):
                list(rdf_blocks(io.BytesIO(data), Form("", name, base="http://x/"), Limits()))


def rdf_blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The triples of a document in its order, each with the line on which its statement begins.

    In JSON-LD, which is no text of lines, that is 0. Raises InputError `FILE_EMPTY`,
    `FILE_TOO_LARGE`, `WRONG_ENCODING`, `CELL_TOO_LONG`, `RDF_SYNTAX`, `RDF_IRI`, `RDF_REMOTE`,
    `RDF_TOO_DEEP`, `JSON_BROKEN` or `JSON_TOO_DEEP`.
    """
    try:
        for part in _parts(_numbered(stream, form, limits), form):
            yield Block(HEADER, [list(triple) for _, triple in part], [n for n, _ in part])
    except RecursionError as error:
        raise fault(form, 0, "RDF_TOO_DEEP", "the nodes are nested too deeply",
                    "give them names, and write them one after the other") from error  # fmt: skip
    except TurtleError as error:
        raise fault(
            form, error.line, "RDF_SYNTAX",
            f"the statement that begins here is no Turtle: {_one_line(error.why)}",
            "correct it, or export the document again",
        ) from error  # fmt: skip
    except LinkedJsonError as error:
        raise fault(form, error.line, error.code, _one_line(error.why), error.hint) from error


def _parts(found: Iterator[Numbered], form: Form) -> Iterator[list[Numbered]]:
    part: list[Numbered] = []
    characters = 0
    for number, triple in found:
        _check(triple, number, form)
        part.append((number, triple))
        characters += sum(map(len, triple))
        if characters > _AT_ONCE:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _numbered(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Numbered]:
    if form.format == "jsonld":
        yield from ((0, triple) for triple in _linked(stream, form, limits))
        return
    for line, triples in turtle_triples(_pieces(stream, form), form.base):
        yield from ((line, triple) for triple in triples)


def _linked(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Triple]:
    """The triples of JSON-LD: node by node where it is flat, else of the whole of it.

    What is small enough to be read whole is refused as the whole of it would be.
    """
    start = stream.tell()
    is_small = stream.seek(0, io.SEEK_END) - start <= limits.linked_json_bytes
    stream.seek(start)
    try:
        check_flat(stream, form.file, limits)
    except (NotFlatError, InputError, LinkedJsonError) as error:
        if not (is_small or isinstance(error, NotFlatError)):
            raise
        stream.seek(start)
        text = "".join(_pieces(stream, form, limits.linked_json_bytes))
        yield from linked_json_triples(text, form.base, limits.nesting)
    else:
        stream.seek(start)
        yield from flat_triples(stream, form.file, form.base, limits)


def _pieces(stream: BinaryIO, form: Form, most_bytes: int = 0) -> Iterator[str]:
    """The text of a document in pieces of whole lines; of at most so many bytes where told."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    begun, is_blank, lines, count = list[str](), True, 1, 0
    while data := stream.read(_PIECE_BYTES):
        text = _decoded(decoder, data, form, count, lines)
        count, lines = count + len(data), lines + data.count(b"\n")
        if most_bytes and count > most_bytes:
            raise fault(form, 0, "FILE_TOO_LARGE",
                        "JSON-LD of this form is read whole, and this is larger than "
                        f"{most_bytes} bytes", "write one list `@graph` of all nodes behind its "
                        "`@context`, send N-Triples or Turtle, or split the document")  # fmt: skip
        is_blank = is_blank and not text.strip()
        end = text.rfind("\n") + 1
        if end:
            yield "".join([*begun, text[:end]])
            begun, text = [], text[end:]
        begun.append(text)
    begun.append(_decoded(decoder, b"", form, count, lines))
    if is_blank and not begun[-1].strip():
        raise empty(form)
    if last := "".join(begun):
        yield last


def _decoded(
    decoder: codecs.IncrementalDecoder, data: bytes, form: Form, count: int, lines: int
) -> str:
    """The text of the next bytes, before which `count` were read; no more bytes are the end."""
    try:
        return decoder.decode(data, final=not data)
    except UnicodeDecodeError as error:
        wrong = error.object[: error.start]  # what was left of the piece before is in it
        at = count + len(data) - len(error.object) + error.start
        raise fault(form, lines + wrong.count(b"\n"), "WRONG_ENCODING", f"byte {at} is not utf-8",
                    "save the file as UTF-8") from error  # fmt: skip


def _check(triple: Triple, number: int, form: Form) -> None:
    subject, predicate, value, kind = triple
    if max(map(len, triple)) > LONGEST_CELL:
        raise fault(form, number, "CELL_TOO_LONG",
                    f"a value has over {LONGEST_CELL} characters", "shorten it")  # fmt: skip
    for term in (subject, predicate, value if kind in {IRI, BLANK} else ""):
        if BARRED.search(term):
            raise _barred(form, number, term)
    try:
        "".join(triple).encode()
    except UnicodeEncodeError as error:
        raise fault(form, number, "RDF_SYNTAX", "half of a character: a lone surrogate",
                    "export the document again") from error  # fmt: skip


def _barred(form: Form, number: int, term: str) -> InputError:
    return fault(form, number, "RDF_IRI", f"`{_one_line(term)[:200]}` is no IRI",
                 "write a blank as `%20`")  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(text.split())
